"""Metal and grains: hats, ride, crash, cymbal swell, shaker and triangle."""

from __future__ import annotations

import numpy as np

from core.engines.composer.instruments.envelopes import approach, fall
from core.engines.composer.instruments.filters import Curve, Tone, high_pass, low_pass
from core.engines.composer.instruments.loops import LOOPS, Partials, bake, noise, weave
from core.engines.composer.instruments.modes import Modes, decay_of, ring
from core.engines.composer.instruments.stroke import Instrument, Sound, Stroke

_SQUARES = np.array([263.0, 400.0, 421.0, 474.0, 587.0, 845.0])
"""The six inharmonic square waves of a drum machine's metal, hertz."""


def _metal(stroke: Stroke, corners: tuple[float, ...]) -> Sound:
    """Six inharmonic squares through a high-pass, low-passed at each corner: a loop, shape [layers, 2, size]."""
    size = 2**15

    def make() -> Sound:
        rng = np.random.default_rng(808)
        odd = np.arange(1, 100, 2)
        lines = np.concatenate([root * 1.34 * odd for root in _SQUARES])
        level = np.tile(1 / odd, len(_SQUARES)) * high_pass(lines, 6200, 3)
        keep = lines < stroke.nyquist
        lines, level = lines[keep], level[keep]
        spread = np.exp(2j * np.pi * rng.random(len(lines)) + 0.6j * rng.normal(size=(2, len(lines))))
        gains = np.stack([level * low_pass(lines, corner, 2) for corner in corners])
        return bake(Partials(lines, lines, spread.astype(np.complex64)), gains, size, stroke.sample_rate)

    return LOOPS.get(("metal", corners, stroke.sample_rate), make)


def _hat(stroke: Stroke, seconds: float) -> Sound:
    """Metal and air that close in `seconds`; a harder stroke is brighter."""
    samples = stroke.samples(seconds)
    time = stroke.time(samples)
    open_ = np.float32(0.25 + 0.75 * stroke.velocity)
    envelope = fall(time, seconds) * np.float32(0.75) + fall(time, 0.018) * np.float32(0.6)
    loop = _metal(stroke, (7500.0, 13_000.0))
    body = weave(loop, int(stroke.rng.integers(loop.shape[-1])), np.stack((envelope * (1 - open_), envelope * open_)))
    air = noise(Tone(7000, 9000 + 5000 * stroke.velocity, 3), samples, stroke.sample_rate, stroke.rng)
    return body * np.float32(0.4) + air * envelope * np.float32(0.55)


def hat_closed(stroke: Stroke) -> Sound:
    """A closed hat, 60 to 90 ms."""
    return _hat(stroke, 0.06 + 0.03 * stroke.velocity)


def hat_open(stroke: Stroke) -> Sound:
    """An open hat that rings for half a second."""
    return _hat(stroke, 0.45 + 0.1 * stroke.velocity)


def _wash(stroke: Stroke, samples: int, bands: tuple[tuple[float, float, float, float], ...]) -> Sound:
    """Noise in bands (low hertz, high hertz, level, seconds to fall by 60 dB) that die away one by one."""
    time = stroke.time(samples)
    sound = np.zeros((2, samples), dtype=np.float32)
    for low, high, level, seconds in bands:
        count = min(samples, stroke.samples(seconds * 1.2))
        band = noise(Tone(low, high, 3), count, stroke.sample_rate, stroke.rng)
        sound[:, :count] += band * (fall(time[:count], seconds) * np.float32(level))
    return sound


def _plate(stroke: Stroke, count: int, low: float, high: float, seconds: float, seed: int) -> Modes:
    """Dense inharmonic modes of a bronze plate; the same plate every time, struck elsewhere on every stroke."""
    plate = np.random.default_rng(seed)
    frequency: Curve = np.sort(low * (high / low) ** plate.random(count))
    length = seconds * (low / frequency) ** 0.45 * plate.uniform(0.6, 1.2, count)
    level = (frequency / low) ** -0.15 * plate.uniform(0.3, 1.0, (2, count))
    level = level * (1 + 0.25 * stroke.rng.normal(size=count))
    modes = Modes(frequency, decay_of(length), level / np.sqrt(count), stroke.rng.uniform(0, 2 * np.pi, count))
    return modes.below(stroke.nyquist)


def ride(stroke: Stroke) -> Sound:
    """A ride: the stick's ping on dense modes, with a soft wash."""
    samples = stroke.samples(1.8)
    modes = _plate(stroke, 70, 420, 11_000, 2.4, 51)
    bright = 0.25 + 0.75 * stroke.velocity
    level = modes.amplitude * low_pass(modes.frequency, 2500 + 7000 * bright, 1) * high_pass(modes.frequency, 900, 1)
    sound = ring(Modes(modes.frequency, modes.decay, level, modes.phase), samples, stroke.sample_rate)
    ping = noise(Tone(3000, 6000 + 6000 * bright), stroke.samples(0.03), stroke.sample_rate, stroke.rng)
    sound[:, : ping.shape[1]] += ping * fall(stroke.time(ping.shape[1]), 0.03) * np.float32(0.35 * bright)
    bands = ((3500.0, 7000.0, 0.04 * bright, 0.9), (7000.0, 13_000.0, 0.05 * bright, 0.6))
    return sound + _wash(stroke, samples, bands)


def crash(stroke: Stroke) -> Sound:
    """A crash: all bands at once, the highest gone first, modes shimmering below."""
    samples = stroke.samples(2.8)
    bright = 0.2 + 0.8 * stroke.velocity
    bands = (
        (350.0, 900.0, 0.12, 1.6),
        (900.0, 2200.0, 0.3, 2.4),
        (2200.0, 4500.0, 0.5, 2.6),
        (4500.0, 8500.0, 0.55 * bright, 2.0),
        (8500.0, 16_000.0, 0.5 * bright**2, 1.2),
    )
    sound = _wash(stroke, samples, bands)
    sound += ring(_plate(stroke, 60, 300, 9000, 4.5, 49), samples, stroke.sample_rate) * np.float32(0.4)
    strike = noise(Tone(1500, 9000), stroke.samples(0.06), stroke.sample_rate, stroke.rng)
    sound[:, : strike.shape[1]] += strike * fall(stroke.time(strike.shape[1]), 0.06) * np.float32(0.5 * bright)
    return sound


def cymbal_swell(stroke: Stroke) -> Sound:
    """Mallets roll on a cymbal; the loudest and brightest moment is the note's end, then it rings for a second."""
    tail = 1.3
    samples = stroke.samples(stroke.seconds + tail)
    held = min(stroke.held, samples - 1)
    grow = approach(stroke.time(held), max(stroke.seconds, 0.01), 42.0)
    after = stroke.time(samples - held)
    sound = np.zeros((2, samples), dtype=np.float32)
    bands = ((300.0, 1200.0, 0.3, 0.5, 1.3), (1200.0, 3500.0, 0.5, 1.0, 1.2), (3500.0, 8000.0, 0.55, 1.5, 0.9))
    for low, high, level, bend, seconds in (*bands, (8000.0, 15_000.0, 0.45 * stroke.velocity, 2.2, 0.6)):
        envelope = np.concatenate((grow ** np.float32(bend), fall(after, seconds))) * np.float32(level)
        sound += noise(Tone(low, high, 3), samples, stroke.sample_rate, stroke.rng) * envelope
    return sound


def shaker(stroke: Stroke) -> Sound:
    """Seeds in a gourd: a short grain of high noise, softer at its start when played softly."""
    samples = stroke.samples(0.11)
    time = stroke.time(samples)
    tone = Tone(4200, 7000 + 5000 * stroke.velocity, 2, peaks=((6200, 1.2, 5),))
    push = np.float32(0.6) + np.float32(0.4) * np.sin(np.minimum(time / np.float32(0.03), 1) * np.float32(np.pi / 2))
    return np.asarray(noise(tone, samples, stroke.sample_rate, stroke.rng) * (push * fall(time, 0.1)), dtype=np.float32)


def triangle_bell(stroke: Stroke) -> Sound:
    """A triangle: thin stretched modes with a long ring."""
    bright = 0.3 + 0.7 * stroke.velocity
    frequency = np.array([1460.0, 2890.0, 4320.0, 5730.0, 7420.0, 9240.0, 11_600.0])
    level = np.array([0.25, 0.5, 1.0, 0.8, 0.7, 0.5, 0.35]) * bright ** np.arange(7)
    seconds = np.array([1.6, 2.2, 2.4, 2.0, 1.5, 1.1, 0.8])
    turn = stroke.rng.uniform(0.6, 1.0, (2, 7))
    modes = Modes(frequency * (1 + stroke.rng.normal(0, 0.0008, 7)), decay_of(seconds), level * turn)
    return ring(modes.below(stroke.nyquist), stroke.samples(2.2), stroke.sample_rate)


CYMBALS: tuple[Instrument, ...] = (
    *(
        Instrument(
            name,
            "drums",
            voice,
            key,
            key,
            True,
            release,
            drums=True,
            gm_key=key,
            centre=key,
            lengths="rings",
            variants=4,
        )
        for name, voice, release, key in (
            ("hat_closed", hat_closed, 0.1, 42),
            ("hat_open", hat_open, 0.6, 46),
            ("ride", ride, 1.8, 51),
            ("crash", crash, 2.8, 49),
            ("shaker", shaker, 0.12, 70),
            ("triangle_bell", triangle_bell, 2.2, 81),
        )
    ),
    Instrument(
        "cymbal_swell", "drums", cymbal_swell, 55, 55, False, 1.3, drums=True, gm_key=55, centre=55, lengths="exact"
    ),
)
