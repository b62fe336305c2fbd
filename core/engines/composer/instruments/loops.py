"""Sections of players and clouds of noise as endless loops, worked out in the frequency domain.

Every partial of every voice, with the side bands of its vibrato, is placed on the frequency grid of a loop of some
seconds; one inverse transform makes the loop. Nothing can alias, filters are gains on partials, and layers that share
their phases can be faded into each other: that is how brightness moves. A note is a stretch of its loop from a random
place, so no two are alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from core.engines.composer.cache import Cache
from core.engines.composer.instruments.filters import Curve, Tone, loudness_weight
from core.engines.composer.instruments.stroke import Sound

LOOPS = Cache(80 * 2**20)
"""Loops by what they are made of."""

_SIDE_GRID = 64


@dataclass(frozen=True)
class Partials:
    """The sines of a section of players."""

    frequency: Curve
    """Hertz, shape [partials]."""
    number: Curve
    """Which harmonic each belongs to, shape [partials]."""
    weight: NDArray[np.complex64]
    """Phase and place, shape [2, partials]."""


def section(
    frequency: float,
    voices: int,
    cents: float,
    rng: np.random.Generator,
    *,
    vibrato: float = 0.0,
    width: float = 1.0,
    top: float = 16_000.0,
) -> Partials:
    """Voices of one pitch, detuned over `cents` to either side and spread over the stereo width.

    Args:
        frequency: of the pitch, hertz.
        voices: how many players.
        vibrato: depth in cents; each player has a rate of their own between 5 and 6.5 Hz.
        width: 0 in the middle, 1 from left to right.
        top: hertz above which partials are left out.
    """
    count = max(1, int(top / frequency))
    number = np.arange(1, count + 1, dtype=float)
    spread = np.linspace(-1, 1, voices) if voices > 1 else np.zeros(1)
    share = np.exp(-1.1 * spread**2)  # the voices in tune lead: fewer hollow moments when all beat together
    share = share / np.sqrt(np.sum(share**2))
    detune = cents * (spread + rng.uniform(-0.15, 0.15, voices) * (voices > 1))
    pitch = frequency * 2 ** ((detune - detune.mean()) / 1200)
    place = rng.permutation(np.linspace(-1, 1, voices)) * width if voices > 1 else np.zeros(1)
    angle = (place + 1) * np.pi / 4
    phase = np.exp(2j * np.pi * rng.random((voices, count)))
    lines = pitch[:, None] * number
    numbers = np.broadcast_to(number, lines.shape)
    if vibrato:
        rates = rng.uniform(5.0, 6.5, voices)
        lines, numbers, phase = _side_bands(lines, numbers, phase, rates, vibrato, rng)
    pan = (np.stack((np.cos(angle), np.sin(angle))) * share).reshape((2, voices) + (1,) * (phase.ndim - 1))
    weight = (pan * phase).reshape(2, -1).astype(np.complex64)
    return Partials(lines.ravel(), numbers.ravel(), weight)


def _side_bands(
    lines: Curve, numbers: Curve, phase: NDArray[np.complex128], rates: Curve, cents: float, rng: np.random.Generator
) -> tuple[Curve, Curve, NDArray[np.complex128]]:
    """Vibrato as what it is in the spectrum: each partial becomes a row of lines, one vibrato rate apart."""
    index = lines * (2 ** (cents / 1200) - 1) / rates[:, None]
    reach = min(_SIDE_GRID // 2 - 1, int(index.max()) + 4)
    grid = np.sin(2 * np.pi * np.arange(_SIDE_GRID) / _SIDE_GRID).astype(np.float32)
    turns = scipy.fft.fft(np.exp(np.complex64(1j) * index.astype(np.float32)[..., None] * grid)) / _SIDE_GRID
    order = np.arange(-reach, reach + 1)
    start = np.exp(2j * np.pi * rng.random(len(rates)))[:, None, None] ** order
    spread = phase[..., None] * turns[..., order] * start
    return lines[..., None] + order * rates[:, None, None], np.repeat(numbers[..., None], len(order), -1), spread


def bake(partials: Partials, gains: Curve, size: int, sample_rate: int) -> Sound:
    """The loop of those partials, in layers that share their phases, shape [layers, 2, size].

    The last (brightest) layer has unit K-weighted power, so every pitch is equally loud.

    Args:
        gains: of each partial in each layer, shape [layers, partials].
        size: length of the loop in samples.
    """
    bins = np.rint(partials.frequency * (size / sample_rate)).astype(np.intp)
    keep = (bins > 0) & (bins < 0.45 * size) & (gains.max(axis=0) > 1e-5)
    bins, gains, weight = bins[keep], gains[:, keep], partials.weight[:, keep]
    spectrum = np.zeros((len(gains), 2, size // 2 + 1), dtype=np.complex64)
    for layer, gain in enumerate(gains):
        for channel in range(2):
            lines = gain * weight[channel]
            spectrum.real[layer, channel] = np.bincount(bins, lines.real, size // 2 + 1)
            spectrum.imag[layer, channel] = np.bincount(bins, lines.imag, size // 2 + 1)
    return _normalised(spectrum, size, sample_rate)


def _normalised(spectrum: NDArray[np.complex64], size: int, sample_rate: int) -> Sound:
    """The inverse transform, scaled to unit K-weighted power of its last layer (mean of the channels)."""
    group = 64
    lines = spectrum[-1, :, : size // 2 // group * group]
    groups = (lines.real**2 + lines.imag**2).sum(axis=0).reshape(-1, group).sum(axis=1)
    weight = loudness_weight((np.arange(len(groups)) + 0.5) * (group * sample_rate / size))
    power = float(np.sum(groups * weight**2)) / size**2
    loop: Sound = scipy.fft.irfft(spectrum, size)
    loop *= np.float32(1 / np.sqrt(power + 1e-20))
    return loop


def loop_size(frequency: float, seconds: float, sample_rate: int) -> int:
    """A length near `seconds` that transforms fast and that the pitch fits into, so that it is in tune."""
    candidates = [scipy.fft.next_fast_len(int(seconds * sample_rate), real=True)]
    while len(candidates) < 12:
        candidates.append(scipy.fft.next_fast_len(candidates[-1] + 2, real=True))
    even = [size for size in candidates if size % 2 == 0]

    def misfit(size: int) -> float:
        turns = frequency * size / sample_rate
        return abs(turns - round(turns))

    return min(even, key=misfit)


def cut(loop: Sound, start: int, samples: int) -> Sound:
    """A stretch of an endless loop, shape [..., samples]."""
    size = loop.shape[-1]
    start %= size
    if start + samples <= size:
        return loop[..., start : start + samples]
    pieces = [loop[..., start:]]
    missing = samples - (size - start)
    while missing > 0:
        pieces.append(loop[..., :missing])
        missing -= size
    return np.concatenate(pieces, axis=-1)


def weave(loop: Sound, start: int, weights: Sound) -> Sound:
    """Layers of a loop from sample `start` on, each with its weight over time, shape [2, samples].

    Args:
        loop: shape [layers, 2, size].
        weights: shape [layers, samples].
    """
    samples = weights.shape[-1]
    sound = np.empty((2, samples), dtype=np.float32)
    size = loop.shape[-1]
    done = 0
    while done < samples:
        at = (start + done) % size
        count = min(samples - done, size - at, 8192)
        piece = loop[0, :, at : at + count] * weights[0, done : done + count]
        for layer in range(1, len(loop)):
            piece += loop[layer, :, at : at + count] * weights[layer, done : done + count]
        sound[:, done : done + count] = piece
        done += count
    return sound


def noise(tone: Tone, samples: int, sample_rate: int, rng: np.random.Generator) -> Sound:
    """Steady stereo noise of a spectral shape and unit power, a random stretch of a loop, shape [2, samples]."""
    size = 2 ** int(np.clip(np.ceil(np.log2(samples * 1.5)), 14, 18))

    def make() -> Sound:
        gain = tone.gain(np.arange(size // 2 + 1) * (sample_rate / size))
        spectrum = _random_spectrum(size) * gain.astype(np.float32)
        spectrum[:, -size // 20 :] = 0
        power = 2 * np.sum(np.abs(spectrum) ** 2, dtype=np.float64) / 2 / size**2
        return np.asarray(scipy.fft.irfft(spectrum, size) * np.float32(1 / np.sqrt(power)), dtype=np.float32)

    loop = LOOPS.get(("noise", tone, size, sample_rate), make)
    return cut(loop, int(rng.integers(size)), samples)


@lru_cache(maxsize=5)
def _random_spectrum(size: int) -> NDArray[np.complex64]:
    """Unit lines of random phase, shape [2, size // 2 + 1]; without the constant."""
    phase = np.random.default_rng(size).random((2, size // 2 + 1), dtype=np.float32) * np.float32(2 * np.pi)
    lines = np.exp(np.complex64(1j) * phase)
    lines[:, 0] = lines[:, -1] = 0
    lines.setflags(write=False)
    return np.asarray(lines, dtype=np.complex64)


def forget() -> None:
    """Let go of all loops and of what they are made from."""
    LOOPS.clear()
    _random_spectrum.cache_clear()
