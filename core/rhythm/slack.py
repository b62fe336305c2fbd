"""How much drift a stretch of beats can absorb: the tables the search looks up.

Between two anchors lie a part of a beat, some whole beats, and a part of a beat. Each beat's drift is its period's
deviation from the base period as a ratio. The stretch has a wanted sum of drifts (each beat counted by how much of
it lies inside); it can be played when the wanted sum lies between what a tempo that leans down and one that leans up
as fast as allowed would give.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.brief import FloatArray

LIMIT = 0.04
"""Largest deviation of a beat's period from its section's base period."""
STEP = 0.02
"""Largest change of a period from one beat to the next."""

SEARCHED_LIMIT = 0.037
SEARCHED_STEP = 0.0175
"""The search keeps inside the limits, so that the bend finds room where the search rounded."""

BINS: FloatArray = np.linspace(-0.033, 0.033, 7)
"""Drifts by which the search tells states apart."""

LONGEST = 10
"""Beats after which a lean has reached the limit from any bin: longer stretches add whole beats at the limit."""


@dataclass(frozen=True)
class Slack:
    """Sums of drifts that can be played: `middle` ± `width`.

    By both ends' bins, whole beats apart, place left and place reached; shape [bins, bins, beats, places, places].
    """

    middle: NDArray[np.float32]
    width: NDArray[np.float32]
    """-inf where no way leads."""


def slack(places: FloatArray) -> Slack:
    """The tables for the places of a grid.

    Row 0 is two places of one beat, row 1 places of neighbouring beats. There the ends' drifts are all there is, and
    a bin stands for every drift within half a bin of it.
    """
    half = (BINS[1] - BINS[0]) / 2
    leave = (1.0 - places)[:, None, None, None]
    reach = places[None, :, None, None]
    start, end = BINS[:, None], BINS[None, :]
    shape = (LONGEST + 1, len(places), len(places), len(BINS), len(BINS))
    low, high = np.full(shape, np.inf), np.full(shape, -np.inf)
    inner = reach - (1.0 - leave)
    same = (inner > 0) & np.eye(len(BINS), dtype=bool)
    low[0] = np.where(same, inner * (start - half), np.inf)
    high[0] = np.where(same, inner * (start + half), -np.inf)
    for beats in range(1, LONGEST + 1):
        between = np.arange(1, beats)[:, None, None]
        up = np.minimum(
            np.minimum(start + SEARCHED_STEP * between, end + SEARCHED_STEP * (beats - between)), SEARCHED_LIMIT
        )
        down = np.maximum(
            np.maximum(start - SEARCHED_STEP * between, end - SEARCHED_STEP * (beats - between)), -SEARCHED_LIMIT
        )
        ends = leave * start + reach * end
        room = half * (leave + reach) if beats == 1 else 0.0
        playable = np.abs(start - end) <= SEARCHED_STEP * beats + 1e-9
        low[beats] = np.where(playable, ends + down.sum(axis=0) - room, np.inf)
        high[beats] = np.where(playable, ends + up.sum(axis=0) + room, -np.inf)
    able = np.isfinite(low)
    middle = np.where(able, low, 0.0) / 2 + np.where(able, high, 0.0) / 2
    width = np.where(able, high - middle, -np.inf)
    order = (3, 4, 0, 1, 2)
    return Slack(
        np.ascontiguousarray(middle.transpose(order), dtype=np.float32),
        np.ascontiguousarray(width.transpose(order), dtype=np.float32),
    )
