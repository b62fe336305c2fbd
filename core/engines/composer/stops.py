"""Stops: everything falls silent on a hit, or draws breath before one, and comes in again on a beat."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from core.brief import Note
from core.engines.composer.clock import beats_of, pulse, seconds_of
from core.engines.composer.marks import LEADING
from core.engines.composer.outline import Outline
from core.engines.composer.score import EVERYBODY, Company, Part, Stop
from core.engines.composer.streams import stream

_EDGE = 0.004
_REACH = 0.45
"""Seconds before a stop within which the last note of a part is held on into it."""
_BREATH: Mapping[str, float] = {"tension": 0.7, "action": 0.6, "uplift": 0.45, "electronic": 0.7, "comedy": 0.4}
"""How often a cue of the style draws breath before its greatest accent."""
_LONGEST = 2.0
"""Pulses of silence at most."""


def plan_stops(outline: Outline) -> tuple[Stop, ...]:
    """The silences of the cue, in order: one for each gesture that is a stop, and perhaps a breath."""
    stops = [_stop(outline, place) for place, gesture in enumerate(outline.gestures) if gesture.how == "stop"]
    breath = _breath(outline, stops)
    return tuple(sorted([*stops, *breath], key=lambda stop: stop.time))


def _stop(outline: Outline, place: int) -> Stop:
    """The silence that a gesture begins: to the next hit or downbeat if near, else a pulse or more."""
    gesture = outline.gestures[place]
    tempo_map = outline.brief.plan.tempo_map
    unit = pulse(tempo_map.meter)
    earliest = int(np.ceil(gesture.beat + 0.95 * unit - 1e-6))
    latest = gesture.beat + _LONGEST * unit + 1e-6
    if place + 1 < len(outline.gestures):
        following = outline.gestures[place + 1]
        if following.beat <= latest:
            return Stop(gesture.time, following.time)
    downbeats = tempo_map.downbeats
    coming = bisect_left(downbeats, earliest)
    if coming < len(downbeats) and downbeats[coming] <= latest:
        return Stop(gesture.time, tempo_map.time_of(downbeats[coming]))
    return Stop(gesture.time, tempo_map.time_of(earliest))


def _breath(outline: Outline, stops: Sequence[Stop]) -> list[Stop]:
    """Half a pulse of silence before the greatest accent, where nothing else is to be met in it."""
    brief = outline.brief
    rng = stream(brief.seed, "breath")
    if brief.direction.under_speech or rng.random() > _BREATH.get(brief.direction.style, 0.0):
        return []
    accents = [g for g in outline.gestures if g.how == "accent" and 4.0 < g.time < brief.seconds - 1.5]
    if not accents:
        return []
    greatest = max(accents, key=lambda g: (g.met.hit.must, g.met.hit.weight + g.met.hit.turn))
    begin = float(seconds_of(brief.plan.tempo_map, [greatest.beat - 0.5 * pulse(brief.plan.tempo_map.meter)])[0])
    busy = any(begin - 0.3 < g.time < greatest.time - 0.01 for g in outline.gestures)
    busy = busy or any(stop.time - 1.0 < greatest.time and begin < stop.until + 1.0 for stop in stops)
    return [] if busy else [Stop(begin, greatest.time)]


def silence(
    outline: Outline, parts: Sequence[Part], stops: Sequence[Stop], company: Company = EVERYBODY
) -> tuple[Part, ...]:
    """The parts with nothing inside the stops, and with something of the company that sounds into each of them.

    Notes held across a stop are struck again where the music comes in; effects that lead over a stop are taken out.
    """
    if not stops:
        return tuple(parts)
    quiet = [_silenced(part, stops) for part in parts]
    bare = [stop for stop in stops if not _sounds_into([*quiet, *company.kept], stop)]
    if bare and "effects" in company.stems and "effects" not in outline.brief.direction.without:
        quiet.append(_risers(outline, bare))
    return tuple(quiet)


def _silenced(part: Part, stops: Sequence[Stop]) -> Part:
    """One part, cut at the stops."""
    times = [stop.time for stop in stops]
    reaching = part.stem in ("bass", "harmony")
    notes: list[Note] = []
    for position, note in enumerate(part.notes):
        end = note.start + note.duration
        if reaching:
            end = _held_on(part.notes, position, end, stops, times)
        place = bisect_right(times, note.start + _EDGE) - 1
        if place >= 0 and note.start < stops[place].until - _EDGE:
            continue
        if place + 1 < len(stops) and stops[place + 1].time < end:
            stop = stops[place + 1]
            if part.instrument in LEADING:
                continue
            notes.append(Note(note.start, stop.time - note.start, note.pitch, note.velocity))
            if end > stop.until + 0.15 and reaching:
                notes.append(Note(stop.until, end - stop.until, note.pitch, note.velocity))
        else:
            notes.append(Note(note.start, end - note.start, note.pitch, note.velocity))
    notes.sort(key=lambda note: (note.start, note.pitch))
    return replace(part, notes=tuple(notes))


def _held_on(notes: Sequence[Note], position: int, end: float, stops: Sequence[Stop], times: list[float]) -> float:
    """Where the note ends: on the stop, when it is the part's last note before it and ends just short."""
    place = bisect_left(times, end - _EDGE)
    if place == len(stops) or stops[place].time - end > _REACH:
        return end
    stop = stops[place]
    later = position + 1
    while later < len(notes) and notes[later].start < notes[position].start + _EDGE:
        later += 1
    last = later == len(notes) or notes[later].start >= stop.time - _EDGE
    return stop.time if last and notes[position].start < stop.time - _EDGE else end


def _sounds_into(parts: Sequence[Part], stop: Stop) -> bool:
    """True where a note of bass or harmony is held to the very stop."""
    for part in parts:
        if part.stem not in ("bass", "harmony"):
            continue
        place = bisect_left(part.notes, stop.time - _EDGE, key=lambda note: note.start)
        for note in part.notes[max(0, place - 12) : place]:
            if abs(note.start + note.duration - stop.time) < 0.01:
                return True
    return False


def _risers(outline: Outline, stops: Sequence[Stop]) -> Part:
    """Risers of a bar that end on these stops, so that their silence is heard."""
    tempo_map = outline.brief.plan.tempo_map
    ends = [stop.time for stop in stops]
    begins = seconds_of(tempo_map, beats_of(tempo_map, ends) - tempo_map.meter.beats)
    pitch = 60 + outline.tonic
    notes = tuple(
        Note(max(0.0, begin), end - max(0.0, begin), pitch, 92)
        for begin, end in zip(begins.tolist(), ends, strict=True)
    )
    return Part("riser into the stop", "effects", "riser", notes, -3.0, 0.0, 0.2)
