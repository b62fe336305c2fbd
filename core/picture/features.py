"""House features: what a frame looks like and how it differs from another, in numbers between 0 and 1.

Conventions
    A look is taken of a frame made small. Luma is full range, 0 to 1. Motion compares luma patterns after their mean
    and contrast are made equal: a flash or a fade of the light is not motion, and a dark shot moves like a bright one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from core.brief import FloatArray

WIDTH = 160
"""Pixels across of the frame that features are measured on."""
GLIMPSE = (64, 36)
"""Size of the frame that only motion is measured on, whatever the shape of the picture."""
EDGE = 0.1
"""Luma step between neighbours that counts as an edge."""
CONTRAST_FLOOR = 0.04
"""Mean deviation of luma under which a pattern is noise rather than picture."""
LIVELY = 0.5
"""Pattern difference that reads as motion 1 - 1/e."""
_RGB_OF_YUV = {
    "601": np.array([[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]]),
    "709": np.array([[1, 0, 1.5748], [1, -0.187324, -0.468124], [1, 1.8556, 0]]),
    "2020": np.array([[1, 0, 1.4746], [1, -0.164553, -0.571353], [1, 1.8814, 0]]),
}
_MATRIX_NAMES = {1: "709", 5: "601", 6: "601", 9: "2020", 10: "2020"}
"""By the colour space that the stream declares (ITU-T H.273)."""

Pattern = NDArray[np.float32]
"""Luma with mean 0 and mean deviation near 1, any shape."""


@dataclass(frozen=True)
class Look:
    """What one frame looks like."""

    luminance: float
    """Mean luma."""
    colour: FloatArray
    """Mean red, green and blue, shape [3]."""
    edges: float
    """Share of the picture that is edge."""
    pattern: Pattern
    """What motion is measured on."""


class Eye:
    """Looks at frames; keeps the scalers between frames of one file. Not for more than one thread."""

    def __init__(self) -> None:
        self._small, self._tiny = VideoReformatter(), VideoReformatter()
        self._height: int | None = None

    def look(self, frame: Any) -> Look:
        """Measure a decoded frame (`av.VideoFrame`)."""
        if self._height is None:  # kept for the whole file, should the size change in the middle
            self._height = min(max(2 * round(WIDTH * frame.height / frame.width / 2), 16), 2 * WIDTH)
        small = self._small.reformat(
            frame, WIDTH, self._height, "yuv420p", interpolation="AREA", dst_color_range="JPEG", threads=1
        )
        luma = _plane(small, 0).astype(np.float32) / np.float32(255)
        chroma = [_plane(small, 1).mean() / 255 - 128 / 255, _plane(small, 2).mean() / 255 - 128 / 255]
        luminance = float(luma.mean())
        return Look(
            luminance=luminance,
            colour=np.clip(_matrix(frame) @ np.array([luminance, *chroma]), 0, 1),
            edges=_edge_density(luma),
            pattern=_pattern(luma),
        )

    def glimpse(self, frame: Any) -> Pattern:
        """The pattern of a decoded frame, quickly: enough to see when something starts to move."""
        width, height = GLIMPSE
        tiny = self._tiny.reformat(
            frame, width, height, "gray", interpolation="FAST_BILINEAR", dst_color_range="JPEG", threads=1
        )
        return _pattern(_plane(tiny, 0).astype(np.float32) / np.float32(255))


def motion_between(one: Pattern, other: Pattern) -> float:
    """Motion energy between two frames of one shot, 0 (the same picture) to 1."""
    return float(1 - np.exp(-np.abs(one - other).mean() / LIVELY))


def change(luminance: FloatArray, colour: FloatArray, edges: FloatArray) -> FloatArray:
    """How much light, colour and edges differ from the sample before, 0 to 1, shape [samples]; cuts included.

    NaN where there is no picture; 0 where there was none before.

    Args:
        luminance: shape [samples].
        colour: shape [samples, 3].
        edges: shape [samples].
    """
    columns = np.column_stack([luminance, colour, edges])
    steps = np.abs(np.diff(columns, axis=0, prepend=columns[:1])).max(axis=1)
    return np.where(np.isnan(luminance), np.nan, np.nan_to_num(np.minimum(steps, 1.0)))


def _edge_density(luma: NDArray[np.float32]) -> float:
    across = np.abs(luma[1:, 1:] - luma[1:, :-1])
    down = np.abs(luma[1:, 1:] - luma[:-1, 1:])
    return float((across + down > EDGE).mean())


def _pattern(luma: NDArray[np.float32]) -> Pattern:
    pattern: Pattern = luma - luma.mean()
    pattern /= np.abs(pattern).mean() + np.float32(CONTRAST_FLOOR)
    return pattern


def _plane(frame: Any, number: int) -> NDArray[np.uint8]:
    """One plane of a frame, without its padding, shape [height, width]."""
    plane = frame.planes[number]
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]


def _matrix(frame: Any) -> FloatArray:
    """From luma and chroma to red, green and blue, as the frame means it."""
    if frame.format.is_rgb:
        return _RGB_OF_YUV["601"]  # how the scaler makes luma of RGB
    return _RGB_OF_YUV[_MATRIX_NAMES.get(int(frame.colorspace), "709" if frame.height >= 720 else "601")]
