"""The exact bend: beats that meet every anchor exactly, within the limits, as smoothly as can be.

Problem
    Find beat times b that minimise the squared change of period from beat to beat (plus a little pull to the base
    tempo), such that every anchor (beat k, fraction f, time t) has (1 - f) b[k] + f b[k+1] = t, every period is within
    `LIMIT` of its base period and within `STEP` of the period before. The last does not hold where a section changes
    the tempo.
Method
    A barrier keeps the periods inside the limits; anchors are held by an augmented Lagrangian; Newton steps solve
    pentadiagonal systems, so the work grows linearly with the beats. A limit that the start violates is relaxed just
    enough, and tightened after each step (Boyd and Vandenberghe, Convex Optimization, chapters 9 to 11).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.brief import FloatArray
from core.rhythm.slack import LIMIT, STEP

INSIDE = 0.995
"""The bend keeps this share of the limits, so that rounding never crosses them."""
PULL = 0.01
"""Weight of being away from the base tempo against changing tempo."""
BARRIER = 0.01
"""Weight of the barrier."""
HOLD = 1e5
"""Weight of an anchor's error against the rest; the multipliers make it exact."""
STEPS = 60
"""Newton steps before giving up."""
STUCK = 15
"""Steps without progress before giving up."""
SETTLED = 6
"""Steps after everything holds: they make it smooth."""


@dataclass(frozen=True)
class Anchors:
    """Places that must be met, increasing."""

    beat: NDArray[np.intp]
    """Whole beat, shape [anchors]."""
    fraction: FloatArray
    """Fraction of the beat, 0 to below 1, shape [anchors]."""
    time: FloatArray
    """Seconds, shape [anchors]."""


@dataclass(frozen=True)
class Bent:
    """Beats, and where they could not be kept within the limits."""

    beats: FloatArray
    """Seconds, shape [beats]."""
    strained: NDArray[np.intp]
    """Beats whose period breaks a limit; empty when all is well."""


@dataclass(frozen=True)
class _Forms:
    """Linear forms of three neighbouring beats: row k of each reads b[k], b[k+1], b[k+2]."""

    weight: FloatArray
    """Shape [forms, 3, rows]."""
    constant: FloatArray
    """Shape [forms, rows]."""

    def slope(self, beats: FloatArray) -> FloatArray:
        """The forms' values without their constants, shape [forms, rows]."""
        w = self.weight
        value: FloatArray = w[:, 0] * beats[:-2] + w[:, 1] * beats[1:-1] + w[:, 2] * beats[2:]
        return value

    def at(self, beats: FloatArray) -> FloatArray:
        """The forms' values, shape [forms, rows]."""
        return self.constant + self.slope(beats)


def bend(anchors: Anchors, base: FloatArray, jumps: NDArray[np.bool_]) -> Bent:
    """Bend beats onto anchors.

    Args:
        anchors: at least one; no more of them in a beat than can be told apart.
        base: base period of each beat, seconds, shape [beats - 1], at least two.
        jumps: beats at which the tempo may jump, shape [beats].
    """
    # one more beat at the end, so that every beat asked for has a next one to be compared with
    base, jumps = np.append(base, base[-1]), np.append(jumps, False)
    goal, limits = _goal(base, jumps), _limits(base, jumps)
    beats = _start(anchors, base)
    scale = 1.0 / base[anchors.beat]
    multiplier = np.zeros(len(anchors.time))
    worst, settled, stuck = np.inf, 0, 0
    for _ in range(STEPS):
        room = limits.at(beats)
        error = _error(anchors, beats) * scale
        missing = float(max(0.0, -room.min()) + np.abs(error).max())
        settled = settled + 1 if missing < 1e-10 else 0
        stuck = 0 if missing < 0.99 * worst else stuck + 1
        worst = min(worst, missing)
        if settled > SETTLED or (stuck > STUCK and missing > 1e-3):
            break
        relaxed = room + np.where(room <= 0.0, 0.05 - 1.1 * room, 0.0)
        change = _newton(beats, goal, limits, relaxed, anchors, scale, multiplier + HOLD * error)
        fastest = float((-limits.slope(change) / relaxed).max())
        beats = beats + change * min(1.0, 0.95 / max(fastest, 1e-9))
        multiplier += HOLD * _error(anchors, beats) * scale
    broken = np.asarray((limits.at(beats) <= 0.0).any(axis=0))
    broken[anchors.beat[np.abs(_error(anchors, beats)) > 2e-10]] = True
    whole = anchors.fraction == 0.0
    if not broken.any():
        beats[anchors.beat[whole]] = anchors.time[whole]
    return Bent(beats[:-1], np.flatnonzero(broken))


def _start(anchors: Anchors, base: FloatArray) -> FloatArray:
    """Beats at a steady tempo between anchors, at the base tempo outside them."""
    even = np.concatenate([[0.0], np.cumsum(base)])
    position = anchors.beat + anchors.fraction
    at = np.interp(position, np.arange(len(even)), even)
    ahead, behind = anchors.time[0] - at[0], anchors.time[-1] - at[-1]
    knots = np.concatenate([[-1.0], at, [even[-1] + 1.0]])
    times = np.concatenate([[ahead - 1.0], anchors.time, [even[-1] + behind + 1.0]])
    return np.asarray(np.interp(even, knots, times), dtype=np.float64)


def _goal(base: FloatArray, jumps: NDArray[np.bool_]) -> _Forms:
    """What is kept small: change of period, and distance from the base period."""
    zero = np.zeros(len(base) - 1)
    steady = np.where(jumps[1:-1], 0.0, 1.0) / (STEP * base[:-1])
    pull = PULL**0.5 / (LIMIT * base[:-1])
    weight = np.array([[steady, -2 * steady, steady], [-pull, pull, zero]])
    return _Forms(weight, np.array([zero, -pull * base[:-1]]))


def _limits(base: FloatArray, jumps: NDArray[np.bool_]) -> _Forms:
    """What must stay positive: 1 in the middle between the limits, 0 at a limit.

    The forms are: not too long, not too short, the next not too long after this, and not too short.
    """
    zero, one = np.zeros(len(base) - 1), np.ones(len(base) - 1)
    # a step is counted in base periods, on the safe side for the shortest period
    limit, step = LIMIT * INSIDE, STEP * INSIDE * (1 - LIMIT)
    near = 1.0 / (limit * base[:-1])
    tied = np.where(jumps[1:-1], 0.0, 1.0) / (step * base[:-1])
    weight = np.array(
        [
            [near, -near, zero],
            [-near, near, zero],
            [-tied, 2 * tied, -tied],
            [tied, -2 * tied, tied],
        ]
    )
    return _Forms(weight, np.array([one + 1.0 / limit, one - 1.0 / limit, one, one]))


def _error(anchors: Anchors, beats: FloatArray) -> FloatArray:
    """How late each anchor is met, seconds."""
    near, far = beats[anchors.beat], beats[anchors.beat + 1]
    met: FloatArray = (1 - anchors.fraction) * near + anchors.fraction * far - anchors.time
    return met


def _newton(
    beats: FloatArray,
    goal: _Forms,
    limits: _Forms,
    room: FloatArray,
    anchors: Anchors,
    scale: FloatArray,
    pull: FloatArray,
) -> FloatArray:
    """The Newton step of goal, barrier and anchors, shape [beats]."""
    from scipy.linalg import solveh_banded

    slope, bands = np.zeros(len(beats)), np.zeros((3, len(beats)))
    value = goal.at(beats)
    _add(slope, bands, goal.weight, value, np.ones_like(value))
    _add(slope, bands, limits.weight, -BARRIER / room, BARRIER / room**2)
    near, far = (1 - anchors.fraction) * scale, anchors.fraction * scale
    after = anchors.beat + 1
    np.add.at(slope, anchors.beat, near * pull)
    np.add.at(slope, after, far * pull)
    np.add.at(bands[0], anchors.beat, HOLD * near**2)
    np.add.at(bands[0], after, HOLD * far**2)
    np.add.at(bands[1], anchors.beat, HOLD * near * far)
    bands[0] += 1e-9 * bands[0].max()
    return np.asarray(solveh_banded(bands, -slope, lower=True, overwrite_ab=True, check_finite=False), dtype=np.float64)


def _add(slope: FloatArray, bands: FloatArray, weight: FloatArray, first: FloatArray, second: FloatArray) -> None:
    """Add functions of linear forms, given their first and second derivatives, to gradient and lower bands."""
    rows = weight.shape[2]
    pushed = (weight * first[:, None]).sum(axis=0)
    curved = weight * second[:, None]
    for i in range(3):
        slope[i : i + rows] += pushed[i]
        for j in range(i + 1):
            bands[i - j, j : j + rows] += (curved[:, i] * weight[:, j]).sum(axis=0)
