"""New chords for a stretch whose ends are given: a walk over the style's moves from the one to the other.

Chords change where they changed before, so that accents and cadences keep theirs; long ones are divided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.brief import FloatArray
from core.engines.composer.chords import Key, build
from core.engines.composer.dice import pick_key
from core.engines.composer.form import group_starts
from core.engines.composer.harmony import Frame, Slot, spell, transitions
from core.engines.composer.outline import Harmony, Outline
from core.engines.composer.palette import Palette
from core.engines.composer.streams import stream

_NEAR = 1e-4
_ANY = 0.03
"""Weight of a move that the style does not know, against those that it does."""
_AGAIN = 0.02
"""How gladly a chord follows itself."""
_AS_BEFORE = 0.2
"""How gladly a chord is the one that was there."""
_LONGEST_BARS = 2.0
_FEWEST_BARS = 1.5
"""Bars that a stretch must have for other chords to make sense."""


def reharmonise(outline: Outline, palette: Palette, start: float, end: float) -> tuple[Harmony, ...]:
    """The outline's harmony with other chords between two beats; as it is where there is no room for them.

    The chord that sounds into the stretch stands to its end or to the next bar, the one that sounds out of it comes in
    no later than before, and the last cadence stays.
    """
    harmony = outline.harmony
    begin, stop = _begin(outline, start), _stop(outline, end)
    if stop - begin < _FEWEST_BARS * _bar_beats(outline) - _NEAR:
        return harmony
    before = [chord for chord in harmony if chord.beat < begin - _NEAR]
    after = [chord for chord in harmony if chord.beat + chord.beats > stop + _NEAR]
    inside = _walk(outline, palette, _places(outline, begin, stop), (before[-1] if before else None, after[0]))
    if before:
        before[-1] = replace(before[-1], beats=begin - before[-1].beat)
    until = after[0].beat + after[0].beats
    first = max(after[0].beat, stop)
    after[0] = replace(after[0], beat=first, beats=until - first)
    return (*before, *spell(*inside, stop, set()), *after)


def _bar_beats(outline: Outline) -> float:
    return float(outline.brief.plan.tempo_map.meter.beats)


def _begin(outline: Outline, start: float) -> float:
    """The first beat of new chords: where the chord that sounds in ends, or the next bar where it is long."""
    crossing = next((c for c in outline.harmony if c.beat < start - _NEAR and c.beat + c.beats > start + _NEAR), None)
    if crossing is None:
        return max(start, outline.harmony[0].beat)
    ends = crossing.beat + crossing.beats
    if ends - start <= _bar_beats(outline) + _NEAR:
        return ends
    return next((float(bar.first_beat) for bar in outline.bars if bar.first_beat >= start - _NEAR), ends)


def _stop(outline: Outline, end: float) -> float:
    """The beat at which the kept chords come in again."""
    cadence = outline.harmony[-2].beat if len(outline.harmony) > 1 else outline.harmony[-1].beat
    crossing = next((c for c in outline.harmony if c.beat < end - _NEAR and c.beat + c.beats > end + _NEAR), None)
    if crossing is None:
        return min(end, cadence)
    if end - crossing.beat <= _bar_beats(outline) + _NEAR:
        return min(crossing.beat, cadence)
    lines = [float(bar.first_beat) for bar in outline.bars if crossing.beat <= bar.first_beat <= end + _NEAR]
    return min(lines[-1] if lines else crossing.beat, cadence)


def _places(outline: Outline, begin: float, stop: float) -> list[float]:
    """Where chords change: where they did, and at bars inside long ones; at least twice."""
    places = [begin, *(c.beat for c in outline.harmony if begin + _NEAR < c.beat < stop - _NEAR)]
    lines = [float(bar.first_beat) for bar in outline.bars if begin + _NEAR < bar.first_beat < stop - _NEAR]
    longest = _LONGEST_BARS * _bar_beats(outline)
    for line in lines:
        before = max(place for place in places if place <= line + _NEAR)
        following = min((place for place in places if place > line + _NEAR), default=stop)
        if line - before > _NEAR and following - before > longest + _NEAR and line - before >= longest - _NEAR:
            places = sorted([*places, line])
    if len(places) < 2 and lines:
        places = sorted([*places, min(lines, key=lambda line: abs(line - (begin + stop) / 2))])
    return places


def _walk(
    outline: Outline, palette: Palette, places: Sequence[float], ends: tuple[Harmony | None, Harmony]
) -> tuple[Frame, list[Slot]]:
    """A degree and a colour for each place, drawn from all walks between the two ends by how usual they are."""
    seed = outline.brief.seed
    frame = Frame(
        seed,
        Key(outline.tonic, outline.mode),
        palette,
        group_starts(outline.bars, outline.brief.plan.tempo_map.meter),
    )
    words = sorted(transitions(frame.progressions))
    moves = _weights(frame, words)
    rng = stream(seed, f"walk {places[0]:.3f}")
    meets = _arrivals(frame, words, moves, ends[1])
    liked = [_liking(outline, frame, words, place) for place in places]
    hopes = [meets]
    for taste in reversed(liked[1:]):
        hopes.append(moves @ (taste * hopes[-1]))
    hopes.reverse()
    leaving = _word(frame, words, ends[0])
    row = np.ones(len(words)) if leaving is None else moves[leaving]
    slots = []
    for place, taste, hope in zip(places, liked, hopes, strict=True):
        chances = row * taste * hope
        drawn = int(rng.choice(len(words), p=chances / chances.sum()))
        slots.append(Slot(place, words[drawn], pick_key(rng, palette.colours)))
        row = moves[drawn]
    return frame, slots


def _weights(frame: Frame, words: Sequence[str]) -> FloatArray:
    """How gladly each degree moves to each other, shape [from, to]."""
    table = transitions(frame.progressions)
    weights = np.array([[table[here].get(there, 0.0) for there in words] for here in words])
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    weights += _ANY / len(words)
    np.fill_diagonal(weights, np.diag(weights) * _AGAIN)
    return weights


def _arrivals(frame: Frame, words: Sequence[str], moves: FloatArray, goal: Harmony) -> FloatArray:
    """How gladly each degree moves to the chord that comes in, shape [degrees]."""
    place = _word(frame, words, goal)
    return np.ones(len(words)) if place is None else moves[:, place]


def _liking(outline: Outline, frame: Frame, words: Sequence[str], place: float) -> FloatArray:
    """How welcome each degree is at a place whatever lies around it: least what was there, shape [degrees]."""
    liking = np.ones(len(words))
    was = _word(frame, words, outline.harmony_at(place))
    if was is not None:
        liking[was] = _AS_BEFORE
    return liking


def _word(frame: Frame, words: Sequence[str], chord: Harmony | None) -> int | None:
    """Which of the style's degrees a chord is: of those with its root the one that shares most with it."""
    if chord is None:
        return None
    built = [build(frame.key, word) for word in words]
    same = [place for place, one in enumerate(built) if one.root == chord.root]
    return max(same, key=lambda place: len(set(built[place].tones) & set(chord.tones)), default=None)
