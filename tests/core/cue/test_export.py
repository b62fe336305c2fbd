"""Exports: stamped copies, sections and previews, read back with other programs' eyes."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import av
import cv2
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from opentimelineio.opentime import RationalTime

from core.audio import files
from core.audio.files import wav_header
from core.brief import Edit, Media, Range, Section, Shot
from core.cue import export
from core.cue.bwf import read_wave, time_reference
from core.cue.preview import ENCODERS
from core.errors import Cancelled, UnusableInput
from core.watch import Watch

RATES = {
    "23.976": Fraction(24_000, 1001),
    "24": Fraction(24),
    "25": Fraction(25),
    "29.97": Fraction(30_000, 1001),
    "59.94": Fraction(60_000, 1001),
}
QUIET = Watch()


def _range(rate: Fraction, frames: int, first: int | None = None, drop_frame: bool = False) -> Range:
    start = RationalTime(3600 * round(rate) if first is None else first, float(rate))
    return Range(start, RationalTime(frames, float(rate)), start, drop_frame)


def _write(path: Path, samples: int, sample_rate: int, seed: int) -> Path:
    noise = np.random.default_rng(seed).integers(-(2**23), 2**23, (samples, 2)) << 8
    soundfile.write(path, noise.astype(np.int32), sample_rate, subtype="PCM_24")
    return path


def _integers(path: Path) -> Any:
    return soundfile.read(path, dtype="int32", always_2d=True)[0]


def _chunks(path: Path) -> dict[bytes, bytes]:
    """The chunks of a small RIFF file."""
    content = path.read_bytes()
    found, at = {}, 12
    while at < len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        found[name] = content[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    assert struct.unpack_from("<I", content, 4)[0] == len(content) - 8
    return found


@pytest.fixture
def stems(tmp_path: Path) -> Mapping[str, Path]:
    """Two stems of 50 frames at 25 frames per second."""
    return {name: _write(tmp_path / f"{name}.wav", 96_000, 48_000, seed) for seed, name in enumerate(("drums", "mix"))}


# ---- broadcast WAVE ----


def test_a_stamped_copy_holds_the_same_samples_and_the_record_time(stems: Mapping[str, Path], tmp_path: Path) -> None:
    made = export.bwf(stems, _range(RATES["25"], 50), tmp_path / "out", 'Reel "3": ü', QUIET)
    for name, path in stems.items():
        assert np.array_equal(_integers(made[name]), _integers(path))
        assert _chunks(made[name])[b"data"] == _chunks(path)[b"data"]
        bext = _chunks(made[name])[b"bext"]
        assert bext[:256].rstrip(b"\0") == f'Reel "3": ?: {name}'.encode()
        assert bext[256:288].rstrip(b"\0") == b"Hitpoint"
        assert struct.unpack_from("<QH", bext, 338) == (3600 * 48_000, 1)
        assert bext[602:].startswith(b"A=PCM,F=48000,W=24,M=stereo")


@pytest.mark.parametrize("title", ["The long night of the harvest, " * 7, "\N{EYES}" * 200, "CON", ""])
def test_every_stem_keeps_its_name_however_long_the_title_is(
    stems: Mapping[str, Path], tmp_path: Path, title: str
) -> None:
    made = export.bwf(stems, _range(RATES["25"], 50), tmp_path / "out", title, QUIET)
    assert len(set(made.values())) == len(list((tmp_path / "out" / "BWF").iterdir())) == len(stems)
    for name, path in made.items():
        assert path.name.endswith(f" {name}.wav")
        assert len(path.name) <= 84
        assert len(path.name.encode()) <= 204
        assert np.array_equal(_integers(path), _integers(stems[name]))


def test_sections_keep_their_stems_names_too(stems: Mapping[str, Path], tmp_path: Path) -> None:
    parts = [replace(part, name="long " * 40) for part in _sections(0.0, 1.0)]
    made = export.sections(stems, parts, _range(RATES["25"], 50), tmp_path, QUIET)
    assert [len(pieces) for pieces in made.values()] == [2, 2]
    assert len(list((tmp_path / "Sections").iterdir())) == 4


@pytest.mark.parametrize(
    ("rate", "first", "drop_frame", "seconds"),
    [
        ("23.976", 86_400, False, Fraction(36_036, 10)),
        ("29.97", 107_892, True, Fraction(107_892 * 1001, 30_000)),
        ("29.97", 108_000, False, Fraction(36_036, 10)),
        ("59.94", 0, True, Fraction(0)),
    ],
)
def test_ixml_says_the_exact_rate_and_how_timecode_counts(
    stems: Mapping[str, Path], tmp_path: Path, rate: str, first: int, drop_frame: bool, seconds: Fraction
) -> None:
    scored = _range(RATES[rate], 50, first, drop_frame)
    made = export.bwf(stems, scored, tmp_path / "out", "A <b> & c", QUIET)
    speed = ElementTree.fromstring(_chunks(made["mix"])[b"iXML"])
    assert speed.findtext("PROJECT") == "A <b> & c"
    assert speed.findtext("SPEED/TIMECODE_RATE") == f"{RATES[rate].numerator}/{RATES[rate].denominator}"
    assert speed.findtext("SPEED/TIMECODE_FLAG") == ("DF" if drop_frame else "NDF")
    words = [speed.findtext(f"SPEED/TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_{half}") or "" for half in ("HI", "LO")]
    assert abs(((int(words[0]) << 32) + int(words[1])) - seconds * 48_000) <= Fraction(1, 2)


@given(
    rate=st.sampled_from(list(RATES.values())),
    first=st.integers(0, 6_000_000),
    sample_rate=st.sampled_from([44_100, 48_000, 96_000]),
)
def test_the_time_reference_is_never_off_by_more_than_half_a_sample(
    rate: Fraction, first: int, sample_rate: int
) -> None:
    exact = first / rate * sample_rate
    assert abs(time_reference(_range(rate, 1, first), sample_rate) - exact) <= Fraction(1, 2)


def test_a_file_too_long_for_riff_becomes_rf64(
    stems: Mapping[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LARGEST_RIFF", 500_000)
    made = export.bwf(stems, _range(RATES["25"], 50), tmp_path / "out", "Long", QUIET)
    content = made["mix"].read_bytes()
    assert content[:4] == b"RF64"
    # The size that stands for "look in ds64" is patched with the limit; put the real one in its place.
    data_at = content.index(b"data", 700) + 4
    content = content[:4] + b"\xff" * 4 + content[8:data_at] + b"\xff" * 4 + content[data_at + 4 :]
    (tmp_path / "long.wav").write_bytes(content)
    assert soundfile.info(tmp_path / "long.wav").format == "RF64"
    assert np.array_equal(_integers(tmp_path / "long.wav"), _integers(stems["mix"]))
    assert struct.unpack_from("<Q", content, 20)[0] == len(content) - 8


def test_a_three_hour_file_is_read_by_its_header(tmp_path: Path) -> None:
    samples = 3 * 3600 * 96_000
    long = tmp_path / "long.wav"
    with long.open("wb") as file:
        file.write(header := wav_header(samples, 96_000))
        file.truncate(len(header) + samples * 6)
    wave = read_wave(long)
    assert (wave.samples, wave.sample_rate, wave.data_at) == (samples, 96_000, len(header))


def test_exports_never_replace_one_another(stems: Mapping[str, Path], tmp_path: Path) -> None:
    scored = _range(RATES["25"], 50)
    folders = [export.bwf(stems, scored, tmp_path / "out", "Reel", QUIET)["mix"].parent.name for _ in range(3)]
    assert folders == ["BWF", "BWF 2", "BWF 3"]
    files = [export.preview_mp3(stems["mix"], tmp_path / "out", "Reel", QUIET).name for _ in range(2)]
    assert files == ["Reel.mp3", "Reel 2.mp3"]


def test_something_that_is_no_wav_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "drums.wav").write_bytes(b"not a wav at all")
    with pytest.raises(UnusableInput, match="not a WAV"):
        export.bwf({"drums": tmp_path / "drums.wav"}, _range(RATES["25"], 50), tmp_path / "out", "Reel", QUIET)
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize(
    ("at", "value"), [(22, b"\0\0"), (24, b"\0\0\0\0"), (32, b"\0\0"), (34, b"\0\0"), (16, b"\2\0\0\0"), (8, b"AVI ")]
)
def test_a_header_that_cannot_be_meant_is_no_wav(
    stems: Mapping[str, Path], tmp_path: Path, at: int, value: bytes
) -> None:
    content = bytearray(stems["mix"].read_bytes())
    content[at : at + len(value)] = value
    (tmp_path / "odd.wav").write_bytes(content)
    with pytest.raises(UnusableInput, match="not a WAV"):
        read_wave(tmp_path / "odd.wav")


@given(cut=st.integers(0, 79))
def test_a_long_file_cut_inside_its_header_is_no_wav(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("cut") / "long.wav"
    path.write_bytes(wav_header(2**32, 96_000)[:cut])
    with pytest.raises(UnusableInput, match="not a WAV"):
        read_wave(path)


# ---- sections ----


def _sections(*starts: float) -> tuple[Section, ...]:
    return tuple(Section(start, 1.0, "ABC"[index % 3], 4 * index, 4) for index, start in enumerate(starts))


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize("sample_rate", [44_100, 48_000])
def test_the_pieces_of_a_stem_are_the_stem(name: str, sample_rate: int, tmp_path: Path) -> None:
    scored = _range(RATES[name], 61)
    stem = _write(tmp_path / "bass.wav", scored.samples(sample_rate), sample_rate, 3)
    made = export.sections({"bass": stem}, _sections(0.03, 0.41, 0.77), scored, tmp_path / "out", QUIET)["bass"]
    assert [piece.name for piece in made] == ["01 A bass.wav", "02 B bass.wav", "03 C bass.wav"]
    assert np.array_equal(np.concatenate([_integers(piece) for piece in made]), _integers(stem))
    frame = round(0.41 * RATES[name])
    assert len(_integers(made[0])) == int(frame / RATES[name] * sample_rate + Fraction(1, 2))


@given(
    rate=st.sampled_from(list(RATES.values())),
    frames=st.integers(1, 300_000),
    starts=st.lists(st.floats(0, 12_000), min_size=1, max_size=30),
)
def test_sections_cover_the_range_in_whole_frames(rate: Fraction, frames: int, starts: list[float]) -> None:
    scored = _range(rate, frames)
    inside = sorted(min(start, scored.seconds) for start in starts)
    edges = export.edges(_sections(*inside), scored)
    assert (edges[0], edges[-1]) == (0, frames)
    assert edges == sorted(edges)
    for start, edge in zip(inside[1:], edges[1:], strict=False):
        assert abs(edge - Fraction(start) * rate) <= Fraction(1, 2)


def test_a_stem_that_is_too_short_is_refused(stems: Mapping[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="not as long"):
        export.sections(stems, _sections(0.0, 1.0), _range(RATES["25"], 51), tmp_path / "out", QUIET)
    assert not list(tmp_path.glob("out/*"))


# ---- previews ----

GREY = [40 + 4 * number for number in range(48)]
"""How bright each frame of the test film is."""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Media:
    """A film of 48 frames whose brightness tells the frame's number."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    with av.open(str(path), "w") as movie:
        stream: Any = movie.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate, stream.gop_size = (
            320,
            180,
            "yuv420p",
            4_000_000,
            12,
        )
        for grey in GREY:
            pixels = np.full((180, 320, 3), grey, np.uint8)
            movie.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        movie.mux(stream.encode(None))
    return Media("film", path)


def _edit(shots: tuple[Shot, ...], rate: Fraction) -> Edit:
    frames = sum(shot.frames for shot in shots)
    return Edit("Reel", Path("reel.otio"), _range(rate, frames), shots, (), "", "")


def _movie(path: Path) -> tuple[list[Any], Any, Any]:
    """Frames as grey pictures, and the picture's and the sound's stream."""
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        frames = [frame.to_ndarray(format="rgb24")[..., 1] for frame in container.decode(video)]
        return frames, video, audio


def test_the_movie_shows_what_the_edit_shows(film: Media, tmp_path: Path) -> None:
    rate = Fraction(24)
    shots = (
        Shot(0, 6, "from five", film, Fraction(5, 24)),
        Shot(6, 5, "double", film, Fraction(10, 24), Fraction(2)),
        Shot(11, 4, "freeze", film, Fraction(30, 24), Fraction(0)),
        Shot(15, 36, "backwards", film, Fraction(40, 24), Fraction(-1)),
        Shot(51, 4, "black", None, kind="gap"),
        Shot(55, 4, "lost reel", Media("lost", None)),
        Shot(59, 4, "runs out", film, Fraction(46, 24)),
    )
    edit = _edit(shots, rate)
    mix = _write(tmp_path / "mix.wav", edit.range.samples(48_000), 48_000, 5)
    path, encoder = export.preview_mp4(edit, mix, tmp_path / "out", "Reel", QUIET)
    frames, video, audio = _movie(path)
    assert encoder in ENCODERS
    assert video.codec_context.name == ("mpeg4" if encoder == "mpeg4" else "h264")
    assert (len(frames), video.average_rate) == (63, rate)
    wanted = [*range(5, 11), 10, 12, 14, 16, 18, *[30] * 4, *range(40, 4, -1)]
    shown = [float(np.mean(frame[: len(frame) // 3])) for frame in frames]
    assert shown[:51] == pytest.approx([GREY[number] for number in wanted], abs=3)
    assert max(shown[51:59]) < 40
    assert shown[59:61] == pytest.approx(GREY[46:48], abs=3)
    assert abs(audio.duration * audio.time_base - edit.range.exact_seconds) < Fraction(2048, 48_000)


def test_the_movie_keeps_an_ntsc_rate_and_burns_in_the_timecode(film: Media, tmp_path: Path) -> None:
    rate = RATES["29.97"]
    edit = _edit((Shot(0, 24, "all", film),), rate)
    edit = replace(edit, range=replace(edit.range, start=RationalTime(17_982, float(rate)), drop_frame=True))
    mix = _write(tmp_path / "mix.wav", edit.range.samples(44_100), 44_100, 6)
    frames, video, audio = _movie(export.preview_mp4(edit, mix, tmp_path, "Reel", QUIET)[0])
    assert (len(frames), video.average_rate, audio.rate) == (24, rate, 44_100)
    for number, text in ((0, "00:10:00;00"), (7, "00:10:00;07"), (23, "00:10:00;23")):
        scores = {other: _likeness(frames[number], other) for other in (text, "00:10:00;16", "00:09:59;28")}
        assert max(scores, key=lambda other: scores[other]) == text


def _likeness(frame: Any, text: str) -> float:
    """How well a text, drawn as the movie draws it, is found in the lower part of a picture."""
    (wide, high), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 640 / 900, 1)
    drawn = np.full((high + 8, wide + 8), 20, np.uint8)
    cv2.putText(drawn, text, (4, high + 4), cv2.FONT_HERSHEY_SIMPLEX, 640 / 900, 255, 1, cv2.LINE_AA)
    lower = np.ascontiguousarray(frame[len(frame) * 3 // 4 :])
    return float(cv2.matchTemplate(lower, drawn, cv2.TM_CCOEFF_NORMED).max())


def test_the_mp3_is_the_mix(tmp_path: Path) -> None:
    seconds = np.arange(2 * 96_000) / 96_000
    tone = 0.4 * np.sin(2 * np.pi * 440 * seconds) * (seconds > 0.5)
    soundfile.write(tmp_path / "mix.wav", np.column_stack([tone, tone]), 96_000, subtype="PCM_24")
    heard, rate = soundfile.read(export.preview_mp3(tmp_path / "mix.wav", tmp_path, "Reel", QUIET))
    assert rate == 48_000
    assert abs(len(heard) - 2 * 48_000) <= 2 * 1152
    spectrum = np.abs(np.fft.rfft(heard[48_000:72_000, 0]))
    assert np.argmax(spectrum) * 48_000 / 24_000 == pytest.approx(440, abs=3)
    assert np.flatnonzero(np.abs(heard[:, 0]) > 0.1)[0] / rate == pytest.approx(0.5, abs=0.03)


def test_a_cancelled_movie_leaves_nothing(film: Media, tmp_path: Path) -> None:
    edit = _edit((Shot(0, 48, "all", film),), Fraction(24))
    mix = _write(tmp_path / "mix.wav", edit.range.samples(48_000), 48_000, 7)
    calls = iter(range(1000))
    with pytest.raises(Cancelled):
        export.preview_mp4(edit, mix, tmp_path / "out", "Reel", Watch(cancelled=lambda: next(calls) > 20))
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.skipif(os.name == "nt", reason="limits of file size")
@pytest.mark.parametrize("kind", ["mp3", "mp4", "bwf"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path, kind: str) -> None:
    _write(tmp_path / "mix.wav", 8 * 48_000, 48_000, 8)
    script = """
import resource, signal, sys
from fractions import Fraction
from pathlib import Path
from core.brief import Shot
from core.cue import export
from core.errors import UnusableInput
from core.watch import Watch
from tests.core.cue.test_export import _edit
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
mix, to = Path(sys.argv[1]), Path(sys.argv[2])
edit = _edit((Shot(0, 192, "black", None, kind="gap"),), Fraction(24))
try:
    if sys.argv[3] == "mp3":
        export.preview_mp3(mix, to, "Reel", Watch())
    elif sys.argv[3] == "mp4":
        export.preview_mp4(edit, mix, to, "Reel", Watch())
    else:
        export.bwf({"mix": mix}, edit.range, to, "Reel", Watch())
except UnusableInput as error:
    print(error)
"""
    words = [sys.executable, "-c", script, str(tmp_path / "mix.wav"), str(tmp_path / "out"), kind]
    answer = subprocess.run(words, capture_output=True, text=True, check=True)
    assert len(answer.stdout.splitlines()) == 1
    assert "another folder." in answer.stdout
    assert not list(tmp_path.glob("out/*"))
