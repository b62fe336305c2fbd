"""Phrases: the four-bar breaths that a section is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.brief import Section
from core.engines.composer.outline import Bar

USUAL_BARS = 4


@dataclass(frozen=True)
class Phrase:
    """A few bars that belong together."""

    index: int
    section: int
    letter: str
    """The idea of its section: "A" for "A" and for "A2"."""
    round: int
    """0 when the idea is first heard, 1 when it comes back, ..."""
    place: int
    """Which phrase of its section."""
    last: bool
    """Ends its section."""
    bars: tuple[Bar, ...]

    @property
    def energy(self) -> float:
        """Mean energy of its bars."""
        return sum(bar.energy for bar in self.bars) / len(self.bars)

    @property
    def first_beat(self) -> int:
        """Where it begins, in beats of the tempo map."""
        return self.bars[0].first_beat

    @property
    def end_beat(self) -> int:
        """Where it ends."""
        return self.bars[-1].first_beat + self.bars[-1].beats


def phrases(sections: Sequence[Section], bars: Sequence[Bar]) -> tuple[Phrase, ...]:
    """Cut the bars into phrases of about four, never across a section."""
    result: list[Phrase] = []
    heard: dict[str, int] = {}
    for section, members in _by_section(bars):
        letter = idea(sections[section].name)
        turn = heard.get(letter, -1) + 1
        heard[letter] = turn
        count = max(1, (len(members) + 2) // USUAL_BARS)
        for place in range(count):
            last = place == count - 1
            chunk = members[place * USUAL_BARS : None if last else (place + 1) * USUAL_BARS]
            result.append(Phrase(len(result), section, letter, turn, place, last, tuple(chunk)))
    return tuple(result)


def idea(name: str) -> str:
    """The letter of a section's name: "A" for "A2"."""
    return name.rstrip("0123456789'") or name


def _by_section(bars: Sequence[Bar]) -> list[tuple[int, list[Bar]]]:
    """Bars grouped by the section they belong to, in order."""
    grouped: list[tuple[int, list[Bar]]] = []
    for bar in bars:
        if not grouped or grouped[-1][0] != bar.section:
            grouped.append((bar.section, []))
        grouped[-1][1].append(bar)
    return grouped
