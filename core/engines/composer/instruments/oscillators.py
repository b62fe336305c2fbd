"""Oscillators without aliasing: sines on a moving phase, and harmonics whose brightness moves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.engines.composer.instruments.filters import Curve
from core.engines.composer.instruments.stroke import Sound, Stroke

_CHUNK = 8192
"""Samples worked on at a time: small enough to stay in the fast cache."""


def turns_of(frequency: Sound, sample_rate: int) -> NDArray[np.float64]:
    """Turns since the onset of an oscillator that follows `frequency` hertz; the first sample is 0, shape [samples].

    Kept in double precision so that long notes stay in tune.
    """
    turns = np.cumsum(frequency, dtype=np.float64)
    turns -= turns[0]
    turns /= sample_rate
    return turns


def phase_of(turns: NDArray[np.float64]) -> Sound:
    """Turns as a phase in radians, wrapped to one turn, shape [samples]."""
    return ((turns - np.floor(turns)) * (2 * np.pi)).astype(np.float32)


def sine(frequency: Sound, sample_rate: int) -> Sound:
    """A sine that follows `frequency` hertz, shape [samples]."""
    return np.sin(phase_of(turns_of(frequency, sample_rate)))


def late_vibrato(stroke: Stroke, time: Sound, *, cents: float, rate: float, enters: float, drift: float = 3.0) -> Sound:
    """A frequency curve in hertz: straight at first, vibrato of `cents` in full after `enters` seconds.

    Args:
        cents: depth of the vibrato to either side.
        rate: hertz of the vibrato; it wavers by a few percent.
        enters: seconds until half of it is there.
        drift: cents of slow random drift, the unsteadiness of a player.
    """
    rate = rate * float(stroke.rng.uniform(0.95, 1.05))
    depth = np.float32(cents) / (1 + np.exp((np.float32(enters) - time) * np.float32(8 / max(enters, 0.05))))
    bend = depth * np.sin(np.float32(2 * np.pi * rate) * time + np.float32(stroke.rng.uniform(0, 6.28)))
    bend += np.float32(drift) * np.sin(np.float32(2 * np.pi * stroke.rng.uniform(0.3, 0.9)) * time)
    return np.asarray(np.float32(stroke.frequency) * np.exp2(bend / np.float32(1200)), dtype=np.float32)


def harmonics(phase: Sound, amplitude: Curve, brightness: Sound) -> Sound:
    """Sum over k of amplitude[k - 1] * brightness**(k - 1) * sin(k * phase), shape [samples].

    Each harmonic follows from the two before it, so a harmonic costs a few additions and no sine.

    Args:
        phase: radians, shape [samples].
        amplitude: of each harmonic at full brightness, shape [harmonics].
        brightness: 0 to 1, shape [samples]: how much of each harmonic is left in the next.
    """
    sound = np.empty_like(phase)
    for first in range(0, len(phase), _CHUNK):
        part = slice(first, first + _CHUNK)
        bright = brightness[part]
        turn = 2 * bright * np.cos(phase[part])
        square = bright * bright
        before, now = np.zeros_like(bright), np.sin(phase[part])
        total = np.float32(amplitude[0]) * now
        for share in amplitude[1:]:
            before, now = now, turn * now - square * before
            total += np.float32(share) * now
        sound[part] = total
    return sound
