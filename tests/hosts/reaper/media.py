"""What REAPER finds in a media file: kind, length, channels, read from the real header.

A file that is missing, or whose end is missing, gives nothing. One whose header was never completed (a WAV that is
still being written says 0 bytes of audio) gives a source of length 0.
"""

from __future__ import annotations

import struct
from pathlib import Path

from tests.hosts.reaper.state import Source

_SOUND = {"flac": "FLAC", "mp3": "MP3", "ogg": "VORBIS", "opus": "OPUS", "aif": "AIFF", "aiff": "AIFF"}
_VIDEO = frozenset({"mp4", "mov", "avi", "mkv", "webm", "mxf", "m4v", "wmv", "mpg"})
_MIDI = frozenset({"mid", "midi"})


def kind_of(file: str) -> str:
    """The source type of a file by its name, as REAPER writes it; empty where it reads no such files."""
    ending = file.rpartition(".")[2].lower()
    if ending in {"wav", "w64", "bwf"}:
        return "WAVE"
    if ending in _MIDI:
        return "MIDI"
    return "VIDEO" if ending in _VIDEO else _SOUND.get(ending, "")


def open_file(file: str) -> Source | None:
    """A source for the file, or None where it cannot be read."""
    kind, path = kind_of(file), Path(file)
    if not kind or not path.is_file():
        return None
    source = Source(kind, file)
    reader = {"WAVE": _read_wave, "MIDI": _read_midi, "VIDEO": _read_video}.get(kind, _read_sound)
    try:
        return source if reader(path, source) else None
    except struct.error:  # it ends in the middle of a header
        return None


def _read_wave(path: Path, source: Source) -> bool:
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
            return False
        frame, long_data = 0, 0
        while len(chunk := file.read(8)) == 8:
            name, length = chunk[:4], int(struct.unpack("<I", chunk[4:])[0])
            if name == b"ds64":
                long_data = int(struct.unpack("<QQ", file.read(16))[1])
                file.seek(length - 16, 1)
            elif name == b"fmt ":
                fields = struct.unpack("<HHIIHH", file.read(16))
                source.channels, source.sample_rate, frame = fields[1], fields[2], fields[4]
                file.seek(length - 16 + length % 2, 1)
            elif name == b"data":
                data = long_data if length == 0xFFFFFFFF else length
                source.length = data / frame / source.sample_rate if frame and source.sample_rate else 0.0
                return bool(frame) and file.tell() + data <= size
            else:
                file.seek(length + length % 2, 1)
    return False


def _read_midi(path: Path, source: Source) -> bool:
    content = path.read_bytes()
    if len(content) < 14 or content[:4] != b"MThd":
        return False
    _, tracks, division = struct.unpack(">HHH", content[8:14])
    at, longest = 8 + struct.unpack(">I", content[4:8])[0], 0
    for _ in range(tracks):
        if content[at : at + 4] != b"MTrk":
            return False
        end = at + 8 + struct.unpack(">I", content[at + 4 : at + 8])[0]
        if end > len(content):
            return False
        longest = max(longest, _track_ticks(content[at + 8 : end]))
        at = end
    source.is_qn, source.ppq = True, division
    source.length = longest / division if division and division < 0x8000 else 0.0
    return True


def _track_ticks(track: bytes) -> int:
    at = total = status = 0
    while at < len(track):
        delta, at = _variable(track, at)
        total += delta
        if at >= len(track):
            break
        if track[at] & 0x80:
            status, at = track[at], at + 1
        if status == 0xFF:
            length, at = _variable(track, at + 1)
            at += length
        elif status in (0xF0, 0xF7):
            length, at = _variable(track, at)
            at += length
        else:
            at += 1 if status & 0xF0 in (0xC0, 0xD0) else 2
    return total


def _variable(track: bytes, at: int) -> tuple[int, int]:
    value = 0
    while at < len(track):
        value, at = value << 7 | track[at] & 0x7F, at + 1
        if not track[at - 1] & 0x80:
            break
    return value, at


def _read_sound(path: Path, source: Source) -> bool:
    import soundfile

    try:
        found = soundfile.info(str(path))
    except soundfile.LibsndfileError:
        return False
    source.length, source.channels, source.sample_rate = found.duration, found.channels, found.samplerate
    return True


def _read_video(path: Path, source: Source) -> bool:
    import av

    try:
        with av.open(str(path)) as container:
            source.length = (container.duration or 0) / 1_000_000
            for stream in container.streams.audio[:1]:
                source.channels, source.sample_rate = stream.channels, stream.rate
    except av.FFmpegError:
        return False
    return True
