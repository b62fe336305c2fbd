"""One lane of work: a worker process that is started when needed, watched, and started again when it dies.

    asleep ──wake──▶ starting ──ready──▶ idle ◀──▶ busy         a death leads back to starting;
                        ▲  │                                     START_ATTEMPTS deaths before ready in a row
                        └──┴── broken (tried again later)        make the lane broken for a while

A lane is used by the daemon's main loop and by the threads of its child; a lock keeps them apart, and is never held
while anything waits.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any, Literal

from core.errors import Cancelled, EngineNotReady, raised
from daemon.child import Child, environment
from daemon.devices import Device
from daemon.events import Changed, Died, Done, Failed, Progress
from daemon.settings import Settings

GRACE_S = 1.5
"""A cancelled job may take so long to end by itself; then its worker is killed."""
START_ATTEMPTS = 3
"""Deaths before ready, in a row, after which a lane is broken."""
BACK_OFF_S = (0.1, 0.5)
"""Seconds before the second and the third attempt."""
SETTLED_S = 10.0
"""A worker that dies over nothing so soon after it was ready, or had a job, may do so again and again."""
BREATH_S = 1.0
"""Seconds before it is started again: a process that only starts and dies would take a whole core for ever."""
BROKEN_S = 60.0
"""Seconds after which a broken lane is tried again."""
START_S = 300.0
"""A worker that is not ready by then hangs: it is killed, which counts as a death."""
LEAVING_S = 2.0
"""A worker sent to sleep may take so long to go."""

State = Literal["starting", "idle", "busy", "asleep", "broken"]

log = logging.getLogger("hitpoint.worker")


@dataclass(frozen=True)
class Work:
    """A job as a worker is handed it."""

    job: str
    kind: str
    request: Mapping[str, Any]
    attachment: bytes | None
    folder: Path


class Lane:
    """A worker process and what it does.

    Args:
        lane: "music" or "files".
        device: the device that its process owns.
        settings: memory, idle times, quota.
        tell: takes events; called on any thread.
        command: what starts a worker process.
    """

    def __init__(
        self, lane: str, device: Device, settings: Settings, tell: Callable[[object], None], command: Sequence[str]
    ) -> None:
        self.name = f"{lane} {device.name}"
        self._lane = lane
        self._device = device
        self._settings = settings
        self._tell = tell
        self._command = command
        self._lock = RLock()
        self.state: State = "asleep"
        self.why = ""
        """Why it is broken; empty when it is not."""
        self.engines: list[dict[str, Any]] | None = None
        """The engines, as its worker has told them."""
        self._child: Child | None = None
        self._leaving: list[tuple[Child, float]] = []
        """Workers sent to sleep, and when they are killed."""
        self._work: Work | None = None
        """What it works on, or will as soon as it is ready."""
        self._cancel_by: float | None = None
        """When the worker is killed, as its job was cancelled."""
        self._killed = False
        """The worker was killed for a cancelled job."""
        self._appearing = False
        """The job's result is about to appear: too late to cancel it."""
        self._left: list[dict[str, Any]] = []
        """Jobs whose worker died: the next one sweeps what they left hidden."""
        self._deaths = 0
        """Before ready, in a row."""
        self._again_at: float | None = None
        self._since = time.monotonic()
        """Starting or idle since."""
        self._late = False
        """The worker was killed as it did not get ready."""
        self._rested = True
        self._held: dict[str, int] = {}
        """Bytes that each warm engine holds."""
        self._closed = False

    # --- what the main loop asks for

    @property
    def free(self) -> bool:
        """Whether it takes a job now."""
        return self.state in ("idle", "asleep") and not self._closed

    def wake(self) -> None:
        """Start the worker, if it sleeps."""
        with self._lock:
            if self.state == "asleep" and not self._closed:
                self._spawn()

    def start(self, work: Work) -> None:
        """Hand over a job; a worker that is not ready gets it as soon as it is."""
        with self._lock:
            if self._work is not None:
                raise ValueError(f"{self.name} has a job already")
            self._work = work
            if self.state == "idle":
                self._hand_over()
            elif self.state == "broken":
                self._give_up(self.why)
            else:
                self.wake()

    def cancel(self, job: str) -> None:
        """Stop a job, if it is here."""
        with self._lock:
            if self._work is None or self._work.job != job or self._appearing or self._cancel_by is not None:
                return
            if self.state != "busy" or self._child is None:
                self._work = None  # it was not handed over yet
                self._tell(Failed(job, Cancelled()))
                return
            self._cancel_by = time.monotonic() + GRACE_S
            self._child.send({"op": "cancel", "job": job})

    def rest(self) -> None:
        """Let the worker give memory back, after its job if it has one."""
        with self._lock:
            if self._child is not None and self.state in ("idle", "busy"):
                self._rested = self.state == "idle"
                self._child.send({"op": "rest"})

    def tick(self, now: float) -> None:
        """Kill who does not heed a cancel, start again who died, let rest who has nothing to do."""
        with self._lock:
            self._kill_stragglers(now)
            if self._again_at is not None and now >= self._again_at and not self._closed:
                self._again_at = None
                self._spawn()
            if self._child is None:
                return
            if self.state == "starting" and now - self._since >= START_S and not self._late:
                self._late = True
                self._child.kill()
            if self.state != "idle":
                return
            idle = now - self._since
            if idle >= self._settings.exit_after_s:
                self._leaving.append((self._child, now + LEAVING_S))
                self._child.close()
                self._child = None
                self._held = {}
                self._become("asleep")
            elif idle >= self._settings.rest_after_s and not self._rested:
                self.rest()

    def told(self) -> dict[str, Any]:
        """The worker, as `status` tells it."""
        with self._lock:
            return {
                "name": self.name,
                "device": self._device.name,
                "lane": self._lane,
                "state": self.state,
                "pid": self._child.pid if self._child else None,
                "job": self._work.job if self._work else None,
                "engines": sorted(self._held),
                "bytes": sum(self._held.values()),
                "why": self.why,
            }

    # --- the end

    def close(self) -> None:
        """Ask the worker to end, and start none again."""
        with self._lock:
            self._closed = True
            for child in self._children():
                child.close()

    def terminate(self) -> None:
        """Tell the worker to end."""
        for child in self._children():
            child.kill(gently=True)

    def kill(self) -> None:
        """End the worker."""
        for child in self._children():
            child.kill()

    def wait(self, seconds: float) -> bool:
        """Whether the worker has ended within so many seconds."""
        by = time.monotonic() + seconds
        return all(child.wait(max(0.0, by - time.monotonic())) for child in self._children())

    def _children(self) -> list[Child]:
        with self._lock:
            return [*([self._child] if self._child else []), *(child for child, _ in self._leaving)]

    # --- the worker's life

    def _spawn(self) -> None:
        """Start a process; what becomes of it arrives on its threads, with the process it concerns."""
        self._since, self._late = time.monotonic(), False
        self._become("starting")
        self._held = {}
        variables = environment(self._device.environment)
        self._child = Child(self.name, self._command, variables, self._heard, self._ended)
        self._child.send(
            {
                "op": "hello",
                "parent": os.getpid(),
                "lane": self._lane,
                "device": self._device.name,
                "memory": round(self._settings.engine_memory_gb * 1e9),
                "quota": round(self._settings.cue_quota_gb * 1e9),
                "left": self._left,
            }
        )

    def _hand_over(self) -> None:
        assert self._child is not None
        assert self._work is not None
        work = self._work
        self._child.forget_said()
        self._child.send(
            {
                "op": "work",
                "job": work.job,
                "kind": work.kind,
                "request": work.request,
                "attachment": work.attachment,
                "folder": str(work.folder),
            }
        )
        self._rested = self._appearing = False
        self._become("busy")

    def _become(self, state: State) -> None:
        self.state = state
        if state != "broken":
            self.why = ""
        self._tell(Changed())

    def _kill_stragglers(self, now: float) -> None:
        if self._cancel_by is not None and now >= self._cancel_by and self._child is not None:
            log.warning("%s does not heed a cancel, and is killed", self.name)
            self._cancel_by = None
            self._killed = True
            self._child.kill()
        for child, by in self._leaving:
            if now >= by:
                child.kill()
        self._leaving = [(child, by) for child, by in self._leaving if not child.wait(0)]

    # --- on the threads of the child

    def _heard(self, child: Child, message: dict[str, Any]) -> None:
        """A message from the worker; what of it cannot be understood raises KeyError, TypeError or ValueError."""
        with self._lock:
            if child is not self._child:
                return
            event = message["event"]
            if event == "ready":
                self._ready(message)
            elif event == "held":
                self._held = {str(name): int(size) for name, size in message["held"].items()}
            elif self._work is None or message["job"] != self._work.job:
                raise ValueError(f"{event} of a job that it does not have")
            else:
                self._of_the_job(event, self._work.job, message)

    def _ready(self, message: Mapping[str, Any]) -> None:
        self._deaths = 0
        self._left = []
        self.engines = message["engines"] if message["engines"] is not None else self.engines
        self._since = time.monotonic()
        if self._work is not None:
            self._hand_over()
        else:
            self._become("idle")

    def _of_the_job(self, event: str, job: str, message: Mapping[str, Any]) -> None:
        if event == "progress":
            self._tell(Progress(job, str(message["stage"]), float(message["fraction"]), str(message["words"])))
        elif event == "appearing":
            # What is left is a rename; killing now would leave open whether it was done.
            self._appearing, self._cancel_by = True, None
        elif event == "done":
            self._end(Done(job, dict(message["result"])))
        elif event == "failed":
            self._end(Failed(job, raised(message["error"])))
        else:
            raise ValueError(f"{event!r} is no event")

    def _end(self, event: Done | Failed) -> None:
        """The job has ended, and the worker is free, unless it is being killed at this moment."""
        self._work = None
        self._cancel_by = None
        self._since = time.monotonic()
        self._tell(event)
        if not self._killed:
            self._become("idle")

    def _ended(self, child: Child, reason: str) -> None:
        """The worker's process has ended."""
        with self._lock:
            if child is not self._child or self._closed:
                return
            if self._late:
                reason = f"The worker was not ready after {START_S:.0f} s"
            was_ready = self.state in ("idle", "busy")
            work = self._work if self.state == "busy" else None
            killed, self._killed, self._cancel_by = self._killed, False, None
            self._child = None
            if work is not None:
                self._work = None
                self._left.append({"kind": work.kind, "request": work.request})
                self._tell(Failed(work.job, Cancelled()) if killed else Died(work.job, reason))
            elif not killed:
                self._tell(Died(None, reason))
            if not killed:
                log.warning("%s: %s", self.name, reason)
            now = time.monotonic()
            if not was_ready:
                self._died_starting(reason)
            elif work is None and not killed and now - self._since < SETTLED_S:
                self._again_at = now + BREATH_S
                self._become("starting")
            else:
                self._spawn()

    def _died_starting(self, reason: str) -> None:
        """Try again after a while; after some deaths in a row, after a long while."""
        self._deaths += 1
        if self._deaths < START_ATTEMPTS:
            self._again_at = time.monotonic() + BACK_OFF_S[self._deaths - 1]
            self._tell(Changed())
            return
        self._again_at = time.monotonic() + BROKEN_S
        self.why = f"No worker can be started: {reason[:1].lower()}{reason[1:]}"
        self._give_up(self.why)
        self._become("broken")

    def _give_up(self, why: str) -> None:
        """The job that waits for a worker to be ready fails."""
        if self._work is not None:
            job, self._work = self._work.job, None
            self._tell(Failed(job, EngineNotReady(why, do="`hitpoint doctor` says what is wrong.")))
