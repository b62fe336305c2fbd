"""The fake's time: it stands still unless it is pumped, or follows the real one."""

from __future__ import annotations

import time


class Clock:
    """Seconds since an unknown moment, and the time of day that belongs to them.

    Args:
        real: follow the machine's clock and really wait; otherwise only `wait` moves the time.
    """

    def __init__(self, real: bool = False) -> None:
        self.real = real
        self._start = time.monotonic()
        self._day = time.time()
        self._moved = 0.0

    def elapsed(self) -> float:
        """Seconds since this was made."""
        return (time.monotonic() - self._start if self.real else 0.0) + self._moved

    def precise(self) -> float:
        """What `time_precise` says."""
        return 1000.0 + self.elapsed()

    def time_of_day(self) -> int:
        """Whole seconds since 1970."""
        return int(self._day + self.elapsed())

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        if self.real:
            time.sleep(seconds)
        else:
            self._moved += seconds
