"""Hammers and mallets: pianos, electric piano, marimba, vibraphone, glockenspiel, bells, celesta."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.engines.composer.instruments.envelopes import fall, held_time, let_go
from core.engines.composer.instruments.filters import Tone, high_pass, low_pass, peak
from core.engines.composer.instruments.loops import noise
from core.engines.composer.instruments.modes import Modes, decay_of, ring
from core.engines.composer.instruments.oscillators import phase_of, turns_of
from core.engines.composer.instruments.stroke import Instrument, Sound, Stroke

_LONGEST = 9.0
"""Seconds after which no note rings on."""


def _place(pitch: int, amount: float) -> float:
    """Where a key lies from left to right, as the player hears it: -amount to amount."""
    return float(np.clip((pitch - 60) / 36, -1, 1)) * amount


def _knock(stroke: Stroke, tone: Tone, seconds: float, level: float) -> Sound:
    """The sound of the hammer itself: a short filtered noise, shape [2, samples]."""
    samples = stroke.samples(seconds)
    sound = noise(tone, samples, stroke.sample_rate, stroke.rng)
    return sound * (fall(stroke.time(samples), seconds) * np.float32(level))


def _add(sound: Sound, extra: Sound) -> Sound:
    """`extra` laid on the start of `sound`, in place."""
    count = min(sound.shape[1], extra.shape[1])
    sound[:, :count] += extra[:, :count]
    return sound


@dataclass(frozen=True)
class Hammer:
    """What makes one piano differ from another."""

    corner: float
    """Brightness in hertz at the softest touch on middle C."""
    opening: float
    """How many octaves a full blow adds to it."""
    knock: float
    """Level of the hammer's own noise."""
    sustain: float
    """Factor on the decay times."""
    soft: float
    """Seconds in which the felt speaks; 0 is immediate."""


_CONCERT = Hammer(corner=620, opening=2.7, knock=0.16, sustain=1.0, soft=0.0)
_FELT = Hammer(corner=330, opening=1.5, knock=0.34, sustain=0.7, soft=0.004)


def _strings(stroke: Stroke, hammer: Hammer) -> Modes:
    """The modes of a key's strings: stiff, struck at an eighth of their length, two stages of decay.

    Each partial is two strings a few tenths of a cent apart: one dies quickly, one stays. They beat, slowly.
    """
    pitch, frequency = stroke.pitch, stroke.frequency
    stiffness = 0.0002 * 50 ** float(np.clip((pitch - 40) / 60, 0, 1))
    count = int(min(70, 0.9 * stroke.nyquist / frequency)) or 1
    number = np.arange(1, count + 1, dtype=float)
    partial = frequency * number * np.sqrt((1 + stiffness * number**2) / (1 + stiffness))
    corner = hammer.corner * 2 ** (hammer.opening * stroke.velocity) * 2 ** (0.45 * (pitch - 60) / 12)
    level = np.abs(np.sin(np.pi * number * 0.122)) / number**0.55
    level = level * low_pass(partial, corner, 1) * low_pass(partial, 3.2 * corner, 2) * high_pass(partial, 85, 1)
    level = level * peak(partial, 240, 0.8, 2) * peak(partial, 2600, 1, -2)
    key = np.random.default_rng(pitch)  # the same piano every time: its unevenness belongs to the key
    level = level * 10 ** (key.normal(0, 1.4, count) / 20)
    seconds = hammer.sustain * 9.5 * 2 ** (-(pitch - 45) / 15.5) / (1 + 0.16 * number**0.9 + (partial / 5200) ** 1.3)
    seconds = np.clip(seconds, 0.12, 14.0)
    drift = 2 ** (key.uniform(0.15, 0.5, count) / 1200)
    quick, late = seconds * 0.34, seconds * 1.25
    share = 0.3 * level * key.uniform(0.7, 1.2, count)
    place = _place(pitch, 0.22)
    side = 0.2 * key.choice([-1, 1], count)
    left = np.concatenate((level * (1 - place - side), share * (1 - place + side)))
    right = np.concatenate((level * (1 + place + side), share * (1 + place - side)))
    return Modes(
        np.concatenate((partial / drift, partial * drift)),
        decay_of(np.concatenate((quick, late))),
        np.stack((left, right)),
        key.uniform(-np.pi, np.pi, 2 * count),
    ).below(stroke.nyquist)


def _piano(stroke: Stroke, hammer: Hammer) -> Sound:
    modes = _strings(stroke, hammer).even()
    damper = 0.16 + 0.3 * max(0.0, (60 - stroke.pitch) / 36)
    time, held = held_time(stroke, damper if stroke.pitch < 90 else 1.0, shortest=0.06)
    longest = float(np.log(1000) / modes.decay.min()) if len(modes.decay) else 0.1
    time = time[: stroke.samples(min(longest, _LONGEST))]
    sound = ring(modes, len(time), stroke.sample_rate) * let_go(time, held, damper if stroke.pitch < 90 else 1.0)
    if hammer.soft:
        sound *= 1 - np.exp(time * np.float32(-3 / hammer.soft))
    thud = Tone(90, 420 + 900 * stroke.velocity, 1, peaks=((180, 1.5, 6),))
    return _add(sound, _knock(stroke, thud, 0.07, hammer.knock * (0.5 + stroke.velocity)))


def piano(stroke: Stroke) -> Sound:
    """A concert grand: stiff strings in pairs, brighter with force."""
    return _piano(stroke, _CONCERT)


def piano_felt(stroke: Stroke) -> Sound:
    """An upright with felt between hammers and strings, heard from close by: dark, with its mechanics."""
    sound = _piano(stroke, _FELT)
    return _add(sound, _knock(stroke, Tone(500, 2600, 1), 0.03, 0.07))


def piano_electric(stroke: Stroke) -> Sound:
    """A tine piano by frequency modulation: body 1:1, tine 1:14, both calming; force drives the body."""
    hard = stroke.velocity
    frequency = stroke.frequency
    ringing = float(np.clip(5.5 * 2 ** (-(stroke.pitch - 48) / 20), 0.7, 8))
    time, held = held_time(stroke, 0.22, shortest=0.08)
    time = time[: stroke.samples(ringing)]
    turns = turns_of(np.full(len(time), frequency, dtype=np.float32), stroke.sample_rate)
    track = 2 ** (-(stroke.pitch - 60) / 24)
    body_index = np.float32(min(1.8, (0.2 + 1.5 * hard**1.5) * track)) * (0.25 + np.float32(0.75) * fall(time, 1.6))
    phase, detuned = phase_of(turns), phase_of(turns * 2 ** (1.6 / 1200))
    left = np.sin(phase + body_index * np.sin(phase))
    right = np.sin(detuned + body_index * np.sin(detuned))
    tine = np.float32(0.0)
    ratio = min(14.0, float(int(0.8 * stroke.nyquist / frequency)))
    if ratio >= 3:
        bell = fall(time, 0.5) * np.float32((0.03 + 0.16 * hard**2) * min(1.0, track))
        tine = np.sin(phase_of(turns * ratio)) * bell
    envelope = (np.float32(0.55) * fall(time, ringing) + np.float32(0.45) * fall(time, ringing * 0.3)) * let_go(
        time, held, 0.22
    )
    turn = np.float32(0.14) * np.sin(time * np.float32(2 * np.pi * 4.6) + np.float32(stroke.rng.uniform(0, 6.28)))
    sound = np.stack(((left + tine) * (1 + turn), (right + tine) * (1 - turn))) * envelope
    return _add(sound, _knock(stroke, Tone(200, 900 + 1500 * hard, 1), 0.025, 0.05 + 0.05 * hard))


def _bar(
    stroke: Stroke, ratios: tuple[float, ...], levels: tuple[float, ...], lengths: tuple[float, ...], seconds: float
) -> Modes:
    """Modes of a tuned bar; a harder mallet wakes the upper ones. `lengths` are relative to `seconds` of the lowest."""
    ratio, level, length = np.array(ratios), np.array(levels), np.array(lengths)
    awake = level * np.where(ratio > 1.5, 0.25 + 1.1 * stroke.velocity**1.3, 1.0)
    awake = awake * (1 + stroke.rng.normal(0, 0.06, len(ratio)))
    place = _place(stroke.pitch, 0.3)
    side = np.linspace(0.0, 0.18, len(ratio)) * np.where(np.arange(len(ratio)) % 2, 1, -1)
    amplitude = np.stack((awake * (1 - place - side), awake * (1 + place + side)))
    decay = decay_of(np.maximum(seconds * length, 0.02))
    return Modes(stroke.frequency * ratio, decay, amplitude).below(stroke.nyquist).even()


def _rung(stroke: Stroke, modes: Modes, release: float | None) -> Sound:
    """Modes until they are gone, or damped `release` seconds after the key is let go where that is given."""
    seconds = min(float(np.log(1000) / modes.decay.min()), _LONGEST)
    if release is None:
        return ring(modes, stroke.samples(seconds), stroke.sample_rate)
    time, held = held_time(stroke, release, shortest=0.08)
    time = time[: stroke.samples(seconds)]
    return ring(modes, len(time), stroke.sample_rate) * let_go(time, held, release)


def marimba(stroke: Stroke) -> Sound:
    """Rosewood bars tuned 1 : 4 : 9.2, soft mallets, no sustain."""
    seconds = float(np.clip(1.5 * 2 ** (-(stroke.pitch - 48) / 16), 0.25, 2.2))
    modes = _bar(stroke, (1.0, 4.0, 9.2, 16.3), (1.0, 0.3, 0.12, 0.05), (1.0, 0.35, 0.12, 0.07), seconds)
    thud = Tone(250, 900 + 2600 * stroke.velocity, 1)
    return _add(_rung(stroke, modes, None), _knock(stroke, thud, 0.02, 0.2 + 0.3 * stroke.velocity))


def vibraphone(stroke: Stroke) -> Sound:
    """Metal bars tuned 1 : 4, a motor that turns at 5 Hz, damped when let go."""
    seconds = float(np.clip(6.0 * 2 ** (-(stroke.pitch - 53) / 20), 1.2, 8.0))
    modes = _bar(stroke, (1.0, 3.99, 9.9, 16.5), (1.0, 0.22, 0.07, 0.03), (1.0, 0.4, 0.12, 0.08), seconds)
    sound = _add(_rung(stroke, modes, 0.5), _knock(stroke, Tone(400, 1200 + 2500 * stroke.velocity, 1), 0.015, 0.12))
    time = stroke.time(sound.shape[1])
    motor = np.float32(2 * np.pi * 5.1) * time + np.float32(stroke.rng.uniform(0, 6.28))
    depth = np.float32(0.22)
    return np.asarray(
        sound * np.stack((1 + depth * np.sin(motor), 1 + depth * np.sin(motor + np.float32(0.7)))), dtype=np.float32
    )


def glockenspiel(stroke: Stroke) -> Sound:
    """Small steel bars, hard mallets: 1 : 2.76 : 5.4, bright and long."""
    seconds = float(np.clip(3.2 * 2 ** (-(stroke.pitch - 79) / 20), 0.8, 4.5))
    modes = _bar(stroke, (1.0, 2.756, 5.404, 8.93), (1.0, 0.3, 0.16, 0.06), (1.0, 0.35, 0.18, 0.1), seconds)
    ping = Tone(2500, 6000 + 6000 * stroke.velocity, 1)
    return _add(_rung(stroke, modes, None), _knock(stroke, ping, 0.008, 0.1 + 0.2 * stroke.velocity))


def bells(stroke: Stroke) -> Sound:
    """Tubular bells: stretched modes around a clear strike note, a faint hum an octave below, beating slowly."""
    seconds = float(np.clip(6.0 * 2 ** (-(stroke.pitch - 60) / 24), 2.0, 8.0))
    ratios = (0.5, 1.0, 1.0014, 2.0, 2.003, 3.01, 4.16, 5.43, 6.79, 8.21)
    levels = (0.12, 0.8, 0.35, 0.55, 0.25, 0.4, 0.3, 0.2, 0.13, 0.08)
    lengths = (1.0, 0.9, 0.95, 0.7, 0.75, 0.5, 0.4, 0.3, 0.22, 0.16)
    modes = _bar(stroke, ratios, levels, lengths, seconds)
    return _add(_rung(stroke, modes, None), _knock(stroke, Tone(1500, 5000, 1), 0.012, 0.1 + 0.15 * stroke.velocity))


def celesta(stroke: Stroke) -> Sound:
    """Steel plates over wooden boxes: round, with a small glint."""
    seconds = float(np.clip(2.2 * 2 ** (-(stroke.pitch - 72) / 20), 0.5, 3.5))
    modes = _bar(stroke, (1.0, 2.0, 3.0, 4.05, 6.9), (1.0, 0.16, 0.05, 0.2, 0.06), (1.0, 0.6, 0.4, 0.25, 0.1), seconds)
    return _add(_rung(stroke, modes, 0.6), _knock(stroke, Tone(600, 2500 + 2500 * stroke.velocity, 1), 0.015, 0.12))


STRUCK: tuple[Instrument, ...] = (
    Instrument("piano", "struck", piano, 21, 108, True, 0.5, 0),
    Instrument("piano_felt", "struck", piano_felt, 28, 96, True, 0.5, 0),
    Instrument("piano_electric", "struck", piano_electric, 28, 96, True, 0.25, 4),
    Instrument("marimba", "struck", marimba, 45, 96, True, 1.5, 12, lengths="rings"),
    Instrument("vibraphone", "struck", vibraphone, 53, 89, True, 0.5, 11),
    Instrument("glockenspiel", "struck", glockenspiel, 72, 108, True, 3.2, 9, lengths="rings", centre=84),
    Instrument("bells", "struck", bells, 48, 96, True, 6.0, 14, lengths="rings", centre=72),
    Instrument("celesta", "struck", celesta, 60, 108, True, 0.6, 8, centre=72),
)
