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
from heapq import merge
from math import ceil, floor
from typing import Any

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


class Viewing:
    """One shot while frames of its file go by, in the order of the file."""

    def __init__(self, shot: Shot, rate: Fraction, with_thumbnail: bool) -> None:
        """Prepare to see a shot.

        Args:
            shot: the shot.
            rate: record frames per second.
            with_thumbnail: make one, from the middle.
        """
        self.shot, self._rate = shot, rate
        self._frames = _record_frames(shot, rate)
        self._order = self._frames if shot.speed >= 0 else self._frames[::-1]
        self.moments = [moment_at(shot, frame, rate) for frame in self._order]
        """Seconds from the file's first frame at which it is to be looked at, ascending."""
        self._middle = len(self._order) // 2 if with_thumbnail else -1
        self._thumbnail: tuple[int, bytes] | None = None
        self._values, self._steps = np.full((len(self._order), _FEATURES), np.nan), np.full(len(self._order), np.nan)
        self._before: Look | None = None
        self.may_burst = bool(shot.speed) and shot.frames / rate >= BURSTS_FROM_S
        """Whether there is room for a burst of motion."""

    def show(self, wanted: Sequence[int], look: Look, frame: Any, pixel_aspect: Fraction) -> None:
        """Take in a frame and the look of it, shown at these of the moments."""
        self._values[wanted] = look.luminance, *look.colour, look.edges
        self._steps[wanted] = 0.0
        if self._before is not None:
            self._steps[wanted[0]] = motion_between(self._before.pattern, look.pattern)
        if self._middle in wanted:
            self._thumbnail = self._order[self._middle], jpeg(frame, pixel_aspect)
        self._before = look

    def sight(self, curve: Curve | None) -> Sight:
        """What was seen, in record order.

        Args:
            curve: motion between the frames that went by.
        """
        values, steps = self._values, self._steps
        lost = [moment for moment, value in zip(self.moments, values[:, 0], strict=True) if np.isnan(value)]
        if self.shot.speed < 0:
            values, steps = values[::-1], np.concatenate([steps[:1], steps[:0:-1]])
        samples = samples_in(self.shot.first_frame, self.shot.frames, self._rate)
        place = np.searchsorted(self._frames, [_frame_of(sample, self._rate) for sample in samples])
        return Sight(
            samples=samples,
            luminance=values[place, 0],
            colour=values[place, 1:4],
            edges=values[place, 4],
            motion=_motion(self._frames, values, steps, self._rate)[place],
            thumbnail=self._thumbnail,
            curve=curve,
            missing=(lost[0], lost[-1]) if lost else None,
        )


def see(film: Film, viewings: Sequence[Viewing], tick: Callable[[float], None]) -> list[Sight]:
    """Read the frames of one or more shots of a file in one go: best for shots that overlap in the file.

    Args:
        film: the file.
        viewings: the shots.
        tick: called with the record frames got through since the last call.
    """
    eye = Eye()
    trace = Trace(film) if any(one.may_burst for one in viewings) else None
    wanted = list(merge(*([(moment, v, i) for i, moment in enumerate(one.moments)] for v, one in enumerate(viewings))))
    for seen in film.frames([moment for moment, _, _ in wanted]):
        if trace:
            trace.add(seen.moment, eye.glimpse(seen.frame))
        if not seen.wanted:
            continue
        look = eye.look(seen.frame)
        shown: dict[int, list[int]] = {}
        for place in seen.wanted:
            _, number, index = wanted[place]
            shown.setdefault(number, []).append(index)
        for number, indices in shown.items():
            one = viewings[number]
            one.show(indices, look, seen.frame, film.pixel_aspect)
            tick(len(indices) * one.shot.frames / len(one.moments))
    curve = trace.curve() if trace else None
    return [one.sight(curve if one.may_burst else None) for one in viewings]


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
