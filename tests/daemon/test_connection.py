"""The connection file says where the daemon is; the lock says whether it lives."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from core.errors import DaemonUnreachable
from daemon.connection import Connection, DaemonLock, daemon_lives, read_connection, write_connection
from daemon.home import Home, prepare
from daemon.private import write_private

HERE = Connection("tcp://127.0.0.1:49321", "a" * 40, 4711, "0.1.0", 1, 1_790_000_000.25)


@pytest.fixture
def made(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    prepare(home)
    return home


@contextmanager
def other_process_holding(home: Home) -> Iterator[subprocess.Popen[str]]:
    """A process that has the daemon's lock, as a daemon does."""
    program = (
        "import sys, time; from pathlib import Path; from daemon.connection import DaemonLock; "
        "from daemon.home import Home; lock = DaemonLock(Home(Path(sys.argv[1]))); "
        "print(lock.acquire(), flush=True); time.sleep(60)"
    )
    start = [sys.executable, "-c", program, str(home.folder)]
    with subprocess.Popen(start, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "True\n"
            yield process
        finally:
            process.kill()


def test_what_is_written_is_read(made: Home) -> None:
    assert read_connection(made) is None
    write_connection(made, HERE)
    assert read_connection(made) == HERE
    write_connection(made, Connection(**{**asdict(HERE), "pid": 4712}))
    found = read_connection(made)
    assert found is not None
    assert found.pid == 4712


@pytest.mark.skipif(os.name == "nt", reason="mode bits say nothing on Windows")
def test_the_file_is_0600_and_refused_when_it_is_looser(made: Home) -> None:
    write_connection(made, HERE)
    assert stat.S_IMODE(made.connection.stat().st_mode) == 0o600
    made.connection.chmod(0o644)
    with pytest.raises(DaemonUnreachable, match="Other users may open this file"):
        read_connection(made)


def test_the_file_holds_no_secret(made: Home) -> None:
    write_connection(made, HERE)
    told = json.loads(made.connection.read_text())
    assert sorted(told) == ["address", "pid", "protocol", "public", "started", "version"]


@pytest.mark.parametrize(
    "change",
    [
        {"address": "tcp://evil.example:80"},
        {"address": "ipc:///tmp/socket"},
        {"address": "tcp://127.0.0.1:0"},
        {"address": "tcp://127.0.0.1:1\n"},
        {"public": "short"},
        {"public": None},
        {"public": '"' * 40},
        {"public": "#" * 40},
        {"public": "é" * 40},
        {"pid": "4711"},
        {"pid": True},
        {"pid": -1},
        {"pid": 2**70},
        {"protocol": 1.5},
        {"started": "now"},
        {"started": float("inf")},
    ],
)
def test_a_field_that_is_not_as_it_must_be_is_refused(made: Home, change: dict[str, object]) -> None:
    write_private(made.connection, json.dumps({**asdict(HERE), **change}).encode())
    with pytest.raises(DaemonUnreachable, match="The connection file is damaged"):
        read_connection(made)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 4000, b"9" * 4096, b"{}" + b" " * 4096])
def test_a_damaged_file_is_refused_with_one_sentence(made: Home, content: bytes) -> None:
    write_private(made.connection, content)
    with pytest.raises(DaemonUnreachable) as refused:
        read_connection(made)
    assert refused.value.where == str(made.connection)
    assert refused.value.do


def test_fields_of_a_later_version_are_ignored(made: Home) -> None:
    write_private(made.connection, json.dumps({**asdict(HERE), "mailbox": "later"}).encode())
    assert read_connection(made) == HERE


def test_a_daemon_lives_as_long_as_its_process(made: Home) -> None:
    assert not daemon_lives(made)
    with other_process_holding(made) as process:
        assert daemon_lives(made)
        assert not DaemonLock(made).acquire()
        process.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
        process.wait()
        assert not daemon_lives(made)
    with DaemonLock(made) as mine:
        assert mine
        assert daemon_lives(made)
    assert not daemon_lives(made)


def test_asking_whether_a_daemon_lives_never_keeps_one_from_starting(made: Home) -> None:
    made.lock.touch(0o600)
    program = (
        "import sys, time; from pathlib import Path; from daemon.connection import daemon_lives; "
        "from daemon.home import Home; home = Home(Path(sys.argv[1])); print('go', flush=True)\n"
        "while True: daemon_lives(home)"
    )
    start = [sys.executable, "-c", program, str(made.folder)]
    with subprocess.Popen(start, stdout=subprocess.PIPE) as asking:
        try:
            assert asking.stdout is not None
            asking.stdout.readline()
            for _ in range(100):
                lock = DaemonLock(made)
                assert lock.acquire()
                lock.release()
        finally:
            asking.kill()


def test_of_daemons_that_start_together_one_has_the_lock(made: Home) -> None:
    program = (
        "import sys; from pathlib import Path; from daemon.connection import DaemonLock; from daemon.home import Home; "
        "lock = DaemonLock(Home(Path(sys.argv[1]))); print(lock.acquire(), flush=True); sys.stdin.read()"
    )
    start = [sys.executable, "-c", program, str(made.folder)]
    daemons = [subprocess.Popen(start, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    told = []
    for daemon in daemons:
        assert daemon.stdout is not None
        told.append(daemon.stdout.readline().strip())
    for daemon in daemons:
        daemon.communicate(timeout=30)
    assert sorted(told) == ["False", "False", "False", "True"]


@pytest.mark.skipif(os.name == "nt", reason="a folder opens differently there")
def test_a_lock_that_cannot_be_opened_is_said(made: Home) -> None:
    made.lock.mkdir()
    with pytest.raises(DaemonUnreachable, match="lock"):
        DaemonLock(made).acquire()
    with pytest.raises(DaemonUnreachable, match="lock"):
        daemon_lives(made)
