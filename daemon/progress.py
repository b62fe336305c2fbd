"""How far a whole job is, from how far each of its stages is.

The shares were measured on edits of half a minute to ten minutes with the composer. They differ with the footage; what
people see is that the bar moves, and never backwards.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

BETWEEN_S = 0.05
"""At most twenty times a second is progress told, changes of stage always."""
MOST = 0.99
"""Done is only what has appeared."""

SHARES = {
    "waiting": (0.0, 0.0),
    "timeline": (0.0, 0.02),
    "cuts": (0.02, 0.15),
    "picture": (0.15, 0.40),
    "rhythm": (0.40, 0.50),
    "compose": (0.50, 0.52),
    "render": (0.52, 0.80),
    "audio": (0.80, 0.90),
    "cue": (0.90, 1.0),
    "export": (0.0, 1.0),
    "check": (0.0, 1.0),
}
"""Stage → where it begins and ends in the whole job."""
MUSIC = (0.50, 0.80)
"""Any other stage is an engine's own."""
PASSES = {
    "looking": (0.80, 0.81),
    "measuring": (0.81, 0.83),
    "holding": (0.83, 0.84),
    "writing": (0.84, 0.90),
    "splicing": (0.80, 0.90),
}
"""The audio stage goes over the sound more than once; what it is at is the first of its words."""


class Progress:
    """Reports of one job, made into reports of the whole.

    Args:
        tell: called with the stage, the fraction of the whole job (never falling) and words, on any thread.
        clock: seconds.
    """

    def __init__(self, tell: Callable[[str, float, str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self._clock = clock
        self._lock = Lock()
        self._stage = ""
        self._fraction = 0.0
        self._told_at = 0.0

    def report(self, stage: str, fraction: float, words: str = "") -> None:
        """Take a stage's own report, as `core.watch.Watch` gives it."""
        begin, end = _share(stage, words)
        whole = min(MOST, begin + (end - begin) * min(1.0, max(0.0, fraction)))
        with self._lock:
            self._fraction = max(self._fraction, whole)
            now = self._clock()
            if stage == self._stage and now - self._told_at < BETWEEN_S:
                return
            self._stage, self._told_at = stage, now
            self._tell(stage, self._fraction, words)


def _share(stage: str, words: str) -> tuple[float, float]:
    if stage == "audio":
        return PASSES.get(words.partition(" ")[0], SHARES["audio"][:1] * 2)
    return SHARES.get(stage, MUSIC)
