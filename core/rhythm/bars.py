"""Where bars and tempi lie: from the anchors that the search chose to downbeats and base periods.

Conventions
    Beats count from the first beat of the layout, which may lie before the range; `trim` cuts the layout to the range.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.brief import FloatArray, Meter
from core.rhythm.bend import Anchors
from core.rhythm.lattice import Lattice
from core.rhythm.search import Anchor, Path
from core.rhythm.slack import LIMIT


@dataclass(frozen=True)
class Layout:
    """Beats before they are bent."""

    anchors: Anchors
    stops: NDArray[np.intp]
    """The lattice's stop of each anchor."""
    places: NDArray[np.intp]
    """Its place on the grid."""
    base: FloatArray
    """Base period of each beat, seconds, shape [beats - 1]."""
    jumps: NDArray[np.bool_]
    """Beats at which the tempo may jump, shape [beats]."""
    downbeats: tuple[int, ...]
    begins: tuple[int, ...]
    """Downbeats at which a section must begin: the tempo changes there, or a bar was inserted before."""

    def only(self, kept: NDArray[np.bool_]) -> Layout:
        """The layout with only some of its anchors."""
        anchors = Anchors(self.anchors.beat[kept], self.anchors.fraction[kept], self.anchors.time[kept])
        return replace(self, anchors=anchors, stops=self.stops[kept], places=self.places[kept])


def lay_out(path: Path, grounds: Lattice, seconds: float) -> Layout:
    """Beats, bars and base periods of a path, with beats to spare on both sides of the range."""
    first, last = path.anchors[0], path.anchors[-1]
    starts_late = grounds.times[first.stop] > 0.0
    lead = _enough(grounds.times[first.stop], grounds.periods[first.tempo]) if starts_late else 0
    tail = _enough(seconds - grounds.times[last.stop], grounds.periods[last.tempo]) + 1
    beats = lead + last.beat + tail + 1
    base = np.empty(beats - 1)
    jumps = np.zeros(beats, dtype=bool)
    places = np.array([a.place for a in path.anchors], dtype=np.intp)
    tempo = first.tempo
    base[:] = grounds.periods[tempo]
    for anchor in path.anchors:
        if anchor.tempo != tempo:
            tempo = anchor.tempo
            base[lead + anchor.beat :] = grounds.periods[tempo]
            jumps[lead + anchor.beat] = True
    anchors = Anchors(
        np.array([lead + a.beat for a in path.anchors], dtype=np.intp),
        grounds.grid.places[places],
        grounds.times[[a.stop for a in path.anchors]],
    )
    begins = [a for a in path.anchors if a.begins]
    downbeats = _downbeats(grounds.grid.meter, first, begins, lead, beats)
    stops = np.array([a.stop for a in path.anchors], dtype=np.intp)
    return Layout(anchors, stops, places, base, jumps, downbeats, tuple(lead + a.beat for a in begins))


def _enough(seconds: float, period: float) -> int:
    """Beats that surely fill a time."""
    return int(np.ceil(seconds / (period * (1 - LIMIT)))) + 1


def _downbeats(meter: Meter, first: Anchor, begins: list[Anchor], lead: int, beats: int) -> tuple[int, ...]:
    """Downbeats: bars of the meter, counted anew wherever a section must begin, the bar before it made to fit."""
    found = list(range((lead + first.beat - first.bar_beat) % meter.beats, beats, meter.beats))
    for anchor in begins:
        start = lead + anchor.beat
        found = [d for d in found if d < start]
        if found and start - found[-1] == 1:  # a single beat over makes one longer bar
            found.pop()
        found.extend(range(start, beats, meter.beats))
    return tuple(found)
