"""What an executor tells the daemon's main loop, through the inbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
    """The start of a sentence: "The worker was killed (signal 9)"."""


@dataclass(frozen=True)
class Changed:
    """A worker's state changed: one is free, ready or broken."""
