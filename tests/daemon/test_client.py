"""The client against a daemon that says just what the test wants, when it wants."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import zmq

from core.errors import Cancelled, DaemonUnreachable, EngineNotReady, UnusableInput, WrongUse
from daemon import client as client_module
from daemon.client import Client, job_id, process_lives
from daemon.connection import Connection
from daemon.keys import Pair
from daemon.wire import CLIENT_GONE_S, MAX_ATTACHMENT, packed, unpacked

JOB = "5f0c1a2b3c4d5e6f"


def job(state: str = "running", progress: float = 0.0, **more: Any) -> dict[str, Any]:
    return {"id": JOB, "state": state, "progress": progress, "reason": "", **more}


DONE = job("done", 1.0, result={"cue": "/cues/1"})


class Script:
    """A daemon whose answers are a function of the request; None says nothing, a list is sent frame by frame."""

    def __init__(self, answer: Callable[[dict[str, Any]], Any]) -> None:
        self.asked: list[dict[str, Any]] = []
        self.hellos = 0
        self._answer = answer
        self._context = zmq.Context()
        self.public, secret = zmq.curve_keypair()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.curve_server = True
        self._socket.curve_secretkey = secret
        self._socket.linger = 0
        self.port = self._socket.bind_to_random_port("tcp://127.0.0.1")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def connection(self) -> Connection:
        address = f"tcp://127.0.0.1:{self.port}"
        return Connection(address, self.public.decode(), os.getpid(), "0.1.0", 1, time.time())

    def _run(self) -> None:
        while not self._ended.is_set():
            if not self._socket.poll(10):
                continue
            identity, frame, *_ = self._socket.recv_multipart()
            request = unpacked(frame)
            if request["op"] == "hello":
                self.hellos += 1
            elif request["op"] != "ping":
                self.asked.append(request)
            said = self._answer(request)
            for message in said if isinstance(said, list) else [] if said is None else [said]:
                self._socket.send_multipart([identity, packed({"v": 1, "re": request["id"], **message})])

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self._socket.close()
        self._context.term()


Making = Callable[[Callable[[dict[str, Any]], Any]], tuple[Script, Client]]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Making]:
    """Makes a daemon by its answers, and a client of it that is quick to lose patience."""
    monkeypatch.setattr(client_module, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(client_module, "LIVENESS_S", 1.5)
    made: list[tuple[Script, Client]] = []

    def making(answer: Callable[[dict[str, Any]], Any]) -> tuple[Script, Client]:
        script = Script(lambda request: {"ok": {}} if request["op"] in ("hello", "ping") else answer(request))
        made.append((script, Client(script.connection, Pair(*zmq.curve_keypair()), "ada")))
        return made[-1]

    yield making
    for script, client in made:
        client.close()
        script.close()


def test_an_answer_is_told_from_events_and_from_answers_to_others(make: Making) -> None:
    event = {"event": "job", "re": None, "job": job()}
    _, client = make(lambda _: [event, {"re": "older", "ok": {"n": 1}}, {"ok": {"n": 2}}])
    assert client.ask("status") == {"n": 2}


def test_errors_come_as_the_class_they_were_raised_as(make: Making) -> None:
    error = {"code": "engine-not-ready", "what": "No weights", "where": "muvi", "do": "Add them."}
    _, client = make(lambda _: {"error": error})
    with pytest.raises(EngineNotReady, match=r"No weights \(muvi\)\. Add them\."):
        client.ask("score")


def test_an_answer_that_was_lost_is_asked_for_again(make: Making) -> None:
    script, client = make(lambda _: None if len(script.asked) < 3 else {"ok": {"n": 3}})
    assert client.ask("score", job=JOB) == {"n": 3}
    assert script.asked == [script.asked[0]] * 3  # word for word
    assert script.hellos == 1  # the daemon was there all the time: it answered to pings


def test_a_shutdown_is_never_asked_twice(make: Making) -> None:
    script, client = make(lambda _: None)
    client._beat = lambda *_, **__: None  # type: ignore[method-assign] # so that nothing is heard at all
    with pytest.raises(DaemonUnreachable):
        client.ask("shutdown")
    assert len(script.asked) == 1


def test_a_daemon_that_says_nothing_is_reached_anew(make: Making) -> None:
    silent = make(lambda _: None)[0]
    script, client = make(lambda _: {"ok": {"n": 1}})
    reach, reached = client._reach, [silent.connection()]
    silent._answer = lambda _: None
    client._reach = lambda: reached.pop() if reached else reach()
    client._connect()
    assert client.ask("status") == {"n": 1}
    assert script.hellos == 2


def test_a_daemon_that_stays_silent_is_unreachable(make: Making) -> None:
    script, client = make(lambda _: None)
    script._answer = lambda _: None
    with pytest.raises(DaemonUnreachable, match="does not answer"):
        client.ask("status")


def test_a_client_that_was_silent_for_long_says_hello_again(make: Making) -> None:
    script, client = make(lambda _: {"ok": {}})
    client._sent -= CLIENT_GONE_S + 1
    client.ask("status")
    assert script.hellos == 2


def test_a_timeline_that_is_too_large_to_travel_is_said_at_once(make: Making) -> None:
    script, client = make(lambda _: {"ok": {}})
    with pytest.raises(UnusableInput, match="at most"):
        client.ask("score", bytes(MAX_ATTACHMENT + 1), job=JOB)
    assert not script.asked


def test_a_path_that_cannot_be_sent_is_wrong_use(make: Making) -> None:
    _, client = make(lambda _: {"ok": {}})
    with pytest.raises(WrongUse, match="not Unicode"):
        client.ask("score", timeline="/reel\udce9.otio")


def event(told: dict[str, Any]) -> dict[str, Any]:
    return {"event": "job", "job": told}


def test_events_before_the_answer_are_out_of_date(make: Making) -> None:
    told: list[float] = []
    script, client = make(
        lambda _: [
            *(event(job(progress=fraction)) for fraction in (0.1, 0.2)),
            {"ok": {"job": job(progress=0.5)}},
            *(event(job(progress=fraction)) for fraction in (0.6, 0.7)),
            event(DONE),
        ]
    )
    assert client.follow(JOB, lambda now: told.append(now["progress"])) == {"cue": "/cues/1"}
    assert told == [0.5, 0.6, 0.7]
    assert len(script.asked) == 1


def test_progress_does_not_go_backwards_where_the_daemon_started_again(make: Making) -> None:
    told: list[float] = []
    steps = [job(progress=0.6), job("queued", 0.0), job(progress=0.3), job(progress=0.8), DONE]
    _, client = make(lambda _: [{"ok": {"job": steps[0]}}, *(event(step) for step in steps[1:])])
    client.follow(JOB, lambda now: told.append(now["progress"]))
    assert told == [0.6, 0.6, 0.6, 0.8]


def test_an_end_whose_event_was_lost_is_found_by_asking_again(make: Making) -> None:
    script, client = make(lambda _: {"ok": {"job": job() if len(script.asked) == 1 else DONE}})
    assert client.follow(JOB) == {"cue": "/cues/1"}
    assert [request["op"] for request in script.asked] == ["follow"] * 2


def test_a_job_that_is_not_known_any_more_ends_the_following(make: Making) -> None:
    error = {"code": "wrong-use", "what": "There is no job", "where": "", "do": ""}
    script, client = make(lambda _: {"ok": {"job": job()}} if len(script.asked) == 1 else {"error": error})
    with pytest.raises(WrongUse, match="no job"):
        client.follow(JOB)


def test_following_goes_on_with_a_daemon_that_takes_the_place_of_another(make: Making) -> None:
    old, client = make(lambda _: {"ok": {"job": job(progress=0.4)}} if len(old.asked) == 1 else None)
    new = make(lambda _: [{"ok": {"job": job("queued")}}, event(DONE)])[0]
    told: list[Any] = []

    def progress(now: Any) -> None:
        told.append(now["progress"])
        old._answer = lambda _: None
        client._reach = new.connection

    assert client.follow(JOB, progress) == {"cue": "/cues/1"}
    assert told == [0.4, 0.4]


def test_a_wish_to_stop_is_sent_once_and_followed_to_its_end(make: Making) -> None:
    def answer(request: dict[str, Any]) -> Any:
        if request["op"] == "cancel":
            return [{"ok": {"job": job(words="stopping")}}, event(job(words="stopping")), event(job("cancelled"))]
        return {"ok": {"job": job()}}

    script, client = make(answer)
    with pytest.raises(Cancelled):
        client.follow(JOB, cancelled=lambda: True)
    assert [request["op"] for request in script.asked] == ["follow", "cancel"]


def test_events_that_nobody_looks_at_do_not_pile_up(make: Making) -> None:
    _, client = make(lambda _: [*(event(job()) for _ in range(600)), {"ok": {}}])
    for _ in range(3):
        client.ask("status")
    assert len(client._events) == client_module.KEPT_EVENTS


def test_ids_of_jobs_differ_and_are_written_as_the_protocol_says() -> None:
    ids = {job_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(made) == 16 and set(made) <= set("0123456789abcdef") for made in ids)


def test_a_process_that_has_ended_does_not_live() -> None:
    import subprocess
    import sys

    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert process_lives(process.pid)
    process.communicate()
    assert not process_lives(process.pid)
    waited_for_by_nobody = os.fork() if hasattr(os, "fork") else None
    if waited_for_by_nobody == 0:
        os._exit(0)
    if waited_for_by_nobody:
        by = time.monotonic() + 60
        while process_lives(waited_for_by_nobody):
            assert time.monotonic() < by
