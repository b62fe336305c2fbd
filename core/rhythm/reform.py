"""The sections of a plan that is old in places and new in others.

Kept bars stay in the section that they were in; new bars go on with the idea beside them, or, where they are many, are
a section of their own. A section begins wherever the tempo jumps, so that every section keeps one base tempo.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.brief import Hit, Section, TempoMap
from core.rhythm.sections import CALM, LETTERS, LONGEST, SHORTEST
from core.rhythm.settle import strays
from core.rhythm.slack import LIMIT, STEP

OWN_BARS = 4
"""So many new bars are a section of their own."""


@dataclass(frozen=True)
class Bar:
    """A bar of the new plan."""

    beat: int
    """Its downbeat."""
    section: int | None
    """The old section that it was in; None for a new bar."""
    part: int
    """The first sample of the stretch, kept or new, that it belongs to."""


def reformed(
    tempo_map: TempoMap, bars: Sequence[Bar], old: Sequence[Section], seconds: float, hits: Sequence[Hit]
) -> tuple[Section, ...]:
    """The new sections, named as their bars were.

    Args:
        tempo_map: of the whole new range.
        bars: all of its bars, in order.
        old: the sections that kept bars come from.
        seconds: length of the new range.
        hits: of the new range; where the picture turns, new bars are another idea.
    """
    inside = [bar for bar in bars if tempo_map.beats[bar.beat] < seconds - 1e-9]
    jumps, owners = _jumps(tempo_map), _owners(inside)
    cuts = [k for k in range(1, len(inside)) if owners[k] != owners[k - 1] or inside[k].beat in jumps]
    edges = [0, *cuts, len(inside)]
    runs = [tuple(inside[first:end]) for first, end in pairwise(edges)]
    runs = _steady(tempo_map, _long_enough(runs, jumps))
    return _named(tempo_map, runs, old, seconds, hits)


def _jumps(tempo_map: TempoMap) -> set[int]:
    """Beats at which the tempo changes faster than inside a section."""
    periods = np.diff(tempo_map.beats)
    steps = np.abs(periods[1:] / periods[:-1] - 1)
    return set((np.flatnonzero(steps > STEP + 1e-9) + 1).tolist())


def _owners(inside: Sequence[Bar]) -> list[int]:
    """For each bar the old section that it is in or goes on with; many new bars own themselves, as negative numbers."""
    sizes = Counter(bar.part for bar in inside)
    owners: list[int] = []
    for number, bar in enumerate(inside):
        if bar.section is not None:
            owners.append(bar.section)
        elif sizes[bar.part] >= OWN_BARS:
            owners.append(-1 - bar.part)
        elif owners:
            owners.append(owners[-1])
        else:
            owners.append(next((other.section for other in inside[number:] if other.section is not None), 0))
    return owners


def _long_enough(runs: list[tuple[Bar, ...]], jumps: set[int]) -> list[tuple[Bar, ...]]:
    """Single bars joined to a neighbour, unless the tempo jumps on both sides; too long runs divided."""
    joined: list[tuple[Bar, ...]] = []
    for run in runs:
        if joined and min(len(run), len(joined[-1])) < SHORTEST and run[0].beat not in jumps:
            joined[-1] = (*joined[-1], *run)
        else:
            joined.append(run)
    divided: list[tuple[Bar, ...]] = []
    for run in joined:
        pieces = -(-len(run) // LONGEST)
        size = -(-len(run) // pieces)
        divided += [run[first : first + size] for first in range(0, len(run), size)]
    return divided


def _steady(tempo_map: TempoMap, runs: list[tuple[Bar, ...]]) -> list[tuple[Bar, ...]]:
    """Runs in which some beat strays too far from the base tempo are divided where kept and new bars meet."""
    firsts = tuple(run[0].beat for run in runs)
    steady: list[tuple[Bar, ...]] = []
    for run, stray in zip(runs, strays(tempo_map.beats, firsts), strict=True):
        cuts = [k for k, (one, other) in enumerate(pairwise(run), start=1) if one.part != other.part]
        edges = [0, *(cuts if stray > LIMIT else []), len(run)]
        steady += [run[first:end] for first, end in pairwise(edges)]
    return steady


def _named(
    tempo_map: TempoMap, runs: Sequence[tuple[Bar, ...]], old: Sequence[Section], seconds: float, hits: Sequence[Hit]
) -> tuple[Section, ...]:
    """Runs of bars as sections; one that begins inside an old one's idea keeps its letter."""
    letters = _letters(tempo_map, runs, old, hits)
    firsts = [run[0].beat for run in runs]
    starts = [float(tempo_map.beats[first]) for first in firsts]
    ends, last = [*starts[1:], seconds], [*firsts[1:], len(tempo_map.beats) - 1]
    names = [x if x not in letters[:k] else f"{x}{letters[:k].count(x) + 1}" for k, x in enumerate(letters)]
    return tuple(
        Section(start, end - start, name, first, stop - first)
        for start, end, name, first, stop in zip(starts, ends, names, firsts, last, strict=True)
    )


def _letters(
    tempo_map: TempoMap, runs: Sequence[tuple[Bar, ...]], old: Sequence[Section], hits: Sequence[Hit]
) -> list[str]:
    """The idea of each run: that of its kept bars, else of its neighbour; another one where the picture turns."""
    known = [[old[bar.section].name[0] for bar in run if bar.section is not None] for run in runs]
    used = {letter for run in known for letter in run}
    letters: list[str] = []
    for number, (run, mine) in enumerate(zip(runs, known, strict=True)):
        if mine:
            letters.append(max(mine, key=mine.count))
            continue
        before = letters[-1] if letters else ""
        after = next((other[0] for other in known[number + 1 :] if other), "")
        at = float(tempo_map.beats[run[0].beat])
        turns = max((hit.turn for hit in hits if abs(hit.time - at) < 1e-3), default=0.0) >= CALM
        fresh = next((letter for letter in LETTERS if letter not in used), "")
        another = turns and before and len(run) >= OWN_BARS
        letters.append((fresh if another else "") or before or after or LETTERS[0])
        used.add(letters[-1])
    return letters
