"""Weighted choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


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
