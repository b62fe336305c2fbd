"""Chance that can be repeated: one independent stream of random numbers for each purpose."""

from __future__ import annotations

from zlib import crc32

import numpy as np


def stream(seed: int, name: str) -> np.random.Generator:
    """The random numbers for one purpose.

    The same seed and name give the same numbers, and drawing more for one purpose changes no other.
    """
    return np.random.default_rng([seed, crc32(name.encode())])
