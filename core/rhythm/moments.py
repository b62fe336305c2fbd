"""Hits as the search sees them: one moment per time, thinned where no grid could follow, some of them marks.

Conventions
    A mark is a moment where the picture turns and where a section may begin; marks lie far enough apart for
    sections of at least two bars at any tempo that is tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.brief import FloatArray, Hit

KIND = {"marker": 1.5, "cut": 1.0, "motion": 0.4}
"""Markers over cuts over motion, on top of each hit's own weight."""

MUST = 300.0
"""What it costs to leave out a hit that the editor insists on: far more than all others near it are worth."""

SAME = 2e-10
"""Seconds within which two hits are one moment."""

LEAN = 0.35
"""How much turn a variety of marks may add to a moment."""

PER_BEAT = 6
"""More moments than this in one beat are thinned to the heaviest."""


@dataclass(frozen=True)
class Moments:
    """Distinct times that the music may meet, in order."""

    times: FloatArray
    """Seconds, strictly increasing, shape [moments]."""
    value: FloatArray
    """What meeting it is worth, shape [moments]."""
    turn: FloatArray
    """How much the picture turns, 0 to 1, shape [moments]."""
    must: NDArray[np.bool_]
    """Shape [moments]."""
    chief: NDArray[np.bool_]
    """Cuts and markers, by which a plan is judged; shape [moments]."""

    def __len__(self) -> int:
        return len(self.times)

    def only(self, kept: NDArray[np.bool_]) -> Moments:
        """Some of the moments."""
        return Moments(self.times[kept], self.value[kept], self.turn[kept], self.must[kept], self.chief[kept])


def value_of(hit: Hit) -> float:
    """What meeting a hit is worth."""
    return KIND[hit.kind] * (0.4 + 0.6 * min(max(hit.weight, 0.0), 1.0))


def inside(hit: Hit, seconds: float) -> bool:
    """Whether a hit lies in the range; its very end counts."""
    return 0.0 <= hit.time <= seconds


def gather(hits: Sequence[Hit], seconds: float, beat: float) -> Moments:
    """Moments of the hits inside the range.

    Args:
        hits: in any order.
        seconds: length of the range.
        beat: shortest beat that will be tried, in seconds.
    """
    order = sorted((i for i, hit in enumerate(hits) if inside(hit, seconds)), key=lambda i: (hits[i].time, i))
    groups: list[list[int]] = []
    for index in order:
        if groups and hits[index].time - hits[groups[-1][0]].time <= SAME:
            groups[-1].append(index)
        else:
            groups.append([index])
    times = np.array([hits[group[0]].time for group in groups], dtype=np.float64)
    value = np.array([max(value_of(hits[i]) for i in group) for group in groups], dtype=np.float64)
    must = np.array([any(hits[i].must for i in group) for group in groups], dtype=bool)
    chief = np.array([any(hits[i].kind != "motion" for i in group) for group in groups], dtype=bool)
    kept = _thin(times, value + MUST * must + _spread(len(times)), beat)
    turn = np.array([max(min(max(hits[i].turn, 0.0), 1.0) for i in group) for group in groups], dtype=np.float64)
    return Moments(times, value, turn, must, chief).only(kept)


def _thin(times: FloatArray, value: FloatArray, beat: float) -> NDArray[np.bool_]:
    """Which moments are must-hits or among the heaviest `PER_BEAT` within half a beat either side; shape [moments]."""
    first = np.searchsorted(times, times - beat / 2, side="left")
    last = np.searchsorted(times, times + beat / 2, side="right")
    kept = (value >= MUST) | (last - first <= PER_BEAT)
    for k in np.flatnonzero(~kept):
        kept[k] = np.count_nonzero(value[first[k] : last[k]] > value[k]) < PER_BEAT
    return kept


def _spread(count: int) -> FloatArray:
    """A hair of value by which equal neighbours are told apart evenly, shape [count]."""
    return np.asarray(np.arange(count) * 0.6180339887 % 1.0 * 1e-6, dtype=np.float64)


def _lean(count: int, variety: int) -> FloatArray:
    """What a variety of marks adds to each score, shape [count]."""
    places = np.arange(count) * 0.6180339887 + variety * 0.4142135624
    return np.asarray(LEAN * (places % 1.0) * (variety > 0), dtype=np.float64)


def marks(moments: Moments, seconds: float, gap: float, variety: int = 0) -> NDArray[np.bool_]:
    """Which moments may begin a section: the set of largest turns at least `gap` seconds apart; shape [moments].

    The range's start and end keep the same distance. A moment without any turn counts a little by its value, so that
    sections begin on cuts even where the picture was not seen. Each variety but 0 leans to other moments.
    """
    chosen = np.zeros(len(moments), dtype=bool)
    able = np.flatnonzero((moments.times >= gap) & (moments.times <= seconds - gap))
    if not len(able):
        return chosen
    times = moments.times[able]
    score = _lean(len(able), variety) + moments.turn[able] + 0.05 * moments.value[able] + 0.5 * moments.must[able]
    before = np.searchsorted(times, times - gap, side="right")
    best = np.zeros(len(able) + 1)
    for k in range(len(able)):
        best[k + 1] = max(best[k], best[before[k]] + score[k])
    k = len(able)
    while k > 0:
        if best[k] == best[k - 1]:
            k -= 1
        else:
            chosen[able[k - 1]] = True
            k = int(before[k - 1])
    return chosen
