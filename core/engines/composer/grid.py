"""The grid inside a bar: where pulses, groups and accents lie in any meter.

Conventions
    Offsets are beats from the start of the bar, in the beats of the tempo map: the quarter in x/4, the dotted quarter
    in 6/8, the eighth in 7/8. `beats` is the length of that very bar, which may differ from the usual one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from core.brief import Meter

Rate = Literal["bar", "group", "beat", "eighth", "sixteenth"]


@lru_cache(maxsize=256)
def groups(meter: Meter, beats: int) -> tuple[int, ...]:
    """Beats in each felt group: 2+2 in 4/4, 3 in 3/4, 3+2 in 5/4, 1+1 in 6/8, 2+2+3 in 7/8."""
    if meter.compound:
        return (1,) * beats
    if beats < 2 or beats == 3:
        return (beats,)
    twos = (2,) * (beats // 2 - beats % 2)
    if beats % 2 == 0:
        return twos
    return (*twos, 3) if meter.denominator == 8 else (3, *twos)


def eighth(meter: Meter) -> float:
    """Beats in an eighth note."""
    if meter.compound:
        return 1 / 3
    return meter.denominator / 8


@lru_cache(maxsize=1024)
def pulses(meter: Meter, beats: int, rate: Rate) -> tuple[float, ...]:
    """Offsets of a steady pulse through the bar.

    A "beat" is the felt one: in 7/8 it is the start of a group, where the eighth is what the tempo map counts.
    """
    if rate == "bar":
        return (0.0,)
    starts = _starts(groups(meter, beats))
    if rate == "group" or (rate == "beat" and meter.beats_per_pulse > 1):
        return starts
    if rate == "beat":
        return tuple(float(beat) for beat in range(beats))
    step = eighth(meter) / (2 if rate == "sixteenth" else 1)
    return tuple(step * index for index in range(round(beats / step)))


def strength(meter: Meter, beats: int, offset: float) -> float:
    """How strong a place is felt: 1 on the downbeat, 0.7 on groups, 0.45 on beats, 0.2 off them, 0.1 within."""
    if offset < 1e-6:
        return 1.0
    if _on(offset, _starts(groups(meter, beats))):
        return 0.7
    if meter.beats_per_pulse == 1 and abs(offset - round(offset)) < 1e-6:
        return 0.45
    steps = offset / eighth(meter)
    return 0.2 if abs(steps - round(steps)) < 1e-4 else 0.1


@lru_cache(maxsize=256)
def drive(meter: Meter, beats: int) -> tuple[float, ...]:
    """Offsets of a driving accent pattern: 3+3+2 eighths in 4/4, its kin in the other meters."""
    eighths = round(beats / eighth(meter))
    threes = {8: (3, 3, 2), 6: (3, 3), 10: (3, 3, 2, 2), 7: (2, 2, 3), 4: (2, 2)}
    if meter.compound:
        pattern: tuple[int, ...] = (3,) * beats
    else:
        pattern = threes.get(eighths, (2,) * (eighths // 2))
    return tuple(offset * eighth(meter) for offset in _starts(pattern))


def _starts(lengths: tuple[int, ...]) -> tuple[float, ...]:
    """Where each of these lengths begins."""
    starts, at = [], 0
    for length in lengths:
        starts.append(float(at))
        at += length
    return tuple(starts) or (0.0,)


def _on(offset: float, places: tuple[float, ...]) -> bool:
    return any(abs(offset - place) < 1e-6 for place in places)
