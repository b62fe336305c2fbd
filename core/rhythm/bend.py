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
class _Rows:
    """Linear forms of three neighbouring beats: row k reads b[k], b[k+1], b[k+2]."""

    weight: FloatArray
    """Shape [rows, 3]."""
    constant: FloatArray
    """Shape [rows]."""

    def at(self, beats: FloatArray) -> FloatArray:
        """The forms' values, shape [rows]."""
        w = self.weight
        value: FloatArray = self.constant + w[:, 0] * beats[:-2] + w[:, 1] * beats[1:-1] + w[:, 2] * beats[2:]
        return value


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
    settled = 0
    for _ in range(STEPS):
        rooms = [row.at(beats) for row in limits]
        relaxed = [room + np.where(room <= 0.0, 0.05 - 1.1 * room, 0.0) for room in rooms]
        error = _error(anchors, beats) * scale
        if all(room.min() > 0.0 for room in rooms) and np.abs(error).max() < 1e-10:
            settled += 1
            if settled > 6:
                break
        change = _newton(beats, goal, limits, relaxed, anchors, scale, multiplier, error)
        size = min([1.0, *(_longest(row, room, change) for row, room in zip(limits, relaxed, strict=True))])
        beats = beats + size * change
        multiplier += HOLD * _error(anchors, beats) * scale
    broken = np.logical_or.reduce([row.at(beats) <= 0.0 for row in limits])
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


def _goal(base: FloatArray, jumps: NDArray[np.bool_]) -> list[_Rows]:
    """What is kept small: change of period, and distance from the base period."""
    count = len(base) - 1
    zero = np.zeros(count)
    steady = np.where(jumps[1:-1], 0.0, 1.0) / (STEP * base[:-1])
    pull = PULL**0.5 / (LIMIT * base[:-1])
    return [
        _Rows(np.stack([steady, -2 * steady, steady], axis=1), zero),
        _Rows(np.stack([-pull, pull, zero], axis=1), -pull * base[:-1]),
    ]


def _limits(base: FloatArray, jumps: NDArray[np.bool_]) -> list[_Rows]:
    """What must stay positive: 1 in the middle between the limits, 0 at a limit."""
    zero, one = np.zeros(len(base) - 1), np.ones(len(base) - 1)
    limit = LIMIT * INSIDE
    near = 1.0 / (limit * base[:-1])
    rows = [
        _Rows(np.stack([near, -near, zero], axis=1), one + 1.0 / limit),
        _Rows(np.stack([-near, near, zero], axis=1), one - 1.0 / limit),
    ]
    step = STEP * INSIDE
    tied = np.where(jumps[1:-1], 0.0, 1.0) / (step * base[:-1])
    for most, sign in ((1 + step, 1.0), (1 - step, -1.0)):
        # (1 + step) of this period less the next, and the next less (1 - step) of this one
        weight = sign * tied[:, None] * np.array([-most, most + 1.0, -1.0])
        rows.append(_Rows(weight, np.where(jumps[1:-1], 1.0, 0.0)))
    return rows


def _error(anchors: Anchors, beats: FloatArray) -> FloatArray:
    """How late each anchor is met, seconds."""
    near, far = beats[anchors.beat], beats[anchors.beat + 1]
    met: FloatArray = (1 - anchors.fraction) * near + anchors.fraction * far - anchors.time
    return met


def _newton(
    beats: FloatArray,
    goal: list[_Rows],
    limits: list[_Rows],
    rooms: list[FloatArray],
    anchors: Anchors,
    scale: FloatArray,
    multiplier: FloatArray,
    error: FloatArray,
) -> FloatArray:
    """The Newton step of goal, barrier and anchors, shape [beats]."""
    from scipy.linalg import solveh_banded

    slope = np.zeros(len(beats))
    bands = np.zeros((3, len(beats)))
    for row in goal:
        _add(slope, bands, row.weight, row.at(beats), np.ones(len(row.constant)))
    for row, room in zip(limits, rooms, strict=True):
        _add(slope, bands, row.weight, -BARRIER / room, BARRIER / room**2)
    near, far = (1 - anchors.fraction) * scale, anchors.fraction * scale
    after = anchors.beat + 1
    pull = multiplier + HOLD * error
    np.add.at(slope, anchors.beat, near * pull)
    np.add.at(slope, after, far * pull)
    np.add.at(bands[0], anchors.beat, HOLD * near**2)
    np.add.at(bands[0], after, HOLD * far**2)
    np.add.at(bands[1], anchors.beat, HOLD * near * far)
    bands[0] += 1e-9 * bands[0].max()
    return np.asarray(solveh_banded(bands, -slope, lower=True, overwrite_ab=True, check_finite=False), dtype=np.float64)


def _add(slope: FloatArray, bands: FloatArray, weight: FloatArray, first: FloatArray, second: FloatArray) -> None:
    """Add a function of linear forms, given its first and second derivatives, to gradient and lower bands."""
    count = len(weight)
    for i in range(3):
        slope[i : i + count] += weight[:, i] * first
        for j in range(i + 1):
            bands[i - j, j : j + count] += weight[:, i] * weight[:, j] * second


def _longest(row: _Rows, room: FloatArray, change: FloatArray) -> float:
    """The longest step that keeps a twentieth of the room everywhere."""
    closing = row.constant - row.at(change)
    fastest = float((closing / room).max(initial=0.0))
    return 0.95 / fastest if fastest > 0.0 else 1.0
