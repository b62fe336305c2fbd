"""cue.mid: the tempo map, the notes of every part, and the hits as markers, as a Standard MIDI File.

Conventions
    Tick 0 is the start of the range; 960 ticks are a quarter note. Every beat has a tempo event, chosen so that the
    beats of the file fall on the beats of the tempo map within a microsecond, without drift: each beat makes up for
    the rounding of those before. Where the range starts inside a beat, the rest of that beat is written as whole
    32nds with a tempo of its own, and the rest of that bar as a shorter bar, so that all bar lines agree.
Source
    Standard MIDI Files 1.0 (RP-001), format 1; the port of parts beyond the fifteenth as hosts write it (FF 21).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

import numpy as np

from core.atomic import write_whole
from core.brief import FloatArray, Hit, Meter, Note, TempoMap, Track

TICKS_PER_QUARTER = 960
TICKS_PER_32ND = TICKS_PER_QUARTER // 8
NOWHERE_S = 1e-6
"""Beats nearer to the range's start than this are at its start."""
SLOWEST = 0xFFFFFF
"""Microseconds per quarter that a tempo event can hold."""
DRUM_CHANNEL = 9
CHANNELS = tuple(channel for channel in range(16) if channel != DRUM_CHANNEL)

Event = tuple[int, int, bytes]
"""Tick, order among the events of one tick, and the message."""


def write_midi(
    path: Path, name: str, tempo_map: TempoMap, tracks: Sequence[Track], hits: Sequence[Hit], seconds: float
) -> None:
    """Write a range's music as a MIDI file.

    Args:
        path: the file.
        name: of the cue.
        tempo_map: where the beats are.
        tracks: the parts, one MIDI track each, in order.
        hits: written as markers.
        seconds: length of the range.

    Raises:
        UnusableInput: the disk is full or the place cannot be written.
    """
    grid = _grid(tempo_map)
    end = grid.tick(seconds)
    chunks = [_chunk([*_conductor(name, grid), *_markers(hits, grid)], end)]
    ports = sum(not track.drums for track in tracks) > len(CHANNELS)
    melodic = 0
    for track in tracks:
        port, place = (0, DRUM_CHANNEL) if track.drums else divmod(melodic, len(CHANNELS))
        channel = place if track.drums else CHANNELS[place]
        melodic += not track.drums
        opening = [_meta(0x21, bytes([port]))] if ports else []
        chunks.append(_chunk([*((0, 0, message) for message in opening), *_part(track, channel, grid)], end))
    head = struct.pack(">4sIHHH", b"MThd", 6, 1, len(chunks), TICKS_PER_QUARTER)
    write_whole(path, head + b"".join(chunks))


@dataclass(frozen=True)
class _Grid:
    """Seconds against ticks, with all that the conductor's track says."""

    seconds: FloatArray
    """Time of each knot, as a player of the file will have it."""
    ticks: FloatArray
    """Tick of each knot."""
    tempos: tuple[int, ...]
    """Microseconds per quarter from each knot on; one less than knots."""
    bars: tuple[tuple[int, int, int], ...]
    """Tick, numerator and denominator wherever the time signature changes."""
    quarters_per_beat: float

    def tick(self, seconds: float) -> int:
        """The tick nearest to a time; the last tempo goes on beyond the last knot, before the first all is 0."""
        beyond = max(0.0, seconds - float(self.seconds[-1])) * 1e6 / self.tempos[-1] * TICKS_PER_QUARTER
        return round(float(np.interp(seconds, self.seconds, self.ticks)) + beyond)


def _grid(tempo_map: TempoMap) -> _Grid:
    beats, meter = tempo_map.beats, tempo_map.meter
    beat_ticks = round(meter.quarters_per_beat * TICKS_PER_QUARTER)
    first = int(np.searchsorted(beats, NOWHERE_S, side="right"))
    ticks = _opening_ticks(beats, first, beat_ticks) + beat_ticks * np.arange(len(beats) - first)
    knots = np.concatenate([[0], ticks])
    seconds, tempos = _tempos(np.concatenate([[0.0], beats[first:]]), knots)
    lines = [int(ticks[beat - first]) for beat in tempo_map.downbeats if beat >= first]
    return _Grid(
        seconds, knots.astype(float), tempos, _signatures([0, *lines], meter, beat_ticks), meter.quarters_per_beat
    )


def _opening_ticks(beats: FloatArray, first: int, beat_ticks: int) -> int:
    """Ticks from the range's start to its first beat later than that: a whole beat, or whole 32nds of one."""
    after = float(beats[first])
    before = float(beats[first - 1]) if first else after - float(beats[first + 1] - beats[first])
    if abs(before) <= NOWHERE_S:
        return beat_ticks
    # Rounded up: a tempo that is too fast keeps the ticks fine.
    share = min(1.0, after / (after - before))
    return min(beat_ticks, ceil(share * beat_ticks / TICKS_PER_32ND) * TICKS_PER_32ND)


def _tempos(seconds: FloatArray, ticks: FloatArray) -> tuple[FloatArray, tuple[int, ...]]:
    """The tempo of each span between knots, and the times of the knots that follow from these whole numbers."""
    now, reached, tempos = 0.0, [0.0], []
    for target, span in zip(seconds[1:] * 1e6, np.diff(ticks), strict=True):
        tempo = min(SLOWEST, max(1, round((target - now) * TICKS_PER_QUARTER / span)))
        now += tempo * span / TICKS_PER_QUARTER
        tempos.append(tempo)
        reached.append(now / 1e6)
    return np.array(reached), tuple(tempos)


def _signatures(lines: Sequence[int], meter: Meter, beat_ticks: int) -> tuple[tuple[int, int, int], ...]:
    """Tick, numerator and denominator wherever the time signature changes; `lines` are the ticks of bar lines."""
    bars: list[tuple[int, int, int]] = []
    for tick, following in zip(lines, [*lines[1:], None], strict=True):
        length = meter.beats * beat_ticks if following is None else following - tick
        signature = _signature(length, meter, beat_ticks)
        if not bars or bars[-1][1:] != signature:
            bars.append((tick, *signature))
    return tuple(bars)


def _signature(length: int, meter: Meter, beat_ticks: int) -> tuple[int, int]:
    """The time signature of a bar of so many ticks."""
    beats, rest = divmod(length, beat_ticks)
    if not rest:
        return (beats * 3 if meter.compound else beats), meter.denominator
    numerator, denominator = length // TICKS_PER_32ND, 32
    while numerator % 2 == 0 and denominator > 4:
        numerator, denominator = numerator // 2, denominator // 2
    return numerator, denominator


def _conductor(name: str, grid: _Grid) -> Iterable[Event]:
    yield 0, 0, _meta(0x03, _text(name))
    clocks = round(24 * grid.quarters_per_beat)
    for tick, numerator, denominator in grid.bars:
        yield tick, 1, _meta(0x58, bytes([numerator, denominator.bit_length() - 1, clocks, 8]))
    for tick, tempo in zip(grid.ticks, grid.tempos, strict=False):
        yield int(tick), 2, _meta(0x51, tempo.to_bytes(3, "big"))


def _markers(hits: Sequence[Hit], grid: _Grid) -> Iterable[Event]:
    for hit in hits:
        yield grid.tick(hit.time), 3, _meta(0x06, _text(" ".join([hit.kind, hit.label]).strip()))


def _part(track: Track, channel: int, grid: _Grid) -> Iterable[Event]:
    yield 0, 0, _meta(0x03, _text(track.name))
    if not track.drums:
        yield 0, 1, bytes([0xC0 | channel, track.program])
    for on, off, note in _sounding(track.notes, grid):
        yield on, 3, bytes([0x90 | channel, note.pitch, note.velocity])
        yield off, 2, bytes([0x80 | channel, note.pitch, 0])


def _sounding(notes: Sequence[Note], grid: _Grid) -> Iterable[tuple[int, int, Note]]:
    """Notes with the ticks where they begin and end; a key ends where it is struck again, and is struck once a tick."""
    keys: dict[int, list[tuple[int, int, Note]]] = {}
    for note in sorted(notes, key=lambda note: (note.start, note.pitch)):
        on = grid.tick(note.start)
        off = max(on + 1, grid.tick(note.start + note.duration))
        struck = keys.setdefault(note.pitch, [])
        if struck and struck[-1][0] == on:
            _, earlier, other = struck.pop()
            off, note = max(off, earlier), replace(note, velocity=max(note.velocity, other.velocity))
        elif struck and struck[-1][1] > on:
            struck[-1] = (struck[-1][0], on, struck[-1][2])
        struck.append((on, off, note))
    return (struck for key in keys.values() for struck in key)


def _meta(kind: int, content: bytes) -> bytes:
    return bytes([0xFF, kind]) + _variable_length(len(content)) + content


def _text(words: str) -> bytes:
    return words.encode("utf-8", "replace")


def _chunk(events: Iterable[Event], end: int) -> bytes:
    """One track of the file; it ends at tick `end` or with its last event."""
    content, now = bytearray(), 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        content += _variable_length(tick - now) + message
        now = tick
    content += _variable_length(max(0, end - now)) + _meta(0x2F, b"")
    return struct.pack(">4sI", b"MTrk", len(content)) + bytes(content)


def _variable_length(number: int) -> bytes:
    """Seven bits to a byte, the highest first; all but the last byte are marked."""
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.append(number & 0x7F | 0x80)
    return bytes(reversed(octets))
