"""The tempo map in steps, as hosts keep it: points from which on a tempo and a time signature hold.

Conventions
    Times are seconds from the range's start. Tempo is quarter notes per minute whatever the denominator. Between two
    points time is linear in quarter notes. Every beat lies a whole number of its own lengths after the beat grid's
    begin, and every bar is exactly as long as its signature says, so that bar lines agree in any host.
    Where the range starts inside a beat, the rest of that beat is a short bar of its own, with a tempo of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, inf

import numpy as np

from core.brief import Meter, TempoMap
from core.cue.midi import NOWHERE_S

STRAIGHT_S = 1e-7
"""Beats that lie no farther from where one tempo would put them share it."""
FASTEST = 960.0
"""Quarter notes per minute that hosts take."""
_SHORTEST = range(3, 24)
"""The rest of a beat is written in 32nds (2**-3 of a quarter note), or finer where they would be too fast."""


@dataclass(frozen=True)
class TempoPoint:
    """From here on a tempo holds, and a time signature."""

    time: float
    """Seconds from the range's start."""
    bpm: float
    """Quarter notes per minute."""
    numerator: int
    """Of the signature that begins here; 0 where the one before goes on."""
    denominator: int
    downbeat: bool
    """Whether a bar of the music begins here: a range may start before the first downbeat."""


def tempo_points(tempo_map: TempoMap, seconds: float) -> tuple[TempoPoint, ...]:
    """The points of a range, the first at its start; following them, every beat falls on its time without drift.

    Args:
        tempo_map: where the beats are.
        seconds: length of the range; no point stands at its end or later.
    """
    beats, meter = tempo_map.beats, tempo_map.meter
    first = int(np.searchsorted(beats, NOWHERE_S, side="right"))
    on_beat = first > 0 and abs(float(beats[first - 1])) <= NOWHERE_S
    opening = meter.quarters_per_beat if on_beat else _opening(tempo_map, first)
    times = [0.0, *(float(beat) for beat in beats[first:])]
    quarters = [0.0, *(opening + meter.quarters_per_beat * number for number in range(len(beats) - first))]
    downbeats = {beat - first + 1 for beat in tempo_map.downbeats if beat >= first - on_beat}
    lines = sorted({0, *downbeats, *([] if on_beat else [1])})
    signatures = dict(_signatures(lines, quarters, meter))
    found = []
    for begin, end in _straight(times, quarters, signatures):
        if times[begin] < seconds:
            bpm = 60 * (quarters[end] - quarters[begin]) / (times[end] - times[begin])
            found.append(TempoPoint(times[begin], bpm, *signatures.get(begin, (0, 0)), begin in downbeats))
    return tuple(found)


def _opening(tempo_map: TempoMap, first: int) -> float:
    """Quarter notes from the range's start, which lies inside a beat, to the next beat: some 32nds."""
    beats, beat = tempo_map.beats, tempo_map.meter.quarters_per_beat
    after = float(beats[first])
    before = float(beats[first - 1]) if first else after - float(beats[first + 1] - beats[first])
    rest = beat * min(1.0, after / (after - before))
    grids = (min(beat, ceil(rest * 2**fine) / 2**fine) for fine in _SHORTEST)
    return next((found for found in grids if 60 * found / after <= FASTEST), rest)


def _signatures(lines: Sequence[int], quarters: Sequence[float], meter: Meter) -> Iterator[tuple[int, tuple[int, int]]]:
    """Knot and signature wherever that changes; a bar begins at each of the lines, the last is a usual one."""
    lengths = [quarters[after] - quarters[line] for line, after in pairwise(lines)]
    before = None
    for line, length in zip(lines, [*lengths, meter.beats * meter.quarters_per_beat], strict=True):
        signature = _signature(length, meter)
        if signature != before:
            yield line, signature
        before = signature


def _signature(quarters: float, meter: Meter) -> tuple[int, int]:
    """The time signature of a bar of so many quarter notes."""
    beats = quarters / meter.quarters_per_beat
    if beats.is_integer():
        return int(beats) * (3 if meter.compound else 1), meter.denominator
    numerator, denominator = quarters, 4
    while not numerator.is_integer() and denominator < 2 ** (_SHORTEST.stop + 2):
        numerator, denominator = numerator * 2, denominator * 2
    return max(1, round(numerator)), denominator


def _straight(times: Sequence[float], quarters: Sequence[float], breaks: Collection[int]) -> Iterator[tuple[int, int]]:
    """Spans of knots that one tempo holds for, first and last; each begins where the one before ends.

    The last knot of a span is met exactly, so that nothing adds up.
    """
    begin = 0
    while begin < len(times) - 1:
        end, low, high = begin, -inf, inf
        for knot in range(begin + 1, len(times)):
            length, reached = quarters[knot] - quarters[begin], times[knot] - times[begin]
            if not low <= reached / length <= high:
                break
            end = knot
            if knot in breaks:
                break
            low, high = max(low, (reached - STRAIGHT_S) / length), min(high, (reached + STRAIGHT_S) / length)
        yield begin, end
        begin = end
