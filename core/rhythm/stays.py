"""Which music stays when an edit changes: the bars that lie whole inside a stretch of picture that stayed.

Conventions
    Samples count from the start of the range, lines are bar lines of the old tempo map at their new places. A stay
    begins and ends on a line; the start and the end of the range are lines for music that began or ended the old cue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from core.brief import Plan, sample_count

SHORTEST_BARS = 2
"""Fewer bars are not worth two seams."""
ENDING_S = 4.5
"""An ending, its last chord and its fade, is no longer than this or than `SHORTEST_BARS`."""


@dataclass(frozen=True)
class Alike:
    """Frames whose picture stayed."""

    first: int
    end: int
    """Exclusive."""
    move: int
    """How many frames later than before they come."""


@dataclass(frozen=True)
class Stay:
    """Samples of the old music that are kept."""

    lines: tuple[int, ...]
    """Where it may be cut, in order; the first and the last are where it is."""
    move: int
    """How many samples later than before it comes."""
    frames: int
    """The same in frames."""

    @property
    def first(self) -> int:
        """Its first sample."""
        return self.lines[0]

    @property
    def last(self) -> int:
        """The sample after its last."""
        return self.lines[-1]

    def without(self, left: int, right: int) -> Stay:
        """The stay after giving up so many bars at either end."""
        return replace(self, lines=self.lines[left : len(self.lines) - right])


@dataclass(frozen=True)
class Spans:
    """The lengths of both ranges."""

    old_frames: int
    new_frames: int
    rate: Fraction
    sample_rate: int

    def samples(self, frames: int) -> int:
        """Frames as samples."""
        return sample_count(frames / self.rate, self.sample_rate)


def stays(old: Plan, alike: Sequence[Alike], spans: Spans) -> tuple[Stay, ...]:
    """The music that can stay, in order.

    Where the new range ends in what was not the end, or begins in what was not the beginning, room is left for the
    music to end and to begin; an old ending stays at the end only.

    Args:
        old: the plan of the cue as it was.
        alike: where the picture stayed, in order, going forward in both ranges.
        spans: the lengths of both ranges.
    """
    found: list[Stay] = []
    for one in alike:
        stay = _stay(old, one, spans)
        if stay is None:
            continue
        while found and found[-1].last >= stay.first:  # they have moved apart: new music must lead over
            before = found.pop()
            longer = max(before, stay, key=lambda one: len(one.lines))
            if len(longer.lines) < 3:
                stay = longer
            elif longer is before:
                found.append(before.without(0, 1))
            else:
                found.append(before)
                stay = stay.without(1, 0)
        found.append(stay)
    return tuple(found)


def _stay(old: Plan, alike: Alike, spans: Spans) -> Stay | None:
    """The bars of one stretch; None where they are too few."""
    move = spans.samples(alike.first) - spans.samples(alike.first - alike.move)
    begins = alike.first == alike.move == 0
    ends = alike.end == spans.new_frames and alike.end - alike.move == spans.old_frames
    beats, bars = old.tempo_map.beats, np.array(old.tempo_map.downbeats)
    samples = np.rint(beats * spans.sample_rate).astype(int) + move
    bar = float(np.median(np.diff(samples))) * old.tempo_map.meter.beats
    low, high = spans.samples(alike.first), spans.samples(alike.end)
    if alike.first == 0 and not begins:
        low = round(0.75 * bar)
    if not ends and (alike.end == spans.new_frames or alike.end - alike.move == spans.old_frames):
        high -= round(max(SHORTEST_BARS * bar, ENDING_S * spans.sample_rate))
    lines = [int(line) for line in samples[bars] if low - 1 <= line <= high + 1]
    lines = [low] * begins + [line for line in lines if not begins or line > 1] + [high] * ends
    lines = [line for line in lines if not ends or line == high or line < high - 1]
    long_enough = len(lines) > 1 and lines[-1] - lines[0] > (SHORTEST_BARS - 0.25) * bar
    return Stay(tuple(lines), move, alike.move) if long_enough else None
