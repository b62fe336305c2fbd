"""What is seen of one shot: its features, a thumbnail, and the curve of its motion, in one reading of its frames.

Conventions
    Samples lie on the range's own grid: sample k shows the record frame at k / RATE seconds. A shot is read in the
    order of its file, whichever way it plays, and what was seen is put in record order afterwards.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from core.brief import FloatArray, Shot
from core.picture.bursts import CLEAR_S, Curve
from core.picture.features import Eye, Look, Pattern, motion_between
from core.picture.frames import Film
from core.picture.retime import moment_at
from core.picture.thumbnails import jpeg

RATE = 10
"""Samples per second of range time."""
BURSTS_FROM_S = 2 * CLEAR_S + 0.2
"""Shots shorter than this have no room for a burst."""
_FEATURES = 5
"""Luminance, red, green, blue, edges."""


@dataclass(frozen=True)
class Sight:
    """What was seen of a shot, on the samples that lie in it. NaN where the file has no picture."""

    samples: range
    """Indices of its samples in the range."""
    luminance: FloatArray
    colour: FloatArray
    edges: FloatArray
    motion: FloatArray
    thumbnail: tuple[int, bytes] | None
    """Record frame and JPEG."""
    curve: Curve | None
    """Motion between all frames that were decoded; None where there is no room for a burst."""
    missing: tuple[Fraction, Fraction] | None
    """First and last moment at which the file has no picture though the shot shows it."""


def samples_in(first_frame: int, frames: int, rate: Fraction) -> range:
    """Indices of the samples whose record frame lies in a stretch of record frames."""
    return range(ceil(first_frame / rate * RATE), ceil((first_frame + frames) / rate * RATE))


def see(film: Film, shot: Shot, rate: Fraction, with_thumbnail: bool, tick: Callable[[float], None]) -> Sight:
    """Read the frames of a shot once.

    Args:
        film: its file.
        shot: the shot.
        rate: record frames per second.
        with_thumbnail: make one, from the middle.
        tick: called with the record frames got through since the last call.
    """
    frames = _record_frames(shot, rate)
    order = frames if shot.speed >= 0 else frames[::-1]
    moments = [moment_at(shot, frame, rate) for frame in order]
    values, steps = np.full((len(order), _FEATURES), np.nan), np.full(len(order), np.nan)
    thumbnail: tuple[int, bytes] | None = None
    eye, before = Eye(), None
    trace = Trace(film) if shot.speed and shot.frames / rate >= BURSTS_FROM_S else None
    for seen in film.frames(moments):
        if trace:
            trace.add(seen.moment, eye.glimpse(seen.frame))
        if not seen.wanted:
            continue
        look: Look = eye.look(seen.frame)
        values[seen.wanted] = look.luminance, *look.colour, look.edges
        steps[seen.wanted] = 0.0
        if before is not None:
            steps[seen.wanted[0]] = motion_between(before.pattern, look.pattern)
        if with_thumbnail and len(order) // 2 in seen.wanted:
            thumbnail = order[len(order) // 2], jpeg(seen.frame, film.pixel_aspect)
        before = look
        tick(len(seen.wanted) * shot.frames / len(order))
    lost = [moment for moment, value in zip(moments, values[:, 0], strict=True) if np.isnan(value)]
    if shot.speed < 0:
        values, steps[1:] = values[::-1], steps[:0:-1].copy()
    samples = samples_in(shot.first_frame, shot.frames, rate)
    place = np.searchsorted(frames, [_frame_of(sample, rate) for sample in samples])
    return Sight(
        samples=samples,
        luminance=values[place, 0],
        colour=values[place, 1:4],
        edges=values[place, 4],
        motion=_motion(frames, values, steps, rate)[place],
        thumbnail=thumbnail,
        curve=trace.curve() if trace else None,
        missing=(min(lost), max(lost)) if lost else None,
    )


class Trace:
    """Gathers the curve of motion while frames go by."""

    def __init__(self, film: Film) -> None:
        self._film = film
        self._moments, self._motion = array("d"), array("d")
        self._last: Pattern | None = None

    def add(self, moment: Fraction, pattern: Pattern) -> None:
        """Take in the next frame: when it begins, in seconds of its file, and its pattern."""
        self._motion.append(0.0 if self._last is None else motion_between(self._last, pattern))
        self._moments.append(float(moment))
        self._last = pattern

    def curve(self) -> Curve:
        """The motion between all frames taken in."""
        film = self._film
        return Curve(np.array(self._moments), np.array(self._motion), film.tolerance, float(1 / film.rate))


def _frame_of(sample: int, rate: Fraction) -> int:
    """The record frame that stands at a sample."""
    return floor(Fraction(sample, RATE) * rate)


def _record_frames(shot: Shot, rate: Fraction) -> list[int]:
    """Record frames to look at: those of the samples, and the shot's edges where that leaves nothing to compare."""
    frames = {_frame_of(k, rate) for k in samples_in(shot.first_frame, shot.frames, rate)}
    if len(frames) < 2:
        frames |= {shot.first_frame, shot.first_frame + shot.frames - 1}
    return sorted(frames)


def _motion(frames: Sequence[int], values: FloatArray, steps: FloatArray, rate: Fraction) -> NDArray[np.float64]:
    """Motion energy at each record frame looked at: since the one before it, for the first up to the next.

    Frames that lie nearer together than a sample are measured as if the motion went on as long.
    """
    motion = steps.copy()
    if len(frames) == 1:
        motion[0] = 0.0
    else:
        motion[0] = motion[1]
        gaps = np.diff(frames, prepend=2 * frames[0] - frames[1]) / float(rate)
        usual = max(1 / RATE, 1 / float(rate))
        motion = np.minimum(1.0, motion * np.where(gaps < 0.75 * usual, usual / gaps, 1.0))
    return np.where(np.isnan(values[:, 0]), np.nan, np.nan_to_num(motion))
