"""How loud, and how bright, over the time of one note. All curves are float32 of shape [samples]."""

from __future__ import annotations

import numpy as np

from core.engines.composer.instruments.stroke import Sound, Stroke

_SILENCE = np.log(1000.0)
"""Nepers in 60 dB: lengths of decays are given as the time to fall by 60 dB."""


def fall(time: Sound, seconds: float) -> Sound:
    """Exponential decay from 1 that has fallen by 60 dB after `seconds`."""
    return np.asarray(np.exp(time * np.float32(-_SILENCE / seconds)), dtype=np.float32)


def rise(time: Sound, seconds: float) -> Sound:
    """Attack from 0 that arrives at 1 after `seconds` and stays: half a cosine, so neither edge clicks."""
    part = np.minimum(time / np.float32(seconds), np.float32(1))
    return np.asarray(np.float32(0.5) - np.float32(0.5) * np.cos(np.float32(np.pi) * part), dtype=np.float32)


def charge(time: Sound, seconds: float) -> Sound:
    """Attack that is steepest at its start, as air or a bow speaks; 95 % after `seconds`."""
    return np.asarray(np.float32(1) - np.exp(time * np.float32(-3 / seconds)), dtype=np.float32)


def let_go(time: Sound, held: float, release: float) -> Sound:
    """1 while the key is held, then an exponential fall by 60 dB in `release` seconds."""
    return np.asarray(
        np.exp(np.maximum(time - np.float32(held), np.float32(0)) * np.float32(-_SILENCE / release)), dtype=np.float32
    )


def settle(time: Sound, seconds: float, floor: float) -> Sound:
    """From 1 down to `floor`, most of the way (95 %) after `seconds`: the decay to a sustain."""
    return np.asarray(
        np.float32(floor) + np.float32(1 - floor) * np.exp(time * np.float32(-3 / seconds)), dtype=np.float32
    )


def approach(time: Sound, end: float, decibels: float) -> Sound:
    """Growth that is straight in decibels and reaches 1 at `end`; it starts `decibels` below."""
    return np.asarray(
        np.exp((time / np.float32(end) - np.float32(1)) * np.float32(decibels / 20 * np.log(10))), dtype=np.float32
    )


def held_time(stroke: Stroke, release: float, shortest: float = 0.0) -> tuple[Sound, float]:
    """The time axis of a note that is held and let go, and how long it is held: at least `shortest` seconds."""
    held = max(stroke.seconds, shortest)
    return stroke.time(stroke.samples(held + release)), held


def wander(time: Sound, rate: float, rng: np.random.Generator) -> Sound:
    """A slow random curve between about -1 and 1: three sines of unrelated rates around `rate` Hz."""
    curve = np.zeros_like(time)
    for factor in (0.61, 1.0, 1.47):
        phase = np.float32(rng.uniform(0, 2 * np.pi))
        curve += np.sin(time * np.float32(2 * np.pi * rate * factor) + phase)
    return curve / np.float32(2.2)
