"""Broadcast WAVE: a copy of a WAV that knows where on the timeline it belongs.

Conventions
    The samples are copied byte for byte. `TimeReference` counts real samples from midnight to the record start: record
    frames, divided by the exact rate, times the sample rate. How those frames are written, drop-frame or not, stands in
    the iXML chunk, as does the rate.
Source
    EBU Tech 3285 (bext, version 1), EBU Tech 3306 (RF64), iXML 1.61.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from xml.sax.saxutils import escape

from core.atomic import whole_file
from core.audio.files import LARGEST_RIFF, riff_header
from core.brief import Range, sample_count
from core.errors import UnusableInput
from core.watch import Watch

ORIGINATOR = "Hitpoint"
_BLOCK = 1 << 20
_LARGEST_FORM = 1 << 16
"""Bytes of a `fmt ` chunk; the longest that exists has 40."""


@dataclass(frozen=True)
class WaveFile:
    """Where things stand in a WAV."""

    form: bytes
    """The `fmt ` chunk's body."""
    data_at: int
    """Byte at which the samples begin."""
    data_size: int
    """Bytes of samples."""

    @property
    def channels(self) -> int:
        """Samples side by side."""
        return int(struct.unpack_from("<H", self.form, 2)[0])

    @property
    def sample_rate(self) -> int:
        """Samples per second."""
        return int(struct.unpack_from("<I", self.form, 4)[0])

    @property
    def bits(self) -> int:
        """Bits of a sample."""
        return int(struct.unpack_from("<H", self.form, 14)[0])

    @property
    def samples(self) -> int:
        """Length in samples."""
        return self.data_size // int(struct.unpack_from("<H", self.form, 12)[0])


def read_wave(path: Path) -> WaveFile:
    """Find the format and the samples of a WAV or RF64 file.

    Raises:
        UnusableInput: the file is missing or is not a WAV.
    """
    try:
        with path.open("rb") as file:
            found = _walk(file)
    except OSError as error:
        raise UnusableInput("This sound file cannot be read", str(path), "It is missing or damaged.") from error
    if found is None:
        raise UnusableInput("This is not a WAV file", str(path), "It is damaged; make the cue again.")
    return found


def time_reference(scored: Range, sample_rate: int) -> int:
    """Samples from midnight to the range's start, exact at every rate."""
    return sample_count(round(scored.start.value) / scored.rate, sample_rate)


def stamp(source: Path, to: Path, scored: Range, name: str, title: str, watch: Watch) -> None:
    """Copy a WAV with the record time of its first sample inside.

    Args:
        source: the WAV.
        to: the copy; it takes its place when it is whole.
        scored: the range whose start the first sample stands on.
        name: of the stem, for the track list.
        title: of the cue.
        watch: asked whether to go on.

    Raises:
        UnusableInput: the source cannot be read or the copy cannot be written.
    """
    wave = read_wave(source)
    # Bodies are padded inside their chunks: not every reader of RF64 steps over the byte after an odd one.
    chunks = [
        (b"bext", _even(_bext(source, wave, scored, name, title), b"\0")),
        (b"iXML", _even(_ixml(wave, scored, name, title).encode(), b"\n")),
        (b"fmt ", _even(wave.form, b"\0")),
    ]
    with whole_file(to) as out:
        out.write(riff_header(chunks, wave.data_size, wave.samples))
        for block in _samples(source, wave):
            watch.check()
            out.write(block)
        out.write(b"\0" * (wave.data_size % 2))


def _even(body: bytes, padding: bytes) -> bytes:
    return body + padding * (len(body) % 2)


def _walk(file: BinaryIO) -> WaveFile | None:
    """What a file holds; None where it is not a WAV, or one that ends inside its header."""
    kind, _, form_type = struct.unpack("<4sI4s", file.read(12).ljust(12, b"\0"))
    if kind not in (b"RIFF", b"RF64") or form_type != b"WAVE":
        return None
    form, long_size = b"", 0
    while len(head := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name == b"data":
            found = WaveFile(form, file.tell(), long_size if size == LARGEST_RIFF else size)
            return found if _can_be_meant(form) else None
        body_at = file.tell()
        if name == b"fmt ":
            form = file.read(min(size, _LARGEST_FORM))
        elif name == b"ds64":
            long_size = int.from_bytes(file.read(16)[8:], "little")
        file.seek(body_at + size + size % 2)
    return None


def _can_be_meant(form: bytes) -> bool:
    """Whether a `fmt ` chunk has channels, a sample rate, a length of a frame and bits."""
    return len(form) >= 16 and all(struct.unpack_from("<2xHI4xHH", form))


def _samples(source: Path, wave: WaveFile) -> Iterator[bytes]:
    try:
        with source.open("rb") as file:
            file.seek(wave.data_at)
            for at in range(0, wave.data_size, _BLOCK):
                block = file.read(min(_BLOCK, wave.data_size - at))
                if len(block) < min(_BLOCK, wave.data_size - at):
                    raise UnusableInput("This sound file breaks off", str(source), "It is damaged; make the cue again.")
                yield block
    except OSError as error:
        raise UnusableInput("This sound file cannot be read", str(source), "It is missing or damaged.") from error


def _bext(source: Path, wave: WaveFile, scored: Range, name: str, title: str) -> bytes:
    made = datetime.fromtimestamp(source.stat().st_mtime)
    reference = time_reference(scored, wave.sample_rate)
    history = f"A=PCM,F={wave.sample_rate},W={wave.bits},M={_mode(wave.channels)},T={ORIGINATOR}\r\n"
    fixed = struct.pack(
        "<256s32s32s10s8sQH64s190s",
        _ascii(f"{title}: {name}", 256),
        _ascii(ORIGINATOR, 32),
        b"",
        f"{made:%Y-%m-%d}".encode(),
        f"{made:%H:%M:%S}".encode(),
        reference,
        1,
        b"",
        b"",
    )
    return fixed + history.encode()


def _mode(channels: int) -> str:
    return {1: "mono", 2: "stereo"}.get(channels, "multi")


def _ascii(text: str, size: int) -> bytes:
    """The field takes ASCII only; other characters become question marks."""
    return text.encode("ascii", "replace")[:size]


def _ixml(wave: WaveFile, scored: Range, name: str, title: str) -> str:
    rate = f"{scored.rate.numerator}/{scored.rate.denominator}"
    reference = time_reference(scored, wave.sample_rate)
    tracks = "".join(
        f"<TRACK><CHANNEL_INDEX>{index}</CHANNEL_INDEX><INTERLEAVE_INDEX>{index}</INTERLEAVE_INDEX>"
        f"<NAME>{escape(_printable(name))}</NAME></TRACK>"
        for index in range(1, wave.channels + 1)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<BWFXML><IXML_VERSION>1.61</IXML_VERSION>"
        f"<PROJECT>{escape(_printable(title))}</PROJECT>"
        f"<SPEED><MASTER_SPEED>{rate}</MASTER_SPEED><CURRENT_SPEED>{rate}</CURRENT_SPEED>"
        f"<TIMECODE_RATE>{rate}</TIMECODE_RATE><TIMECODE_FLAG>{'DF' if scored.drop_frame else 'NDF'}</TIMECODE_FLAG>"
        f"<FILE_SAMPLE_RATE>{wave.sample_rate}</FILE_SAMPLE_RATE><AUDIO_BIT_DEPTH>{wave.bits}</AUDIO_BIT_DEPTH>"
        f"<DIGITIZER_SAMPLE_RATE>{wave.sample_rate}</DIGITIZER_SAMPLE_RATE>"
        f"<TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>{reference >> 32}</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>"
        f"<TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>{reference & 0xFFFFFFFF}</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>"
        f"<TIMESTAMP_SAMPLE_RATE>{wave.sample_rate}</TIMESTAMP_SAMPLE_RATE></SPEED>"
        f"<TRACK_LIST><TRACK_COUNT>{wave.channels}</TRACK_COUNT>{tracks}</TRACK_LIST></BWFXML>\n"
    )


def _printable(text: str) -> str:
    """XML holds no control characters."""
    return "".join(character for character in text if character.isprintable())
