"""Strings: sustained, staccato, and the low section."""

from __future__ import annotations

import numpy as np

from core.engines.composer.instruments.ensembles import Ensemble, straight, sustain
from core.engines.composer.instruments.envelopes import charge, fall, held_time, let_go, rise, settle, wander
from core.engines.composer.instruments.filters import Tone
from core.engines.composer.instruments.loops import noise
from core.engines.composer.instruments.stroke import Instrument, Sound, Stroke

_BODY = Tone(60, 9500, 1, peaks=((300, 2, 3), (700, 2, 3), (1200, 1.5, 2), (2500, 1.2, 3)))
_SECTION = Ensemble(voices=9, cents=9, dark=700, bright=6000, vibrato=13, width=0.9, body=_BODY, track=0.4)
_DESKS = Ensemble(voices=7, cents=7, dark=700, bright=6500, width=0.8, body=_BODY, track=0.4, seconds=1.4)
_LOW = Ensemble(
    voices=8, cents=8, dark=450, bright=3600, vibrato=8, width=0.8, track=0.4,
    body=Tone(45, 8000, 1, peaks=((160, 1.5, 3), (320, 2, 3), (750, 1.5, 2))),
)  # fmt: skip


def strings(stroke: Stroke) -> Sound:
    """A string section: it speaks in 60 to 160 ms (harder is quicker), vibrato joins after the attack."""
    attack = 0.17 - 0.11 * stroke.velocity
    release = 0.45
    time, held = held_time(stroke, release, shortest=0.1)
    swell = np.float32(1) + np.float32(0.08) * wander(time, 0.4, stroke.rng)
    envelope = rise(time, attack) * let_go(time, held, release) * swell
    cutoff = np.float32(900 * 2 ** (2.3 * stroke.velocity)) * (
        np.float32(0.6) + np.float32(0.4) * rise(time, 2.5 * attack)
    )
    joined = rise(np.maximum(time - np.float32(0.12), np.float32(0)), 0.55)
    sound = sustain(_SECTION, stroke, envelope * np.sqrt(joined), cutoff)
    early = slice(0, stroke.samples(0.68))
    plain = sustain(straight(_SECTION), stroke, envelope[early] * np.sqrt(1 - joined[early]), cutoff[early])
    sound[:, early] += plain
    return sound + _bow(stroke, envelope * (np.float32(0.02) + np.float32(0.05) * fall(time, 0.25)))


def _bow(stroke: Stroke, level: Sound) -> Sound:
    """Hair on the strings: noise that follows `level`, shape [2, samples]."""
    hair = noise(Tone(1800, 6500), len(level), stroke.sample_rate, stroke.rng)
    return hair * level


def strings_staccato(stroke: Stroke) -> Sound:
    """Short bows: a bite within 5 ms, gone after a quarter of a second however long the key is held."""
    held = min(max(stroke.seconds, 0.07), 0.22)
    release = 0.22
    time = stroke.time(stroke.samples(held + release))
    envelope = charge(time, 0.018) * settle(time, 0.12, 0.55) * let_go(time, held, release)
    bite = np.float32(0.75) + np.float32(0.5) * fall(time, 0.12)
    cutoff = np.float32(1000 * 2 ** (2.5 * stroke.velocity)) * bite
    sound = sustain(_DESKS, stroke, envelope, cutoff)
    return sound + _bow(stroke, envelope * (np.float32(0.02) + np.float32(0.16) * fall(time, 0.05)))


def strings_low(stroke: Stroke) -> Sound:
    """Cellos and basses, detached to sustained: a bow that bites within 5 ms, then a dark, full tone."""
    time, held = held_time(stroke, 0.25, shortest=0.08)
    envelope = charge(time, 0.035) * settle(time, 0.6, 0.75) * let_go(time, held, 0.25)
    cutoff = np.float32(520 * 2 ** (2.4 * stroke.velocity)) * (np.float32(0.85) + np.float32(0.5) * fall(time, 0.2))
    sound = sustain(_LOW, stroke, envelope, cutoff)
    return sound + _bow(stroke, envelope * (np.float32(0.012) + np.float32(0.1) * fall(time, 0.05)))


BOWED: tuple[Instrument, ...] = (
    Instrument("strings", "bowed", strings, 36, 100, False, 0.45, 48, centre=64),
    Instrument("strings_staccato", "bowed", strings_staccato, 36, 100, True, 0.22, 48, centre=60, variants=3),
    Instrument("strings_low", "bowed", strings_low, 28, 67, True, 0.25, 43, centre=43),
)
