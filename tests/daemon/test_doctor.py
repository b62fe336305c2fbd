"""The doctor finds what was broken on purpose, says what to do about it, and leaves everything as it is."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import zmq

from daemon.checks import engines, house, libraries
from daemon.checks.finding import Finding, numbers
from daemon.commands.doctor import COLOURS
from daemon.connection import Connection, DaemonLock, write_connection
from daemon.doctor import examine, healthy
from daemon.home import Home, Mount, prepare
from daemon.keys import client_pair, daemon_pair
from daemon.settings import Settings

posix = pytest.mark.skipif(os.name == "nt", reason="mode bits say nothing on Windows")


@pytest.fixture
def made(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    prepare(home)
    client_pair(home)
    daemon_pair(home)
    return home


def doctor(home: Home, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "daemon.command", "doctor", *options]
    place = {**os.environ, "HITPOINT_HOME": str(home.folder)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=place, timeout=120)


def told(findings: list[Finding], what: str) -> Finding:
    """The one finding about a thing."""
    (found,) = [finding for finding in findings if finding.what == what]
    return found


def problems(findings: list[Finding]) -> list[str]:
    return [f"{finding.what}: {finding.words}" for finding in findings if finding.state == "problem"]


def test_a_sound_machine_has_no_problem_and_nothing_is_made_or_started(tmp_path: Path) -> None:
    fresh = Home(tmp_path / "fresh")
    answer = doctor(fresh, "--json")
    (line,) = answer.stdout.splitlines()
    findings = [Finding(**each) for each in json.loads(line)["findings"]]
    own = ("Disk", "GPU", "torch", "ONNX")  # of the machine that runs the test
    assert [each for each in problems(findings) if not each.startswith(own)] == []
    assert (answer.returncode, answer.stderr) == (int(not healthy(findings)), "")
    assert list(tmp_path.iterdir()) == []
    looked_at = {finding.what for finding in findings}
    assert {"Python", "Hitpoint", "ZeroMQ", "msgpack", "SQLite", "GPU", "torch", "ONNX Runtime"} <= looked_at
    assert {"Home", "Keys", "Settings", "Loopback", "Daemon", "Engine composer", "REAPER"} <= looked_at
    assert {"DaVinci Resolve", "Disk of the home", "Disk of this folder"} <= looked_at


@posix
def test_a_problem_is_said_to_people_with_its_remedy_and_the_exit_code_is_1(made: Home) -> None:
    made.keys.chmod(0o755)
    answer = doctor(made)
    assert answer.returncode == 1
    assert "problem  Home" in answer.stdout
    assert f"→ Run: chmod 700 '{made.keys}'" in answer.stdout
    assert answer.stderr == ""
    made.keys.chmod(0o700)


def test_every_finding_is_whole(made: Home) -> None:
    findings = examine(made)
    for finding in findings:
        assert finding.what
        assert finding.words
        assert finding.state in COLOURS
        assert finding.do or finding.state != "problem"
    assert healthy(findings) == (problems(findings) == [])
    assert not healthy([Finding("Disk", "problem", "full", "Free some space.")])


# --- Python and libraries


@pytest.mark.parametrize(("version", "sound"), [((3, 10, 9), False), ((3, 11, 0), True), ((3, 14, 0), False)])
def test_a_python_that_the_libraries_do_not_have_is_a_problem(
    version: tuple[int, ...], sound: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    assert (libraries.python().state == "ok") == sound


def test_a_python_of_32_bits_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "maxsize", 2**31 - 1)
    assert libraries.python().state == "problem"


def test_libraries_that_are_not_safe_are_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {finding.state for finding in libraries.libraries()} == {"ok"}
    monkeypatch.setattr(zmq, "zmq_version", lambda: "4.3.4")
    assert libraries.messages().state == "problem"
    monkeypatch.undo()
    monkeypatch.setattr(zmq, "has", lambda name: name != "curve")
    assert "without CURVE" in libraries.messages().words
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.34.1")
    assert libraries.database().state == "problem"
    for version in ("1.2.0", "1.1.9", None):
        monkeypatch.setattr(libraries, "installed_version", lambda _, version=version: version)
        assert libraries.unpacking().state == "problem"
    assert libraries.hitpoint().state == "problem"


def test_a_library_that_is_broken_is_a_finding_not_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zmq", None)
    assert libraries.messages().words.startswith("pyzmq cannot be used")


def test_versions_compare_by_number() -> None:
    assert numbers("1.10.0") > numbers("1.9")
    assert numbers("2.11.0+cu130") == (2, 11, 0)
    assert numbers("27.3.0rc1") == (27, 3, 0)
    assert numbers("unknown") == ()


# --- the card and the engines


def tool(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a driver's tool on the path that answers as told."""
    path = folder / "nvidia-smi"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


@posix
def test_the_card_and_its_driver_are_read_from_the_drivers_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool(tmp_path, 'printf "NVIDIA H200, 143771 MiB, 570.86.15\\nNVIDIA RTX, 24564 MiB, 570.86.15\\n"', monkeypatch)
    found = engines.gpu()
    assert found.state == "ok"
    assert found.words == "NVIDIA H200, 143771 MiB, driver 570.86.15; NVIDIA RTX, 24564 MiB, driver 570.86.15"


@posix
@pytest.mark.parametrize("script", ["echo Driver/library version mismatch; exit 18", "exit 9", "sleep 60"])
def test_a_driver_that_does_not_answer_is_a_problem(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "DRIVER_S", 0.5)
    tool(tmp_path, script, monkeypatch)
    assert engines.gpu().state == "problem"


def test_no_card_is_no_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert engines.gpu() == Finding("GPU", "note", "No NVIDIA GPU: the composer needs none")


@pytest.mark.parametrize(
    ("torch", "torchaudio", "state"),
    [
        (None, None, "note"),
        ("2.11.0", None, "ok"),
        ("2.11.0+cu130", "2.11.1", "ok"),
        ("2.15.0", "2.11.0", "problem"),
    ],
)
def test_torch_and_its_half_for_sound_must_fit(torch: str | None, torchaudio: str | None, state: str) -> None:
    assert engines.torch({"torch": torch, "torchaudio": torchaudio}).state == state


def installed(**versions: str) -> dict[str, str | None]:
    names = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml")
    return {name: versions.get(name.replace("-", "_")) for name in names}


def test_onnx_runtime_is_asked_what_it_runs_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "onnxruntime.py").write_text(
        "def get_available_providers(): return ['CUDAExecutionProvider', 'CPUExecutionProvider']"
    )
    monkeypatch.setattr(engines, "PROGRAM", tmp_path)
    found = engines.onnx(installed(onnxruntime_gpu="1.24.0"), card=True)
    assert found == Finding("ONNX Runtime", "ok", "onnxruntime-gpu 1.24.0, runs on CUDA, CPU")


def test_onnx_runtime_that_leaves_the_card_idle_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "onnxruntime.py").write_text("def get_available_providers(): return ['CPUExecutionProvider']")
    monkeypatch.setattr(engines, "PROGRAM", tmp_path)
    assert engines.onnx(installed(onnxruntime="1.24.0"), card=True).state == "note"
    assert engines.onnx(installed(onnxruntime="1.24.0"), card=False).state == "ok"


@pytest.mark.parametrize("broken", ["raise ImportError('libcudart.so.13 is missing')", "import os; os.abort()"])
def test_onnx_runtime_that_crashes_is_a_finding(broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "onnxruntime.py").write_text(broken)
    monkeypatch.setattr(engines, "PROGRAM", tmp_path)
    found = engines.onnx(installed(onnxruntime="1.24.0"), card=False)
    assert found.state == "problem"
    assert "cannot be used" in found.words


def test_two_onnx_runtimes_are_a_problem() -> None:
    found = engines.onnx(installed(onnxruntime="1.24.0", onnxruntime_gpu="1.24.0"), card=True)
    assert found.state == "problem"


def test_the_composer_is_ready_without_weights() -> None:
    assert told(engines.readiness(), "Engine composer").state == "ok"


def test_an_engine_without_weights_is_noted_and_a_program_without_engines_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = "Its weights are missing: run `hitpoint weights add muvi`."
    noted = engines._engine({"name": "muvi", "ready": False, "why": why})
    assert noted == Finding("Engine muvi", "note", why, "The other engines work without it.")
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__init__.py").write_text("raise ImportError('libz is missing')")
    monkeypatch.setattr(engines, "PROGRAM", tmp_path)
    assert problems(engines.readiness()) == ["Engines: The engines cannot be loaded: ImportError: libz is missing"]


# --- the home, the disks, the network


@posix
@pytest.mark.parametrize(
    "inside", [".", "keys", "keys/known", "log", "jobs", "keys/client.key_secret", "keys/daemon.key_secret"]
)
def test_each_file_and_folder_that_others_may_open_is_found(made: Home, inside: str) -> None:
    (made.folder / inside).chmod(0o755)
    found = house.permissions(made)
    assert [finding.state for finding in found] == ["problem"]
    assert "Other users may open this" in found[0].words
    subprocess.run(found[0].do.removeprefix("Run: "), shell=True, check=False)
    if not inside.endswith("secret"):
        assert house.permissions(made)[0].state == "ok"


@posix
@pytest.mark.parametrize("place", ["a file", "x" * 300, "a file/below"])
def test_a_home_that_can_be_no_folder_is_one_problem(tmp_path: Path, place: str) -> None:
    (tmp_path / "a file").touch(0o644)
    found = [
        each for each in house.house(Home(tmp_path / place)) if each.what not in ("Disk of this folder", "Loopback")
    ]
    assert [(each.what, each.state) for each in found] == [("Home", "problem")]
    assert "folder" in found[0].words
    assert found[0].do.startswith("Set HITPOINT_HOME")


def test_a_home_that_cannot_be_written_is_one_problem_with_a_remedy(
    made: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = os.access

    def read_only(path: Any, mode: int) -> bool:
        return allowed(path, mode) and not (Path(path) == made.folder and mode & os.W_OK)

    monkeypatch.setattr(os, "access", read_only)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=0 if path == made.folder else 10**12))
    assert problems(house.house(made)) == [f"Home: {made.folder} cannot be written"]
    assert "Set HITPOINT_HOME" in told(house.house(made), "Home").do


@posix
@pytest.mark.parametrize("inside", ["keys/client.key_secret", "connection.json"])
def test_a_loose_file_that_two_looks_meet_is_one_problem(made: Home, inside: str) -> None:
    write_connection(made, connection(4711))
    (made.folder / inside).chmod(0o644)
    found = [each for each in house.house(made) if "Other users" in each.words]
    assert [each.what for each in found] == ["Home"]


def test_a_lock_that_cannot_be_opened_is_a_problem_whose_remedy_is_not_the_doctor(made: Home) -> None:
    made.lock.mkdir()
    found = told(house.house(made), "Daemon")
    assert found.state == "problem"
    assert str(made.lock) in found.words
    assert "doctor" not in found.do


def test_a_home_on_a_network_drive_is_found(made: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "mounts", lambda: [Mount("/", "nfs4"), Mount("C:\\", "NTFS", "remote")])
    assert any("network drive" in finding.words for finding in house.permissions(made))


def test_settings_that_are_wrong_are_found_with_their_key(made: Home) -> None:
    made.settings.write_text("histroy = 5\n")
    found = told(house.house(made), "Settings")
    assert found.state == "problem"
    assert "histroy" in found.words
    assert found.do == "Did you mean history?"


def test_a_client_that_the_daemon_does_not_know_is_found(made: Home) -> None:
    assert house.client_key(made).state == "ok"
    (made.keys / "known" / "client.key").unlink()
    assert house.client_key(made).state == "problem"


def test_damaged_keys_are_found(made: Home) -> None:
    (made.keys / "client.key_secret").write_bytes(b"nonsense")
    assert "damaged" in told(house.house(made), "Keys").words


@pytest.mark.parametrize(("free", "state"), [(10**8, "problem"), (2 * 10**9, "note"), (10**12, "ok")])
def test_little_room_is_found(free: int, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert house.disk("Disk", tmp_path / "not" / "there" / "yet").state == state


def test_a_port_that_is_taken_is_found(made: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        made.settings.write_text(f"port = {number}\n")
        found = told(house.house(made), f"Port {number}")
        assert found.state == "problem"
        assert str(made.settings) in found.do
    assert house.port(Settings(port=number), made).state == "ok"


def test_a_loopback_that_does_not_work_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert house.loopback().state == "ok"

    def refused(*_: object, **__: object) -> socket.socket:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", refused)
    found = house.loopback()
    assert found.state == "problem"
    assert "firewall" in found.do


# --- the daemon


def connection(pid: int, address: str = "tcp://127.0.0.1:9", version: str = "0.1.0") -> Connection:
    return Connection(address, "a" * 40, pid, version, 1, 1.0)


def test_a_connection_file_that_a_dead_daemon_left_is_noted(made: Home) -> None:
    assert house.daemon(made).state == "ok"
    write_connection(made, connection(4711))
    found = house.daemon(made)
    assert found.state == "note"
    assert "4711" in found.words


def test_a_daemon_that_does_not_answer_is_a_problem(made: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.client.LIVENESS_S", 0.3)
    with DaemonLock(made) as held, socket.create_server(("127.0.0.1", 0)) as silent:
        assert held
        assert house.daemon(made).words == "It is just starting or ending"
        write_connection(made, connection(os.getpid(), f"tcp://127.0.0.1:{silent.getsockname()[1]}"))
        found = house.daemon(made)
    assert found.state == "problem"
    assert "does not answer" in found.words


def test_a_damaged_connection_file_is_a_problem(made: Home) -> None:
    made.connection.touch(0o600)
    made.connection.write_text("{")
    assert told(house.house(made), "Daemon").state == "problem"


STATUS: dict[str, Any] = {"workers": [{"name": "cpu", "state": "idle", "why": ""}], "jobs": {"running": 1, "queued": 2}}


def test_a_broken_worker_is_a_problem() -> None:
    assert house._working("Daemon", "Process 1", STATUS) == Finding("Daemon", "ok", "Process 1; 1 jobs run, 2 wait")
    broken = {"name": "cuda:0", "state": "broken", "why": "No memory"}
    found = house._working("Daemon", "Process 1", {**STATUS, "workers": [broken]})
    assert found.state == "problem"
    assert "worker cuda:0: No memory" in found.words


def test_a_running_daemon_is_asked_and_left_running(made: Home) -> None:
    from daemon.starting import running, start_daemon, stop_daemon

    started = start_daemon(made)
    try:
        found = house.daemon(made)
        assert found.state == "ok"
        assert f"Process {started.pid} at {started.address}" in found.words
        assert running(made) == started
    finally:
        stop_daemon(made)
    write_connection(made, started)  # as a daemon that was killed leaves it
    assert house.daemon(made).state == "note"


def test_a_running_daemon_of_another_version_is_a_problem(made: Home) -> None:
    from daemon.starting import start_daemon, stop_daemon

    started = start_daemon(made)
    try:
        write_connection(made, Connection(**{**vars(started), "version": "0.0.9"}))
        found = house.daemon(made)
        assert found.state == "problem"
        assert "hitpoint daemon stop" in found.do
    finally:
        stop_daemon(made)
