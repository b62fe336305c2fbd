"""Watch folders: timelines that are dropped into a folder are put into the inbox once they are whole.

Each watched folder has a thread of its own, so that a share that hangs holds up no other folder. The system's events
(watchdog) make it prompt; a rescan finds what no event tells, as on network shares. A file is whole when it has rested
and can be read as what it is. Rest is judged by our own clock since the last change that was seen: the clock of a share
may be wrong.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from core.atomic import disk_errors
from core.errors import UnusableInput
from daemon import arrivals
from daemon.arrivals import Drop, Mark, Spoiled, StillChanging, job_of
from daemon.beside import clear_sentence, place_scored, place_sentence
from daemon.inbox import Inbox

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent

__all__ = [
    "Drop",
    "Spoiled",
    "Watcher",
    "check_folder",
    "clear_sentence",
    "job_of",
    "place_scored",
    "place_sentence",
]

RESCAN_S = 2.0
"""Seconds between two looks at a whole folder."""
REST_S = 0.5
"""Seconds without a change after which a timeline is read."""
LARGE_REST_S = 2.0
"""The same for archives and for timelines that are too large to be parsed here: they are copied for longer."""
GIVE_UP_S = 10.0
"""Seconds at rest after which a file that is still no timeline is told to be none."""
SCAN_SHARE = 4
"""A folder is left alone for at least so many times as long as the last look at it took."""
TURN_S = 0.5
"""Seconds for which files are read before newer ones get their turn."""
HANDED_OVER = 50 * 2**20
"""Bytes per second at which drops are handed over, so that a folder of old timelines does not fill the memory."""
REMEMBERED = 20_000
"""Files that went are known again, when a share comes back, up to this many."""

_log = logging.getLogger("hitpoint.watchfolder")


@dataclass(frozen=True)
class Pace:
    """How long is waited for what, in seconds."""

    rescan: float = RESCAN_S
    rest: float = REST_S
    large_rest: float = LARGE_REST_S
    give_up: float = GIVE_UP_S


class Watcher:
    """The watched folders; `Drop` and `Spoiled` arrive in the inbox.

    Args:
        inbox: where drops are put.
        pace: how long is waited for what.
        events: False leaves the rescan alone to find everything, as where the system tells nothing.
    """

    def __init__(self, inbox: Inbox, *, pace: Pace = Pace(), events: bool = True) -> None:
        self._inbox = inbox
        self._pace = pace
        self._events = events
        self._lock = threading.Lock()
        self._watched: dict[Path, _Folder] = {}

    def watch(self, folder: Path, seen: frozenset[str], *, must_be_there: bool = True) -> None:
        """Begin to watch a folder; one that is watched already stays as it is.

        Args:
            folder: an absolute path. What lies in it already is dropped too, but for what was seen.
            seen: SHA-256 of the contents that were handled before.
            must_be_there: False waits for a folder that is not there yet, and does not touch the disk here.

        Raises:
            UnusableInput: the folder is not there, or cannot be read or written.
        """
        if must_be_there:
            check_folder(folder)
        with self._lock:
            if folder not in self._watched:
                self._watched[folder] = _Folder(folder, seen, self._inbox, self._pace, self._events)

    def forget(self, folder: Path) -> None:
        """Stop watching a folder, waiting for nothing; what was just being handed over may still come."""
        with self._lock:
            if watched := self._watched.pop(folder, None):
                watched.stop()

    def folders(self) -> tuple[Path, ...]:
        """The folders that are watched, whether they are there or not."""
        with self._lock:
            return tuple(self._watched)

    def is_there(self, folder: Path) -> bool:
        """Whether a watched folder was there when it was looked at last."""
        with self._lock:
            return folder in self._watched and not self._watched[folder].lost

    def close(self) -> None:
        """Stop watching; a share that hangs is not waited for."""
        with self._lock:
            watched = list(self._watched.values())
            self._watched.clear()
        for folder in watched:
            folder.stop()
        for folder in watched:
            folder.join(timeout=1)


def check_folder(folder: Path) -> None:
    """See whether a folder can be watched.

    Raises:
        UnusableInput: it is not there, or cannot be read or written.
    """
    if not arrivals.is_text(str(folder)):
        where = str(folder).encode(errors="replace").decode()
        raise UnusableInput("The folder's name is not UTF-8", where, "Rename the folder.")
    if not folder.is_dir():
        raise UnusableInput("There is no such folder", str(folder), "Make it, or connect the share that it is on.")
    try:
        os.scandir(folder).close()
    except OSError as error:
        raise UnusableInput(f"The folder cannot be read: {error.strerror or error}", str(folder)) from error
    with disk_errors(folder), TemporaryFile(prefix=".hitpoint-", dir=folder):
        pass


@dataclass
class _Resting:
    """A file that is waited for until it is whole."""

    mark: Mark
    since: float
    """When its last change was seen, by our own clock."""
    due: float
    """When it is to be read."""
    told: bool = False
    """Whether it was told to be unreadable."""


class _Folder:
    """A watched folder and the thread that looks at it."""

    def __init__(self, path: Path, seen: frozenset[str], inbox: Inbox, pace: Pace, events: bool) -> None:
        self._path, self._inbox, self._pace, self._events = path, inbox, pace, events
        self._seen = set(seen)
        self._settled: dict[str, Mark] = {}
        self._resting: dict[str, _Resting] = {}
        self._identity: tuple[int, int] | None = None
        self._unsubscribing: Callable[[], None] | None = None
        self.lost = False
        """The folder is not there, or cannot be read; it is waited for."""
        self._said: set[str] = set()
        self._touched: set[str] = set()
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        # A daemon thread: the system may hold it in a call to a share that is gone.
        self._thread = threading.Thread(target=self._run, name=f"watch {path.name}", daemon=True)
        self._thread.start()

    def touch(self, name: str) -> None:
        """Tell that a file has changed."""
        if arrivals.is_candidate(name):
            with self._changed:
                self._touched.add(name)
                self._changed.notify()

    def stop(self) -> None:
        """Have the thread end."""
        self._stopped.set()
        with self._changed:
            self._changed.notify()

    def join(self, timeout: float) -> None:
        """Wait for the thread's end, so many seconds at most."""
        self._thread.join(timeout)

    def _run(self) -> None:
        next_scan = 0.0
        while not self._stopped.is_set():
            try:
                begun = time.monotonic()
                if begun >= next_scan:
                    self._scan()
                    took = time.monotonic() - begun
                    next_scan = begun + took + max(self._pace.rescan, SCAN_SHARE * took)
                self._look_at_touched()
                self._read_rested()
            except OSError as error:
                self._lose(error)
                next_scan = time.monotonic() + self._pace.rescan
            except Exception:
                _log.exception("The watch folder %s met a bug; watching goes on", self._path)
                next_scan = time.monotonic() + self._pace.rescan
                self._stopped.wait(self._pace.rescan)
            self._wait(min([next_scan, *(resting.due for resting in self._resting.values())]))
        self._unsubscribe()

    def _wait(self, until: float) -> None:
        with self._changed:
            if not (self._touched or self._stopped.is_set()):
                self._changed.wait(max(0.0, until - time.monotonic()))

    def _scan(self) -> None:
        """Look at the whole folder."""
        status = self._path.stat()
        if (identity := (status.st_dev, status.st_ino)) != self._identity:
            self._unsubscribe()
            self._unsubscribing = prompted(self._path, self.touch) if self._events else None
            self._identity = identity
        marks: dict[str, Mark] = {}
        with os.scandir(self._path) as entries:
            for entry in entries:
                if arrivals.is_candidate(entry.name) and (mark := self._mark(entry)):
                    marks[entry.name] = mark
        if self.lost:
            _log.info("The watch folder %s is back", self._path)
            self.lost = False
        now = time.monotonic()
        for name, mark in marks.items():
            self._note(name, mark, now)
        for name in self._resting.keys() - marks.keys():
            del self._resting[name]
        if len(self._settled) > len(marks) + REMEMBERED:
            self._settled = {name: mark for name, mark in self._settled.items() if name in marks}

    def _mark(self, entry: os.DirEntry[str]) -> Mark | None:
        """The mark of what was found; None for what is not taken."""
        if not arrivals.is_text(entry.name):
            self._say_once(entry.name, "has a name that is not UTF-8")
            return None
        try:
            if mark := arrivals.plain(entry.stat(follow_symlinks=False)):
                return mark
            if entry.is_symlink() and not (mark := arrivals.look(self._path, entry.name)):
                self._say_once(entry.name, "is a link to no file in this folder")
            return mark
        except FileNotFoundError:
            return None
        except OSError as error:
            self._path.stat()  # raises where it is the folder that is gone
            self._say_once(entry.name, f"cannot be looked at ({error.strerror or error})")
            return None

    def _note(self, name: str, mark: Mark, now: float) -> None:
        """Wait for a file that is new or has changed."""
        if self._settled.get(name) == mark:
            return
        resting = self._resting.get(name)
        if resting is None or resting.mark != mark:
            rest = self._pace.large_rest if arrivals.is_large(name, mark) else self._pace.rest
            self._resting[name] = _Resting(mark, now, now + rest)

    def _look_at_touched(self) -> None:
        with self._changed:
            touched, self._touched = self._touched, set()
        for name in touched:
            with suppress(OSError):  # the next look at the whole folder says what is wrong
                if arrivals.is_text(name) and (mark := arrivals.look(self._path, name)):
                    self._note(name, mark, time.monotonic())

    def _read_rested(self) -> None:
        """Read what has rested: what came last first, and what came together oldest first."""
        begun = time.monotonic()
        due = [(-resting.since, resting.mark.mtime_ns, name) for name, resting in self._resting.items()]
        for _, _, name in sorted(found for found in due if self._resting[found[2]].due <= begun):
            if self._stopped.is_set() or time.monotonic() > begun + TURN_S:
                return
            self._read(name, self._resting[name])

    def _read(self, name: str, resting: _Resting) -> None:
        """Read a file; hand over what it is, or wait on."""
        resting.due = time.monotonic() + self._pace.give_up  # a file that trips us lets the others pass
        try:
            found = arrivals.read(self._path, name, resting.mark, self._seen, self._stopped.is_set)
        except StillChanging:
            del self._resting[name]
            self.touch(name)
            return
        except OSError as error:
            self._path.stat()  # raises where it is the folder that is gone
            self._wait_for_permission(name, resting, error)
            return
        now = time.monotonic()
        given_up = resting.since + self._pace.give_up
        if isinstance(found, Spoiled) and now < given_up:
            # Waits grow, each as long as the rest so far: reading a large file costs.
            resting.due = min(given_up, now + (now - resting.since))
            return
        del self._resting[name]
        self._settled[name] = resting.mark
        if found:
            self._hand_over(found)

    def _wait_for_permission(self, name: str, resting: _Resting, error: OSError) -> None:
        """Tell once that a file cannot be read, and go on trying: permissions change no file's time."""
        now = time.monotonic()
        resting.due = now + max(self._pace.rest, min(now - resting.since, self._pace.give_up))
        if now - resting.since >= self._pace.give_up and not resting.told:
            resting.told = True
            if (spoiled := arrivals.unreadable(self._path, name, resting.mark, error)).sha256 not in self._seen:
                self._hand_over(spoiled)

    def _hand_over(self, found: Drop | Spoiled) -> None:
        if self._stopped.is_set():
            return
        self._seen.add(found.sha256)
        self._inbox.put(found)
        if isinstance(found, Drop):
            self._stopped.wait(len(found.content) / HANDED_OVER)

    def _lose(self, error: OSError) -> None:
        """The folder is gone: say so once and wait for it."""
        if not self.lost:
            words = error.strerror or str(error)
            _log.warning("The watch folder %s is not there (%s); it is waited for", self._path, words)
            self.lost = True
        self._resting.clear()
        self._unsubscribe()

    def _unsubscribe(self) -> None:
        if self._unsubscribing:
            self._unsubscribing()
        self._identity = self._unsubscribing = None

    def _say_once(self, name: str, words: str) -> None:
        if name not in self._said:
            self._said.add(name)
            _log.warning("%r in the watch folder %s %s; it is left alone", name, self._path, words)


def prompted(folder: Path, touch: Callable[[str], None]) -> Callable[[], None] | None:
    """Have `touch` called with the name of each file that is made, written or renamed in a folder.

    Returns:
        What ends it; None where the system gives no word of changes: the rescan finds them.
    """
    from watchdog import events
    from watchdog.observers import Observer

    class Handler(events.FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            touch(Path(os.fsdecode(event.dest_path or event.src_path)).name)

    # No word of files that are opened or read: our own looks would wake us.
    told = [events.FileCreatedEvent, events.FileModifiedEvent, events.FileMovedEvent, events.FileClosedEvent]
    observer = Observer()
    try:
        observer.schedule(Handler(), os.fspath(folder), event_filter=list(told))
        observer.start()
    except (OSError, RuntimeError, SystemError) as error:
        _log.warning("The system tells of no changes in %s (%s); it is looked at every few seconds", folder, error)
        return None
    return observer.stop
