"""Notes and chords of two takes put together: those of one outside a hole, those of the other inside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from core.brief import Chord, How, Note, Plan, Rendering, StemName, Track
from core.cue.takes import Opening

SHORTEST_S = 0.03
"""What an edge leaves of a note is written down from this length on."""
TONAL: tuple[StemName, ...] = ("harmony", "bass", "melody")
"""The stems that carry the chords, the one that says most of them first."""


def merged(base: Rendering, other: Rendering, opening: Opening, plan: Plan, stems: Sequence[StemName]) -> Rendering:
    """What is played where the hole's stems are those of another take inside it, as it will sound.

    A note that rings over an edge ends there in the take that it came from, and goes on from there in the other.

    Args:
        base: outside the hole, and in all other stems.
        other: inside the hole.
        opening: the hole.
        plan: of the cue, for its hits.
        stems: all that the cue has.
    """
    start, end = opening.start, opening.start + opening.duration
    filled = set(opening.stems)
    tracks = [_with(one, _outside(one, start, end)) if one.stem in filled else one for one in base.tracks]
    for one in other.tracks:
        if one.stem in filled:
            _lay(tracks, _with(one, _between(one.notes, start, end, not one.drums)))
    carrier = next((stem for stem in TONAL if stem in stems), None)
    chords = _chords(base.chords, other.chords, start, end) if carrier in opening.stems else base.chords
    played = tuple(track for track in tracks if track.notes)
    return Rendering((), played, chords, _how(base.how, other.how, plan, start, end))


def _lay(tracks: list[Track], inside: Track) -> None:
    """Add the notes of a part to the same part, or as one of its own where there is none."""
    for index, track in enumerate(tracks):
        if replace(track, notes=()) == replace(inside, notes=()):
            tracks[index] = _with(track, (*track.notes, *inside.notes))
            return
    if inside.notes:
        tracks.append(inside)


def _with(track: Track, notes: Sequence[Note]) -> Track:
    return replace(track, notes=tuple(sorted(notes, key=lambda note: (note.start, note.pitch))))


def _outside(track: Track, start: float, end: float) -> tuple[Note, ...]:
    return (
        *_between(track.notes, float("-inf"), start, False),
        *_between(track.notes, end, float("inf"), not track.drums),
    )


def _between(notes: Sequence[Note], start: float, end: float, going_on: bool) -> tuple[Note, ...]:
    """The parts of notes that sound in a span; of those struck before it only where they go on sounding."""
    return tuple(_clipped(notes, start, end, going_on))


def _clipped(notes: Sequence[Note], start: float, end: float, going_on: bool) -> Iterator[Note]:
    for note in notes:
        first, last = max(note.start, start), min(note.start + note.duration, end)
        if first == note.start and last == note.start + note.duration and first < end:
            yield note
        elif note.start >= start and note.start < end:
            yield replace(note, duration=last - first)
        elif going_on and last - first >= SHORTEST_S:
            yield replace(note, start=first, duration=last - first)


def _chords(base: Sequence[Chord], other: Sequence[Chord], start: float, end: float) -> tuple[Chord, ...]:
    """Chords of one outside a span, of the other inside it; one that sounds on both sides of an edge stays one."""
    found: list[Chord] = []
    for chords, lower, upper in ((base, float("-inf"), start), (other, start, end), (base, end, float("inf"))):
        for chord in chords:
            first, last = max(chord.start, lower), min(chord.start + chord.duration, upper)
            if first >= last:
                continue
            whole = (first, last) == (chord.start, chord.start + chord.duration)
            piece = chord if whole else replace(chord, start=first, duration=last - first)
            if found and first in (start, end) and chord.start < first and found[-1].pitches == chord.pitches:
                piece = replace(chord, start=found[-1].start, duration=last - found.pop().start)
            found.append(piece)
    return tuple(found)


def _how(
    base: Sequence[How | None], other: Sequence[How | None], plan: Plan, start: float, end: float
) -> tuple[How | None, ...]:
    """How each hit is meant to be met: inside the hole as the other take did, where it did."""
    return tuple(
        (theirs or ours) if start <= met.hit.time < end else ours
        for met, ours, theirs in zip(plan.met, base, other, strict=True)
    )
