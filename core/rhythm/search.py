"""The search: which hits to meet, on which places, at which base tempi. Dynamic programming over the lattice.

The value of a state is the best sum of worth over all ways that lead to it, so the best final state is the best plan
that the lattice holds. Sections may change tempo, and a single shorter or longer bar may be inserted, where a mark
falls on a downbeat.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.rhythm.lattice import EITHER, FREE, PINNED, Lattice, Ways, ways
from core.rhythm.slack import BINS
from core.watch import Watch

Values = NDArray[np.float32]

NEW_TEMPO = 0.5
"""Price of changing the tempo at a section boundary, plus `NEW_TEMPO_SIZE` times the change as a log ratio."""
NEW_TEMPO_SIZE = 2.5
LARGEST_CHANGE = 0.06
"""Tempo ratio by which a section may differ from the one before: more is heard as another piece of music."""
INSERTED_BAR = 0.45
"""Price of a single 2/4, 3/4 or 5/4 bar before a section."""
PICKUP = 0.9
"""Price of beginning before the first downbeat."""


@dataclass(frozen=True)
class Anchor:
    """A stop that the music meets."""

    stop: int
    beat: int
    """Whole beats from the first anchor's."""
    place: int
    bar_beat: int
    """Beat of the bar the anchor's beat is, 0 for downbeats."""
    tempo: int
    """Base tempo from here on."""
    begins: bool
    """A section must begin here: the tempo changes, or a bar was inserted before it."""


@dataclass(frozen=True)
class Path:
    """The best plan of the lattice."""

    value: float
    anchors: tuple[Anchor, ...]


@dataclass(frozen=True)
class _Table:
    states: Values
    """Shape [bins, stops, 3 kinds, tempi, places, beats]: bins come first, for speed."""
    arrived: dict[int, Values]
    """Free states at marks, before any bar was inserted or tempo changed."""


def search(grounds: Lattice, inserted_bars: bool, watch: Watch) -> Path:
    """The best path through the lattice.

    Args:
        grounds: the lattice.
        inserted_bars: single shorter or longer bars are allowed.
        watch: asked at every sixteenth stop.
    """
    values = _forward(grounds, inserted_bars, watch)
    left = grounds.missed[-1] - grounds.missed
    either = values.states[:, :, EITHER]
    finals = either.max(axis=(0, 2, 3, 4)) - left
    stop = int(np.argmax(finals))
    state = np.unravel_index(int(np.argmax(either[:, stop])), either[:, stop].shape)
    anchors = _back(grounds, values, inserted_bars, stop, tuple(int(i) for i in state))
    return Path(float(finals[stop]), anchors)


def _forward(grounds: Lattice, inserted_bars: bool, watch: Watch) -> _Table:
    stops, tempi = len(grounds.times), len(grounds.periods)
    places, beats = grounds.gain.shape[1:]
    states = np.full((len(BINS), stops, 3, tempi, places, beats), -np.inf, dtype=np.float32)
    arrived: dict[int, Values] = {}
    states[:, 0, FREE, :, 0, 0] = grounds.gain[0, 0, 0]
    states[:, 0, EITHER] = states[:, 0, FREE]
    for stop in range(1, stops):
        if stop % 16 == 0:
            watch.report("rhythm", 0.9 * stop / stops, "choosing tempo and beats")
        free = _pickups(grounds, stop)
        _gather_into(free, states, ways(grounds, stop, pinned=False))
        if grounds.marks[stop]:
            arrived[stop] = free.copy()
            _begin_section(free, grounds, inserted_bars)
        pinned = states[:, stop, PINNED]
        if grounds.times[stop] - grounds.times[stop - 1] < 2.0 * grounds.periods.max():
            _gather_into(pinned, states, ways(grounds, stop, pinned=True))
        gain = grounds.gain[stop].astype(np.float32)
        states[:, stop, FREE] = free + gain
        pinned += gain
        np.maximum(states[:, stop, FREE], pinned, out=states[:, stop, EITHER])
    return _Table(states, arrived)


def _arrivals(states: Values, ways_in: Ways) -> Values:
    """Best value that each way brings, shape [to bin, beats, ways]."""
    bins, _, kinds, tempi, places, beats = states.shape
    state = ((ways_in.source * kinds + ways_in.kind) * tempi + ways_in.tempo) * places + ways_in.from_place
    bar_beat = (np.arange(beats)[:, None] - ways_in.beats) % beats
    left = states.reshape(bins, -1)[:, state * beats + bar_beat]
    best: Values = left[0] + ways_in.price[0][:, None]
    for start in range(1, bins):
        np.maximum(best, left[start] + ways_in.price[start][:, None], out=best)
    return best


def _gather_into(target: Values, states: Values, ways_in: Ways) -> None:
    """Raise the target states, [bins, tempi, places, beats], to the best that the ways bring."""
    if not len(ways_in.tempo):
        return
    group = ways_in.tempo * target.shape[2] + ways_in.to_place
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    best = np.maximum.reduceat(_arrivals(states, ways_in), starts, axis=2).transpose(0, 2, 1)
    tempo, place = ways_in.tempo[starts], ways_in.to_place[starts]
    target[:, tempo, place] = np.maximum(target[:, tempo, place], best)


def _pickups(grounds: Lattice, stop: int) -> Values:
    """Values of starting at this stop, with the range's start at most half a bar before the first downbeat.

    The music's first beat then lies before the range; shape [bins, tempi, places, beats].
    """
    beats = grounds.grid.meter.beats
    bar_beat = np.arange(beats)
    position = bar_beat + grounds.grid.places[:, None] - (grounds.times[stop] / grounds.periods)[:, None, None]
    at_start = position % beats
    downbeat = (beats - at_start) * grounds.periods[:, None, None]
    able = (at_start >= beats / 2) & (position > -beats) & (downbeat < grounds.times[-1] / 2)
    value = np.where(able, -PICKUP - grounds.missed[stop - 1], -np.inf).astype(np.float32)
    return np.repeat(value[None], len(BINS), axis=0)


def _insertable(beats: int) -> list[int]:
    """Beats left over in the bar before a downbeat that one 2/4, 3/4 or 5/4 bar makes good."""
    return [over for over in range(1, beats) if over in (2, 3) or over + beats == 5]


def _with_bar(free: Values, grounds: Lattice, inserted_bars: bool) -> Values:
    """Values of downbeats at a mark when a bar may be inserted before it, shape [bins, tempi]."""
    best: Values = free[:, :, 0, 0].copy()
    if inserted_bars and grounds.grid.meter.denominator == 4:
        for over in _insertable(grounds.grid.meter.beats):
            np.maximum(best, free[:, :, 0, over] - INSERTED_BAR, out=best)
    return best


def _tempo_prices(grounds: Lattice) -> Values:
    """Price of going from each tempo to each, shape [from, to]."""
    logs = np.log(grounds.periods)
    change = np.abs(logs[:, None] - logs[None, :])
    prices = np.where(change > np.log1p(LARGEST_CHANGE), np.inf, NEW_TEMPO + NEW_TEMPO_SIZE * change)
    return np.asarray(grounds.tempo_price * prices, dtype=np.float32)


def _begin_section(free: Values, grounds: Lattice, inserted_bars: bool) -> None:
    """Let a mark on a downbeat insert a bar before it and change the tempo."""
    downbeat = _with_bar(free, grounds, inserted_bars)
    changed = (downbeat.max(axis=0)[:, None] - _tempo_prices(grounds)).max(axis=0)
    free[:, :, 0, 0] = np.maximum(downbeat, changed)


def _back(
    grounds: Lattice, values: _Table, inserted_bars: bool, stop: int, state: tuple[int, ...]
) -> tuple[Anchor, ...]:
    """Walk back from the best final state, (bin, tempo, place, beat)."""
    found: list[tuple[int, Anchor]] = []
    kind = EITHER
    while True:
        if kind == EITHER:
            here = values.states[state[0], stop, :, state[1], state[2], state[3]]
            kind = FREE if here[FREE] >= here[PINNED] else PINNED
        bin_, tempo, place, bar_beat = state
        value = values.states[bin_, stop, kind, tempo, place, bar_beat]
        gain = np.float32(grounds.gain[stop, place, bar_beat])
        begins = False
        if stop in values.arrived and kind == FREE and place == 0 and bar_beat == 0:
            bin_, tempo, bar_beat = _before_section(values.arrived[stop], grounds, inserted_bars, bin_, tempo)
            begins = tempo != state[1] or bar_beat != 0
            value, gain = values.arrived[stop][bin_, tempo, 0, bar_beat], np.float32(0.0)
        anchor = Anchor(stop, 0, place, state[3], state[1], begins)
        if stop == 0 or (kind == FREE and value == _pickups(grounds, stop)[bin_, tempo, place, bar_beat] + gain):
            found.append((0, anchor))
            break
        step, source, kind, before = _way_taken(grounds, values, stop, kind, (bin_, tempo, place, bar_beat))
        found.append((step, anchor))
        stop, state = source, before
    found.reverse()
    beats = np.cumsum([step for step, _ in found])
    return tuple(replace(anchor, beat=int(beat)) for beat, (_, anchor) in zip(beats, found, strict=True))


def _before_section(
    arrived: Values, grounds: Lattice, inserted_bars: bool, bin_: int, tempo: int
) -> tuple[int, int, int]:
    """Bin, tempo and beat of the bar from which a section's first downbeat was reached."""
    downbeat = _with_bar(arrived, grounds, inserted_bars)
    changed = downbeat.max(axis=0) - _tempo_prices(grounds)[:, tempo]
    if changed.max() > downbeat[bin_, tempo]:
        tempo = int(np.argmax(changed))
        bin_ = int(np.argmax(downbeat[:, tempo]))
    offers = arrived[bin_, tempo, 0].copy()
    offers[1:] -= INSERTED_BAR
    allowed = [0]
    if inserted_bars and grounds.grid.meter.denominator == 4:
        allowed += _insertable(grounds.grid.meter.beats)
    return bin_, tempo, max(allowed, key=lambda over: (offers[over], -over))


def _way_taken(
    grounds: Lattice, values: _Table, stop: int, kind: int, state: tuple[int, int, int, int]
) -> tuple[int, int, int, tuple[int, ...]]:
    """Beats, stop, kind and state that the best way into a state came from."""
    bin_, tempo, place, bar_beat = state
    ways_in = ways(grounds, stop, kind == PINNED, only=(tempo, place))
    way = int(np.argmax(_arrivals(values.states, ways_in)[bin_, bar_beat]))
    source, source_kind = int(ways_in.source[way]), int(ways_in.kind[way])
    from_place, beats = int(ways_in.from_place[way]), int(ways_in.beats[way])
    from_beat = (bar_beat - beats) % grounds.grid.meter.beats
    left = values.states[:, source, source_kind, tempo, from_place, from_beat]
    from_bin = int(np.argmax(left + ways_in.price[:, bin_, way]))
    return beats, source, source_kind, (from_bin, tempo, from_place, from_beat)
