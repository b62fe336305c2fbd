"""Bursts of motion: moments inside a shot where something suddenly moves, to the frame.

Conventions
    A burst is found in the motion at the picture's rate and then refined on a curve of motion at the file's own rate,
    around the burst only.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np

from core.brief import Edit, FloatArray, Hit, Shot
from core.picture.retime import frame_after, moment_at

CLEAR_S = 0.4
"""A burst is not nearer than this to another, or to an edge of its shot."""
PER_MINUTE = 6
"""At most so many bursts in any minute."""
BEFORE_S = 0.5
"""Stretch before a moment that says how much motion is usual there."""
LEAST_RISE = 0.15
"""Motion must rise by this much to be a burst in any picture."""
DEVIATIONS = 3.0
"""And by so many robust standard deviations of all rises in the range."""
WEIGHTS = (0.2, 0.4)
"""Weight of the weakest burst and of the strongest."""
_SIGMA_PER_MAD = 1.4826


@dataclass(frozen=True)
class Burst:
    """A sudden movement, found at the picture's rate."""

    shot: int
    """Index of its shot."""
    first_frame: int
    """Record frame from which it was looked for: the movement is not seen here yet."""
    last_frame: int
    """Record frame at which the movement is seen."""
    rise: float
    """By how much motion rises."""


@dataclass(frozen=True)
class Curve:
    """Motion between neighbouring frames of a file, at its own rate."""

    moments: FloatArray
    """Where frames begin, in seconds from the file's first frame, ascending, shape [frames]."""
    motion: FloatArray
    """Motion from the frame before to each frame, shape [frames]; the first is 0."""
    tolerance: Fraction
    """Seconds by which the moments may be rounded."""
    step: float
    """Seconds between frames of the file."""

    def between(self, start: float, end: float) -> Curve:
        """The frames shown from one moment to another, both included."""
        first = max(0, bisect_right(self.moments, start) - 1)
        last = bisect_left(self.moments, end)
        return Curve(self.moments[first : last + 1], self.motion[first : last + 1], self.tolerance, self.step)

    @property
    def whole(self) -> bool:
        """Whether no frame of the file is missing."""
        return len(self.moments) > 2 and bool(np.diff(self.moments).max() < 1.5 * self.step)


def find(edit: Edit, motion: FloatArray, rate: float) -> tuple[Burst, ...]:
    """Bursts of motion inside shots, in order.

    Args:
        edit: the shots.
        motion: motion energy at `rate` per second, shape [samples], NaN where there is no picture.
        rate: samples per second of range time.
    """
    rises = np.concatenate([_rises(edit, shot, motion, rate) for shot in edit.shots] or [np.zeros(0)])
    known = rises[np.isfinite(rises)]
    if not len(known):
        return ()
    usual = float(np.median(known))
    spread = float(np.median(np.abs(known - usual))) * _SIGMA_PER_MAD
    least = max(LEAST_RISE, usual + DEVIATIONS * spread)
    strongest_first = [int(k) for k in np.argsort(-np.nan_to_num(rises, nan=-1.0), kind="stable") if rises[k] >= least]
    chosen: list[int] = []
    for sample in strongest_first:
        near = [abs(sample - other) / rate for other in chosen]
        if all(gap >= 2 * CLEAR_S for gap in near) and sum(gap < 60 for gap in near) < PER_MINUTE:
            chosen.append(sample)
    starts = [shot.first_frame for shot in edit.shots]
    record = edit.range.rate
    bursts = []
    for sample in sorted(chosen):
        before, at = (int(Fraction(k) / Fraction(rate) * record) for k in (sample - 1, sample))
        bursts.append(Burst(bisect_right(starts, at) - 1, before, at, float(rises[sample])))
    return tuple(bursts)


def span(burst: Burst, edit: Edit) -> tuple[Fraction, Fraction]:
    """The moments of the file to look at for a burst, ascending, with what is usual before it."""
    shot, rate = edit.shots[burst.shot], edit.range.rate
    start = max(shot.first_frame, burst.first_frame - ceil(BEFORE_S * rate))
    end = min(shot.first_frame + shot.frames - 1, burst.last_frame + 1)
    low, high = sorted((moment_at(shot, start, rate), moment_at(shot, end, rate)))
    return low, high


def refine(burst: Burst, curve: Curve, edit: Edit) -> Hit | None:
    """The hit on the very record frame where the motion of a burst rises.

    Args:
        burst: where to look.
        curve: motion at the file's own rate over `span`.
        edit: the shots.

    Returns:
        The hit, or None when the curve shows no rise there.
    """
    shot, rate = edit.shots[burst.shot], edit.range.rate
    seen: list[tuple[int, float]] = []
    for moment, motion in zip(curve.moments[1:], curve.motion[1:], strict=True):
        frame = frame_after(shot, Fraction(float(moment)), rate, curve.tolerance + Fraction(1, 1_000_000))
        if frame is not None:
            seen.append((frame, float(motion)))
    seen.sort()
    usual = [motion for frame, motion in seen if frame <= burst.first_frame]
    looked = [(frame, motion) for frame, motion in seen if burst.first_frame < frame <= burst.last_frame]
    if not looked:
        return None
    base = float(np.median(usual)) if usual else 0.0
    peak = max(motion for _, motion in looked)
    if peak <= base:
        return None
    frame = next(frame for frame, motion in looked if motion >= (base + peak) / 2)
    low, high = WEIGHTS
    weight = low + (high - low) * min(1.0, burst.rise / (4 * LEAST_RISE))
    return Hit(edit.range.seconds_at(frame), "motion", weight)


def _rises(edit: Edit, shot: Shot, motion: FloatArray, rate: float) -> FloatArray:
    """By how much motion rises at each sample of a shot over what was usual just before; NaN near its edges."""
    record = edit.range.rate
    first, end = (
        ceil(Fraction(frame) / record * Fraction(rate)) for frame in (shot.first_frame, shot.first_frame + shot.frames)
    )
    inside = motion[first:end]
    rises = np.full(len(inside), np.nan)
    before, clear = round(BEFORE_S * rate), ceil(CLEAR_S * rate)
    for sample in range(clear + 1, len(inside) - clear):
        rises[sample] = inside[sample] - np.max(inside[max(1, sample - before) : sample])
    return rises


def kept_clear(hits: Sequence[Hit], edit: Edit) -> tuple[Hit, ...]:
    """Hits that are not too near to the cuts and markers of the edit."""
    fixed = [hit.time for hit in edit.hits]
    return tuple(hit for hit in hits if all(abs(hit.time - time) >= CLEAR_S - 1e-9 for time in fixed))
