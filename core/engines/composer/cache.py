"""What was worked out once and is used again, within a bound of memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]


class Cache:
    """Arrays by key, the least recently used forgotten first; safe to share between threads.

    What a key stands for must depend on the key alone, so that forgetting and making again changes nothing.

    Args:
        limit: bytes that may be kept; a single larger array is made but not kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[Hashable, Sound] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Sound]) -> Sound:
        """The array of that key, made when it is not there. It is shared: nobody may write into it."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()  # outside the lock: two threads may make the same thing, which costs time only
        made.setflags(write=False)
        with self._lock:
            if key not in self._kept and made.nbytes <= self._limit:
                self._kept[key] = made
                self._bytes += made.nbytes
                while self._bytes > self._limit:
                    self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return made

    def held(self) -> int:
        """Bytes that are kept now."""
        return self._bytes

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0
