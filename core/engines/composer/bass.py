"""The bass: roots where chords change, fifths and octaves between, steps into what follows, together with the kick."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.engines.composer.accompaniment import approach, chosen_cell
from core.engines.composer.cells import Stroke, spread
from core.engines.composer.grooves import kick_strokes
from core.engines.composer.outline import Bar
from core.engines.composer.palette import Bass
from core.engines.composer.phrases import Phrase
from core.engines.composer.ranges import RANGES, fold
from core.engines.composer.sheet import Event, Sheet, Span

_NEAR = 1e-6


def bass_line(sheet: Sheet, bass: Bass, playing: Sequence[Phrase]) -> list[Event]:
    """What the bass plays in these phrases."""
    return [event for phrase in playing for event in _phrase(sheet, bass, phrase)]


def last_root(sheet: Sheet, bass: Bass, beats: float) -> Event:
    """The root of the last chord."""
    return Event(sheet.outline.final.beat, beats, fold(sheet.chords[-1].bass, bass.low, bass.high), bass.velocity + 12)


def _phrase(sheet: Sheet, bass: Bass, phrase: Phrase) -> Iterator[Event]:
    """A phrase of its figure, locked to the kick."""
    cell = chosen_cell(sheet.seed, "bass", bass.cells, phrase)
    for place, bar in enumerate(phrase.bars):
        spans = sheet.spans[bar.index]
        strokes = _at_changes(_locked(sheet, bass, bar, spread(cell, place, sheet.meter, bar.beats)), bar, spans)
        at = 0
        for stroke in strokes:
            beat = bar.first_beat + stroke.offset
            while at + 1 < len(spans) and spans[at + 1].beat <= beat + _NEAR:
                at += 1
            span = spans[at]
            changes = abs(span.beat - beat) < _NEAR
            pitch = _pitch(sheet, bass, span, "0" if changes else stroke.token)
            length = min(stroke.beats, span.beat + span.beats - beat) * bass.gate
            yield Event(beat, length, pitch, sheet.touch(bass.velocity, bar, stroke.offset))


def _locked(sheet: Sheet, bass: Bass, bar: Bar, strokes: tuple[Stroke, ...]) -> list[Stroke]:
    """The figure with a root wherever the kick falls and the figure has nothing."""
    merged = list(strokes)
    if not bass.locks or sheet.outline.brief.direction.under_speech:
        return merged
    for offset, _ in kick_strokes(sheet.outline.brief.direction.style, sheet.meter, bar.beats, bar.energy):
        merged = _with(merged, offset, bar.beats)
    return merged


def _at_changes(strokes: list[Stroke], bar: Bar, spans: Sequence[Span]) -> list[Stroke]:
    """The figure with a root wherever the chord changes."""
    for span in spans[1:]:
        strokes = _with(strokes, span.beat - bar.first_beat, bar.beats)
    return strokes


def _with(strokes: list[Stroke], offset: float, beats: int) -> list[Stroke]:
    """The strokes with a root at an offset, which ends what sounds there."""
    if any(abs(stroke.offset - offset) < _NEAR for stroke in strokes):
        return strokes
    before = [stroke for stroke in strokes if stroke.offset < offset]
    after = [stroke for stroke in strokes if stroke.offset > offset]
    until = after[0].offset if after else float(beats)
    if before and before[-1].offset + before[-1].beats > offset:
        before[-1] = before[-1]._replace(beats=offset - before[-1].offset)
    return [*before, Stroke(offset, until - offset, "0"), *after]


def _pitch(sheet: Sheet, bass: Bass, span: Span, token: str) -> int:
    """The pitch of a token: root, fifth, octave, third, or a step into the next chord; always one the player has."""
    return fold(_wished(sheet, bass, span, token), *RANGES[bass.instruments[0]])


def _wished(sheet: Sheet, bass: Bass, span: Span, token: str) -> int:
    """The pitch that a token means in the bass's own register."""
    root = fold(span.chord.bass, bass.low, bass.high)
    harmony = span.chord.harmony
    if token == "a" and span.following.bass % 12 != span.chord.bass % 12:
        return fold(approach(sheet, root, span.following.bass), bass.low, bass.high + 2)
    fifth = (harmony.root + 7) % 12 if (harmony.root + 7) % 12 in harmony.tones else harmony.tones[-1]
    if token == "1":
        above = root + (fifth - root) % 12
        return above if above <= bass.high + 5 else above - 12
    if token == "2":
        return root + 12
    if token == "3" and len(harmony.tones) > 2:
        return root + (harmony.tones[1] - root) % 12
    return root
