"""From parts to score: the last hand laid on what the writers have written.

In this order: play it like people, bring it to its end, mark every accepted hit, fall silent at the stops, and keep
everything inside the range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.brief import Chord, How, Note
from core.engines.composer.accents import mark_hits
from core.engines.composer.clock import seconds_of
from core.engines.composer.dynamics import level, pump, room
from core.engines.composer.endings import close, fade_out
from core.engines.composer.humanise import humanise
from core.engines.composer.marks import chord_pitches
from core.engines.composer.outline import Outline
from core.engines.composer.ranges import RANGES, fold
from core.engines.composer.score import EVERYBODY, Company, Part, Score, Stop
from core.engines.composer.stops import plan_stops, silence

_SHORTEST = 0.02
_WORTH_TRIMMING = 0.4
"""Seconds that must remain of a held note that began before the range."""
_NOT_TRIMMED = ("drums", "effects")


def finish(outline: Outline, parts: Sequence[Part]) -> Score:
    """The finished score of a cue.

    Every accepted hit that is an accent or on the grid has a crisp note that starts exactly at its time; every stop
    is silent until the music comes in again; the ending is the one that was planned; nothing lies outside the range.
    """
    outline = settled(outline)
    stops = plan_stops(outline)
    return mixed(outline, played(outline, parts, stops), chords(outline), stops)


def played(
    outline: Outline, parts: Sequence[Part], stops: Sequence[Stop], company: Company = EVERYBODY
) -> tuple[Part, ...]:
    """The parts as they are played: by people, ended, with their hits, silent at the stops, inside the range.

    Args:
        outline: settled.
        parts: as written; those of stems that the company does not write are left out.
        stops: of the cue.
        company: who may play, and with whom.
    """
    written = [part for part in parts if part.stem in company.stems]
    ended = close(outline, humanise(outline, [_inside(outline, part) for part in written]))
    marked = mark_hits(outline, [part for part in ended if part.stem in company.stems], company)
    silent = silence(outline, _drums_joined(marked), stops, company)
    return tuple(part for part in (_inside(outline, part) for part in silent) if part.notes)


def mixed(outline: Outline, parts: tuple[Part, ...], chords: tuple[Chord, ...], stops: tuple[Stop, ...]) -> Score:
    """The parts as a score, with the dynamics, the room and the fade of the outline."""
    return Score(
        seconds=outline.brief.seconds,
        parts=parts,
        chords=chords,
        how=_how(outline),
        room=room(outline),
        stops=stops,
        level=level(outline),
        pump=pump(outline, parts),
        fade_out=fade_out(outline),
        clear_speech=outline.brief.direction.under_speech,
    )


def settled(outline: Outline) -> Outline:
    """The outline with hits after the last chord met lightly: the band has played by then."""
    if outline.final.ending in ("cut", "lead-out"):
        return outline
    settled = tuple(
        replace(gesture, how="grid", strong=False) if gesture.time > outline.final.time + 0.01 else gesture
        for gesture in outline.gestures
    )
    return replace(outline, gestures=settled)


def _drums_joined(parts: Sequence[Part]) -> list[Part]:
    """The parts, each drum in one of them, with one stroke per moment and pitch: the loudest."""
    joined: dict[str, Part] = {}
    for part in parts:
        known = joined.get(part.instrument) if part.stem == "drums" else None
        if known is None:
            joined[part.instrument if part.stem == "drums" else f"{len(joined)} {part.name}"] = part
            continue
        loudest: dict[tuple[float, int], Note] = {}
        for note in sorted((*known.notes, *part.notes), key=lambda note: -note.velocity):
            loudest.setdefault((round(note.start, 4), note.pitch), note)
        joined[part.instrument] = replace(known, notes=tuple(loudest.values()))
    return list(joined.values())


def _inside(outline: Outline, part: Part) -> Part:
    """The part's notes that begin inside the range, cut at its end, sorted, one per moment and pitch."""
    seconds = outline.brief.seconds
    lowest, highest = RANGES.get(part.instrument, (0, 127))
    notes: dict[tuple[float, int], Note] = {}
    for note in part.notes:
        start, end = note.start, min(note.start + note.duration, seconds)
        if start < 0 and (start > -0.02 or (part.stem not in _NOT_TRIMMED and end > _WORTH_TRIMMING)):
            start = 0.0
        if start < 0 or start > seconds - _SHORTEST:
            continue
        pitch = fold(note.pitch, lowest, highest)
        velocity = min(127, max(1, note.velocity))
        known = notes.get((start, pitch))
        if known is None or known.duration < end - start:
            notes[start, pitch] = Note(start, max(end - start, _SHORTEST), pitch, velocity)
    ordered = tuple(sorted(notes.values(), key=lambda note: (note.start, note.pitch)))
    return replace(part, notes=ordered)


def chords(outline: Outline) -> tuple[Chord, ...]:
    """The harmony in seconds, inside the range."""
    tempo_map = outline.brief.plan.tempo_map
    seconds = outline.brief.seconds
    begins = seconds_of(tempo_map, [chord.beat for chord in outline.harmony]).tolist()
    ends = seconds_of(tempo_map, [chord.beat + chord.beats for chord in outline.harmony]).tolist()
    found = []
    for chord, begin, end in zip(outline.harmony, begins, ends, strict=True):
        start, stop = max(0.0, begin), min(end, seconds)
        if stop - start > 1e-6:
            bass = 36 + chord.bass
            upper = chord_pitches(chord.tones, 48, len(set(chord.tones)))
            found.append(Chord(start, stop - start, chord.name, (bass, *upper)))
    return tuple(found)


def _how(outline: Outline) -> tuple[How | None, ...]:
    """How each hit of the plan is met, in the plan's order."""
    how: list[How | None] = [None] * len(outline.brief.plan.met)
    for gesture in outline.gestures:
        how[gesture.index] = gesture.how
    return tuple(how)
