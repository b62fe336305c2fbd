"""Sections of players on one pitch: strings, brass, choirs and stacked synthesisers from one description."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from core.engines.composer.instruments.filters import Curve, Tone, glide, low_pass
from core.engines.composer.instruments.loops import LOOPS, bake, loop_size, section, weave
from core.engines.composer.instruments.stroke import Sound, Stroke


@dataclass(frozen=True)
class Ensemble:
    """Who plays together, and through which body and filter."""

    voices: int
    cents: float
    """How far the outer voices are detuned to either side."""
    dark: float
    """Low-pass corner of the darkest layer in hertz on middle C."""
    bright: float
    """Low-pass corner of the brightest layer."""
    layers: int = 2
    """Brightness moves between that many layers, their corners in equal ratios; four make a filter that sweeps."""
    slope: int = 2
    """Order of that low-pass."""
    vibrato: float = 0.0
    """Depth in cents; each voice at its own rate."""
    width: float = 0.8
    tilt: float = 1.0
    """Harmonic k has the level k**-tilt; 1 is a saw."""
    even: float = 1.0
    """Level of the even harmonics: 0 is a square."""
    body: Tone = field(default_factory=Tone)
    track: float = 0.35
    """How much the corners follow the pitch: 1 keeps the timbre, 0 keeps the filter."""
    seconds: float = 2.0
    """Length of the loop."""
    octave: float = 0.0
    """Level of the same section an octave higher."""

    def corners_at(self, pitch: int) -> Curve:
        """The layers' corners in hertz for a pitch."""
        corners: Curve = np.geomspace(self.dark, self.bright, self.layers) * 2 ** (self.track * (pitch - 60) / 12)
        return corners


def loop_of(ensemble: Ensemble, stroke: Stroke) -> Sound:
    """The endless sound of the ensemble on the stroke's pitch, shape [layers, 2, size]; the same for every note."""
    rate, pitch, frequency = stroke.sample_rate, stroke.pitch, stroke.frequency

    def make() -> Sound:
        rng = np.random.default_rng((pitch, ensemble.voices, round(100 * ensemble.cents)))
        top = min(stroke.nyquist, 3.0 * ensemble.corners_at(pitch)[-1], 17_000.0)
        partials = section(
            frequency, ensemble.voices, ensemble.cents, rng, vibrato=ensemble.vibrato, width=ensemble.width, top=top
        )
        level = partials.number**-ensemble.tilt * ensemble.body.gain(partials.frequency)
        level = np.where(partials.number % 2 == 0, ensemble.even * level, level)
        if ensemble.octave:
            level = np.where(partials.number % 2 == 0, level * (1 + ensemble.octave), level)
        corners = ensemble.corners_at(pitch)
        gains = np.stack([level * low_pass(partials.frequency, corner, ensemble.slope) for corner in corners])
        return bake(partials, gains, loop_size(frequency, ensemble.seconds, rate), rate)

    return LOOPS.get((ensemble, pitch, rate), make)


def sustain(ensemble: Ensemble, stroke: Stroke, envelope: Sound, cutoff: Sound) -> Sound:
    """The ensemble with a level and a brightness over time, shape [2, samples].

    Args:
        envelope: level, shape [samples].
        cutoff: hertz on middle C (it follows the pitch as the corners do), shape [samples].
    """
    loop = loop_of(ensemble, stroke)
    weights = glide(cutoff, ensemble.dark, ensemble.bright, ensemble.layers) * envelope
    return weave(loop, int(stroke.rng.integers(loop.shape[-1])), weights)


def straight(ensemble: Ensemble) -> Ensemble:
    """The same players before their vibrato sets in."""
    return replace(ensemble, vibrato=0.0, seconds=0.9)
