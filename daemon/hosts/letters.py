"""Requests as files in the mailbox: how long each has rested, and what is read of it.

Nothing here trusts a file: it is read under a cap, never through a link, and only once it is whole.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import UnusableInput
from daemon.arrivals import Mark
from daemon.hosts.request import pairs
from daemon.wire import MAX_ATTACHMENT

QUICK = frozenset({"cancel", "placed", "options"})
"""Actions that are answered at once, whatever else goes on; their timeline is not looked at."""


@dataclass(frozen=True)
class Pace:
    """How long is waited for what, in seconds."""

    rescan: float = 1.0
    """Between two looks at the folder where no event tells of anything."""
    rest: float = 0.2
    """Without a change, after which a request is read."""
    give_up: float = 10.0
    """At rest, after which a request that is still no timeline is told to be none."""
    tell: float = 2.0
    """Between two words of the daemon's life."""


class Later(Exception):
    """A request is left for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Gone(Exception):
    """A request that whoever laid it has taken back."""


@dataclass
class Letter:
    """A request's file, from its arrival to its answer."""

    name: str
    mark: Mark
    since: float
    """When its last change was seen, by our own clock."""
    due: float
    """When it is to be read."""
    taken: bool = False
    """Whether a thread works on it."""
    at_once: bool = False
    """Whether that thread is one of those for quick answers."""
    heard: bool = False
    """Whether its script was told that it waits."""
    cancelled: threading.Event = field(default_factory=threading.Event)
    told: Mapping[str, str] = field(init=False)
    """What its name says, as written."""

    def __post_init__(self) -> None:
        self.told = pairs(self.name)

    @property
    def id(self) -> str:
        """The request's."""
        return self.told["id"]

    @property
    def quick(self) -> bool:
        """Whether it is answered at once."""
        return self.cancelled.is_set() or self.told.get("do") in QUICK

    @property
    def key(self) -> str:
        """What its timeline is known by."""
        return f"{self.told.get('p')}-{self.told.get('t')}"


def content(folder: Path, letter: Letter, pace: Pace) -> bytes:
    """The timeline in a letter; for a quick one as it is, else once it is whole.

    Raises:
        Gone: the file is not there any more.
        Later: it has changed, or is not whole yet.
        UnusableInput: it is too large, cannot be read, or has rested for long and is no timeline.
    """
    found = _read(folder, letter, pace)
    if not letter.quick and not _is_whole(found):
        raise _waits(letter, pace, "The exported timeline is not whole")
    return found


def _read(folder: Path, letter: Letter, pace: Pace) -> bytes:
    if letter.mark.size > MAX_ATTACHMENT:
        what = f"The exported timeline has {letter.mark.size} bytes; at most {MAX_ATTACHMENT} are read"
        raise UnusableInput(what, letter.name, "Export only the part that is to be scored.")
    flags = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
    try:
        with open(folder / letter.name, "rb", opener=lambda name, _: os.open(name, flags)) as file:
            if Mark.of(os.fstat(file.fileno())) != letter.mark:
                raise Later(0.0)  # the next look sees it anew
            return file.read(letter.mark.size + 1)
    except FileNotFoundError:
        raise Gone from None
    except OSError as error:
        what = f"The exported timeline cannot be read: {error.strerror or error}"
        raise _waits(letter, pace, what) from None


def _is_whole(text: bytes) -> bool:
    """Whether a text is a JSON object; it is parsed object by object, so that other threads get their turn."""
    try:
        return json.loads(text, object_pairs_hook=lambda _: True) is True and text.lstrip()[:1] == b"{"
    except (ValueError, RecursionError):
        return False


def _waits(letter: Letter, pace: Pace, what: str) -> Exception:
    """What is raised of a file that is not as it must be: it waits; once it has rested for long, a sentence."""
    rested = time.monotonic() - letter.since
    if rested < pace.give_up:
        return Later(max(pace.rest, min(rested, pace.give_up - rested)))
    return UnusableInput(what, letter.name, "Run the script again.")
