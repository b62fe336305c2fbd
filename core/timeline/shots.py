"""From spans in seconds to shots in frames, and the cuts between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import ceil

from core.brief import Shot
from core.timeline.flatten import Span
from core.timeline.media import Library
from core.timeline.tree import Item


@dataclass(frozen=True)
class Piece:
    """Whole frames that show one clip, or nothing."""

    first: int
    end: int
    """Exclusive."""
    clip: Item | None = None
    """None for a gap."""
    source: Fraction = Fraction(0)
    """The clip's inner time at the first frame."""
    speed: Fraction = Fraction(1)
    soft_start: bool = False
    """It starts in the middle of a dissolve."""
    soft_end: bool = False


@dataclass(frozen=True)
class Cut:
    """A change of the visible picture."""

    frame: int
    label: str
    """The incoming clip's name; "gap" where there is none."""
    soft: bool
    """The middle of a dissolve."""


def pieces(spans: list[Span], rate: Fraction, length: int) -> list[Piece]:
    """Spans on whole frames, without holes from 0 to `length`; where one clip simply goes on is no new piece.

    A frame shows what is seen at its very start.
    """
    found: list[Piece] = []
    cursor = 0
    for span in spans:
        first, end = max(_first_frame_from(span.start * rate), cursor), min(_first_frame_from(span.end * rate), length)
        if end <= first:
            continue
        source = span.source + (first / rate - span.start) * span.speed
        shown = Piece(first, end, span.clip, source, span.speed, span.soft_start, span.soft_end)
        if first > cursor:
            found.append(Piece(cursor, first))
        if found and _goes_on(found[-1], shown, rate):
            found[-1] = replace(found[-1], end=end, soft_end=shown.soft_end)
        else:
            found.append(shown)
        cursor = end
    if cursor < length:
        found.append(Piece(cursor, length))
    return found


def between(found: list[Piece], first: int, end: int, rate: Fraction) -> list[Piece]:
    """The pieces of a range, counted from its first frame."""
    inside = []
    for piece in found:
        if piece.end <= first or piece.first >= end:
            continue
        skipped = max(first - piece.first, 0)
        inside.append(
            replace(
                piece,
                first=max(piece.first - first, 0),
                end=min(piece.end, end) - first,
                source=piece.source + skipped / rate * piece.speed,
            )
        )
    return inside


def cuts(found: list[Piece]) -> Iterator[Cut]:
    """Every change of picture between neighbouring pieces."""
    for before, after in pairwise(found):
        label = after.clip.name if after.clip else "gap"
        yield Cut(after.first, label, before.soft_end or after.soft_start)


def shot(piece: Piece, library: Library) -> Shot:
    """A piece with its media found."""
    frames = piece.end - piece.first
    clip = piece.clip
    if clip is None or clip.reference is None:
        return Shot(piece.first, frames, "", None, kind="gap")
    if clip.reference.kind == "generator":
        return Shot(piece.first, frames, clip.name or "generator", None, kind="generator")
    media = library.media(clip.reference, clip.name)
    source = piece.source - library.origin(clip.reference, clip.inner.start)
    return Shot(piece.first, frames, clip.name or media.name, media, source, piece.speed)


def _goes_on(before: Piece, after: Piece, rate: Fraction) -> bool:
    """Whether a join is invisible: the same media runs on at the same speed, within half a frame."""
    if before.clip is None or after.clip is None or before.speed != after.speed:
        return False
    if _shows(before.clip) != _shows(after.clip):
        return False
    expected = before.source + (after.first - before.first) / rate * before.speed
    return abs(expected - after.source) * rate * 2 < 1


def _shows(clip: Item) -> tuple[str, str]:
    """What identifies a clip's media: its address, else its name."""
    reference = clip.reference
    kind, url = (reference.kind, reference.url) if reference else ("missing", "")
    return kind, url or clip.name


def _first_frame_from(frames: Fraction) -> int:
    """The first whole frame at or after a moment, forgiving a hair's breadth of rounding in the file."""
    return ceil(frames - Fraction(1, 100))
