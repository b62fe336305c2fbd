"""Synthesisers: supersaw, arpeggio, pluck, pads and a soft lead."""

from __future__ import annotations

import numpy as np

from core.engines.composer.instruments.ensembles import Ensemble, loop_of, sustain
from core.engines.composer.instruments.envelopes import charge, fall, held_time, let_go, rise, settle, wander
from core.engines.composer.instruments.filters import Tone, loudness_weight
from core.engines.composer.instruments.loops import cut, noise
from core.engines.composer.instruments.oscillators import harmonics, late_vibrato, phase_of, turns_of
from core.engines.composer.instruments.stroke import Instrument, Sound, Stroke

_STACK = Ensemble(
    voices=7, cents=14, dark=600, bright=7000, layers=4, slope=2, width=1.0, track=0.3, body=Tone(110, 15_000, 1)
)
_ARP = Ensemble(voices=2, cents=5, dark=450, bright=5500, layers=4, slope=2, width=0.6, track=0.5, seconds=1.4)
_PLUCK = Ensemble(
    voices=3, cents=8, dark=500, bright=6000, layers=4, slope=2, width=0.7, tilt=1.2, even=0.35, seconds=1.4
)
_WARM = Ensemble(voices=6, cents=9, dark=350, bright=2600, slope=1, width=1.0, tilt=1.15, seconds=3.6, track=0.4)
_DARK = Ensemble(voices=5, cents=10, dark=220, bright=1300, slope=2, width=1.0, tilt=1.0, seconds=3.6, track=0.4)
_SHIMMER = Ensemble(
    voices=7, cents=11, dark=700, bright=8000, slope=1, width=1.0, tilt=1.25, octave=1.6, seconds=3.6,
    body=Tone(160, 14_000, 1, peaks=((4500, 0.8, 5),)),
)  # fmt: skip
_GRAINS = Ensemble(voices=4, cents=7, dark=900, bright=3500, slope=1, width=1.0, tilt=1.3, octave=0.8, seconds=2.6)


def supersaw(stroke: Stroke) -> Sound:
    """Seven detuned saws; the filter opens on the attack and breathes."""
    time, held = held_time(stroke, 0.2, shortest=0.08)
    envelope = charge(time, 0.006) * settle(time, 0.5, 0.8) * let_go(time, held, 0.2)
    opened = np.float32(1.2 + 2.4 * stroke.velocity) * (np.float32(0.7) + np.float32(0.3) * fall(time, 1.2))
    cutoff = np.float32(600) * np.exp2(opened + np.float32(0.2) * wander(time, 0.3, stroke.rng))
    return sustain(_STACK, stroke, envelope, cutoff)


def arp(stroke: Stroke) -> Sound:
    """A tight pulse for arpeggios: two saws, a filter that snaps shut."""
    time, held = held_time(stroke, 0.16, shortest=0.06)
    envelope = charge(time, 0.003) * settle(time, 0.25, 0.35) * let_go(time, held, 0.16)
    cutoff = np.float32(480) * np.exp2(np.float32(0.8 + 3.2 * stroke.velocity) * fall(time, 0.6))
    return sustain(_ARP, stroke, envelope, cutoff)


def pluck_synth(stroke: Stroke) -> Sound:
    """A hollow pluck that dies away by itself within a second."""
    time, held = held_time(stroke, 0.3, shortest=0.25)
    time = time[: stroke.samples(1.3)]
    envelope = charge(time, 0.002) * fall(time, 1.2) * let_go(time, held, 0.3)
    cutoff = np.float32(500) * np.exp2(np.float32(0.9 + 3.0 * stroke.velocity) * fall(time, 0.5))
    return sustain(_PLUCK, stroke, envelope, cutoff)


def _pad(stroke: Stroke, ensemble: Ensemble, attack: float, release: float, base: float, opening: float) -> Sound:
    """A pad whose filter drifts slowly; it enters over `attack` seconds, shorter when played harder or briefly."""
    time, held = held_time(stroke, release, shortest=0.2)
    attack = min(attack * (1.25 - 0.5 * stroke.velocity), 0.6 * held)
    envelope = rise(time, attack) * let_go(time, held, release)
    envelope *= 1 + np.float32(0.06) * wander(time, 0.25, stroke.rng)
    drift = np.float32(0.35) * wander(time, 0.13, stroke.rng)
    cutoff = np.float32(base) * np.exp2(
        np.float32(opening * stroke.velocity) * (0.6 + np.float32(0.4) * rise(time, 2 * attack)) + drift
    )
    return sustain(ensemble, stroke, envelope, cutoff)


def pad_warm(stroke: Stroke) -> Sound:
    """A warm pad; it enters over about 0.35 s."""
    return _pad(stroke, _WARM, 0.35, 0.9, 420, 2.3)


def pad_dark(stroke: Stroke) -> Sound:
    """A dark pad; it enters over about 0.6 s."""
    return _pad(stroke, _DARK, 0.6, 1.2, 240, 2.2)


def pad_shimmer(stroke: Stroke) -> Sound:
    """A bright pad with its octave and air; it enters over about 0.5 s."""
    sound = _pad(stroke, _SHIMMER, 0.5, 1.3, 800, 2.8)
    time = stroke.time(sound.shape[1])
    level = rise(time, 0.7) * let_go(time, stroke.seconds, 1.0) * np.float32(0.035 + 0.05 * stroke.velocity)
    return sound + noise(Tone(5000, 11_000), len(time), stroke.sample_rate, stroke.rng) * level


def pad_granular(stroke: Stroke) -> Sound:
    """A cloud of grains, 80 to 260 ms each, scattered over time and place; it forms over about 0.3 s."""
    time, held = held_time(stroke, 0.9, shortest=0.3)
    loop = loop_of(_GRAINS, stroke)
    samples = len(time)
    sound = np.zeros((2, samples), dtype=np.float32)
    rng = stroke.rng
    bright = np.float32(0.2 + 0.8 * stroke.velocity)
    source = loop[0] * (1 - bright) + loop[1] * bright
    for start in np.cumsum(rng.uniform(0.02, 0.07, int(samples / stroke.sample_rate / 0.045))):
        first = int(start * stroke.sample_rate) - stroke.samples(0.05)
        length = stroke.samples(float(rng.uniform(0.08, 0.26)))
        where, place, level = rng.integers(source.shape[-1]), rng.uniform(0, np.pi / 2), rng.uniform(0.4, 1.0)
        window = _window(length) * np.float32(level)
        skip = max(0, -first)
        stop = min(length, samples - first)
        if stop <= skip:
            continue
        grain = cut(source, int(where), length)[:, skip:stop] * window[skip:stop]
        sound[0, first + skip : first + stop] += grain[0] * np.float32(np.cos(place))
        sound[1, first + skip : first + stop] += grain[1] * np.float32(np.sin(place))
    under = np.float32(0.5) * cut(loop[0], int(rng.integers(loop.shape[-1])), samples)
    return np.asarray((sound + under) * (rise(time, min(0.3, 0.5 * held)) * let_go(time, held, 0.9)), dtype=np.float32)


def _window(length: int) -> Sound:
    """A smooth grain, shape [length]."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length, dtype=np.float32) / length)).astype(np.float32)


def lead_soft(stroke: Stroke) -> Sound:
    """A soft lead: few harmonics, late vibrato, two voices a breath apart; it speaks in 20 ms."""
    time, held = held_time(stroke, 0.22, shortest=0.06)
    envelope = charge(time, 0.025) * settle(time, 0.5, 0.85) * let_go(time, held, 0.22)
    pitch = late_vibrato(stroke, time, cents=11, rate=5.3, enters=0.5, drift=2)
    bright = np.float32(0.3 + 0.4 * stroke.velocity) * (np.float32(0.75) + np.float32(0.25) * fall(time, 0.8))
    count = int(np.clip(0.95 * stroke.nyquist / stroke.frequency, 1, 20))
    number = np.arange(1, count + 1)
    amplitude = number**-0.6 * np.where(number % 2, 1.0, 0.45)
    power = np.sum((amplitude * 0.55 ** (number - 1) * loudness_weight(number * stroke.frequency)) ** 2) / 2
    amplitude = amplitude / np.sqrt(power)
    turns = turns_of(pitch, stroke.sample_rate)
    voices = [harmonics(phase_of(turns * 2 ** (cents / 1200)), amplitude, bright) for cents in (-3.0, 3.0)]
    blend = np.float32(0.15)
    left = voices[0] + blend * voices[1]
    right = voices[1] + blend * voices[0]
    return np.asarray(np.stack((left, right)) * (envelope * np.float32(0.9)), dtype=np.float32)


SYNTHS: tuple[Instrument, ...] = (
    Instrument("supersaw", "synth", supersaw, 36, 96, True, 0.2, 81),
    Instrument("arp", "synth", arp, 36, 100, True, 0.16, 80, centre=67),
    Instrument("pluck_synth", "synth", pluck_synth, 36, 100, True, 0.3, 84, centre=67),
    Instrument("pad_warm", "synth", pad_warm, 36, 96, False, 0.9, 89),
    Instrument("pad_dark", "synth", pad_dark, 28, 84, False, 1.2, 94, centre=52),
    Instrument("pad_shimmer", "synth", pad_shimmer, 40, 96, False, 1.3, 88),
    Instrument("pad_granular", "synth", pad_granular, 40, 96, False, 0.9, 99),
    Instrument("lead_soft", "synth", lead_soft, 45, 96, False, 0.22, 82, centre=72),
)
