"""How much the picture turns at each cut and marker: where sections may begin.

A turn is a change of place (colour, edges), of light, of energy (motion) or of cutting pace, judged over the few
seconds around it and over the wider stretch, so that a cut back and forth between two faces turns less than a cut to
another scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.brief import FloatArray, Hit, Picture

NEAR_S = 1.5
"""Stretch on either side that is compared at a cut."""
WIDE_S = 6.0
"""And the wider stretch, which several shots share."""
PACE_SHOTS = 3
"""Shots on either side whose length is the pace of cutting."""
CUT_WEIGHTS = (0.4, 0.7)
"""Weight of a cut that changes nothing, and of one that changes everything."""
UNSEEN = 0.5
"""Turn where there is no picture, before pace is counted."""
LEAST_USUAL = 0.02
"""Differences this small are no turn, even where no other is larger."""
_SCALES = np.array([0.15, 0.15, 0.15, 0.15, 0.1, 0.2])
"""A plain difference in luminance, red, green, blue, edges and motion."""
_PACE_SHARE = 0.25
"""What doubling or halving the pace of cutting adds to a turn."""


def weigh(hits: Sequence[Hit], picture: Picture) -> tuple[Hit, ...]:
    """Hits with their turn, and cuts with a weight that follows from it.

    Args:
        hits: in order. Motion hits are returned as they are; markers keep their weight.
        picture: the features of the range.
    """
    columns = np.column_stack([picture.luminance, picture.colour, picture.edges, picture.motion])
    cuts = [hit.time for hit in hits if hit.kind == "cut"]
    edges = np.unique([0.0, *cuts, max([len(columns) / picture.rate, *cuts])])
    seen = [_difference(hit.time, columns, picture.rate) for hit in hits]
    turning = [d for hit, d in zip(hits, seen, strict=True) if hit.kind != "motion" and np.isfinite(d)]
    usual = max(LEAST_USUAL, float(np.median(turning))) if turning else LEAST_USUAL
    return tuple(
        _weighed(hit, difference / (difference + usual) if np.isfinite(difference) else UNSEEN, edges)
        for hit, difference in zip(hits, seen, strict=True)
    )


def _weighed(hit: Hit, turn: float, edges: FloatArray) -> Hit:
    if hit.kind == "motion":
        return hit
    turn = min(1.0, turn + _PACE_SHARE * _pace_change(hit.time, edges))
    low, high = CUT_WEIGHTS
    return replace(hit, turn=turn, weight=low + (high - low) * turn if hit.kind == "cut" else hit.weight)


def _difference(time: float, columns: FloatArray, rate: float) -> float:
    """How differently the picture looks before and after a moment; NaN where it is not seen on both sides."""
    at = int(np.ceil(time * rate - 1e-6))
    near, wide = (_step(columns, at, round(seconds * rate)) for seconds in (NEAR_S, WIDE_S))
    return (near + wide) / 2


def _step(columns: FloatArray, at: int, samples: int) -> float:
    """Distance between the means of the samples before and from `at` on, in plain differences."""
    before, after = columns[max(0, at - samples) : at], columns[at : at + samples]
    before, after = before[~np.isnan(before[:, 0])], after[~np.isnan(after[:, 0])]
    if not len(before) or not len(after):
        return float("nan")
    return float(np.sqrt(np.mean(((after.mean(axis=0) - before.mean(axis=0)) / _SCALES) ** 2)))


def _pace_change(time: float, edges: FloatArray) -> float:
    """How much the pace of cutting changes at a moment: 0 not at all, 1 doubled or halved or more.

    Args:
        time: the moment, in seconds.
        edges: where shots begin or end, ascending.
    """
    before = np.diff(edges[edges <= time + 1e-6][-1 - PACE_SHOTS :])
    after = np.diff(edges[edges >= time - 1e-6][: 1 + PACE_SHOTS])
    if not len(before) or not len(after):
        return 0.0
    return min(1.0, abs(float(np.log2(after.mean() / before.mean()))))
