"""How new notes give way at the end of a hole: let go early, they fade of themselves and are gone by then.

Where kept notes of the stem sound on there, or are struck, they take over, and nothing is let go before its time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.brief import Note, StemName, Track
from core.engines.composer.instruments import INSTRUMENTS
from core.engines.composer.joining import Gap
from core.engines.composer.score import Part, Parting, Stop

_STRAY = 0.012
"""Seconds by which people play before a beat."""
_AT_THE_EDGE = 0.03
"""Seconds after the end of a hole within which a kept note is struck for its attack to take over."""
_SOUNDS_ON = 0.1
"""Seconds of a kept note after the end of a hole for it to take over."""
_STRUCK: tuple[StemName, ...] = ("drums", "effects")
"""Stems in which one sound does not go on from another."""


def parting_of(kept: Sequence[Track], gap: Gap, stops: Sequence[Stop]) -> Parting | None:
    """Where the new notes of a hole have to be gone; None at the end of the cue, and where all stops at once."""
    if gap.last or any(abs(stop.time - gap.end) < _STRAY for stop in stops):
        return None
    stems = tuple(stem for stem in gap.stems if not _taken_over(stem, kept, gap))
    return Parting(gap.start, gap.end, stems) if stems else None


def let_go(part: Part, parting: Parting | None) -> Part:
    """New notes of a hole, let go early enough to fade before its end where they would sound past it."""
    if parting is None or not parting.ends(part):
        return part
    return replace(part, notes=tuple(_let_go(part, note, parting) for note in part.notes))


def _let_go(part: Part, note: Note, parting: Parting) -> Note:
    instrument = INSTRUMENTS[part.instrument]
    held = 0.0 if instrument.lengths == "rings" else note.duration
    if note.start + held + instrument.release <= parting.end:
        return note
    until = parting.end - note.start - parting.release(note.start)
    return replace(note, duration=until) if until < note.duration else note


def _taken_over(stem: StemName, kept: Sequence[Track], gap: Gap) -> bool:
    """True where kept notes of a stem sound across the end of the hole, or are struck there."""
    near = [note for track in kept if track.stem == stem for note in track.notes if note.start < gap.end + _AT_THE_EDGE]
    if any(note.start > gap.end - _STRAY for note in near):
        return True
    return stem not in _STRUCK and any(note.start + note.duration > gap.end + _SOUNDS_ON for note in near)
