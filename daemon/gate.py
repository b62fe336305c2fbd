"""The gate: the daemon's one socket, through which only known keys from allowed addresses come.

Every connection is CURVE: encrypted, and both ends prove their keys before a byte of a message is read. Addresses are
looked at first, when a connection is accepted, and again with its key. Whoever is refused leaves one line in the log.
A message's sender is known beyond doubt: `socket.recv(copy=False)["User-Id"]` is the client's public key.
"""

from __future__ import annotations

import errno
import logging
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType

import zmq
import zmq.auth.thread
from zmq.utils import monitor

from core.errors import DaemonUnreachable, HitpointError
from daemon.home import Home
from daemon.keys import daemon_pair, known_clients
from daemon.settings import Settings, check_address
from daemon.wire import MAX_FRAME

DOMAIN = "hitpoint"
"""The ZAP domain; a connection of another, or without somebody to ask, is refused."""
LARGEST_FRAME = MAX_FRAME + 2**10
"""Bytes of one frame; whoever claims more is cut off before room is made for it."""
HANDSHAKE_S = 3.0
"""A connection that has not proved its key by then is cut off."""
HEARTBEAT_S = 2.0
"""Between heartbeats of the transport; a peer that is silent for three is gone."""
WAITING = 100
"""Messages of one client that wait to be read; then it has to wait itself."""
UNSENT = 1000
"""Messages to one client that wait to be sent; then it misses what comes."""
LINES = 20
"""Lines about refused connections in one window of the log; the rest are counted."""
WINDOW_S = 60.0

_log = logging.getLogger("hitpoint.gate")


class Gate:
    """The socket, bound and guarded, and who guards it; one thread may use the socket.

    Sending with `zmq.NOBLOCK` raises `zmq.Again` when a client does not read, and EHOSTUNREACH when it is gone.
    """

    socket: zmq.Socket[bytes]
    """ROUTER."""
    address: str
    """Where it is bound: "tcp://127.0.0.1:49321"."""
    public: bytes
    """The daemon's public key."""

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        home: Home,
        settings: Settings,
        largest_frame: int = LARGEST_FRAME,
    ) -> None:
        """Open the gate.

        Args:
            context: the ZeroMQ context; it can have one gate.
            home: where the keys lie.
            settings: the address, the port, and who may connect.
            largest_frame: bytes of one frame.

        Raises:
            DaemonUnreachable: the address or port cannot be had, or a key is damaged or not private.
            WrongUse: the settings name no address that is safe to listen on.
        """
        check_address(settings)
        pair = daemon_pair(home)
        self.public = pair.public
        allowed = frozenset({"127.0.0.1", settings.address, *settings.allow})
        self._watcher: threading.Thread | None = None
        self._refusals = _Refusals()
        self._doorkeeper = _Doorkeeper(context, allowed, lambda: known_clients(home), self._refusals.say)
        self.socket = context.socket(zmq.ROUTER)
        try:
            _set_limits(self.socket, largest_frame)
            _set_curve(self.socket, pair.secret, allowed)
            self._doorkeeper.start()
            self._watcher = self._watch()
            self.address = _bound(self.socket, settings)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the socket; what is unsent has a moment to leave."""
        if not self.socket.closed:
            self.socket.disable_monitor()
            self.socket.close(linger=500)
        if self._watcher is not None:
            self._watcher.join()
        self._doorkeeper.stop()
        self._refusals.settle(at_once=True)

    def __enter__(self) -> Gate:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _watch(self) -> threading.Thread:
        events = zmq.Event.ACCEPTED | zmq.Event.ACCEPT_FAILED | zmq.Event.DISCONNECTED | zmq.Event.MONITOR_STOPPED
        events |= zmq.Event.HANDSHAKE_SUCCEEDED | zmq.Event.HANDSHAKE_FAILED_AUTH
        events |= zmq.Event.HANDSHAKE_FAILED_PROTOCOL | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL
        source = self.socket.get_monitor_socket(events)
        watcher = threading.Thread(target=_watch_arrivals, args=(source, self._refusals), name="gate", daemon=True)
        watcher.start()
        return watcher


def _set_limits(socket: zmq.Socket[bytes], largest_frame: int) -> None:
    """What a peer can cost; each is set before the socket is bound."""
    socket.setsockopt(zmq.MAXMSGSIZE, largest_frame)
    socket.setsockopt(zmq.RCVHWM, WAITING)
    socket.setsockopt(zmq.SNDHWM, UNSENT)
    socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    socket.setsockopt(zmq.LINGER, 500)
    socket.setsockopt(zmq.HANDSHAKE_IVL, round(HANDSHAKE_S * 1000))
    socket.setsockopt(zmq.HEARTBEAT_IVL, round(HEARTBEAT_S * 1000))
    socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, round(3 * HEARTBEAT_S * 1000))
    socket.setsockopt(zmq.HEARTBEAT_TTL, round(3 * HEARTBEAT_S * 1000))
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
    socket.setsockopt(zmq.BACKLOG, 128)
    socket.setsockopt(zmq.IPV6, 0)


def _set_curve(socket: zmq.Socket[bytes], secret: bytes, allowed: frozenset[str]) -> None:
    socket.setsockopt(zmq.CURVE_SERVER, 1)
    socket.setsockopt(zmq.CURVE_SECRETKEY, secret)
    socket.setsockopt_string(zmq.ZAP_DOMAIN, DOMAIN)
    # Without this, libzmq lets every key in while nobody answers for the domain.
    socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
    # Keys are asked for after a handshake, in which a peer can already send a large frame: strangers end before it.
    for address in sorted(allowed):
        socket.setsockopt_string(zmq.TCP_ACCEPT_FILTER, f"{address}/32")


def _bound(socket: zmq.Socket[bytes], settings: Settings) -> str:
    """Bind and make sure that the system has bound what was asked for, and nothing wider."""
    wanted = f"tcp://{settings.address}:"
    try:
        socket.bind(f"{wanted}{settings.port or '*'}")
    except zmq.ZMQError as error:
        if error.errno == zmq.EADDRINUSE:
            remedy = "Set another port in settings.toml; 0 lets the system choose."
            raise DaemonUnreachable(f"Another program listens on port {settings.port}", "", remedy) from error
        remedy = "Set address and port in settings.toml to what this machine has."
        raise DaemonUnreachable(f"Cannot listen: {error.strerror}", f"{wanted}{settings.port}", remedy) from error
    address = socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")
    port = address.removeprefix(wanted)
    if not port.isdecimal() or int(port) == 0 or (settings.port and int(port) != settings.port):
        raise DaemonUnreachable("The system has bound another address than was asked for", address, "Try once more.")
    return address


class _Doorkeeper(zmq.auth.thread.ThreadAuthenticator):
    """Says who may come in, in a thread of its own: known keys from allowed addresses."""

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        allowed: frozenset[str],
        known: Callable[[], frozenset[bytes]],
        refused: Callable[[str], None],
    ) -> None:
        if sys.platform == "win32":  # the library's thread reads sockets, which the usual loop there cannot
            import asyncio

            asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())
        super().__init__(context, log=logging.getLogger("hitpoint.gate.zap"))
        self._open_to = allowed
        self._known = known
        self._refused = refused
        self._knocking = ""
        self.allow(*allowed)
        self.configure_curve_callback(DOMAIN, self)

    async def handle_zap_message(self, msg: list[bytes]) -> None:
        """Decide about one connection; asked once its handshake has proved its key."""
        self._knocking = msg[3].decode("ascii", "backslashreplace") if len(msg) > 3 else ""
        if self._knocking not in self._open_to:
            self._refused(f"{self._knocking} is no address that may connect")
        await super().handle_zap_message(msg)

    def callback(self, domain: str, key: bytes) -> bool:
        """Whether that key may come in. Keys are read each time: a key taken away is refused from then on."""
        del domain
        try:
            if key in self._known():  # public keys are no secret: their owner has proved to have the other half
                return True
        except (HitpointError, OSError) as error:
            self._refused(f"the known keys cannot be read: {error}")
            return False
        self._refused(f"unknown key {key.decode()} from {self._knocking}")
        return False


class _Refusals:
    """One line in the log for each refused connection; when they storm, one line for the rest."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._since = clock()
        self._written = 0
        self._unsaid = 0

    def say(self, words: str) -> None:
        """Note one refused connection."""
        self.settle()
        with self._lock:
            if self._written < LINES:
                self._written += 1
                _log.warning("Refused: %s", words)
            else:
                self._unsaid += 1

    def settle(self, at_once: bool = False) -> None:
        """Say how many went without a line, once their window is over."""
        with self._lock:
            now = self._clock()
            if now - self._since < WINDOW_S and not at_once:
                return
            if self._unsaid:
                _log.warning("Refused: %d more connections in %.0f s", self._unsaid, now - self._since)
            self._since, self._written, self._unsaid = now, 0, 0


_WHY_REFUSED = {
    int(zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH): "it does not offer CURVE",
    int(zmq.PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC): "its keys do not fit: it took this for another daemon, or is a replay",
}


class Arrivals:
    """Tells from the socket's events which connections were refused.

    Some are cut without a reason (no ZeroMQ, a claim that is too large): then one that was still in its handshake
    ends, and no failure was told just before.
    """

    def __init__(self, refused: Callable[[str], None]) -> None:
        self._refused = refused
        self._shaking = 0
        self._told = False

    def on(self, event: int, value: int) -> None:
        """Follow one event of the socket."""
        if event == zmq.Event.ACCEPTED:
            self._shaking += 1
        elif event == zmq.Event.HANDSHAKE_SUCCEEDED:
            self._shaking -= 1
        elif event == zmq.Event.ACCEPT_FAILED:
            self._refused(_why_not_accepted(value))
        elif event == zmq.Event.HANDSHAKE_FAILED_AUTH:
            self._told = True  # the doorkeeper has said why
        elif event == zmq.Event.HANDSHAKE_FAILED_PROTOCOL:
            self._told = True
            self._refused(_WHY_REFUSED.get(value, f"its handshake is not ZeroMQ's (0x{value:x})"))
        elif event == zmq.Event.HANDSHAKE_FAILED_NO_DETAIL:
            self._told = True
            self._refused("it left, or was silent too long, before its key was known")
        elif event == zmq.Event.DISCONNECTED:
            self._ended()

    def _ended(self) -> None:
        if self._told:
            self._shaking -= 1
        elif self._shaking > 0:
            self._shaking -= 1
            self._refused("it does not speak this protocol, or claimed too large a message")
        self._told = False


def _why_not_accepted(value: int) -> str:
    if value in (errno.EMFILE, errno.ENFILE):
        return "too many connections are open"
    return "its address may not connect"


def _watch_arrivals(source: zmq.Socket[bytes], refusals: _Refusals) -> None:
    """Read the socket's events until it is closed; its own thread does nothing else."""
    arrivals = Arrivals(refusals.say)
    try:
        while True:
            if source.poll(1000):
                told = monitor.parse_monitor_message(source.recv_multipart())
                if told["event"] == zmq.Event.MONITOR_STOPPED:
                    return
                arrivals.on(told["event"], told["value"])
            refusals.settle()
    finally:
        source.close(linger=0)
