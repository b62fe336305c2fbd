"""What every script may read in the mailbox: that the daemon runs and what it can do, the options, what is ready."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from daemon.home import Home
from daemon.hosts import memory
from daemon.hosts.exchange import scripts_folder
from daemon.hosts.luafile import write_lua
from daemon.hosts.options import for_scripts
from daemon.hosts.request import PROTOCOL, VERSION
from daemon.hosts.serving import choices

DAEMON, OPTIONS, READY = "daemon.lua", "options.lua", "ready.lua"
KEPT_S = 7 * 86_400.0
"""How long answers are kept."""
SWEEP_S = 3600.0
"""Between two looks for old ones."""

_OLD = re.compile(r"[a-z0-9]{8,16}\.(?:answer|progress)\.(?:lua|json)|\..*\.part")
_ANSWER = re.compile(r"([a-z0-9]{8,16})\.answer\.(?:lua|json)")


class Noticeboard:
    """The files for all scripts in a mailbox; for one thread.

    Args:
        home: whose.
        folder: the mailbox.
        engines: gives the engines as the daemon lists them, None until they are known.
        stopped: whether the daemon ends.
    """

    def __init__(
        self,
        home: Home,
        folder: Path,
        engines: Callable[[], Sequence[Mapping[str, Any]] | None],
        stopped: Callable[[], bool],
    ) -> None:
        self._home = home
        self._folder = folder
        self._scripts = scripts_folder(home)
        self._engines = engines
        self._stopped = stopped
        self._choices: dict[str, Any] = {}
        self._shown: tuple[int, int] | str | None = "nothing"
        self._sweep_at = 0.0

    def tell(self) -> None:
        """Say that the daemon runs.

        Raises:
            UnusableInput: the folder cannot be written.
        """
        life = {"hitpoint": PROTOCOL, "version": VERSION, "pid": os.getpid(), "time": int(time.time())}
        write_lua(self._folder / DAEMON, {**life, "engines": [], "styles": [], **self._choices})

    def learn(self) -> None:
        """Learn what there is to choose from, once a worker has told the engines and where scripts are installed.

        Raises:
            Cancelled: the daemon ends.
            HitpointError: it cannot be told; that is not tried again.
        """
        if not self._choices and _holds_any(self._scripts) and (engines := self._engines()):
            self._choices = {"engines": [], "styles": []}
            self._choices = choices(engines, self._stopped)
            self.tell()

    def keep_up(self) -> None:
        """Show what is remembered by now, where that has changed; take away what is old.

        Raises:
            UnusableInput: the folder cannot be written, or what is remembered is damaged.
        """
        if time.monotonic() >= self._sweep_at:
            self._sweep_at = time.monotonic() + SWEEP_S
            self._sweep()
        mark = self._mark()
        shown = all((self._folder / name).exists() for name in (OPTIONS, READY))
        if mark == self._shown and shown:
            return
        found = memory.recall(self._home)
        write_lua(self._folder / OPTIONS, for_scripts(found))
        write_lua(
            self._folder / READY,
            {"hitpoint": PROTOCOL, "timelines": {name: list(waiting) for name, waiting in found["ready"].items()}},
        )
        self._shown = mark

    def take_down(self) -> None:
        """Say no more that the daemon runs."""
        with suppress(OSError):
            (self._folder / DAEMON).unlink(missing_ok=True)

    def _mark(self) -> tuple[int, int] | None:
        """What tells that what is remembered has changed; None where nothing is."""
        try:
            found = self._home.hosts.stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_ino

    def _sweep(self) -> None:
        """Remove old answers, and what a crash has left of files being written; forget what waited and is gone."""
        there = set()
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with suppress(OSError):
                    if _OLD.fullmatch(entry.name) and entry.stat(follow_symlinks=False).st_mtime < time.time() - KEPT_S:
                        Path(entry).unlink()
                    elif found := _ANSWER.fullmatch(entry.name):
                        there.add(found[1])
        waiting = {request for requests in memory.recall(self._home)["ready"].values() for request in requests}
        if gone := waiting - there:
            memory.forget_ready(self._home, frozenset(gone))


def _holds_any(folder: Path) -> bool:
    """Whether there is anything in a folder."""
    try:
        with os.scandir(folder) as entries:
            return any(entries)
    except OSError:
        return False
