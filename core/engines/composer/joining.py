"""Joins new notes into kept ones: what is outside the hole stays as it is, what begins inside is new.

Kept notes that were struck before the hole ring into it, until the new music lets them go; new notes end with it. What
rises to a kept moment stays too, unless the new music rises there itself: its end would be heard alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from core.brief import Chord, Hole, Note, StemName, Track
from core.engines.composer.instruments import INSTRUMENTS
from core.engines.composer.kept import track_of
from core.engines.composer.marks import LEADING
from core.engines.composer.score import Part

_STRAY = 0.012
"""Seconds by which people play beside the beat: a note so near to an edge belongs to what begins there."""
_WORTH_ENTERING = 0.25
"""Seconds that must remain of a held note that would have begun before the hole."""
_WORTH_RISING = 0.6
"""The same for what leads to a moment."""
_WORTH_TELLING = 0.1
"""Seconds of a kept note that must sound after the hole for the note to be told."""
_REACH = 20.0
"""Seconds beyond an edge from where a note may still sound into the hole."""
_WORTH_RELEASING = 0.3
"""Seconds that a kept note would sound on for it to be let go early."""
_SHORTEST = 0.03
_FIXED_STEMS = ("drums", "effects")
_RISING = LEADING | {"whoosh"}
"""Instruments that rise to a moment, on which their note ends or shortly before."""


@dataclass(frozen=True)
class Gap:
    """The hole as the writer sees it."""

    start: float
    end: float
    """Seconds."""
    rate: int
    stems: tuple[StemName, ...]
    last: bool
    """Nothing comes after it."""

    @property
    def first_sample(self) -> int:
        """The first sample that is new."""
        return round(self.start * self.rate)

    @property
    def end_sample(self) -> int:
        """The first sample that is kept again."""
        return round(self.end * self.rate)

    @property
    def middle(self) -> float:
        """Seconds."""
        return (self.start + self.end) / 2

    @property
    def reach(self) -> float:
        """Seconds from its middle to where nothing that is written can matter to it."""
        return (self.end - self.start) / 2 + _REACH

    def place(self, time: float) -> int:
        """-1 before the hole, 0 inside, 1 after it; decided by the sample."""
        at = round(time * self.rate)
        return -1 if at < self.first_sample else 0 if at < self.end_sample or self.last else 1


def gap_of(hole: Hole, rate: int, seconds: float) -> Gap:
    """The hole in a cue of that length."""
    end = hole.start + hole.duration
    return Gap(hole.start, end, rate, hole.stems, end > seconds - 0.5 / rate)


def old_notes(track: Track, gap: Gap) -> list[Note]:
    """The notes of a track that the hole takes away."""
    if track.stem not in gap.stems:
        return []
    near = (note for note in track.notes if abs(note.start - gap.middle) < gap.reach)
    return [note for note in near if gap.place(note.start) == 0]


def fitted(part: Part, kept: Sequence[Track], gap: Gap) -> Part:
    """What of a newly written part is played in the hole."""
    ringing = [
        note
        for track in kept
        if track.stem == part.stem and track.player is not None and track.player.instrument == part.instrument
        for note in track.notes
        if note.start + note.duration > gap.start - _STRAY and gap.place(note.start) < 0
    ]
    notes = [fit for note in part.notes if (fit := _fit(part, note, ringing, gap)) is not None]
    return replace(part, notes=tuple(sorted(notes, key=lambda note: (note.start, note.pitch))))


def joined(kept: Sequence[Track], new: Sequence[Part], chords: Sequence[Chord], gap: Gap) -> tuple[Track, ...]:
    """All notes of the new take: kept ones outside the hole and in kept stems, new ones inside.

    Args:
        kept: the tracks of the take in use.
        new: what is played in the hole, fitted.
        chords: the harmony inside the hole where it is new, empty where the kept one stands.
        gap: the hole.
    """
    waiting = list(new)
    led = {part.stem for part in new for note in part.notes if _leads_past(part.instrument, note, gap)}
    tracks = []
    for track in kept:
        if track.stem not in gap.stems:
            tracks.append(track)
            continue
        mine = [part for part in waiting if _plays(part, track)]
        waiting = [part for part in waiting if part not in mine]
        fresh = [note for part in mine for note in part.notes]
        stayed = [told for note in track.notes for told in _stays(track, note, fresh, chords, gap, track.stem in led)]
        notes = tuple(sorted((*stayed, *fresh), key=lambda note: (note.start, note.pitch)))
        if notes:
            tracks.append(replace(track, notes=notes))
    return (*tracks, *(track_of(part) for part in waiting if part.notes))


def _fit(part: Part, note: Note, ringing: Sequence[Note], gap: Gap) -> Note | None:
    """A new note as it is played in the hole; None where it is not."""
    end = note.start + note.duration
    place = gap.place(note.start)
    start = note.start
    if place > 0 or (start > gap.end - _STRAY and not gap.last):
        return None
    near = abs(start - gap.start) <= _STRAY
    if place < 0:
        if not near and end - gap.start < _enters(part):
            return None
        start = gap.start
    if (place < 0 or near) and any(_is_there(held, note, start, near) for held in ringing):
        return None
    if not gap.last and end > gap.end:
        if part.stem == "effects" or part.instrument in LEADING:
            if INSTRUMENTS[part.instrument].lengths == "exact" and end > gap.end + 0.005:
                return None
        else:
            end = gap.end
    return Note(start, end - start, note.pitch, note.velocity) if end - start > _SHORTEST or place == 0 else None


def _enters(part: Part) -> float:
    """Seconds that must remain of a note for it to enter late; what is struck never does."""
    if part.instrument in LEADING:
        return _WORTH_RISING
    return float("inf") if INSTRUMENTS[part.instrument].crisp or part.stem in _FIXED_STEMS else _WORTH_ENTERING


def _is_there(held: Note, note: Note, start: float, near: bool) -> bool:
    """True where a kept note already sounds, or was just struck, as a new one at the left edge would."""
    just_struck = near and start - held.start <= 2 * _STRAY
    return held.pitch == note.pitch and (just_struck or held.start + held.duration > start + _SHORTEST)


def _plays(part: Part, track: Track) -> bool:
    """True where a new part is another few bars of a track; a drum is one part, whatever it is called."""
    there = track_of(part)
    same = (there.stem, there.player) == (track.stem, track.player)
    return same and (track.drums or there.name == track.name)


def _stays(
    track: Track, note: Note, fresh: Sequence[Note], chords: Sequence[Chord], gap: Gap, led: bool
) -> Iterator[Note]:
    """A kept note as it is told now: itself outside the hole, and of one inside what sounds on or leads out of it."""
    end = note.start + note.duration
    place = -1 if end < gap.start - _STRAY else gap.place(note.start)
    if place > 0:
        yield note
    elif place < 0:
        until = _released(track, note, fresh, chords, gap)
        yield note if until >= end else Note(note.start, until - note.start, note.pitch, note.velocity)
    elif not gap.last and track.player and _leads_past(track.player.instrument, note, gap):
        if not led or end > gap.end + _WORTH_TELLING:
            yield note
    elif not gap.last:
        sounds_on = track.stem not in _FIXED_STEMS and end > gap.end + _WORTH_TELLING
        if sounds_on or note.start > gap.end - _STRAY:
            yield Note(gap.end, max(_SHORTEST, end - gap.end), note.pitch, note.velocity)


def _leads_past(instrument: str, note: Note, gap: Gap) -> bool:
    """True where a note leads to a moment that is kept, at the end of the hole or after it."""
    return instrument in _RISING and note.start + note.duration > gap.end - _STRAY


def _released(track: Track, note: Note, fresh: Sequence[Note], chords: Sequence[Chord], gap: Gap) -> float:
    """When a note held into the hole is let go, at the latest: struck again, or foreign to a new chord."""
    end = note.start + note.duration
    if track.stem in _FIXED_STEMS or end <= gap.start + _SHORTEST:
        return end
    again = (other.start for other in fresh if other.pitch == note.pitch and other.start > gap.start)
    clashes = (
        max(chord.start, gap.start)
        for chord in chords
        if chord.start + chord.duration > gap.start and all(note.pitch % 12 != pitch % 12 for pitch in chord.pitches)
    )
    released = min((end, *again, *clashes))
    return released if end - released > _WORTH_RELEASING else end
