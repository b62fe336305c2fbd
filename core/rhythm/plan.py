"""The plan: a tempo map whose beats fall on the hits.

The way
    1. `moments`: hits become distinct moments; those where the picture turns are marks.
    2. `lattice` and `search`: for each meter, dynamic programming over which moments to meet, on which places of
       the grid, at which base tempi; sections may change tempo at marks.
    3. `bars` and `bend`: the beats are bent, as smoothly as the limits allow, until every anchor is met exactly.
    4. `sections` and `verdicts`: bars are grouped to sections, and each hit is told what became of it.

Limits that every plan keeps
    Each beat's period is within 4 % of its section's base period and within 2 % of the period before, except that a
    section may begin at a new tempo. Beat 0 is a downbeat at time 0, unless a must-hit or several hits are worth a
    pickup: then the first downbeat comes at most half a bar later, and the first section begins with it. Bars are of
    the meter; a single 2/4, 3/4 or 5/4 bar may precede a section.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from core.brief import Feel, FloatArray, Hit, Meter, Plan, Section, TempoMap
from core.errors import WrongUse
from core.rhythm.bars import Layout, lay_out, trim
from core.rhythm.bend import INSIDE, Anchors, Bent, bend
from core.rhythm.chance import chance
from core.rhythm.grid import base_tempi, grid
from core.rhythm.lattice import Lattice, lattice
from core.rhythm.moments import MUST, Moments, gather, inside, marks
from core.rhythm.search import search
from core.rhythm.sections import divide, sections
from core.rhythm.slack import LIMIT
from core.rhythm.verdicts import verdicts
from core.watch import Watch

UNWATCHED = Watch()


@dataclass(frozen=True)
class Attempt:
    """How the search weighs things."""

    strict: float
    """How little places off the beat are worth."""
    tempo_price: float
    """What changing the tempo at a section costs, against its usual price."""
    bars: float
    """Bars between marks, at a middle tempo."""


MARGINS = (0.015, LIMIT)
"""How far base tempi keep from the ends of the feel's range; the second where the first was not enough."""

OTHER_METER = 0.25
"""Share of the value by which another meter must beat the preferred one."""
GENTLE = Attempt(strict=0.9, tempo_price=1.0, bars=3.5)
BROAD = Attempt(strict=1.2, tempo_price=0.5, bars=2.8)
EAGER = (Attempt(1.4, 0.4, 2.1), Attempt(1.4, 0.2, 3.5), Attempt(1.1, 0.2, 2.1), Attempt(1.4, 0.1, 2.8))
"""Short cues are tried gently first, then ever more eagerly until enough hits are met; long ones once, broadly."""
MET, ON_BEAT = 0.93, 0.65
"""Share of the hits' value to meet, and share of the met hits to be on a beat: more is welcome, not needed."""
COARSE = 0.03
"""Step of base tempi when meters are compared."""
AGAIN = 6
"""Searches before hits give way, where there are few."""
FEW = 60
"""So many moments are few."""
TRIAL = 120
"""Moments on which meters are compared when there are more."""


def plan(hits: Sequence[Hit], seconds: float, rate: Fraction, feel: Feel, watch: Watch = UNWATCHED) -> Plan:
    """Plan the rhythm of a cue.

    Args:
        hits: the moments to meet, in any order, seconds from the range's start.
        seconds: length of the range.
        rate: frames per second, for the chance level.
        feel: what the style allows.
        watch: progress and cancellation, stage "rhythm".

    Raises:
        WrongUse: the range is empty, or the feel holds no tempo or meter.
    """
    _check(seconds, rate, feel)
    for margin in MARGINS:
        made = _plan(hits, seconds, rate, feel, margin, watch)
        low, high = feel.tempo if feel.bpm is None else (feel.bpm * 0.96, feel.bpm * 1.04)
        if low <= made.bpm <= high:
            break
    return made


def _plan(hits: Sequence[Hit], seconds: float, rate: Fraction, feel: Feel, margin: float, watch: Watch) -> Plan:
    """A plan whose base tempi keep a margin from the ends of the feel's range."""
    watch.report("rhythm", 0.0, "reading the hits")
    meter = _meter(hits, seconds, feel, margin, watch)
    best = -np.inf
    few = np.count_nonzero([inside(hit, seconds) for hit in hits]) <= FEW
    for attempt in (GENTLE, *EAGER) if few else (BROAD,):
        tried, moments = _grounds(hits, seconds, feel, meter, margin, attempt)
        placed, tried_bent = _settle(tried, moments, seconds, feel, watch)
        judged = _judge(placed, tried, moments)
        if judged > best:
            best, grounds, layout, bent = judged, tried, placed, tried_bent
        if judged >= 1.0:
            break
    watch.report("rhythm", 0.95, "placing bars and sections")
    beats, downbeats, begins, front = trim(bent.beats, layout, seconds)
    tempo_map = TempoMap(beats, downbeats, grounds.grid.meter)
    real = grounds.moment[layout.stops] >= 0
    anchors = Anchors(layout.anchors.beat[real] - front, layout.anchors.fraction[real], layout.anchors.time[real])
    turn = moments.turn[grounds.moment[layout.stops[real]]]
    turns = {int(b): float(t) for b, f, t in zip(anchors.beat, anchors.fraction, turn, strict=True) if f == 0.0}
    groups = divide(beats, downbeats, seconds, turns, begins)
    parts = sections(groups, beats, seconds, turns, moments.times)
    places = np.searchsorted(grounds.grid.places, anchors.fraction)
    met = verdicts(hits, anchors.time, anchors.beat + anchors.fraction, places, tempo_map, grounds.grid, seconds)
    bpm = float(np.median(tempo_map.local_tempo()))
    return Plan(tempo_map, parts, met, chance(bpm, rate), bpm, _drift(beats, parts))


def _check(seconds: float, rate: Fraction, feel: Feel) -> None:
    """Refuse what cannot be planned."""
    if not 0.0 < seconds < float("inf"):
        raise WrongUse("The range is empty", f"{seconds} s", "Select at least one frame.")
    if rate <= 0:
        raise WrongUse("The frame rate must be positive", f"{rate}")
    low, high = feel.tempo
    if not 0.0 < low <= high or (feel.bpm is not None and not 0.0 < feel.bpm < 1000.0):
        raise WrongUse("No tempo fits", f"{low} to {high} bpm", "Give the lower bpm first.")
    if not feel.meters:
        raise WrongUse("The style allows no meter")


def _step(moments: int) -> float:
    """How finely base tempi are tried, as a ratio: finer where there is less to search."""
    return 0.02 if moments <= FEW else 0.025 if moments <= 250 else 0.03


def _grounds(
    hits: Sequence[Hit], seconds: float, feel: Feel, meter: Meter, margin: float, attempt: Attempt, step: float = 0.0
) -> tuple[Lattice, Moments]:
    """Lattice and moments of one meter."""
    pulse = meter.beats_per_pulse
    quickest = 60.0 / (max(feel.tempo[1], feel.bpm or 0.0) * pulse)
    moments = gather(hits, seconds, quickest)
    periods = 60.0 / (base_tempi(feel, step or _step(len(moments)), margin) * pulse)
    bar = meter.beats * periods
    gap = max(2 * float(bar.max()) * (1 + LIMIT), attempt.bars * float(np.sqrt(bar.max() * bar.min())))
    marked = marks(moments, seconds, gap)
    return lattice(moments, marked, seconds, grid(meter, feel, attempt.strict), periods, attempt.tempo_price), moments


def _meter(hits: Sequence[Hit], seconds: float, feel: Feel, margin: float, watch: Watch) -> Meter:
    """The meter that the hits fit best, judged coarsely and on the first of them; the preferred one when in doubt."""
    if len(feel.meters) == 1:
        return feel.meters[0]
    heard, length = sorted(hits, key=lambda hit: hit.time), seconds
    if len(heard) > TRIAL:
        heard, length = heard[:TRIAL], min(seconds, heard[TRIAL - 1].time + 1.0)
    values = []
    for meter in feel.meters:
        grounds, _ = _grounds(heard, length, feel, meter, margin, BROAD, COARSE)
        values.append(search(grounds, feel.inserted_bars, watch).value)
    values[0] += OTHER_METER * abs(values[0])
    return feel.meters[int(np.argmax(values))]


def _judge(layout: Layout, grounds: Lattice, moments: Moments) -> float:
    """How good a plan is: 1 or more when it meets the must-hits, enough of the others, and enough on beats."""
    moment = grounds.moment[layout.stops]
    real = moment >= 0
    if not len(moments):
        return 1.0
    met = float(moments.value[moment[real]].sum() / moments.value.sum())
    on_beat = float(np.mean(layout.places[real] == 0)) if real.any() else 0.0
    missed = int(moments.must.sum() - moments.must[moment[real]].sum())
    return min(met / MET, 1.0) * min(on_beat / ON_BEAT, 1.0) - missed


def _settle(grounds: Lattice, moments: Moments, seconds: float, feel: Feel, watch: Watch) -> tuple[Layout, Bent]:
    """Search and bend until the beats keep the limits.

    The search rounds drifts to bins, so what it finds can be a little too tight where anchors are close. Then the
    tightest way is banned and the search begins again; in the end, or where there is much to search, the hits of
    least value give way.
    """
    for _ in range(AGAIN if len(moments) <= FEW else 0):
        layout = lay_out(search(grounds, feel.inserted_bars, watch), grounds, seconds)
        bent = bend(layout.anchors, layout.base, layout.jumps)
        if not len(bent.strained):
            return layout, bent
        grounds = replace(grounds, banned=grounds.banned | _tightest(layout, bent.strained))
    layout = lay_out(search(grounds, feel.inserted_bars, watch), grounds, seconds)
    value = np.zeros(len(layout.stops))
    real = grounds.moment[layout.stops] >= 0
    value[real] = (moments.value + MUST * moments.must)[grounds.moment[layout.stops[real]]]
    value[layout.anchors.time == 0.0] = np.inf
    while True:
        watch.check()
        bent = bend(layout.anchors, layout.base, layout.jumps)
        if not len(bent.strained):
            return layout, bent
        kept = _without_strain(layout.anchors, value, bent.strained)
        layout, value = layout.only(kept), value[kept]


def _stretches(anchors: Anchors, strained: NDArray[np.intp]) -> list[tuple[int, int]]:
    """First anchor and the one after the last of each strained stretch."""
    found = []
    for stretch in np.split(strained, np.flatnonzero(np.diff(strained) > 8) + 1):
        low, high = np.searchsorted(anchors.beat, [stretch[0] - 1, stretch[-1] + 3])
        low = max(0, min(int(low), len(anchors.beat) - 1))
        found.append((low, max(int(high), low + 1)))
    return found


def _tightest(layout: Layout, strained: NDArray[np.intp]) -> frozenset[tuple[int, int, int, int, int]]:
    """The shortest way in each strained stretch."""
    beat, fraction, found = layout.anchors.beat, layout.anchors.fraction, set()
    for low, high in _stretches(layout.anchors, strained):
        inner = range(max(low, 1), max(high, low + 2)) if high > 1 else range(1, 2)
        inner = range(inner.start, min(inner.stop, len(beat)))
        k = min(inner, key=lambda k: beat[k] + fraction[k] - beat[k - 1] - fraction[k - 1])
        places, stops = layout.places, layout.stops
        found.add((int(stops[k - 1]), int(stops[k]), int(places[k - 1]), int(places[k]), int(beat[k] - beat[k - 1])))
    return frozenset(found)


def _without_strain(anchors: Anchors, value: FloatArray, strained: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which anchors stay when each strained stretch gives up its least; shape [anchors]."""
    kept = np.ones(len(value), dtype=bool)
    for low, high in _stretches(anchors, strained):
        kept[low + int(np.argmin(value[low:high]))] = False
    return kept


def _drift(beats: FloatArray, parts: Sequence[Section]) -> float:
    """Largest deviation of a beat's period from its section's base period.

    The base is the median period, or the one nearest to it from which no beat strays by more than the limit.
    """
    periods = np.diff(beats)
    worst, limit = 0.0, LIMIT * INSIDE
    for part in parts:
        inside = periods[part.first_beat : part.first_beat + part.beats]
        base = float(np.clip(np.median(inside), inside.max() / (1 + limit), inside.min() / (1 - limit)))
        worst = max(worst, float(np.abs(inside / base - 1.0).max()))
    return worst
