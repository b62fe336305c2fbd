"""Room for new sound beside what is kept: by how much it must be turned down where their sum would be too loud.

Conventions
    Audio is float32, shape [samples, 2], full scale 1. Results are for cells of 64 samples, in dB, 0 where there
    is room.
Method
    What is kept cannot be changed. With the new turned down by a ratio g, each point of the sum, between samples too,
    is k + g * n: the largest g that holds is known at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.audio.files import as_audio
from core.audio.joins import Join, Kept
from core.audio.layers import blocks
from core.audio.limiter import between_knots, gain_curve
from core.audio.loudness import CELL, HALF, cell_peaks, interpolator
from core.brief import Audio, FloatArray, StemName
from core.watch import Watch

AIM = 10 ** (-1.2 / 20)
"""True peak, as amplitude, that a sum is turned down to: other meters read up to 0.2 dB higher."""
TOLERATED = 10 ** (0.02 / 20)
"""How far above the aim a sum is left as it is: a take whose peaks were held lies there by rounding alone."""
CEILING = 10 ** (-1.1 / 20)
"""True peak that a sum may reach where what is kept lies above the aim."""
BESIDE = 10 ** (0.1 / 20)
"""How far above what is kept the sum may then lie."""
STEM_LIMIT = 10 ** (-0.1 / 20)
"""Highest sample of a single stem: 24 bits hold no more."""
DEEPEST = 40.0
"""dB that new sound is turned down at the most: it is hardly heard then."""
IN_VAIN = 12.0
"""dB that new sound is turned down where what is kept is too loud by itself."""
RELEASE_DB_PER_S = 120.0
"""How fast new sound comes back after it had to give way: what it gave way to covers the rest."""
ROUNDS = 3


@dataclass(frozen=True)
class Room:
    """The gain of the new sound inside the hole."""

    first: int
    curve: FloatArray | None
    """Knots from the hole's first sample on; None where nothing is turned down."""
    down_db: float
    kept_peak: float
    """True peak, as amplitude, of what is kept where it is too loud by itself; 0 where it nowhere is."""

    def gain(self, start: int, stop: int) -> NDArray[np.float32] | np.float32:
        """Amplitude ratio from `start` to `stop` inside the hole, shape [samples, 1] or one number."""
        if self.curve is None:
            return np.float32(1)
        edge = (start - self.first) // CELL * CELL
        values = between_knots(self.curve, edge, stop - self.first)[start - self.first - edge :]
        return values.astype(np.float32)[:, None]

    def down_at(self, cells: int) -> FloatArray:
        """By how many dB each cell is turned down at the most, shape [cells]."""
        if self.curve is None:
            return np.zeros(cells)
        down: FloatArray = -20 * np.log10(np.minimum(self.curve[1:], self.curve[:-1]))
        return down


@dataclass(frozen=True)
class Crowded:
    """By how much the new is too loud."""

    excess: FloatArray
    """dB to turn the new down by, shape [cells]."""
    in_vain: NDArray[np.bool_]
    """Cells where what is kept is too loud by itself, shape [cells]."""
    kept: float
    """True peak, as amplitude, of what is kept in those; 0 where there are none."""


def room_for(cue: Kept, joins: Mapping[StemName, Join], watch: Watch) -> Room:
    """By how much the new sound must be turned down, cell by cell of the hole."""
    cells = -(-(cue.last - cue.first) // CELL)
    excess = np.zeros(cells)
    room = Room(cue.first, None, 0.0, 0.0)
    for _ in range(ROUNDS):
        found = _crowded(cue, joins, room, watch)
        down = np.where(found.excess > 0, room.down_at(cells) + found.excess, 0)
        down = np.minimum(down, np.where(found.in_vain, IN_VAIN, DEEPEST))
        if (down <= excess).all():
            break
        excess = np.maximum(excess, down)
        room = Room(cue.first, gain_curve(excess, cue.rate, RELEASE_DB_PER_S), float(excess.max()), found.kept)
    return room


def beside_the_mix(kept: Audio, new: Audio) -> Crowded:
    """How far new sound must be turned down for the true peak of its sum with what is kept.

    Args:
        kept: shape [HALF - 1 + cells * CELL + HALF, 2]: the cells with what surrounds them.
        new: the same.
    """
    peaks = cell_peaks(kept + new, AIM)
    excess, in_vain = np.zeros(len(peaks)), np.zeros(len(peaks), np.bool_)
    tight = np.flatnonzero(peaks > AIM * TOLERATED)
    if not len(tight):
        return Crowded(excess, in_vain, 0.0)
    fixed, moving = _points(kept, tight), _points(new, tight)
    alone = np.abs(fixed).max(axis=1)
    limit = np.where(alone > CEILING, alone, np.clip(alone * BESIDE, AIM, CEILING))
    excess[tight] = _turned_down(fixed, moving, limit[:, None])
    in_vain[tight] = alone > CEILING
    return Crowded(excess, in_vain, float(alone[alone > CEILING].max(initial=0.0)))


def beside_its_own(kept: Audio, new: Audio) -> FloatArray:
    """How far new sound must be turned down for the samples of its own stem, shape [cells].

    Args:
        kept: what is still heard of the old, shape [cells * CELL, 2].
        new: the same.
    """
    rows = (-1, 2 * CELL)
    if np.abs(kept + new).max(initial=0.0) <= STEM_LIMIT:
        return np.zeros(len(new) // CELL)
    fixed, moving = kept.reshape(rows).astype(np.float64), new.reshape(rows).astype(np.float64)
    limit = np.maximum(STEM_LIMIT, np.abs(fixed))
    return _turned_down(fixed, moving, limit)


def _turned_down(fixed: FloatArray, moving: FloatArray, limit: FloatArray) -> FloatArray:
    """dB to turn `moving` down by in each row for |fixed + moving| to stay within a limit; shape [rows]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(np.abs(fixed + moving) > limit, (limit - fixed * np.sign(moving)) / np.abs(moving), 1.0)
        smallest = np.clip(ratios.min(axis=1), 10 ** (-DEEPEST / 20), 1.0)
    # Rounded up, so that the last bits of a matrix product decide nothing.
    down: FloatArray = np.ceil(-2000 * np.log10(smallest) - 1e-6) / 100
    return down


def _points(frames: Audio, cells: NDArray[np.intp]) -> FloatArray:
    """The samples of some cells and the values between them, shape [cells, points]."""
    matrix, *_ = interpolator()
    windows = np.lib.stride_tricks.sliding_window_view(frames, CELL + 2 * HALF - 1, axis=0)[::CELL][cells]
    between = (windows.reshape(2 * len(cells), -1) @ matrix).reshape(len(cells), -1)
    inner = windows[:, :, HALF - 1 : HALF - 1 + CELL].reshape(len(cells), -1)
    points: FloatArray = np.concatenate([inner, between], axis=1).astype(np.float64)
    return points


def _crowded(cue: Kept, joins: Mapping[StemName, Join], room: Room, watch: Watch) -> Crowded:
    """By how much the new, turned down so far, is too loud in the whole hole."""
    found: list[Crowded] = []
    length = cue.last - cue.first
    for begin, end in blocks(length):
        watch.report("audio", begin / length, "looking for room")
        whole = begin + -(-(end - begin) // CELL) * CELL
        start, stop = cue.first + begin - (HALF - 1), cue.first + whole + HALF
        kept, new, own = _around(cue, joins, room, start, stop)
        part = beside_the_mix(kept, new)
        found.append(replace(part, excess=np.max([part.excess, *own], axis=0)))
    return Crowded(
        np.concatenate([part.excess for part in found]),
        np.concatenate([part.in_vain for part in found]),
        max(part.kept for part in found),
    )


def _around(
    cue: Kept, joins: Mapping[StemName, Join], room: Room, start: int, stop: int
) -> tuple[Audio, Audio, list[FloatArray]]:
    """What is kept and what is new in a stretch of the hole with what surrounds it.

    Returns:
        The sum of all that is kept, the sum of all that is new, both of shape [stop - start, 2], silence beyond the
        cue; and for each changed stem by how many dB its new sound passes what a file can hold, shape [cells].
    """
    first, last = max(start, cue.first), min(stop, cue.last)
    kept, new = (np.zeros((stop - start, 2), np.float32) for _ in range(2))
    for lower, upper in ((max(start, 0), first), (last, min(stop, cue.samples))):
        if lower < upper:
            kept[lower - start : upper - start] = as_audio(cue.mix.read(lower, upper))
    inside = slice(first - start, last - start)
    for name, reader in cue.stems.items():
        if name not in joins:
            kept[inside] += as_audio(reader.read(first, last))
    gain = room.gain(first, last)
    own = []
    cells = slice(HALF - 1, stop - start - HALF)
    for join in joins.values():
        old_part, new_part = (np.pad(part, ((first - start, stop - last), (0, 0))) for part in join.parts(first, last))
        new_part[inside] *= gain
        own.append(beside_its_own(old_part[cells], new_part[cells]))
        kept += old_part
        new += new_part
    return kept, new, own
