"""Chance, by name: every decision draws from a stream of its own, so that one more note elsewhere changes nothing here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar
from zlib import crc32

import numpy as np

T = TypeVar("T")


def dice(seed: int, *name: object) -> np.random.Generator:
    """The stream of random numbers of this name: the same seed and name give the same numbers on every machine."""
    return np.random.default_rng([seed, crc32("/".join(map(str, name)).encode())])


def pick(rng: np.random.Generator, things: Sequence[T], weights: Sequence[float] | None = None) -> T:
    """One of the things, by weight."""
    if weights is None:
        return things[int(rng.random() * len(things))]
    aim = rng.random() * sum(weights)
    for thing, weight in zip(things, weights, strict=True):
        aim -= weight
        if aim < 0:
            return thing
    return things[-1]


def pick_key(rng: np.random.Generator, weights: Mapping[T, float]) -> T:
    """One of the keys, by its weight."""
    return pick(rng, tuple(weights), tuple(weights.values()))
