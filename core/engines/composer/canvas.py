"""Where a stem is written: in memory when it is short, in a mapped file when it is long."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np

from core.brief import Audio
from core.engines.composer.instruments.stroke import Sound

_BYTES = 8
"""Of a stereo sample."""


class Canvas:
    """Stereo audio that is filled from the start to the end and then read.

    Args:
        samples: length.
        file: where it lies, or None to keep it in memory. The file lives as long as somebody holds `audio`, and must
            be removed by whoever owns its folder.
    """

    def __init__(self, samples: int, file: Path | None) -> None:
        self._map: mmap.mmap | None = None
        if file is None:
            self.audio: Audio = np.zeros((samples, 2), dtype=np.float32)
            return
        with file.open("w+b") as opened:
            opened.truncate(samples * _BYTES)
            self._map = mmap.mmap(opened.fileno(), samples * _BYTES)
        self.audio = np.frombuffer(self._map, dtype=np.float32).reshape(samples, 2)

    def write(self, first: int, sound: Sound) -> None:
        """Put `sound` (shape [2, samples]) at sample `first`, and let finished pages of a file leave memory."""
        count = min(sound.shape[1], len(self.audio) - first)
        self.audio[first : first + count, 0] = sound[0, :count]
        self.audio[first : first + count, 1] = sound[1, :count]
        if self._map is not None and hasattr(self._map, "madvise"):
            start = first * _BYTES // mmap.PAGESIZE * mmap.PAGESIZE
            self._map.madvise(mmap.MADV_DONTNEED, start, (first + count) * _BYTES - start)
