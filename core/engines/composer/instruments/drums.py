"""Drums with a skin, a shell or a block: kicks, snares, claps, toms, taiko, woodblock, rim and tick.

Toms, taikos and woodblocks are tuned by their pitch, which reads as the General MIDI key of that drum.
"""

from __future__ import annotations

import numpy as np

from core.engines.composer.instruments.envelopes import fall, rise
from core.engines.composer.instruments.filters import Tone
from core.engines.composer.instruments.loops import noise
from core.engines.composer.instruments.modes import Modes, decay_of, ring
from core.engines.composer.instruments.oscillators import phase_of, sine, turns_of
from core.engines.composer.instruments.stroke import Instrument, Sound, Stroke

_MEMBRANE = np.array([1.0, 1.59, 2.14, 2.30, 2.65, 2.92])
"""Modes of an ideal circular membrane, relative to the lowest."""


def _burst(stroke: Stroke, tone: Tone, seconds: float, level: float, width: float = 1.0) -> Sound:
    """Filtered noise that falls by 60 dB in `seconds`, shape [2, samples]; `width` 0 is mono."""
    samples = stroke.samples(seconds)
    sound = noise(tone, samples, stroke.sample_rate, stroke.rng) * (fall(stroke.time(samples), seconds) * level)
    if width < 1:
        middle = sound.mean(axis=0, keepdims=True) * np.float32(np.sqrt(2))
        sound = sound * np.float32(width) + middle * np.float32(1 - width)
    return sound


def _together(*sounds: Sound) -> Sound:
    """Sounds that start at once, as long as the longest, shape [2, samples] unless all are mono."""
    channels = max(len(sound) for sound in sounds)
    total = np.zeros((channels, max(sound.shape[1] for sound in sounds)), dtype=np.float32)
    for sound in sounds:
        total[:, : sound.shape[1]] += sound
    return total


def _swept(stroke: Stroke, low: float, high: float, sweep: float, seconds: float) -> Sound:
    """A sine that falls from `high` to `low` hertz (95 % of the way in `sweep` seconds), shape [1, samples]."""
    time = stroke.time(stroke.samples(seconds))
    frequency = np.float32(low) + np.float32(high - low) * np.exp(time * np.float32(-3 / sweep))
    return (sine(frequency, stroke.sample_rate) * fall(time, seconds))[None]


def kick(stroke: Stroke) -> Sound:
    """A deep acoustic kick: swept sine, a beater that a harder stroke makes brighter, a little shell."""
    hard = stroke.velocity
    body = _swept(stroke, 45, 120 + 60 * hard, 0.045, 0.55)
    knock = _swept(stroke, 95, 320, 0.02, 0.09) * np.float32(0.25 + 0.25 * hard)
    beater = _burst(stroke, Tone(900, 2200 + 4000 * hard), 0.022, 0.15 + 0.3 * hard**2, 0.0)
    shell = _burst(stroke, Tone(120, 500), 0.16, 0.06, 0.5)
    return _together(body, knock, beater, shell)


def kick_electronic(stroke: Stroke) -> Sound:
    """A drum machine's kick: a longer, driven sweep with a dry click."""
    hard = stroke.velocity
    body = _swept(stroke, 48, 240, 0.06, 0.6)
    body = np.tanh(body * np.float32(1.2 + 1.3 * hard)) / np.float32(1.2)
    click = _burst(stroke, Tone(2500, 7000 + 6000 * hard), 0.012, 0.2 + 0.35 * hard, 0.0)
    return _together(body, click)


def kick_dusty(stroke: Stroke) -> Sound:
    """A kick off an old record: short, driven, no treble, a breath of dust."""
    body = _swept(stroke, 58, 150, 0.05, 0.34)
    thump = _burst(stroke, Tone(150, 900 + 900 * stroke.velocity), 0.06, 0.3 + 0.25 * stroke.velocity, 0.1)
    dust = _burst(stroke, Tone(1500, 4000), 0.2, 0.02)
    return np.asarray(np.tanh(_together(body, thump, dust) * np.float32(1.9)), dtype=np.float32)


def heartbeat(stroke: Stroke) -> Sound:
    """One dull beat of a heart: no click, all chest."""
    body = _swept(stroke, 42, 78, 0.07, 0.42)
    chest = _burst(stroke, Tone(50, 140 + 160 * stroke.velocity), 0.16, 0.28 + 0.2 * stroke.velocity, 0.2)
    upper = _swept(stroke, 88, 130, 0.06, 0.14) * np.float32(0.22)
    sound = _together(body, chest, upper)
    return sound * rise(stroke.time(sound.shape[1]), 0.004)


def _shell(stroke: Stroke, modes: tuple[tuple[float, float, float], ...], detune: float = 0.01) -> Sound:
    """Modes (hertz, seconds, level) of a struck body, each a little different on every stroke, shape [1, samples]."""
    frequency, seconds, level = (np.array(column) for column in zip(*modes, strict=True))
    frequency = frequency * (1 + stroke.rng.normal(0, detune, len(frequency)))
    level = level * (1 + stroke.rng.normal(0, 0.1, len(level))) * (-1.0) ** np.arange(len(level))
    samples = stroke.samples(float(seconds.max()))
    sound = Modes(frequency, decay_of(seconds), level[None]).below(stroke.nyquist)
    return ring(sound, samples, stroke.sample_rate)


def snare(stroke: Stroke) -> Sound:
    """Two heads near 180 and 330 Hz, and wires that a harder stroke opens."""
    hard = stroke.velocity
    heads = _shell(stroke, ((182, 0.18, 0.8), (331, 0.13, 0.55), (278, 0.09, 0.3), (512, 0.06, 0.2), (706, 0.05, 0.1)))
    drop = _swept(stroke, 175, 290, 0.02, 0.12) * np.float32(0.35)
    wires = _burst(stroke, Tone(1300, 3500 + 7500 * hard, peaks=((4200, 1.0, 4),)), 0.24 + 0.06 * hard, 0.5, 0.7)
    crack = _burst(stroke, Tone(1800, 5000 + 9000 * hard), 0.03, 0.2 + 0.4 * hard, 0.3)
    return _together(heads, drop, wires, crack)


def snare_brush(stroke: Stroke) -> Sound:
    """A brush across a coated head: a soft slap, then a short swish."""
    samples = stroke.samples(0.34)
    time = stroke.time(samples)
    swish = noise(Tone(900, 3500 + 4500 * stroke.velocity, 1), samples, stroke.sample_rate, stroke.rng)
    swish = swish * (fall(time, 0.3) * (np.float32(0.55) + np.float32(0.45) * rise(time, 0.05)))
    slap = _burst(stroke, Tone(500, 2500 + 4000 * stroke.velocity), 0.04, 0.5 + 0.4 * stroke.velocity, 0.4)
    head = _shell(stroke, ((205, 0.12, 0.25), (340, 0.08, 0.14)))
    return _together(swish * np.float32(0.5), slap, head)


def snare_dusty(stroke: Stroke) -> Sound:
    """A snare off an old record: boxy, driven, dark."""
    heads = _shell(stroke, ((196, 0.12, 0.9), (365, 0.09, 0.5), (590, 0.05, 0.3)))
    wires = _burst(stroke, Tone(700, 2600 + 2600 * stroke.velocity, 2), 0.2, 0.6, 0.5)
    return np.asarray(np.tanh(_together(heads, wires) * np.float32(1.2 + 0.5 * stroke.velocity)), dtype=np.float32)


def rim(stroke: Stroke) -> Sound:
    """A stick across the rim: a dry, woody knock."""
    wood = _shell(
        stroke, ((455, 0.06, 0.45), (820, 0.05, 0.5), (1710, 0.045, 0.8), (2630, 0.03, 0.4), (4120, 0.02, 0.2))
    )
    tap = _burst(stroke, Tone(1500, 3000 + 6000 * stroke.velocity), 0.012, 0.3 + 0.5 * stroke.velocity, 0.3)
    return _together(wood, tap)


def clap(stroke: Stroke) -> Sound:
    """Hands: three bursts 10 ms apart and a short room."""
    tone = Tone(750, 2200 + 4500 * stroke.velocity, peaks=((1250, 1.5, 7),))
    samples = stroke.samples(0.28)
    time = stroke.time(samples)
    envelope = np.float32(0.75) * fall(np.maximum(time - np.float32(0.03), np.float32(0)), 0.22) * (time >= 0.03)
    for index in range(3):
        start = np.float32(index * (0.0095 + stroke.rng.uniform(0, 0.0015)))
        after = time - start
        envelope += (after >= 0) * fall(np.maximum(after, np.float32(0)), 0.03) * np.float32(0.8 + 0.1 * index)
    kernel = np.hanning(round(0.0008 * stroke.sample_rate) | 1)
    smooth = np.convolve(envelope, kernel / kernel.sum())[: len(envelope)].astype(np.float32)
    return noise(tone, samples, stroke.sample_rate, stroke.rng) * smooth


def _tuned(stroke: Stroke, key: int, nominal: float) -> float:
    """Hertz of a tuned drum: `nominal` on its usual key, a semitone for each key away, two octaves at most."""
    return float(nominal * 2 ** (np.clip(stroke.pitch - key, -24, 24) / 12))


def _membrane(stroke: Stroke, lowest: float, seconds: float, drop: float, bright: float) -> Sound:
    """A skin whose pitch falls by the ratio `drop` as it calms, shape [1, samples]; `bright` weighs the upper modes."""
    samples = stroke.samples(seconds)
    time = stroke.time(samples)
    frequency = np.float32(lowest) * (1 + np.float32(drop) * np.exp(time * np.float32(-14)))
    turns = turns_of(frequency, stroke.sample_rate)
    levels = np.array([1.0, 0.75, 0.5, 0.28, 0.34, 0.2]) * bright ** np.arange(6)
    levels[1:] *= 1 + stroke.rng.normal(0, 0.12, 5)
    sound = np.zeros(samples, dtype=np.float32)
    for ratio, level, share in zip(_MEMBRANE, levels, (1.0, 0.55, 0.42, 0.36, 0.3, 0.26), strict=True):
        sound += np.sin(phase_of(turns * ratio)) * fall(time, seconds * share) * np.float32(level)
    return sound[None]


def tom(stroke: Stroke) -> Sound:
    """A tom: membrane modes with a falling pitch and the skin's slap. Key 45 is 110 Hz."""
    hard = stroke.velocity
    lowest = _tuned(stroke, 45, 98.0)
    skin = _membrane(stroke, lowest, 0.75, 0.1 + 0.14 * hard, 0.45 + 0.4 * hard)
    slap = _burst(stroke, Tone(400, 1600 + 4500 * hard), 0.05, 0.2 + 0.3 * hard, 0.4)
    shell = _burst(stroke, Tone(120, 700), 0.22, 0.1, 0.8)
    return _together(skin, slap, shell)


def taiko(stroke: Stroke) -> Sound:
    """A great drum in a hall: low membrane, heavy slap, and air that moves after it. Key 41 is 68 Hz."""
    hard = stroke.velocity
    lowest = _tuned(stroke, 41, 68.0)
    skin = _membrane(stroke, lowest, 1.15, 0.16 + 0.2 * hard, 0.5 + 0.35 * hard)
    slap = _burst(stroke, Tone(250, 1300 + 4200 * hard), 0.075, 0.35 + 0.4 * hard, 0.5)
    stick = _burst(stroke, Tone(1400, 6500), 0.018, 0.35 * hard, 0.3)
    samples = stroke.samples(0.9)
    time = stroke.time(samples)
    air = noise(Tone(90, 900, tilt=-3), samples, stroke.sample_rate, stroke.rng) * fall(time, 0.85) * rise(time, 0.02)
    return _together(skin, slap, stick, air * np.float32(0.16))


def woodblock(stroke: Stroke) -> Sound:
    """A hollow block of wood: two strong modes, dry. Key 76 is 1,020 Hz."""
    lowest = _tuned(stroke, 76, 1020.0)
    block = _shell(
        stroke,
        ((lowest, 0.1, 1.0), (lowest * 1.52, 0.07, 0.6), (lowest * 2.43, 0.05, 0.3), (lowest * 3.6, 0.03, 0.15)),
        detune=0.004,
    )
    tap = _burst(stroke, Tone(1200, 2500 + 6000 * stroke.velocity), 0.01, 0.15 + 0.3 * stroke.velocity, 0.3)
    return _together(block, tap)


def tick(stroke: Stroke) -> Sound:
    """A clock: two tiny metal modes and a click."""
    bright = 0.3 + 0.9 * stroke.velocity
    metal = _shell(stroke, ((2350, 0.035, 0.7), (3920, 0.03, 0.5 * bright), (6180, 0.02, 0.35 * bright**2)))
    click = _burst(stroke, Tone(2500, 5000 + 6000 * stroke.velocity), 0.008, 0.25 + 0.4 * bright, 0.4)
    return _together(metal, click)


DRUMS: tuple[Instrument, ...] = tuple(
    Instrument(
        name, "drums", voice, low, high, True, release, drums=True, gm_key=key, centre=key, lengths="rings", variants=4
    )
    for name, voice, low, high, release, key in (
        ("kick", kick, 35, 36, 0.6, 36),
        ("kick_electronic", kick_electronic, 35, 36, 0.6, 36),
        ("kick_dusty", kick_dusty, 35, 36, 0.4, 36),
        ("heartbeat", heartbeat, 35, 36, 0.45, 35),
        ("snare", snare, 38, 40, 0.35, 38),
        ("snare_brush", snare_brush, 38, 40, 0.35, 40),
        ("snare_dusty", snare_dusty, 38, 40, 0.25, 38),
        ("rim", rim, 37, 37, 0.1, 37),
        ("clap", clap, 39, 39, 0.3, 39),
        ("tom", tom, 36, 60, 0.8, 45),
        ("taiko", taiko, 34, 55, 1.2, 41),
        ("woodblock", woodblock, 70, 84, 0.12, 76),
        ("tick", tick, 75, 75, 0.05, 75),
    )
)
