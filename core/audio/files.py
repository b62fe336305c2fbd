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
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.atomic import whole_file
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
        if len(block) and (block.min() < -FULL_SCALE or block.max() > HIGHEST):
            raise ValueError("a sample does not fit in 24 bits")
        self._missing -= len(block)
        if self._missing < 0:
            raise ValueError("more samples than announced")
        self._put(packed(block).data)

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
