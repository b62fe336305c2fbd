"""The synthetic room that all stems share, and the equalisers of the desk, as frequency responses.

Responses are complex, shape [..., bins], on the grid of a real transform of a given size.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from core.engines.composer.instruments.envelopes import fall, rise
from core.engines.composer.instruments.filters import Tone
from core.engines.composer.instruments.loops import noise
from core.engines.composer.instruments.stroke import Sound, half_cosine

Response = NDArray[np.complex64]
RoomName = Literal["small", "hall"]

_BANDS = (
    (60.0, 250.0, 1.05),
    (250.0, 1000.0, 1.0),
    (1000.0, 4000.0, 0.85),
    (4000.0, 8000.0, 0.55),
    (8000.0, 14_000.0, 0.35),
)
"""(low, high, factor on the reverberation time) of the late sound."""


@dataclass(frozen=True)
class Room:
    """A room in figures."""

    seconds: float
    """Time in which its sound falls by 60 dB."""
    size: float
    """Stretches the early reflections: seconds until the last of them."""
    gap: float
    """Seconds before the late sound sets in."""
    early: float
    """Share of the energy in the early reflections."""


ROOMS: dict[RoomName, Room] = {
    "small": Room(seconds=0.8, size=0.035, gap=0.006, early=0.4),
    "hall": Room(seconds=2.2, size=0.08, gap=0.022, early=0.25),
}


def tail_samples(room: RoomName, sample_rate: int) -> int:
    """Length of the room's response in samples."""
    return round(1.12 * ROOMS[room].seconds * sample_rate)


@lru_cache(maxsize=4)
def impulse_response(name: RoomName, sample_rate: int) -> Sound:
    """What a click becomes in the room, unit energy in each ear, shape [2, samples]."""
    room = ROOMS[name]
    rng = np.random.default_rng(1876)
    samples = tail_samples(name, sample_rate)
    time = np.arange(samples, dtype=np.float32) / np.float32(sample_rate)
    late = np.zeros((2, samples), dtype=np.float32)
    for low, high, factor in _BANDS:
        band = noise(Tone(low, high, 2), samples, sample_rate, rng)
        late += band * (fall(time, room.seconds * factor) * np.float32((high - low) ** 0.35))
    after = np.maximum(time - np.float32(room.gap), np.float32(0))
    late *= rise(after, 0.4 * room.size)
    late[:, samples // 2 :] *= half_cosine(samples - samples // 2)[::-1]
    early = np.zeros((2, samples), dtype=np.float32)
    for step in range(14):
        for channel in range(2):
            at = (0.08 + 0.92 * ((step + rng.uniform(0.1, 0.9)) / 14)) * room.size
            level = rng.choice([-1.0, 1.0]) * (0.9 * 0.84**step)
            _reflection(early[channel], round(at * sample_rate), level, sample_rate)
    shares = (np.sqrt(1 - room.early), np.sqrt(room.early))
    total = sum(
        part * np.float32(share / np.sqrt(np.mean(np.sum(part**2, axis=1))))
        for part, share in zip((late, early), shares, strict=True)
    )
    response = np.asarray(total, dtype=np.float32)
    response.setflags(write=False)
    return response


def _reflection(ear: Sound, at: int, level: float, sample_rate: int) -> None:
    """A wall's answer: a click that has lost its edge, added in place."""
    width = max(3, round(0.00012 * sample_rate) | 1)
    click = np.hanning(width + 2)[1:-1]
    count = min(width, len(ear) - at)
    ear[at : at + count] += (level * click / click.sum()).astype(np.float32)[:count]


@lru_cache(maxsize=4)
def room_response(name: RoomName, sample_rate: int, size: int) -> Response:
    """The room for one send, left and right, without rumble, shape [2, bins]."""
    spectrum = scipy.fft.rfft(impulse_response(name, sample_rate), size)
    return np.asarray(spectrum * high_pass(140.0, sample_rate, size), dtype=np.complex64)


@lru_cache(maxsize=2)
def _turn(size: int) -> NDArray[np.complex128]:
    """One sample of delay on every bin."""
    turn: NDArray[np.complex128] = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    return turn


@lru_cache(maxsize=16)
def high_pass(corner: float, sample_rate: int, size: int, quality: float = 0.7071) -> Response:
    """A second-order high-pass (bilinear), shape [bins]."""
    z = _turn(size)
    angle = 2 * np.pi * corner / sample_rate
    cosine, width = np.cos(angle), np.sin(angle) / (2 * quality)
    top = (1 + cosine) / 2 * (1 - z) ** 2
    return np.asarray(top / (1 + width - 2 * cosine * z + (1 - width) * z**2), dtype=np.complex64)


@lru_cache(maxsize=16)
def bell(centre: float, quality: float, decibels: float, sample_rate: int, size: int) -> Response:
    """A peaking equaliser (bilinear), shape [bins]."""
    z = _turn(size)
    angle = 2 * np.pi * centre / sample_rate
    gain = 10 ** (decibels / 40)
    cosine, width = np.cos(angle), np.sin(angle) / (2 * quality)
    top = 1 + width * gain - 2 * cosine * z + (1 - width * gain) * z**2
    return np.asarray(top / (1 + width / gain - 2 * cosine * z + (1 - width / gain) * z**2), dtype=np.complex64)


@lru_cache(maxsize=16)
def high_shelf(corner: float, decibels: float, sample_rate: int, size: int) -> Response:
    """A shelf that lifts what lies above `corner` (bilinear, no overshoot), shape [bins]."""
    z = _turn(size)
    angle = 2 * np.pi * corner / sample_rate
    gain = 10 ** (decibels / 40)
    cosine, width = np.cos(angle), np.sin(angle) * np.sqrt(gain) * np.sqrt(2)
    up, down = gain + 1, gain - 1
    top = gain * ((up + down * cosine + width) - 2 * (down + up * cosine) * z + (up + down * cosine - width) * z**2)
    bottom = (up - down * cosine + width) + 2 * (down - up * cosine) * z + (up - down * cosine - width) * z**2
    return np.asarray(top / bottom, dtype=np.complex64)


def forget() -> None:
    """Let go of all rooms."""
    for known in (impulse_response, room_response, _turn, high_pass, bell, high_shelf):
        known.cache_clear()
