"""Motifs: rhythm first, then contour; and how a phrase is built from one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from core.brief import Meter
from core.engines.composer.dice import pick
from core.engines.composer.grid import eighth, groups
from core.engines.composer.palette import Tune

_SPREAD = 0.2
"""How far a rhythm's liveliness may lie from what is wanted."""
_REACH = 5
"""Scale steps a motif may stray from its first note."""

RHYTHMS: Mapping[int, tuple[tuple[float, tuple[int, ...]], ...]] = {
    2: ((0.0, (2,)), (0.65, (1, 1)), (0.35, (-1, 1))),
    3: ((0.0, (3,)), (0.4, (2, 1)), (0.8, (1, 1, 1)), (0.55, (1, 2)), (0.3, (-2, 1))),
    4: (
        (0.0, (4,)),
        (0.15, (-2, 2)),
        (0.25, (3, 1)),
        (0.35, (2, 2)),
        (0.5, (1, 2, 1)),
        (0.55, (2, 1, 1)),
        (0.6, (1, 1, 2)),
        (0.65, (-1, 1, 1, 1)),
        (0.85, (1, 1, 1, 1)),
    ),
    6: (
        (0.0, (6,)),
        (0.15, (4, 2)),
        (0.3, (2, 4)),
        (0.35, (2, 2, 2)),
        (0.45, (3, 1, 2)),
        (0.6, (2, 1, 1, 2)),
        (0.8, (2, 1, 1, 1, 1)),
    ),
}
"""By length of the group in eighths: (liveliness, lengths in eighths; a negative one is a rest)."""

FORMS: Mapping[int, tuple[str, ...]] = {
    1: ("c",),
    2: ("ac", "ac", "sc"),
    3: ("asc", "aac", "arc"),
    4: ("asac", "arac", "aasc", "aabc", "abac", "asic"),
}
"""Units of a phrase: a motif, b its fragment, s a sequence a step higher, i its inversion, r a rest, c the close."""
_LONG_FORM = "asarabai"


class MotifNote(NamedTuple):
    """One note of a motif."""

    offset: float
    """Beats from the motif's start."""
    beats: float
    step: int
    """Scale steps above the first note."""


@dataclass(frozen=True)
class Motif:
    """A musical thought of one or two bars."""

    notes: tuple[MotifNote, ...]
    beats: float


def invent(rng: np.random.Generator, tune: Tune, meter: Meter, bars: int) -> Motif:
    """A new motif of this many bars in this meter: a rhythm of at least two notes, then a contour for it."""
    notes: list[MotifNote] = []
    while len(notes) < 2:
        notes = [
            MotifNote(bar * meter.beats + offset, beats, 0)
            for bar in range(bars)
            for offset, beats in _rhythm(rng, tune.busy, meter)
        ]
        if tune.busy < 0.2 and len(notes) >= bars:
            break
    steps = _contour(rng, len(notes), tune.leap)
    return Motif(
        tuple(note._replace(step=step) for note, step in zip(notes, steps, strict=True)), float(bars * meter.beats)
    )


def unit(motif: Motif, letter: str) -> Motif:
    """The motif as one unit of a form uses it."""
    match letter:
        case "s":
            return replace(motif, notes=tuple(note._replace(step=note.step + 1) for note in motif.notes))
        case "i":
            return replace(motif, notes=tuple(note._replace(step=-note.step) for note in motif.notes))
        case "b":
            return _fragment(motif)
        case "c":
            return _close(motif)
        case "r":
            return replace(motif, notes=())
    return motif


def form(rng: np.random.Generator, units: int, rest: float) -> str:
    """The units of a phrase: never ending without a close, its inner units resting now and then."""
    if units > 4:
        return "".join(_LONG_FORM[index % len(_LONG_FORM)] for index in range(units - 1)) + "c"
    letters = list(pick(rng, FORMS[max(1, units)]))
    for index in range(1, len(letters) - 1):
        if rng.random() < rest:
            letters[index] = "r"
    return "".join(letters)


def _rhythm(rng: np.random.Generator, busy: float, meter: Meter) -> list[tuple[float, float]]:
    """One bar of rhythm: (offset, length) in beats, the downbeat more often struck than not."""
    unit_beats = eighth(meter)
    strokes: list[tuple[float, float]] = []
    at = 0.0
    for length in groups(meter, meter.beats):
        choices = RHYTHMS[round(length / unit_beats)]
        weights = [float(np.exp(-(((lively - busy) / _SPREAD) ** 2))) + 0.01 for lively, _ in choices]
        for eighths in pick(rng, choices, weights)[1]:
            beats = abs(eighths) * unit_beats
            if eighths > 0:
                strokes.append((at, beats))
            at += beats
    return strokes


def _contour(rng: np.random.Generator, count: int, leap: float) -> list[int]:
    """Scale steps of each note: mostly steps, a leap answered by a step back."""
    steps = [0]
    last = 0
    while len(steps) < count:
        if abs(last) >= 3:
            move = -1 if last > 0 else 1
        elif rng.random() < leap:
            move = pick(rng, (-4, -3, 3, 4, 5), (1, 2, 3, 2, 1))
        else:
            move = pick(rng, (-2, -1, 0, 1, 2), (1.0, 3.0, 0.8, 3.0, 1.2))
        if abs(steps[-1] + move) > _REACH:
            move = -move
        steps.append(steps[-1] + move)
        last = move
    return steps


def _fragment(motif: Motif) -> Motif:
    """The motif's first half, said twice, a step lower the second time."""
    half = motif.beats / 2
    head = [note for note in motif.notes if note.offset < half - 1e-6]
    again = [note._replace(offset=note.offset + half, step=note.step - 1) for note in head]
    return replace(motif, notes=tuple(head + again))


def _close(motif: Motif) -> Motif:
    """The motif's first half, then one long note and a breath."""
    half = motif.beats / 2
    head = [note for note in motif.notes if note.offset < half - 1e-6]
    clipped = [note._replace(beats=min(note.beats, half - note.offset)) for note in head]
    return replace(motif, notes=(*clipped, MotifNote(half, 0.3 * motif.beats, 0)))
