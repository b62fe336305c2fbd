"""Where jobs run: one small interface, the events it gives, and its form on one workstation, processes.

Whoever calls it stays in one thread: every method returns at once, and what happens comes back as events in the inbox.
Another executor (a cluster) may stand in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from core.errors import HitpointError


@dataclass(frozen=True)
class Progress:
    """How far a job is; never backwards."""

    job: str
    stage: str
    fraction: float
    """Of the whole job, 0 to 1."""
    words: str


@dataclass(frozen=True)
class Done:
    """A job is done, and what it made is durable."""

    job: str
    result: Mapping[str, Any]


@dataclass(frozen=True)
class Failed:
    """A job failed or was cancelled; its worker lives or was ended on purpose."""

    job: str
    error: HitpointError


@dataclass(frozen=True)
class Died:
    """A worker died by itself."""

    job: str | None
    """What it worked on."""
    reason: str
    """As a sentence: "The worker was killed (signal 9)"."""


@dataclass(frozen=True)
class Changed:
    """A worker's state changed: one is free, ready or broken."""


class Executor(Protocol):
    """Runs jobs, each in a worker of its lane; called from one thread."""

    def free(self, kind: str) -> bool:
        """Whether a job of that kind can be started now; a sleeping worker is woken by `start`."""
        ...

    def start(self, job: str, kind: str, request: Mapping[str, Any], attachment: bytes | None, folder: Path) -> None:
        """Start a job where `free` has said that it can be.

        Args:
            job: its id.
            kind: "score", "export" or "cue".
            request: the fields of the operation.
            attachment: the timeline's text, when it travelled.
            folder: the job's own folder, kept until the job has ended for good.
        """
        ...

    def cancel(self, job: str) -> None:
        """Stop a running job: `Failed(job, Cancelled())` arrives within 2 s, unless it ends otherwise before."""
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
