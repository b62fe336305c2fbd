"""Where a stem is written: in memory when it is short, in a mapped file when it is long."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.audio.mapped import let_go, mapped
from core.brief import Audio
from core.engines.composer.instruments.stroke import Sound


class Canvas:
    """Stereo audio that is filled from the start to the end and then read.

    Args:
        samples: length.
        file: where it lies, or None to keep it in memory. The file lives as long as somebody holds `audio`, and must
            be removed by whoever owns its folder.

    Raises:
        UnusableInput: the disk has no room for the file.
    """

    def __init__(self, samples: int, file: Path | None) -> None:
        self._in_file = file is not None
        self.audio: Audio = np.zeros((samples, 2), np.float32) if file is None else mapped(file, samples)

    def write(self, first: int, sound: Sound) -> None:
        """Put `sound` (shape [2, samples]) at sample `first`, and let finished pages of a file leave memory."""
        count = min(sound.shape[1], len(self.audio) - first)
        self.audio[first : first + count, 0] = sound[0, :count]
        self.audio[first : first + count, 1] = sound[1, :count]
        if self._in_file:
            let_go(self.audio, first, count)
