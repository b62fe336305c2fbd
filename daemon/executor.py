"""Where jobs run: one small interface, and its form on one workstation, worker processes.

Whoever calls it stays in one thread: every method but `stop` returns at once, and what happens comes back as events in
the inbox. Another executor (a cluster) may stand in its place.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from daemon.devices import CPU, devices
from daemon.events import Changed, Died, Done, Failed, Progress
from daemon.home import Home
from daemon.inbox import Inbox
from daemon.lane import Lane, Work
from daemon.settings import Settings

__all__ = ["Changed", "Died", "Done", "Executor", "Failed", "Processes", "Progress"]

LIGHT_KINDS = frozenset({"takes", "export", "cue", "lay"})
"""Jobs that need no device; they have a worker of their own, which is started when one comes."""
STOP_STEPS_S = (0.7, 0.6, 0.5)
"""Seconds that workers have to end by themselves, then when told to, then when killed."""

_READINESS = ("idle", "asleep", "starting", "broken", "busy")


class Executor(Protocol):
    """Runs jobs, each in a worker of its lane; called from one thread."""

    def free(self, kind: str) -> bool:
        """Whether a job of that kind can be started now; a sleeping worker is woken by `start`."""
        ...

    def start(self, job: str, kind: str, request: Mapping[str, Any], attachment: bytes | None, folder: Path) -> None:
        """Start a job where `free` has said that it can be.

        Args:
            job: its id.
            kind: "score", "reroll", "takes", "export", "cue" or "lay".
            request: the fields of the operation.
            attachment: the timeline's text, when it travelled.
            folder: the job's own folder, kept until the job has ended for good.
        """
        ...

    def cancel(self, job: str) -> None:
        """Stop a running job: within 2 s `Failed(job, Cancelled())` arrives and its worker is free.

        A job whose result is about to appear is past that: it ends as done.
        """
        ...

    def rest(self) -> None:
        """Give device memory back, where a job runs as soon as it has ended."""
        ...

    def workers(self) -> list[dict[str, Any]]:
        """The workers, as `status` tells them."""
        ...

    def engines(self) -> list[dict[str, Any]] | None:
        """The engines, as `hitpoint engines` lists them; None until a worker has told them."""
        ...

    def broken(self, kind: str) -> str:
        """Why no worker for that kind of job can be started; empty when one can."""
        ...

    def tick(self, now: float) -> None:
        """See to everything that has its time; called at least every 100 ms with `time.monotonic()`."""
        ...

    def stop(self) -> None:
        """End all workers within 2 s."""
        ...


class Processes:
    """Worker processes on this machine: one for each device, and one for work on files.

    Args:
        home: the program's own state.
        settings: devices, memory, idle times, quota.
        inbox: where events go.
        command: what starts a worker process.

    Raises:
        WrongUse: the settings name a device that is not there.
    """

    def __init__(
        self,
        home: Home,
        settings: Settings,
        inbox: Inbox,
        command: Sequence[str] = (sys.executable, "-m", "daemon.worker"),
    ) -> None:
        self._home = home
        self._music = [Lane("music", device, settings, inbox.put, command) for device in devices(settings)]
        self._files = [Lane("files", CPU, settings, inbox.put, command)]
        for lane in self._music:
            lane.wake()

    def free(self, kind: str) -> bool:
        """Whether a job of that kind can be started now."""
        return any(lane.free for lane in self._lanes(kind))

    def start(self, job: str, kind: str, request: Mapping[str, Any], attachment: bytes | None, folder: Path) -> None:
        """Start a job, on a worker that is awake if there is one."""
        lane = min(self._lanes(kind), key=lambda lane: _READINESS.index(lane.state))
        lane.start(Work(job, kind, request, attachment, folder))

    def cancel(self, job: str) -> None:
        """Stop a running job; asked first, its worker is killed when it does not listen."""
        for lane in self._all():
            lane.cancel(job)

    def rest(self) -> None:
        """Let all workers that are awake give memory back."""
        for lane in self._all():
            lane.rest()

    def workers(self) -> list[dict[str, Any]]:
        """The workers, as `status` tells them."""
        return [lane.told() for lane in self._all()]

    def engines(self) -> list[dict[str, Any]] | None:
        """The engines, as the worker that was ready first has told them."""
        return next((lane.engines for lane in self._music if lane.engines is not None), None)

    def broken(self, kind: str) -> str:
        """Why no worker for that kind of job can be started; empty when one can."""
        reasons = [lane.why for lane in self._lanes(kind)]
        return reasons[0] if all(reasons) else ""

    def tick(self, now: float) -> None:
        """See to cancels that are not heeded, workers to be started again, and idle times."""
        for lane in self._all():
            lane.tick(now)

    def stop(self) -> None:
        """End all workers: their pipes are closed, then they are told to, then they are killed."""
        lanes = self._all()
        for end, seconds in zip((Lane.close, Lane.terminate, Lane.kill), STOP_STEPS_S, strict=True):
            for lane in lanes:
                end(lane)
            by = time.monotonic() + seconds
            if all(lane.wait(by - time.monotonic()) for lane in lanes):
                return

    def _lanes(self, kind: str) -> list[Lane]:
        return self._files if kind in LIGHT_KINDS else self._music

    def _all(self) -> list[Lane]:
        return [*self._music, *self._files]
