"""Reaching a daemon, whatever is there: none, several at once, a dead one, one that ends at this moment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.errors import DaemonUnreachable
from daemon import starting
from daemon.connection import DaemonLock, daemon_lives, read_connection
from daemon.starting import running, start_daemon, stop_daemon
from tests.daemon.house import COMMAND, House, all_gone, house, submit, until


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path / "house") as built:
        yield built


def environment(home: House) -> dict[str, str]:
    return {**os.environ, "HITPOINT_HOME": str(home.home.folder)}


def test_a_client_that_may_not_start_a_daemon_makes_nothing(home: House) -> None:
    with pytest.raises(DaemonUnreachable, match="No daemon runs"), home.client(start=False):
        pass
    assert not home.home.folder.exists()
    assert stop_daemon(home.home) is None


def test_a_daemon_is_started_found_and_ended_and_leaves_nothing(home: House) -> None:
    status = home.status()
    found = running(home.home)
    assert found is not None
    assert (found.pid, found.address) == (status["pid"], status["address"])
    assert home.status()["pid"] == status["pid"]  # the second client finds the first one's
    with home.client() as client:
        job = submit(client, "slow 30")
        until(lambda: client.ask("job", job=job)["job"]["state"] == "running")
    family = home.family()
    assert len(family) >= 2
    assert stop_daemon(home.home) == status["pid"]
    until(lambda: all_gone(family))
    assert not home.home.connection.exists()
    assert not daemon_lives(home.home)
    with home.client() as client:  # and the job goes on with the next one
        assert client.ask("job", job=job)["job"]["state"] in ("queued", "running")
        client.ask("cancel", job=job)


def test_a_killed_daemon_takes_its_workers_along(home: House) -> None:
    with home.client() as client:
        submit(client, "deaf 30")
        until(lambda: client.ask("status")["jobs"]["running"])
    family = home.family()
    home.kill()
    until(lambda: all_gone(family))


def test_a_client_follows_its_job_over_the_daemon_s_sudden_death(home: House) -> None:
    pids: list[int] = []

    def progress(told: Any) -> None:
        if told["state"] == "running" and told["progress"] > 0.1 and not pids:
            pids.append(home.pid())
            home.kill()

    with home.client() as client:
        job = submit(client, "slow 0.5", attachment=b"timeline")
        result = client.follow(job, progress)
        assert (result["cue"], result["attachment"]) == (f"/cues/{job}", 8)
        assert client.ask("job", job=job)["job"]["deaths"] == 0
        assert client.hello["pid"] == home.pid() != pids[0]


def test_a_client_follows_its_job_over_a_stop_and_a_start(home: House) -> None:
    stopped: list[Any] = []

    def progress(told: Any) -> None:
        if told["state"] == "running" and not stopped:
            stopped.append(stop_daemon(home.home))
            start_daemon(home.home)

    with home.client() as client:
        job = submit(client, "slow 0.3")
        assert client.follow(job, progress)["cue"] == f"/cues/{job}"
    assert stopped != [None]


def test_a_daemon_that_was_stopped_is_not_brought_back_by_its_clients(home: House) -> None:
    def progress(told: Any) -> None:
        if told["state"] == "running":
            stop_daemon(home.home)

    with home.client() as client:
        job = submit(client, "slow 0.5")
        with pytest.raises(DaemonUnreachable, match=r"was stopped\. What was asked for goes on"):
            client.follow(job, progress)
    assert running(home.home) is None
    with home.client() as client:  # whoever calls anew starts it, and the job goes on
        assert client.follow(job)["cue"] == f"/cues/{job}"


def test_a_request_sent_to_a_dead_daemon_is_answered_by_the_next(home: House) -> None:
    with home.client() as client:
        home.kill()
        job = submit(client, "", "0123456789abcdef")
        assert client.follow(job)["cue"] == f"/cues/{job}"


def test_of_two_daemons_one_says_that_it_is_one_too_many(home: House) -> None:
    both = [
        subprocess.Popen(COMMAND, env=environment(home), stderr=subprocess.PIPE, text=True, cwd=Path.cwd())
        for _ in range(2)
    ]
    loser = until(lambda: next((process for process in both if process.poll() is not None), None))
    winner = next(process for process in both if process is not loser)
    said = loser.communicate()[1]
    assert loser.returncode == DaemonUnreachable.exit_code
    assert said.startswith("hitpoint: A daemon runs here already")
    assert len(said.splitlines()) == 1
    until(lambda: running(home.home))
    assert home.status()["pid"] == winner.pid
    winner.send_signal(signal.SIGTERM)
    assert winner.wait(60) == 0
    assert winner.communicate()[1] == ""


def test_ten_clients_at_once_start_one_daemon(home: House) -> None:
    pids: list[int] = []
    clients = [threading.Thread(target=lambda: pids.append(home.status()["pid"])) for _ in range(10)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert len(pids) == 10
    assert len(set(pids)) == 1
    stop_daemon(home.home)
    by = time.monotonic() + 1.5  # one that was started in vain would take the place by now
    while time.monotonic() < by:
        assert not daemon_lives(home.home)
        time.sleep(0.05)


@pytest.mark.parametrize("whose", ["nobody's", "another's"])
def test_what_a_dead_daemon_has_left_is_known_as_that(home: House, whose: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = home.status()["pid"]
    left = json.loads(home.home.connection.read_text())
    home.kill()
    until(lambda: not daemon_lives(home.home))
    if whose == "another's":  # the number of its process was given to another one since
        left["pid"] = os.getpid()
        home.home.connection.write_text(json.dumps(left))
        monkeypatch.setattr("daemon.client.HEARTBEAT_S", 0.2)
    assert running(home.home) is None
    with pytest.raises(DaemonUnreachable), home.client(start=False):
        pass
    assert home.status()["pid"] not in (first, os.getpid())


def test_a_client_that_comes_while_a_daemon_ends_gets_the_next_one(home: House) -> None:
    first = home.status()["pid"]
    os.kill(first, signal.SIGTERM)
    assert home.status()["pid"] != first or not psutil.pid_exists(first)
    home.status()


def test_who_waits_for_the_lock_of_a_daemon_that_ends_starts_the_next_one(home: House) -> None:
    home.status()
    stop_daemon(home.home)
    lock = DaemonLock(home.home)
    assert lock.acquire()
    threading.Timer(0.5, lock.release).start()
    assert home.status()["pid"] == home.pid()


def test_a_daemon_that_cannot_start_says_why(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    home.status()
    stop_daemon(home.home)
    home.home.settings.write_text("port = 'a word'\n")
    with pytest.raises(DaemonUnreachable, match=r"did not start: .*port"):
        start_daemon(home.home)
    assert not daemon_lives(home.home)
    home.home.settings.write_text("")
    monkeypatch.setattr(starting, "COMMAND", (sys.executable, "-c", "import os; os._exit(9)"))
    with pytest.raises(DaemonUnreachable, match=r"did not start\. "):  # and says nothing of what another said
        start_daemon(home.home)
    monkeypatch.setattr(starting, "COMMAND", COMMAND)
    assert start_daemon(home.home).pid == home.pid()


@pytest.mark.skipif(os.name == "nt", reason="no modes there")
def test_a_home_that_others_may_enter_is_refused(home: House) -> None:
    home.status()
    stop_daemon(home.home)
    home.home.keys.chmod(0o755)
    with pytest.raises(DaemonUnreachable, match="chmod 700"):
        home.status()


def test_the_words_of_a_daemon_that_runs_are_private(home: House) -> None:
    home.status()
    for path in (home.home.connection, home.home.store, home.home.log, home.home.log.parent / "start.txt"):
        assert path.stat().st_mode & 0o077 == 0
    assert read_connection(home.home)
    assert time.time() - home.status()["started"] < 3600


def test_a_lost_or_damaged_connection_file_is_written_again(home: House) -> None:
    with home.client() as client:
        pid = client.hello["pid"]
    for harm in (home.home.connection.unlink, lambda: home.home.connection.write_text("garbage")):
        harm()
        with home.client(start=False) as client:
            assert client.hello["pid"] == pid
    home.home.connection.unlink()
    assert stop_daemon(home.home) == pid


def test_what_a_dead_daemon_has_left_damaged_is_no_hindrance(home: House) -> None:
    first = home.status()["pid"]
    home.kill()
    home.home.connection.write_text("garbage")
    assert running(home.home) is None
    assert home.status()["pid"] != first


def test_why_a_daemon_cannot_be_asked_to_stop_is_said(home: House) -> None:
    pid = home.status()["pid"]
    secret = home.home.keys / "client.key_secret"
    secret.chmod(0o644)
    with pytest.raises(DaemonUnreachable, match=r"Other users may open this file.*chmod 600"):
        stop_daemon(home.home)
    secret.chmod(0o600)
    assert stop_daemon(home.home) == pid
