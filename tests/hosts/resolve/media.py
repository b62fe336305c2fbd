"""Files as the Media Pool reads them."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import soundfile

from tests.hosts.resolve.model import Media
from tests.hosts.resolve.timecode import frames_of, true_rate


def read_media(path: Path, project_rate: Fraction) -> Media | None:
    """The clip that importing a file makes; None where it cannot be read. Sound alone takes the project's rate."""
    if not path.is_file():
        return None
    try:
        facts = soundfile.info(str(path))
    except soundfile.LibsndfileError:
        return _movie(path)
    seconds = Fraction(facts.frames, facts.samplerate)
    bits = {"PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "FLOAT": 32}.get(facts.subtype, 16)
    # A stem rounded down to whole samples is as long as it was meant.
    frames = int((seconds + Fraction(1, facts.samplerate)) * project_rate)
    return Media(
        path.name,
        str(path),
        video=False,
        audio=True,
        rate=project_rate,
        frames=frames,
        start=int(embedded_start(path) * project_rate),
        sample_rate=facts.samplerate,
        channels=facts.channels,
        bits=bits,
    )


def embedded_start(path: Path) -> Fraction:
    """The start time that a broadcast wave carries, in seconds; 0 where there is none."""
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
            return Fraction(0)
        rate = 48000
        while len(head := file.read(8)) == 8:
            name, size = struct.unpack("<4sI", head)
            if name == b"data":
                return Fraction(0)
            body = file.read(size + size % 2)
            if name == b"fmt ":
                (rate,) = struct.unpack_from("<I", body, 4)
            if name == b"bext":
                low, high = struct.unpack_from("<II", body, 338)
                return Fraction(low + (high << 32), rate)
    return Fraction(0)


def _movie(path: Path) -> Media | None:
    try:
        with av.open(str(path)) as movie:
            if not movie.streams.video:
                return None
            stream = movie.streams.video[0]
            rate = true_rate(round(float(stream.average_rate or stream.base_rate or 24), 3))
            seconds = Fraction(movie.duration or 0, av.time_base)
            if stream.duration and stream.time_base:
                seconds = stream.duration * stream.time_base
            written = stream.metadata.get("timecode") or movie.metadata.get("timecode") or "00:00:00:00"
            drop = ";" in written
            sound = movie.streams.audio[0] if movie.streams.audio else None
            return Media(
                path.name,
                str(path),
                video=True,
                audio=sound is not None,
                rate=rate,
                frames=stream.frames or round(seconds * rate),
                start=frames_of(written, rate, drop),
                drop=drop,
                sample_rate=sound.rate if sound else 48000,
                channels=sound.channels if sound else 0,
            )
    except (av.FFmpegError, ValueError):
        return None
