"""The client's side of the protocol: ask, submit work, follow it to its end, whatever becomes of the daemon meanwhile.

Every request may be sent twice without harm (work carries an id of its own), so that a client which hears nothing
simply reaches the daemon anew and asks again.
"""

from __future__ import annotations

import os
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import metadata
from typing import Any

import zmq

from core.errors import Cancelled, DaemonUnreachable, UnusableInput, WrongUse, raised
from daemon.connection import Connection
from daemon.keys import Pair
from daemon.wire import (
    CLIENT_GONE_S,
    HEARTBEAT_S,
    LIVENESS_S,
    MAX_ANSWER,
    MAX_ATTACHMENT,
    PROTOCOL,
    Malformed,
    packed,
    pieces,
    unpacked,
)

FINISHED = frozenset({"done", "failed", "cancelled"})
NOT_TWICE = frozenset({"shutdown"})
"""Not asked again: another daemon may have taken the place of the one that has ended."""
KEPT_EVENTS = 1000
"""Events that wait to be looked at; older ones are let go, since each tells the whole job."""
BEAT = "beat"
"""The id of requests that are a sign of life; their answers are events."""
POLL_S = 0.05
"""How often a client that follows a job looks whether its user has asked to stop."""

Job = Mapping[str, Any]
"""A job as the daemon tells it (docs/protocol.md)."""


def job_id() -> str:
    """A new id for a job."""
    return secrets.token_hex(8)


def process_lives(pid: int) -> bool:
    """Whether a process of this number runs."""
    if os.name == "nt":
        import psutil

        return bool(psutil.pid_exists(pid))
    try:
        os.kill(pid, 0)
        # A child of this very process that has ended goes on having its number until it is waited for.
        return os.waitpid(pid, os.WNOHANG)[0] == 0
    except ProcessLookupError:
        return False
    except (PermissionError, ChildProcessError):
        return True


def _nobody(_: Job) -> None:
    """Progress that nobody follows."""


def _never() -> bool:
    return False


class Client:
    """One connection to the daemon; for one thread.

    Args:
        reach: gives the running daemon's connection, starting one if need be; called again when the daemon is gone.
        keys: the client's CURVE keys.
        name: who asks: jobs are shared out fairly between names.

    Raises:
        DaemonUnreachable: from every method, when no daemon answers.
    """

    def __init__(self, reach: Callable[[], Connection], keys: Pair, name: str) -> None:
        self._reach = reach
        self._keys = keys
        self._name = name
        self._context = zmq.Context()
        self._socket: zmq.Socket[bytes] | None = None
        self._pid = 0
        self._asked = 0
        self._silence = 0.0
        """Seconds that were listened in vain since the daemon was heard last."""
        self._sent = 0.0
        self._events: deque[Job] = deque(maxlen=KEPT_EVENTS)
        self.served = False
        """Whether something that was asked has been answered."""
        self.hello: Mapping[str, Any] = {}
        """What the daemon has answered to hello."""
        try:
            self._connect()
        except BaseException:
            self.close()
            raise

    def ask(self, op: str, attachment: bytes | None = None, **fields: Any) -> dict[str, Any]:
        """Ask one thing and wait for its answer, as long as the daemon lives.

        Raises:
            HitpointError: what the daemon has refused it with, as the class that fits.
        """
        if time.monotonic() - self._sent > CLIENT_GONE_S:
            self._connect()  # it may have been forgotten, or speak to another daemon by now
        self._asked += 1
        request = f"r{self._asked}"
        self._send(request, op, attachment, fields)
        sent = time.monotonic()
        while True:
            message = self._receive(HEARTBEAT_S)
            if message is not None and message.get("re") in (request, ""):
                self.served = True
                return _answer(message)
            if self._is_silent():
                if op in NOT_TWICE:
                    raise _silence()
                self._connect()
            elif op in NOT_TWICE or time.monotonic() - sent < LIVENESS_S:
                self._beat("ping")
                continue
            # Else the answer was lost: the daemon sends nothing to who does not read in time.
            self._send(request, op, attachment, fields)
            sent = time.monotonic()

    def follow(
        self,
        job: str,
        progress: Callable[[Job], None] = _nobody,
        cancelled: Callable[[], bool] = _never,
    ) -> dict[str, Any]:
        """Follow a job to its end and give its result; it goes on by itself when this client ends.

        Args:
            job: its id.
            progress: called with the job at each change of it.
            cancelled: once it is true, the job is cancelled, and followed until that is done.

        Raises:
            Cancelled: the job was cancelled.
            HitpointError: what it failed with.
        """
        stopping, reached = False, 0.0
        found = self._now("follow", job)
        while True:
            if found["id"] == job:
                if found["state"] in FINISHED:
                    return _outcome(found)
                reached = max(reached, found["progress"])  # a daemon that starts again counts anew
                progress({**found, "progress": reached})
            if cancelled() and not stopping:
                stopping = True
                found = self._now("cancel", job)
                continue
            found = self._next_event(job)

    def close(self) -> None:
        """Let the daemon go; what it works on goes on."""
        if self._socket is not None:
            self._socket.close(linger=200)
        self._context.term()

    # --- one job

    def _now(self, op: str, job: str) -> Job:
        """Ask how a job stands; what was told of it before the answer is out of date."""
        found: Job = self.ask(op, job=job)["job"]
        self._events.clear()
        return found

    def _next_event(self, job: str) -> Job:
        """The next change of a job; asked for again where nothing was heard of it."""
        if not self._events:
            self._beat("follow", job=job)
            message = self._receive(POLL_S)
            if message is not None and message.get("re") == BEAT and "error" in message:
                raise raised(message["error"])
            if self._is_silent():
                self._connect()
                return self._now("follow", job)
        return self._events.popleft() if self._events else {"id": ""}

    # --- signs of life

    def _beat(self, op: str, **fields: Any) -> None:
        """Say that this client lives, unless it has just said something."""
        if time.monotonic() - self._sent > HEARTBEAT_S:
            self._send(BEAT, op, None, fields)

    def _is_silent(self) -> bool:
        """Whether the daemon is gone: its process, or all sign of life of it."""
        return self._silence > LIVENESS_S or (self._silence > HEARTBEAT_S and not process_lives(self._pid))

    # --- the socket

    def _connect(self) -> None:
        """Reach the daemon and say hello: again, as what was written of it may be out of date, or the machine busy."""
        for patience_s in (HEARTBEAT_S, LIVENESS_S):
            with suppress(_NoAnswer):
                self._greet(self._reach(), patience_s)
                return
        self._greet(self._reach(), 2 * LIVENESS_S)

    def _greet(self, connection: Connection, patience_s: float) -> None:
        if self._socket is not None:
            self._socket.close(linger=0)
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.linger = 200
        self._socket.sndtimeo = round(1000 * HEARTBEAT_S)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_ANSWER)
        self._socket.setsockopt(zmq.IPV6, 0)
        self._socket.curve_serverkey = connection.public.encode()
        self._socket.curve_publickey, self._socket.curve_secretkey = self._keys.public, self._keys.secret
        self._socket.connect(connection.address)
        self._pid, self._silence = connection.pid, 0.0
        program = f"hitpoint {metadata.version('hitpoint')}"
        self._send("hello", "hello", None, {"client": self._name, "program": program, "protocols": [PROTOCOL]})
        by = time.monotonic() + patience_s
        while (left := by - time.monotonic()) > 0:
            message = self._receive(min(left, HEARTBEAT_S))
            if message is not None and message.get("re") in ("hello", ""):
                self.hello = _answer(message)
                return
            if not process_lives(connection.pid):
                break
        raise _silence()

    def _send(self, request: str, op: str, attachment: bytes | None, fields: Mapping[str, Any]) -> None:
        assert self._socket is not None
        try:
            frames = [packed({**fields, "v": PROTOCOL, "id": request, "op": op})]
        except Malformed as error:
            raise WrongUse(str(error), op) from None
        if attachment is not None:
            if len(attachment) > MAX_ATTACHMENT:  # the daemon would cut the connection, and answer nothing
                what = f"The timeline has {len(attachment)} bytes; at most {MAX_ATTACHMENT} can be sent"
                raise UnusableInput(what, do="Export only the part that is to be scored.")
            frames += pieces(attachment)
        self._sent = time.monotonic()
        try:
            self._socket.send_multipart(frames)
        except zmq.Again:  # a client that is refused has nobody to send to
            what = "The daemon takes nothing from this client"
            raise DaemonUnreachable(what, do="`hitpoint doctor` says whether its key is known.") from None

    def _receive(self, timeout_s: float) -> dict[str, Any] | None:
        """The next answer, or None after a while; events on the way are kept."""
        assert self._socket is not None
        begun = time.monotonic()
        if not self._socket.poll(round(timeout_s * 1000)):
            self._silence += time.monotonic() - begun
            return None
        self._silence = 0.0
        try:
            message = unpacked(self._socket.recv(), MAX_ANSWER)
        except Malformed as error:
            raise DaemonUnreachable(f"The daemon's answer cannot be read: {error}") from None
        if message.get("event") == "job":
            self._events.append(message["job"])
            return {}
        if message.get("re") == BEAT and "job" in message.get("ok", {}):
            self._events.append(message["ok"]["job"])
        return message


def _answer(message: Mapping[str, Any]) -> dict[str, Any]:
    """What a request was answered with; raises what it was refused with."""
    if "error" in message:
        raise raised(message["error"])
    return dict(message["ok"])


class _NoAnswer(DaemonUnreachable):
    """The daemon is silent, or busy beyond measure."""


def _silence() -> DaemonUnreachable:
    remedy = "What was asked for may still run: see `hitpoint jobs`, or ask `hitpoint doctor`."
    return _NoAnswer("The daemon does not answer", do=remedy)


def _outcome(job: Job) -> dict[str, Any]:
    """The result of a job that has ended, or its error."""
    if job["state"] == "done":
        return dict(job["result"])
    error = raised(job.get("error") or {"what": job["reason"]})
    raise Cancelled(error.what, error.where, error.do) if job["state"] == "cancelled" else error
