"""Reaching the daemon: where it is, starting it where none runs, ending it.

Whoever finds no daemon starts one and waits; of several that start at once, one gets the lock and the others end at
once. What a dead daemon has left behind is known by that lock, which the system drops with the process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from core.errors import DaemonUnreachable
from daemon.client import Client, process_lives
from daemon.connection import Connection, daemon_lives, read_connection
from daemon.home import Home, prepare
from daemon.home import home as home_of_this_user
from daemon.keys import client_pair
from daemon.private import FILE_MODE

START_S = 30.0
"""The longest that a daemon may take to start, on a machine that is busy."""
STOP_S = 15.0
"""The longest that a daemon may take to end."""
MENDED_S = 3.0
"""How long is waited for a connection file while its daemon lives."""
STOPPED_S = 3.0
"""How long a client waits for another daemon after one was stopped, as it is when the program is brought up to date."""
ROOM_FOR_WORDS = 4096
"""Bytes without which a daemon cannot even say why it does not start."""
LOOK_S = 0.02
"""Between two looks whether it has."""
COMMAND = (sys.executable, "-m", "daemon.server")
"""How the daemon is started."""


def client_name() -> str:
    """Who asks: the program that has started this command, so that two editors' scripts are two clients."""
    return os.environ.get("HITPOINT_CLIENT") or f"process {os.getppid()}"


@contextmanager
def connected(name: str = "", start: bool = True, home: Home | None = None) -> Iterator[Client]:
    """A client of this user's daemon.

    Args:
        name: who asks; by default the program that has started this one.
        start: start the daemon where none runs.
        home: where its state lies; by default this user's.

    Raises:
        DaemonUnreachable: no daemon runs and none may or can be started.
    """
    home = home or home_of_this_user()
    reach = _Reach(home, start)
    connection = reach()  # first: without a daemon and without leave to start one, no folder is made
    client = Client(lambda: reach.first(connection), client_pair(home), name or client_name())
    reach.served = lambda: client.served
    try:
        yield client
    finally:
        client.close()


def _never() -> bool:
    return False


@dataclass
class _Reach:
    """Finds the daemon of a home."""

    home: Home
    start: bool
    served: Callable[[], bool] = _never
    """Whether the daemon has served this client: if it is gone now, somebody has ended it or it has died."""
    _used: bool = False

    def first(self, connection: Connection) -> Connection:
        """The connection found already, once; then what is found anew."""
        if self._used:
            return self()
        self._used = True
        return connection

    def __call__(self) -> Connection:
        # Asking the lock costs a while; at first sight a process of that number is taken for the daemon.
        connection = running(self.home, surely=self._used)
        if connection is not None:
            return connection
        if not self.start:
            raise DaemonUnreachable("No daemon runs", do="Start it with `hitpoint daemon start`.")
        if self.served() and not self.home.connection.exists():
            return self._after_a_stop()
        return start_daemon(self.home)

    def _after_a_stop(self) -> Connection:
        """The next daemon, if somebody starts one: who was stopped on purpose is not brought back by its clients.

        A daemon that was killed leaves its connection file; one that was stopped takes it away.
        """
        by = time.monotonic() + STOPPED_S
        while time.monotonic() < by:
            if connection := running(self.home):
                return connection
            time.sleep(LOOK_S)
        remedy = "What was asked for goes on when it runs again: `hitpoint daemon start`."
        raise DaemonUnreachable("The daemon was stopped", do=remedy)


def running(home: Home, surely: bool = True) -> Connection | None:
    """The daemon that runs, or None.

    Args:
        surely: ask its lock as well, since a process number may belong to another program by now.

    Raises:
        DaemonUnreachable: the connection file of a daemon that lives stays damaged or open to others.
    """
    by = time.monotonic() + MENDED_S
    while True:
        try:
            connection, damage = read_connection(home), None
        except DaemonUnreachable as error:
            connection, damage = None, error
        if connection is not None and process_lives(connection.pid) and (not surely or daemon_lives(home)):
            return connection
        if not daemon_lives(home):
            return None  # whatever the file says, it is a dead daemon's
        if time.monotonic() > by:
            if damage is not None:
                raise damage
            return None
        time.sleep(LOOK_S)  # it starts, it ends, or it is about to write its file again


def start_daemon(home: Home) -> Connection:
    """Start the daemon, unless one starts or runs already, and wait until it can be reached.

    Raises:
        DaemonUnreachable: it ended at once, with its reason, or does not come up.
    """
    from filelock import FileLock, Timeout

    prepare(home)
    turn = FileLock(home.folder / "start.lock", blocking=False, mode=FILE_MODE)
    by = time.monotonic() + START_S
    while time.monotonic() < by:
        if connection := running(home):
            return connection
        try:
            # One at a time: nine that come too late would each take the place of a daemon that ends soon after.
            with suppress(Timeout), turn:
                if not daemon_lives(home) and (connection := _started(home, by)):
                    return connection
        except OSError as error:
            reason = f"The daemon cannot be started: {error.strerror or error}"
            raise DaemonUnreachable(reason, turn.lock_file) from error
        time.sleep(LOOK_S)
    raise DaemonUnreachable(f"The daemon did not start within {START_S:.0f} s", str(home.log), "Look at its log.")


def _started(home: Home, by: float) -> Connection | None:
    """Start the daemon and wait until it can be reached; None where another has taken its place, or has stopped it."""
    process = _spawn(home)
    while time.monotonic() < by:
        if connection := running(home):
            return connection
        if process.poll() is not None:
            if process.returncode == 0 or daemon_lives(home):
                return None
            raise DaemonUnreachable(_last_words(home), do="`hitpoint doctor` says what is wrong.")
        time.sleep(LOOK_S)
    return None


def stop_daemon(home: Home) -> int | None:
    """End the daemon and wait until it is gone; the number of its process, or None when none runs.

    Raises:
        DaemonUnreachable: it does not end.
    """
    connection = running(home)
    if connection is None:
        return None
    try:
        with connected(start=False, home=home) as client, suppress(DaemonUnreachable):
            client.ask("shutdown")
    except DaemonUnreachable as error:
        if daemon_lives(home):
            raise DaemonUnreachable(error.what, error.where or f"pid {connection.pid}", error.do) from error
    by = time.monotonic() + STOP_S
    while process_lives(connection.pid) and daemon_lives(home):
        if time.monotonic() > by:
            raise DaemonUnreachable("The daemon does not end", f"pid {connection.pid}", "End its process.")
        time.sleep(LOOK_S)
    return connection.pid


def _spawn(home: Home) -> subprocess.Popen[bytes]:
    """Start the daemon as a process of its own, which outlives this one."""
    environment = {name: value for name, value in os.environ.items() if name != "OTIO_PLUGIN_MANIFEST_PATH"}
    environment["HITPOINT_HOME"] = str(home.folder)
    detached = 0
    if sys.platform == "win32":
        detached = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    # Emptied: what an earlier one said is no reason why this one does not start.
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_TRUNC
    said = os.open(_said(home), flags, FILE_MODE)
    try:
        # Its folder is the home, which nobody else may write: Python looks for modules where it is started.
        return subprocess.Popen(
            COMMAND,
            cwd=home.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
            creationflags=detached,
        )
    finally:
        os.close(said)


def _said(home: Home) -> str:
    """Where a daemon says why it does not start."""
    return str(home.log.parent / "start.txt")


def _last_words(home: Home) -> str:
    """Why the daemon did not start, in its own words."""
    try:
        with open(_said(home), encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            lines = [line.strip() for line in file if line.strip()]
    except OSError:
        lines = []
    if not lines and shutil.disk_usage(home.folder).free < ROOM_FOR_WORDS:
        lines = [f"The disk is full ({home.folder}). Make room and try again."]
    return f"The daemon did not start: {lines[-1].removeprefix('hitpoint: ')}" if lines else "The daemon did not start"
