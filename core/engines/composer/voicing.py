"""Voice leading: how each chord is laid out over its bass, so that every voice moves well into the next.

The bass takes the nearest root. The upper voices are chosen for the whole cue at once (Viterbi): they move as little
as they can, the outer voices against each other where possible and never in parallel fifths or octaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from core.brief import FloatArray
from core.engines.composer.outline import Harmony

LOW, HIGH = 50, 77
"""Compass of the upper voices, MIDI pitches: D3 to F5."""
BASS_LOW, BASS_HIGH = 30, 45
_CENTRE = 63.0
_TOP_CENTRE = 69.0
_WIDEST = 19
_BEAM = 48
_FORBIDDEN = 1000.0
_WHIM = 6.0
"""What a layout may cost more, on average, when chance leans the choice."""

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Voiced:
    """A chord as it is laid out."""

    harmony: Harmony
    bass: int
    """MIDI pitch of the structural bass."""
    upper: tuple[int, ...]
    """MIDI pitches of the voices above it, rising."""


def voice(
    harmony: Sequence[Harmony],
    voices: int = 4,
    pinned: Mapping[int, Voiced] | None = None,
    rng: np.random.Generator | None = None,
) -> tuple[Voiced, ...]:
    """Lay out a progression with this many voices above the bass (fewer tones are doubled at the octave).

    The same progression gives the same voicing; time is linear in its length.

    Args:
        harmony: the progression.
        voices: above the bass.
        pinned: chords, by their place, whose layout is given.
        rng: chance that leans the others to layouts that are nearly as good; None for the best.
    """
    if not harmony:
        return ()
    given = pinned or {}
    basses = _bass_line([chord.bass for chord in harmony], {place: chord.bass for place, chord in given.items()})
    shapes: list[tuple[tuple[tuple[int, ...], ...], FloatArray]] = []
    for place, (chord, bass) in enumerate(zip(harmony, basses, strict=True)):
        if place in given:
            shapes.append(((given[place].upper,), np.zeros(1)))
            continue
        layouts, costs = _shapes(tuple(sorted(chord.tones)), chord.root, bass, voices)
        shapes.append((layouts, costs if rng is None else costs + rng.exponential(_WHIM, len(costs))))
    cost = shapes[0][1]
    back: list[IntArray] = []
    for index in range(1, len(harmony)):
        before, after = _Layout(shapes[index - 1][0], basses[index - 1]), _Layout(shapes[index][0], basses[index])
        total = cost[:, None] + _motion(before, after)
        best = np.argmin(total, axis=0)
        back.append(best)
        cost = total[best, np.arange(len(best))] + shapes[index][1]
        cost = cost - cost.min()
    choice = int(np.argmin(cost))
    chosen = [choice]
    for best in reversed(back):
        choice = int(best[choice])
        chosen.append(choice)
    chosen.reverse()
    return tuple(
        Voiced(chord, bass, shapes[index][0][choice])
        for index, (chord, bass, choice) in enumerate(zip(harmony, basses, chosen, strict=True))
    )


@dataclass(frozen=True)
class _Layout:
    """All layouts of one chord that are worth trying, over its bass."""

    shapes: tuple[tuple[int, ...], ...]
    bass: int


def _bass_line(classes: Sequence[int], given: Mapping[int, int]) -> list[int]:
    """Each pitch class in the octave nearest to the note before, inside the compass of the bass."""
    line: list[int] = []
    for place, pitch_class in enumerate(classes):
        if place in given:
            line.append(given[place])
            continue
        options = [pitch for pitch in range(BASS_LOW, BASS_HIGH + 1) if pitch % 12 == pitch_class]
        before = line[-1] if line else 36
        line.append(min(options, key=lambda pitch: abs(pitch - before) + 0.3 * abs(pitch - 37)))
    return line


@lru_cache(maxsize=4096)
def _shapes(
    tones: tuple[int, ...], root: int, bass: int, voices: int
) -> tuple[tuple[tuple[int, ...], ...], FloatArray]:
    """The best layouts of a chord and what each costs by itself."""
    pitches = [pitch for pitch in range(LOW, HIGH + 1) if pitch % 12 in tones]
    needed = set(tones) - ({root, (root + 7) % 12} if len(tones) > voices or bass % 12 == root else set())
    found = []
    for shape in combinations(pitches, voices):
        if shape[-1] - shape[0] > _WIDEST or not needed <= {pitch % 12 for pitch in shape}:
            continue
        found.append((_strain(shape, tones, root), shape))
    found.sort()
    best = found[:_BEAM]
    return tuple(shape for _, shape in best), np.array([cost for cost, _ in best])


def _strain(shape: tuple[int, ...], tones: tuple[int, ...], root: int) -> float:
    """What a layout costs by itself: off centre, gaps, seconds in the depth, thirds doubled, tones left out."""
    gaps = [high - low for low, high in pairwise(shape)]
    cost = 0.25 * abs(sum(shape) / len(shape) - _CENTRE) + 0.15 * abs(shape[-1] - _TOP_CENTRE)
    cost += sum(max(0, gap - 7) for gap in gaps)
    cost += sum(3.0 for low, gap in zip(shape, gaps, strict=False) if gap <= 2 and low < 57)
    cost += sum(1.5 for gap in gaps if gap == 1)
    classes = [pitch % 12 for pitch in shape]
    thirds = {(root + 3) % 12, (root + 4) % 12}
    cost += 2.0 * sum(classes.count(third) > 1 for third in thirds)
    cost += 2.5 * len(set(tones) - set(classes))
    return cost


@lru_cache(maxsize=4096)
def _motion(before: _Layout, after: _Layout) -> FloatArray:
    """What it costs to move from each layout to each other, shape [before, after]."""
    here = np.array(before.shapes, dtype=float)[:, None, :]
    there = np.array(after.shapes, dtype=float)[None, :, :]
    moves = there - here
    cost: FloatArray = np.abs(moves).sum(axis=2) + 0.5 * np.clip(np.abs(moves) - 4, 0, None).sum(axis=2)
    bass_move = after.bass - before.bass
    top_move = moves[:, :, -1]
    if bass_move:
        same_way = top_move * bass_move > 0
        first = (here[:, :, -1] - before.bass) % 12
        second = (there[:, :, -1] - after.bass) % 12
        perfect = (first == second) & ((first == 0) | (first == 7))
        cost = cost + _FORBIDDEN * (same_way & perfect) + 1.5 * same_way
        cost = cost + _FORBIDDEN * ((top_move != 0) & perfect)
    return cost
