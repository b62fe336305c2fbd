"""Several files read side by side, each by one thread, while the caller's thread follows progress and cancellation."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, TypeVar

from av.error import FFmpegError

from core.brief import Media
from core.errors import Cancelled, UnusableInput
from core.picture.frames import Film, OpenMedia, unreadable
from core.watch import Watch

T = TypeVar("T")
Tick = Callable[[float], None]
"""Called with the work done since the last call."""

MOST_AT_ONCE = 4
"""Each open decoder holds its reference frames in memory."""
REPORT_EVERY_S = 0.1


@dataclass(frozen=True)
class Reel(Generic[T]):
    """A file and what is to be read from it."""

    media: Media
    read: Callable[[Film, Tick], T]
    work: float
    """How much work it is, in any unit; it calls `Tick` until it sums up to this."""


def side_by_side(
    reels: Iterable[Reel[T]], stretch: tuple[float, float], words: str, watch: Watch, open_media: OpenMedia
) -> list[tuple[Reel[T], T | UnusableInput]]:
    """Read all files, the longest work first.

    Args:
        reels: the files.
        stretch: from which fraction of the stage to which this goes.
        words: what is being done, for people.
        watch: told of stage "picture"; asked whether to go on.
        open_media: turns a medium into what PyAV opens.

    Returns:
        Each reel with what its `read` returned, or with why its file cannot be used.

    Raises:
        Cancelled: the user stopped the work; all files are closed.
    """
    order = sorted(reels, key=lambda reel: -reel.work)
    total = sum(reel.work for reel in order) or 1.0
    cores = os.cpu_count() or 1
    workers = max(1, min(len(order), cores, MOST_AT_ONCE))
    stop = threading.Event()
    tally = _Tally()
    start, end = stretch

    def check() -> None:
        if stop.is_set():
            raise Cancelled()

    def one(reel: Reel[T]) -> T | UnusableInput:
        check()
        try:
            with closing(Film(reel.media, open_media, max(1, cores // workers), check)) as film:
                return reel.read(film, tally.add)
        except UnusableInput as error:
            return error
        except (FFmpegError, OSError) as error:
            return unreadable(reel.media, error)

    with ThreadPoolExecutor(workers, "picture") as pool:
        waiting = {pool.submit(one, reel): reel for reel in order}
        try:
            running = set(waiting)
            while running:
                watch.report("picture", start + (end - start) * min(1.0, tally.done / total), words)
                running = wait(running, REPORT_EVERY_S).not_done
        except BaseException:
            stop.set()
            raise
    return [(reel, future.result()) for future, reel in waiting.items()]


class _Tally:
    """Work done by all threads together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.done = 0.0

    def add(self, work: float) -> None:
        with self._lock:
            self.done += work
