"""The daemon: one loop over one socket, in which nothing ever waits.

Disks, workers and folders are other threads' business; what they have to say arrives in the inbox. A `status` is
answered from memory, whatever else goes on.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from logging.handlers import QueueHandler, QueueListener
from queue import SimpleQueue
from threading import Thread
from typing import Any

import zmq

from core.errors import DaemonUnreachable, HitpointError
from daemon.connection import Connection, DaemonLock, kept_connection, read_connection
from daemon.dispatch import Dispatcher
from daemon.executor import Changed, Died, Done, Executor, Failed, Processes, Progress
from daemon.followers import Followers, Peer
from daemon.gate import Gate
from daemon.home import Home, home, prepare
from daemon.inbox import Inbox
from daemon.jobs import FINISHED, Store
from daemon.ledger import Ledger, Written
from daemon.log import start_log
from daemon.operations import Call, perform
from daemon.protocol import Refusal, answer, event, parsed, refusal
from daemon.settings import Settings, read_settings
from daemon.watches import Watches
from daemon.watchfolder import Drop, Spoiled, Watcher
from daemon.wire import PROTOCOL

TICK_MS = 50
"""The longest that the loop sleeps."""
OPEN_FILES = 8192
"""Files and connections that may be open at once, where the system lets them."""
AT_ONCE = 64
"""Messages taken before the loop looks after its workers again."""
WORKER = (sys.executable, "-m", "daemon.worker")

log = logging.getLogger("hitpoint.server")


@dataclass(frozen=True)
class Stop:
    """The loop is to end."""


class Server:
    """What the daemon is made of, and its loop."""

    def __init__(self, home: Home, settings: Settings, gate: Gate, ledger: Ledger, executor: Executor, inbox: Inbox):
        self.home = home
        self.settings = settings
        self.executor = executor
        self.inbox = inbox
        self.gate = gate
        self.followers = Followers()
        self.dispatcher = Dispatcher(home, settings, ledger, executor, self._tell)
        self.watcher = Watcher(inbox)
        self.watches = Watches(self.watcher, ledger, self.dispatcher, self.aside)
        self.started = time.time()
        self.waiting_for_engines: list[Call] = []
        self._stopping = False

    def aside(self, work: Any, then: Any) -> None:
        """Run what may wait for a disk in a thread; the loop then runs `then` with its value or `HitpointError`."""

        def run() -> None:
            try:
                value = work()
            except HitpointError as error:
                value = error
            except OSError as error:
                value = HitpointError(error.strerror or str(error), str(error.filename or ""))
            except Exception as error:
                log.exception("A piece of work aside failed")
                value = _bug(error)
            self.inbox.put(Written(then, value))

        # A thread for each: one that hangs with a share that is gone holds up nobody, nor the daemon's end.
        Thread(target=run, name="aside", daemon=True).start()

    def run(self) -> None:
        """Serve until `stop`."""
        poller = zmq.Poller()
        poller.register(self.gate.socket, zmq.POLLIN)
        poller.register(self.inbox.fileno(), zmq.POLLIN)
        ticked = 0.0
        while not self._stopping:
            ready = [source for source, _ in poller.poll(TICK_MS)]
            if self.inbox.fileno() in ready:
                for happened in self.inbox.drain():
                    with _outlived(happened):
                        self._on(happened)
            if self.gate.socket in ready:
                self._take_messages()
            now = time.monotonic()
            if now - ticked >= TICK_MS / 1000:
                ticked = now
                with _outlived("a tick"):
                    self.executor.tick(now)
                    self.dispatcher.tick(now)
                    self.followers.forget_silent(now)

    def stop(self) -> None:
        """End the loop; what runs goes on at the next start."""
        self._stopping = True
        self.dispatcher.stop()

    def close(self) -> None:
        """End what other threads do."""
        self.watcher.close()

    def _on(self, happened: object) -> None:
        if isinstance(happened, Written):
            happened.deliver()
        elif isinstance(happened, Progress | Done | Failed | Died):
            self.dispatcher.on(happened)
        elif isinstance(happened, Changed):
            self.dispatcher.advance()
            for call in self._with_engines():
                perform(self, call)
        elif isinstance(happened, Drop | Spoiled):
            self.watches.on(happened)
        elif isinstance(happened, Stop):
            self.stop()
        else:  # a thread of our own that says what nobody understands is a bug
            log.error("unknown event %r", happened)

    def _with_engines(self) -> list[Call]:
        """The requests that can be answered now that a worker has told its engines, or that none can be started."""
        if self.executor.engines() is None and not self.executor.broken("score"):
            return []
        calls, self.waiting_for_engines = self.waiting_for_engines, []
        return calls

    # --- messages

    def _take_messages(self) -> None:
        for _ in range(AT_ONCE):
            try:
                identity, *frames = self.gate.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            peer = self.followers.heard(identity, time.monotonic())
            if not peer.bucket.take(time.monotonic()):
                self._slow_down(identity, peer)
                continue
            self._message(identity, peer, frames)

    def _message(self, identity: bytes, peer: Peer, frames: Sequence[bytes]) -> None:
        try:
            asked = parsed(frames)
        except Refusal as refused:
            log.warning("%s: %s", peer.name, refused.error)
            self._send(identity, refused.answer())
            return
        call = Call(asked, identity, peer, partial(self._reply, identity, asked.id))
        try:
            perform(self, call)
        except Exception as error:
            log.exception("%s of %s failed", asked.op, peer.name)
            call.answer(_bug(error))

    def _slow_down(self, identity: bytes, peer: Peer) -> None:
        """Refuse once what comes too fast; the rest of it is dropped unread."""
        if peer.bucket.said:
            return
        peer.bucket.said = True
        log.warning("%s sends too fast", peer.name)
        error = HitpointError("Too many requests at once", peer.name, "Wait a second between them.")
        self._send(identity, refusal("", error))

    def _reply(self, identity: bytes, re: str, ok: Mapping[str, Any] | HitpointError) -> None:
        self._send(identity, refusal(re, ok) if isinstance(ok, HitpointError) else answer(re, ok))

    def _send(self, identity: bytes, message: bytes) -> None:
        """Send without ever waiting: whoever is gone or does not listen misses it, and asks again."""
        try:
            self.gate.socket.send_multipart([identity, message], zmq.NOBLOCK)
        except zmq.Again:
            pass
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self.followers.gone(identity)

    def _tell(self, job: Mapping[str, Any]) -> None:
        """Stream a job to whoever follows it."""
        followers = self.followers.of(job["id"])
        if followers:
            message = event(job)
            for identity in followers:
                self._send(identity, message)
        if job["state"] in FINISHED:
            self.followers.ended(job["id"])
            self.watches.ended(job)


@contextmanager
def _outlived(what: object) -> Iterator[None]:
    """A bug in one piece of work is logged; the daemon goes on with everybody else's."""
    try:
        yield
    except Exception:
        log.exception("%.200r failed", what)


def _bug(error: Exception) -> HitpointError:
    """What is told of an error that nobody foresaw."""
    what = f"Something went wrong that should not: {type(error).__name__}"
    return HitpointError(what, do="The daemon's log has the details.")


class _ToListener(QueueHandler):
    """Hands lines over as they are: the thread that writes them formats them, tracebacks included."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        record.msg, record.args = record.getMessage(), None
        return record


def _log_aside(handler: logging.Handler) -> QueueListener:
    """Let a thread of its own write the log: the loop never waits for a disk."""
    logger = logging.getLogger("hitpoint")
    logger.removeHandler(handler)
    lines: SimpleQueue[logging.LogRecord] = SimpleQueue()
    logger.addHandler(_ToListener(lines))
    listener = QueueListener(lines, handler)
    listener.start()
    return listener


def _allow_many_files() -> None:
    """Let this process open as many files as the system allows it: each connection is one."""
    if sys.platform == "win32":
        return
    import resource

    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    if allowed < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def serve(home: Home, worker: Sequence[str] = WORKER) -> None:
    """Be the daemon of a home until told to stop.

    Args:
        home: where the program's own state lies.
        worker: the command that starts a worker process.

    Raises:
        DaemonUnreachable: another daemon runs here, or the home cannot be used.
        WrongUse: the settings cannot be read.
    """
    prepare(home)
    _allow_many_files()
    with ExitStack() as stack:
        lock = DaemonLock(home)
        if not lock.acquire():
            found = read_connection(home)
            raise DaemonUnreachable("A daemon runs here already", f"pid {found.pid}" if found else str(home.folder))
        stack.callback(lock.release)
        with suppress(OSError):  # what a dead daemon has left must not be taken for this one
            home.connection.unlink(missing_ok=True)
        settings = read_settings(home)
        stack.callback(_log_aside(start_log(home)).stop)
        version = metadata.version("hitpoint")
        inbox = Inbox()
        stack.callback(inbox.close)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: inbox.put(Stop()))
        with closing(Store(home.store)) as store:
            live = store.live()
            watches = [(record, store.seen_in(record.folder)) for record in store.watches()]
        ledger = Ledger(home.store, inbox)
        stack.callback(ledger.close)
        context = stack.enter_context(zmq.Context())
        gate = stack.enter_context(Gate(context, home, settings))
        executor = Processes(home, settings, inbox, worker)
        stack.callback(executor.stop)
        server = Server(home, settings, gate, ledger, executor, inbox)
        stack.callback(server.close)
        connection = Connection(gate.address, gate.public.decode(), os.getpid(), version, PROTOCOL, server.started)
        stack.enter_context(kept_connection(home, connection))
        log.info("Hitpoint %s listens at %s, pid %d", version, gate.address, os.getpid())
        server.dispatcher.take_up(live)
        server.watches.take_up(watches)
        # Only now: no part of the start waits for what hosts need.
        from daemon.mailbox import Mailbox

        mailbox = Mailbox(home, executor.engines)
        stack.callback(mailbox.close)
        mailbox.start()
        server.run()
        log.info("stopping")


def main() -> None:
    """`python -m daemon.server`: serve the home of this user."""
    try:
        serve(home())
    except HitpointError as error:
        with suppress(OSError):
            print(f"hitpoint: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
