"""The store's file: what is opened, what is refused, and that refusing changes nothing."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import sys
from pathlib import Path

import pytest

from core.errors import DaemonUnreachable, UnusableInput
from daemon import database
from daemon.database import STEPS, disk_sentence, opened
from daemon.jobs import Job, Store


def job(number: int) -> Job:
    return Job(
        id=f"job-{number:05}", kind="score", client="ada", name="reel 1", request={"n": number}, digest="", made=0.0
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite"


def fill(path: Path, jobs: int = 200) -> None:
    store = Store(path)
    for number in range(jobs):
        store.add(job(number), b"otio" * 100)
    store.close()


def refused(path: Path) -> str:
    """The sentence with which the file is refused; it and its folder stay as they were, to the byte."""

    def state() -> dict[str, str]:
        return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in path.parent.iterdir()}

    before = state()
    with pytest.raises(DaemonUnreachable) as refusal:
        Store(path)
    assert state() == before
    assert str(path) in str(refusal.value)
    return str(refusal.value)


def test_a_new_file_has_today_s_schema_and_loses_nothing_at_a_power_cut(path: Path) -> None:
    connection = opened(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    connection.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_user_may_read_the_file_and_its_log(path: Path) -> None:
    before = os.umask(0)
    try:
        store = Store(path)
        store.add(job(1), None)
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert modes == {"jobs.sqlite": 0o600, "jobs.sqlite-wal": 0o600, "jobs.sqlite-shm": 0o600}


def test_a_file_left_empty_by_a_crash_becomes_a_store(path: Path) -> None:
    path.touch()
    fill(path, 3)
    store = Store(path)
    assert len(store.live()) == 3
    store.close()


def test_an_older_file_is_brought_to_today_s_schema_with_all_that_is_in_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(path)
    newer = (*STEPS, ("ALTER TABLE jobs ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'",), ("CREATE TABLE moods (name)",))
    monkeypatch.setattr(database, "STEPS", newer)
    store = Store(path)
    assert [(found.id, found.request) for found in store.live()] == [(job(n).id, {"n": n}) for n in range(200)]
    assert store.attachment(job(7).id) == b"otio" * 100
    store.close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(newer),)
    assert connection.execute("SELECT DISTINCT mood FROM jobs").fetchall() == [("calm",)]
    connection.close()


def test_a_step_that_fails_leaves_the_file_at_the_one_before(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path, 3)
    with monkeypatch.context() as patch:
        patch.setattr(database, "STEPS", (*STEPS, ("CREATE TABLE moods (name)", "ALTER TABLE nobody ADD COLUMN mood")))
        with pytest.raises(DaemonUnreachable):
            Store(path)
    store = Store(path)
    assert len(store.live()) == 3
    store.close()
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'moods'").fetchone() == (0,)
    connection.close()


def test_a_newer_file_is_refused_and_left_alone(path: Path) -> None:
    fill(path)
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    connection.close()
    assert "newer" in refused(path)


def test_the_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.commit()
    connection.close()
    assert "not a job store" in refused(path)


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"These are my notes, not a database.\n" * 200)
    assert "Move the file" in refused(path)


def test_a_file_cut_in_half_is_refused_and_left_alone(path: Path) -> None:
    fill(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2 // 4096 * 4096])
    said = refused(path)
    assert "damaged" in said
    assert "Move the file" in said


def test_a_file_with_pages_of_rubbish_is_refused_and_left_alone(path: Path) -> None:
    fill(path)
    content = bytearray(path.read_bytes())
    for page in range(4096, len(content) - 4096, 4096):
        content[page : page + 200] = bytes(byte ^ 0x5A for byte in content[page : page + 200])
    path.write_bytes(content)
    assert "damaged" in refused(path)


def test_rubbish_at_the_end_of_the_log_costs_nothing(path: Path, tmp_path: Path) -> None:
    store = Store(path)
    for number in range(100):
        store.add(job(number), b"otio")
    # As a power cut would leave it: the log not yet folded in.
    after = tmp_path / "after"
    after.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", after)
    store.close()
    with (after / "jobs.sqlite-wal").open("ab") as log:
        log.write(os.urandom(10_000))
    store = Store(after / "jobs.sqlite")
    assert [one.id for one in store.live()] == [job(number).id for number in range(100)]
    store.close()


def test_a_folder_in_the_file_s_place_is_a_sentence(path: Path) -> None:
    path.mkdir()
    with pytest.raises(DaemonUnreachable, match="cannot be opened"):
        Store(path)


def test_what_the_disk_says_becomes_a_sentence() -> None:
    full = disk_sentence(OSError(28, os.strerror(28), "/cues/one.wav"))
    assert isinstance(full, UnusableInput)
    assert str(full).startswith("The disk is full (/cues/one.wav).")
    assert "Permission denied" in str(disk_sentence(OSError(13, os.strerror(13), "/cues/one.wav")))
