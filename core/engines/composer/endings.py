"""Brings a cue to its end: the last chord and what stops before it, or how it goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from core.brief import Note
from core.engines.composer.marks import BAND, Mark, chord_pitches
from core.engines.composer.outline import Outline
from core.engines.composer.percussion import drum_part, unwanted
from core.engines.composer.score import Part

_TOGETHER = 0.06
"""Seconds around the last chord within which notes are moved onto it."""
_CUT_FADE = 0.005
_LAST_CHORD: Mapping[str, tuple[str, int, int]] = {
    "tension": ("strings_staccato", 43, 4),
    "action": ("brass_stab", 48, 4),
    "uplift": ("piano", 48, 5),
    "documentary": ("piano", 48, 4),
    "comedy": ("pizzicato", 48, 4),
    "ambient": ("harp", 48, 5),
    "electronic": ("pluck_synth", 48, 4),
    "lo-fi": ("piano", 48, 4),
}
"""Who plays the last chord when nobody in the harmony does: instrument, lowest pitch, notes."""


def close(outline: Outline, parts: Sequence[Part]) -> tuple[Part, ...]:
    """The parts with the ending that was planned.

    A button or a ringing chord ends everything else: what would start after it is dropped, what is held over it is
    cut there, and the band plays it together. Cuts and lead-outs play on to the range's end.
    """
    if outline.final.ending in ("cut", "lead-out"):
        return tuple(parts)
    ended = [_ended(outline, part) for part in parts]
    return (*ended, *_last_chord(outline, ended))


def fade_out(outline: Outline) -> float:
    """Seconds of fade at the very end, short enough to leave the last accepted hit audible."""
    seconds = outline.brief.seconds
    tail = seconds - outline.final.time
    last_hit = max((gesture.time for gesture in outline.gestures), default=0.0)
    after_hit = seconds - last_hit
    match outline.final.ending:
        case "cut":
            return _CUT_FADE
        case "button":
            return max(_CUT_FADE, min(0.6 * tail, after_hit))
        case "ring":
            late = last_hit > outline.final.time + 0.01
            return max(_CUT_FADE, min(0.75 * tail, 1.3 * after_hit if late else tail))
        case "lead-out":
            beats = outline.brief.plan.tempo_map.beats
            two_bars = 2 * float(np.median(np.diff(beats))) * outline.brief.plan.tempo_map.meter.beats
            return max(_CUT_FADE, min(two_bars, 4.0, 0.4 * seconds, 3.0 * after_hit))


def hold(outline: Outline) -> float:
    """Seconds the last chord is held: short in a button, to the end when it rings."""
    tail = outline.brief.seconds - outline.final.time
    return min(0.35, 0.6 * tail) if outline.final.ending == "button" else tail


def _ended(outline: Outline, part: Part) -> Part:
    """One part up to the last chord and on it."""
    at = outline.final.time
    length = hold(outline)
    notes: list[Note] = []
    for note in part.notes:
        end = note.start + note.duration
        if abs(note.start - at) <= _TOGETHER and part.stem != "effects":
            notes.append(Note(at, max(length, 0.1), note.pitch, min(127, max(note.velocity + 10, 100))))
        elif note.start > at + 0.001 and part.stem == "effects" and note.start - at < _TOGETHER:
            notes.append(Note(at, note.duration, note.pitch, note.velocity))
        elif note.start <= at + 0.001:
            over = part.stem != "effects" and end > at
            notes.append(Note(note.start, at - note.start if over else note.duration, note.pitch, note.velocity))
    return replace(part, notes=tuple(notes))


def _last_chord(outline: Outline, parts: Sequence[Part]) -> list[Part]:
    """What is missing from the last chord: its harmony, its root below, and the style's drums."""
    at = outline.final.time
    direction = outline.brief.direction
    chord = outline.harmony[-1]
    velocity = 84 if direction.under_speech or direction.style == "ambient" else 108
    played = {part.stem for part in parts for note in part.notes[-8:] if abs(note.start - at) < 0.001}
    added: list[Part] = []
    if "harmony" not in played and "harmony" not in direction.without:
        instrument, low, count = _LAST_CHORD.get(direction.style, ("piano", 48, 4))
        pitches = chord_pitches(chord.tones, low, count)
        notes = tuple(Note(at, hold(outline), pitch, velocity) for pitch in pitches)
        added.append(Part("last chord", "harmony", instrument, notes, 0.0, 0.0, 0.3))
    basses = [part for part in parts if part.stem == "bass" and part.notes]
    if "bass" not in played and basses:
        low = 28 + (chord.bass - 28) % 12
        note = Note(at, hold(outline), low, velocity)
        added.append(Part("last root", "bass", basses[0].instrument, (note,), basses[0].gain_db, 0.0, basses[0].send))
    return added + [_drum(outline, mark) for mark in BAND.get(direction.style, ()) if _drum_wanted(outline, mark)]


def _drum_wanted(outline: Outline, mark: Mark) -> bool:
    """Drums join the last chord unless they are unwanted; under speech they stay out of it."""
    direction = outline.brief.direction
    free = "drums" not in direction.without and not unwanted(mark.instrument, direction)
    return mark.stem == "drums" and free and not direction.under_speech


def _drum(outline: Outline, mark: Mark) -> Part:
    """A drum on the last chord; cymbals are choked by a button."""
    crash = mark.instrument in ("crash", "triangle_bell")
    length = hold(outline) if crash else 0.12
    usual = drum_part(mark.instrument, (Note(outline.final.time, length, mark.low, mark.velocity),))
    return replace(usual, name=f"last {usual.name}")
