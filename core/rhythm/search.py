"""The search: which hits to meet, on which places, at which base tempi. Dynamic programming over the lattice.

The value of a state is the best sum of worth over all ways that lead to it, so the best final state is the best plan
that the lattice holds. Where a hit falls on a downbeat and the section has lasted two bars, a new one may begin: at
another tempo, or after a single shorter or longer bar. A state therefore knows how many bars its section has: none,
one, or enough.
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


ENOUGH = 2
"""Bars a section has at least; more are not told apart."""
ANY, SOME, NEVER = 3, 4, 5
"""Layers beside the exact bars 0, 1 and `ENOUGH`: the best of all, the best of one or more, and none at all."""
LAYERS = 6
FROM: NDArray[np.intp] = np.array([[0, NEVER, NEVER], [1, 0, NEVER], [ENOUGH, SOME, ANY]])
"""Layer that leads to a number of bars (rows) when 0, 1 or more bar lines are crossed (columns)."""


@dataclass(frozen=True)
class _State:
    """Where a path stands at a stop."""

    bin: int
    tempo: int
    place: int
    bars: int
    beat: int


@dataclass(frozen=True)
class _Table:
    states: Values
    """Shape [bins, stops, 3 kinds, tempi, places, layers, beats]: bins come first, for speed."""
    ready: dict[int, Values]
    """At marks, the free states on the beat from which a section may begin; shape [bins, tempi, beats]."""


def search(grounds: Lattice, inserted_bars: bool, watch: Watch) -> Path:
    """The best path through the lattice.

    Args:
        grounds: the lattice.
        inserted_bars: single shorter or longer bars are allowed.
        watch: asked at every sixteenth stop.
    """
    values = _forward(grounds, inserted_bars, watch)
    left = grounds.missed[-1] - grounds.missed
    best = values.states[:, :, EITHER, :, :, ANY].max(axis=(0, 2, 3, 4)) - left
    stop = int(np.argmax(best))
    finals = values.states[:, stop, EITHER, :, :, : ENOUGH + 1]
    state = _State(*(int(i) for i in np.unravel_index(int(np.argmax(finals)), finals.shape)))
    return Path(float(best[stop]), _back(grounds, values, inserted_bars, stop, state))


def _forward(grounds: Lattice, inserted_bars: bool, watch: Watch) -> _Table:
    stops, tempi = len(grounds.times), len(grounds.periods)
    places, beats = grounds.gain.shape[1:]
    states = np.full((len(BINS), stops, 3, tempi, places, LAYERS, beats), -np.inf, dtype=np.float32)
    ready: dict[int, Values] = {}
    states[:, 0, FREE, :, 0, 0, 0] = grounds.gain[0, 0, 0]
    _fill_layers(states[:, 0])
    for stop in range(1, stops):
        if stop % 16 == 0:
            watch.report("rhythm", 0.9 * stop / stops, "choosing tempo and beats")
        free = states[:, stop, FREE, :, :, : ENOUGH + 1]
        free[:, :, :, 0] = _pickups(grounds, stop)
        _gather_into(free, states, ways(grounds, stop, pinned=False))
        if grounds.marks[stop]:
            ready[stop] = free[:, :, 0, ENOUGH].copy()
            begun, changed = _begun(ready[stop], grounds, inserted_bars)
            free[:, :, 0, 0, 0] = np.maximum(begun, changed)
        pinned = states[:, stop, PINNED, :, :, : ENOUGH + 1]
        if grounds.times[stop] - grounds.times[stop - 1] < 2.0 * grounds.periods.max():
            _gather_into(pinned, states, ways(grounds, stop, pinned=True))
        gain = grounds.gain[stop].astype(np.float32)[:, None]
        free += gain
        pinned += gain
        _fill_layers(states[:, stop])
    return _Table(states, ready)


def _fill_layers(states: Values) -> None:
    """Fill in the layers and the kind that are the best of others, [bins, kinds, tempi, places, layers, beats]."""
    np.maximum(states[:, FREE], states[:, PINNED], out=states[:, EITHER])
    np.maximum(states[..., 1, :], states[..., ENOUGH, :], out=states[..., SOME, :])
    np.maximum(states[..., 0, :], states[..., SOME, :], out=states[..., ANY, :])


def _arrivals(states: Values, ways_in: Ways, bars: int) -> Values:
    """Best value that each way brings to states whose section has so many bars, shape [to bin, beats, ways]."""
    bins, _, kinds, tempi, places, layers, beats = states.shape
    state = ((ways_in.source * kinds + ways_in.kind) * tempi + ways_in.tempo) * places + ways_in.from_place
    bar_beat = (np.arange(beats)[:, None] - ways_in.beats) % beats
    layer = FROM[bars][np.minimum((bar_beat + ways_in.beats) // beats, 2)]
    left = states.reshape(bins, -1)[:, (state * layers + layer) * beats + bar_beat]
    best: Values = left[0] + ways_in.price[0][:, None]
    for start in range(1, bins):
        np.maximum(best, left[start] + ways_in.price[start][:, None], out=best)
    return best


def _gather_into(target: Values, states: Values, ways_in: Ways) -> None:
    """Raise the target states, [bins, tempi, places, bars, beats], to the best that the ways bring."""
    near = ways_in.beats < 2 * target.shape[-1]
    for bars, found in ((ENOUGH, ways_in), (1, ways_in.only(near)), (0, ways_in.only(near))):
        if not len(found.tempo):
            continue
        group = found.tempo * target.shape[2] + found.to_place
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        best = np.maximum.reduceat(_arrivals(states, found, bars), starts, axis=2).transpose(0, 2, 1)
        tempo, place = found.tempo[starts], found.to_place[starts]
        target[:, tempo, place, bars] = np.maximum(target[:, tempo, place, bars], best)


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


def _insertable(grounds: Lattice, inserted_bars: bool) -> list[int]:
    """Beats left over in the bar before a downbeat that one 2/4, 3/4 or 5/4 bar makes good."""
    beats = grounds.grid.meter.beats
    allowed = inserted_bars and grounds.grid.meter.denominator == 4
    return [over for over in range(1, beats) if over in (2, 3) or over + beats == 5] if allowed else []


def _tempo_prices(grounds: Lattice) -> Values:
    """Price of going from each tempo to each, shape [from, to]."""
    logs = np.log(grounds.periods)
    change = np.abs(logs[:, None] - logs[None, :])
    able = (change > 0.0) & (change <= np.log1p(LARGEST_CHANGE))
    prices = np.where(able, NEW_TEMPO + NEW_TEMPO_SIZE * change, np.inf)
    return np.asarray(grounds.tempo_price * prices, dtype=np.float32)


def _begun(ready: Values, grounds: Lattice, inserted_bars: bool) -> tuple[Values, Values]:
    """Values of a section's first downbeat after an inserted bar, and at another tempo; shape [bins, tempi] each.

    Args:
        ready: free states on the beat whose section has enough bars, shape [bins, tempi, beats].
        grounds: the lattice.
        inserted_bars: a bar may be inserted.
    """
    inserted = np.full(ready.shape[:2], -np.inf, dtype=np.float32)
    for over in _insertable(grounds, inserted_bars):
        np.maximum(inserted, ready[:, :, over] - np.float32(INSERTED_BAR), out=inserted)
    any_bar = np.maximum(ready[:, :, 0], inserted).max(axis=0)
    changed = (any_bar[:, None] - _tempo_prices(grounds)).max(axis=0)
    return inserted, np.broadcast_to(changed, inserted.shape)


def _back(grounds: Lattice, values: _Table, inserted_bars: bool, stop: int, state: _State) -> tuple[Anchor, ...]:
    """Walk back from the best final state."""
    found: list[tuple[int, Anchor]] = []
    kind = EITHER
    while True:
        if kind == EITHER:
            here = values.states[state.bin, stop, :, state.tempo, state.place, state.bars, state.beat]
            kind = FREE if here[FREE] >= here[PINNED] else PINNED
        value = values.states[state.bin, stop, kind, state.tempo, state.place, state.bars, state.beat]
        gain = np.float32(grounds.gain[stop, state.place, state.beat])
        begins = stop in values.ready and kind == FREE and (state.place, state.bars, state.beat) == (0, 0, 0)
        anchor = Anchor(stop, 0, state.place, state.beat, state.tempo, begins)
        if begins:
            state = _before_section(values.ready[stop], grounds, inserted_bars, state)
        started = kind == FREE and state.bars == 0
        if stop == 0 or (
            started and value == _pickups(grounds, stop)[state.bin, state.tempo, state.place, state.beat] + gain
        ):
            found.append((0, anchor))
            break
        step, stop, kind, state = _way_taken(grounds, values, stop, kind, state)
        found.append((step, anchor))
    found.reverse()
    beats = np.cumsum([step for step, _ in found])
    return tuple(replace(anchor, beat=int(beat)) for beat, (_, anchor) in zip(beats, found, strict=True))


def _before_section(ready: Values, grounds: Lattice, inserted_bars: bool, state: _State) -> _State:
    """The state from which a section's first downbeat was reached."""
    inserted, changed = _begun(ready, grounds, inserted_bars)
    bin_, tempo = state.bin, state.tempo
    other_tempo = bool(changed[bin_, tempo] > inserted[bin_, tempo])
    if other_tempo:
        whole = np.maximum(ready[:, :, 0], inserted)
        tempo = int(np.argmax(whole.max(axis=0) - _tempo_prices(grounds)[:, tempo]))
        bin_ = int(np.argmax(whole[:, tempo]))
    offers = {over: ready[bin_, tempo, over] - INSERTED_BAR for over in _insertable(grounds, inserted_bars)}
    if other_tempo:
        offers[0] = ready[bin_, tempo, 0]
    return _State(bin_, tempo, 0, ENOUGH, max(offers, key=lambda over: float(offers[over])))


def _way_taken(grounds: Lattice, values: _Table, stop: int, kind: int, state: _State) -> tuple[int, int, int, _State]:
    """Beats, stop, kind and state that the best way into a state came from."""
    beats = grounds.grid.meter.beats
    ways_in = ways(grounds, stop, kind == PINNED, only=(state.tempo, state.place))
    way = int(np.argmax(_arrivals(values.states, ways_in, state.bars)[state.bin, state.beat]))
    source, source_kind = int(ways_in.source[way]), int(ways_in.kind[way])
    place, step = int(ways_in.from_place[way]), int(ways_in.beats[way])
    beat = (state.beat - step) % beats
    layer = int(FROM[state.bars][min((beat + step) // beats, 2)])
    allowed = {ANY: [0, 1, ENOUGH], SOME: [1, ENOUGH]}.get(layer, [layer])
    left = values.states[:, source, source_kind, state.tempo, place][:, allowed, beat]
    bin_, which = np.unravel_index(int(np.argmax(left + ways_in.price[:, state.bin, way, None])), left.shape)
    return step, source, source_kind, _State(int(bin_), state.tempo, place, allowed[int(which)], beat)
