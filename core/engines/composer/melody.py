"""The tune: a motif for each idea, answered, sequenced and varied over the chords, with one climax in each section.

Chord tones fall on strong places, other tones of the scale between them; phrases end on a long note and a breath.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from core.engines.composer.grid import strength
from core.engines.composer.motif import Motif, form, invent, unit
from core.engines.composer.outline import Bar
from core.engines.composer.palette import Tune
from core.engines.composer.phrases import Phrase
from core.engines.composer.ranges import fold
from core.engines.composer.sheet import Event, Sheet
from core.engines.composer.streams import stream
from core.engines.composer.voicing import Voiced

CLIMAX = 0.66
"""Where in a section its highest note is sought."""
_STRONG = 0.65
_LONG_BEATS = 1.5
_WIDEST_LEAP = 9
_ARC_STEPS = 3
"""Scale steps by which the line rises towards the climax."""


@dataclass(frozen=True)
class _Sung:
    """One note of the line with what was decided about it."""

    event: Event
    strong: bool
    answers: bool
    chord: Voiced


def melody(sheet: Sheet, tune: Tune, playing: Sequence[Phrase]) -> tuple[list[Event], list[Event]]:
    """The tune in these phrases: what the first player plays, and what the one who answers does."""
    leading: list[Event] = []
    answering: list[Event] = []
    for section in dict.fromkeys(phrase.section for phrase in playing):
        line = _section(sheet, tune, _of_section(playing, section))
        for sung in line:
            (answering if sung.answers and tune.answers else leading).append(sung.event)
    return leading, answering


def last_tone(sheet: Sheet, tune: Tune, before: Sequence[Event], beats: float) -> Event:
    """The tune's last note: the tone of the last chord nearest to where the line was."""
    chord = sheet.chords[-1].harmony
    was = before[-1].pitch if before else (tune.low + tune.high) // 2
    options = [pitch for pitch in range(tune.low, tune.high + 1) if pitch % 12 in chord.tones]
    pitch = min(options, key=lambda option: abs(option - was) + (0 if option % 12 == chord.root else 2))
    return Event(sheet.outline.final.beat, beats, pitch, tune.velocity + 8)


def _of_section(playing: Sequence[Phrase], section: int) -> list[Phrase]:
    """The phrases of one section; phrases are in order."""
    first = bisect_left(playing, section, key=lambda phrase: phrase.section)
    last = bisect_left(playing, section + 1, key=lambda phrase: phrase.section)
    return list(playing[first:last])


def _section(sheet: Sheet, tune: Tune, members: list[Phrase]) -> list[_Sung]:
    """The line of one section, its climax in place."""
    first = members[0]
    rng = stream(sheet.seed, f"motif/{first.letter}")
    bars = tune.motif_bars[int(rng.random() * len(tune.motif_bars))]
    motif = invent(rng, tune, sheet.meter, bars)
    begin, end = members[0].first_beat, members[-1].end_beat
    peak_beat = begin + CLIMAX * (end - begin)
    line: list[_Sung] = []
    for phrase in members:
        line += _phrase(sheet, tune, phrase, motif, bars, (begin, peak_beat, end), line)
    if tune.chromatic:
        line = _approached(sheet, tune, line)
    return _crowned(tune, line, peak_beat, 0.12 * (end - begin))


def _phrase(
    sheet: Sheet,
    tune: Tune,
    phrase: Phrase,
    motif: Motif,
    motif_bars: int,
    arc: tuple[float, float, float],
    before: Sequence[_Sung],
) -> list[_Sung]:
    """One phrase of the line: its units laid over its bars and pitched."""
    units = max(1, len(phrase.bars) // motif_bars)
    letters = form(stream(sheet.seed, f"form/{phrase.letter}/{phrase.place % 2}"), units, tune.rest)
    if phrase.round:
        letters = _varied(letters, stream(sheet.seed, f"form/{phrase.letter}/{phrase.round}").random())
    ladder = [pitch for pitch in range(tune.low, tune.high + 1) if pitch % 12 in sheet.outline.scale]
    base = round((0.25 + 0.2 * stream(sheet.seed, f"height/{phrase.letter}").random()) * len(ladder))
    sung: list[_Sung] = []
    for index, letter in enumerate(letters):
        bars = phrase.bars[index * motif_bars : (index + 1) * motif_bars]
        for note in unit(motif, letter).notes:
            place = _place(sheet, bars, note.offset, note.beats)
            if place is None:
                continue
            bar, offset, beats = place
            rung = base + note.step + round(_ARC_STEPS * _arc(bar.first_beat + offset, arc))
            wish = ladder[max(0, min(len(ladder) - 1, rung))]
            was = sung[-1] if sung else before[-1] if before else None
            sung.append(_sing(sheet, tune, bar, offset, beats, wish, was, letter in "ic" or index % 2 == 1))
    return sung


def _varied(letters: str, chance: float) -> str:
    """A form as it comes back: turned upside down, or in fragments."""
    swaps = {"a": "i"} if chance < 0.4 else {"s": "b", "a": "a"} if chance < 0.7 else {"a": "s"}
    return letters[0] + "".join(swaps.get(letter, letter) for letter in letters[1:])


def _place(sheet: Sheet, bars: Sequence[Bar], offset: float, beats: float) -> tuple[Bar, float, float] | None:
    """Bar, offset and length of a motif's note in bars that may be shorter than the motif's."""
    index, within = divmod(offset + 1e-9, sheet.meter.beats)
    if int(index) >= len(bars):
        return None
    bar = bars[int(index)]
    within = max(0.0, within - 1e-9)
    if within >= bar.beats - 1e-6:
        return None
    return bar, within, beats


def _arc(beat: float, arc: tuple[float, float, float]) -> float:
    """0 at the edges of the section, 1 at its climax."""
    begin, peak, end = arc
    if beat <= peak:
        return (beat - begin) / max(1e-6, peak - begin)
    return (end - beat) / max(1e-6, end - peak)


def _sing(
    sheet: Sheet, tune: Tune, bar: Bar, offset: float, beats: float, wish: int, was: _Sung | None, answers: bool
) -> _Sung:
    """One note: on strong places a chord tone near the wish, else the wish where it does not rub against the chord."""
    beat = bar.first_beat + offset
    chord = sheet.chord_at(beat)
    tones = chord.harmony.tones
    strong = strength(sheet.meter, bar.beats, offset) >= _STRONG or beats >= _LONG_BEATS
    pitch = wish
    if strong or _rubs(wish, tones, sheet.outline.scale):
        pitch = _nearest(tune, tones, wish)
    if was is not None and abs(pitch - was.event.pitch) > _WIDEST_LEAP:
        pitch = _nearest(
            tune, tones, was.event.pitch + (_WIDEST_LEAP - 2 if pitch > was.event.pitch else 2 - _WIDEST_LEAP)
        )
    velocity = sheet.touch(tune.velocity, bar, offset)
    return _Sung(Event(beat, beats * tune.gate, pitch, velocity), strong, answers, chord)


def _rubs(pitch: int, tones: Sequence[int], scale: Sequence[int]) -> bool:
    """True where a tone lies a half step from a chromatic tone of the chord."""
    if pitch % 12 in tones:
        return False
    return any(tone not in scale and (pitch - tone) % 12 in (1, 11) for tone in tones)


def _nearest(tune: Tune, tones: Sequence[int], wish: int) -> int:
    """The chord tone nearest to a wish, inside the tune's register."""
    options = [pitch for pitch in range(tune.low, tune.high + 1) if pitch % 12 in tones]
    return min(options, key=lambda pitch: (abs(pitch - wish), pitch))


def _approached(sheet: Sheet, tune: Tune, line: list[_Sung]) -> list[_Sung]:
    """The line with some weak notes bent to a half step below the strong ones they lead to."""
    result = list(line)
    for index in range(len(line) - 1):
        here, there = line[index], line[index + 1]
        close = there.event.beat - here.event.beat <= 1 + 1e-6
        rng = stream(sheet.seed, f"approach/{here.event.beat:.3f}")
        if close and not here.strong and there.strong and rng.random() < tune.chromatic:
            pitch = fold(there.event.pitch - 1, tune.low, tune.high)
            result[index] = _Sung(here.event._replace(pitch=pitch), False, here.answers, here.chord)
    return result


def _crowned(tune: Tune, line: list[_Sung], peak_beat: float, near: float) -> list[_Sung]:
    """The line with one highest note, near the climax of its section."""
    strong = [index for index, sung in enumerate(line) if sung.strong]
    if len(strong) < 2:
        return line
    closest = min(strong, key=lambda index: abs(line[index].event.beat - peak_beat))
    around = [index for index in strong if abs(line[index].event.beat - peak_beat) <= near]
    peak = max(around, key=lambda index: line[index].event.pitch, default=closest)
    tones = line[peak].chord.harmony.tones
    others = max(sung.event.pitch for index, sung in enumerate(line) if index != peak)
    options = [pitch for pitch in range(tune.low, tune.high + 1) if pitch % 12 in tones]
    top = min((pitch for pitch in options if pitch > others), default=options[-1])
    result = []
    for index, sung in enumerate(line):
        event = sung.event
        if index == peak:
            event = event._replace(pitch=top, velocity=min(122, event.velocity + 8))
        elif event.pitch >= top:
            lower = [pitch for pitch in range(tune.low, top) if pitch % 12 in sung.chord.harmony.tones]
            event = event._replace(pitch=lower[-1] if lower else event.pitch - 12)
        result.append(_Sung(event, sung.strong, sung.answers, sung.chord))
    return result
