"""Beats for a stretch between kept ones: both ends are downbeats, the tempo stays near to its neighbours'.

The same search and bend as for a whole cue; the ends are moments that outweigh all others, so that whole bars fill the
stretch exactly. Where no tempo near the neighbours' does that, bars of the neighbours may be given up for a longer
stretch, which `cost` weighs; where nothing helps, even beats fill it and that is said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.brief import Feel, FloatArray, Hit, Met, Meter, TempoMap
from core.rhythm.bend import Anchors
from core.rhythm.grid import base_tempi, grid
from core.rhythm.lattice import Lattice, lattice, weighed, with_roads
from core.rhythm.moments import Moments, gather, marks
from core.rhythm.plan import ATTEMPTS, Attempt
from core.rhythm.search import LARGEST_CHANGE
from core.rhythm.settle import settle
from core.rhythm.slack import LIMIT
from core.rhythm.verdicts import verdicts
from core.watch import Watch

NOTHING_MORE = 1e4
"""What an end on its downbeat is worth: more than all hits of a stretch."""
AGAIN = 2
"""Searches before hits give way."""
TEMPO_STEP, TEMPI = 0.015, 10
"""How far apart base tempi are that are tried, as a ratio, and how many at most."""
MISSED_MUST, MISSED, OFF_BEAT = 6.0, 1.0, 0.2
"""Price of a missed hit that is insisted on, of another cut or marker, and of one off the beat."""
STRANGE, STRANGER = 1.5, 12.0
"""Price of a tempo farther from the neighbours' than is allowed, and of each such ratio on top."""


@dataclass(frozen=True)
class Beats:
    """The beats of a stretch, in seconds from its start."""

    times: FloatArray
    """The first is 0; the last is the stretch's end, or the first beat after the end of the range."""
    downbeats: tuple[int, ...]
    firsts: tuple[int, ...]
    """Beats at which sections may begin."""
    met: tuple[Met, ...]
    """One for each hit, in order, its beat counted from the stretch's first."""
    strange: float
    """How far its tempo is from the neighbours', as a ratio."""

    @property
    def cost(self) -> float:
        """How far it is from what one would wish; 0 is perfect."""
        chief = [one for one in self.met if one.hit.kind != "motion"]
        missed = sum(MISSED_MUST if one.hit.must else MISSED for one in chief if not one.met)
        off = sum(OFF_BEAT for one in chief if one.met and one.on != "beat")
        farther = self.strange - LARGEST_CHANGE
        return missed + off + (STRANGE + STRANGER * farther if farther > 1e-6 else 0.0)


@dataclass(frozen=True)
class Between:
    """A stretch to be filled."""

    seconds: float
    hits: tuple[Hit, ...]
    """Seconds from its start, at or after it and before its end."""
    periods: tuple[float, ...]
    """Seconds per beat of the neighbours: one or two."""
    meter: Meter
    open_end: bool
    """The range ends with it: no downbeat is asked for there."""

    @property
    def tempi(self) -> tuple[float, float]:
        """Shortest and longest base period that differ little enough from both neighbours'."""
        low, high = max(self.periods) / (1 + LARGEST_CHANGE), min(self.periods) * (1 + LARGEST_CHANGE)
        return (low, high) if low <= high else (min(self.periods), max(self.periods))

    def can_be_filled(self, inserted_bars: bool) -> bool:
        """Whether some number of beats fills it with whole bars at a tempo near the neighbours'."""
        low, high = self.tempi
        fewest, most = self.seconds / high / (1 + LIMIT), self.seconds / low / (1 - LIMIT)
        counts = range(max(1, int(np.ceil(fewest))), int(most) + 1)
        return self.open_end or any(_in_bars(count, self.meter, inserted_bars) is not None for count in counts)


def fill(between: Between, feel: Feel, tries: int, watch: Watch) -> Beats:
    """The best beats for a stretch.

    Args:
        between: the stretch.
        feel: what the style allows; the tempo is that of the neighbours, whatever it says.
        tries: in how many ways things are weighed, at most, while hits are missed.
        watch: progress and cancellation.
    """
    best = _even(between, feel)
    if not best.cost or not between.can_be_filled(feel.inserted_bars):
        return best
    grounds, moments = _grounds(between, feel)
    for attempt in ATTEMPTS[:tries]:
        planned = _planned(between, feel, grounds, moments, attempt, watch)
        if planned is not None and planned.cost < best.cost:
            best = planned
        if best.cost < MISSED:
            break
    return best


def as_before(between: Between, feel: Feel, times: FloatArray, downbeats: tuple[int, ...]) -> Beats:
    """The beats that a stretch had when it is as long as it was.

    Args:
        between: the stretch.
        feel: what the style allows.
        times: its old beats, seconds from its start, with the one at its end.
        downbeats: indices of them.
    """
    return _told(between, feel, times, downbeats, (0,))


def _near(between: Between, feel: Feel) -> Feel:
    """What is allowed, at tempi near the neighbours'."""
    low, high = between.tempi
    pulse = between.meter.beats_per_pulse
    return replace(feel, tempo=(60 / high / pulse, 60 / low / pulse), meters=(between.meter,), bpm=None)


def _grounds(between: Between, feel: Feel) -> tuple[Lattice, Moments]:
    """The lattice of a stretch with its ways laid down, and its moments."""
    near, meter = _near(between, feel), between.meter
    moments = _with_ends(gather(between.hits, between.seconds, between.tempi[0]), between)
    periods = 60 / (base_tempi(near, TEMPO_STEP, 0.0, TEMPI) * meter.beats_per_pulse)
    return with_roads(lattice(moments, between.seconds, grid(meter, near), periods)), moments


def _planned(
    between: Between, feel: Feel, grounds: Lattice, moments: Moments, how: Attempt, watch: Watch
) -> Beats | None:
    """The search's best plan; None where it could not hold the ends."""
    bar = between.meter.beats * grounds.periods
    marked = marks(moments, between.seconds, max(2 * float(bar.max()), how.bars * float(bar.mean())), how.variety)
    marked[-1] |= not between.open_end  # a bar may be inserted before the end
    weighty = weighed(grounds, moments, marked, how.strict, how.tempo_price)
    settled = settle(weighty, moments, between.seconds, _near(between, feel), AGAIN, watch)
    times, last = settled.beats, len(settled.beats) - 1
    closed = between.open_end or (abs(times[-1] - between.seconds) < 1e-9 and last in settled.downbeats)
    if times[0] != 0.0 or 0 not in settled.downbeats or not closed:
        return None
    return _told(between, feel, times, settled.downbeats, settled.sections, settled.anchors)


def _with_ends(moments: Moments, between: Between) -> Moments:
    """The moments with the downbeats that the stretch must begin and end with."""
    inner = moments.only((moments.times > 1e-9) & (moments.times < between.seconds - 1e-9))
    ends = [0.0] if between.open_end else [0.0, between.seconds]

    def framed(inside: np.ndarray, value: float | bool) -> np.ndarray:
        return np.concatenate([[value], inside, [value] * (len(ends) - 1)]).astype(inside.dtype)

    return Moments(
        np.concatenate([[0.0], inner.times, ends[1:]]),
        framed(inner.value, NOTHING_MORE),
        framed(inner.turn, 1.0),
        framed(inner.must, True),
        framed(inner.chief, False),
    )


def _even(between: Between, feel: Feel) -> Beats:
    """Even beats, as many as make the tempo most like the neighbours'."""
    period = float(np.prod(between.periods) ** (1 / len(between.periods)))
    meter = between.meter
    if between.open_end:
        bars = int(between.seconds / period / meter.beats) + 1
        steady: FloatArray = np.arange(bars * meter.beats + 1, dtype=np.float64) * period
        times = steady[: int(np.searchsorted(steady, between.seconds)) + 1]
        return _told(between, feel, times, tuple(range(0, len(times), meter.beats)), (0,))
    wanted = between.seconds / period
    around = range(max(1, int(wanted) - meter.beats), int(wanted) + meter.beats + 2)
    able = [count for count in around if _in_bars(count, meter, feel.inserted_bars) is not None]
    count = min(able or [max(1, round(wanted))], key=lambda one: (abs(np.log(one / wanted)), -one))
    starts = _in_bars(count, meter, feel.inserted_bars) or (0,)  # else not even one whole bar is so short
    return _told(between, feel, np.linspace(0.0, between.seconds, count + 1), (*starts, count), (0,))


def _in_bars(count: int, meter: Meter, inserted_bars: bool) -> tuple[int, ...] | None:
    """The downbeats of so many beats, the last bar being a single 2/4, 3/4 or 5/4 where need be; None where not."""
    over = count % meter.beats
    whole = tuple(range(0, count - over, meter.beats))
    if not over:
        return whole
    if not inserted_bars or meter.denominator != 4:
        return None
    if over in (2, 3):
        return (*whole, count - over)
    return whole if over + meter.beats == 5 and whole else None


def _told(
    between: Between,
    feel: Feel,
    times: FloatArray,
    downbeats: tuple[int, ...],
    firsts: tuple[int, ...],
    anchors: Anchors | None = None,
) -> Beats:
    """Beats with a verdict for each hit."""
    known = anchors or Anchors(np.zeros(0, dtype=np.intp), np.zeros(0), np.zeros(0))
    near = replace(feel, meters=(between.meter,))
    met = verdicts(
        between.hits, known, TempoMap(times, downbeats, between.meter), grid(between.meter, near), between.seconds
    )
    usual = float(np.median(np.diff(times)))
    strange = max(max(usual, period) / min(usual, period) - 1 for period in between.periods)
    return Beats(times, downbeats, firsts, met, strange)
