"""What an instrument is, and the one note it is asked to play.

Conventions
    Inside this package a sound is float32 of shape [channels, samples] with one or two channels; sample 0 is the onset.
    Loudness is normalised per instrument: at velocity 0.8, pitch `centre`, held for one second, the loudest 100 ms of
    a note measure -20 LUFS (K-weighted, panned to the middle); the shortest sounds are quieter, so that no peak passes
    about -6 dBFS. A writer's gain is relative to that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]
"""Samples, shape [channels, samples]."""

Family = Literal["drums", "bass", "struck", "plucked", "bowed", "blown", "synth", "effects"]
Lengths = Literal["rings", "held", "exact"]

REFERENCE_VELOCITY = 0.8
REFERENCE_LUFS = -20.0

_ATTACK = 0.0007
_CLOSE = 0.012


@dataclass(frozen=True)
class Stroke:
    """One note as a voice sees it."""

    pitch: int
    velocity: float
    """0 to 1."""
    seconds: float
    """How long the key is held."""
    sample_rate: int
    rng: np.random.Generator
    """Chance that belongs to this note alone: the same note and variant draw the same numbers."""

    @cached_property
    def frequency(self) -> float:
        """Hz of the pitch, A4 at 440."""
        return float(440.0 * 2 ** ((self.pitch - 69) / 12))

    @property
    def held(self) -> int:
        """Samples the key is held."""
        return self.samples(self.seconds)

    @property
    def nyquist(self) -> float:
        """Hz above which nothing shall sound: 0.45 of the sample rate, at most 20 kHz."""
        return min(0.45 * self.sample_rate, 20_000.0)

    def samples(self, seconds: float) -> int:
        """Seconds as a count of samples, at least one."""
        return max(1, round(seconds * self.sample_rate))

    def time(self, samples: int) -> Sound:
        """Seconds from the onset, shape [samples]."""
        return np.arange(samples, dtype=np.float32) / np.float32(self.sample_rate)


Voice = Callable[[Stroke], Sound]


@dataclass(frozen=True)
class Instrument:
    """A name in the orchestra and how it sounds."""

    name: str
    family: Family
    voice: Voice
    low: int
    """Lowest playable MIDI pitch. A drum that is not tuned sounds the same on every pitch."""
    high: int
    """Highest playable MIDI pitch."""
    crisp: bool
    """The attack is audible in less than 5 ms: an accent is heard exactly where the note starts."""
    release: float
    """Seconds until the sound is gone after the key is let go (or after the onset, where `lengths` is "rings")."""
    program: int = 0
    """General MIDI program 0 to 127."""
    drums: bool = False
    """Plays on the General MIDI drum channel, on `gm_key`."""
    gm_key: int = 0
    centre: int = 60
    """The pitch at which its loudness was set."""
    level_db: float = 0.0
    """Gain that brings the voice to the reference loudness."""
    lengths: Lengths = "held"
    """What the held length does: nothing ("rings"), damps or sustains ("held"), places the peak exactly ("exact")."""
    layers: int = 8
    """Velocity layers: how finely brightness follows velocity. Level always follows exactly."""
    variants: int = 2
    """Renderings that take turns when a note repeats."""
    touch: float = 1.6
    """Level is velocity to this power."""

    def play(self, pitch: int, velocity: float, seconds: float, sample_rate: int, rng: np.random.Generator) -> Sound:
        """One note, shape [samples, 1 or 2]; its first sample is the onset, its last is silent.

        Args:
            pitch: MIDI pitch; `low` to `high` sound best.
            velocity: 0 to 1, opens brightness as well as level.
            seconds: how long the key is held; the sound rings on after it.
            sample_rate: samples per second.
            rng: what makes this rendering differ from the next.
        """
        sound = self.voice(Stroke(pitch, velocity, seconds, sample_rate, rng))
        sound = sound * np.float32(self.level(velocity) * 10 ** (self.level_db / 20))
        _smooth_edges(sound, sample_rate)
        return sound.T

    def level(self, velocity: float) -> float:
        """Amplitude at a velocity, 1 at the reference velocity."""
        return float((max(velocity, 0.0) / REFERENCE_VELOCITY) ** self.touch)

    def layer(self, velocity: float) -> int:
        """The velocity layer, 1 to `layers`, that stands for a velocity."""
        return min(self.layers, max(1, round(velocity * self.layers)))

    def bucket(self, seconds: float) -> float:
        """The held length that stands for a length: within 2 % where exactness is not heard."""
        if self.lengths == "exact":
            return seconds
        if self.lengths == "rings":
            return 1.0
        return float(2 ** (round(16 * np.log2(max(seconds, 0.01))) / 16))


def _smooth_edges(sound: Sound, sample_rate: int) -> None:
    """Take the click off both ends, in place."""
    samples = sound.shape[1]
    opening = min(samples // 2, round(_ATTACK * sample_rate))
    sound[:, :opening] *= half_cosine(opening)
    closing = min(samples // 2, round(_CLOSE * sample_rate))
    sound[:, samples - closing :] *= half_cosine(closing)[::-1]


def half_cosine(samples: int) -> Sound:
    """A smooth way from 0 (the first sample exactly) to nearly 1, shape [samples]."""
    return (0.5 - 0.5 * np.cos(np.pi * np.arange(samples) / max(samples, 1))).astype(np.float32)
