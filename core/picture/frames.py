"""Frames out of a movie file: only those that are wanted, exactly those that the edit shows.

Conventions
    Moments are exact seconds from the file's first frame, ascending. The frame shown at a moment is the last one that
    begins at or before it. Inside this file times are ticks of the stream's time base.
How it saves work
    Reading goes on from where it stands unless a key frame lies in between. A frame that nobody wants is skipped only
    where nothing depends on it: every picture of an intra-only stream, and pictures that no other refers to.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import IO, Any

import av
from av.error import FFmpegError
from av.stream import Discard

from core.brief import Media
from core.errors import UnusableInput

OpenMedia = Callable[[Media], str | IO[bytes]]
"""Turns a medium into what PyAV opens: the name of a local file, or a seekable binary stream, closed after use."""

FORMATS = (
    "mov,matroska,avi,mpegts,mpeg,mpegvideo,mxf,flv,asf,gxf,dv,ogg,nut,m4v,h264,hevc,gif,image2,jpeg_pipe,png_pipe,"
    "tiff_pipe,bmp_pipe,webp_pipe,dpx_pipe,exr_pipe,psd_pipe"
)
"""Containers that hold pictures. Playlists, devices and text that FFmpeg would draw as a picture are not among them."""

LONGEST_ROUNDING = Fraction(1, 1000)
"""Seconds by which a file's timestamps may lie beside the true time: half a tick, but never more than this."""
AHEAD = 8
"""Packets looked at before one is decoded, to know what is shown next."""
NEAR_S = 1
"""Gaps shorter than this are read through."""
SEEK_BACK_S = (0, 1, 5, 30)
"""How much earlier to try when a seek lands behind its goal."""
DROPPABLE = frozenset({"h264", "mpeg2video"})
"""Codecs whose decoder knows which pictures no other refers to."""
_DO = "Its shots are scored without their picture."


@dataclass(frozen=True)
class Seen:
    """One decoded frame."""

    moment: Fraction
    """When it begins, in seconds from the file's first frame."""
    frame: Any
    """The `av.VideoFrame`; valid until the next one is asked for, so that nothing piles up."""
    wanted: range
    """Which of the asked moments it is shown at; empty for a frame in between."""


def plain_file(media: Media) -> str:
    """The name by which FFmpeg opens a plain file, and nothing but a file.

    Raises:
        UnusableInput: the medium is not a plain file that exists.
    """
    if media.path is None or media.member is not None or not media.path.is_file():
        raise UnusableInput(f"{media.name} is not there", str(media.path or media.name), _DO)
    return f"file:{media.path.absolute()}"


class Film:
    """One movie file, open for reading frames at ascending moments."""

    def __init__(
        self,
        media: Media,
        open_media: OpenMedia = plain_file,
        threads: int = 1,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Open a medium and read its first frame.

        Args:
            media: the file.
            open_media: turns it into what PyAV opens.
            threads: decoder threads; more than one decodes ahead.
            check: called for every packet; raises to stop the work.

        Raises:
            UnusableInput: the file is missing, or holds no picture that can be decoded.
        """
        self.media = media
        self.damaged = 0
        """Packets that could not be decoded."""
        self._open_media, self._threads, self._check = open_media, threads, check
        self._container: Any = None
        self._source: str | IO[bytes] = ""
        self._wanted: Sequence[int] = ()
        self._every = False
        self._held: Any = None
        self.ends: Fraction | None = None
        """Where the picture ends, in seconds from the first frame; None until the end was reached."""
        self._open()
        self.rate: Fraction = Fraction(self._stream.average_rate or self._stream.guessed_rate or 25)
        """Frames per second, as the file says."""
        self.tolerance: Fraction = min(self._tick / 2, LONGEST_ROUNDING)
        """Seconds by which the file's timestamps may be rounded."""

    @property
    def pixel_aspect(self) -> Fraction:
        """Width of a pixel by its height."""
        return Fraction(self._stream.sample_aspect_ratio or 1)

    def close(self) -> None:
        """Let go of the file."""
        if self._container is not None:
            self._container.close()
        if not isinstance(self._source, str):
            self._source.close()

    def frames(self, moments: Sequence[Fraction], every: bool = False) -> Iterator[Seen]:
        """Frames shown at ascending moments, each once, and what is decoded between them.

        A moment at which the file has no picture is answered by no frame.

        Args:
            moments: seconds from the file's first frame, ascending.
            every: decode all frames between the first moment and the last.
        """
        slack = 2 * self._step
        ticks = [self._first + floor((moment + self.tolerance) / self._tick) for moment in moments]
        done = sum(tick < self._first - slack for tick in ticks)
        beyond = self.ends is not None and done < len(ticks) and moments[done] >= self.ends + slack * self._tick
        if done == len(ticks) or beyond:
            return
        self._wanted, self._every = ticks, every
        frame = self._go_to(max(ticks[done], self._first))
        started = False
        while frame is not None and done < len(ticks):
            following = self._next()
            self._held = following
            until = self._end_of(frame) + slack if following is None else _pts(following)
            shown = done
            while shown < len(ticks) and ticks[shown] < until:
                shown += 1
            started = started or shown > done
            if started:
                yield Seen((_pts(frame) - self._first) * self._tick, frame, range(done, shown))
            done, frame = shown, following

    # ---- reading ----

    def _open(self) -> None:
        """Open the container at its beginning and decode the first frame."""
        self.close()
        name = self.media.name
        try:
            self._source = self._open_media(self.media)
            options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
            self._container = av.open(self._source, container_options=options)
            self._stream: Any = self._container.streams.best("video")
        except (FFmpegError, OSError, ValueError) as error:
            raise unreadable(self.media, error) from error
        if self._stream is None or self._stream.time_base is None:
            raise UnusableInput(f"{name} holds no picture", str(self.media.path), _DO)
        for stream in self._container.streams:
            if stream is not self._stream:
                stream.discard = Discard.all
        self._stream.codec_context.thread_count = self._threads
        self._stream.thread_type = "AUTO" if self._threads > 1 else "NONE"
        self._tick: Fraction = self._stream.time_base
        self._still = self._container.format.name.endswith("_pipe") or self._container.format.name == "image2"
        self._step: int = max(1, round(1 / (self._tick * Fraction(self._stream.average_rate or 25))))
        self._restart()
        if self._held is None:
            raise UnusableInput(f"{name} holds no picture that can be decoded", str(self.media.path), _DO)
        self._first = _pts(self._held)

    def _restart(self) -> None:
        """Read the frame that the container stands on."""
        self._past: deque[int] = deque(maxlen=4 * AHEAD)
        self._decoded = self._decode()
        self._held = None
        self._held = self._next()

    def _go_to(self, goal: int) -> Any:
        """The frame shown at a tick, which is not before the first frame; None where nothing can be read."""
        if self._held is None or _pts(self._held) > goal or self._key_frame_between(goal):
            self._seek(goal)
        return self._held

    def _key_frame_between(self, goal: int) -> bool:
        """Whether seeking to a tick saves decoding."""
        gap = (goal - _pts(self._held)) * self._tick
        if gap < NEAR_S:
            return False
        index = self._stream.index_entries
        if len(index) and index[-1].timestamp >= goal:
            return bool(index[max(0, index.search_timestamp(goal))].timestamp > _pts(self._held))
        return bool(gap >= 2 * NEAR_S)

    def _seek(self, goal: int) -> None:
        """Stand on a frame that begins at or before a tick."""
        for back in SEEK_BACK_S:
            place = max(self._first, goal - floor(back / self._tick))
            try:
                self._container.seek(place, stream=self._stream)
            except FFmpegError:
                continue
            self._restart()
            if self._held is not None and _pts(self._held) <= goal:
                return
        self._open()

    def _next(self) -> Any:
        """The next frame in the order of showing, or None at the end."""
        frame = next(self._decoded, None)
        if frame is None and self.ends is None and self._held is not None:
            self.ends = (self._end_of(self._held) - self._first) * self._tick
        return frame

    def _end_of(self, frame: Any) -> int:
        """The tick at which the last frame stops being shown."""
        if self._still:
            return 1 << 62
        return _pts(frame) + max(int(frame.duration or 0), self._step)

    def _decode(self) -> Iterator[Any]:
        """Frames in the order of showing, from where the container stands."""
        ahead: deque[Any] = deque()
        for packet in self._packets():
            ahead.append(packet)
            if len(ahead) > AHEAD:
                yield from self._decode_one(ahead.popleft(), ahead)
        while ahead:
            yield from self._decode_one(ahead.popleft(), ahead)
        yield from self._pictures(None)

    def _packets(self) -> Iterator[Any]:
        """Packets of the picture; a file that breaks off simply ends."""
        packets = self._container.demux(self._stream)
        while True:
            self._check()
            try:
                packet = next(packets)
            except (StopIteration, FFmpegError, OSError):
                return
            if packet.size:
                yield packet

    def _decode_one(self, packet: Any, ahead: deque[Any]) -> Iterator[Any]:
        """Frames that a packet brings out; what nobody wants is skipped where nothing depends on it."""
        self._check()
        context = self._stream.codec_context
        spare = not self._every and packet.pts is not None and not self._is_wanted(packet.pts, ahead)
        if packet.pts is not None:
            self._past.append(packet.pts)
        if spare and packet.is_keyframe and len(ahead) == AHEAD and all(later.is_keyframe for later in ahead):
            return
        if context.name in DROPPABLE:
            context.skip_frame = "NONREF" if spare else "DEFAULT"
        yield from self._pictures(packet)

    def _is_wanted(self, pts: int, ahead: deque[Any]) -> bool:
        """False only when another packet is known to be shown at every wanted moment that this one could be."""
        place = bisect_left(self._wanted, pts)
        if place == len(self._wanted):
            return True
        wanted = self._wanted[place]
        between = any(pts < other <= wanted for other in self._past)
        return not between and not any(later.pts is not None and pts < later.pts <= wanted for later in ahead)

    def _pictures(self, packet: Any) -> Iterator[Any]:
        try:
            frames = self._stream.codec_context.decode(packet)
        except (FFmpegError, OSError):
            self.damaged += 1
            return
        yield from (frame for frame in frames if frame.pts is not None or frame.dts is not None)


def _pts(frame: Any) -> int:
    """When a frame is shown, in ticks."""
    return int(frame.dts if frame.pts is None else frame.pts)


def unreadable(media: Media, error: Exception) -> UnusableInput:
    """Why a medium cannot be used, for people."""
    reason = str(error.strerror or error).lower() if isinstance(error, FFmpegError) else str(error)
    return UnusableInput(f"{media.name} is not a movie that can be read", reason, _DO)
