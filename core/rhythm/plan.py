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

from core.brief import Feel, FloatArray, Hit, Meter, Plan, TempoMap
from core.errors import WrongUse
from core.rhythm.chance import chance
from core.rhythm.grid import Grid, base_tempi, grid
from core.rhythm.lattice import Lattice, lattice, weighed, with_roads
from core.rhythm.moments import Moments, gather, inside, marks
from core.rhythm.search import search
from core.rhythm.sections import CALM, sections
from core.rhythm.settle import Settled, settle, strays
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
    variety: int = 0
    """Which of many likely sets of marks."""


MARGINS = (0.015, LIMIT)
"""How far base tempi keep from the ends of the feel's range; the second where the first was not enough."""

OTHER_METER = 0.25
"""Share of the value by which another meter must beat the preferred one."""
BROAD = Attempt(strict=1.2, tempo_price=0.5, bars=2.8)
ATTEMPTS = (
    Attempt(0.9, 1.0, 3.5, 0),
    Attempt(1.6, 0.74, 3.5, 6),
    Attempt(0.9, 0.09, 2.1, 7),
    Attempt(1.6, 0.23, 2.3, 5),
    Attempt(0.85, 0.25, 3.1, 4),
    Attempt(1.67, 0.24, 3.54, 6),
    Attempt(1.3, 0.08, 2.6, 7),
    Attempt(0.97, 0.24, 2.16, 1),
    Attempt(1.55, 0.25, 2.0, 4),
    Attempt(1.53, 0.38, 2.97, 2),
    Attempt(0.97, 0.06, 2.89, 1),
    Attempt(1.05, 0.08, 2.3, 3),
    Attempt(1.15, 0.65, 2.5, 3),
)
"""Short cues are tried gently first, then ever more eagerly until enough hits are met; long ones once, broadly."""
EFFORT = 2_500_000
"""Attempts times the size of the lattice that may be spent."""
MET, ON_BEAT, TURNED = 0.93, 0.64, 0.6
"""Share of the cuts and markers to meet, of those to be on a beat, and of the picture's turning that sections begin
with: more is welcome, not needed."""
LEAST_MET, LEAST_ON_BEAT = 0.88, 0.6
"""Shares below which a plan is worse than any that reaches them."""
SEEK = 1.25
"""What a missed cut or marker gains in value for the next attempt, while too few are met."""
COARSE = 2
"""Every second base tempo is tried when meters are compared."""
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
        low, high = _allowed(feel)
        if low <= made.bpm <= high:
            break
    return made


def _plan(hits: Sequence[Hit], seconds: float, rate: Fraction, feel: Feel, margin: float, watch: Watch) -> Plan:
    """A plan whose base tempi keep a margin from the ends of the feel's range."""
    watch.report("rhythm", 0.0, "reading the hits")
    meter = _meter(hits, seconds, feel, margin, watch)
    few = np.count_nonzero([inside(hit, seconds) for hit in hits]) <= FEW
    grounds, moments = _grounds(hits, seconds, feel, meter, margin)
    if few:
        settled = _most_met(grounds, moments, seconds, feel, watch)
    else:
        settled = settle(_weighed(grounds, moments, BROAD), moments, seconds, feel, 0, watch)
    watch.report("rhythm", 0.95, "placing bars and sections")
    return _told(hits, seconds, rate, settled, moments, grounds.grid)


def _most_met(grounds: Lattice, moments: Moments, seconds: float, feel: Feel, watch: Watch) -> Settled:
    """The best of several attempts; the first that is good enough ends them."""
    grounds = with_roads(grounds)
    affordable = max(1, int(EFFORT / max(grounds.size, 1)))
    again = min(AGAIN, affordable)
    best, judged = None, -np.inf
    sought = moments
    for attempt in ATTEMPTS[:affordable]:
        settled = settle(_weighed(grounds, sought, attempt), sought, seconds, feel, again, watch)
        if best is None or _judge(settled, moments, feel) > judged:
            best, judged = settled, _judge(settled, moments, feel)
        if judged >= 1.0:
            break
        if _shares(settled, moments)[0] < MET:
            sought = _sought(sought, settled)
    assert best is not None
    return best


def _sought(moments: Moments, settled: Settled) -> Moments:
    """The moments as the next attempt values them: cuts and markers that were missed are worth more."""
    value = moments.value.copy()
    missed = np.ones(len(moments), dtype=bool)
    missed[settled.met] = False
    value[missed & moments.chief] *= SEEK
    return replace(moments, value=value)


def _told(hits: Sequence[Hit], seconds: float, rate: Fraction, settled: Settled, moments: Moments, grid: Grid) -> Plan:
    """The plan with its sections named and a verdict for each hit."""
    tempo_map = TempoMap(settled.beats, settled.downbeats, grid.meter)
    parts = sections(settled.sections, settled.beats, seconds, settled.turns, moments.times)
    met = verdicts(hits, settled.anchors, tempo_map, grid, seconds)
    drift = max(strays(settled.beats, settled.sections))
    return Plan(tempo_map, parts, met, chance(settled.bpm, rate), settled.bpm, drift)


def _allowed(feel: Feel) -> tuple[float, float]:
    """Lowest and highest felt tempo that may come out."""
    return feel.tempo if feel.bpm is None else (feel.bpm * (1 - LIMIT), feel.bpm * (1 + LIMIT))


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


def _tempi(feel: Feel, moments: int, places: int, margin: float) -> FloatArray:
    """Felt tempi to try: finer where there is less to search."""
    step = 0.02 if moments <= FEW else 0.025 if moments <= 250 else 0.03
    return base_tempi(feel, step * max(1.0, places / 4.3), margin, most=20 if moments <= FEW else 16)


def _grounds(hits: Sequence[Hit], seconds: float, feel: Feel, meter: Meter, margin: float) -> tuple[Lattice, Moments]:
    """Lattice and moments of one meter."""
    pulse = meter.beats_per_pulse
    quickest = 60.0 / (max(feel.tempo[1], feel.bpm or 0.0) * pulse)
    moments = gather(hits, seconds, quickest)
    places = grid(meter, feel)
    periods = 60.0 / (_tempi(feel, len(moments), len(places.places), margin) * pulse)
    return lattice(moments, seconds, places, periods), moments


def _weighed(grounds: Lattice, moments: Moments, attempt: Attempt) -> Lattice:
    """The lattice as an attempt weighs it."""
    bar = grounds.grid.meter.beats * grounds.periods
    gap = max(2 * float(bar.max()) * (1 + LIMIT), attempt.bars * float(np.sqrt(bar.max() * bar.min())))
    marked = marks(moments, float(grounds.times[-1]), gap, attempt.variety)
    return weighed(grounds, moments, marked, attempt.strict, attempt.tempo_price)


def _meter(hits: Sequence[Hit], seconds: float, feel: Feel, margin: float, watch: Watch) -> Meter:
    """The meter that the hits fit best, judged coarsely and on the first of them; the preferred one when in doubt."""
    if len(feel.meters) == 1:
        return feel.meters[0]
    heard, length = sorted(hits, key=lambda hit: hit.time), seconds
    if len(heard) > TRIAL:
        heard, length = heard[:TRIAL], min(seconds, heard[TRIAL - 1].time + 1.0)
    values = []
    for meter in feel.meters:
        grounds, moments = _grounds(heard, length, feel, meter, margin)
        coarse = replace(grounds, periods=grounds.periods[::COARSE])
        values.append(search(_weighed(coarse, moments, BROAD), feel.inserted_bars, watch).value)
    values[0] += OTHER_METER * abs(values[0])
    return feel.meters[int(np.argmax(values))]


def _shares(settled: Settled, moments: Moments) -> tuple[float, float]:
    """Share of the cuts and markers that are met, and share of those that are on a beat."""
    chief = moments.chief if moments.chief.any() else np.ones(len(moments), dtype=bool)
    counts = chief[settled.met]
    on_beat = (settled.anchors.fraction[counts] == 0.0).mean() if counts.any() else 0.0
    return float(counts.sum() / max(chief.sum(), 1)), float(on_beat)


def _judge(settled: Settled, moments: Moments, feel: Feel) -> float:
    """How good a plan is: 1 when it meets the must-hits and enough of the others, on beats and with sections.

    Where not enough can be met on beats, meeting weighs more than beats.
    """
    if not len(moments):
        return 1.0
    low, high = _allowed(feel)
    if not low <= settled.bpm <= high:
        return -float(len(moments))
    met, on_beat = _shares(settled, moments)
    missed = moments.must.sum() - moments.must[settled.met].sum()
    turning = moments.turn**2
    turned = sum(settled.turns.get(first, 0.0) ** 2 for first in settled.sections) / max(turning.sum(), 1e-9)
    form = 1.0 if turning.max() < CALM**2 else 0.9 + 0.1 * min(turned / TURNED, 1.0)
    short = 0.0 if met >= LEAST_MET and on_beat >= LEAST_ON_BEAT else 0.1
    return float(min(met / MET, 1.0) * min(on_beat / ON_BEAT, 1.0) ** 0.4 * form - missed - short)
