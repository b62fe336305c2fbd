"""The gate from outside: raw sockets and plain ZeroMQ knock, and an honest client beside them is always answered."""

from __future__ import annotations

import logging
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import zmq

from core.errors import DaemonUnreachable, WrongUse
from daemon import gate as gate_module
from daemon.gate import HANDSHAKE_S, LINES, WINDOW_S, Arrivals, Gate
from daemon.home import Home, prepare
from daemon.keys import Pair, client_pair, daemon_pair
from daemon.private import write_private
from daemon.settings import Settings
from tests.daemon.house import until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="source addresses and limits as POSIX has them")

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"CURVE".ljust(20, b"\0") + b"\0" + bytes(31)
"""What a ZMTP 3.1 peer says first."""


@dataclass
class House:
    """A gate with somebody behind it who answers, and the clients' own context."""

    gate: Gate
    home: Home
    context: zmq.Context[zmq.Socket[bytes]]
    senders: list[str] = field(default_factory=list)
    """User-Id of each message that came through."""

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._answering = threading.Thread(target=self._answer)
        self._answering.start()

    def close(self) -> None:
        self._stop.set()
        self._answering.join()
        self.gate.close()

    def _answer(self) -> None:
        while not self._stop.is_set():
            if self.gate.socket.poll(20):
                identity, *frames = self.gate.socket.recv_multipart(copy=False)
                self.senders.append(str(frames[-1].get("User-Id")))
                self.gate.socket.send_multipart([identity.bytes, b"answer to " + frames[-1].bytes])

    @property
    def port(self) -> int:
        return int(self.gate.address.rpartition(":")[2])

    def client(self, pair: Pair | None = None, server: bytes | None = None, address: str = "") -> zmq.Socket[bytes]:
        dealer = self.context.socket(zmq.DEALER)
        pair = pair or client_pair(self.home)
        dealer.setsockopt(zmq.CURVE_SERVERKEY, server or self.gate.public)
        dealer.setsockopt(zmq.CURVE_PUBLICKEY, pair.public)
        dealer.setsockopt(zmq.CURVE_SECRETKEY, pair.secret)
        dealer.setsockopt(zmq.RECONNECT_IVL, 60_000)  # one attempt is one refusal
        dealer.connect(address or self.gate.address)
        return dealer

    def raw(self, sent: bytes, source: str = "127.0.0.1") -> socket.socket:
        stranger = socket.create_connection(("127.0.0.1", self.port), 5, (source, 0))
        stranger.sendall(sent)
        return stranger


def answered(dealer: zmq.Socket[bytes], wait_ms: int = 5000) -> bool:
    """Whether a question comes back as its answer."""
    try:
        dealer.send(b"question", zmq.NOBLOCK)
    except zmq.Again:  # it is refused already: there is nobody to send to
        return False
    return bool(dealer.poll(wait_ms)) and dealer.recv() == b"answer to question"


def pair() -> Pair:
    return Pair(*zmq.curve_keypair())


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    context = zmq.Context[zmq.Socket[bytes]]()
    context.setsockopt(zmq.LINGER, 0)  # what nobody takes is not waited for
    yield context
    context.destroy(linger=0)


@pytest.fixture
def made(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    prepare(home)
    return home


@pytest.fixture
def house(
    made: Home,
    context: zmq.Context[zmq.Socket[bytes]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[House]:
    monkeypatch.setattr(logging.getLogger("hitpoint"), "propagate", True)
    caplog.set_level(logging.INFO, "hitpoint")
    monkeypatch.setattr(gate_module, "HANDSHAKE_S", 1.0)
    behind = zmq.Context[zmq.Socket[bytes]]()
    with closing(House(Gate(behind, made, Settings(), largest_frame=2**20), made, context)) as house:
        yield house
    behind.destroy(linger=0)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "hitpoint.gate"]


def soon(true: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether something becomes true."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def refused_once(caplog: pytest.LogCaptureFixture, word: str) -> bool:
    """Whether one line and no more says why, and it says it in these words."""
    if not soon(lambda: bool(lines(caplog))):
        return False
    time.sleep(0.1)
    return len(lines(caplog)) == 1 and word in lines(caplog)[0]


def test_an_honest_client_is_answered_and_known_by_its_key(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with closing(house.client()) as honest:
        assert answered(honest)
    assert house.senders == [client_pair(house.home).public.decode()]
    assert lines(caplog) == []


def test_the_gate_listens_on_loopback_alone(house: House) -> None:
    assert house.gate.address == f"tcp://127.0.0.1:{house.port}"
    bound = [each.laddr for each in psutil.Process().net_connections("tcp") if each.status == psutil.CONN_LISTEN]
    assert [each.ip for each in bound if each.port == house.port] == ["127.0.0.1"]


def test_an_unknown_key_is_refused(house: House, caplog: pytest.LogCaptureFixture) -> None:
    stranger = pair()
    with closing(house.client()) as honest, closing(house.client(stranger)) as dealer:
        assert answered(honest)
        assert not answered(dealer, 300)
        assert answered(honest)
        assert refused_once(caplog, f"unknown key {stranger.public.decode()} from 127.0.0.1")


def test_a_key_counts_from_when_it_is_known_to_when_it_is_taken_away(house: House) -> None:
    colleague = pair()
    public = house.home.keys / "known" / "colleague.key"
    with closing(house.client(colleague)) as early:
        assert not answered(early, 300)
    write_private(public, b'curve\n    public-key = "%s"\n' % colleague.public)
    with closing(house.client(colleague)) as welcome:
        assert answered(welcome)
    public.unlink()
    with closing(house.client(colleague)) as late:
        assert not answered(late, 300)


def test_a_client_that_took_the_gate_for_another_daemon_is_refused(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(house.client()) as honest, closing(house.client(server=pair().public)) as dealer:
        assert not answered(dealer, 300)
        assert answered(honest)
        assert refused_once(caplog, "keys do not fit")


@pytest.mark.parametrize("mechanism", ["NULL", "PLAIN"])
def test_a_client_without_curve_is_refused(mechanism: str, house: House, caplog: pytest.LogCaptureFixture) -> None:
    with closing(house.client()) as honest, closing(house.context.socket(zmq.DEALER)) as dealer:
        if mechanism == "PLAIN":
            dealer.setsockopt(zmq.PLAIN_USERNAME, b"admin")
            dealer.setsockopt(zmq.PLAIN_PASSWORD, b"admin")
        dealer.setsockopt(zmq.RECONNECT_IVL, 60_000)
        dealer.connect(house.gate.address)
        assert not answered(dealer, 300)
        assert answered(honest)
        assert refused_once(caplog, "Refused: it")  # it "does not offer CURVE", or saw that first and left
    assert set(house.senders) == {client_pair(house.home).public.decode()}


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"POST /score HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}", id="HTTP"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)), id="TLS"),
        pytest.param(bytes(range(1, 255)) * 300, id="garbage"),
        pytest.param(b"\x01\x00" * 500, id="ZMTP 1"),
        pytest.param(GREETING + b"\x04\x06\x05HELLO" + bytes(40), id="half a hello"),
        pytest.param(GREETING + b"\x06" + (10 * 2**30).to_bytes(8, "big") + b"x" * 100, id="10 GiB claimed"),
        pytest.param(GREETING + b"\x02" + (2**63 + 1).to_bytes(8, "big") + b"x" * 100, id="2^63 claimed"),
        pytest.param(GREETING + b"\x00\x05input", id="a message before its key"),
    ],
)
def test_bytes_of_strangers_are_cut_off_and_logged_once(
    sent: bytes, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(house.client()) as honest:
        assert answered(honest)
        with house.raw(sent) as stranger:
            stranger.settimeout(10)
            assert _cut_off(stranger)
            assert answered(honest)
        assert refused_once(caplog, "Refused: it")
    assert len(house.senders) == 2


def _cut_off(stranger: socket.socket) -> bool:
    try:
        while stranger.recv(65536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def test_a_length_claim_makes_no_room(house: House) -> None:
    with closing(house.client()) as honest:
        assert answered(honest)
        before = psutil.Process().memory_info().rss
        strangers = [house.raw(GREETING + b"\x06" + (10 * 2**30).to_bytes(8, "big")) for _ in range(50)]
        assert answered(honest)
        for stranger in strangers:
            assert _cut_off(stranger)
            stranger.close()
        assert psutil.Process().memory_info().rss - before < 20 * 2**20


def test_a_known_client_may_not_send_more_than_a_frame_holds(house: House) -> None:
    with closing(house.client()) as honest, closing(house.client()) as large:
        assert answered(large)
        large.send(bytes(2**20 + 1))
        assert not large.poll(500)
        assert answered(honest)


@pytest.mark.parametrize("sent", [b"", GREETING[:20], GREETING], ids=["silent", "half a greeting", "a greeting"])
def test_half_a_handshake_kept_open_is_cut_off(sent: bytes, house: House, caplog: pytest.LogCaptureFixture) -> None:
    with closing(house.client()) as honest, house.raw(sent) as stranger:
        assert answered(honest)
        stranger.settimeout(10)
        assert _cut_off(stranger)
        assert answered(honest)
        assert refused_once(caplog, "silent too long")


def test_a_recorded_session_cannot_be_replayed(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with _Recorder(house.port) as recorder:
        with closing(house.client(address=f"tcp://127.0.0.1:{recorder.port}")) as honest:
            assert answered(honest)
        assert soon(recorder.ended)
    assert len(recorder.sent) > 400  # greeting, hello, initiate, message
    assert b"question" not in recorder.sent
    assert lines(caplog) == []
    with house.raw(bytes(recorder.sent)) as replay:
        replay.settimeout(10)
        assert _cut_off(replay)
    assert refused_once(caplog, "Refused: it")
    assert len(house.senders) == 1


class _Recorder:
    """A wire tap: passes one TCP connection on and keeps what the client sent."""

    def __init__(self, port: int) -> None:
        self.sent = bytearray()
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._passing = threading.Thread(target=self._pass, daemon=True)

    def __enter__(self) -> _Recorder:
        self._passing.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def ended(self) -> bool:
        return not self._passing.is_alive()

    def _pass(self) -> None:
        client, _ = self._listening.accept()
        with client, socket.create_connection(("127.0.0.1", self._to)) as server:
            back = threading.Thread(target=self._back, args=(server, client), daemon=True)
            back.start()
            while data := client.recv(65536):
                self.sent += data
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)
            back.join(5)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        try:
            while data := server.recv(65536):
                client.sendall(data)
        except OSError:  # the client has left
            return


def test_200_connections_opened_and_dropped_disturb_nobody(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with closing(house.client()) as honest:
        assert answered(honest)
        before = psutil.Process().memory_info().rss
        for number in range(200):
            house.raw(GREETING[: number % len(GREETING)]).close()
            if number % 20 == 0:
                assert answered(honest, 1000)
        assert answered(honest, 1000)
        assert psutil.Process().memory_info().rss - before < 30 * 2**20
        assert soon(lambda: _open_connections(house.port) == 1)  # the honest one
        assert len(lines(caplog)) == LINES
    house.close()
    assert lines(caplog)[-1].startswith(f"Refused: {200 - LINES} more connections in ")


def _open_connections(port: int) -> int:
    found = psutil.Process().net_connections("tcp")
    return len([each for each in found if each.laddr.port == port and each.status != psutil.CONN_LISTEN])


def test_200_unknown_keys_at_once_disturb_nobody(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with closing(house.client()) as honest:
        assert answered(honest)
        strangers = [house.client(pair()) for _ in range(200)]
        for _ in range(10):
            assert answered(honest, 2000)
        assert soon(lambda: len(lines(caplog)) == LINES)
        for stranger in strangers:
            stranger.close(linger=0)
    assert len(house.senders) == 11


def test_an_address_that_is_not_allowed_is_cut_off_before_it_is_heard(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(house.client()) as honest, closing(_from("127.0.0.3", house)) as elsewhere:
        assert not answered(elsewhere, 300)
        assert answered(honest)
        assert refused_once(caplog, "address may not connect")


def _from(source: str, house: House, pair: Pair | None = None) -> zmq.Socket[bytes]:
    return house.client(pair, address=f"tcp://{source}:0;127.0.0.1:{house.port}")


def test_an_allowed_address_still_needs_a_known_key(made: Home, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    behind = zmq.Context[zmq.Socket[bytes]]()
    with closing(House(Gate(behind, made, Settings(allow=("127.0.0.3",))), made, context)) as house:
        with closing(_from("127.0.0.3", house)) as known:
            assert answered(known)
        with closing(_from("127.0.0.3", house, pair())) as unknown:
            assert not answered(unknown, 300)
    behind.destroy(linger=0)


def test_an_address_of_the_network_needs_an_allow_list(made: Home, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    with pytest.raises(WrongUse, match="allow is empty"):
        Gate(context, made, Settings(address="192.168.1.5"))
    with pytest.raises(WrongUse, match="stands for many machines"):
        Gate(context, made, Settings(address="0.0.0.0", allow=("192.168.1.6",)))


def test_a_port_that_is_taken_is_said(made: Home, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DaemonUnreachable, match=f"Another program listens on port {port}"):
            Gate(context, made, Settings(port=port))
    with until(lambda: opened(context, made, port)) as gate:  # nothing of the failed one is left
        assert gate.address == f"tcp://127.0.0.1:{port}"


def opened(context: zmq.Context[zmq.Socket[bytes]], home: Home, port: int) -> Gate | None:
    """A gate at this port; None while ZeroMQ, which closes sockets aside, still holds one of a gate that failed."""
    try:
        return Gate(context, home, Settings(port=port))
    except zmq.ZMQError:
        return None


def test_an_address_that_this_machine_has_not_is_said(made: Home, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    with pytest.raises(DaemonUnreachable, match=r"Cannot listen: .* \(tcp://198\.51\.100\.7:0\)"):
        Gate(context, made, Settings(address="198.51.100.7", allow=("198.51.100.8",)))


def test_nobody_comes_in_when_nobody_can_say_who_is_known(house: House, caplog: pytest.LogCaptureFixture) -> None:
    client_pair(house.home)
    known = house.home.keys / "known" / "client.key"
    written = known.read_bytes()
    known.write_bytes(b"nonsense")
    with closing(house.client()) as client:
        assert not answered(client, 300)
    known.write_bytes(written)
    house.gate._doorkeeper.stop()
    with closing(house.client()) as client:
        assert not answered(client, 300)
    assert house.senders == []
    assert any("unknown key" in line for line in lines(caplog))


def test_when_files_run_out_the_gate_lives_on(house: House) -> None:
    with closing(house.client()) as honest:
        assert answered(honest)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        strangers = []
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (psutil.Process().num_fds() + 8, hard))
            for _ in range(20):
                stranger = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
                strangers.append(stranger)
                stranger.connect_ex(("127.0.0.1", house.port))
        except OSError:  # what is left of them is not even enough for the strangers
            assert strangers
        finally:
            assert answered(honest)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for stranger in strangers:
                stranger.close()
        with closing(house.client()) as later:
            assert answered(later)


def test_the_daemons_key_stays_the_same(made: Home) -> None:
    found = set()
    for _ in range(2):
        context = zmq.Context[zmq.Socket[bytes]]()
        with Gate(context, made, Settings()) as gate:
            found.add(gate.public)
        context.term()  # nothing of the gate is left open
    assert found == {daemon_pair(made).public}


def test_each_window_of_the_log_counts_what_it_leaves_out(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("hitpoint"), "propagate", True)
    now = 0.0
    refusals = gate_module._Refusals(lambda: now)
    for _ in range(1000):
        refusals.say("a stranger")
    now = WINDOW_S
    refusals.settle()
    refusals.say("another")
    refusals.settle()
    said = lines(caplog)
    assert said[:LINES] == ["Refused: a stranger"] * LINES
    assert said[LINES:] == [f"Refused: {1000 - LINES} more connections in 60 s", "Refused: another"]


def test_an_honest_client_that_leaves_is_no_refusal() -> None:
    said: list[str] = []
    arrivals = Arrivals(said.append)
    for event in (zmq.Event.ACCEPTED, zmq.Event.HANDSHAKE_SUCCEEDED, zmq.Event.DISCONNECTED):
        arrivals.on(event, 0)
    assert said == []
    for event in (zmq.Event.ACCEPTED, zmq.Event.DISCONNECTED):
        arrivals.on(event, 0)
    assert len(said) == 1
    assert HANDSHAKE_S <= 5
