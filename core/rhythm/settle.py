"""Settling: search, bend and centre until the beats keep every limit.

The search rounds drifts to bins and knows the tempi it tried; the bend is exact. Where they disagree, ways are banned
and the search begins again, or hits of little value give way. In the end each section's own median period is its
base, so that anyone can read the base tempo off the map.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.brief import Feel, FloatArray
from core.rhythm.bars import Layout, lay_out
from core.rhythm.bend import INSIDE, Anchors, Bent, bend
from core.rhythm.lattice import Lattice
from core.rhythm.moments import MUST, Moments
from core.rhythm.search import search
from core.rhythm.sections import divide
from core.rhythm.slack import LIMIT
from core.watch import Watch

AGAIN_FOR_MUSTS = 4
"""How often at least to search again before a must-hit gives way."""
NEAR = 2
"""Beats around a strained one whose anchors may be to blame."""
ROUNDS = 6
"""How often sections are centred on their medians."""


@dataclass(frozen=True)
class Settled:
    """Beats that keep the limits; indices count from the first beat."""

    beats: FloatArray
    """Seconds, from the last at or before 0 to the first at or after the end."""
    bpm: float
    """Felt tempo, the median over the beats."""
    downbeats: tuple[int, ...]
    sections: tuple[int, ...]
    """The beat at which each section starts."""
    anchors: Anchors
    """The moments met, and where."""
    met: NDArray[np.intp]
    """Their indices among the moments, shape [anchors]."""
    turns: dict[int, float]
    """How much the picture turns at each beat that a moment is met on."""


def settle(grounds: Lattice, moments: Moments, seconds: float, feel: Feel, again: int, watch: Watch) -> Settled:
    """The best plan of the lattice that keeps every limit.

    Args:
        grounds: the lattice.
        moments: what it was laid out for.
        seconds: length of the range.
        feel: what the style allows.
        again: how often to search again before hits give way.
        watch: progress and cancellation.
    """
    layout, bent = _fit(grounds, moments, seconds, feel, again, watch)
    firsts = _sections(bent.beats, layout, grounds, moments, seconds)
    layout, beats = _centre(layout, bent.beats, firsts, seconds, _worth(layout, grounds, moments), watch)
    kept = _kept(beats, seconds)
    moment = grounds.moment[layout.stops]
    real = moment >= 0
    anchors = layout.only(real).anchors
    return Settled(
        beats[kept.start : kept.stop],
        float(np.median(60.0 / (np.diff(beats[kept.start : kept.stop]) * grounds.grid.meter.beats_per_pulse))),
        tuple(d - kept.start for d in layout.downbeats if d in kept),
        tuple(d - kept.start for d in firsts),
        Anchors(anchors.beat - kept.start, anchors.fraction, anchors.time),
        moment[real],
        {beat - kept.start: turn for beat, turn in _turns(layout, grounds, moments).items()},
    )


def strays(beats: FloatArray, firsts: tuple[int, ...]) -> list[float]:
    """How far the farthest beat of each section is from its base period, as a ratio.

    The base is the median period, or the one nearest to it from which no beat strays by more than the limit.
    """
    limit = LIMIT * INSIDE
    found = []
    for periods in np.split(np.diff(beats), firsts[1:]):
        base = float(np.clip(np.median(periods), periods.max() / (1 + limit), periods.min() / (1 - limit)))
        found.append(float(np.abs(periods / base - 1.0).max()))
    return found


def _fit(
    grounds: Lattice, moments: Moments, seconds: float, feel: Feel, again: int, watch: Watch
) -> tuple[Layout, Bent]:
    """Search and bend; ban ways that turn out too tight, then let hits give way, must-hits last."""
    for tries in range(max(again, AGAIN_FOR_MUSTS) + 1):
        layout = lay_out(search(grounds, feel.inserted_bars, watch), grounds, seconds)
        bent = bend(layout.anchors, layout.base, layout.jumps)
        worth = _worth(layout, grounds, moments)
        while len(bent.strained) and tries >= again:
            kept = _without_strain(layout.anchors, worth, bent.strained)
            if MUST <= worth[~kept].max() < np.inf and tries < AGAIN_FOR_MUSTS:
                break
            watch.check()
            layout, worth = layout.only(kept), worth[kept]
            bent = bend(layout.anchors, layout.base, layout.jumps)
        if not len(bent.strained):
            break
        grounds = replace(grounds, banned=grounds.banned | _tightest(layout, bent.strained))
    return layout, bent


def _worth(layout: Layout, grounds: Lattice, moments: Moments) -> FloatArray:
    """What each anchor is worth: the range's start everything, its end nothing; shape [anchors]."""
    worth = np.zeros(len(layout.stops))
    moment = grounds.moment[layout.stops]
    real = moment >= 0
    worth[real] = (moments.value + MUST * moments.must)[moment[real]]
    worth[layout.anchors.time == 0.0] = np.inf
    return worth


def _centre(
    layout: Layout, beats: FloatArray, firsts: tuple[int, ...], seconds: float, worth: FloatArray, watch: Watch
) -> tuple[Layout, FloatArray]:
    """Bend again around each section's own median period, until no beat strays from it by more than the limit.

    Hits of little value give way; where only must-hits stand against it, the base stays what it was.
    """
    tried, tried_beats = layout, beats
    for _ in range(ROUNDS):
        watch.check()
        base = _medians(tried_beats, firsts, seconds)
        kept = _kept(tried_beats, seconds)
        inner = slice(kept.start, kept.stop - 1)
        if np.abs(np.diff(tried_beats) / base - 1.0)[inner].max() <= LIMIT * INSIDE:
            return tried, tried_beats
        bent = bend(tried.anchors, base, tried.jumps)
        while len(bent.strained):
            stays = _without_strain(tried.anchors, worth, bent.strained)
            if worth[~stays].max() >= MUST:
                return layout, beats
            tried, worth = tried.only(stays), worth[stays]
            bent = bend(tried.anchors, base, tried.jumps)
        tried_beats = bent.beats
    return tried, tried_beats


def _medians(beats: FloatArray, firsts: tuple[int, ...], seconds: float) -> FloatArray:
    """Each beat's base period: the median of its section inside the range; shape [beats - 1]."""
    periods = np.diff(beats)
    kept = _kept(beats, seconds)
    edges = [*firsts, kept.stop - 1]
    base = np.empty(len(periods))
    for k, first in enumerate(firsts):
        base[(first if k else 0) :] = np.median(periods[first : edges[k + 1]])
    return base


def _kept(beats: FloatArray, seconds: float) -> range:
    """The beats that belong to the range: the last at or before 0 to the first at or after the end."""
    front = int(np.searchsorted(beats, 0.0, side="right")) - 1
    return range(front, int(np.searchsorted(beats, seconds, side="left")) + 1)


def _sections(beats: FloatArray, layout: Layout, grounds: Lattice, moments: Moments, seconds: float) -> tuple[int, ...]:
    """The beats at which sections start."""
    kept = _kept(beats, seconds)
    downbeats = [d for d in layout.downbeats if d in kept]
    return divide(beats, downbeats, seconds, _turns(layout, grounds, moments), layout.begins)


def _turns(layout: Layout, grounds: Lattice, moments: Moments) -> dict[int, float]:
    """How much the picture turns at each beat that a moment is met on."""
    moment = grounds.moment[layout.stops]
    on_beat = (moment >= 0) & (layout.anchors.fraction == 0.0)
    return dict(zip(layout.anchors.beat[on_beat].tolist(), moments.turn[moment[on_beat]].tolist(), strict=True))


def _stretches(anchors: Anchors, strained: NDArray[np.intp]) -> list[tuple[int, int]]:
    """First anchor and the one after the last near each strained stretch."""
    found = []
    for stretch in np.split(strained, np.flatnonzero(np.diff(strained) > 2 * NEAR) + 1):
        low, high = np.searchsorted(anchors.beat, [stretch[0] - NEAR, stretch[-1] + NEAR + 1])
        low = max(0, min(int(low), len(anchors.beat) - 1))
        found.append((low, max(int(high), low + 1)))
    return found


def _tightest(layout: Layout, strained: NDArray[np.intp]) -> frozenset[tuple[int, int, int, int, int]]:
    """The shortest way in each strained stretch."""
    beat, places, stops, found = layout.anchors.beat, layout.places, layout.stops, set()
    position = beat + layout.anchors.fraction
    for low, high in _stretches(layout.anchors, strained):
        ways = range(max(low, 1), min(high + 1, len(beat)))
        if ways:
            k = min(ways, key=lambda k: position[k] - position[k - 1])
            way = (stops[k - 1], stops[k], places[k - 1], places[k], beat[k] - beat[k - 1])
            found.add((int(way[0]), int(way[1]), int(way[2]), int(way[3]), int(way[4])))
    return frozenset(found)


def _without_strain(anchors: Anchors, worth: FloatArray, strained: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which anchors stay when each strained stretch gives up its least, a must-hit last of all; shape [anchors]."""
    kept = np.ones(len(worth), dtype=bool)
    for low, high in _stretches(anchors, strained):
        if worth[low:high].min() >= MUST:
            low, high = max(0, low - 1), min(len(worth), high + 1)
        kept[low + int(np.argmin(worth[low:high]))] = False
    return kept
