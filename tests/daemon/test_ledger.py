"""The writer thread: only what is durable is told, in order, and nothing stops it: kills, a full disk, a bad change."""

from __future__ import annotations

import random
import sqlite3
import struct
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from select import select
from typing import Any

import pytest

from core.errors import DaemonUnreachable, HitpointError, UnusableInput, WrongUse
from daemon import database, ledger
from daemon.inbox import Inbox
from daemon.jobs import Job, Store
from daemon.ledger import Ledger, Written

MINUTE = 60.0
"""Seconds after which a test gives up waiting; nothing depends on its length."""


def job(number: int, **fields: Any) -> Job:
    plain = Job(
        id=f"job-{number:05}",
        kind="score",
        client="ada",
        name="reel 1",
        request={"n": number},
        digest=str(number),
        made=0.0,
    )
    return replace(plain, **fields)


def adding(number: int, attachment: bytes | None = None) -> Callable[[Store], Job]:
    return lambda store: store.add(job(number), attachment)


class Loop:
    """A main loop in small: takes what the ledger tells."""

    def __init__(self) -> None:
        self.inbox = Inbox()
        self.told: list[Any] = []

    def take(self, value: Any) -> None:
        self.told.append(value)

    def until(self, count: int) -> list[Any]:
        """What was told, once it is so many."""
        while len(self.told) < count:
            assert select([self.inbox], [], [], MINUTE)[0], f"only {len(self.told)} of {count} were told"
            self.deliver()
        return self.told

    def deliver(self) -> None:
        for event in self.inbox.drain():
            assert isinstance(event, Written)
            event.deliver()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite"


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.inbox.close()


@pytest.fixture
def writer(path: Path, loop: Loop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.setattr(ledger, "REST_S", MINUTE)  # the log stays as it was written, to be counted
    made = Ledger(path, loop.inbox)
    yield made
    made.close()


def in_one_group(writer: Ledger, queue: Callable[[], None]) -> None:
    """Queue changes while the disk is busy with another one."""
    busy, free = threading.Event(), threading.Event()

    def slow(_: Store) -> None:
        busy.set()
        assert free.wait(MINUTE)

    writer.read(slow, lambda _: None)
    assert busy.wait(MINUTE)
    queue()
    free.set()


def stored(path: Path) -> list[str]:
    """The ids in the file, as another program sees them; it must be sound."""
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [row[0] for row in connection.execute("SELECT id FROM jobs ORDER BY sequence")]
    finally:
        connection.close()


def commits(path: Path) -> int:
    """Commits in the write-ahead log: frames that say how large the database is after them (SQLite's file format)."""
    log = path.with_name(f"{path.name}-wal").read_bytes()
    page = struct.unpack(">I", log[8:12])[0]
    salts, found = log[16:24], 0
    for frame in range(32, len(log) - page - 23, page + 24):
        if log[frame + 8 : frame + 16] == salts:
            found += struct.unpack(">I", log[frame + 4 : frame + 8])[0] > 0
    return found


def test_what_was_told_is_on_the_disk(path: Path, loop: Loop, writer: Ledger) -> None:
    def told(value: Job | HitpointError) -> None:
        assert isinstance(value, Job)
        assert value.id in stored(path)
        loop.take(value)

    for number in range(20):
        writer.write(adding(number), told)
    assert [one.id for one in loop.until(20)] == stored(path)


def test_changes_that_wait_for_the_disk_share_a_commit(path: Path, loop: Loop, writer: Ledger) -> None:
    writer.write(adding(0), loop.take)
    loop.until(1)
    before = commits(path)

    def queue() -> None:
        for number in range(1, 201):
            writer.write(adding(number), loop.take)

    in_one_group(writer, queue)
    assert [one.sequence for one in loop.until(201)] == list(range(1, 202))
    assert 1 <= commits(path) - before <= 2


def test_a_change_that_fails_fails_alone_and_leaves_no_half(path: Path, loop: Loop, writer: Ledger) -> None:
    def half(store: Store) -> None:
        store.add(job(2), None)
        raise RuntimeError("a bug after half of the work")

    def queue() -> None:
        writer.write(adding(1), loop.take)
        writer.write(half, loop.take)
        writer.write(lambda store: store.add(job(1, digest="another"), None), loop.take)
        writer.write(lambda _: Path("/no/such/folder").mkdir(), loop.take)
        writer.write(adding(3), loop.take)

    in_one_group(writer, queue)
    first, bug, refused, missing, last = loop.until(5)
    assert (first.id, last.id) == ("job-00001", "job-00003")
    assert "a bug after half of the work" in str(bug)
    assert isinstance(refused, WrongUse)
    assert isinstance(missing, UnusableInput)
    assert "/no/such/folder" in str(missing)
    assert stored(path) == ["job-00001", "job-00003"]


def test_a_question_sees_what_was_queued_before_it(loop: Loop, writer: Ledger) -> None:
    def queue() -> None:
        for number in range(3):
            writer.write(adding(number), lambda _: None)
            writer.read(lambda store: [one.id for one in store.live()], loop.take)

    in_one_group(writer, queue)
    assert [len(answer) for answer in loop.until(3)] == [1, 2, 3]


def test_many_threads_lose_nothing_and_keep_their_order(path: Path, loop: Loop, writer: Ledger) -> None:
    def ask(thread: int) -> None:
        for number in range(50):
            writer.write(adding(1000 * thread + number), loop.take)

    threads = [threading.Thread(target=ask, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    told = loop.until(400)
    for thread in threads:
        thread.join()
    assert [one.sequence for one in told] == list(range(1, 401))
    assert [one.id for one in told] == stored(path)
    for thread_number in range(8):
        mine = [one.request["n"] for one in told if one.request["n"] // 1000 == thread_number]
        assert mine == sorted(mine)


def test_a_listener_that_fails_stops_nothing(loop: Loop, writer: Ledger) -> None:
    def fails(_: object) -> None:
        raise RuntimeError("the listener's own fault")

    writer.write(adding(1), fails)
    assert select([loop.inbox], [], [], MINUTE)[0]
    with pytest.raises(RuntimeError, match="own fault"):
        loop.deliver()
    writer.write(adding(2), loop.take)
    assert [one.id for one in loop.until(1)] == ["job-00002"]


def test_closing_writes_what_is_queued_and_refuses_what_comes_later(path: Path, loop: Loop) -> None:
    writer = Ledger(path, loop.inbox)
    for number in range(600):
        writer.write(adding(number), loop.take)
    writer.close()
    writer.write(adding(600), loop.take)
    writer.close()
    loop.deliver()
    assert [one.id for one in loop.told[:-1]] == [job(number).id for number in range(600)]
    assert isinstance(loop.told[-1], DaemonUnreachable)
    assert stored(path) == [one.id for one in loop.told[:-1]]
    assert {file.name for file in path.parent.iterdir()} == {"jobs.sqlite"}


def test_when_nobody_asks_the_file_is_tidied_up(path: Path, loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    tidied = threading.Event()
    tidy = Store.tidy

    def watched(store: Store) -> None:
        tidy(store)
        tidied.set()

    monkeypatch.setattr(ledger, "REST_S", 0.01)
    monkeypatch.setattr(Store, "tidy", watched)
    writer = Ledger(path, loop.inbox)
    writer.write(adding(1, b"\1" * 2**20), loop.take)
    finished = replace(loop.until(1)[0], state="done", ended=1.0)
    assert tidied.wait(MINUTE)
    tidied.clear()
    writer.write(lambda store: store.finish(finished, {}), loop.take)
    loop.until(2)
    assert tidied.wait(MINUTE)
    assert path.with_name("jobs.sqlite-wal").stat().st_size == 0
    assert path.stat().st_size < 2**17
    writer.close()


def test_on_a_full_disk_only_what_is_too_large_fails(path: Path, loop: Loop, writer: Ledger) -> None:
    def fill(store: Store) -> None:
        store._connection.execute("PRAGMA max_page_count = 60")

    def queue() -> None:
        writer.write(adding(1), loop.take)
        writer.write(adding(2, b"\1" * 2**20), loop.take)
        writer.write(adding(3), loop.take)

    writer.write(fill, lambda _: None)
    in_one_group(writer, queue)
    first, large, last = loop.until(3)
    assert (first.id, last.id) == ("job-00001", "job-00003")
    assert isinstance(large, UnusableInput)
    assert "The disk is full" in str(large)
    assert stored(path) == ["job-00001", "job-00003"]


def test_another_program_that_holds_the_file_delays_and_then_refuses(
    path: Path, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    writer = Ledger(path, loop.inbox)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    def queue() -> None:
        for number in range(3):
            writer.write(adding(number), loop.take)

    in_one_group(writer, queue)
    refusals = loop.until(3)
    assert all("Another program" in str(value) for value in refusals)
    assert len(set(refusals)) == 1  # one wait for all of them
    holder.execute("ROLLBACK")
    holder.close()
    writer.write(adding(4), loop.take)
    assert loop.until(4)[-1].id == "job-00004"
    writer.close()


CHILD = """
    import sys, threading
    from dataclasses import replace
    from pathlib import Path
    from select import select
    from daemon.inbox import Inbox
    from daemon.jobs import Job
    from daemon.ledger import Ledger

    path, first = Path(sys.argv[1]), int(sys.argv[2])
    inbox = Inbox()
    ledger = Ledger(path, inbox)

    def say(*words):
        sys.stdout.write(" ".join(words) + "\\n")
        sys.stdout.flush()

    def job(number):
        return Job(id=f"job-{number:05}", kind="score", client="ada", name="", request={}, digest="", made=0.0)

    def deliver():
        select([inbox], [], [])
        for event in inbox.drain():
            event.deliver()
"""

ADDS_UNTIL_KILLED = """
    def ask(number):
        ledger.write(lambda store: store.add(job(number), b"otio" * 500), added)

    def added(one):
        say("added", one.id)
        if one.sequence % 2:
            over = replace(one, state="done", ended=1.0)
            ledger.write(lambda store: store.finish(over, {"cue": one.id}), lambda _: say("done", one.id))
        ask(int(one.id[4:]) + 4)

    for number in range(4):
        ask(first + number)
    while True:
        deliver()
"""


def start(path: Path, body: str, first: int = 0) -> subprocess.Popen[str]:
    """A process of its own with a ledger."""
    script = textwrap.dedent(CHILD) + textwrap.dedent(body)
    words = [sys.executable, "-c", script, str(path), str(first)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


def test_twenty_kills_lose_nothing_that_was_acknowledged(path: Path) -> None:
    chance = random.Random(20)
    added: set[str] = set()
    done: set[str] = set()
    for life in range(20):
        child = start(path, ADDS_UNTIL_KILLED, first=10_000 * life)
        assert child.stdout is not None
        enough = chance.randrange(1, 120)
        lines = [child.stdout.readline() for _ in range(enough)]
        child.kill()
        lines += child.stdout.readlines()
        child.wait()
        for line in lines:
            # The last line may be cut in its middle; it was acknowledged only if it is whole.
            if line.endswith("\n"):
                word, name = line.split()
                (added if word == "added" else done).add(name)
    assert len(added) > 400
    assert len(done) > 100
    assert added <= set(stored(path))
    store = Store(path)
    for name in done:
        found = store.find(name)
        assert found is not None
        assert (found[0].state, found[1]) == ("done", {"cue": name})
        assert store.attachment(name) is None
    assert all(store.attachment(one.id) == b"otio" * 500 for one in store.live())
    store.close()


FILLS_THE_DISK = """
    import resource
    told = []
    ledger.write(lambda store: store.add(job(1), None), told.append)
    while not told:
        deliver()
    log = path.with_name(path.name + "-wal").stat().st_size
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log + 100, hard))
    busy, free = threading.Event(), threading.Event()
    ledger.read(lambda store: (busy.set(), free.wait()), lambda _: None)
    busy.wait()
    for number in range(2, 12):
        ledger.write(lambda store, number=number: store.add(job(number), None), told.append)
    ledger.read(lambda store: [one.id for one in store.live()], told.append)
    free.set()
    while len(told) < 12:
        deliver()
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    for number in range(7, 17):
        ledger.write(lambda store, number=number: store.add(job(number), None), told.append)
    ledger.close()
    deliver()
    for value in told:
        say(getattr(value, "id", None) or str(value))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_group_that_cannot_be_committed_is_refused_and_the_store_goes_on_when_there_is_room(path: Path) -> None:
    child = start(path, FILLS_THE_DISK)
    said = (child.communicate(timeout=MINUTE)[0]).splitlines()
    assert child.returncode == 0
    assert said[0] == "job-00001"
    assert all(str(path) in line and "what was stored before is safe" in line for line in said[1:11])
    assert said[11] == "['job-00001']"
    assert said[12:] == [job(number).id for number in range(7, 17)]
    assert stored(path) == ["job-00001", *said[12:]]
