"""Short movies at any rate: moods that differ, each with a sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SECONDS = 4
MOODS = ("calm", "storm", "joy")
_WIDTH, _HEIGHT, _SOUND = 96, 54, 48_000


def movies(folder: Path, rate: Fraction) -> list[Path]:
    """One movie for each mood, `SECONDS` long and a little more; what is there already is not made again."""
    made = []
    for mood in MOODS:
        path = folder / f"{mood} {float(rate):.3f}.mov"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _make(path, mood, rate)
        made.append(path)
    return made


def _make(path: Path, mood: str, rate: Fraction) -> None:
    frames = int(SECONDS * rate) + 8
    with av.open(str(path), "w") as movie:
        picture = movie.add_stream("mpeg4", rate=rate)
        picture.width, picture.height, picture.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        sound = movie.add_stream("pcm_s16le", rate=_SOUND, layout="stereo")
        for number in range(frames):
            movie.mux(picture.encode(av.VideoFrame.from_ndarray(_drawn(mood, number / float(rate)), format="rgb24")))
        movie.mux(picture.encode(None))
        hum = np.zeros((1, 2 * int(frames / rate * _SOUND)), np.int16)
        block = av.AudioFrame.from_ndarray(hum, format="s16", layout="stereo")
        block.sample_rate = _SOUND
        movie.mux(sound.encode(block))
        movie.mux(sound.encode(None))


def _drawn(mood: str, seconds: float) -> np.ndarray:
    y, x = np.mgrid[0:_HEIGHT, 0:_WIDTH]
    if mood == "calm":
        light = 70 + 20 * np.sin(x / 30 + seconds / 3)
        colour = (0.4, 0.6, 1.0)
    elif mood == "storm":
        light = 128 + 120 * np.sign(np.sin(x / 4 + 25 * seconds) * np.sin(y / 5 - 17 * seconds))
        colour = (1.0, 0.3, 0.3)
    else:
        light = 170 + 70 * np.sin(x / 9 - 6 * seconds) * np.cos(y / 9 + 4 * seconds)
        colour = (1.0, 0.9, 0.5)
    drawn: np.ndarray = np.clip(light[..., None] * np.array(colour), 0, 255).astype(np.uint8)
    return drawn
