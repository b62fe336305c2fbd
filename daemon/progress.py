"""How far a whole job is, from how far each of its stages is.

The shares were measured on edits of half a minute to ten minutes with the composer. They differ with the footage; what
people see is that the bar moves, and never backwards.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

BETWEEN_S = 0.05
"""At most twenty times a second is progress told, changes of stage always."""
MOST = 0.99
"""Done is only what has appeared."""

Share = tuple[float, float]
"""Where something begins and ends in the whole job."""

SHARES: Mapping[str, Share] = {
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
    "pieces": (0.0, 1.0),
    "check": (0.0, 1.0),
}
"""Of each stage."""
PASSES: Mapping[str, Share] = {
    "laying": (0.50, 0.50),
    "looking": (0.80, 0.81),
    "measuring": (0.81, 0.83),
    "holding": (0.83, 0.84),
    "writing": (0.84, 0.90),
    "splicing": (0.80, 0.90),
}
"""The audio stage goes over the sound more than once; what it is at is the first of its words."""


@dataclass(frozen=True)
class Way:
    """How the stages of a kind of job follow each other."""

    shares: Mapping[str, Share]
    passes: Mapping[str, Share]
    music: Share
    """Of any stage that is not named: it is an engine's own."""


SCORE = Way(SHARES, PASSES, (0.50, 0.80))
"""From a timeline to a cue."""
REROLL = Way(
    {**SHARES, "compose": (0.0, 0.15), "render": (0.15, 0.50), "audio": (0.50, 0.85), "cue": (0.85, 1.0)},
    {"looking": (0.50, 0.60), "splicing": (0.60, 0.85)},
    (0.0, 0.50),
)
"""A hole in a cue that stands: neither timeline nor picture is looked at."""
CHOICE = Way(
    {**SHARES, "audio": (0.0, 0.70), "cue": (0.70, 1.0)}, {"looking": (0.0, 0.20), "splicing": (0.20, 0.70)}, (0.0, 0.0)
)
"""Among takes that are there: no music is made."""


def way_of(kind: str, request: Mapping[str, Any]) -> Way:
    """How a job goes; following a changed edit is much like scoring it."""
    if kind == "reroll" and not request.get("timeline"):
        return REROLL
    return CHOICE if kind == "takes" else SCORE


class Progress:
    """Reports of one job, made into reports of the whole.

    Args:
        tell: called with the stage, the fraction of the whole job (never falling) and words, on any thread.
        way: how the job goes.
        clock: seconds.
    """

    def __init__(
        self,
        tell: Callable[[str, float, str], None],
        way: Way = SCORE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._way = way
        self._clock = clock
        self._lock = Lock()
        self._stage = ""
        self._fraction = 0.0
        self._told_at = 0.0

    def report(self, stage: str, fraction: float, words: str = "") -> None:
        """Take a stage's own report, as `core.watch.Watch` gives it."""
        begin, end = _share(self._way, stage, words)
        whole = min(MOST, begin + (end - begin) * min(1.0, max(0.0, fraction)))
        with self._lock:
            self._fraction = max(self._fraction, whole)
            now = self._clock()
            if stage == self._stage and now - self._told_at < BETWEEN_S:
                return
            self._stage, self._told_at = stage, now
            self._tell(stage, self._fraction, words)


def _share(way: Way, stage: str, words: str) -> Share:
    if stage == "audio":
        begin, _ = way.shares["audio"]
        return way.passes.get(words.partition(" ")[0], (begin, begin))
    return way.shares.get(stage, way.music)
