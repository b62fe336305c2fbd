"""Audio files as a mixer wants them: 24-bit stereo WAV, written in one pass and read back exactly.

Conventions
    Samples on file are int32, shape [samples, 2], between -2**23 and 2**23 - 1; 2**23 is full scale.
    A file holds a format and samples, nothing else: no timecode (hosts mishandle it), no peaks, no tool's name.
    Above 4 GiB it is RF64 (EBU Tech 3306), which every host that reads such lengths reads.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from core.atomic import whole_file
from core.brief import Audio
from core.errors import UnusableInput

Samples = NDArray[np.int32]
"""Integer samples, shape [samples, 2]."""

FULL_SCALE = 1 << 23
HIGHEST = FULL_SCALE - 1
BYTES_PER_FRAME = 6
LARGEST_RIFF = 0xFFFFFFFF


class WavWriter:
    """A WAV being written; its hash grows with it, so that the file need not be read again."""

    def __init__(self, file: BinaryIO, frames: int, sample_rate: int) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._missing = frames
        self._put(wav_header(frames, sample_rate))

    def write(self, block: Samples) -> None:
        """Append samples, shape [samples, 2].

        Raises:
            ValueError: a sample does not fit in 24 bits, or there are more samples than announced.
        """
        if not fits(block):
            raise ValueError("a sample does not fit in 24 bits")
        self.copy(packed(block).data)

    def copy(self, content: bytes | memoryview) -> None:
        """Append samples as they lie in another file, three bytes each.

        Raises:
            ValueError: there are more samples than announced.
        """
        self._missing -= memoryview(content).nbytes // BYTES_PER_FRAME
        if self._missing < 0:
            raise ValueError("more samples than announced")
        self._put(content)

    @property
    def sha256(self) -> str:
        """SHA-256 of the file so far."""
        return self._hash.hexdigest()

    @property
    def missing(self) -> int:
        """Samples announced but not yet written."""
        return self._missing

    def _put(self, content: bytes | memoryview) -> None:
        self._hash.update(content)
        self._file.write(content)


@contextmanager
def new_wav(path: Path, frames: int, sample_rate: int) -> Iterator[WavWriter]:
    """Write a 24-bit stereo WAV of exactly `frames` samples; it takes its place only when it is complete.

    Raises:
        UnusableInput: the disk is full or the place cannot be written; nothing is left behind.
        ValueError: fewer or more samples were written than announced.
    """
    with whole_file(path) as file:
        writer = WavWriter(file, frames, sample_rate)
        yield writer
        if writer.missing:
            raise ValueError(f"{writer.missing} samples of {path.name} were announced but not written")


def write_wav(path: Path, samples: Samples, sample_rate: int) -> str:
    """Write samples, shape [samples, 2], as a 24-bit WAV and give its SHA-256; raises as `new_wav` does."""
    with new_wav(path, len(samples), sample_rate) as wav:
        wav.write(samples)
    return wav.sha256


def read_wav(path: Path, start: int = 0, frames: int = -1) -> tuple[Samples, int]:
    """The integers of a 24-bit stereo WAV, shape [samples, 2], and its sample rate.

    Args:
        path: the file.
        start: first sample to read.
        frames: how many samples; -1 reads to the end.

    Raises:
        UnusableInput: the file is missing, is not a 24-bit stereo WAV, or ends before `start`.
    """
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            if file.channels != 2 or file.subtype != "PCM_24":
                raise UnusableInput("This is not a 24-bit stereo WAV", str(path))
            file.seek(start)
            return file.read(frames, dtype="int32", always_2d=True) >> 8, int(file.samplerate)
    except (soundfile.LibsndfileError, OSError) as error:
        raise UnusableInput("This sound file cannot be read", str(path), "It is missing or damaged.") from error


class WavReader:
    """A 24-bit stereo WAV that is read piece by piece, as bytes or as integers."""

    def __init__(self, path: Path) -> None:
        """Open a file; `close` it again, or use it as a context.

        Raises:
            UnusableInput: the file is missing, or is not a 24-bit stereo WAV.
        """
        self.path = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise _unreadable(path) from error
        try:
            self.sample_rate, self._start, self.samples = _data_chunk(self._file)
        except (OSError, ValueError, struct.error) as error:
            self._file.close()
            raise _unreadable(path) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def read_packed(self, start: int, stop: int) -> bytes:
        """The bytes of the samples from `start` to `stop`.

        Raises:
            UnusableInput: the file ends before `stop` or cannot be read.
        """
        try:
            self._file.seek(self._start + start * BYTES_PER_FRAME)
            content = self._file.read((stop - start) * BYTES_PER_FRAME)
        except OSError as error:
            raise _unreadable(self.path) from error
        if len(content) != (stop - start) * BYTES_PER_FRAME:
            raise UnusableInput("This sound file ends too early", str(self.path), "It is damaged.")
        return content

    def read(self, start: int, stop: int) -> Samples:
        """The samples from `start` to `stop`, shape [stop - start, 2]; raises as `read_packed` does."""
        return unpacked(self.read_packed(start, stop))


def quantised(block: Audio, gain: NDArray[np.float32] | np.float32) -> Samples:
    """A block at its gain as 24-bit integers, plainly rounded."""
    values = block * gain
    values *= FULL_SCALE
    np.rint(values, out=values)
    return values.astype(np.int32)


def as_audio(block: Samples) -> Audio:
    """Integer samples as float32, full scale 1; nothing is lost."""
    audio: Audio = block.astype(np.float32) * np.float32(1 / FULL_SCALE)
    return audio


def fits(block: Samples) -> bool:
    """True where every sample fits in 24 bits."""
    return not len(block) or bool(block.min() >= -FULL_SCALE and block.max() <= HIGHEST)


def unpacked(content: bytes) -> Samples:
    """The samples that three little-endian bytes each stand for, shape [samples, 2]."""
    count = len(content) // 3
    # Each sample is read with the byte before it as its lowest, which the shift drops again.
    wide: NDArray[np.int32] = np.ndarray((count,), "<i4", b"\0" + content, strides=(3,))
    return (wide >> 8).astype(np.int32, copy=False).reshape(-1, 2)


def packed(block: Samples) -> NDArray[np.uint8]:
    """Samples as three little-endian bytes each, shape [samples * 2, 3]."""
    octets = np.ascontiguousarray(block, "<i4").view(np.uint8).reshape(-1, 4)
    result = np.empty((len(octets), 3), np.uint8)
    for place in range(3):
        result[:, place] = octets[:, place]
    return result


def wav_header(frames: int, sample_rate: int) -> bytes:
    """Everything before the first sample of a 24-bit stereo WAV of this many samples."""
    form = struct.pack("<HHIIHH", 1, 2, sample_rate, sample_rate * BYTES_PER_FRAME, BYTES_PER_FRAME, 24)
    return riff_header([(b"fmt ", form)], frames * BYTES_PER_FRAME, frames)


def riff_header(chunks: Sequence[tuple[bytes, bytes]], size: int, frames: int) -> bytes:
    """Everything before the first sample of a WAV, RF64 where 32 bits cannot tell its length.

    Args:
        chunks: name and body of each chunk before the samples; bodies are of even length.
        size: bytes of samples; an odd number is followed by a byte that is not one.
        frames: samples in each channel.
    """
    body = b"".join(struct.pack("<4sI", name, len(content)) + content for name, content in chunks)
    whole = 4 + len(body) + 8 + size + size % 2
    if whole <= LARGEST_RIFF:
        return struct.pack("<4sI4s", b"RIFF", whole, b"WAVE") + body + struct.pack("<4sI", b"data", size)
    sizes = struct.pack("<4sIQQQI", b"ds64", 28, whole + 36, size, frames, 0)
    start = struct.pack("<4sI4s", b"RF64", LARGEST_RIFF, b"WAVE")
    return start + sizes + body + struct.pack("<4sI", b"data", LARGEST_RIFF)


def _data_chunk(file: BinaryIO) -> tuple[int, int, int]:
    """Sample rate, first byte of the samples, and their number.

    Raises:
        ValueError: this is not a 24-bit stereo WAV.
    """
    form, _, kind = struct.unpack("<4sI4s", file.read(12))
    if form not in (b"RIFF", b"RF64") or kind != b"WAVE":
        raise ValueError("not a WAV")
    long_size = rate = 0
    while True:
        name, size = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            break
        body = file.read(size + size % 2)
        if name == b"ds64":
            (long_size,) = struct.unpack("<8xQ", body[:16])
        if name == b"fmt ":
            _, channels, rate, _, _, bits = struct.unpack("<HHIIHH", body[:16])
            if (channels, bits) != (2, 24):
                raise ValueError("not 24-bit stereo")
    if not rate:
        raise ValueError("samples come before their format")
    if form == b"RF64" and size == LARGEST_RIFF:
        size = long_size
    return rate, file.tell(), size // BYTES_PER_FRAME


def _unreadable(path: Path) -> UnusableInput:
    return UnusableInput("This sound file cannot be read", str(path), "It is missing, damaged or not a 24-bit WAV.")
