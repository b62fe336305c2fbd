"""Basses: sub, saw, upright, electric, tuba and low arco strings. They stand in the middle; their lows are mono."""

from __future__ import annotations

import numpy as np

from core.engines.composer.instruments.ensembles import Ensemble, sustain
from core.engines.composer.instruments.envelopes import charge, fall, held_time, let_go, settle
from core.engines.composer.instruments.filters import Curve, Tone, loudness_weight
from core.engines.composer.instruments.loops import noise
from core.engines.composer.instruments.oscillators import harmonics, late_vibrato, phase_of, turns_of
from core.engines.composer.instruments.plucked import Pluck, pluck
from core.engines.composer.instruments.stroke import Instrument, Sound, Stroke


def bass_sub(stroke: Stroke) -> Sound:
    """A sine with a little second and third harmonic, so that small speakers hear it too; attack 4 ms."""
    time, held = held_time(stroke, 0.09, shortest=0.05)
    envelope = charge(time, 0.004) * settle(time, 0.5, 0.75) * let_go(time, held, 0.09)
    phase = phase_of(turns_of(np.full(len(time), stroke.frequency, dtype=np.float32), stroke.sample_rate))
    edge = np.float32(0.05 + 0.3 * stroke.velocity)
    sound = np.sin(phase) + edge * np.float32(0.5) * np.sin(2 * phase) + edge * np.float32(0.3) * np.sin(3 * phase)
    weight = np.sqrt(float(loudness_weight(np.array([stroke.frequency]))[0] ** 2))
    return np.asarray((sound * envelope)[None] / np.float32(weight), dtype=np.float32)


_SAW = Ensemble(voices=3, cents=7, dark=110, bright=2600, layers=4, slope=2, width=0.25, track=0.6, seconds=1.4)


def bass_saw(stroke: Stroke) -> Sound:
    """Detuned saws through a filter that snaps shut; a harder stroke opens it further."""
    time, held = held_time(stroke, 0.1, shortest=0.05)
    envelope = charge(time, 0.003) * settle(time, 0.4, 0.8) * let_go(time, held, 0.1)
    opened = np.float32(0.6 + 3.4 * stroke.velocity)
    cutoff = np.float32(170) * np.exp2(opened * fall(time, 0.9) + np.float32(0.5))
    return sustain(_SAW, stroke, envelope, cutoff)


_UPRIGHT = Pluck(
    0.22,
    1.8,
    2.4,
    0.1,
    11.0,
    420,
    2.6,
    ((75, 2, 3), (110, 3, 4), (230, 2, 3), (700, 1, 2)),
    0.14,
    0.14,
    stiffness=0.00006,
)
_ELECTRIC = Pluck(0.14, 2.8, 2.2, 0.04, 4.5, 650, 2.4, ((95, 1.5, 2), (900, 1, 3)), 0.08, 0.1, stiffness=0.00008)


def bass_pluck(stroke: Stroke) -> Sound:
    """An upright bass under the finger: round, woody, gone before the next beat."""
    return pluck(stroke, _UPRIGHT, width=0.0)


def bass_electric(stroke: Stroke) -> Sound:
    """A fingered electric bass: even, long."""
    return pluck(stroke, _ELECTRIC, width=0.0)


def bass_tuba(stroke: Stroke) -> Sound:
    """A tuba: brightness follows the breath; it speaks within 25 ms."""
    time, held = held_time(stroke, 0.12, shortest=0.08)
    breath = charge(time, 0.03) * settle(time, 0.25, 0.8)
    envelope = breath * let_go(time, held, 0.12)
    pitch = late_vibrato(stroke, time, cents=5, rate=4.8, enters=0.7)
    bright = np.float32(0.42 + 0.36 * stroke.velocity) * (np.float32(0.45) + np.float32(0.55) * breath)
    count = int(min(24, stroke.nyquist / stroke.frequency))
    number = np.arange(1, count + 1)
    amplitude = Tone(40, 1400, 1, peaks=((230, 1, 5), (420, 1.5, 3))).gain(number * stroke.frequency)
    sound = harmonics(phase_of(turns_of(pitch, stroke.sample_rate)), _even(amplitude, stroke), bright) * envelope
    spit = noise(Tone(200, 1100), stroke.samples(0.05), stroke.sample_rate, stroke.rng)
    sound[: spit.shape[1]] += (
        spit[0, : len(sound)] * fall(stroke.time(spit.shape[1]), 0.05)[: len(sound)] * np.float32(0.12)
    )
    return sound[None]


def _even(amplitude: Curve, stroke: Stroke) -> Curve:
    """Harmonics scaled to unit K-weighted power at middling brightness."""
    number = np.arange(len(amplitude))
    weight = loudness_weight((number + 1) * stroke.frequency)
    even: Curve = amplitude / np.sqrt(np.sum((amplitude * 0.65**number * weight) ** 2) / 2)
    return even


_ARCO = Ensemble(
    voices=6, cents=6, dark=350, bright=2400, vibrato=6, width=0.5, track=0.3, seconds=2.0,
    body=Tone(35, 9000, 1, peaks=((110, 1.5, 3), (250, 2, 3), (620, 1.5, 2))),
)  # fmt: skip


def bass_strings(stroke: Stroke) -> Sound:
    """Double basses and cellos, bowed with a bite: heard within 5 ms, full after 60 ms."""
    time, held = held_time(stroke, 0.16, shortest=0.08)
    envelope = charge(time, 0.05) * settle(time, 0.5, 0.8) * let_go(time, held, 0.16)
    bite = np.float32(1.0) + np.float32(0.8) * fall(time, 0.16)
    cutoff = np.float32(420 * 2 ** (2.2 * stroke.velocity)) * bite
    sound = sustain(_ARCO, stroke, envelope, cutoff)
    rosin = noise(Tone(900, 3500), sound.shape[1], stroke.sample_rate, stroke.rng)
    return sound + rosin * (envelope * (np.float32(0.015) + np.float32(0.1) * fall(time, 0.06)))


BASSES: tuple[Instrument, ...] = (
    Instrument("bass_sub", "bass", bass_sub, 24, 55, True, 0.09, 39, centre=36, variants=1),
    Instrument("bass_saw", "bass", bass_saw, 24, 60, True, 0.1, 38, centre=36),
    Instrument("bass_pluck", "bass", bass_pluck, 28, 60, True, 0.14, 32, centre=36, variants=3),
    Instrument("bass_electric", "bass", bass_electric, 28, 62, True, 0.1, 33, centre=36),
    Instrument("bass_tuba", "bass", bass_tuba, 26, 58, False, 0.12, 58, centre=36),
    Instrument("bass_strings", "bass", bass_strings, 24, 60, True, 0.16, 43, centre=36),
)
