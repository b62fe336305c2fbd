"""cue.mid, read back by symusic and by a parser of its own in this file."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from core.brief import STEMS, Hit, Meter, Note, TempoMap, Track
from core.cue.midi import write_midi

METERS = [Meter(4, 4), Meter(3, 4), Meter(5, 4), Meter(6, 8), Meter(7, 8)]


@dataclass
class MidiTrack:
    """One track as the standard describes it: (tick, status or meta kind, content)."""

    events: list[tuple[int, int, bytes]] = field(default_factory=list)

    def metas(self, kind: int) -> list[tuple[int, bytes]]:
        return [(tick, content) for tick, status, content in self.events if status == 0xFF00 | kind]

    @property
    def name(self) -> str:
        return self.metas(0x03)[0][1].decode()

    def notes(self) -> list[tuple[int, int, int, int, int]]:
        """(on tick, off tick, pitch, velocity, channel), in order of their ends."""
        sounding: dict[tuple[int, int], tuple[int, int]] = {}
        found = []
        for tick, status, content in self.events:
            key = (status & 15, content[0]) if status < 0xF0 else (0, 0)
            if status & 0xF0 == 0x90:
                assert key not in sounding, "a key is struck while it is down"
                sounding[key] = (tick, content[1])
            elif status & 0xF0 == 0x80:
                on, velocity = sounding.pop(key)
                found.append((on, tick, key[1], velocity, key[0]))
        assert not sounding
        return found


def parse(path: Path) -> tuple[int, list[MidiTrack]]:
    """Ticks per quarter and the tracks of a format 1 file."""
    content = path.read_bytes()
    assert struct.unpack(">4sIHH", content[:12])[:3] == (b"MThd", 6, 1)
    count, ticks = struct.unpack(">HH", content[10:14])
    tracks, place = [], 14
    for _ in range(count):
        name, size = struct.unpack(">4sI", content[place : place + 8])
        assert name == b"MTrk"
        tracks.append(parse_track(content[place + 8 : place + 8 + size]))
        place += 8 + size
    assert place == len(content)
    return ticks, tracks


def parse_track(content: bytes) -> MidiTrack:
    track, place, tick = MidiTrack(), 0, 0

    def number() -> int:
        nonlocal place
        value = 0
        while True:
            octet = content[place]
            place += 1
            value = value << 7 | octet & 0x7F
            if octet < 0x80:
                return value

    while place < len(content):
        tick += number()
        status = content[place]
        place += 1
        if status == 0xFF:
            status = 0xFF00 | content[place]
            place += 1
            size = number()
        else:
            size = 1 if status & 0xF0 == 0xC0 else 2
        track.events.append((tick, status, content[place : place + size]))
        place += size
    assert track.events[-1][1] == 0xFF2F
    return track


def seconds_of(conductor: MidiTrack, ticks_per_quarter: int, tick: int) -> float:
    """The time a player reaches a tick, by adding up the tempo events."""
    tempos = [(at, int.from_bytes(content, "big")) for at, content in conductor.metas(0x51)]
    assert tempos[0][0] == 0
    total = Fraction(0)
    for (at, tempo), (following, _) in zip(tempos, [*tempos[1:], (tick, 0)], strict=True):
        total += Fraction(max(0, min(tick, following) - at) * tempo, ticks_per_quarter * 1_000_000)
    return float(total)


def wandering_map(meter: Meter, bpm: float, first: float, seconds: float, seed: int, pickup: int = 0) -> TempoMap:
    """Beats that wander within 4 %, from `first` (at or before 0) to beyond the end, with one bar a beat longer."""
    draw = np.random.default_rng(seed)
    beats = [first]
    while beats[-1] < seconds:
        beats.append(beats[-1] + 60 / bpm / meter.beats_per_pulse * draw.uniform(0.97, 1.03))
    downbeats = [pickup]
    while downbeats[-1] < len(beats):
        downbeats.append(downbeats[-1] + meter.beats + (len(downbeats) == 2))
    return TempoMap(np.array(beats), tuple(beat for beat in downbeats if beat < len(beats)), meter)


def steady(beats: int, spacing: float = 0.5, first: float = 0.0) -> TempoMap:
    """A map in 4/4 that does not wander."""
    return TempoMap(first + spacing * np.arange(beats, dtype=float), tuple(range(0, beats, 4)), Meter(4, 4))


def some_notes(seconds: float, count: int, seed: int) -> tuple[Note, ...]:
    """Notes without two of one pitch at once."""
    draw = np.random.default_rng(seed)
    times = np.sort(draw.uniform(0, seconds, count))
    return tuple(
        Note(float(time), 0.02, 30 + number % 60, int(draw.integers(1, 128))) for number, time in enumerate(times)
    )


@settings(deadline=None, max_examples=40)
@given(
    meter=st.sampled_from(METERS),
    bpm=st.floats(50, 190),
    pickup=st.integers(0, 4),
    inside=st.floats(0, 1),
    seed=st.integers(0, 1_000),
)
def test_notes_and_beats_are_heard_when_they_should(
    tmp_path_factory: pytest.TempPathFactory, meter: Meter, bpm: float, pickup: int, inside: float, seed: int
) -> None:
    path = tmp_path_factory.mktemp("midi") / "cue.mid"
    tempo_map = wandering_map(meter, bpm, -inside * 0.3, 20, seed, pickup)
    notes = some_notes(20, 50, seed)
    write_midi(path, "A cue", tempo_map, [Track("Piano", "harmony", 0, False, notes)], [], 20)

    ticks, (conductor, part) = parse(path)
    for (on, off, pitch, velocity, _), note in zip(sorted(part.notes()), notes, strict=True):
        assert (pitch, velocity) == (note.pitch, note.velocity)
        assert seconds_of(conductor, ticks, on) == pytest.approx(note.start, abs=1e-3)
        assert seconds_of(conductor, ticks, off) == pytest.approx(note.start + note.duration, abs=2e-3)
    tempo_ticks = [tick for tick, _ in conductor.metas(0x51)]
    beats = tempo_map.beats[tempo_map.beats > 1e-6][: len(tempo_ticks) - 1]
    for tick, beat in zip(tempo_ticks[1:], beats, strict=True):
        assert seconds_of(conductor, ticks, tick) == pytest.approx(beat, abs=2e-6)

    score = symusic.Score(path, ttype="second")
    for read, note in zip(sorted(score.tracks[0].notes, key=lambda note: note.time), notes, strict=True):
        assert read.time == pytest.approx(note.start, abs=1e-3)


@pytest.mark.parametrize("meter", METERS, ids=str)
@pytest.mark.parametrize("first", [0.0, -0.13])
@pytest.mark.parametrize("pickup", [0, 2])
def test_bar_lines_fall_on_downbeats(tmp_path: Path, meter: Meter, first: float, pickup: int) -> None:
    tempo_map = wandering_map(meter, 100, first, 30, 1, pickup)
    write_midi(tmp_path / "cue.mid", "", tempo_map, [], [], 30)
    ticks, (conductor,) = parse(tmp_path / "cue.mid")
    signatures = [(tick, content[0], 2 ** content[1]) for tick, content in conductor.metas(0x58)]
    assert signatures[0][0] == 0
    lines, tick = [], Fraction(0)
    while seconds_of(conductor, ticks, int(tick)) < 28:
        lines.append(seconds_of(conductor, ticks, int(tick)))
        numerator, denominator = next(sign[1:] for sign in reversed(signatures) if sign[0] <= tick)
        tick += Fraction(numerator * 4 * ticks, denominator)
        assert tick.denominator == 1
    expected = [float(tempo_map.beats[beat]) for beat in tempo_map.downbeats if 1e-6 < tempo_map.beats[beat] < 28]
    np.testing.assert_allclose(lines[1 : len(expected) + 1], expected, atol=2e-6)
    assert (meter.numerator, meter.denominator) in {sign[1:] for sign in signatures}


def test_a_plain_map_is_written_plainly(tmp_path: Path) -> None:
    tempo_map = steady(17)
    write_midi(tmp_path / "cue.mid", "Reel", tempo_map, [], [], 8)
    ticks, (conductor,) = parse(tmp_path / "cue.mid")
    assert conductor.name == "Reel"
    assert [content for _, content in conductor.metas(0x58)] == [bytes([4, 2, 24, 8])]
    assert [(tick, int.from_bytes(content, "big")) for tick, content in conductor.metas(0x51)] == [
        (beat * ticks, 500_000) for beat in range(16)
    ]
    assert conductor.events[-1][0] == 16 * ticks


def test_an_hour_does_not_drift(tmp_path: Path) -> None:
    tempo_map = steady(7_409, 60 / 123.4567)
    last = Note(3_599.5, 0.1, 60, 64)
    write_midi(tmp_path / "cue.mid", "", tempo_map, [Track("Piano", "melody", 0, False, (last,))], [], 3_600)
    # Not by symusic, whose seconds are added up in single precision.
    ticks, (conductor, part) = parse(tmp_path / "cue.mid")
    assert seconds_of(conductor, ticks, part.notes()[0][0]) == pytest.approx(3_599.5, abs=5e-4)


def test_every_part_has_its_track_program_and_channel(tmp_path: Path) -> None:
    tempo_map = steady(9)
    note = (Note(1.0, 0.5, 60, 100),)
    parts = [Track(f"harmony part {number}", STEMS[2], number, False, note) for number in range(20)]
    write_midi(tmp_path / "cue.mid", "", tempo_map, [Track("drums kit", "drums", 0, True, note), *parts], [], 4)
    _, (_, *tracks) = parse(tmp_path / "cue.mid")
    assert [track.name for track in tracks] == ["drums kit", *(part.name for part in parts)]
    places = [(track.metas(0x21)[0][1][0], track.notes()[0][4]) for track in tracks]
    assert places[0] == (0, 9)
    assert len(set(places)) == 21, "no two parts share port and channel"
    assert all(channel != 9 for _, channel in places[1:])
    assert [track.events[2][2][0] for track in tracks[1:]] == list(range(20))
    score = symusic.Score(tmp_path / "cue.mid")
    assert [track.is_drum for track in score.tracks][:3] == [True, False, False]


def test_few_parts_need_no_ports(tmp_path: Path) -> None:
    tempo_map = steady(9)
    write_midi(tmp_path / "cue.mid", "", tempo_map, [Track("a", "bass", 33, False, ())], [], 4)
    _, (_, track) = parse(tmp_path / "cue.mid")
    assert not track.metas(0x21)


def test_hits_are_markers(tmp_path: Path) -> None:
    tempo_map = steady(19, first=-0.7)
    hits = [Hit(0.0, "cut", 0.5), Hit(3.21, "marker", 1.0, "HIT Tür", must=True)]
    write_midi(tmp_path / "cue.mid", "", tempo_map, [], hits, 8)
    ticks, (conductor,) = parse(tmp_path / "cue.mid")
    markers = conductor.metas(0x06)
    assert [content.decode() for _, content in markers] == ["cut", "marker HIT Tür"]
    assert seconds_of(conductor, ticks, markers[1][0]) == pytest.approx(3.21, abs=1e-3)
    assert [marker.text for marker in symusic.Score(tmp_path / "cue.mid").markers] == ["cut", "marker HIT Tür"]


def test_a_key_struck_again_while_it_is_down_ends_first(tmp_path: Path) -> None:
    tempo_map = steady(9)
    notes = (Note(0.5, 2.0, 60, 80), Note(1.0, 0.5, 60, 90), Note(1.0, 1.0, 60, 70))
    write_midi(tmp_path / "cue.mid", "", tempo_map, [Track("a", "bass", 33, False, notes)], [], 4)
    ticks, (_, track) = parse(tmp_path / "cue.mid")
    assert sorted(track.notes()) == [(ticks, 2 * ticks, 60, 80, 0), (2 * ticks, 4 * ticks, 60, 90, 0)]


def test_the_same_notes_give_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        tracks = [Track("Piano", "harmony", 0, False, some_notes(20, 200, 3))]
        write_midi(tmp_path / name, "A cue", wandering_map(Meter(7, 8), 120, -0.1, 20, 4), tracks, [], 20)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
