"""The job store: stored before acknowledged, sent twice is one job, unknown is not done, nothing grows for ever."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DaemonUnreachable, HitpointError, UnusableInput, WrongUse, told
from daemon import database, jobs
from daemon.database import LOG_BYTES, StoreBusy
from daemon.jobs import Job, Store, WatchRecord, job_digest

OTIO = b'{"OTIO_SCHEMA": "Timeline.1"}'


def job(number: int, **fields: Any) -> Job:
    request = {"timeline": "/cuts/reel.otio", "seed": number}
    plain = Job(
        id=f"job-{number:05}",
        kind="score",
        client="ada",
        name="reel 1",
        request=request,
        digest=job_digest("score", request, OTIO),
        made=1_700_000_000.0 + number,
    )
    return replace(plain, **fields)


def ended(of: Job, state: str = "done", at: float = 1_700_000_100.0) -> Job:
    return replace(of, state=state, started=at - 10, ended=at)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(path)
    yield opened
    opened.close()


def outside(path: Path, sql: str, *values: object) -> list[Any]:
    """What another program sees and does in the file."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def test_a_job_comes_back_whole_after_the_store_was_closed(path: Path, store: Store) -> None:
    added = store.add(job(1, name="a name with \N{SNOWMAN} and \udcff"), OTIO)
    store.close()
    again = Store(path)
    expected = replace(added, name="a name with \N{SNOWMAN} and \\udcff")
    assert again.live() == [expected]
    assert again.find(added.id) == (expected, None)
    assert again.attachment(added.id) == OTIO
    again.close()


def test_the_same_job_sent_twice_is_one_job(store: Store) -> None:
    first = store.add(job(1), OTIO)
    running = replace(first, state="running", started=5.0)
    store.change(running)
    assert store.add(job(1, made=9.0), OTIO) == running
    assert len(store.live()) == 1


def test_a_finished_job_sent_again_is_not_done_again(store: Store) -> None:
    finished = ended(store.add(job(1), OTIO))
    store.finish(finished, {"cue": "/cues/one"})
    assert store.add(job(1), OTIO) == finished
    assert store.live() == []
    assert store.attachment(finished.id) is None


def test_another_request_under_a_used_id_is_refused(store: Store) -> None:
    first = store.add(job(1), OTIO)
    with pytest.raises(WrongUse, match="job-00001"):
        store.add(job(1, digest=job_digest("score", {"seed": 2}, OTIO)), OTIO)
    assert store.live() == [first]


@given(
    st.tuples(st.sampled_from(["score", "export"]), st.dictionaries(st.text(), st.integers()), st.none() | st.binary()),
    st.tuples(st.sampled_from(["score", "export"]), st.dictionaries(st.text(), st.integers()), st.none() | st.binary()),
)
def test_digests_agree_when_and_only_when_requests_do(
    one: tuple[str, dict[str, int], bytes | None], other: tuple[str, dict[str, int], bytes | None]
) -> None:
    assert (job_digest(*one) == job_digest(*other)) == (one == other)
    turned = dict(reversed(one[1].items()))
    assert job_digest(one[0], turned, one[2]) == job_digest(*one)


@pytest.mark.parametrize("strange", [float("nan"), float("inf"), b"bytes", {1, 2}])
def test_only_plain_data_is_stored(store: Store, strange: object) -> None:
    with pytest.raises(WrongUse):
        store.add(job(1, request={"value": strange}), None)
    added = store.add(job(2), None)
    with pytest.raises(WrongUse):
        store.finish(ended(added), {"value": strange})
    assert store.live() == [added]


def test_an_unknown_job_is_not_there_rather_than_done(store: Store) -> None:
    assert store.find("job-99999") is None
    assert store.attachment("job-99999") is None
    with pytest.raises(WrongUse):
        store.change(job(9))
    with pytest.raises(WrongUse):
        store.finish(ended(job(9)), {})


def test_an_unknown_stored_state_is_a_sentence(path: Path, store: Store) -> None:
    added = store.add(job(1), None)
    outside(path, "UPDATE jobs SET state = 'paused'")
    questions: list[Callable[[], object]] = [store.live, lambda: store.recent(5), lambda: store.find(added.id)]
    questions.append(lambda: store.add(added, None))
    for question in questions:
        with pytest.raises(DaemonUnreachable, match="paused"):
            question()
    assert store.prune(0, 0.0, 1e12) == 0


def test_a_row_that_cannot_be_read_is_a_sentence(path: Path, store: Store) -> None:
    store.add(job(1), None)
    outside(path, "UPDATE jobs SET request = '{\"half'")
    with pytest.raises(UnusableInput, match="job-00001"):
        store.live()


@pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
def test_state_result_and_attachment_change_together_at_the_end(path: Path, store: Store, state: str) -> None:
    error = None if state == "done" else told(HitpointError("The worker was killed", "reel 1"))
    result = {"cue": "/cues/one", "hits": [1, 2.5, None]} if state == "done" else None
    finished = replace(ended(store.add(job(1), OTIO), state), error=error, reason="why", deaths=2)
    store.finish(finished, result)
    assert store.find(finished.id) == (finished, result)
    assert outside(path, "SELECT count(*) FROM attachments") == [(0,)]


def test_a_finished_job_never_changes_again(store: Store) -> None:
    finished = ended(store.add(job(1), None))
    store.finish(finished, {"cue": "/cues/one"})
    with pytest.raises(WrongUse):
        store.change(replace(finished, state="queued", ended=None))
    with pytest.raises(WrongUse):
        store.finish(replace(finished, state="failed"), None)
    assert store.find(finished.id) == (finished, {"cue": "/cues/one"})


def test_states_that_are_none_are_bugs_told_at_once(store: Store) -> None:
    added = store.add(job(1), None)
    with pytest.raises(ValueError, match="paused"):
        store.change(replace(added, state="paused"))
    with pytest.raises(ValueError, match="done"):
        store.change(replace(added, state="done"))
    with pytest.raises(ValueError, match="queued"):
        store.finish(added, None)


def test_a_death_is_remembered_with_its_reason(store: Store) -> None:
    died = replace(store.add(job(1), None), deaths=1, reason="The worker was killed (signal 9)")
    store.change(died)
    assert store.live() == [died]


def test_order_is_arrival_even_when_the_clock_jumps_back(store: Store) -> None:
    for number, clock in ((3, 300.0), (1, 100.0), (2, 200.0)):
        store.add(job(number, made=clock), None)
    assert [one.id for one in store.live()] == ["job-00003", "job-00001", "job-00002"]
    assert [one.id for one in store.recent(2)] == ["job-00002", "job-00001"]


def test_the_order_of_arrival_is_never_given_twice(path: Path, store: Store) -> None:
    last = store.add(job(1), None)
    store.finish(ended(last), {})
    store.prune(0, 1e9, 0.0)
    store.close()
    again = Store(path)
    assert again.add(job(2), None).sequence > last.sequence
    again.close()


def steps_of(store: Store, question: Callable[[], object]) -> int:
    """How many instructions SQLite needed to answer."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    store._connection.set_progress_handler(step, 1)
    question()
    store._connection.set_progress_handler(None, 1)
    return count


def test_the_work_of_looking_does_not_grow_with_the_history(store: Store) -> None:
    def questions() -> list[int]:
        looks = (store.live, lambda: store.recent(5), lambda: store.find("job-00007"))
        return [steps_of(store, look) for look in looks]

    with store.whole():
        for number in range(20):
            store.finish(ended(store.add(job(number), None)), {"n": number})
        for number in range(20, 25):
            store.add(job(number), OTIO)
    few = questions()
    with store.whole():
        for number in range(25, 3000):
            store.finish(ended(store.add(job(number), None)), {"n": number})
    assert questions() == few


def test_no_question_sorts_a_table(path: Path, store: Store) -> None:
    asked: list[str] = []
    store._connection.set_trace_callback(asked.append)
    store.live()
    store.recent(10)
    store.find("job-00001")
    store.attachment("job-00001")
    store._connection.set_trace_callback(None)
    plans = [" ".join(row[3] for row in outside(path, f"EXPLAIN QUERY PLAN {sql}")) for sql in asked]
    assert len(plans) == 4
    assert not any("TEMP B-TREE" in plan for plan in plans)
    assert "INDEX live" in plans[0]
    assert all("SCAN" not in plan for plan in plans[2:])


def test_history_keeps_the_newest_and_every_job_in_work(store: Store) -> None:
    waiting = store.add(job(0), OTIO)
    for number in range(1, 11):
        store.finish(ended(store.add(job(number), None), at=1000.0 + number), {})
    assert store.prune(keep=4, older_than=1e9, now=2000.0) == 6
    assert [one.id for one in store.recent(99)] == ["job-00010", "job-00009", "job-00008", "job-00007", waiting.id]
    assert store.prune(keep=4, older_than=991.5, now=2000.0) == 2
    assert [one.id for one in store.recent(99)] == ["job-00010", "job-00009", waiting.id]
    assert store.prune(keep=0, older_than=1e9, now=2000.0) == 2
    assert store.live() == [waiting]
    assert store.attachment(waiting.id) == OTIO


def test_what_is_forgotten_gives_its_room_back_to_the_disk(path: Path, store: Store) -> None:
    def size() -> int:
        return sum(file.stat().st_size for file in path.parent.iterdir() if not file.name.endswith("-shm"))

    for number in range(12):
        added = store.add(job(number), b"\1" * 2**20)
        if number % 2:
            store.finish(ended(added), {"words": "x" * 2**18})
    grown = size()
    for one in store.live():
        store.finish(ended(one, "cancelled"), None)
    store.prune(keep=0, older_than=1e9, now=0.0)
    store.tidy()
    assert grown > 6 * 2**20
    assert size() < 2**17


def test_the_log_shrinks_by_itself_after_a_large_job(path: Path, store: Store) -> None:
    log = path.with_name("jobs.sqlite-wal")
    store.add(job(0), b"\1" * 16 * 2**20)
    assert log.stat().st_size > 16 * 2**20
    for number in range(1, 31):
        store.finish(ended(store.add(job(number), b"\1" * 2**20)), {})
    assert log.stat().st_size <= LOG_BYTES + 2 * 2**20
    assert path.stat().st_size < 24 * 2**20


def test_a_full_disk_is_a_sentence_and_costs_nothing_that_was_stored(path: Path, store: Store) -> None:
    kept = store.add(job(1), OTIO)
    pages = outside(path, "PRAGMA page_count")[0][0]
    store._connection.execute(f"PRAGMA max_page_count = {pages + 5}")
    with pytest.raises(UnusableInput, match="The disk is full"):
        store.add(job(2), b"\1" * 2**20)
    assert store.live() == [kept]
    assert store.find("job-00002") is None
    small = store.add(job(3), None)
    store._connection.execute("PRAGMA max_page_count = 1000000")
    later = store.add(job(2), b"\1" * 2**20)
    assert store.live() == [kept, small, later]
    assert outside(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_part_that_fails_leaves_the_rest_of_its_transaction(store: Store) -> None:
    def half() -> None:
        with store.whole():
            store.add(job(2), None)
            raise RuntimeError("after half of the work")

    with store.whole():
        first = store.add(job(1), None)
        with pytest.raises(RuntimeError):
            half()
        third = store.add(job(3), None)
    assert store.live() == [first, third]


def test_two_openers_share_the_file(path: Path, store: Store) -> None:
    other = Store(path)
    numbers = {store: range(0, 100), other: range(50, 150)}

    def fill(one: Store) -> None:
        for number in numbers[one]:
            one.add(job(number), OTIO)

    threads = [threading.Thread(target=fill, args=(one,)) for one in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.id for one in store.live()) == [job(number).id for number in range(150)]
    assert [one.sequence for one in other.live()] == list(range(1, 151))
    other.close()


def test_another_program_that_holds_the_file_is_a_sentence(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    store = Store(path)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy, match="Another program"):
        store.add(job(1), None)
    assert store.live() == []
    holder.execute("COMMIT")
    holder.close()
    added = store.add(job(1), None)
    assert store.live() == [added]
    store.close()


def test_a_reader_from_outside_keeps_nobody_waiting(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (database, jobs):
        monkeypatch.setattr(module, "BUSY_S", 3600.0)
    store = Store(path)
    added = store.add(job(1), None)
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM jobs").fetchone() == (1,)
    store.finish(ended(added), {})
    store.prune(0, 1e9, 0.0)
    tidying = threading.Thread(target=store.tidy, daemon=True)
    tidying.start()
    tidying.join(30)
    assert not tidying.is_alive()
    store.add(job(2), None)
    assert reader.execute("SELECT id FROM jobs").fetchall() == [(added.id,)]
    reader.close()
    store.tidy()
    assert path.with_name("jobs.sqlite-wal").stat().st_size == 0
    store.close()


def test_a_watched_folder_is_remembered_with_its_options(path: Path, store: Store) -> None:
    record = WatchRecord("/drop/here", {"style": "tension", "seed": 2**63}, "ada", 12.5)
    store.add_watch(record)
    store.close()
    again = Store(path)
    assert again.watches() == [record]
    assert again.remove_watch("/drop/here")
    assert not again.remove_watch("/drop/here")
    assert again.watches() == []
    again.close()


def test_seen_content_is_known_as_long_as_its_folder_is_watched(store: Store) -> None:
    record = WatchRecord("/drop/here", {}, "ada", 1.0)
    store.add_watch(record)
    store.add_watch(replace(record, folder="/drop/there"))
    store.add_seen("/drop/here", "ab12", "job-00001", "cut.otio")
    store.add_watch(replace(record, request={"style": "tension"}))
    store.finish(ended(store.add(job(1), None)), {})
    store.prune(0, 1e9, 0.0)
    assert store.seen("/drop/here", "ab12") == "job-00001"
    assert store.seen_in("/drop/here") == {"ab12"}
    assert store.seen("/drop/there", "ab12") is None
    store.remove_watch("/drop/here")
    assert store.seen("/drop/here", "ab12") is None
    with pytest.raises(WrongUse, match="not watched"):
        store.add_seen("/drop/here", "ab12", "job-00001", "cut.otio")
