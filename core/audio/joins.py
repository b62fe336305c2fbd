"""A take with its files open, and how one of its stems goes from what it holds to new sound and back.

Conventions
    A hole is the samples from `first` to before `last`; positions are samples from the start of the cue. Audio is
    float32, shape [samples, 2], full scale 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.crossfade import Fade, Reader
from core.audio.files import FULL_SCALE, HIGHEST, Samples, WavReader, as_audio, quantised
from core.brief import Audio, StemName
from core.errors import UnusableInput


@dataclass(frozen=True)
class Kept:
    """The take that is changed, its files open."""

    stems: Mapping[StemName, WavReader]
    mix: WavReader
    first: int
    last: int
    samples: int
    rate: int


@dataclass(frozen=True)
class Join:
    """How one stem goes from old to new and back."""

    old: WavReader
    new: Reader
    fades: tuple[Fade, ...]

    def parts(self, start: int, stop: int) -> tuple[Audio, Audio]:
        """Old and new, both as they are weighted, from `start` to `stop` inside the hole; shape [stop - start, 2]."""
        old, new = np.zeros((stop - start, 2), np.float32), self.new(start, stop).copy()
        for fade, lower, upper in self._fading(start, stop):
            piece, weights = slice(lower - start, upper - start), slice(lower - fade.first, upper - fade.first)
            old[piece] = fade.old[weights] * as_audio(self.old.read(lower, upper))
            new[piece] *= fade.new[weights]
        return old, new

    def samples(self, start: int, stop: int, gain: NDArray[np.float32] | np.float32) -> Samples:
        """The stem inside the hole, the new turned down by a gain of shape [stop - start, 1] or one ratio."""
        new = self.new(start, stop)
        joined = quantised(new, gain)
        for fade, lower, upper in self._fading(start, stop):
            piece, weights = slice(lower - start, upper - start), slice(lower - fade.first, upper - fade.first)
            levelled = (new * gain)[piece].astype(np.float64) * FULL_SCALE
            both = fade.old[weights] * self.old.read(lower, upper) + fade.new[weights] * levelled
            joined[piece] = np.rint(both)
        return np.clip(joined, -FULL_SCALE, HIGHEST, out=joined)

    def _fading(self, start: int, stop: int) -> Iterator[tuple[Fade, int, int]]:
        """Each fade with the part of it that lies between `start` and `stop`."""
        for fade in self.fades:
            lower, upper = max(start, fade.first), min(stop, fade.last)
            if lower < upper:
                yield fade, lower, upper


def opened(kept: Mapping[StemName, Path], mix: Path, first: int, last: int, sample_rate: int, stack: ExitStack) -> Kept:
    opened = stack.enter_context(WavReader(mix))
    samples = opened.samples
    if not 0 <= first < last <= samples:
        raise ValueError(f"the hole from {first} to {last} does not lie inside of {samples} samples")
    opened_file(mix, sample_rate, samples, stack)
    stems = {name: opened_file(path, sample_rate, samples, stack) for name, path in kept.items()}
    return Kept(stems, opened, first, last, samples, sample_rate)


def opened_file(path: Path, sample_rate: int, samples: int, stack: ExitStack) -> WavReader:
    """A file of the cue, which has this rate and length."""
    reader = stack.enter_context(WavReader(path))
    if reader.sample_rate != sample_rate or reader.samples != samples:
        raise UnusableInput(
            f"This file has {reader.samples} samples at {reader.sample_rate} Hz, the cue {samples} at {sample_rate} Hz",
            str(path),
            "Use another take.",
        )
    return reader


def file_reader(reader: WavReader) -> Reader:
    """Reads sound of another take."""
    return lambda start, stop: as_audio(reader.read(start, stop))
