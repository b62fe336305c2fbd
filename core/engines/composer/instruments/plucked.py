"""Plucked strings: pizzicato, harp, guitars and the upright bass's string.

The string is an extended Karplus-Strong loop: a delay of one period with a damping filter, struck at a pick position.
The loop is linear, so it is played as the modes it has: each harmonic decays as often as it passes the damping filter,
the pick position cancels the harmonics that have a node there, and the delay is as fractional as the pitch asks for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.engines.composer.instruments.envelopes import fall, held_time, let_go
from core.engines.composer.instruments.filters import Curve, Tone, high_pass, low_pass, peak
from core.engines.composer.instruments.loops import noise
from core.engines.composer.instruments.modes import Modes, decay_of, ring
from core.engines.composer.instruments.stroke import Instrument, Sound, Stroke

_LOOP_RATE = 44_100.0
"""Sample rate of the Karplus-Strong loop whose damping filter is modelled: the sound is the same at every rate."""


@dataclass(frozen=True)
class Pluck:
    """A string, the finger that plucks it and the body it stands on."""

    pick: float
    """Where it is plucked, as a share of its length."""
    seconds: float
    """Time to fall by 60 dB of the lowest harmonic on middle C."""
    shrink: float
    """Octaves of pitch that halve that time."""
    damping: float
    """0 to 0.5: the loop filter's share of the neighbouring sample; more is duller with time."""
    loss: float
    """Nepers per second and kilohertz lost inside the string and to the air."""
    corner: float
    """Brightness of the softest pluck on middle C, hertz."""
    opening: float
    """Octaves that a full pluck adds."""
    body: tuple[tuple[float, float, float], ...]
    """Resonances of the body: (hertz, quality, decibels)."""
    noise: float
    """Level of the finger's noise."""
    release: float
    """Seconds to fall by 60 dB once it is damped."""
    stiffness: float = 0.00003
    players: int = 1
    """More than one is a section: slightly detuned, slightly apart."""


def pluck(stroke: Stroke, string: Pluck, width: float = 0.25) -> Sound:
    """The string, as long as it is held and then damped, shape [2, samples]."""
    modes = _loop_modes(stroke, string, width).even()
    seconds = min(float(np.log(1000) / modes.decay.min()), 7.0)
    time, held = held_time(stroke, string.release, shortest=0.05)
    time = time[: stroke.samples(seconds)]
    sound = ring(modes, len(time), stroke.sample_rate) * let_go(time, held, string.release)
    tap = noise(Tone(300, 1500 + 5000 * stroke.velocity, 1), stroke.samples(0.018), stroke.sample_rate, stroke.rng)
    tap = tap * (fall(stroke.time(tap.shape[1]), 0.018) * np.float32(string.noise * (0.4 + stroke.velocity)))
    count = min(tap.shape[1], sound.shape[1])
    sound[:, :count] += tap[:, :count]
    return sound


def _loop_modes(stroke: Stroke, string: Pluck, width: float) -> Modes:
    """The modes of the Karplus-Strong loop of every player."""
    rng = stroke.rng
    frequency = stroke.frequency
    count = max(1, int(min(90, 0.95 * stroke.nyquist / frequency)))
    number = np.arange(1, count + 1, dtype=float)
    partial = frequency * number * np.sqrt((1 + string.stiffness * number**2) / (1 + string.stiffness))
    seconds = string.seconds * 2 ** (-(stroke.pitch - 60) / 12 / string.shrink)
    angle = np.minimum(2 * np.pi * partial / _LOOP_RATE, np.pi)
    share = string.damping
    loss = np.sqrt((1 - share) ** 2 + share**2 + 2 * share * (1 - share) * np.cos(angle))
    decay = decay_of(seconds) - frequency * np.log(np.maximum(loss, 1e-3)) + string.loss * partial / 1000
    corner = string.corner * 2 ** (string.opening * stroke.velocity) * 2 ** (0.5 * (stroke.pitch - 60) / 12)
    level: Curve = low_pass(partial, corner, 1) * high_pass(partial, 60, 1) / number**0.6
    for centre, quality, decibels in string.body:
        level = level * peak(partial, centre, quality, decibels)
    frequencies, decays, amplitudes, phases = [], [], [], []
    for player in range(string.players):
        place = width * (rng.uniform(-1, 1) if string.players == 1 else 2 * player / (string.players - 1) - 1)
        pick = string.pick * rng.uniform(0.93, 1.07)
        excited = level * np.sin(np.pi * number * pick) * rng.uniform(0.85, 1.15, count)
        cents = rng.normal(0, 4.0) if string.players > 1 else rng.normal(0, 0.7)
        frequencies.append(partial * 2 ** (cents / 1200))
        decays.append(decay * rng.uniform(0.92, 1.08))
        spread = 0.12 * rng.uniform(-1, 1, count)
        amplitudes.append(np.stack((excited * (1 - place - spread), excited * (1 + place + spread))))
        phases.append(rng.uniform(-2.2, 2.2, count))  # the body scatters what the finger releases at once
    return Modes(
        np.concatenate(frequencies),
        np.concatenate(decays),
        np.concatenate(amplitudes, axis=1),
        np.concatenate(phases),
    ).below(stroke.nyquist)


_VIOLINS = ((290, 3, 5), (480, 3, 3), (1100, 1.5, 2), (2600, 1.0, 2))
_HARP = ((180, 1.2, 3), (420, 1.5, 2))
_GUITAR = ((105, 4, 5), (205, 4, 6), (410, 3, 3), (2300, 1, 2))

_PIZZICATO = Pluck(0.19, 0.6, 2.6, 0.1, 6.0, 700, 2.3, _VIOLINS, 0.16, 0.25, players=3)
_HARP_STRING = Pluck(0.3, 3.2, 1.5, 0.02, 1.2, 900, 2.2, _HARP, 0.06, 0.9)
_GUITAR_STRING = Pluck(0.16, 2.8, 2.0, 0.025, 2.0, 1300, 2.4, _GUITAR, 0.14, 0.18)
_MUTED_STRING = Pluck(0.12, 0.32, 3.0, 0.15, 8.0, 1000, 2.2, _GUITAR, 0.22, 0.12)


def pizzicato(stroke: Stroke) -> Sound:
    """Three desks of strings, plucked: short and woody."""
    return pluck(stroke, _PIZZICATO, width=0.4)


def harp(stroke: Stroke) -> Sound:
    """A harp: round, plucked near the middle, ringing on."""
    return pluck(stroke, _HARP_STRING)


def guitar(stroke: Stroke) -> Sound:
    """A nylon guitar."""
    return pluck(stroke, _GUITAR_STRING)


def guitar_muted(stroke: Stroke) -> Sound:
    """A guitar under the palm: short and dark."""
    return pluck(stroke, _MUTED_STRING)


PLUCKED: tuple[Instrument, ...] = (
    Instrument("pizzicato", "plucked", pizzicato, 36, 96, True, 0.25, 45),
    Instrument("harp", "plucked", harp, 24, 103, True, 0.9, 46),
    Instrument("guitar", "plucked", guitar, 40, 84, True, 0.2, 24),
    Instrument("guitar_muted", "plucked", guitar_muted, 40, 84, True, 0.15, 28),
)
