"""The writer: one thread that owns the job store, so that nobody else ever waits for the disk.

Conventions
    Changes that were queued while the disk was busy share one commit, each in a savepoint of its own: one that fails
    fails alone. Only what is durable is told, in the order in which it was written; it is told in the main loop,
    which finds a `Written` in its inbox.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from core.errors import DaemonUnreachable, HitpointError
from daemon.database import StoreBusy, disk_sentence
from daemon.inbox import Inbox
from daemon.jobs import Store

GROUP = 256
"""Most changes in one commit."""
REST_S = 1.0
"""Seconds without a change after which the file is tidied up."""

_log = logging.getLogger("hitpoint.ledger")
T = TypeVar("T")


@dataclass(frozen=True)
class Written:
    """An event for the main loop: a change is durable, or has failed."""

    then: Callable[[Any], None]
    value: Any
    """What the change gave back, or the `HitpointError` it failed with."""

    def deliver(self) -> None:
        """Call `then`; for the main loop only."""
        self.then(self.value)


@dataclass(frozen=True)
class _Entry:
    run: Callable[[Store], Any]
    then: Callable[[Any], None]
    writing: bool


class Ledger:
    """The thread that owns the store.

    Args:
        path: the store's file.
        inbox: where `Written` events go.

    Raises:
        DaemonUnreachable: the store cannot be used.
    """

    def __init__(self, path: Path, inbox: Inbox) -> None:
        self._store = Store(path)
        self._inbox = inbox
        self._entries: SimpleQueue[_Entry | None] = SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def write(self, change: Callable[[Store], T], then: Callable[[T | HitpointError], None]) -> None:
        """Queue a change; returns at once. `change` may be run twice (its first run was then undone)."""
        self._queue(_Entry(change, then, writing=True))

    def read(self, question: Callable[[Store], T], then: Callable[[T | HitpointError], None]) -> None:
        """Queue a question; it sees every change that was queued before it."""
        self._queue(_Entry(question, then, writing=False))

    def close(self) -> None:
        """Write what is queued, then close the store; what comes later is refused. Returns when all is in the inbox."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._entries.put(None)
        self._thread.join()

    def _queue(self, entry: _Entry) -> None:
        with self._closing:
            if not self._closed:
                self._entries.put(entry)
                return
        self._inbox.put(Written(entry.then, DaemonUnreachable("The daemon is ending", "", "Start it again.")))

    def _run(self) -> None:
        untidy, open_ = False, True
        while open_:
            try:
                first = self._entries.get(timeout=REST_S if untidy else None)
            except Empty:
                self._tidy()
                untidy = False
                continue
            group, open_ = self._gathered(first)
            untidy = untidy or any(entry.writing for entry in group)
            for entry, value in zip(group, self._written(group), strict=True):
                self._inbox.put(Written(entry.then, value))
        self._store.close()

    def _gathered(self, first: _Entry | None) -> tuple[list[_Entry], bool]:
        """What waits in the queue from `first` on, and whether there may be more after it."""
        group: list[_Entry] = []
        entry = first
        while entry is not None:
            group.append(entry)
            if len(group) == GROUP or self._entries.empty():
                return group, True
            entry = self._entries.get()
        return group, False

    def _written(self, group: list[_Entry]) -> list[Any]:
        """What became of each entry, once that is durable."""
        if not group:
            return []
        try:
            return self._written_together(group)
        except StoreBusy as error:
            return [error] * len(group)
        except HitpointError as error:
            if len(group) == 1:
                return [error]
        # Nothing of the group was kept. One by one, only what cannot be written fails.
        return [value for entry in group for value in self._written([entry])]

    def _written_together(self, group: list[_Entry]) -> list[Any]:
        with self._store.whole(writing=any(entry.writing for entry in group)):
            return [self._outcome(entry) for entry in group]

    def _outcome(self, entry: _Entry) -> Any:
        """What an entry gives back, or the error it alone failed with; raises when SQLite dropped the whole group."""
        try:
            with self._store.whole():
                return entry.run(self._store)
        except HitpointError as error:
            failure = error
        except OSError as error:
            failure = disk_sentence(error)
        except Exception as error:
            _log.exception("A change of the job store failed")
            failure = HitpointError("A change of the job store failed", f"{type(error).__name__}: {error}")
        if not self._store.in_transaction:
            raise failure
        return failure

    def _tidy(self) -> None:
        try:
            self._store.tidy()
        except HitpointError as error:
            _log.warning("The job store could not be tidied up: %s", error)
