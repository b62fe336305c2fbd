"""The installed program: its own home, its daemon, and what it has put on disk."""

from __future__ import annotations

import os
import signal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soundfile

from core.cue.folder import Cue
from core.cue.folder import load as load_cue
from daemon.connection import read_connection
from daemon.home import Home, prepare
from tests.daemon.commands.calls import last, run
from tests.daemon.house import until


class Program:
    """Hitpoint on a machine of its own.

    Args:
        folder: of its state and its cues; the environment variable HITPOINT_HOME names `folder / "home"`.
    """

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder / "home")
        self.cues = folder / "cues"
        prepare(self.home)
        self.home.settings.write_text(f"cues = '{self.cues}'\n")

    def start(self) -> None:
        """Start the daemon, as a login does."""
        answer = run("daemon", "start")
        assert answer.returncode == 0, answer.stderr
        until((self.home.exchange / "mailbox" / "daemon.lua").exists)

    def see_that_it_runs(self) -> None:
        """Start the daemon where none runs, whatever was done to the last one."""
        connection = read_connection(self.home)
        if connection is None or not _runs(connection.pid):
            self.start()

    def stop(self) -> None:
        """Stop the daemon, where one runs."""
        run("daemon", "stop")

    def kill(self) -> int:
        """End the daemon as a crash does; the number of its process."""
        connection = read_connection(self.home)
        assert connection is not None
        os.kill(connection.pid, signal.SIGKILL)
        until(lambda: not _runs(connection.pid))
        return connection.pid

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs, newest first."""
        jobs: list[dict[str, Any]] = last(run("jobs", "--json"))["jobs"]
        return jobs

    def install(self, host: str, to: Path) -> None:
        """`hitpoint install HOST --to DIR`."""
        answer = run("install", host, "--to", to)
        assert answer.returncode == 0, answer.stderr

    def cue(self, identity: str) -> Cue:
        """The cue of an id, wherever it lies below the folder of cues."""
        found = [path.parent for path in self.cues.glob("*/*/cue.json") if identity in _ids(path.parent)]
        assert len(found) == 1, found
        return load_cue(found[0])


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _ids(folder: Path) -> set[str]:
    return {path.stem.rsplit(" ", 1)[-1] for path in folder.glob("pieces/*/*.wav")}


def stem(cue: Cue, name: str, take: int | None = None) -> np.ndarray:
    """The samples of a stem in a take, by default the one in use, `[samples, 2]`."""
    chosen = next(each for each in cue.takes if each.number == (take or cue.take.number))
    samples: np.ndarray = soundfile.read(cue.files(chosen)[name], dtype="int32", always_2d=True)[0]  # type: ignore[index]
    return samples


def edge(frame: int, rate: Fraction, sample_rate: int) -> int:
    """The sample at which a frame begins."""
    return int(frame / rate * sample_rate + Fraction(1, 2))
