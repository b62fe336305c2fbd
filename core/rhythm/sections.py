"""Sections: stretches of 2 to 16 bars that begin where the picture turns.

The bars are divided by dynamic programming: lengths of 4 and 8 bars are preferred, and a division is worth more
the more the picture turns at its downbeat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.brief import FloatArray, Section

SHORTEST, LONGEST = 2, 16
"""Bars in a section."""

AWKWARD = {4: 0.1, 8: 0.0, 12: 0.4, 16: 0.5, 6: 0.35, 10: 0.6, 2: 0.8, 3: 0.75, 5: 0.6, 7: 0.55}
"""How awkward a length in bars is."""
AWKWARD_ELSE = 1.0

WITHOUT_HIT = 0.1
"""Price of a division where nothing happens."""
ON_HIT, ON_TURN = 0.25, 1.6
"""Worth of a division on a hit, plus so much of the hit's turn."""

CALM = 0.25
"""A turn below this is no new idea."""
LETTERS = "ABCDEF"


def divide(
    beats: FloatArray, downbeats: Sequence[int], seconds: float, turns: Mapping[int, float], begins: Sequence[int]
) -> tuple[int, ...]:
    """Bars grouped to sections: the beat at which each section starts.

    Args:
        beats: seconds.
        downbeats: indices of beats.
        seconds: length of the range; bars beyond it are left out.
        turns: how much the picture turns, by the index of the beat that a hit falls on.
        begins: beats at which a section must begin.
    """
    bars = [d for d in downbeats if beats[d] < seconds - 1e-9]
    count = len(bars)
    worth = [ON_HIT + ON_TURN * turns[d] if d in turns else -WITHOUT_HIT for d in bars]
    forced = {k for k, d in enumerate(bars) if d in begins and k > 0}
    free_from = max(forced, default=0)
    best = [0.0] + [-np.inf] * count
    came = [0] * (count + 1)
    for end in range(1, count + 1):
        for start in range(end - 1, max(end - LONGEST, 0) - 1, -1):
            value = best[start] - _awkward(end - start, count) + (worth[start] if start else 0.0)
            if value > best[end]:
                best[end], came[end] = value, start
            if start in forced:
                break
    if count <= SHORTEST + 2 and not free_from:
        came[count] = 0
    starts = [came[count]]
    while starts[-1] > 0:
        starts.append(came[starts[-1]])
    return tuple(bars[start] for start in reversed(starts))


def _awkward(bars: int, count: int) -> float:
    """Price of a section's length; one bar only where there is no more."""
    if bars < SHORTEST and count >= SHORTEST:
        return 1e6
    return AWKWARD.get(bars, AWKWARD_ELSE)


def sections(
    firsts: Sequence[int],
    beats: FloatArray,
    seconds: float,
    turns: Mapping[int, float],
    hit_times: FloatArray,
) -> tuple[Section, ...]:
    """The sections, named by how they follow from each other.

    Args:
        firsts: the beats at which they start, from `divide`.
        beats: seconds.
        seconds: length of the range; the last section ends there.
        turns: how much the picture turns, by beat.
        hit_times: all hits in order, seconds: how busy the picture is.
    """
    first = [*firsts, len(beats) - 1]
    starts = [float(beats[k]) for k in first[:-1]] + [seconds]
    edges = np.searchsorted(hit_times, starts)
    pace = [float(n) / max(b - a, 1e-6) for n, a, b in zip(np.diff(edges), starts, starts[1:], strict=False)]
    names = _names(pace, [turns.get(k, 0.0) for k in first[:-1]])
    return tuple(
        Section(starts[k], starts[k + 1] - starts[k], name, first[k], first[k + 1] - first[k])
        for k, name in enumerate(names)
    )


def _names(pace: Sequence[float], turn: Sequence[float]) -> list[str]:
    """A letter for each idea; a number when it comes back.

    A calm division keeps the idea once; otherwise an earlier idea of like pace returns, or a new one comes.
    """
    letters: list[str] = []
    home: dict[str, float] = {}
    for k, speed in enumerate(pace):
        held = len(letters) >= 2 and letters[-1] == letters[-2]
        if letters and turn[k] < CALM and not held:
            letters.append(letters[-1])
            continue
        others = {x: abs(np.log((speed + 0.1) / (p + 0.1))) for x, p in home.items() if x != letters[-1]}
        like = min(others, key=lambda x: (others[x], x), default=None)
        fresh = LETTERS[len(home)] if len(home) < len(LETTERS) else None
        if like is not None and (others[like] < 0.3 or fresh is None):
            letters.append(like)
        else:
            letters.append(fresh or letters[-1])
            home.setdefault(letters[-1], speed)
    return [x if letters[:k].count(x) == 0 else f"{x}{letters[:k].count(x) + 1}" for k, x in enumerate(letters)]
