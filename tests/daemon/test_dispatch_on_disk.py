"""The life of a job and the disk: full at each point where something is written, and swept of what is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import Cancelled, HitpointError, UnusableInput, WrongUse
from daemon.jobs import Store
from daemon.settings import Settings
from tests.daemon.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "home")
    yield desk
    desk.kill()


def limit_pages(desk: Desk, more: int | None) -> None:
    """Let the store grow by so many pages of its file, or as it likes."""

    def limit(store: Store) -> None:
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {2**30 if more is None else pages + more}")

    desk.ledger.read(limit, lambda _: None)
    desk.settle()


# --- a full disk


def test_a_job_for_which_the_disk_has_no_room_is_refused_with_a_sentence(desk: Desk) -> None:
    limit_pages(desk, 2)
    refused = desk.submit("job-a", content=bytes(2**20))
    assert isinstance(refused, UnusableInput)
    assert "The disk is full" in str(refused)
    assert isinstance(desk.look("job-a"), WrongUse)
    limit_pages(desk, None)
    assert desk.submit("job-a", content=bytes(2**20))["job"]["state"] == "queued"
    assert desk.hands.started == ["job-a"]


def test_a_start_for_which_the_disk_has_no_room_waits_and_goes_on(desk: Desk) -> None:
    desk.hands.lanes.clear()
    desk.submit("job-a")
    jobs = desk.home.jobs
    jobs.rmdir()
    jobs.write_text("in the way")
    desk.hands.lanes.add("music")
    desk.dispatcher.advance()
    desk.settle()
    waiting = desk.look("job-a")["job"]
    assert (waiting["state"], waiting["words"] != "") == ("queued", True)
    assert desk.stored("job-a")[0].state == "queued"
    jobs.unlink()
    desk.later()
    assert desk.look("job-a")["job"]["words"] == ""
    assert desk.hands.started == ["job-a"]


def test_an_end_for_which_the_disk_has_no_room_is_told_when_it_is_written(desk: Desk) -> None:
    desk.submit("job-a")
    limit_pages(desk, 2)
    desk.hands.finish("job-a", notes="x" * 2**20)
    desk.settle()
    assert not desk.ends("job-a")
    assert "The disk is full" in desk.look("job-a")["job"]["words"]
    desk.later()
    assert not desk.ends("job-a")
    limit_pages(desk, None)
    desk.later()
    assert desk.ends("job-a") == ["done"]
    assert len(desk.look("job-a")["job"]["result"]["notes"]) == 2**20


def test_who_waits_for_a_cancel_on_a_full_disk_hears_of_it(desk: Desk) -> None:
    desk.submit("job-a")
    limit_pages(desk, 2)
    desk.hands.finish("job-a", notes="x" * 2**20)
    answers: list[Any] = []
    desk.ledger.held = []
    desk.settle()
    desk.dispatcher.cancel("job-a", answers.append)
    desk.ledger.release()
    desk.settle()
    assert isinstance(answers[0], UnusableInput)
    limit_pages(desk, None)
    desk.later()
    assert desk.ends("job-a") == ["done"]
    assert len(answers) == 1


def test_a_death_that_cannot_be_written_is_not_written_over_the_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = [True]
    change = Store.change

    def refusing(store: Store, job: Any) -> None:
        if full[0]:
            raise UnusableInput("The disk is full")
        change(store, job)

    desk.submit("job-a")
    monkeypatch.setattr(Store, "change", refusing)
    desk.hands.die("job-a")
    desk.settle()
    assert desk.look("job-a")["job"]["state"] == "queued"
    full[0] = False
    desk.dispatcher.advance()
    desk.settle()
    desk.hands.finish("job-a")
    desk.settle()
    for _ in range(3):
        desk.later()
    assert desk.ends("job-a") == ["done"]
    assert desk.stored("job-a")[0].state == "done"
    assert not desk.dispatcher._again


def test_a_result_that_cannot_be_kept_fails_the_job(desk: Desk) -> None:
    desk.submit("job-a")
    desk.hands.finish("job-a", loudness=float("-inf"))
    desk.settle()
    assert desk.ends("job-a") == ["failed"]
    assert "finite" in desk.look("job-a")["job"]["error"]["what"]


# --- housekeeping


def test_old_jobs_are_forgotten_and_those_in_work_are_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home", Settings(history=3))
    desk.hands.lanes.discard("files")
    desk.submit("in-work", kind="export")
    for number in range(6):
        desk.submit(f"job-{number}")
        desk.hands.finish(f"job-{number}")
        desk.settle()
    desk.later()
    assert {job["id"] for job in desk.jobs()} == {"in-work", "job-3", "job-4", "job-5"}
    assert isinstance(desk.look("job-0"), WrongUse)
    desk.kill()


def test_folders_of_jobs_that_have_ended_are_swept_at_the_start(desk: Desk) -> None:
    desk.submit("job-a")
    (desk.home.jobs / "job-a" / "result.json").write_text("{}")
    (desk.home.jobs / "ended-long-ago").mkdir()
    (desk.home.jobs / "ended-long-ago" / "result.json").write_text("{}")
    desk.restart()
    assert [folder.name for folder in desk.home.jobs.iterdir()] == ["job-a"]
    assert (desk.home.jobs / "job-a" / "result.json").exists()


def test_after_stop_nothing_starts_and_all_is_taken_in(desk: Desk) -> None:
    desk.dispatcher.stop()
    assert desk.submit("job-a")["job"]["state"] == "queued"
    assert not desk.hands.started
    desk.restart()
    assert desk.hands.started == ["job-a"]


def test_an_error_of_any_kind_is_kept_with_the_job(desk: Desk) -> None:
    for number, error in enumerate((HitpointError("Odd", "here", "Do."), UnusableInput("No"), Cancelled())):
        desk.submit(f"job-{number}")
        desk.hands.fail(f"job-{number}", error)
        desk.settle()
        job = desk.look(f"job-{number}")["job"]
        assert job["error"] == {"code": error.code, "what": error.what, "where": error.where, "do": error.do}
        assert job["state"] == ("cancelled" if isinstance(error, Cancelled) else "failed")
        assert job["reason"] == str(error)
