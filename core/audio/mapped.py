"""Audio too long for memory lies in memory-mapped files; what has been read of them is let go again."""

from __future__ import annotations

import mmap

import numpy as np

from core.brief import Audio


def let_go(audio: Audio) -> None:
    """Give back the memory that reading a mapped array has taken; the data stays in its file.

    Does nothing for arrays that lie in memory, for private copies, and where the system offers no way.
    """
    owner: object = audio
    while isinstance(owner, np.ndarray):
        if isinstance(owner, np.memmap) and owner.mode == "c":
            return
        owner = owner.base
    if isinstance(owner, mmap.mmap) and hasattr(owner, "madvise"):
        owner.madvise(mmap.MADV_DONTNEED)
