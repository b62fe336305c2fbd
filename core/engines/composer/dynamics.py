"""The dynamics of the whole: a level that breathes with the energy, the side-chain, the room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from core.engines.composer.outline import Outline
from core.engines.composer.score import Part

_DB_PER_ENERGY = 7.0
_LIMIT_DB = 4.0
_ROOMS: Mapping[str, Literal["small", "hall"]] = {
    "comedy": "small",
    "electronic": "small",
    "lo-fi": "small",
    "documentary": "small",
}


def level(outline: Outline) -> tuple[tuple[float, float], ...]:
    """The level over time, (seconds, dB) in order: within 4 dB of the mean, within 1 dB under speech."""
    energy = np.array([bar.energy for bar in outline.bars])
    limit = 1.0 if outline.brief.direction.under_speech else _LIMIT_DB
    db = np.clip((energy - energy.mean()) * _DB_PER_ENERGY * limit / _LIMIT_DB, -limit, limit)
    points = {max(0.0, bar.start): float(gain) for bar, gain in zip(outline.bars, db, strict=True)}
    return tuple(sorted((time, gain) for time, gain in points.items() if time < outline.brief.seconds)) or ((0.0, 0.0),)


def pump(outline: Outline, parts: Sequence[Part]) -> tuple[float, ...]:
    """When the side-chain ducks harmony and bass: on the kicks of the electronic style, in seconds."""
    if outline.brief.direction.style != "electronic":
        return ()
    kicks = {note.start for part in parts if part.instrument == "kick_electronic" for note in part.notes}
    return tuple(sorted(kicks))


def room(outline: Outline) -> Literal["small", "hall"]:
    """The room that suits the style."""
    return _ROOMS.get(outline.brief.direction.style, "hall")
