"""The sheet all tonal parts are written on: bars, phrases and laid-out chords, and how events become notes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.brief import Meter, Note
from core.engines.composer.clock import seconds_of
from core.engines.composer.grid import drive, strength
from core.engines.composer.outline import Bar, Outline
from core.engines.composer.palette import Palette
from core.engines.composer.phrases import Phrase, phrases
from core.engines.composer.voicing import Voiced, voice

_SHORTEST_S = 0.03
_ENERGY_TOUCH = 30
_ACCENT_TOUCH = 24
_BRIGHT_TOUCH = 8


class Event(NamedTuple):
    """A note on the grid."""

    beat: float
    beats: float
    pitch: int
    velocity: int


class Span(NamedTuple):
    """The part of a chord that lies in one bar or phrase."""

    beat: float
    beats: float
    chord: Voiced
    following: Voiced
    """The chord after it; itself at the end."""


@dataclass(frozen=True)
class Sheet:
    """Everything a tonal part is written from."""

    outline: Outline
    palette: Palette
    phrases: tuple[Phrase, ...]
    chords: tuple[Voiced, ...]
    starts: tuple[float, ...]
    """Beat of each chord."""
    spans: Mapping[int, tuple[Span, ...]]
    """The chords of each bar, by bar index."""

    @property
    def meter(self) -> Meter:
        """The usual meter."""
        return self.outline.brief.plan.tempo_map.meter

    @property
    def seed(self) -> int:
        """The brief's."""
        return self.outline.brief.seed

    @property
    def end(self) -> float:
        """The beat at which parts stop playing: the last chord, or the end of the bars where there is none."""
        if self.closes:
            return self.outline.final.beat
        last = self.outline.bars[-1]
        return float(last.first_beat + last.beats)

    @property
    def closes(self) -> bool:
        """True where a last chord ends the music."""
        return self.outline.final.ending in ("button", "ring")

    def chord_at(self, beat: float) -> Voiced:
        """The chord that sounds at a beat."""
        return self.chords[max(0, bisect_right(self.starts, beat + 1e-6) - 1)]

    def between(self, begin: float, end: float) -> list[Span]:
        """The chords that sound between two beats."""
        first = max(0, bisect_right(self.starts, begin + 1e-6) - 1)
        spans = []
        for index in range(first, len(self.chords)):
            if self.starts[index] >= end - 1e-6:
                break
            chord = self.chords[index]
            start = max(begin, self.starts[index])
            until = min(end, self.starts[index] + chord.harmony.beats)
            spans.append(Span(start, until - start, chord, self.chords[min(index + 1, len(self.chords) - 1)]))
        return spans

    def touch(self, base: int, bar: Bar, offset: float, drives: bool = False) -> int:
        """The velocity of a note at an offset of a bar: by the energy, the accent and the wished brightness."""
        if drives:
            accent = 1.0 if any(abs(offset - place) < 1e-6 for place in drive(self.meter, bar.beats)) else 0.15
        else:
            accent = strength(self.meter, bar.beats, offset)
        direction = self.outline.brief.direction
        lively = 0.0 if direction.under_speech else bar.energy - 0.5
        velocity = (
            base + _ENERGY_TOUCH * lively + _ACCENT_TOUCH * (accent - 0.45) + _BRIGHT_TOUCH * direction.brightness
        )
        return max(20, min(122, round(velocity)))

    def notes(self, events: Sequence[Event]) -> tuple[Note, ...]:
        """The events as notes in seconds, in order; those beyond the end or before the range left out."""
        kept = sorted(event for event in events if event.beat < self.end - 1e-6)
        return self._timed(kept)

    def last_notes(self, events: Sequence[Event]) -> tuple[Note, ...]:
        """Events of the last chord as notes."""
        return self._timed(sorted(events))

    def _timed(self, events: Sequence[Event]) -> tuple[Note, ...]:
        if not events:
            return ()
        tempo_map, seconds = self.outline.brief.plan.tempo_map, self.outline.brief.seconds
        starts = seconds_of(tempo_map, [event.beat for event in events]).tolist()
        ends = seconds_of(tempo_map, [event.beat + event.beats for event in events]).tolist()
        notes = []
        for event, start, end in zip(events, starts, ends, strict=True):
            begin, until = max(start, 0.0), min(end, seconds)
            fresh = start > -_SHORTEST_S or until > 0.5
            if fresh and until - begin > _SHORTEST_S:
                notes.append(Note(begin, until - begin, event.pitch, event.velocity))
        return tuple(notes)


def sheet(outline: Outline, palette: Palette, chords: tuple[Voiced, ...] = ()) -> Sheet:
    """The sheet of an outline, its chords laid out, as they are given or anew."""
    chords = chords or voice(outline.harmony)
    starts = tuple(chord.beat for chord in outline.harmony)
    blank = Sheet(outline, palette, phrases(outline.brief.plan.sections, outline.bars), chords, starts, {})
    spans = {
        bar.index: tuple(blank.between(float(bar.first_beat), float(bar.first_beat + bar.beats)))
        for bar in outline.bars
    }
    return Sheet(outline, palette, blank.phrases, chords, starts, spans)
