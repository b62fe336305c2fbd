"""24-bit WAV files, against soundfile and a walk through their chunks."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.files import (
    FULL_SCALE,
    HIGHEST,
    Samples,
    WavReader,
    new_wav,
    packed,
    read_wav,
    riff_header,
    unpacked,
    wav_header,
    write_wav,
)
from core.brief import sample_count
from core.errors import UnusableInput


def chunks(path: Path) -> dict[bytes, bytes]:
    """Name → content of every chunk of a RIFF file, read by hand."""
    content, found, place = path.read_bytes(), {}, 12
    assert content[:4] == b"RIFF"
    assert content[8:12] == b"WAVE"
    assert struct.unpack("<I", content[4:8])[0] == len(content) - 8
    while place < len(content):
        name, size = content[place : place + 4], struct.unpack("<I", content[place + 4 : place + 8])[0]
        found[name] = content[place + 8 : place + 8 + size]
        place += 8 + size + size % 2
    return found


def noise(samples: int, seed: int = 0) -> Samples:
    return np.random.default_rng(seed).integers(-FULL_SCALE, HIGHEST, (samples, 2), np.int32, endpoint=True)


@settings(deadline=None, max_examples=30)
@given(samples=st.integers(0, 5_000), seed=st.integers(0, 9))
def test_integers_come_back_exactly(tmp_path_factory: pytest.TempPathFactory, samples: int, seed: int) -> None:
    path = tmp_path_factory.mktemp("wav") / "a.wav"
    written = noise(samples, seed)
    write_wav(path, written, 48_000)
    read, rate = read_wav(path)
    foreign, foreign_rate = soundfile.read(path, dtype="int32", always_2d=True)
    assert rate == foreign_rate == 48_000
    np.testing.assert_array_equal(read, written)
    np.testing.assert_array_equal(foreign >> 8, written)


def test_the_extremes_of_24_bits_are_kept(tmp_path: Path) -> None:
    written = np.array([[-FULL_SCALE, HIGHEST], [-1, 1], [0, -256]], np.int32)
    write_wav(tmp_path / "a.wav", written, 96_000)
    np.testing.assert_array_equal(read_wav(tmp_path / "a.wav")[0], written)


def test_a_part_of_a_file_can_be_read(tmp_path: Path) -> None:
    written = noise(1_000)
    write_wav(tmp_path / "a.wav", written, 48_000)
    np.testing.assert_array_equal(read_wav(tmp_path / "a.wav", 300, 50)[0], written[300:350])


def test_a_file_holds_format_and_samples_and_no_timecode(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", noise(777), 48_000)
    found = chunks(tmp_path / "a.wav")
    assert list(found) == [b"fmt ", b"data"]
    assert struct.unpack("<HHIIHH", found[b"fmt "]) == (1, 2, 48_000, 288_000, 6, 24)
    assert len(found[b"data"]) == 777 * 6


def test_the_hash_is_that_of_the_file(tmp_path: Path) -> None:
    told = write_wav(tmp_path / "a.wav", noise(9_999), 44_100)
    assert told == hashlib.sha256((tmp_path / "a.wav").read_bytes()).hexdigest()


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001), Fraction(25)])
def test_lengths_are_exact_at_every_frame_rate(tmp_path: Path, rate: Fraction) -> None:
    frames = 97
    samples = sample_count(frames / rate, 48_000)
    write_wav(tmp_path / "a.wav", noise(samples), 48_000)
    assert soundfile.info(tmp_path / "a.wav").frames == int(frames / rate * 48_000 + Fraction(1, 2))


def test_more_than_four_gigabytes_are_rf64(tmp_path: Path) -> None:
    """Three hours at 96 kHz, as a file with a hole: soundfile finds every sample and the last one's value."""
    path, frames = tmp_path / "long.wav", 3 * 3_600 * 96_000
    header = wav_header(frames, 96_000)
    with path.open("wb") as file:
        file.write(header)
        file.seek(len(header) + frames * 6 - 6)
        file.write(b"\x01\x00\x00\xff\xff\xff")
    assert header[:4] == b"RF64"
    assert soundfile.info(path).frames == frames
    np.testing.assert_array_equal(read_wav(path, frames - 1)[0], [[1, -1]])


def test_a_failure_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, noise(100), 48_000)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="24 bits"), new_wav(path, 1_000, 48_000) as wav:
        wav.write(np.concatenate([noise(500), [[FULL_SCALE, 0]]], dtype=np.int32))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("samples", [99, 101])
def test_a_file_has_as_many_samples_as_announced(tmp_path: Path, samples: int) -> None:
    with pytest.raises(ValueError, match="announced"), new_wav(tmp_path / "a.wav", 100, 48_000) as wav:
        wav.write(noise(samples))
    assert not list(tmp_path.iterdir())


def test_what_does_not_fit_in_24_bits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="24 bits"):
        write_wav(tmp_path / "a.wav", np.array([[FULL_SCALE, 0]], np.int32), 48_000)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on file sizes to set")
def test_a_file_larger_than_allowed_is_one_sentence_and_nothing_is_left(tmp_path: Path) -> None:
    script = """
import resource, sys
from pathlib import Path
import numpy as np
from core.audio.files import write_wav
from core.errors import HitpointError
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    write_wav(Path(sys.argv[1]), np.zeros((100_000, 2), np.int32), 48_000)
except HitpointError as error:
    print(error)
    sys.exit(error.exit_code)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "a.wav"], capture_output=True, text=True, check=False
    )
    assert done.returncode == UnusableInput.exit_code
    assert (
        done.stdout == f"The file would be larger than is allowed here ({tmp_path / 'a.wav'}). Choose another folder.\n"
    )
    assert done.stderr == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to write to")
def test_a_full_disk_is_one_sentence() -> None:
    from core.atomic import disk_errors

    with (
        pytest.raises(UnusableInput, match=r"The disk is full \(.*\)\. Free some space or choose another folder\."),
        disk_errors(Path("/somewhere/a.wav")),
        Path("/dev/full").open("wb", buffering=0) as file,
    ):
        file.write(b"0")


def test_errors_of_other_files_are_not_blamed_on_the_place_that_is_written(tmp_path: Path) -> None:
    from core.atomic import whole_file

    for failure in (
        FileNotFoundError(2, "No such file", "/footage/a.mov"),
        PermissionError(13, "No", "/footage/a.mov"),
    ):
        with pytest.raises(type(failure)) as raised, whole_file(tmp_path / "a.wav"):
            raise failure
        assert raised.value is failure
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to write to")
def test_a_write_that_fails_while_a_file_grows_is_one_sentence(tmp_path: Path) -> None:
    from core.atomic import whole_file

    with (
        pytest.raises(UnusableInput, match="The disk is full"),
        whole_file(tmp_path / "a.wav"),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"0")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not a sound at all" * 10])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(UnusableInput, match="cannot be read"):
        read_wav(tmp_path / "a.wav")
    with pytest.raises(UnusableInput, match="cannot be read"):
        read_wav(tmp_path / "missing.wav")


def test_a_file_of_another_kind_is_one_sentence(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((10, 1)), 48_000, subtype="PCM_16")
    with pytest.raises(UnusableInput, match="not a 24-bit stereo WAV"):
        read_wav(tmp_path / "a.wav")


@settings(deadline=None, max_examples=30)
@given(samples=st.integers(0, 3_000), edges=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_pieces_are_read_as_bytes_and_as_integers(
    tmp_path_factory: pytest.TempPathFactory, samples: int, edges: tuple[float, float]
) -> None:
    path, written = tmp_path_factory.mktemp("wav") / "a.wav", noise(samples)
    write_wav(path, written, 44_100)
    start, stop = round(min(edges) * samples), round(max(edges) * samples)
    with WavReader(path) as reader:
        assert (reader.samples, reader.sample_rate) == (samples, 44_100)
        np.testing.assert_array_equal(reader.read(start, stop), written[start:stop])
        assert reader.read_packed(start, stop) == path.read_bytes()[44 + 6 * start : 44 + 6 * stop]
    np.testing.assert_array_equal(unpacked(packed(written).tobytes()), written)


def test_pieces_of_a_file_with_other_chunks_and_of_more_than_four_gigabytes_are_read(tmp_path: Path) -> None:
    form, frames = wav_header(1, 48_000)[20:36], 800_000_000
    with (tmp_path / "a.wav").open("wb") as file:
        file.write(riff_header([(b"bext", bytes(602)), (b"fmt ", form)], frames * 6, frames))
        place = file.tell()
        file.seek(place + (frames - 2) * 6)
        file.write(packed(np.array([[1, -2], [FULL_SCALE - 1, -FULL_SCALE]], np.int32)).tobytes())
    with WavReader(tmp_path / "a.wav") as reader:
        assert reader.samples == frames
        np.testing.assert_array_equal(reader.read(frames - 2, frames), [[1, -2], [FULL_SCALE - 1, -FULL_SCALE]])
        with pytest.raises(UnusableInput, match="ends too early"):
            reader.read(frames - 1, frames + 1)


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"RIFF....WAVEdata\0\0\0\0", b"RIFF....WAVEfmt \x10\0\0\0" + bytes(16)]
)
def test_what_is_no_24_bit_wav_is_not_opened(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(UnusableInput, match="cannot be read"):
        WavReader(tmp_path / "a.wav")
    with pytest.raises(UnusableInput, match="cannot be read"):
        WavReader(tmp_path / "missing.wav")
