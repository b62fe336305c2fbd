"""The daemon's own commands, each test with a state of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.connection import daemon_lives
from daemon.home import Home
from tests.daemon.commands.calls import HITPOINT, last, run


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A place for the program's state where nothing is yet; what runs there in the end is stopped."""
    folder = tmp_path / "home"
    yield folder
    run("daemon", "stop", home=folder)


def test_looking_stopping_and_resting_start_no_daemon(home: Path) -> None:
    status = run("daemon", "status", home=home)
    assert (status.returncode, status.stdout) == (5, "")
    assert len(status.stderr.splitlines()) == 1
    error = run("daemon", "status", "--json", home=home)
    assert last(error)["error"]["code"] == "daemon-unreachable"
    for command in ("stop", "rest"):
        answer = run("daemon", command, home=home)
        assert (answer.returncode, answer.stdout, answer.stderr) == (0, "No daemon runs.\n", "")
    assert last(run("daemon", "rest", "--json", home=home)) == {"workers": []}
    assert run("daemon", "status", home=home).returncode == 5


def test_starting_twice_is_one_daemon_and_stopping_waits_until_it_is_gone(home: Path) -> None:
    first = last(run("daemon", "start", "--json", home=home))
    assert {"pid", "address", "version", "protocol", "workers"} <= set(first)
    words = run("daemon", "start", home=home)
    assert words.stdout == f"The daemon runs at {first['address']}, process {first['pid']}.\n"
    status = run("daemon", "status", home=home)
    assert status.returncode == 0, status.stderr
    assert f"process {first['pid']}" in status.stdout
    assert "0 running, 0 queued" in status.stdout
    assert run("daemon", "rest", home=home).stdout == "The engines rest until the next job.\n"
    rests = last(run("daemon", "rest", "--json", home=home))["workers"]
    assert {worker["name"] for worker in rests} == {worker["name"] for worker in first["workers"]}
    stopped = run("daemon", "stop", home=home)
    assert (stopped.returncode, stopped.stdout) == (0, f"The daemon is stopped (process {first['pid']}).\n")
    assert not daemon_lives(Home(home))
    assert run("daemon", "status", home=home).returncode == 5
    assert last(run("daemon", "stop", "--json", home=home)) == {"stopped": None}


def test_in_the_foreground_it_serves_until_it_is_asked_to_end(home: Path) -> None:
    environment = {**os.environ, "HITPOINT_HOME": str(home)}
    work = subprocess.Popen(
        [*HITPOINT, "daemon", "run"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        deadline = time.monotonic() + 30
        while (answer := run("daemon", "status", "--json", home=home)).returncode and time.monotonic() < deadline:
            time.sleep(0.1)
        assert last(answer)["pid"] == work.pid
        work.send_signal(signal.SIGTERM)
        _, complaint = work.communicate(timeout=30)
        assert (work.returncode, b"Traceback" in complaint) == (0, False)
    finally:
        work.kill()
        work.communicate()
