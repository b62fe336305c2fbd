"""A full disk, at every point where something is written: a sentence, nothing corrupt, and a daemon that lives on."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.cue.folder import load, verify
from core.errors import DaemonUnreachable, UnusableInput, WrongUse
from daemon.client import Client, job_id
from daemon.home import Home
from daemon.starting import connected, running, stop_daemon
from tests.daemon.full_disk import POINTS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are set as Linux can")

PATIENCE_S = 60.0
FULL = r"disk is full|larger than is allowed|could not be read or written"
PROGRAM = (sys.executable, "-m", "tests.daemon.full_disk", "daemon")


@dataclass
class House:
    """A daemon whose disk can be full, and a client of it."""

    home: Home
    client: Client
    flag: Path
    timeline: Path
    to: Path

    @property
    def process(self) -> psutil.Process:
        return psutil.Process(self.client.hello["pid"])

    def worker(self) -> Mapping[str, Any]:
        workers: list[Mapping[str, Any]] = self.client.ask("status")["workers"]
        return workers[0]

    def asked(self, job: str, to: Path | None = None) -> dict[str, Any]:
        """Submit a short score."""
        place = str(to or self.to)
        told: dict[str, Any] = self.client.ask(
            "score", job=job, timeline=str(self.timeline), out="2s", to=place, seed=1
        )["job"]
        return told

    @contextmanager
    def full_at(self, point: str) -> Iterator[None]:
        """A disk that is full at one point of the daemon or its worker."""
        self.flag.write_text(point)
        try:
            yield
        finally:
            self.flag.unlink()

    @contextmanager
    def full(self) -> Iterator[None]:
        """A disk that takes no byte of the daemon's any more."""
        soft, hard = self.process.rlimit(psutil.RLIMIT_FSIZE)
        self.process.rlimit(psutil.RLIMIT_FSIZE, (0, hard))
        try:
            yield
        finally:
            self.process.rlimit(psutil.RLIMIT_FSIZE, (soft, hard))

    def job(self, job: str) -> dict[str, Any]:
        told: dict[str, Any] = self.client.ask("job", job=job)["job"]
        return told

    def until(self, job: str, happened: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
        """Wait until a job is as it should be."""
        by = time.monotonic() + PATIENCE_S
        while not happened(told := self.job(job)):
            assert time.monotonic() < by, told
            time.sleep(0.02)
        return told


@contextmanager
def started(folder: Path, timeline: Path) -> Iterator[House]:
    """A daemon whose disk can be full, for as long as a block lasts; its home stays."""
    home, flag = Home(folder / "home"), folder / "point"
    process = subprocess.Popen([*PROGRAM, str(flag)], env={**os.environ, "HITPOINT_HOME": str(home.folder)})
    try:
        by = time.monotonic() + PATIENCE_S
        while running(home) is None:
            assert time.monotonic() < by
            time.sleep(0.02)
        with connected("a test", start=False, home=home) as client:
            yield House(home, client, flag, timeline, folder / "cues")
        stop_daemon(home)
        assert process.wait(PATIENCE_S) == 0
        assert sound(home)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, demo_edit: Path) -> Iterator[House]:
    with started(tmp_path_factory.mktemp("full disk"), demo_edit) as house:
        yield house


def sound(home: Home) -> bool:
    """Whether SQLite finds nothing wrong with the store."""
    connection = sqlite3.connect(home.store)
    try:
        return [row[0] for row in connection.execute("PRAGMA integrity_check")] == ["ok"]
    finally:
        connection.close()


def whole(result: Mapping[str, Any]) -> bool:
    return verify(load(Path(result["cue"]))) == ()


# --- the cue


@pytest.mark.parametrize("point", POINTS["worker"])
def test_a_cue_that_finds_no_room_fails_with_a_sentence_and_leaves_nothing(house: House, point: str) -> None:
    to = house.to.with_name(f"cues {point}")
    with house.full_at(point):
        job = house.asked(job_id(), to)["id"]
        with pytest.raises(UnusableInput, match=FULL) as failed:
            house.client.follow(job)
    worker = house.worker()["pid"]

    assert failed.value.exit_code == 3
    assert failed.value.do
    assert not to.exists() or not list(to.iterdir())

    result = house.client.follow(house.asked(job_id(), to)["id"])
    assert whole(result)
    assert house.worker()["pid"] == worker
    assert [path.name for path in to.iterdir()] == [Path(result["cue"]).name]


# --- the store and the log


def test_a_job_that_cannot_be_stored_is_not_acknowledged_and_can_be_sent_again(house: House) -> None:
    job = job_id()
    with house.full():
        with pytest.raises(UnusableInput, match=FULL) as refused:
            house.asked(job)
        assert house.client.ask("status")["pid"] == house.process.pid
        assert job not in [each["id"] for each in house.client.ask("jobs")["jobs"]]

    assert refused.value.exit_code == 3
    assert house.asked(job)["state"] in ("queued", "running")
    assert whole(house.client.follow(job))


def test_a_job_whose_start_cannot_be_stored_waits_and_says_why(house: House) -> None:
    first, second = house.asked(job_id())["id"], house.asked(job_id())["id"]
    house.until(first, lambda told: told["state"] == "running" and told["progress"] > 0)
    house.client.ask("cancel", job=first)
    with house.full():
        told = house.until(second, lambda told: "larger" in told["words"] or "store" in told["words"])
        assert told["state"] == "queued"

    assert whole(house.client.follow(second))


def test_a_job_whose_end_cannot_be_stored_is_not_told_as_done_until_it_is(house: House) -> None:
    job = house.asked(job_id())["id"]
    house.until(job, lambda told: told["progress"] > 0.1)
    with house.full():
        told = house.until(job, lambda told: "store" in told["words"])
        assert (told["state"], told["ended"]) == ("running", None)
        assert told["progress"] < 1
        assert house.worker()["state"] == "idle"

    assert whole(house.client.follow(job))
    assert house.job(job)["deaths"] == 0


def test_what_the_log_could_not_take_is_counted_in_it(house: House) -> None:
    with house.full():
        for number in range(3):
            with pytest.raises(WrongUse):
                house.client.ask(f"nonsense {number}")
        time.sleep(1.0)  # the log is written by a thread of its own, after the answer
    with pytest.raises(WrongUse):
        house.client.ask("the next line")

    until(lambda: "'the next line'" in house.home.log.read_text())
    log = house.home.log.read_text()
    lost = re.search(r"(\d+) lines before this one could not be written", log)
    assert lost, log
    assert int(lost[1]) >= 3
    assert "nonsense" not in log


# --- beside a drop


def test_a_scored_timeline_that_finds_no_room_is_laid_beside_its_drop_when_there_is(house: House) -> None:
    folder = house.to.with_name("drops")
    folder.mkdir()
    house.client.ask("watch", folder=str(folder), to=str(house.to), seed=1)
    with house.full_at("scored timeline"):
        (folder / "edit.otio").write_text(short(house.timeline))
        until(lambda: "edit.otio: " in house.home.log.read_text())
        assert names(folder) == ["edit.otio"]
    until(lambda: (folder / "edit.scored.otio").is_file())
    jobs = [job for job in house.client.ask("jobs")["jobs"] if job["client"].startswith("watch:")]

    assert [job["state"] for job in jobs] == ["done"]
    assert names(folder) == ["edit.otio", "edit.scored.otio"]
    assert json.loads((folder / "edit.scored.otio").read_text())["OTIO_SCHEMA"] == "Timeline.1"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def short(timeline: Path) -> str:
    """The demonstration's edit, its first shot alone."""
    document = json.loads(timeline.read_text())
    track = document["tracks"]["children"][0]
    del track["children"][1:]
    track["markers"] = []
    media = track["children"][0]["media_references"]["DEFAULT_MEDIA"]
    media["target_url"] = str(timeline.parent / media["target_url"])
    return json.dumps(document)


def until(happened: Callable[[], bool]) -> None:
    """Wait for what is to happen."""
    by = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < by
        time.sleep(0.02)


# --- the start


@pytest.mark.parametrize("point", ["keys", "connection file"])
def test_a_daemon_that_cannot_write_what_it_needs_says_so_and_starts_when_there_is_room(
    tmp_path: Path, point: str
) -> None:
    home, flag = Home(tmp_path / "home"), tmp_path / "point"
    flag.write_text(point)
    environment = {**os.environ, "HITPOINT_HOME": str(home.folder)}

    ended = subprocess.run([*PROGRAM, str(flag)], env=environment, capture_output=True, text=True, check=False)

    assert ended.returncode == UnusableInput.exit_code, ended.stderr
    assert re.search(FULL, ended.stderr)
    assert len(ended.stderr.splitlines()) == 1
    assert not home.connection.exists()
    assert not list(home.folder.rglob("*.part"))
    with connected("a test", home=home) as client:
        assert client.ask("status")["jobs"] == {"queued": 0, "running": 0}
    stop_daemon(home)
    assert sound(home)


def test_a_first_start_without_room_for_anything_says_so_and_spoils_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    server = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); from daemon.server import main; main()"
    )
    environment = {**os.environ, "HITPOINT_HOME": str(home.folder)}

    ended = subprocess.run([sys.executable, "-c", server], env=environment, capture_output=True, text=True, check=False)

    assert ended.returncode == DaemonUnreachable.exit_code, ended.stderr
    assert re.search(FULL, ended.stderr)
    assert len(ended.stderr.splitlines()) == 1
    with connected("a test", home=home) as client:
        assert client.ask("status")["jobs"] == {"queued": 0, "running": 0}
    stop_daemon(home)
    assert sound(home)


# --- a real disk


def test_on_a_disk_that_is_really_full_each_command_says_so_and_works_once_there_is_room(
    demo_edit: Path, tmp_path: Path
) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("no `unshare` on this system")
    if subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "x", "/mnt"], capture_output=True).returncode != 0:
        pytest.skip("this system lets nobody mount a disk of their own")
    command = ["unshare", "-rm", sys.executable, "-m", "tests.daemon.small_disk", str(demo_edit), str(tmp_path)]

    answer = subprocess.run(command, capture_output=True, text=True, check=False)

    assert answer.returncode == 0, answer.stderr
    seen = json.loads(answer.stdout.splitlines()[-1])
    codes = {what: told["code"] for what, told in seen.items() if isinstance(told, dict)}
    assert codes == {
        "first start": DaemonUnreachable.exit_code,
        "start": 0,
        "cue where it does not fit": UnusableInput.exit_code,
        "score": UnusableInput.exit_code,
        "status": 0,
        "score with room": 0,
        "stop": 0,
        "second start": DaemonUnreachable.exit_code,
    }
    for what in ("first start", "score", "second start"):
        assert re.search(FULL, seen[what]["said"][0]), seen[what]
    assert "too little room" in seen["cue where it does not fit"]["said"][0]
    assert seen["left of it"] == []
    assert [job["state"] for job in seen["jobs"]] == ["done", "failed"]
    assert seen["jobs after it"] == seen["jobs"]
    assert whole(seen["score with room"]["told"])
