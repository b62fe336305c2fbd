"""The daemon from outside: a real process, real sockets, several clients at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import Cancelled, HitpointError, WrongUse
from daemon.client import job_id
from daemon.wire import MAX_ATTACHMENT, MAX_FRAME, packed
from tests.daemon.house import House, house, submit, until


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house")) as built:
        built.status()
        yield built


# --- hello and status


def test_hello_tells_what_is_spoken_here(home: House) -> None:
    with home.client() as client:
        hello = client.hello
    assert (hello["protocol"], hello["protocols"], hello["pid"]) == (1, [1], home.pid())
    assert {"score", "export", "cue", "cancel", "jobs", "follow", "watch", "shutdown"} <= set(hello["operations"])
    assert hello["limits"]["attachment"] == MAX_ATTACHMENT
    assert hello["limits"]["frame"] == MAX_FRAME


def test_another_version_is_told_which_are_spoken(home: House) -> None:
    with home.raw() as raw:
        raw.socket.send(packed({"v": 2, "id": "r1", "op": "hello", "client": "ada", "protocols": [2]}))
        refused = raw.receive()
        assert refused["protocols"] == [1]
        assert refused["error"]["code"] == WrongUse.code
        assert raw.ask("hello", client="ada", protocols=[7, 9])["protocols"] == [1]
        assert raw.ask("hello", client="ada", protocols=[9, 1])["ok"]["protocol"] == 1


def test_status_tells_the_daemon_and_its_workers(home: House) -> None:
    status = until(lambda: (found := home.status())["workers"][0]["state"] == "idle" and found)
    assert (status["pid"], status["protocol"]) == (home.pid(), 1)
    assert status["address"].startswith("tcp://127.0.0.1:")
    assert [worker["lane"] for worker in status["workers"]] == ["music", "files"]
    assert status["jobs"] == {"queued": 0, "running": 0}


def test_engines_are_told_as_the_worker_told_them(home: House) -> None:
    with home.client() as client:
        assert client.ask("engines")["engines"] == [{"name": "quick"}]


# --- jobs


def test_a_job_is_followed_to_its_result(home: House) -> None:
    told: list[Any] = []
    with home.client() as client:
        job = submit(client, "slow 0.3", attachment=b"x" * 2**20)
        result = client.follow(job, told.append)
        assert (result["cue"], result["attachment"]) == (f"/cues/{job}", 2**20)
        assert client.follow(job) == result  # again, long after
        kept = client.ask("job", job=job)["job"]
    assert [job["progress"] for job in told] == sorted(job["progress"] for job in told)
    assert all(job["progress"] < 1 for job in told)
    assert len(told) > 3
    assert (kept["state"], kept["progress"], kept["client"], kept["name"]) == ("done", 1.0, "ada", "reel.otio")


def test_two_clients_follow_one_job(home: House) -> None:
    with home.client("ada") as ada, home.client("bob") as bob:
        job = submit(ada, "slow 0.3")
        told: list[Any] = []
        assert bob.follow(job, told.append) == ada.follow(job)
        assert told


def test_what_a_client_asked_for_is_done_though_it_dies(home: House) -> None:
    job = job_id()
    script = f"""
        import sys, time
        sys.path.insert(0, {str(Path.cwd())!r})
        from pathlib import Path
        from daemon.home import Home
        from daemon.starting import connected
        with connected("dying", home=Home(Path({str(home.home.folder)!r}))) as client:
            client.ask("score", job={job!r}, timeline="/reel.otio", prompt="slow 0.5")
            print("submitted", flush=True)
            client.follow({job!r})
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "submitted\n"
    process.kill()
    process.communicate()
    with home.client("another") as client:
        assert client.follow(job)["cue"] == f"/cues/{job}"
        assert client.ask("job", job=job)["job"]["client"] == "dying"


def test_the_same_job_sent_by_two_clients_is_one(home: House) -> None:
    job = job_id()
    with home.client("ada") as ada, home.client("bob") as bob:
        for client in (ada, bob, ada):
            submit(client, "slow 0.1", job)
        assert ada.follow(job) == bob.follow(job)
        with pytest.raises(WrongUse, match="another request"):
            submit(bob, "other words", job)
        assert [told["id"] for told in ada.ask("jobs")["jobs"]].count(job) == 1


@pytest.mark.parametrize("manner", ["slow 30", "deaf 30"])
def test_a_cancelled_job_ends_and_its_worker_is_free(home: House, manner: str) -> None:
    with home.client() as client:
        job = submit(client, manner)
        started: list[Any] = []
        with pytest.raises(Cancelled):
            client.follow(job, started.append, lambda: any(told["state"] == "running" for told in started))
        assert client.ask("job", job=job)["job"]["state"] == "cancelled"
        assert client.ask("cancel", job=job)["job"]["state"] == "cancelled"
        assert client.follow(submit(client))


def test_a_queued_job_knows_its_place_and_can_be_cancelled(home: House) -> None:
    with home.client() as client:
        running, second, third = (submit(client, "slow 30") for _ in range(3))
        until(lambda: client.ask("job", job=running)["job"]["state"] == "running")
        assert [client.ask("job", job=job)["job"]["place"] for job in (second, third)] == [1, 2]
        assert client.ask("cancel", job=second)["job"]["state"] == "cancelled"
        assert client.ask("job", job=third)["job"]["place"] == 1
        assert client.ask("status")["jobs"] == {"queued": 1, "running": 1}
        for job in (third, running):
            client.ask("cancel", job=job)
            with pytest.raises(Cancelled):
                client.follow(job)


def test_an_unknown_job_is_an_error_whatever_is_asked_of_it(home: House) -> None:
    with home.client() as client:
        for op in ("job", "follow", "cancel"):
            with pytest.raises(WrongUse, match="no job 00000000"):
                client.ask(op, job="00000000")


def test_a_worker_killed_twice_fails_the_job_and_no_other(home: House, tmp_path: Path) -> None:
    with home.client() as client:
        poison, unlucky, honest = (submit(client, prompt) for prompt in ("die", f"once {tmp_path / 'x'} then die", ""))
        with pytest.raises(HitpointError, match=r"Two workers died over .*signal 9.*signal 9"):
            client.follow(poison)
        assert client.follow(unlucky)["cue"] == f"/cues/{unlucky}"
        assert client.follow(honest)["cue"] == f"/cues/{honest}"
        deaths = [client.ask("job", job=job)["job"]["deaths"] for job in (poison, unlucky, honest)]
    assert deaths == [2, 1, 0]


# --- the edge


def test_who_has_not_said_hello_is_a_client_without_a_name(home: House) -> None:
    with home.raw() as one, home.raw() as other:
        names = set()
        for raw in (one, other):
            job = job_id()
            assert raw.ask("score", job=job, timeline="/reel.otio")["ok"]["job"]["id"] == job
            names.add(raw.ask("job", job=job)["ok"]["job"]["client"])
    assert len(names) == 2
    assert all(name.startswith("unnamed ") for name in names)


def test_whoever_submits_hears_of_every_end_without_asking(home: House) -> None:
    with home.raw() as raw:
        job = job_id()
        raw.send("score", job=job, timeline="/reel.otio", prompt="slow 0.1")
        told = [raw.receive()]
        while told[-1].get("job", {}).get("state") != "done":
            told.append(raw.receive())
    assert told[0]["re"] == "r1"
    assert all(message["event"] == "job" for message in told[1:])
    assert told[-1]["job"]["result"]["cue"] == f"/cues/{job}"


@pytest.mark.parametrize(
    "frames",
    [[b""], [b"", b""], [b"\xc1"], [packed({"v": 1, "id": "r", "op": "ping"})] * 3, [b"x" * 100_000], [b"\x81\xa1v"]],
    ids=["empty", "two empty", "no msgpack", "three frames", "too long", "truncated"],
)
def test_frames_that_are_no_request_are_refused_and_the_next_is_answered(home: House, frames: list[bytes]) -> None:
    with home.raw() as raw:
        raw.socket.send_multipart(frames)
        refused = raw.receive()
        assert refused["re"] in ("", "r")
        assert refused["error"]["code"] == WrongUse.code
        assert "ok" in raw.ask("ping")


def test_a_second_frame_belongs_to_score_alone(home: House) -> None:
    with home.raw() as raw:
        raw.send("ping", attachment=b"timeline")
        assert "Only score" in raw.receive()["error"]["what"]
        assert "ok" in raw.ask("score", job=job_id(), timeline="/reel.otio", attachment=b"timeline")


def test_who_sends_too_fast_is_told_once_and_disturbs_nobody(home: House) -> None:
    with home.raw() as raw, home.client() as client:
        for _ in range(4000):
            raw.send("ping")
        assert client.ask("status")["pid"] == home.pid()
        refused, answered = 0, 0
        while raw.socket.poll(1000):
            message = raw.receive()
            refused += "error" in message
            answered += "ok" in message
        assert refused == 1
        assert 1000 <= answered < 4000
        assert "ok" in raw.ask("ping")  # a second's rest, and it is heard again


def test_who_does_not_read_holds_up_nobody(home: House) -> None:
    with home.raw(receive_at_most=1) as deaf, home.client() as client:
        job = job_id()
        deaf.send("score", job=job, timeline="/reel.otio", prompt="chatty 20000")
        for _ in range(900):
            deaf.send("jobs", limit=1000)
        until(lambda: job in [told["id"] for told in client.ask("jobs")["jobs"]])
        assert client.follow(job)["cue"] == f"/cues/{job}"
        assert client.ask("status")["pid"] == home.pid()


def test_a_storm_of_clients_that_come_and_go_is_outlived(home: House) -> None:
    def come_and_go() -> None:
        for _ in range(10):
            with home.raw() as raw:
                raw.ask("hello", client="hasty", protocols=[1])
                raw.send("follow", job="00000000")

    storm = [threading.Thread(target=come_and_go) for _ in range(4)]
    for one in storm:
        one.start()
    with home.client() as client:
        result = client.follow(submit(client, "slow 0.2"))
    for one in storm:
        one.join()
    assert result
    assert home.status()["pid"] == home.pid()


def test_rest_is_answered_with_the_workers(home: House) -> None:
    with home.client() as client:
        assert [worker["lane"] for worker in client.ask("rest")["workers"]] == ["music", "files"]


def test_a_watched_folder_is_told_until_it_is_watched_no_more(home: House, tmp_path: Path) -> None:
    with home.client() as client:
        with pytest.raises(HitpointError, match="nowhere"):
            client.ask("watch", folder=str(tmp_path / "nowhere"))
        client.ask("watch", folder=str(tmp_path), prompt="calm")
        assert client.ask("watches")["watches"][0]["options"]["prompt"] == "calm"
        client.ask("watch", folder=str(tmp_path), prompt="wild")
        assert [watch["options"]["prompt"] for watch in client.ask("watches")["watches"]] == ["wild"]
        client.ask("watch", folder=str(tmp_path), stop=True)
        assert client.ask("watches")["watches"] == []
        with pytest.raises(WrongUse, match="not watched"):
            client.ask("watch", folder=str(tmp_path), stop=True)


def test_the_log_says_what_became_of_jobs_and_holds_no_traceback(home: House) -> None:
    log = home.home.log.read_text()
    assert "cancelled" in log
    assert "sends too fast" in log
    assert "Traceback" not in log


def test_a_stopped_process_of_the_daemon_is_not_waited_for_for_ever(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.client.LIVENESS_S", 0.5)
    monkeypatch.setattr("daemon.client.HEARTBEAT_S", 0.2)
    with home.client() as client:
        os.kill(home.pid(), signal.SIGSTOP)
        try:
            with pytest.raises(HitpointError, match="does not answer"):
                client.ask("status")
        finally:
            os.kill(home.pid(), signal.SIGCONT)
        assert client.ask("status")["pid"] == home.pid()


def test_a_refused_request_takes_nothing_from_who_follows_the_job(home: House) -> None:
    with home.raw() as raw:
        job = job_id()
        assert "ok" in raw.ask("score", job=job, timeline="/reel.otio", prompt="slow 0.3")
        raw.send("score", job=job, timeline="/reel.otio", prompt="something else")
        told = [raw.receive()]
        while told[-1].get("job", {}).get("state") != "done":
            told.append(raw.receive())
    assert any("error" in message for message in told)
