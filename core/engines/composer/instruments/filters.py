"""Spectral shapes: gains over frequency, for partials and for noise.

A filter here is a gain per frequency in hertz, applied where a sound is made of partials or of a noise spectrum, so
that filtering costs nothing per sample and never rings before an onset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.floating[Any]]
"""Gains or frequencies, shape [partials]."""


def low_pass(frequency: Curve, corner: float, order: int = 2) -> Curve:
    """Butterworth magnitude: 1 far below `corner`, 6 dB per octave and order above."""
    gain: Curve = 1 / np.sqrt(1 + (frequency / corner) ** (2 * order))
    return gain


def high_pass(frequency: Curve, corner: float, order: int = 2) -> Curve:
    """Butterworth magnitude: 1 far above `corner`."""
    gain: Curve = 1 / np.sqrt(1 + (corner / np.maximum(frequency, 1e-3)) ** (2 * order))
    return gain


def peak(frequency: Curve, centre: float, quality: float, decibels: float) -> Curve:
    """A resonance of `decibels` at `centre`; `quality` is centre over bandwidth."""
    away = quality * (frequency / centre - centre / np.maximum(frequency, 1e-3))
    gain: Curve = 10 ** (decibels / 20 / (1 + away**2))
    return gain


@dataclass(frozen=True)
class Tone:
    """A spectral shape as plain data, so that what was filtered by it can be remembered by it."""

    low: float = 20.0
    """High-pass corner in hertz."""
    high: float = 20_000.0
    """Low-pass corner in hertz."""
    order: int = 2
    peaks: tuple[tuple[float, float, float], ...] = ()
    """Resonances: (centre in hertz, quality, decibels)."""
    tilt: float = 0.0
    """Decibels per octave, 0 dB at 1 kHz."""

    def gain(self, frequency: Curve) -> Curve:
        """Gain at each frequency."""
        gain = high_pass(frequency, self.low, self.order) * low_pass(frequency, self.high, self.order)
        for centre, quality, decibels in self.peaks:
            gain = gain * peak(frequency, centre, quality, decibels)
        if self.tilt:
            gain = gain * (np.maximum(frequency, 20.0) / 1000) ** (self.tilt / 6.0206)
        return gain


def loudness_weight(frequency: Curve) -> Curve:
    """Magnitude of the K-weighting of ITU-R BS.1770, close enough to even out the registers of an instrument."""
    shelf = 1 + 0.585 * (frequency / 1650) ** 4 / (1 + (frequency / 1650) ** 4)
    weight: Curve = shelf * high_pass(frequency, 38.0, 2)
    return weight


def glide(cutoff: NDArray[np.float32], dark: float, bright: float, layers: int) -> NDArray[np.float32]:
    """Weights that move between filtered layers so that their sum follows `cutoff`, shape [layers, samples].

    Args:
        cutoff: hertz, shape [samples].
        dark: low-pass corner of the first layer in hertz.
        bright: that of the last; those between lie in equal ratios.
        layers: how many, at least two.
    """
    step = np.log2(bright / dark) / (layers - 1)
    place = np.log2(cutoff) * np.float32(1 / step) - np.float32(np.log2(dark) / step)
    np.clip(place, 0, layers - 1, out=place)
    weights = np.empty((layers, len(cutoff)), dtype=np.float32)
    for layer in range(layers):
        np.maximum(np.float32(1) - np.abs(place - np.float32(layer)), np.float32(0), out=weights[layer])
    return weights
