"""Sums of decaying sines: strings, bars, bells, skins and plates as the modes they ring in.

A mode is exp((-decay + i 2 pi f) t). Cutting the time axis into rows of equal length makes the whole sum one matrix
product, phases exact and nothing aliased: some nanoseconds a sample for a hundred modes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.engines.composer.instruments.filters import Curve, loudness_weight
from core.engines.composer.instruments.stroke import Sound

_GONE = 11.5
"""Nepers (100 dB) after which a mode is left out."""
_HEARD_FIRST = 0.1
"""Seconds over which loudness is evened out."""


@dataclass(frozen=True)
class Modes:
    """Decaying sines that start at zero phase unless `phase` says otherwise."""

    frequency: Curve
    """Hertz, shape [modes]."""
    decay: Curve
    """Nepers per second, shape [modes]."""
    amplitude: Curve
    """Shape [channels, modes]."""
    phase: Curve | None = None
    """Radians, shape [modes]."""

    def below(self, top: float) -> Modes:
        """Only the modes under `top` hertz."""
        keep = self.frequency < top
        phase = None if self.phase is None else self.phase[keep]
        return Modes(self.frequency[keep], self.decay[keep], self.amplitude[:, keep], phase)

    def even(self) -> Modes:
        """Scaled so that the first 100 ms are equally loud on every pitch and with every brightness."""
        heard = (1 - np.exp(-2 * self.decay * _HEARD_FIRST)) / (2 * self.decay * _HEARD_FIRST)
        power = np.mean(np.sum(self.amplitude**2 * loudness_weight(self.frequency) ** 2 * heard, axis=1)) / 2
        return Modes(self.frequency, self.decay, self.amplitude / np.sqrt(power + 1e-12), self.phase)


def decay_of(seconds: Curve | float) -> Curve:
    """Nepers per second of a mode that falls by 60 dB in `seconds`."""
    decay: Curve = np.log(1000.0) / np.asarray(seconds, dtype=float)
    return decay


def ring(modes: Modes, samples: int, sample_rate: int) -> Sound:
    """The sound of all modes from their onset, shape [channels, samples]."""
    order = np.argsort(modes.decay)
    step = (-modes.decay + 2j * np.pi * modes.frequency)[order] / sample_rate
    start = modes.amplitude[:, order] * (1.0 if modes.phase is None else np.exp(1j * modes.phase[order]))
    columns = 2 ** int(np.clip(np.round(np.log2(max(samples, 1)) / 2), 5, 10))
    rows = -(-samples // columns)
    within = _powers(np.exp(step), columns)
    ahead = _powers(np.exp(step * columns), rows)
    sound = np.zeros((start.shape[0], rows, columns), dtype=np.float32)
    for first, last in _stretches(rows):
        alive = int(np.searchsorted(-step.real * columns * first, _GONE))
        if not alive:
            break
        left = start[:, :alive, None] * ahead[:alive, first:last]
        stacked = np.concatenate((left.real, left.imag), axis=1).astype(np.float32)
        right = np.concatenate((within[:alive].imag, within[:alive].real)).astype(np.float32)
        sound[:, first:last] = np.matmul(stacked.transpose(0, 2, 1), right)
    return np.ascontiguousarray(sound.reshape(start.shape[0], -1)[:, :samples])


def _stretches(rows: int) -> list[tuple[int, int]]:
    """Rows in stretches that double in length: modes that have died away are left out of the later ones."""
    edges = [0, *(rows >> shift for shift in (4, 3, 2, 1) if rows >> shift), rows]
    return [(a, b) for a, b in pairwise(edges) if b > a]


def _powers(base: NDArray[np.complex128], count: int) -> NDArray[np.complex128]:
    """base**0 to base**(count - 1), by doubling, shape [modes, count]."""
    powers = np.ones((len(base), count), dtype=np.complex128)
    done = 1
    factor = base
    while done < count:
        more = min(done, count - done)
        powers[:, done : done + more] = powers[:, :more] * factor[:, None]
        done += more
        factor = factor * factor
    return powers
