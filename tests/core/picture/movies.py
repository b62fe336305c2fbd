"""Tiny movies for the tests: frames that carry their own number, and edits over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from opentimelineio.opentime import RationalTime

from core.brief import Edit, Hit, Media, Range, Shot

Pixels = NDArray[np.uint8]
"""One picture, red, green, blue, shape [height, width, 3]."""

WIDTH, HEIGHT = 160, 96
_CELL = 16
_BITS = 10


def numbered(number: int) -> Pixels:
    """A picture with its number burnt in as ten black or white cells."""
    picture = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    for bit in range(_BITS):
        picture[40 : 40 + _CELL, bit * _CELL : (bit + 1) * _CELL] = 235 if number >> bit & 1 else 20
    return picture


def number_in(frame: Any) -> int:
    """The number burnt into a decoded frame."""
    grey = frame.to_ndarray(format="rgb24").mean(axis=2)
    return sum(int(grey[48, bit * _CELL + _CELL // 2] > 128) << bit for bit in range(_BITS))


def grey(level: float) -> Pixels:
    """A plain grey picture, 0 black to 1 white."""
    return np.full((HEIGHT, WIDTH, 3), round(255 * level), np.uint8)


def scene(seed: int) -> Pixels:
    """A still picture with detail in it, different for every seed."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(30, 226, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
    return blocks.repeat(8, axis=0).repeat(8, axis=1)


def movie(
    path: Path,
    pictures: Iterable[Pixels],
    rate: Fraction | int = 30,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    timecode: str | None = None,
    pts: Callable[[int], int] | None = None,
) -> Path:
    """Write a movie.

    Args:
        path: where; its suffix chooses the container.
        pictures: the frames.
        rate: frames per second.
        codec: FFmpeg's name of the encoder.
        options: of the encoder.
        timecode: start timecode to write into the file.
        pts: place of each frame in units of 1 / (10 rate); evenly spaced without.
    """
    rate = Fraction(rate)
    with av.open(str(path), "w") as container:
        if timecode:
            container.metadata["timecode"] = timecode
        stream: Any = container.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = {"mjpeg": "yuvj420p", "prores_ks": "yuv422p10le"}.get(codec, "yuv420p")
        stream.codec_context.time_base = 1 / rate / 10 if pts else 1 / rate
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts = pts(number) if pts else number
            frame.time_base = stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def shot(
    path: Path | None,
    first_frame: int,
    frames: int,
    source_start: Fraction | int = 0,
    speed: Fraction | int = 1,
) -> Shot:
    """A shot of a file; a gap without."""
    media = Media(path.name, path) if path else None
    kind: Any = "footage" if path else "gap"
    return Shot(first_frame, frames, path.stem if path else "gap", media, Fraction(source_start), Fraction(speed), kind)


def edit(shots: Sequence[Shot], rate: float = 24.0, markers: Sequence[Hit] = (), has_edit_list: bool = True) -> Edit:
    """An edit of shots that follow each other, with its cuts."""
    frames = sum(one.frames for one in shots)
    start = RationalTime(0, rate)
    span = Range(start, RationalTime(frames, rate), start, False)
    cuts = [Hit(span.seconds_at(one.first_frame), "cut", 0.5) for one in shots[1:]]
    hits = tuple(sorted([*cuts, *markers], key=lambda hit: hit.time))
    return Edit("test", Path("test.otio"), span, tuple(shots), hits, "", "", has_edit_list=has_edit_list)
