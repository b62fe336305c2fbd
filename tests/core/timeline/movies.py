"""Movies for tests: every frame carries its number as blocks of black and white."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import IO

import av
import numpy as np

from core.brief import Shot

BITS = 10
_BLOCK = 16


def write_numbered(path: Path, frames: int, rate: Fraction, timecode: str | None = "10:00:00:00") -> Path:
    """A QuickTime movie whose frame n shows n in binary; with a timecode track where a timecode is given."""
    with av.open(str(path), "w", format="mov") as movie:
        stream = movie.add_stream("mjpeg", rate=rate)
        stream.width, stream.height, stream.pix_fmt = BITS * _BLOCK, 2 * _BLOCK, "yuvj420p"
        if timecode:
            stream.metadata["timecode"] = timecode
        for number in range(frames):
            bits = np.array([number >> bit & 1 for bit in range(BITS)], np.uint8) * 255
            picture = np.tile(np.repeat(bits, _BLOCK), (2 * _BLOCK, 1))
            frame = av.VideoFrame.from_ndarray(np.repeat(picture[:, :, None], 3, axis=2), format="rgb24")
            frame.pts = number
            movie.mux(stream.encode(frame))
        movie.mux(stream.encode(None))
    return path


class Numbers:
    """Which number a movie shows at a time: that of the last frame that begins no later."""

    def __init__(self, source: str | IO[bytes]) -> None:
        with av.open(source) as movie:
            stream = movie.streams.video[0]
            assert stream.time_base is not None
            tick = Fraction(stream.time_base)
            shown = [(frame.pts or 0, _number(frame.to_ndarray(format="gray"))) for frame in movie.decode(stream)]
        first = shown[0][0]
        self._shown = [((pts - first) * tick - tick / 2, number) for pts, number in shown]

    def at(self, seconds: Fraction) -> int:
        """The number on screen at a time from the file's first frame."""
        return max((begin, number) for begin, number in self._shown if begin <= seconds)[1]

    def of(self, shot: Shot, rate: Fraction) -> list[int]:
        """The numbers that a shot shows, record frame by record frame."""
        return [self.at(shot.source_start + frame / rate * shot.speed) for frame in range(shot.frames)]


def _number(picture: np.ndarray) -> int:
    middle = picture[_BLOCK, _BLOCK // 2 :: _BLOCK][:BITS]
    return sum(int(level > 127) << bit for bit, level in enumerate(middle))
