"""Stems as they are before they are written: read block by block, freed of any constant offset, summed.

Conventions
    A block is a span of samples that begins at the edge of a cell of 64; the last one may end anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.audio.limiter import between_knots
from core.audio.loudness import CELL
from core.audio.mapped import let_go
from core.brief import Audio, FloatArray, Stem, StemName
from core.errors import HitpointError
from core.watch import Watch

OFFSET_ALLOWED = 1e-4
"""Constant offset that is left alone: -80 dB of full scale."""
OFFSET_WINDOW_S = 0.5
"""The offset is the mean over about this time: what is taken out lies below 4 Hz."""
BLOCK = 1 << 16


@dataclass(frozen=True)
class Layer:
    """One stem, to be read block by block."""

    name: StemName
    audio: Audio
    offset: FloatArray | None = None
    """What is subtracted, as knots at the edges of cells, shape [cells + 1, 2]; None where there is nothing to."""

    def read(self, start: int, stop: int) -> Audio:
        """Samples from `start`, the edge of a cell, to `stop`; shape [stop - start, 2]."""
        block = np.ascontiguousarray(self.audio[start:stop], np.float32)
        if self.offset is None:
            return block
        return block - between_knots(self.offset, start, stop).astype(np.float32)

    def let_go(self) -> None:
        """Give back the memory that reading has taken."""
        let_go(self.audio)


def layers_of(stems: Sequence[Stem], sample_rate: int, watch: Watch) -> tuple[Layer, ...]:
    """The stems as layers, freed of constant or slowly wandering offsets.

    Raises:
        HitpointError: a stem holds values that are not numbers.
        ValueError: there are none, or they differ in length or shape.
    """
    if not stems:
        raise ValueError("there are no stems")
    for stem in stems:
        if stem.audio.shape != (len(stems[0].audio), 2) or not len(stem.audio):
            raise ValueError(f"{stem.name} has shape {stem.audio.shape}, not ({len(stems[0].audio)}, 2)")
    return tuple(_freed(Layer(stem.name, stem.audio), sample_rate, watch) for stem in stems)


def blocks(samples: int, multiple: int = CELL) -> Iterator[tuple[int, int]]:
    """Start and stop of each block; all but the last have a length that `multiple` divides."""
    step = multiple * max(1, BLOCK // multiple)
    for start in range(0, samples, step):
        yield start, min(start + step, samples)


def mixed(layers: Sequence[Layer], start: int, stop: int) -> Audio:
    """The sum of all layers, shape [stop - start, 2]."""
    total = layers[0].read(start, stop).copy()
    for layer in layers[1:]:
        total += layer.read(start, stop)
    return total


def _freed(layer: Layer, sample_rate: int, watch: Watch) -> Layer:
    """The layer, with what is to be subtracted where its mean is not zero."""
    parts = []
    for start, stop in blocks(len(layer.audio)):
        watch.report("audio", start / len(layer.audio), f"looking at {layer.name}")
        parts.append(_cell_means(layer, start, stop))
        layer.let_go()
        if not np.isfinite(parts[-1]).all():
            raise HitpointError("The engine made values that are not numbers", layer.name, "Choose another seed.")
    means = np.concatenate(parts)
    if np.abs(means.mean(axis=0)).max() <= OFFSET_ALLOWED:
        return layer
    width = max(1, round(OFFSET_WINDOW_S / 2 * sample_rate / CELL))
    slow = _moving_mean(_moving_mean(means, width), width)
    knots = np.concatenate([slow[:1], (slow[1:] + slow[:-1]) / 2, slow[-1:]])
    return replace(layer, offset=knots)


def _cell_means(layer: Layer, start: int, stop: int) -> FloatArray:
    """Mean of each cell of a block, shape [cells, 2]."""
    sums = np.add.reduceat(layer.read(start, stop), np.arange(0, stop - start, CELL), axis=0, dtype=np.float64)
    sizes = np.minimum(CELL, np.arange(stop - start, 0, -CELL))
    means: FloatArray = sums / sizes[:, None]
    return means


def _moving_mean(values: FloatArray, width: int) -> FloatArray:
    """Mean over `width` neighbours; beyond the ends the values are mirrored. Shape [values, 2]."""
    padded = np.pad(values, ((width // 2 + 1, (width - 1) // 2), (0, 0)), mode="symmetric")
    sums = np.cumsum(padded, axis=0)
    means: FloatArray = (sums[width:] - sums[:-width]) / width
    return means
