"""Audio too long for memory lies in memory-mapped files; what has been read of them is let go again."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.atomic import disk_errors
from core.brief import Audio

BYTES = 8
"""Of a stereo sample, float32."""


def mapped(file: Path, samples: int) -> Audio:
    """Silence of shape [samples, 2] that lies in a new file, which lives as long as somebody holds the array.

    Raises:
        UnusableInput: the disk has no room for it.
    """
    with disk_errors(file), file.open("w+b") as opened:
        _reserve(opened, samples * BYTES)
        place = mmap.mmap(opened.fileno(), samples * BYTES)
    return np.frombuffer(place, dtype=np.float32).reshape(samples, 2)


def let_go(audio: Audio, first: int = 0, samples: int | None = None) -> None:
    """Give back the memory that a mapped array has taken, all of it or a span; the data stays in its file.

    Does nothing for arrays that lie in memory, for private copies, and where the system offers no way.
    """
    owner: object = audio
    while isinstance(owner, np.ndarray):
        if isinstance(owner, np.memmap) and owner.mode == "c":
            return
        owner = owner.base
    if isinstance(owner, memoryview):
        owner = owner.obj
    if not isinstance(owner, mmap.mmap) or not hasattr(owner, "madvise"):
        return
    if samples is None:
        owner.madvise(mmap.MADV_DONTNEED)
        return
    start = first * BYTES // mmap.PAGESIZE * mmap.PAGESIZE
    owner.madvise(mmap.MADV_DONTNEED, start, (first + samples) * BYTES - start)


def _reserve(file: BinaryIO, size: int) -> None:
    """Take all of a file's room on the disk now: a map that finds none later would end the process, not raise."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    zeros = bytes(1 << 20)
    for start in range(0, size, len(zeros)):
        file.write(zeros[: size - start])
    file.flush()
