"""Gains over time that the score asks for: dynamics, stops, the side-chain's pump and the final fade.

Every gain is worked out from absolute sample positions, so it does not matter in which blocks it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.brief import StemName
from core.engines.composer.instruments.stroke import Sound
from core.engines.composer.score import Score

STOP_SECONDS = 0.004
"""How long a stop takes to fall."""
_STOP_DB = -26.0
_RETURN_SECONDS = 0.003
_PUMP_DEPTH: dict[StemName, float] = {"harmony": 0.62, "bass": 0.35}
_PUMP_DOWN = 0.004
_PUMP_UP = 0.26
_STEP = 64


@dataclass(frozen=True)
class Automation:
    """The faders of one score."""

    score: Score
    sample_rate: int
    samples: int

    def gain(self, stem: StemName, first: int, count: int) -> Sound:
        """Gain of a stem from sample `first` on, shape [count]."""
        gain = self._level(first, count)
        for stop in self.score.stops:
            self._stop(gain, first, stop.time, stop.until)
        depth = _PUMP_DEPTH.get(stem, 0.0)
        if depth and len(self._pumps):
            gain *= self._pump(depth, first, count)
        self._fade(gain, first)
        return gain

    @cached_property
    def _pumps(self) -> np.ndarray:
        return np.sort(np.asarray(self.score.pump, dtype=float))

    def _at(self, seconds: float) -> int:
        return round(seconds * self.sample_rate)

    def _level(self, first: int, count: int) -> Sound:
        """The dynamics of the whole: straight in decibels between the score's points."""
        times, decibels = (np.array(column, dtype=float) for column in zip(*self.score.level, strict=True))
        if np.ptp(decibels) == 0:
            return np.full(count, 10 ** (decibels[0] / 20), dtype=np.float32)
        start = first // _STEP
        grid = np.arange(start, (first + count) // _STEP + 2) * _STEP
        points = 10 ** (np.interp(grid / self.sample_rate, times, decibels) / 20)
        curve: Sound = np.interp(np.arange(first, first + count), grid, points).astype(np.float32)
        return curve

    def _stop(self, gain: Sound, first: int, time: float, until: float) -> None:
        """Fall within 4 ms, and be back exactly when the music comes in again; in place."""
        fall_end, back_end = self._at(time) + self._at(STOP_SECONDS), self._at(until)
        back_start = max(fall_end, back_end - self._at(_RETURN_SECONDS))
        low = 10 ** (_STOP_DB / 20)
        here = slice(max(0, self._at(time) - first), max(0, min(len(gain), back_end - first)))
        place = np.arange(first + here.start, first + here.stop, dtype=float)
        down = np.clip((fall_end - place) / max(1, self._at(STOP_SECONDS)), 0, 1)
        up = np.clip((place - back_start) / max(1, back_end - back_start), 0, 1)
        shape = 0.5 - 0.5 * np.cos(np.pi * np.maximum(down, up))
        gain[here] *= (low + (1 - low) * shape).astype(np.float32)

    def _pump(self, depth: float, first: int, count: int) -> Sound:
        """Duck at each time of the side-chain and swell back."""
        length = self._at(_PUMP_DOWN + _PUMP_UP)
        time = np.arange(length) / self.sample_rate
        down = np.clip(time / _PUMP_DOWN, 0, 1)
        up = np.clip((time - _PUMP_DOWN) / _PUMP_UP, 0, 1)
        dip = (1 - depth * (0.5 - 0.5 * np.cos(np.pi * down)) * (0.5 + 0.5 * np.cos(np.pi * up))).astype(np.float32)
        gain = np.ones(count, dtype=np.float32)
        near = np.searchsorted(self._pumps, (first / self.sample_rate - 1, (first + count) / self.sample_rate))
        for seconds in self._pumps[near[0] : near[1]]:
            start = self._at(float(seconds)) - first
            here = slice(max(0, start), max(0, min(count, start + length)))
            gain[here] = np.minimum(gain[here], dip[here.start - start : here.stop - start])
        return gain

    def _fade(self, gain: Sound, first: int) -> None:
        """The end: half a cosine down to nothing on the very last sample; in place."""
        length = max(2, min(self.samples, self._at(self.score.fade_out)))
        start = self.samples - length
        here = slice(max(0, start - first), len(gain))
        if here.start < here.stop:
            place = np.arange(first + here.start, first + here.stop) - start
            shape = 0.5 + 0.5 * np.cos(np.pi * np.minimum(place / (length - 1), 1))
            gain[here] *= shape.astype(np.float32)
