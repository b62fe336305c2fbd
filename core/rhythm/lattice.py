"""The lattice that the search walks: moments, grid and base tempi as arrays, and the ways between two moments.

Conventions
    Moment 0 is the range's start, a downbeat at time 0 unless a pickup pays. A state at a moment is
    (base tempo, place, beat of the bar, drift bin); values are summed worth, -inf where no way leads.
    A state is *pinned* when the beat its moment lies in is already settled by two earlier anchors, so that another
    anchor in the same beat would ask for the same thing twice; free otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.brief import FloatArray
from core.rhythm.grid import Grid
from core.rhythm.moments import MUST, Moments
from core.rhythm.slack import BINS, LONGEST, SEARCHED_LIMIT, Slack, slack

FREE, PINNED, EITHER = 0, 1, 2

CHANGE = 40.0
"""Price of tempo change: per squared ratio and beat. A sudden 2 % costs 0.016, 4 % over eight beats 0.008."""
AWAY = 16.0
"""Price of each beat away from the base tempo, per squared ratio: a beat 3 % away costs 0.014."""
AWAY_BEATS = 12.0
"""Beats after which being away costs no more: it has become the tempo."""
LEAST = 0.1
"""What meeting a hit is worth at least, as a share of its value."""
DOWNBEAT = 0.6
"""Extra worth of a downbeat, as a share of the hit's value times the square of its turn."""
SECTION = 0.2
"""Extra worth of a mark on a downbeat, where a section can begin."""
CLOSING = (0.2, 0.08)
"""Worth of the range's end on a downbeat, and on another beat."""


@dataclass(frozen=True)
class Ways:
    """Ways into one stop, shape [ways] each, grouped by (tempo, to place)."""

    tempo: NDArray[np.intp]
    to_place: NDArray[np.intp]
    source: NDArray[np.intp]
    """The stop each way comes from."""
    beats: NDArray[np.intp]
    """Whole beats between the beat left and the beat reached."""
    from_place: NDArray[np.intp]
    kind: NDArray[np.intp]
    """FREE, PINNED or EITHER: from which of the source's states."""
    price: NDArray[np.float32]
    """Negative, shape [from bin, to bin, ways]; -inf where the drift cannot be absorbed."""


@dataclass(frozen=True)
class Lattice:
    """Everything the search looks up."""

    grid: Grid
    slack: Slack
    periods: FloatArray
    """Base periods to try, seconds per beat, shape [tempi]."""
    times: FloatArray
    """Start of the range, moments, end of the range; shape [stops]."""
    gain: FloatArray
    """Worth of meeting each stop, shape [stops, places, beats]."""
    missed: FloatArray
    """Summed price of the must-hits up to and with each stop, shape [stops]."""
    marks: NDArray[np.bool_]
    """Where a section may begin, shape [stops]."""
    moment: NDArray[np.intp]
    """The moment at each stop, -1 for the bare start and end; shape [stops]."""
    tempo_price: float
    """What changing the tempo costs, against its usual price."""
    banned: frozenset[tuple[int, int, int, int, int]] = frozenset()
    """Ways that turned out too tight: source, stop, from place, to place, beats."""
    roads: tuple[tuple[Ways, Ways], ...] = ()
    """All free and pinned ways into each stop, where they were laid down beforehand."""

    @property
    def size(self) -> int:
        """Ways times the beats of a bar: how much a search has to look at, where roads are laid."""
        return sum(len(found.tempo) for both in self.roads for found in both) * self.grid.meter.beats


def lattice(moments: Moments, seconds: float, grid: Grid, periods: FloatArray) -> Lattice:
    """Lay out the stops; what they are worth is for `weighed` to say."""
    lead, tail = _ends(moments, seconds)
    inner = slice(lead, lead + len(moments))
    times = np.zeros(lead + len(moments) + tail)
    times[inner] = moments.times
    times[len(times) - tail :] = seconds
    missed, moment = np.zeros(len(times)), np.full(len(times), -1, dtype=np.intp)
    missed[inner] = MUST * moments.must
    moment[inner] = np.arange(len(moments))
    gain = np.zeros((len(times), len(grid.places), grid.meter.beats))
    marks = np.zeros(len(times), dtype=bool)
    return Lattice(grid, slack(grid.places), periods, times, gain, np.cumsum(missed), marks, moment, 1.0)


def _ends(moments: Moments, seconds: float) -> tuple[int, int]:
    """Bare stops at the start and at the end: one each, unless a moment is there."""
    return int(not len(moments) or moments.times[0] > 0.0), int(not len(moments) or moments.times[-1] < seconds)


def weighed(
    grounds: Lattice, moments: Moments, marked: NDArray[np.bool_], strict: float, tempo_price: float
) -> Lattice:
    """The lattice with the worth of its stops.

    Args:
        grounds: the lattice of these moments.
        moments: their value and turn.
        marked: where sections may begin, shape [moments].
        strict: the stricter, the less any place off the beat is worth.
        tempo_price: what changing the tempo costs, against its usual price.
    """
    real = grounds.moment >= 0
    gain, marks = np.zeros_like(grounds.gain), np.zeros(len(real), dtype=bool)
    gain[real] = moments.value[:, None, None] * np.maximum(1.0 - strict * (1.0 - grounds.grid.worth), LEAST)
    gain[real, 0, 0] += DOWNBEAT * moments.value * moments.turn**2 + SECTION * marked
    marks[real] = marked
    if len(real) > 1 and not real[-1]:
        gain[-1, 0, :] = CLOSING[1]
        gain[-1, 0, 0] = CLOSING[0]
    return replace(grounds, gain=gain, marks=marks, tempo_price=tempo_price)


def ways(grounds: Lattice, stop: int, pinned: bool, only: tuple[int, int] | None = None) -> Ways:
    """All ways from earlier stops into the free, or the pinned, states of a stop.

    Args:
        grounds: the lattice.
        stop: where the ways lead.
        pinned: into the pinned states.
        only: into this (tempo, place) alone.
    """
    if grounds.roads and only is None:
        return _without_banned(grounds, stop, grounds.roads[stop - 1][pinned])
    sources = _sources(grounds, stop)
    places = grounds.grid.places
    to_places = np.arange(len(places)) if only is None else np.array([only[1]])
    periods = grounds.periods if only is None else grounds.periods[only[0] : only[0] + 1]
    nominal = (grounds.times[stop] - grounds.times[sources])[None, :] / periods[:, None]
    reach = min(max(int(np.ceil(nominal.max() * SEARCHED_LIMIT - 0.5)), 0), 3)
    around = np.arange(-reach, reach + 1)
    # axes: tempo, to place, source, whole beats around the nominal, from place
    wanted = nominal[:, None, :, None, None]
    difference = places[to_places][None, :, None, None, None] - places
    beats = np.rint(wanted - difference) + around[:, None]
    length = beats + difference
    with np.errstate(divide="ignore", invalid="ignore"):
        drift = wanted / length - 1.0
    able = (length > 1e-9) & (np.abs(drift) <= SEARCHED_LIMIT)
    to_beat = (to_places == 0)[None, :, None, None, None]
    able &= (beats == 0) | ((beats == 1) & ~to_beat) if pinned else beats >= 1
    chosen = np.nonzero(able)
    tempo, to_place, source, _, from_place = chosen
    count = beats[chosen].astype(np.intp)
    kind = np.where(count == 0, FREE, PINNED) if pinned else np.where(count >= 2, EITHER, FREE)
    price = _price(grounds.slack, count, from_place, to_places[to_place], length[chosen], drift[chosen])
    if grounds.missed[stop - 1] > grounds.missed[sources[0]]:
        price -= (grounds.missed[stop - 1] - grounds.missed[sources[source]]).astype(np.float32)
    tempo = tempo if only is None else np.full_like(tempo, only[0])
    return _without_banned(
        grounds, stop, Ways(tempo, to_places[to_place], sources[source], count, from_place, kind, price)
    )


def with_roads(grounds: Lattice) -> Lattice:
    """The lattice with all its ways laid down, for searching it several times; worth its memory for few stops."""
    stops = range(1, len(grounds.times))
    return replace(grounds, roads=tuple((ways(grounds, k, False), ways(grounds, k, True)) for k in stops))


def _without_banned(grounds: Lattice, stop: int, found: Ways) -> Ways:
    """The ways without those that turned out too tight."""
    banned = [way for way in grounds.banned if way[1] == stop]
    if not banned:
        return found
    price = found.price.copy()
    for source, _, from_place, to_place, beats in banned:
        same = (found.source == source) & (found.from_place == from_place) & (found.to_place == to_place)
        price[:, :, same & (found.beats == beats)] = -np.inf
    return replace(found, price=price)


def _sources(grounds: Lattice, stop: int) -> NDArray[np.intp]:
    """Earlier stops worth coming from: the last two, the last two must-hits, and those one to nine pulses back."""
    pulse = float(grounds.periods.max()) * grounds.grid.meter.beats_per_pulse
    far = grounds.times[stop] - pulse * np.array([1.0, 3.0, 9.0])
    back = np.searchsorted(grounds.times[:stop], far, side="right") - 1
    near = np.arange(max(0, stop - 2), stop)
    musts = np.searchsorted(grounds.missed[:stop], grounds.missed[stop - 1] - np.array([0.0, MUST]))
    return np.unique(np.concatenate([near, np.maximum(back, 0), musts]))


def _price(
    room: Slack,
    beats: NDArray[np.intp],
    leave: NDArray[np.intp],
    reach: NDArray[np.intp],
    length: FloatArray,
    drift: FloatArray,
) -> NDArray[np.float32]:
    """What each way costs from each bin to each bin; negative, shape [from bin, to bin, ways]."""
    rows = np.minimum(beats, LONGEST)
    places = room.middle.shape[-1]
    row = (rows * places + leave) * places + reach
    middle = room.middle.reshape(len(BINS) ** 2, -1)[:, row]
    width = room.width.reshape(len(BINS) ** 2, -1)[:, row]
    width += ((beats - rows) * SEARCHED_LIMIT).astype(np.float32)
    middle -= (length * drift).astype(np.float32)
    unplayable = np.abs(middle, out=middle) > width
    # change is a ramp from bin to bin and a bump on it; both are written out so that one product makes them all
    steep = CHANGE / np.maximum(length, 1.0)
    flat = 12 * steep * drift**2 + AWAY * np.minimum(length, AWAY_BEATS) * drift**2
    price: NDArray[np.float32] = _SHAPES.T @ np.stack([-steep, 24 * steep * drift, -flat]).astype(np.float32)
    price[unplayable] = -np.inf
    return price.reshape(len(BINS), len(BINS), -1)


def _shapes() -> NDArray[np.float32]:
    """Ramp with its bump, mean, and one, for each pair of bins; shape [3, pairs]."""
    mean = (BINS[:, None] + BINS[None, :]) / 2
    ramp = (BINS[:, None] - BINS[None, :]) ** 2 + 12 * mean**2
    return np.stack([ramp.ravel(), mean.ravel(), np.ones(mean.size)]).astype(np.float32)


_SHAPES = _shapes()
