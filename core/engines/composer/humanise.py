"""Makes the playing human without losing the hits: touch, swing, and a little freedom off the beat.

Notes on accepted hits, on beats and eighths, the drums and the bass stay exactly on the grid; only ornaments of
harmony and melody stray by up to 6 ms. Swing delays every second sixteenth of all instruments alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from core.brief import FloatArray, Note
from core.engines.composer.clock import beats_of, seconds_of
from core.engines.composer.outline import Outline
from core.engines.composer.score import Part
from core.engines.composer.streams import stream

SWING: Mapping[str, float] = {"lo-fi": 0.55}
"""How far the second of two sixteenths moves towards the triplet, 0 to 1, by style."""
_TOUCH = 6
"""Largest change of velocity."""
_STRAY = 0.006
"""Largest change of time, seconds."""
_LATE: Mapping[str, float] = {"snare_dusty": 0.012}
"""Instruments that drag behind the beat, seconds."""
_NEAR_HIT = 0.03


def humanise(outline: Outline, parts: Sequence[Part]) -> tuple[Part, ...]:
    """The parts as people would play them. Effects keep their times: they end on what they lead to."""
    hits = np.array([gesture.time for gesture in outline.gestures])
    return tuple(_humanised(outline, part, place, hits) for place, part in enumerate(parts))


def _humanised(outline: Outline, part: Part, place: int, hits: FloatArray) -> Part:
    """One part with its touch and its timing."""
    if not part.notes:
        return part
    rng = stream(outline.brief.seed, f"touch {place} {part.name}")
    starts = np.array([note.start for note in part.notes])
    ends = starts + np.array([note.duration for note in part.notes])
    touch = rng.integers(-_TOUCH, _TOUCH + 1, len(starts))
    if part.stem != "effects":
        starts, ends = _timed(outline, part, starts, ends, hits, rng)
    velocities = np.clip(np.array([note.velocity for note in part.notes]) + touch, 1, 127)
    notes = [
        Note(start, max(end - start, 0.01), note.pitch, velocity)
        for note, start, end, velocity in zip(
            part.notes, starts.tolist(), ends.tolist(), velocities.tolist(), strict=True
        )
    ]
    notes.sort(key=lambda note: (note.start, note.pitch))
    return replace(part, notes=tuple(notes))


def _timed(
    outline: Outline, part: Part, starts: FloatArray, ends: FloatArray, hits: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Starts and ends after swing, drag and stray."""
    tempo_map = outline.brief.plan.tempo_map
    at = beats_of(tempo_map, starts)
    free = ~near(starts, hits, _NEAR_HIT)
    amount = SWING.get(outline.brief.direction.style, 0.0)
    if amount and tempo_map.meter.denominator == 4:
        swung = seconds_of(tempo_map, _swung(at, amount))
        swung_ends = seconds_of(tempo_map, _swung(beats_of(tempo_map, ends), amount))
        ends = np.where(near(ends, hits, _NEAR_HIT), ends, swung_ends)
        starts = np.where(free, swung, starts)
    starts = starts + np.where(free, _LATE.get(part.instrument, 0.0), 0.0)
    if part.stem in ("harmony", "melody"):
        eighths = at * (3 if tempo_map.meter.compound else 8 / tempo_map.meter.denominator)
        ornament = free & (np.abs(eighths - np.round(eighths)) > 0.05)
        stray = np.clip(rng.normal(0.0, _STRAY / 2, len(starts)), -_STRAY, _STRAY)
        starts = starts + np.where(ornament, stray, 0.0)
    return starts, ends


def _swung(beats: FloatArray, amount: float) -> FloatArray:
    """Beat positions with every second sixteenth moved towards the last third of its eighth."""
    sixteenths = beats * 4
    step = np.round(sixteenths)
    odd = (np.abs(sixteenths - step) < 0.08) & (step % 2 == 1)
    return np.where(odd, beats + amount * (1 / 12), beats)


def near(times: FloatArray, anchors: FloatArray, within: float) -> np.ndarray:
    """Which of the times lie within so many seconds of any anchor; anchors are sorted. Boolean, shape [times]."""
    if not len(anchors):
        return np.zeros(len(times), bool)
    right = np.clip(np.searchsorted(anchors, times), 0, len(anchors) - 1)
    left = np.maximum(right - 1, 0)
    closest = np.minimum(np.abs(anchors[left] - times), np.abs(anchors[right] - times))
    result: np.ndarray = closest <= within
    return result
