"""Effects: what leads into a moment, what marks it, and colours between.

The end of a note is the moment for `riser`, `reverse_cymbal` and `sub_swell`; a `whoosh` is loudest three quarters
through and has passed at its end; all others start on their moment. Pitched effects are in tune with their pitch.
"""

from __future__ import annotations

import numpy as np

from core.engines.composer.instruments.cymbals import crash
from core.engines.composer.instruments.ensembles import Ensemble, sustain
from core.engines.composer.instruments.envelopes import approach, charge, fall, held_time, let_go, rise, settle, wander
from core.engines.composer.instruments.filters import Tone
from core.engines.composer.instruments.loops import noise
from core.engines.composer.instruments.modes import Modes, decay_of, ring
from core.engines.composer.instruments.oscillators import phase_of, sine, turns_of
from core.engines.composer.instruments.stroke import Instrument, Sound, Stroke, half_cosine

_BANDS = (180.0, 360.0, 720.0, 1440.0, 2880.0, 5760.0, 11_520.0)
"""Edges of the octave bands that moving noise is made of, hertz."""


def _moving_noise(stroke: Stroke, centre: Sound, spread: float) -> Sound:
    """Noise in a band around `centre` hertz (shape [samples]) that is `spread` octaves wide, shape [2, samples]."""
    octave = np.log2(centre)
    sound = np.zeros((2, len(centre)), dtype=np.float32)
    for low in _BANDS:
        away = (octave - np.float32(np.log2(low * 1.4))) / np.float32(spread)
        band = noise(Tone(low, low * 2, 3), len(centre), stroke.sample_rate, stroke.rng)
        sound += band * np.exp(-away * away)
    return sound


def impact(stroke: Stroke) -> Sound:
    """A great door: sub drop, burst and a long dark tail."""
    samples = stroke.samples(3.2)
    time = stroke.time(samples)
    hard = np.float32(stroke.velocity)
    drop = sine(np.float32(38) + np.float32(75) * np.exp(time * np.float32(-14)), stroke.sample_rate) * fall(time, 2.2)
    knock = sine(np.float32(90) + np.float32(160) * np.exp(time * np.float32(-60)), stroke.sample_rate) * fall(
        time, 0.25
    )
    burst = noise(Tone(80, 2500 + 6000 * stroke.velocity), samples, stroke.sample_rate, stroke.rng) * fall(time, 0.28)
    tail = noise(Tone(60, 700, tilt=-3), samples, stroke.sample_rate, stroke.rng) * fall(time, 3.0)
    snap = noise(Tone(1500, 8000), samples, stroke.sample_rate, stroke.rng) * fall(time, 0.04)
    return np.asarray(
        (
            drop
            + np.float32(0.45) * knock
            + np.float32(0.4) * burst
            + np.float32(0.13) * tail
            + np.float32(0.35) * hard * snap
        ),
        dtype=np.float32,
    )


def sub_drop(stroke: Stroke) -> Sound:
    """A sine that falls over an octave and a half to its pitch and below; starts on the moment."""
    seconds = float(np.clip(stroke.seconds, 0.8, 3.0))
    time = stroke.time(stroke.samples(seconds))
    frequency = np.float32(stroke.frequency) * np.exp2(
        np.float32(1.5) * np.exp(time * np.float32(-5)) - np.float32(0.25 / seconds) * time
    )
    turns = turns_of(frequency, stroke.sample_rate)
    sound = np.sin(phase_of(turns)) + np.float32(0.12 + 0.2 * stroke.velocity) * np.sin(phase_of(turns * 2)) * fall(
        time, 0.8
    )
    click = noise(Tone(300, 2500), len(time), stroke.sample_rate, stroke.rng).mean(axis=0) * fall(time, 0.05)
    body = (sound + click * np.float32(0.15 + 0.5 * stroke.velocity)) * fall(time, seconds * 1.1)
    return np.stack((body, body))


def _arrive(sound: Sound, stroke: Stroke) -> Sound:
    """Ends the sound on the note's end with a fade of 8 ms after it."""
    tail = stroke.samples(0.008)
    sound[:, -tail:] *= half_cosine(tail)[::-1]
    return sound


def riser(stroke: Stroke) -> Sound:
    """A band of noise that climbs four octaves under a gliding, trembling tone; it arrives on the note's end."""
    seconds = max(stroke.seconds, 0.05)
    time = stroke.time(stroke.held + stroke.samples(0.008))
    way = np.minimum(time / np.float32(seconds), np.float32(1))
    centre = np.float32(380) * np.exp2(way * way * np.float32(3.2 + stroke.velocity))
    air = _moving_noise(stroke, centre, 0.9)
    pitch = np.float32(stroke.frequency) * np.exp2(way**2 - np.float32(1))
    turns = turns_of(pitch, stroke.sample_rate)
    tone = np.zeros((2, len(time)), dtype=np.float32)
    for harmonic, level in ((1, 0.35), (2, 0.45), (3, 0.22), (4, 0.18), (6, 0.08)):
        shine = np.float32(level) * way ** np.float32(0.6 * harmonic)
        tone[0] += shine * np.sin(phase_of(turns * (harmonic * 1.0012)))
        tone[1] += shine * np.sin(phase_of(turns * (harmonic * 0.9988)))
    tremble = np.float32(0.8) + np.float32(0.2) * np.sin(
        phase_of(turns_of(np.float32(4) + np.float32(12) * way, stroke.sample_rate))
    )
    sound = (air + np.float32(0.5) * tone * tremble) * approach(time, seconds, 34.0)
    return _arrive(sound, stroke)


def reverse_cymbal(stroke: Stroke) -> Sound:
    """A crash backwards: it swells into the note's end and stops there."""
    samples = stroke.held + stroke.samples(0.008)
    forward = crash(Stroke(49, stroke.velocity, stroke.seconds, stroke.sample_rate, stroke.rng))
    shape = approach(stroke.time(samples), max(stroke.seconds, 0.02), 26.0)
    sound = np.zeros((2, samples), dtype=np.float32)
    count = min(samples, forward.shape[1])
    sound[:, samples - count :] = forward[:, :count][:, ::-1]
    wash = noise(Tone(1500, 7000), samples, stroke.sample_rate, stroke.rng)
    bright = noise(Tone(5000, 12_000), samples, stroke.sample_rate, stroke.rng)
    sound += (np.float32(0.3) * wash + np.float32(0.2 + 0.3 * stroke.velocity) * bright * shape) * shape
    opening = min(count, stroke.samples(0.3))
    sound[:, samples - count : samples - count + opening] *= half_cosine(opening)
    return _arrive(sound, stroke)


def whoosh(stroke: Stroke) -> Sound:
    """Something passes from left to right: loudest three quarters through the note, gone at its end."""
    seconds = max(stroke.seconds, 0.1)
    time = stroke.time(stroke.samples(seconds))
    way = time / np.float32(seconds)
    near = np.where(way < 0.75, way / np.float32(0.75), (1 - way) / np.float32(0.25)).astype(np.float32)
    sound = _moving_noise(stroke, np.float32(300) * np.exp2(np.float32(2.2 + 1.4 * stroke.velocity) * near), 0.8)
    angle = (way * np.float32(0.8) + np.float32(0.1)) * np.float32(np.pi / 2)
    return np.asarray(sound * np.stack((np.cos(angle), np.sin(angle))) * near**2, dtype=np.float32)


_LOW_BRASS = Ensemble(
    voices=7, cents=12, dark=180, bright=4200, layers=4, slope=2, width=0.9, tilt=0.8, track=0.2,
    body=Tone(30, 7000, 1, peaks=((240, 1, 3), (700, 1, 3))),
)  # fmt: skip


def braam(stroke: Stroke) -> Sound:
    """Low brass in fifths, driven, its filter tearing open and closing again; starts on the moment."""
    held = float(np.clip(stroke.seconds, 0.6, 4.0))
    time = stroke.time(stroke.samples(held + 0.9))
    envelope = charge(time, 0.02) * settle(time, 1.0, 0.6) * let_go(time, held * 0.7, 1.2)
    opened = charge(time, 0.12) * fall(time, 4.5)
    cutoff = np.float32(180) * np.exp2(np.float32(1.2 + 3.4 * stroke.velocity) * opened)
    sound = np.zeros((2, len(time)), dtype=np.float32)
    for interval, level in ((0, 1.0), (7, 0.55), (12, 0.45)):
        note = Stroke(stroke.pitch + interval, stroke.velocity, stroke.seconds, stroke.sample_rate, stroke.rng)
        sound += sustain(_LOW_BRASS, note, envelope, cutoff) * np.float32(level)
    sound = np.tanh(sound * np.float32(0.6 + 0.5 * stroke.velocity))
    rasp = noise(Tone(700, 4000), len(time), stroke.sample_rate, stroke.rng)
    return np.asarray(sound + rasp * envelope * opened * np.float32(0.08 * stroke.velocity), dtype=np.float32)


def sub_swell(stroke: Stroke) -> Sound:
    """A low tone that grows out of nothing; loudest on the note's end, then gone in a quarter of a second."""
    release = 0.25
    time, held = held_time(stroke, release, shortest=0.1)
    envelope = approach(np.minimum(time, np.float32(held)), held, 36.0) * let_go(time, held, release)
    turns = turns_of(np.full(len(time), stroke.frequency, dtype=np.float32), stroke.sample_rate)
    throb = 1 + np.float32(0.12) * wander(time, 1.1, stroke.rng)
    low = np.sin(phase_of(turns)) + np.float32(0.35) * np.sin(phase_of(turns * 2.003)) * envelope
    fifth = np.float32(0.18) * np.sin(phase_of(turns * 3.004)) * envelope
    air = noise(Tone(80, 500 + 700 * stroke.velocity), len(time), stroke.sample_rate, stroke.rng)
    return np.asarray((low + fifth) * throb * envelope + np.float32(0.14) * air * envelope**2, dtype=np.float32)


_STAB = Ensemble(voices=6, cents=10, dark=700, bright=7000, slope=1, width=0.9, tilt=0.85, track=0.4, seconds=1.4)


def sting(stroke: Stroke) -> Sound:
    """A short exclamation of the whole band in octaves, with a thump under it."""
    held = float(np.clip(stroke.seconds, 0.1, 0.5))
    time = stroke.time(stroke.samples(held + 0.35))
    envelope = charge(time, 0.006) * settle(time, 0.2, 0.5) * let_go(time, held, 0.35)
    cutoff = np.float32(900) * np.exp2(np.float32(2.8 * stroke.velocity) * fall(time, 1.0))
    sound = np.zeros((2, len(time)), dtype=np.float32)
    for interval, level in ((-12, 0.8), (0, 1.0), (12, 0.5)):
        note = Stroke(stroke.pitch + interval, stroke.velocity, stroke.seconds, stroke.sample_rate, stroke.rng)
        sound += sustain(_STAB, note, envelope, cutoff) * np.float32(level)
    thump = sine(np.float32(70) + np.float32(90) * np.exp(time * np.float32(-40)), stroke.sample_rate) * fall(
        time, 0.35
    )
    crack = noise(Tone(800, 6000), len(time), stroke.sample_rate, stroke.rng) * fall(time, 0.05)
    return np.asarray(sound + np.float32(0.7) * thump + np.float32(0.3 * stroke.velocity) * crack, dtype=np.float32)


def scrape(stroke: Stroke) -> Sound:
    """A bow across metal: inharmonic partials that creep upwards, with grit; it appears within 0.3 s."""
    time, held = held_time(stroke, 0.6, shortest=0.4)
    rng = stroke.rng
    grit = np.float32(0.65) + np.float32(0.35) * wander(time, 9.0, rng)
    creep = np.exp2(time * np.float32(rng.uniform(0.01, 0.05)) + np.float32(0.02) * wander(time, 0.7, rng))
    turns = turns_of(np.float32(stroke.frequency) * creep, stroke.sample_rate)
    sound = np.zeros((2, len(time)), dtype=np.float32)
    bright = 0.25 + 0.7 * stroke.velocity
    for index, ratio in enumerate((1.0, 2.41, 3.93, 5.38, 7.6, 10.2)):
        if stroke.frequency * ratio * 1.4 > stroke.nyquist:
            break
        level = np.float32(bright**index) * (np.float32(0.7) + np.float32(0.5) * wander(time, 1.7, rng))
        partial = np.sin(phase_of(turns * (ratio * rng.uniform(0.99, 1.01)))) * level
        sound += partial * np.array([[rng.uniform(0.4, 1.0)], [rng.uniform(0.4, 1.0)]], dtype=np.float32)
    air = noise(Tone(1200, 2000 + 6000 * stroke.velocity), len(time), stroke.sample_rate, rng)
    envelope = rise(time, 0.3) * let_go(time, held, 0.6)
    return (sound * np.float32(0.5) * grit + air * grit * np.float32(0.03 + 0.12 * stroke.velocity)) * envelope


def hit_metal(stroke: Stroke) -> Sound:
    """A sheet of steel, struck: dense modes above its pitch, the high ones gone first."""
    sheet = np.random.default_rng(1907)
    count = 42
    ratio = np.concatenate(([1.0, 2.0, 3.0], 1.3 + 14 * np.sort(sheet.random(count)) ** 1.4))
    frequency = stroke.frequency * ratio
    seconds = 2.6 * ratio**-0.6 * np.concatenate(([1.0, 1.0, 1.0], sheet.uniform(0.5, 1.0, count)))
    level = np.concatenate(([1.1, 0.6, 0.4], 0.3 * sheet.uniform(0.3, 1.0, count)))
    level = level * ratio ** (-0.9 + 0.75 * stroke.velocity) * (1 + 0.15 * stroke.rng.normal(size=count + 3))
    spread = stroke.rng.uniform(0.55, 1.0, (2, count + 3))
    modes = Modes(frequency, decay_of(seconds), level * spread).below(stroke.nyquist)
    sound = ring(modes, stroke.samples(2.4), stroke.sample_rate)
    strike = noise(Tone(400, 2000 + 7000 * stroke.velocity), stroke.samples(0.05), stroke.sample_rate, stroke.rng)
    sound[:, : strike.shape[1]] += strike * fall(stroke.time(strike.shape[1]), 0.05) * np.float32(0.7)
    return sound


EFFECTS: tuple[Instrument, ...] = (
    Instrument("impact", "effects", impact, 24, 60, True, 3.2, 47, lengths="rings", centre=36),
    Instrument("sub_drop", "effects", sub_drop, 24, 48, True, 1.0, 38, centre=33),
    Instrument("riser", "effects", riser, 48, 84, False, 0.008, 97, lengths="exact", variants=1),
    Instrument(
        "reverse_cymbal", "effects", reverse_cymbal, 36, 60, False, 0.008, 119, lengths="exact", variants=1, centre=49
    ),
    Instrument("whoosh", "effects", whoosh, 36, 84, False, 0.01, 122, lengths="exact", variants=1),
    Instrument("braam", "effects", braam, 22, 48, True, 0.9, 61, centre=33),
    Instrument("sub_swell", "effects", sub_swell, 24, 48, False, 0.25, 95, lengths="exact", variants=1, centre=33),
    Instrument("sting", "effects", sting, 48, 84, True, 0.35, 55, centre=64),
    Instrument("scrape", "effects", scrape, 40, 88, False, 0.6, 126, centre=62, variants=3),
    Instrument("hit_metal", "effects", hit_metal, 45, 81, True, 2.4, 14, lengths="rings", centre=60),
)
