"""A worker's process, seen from the daemon: messages in and out over pipes, and how it ended, in words.

Nothing here waits for the child in the caller's thread. One thread starts the process, reads what it says and sees its
end; one writes to it; one moves its complaints to the log. The thread that starts it lives as long as the process does:
on Linux the child is told to die with that thread (`daemon.worker`), and not before it.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from io import BufferedReader, BufferedWriter
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from daemon.wire import Malformed, read_pipe, write_pipe

LONGEST_LINE = 2_000
"""Bytes of a complaint that are logged as one line."""
CUT_OFF_S = 0.2
"""A message that breaks off is excused when its sender is dead within so many seconds."""
KILLED = 9

_STARTING = Lock()
# One process at a time is started: on Windows another would inherit its pipes, and hold them open.

log = logging.getLogger("hitpoint.worker")


class Child:
    """A process that is started at once.

    Args:
        name: what the log calls it.
        command: the program and its arguments.
        environment: all its variables.
        heard: called with the child and each message, on a thread of the child.
        ended: called once with the child, after the last message, and the reason in words.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        heard: Callable[[Child, dict[str, Any]], None],
        ended: Callable[[Child, str], None],
    ) -> None:
        self._name = name
        self._command = command
        self._environment = environment
        self._heard = heard
        self._ended = ended
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._end: Callable[[subprocess.Popen[bytes]], None] | None = None
        self._outgoing: SimpleQueue[Mapping[str, Any] | None] = SimpleQueue()
        self._said = ""
        """The last line of its complaints."""
        self._life = Thread(target=self._live, name=name, daemon=True)
        self._life.start()

    @property
    def pid(self) -> int | None:
        """Its process id, once it is started."""
        return self._process.pid if self._process else None

    def send(self, message: Mapping[str, Any]) -> None:
        """Write a message as soon as the pipe takes it; one to a process that has ended is dropped."""
        self._outgoing.put(message)

    def forget_said(self) -> None:
        """What it complained of until now is no reason for what it will do."""
        self._said = ""

    def close(self) -> None:
        """Ask it to end: it does when its pipe ends, after what was sent."""
        self._outgoing.put(None)

    def kill(self, gently: bool = False) -> None:
        """End it now; `gently` lets it see to its own end where the system knows such. One being started ends then."""
        with self._lock:
            self._end = subprocess.Popen.terminate if gently else subprocess.Popen.kill
            if self._process is not None:
                self._end(self._process)

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended and was told of; False when it lives on."""
        self._life.join(seconds)
        return not self._life.is_alive()

    def _live(self) -> None:
        try:
            process = self._start()
        except (OSError, ValueError) as error:
            self._ended(self, f"The worker cannot be started: {error}")
            return
        incoming, outgoing, complaining = process.stdin, process.stdout, process.stderr
        assert isinstance(incoming, BufferedWriter)
        assert isinstance(outgoing, BufferedReader)
        assert isinstance(complaining, BufferedReader)
        Thread(target=self._write, args=(incoming,), name=f"{self._name} in", daemon=True).start()
        complaints = Thread(target=self._log, args=(complaining,), name=f"{self._name} log", daemon=True)
        complaints.start()
        nonsense = self._read(process, outgoing)
        code = process.wait()
        complaints.join(1.0)  # a grandchild may hold the pipe open
        self._outgoing.put(None)
        self._ended(self, nonsense or in_words(code, self._said))

    def _start(self) -> subprocess.Popen[bytes]:
        with _STARTING:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(self._environment),
                creationflags=_creation_flags(),
            )
        with self._lock:
            self._process = process
            if self._end is not None:
                self._end(process)
        return process

    def _read(self, process: subprocess.Popen[bytes], pipe: BufferedReader) -> str:
        """Hand on all messages. A process that says what cannot be understood is ended, and what it was is told."""
        try:
            while (message := read_pipe(pipe)) is not None:
                self._heard(self, message)
        except (Malformed, KeyError, TypeError, ValueError, AttributeError) as error:
            # A message cut off by the death of its sender is no nonsense; how it died says more.
            with suppress(subprocess.TimeoutExpired):
                process.wait(CUT_OFF_S)
                return ""
            process.kill()
            log.error("%s said what cannot be understood: %r", self._name, error)
            return f"The worker said what cannot be understood: {error}"
        return ""

    def _write(self, pipe: BufferedWriter) -> None:
        with suppress(OSError), pipe:  # an error: it has ended; whoever reads sees it too
            while (message := self._outgoing.get()) is not None:
                write_pipe(pipe, message)

    def _log(self, pipe: BufferedReader) -> None:
        crashed = False
        with pipe:
            while line := pipe.readline(LONGEST_LINE):
                text = line.decode("utf-8", "replace").rstrip()
                if not text:
                    continue
                log.info("%s: %s", self._name, text)
                # From there on Python lists where it was; what it said before is the better reason.
                crashed = crashed or text.startswith("Fatal Python error")
                if not crashed:
                    self._said = text


def in_words(code: int, said: str = "") -> str:
    """How a process ended, as the start of a sentence.

    Args:
        code: its exit code; the negative number of the signal that ended it.
        said: the last line of its complaints.
    """
    if code == -KILLED:
        how = "The worker was killed (signal 9)"
    elif code < 0:
        how = f"The worker crashed (signal {-code}, {_name_of(-code)})"
    elif code > 255:  # Windows: the status of an exception
        how = f"The worker crashed (0x{code & 0xFFFFFFFF:08X})"
    else:
        how = f"The worker ended (exit code {code})"
    return f"{how}: {said}" if said else how


def _name_of(number: int) -> str:
    try:
        return signal.strsignal(number) or "unknown"
    except ValueError:
        return "unknown"


def _creation_flags() -> int:
    """Windows: below the priority of the editing program, and no window.

    No job object is needed there: when the daemon dies its end of the pipe closes, and the worker ends with it.
    """
    if sys.platform == "win32":
        return subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW
    return 0


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """The daemon's variables as a worker gets them."""
    kept = {name: value for name, value in os.environ.items() if name != "OTIO_PLUGIN_MANIFEST_PATH"}
    # Without that: a manifest makes the timeline library load programs from wherever it says.
    return {**kept, **more}
