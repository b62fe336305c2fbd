"""What the edit shows, frame by frame: decoded, fitted into one size, and a slate where there is nothing to see.

Pictures are RGB, uint8, shape [height, width, 3]. They stream: a shot played backwards is held 32 frames at a time,
everything else one frame at a time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.brief import Edit, Media, Shot
from core.errors import UnusableInput
from core.picture.frames import Film, OpenMedia
from core.picture.retime import moment_at
from core.watch import Watch

Image = NDArray[np.uint8]
LONGER_SIDE = 640
_BACKWARDS = 32
_OPEN_FILMS = 4
_SLATE = (26, 27, 32)
_SLATE_INK = (150, 152, 160)


class Show:
    """Gives the pictures of an edit in order of record time."""

    def __init__(self, edit: Edit, watch: Watch, open_media: OpenMedia) -> None:
        """Look at the first medium that can be opened, for the shape of the picture.

        Args:
            edit: the shots.
            watch: asked whether to go on, for every packet read.
            open_media: turns a medium into what PyAV opens.
        """
        self._edit, self._watch, self._open_media = edit, watch, open_media
        self._films: OrderedDict[Media, Film | None] = OrderedDict()
        self.width, self.height = self._size()

    def close(self) -> None:
        """Let go of all files."""
        while self._films:
            self._let_go()

    def pictures(self) -> Iterator[Image]:
        """One picture for each frame of the range; the same array may come again."""
        for shot in self._edit.shots:
            yield from self._shot(shot)

    def _shot(self, shot: Shot) -> Iterator[Image]:
        slate = self._slate(shot)
        film = self._film(shot.media)
        if film is None:
            yield from (slate for _ in range(shot.frames))
            return
        step = shot.frames if shot.speed >= 0 else _BACKWARDS
        for first in range(0, shot.frames, step):
            frames = range(shot.first_frame + first, shot.first_frame + min(first + step, shot.frames))
            moments = [moment_at(shot, frame, self._edit.range.rate) for frame in frames]
            if shot.speed >= 0:
                yield from self._ascending(film, moments, slate)
            else:
                yield from reversed(list(self._ascending(film, moments[::-1], slate)))

    def _ascending(self, film: Film, moments: Sequence[Fraction], slate: Image) -> Iterator[Image]:
        """A picture for each moment; the slate where the file has none."""
        done = 0
        for seen in film.frames(moments):
            if not seen.wanted:
                continue
            yield from (slate for _ in range(done, seen.wanted.start))
            picture = self._fitted(seen.frame, film.pixel_aspect)
            yield from (picture for _ in seen.wanted)
            done = seen.wanted.stop
        yield from (slate for _ in range(done, len(moments)))

    def _film(self, media: Media | None) -> Film | None:
        """The medium, opened; None where there is none or it cannot be read."""
        if media is None or media.path is None:
            return None
        if media not in self._films:
            if len(self._films) >= _OPEN_FILMS:
                self._let_go()
            try:
                self._films[media] = Film(media, self._open_media, 1, self._watch.check)
            except UnusableInput:
                self._films[media] = None
        self._films.move_to_end(media)
        return self._films[media]

    def _let_go(self) -> None:
        film = self._films.popitem(last=False)[1]
        if film:
            film.close()

    def _size(self) -> tuple[int, int]:
        """Even width and height for all pictures: the first medium's shape, 16:9 where there is none."""
        shape = Fraction(16, 9)
        for shot in self._edit.shots:
            film = self._film(shot.media)
            seen = next(film.frames([max(shot.source_start, Fraction(0))]), None) if film else None
            if film and seen:
                shape = _shape(seen.frame, film.pixel_aspect)
                break
        return _even(min(Fraction(1), shape) * LONGER_SIDE), _even(min(Fraction(1), 1 / shape) * LONGER_SIDE)

    def _fitted(self, frame: Any, pixel_aspect: Fraction) -> Image:
        """The frame, upright, as large as fits, on black."""
        shape = _shape(frame, pixel_aspect)
        width = min(self.width, _even(self.height * shape))
        height = min(self.height, _even(self.width / shape))
        turns = round(frame.rotation / 90) % 4
        across, down = (height, width) if turns % 2 else (width, height)
        pixels = frame.reformat(across, down, "rgb24", threads=1).to_ndarray()
        if (width, height) == (self.width, self.height) and not turns:
            return np.asarray(pixels, np.uint8)
        picture = np.zeros((self.height, self.width, 3), np.uint8)
        left, top = (self.width - width) // 2, (self.height - height) // 2
        picture[top : top + height, left : left + width] = np.rot90(pixels, turns)
        return picture

    def _slate(self, shot: Shot) -> Image:
        """A dark picture with the shot's name."""
        picture: Image = np.full((self.height, self.width, 3), _SLATE, np.uint8)
        words = shot.name or shot.kind
        if shot.kind == "footage":
            words += " (offline)"
        return written(picture, words, Fraction(1, 2), _SLATE_INK)


def written(picture: Image, text: str, height: Fraction, ink: tuple[int, int, int]) -> Image:
    """A copy of the picture with a line of text in its middle, at a share of its height.

    The letters are OpenCV's strokes, which are ASCII: others are shown as question marks.
    """
    import cv2

    text = "".join(letter if " " <= letter <= "~" else "?" for letter in text)
    scale = picture.shape[1] / 900
    (wide, high), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    if wide > 0.9 * picture.shape[1]:
        scale *= 0.9 * picture.shape[1] / wide
        (wide, high), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    left, base = (picture.shape[1] - wide) // 2, int(picture.shape[0] * height) + high // 2
    copy = picture.copy()
    box = copy[max(0, base - high - 7) : base + 8, max(0, left - 9) : left + wide + 9]
    box[:] = box // 3
    cv2.putText(copy, text, (left, base), cv2.FONT_HERSHEY_SIMPLEX, scale, ink, 1, cv2.LINE_AA)
    return copy


def _shape(frame: Any, pixel_aspect: Fraction) -> Fraction:
    """Width by height as it is to be seen."""
    shape = Fraction(frame.width, frame.height) * pixel_aspect
    return 1 / shape if round(frame.rotation / 90) % 2 else shape


def _even(size: Fraction) -> int:
    return max(2, 2 * round(size / 2))
