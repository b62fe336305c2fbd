"""Small pictures of shots, as JPEG."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np

BOX = (160, 90)
"""Pixels, width and height; a picture fills the width of it, a tall one twice its height."""
QUALITY = 4
"""Quantiser: 2 is best, 31 is worst."""
_LAMBDA = 118
"""FFmpeg's unit of quality for one step of the quantiser."""


def jpeg(frame: Any, pixel_aspect: Fraction = Fraction(1)) -> bytes:
    """A decoded frame (`av.VideoFrame`) as a small JPEG, upright and with square pixels.

    Args:
        frame: the frame.
        pixel_aspect: width of a pixel by its height.
    """
    turns = round(frame.rotation / 90) % 4
    shape = Fraction(frame.width, frame.height) * pixel_aspect
    width, height = _fit(1 / shape if turns % 2 else shape)
    if turns % 2:
        width, height = height, width
    pixels = frame.reformat(width, height, "rgb24", interpolation="BICUBIC", threads=1).to_ndarray()
    upright = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.rot90(pixels, turns)), "rgb24")
    return _encode(upright.reformat(format="yuvj420p", dst_color_range="JPEG", threads=1))


def _fit(shape: Fraction) -> tuple[int, int]:
    """Even width and height of a picture of this shape (width by height) in the box."""
    width = min(Fraction(BOX[0]), 2 * BOX[1] * shape)
    return max(2, 2 * round(width / 2)), max(2, 2 * round(width / shape / 2))


def _encode(frame: Any) -> bytes:
    encoder: Any = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    encoder.thread_count = 1
    encoder.options = {"flags": "+qscale", "global_quality": str(QUALITY * _LAMBDA)}
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
