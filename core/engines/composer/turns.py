"""Where the drums turn around in a re-roll: into the right edge of the hole, but never in two bars in a row."""

from __future__ import annotations

from collections.abc import Sequence

from core.brief import Note, Track
from core.engines.composer.clock import seconds_of
from core.engines.composer.fills import FILLS, Fill, fill_strokes
from core.engines.composer.joining import Gap
from core.engines.composer.outline import Bar, Outline

_TOGETHER = 0.05
"""Seconds within which a note is a stroke of a fill: swing and drag lie between."""
_FEWEST_STROKES = 2


def turns(outline: Outline, kept: Sequence[Track], gap: Gap, start: float, end: float) -> dict[int, bool]:
    """Which bars around the right edge and the left one end in a fill (True) or must not (False).

    Args:
        outline: of the re-roll.
        kept: the tracks of the take in use.
        gap: the hole.
        start: its left edge in beats.
        end: its right edge in beats.
    """
    if "drums" not in gap.stems:
        return {}
    bars = outline.bars
    inside = [bar for bar in bars if bar.first_beat > start - 0.01 and bar.first_beat + bar.beats < end + 0.01]
    if not inside:
        return {}
    first, last = inside[0], inside[-1]
    chosen: dict[int, bool] = {}
    notes = [note for track in kept if track.stem == "drums" for note in track.notes]
    if first.index and _turns(outline, bars[first.index - 1], notes):
        chosen[first.index] = False
    at_edge = abs(last.first_beat + last.beats - end) < 0.01 and not gap.last
    if at_edge and last.index + 1 < len(bars) and last.index not in chosen:
        chosen[last.index] = not _turns(outline, bars[last.index + 1], notes)
        if chosen[last.index] and len(inside) > 1:
            chosen[last.index - 1] = False
    return chosen


def _turns(outline: Outline, bar: Bar, notes: Sequence[Note]) -> bool:
    """True where what the drums play in a bar ends in one of the style's fills."""
    played = [note for note in notes if bar.start - _TOGETHER < note.start < bar.start + bar.duration + _TOGETHER]
    style = outline.brief.direction.style
    return any(_holds(outline, bar, fill, played) for fill in FILLS.get(style, ()))


def _holds(outline: Outline, bar: Bar, fill: Fill, played: Sequence[Note]) -> bool:
    """True where every stroke of a fill is among the notes of a bar."""
    tempo_map = outline.brief.plan.tempo_map
    strokes = fill_strokes(fill, float(bar.first_beat + bar.beats), tempo_map.meter, bar.beats)
    if len(strokes) < _FEWEST_STROKES:
        return False
    times = seconds_of(tempo_map, [stroke.beat for stroke in strokes]).tolist()
    return all(
        any(note.pitch == stroke.pitch and abs(note.start - time) < _TOGETHER for note in played)
        for stroke, time in zip(strokes, times, strict=True)
    )
