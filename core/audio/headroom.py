"""Room for new sound beside what is kept: by how much it must be turned down where their sum would be too loud.

Conventions
    Audio is float32, shape [samples, 2], full scale 1. Results are for cells of 64 samples, in dB, 0 where there
    is room.
Method
    What is kept cannot be changed. With the new turned down by a ratio g, each point of the sum, between samples too,
    is k + g * n: the largest g that holds is known at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.audio.loudness import CELL, HALF, cell_peaks, interpolator
from core.brief import Audio, FloatArray

AIM = 10 ** (-1.2 / 20)
"""True peak, as amplitude, that a sum is turned down to: other meters read up to 0.2 dB higher."""
CEILING = 10 ** (-1.1 / 20)
"""True peak that a sum may reach where what is kept lies above the aim."""
BESIDE = 10 ** (0.1 / 20)
"""How far above what is kept the sum may then lie."""
STEM_LIMIT = 10 ** (-0.1 / 20)
"""Highest sample of a single stem: 24 bits hold no more."""
DEEPEST = 40.0
"""dB that new sound is turned down at the most: it is hardly heard then."""
IN_VAIN = 12.0
"""dB that new sound is turned down where what is kept is too loud by itself."""


@dataclass(frozen=True)
class Crowded:
    """By how much the new is too loud."""

    excess: FloatArray
    """dB to turn the new down by, shape [cells]."""
    kept: float
    """True peak, as amplitude, of what is kept where it is too loud by itself; 0 where it nowhere is."""


def beside_the_mix(kept: Audio, new: Audio) -> Crowded:
    """How far new sound must be turned down for the true peak of its sum with what is kept.

    Args:
        kept: shape [HALF - 1 + cells * CELL + HALF, 2]: the cells with what surrounds them.
        new: the same.
    """
    peaks = cell_peaks(kept + new, AIM)
    excess = np.zeros(len(peaks))
    tight = np.flatnonzero(peaks > AIM)
    if not len(tight):
        return Crowded(excess, 0.0)
    fixed, moving = _points(kept, tight), _points(new, tight)
    alone = np.abs(fixed).max(axis=1)
    limit = np.where(alone > CEILING, alone, np.clip(alone * BESIDE, AIM, CEILING))
    needed = _turned_down(fixed, moving, limit[:, None])
    too_loud = alone > CEILING
    excess[tight] = np.where(too_loud, np.minimum(needed, IN_VAIN), needed)
    return Crowded(excess, float(alone[too_loud].max(initial=0.0)))


def beside_its_own(kept: Audio, new: Audio) -> FloatArray:
    """How far new sound must be turned down for the samples of its own stem, shape [cells].

    Args:
        kept: what is still heard of the old, shape [cells * CELL, 2].
        new: the same.
    """
    rows = (-1, 2 * CELL)
    if np.abs(kept + new).max(initial=0.0) <= STEM_LIMIT:
        return np.zeros(len(new) // CELL)
    fixed, moving = kept.reshape(rows).astype(np.float64), new.reshape(rows).astype(np.float64)
    limit = np.maximum(STEM_LIMIT, np.abs(fixed))
    return _turned_down(fixed, moving, limit)


def _turned_down(fixed: FloatArray, moving: FloatArray, limit: FloatArray) -> FloatArray:
    """dB to turn `moving` down by in each row for |fixed + moving| to stay within a limit; shape [rows]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(np.abs(fixed + moving) > limit, (limit - fixed * np.sign(moving)) / np.abs(moving), 1.0)
        smallest = np.clip(ratios.min(axis=1), 10 ** (-DEEPEST / 20), 1.0)
    # Rounded up, so that the last bits of a matrix product decide nothing.
    down: FloatArray = np.ceil(-2000 * np.log10(smallest) - 1e-6) / 100
    return down


def _points(frames: Audio, cells: NDArray[np.intp]) -> FloatArray:
    """The samples of some cells and the values between them, shape [cells, points]."""
    matrix, _ = interpolator()
    windows = np.lib.stride_tricks.sliding_window_view(frames, CELL + 2 * HALF - 1, axis=0)[::CELL][cells]
    between = (windows.reshape(2 * len(cells), -1) @ matrix).reshape(len(cells), -1)
    inner = windows[:, :, HALF - 1 : HALF - 1 + CELL].reshape(len(cells), -1)
    points: FloatArray = np.concatenate([inner, between], axis=1).astype(np.float64)
    return points
