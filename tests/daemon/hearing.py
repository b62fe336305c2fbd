"""An executor in a test: started, ticked, and listened to."""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from daemon.executor import Changed, Died, Done, Failed, Processes
from daemon.home import Home
from daemon.inbox import Inbox
from daemon.settings import Settings

PATIENCE_S = 60.0
"""However busy the machine is, what has not happened by then does not happen."""
LITTLE = (sys.executable, "-m", "tests.daemon.little_worker")
USUAL = Settings()
REAL = (sys.executable, "-m", "tests.daemon.worker_with_engines")


class Heard:
    """An executor and the events that it has given."""

    def __init__(self, executor: Processes, inbox: Inbox, folder: Path) -> None:
        self.executor = executor
        self.events: list[object] = []
        self._inbox = inbox
        self._folder = folder

    def listen(self) -> list[object]:
        """Be the main loop for a moment; what came in."""
        select.select([self._inbox.fileno()], [], [], 0.02)
        new = [event for event in self._inbox.drain() if not isinstance(event, Changed)]
        self.executor.tick(time.monotonic())
        self.events += new
        return new

    def until(self, happened: Callable[[], bool]) -> None:
        """Be the main loop until something is so."""
        by = time.monotonic() + PATIENCE_S
        while not happened():
            assert time.monotonic() < by, f"nothing of the kind in {self.events}"
            self.listen()

    def until_free(self, kind: str = "score") -> None:
        self.until(lambda: self.executor.free(kind))

    def start(self, job: str, request: Mapping[str, Any], kind: str = "score", attachment: bytes | None = None) -> None:
        self.executor.start(job, kind, request, attachment, self._folder / job)

    def end_of(self, job: str) -> Done | Failed | Died:
        """Wait for how a job ends; the event is then forgotten."""
        ends: list[Done | Failed | Died] = []

        def ended() -> bool:
            ends[:] = [event for event in self.events if isinstance(event, Done | Failed | Died) and event.job == job]
            return bool(ends)

        self.until(ended)
        self.events.remove(ends[0])
        return ends[0]

    def result_of(self, job: str, request: Mapping[str, Any], kind: str = "score", **more: Any) -> Mapping[str, Any]:
        """Do a job that succeeds."""
        self.until_free(kind)
        self.start(job, request, kind, **more)
        end = self.end_of(job)
        assert isinstance(end, Done), end
        return end.result

    def error_of(self, job: str, request: Mapping[str, Any], kind: str = "score") -> str:
        """Do a job that fails; the error's sentence."""
        self.until_free(kind)
        self.start(job, request, kind)
        end = self.end_of(job)
        assert isinstance(end, Failed), end
        return str(end.error)

    def worker(self, lane: str = "music") -> dict[str, Any]:
        """The worker of a lane, as `status` tells it."""
        return next(worker for worker in self.executor.workers() if worker["lane"] == lane)


@contextmanager
def executor(folder: Path, command: Sequence[str] = LITTLE, settings: Settings = USUAL) -> Iterator[Heard]:
    """Worker processes for the time of a test."""
    inbox = Inbox()
    processes = Processes(Home(folder), settings, inbox, command)
    try:
        yield Heard(processes, inbox, folder / "jobs")
    finally:
        processes.stop()
        inbox.close()
