"""Brass, choir and woodwinds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.engines.composer.instruments.ensembles import Ensemble, sustain
from core.engines.composer.instruments.envelopes import charge, fall, held_time, let_go, rise, settle, wander
from core.engines.composer.instruments.filters import Curve, Tone, loudness_weight, peak
from core.engines.composer.instruments.loops import LOOPS, bake, loop_size, noise, section, weave
from core.engines.composer.instruments.oscillators import harmonics, late_vibrato, phase_of, turns_of
from core.engines.composer.instruments.stroke import Instrument, Sound, Stroke

_BELL = Tone(50, 9000, 1, peaks=((520, 1.2, 3), (1250, 1.0, 3)))
_BRASS = Ensemble(
    voices=5, cents=6, dark=450, bright=6500, layers=4, slope=2, vibrato=4, width=0.7, tilt=0.85, body=_BELL, track=0.5
)
_HORNS = Ensemble(
    voices=4, cents=5, dark=380, bright=2200, slope=2, vibrato=4, width=0.5, tilt=0.9,
    body=Tone(50, 5000, 1, peaks=((340, 1.2, 4), (750, 1.2, 2))), track=0.5,
)  # fmt: skip


def brass(stroke: Stroke) -> Sound:
    """Trombones and trumpets: they speak in 40 to 90 ms, and brighten as they grow louder."""
    attack = 0.1 - 0.06 * stroke.velocity
    time, held = held_time(stroke, 0.22, shortest=0.1)
    breath = charge(time, attack) * (np.float32(0.85) + np.float32(0.15) * rise(time, max(0.3, 0.6 * held)))
    envelope = breath * let_go(time, held, 0.22)
    cutoff = np.float32(420) * np.exp2(np.float32(3.6 * stroke.velocity) * breath * let_go(time, held, 0.6))
    return sustain(_BRASS, stroke, envelope, cutoff)


def brass_stab(stroke: Stroke) -> Sound:
    """A section's accent: tongued within 5 ms, blaring, then falling back."""
    held = min(max(stroke.seconds, 0.12), 0.9)
    time = stroke.time(stroke.samples(held + 0.2))
    breath = charge(time, 0.016) * settle(time, 0.3, 0.55)
    envelope = breath * let_go(time, held, 0.2)
    cutoff = np.float32(650) * np.exp2(np.float32(3.6 * stroke.velocity) * breath * let_go(time, held, 0.5))
    sound = sustain(_BRASS, stroke, envelope, cutoff)
    tongue = noise(Tone(500, 3500), sound.shape[1], stroke.sample_rate, stroke.rng) * fall(time, 0.04)
    return sound + tongue * np.float32(0.14 * stroke.velocity)


def horn(stroke: Stroke) -> Sound:
    """Horns: round, they speak in 60 to 110 ms."""
    attack = 0.12 - 0.06 * stroke.velocity
    time, held = held_time(stroke, 0.3, shortest=0.1)
    breath = rise(time, attack) * (np.float32(0.85) + np.float32(0.15) * rise(time, max(0.3, 0.6 * held)))
    cutoff = np.float32(400) * np.exp2(np.float32(2.4 * stroke.velocity) * breath * let_go(time, held, 0.6))
    return sustain(_HORNS, stroke, breath * let_go(time, held, 0.3), cutoff)


_OO = ((320, 5.0, 22.0), (750, 6.0, 12.0), (2500, 6.0, 2.0))
_AH = ((680, 4.0, 20.0), (1120, 5.0, 16.0), (2700, 7.0, 10.0), (3400, 8.0, 8.0))


def choir(stroke: Stroke) -> Sound:
    """Voices on "oo" that open to "ah" with force; they enter within 120 to 220 ms."""
    time, held = held_time(stroke, 0.6, shortest=0.15)
    loop = _choir_loop(stroke)
    envelope = rise(time, 0.24 - 0.12 * stroke.velocity) * let_go(time, held, 0.6)
    envelope *= 1 + np.float32(0.07) * wander(time, 0.5, stroke.rng)
    openness = np.float32(min(1.0, 0.15 + 0.95 * stroke.velocity)) * (0.4 + np.float32(0.6) * rise(time, 0.9))
    sound = weave(
        loop, int(stroke.rng.integers(loop.shape[-1])), np.stack((envelope * (1 - openness), envelope * openness))
    )
    breath = noise(Tone(1200, 6500), len(time), stroke.sample_rate, stroke.rng)
    return sound + breath * (envelope * (np.float32(0.02) + np.float32(0.05) * fall(time, 0.4)))


def _choir_loop(stroke: Stroke) -> Sound:
    """Ten singers on two vowels, shape [2 (oo, ah), 2, size]."""
    rate, pitch, frequency = stroke.sample_rate, stroke.pitch, stroke.frequency

    def make() -> Sound:
        rng = np.random.default_rng((pitch, 10))
        partials = section(frequency, 10, 11, rng, vibrato=17, width=0.9, top=min(stroke.nyquist, 9000))
        gains = []
        for vowel in (_OO, _AH):
            level: Curve = partials.number**-1.3
            for centre, quality, decibels in vowel:
                level = level * peak(partials.frequency, centre, quality, decibels)
            gains.append(level / np.sqrt(np.sum((np.abs(partials.weight[0]) * level) ** 2)))
        gains[0] = gains[0] * 0.8
        return bake(partials, np.stack(gains), loop_size(frequency, 2.6, rate), rate)

    return LOOPS.get(("choir", pitch, rate), make)


@dataclass(frozen=True)
class Reed:
    """A solo wind: its harmonics, its body, its breath."""

    even: float
    """Level of the even harmonics against the odd ones in the low register."""
    slope: float
    """Harmonic k has the level k**-slope."""
    body: Tone
    dark: float
    """What is left of each harmonic in the next at the softest breath."""
    light: float
    """How much the loudest breath adds to that."""
    breath: float
    """Level of the air."""
    air: Tone
    attack: float
    """Seconds to speak at a soft breath; half of it at a strong one."""
    vibrato: float
    """Cents, late."""
    tremor: float
    """How much the vibrato moves the level too."""


_CLARINET = Reed(
    0.12, 0.35, Tone(90, 6000, 1, peaks=((1500, 1.2, 3),)), 0.5, 0.3, 0.012, Tone(900, 5000), 0.035, 5, 0.03
)
_BASSOON = Reed(
    0.95,
    0.2,
    Tone(60, 4200, 1, peaks=((470, 2.5, 9), (1180, 2.5, 5))),
    0.58,
    0.22,
    0.015,
    Tone(500, 3200),
    0.03,
    9,
    0.05,
)
_FLUTE = Reed(0.7, 0.7, Tone(150, 7000, 1), 0.32, 0.3, 0.045, Tone(1000, 6000), 0.06, 13, 0.12)


def _reed(stroke: Stroke, reed: Reed, release: float = 0.12) -> Sound:
    """One player: few harmonics that grow with the breath, air noise, vibrato that comes late."""
    time, held = held_time(stroke, release, shortest=0.06)
    attack = reed.attack * (1.2 - 0.6 * stroke.velocity)
    breath = charge(time, attack) * settle(time, 0.3, 0.88)
    pitch = late_vibrato(stroke, time, cents=reed.vibrato, rate=5.4, enters=0.45)
    moved = (pitch / np.float32(stroke.frequency) - 1) * np.float32(1200 / np.log(2) / max(reed.vibrato, 1))
    envelope = breath * let_go(time, held, release) * (1 + np.float32(reed.tremor) * moved)
    bright = np.float32(reed.dark) + np.float32(reed.light * stroke.velocity) * breath * (
        1 + np.float32(reed.tremor) * moved
    )
    count = int(np.clip(0.95 * stroke.nyquist / stroke.frequency, 1, 26))
    number = np.arange(1, count + 1)
    high = float(np.clip((stroke.pitch - 58) / 30, 0, 1))  # the upper registers lose the hollow sound
    even = reed.even + (0.8 - reed.even) * high if reed.even < 0.8 else reed.even
    amplitude = number**-reed.slope * np.where(number % 2, 1.0, even) * reed.body.gain(number * stroke.frequency)
    power = np.sum((amplitude * 0.6 ** (number - 1) * loudness_weight(number * stroke.frequency)) ** 2) / 2
    turns = turns_of(pitch, stroke.sample_rate)
    tone = harmonics(phase_of(turns), amplitude / np.sqrt(power), np.minimum(bright, np.float32(0.97))) * envelope
    air = noise(reed.air, len(time), stroke.sample_rate, stroke.rng)
    puff = reed.breath * (0.6 + 0.8 * stroke.velocity)
    air = air * (envelope * np.float32(puff) + charge(time, 0.005) * fall(time, 0.09) * np.float32(1.6 * puff))
    place = np.float32(0.06)
    return np.asarray(np.stack((tone * (1 - place), tone * (1 + place))) + air * np.float32(0.8), dtype=np.float32)


def clarinet(stroke: Stroke) -> Sound:
    """A clarinet: odd harmonics in the low register; it speaks in 20 to 35 ms."""
    return _reed(stroke, _CLARINET)


def bassoon(stroke: Stroke) -> Sound:
    """A bassoon: a strong formant near 470 Hz; it speaks in 15 to 30 ms."""
    return _reed(stroke, _BASSOON)


def flute(stroke: Stroke) -> Sound:
    """A flute: few harmonics and air; it speaks in 35 to 60 ms."""
    return _reed(stroke, _FLUTE)


BLOWN: tuple[Instrument, ...] = (
    Instrument("brass", "blown", brass, 34, 84, False, 0.22, 61, centre=55),
    Instrument("brass_stab", "blown", brass_stab, 34, 84, True, 0.2, 61, centre=55),
    Instrument("horn", "blown", horn, 34, 77, False, 0.3, 60, centre=53),
    Instrument("choir", "blown", choir, 41, 84, False, 0.6, 52, centre=62),
    Instrument("clarinet", "blown", clarinet, 50, 91, False, 0.12, 71, centre=67),
    Instrument("bassoon", "blown", bassoon, 34, 72, False, 0.12, 70, centre=50),
    Instrument("flute", "blown", flute, 59, 96, False, 0.12, 73, centre=74),
)
