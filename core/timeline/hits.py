"""What the music must meet: cuts and markers, each moment once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from core.brief import Hit
from core.timeline.shots import Cut
from core.timeline.tree import Mark

MUST_WEIGHT = 1.0
MARKER_WEIGHT = 0.8
CUT_WEIGHT = 0.5
DISSOLVE_WEIGHT = 0.4

_HIT = re.compile(r"(?<![^\W\d_])hit(?![^\W\d_])", re.IGNORECASE)


@dataclass(frozen=True)
class _Marker:
    """All markers of one frame."""

    must: bool
    label: str


def hits(cuts: Iterable[Cut], marks: Iterable[tuple[int, Mark]], frames: int, rate: Fraction) -> tuple[Hit, ...]:
    """The hits of a range, in order.

    A marker on a cut, within one frame, takes the cut's place and keeps its own time. Markers on one frame are one.

    Args:
        cuts: changes of picture, frames from the range's start.
        marks: markers with their frame from the range's start, in or out of it.
        frames: the range's length.
        rate: frames per second.
    """
    markers: dict[int, _Marker] = {}
    for frame, mark in marks:
        if 0 <= frame < frames:
            markers[frame] = _joined(markers.get(frame), mark)
    found = {frame: _marker_hit(frame, marker, rate) for frame, marker in markers.items()}
    for cut in cuts:
        marked = any(near in markers for near in (cut.frame - 1, cut.frame, cut.frame + 1))
        if 0 < cut.frame < frames and not marked:
            weight = DISSOLVE_WEIGHT if cut.soft else CUT_WEIGHT
            found[cut.frame] = Hit(float(cut.frame / rate), "cut", weight, cut.label)
    return tuple(found[frame] for frame in sorted(found))


def insists(mark: Mark) -> bool:
    """Whether the editor insists: the marker is red, or its name holds the word HIT."""
    return mark.red or _HIT.search(mark.name) is not None


def _joined(marker: _Marker | None, mark: Mark) -> _Marker:
    """One marker more on the same frame; the label of the one that insists wins."""
    must, label = insists(mark), mark.name or mark.note or "marker"
    if marker is None or (must and not marker.must):
        return _Marker(must, label)
    return marker


def _marker_hit(frame: int, marker: _Marker, rate: Fraction) -> Hit:
    weight = MUST_WEIGHT if marker.must else MARKER_WEIGHT
    return Hit(float(frame / rate), "marker", weight, marker.label, marker.must)
