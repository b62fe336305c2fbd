"""One gain for all stems that keeps the peaks of their sum down: smooth, looking ahead, the same everywhere.

Conventions
    Curves are given by knots, one at each edge of the cells of 64 samples, linear in between: shape [cells + 1].
    Because every stem is multiplied by the same curve, the stems still add up to the mix.
"""

from __future__ import annotations

import numpy as np

from core.audio.loudness import CELL
from core.brief import FloatArray

LOOKAHEAD_S = 0.006
RELEASE_DB_PER_S = 40.0


def gain_curve(excess: FloatArray, sample_rate: int, release_db_per_s: float = RELEASE_DB_PER_S) -> FloatArray:
    """The gain that takes out what is too much, as knots of amplitude ratios, shape [cells + 1].

    It is never higher than asked, begins to fall before the peak, and comes back at the release's pace.

    Args:
        excess: by how many dB each cell is too loud, 0 where it is not; shape [cells].
        sample_rate: samples per second.
        release_db_per_s: how fast it comes back.
    """
    fall = release_db_per_s * CELL / sample_rate * np.arange(len(excess))
    held = np.maximum.accumulate(excess + fall) - fall
    knots = np.maximum(np.append(held, held[-1]), np.append(held[0], held))
    ahead = max(1, round(LOOKAHEAD_S * sample_rate / CELL))
    around = np.lib.stride_tricks.sliding_window_view(np.pad(knots, 2 * ahead, mode="edge"), 2 * ahead + 1)
    # Averages over the same window as the maximum: each knot averages values that are all enough for it.
    weights = np.hanning(2 * ahead + 3)[1:-1]
    smooth = np.convolve(around.max(axis=1), weights / weights.sum(), mode="valid")
    return np.power(10.0, -smooth / 20)


def between_knots(knots: FloatArray, start: int, stop: int) -> FloatArray:
    """A curve at the samples from `start` to `stop`, shape [samples, ...]; `start` is the edge of a cell."""
    first = start // CELL
    piece = knots[first : -(-stop // CELL) + 1]
    ramp = (np.arange(CELL) / CELL).reshape(1, CELL, *[1] * (knots.ndim - 1))
    values = piece[:-1, None] + np.diff(piece, axis=0)[:, None] * ramp
    return values.reshape(-1, *knots.shape[1:])[: stop - start]
