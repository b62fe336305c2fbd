"""The life of a job: taken in once, started in order, ended once, whatever dies or fills up on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import EngineNotReady, HitpointError, UnusableInput, WrongUse
from daemon import dispatch
from daemon.jobs import Job
from daemon.schedule import order
from tests.daemon.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "home")
    yield desk
    desk.kill()


# --- taken in


def test_a_job_is_answered_when_it_is_stored_and_done_when_its_result_is(desk: Desk) -> None:
    job = desk.submit("job-a", prompt="calm")["job"]
    assert (job["state"], job["progress"], job["place"]) == ("queued", 0.0, 0)
    assert desk.stored("job-a")[0].name == "about job-a"
    kind, request, content, folder = desk.hands.at_work["job-a"]
    assert (kind, request, content) == ("score", {"prompt": "calm"}, b"a timeline")
    assert desk.look("job-a")["job"]["state"] == "running"
    desk.hands.finish("job-a", cue="/cues/1")
    desk.settle()
    assert desk.ends("job-a") == ["done"]
    assert desk.look("job-a")["job"]["result"] == {"cue": "/cues/1"}
    assert not folder.exists()


def test_nothing_is_acknowledged_before_the_disk_has_it(desk: Desk) -> None:
    answers: list[Any] = []
    desk.ledger.held = []
    desk.dispatcher.submit("job-a", "score", "ada", "a", {}, None, answers.append)
    desk.settle()
    assert not answers
    desk.ledger.release()
    desk.settle()
    assert answers[0]["job"]["state"] == "queued"


@pytest.mark.parametrize("moment", ["queued", "running", "done", "restarted"])
def test_the_same_job_sent_again_is_the_same_job(desk: Desk, moment: str) -> None:
    if moment == "queued":
        desk.hands.lanes.clear()
    desk.submit("job-a")
    if moment == "done":
        desk.hands.finish("job-a", cue="/cues/1")
        desk.settle()
    elif moment == "restarted":
        desk.restart()
    again = desk.submit("job-a")["job"]
    assert again["state"] == {"restarted": "running"}.get(moment, moment)
    assert again.get("result") == ({"cue": "/cues/1"} if moment == "done" else None)
    assert desk.hands.started == ([] if moment == "queued" else ["job-a"])
    assert len(desk.jobs()) == 1


def test_the_same_job_sent_twice_in_one_breath_is_done_once(desk: Desk) -> None:
    answers: list[Any] = []
    for _ in range(3):
        desk.dispatcher.submit("job-a", "score", "ada", "a", {}, None, answers.append)
    desk.settle()
    assert [answer["job"]["id"] for answer in answers] == ["job-a"] * 3
    assert desk.hands.started == ["job-a"]


@pytest.mark.parametrize("moment", ["running", "done"])
def test_an_id_that_belongs_to_another_request_is_refused(desk: Desk, moment: str) -> None:
    desk.submit("job-a", prompt="calm")
    if moment == "done":
        desk.hands.finish("job-a")
        desk.settle()
    refused = desk.submit("job-a", prompt="wild")
    assert isinstance(refused, WrongUse)
    assert "job-a" in str(refused)
    assert isinstance(desk.submit("job-a", prompt="calm", content=b"another timeline"), WrongUse)
    assert desk.look("job-a")["job"]["state"] == moment


def test_an_unknown_job_is_an_error_and_never_done(desk: Desk) -> None:
    for answer in (desk.look("job-x"), desk.cancel("job-x")):
        assert isinstance(answer, WrongUse)
        assert "no job job-x" in str(answer)


# --- in order


def test_jobs_run_by_priority_then_fairly_then_in_order(desk: Desk) -> None:
    desk.submit("running-now", client="ada")
    for number in range(3):
        desk.submit(f"ada-{number}", client="ada")
    desk.submit("bob-0", client="bob")
    desk.submit("long", kind="train", client="cy")
    desk.submit("quick", kind="reroll", client="ada")
    expected = ["quick", "bob-0", "ada-0", "ada-1", "ada-2", "long"]
    places = {job["id"]: job["place"] for job in desk.jobs() if job["state"] == "queued"}
    assert sorted(places, key=lambda job: places[job]) == expected
    assert places["quick"] == 1  # behind the one that runs
    for job in ["running-now", *expected]:
        desk.hands.finish(job)
        desk.settle()
    assert desk.hands.started == ["running-now", *expected]


def test_a_lane_that_is_busy_does_not_hold_up_the_other(desk: Desk) -> None:
    desk.submit("music-1")
    desk.submit("music-2")
    desk.submit("files-1", kind="export")
    assert set(desk.hands.at_work) == {"music-1", "files-1"}


def test_telling_of_many_queued_jobs_costs_one_look_at_the_line(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.hands.lanes.clear()
    for number in range(200):
        desk.dispatcher.submit(f"job-{number:04}", "score", f"client {number % 7}", "", {}, None, lambda _: None)
    desk.settle()
    looks = []

    def counted(*line: Any) -> list[Job]:
        looks.append(1)
        return order(*line)

    monkeypatch.setattr(dispatch, "order", counted)
    assert sorted(job["place"] for job in desk.jobs(1000)) == list(range(200))
    assert len(looks) == 1


# --- cancelled


def test_a_queued_job_is_cancelled_at_once(desk: Desk) -> None:
    desk.hands.lanes.clear()
    desk.submit("job-a")
    answer = desk.cancel("job-a")["job"]
    assert (answer["state"], answer["error"]["code"]) == ("cancelled", "cancelled")
    desk.hands.lanes.add("music")
    desk.dispatcher.advance()
    desk.settle()
    assert not desk.hands.started


def test_a_running_job_is_cancelled_when_its_worker_says_so(desk: Desk) -> None:
    desk.submit("job-a")
    answer = desk.cancel("job-a")["job"]
    assert (answer["state"], answer["words"]) == ("running", "stopping")
    assert desk.hands.asked_to_stop == ["job-a"]
    desk.hands.get_on("job-a", 0.5, "rendering")
    desk.settle()
    assert desk.told[-1]["words"] == "stopping"
    desk.hands.fail("job-a")
    desk.settle()
    assert desk.ends("job-a") == ["cancelled"]


def test_a_cancel_overtaken_by_the_result_is_told_the_result(desk: Desk) -> None:
    desk.submit("job-a")
    desk.hands.finish("job-a", cue="/cues/1")
    answers: list[Any] = []
    desk.dispatcher.cancel("job-a", answers.append)
    desk.settle()
    assert desk.ends("job-a") == ["done"]
    late = desk.cancel("job-a")["job"]
    assert (late["state"], late["result"]) == ("done", {"cue": "/cues/1"})
    assert len(answers) == 1


def test_a_cancel_while_the_end_is_being_written_is_answered_with_the_end(desk: Desk) -> None:
    desk.submit("job-a")
    desk.ledger.held = []
    desk.hands.finish("job-a", cue="/cues/1")
    desk.settle()
    answers: list[Any] = []
    desk.dispatcher.cancel("job-a", answers.append)
    desk.ledger.release()
    desk.settle()
    assert answers[0]["job"]["state"] == "done"
    assert not desk.hands.asked_to_stop


def test_a_cancel_that_arrives_before_the_job_is_stored_cancels_it(desk: Desk) -> None:
    answers: list[Any] = []
    desk.dispatcher.submit("job-a", "score", "ada", "a", {}, None, answers.append)
    desk.dispatcher.cancel("job-a", answers.append)
    desk.settle()
    if "job-a" in desk.hands.at_work:  # it may have been started before
        assert desk.hands.asked_to_stop == ["job-a"]
        desk.hands.fail("job-a")
        desk.settle()
    assert desk.ends("job-a") == ["cancelled"]
    assert len(answers) == 2


def test_a_cancel_while_the_start_is_being_recorded_holds(desk: Desk) -> None:
    desk.hands.lanes.clear()
    desk.submit("job-a")
    desk.hands.lanes.add("music")
    desk.ledger.held = []
    desk.dispatcher.advance()
    answers: list[Any] = []
    desk.dispatcher.cancel("job-a", answers.append)
    desk.ledger.release()
    desk.settle()
    assert len(answers) == 1
    assert not desk.hands.started
    assert desk.ends("job-a") == ["cancelled"]


def test_a_second_cancel_is_not_acknowledged_before_the_first_is_stored(desk: Desk) -> None:
    desk.submit("job-a")
    desk.ledger.held = []
    answers: list[Any] = []
    desk.dispatcher.cancel("job-a", answers.append)
    desk.dispatcher.cancel("job-a", answers.append)
    desk.settle()
    assert not answers
    desk.ledger.release()
    desk.settle()
    assert [answer["job"]["words"] for answer in answers] == ["stopping"] * 2


def test_a_finished_job_is_not_cancelled_and_says_how_it_ended(desk: Desk) -> None:
    desk.submit("job-a")
    desk.hands.fail("job-a", UnusableInput("The range is empty"))
    desk.settle()
    answer = desk.cancel("job-a")["job"]
    assert (answer["state"], answer["error"]["what"]) == ("failed", "The range is empty")


def test_an_acknowledged_cancel_holds_after_a_restart(desk: Desk) -> None:
    desk.submit("job-a")
    assert desk.cancel("job-a")["job"]["state"] == "running"
    desk.restart()
    assert desk.ends("job-a") == ["cancelled"]
    assert not desk.hands.started
    assert desk.look("job-a")["job"]["state"] == "cancelled"


def test_a_worker_that_dies_over_a_cancelled_job_ends_it(desk: Desk) -> None:
    desk.submit("job-a")
    desk.cancel("job-a")
    desk.hands.die("job-a")
    desk.settle()
    assert desk.ends("job-a") == ["cancelled"]
    assert desk.hands.started == ["job-a"]


# --- deaths and restarts


def test_a_job_whose_worker_died_once_is_done_again_and_one_whose_second_dies_fails_with_both_reasons(
    desk: Desk,
) -> None:
    desk.submit("job-a")
    desk.hands.die("job-a", "The worker was killed (signal 9)")
    desk.settle()
    again = desk.look("job-a")["job"]
    assert (again["state"], again["deaths"], again["reason"]) == ("running", 1, "")
    assert desk.hands.started == ["job-a"] * 2
    desk.hands.die("job-a", "The worker crashed (signal 11, Segmentation fault)")
    desk.settle()
    assert desk.ends("job-a") == ["failed"]
    assert desk.look("job-a")["job"]["reason"] == (
        "Two workers died over about job-a. The first: The worker was killed (signal 9). "
        "The second: The worker crashed (signal 11, Segmentation fault). Try again; the daemon's log tells more."
    )
    assert len(desk.hands.started) == 2


def test_a_job_that_is_tried_again_tells_nothing_of_the_try_before_but_how_far_it_was(desk: Desk) -> None:
    desk.submit("job-a")
    desk.hands.get_on("job-a", 0.6, "rendering")
    desk.settle()
    before = desk.told[-1]
    assert before["stage"]
    desk.hands.die("job-a")
    desk.settle()
    since = desk.told[desk.told.index(before) + 1 :]
    assert [(told["state"], told["stage"], told["progress"]) for told in since] == [
        ("queued", "", 0.6),
        ("running", "", 0.6),
    ]
    assert since[1]["words"] == ""


def test_the_next_job_runs_after_one_that_kills_its_workers(desk: Desk) -> None:
    desk.submit("poison", client="ada")
    desk.submit("honest", client="bob")
    for _ in range(2):
        desk.hands.die("poison") if "poison" in desk.hands.at_work else desk.hands.finish("honest")
        desk.settle()
    while desk.hands.at_work:
        job = next(iter(desk.hands.at_work))
        desk.hands.die(job) if job == "poison" else desk.hands.finish(job)
        desk.settle()
    assert desk.ends("poison") == ["failed"]
    assert desk.ends("honest") == ["done"]


def test_a_restart_of_the_daemon_goes_on_with_every_job_and_counts_no_death(desk: Desk) -> None:
    for job in ("first", "second", "third"):
        desk.submit(job, content=job.encode())
    desk.hands.die("first")
    desk.settle()
    for _ in range(3):
        desk.restart()
        assert [(job["id"], job["deaths"]) for job in desk.jobs()] == [("third", 0), ("second", 0), ("first", 1)]
        assert desk.hands.started == ["first"]
    for job in ("first", "second", "third"):
        assert desk.hands.at_work[job][2] == job.encode()
        desk.hands.finish(job)
        desk.settle()
        assert desk.ends(job) == ["done"]


def test_a_death_before_a_restart_and_one_after_it_are_two(desk: Desk) -> None:
    desk.submit("job-a")
    desk.hands.die("job-a", "The worker was killed (signal 9)")
    desk.settle()
    desk.restart()
    desk.hands.die("job-a", "The worker ended (exit code 3)")
    desk.settle()
    assert desk.ends("job-a") == ["failed"]
    why = desk.look("job-a")["job"]["error"]["what"]
    assert "signal 9" in why
    assert "exit code 3" in why


def test_what_had_appeared_when_its_worker_died_is_the_result(desk: Desk, tmp_path: Path) -> None:
    from daemon.work import record

    cue = tmp_path / "cue"
    cue.mkdir()
    (cue / "cue.json").write_text("{}")
    desk.submit("job-a")
    record(desk.hands.at_work["job-a"][3], {"cue": str(cue)}, cue / "cue.json")
    desk.hands.die("job-a")
    desk.settle()
    assert desk.ends("job-a") == ["done"]
    assert desk.hands.started == ["job-a"]


def test_an_end_that_was_written_but_never_told_is_found_after_a_restart(desk: Desk) -> None:
    desk.submit("job-a")
    desk.hands.finish("job-a", cue="/cues/1")
    for event in desk.inbox.drain():
        if type(event).__name__ == "Done":
            desk.dispatcher.on(event)  # type: ignore[arg-type]
    desk.restart()
    assert desk.look("job-a")["job"]["result"] == {"cue": "/cues/1"}
    assert not desk.hands.started
    assert not (desk.home.jobs / "job-a").exists()


def test_a_job_for_which_no_worker_can_be_started_fails_with_the_reason(desk: Desk) -> None:
    desk.hands.lanes.clear()
    desk.submit("job-a")
    desk.hands.why = "No worker can be started: the worker ended (exit code 1): No module named 'numpy'"
    desk.dispatcher.advance()
    desk.settle()
    assert desk.ends("job-a") == ["failed"]
    error = desk.look("job-a")["job"]["error"]
    assert error["code"] == EngineNotReady.code
    assert "numpy" in error["what"]
    assert desk.submit("job-b")["job"]["state"] == "queued"
    assert desk.ends("job-b") == ["failed"]


# --- progress


def test_progress_never_goes_backwards_and_is_whole_only_with_the_end(desk: Desk) -> None:
    desk.submit("job-a")
    for fraction in (0.1, 0.5, 0.3, 1.0, 7.0, float("nan")):
        desk.hands.get_on("job-a", fraction)
        desk.settle()
    desk.hands.die("job-a")
    desk.settle()
    for fraction in (0.0, 0.2):
        desk.hands.get_on("job-a", fraction)
        desk.settle()
    desk.hands.finish("job-a")
    desk.settle()
    told = desk.progress("job-a")
    assert told == sorted(told)
    assert [job["state"] for job in desk.told if job["progress"] == 1.0] == ["done"]


def test_an_end_is_told_only_when_the_disk_has_it(desk: Desk) -> None:
    desk.submit("job-a")
    desk.ledger.held = []
    desk.hands.finish("job-a", cue="/cues/1")
    desk.settle()
    assert desk.stored("job-a")[0].state == "running"
    assert not desk.ends("job-a")
    assert all(told["progress"] < 1 for told in desk.told)
    desk.ledger.release()
    desk.settle()  # Desk.check_durable looks into the file at the moment of telling
    assert desk.ends("job-a") == ["done"]


def test_late_words_of_a_worker_change_nothing(desk: Desk) -> None:
    desk.submit("job-a")
    desk.hands.finish("job-a", cue="/cues/1")
    desk.hands.get_on("job-a", 0.5)
    desk.settle()
    desk.hands.get_on("job-a", 0.5)
    desk.settle()
    assert desk.told[-1]["state"] == "done"
    assert desk.look("job-a")["job"]["progress"] == 1.0


def test_no_more_jobs_are_taken_in_than_memory_is_meant_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "MOST_LIVE", 2)
    desk.submit("job-a")
    desk.submit("job-b")
    refused = desk.submit("job-c")
    assert isinstance(refused, HitpointError)
    assert "2 jobs wait already" in str(refused)
    assert desk.submit("job-a")["job"]["id"] == "job-a"
    desk.hands.finish("job-a")
    desk.settle()
    assert desk.submit("job-c")["job"]["id"] == "job-c"
