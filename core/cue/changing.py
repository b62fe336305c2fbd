"""The right to change a cue that stands already: one at a time, and nothing half done after a crash.

A lock in the cue folder keeps two writers apart. It is also a short journal: before folders of takes appear that
`cue.json` does not know yet, or takes that it no longer knows are removed, their names are written there. Whoever holds
the lock next reads it: a folder that stands in the journal but not in `cue.json` was left by a process that died, and
is removed. A folder that stands in neither is somebody's own and is never touched.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from core.atomic import disk_errors, sync_folder
from core.cue.disk import PREFIX, sync_folders
from core.cue.folder import Cue, load, write
from core.cue.locks import try_lock, unlock
from core.cue.takes import Saved, Take, take_folder
from core.errors import HitpointError
from core.watch import Watch

LOCK = ".hitpoint.lock"
PAUSE_S = 0.1
"""Seconds between two tries to get a lock that another holds."""
_TAKE = re.compile(r"\d{3,9}", re.ASCII)


@dataclass(frozen=True)
class Growing:
    """The folder of a take that is being made."""

    path: Path
    """Where it grows, hidden."""
    scratch: Path
    """For arrays too long for memory; gone when the take appears."""
    number: int
    """Of the take."""

    def settled(self, saved: Saved) -> Saved:
        """A file that was saved in the folder, by the name that it will have in the cue."""
        return self.saved(Path(saved.file), saved.sha256)

    def saved(self, path: Path, sha256: str) -> Saved:
        """A file in the folder, by the name that it will have in the cue."""
        return Saved(f"takes/{self.number:03d}/{path.name}", sha256)


@dataclass(frozen=True)
class Change:
    """A cue that nobody else may change until the block ends."""

    cue: Cue
    """As it was when the block began."""
    lock: BinaryIO

    @contextmanager
    def new_take(self) -> Iterator[Growing]:
        """A hidden folder for the next take; it goes when the block ends, unless `add` has made a take of it.

        Raises:
            UnusableInput: the disk is full or the place cannot be written.
        """
        takes = self.cue.folder / "takes"
        path, scratch = (takes / f"{PREFIX}{secrets.token_hex(6)}" for _ in range(2))
        try:
            with disk_errors(takes):
                path.mkdir(parents=True)
                scratch.mkdir()
                number = self._next_number()
            yield Growing(path, scratch, number)
        finally:
            for folder in (path, scratch):
                shutil.rmtree(folder, ignore_errors=True)

    def add(self, grown: Growing, take: Take, about_to_appear: Callable[[Cue], None] = lambda _: None) -> Cue:
        """Make a grown folder the take in use: it gets its name, then `cue.json` names it.

        Args:
            grown: the folder, with all files of its own.
            take: what it is made of.
            about_to_appear: called with the cue as it will be, just before `cue.json` says so.

        Raises:
            UnusableInput: the disk is full or the place cannot be written; the cue is as it was.
        """
        final = take_folder(self.cue.folder, take.number)
        self.note([final.name])
        with disk_errors(final):
            sync_folders(grown.path)
            grown.path.rename(final)
            sync_folder(final.parent)
        cue = replace(self.cue, takes=(*self.cue.takes, take), in_use=take.number)
        about_to_appear(cue)
        write(cue)
        return cue

    def note(self, names: Sequence[str]) -> None:
        """Write folders of takes to the journal, before they appear or go."""
        with disk_errors(self.cue.folder / LOCK):
            self.lock.seek(0)
            self.lock.truncate()
            self.lock.write("\n".join(names).encode())
            self.lock.flush()
            os.fsync(self.lock.fileno())

    def _next_number(self) -> int:
        """One more than every number that a take has or had."""
        known = [take.number for take in (*self.cue.takes, *self.cue.pruned)]
        folders = (self.cue.folder / "takes").iterdir()
        return 1 + max(known + [int(folder.name) for folder in folders if _TAKE.fullmatch(folder.name)])


@contextmanager
def changing(place: Path, watch: Watch) -> Iterator[Change]:
    """Keep others from changing a cue until the block ends; waits for one who does so now, and says so.

    What a process that died left half done is removed first; what this block leaves half done, at its end.

    Args:
        place: a cue folder, or the `cue.json` inside one.
        watch: told of stage "waiting" while another is waited for.

    Raises:
        UnusableInput: there is no cue, it is damaged, or the folder cannot be written.
        Cancelled: the user stopped the waiting.
    """
    folder = load(place).folder.absolute()
    with _locked(folder / LOCK, watch) as (lock, alone):
        if alone:
            _sweep(folder, lock)
        try:
            yield Change(load(folder), lock)
        finally:
            with suppress(HitpointError, OSError):  # a cue.json that cannot be read now says nothing of its takes
                if alone:
                    _sweep(folder, lock)


@contextmanager
def _locked(path: Path, watch: Watch) -> Iterator[tuple[BinaryIO, bool]]:
    """The lock's file, open and ours; False where the disk knows no locks, and nothing there can be taken for stale."""
    with disk_errors(path):
        file = _opened(path)
        while (ours := _try(file, path)) is False:
            file.close()
            watch.report("waiting", 0.0, "Waiting: this cue is being changed elsewhere")
            time.sleep(PAUSE_S)
            file = _opened(path)
        sync_folder(path.parent)
    try:
        yield file, ours is True
    finally:
        with suppress(OSError):  # one that cannot be removed is free all the same
            unlock(path, file)


def _try(file: BinaryIO, path: Path) -> bool | None:
    """Whether the lock is ours now; None where there are no locks."""
    try:
        return try_lock(file.fileno()) and _is(file, path)
    except OSError:
        return None


def _opened(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666), "rb+")


def _is(file: BinaryIO, path: Path) -> bool:
    """Whether an open file is still the one of that name: who held the lock before has removed it at the end."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _sweep(folder: Path, lock: BinaryIO) -> None:
    """Remove what was being written, and the folders in the journal that `cue.json` does not name."""
    for part in folder.glob(".cue.*.part"):
        part.unlink(missing_ok=True)
    for hidden in (folder / "takes").glob(f"{PREFIX}*"):
        shutil.rmtree(hidden, ignore_errors=True)
    lock.seek(0)
    names = [name for name in lock.read().decode(errors="replace").split() if _TAKE.fullmatch(name)]
    if not names:
        return
    cue = load(folder)
    named = {PurePosixPath(saved.file).parent.name for take in cue.takes for saved in take.saved()}
    for name in set(names) - named:
        shutil.rmtree(folder / "takes" / name, ignore_errors=True)
