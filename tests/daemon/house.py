"""A daemon of its own for a test: a real process with real sockets and workers that make no music."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import zmq

from core.errors import DaemonUnreachable
from daemon import starting
from daemon.client import Client, job_id
from daemon.connection import read_connection
from daemon.home import Home
from daemon.keys import client_pair
from daemon.wire import packed, unpacked

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "tests.daemon.daemon_for_tests")
PATIENCE_S = 60.0
"""However busy the machine is, what has not happened by then does not happen."""


def until(happened: Callable[[], Any]) -> Any:
    """Wait for something; what it is."""
    by = time.monotonic() + PATIENCE_S
    while not (value := happened()):
        assert time.monotonic() < by, "it did not happen"
        time.sleep(0.01)
    return value


class Raw:
    """A client written from the protocol's description alone: frames out, maps in."""

    def __init__(self, home: Home, receive_at_most: int = 1000) -> None:
        connection = read_connection(home)
        assert connection is not None
        keys = client_pair(home)
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.rcvhwm = receive_at_most
        self.socket.linger = 0
        self.socket.curve_serverkey = connection.public.encode()
        self.socket.curve_publickey, self.socket.curve_secretkey = keys.public, keys.secret
        self.socket.connect(connection.address)

    def send(self, op: str, request: str = "r1", attachment: bytes | None = None, **fields: Any) -> None:
        frames = [packed({"v": 1, "id": request, "op": op, **fields})]
        self.socket.send_multipart(frames if attachment is None else [*frames, attachment])

    def receive(self) -> dict[str, Any]:
        assert self.socket.poll(round(PATIENCE_S * 1000)), "no answer"
        return unpacked(self.socket.recv(), 2**26)

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """The answer to a request; events before it are passed over."""
        self.send(op, "asked", **fields)
        while (message := self.receive()).get("re") != "asked":
            pass
        return message

    def close(self) -> None:
        self.socket.close()
        self.context.term()

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class House:
    """A home and its daemon."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)

    def client(self, name: str = "ada", start: bool = True) -> AbstractContextManager[Client]:
        return starting.connected(name, start, self.home)

    def raw(self, receive_at_most: int = 1000) -> Raw:
        return Raw(self.home, receive_at_most)

    def status(self) -> Mapping[str, Any]:
        with self.client() as client:
            return client.ask("status")

    def pid(self) -> int:
        """The daemon's process, by the file it has written."""
        connection = read_connection(self.home)
        assert connection is not None
        return connection.pid

    def family(self) -> list[psutil.Process]:
        """The daemon and all its workers."""
        daemon = psutil.Process(self.pid())
        return [daemon, *daemon.children(recursive=True)]

    def kill(self) -> None:
        """End the daemon as a crash does."""
        os.kill(self.pid(), signal.SIGKILL)

    def end(self) -> None:
        with suppress(psutil.NoSuchProcess, AssertionError, DaemonUnreachable):
            family = self.family()
            if COMMAND[-1] in family[0].cmdline():  # a test may have written another's number
                for process in family:
                    process.kill()


def submit(client: Client, prompt: str = "", job: str = "", **fields: Any) -> str:
    """Ask for a job; its id."""
    job = job or job_id()
    client.ask("score", job=job, timeline=os.path.abspath("/edit/reel.otio"), prompt=prompt, **fields)  # noqa: PTH100
    return job


def all_gone(processes: list[psutil.Process]) -> bool:
    """Whether none of these runs any more; one that is only waited for does not run."""
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


@contextmanager
def house(folder: Path) -> Iterator[House]:
    """A house without a daemon; whoever is a client first starts it. Nothing of it is left in the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setattr(starting, "COMMAND", COMMAND)
        built = House(folder)
        try:
            yield built
        finally:
            built.end()
