"""Nothing leaves the machine: all works where there is no network, and the daemon has no connection to any."""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from daemon.client import job_id
from daemon.home import Home
from daemon.starting import connected, stop_daemon


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    yield home
    stop_daemon(home)


def alone(command: list[str], home: Home) -> subprocess.CompletedProcess[str]:
    """Run a command in a network of its own, in which nothing is."""
    if shutil.which("unshare") is None:
        pytest.skip("no `unshare` on this system")
    if subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this system lets nobody make a network namespace")
    environment = {**os.environ, "HITPOINT_HOME": str(home.folder)}
    return subprocess.run(["unshare", "-rn", *command], capture_output=True, text=True, env=environment, check=False)


def test_without_a_network_the_whole_path_works(demo_edit: Path, home: Home, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.daemon.without_network", str(demo_edit), str(tmp_path / "cues")]

    answer = alone(command, home)

    assert answer.returncode == 0, answer.stderr
    seen: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    assert (seen["interfaces"], seen["elsewhere"]) == (["lo"], False)
    assert [(job["kind"], job["state"]) for job in seen["jobs"]] == [("export", "done"), ("score", "done")]
    assert Path(seen["cue"]["mix"]).is_file()
    assert Path(seen["mp3"]["preview"]).is_file()
    assert seen["page"] > 0
    assert (seen["stopped"], seen["alive"]) == (seen["started"]["pid"], False)


def test_the_daemon_listens_on_loopback_alone_and_nobody_of_ours_speaks_elsewhere(
    demo_edit: Path, home: Home, tmp_path: Path
) -> None:
    with connected("a test", home=home) as client:
        job = job_id()
        client.ask("score", job=job, timeline=str(demo_edit), out="3s", to=str(tmp_path / "cues"))
        during: list[Any] = []
        client.follow(job, lambda _: during.extend(of_the_family(client.hello["pid"])))
        after = of_the_family(client.hello["pid"])

    listening = [each for each in after if each.status == psutil.CONN_LISTEN]
    assert len(listening) == 1
    assert during
    for each in (*during, *after):
        ends = [end.ip for end in (each.laddr, each.raddr) if end]
        assert all(ipaddress.ip_address(end).is_loopback for end in ends), each
        assert each.status in (psutil.CONN_LISTEN, psutil.CONN_ESTABLISHED, psutil.CONN_CLOSE_WAIT), each
        assert each.laddr.port == listening[0].laddr.port, each


def of_the_family(daemon: int) -> list[Any]:
    """The network connections of the daemon and its workers."""
    process = psutil.Process(daemon)
    return [each for one in (process, *process.children(True)) for each in one.net_connections(kind="inet")]
