"""Scores played through a SoundFont that the test writes itself: one sine, looped, on a few programs."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from core.brief import Audio, Note, Stem, StemName
from core.engines.composer.score import Part, Score, Stop
from core.engines.composer.soundfont import render_soundfont
from core.errors import Cancelled, UnusableInput
from core.watch import Watch

RATE = 48_000
PIANO, STRINGS, KIT = (0, 0), (48, 0), (0, 128)


def chunk(tag: bytes, data: bytes) -> bytes:
    return tag + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def name(text: str) -> bytes:
    return text.encode().ljust(20, b"\0")


def soundfont(presets: tuple[tuple[int, int], ...] = (PIANO, STRINGS, KIT)) -> bytes:
    """The bytes of a SoundFont 2 file: a sine at A4 on each (program, bank)."""
    period, turns = RATE / 440, 400
    count, loop = round(period * turns), (round(40 * period), round(360 * period))
    sine = (0.5 * 32767 * np.sin(2 * np.pi * np.arange(count) / period)).astype("<i2").tobytes() + b"\0" * 92
    info = chunk(b"ifil", struct.pack("<HH", 2, 1)) + chunk(b"isng", b"EMU8000\0") + chunk(b"INAM", b"Sine\0\0")
    headers = b"".join(
        name(f"{program}") + struct.pack("<HHHIII", program, bank, index, 0, 0, 0)
        for index, (program, bank) in enumerate(presets)
    )
    tables = {
        b"phdr": headers + name("EOP") + struct.pack("<HHHIII", 0, 0, len(presets), 0, 0, 0),
        b"pbag": b"".join(struct.pack("<HH", index, 0) for index in range(len(presets) + 1)),
        b"pmod": bytes(10),
        b"pgen": struct.pack("<Hh", 41, 0) * len(presets) + bytes(4),
        b"inst": name("sine") + struct.pack("<H", 0) + name("EOI") + struct.pack("<H", 1),
        b"ibag": struct.pack("<HHHH", 0, 0, 2, 0),
        b"imod": bytes(10),
        b"igen": struct.pack("<HhHhHh", 54, 1, 53, 0, 0, 0),
        b"shdr": name("sine") + struct.pack("<IIIIIBbHH", 0, count, *loop, RATE, 69, 0, 0, 1) + name("EOS") + bytes(26),
    }
    body = (
        b"sfbk"
        + chunk(b"LIST", b"INFO" + info)
        + chunk(b"LIST", b"sdta" + chunk(b"smpl", sine))
        + chunk(b"LIST", b"pdta" + b"".join(chunk(tag, data) for tag, data in tables.items()))
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.fixture
def font(tmp_path: Path) -> Path:
    path = tmp_path / "sine.sf2"
    path.write_bytes(soundfont())
    return path


def part(stem: StemName, instrument: str, *notes: tuple[float, float, int, int], gain_db: float = 0.0) -> Part:
    return Part(instrument, stem, instrument, tuple(Note(*note) for note in notes), gain_db, 0.0, 0.0)


def played(font: Path, score: Score) -> dict[StemName, Audio]:
    stems: tuple[Stem, ...] = render_soundfont(score, font, RATE, round(score.seconds * RATE), font.parent, Watch())
    return {stem.name: stem.audio for stem in stems}


def db(audio: Audio, start: float, end: float) -> float:
    piece = np.asarray(audio[round(start * RATE) : round(end * RATE)], dtype=np.float64)
    return float(10 * np.log10(np.mean(piece**2) + 1e-20))


def test_notes_sound_at_their_pitch_and_on_their_sample(font: Path) -> None:
    start = 0.7312345
    melody = played(font, Score(2.0, (part("melody", "piano", (start, 0.9, 69, 100)),), (), ()))["melody"]
    heard = int(np.argmax(np.abs(melody[:, 0]) > 0.02 * np.abs(melody).max()))
    assert heard == pytest.approx(start * RATE, abs=0.003 * RATE)
    assert np.abs(melody[: round(start * RATE)]).max() < 1e-6
    power = np.abs(np.fft.rfft(melody[round(0.8 * RATE) : round(1.6 * RATE), 0] * np.hanning(round(0.8 * RATE)), 2**18))
    assert 1200 * np.log2(np.argmax(power) * RATE / 2**18 / 440) == pytest.approx(0, abs=10)


def test_every_stem_has_its_own_parts_and_the_others_are_silent(font: Path) -> None:
    score = Score(
        2.0, (part("drums", "snare", (0.5, 0.1, 38, 100)), part("harmony", "strings", (0.0, 1.0, 60, 90))), (), ()
    )
    stems = played(font, score)
    assert {name for name, audio in stems.items() if audio.any()} == {"drums", "harmony"}
    assert all(audio.shape == (2 * RATE, 2) for audio in stems.values())


def test_velocity_and_gain_set_the_level(font: Path) -> None:
    loud, soft, turned_down = (
        db(
            played(font, Score(1.0, (part("melody", "piano", (0.0, 0.9, 69, velocity), gain_db=gain),), (), ()))[
                "melody"
            ],
            0.1,
            0.8,
        )
        for velocity, gain in ((120, -6.0), (60, -6.0), (120, -16.0))
    )
    assert 7 < loud - soft < 12
    assert loud - turned_down == pytest.approx(10, abs=0.5)


def test_stops_and_endings_are_as_with_the_house_instruments(font: Path) -> None:
    notes = part("harmony", "strings", (0.0, 1.5, 69, 100), (2.0, 2.0, 69, 100))
    harmony = played(font, Score(3.0, (notes,), (), (), stops=(Stop(1.0, 2.0),)))["harmony"]
    assert db(harmony, 1.01, 1.9) < db(harmony, 0.5, 1.0) - 20
    assert db(harmony, 2.01, 2.5) > db(harmony, 0.5, 1.0) - 3
    assert not harmony[-1].any()


@pytest.mark.parametrize("content", [b"", b"RIFF1234WAVEfmt ", b"not a SoundFont at all", soundfont()[:2000]])
def test_what_is_no_soundfont_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.sf2"
    path.write_bytes(content)
    with pytest.raises(UnusableInput, match=r"broken\.sf2"):
        played(path, Score(1.0, (part("melody", "piano", (0.0, 0.5, 60, 90)),), (), ()))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match=r"none\.sf2"):
        played(tmp_path / "none.sf2", Score(1.0, (), (), ()))


def test_a_sound_that_the_file_lacks_is_named(font: Path) -> None:
    with pytest.raises(UnusableInput, match="flute"):
        played(font, Score(1.0, (part("melody", "flute", (0.0, 0.5, 72, 90)),), (), ()))


def test_cancelling_stops_the_work(font: Path) -> None:
    score = Score(1.0, (part("melody", "piano", (0.0, 0.5, 60, 90)),), (), ())
    with pytest.raises(Cancelled):
        render_soundfont(score, font, RATE, RATE, font.parent, Watch(cancelled=lambda: True))
