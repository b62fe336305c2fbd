"""The daemon's loop, one turn at a time: what arrives in which order, and what of it goes wrong."""

from __future__ import annotations

import logging
import select
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import zmq

from core.errors import HitpointError
from daemon import operations
from daemon.gate import Gate
from daemon.home import Home, prepare
from daemon.inbox import Inbox
from daemon.ledger import Ledger
from daemon.server import Server, _log_aside
from daemon.settings import Settings
from daemon.wire import packed, unpacked
from tests.daemon.desk import Hands

ADA, BOB = b"ada", b"bob"


class Door:
    """A gate whose socket is two lists."""

    address = "tcp://127.0.0.1:1"

    def __init__(self) -> None:
        self.socket = self
        self.incoming: deque[list[bytes]] = deque()
        self.sent: list[tuple[bytes, dict[str, Any]]] = []
        self.refuses: dict[bytes, int] = {}

    def recv_multipart(self, _: int) -> list[bytes]:
        if not self.incoming:
            raise zmq.Again
        return self.incoming.popleft()

    def send_multipart(self, frames: list[bytes], _: int) -> None:
        if error := self.refuses.get(frames[0]):
            raise zmq.Again if error == zmq.EAGAIN else zmq.ZMQError(error)
        self.sent.append((frames[0], unpacked(frames[1], 2**26)))

    def to(self, identity: bytes) -> list[dict[str, Any]]:
        """What was sent to a client, answers by their request, events by the job's state."""
        return [message for receiver, message in self.sent if receiver == identity]


class Turns:
    """A server whose loop turns when the test says so."""

    def __init__(self, folder: Path) -> None:
        home = Home(folder)
        prepare(home)
        self.inbox = Inbox()
        self.ledger = Ledger(home.store, self.inbox)
        self.hands = Hands(self.inbox)
        self.door = Door()
        self.server = Server(home, Settings(), cast(Gate, self.door), self.ledger, self.hands, self.inbox)

    def ask(self, identity: bytes, op: str, **fields: Any) -> None:
        self.door.incoming.append([identity, packed({"v": 1, "id": op, "op": op, **fields})])

    def take(self) -> None:
        self.server._take_messages()

    def written(self) -> list[object]:
        """Let the ledger write all that is queued; what it has to say waits in the inbox and is given here."""
        flag: list[object] = []
        self.ledger.read(lambda _: flag.append(1), lambda _: None)
        events: list[object] = []
        while not flag or not events:
            select.select([self.inbox.fileno()], [], [], 60)
            events += self.inbox.drain()
        return events

    def turn(self, times: int = 6) -> None:
        """Take messages and events until nothing is left of either."""
        for _ in range(times):
            self.take()
            for event in self.written():
                self.server._on(event)

    def close(self) -> None:
        self.server.close()
        self.ledger.close()
        self.inbox.close()


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[Turns]:
    made = Turns(tmp_path / "home")
    yield made
    made.close()


def states(messages: list[dict[str, Any]]) -> list[str]:
    """The states told, of answers and of events."""
    return [(message.get("ok") or message)["job"]["state"] for message in messages if "error" not in message]


def test_who_follows_between_the_durable_end_and_its_telling_is_told_the_end(turns: Turns) -> None:
    turns.ask(ADA, "score", job="job-aaaa", timeline="/reel.otio")
    turns.turn()
    turns.hands.finish("job-aaaa", cue="/cues/1")
    for event in turns.inbox.drain():
        turns.server._on(event)
    events = turns.written()  # durable, and not told yet
    turns.ask(BOB, "follow", job="job-aaaa")
    turns.take()
    assert states(turns.door.to(BOB)) == ["running"]
    for event in events:
        turns.server._on(event)
    assert states(turns.door.to(BOB)) == ["running", "done"]
    assert states(turns.door.to(ADA))[-1] == "done"


def test_who_follows_while_an_ended_job_is_looked_up_is_answered_once(turns: Turns) -> None:
    turns.ask(ADA, "score", job="job-aaaa", timeline="/reel.otio")
    turns.turn()
    turns.hands.finish("job-aaaa", cue="/cues/1")
    turns.turn()
    turns.ask(BOB, "follow", job="job-aaaa")
    turns.turn()
    assert states(turns.door.to(BOB)) == ["done"]
    assert turns.server.followers.of("job-aaaa") == ()


def test_who_follows_before_the_job_is_stored_misses_nothing(turns: Turns) -> None:
    turns.ask(ADA, "score", job="job-aaaa", timeline="/reel.otio")
    turns.ask(BOB, "follow", job="job-aaaa")
    turns.turn()
    turns.hands.finish("job-aaaa", cue="/cues/1")
    turns.turn()
    assert states(turns.door.to(BOB))[-1] == "done"
    assert turns.door.to(ADA)[0]["re"] == "score"


def test_who_was_refused_follows_nothing(turns: Turns) -> None:
    turns.ask(ADA, "score", job="job-aaaa", timeline="/reel.otio")
    turns.turn()
    turns.ask(BOB, "score", job="job-aaaa", timeline="/another.otio")
    turns.ask(BOB, "follow", job="job-unknown")
    turns.turn()
    assert [message["error"]["code"] for message in turns.door.to(BOB)] == ["wrong-use"] * 2
    assert turns.server.followers.of("job-aaaa") == (ADA,)
    assert turns.server.followers.of("job-unknown") == ()


def test_who_is_gone_is_forgotten_and_who_does_not_read_is_not_waited_for(turns: Turns) -> None:
    for identity in (ADA, BOB):
        turns.ask(identity, "score", job="job-aaaa", timeline="/reel.otio")
    turns.turn()
    turns.door.refuses = {ADA: zmq.EHOSTUNREACH, BOB: zmq.EAGAIN}
    turns.hands.get_on("job-aaaa", 0.5)
    turns.turn()
    assert turns.server.followers.of("job-aaaa") == (BOB,)
    turns.door.refuses = {}
    turns.hands.finish("job-aaaa", cue="/cues/1")
    turns.turn()
    assert states(turns.door.to(BOB))[-1] == "done"


def test_a_bug_in_one_operation_is_told_and_the_next_is_answered(
    turns: Turns, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setitem(cast(dict[str, Any], operations._OPERATIONS), "watches", broken)
    monkeypatch.setattr(logging.getLogger("hitpoint"), "propagate", True)
    turns.ask(ADA, "watches")
    turns.ask(ADA, "ping")
    turns.turn(1)
    refused, answered = turns.door.to(ADA)
    assert "should not" in refused["error"]["what"]
    assert answered == {"v": 1, "re": "ping", "ok": {}}
    assert "nobody foresaw this" in caplog.text


def test_a_bug_in_work_aside_comes_back_as_an_error(turns: Turns) -> None:
    def broken() -> None:
        raise ZeroDivisionError("nobody foresaw this")

    for work, words in ((broken, "ZeroDivisionError"), (lambda: Path("/nowhere/at/all").read_text(), "/nowhere")):
        came: list[Any] = []
        turns.server.aside(work, came.append)
        while not came:
            select.select([turns.inbox.fileno()], [], [], 60)
            for event in turns.inbox.drain():
                turns.server._on(event)
        assert isinstance(came[0], HitpointError)
        assert words in str(came[0])


def test_the_log_is_written_aside_with_its_tracebacks_whole(tmp_path: Path) -> None:
    handler = logging.FileHandler(tmp_path / "log")
    logger = logging.getLogger("hitpoint")
    logger.addHandler(handler)
    listener = _log_aside(handler)
    try:
        raise ZeroDivisionError("nobody foresaw this")
    except ZeroDivisionError:
        logging.getLogger("hitpoint.server").exception("a %s failed", "turn")
    listener.stop()
    handler.close()
    for queue in [each for each in logger.handlers if type(each).__name__ == "_ToListener"]:
        logger.removeHandler(queue)
    written = (tmp_path / "log").read_text().splitlines()
    assert written[0] == "a turn failed"
    assert written[1] == "Traceback (most recent call last):"
    assert written[-1] == "ZeroDivisionError: nobody foresaw this"
