"""Which chord sounds when: a Markov walk over a style's typical moves, with cadences where sections end.

Every idea (the letter of a section) has a loop of its own, learned from the palette's progressions; when the idea
comes back, one chord of it is changed. Strong accents take a chord change with them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from core.engines.composer.chords import Key, build, name_of
from core.engines.composer.dice import pick, pick_key
from core.engines.composer.outline import Bar, Final, Gesture, Harmony
from core.engines.composer.palette import Palette
from core.engines.composer.phrases import Phrase
from core.engines.composer.streams import stream

LOOP = 4
"""Chords in an idea's loop."""
_DECEPTIVE = 0.2
_BORROWED = {True: ("4m", "b7M", "b6M"), False: ("b2M", "4M")}
"""From the parallel mode, in major and in minor."""

Progressions = tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Slot:
    """A chord's place before it is spelled out."""

    beat: float
    degree: str
    colour: str
    pedal: bool = False
    fixed: bool = False
    """A cadence: nothing may replace or invert it."""


@dataclass(frozen=True)
class Frame:
    """What the whole walk needs to know."""

    seed: int
    key: Key
    palette: Palette
    meter_bars: Mapping[int, tuple[float, ...]]
    """Where the groups of each bar start, by bar index, in beats of the tempo map."""

    @property
    def progressions(self) -> Progressions:
        """The palette's, of this mode's family."""
        return self.palette.major if self.key.major else self.palette.minor


def harmonise(
    seed: int,
    key: Key,
    palette: Palette,
    phrases: Sequence[Phrase],
    starts: Mapping[int, tuple[float, ...]],
    gestures: Sequence[Gesture],
    final: Final,
) -> tuple[Harmony, ...]:
    """The chords of a cue, covering all its bars without holes.

    Args:
        seed: of the brief.
        key: tonic and mode.
        palette: the style's.
        phrases: all of them, in order.
        starts: for each bar index, the beats of the tempo map on which its groups begin.
        gestures: strong accents among them are met by a chord.
        final: the last chord is the tonic.
    """
    frame = Frame(seed, key, palette, starts)
    slots: list[Slot] = []
    sections = list(_sections(phrases))
    for members in sections:
        slots.extend(_section(frame, members, closes=members is sections[-1]))
    slots = _end(frame, slots, [bar for phrase in phrases for bar in phrase.bars], final)
    openings = {float(members[0].first_beat) for members in sections}
    accents = [g.beat for g in gestures if g.strong and g.how == "accent" and g.beat < final.beat - 1e-6]
    slots = _meet(frame, slots, accents, openings)
    return spell(frame, slots, float(phrases[-1].end_beat), openings)


def _sections(phrases: Sequence[Phrase]) -> Iterator[list[Phrase]]:
    """Phrases grouped by section."""
    group: list[Phrase] = []
    for phrase in phrases:
        if group and group[-1].section != phrase.section:
            yield group
            group = []
        group.append(phrase)
    if group:
        yield group


def _section(frame: Frame, members: list[Phrase], closes: bool) -> list[Slot]:
    """One section's chords: the idea's loop at the pace of the energy, then its cadence."""
    first = members[0]
    degrees = _loop(frame, first.letter, first.round)
    colours = [
        pick_key(stream(frame.seed, f"colour/{first.letter}/{place}"), frame.palette.colours) for place in range(LOOP)
    ]
    pedal = stream(frame.seed, f"pedal/{first.letter}").random() < frame.palette.pedal
    places = [beat for phrase in members for beat in _changes(frame, phrase)]
    slots = [
        Slot(beat, degrees[index % len(degrees)], colours[index % LOOP], pedal) for index, beat in enumerate(places)
    ]
    slots = _borrow(frame, slots, first.section)
    return slots if closes else _half_close(frame, slots, members)


def _changes(frame: Frame, phrase: Phrase) -> list[float]:
    """Where the chord changes in a phrase: every half, one or two bars."""
    stride = frame.palette.bars_per_chord
    if stride >= 2 and phrase.energy > 0.6:
        stride /= 2
    elif stride == 1 and phrase.energy < 0.2:
        stride = 2
    elif frame.palette.quick and phrase.energy > 0.78:
        stride = 0.5
    if stride < 1:
        return [beat for bar in phrase.bars for beat in _halves(frame.meter_bars[bar.index])]
    return [float(bar.first_beat) for bar in phrase.bars[:: round(stride)]]


def _halves(starts: tuple[float, ...]) -> tuple[float, ...]:
    """The bar's start and the group start nearest to its middle."""
    return (starts[0],) if len(starts) < 2 else (starts[0], starts[(len(starts) + 1) // 2])


@lru_cache(maxsize=64)
def transitions(progressions: Progressions) -> Mapping[str, Mapping[str, float]]:
    """How often each degree moves to each other in these progressions, which go round."""
    table: dict[str, dict[str, float]] = {}
    for weight, text in progressions:
        degrees = text.split()
        for here, there in zip(degrees, degrees[1:] + degrees[:1], strict=True):
            row = table.setdefault(here, {})
            row[there] = row.get(there, 0.0) + weight
    return table


def _loop(frame: Frame, letter: str, turn: int) -> list[str]:
    """An idea's chords; when the idea comes back, one of them is another."""
    moves = transitions(frame.progressions)
    rng = stream(frame.seed, f"loop/{letter}")
    starts = {text.split()[0]: 0.0 for _, text in frame.progressions}
    for weight, text in frame.progressions:
        starts[text.split()[0]] += weight
    if letter != "A" and rng.random() < 0.6:
        starts = {degree: 1.0 for degree in moves if degree[0].isdigit() and len(degree) == 1 and degree != "1"}
    loop = [pick_key(rng, starts)]
    while len(loop) < LOOP:
        options = dict(moves[loop[-1]])
        if len(loop) == LOOP - 1 and len(options) > 1:
            options.pop(loop[0], None)
        loop.append(pick_key(rng, options))
    if turn:
        again = stream(frame.seed, f"loop/{letter}/{turn}")
        place = 1 + int(again.random() * (LOOP - 1))
        options = {degree: weight for degree, weight in moves[loop[place - 1]].items() if degree != loop[place]}
        if options:
            loop[place] = pick_key(again, options)
    return loop


def _borrow(frame: Frame, slots: list[Slot], section: int) -> list[Slot]:
    """Now and then one chord from the parallel mode, late in a section that is long enough for it to be a colour."""
    rng = stream(frame.seed, f"mixture/{section}")
    if len(slots) < 6 or rng.random() >= frame.palette.mixture:
        return slots
    place = len(slots) - 3
    borrowed = replace(slots[place], degree=pick(rng, _BORROWED[frame.key.major]), colour="triad")
    return [*slots[:place], borrowed, *slots[place + 1 :]]


def _half_close(frame: Frame, slots: list[Slot], members: list[Phrase]) -> list[Slot]:
    """End a section openly: on a dominant, or by a deceptive move."""
    bars = [bar for phrase in members for bar in phrase.bars]
    if len(bars) < 2:
        return slots
    rng = stream(frame.seed, f"cadence/{members[0].section}")
    dominant = _degree(frame, "D", rng)
    if rng.random() < _DECEPTIVE and len(bars) >= 4:
        slots = _put(slots, float(bars[-2].first_beat), dominant, float(bars[-1].first_beat))
        return _put(slots, float(bars[-1].first_beat), "6")
    last = bars[-1]
    middle = _halves(frame.meter_bars[last.index])[-1]
    if frame.palette.suspends and middle > last.first_beat:
        slots = _put(slots, float(last.first_beat), dominant, colour="sus4")
        return [*slots, Slot(middle, dominant, "triad", fixed=True)]
    return _put(slots, float(last.first_beat), dominant)


def _end(frame: Frame, slots: list[Slot], bars: Sequence[Bar], final: Final) -> list[Slot]:
    """The tonic on the last chord, a dominant or subdominant before it."""
    rng = stream(frame.seed, "cadence/final")
    approach = max((bar for bar in bars if bar.first_beat <= final.beat - 1), key=lambda bar: bar.index, default=None)
    if approach is not None:
        function = "S" if rng.random() < frame.palette.plagal else "D"
        starts = [beat for beat in _halves(frame.meter_bars[approach.index]) if beat <= final.beat - 1]
        beat = starts[-1] if frame.palette.quick else starts[0]
        slots = _put(slots, beat, _degree(frame, function, rng), final.beat)
    slots = [slot for slot in slots if slot.beat < final.beat - 1e-6]
    beat = final.beat if slots else float(bars[0].first_beat)
    colour = max(frame.palette.colours, key=lambda name: frame.palette.colours[name])
    return [*slots, Slot(beat, "1", colour, fixed=True)]


def _put(slots: list[Slot], beat: float, degree: str, until: float = float("inf"), colour: str = "triad") -> list[Slot]:
    """Replace what lies between two beats by one chord; a neighbour before it never is the same chord."""
    before = [slot for slot in slots if slot.beat < beat - 1e-6]
    after = [slot for slot in slots if slot.beat >= until - 1e-6]
    if len(before) > 1 and before[-1].degree == degree and before[-2].degree != "4":
        before[-1] = replace(before[-1], degree="4" if degree != "4" else "6", colour="triad")
    return [*before, Slot(beat, degree, colour, fixed=True), *after]


def _degree(frame: Frame, function: str, rng: np.random.Generator) -> str:
    """A degree of this function out of the style's own vocabulary, or the textbook's."""

    weights: dict[str, float] = {}
    for weight, text in frame.progressions:
        for degree in text.split():
            built = build(frame.key, degree)
            if built.function == function and degree != "1":
                weights[degree] = weights.get(degree, 0.0) + weight
    return pick_key(rng, weights) if weights else {"D": "5", "S": "4"}[function]


def _meet(frame: Frame, slots: list[Slot], beats: Sequence[float], openings: set[float]) -> list[Slot]:
    """Let the chord change on strong accents: an approaching change comes early, a long chord is cut by a new one."""
    moves = transitions(frame.progressions)
    for beat in beats:
        place = bisect_right(slots, beat + 1e-6, key=lambda slot: slot.beat) - 1
        if place < 0 or beat - slots[place].beat < 1 - 1e-6:
            continue
        here = slots[place]
        following = slots[place + 1] if place + 1 < len(slots) else None
        if following is not None and following.beat - beat <= 1 + 1e-6:
            if not following.fixed and following.beat not in openings:
                slots[place + 1] = replace(following, beat=beat)
            continue
        options = {
            degree: weight for degree, weight in moves.get(here.degree, {"4": 1.0}).items() if degree != here.degree
        }
        if options and not here.fixed:
            rng = stream(frame.seed, f"turn/{beat:.3f}")
            slots.insert(place + 1, replace(here, beat=beat, degree=pick_key(rng, options)))
    return slots


def spell(frame: Frame, slots: Sequence[Slot], end: float, openings: set[float]) -> tuple[Harmony, ...]:
    """Slots as chords with their bass; the same chord twice in a row is one, except across a section's start."""
    built = [build(frame.key, slot.degree, slot.colour) for slot in slots]
    rng = stream(frame.seed, "inversions")
    result: list[Harmony] = []
    for index, (slot, chord) in enumerate(zip(slots, built, strict=True)):
        until = slots[index + 1].beat if index + 1 < len(slots) else end
        bass = frame.key.tonic if slot.pedal and not slot.fixed else chord.root
        if bass == chord.root and not slot.fixed and result and index + 1 < len(slots):
            third = chord.tones[1] if len(chord.tones) > 2 else chord.root
            steps = _near(result[-1].bass, third) and _near(third, built[index + 1].root)
            if steps and not _near(result[-1].bass, chord.root) and rng.random() < frame.palette.inversions:
                bass = third
        name = name_of(frame.key, chord.root, chord.tones, bass)
        previous = result[-1] if result else None
        if previous is not None and previous.name == name and slot.beat not in openings:
            result[-1] = replace(previous, beats=until - previous.beat)
            continue
        strain = chord.tension if bass == chord.root else min(1.0, chord.tension + 0.1)
        result.append(Harmony(slot.beat, until - slot.beat, chord.root, bass, chord.tones, name, strain))
    return tuple(result)


def _near(one: int, other: int) -> bool:
    """True where two pitch classes lie a step apart."""
    return (one - other) % 12 in (1, 2, 10, 11)
