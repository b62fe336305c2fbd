"""What a movie file says about itself: rate, length and start timecode."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO

from opentimelineio.opentime import RationalTime

from core.brief import exact_rate
from core.errors import UnusableInput, WrongUse
from core.timeline.fields import text
from core.timeline.timecode import can_drop, parse, says_drop_frame

FORMATS = "mov,matroska,avi,mpegts,mpeg,mpegvideo,mxf,flv,asf,gxf,dv,ogg,nut,m4v,h264,hevc,gif"
"""Containers of moving pictures. Playlists, devices and text that FFmpeg would draw are not among them."""
_HIGHEST_RATE = 1000
_LONGEST_S = 48 * 3600


@dataclass(frozen=True)
class Movie:
    """The picture of a movie file."""

    rate: Fraction
    """Frames per second."""
    frames: int
    start: int
    """Start timecode as a frame count; 0 where the file has none."""
    has_timecode: bool
    drop_frame: bool
    """The start timecode is written as drop-frame."""
    steady: bool
    """False where the frame rate varies."""

    @property
    def start_seconds(self) -> Fraction:
        """The start timecode in seconds of frames."""
        return self.start / self.rate


def look(source: str | BinaryIO, name: str) -> Movie:
    """Read a movie's header.

    Args:
        source: a file's name with `file:` before it, or an open file.
        name: for messages.

    Raises:
        UnusableInput: FFmpeg cannot read it, or it holds no picture.
    """
    import av

    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    try:
        with av.open(source, container_options=options) as container:
            streams = [s for s in container.streams.video if "attached_pic" not in str(s.disposition).lower()]
            if not streams:
                raise UnusableInput("The file holds no moving picture", where=name)
            return _described(container, streams[0], name)
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = text(getattr(error, "strerror", None) or str(error))
        raise UnusableInput("The file cannot be read as a timeline or a movie", where=name, do=reason) from None


def _described(container: Any, stream: Any, name: str) -> Movie:
    average, guessed = stream.average_rate, stream.guessed_rate
    measured = guessed if guessed and 0 < guessed <= _HIGHEST_RATE else average
    if not measured or not 1 <= measured <= _HIGHEST_RATE:
        raise UnusableInput("The movie's frame rate cannot be meant", where=name)
    rate = exact_rate(float(measured))
    seconds = _seconds(container, stream)
    if seconds is None or not 0 < seconds <= _LONGEST_S:
        raise UnusableInput("The movie has no length that can be meant", where=name)
    start, has_timecode, drop_frame = _start(container, rate)
    steady = not average or abs(average - measured) <= measured / 100
    return Movie(rate, max(round(seconds * rate), 1), start, has_timecode, drop_frame, steady)


def _seconds(container: Any, stream: Any) -> Fraction | None:
    """Length of the picture."""
    if stream.duration and stream.time_base:
        return Fraction(stream.duration) * Fraction(stream.time_base)
    if container.duration:
        return Fraction(container.duration, 1_000_000)
    return None


def _start(container: Any, rate: Fraction) -> tuple[int, bool, bool]:
    """Start timecode as frames, whether there is one, and whether it is drop-frame."""
    for written in _timecodes(container):
        drop_frame = says_drop_frame(written) and can_drop(rate)
        try:
            start = parse(written if drop_frame else written.replace(";", ":"), rate, _zero(rate), drop_frame)
        except WrongUse:
            continue
        return round(start.value), True, drop_frame
    return 0, False, False


def _timecodes(container: Any) -> Iterator[str]:
    """Every start timecode that the file carries: the picture's own first, then timecode tracks, then the file's."""
    streams = sorted(container.streams, key=lambda stream: stream.type != "video")
    for metadata in [*(stream.metadata for stream in streams), container.metadata]:
        if written := text(metadata.get("timecode")):
            yield written


def _zero(rate: Fraction) -> RationalTime:
    return RationalTime(0, float(rate))
