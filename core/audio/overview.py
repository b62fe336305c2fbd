"""Waveform overviews: the lowest and the highest value of each of about 2000 spans."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.audio.files import FULL_SCALE, Samples
from core.audio.loudness import CELL

BUCKETS = 2000
"""About how many spans an overview has."""


def span_of(samples: int) -> int:
    """How many samples a span has, a multiple of `CELL`, in an overview of this many samples."""
    return CELL * max(1, -(-samples // (BUCKETS * CELL)))


def overview(block: Samples, span: int) -> NDArray[np.float32]:
    """Lowest and highest value of each span of a block over both channels, full scale 1; shape [spans, 2]."""
    values = block.reshape(-1)
    edges = np.arange(0, len(values), 2 * span)
    extremes = np.stack([np.minimum.reduceat(values, edges), np.maximum.reduceat(values, edges)], axis=1)
    return (extremes / FULL_SCALE).astype(np.float32)
