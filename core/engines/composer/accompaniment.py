"""The accompanying parts: figures that strike the chords and parts that sustain them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.engines.composer.cells import spread
from core.engines.composer.outline import Harmony
from core.engines.composer.palette import Layer, Levels
from core.engines.composer.phrases import Phrase
from core.engines.composer.ranges import fold
from core.engines.composer.sheet import Event, Sheet, Span
from core.engines.composer.streams import stream


def accompany(sheet: Sheet, layer: Layer, playing: Sequence[Phrase]) -> list[Event]:
    """What a layer plays in these phrases."""
    write = _figure if layer.cells else _sustained
    return [event for phrase in playing for event in write(sheet, layer, phrase)]


def last_chord(sheet: Sheet, layer: Layer, beats: float) -> list[Event]:
    """What a layer plays on the last chord of the cue."""
    span = Span(sheet.outline.final.beat, beats, sheet.chords[-1], sheet.chords[-1])
    pitches = _held_pitches(sheet, layer, span) if not layer.cells else ladder(layer, span)
    velocity = round(0.5 * layer.velocity + 45)
    return [Event(span.beat, beats, pitch, velocity) for pitch in pitches]


def chosen_cell(seed: int, name: str, levels: Levels, phrase: Phrase) -> str:
    """The figure of a phrase: by its energy, its idea, and how often the idea has come back."""
    alternatives = next((cells for level, cells in reversed(levels) if phrase.energy >= level), levels[0][1])
    start = int(stream(seed, f"cell/{name}/{phrase.letter}").random() * 64)
    return alternatives[(start + phrase.round) % len(alternatives)]


def ladder(layer: Layer, span: Span) -> tuple[int, ...]:
    """The tones that figures count, rising: the laid-out chord in the layer's register, or the chord from its root."""
    harmony = span.chord.harmony
    if layer.ladder == "root":
        root = fold(harmony.root, layer.low, layer.low + 11)
        return tuple(root + interval for interval in sorted((tone - harmony.root) % 12 for tone in harmony.tones))
    upper = span.chord.upper
    middle = (layer.low + layer.high) / 2
    shift = 12 * round((middle - sum(upper) / len(upper)) / 12)
    return tuple(sorted({fold(pitch + shift, layer.low, layer.high) for pitch in upper}))


def neighbour(sheet: Sheet, harmony: Harmony, upward: bool) -> int:
    """Semitones from a chord's root to the scale's next tone above or below it."""
    scale = sheet.outline.scale
    steps = range(1, 4) if upward else range(-1, -4, -1)
    return next((step for step in steps if (harmony.root + step) % 12 in scale), 2 if upward else -2)


def approach(sheet: Sheet, pitch: int, target: int) -> int:
    """A tone of the scale next to `target`, a pitch class, on the side where `pitch` lies."""
    goal = pitch + (target - pitch + 6) % 12 - 6
    sides = (1, 2) if goal <= pitch else (-1, -2)
    return next((goal + step for step in sides if (goal + step) % 12 in sheet.outline.scale), goal + sides[0])


def _figure(sheet: Sheet, layer: Layer, phrase: Phrase) -> Iterator[Event]:
    """A phrase of a written figure."""
    cell = chosen_cell(sheet.seed, layer.name, layer.cells, phrase)
    for place, bar in enumerate(phrase.bars):
        spans = sheet.spans[bar.index]
        ladders = [ladder(layer, span) for span in spans]
        at = 0
        for stroke in spread(cell, place, sheet.meter, bar.beats):
            beat = bar.first_beat + stroke.offset
            while at + 1 < len(spans) and spans[at + 1].beat <= beat + 1e-6:
                at += 1
            span = spans[at]
            length = min(stroke.beats, span.beat + span.beats - beat) * layer.gate
            velocity = sheet.touch(layer.velocity, bar, stroke.offset, layer.drives)
            for pitch in _tones(sheet, layer, span, ladders[at], stroke.token):
                yield Event(beat, length, pitch, velocity)


def _tones(sheet: Sheet, layer: Layer, span: Span, rungs: tuple[int, ...], token: str) -> tuple[int, ...]:
    """The pitches that a token means."""
    if token == "*":
        return rungs
    if token in "nl":
        return (rungs[0] + neighbour(sheet, span.chord.harmony, token == "n"),)
    if token == "a":
        return (fold(approach(sheet, rungs[0], span.following.harmony.root), layer.low, layer.high),)
    pitches = []
    for figure in token:
        octave, rung = divmod(int(figure), len(rungs))
        pitches.append(fold(rungs[rung] + 12 * octave, layer.low, layer.high))
    return tuple(dict.fromkeys(pitches))


def _sustained(sheet: Sheet, layer: Layer, phrase: Phrase) -> list[Event]:
    """A phrase of held chords; a tied part holds over the tones that stay."""
    bars = phrase.bars
    sounding: dict[int, Event] = {}
    done: list[Event] = []
    at = 0
    for span in sheet.between(float(phrase.first_beat), float(phrase.end_beat)):
        while at + 1 < len(bars) and bars[at + 1].first_beat <= span.beat + 1e-6:
            at += 1
        velocity = sheet.touch(layer.velocity, bars[at], span.beat - bars[at].first_beat)
        held: dict[int, Event] = {}
        for pitch in _held_pitches(sheet, layer, span):
            before = sounding.pop(pitch, None) if layer.tied else None
            if before is None:
                held[pitch] = Event(span.beat, span.beats * layer.gate, pitch, velocity)
            else:
                held[pitch] = before._replace(beats=span.beat - before.beat + span.beats * layer.gate)
        done.extend(sounding.values())
        sounding = held
    return [*done, *sounding.values()]


def _held_pitches(sheet: Sheet, layer: Layer, span: Span) -> tuple[int, ...]:
    """Which pitches a sustaining part holds."""
    chord = span.chord
    if layer.voices == "upper":
        return ladder(layer, span)
    if layer.voices == "top":
        return (fold(chord.upper[-1], layer.low, layer.high),)
    if layer.voices == "low":
        bass = fold(chord.bass, layer.low, layer.low + 11)
        inner = [pitch for pitch in chord.upper[:2] if bass + 5 <= pitch <= layer.high]
        return (bass, *inner)
    root = fold(chord.harmony.root, layer.low, layer.low + 11)
    fifth = root + 7 if (root + 7) % 12 in chord.harmony.tones else root + 12
    if layer.voices == "power":
        return (root, fifth, *((root + 12,) if root + 12 <= layer.high and fifth != root + 12 else ()))
    return (root, root + neighbour(sheet, chord.harmony, upward=True), fifth)
