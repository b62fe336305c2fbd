"""How a client finds the running daemon: a file that says where it is, and a lock that says whether it lives.

The file may outlive a daemon that was killed; the lock cannot, since the system drops it with the process.
"""

from __future__ import annotations

import json
import math
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from types import TracebackType
from typing import TYPE_CHECKING, Any

from core.errors import DaemonUnreachable, UnusableInput
from daemon.home import Home
from daemon.keys import is_key
from daemon.private import read_private, write_private

if TYPE_CHECKING:
    from filelock import BaseFileLock

LOOK_AFTER_S = 1.0
"""Between two looks of the daemon whether its file is as it was written."""
_LARGEST = 4096
"""Bytes of a connection file."""
_ADDRESS = re.compile(r"tcp://\d{1,3}(\.\d{1,3}){3}:[1-9]\d{0,4}")
_MOST = 2**31 - 1
"""The largest number that a process has on any system."""
_PROBE_S = 0.25
"""Longest wait for the lock: whoever only asks holds it for a moment."""


@dataclass(frozen=True)
class Connection:
    """Where the daemon is and how to be sure that it is the one."""

    address: str
    """ZeroMQ endpoint: "tcp://127.0.0.1:49321"."""
    public: str
    """The daemon's public CURVE key, 40 characters of Z85."""
    pid: int
    """Its process."""
    version: str
    """Version of the program."""
    protocol: int
    """Version of the protocol that it speaks."""
    started: float
    """When it started, in seconds since 1970."""


def write_connection(home: Home, connection: Connection) -> None:
    """Say where the daemon is; called once its socket is bound.

    Raises:
        UnusableInput: the disk is full or the place cannot be written.
    """
    write_private(home.connection, json.dumps(asdict(connection)).encode() + b"\n")


def read_connection(home: Home) -> Connection | None:
    """Where the daemon is, or was; None when it has not said so.

    Raises:
        DaemonUnreachable: the file is damaged, or others may read or own it.
    """
    try:
        content = read_private(home.connection, _LARGEST)
    except FileNotFoundError:
        return None
    try:
        return _connection(json.loads(content))
    except (ValueError, RecursionError) as error:
        remedy = "Remove it: a daemon that runs writes it again."
        raise DaemonUnreachable("The connection file is damaged", str(home.connection), remedy) from error


def _connection(read: Any) -> Connection:
    """The connection that is described; raises ValueError when anything is not as it must be."""
    if not isinstance(read, dict):
        raise ValueError("not a JSON object")
    values: dict[str, Any] = {}
    for each in fields(Connection):
        kind = {"str": str, "int": int, "float": float}[str(each.type)]
        value = read.get(each.name)
        if isinstance(value, bool) or not isinstance(value, (int, float) if kind is float else kind):
            raise ValueError(each.name)
        values[each.name] = value
    connection = Connection(**values)
    if not (_ADDRESS.fullmatch(connection.address) and is_key(connection.public.encode())):
        raise ValueError("address or key")
    if not 0 < connection.pid <= _MOST or not math.isfinite(connection.started):
        raise ValueError("pid or start")
    return connection


@contextmanager
def kept_connection(home: Home, connection: Connection) -> Iterator[None]:
    """Say where the daemon is for as long as the block runs, again where the file was lost or damaged, then no more.

    Raises:
        UnusableInput: the file cannot be written at first.
    """
    write_connection(home, connection)
    ended = threading.Event()

    def keep() -> None:
        while not ended.wait(LOOK_AFTER_S):
            with suppress(DaemonUnreachable):
                if read_connection(home) == connection:
                    continue
            with suppress(UnusableInput):  # a full disk: later
                write_connection(home, connection)

    keeper = threading.Thread(target=keep, name="connection", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()
        home.connection.unlink(missing_ok=True)


class DaemonLock:
    """Held by the running daemon for as long as its process lives; the system drops it with the process."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock: BaseFileLock | None = None

    def acquire(self) -> bool:
        """Take the lock; False when another daemon has it.

        Raises:
            DaemonUnreachable: the lock file cannot be opened.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self._home.lock, mode=0o600, thread_local=False)
        try:
            lock.acquire(timeout=_PROBE_S, poll_interval=0.01)
        except Timeout:
            return False
        except OSError as error:
            reason = f"The daemon's lock cannot be opened: {error.strerror or error}"
            raise DaemonUnreachable(reason, str(self._home.lock), "Run `hitpoint doctor`.") from error
        self._lock = lock
        return True

    def release(self) -> None:
        """Give the lock back."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def daemon_lives(home: Home) -> bool:
    """Whether a daemon runs in this home: its lock is held.

    Raises:
        DaemonUnreachable: the lock file cannot be opened.
    """
    if not os.access(home.lock, os.F_OK):
        return False
    from filelock import FileLock, Timeout

    try:
        with FileLock(home.lock, blocking=False, mode=0o600):
            return False
    except Timeout:
        return True
    except OSError as error:
        reason = f"The daemon's lock cannot be opened: {error.strerror or error}"
        raise DaemonUnreachable(reason, str(home.lock), "Run `hitpoint doctor`.") from error
