"""Workers that do, die, do not listen and do not start, seen from the daemon's main loop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from core.errors import Cancelled
from daemon import executor as executor_module
from daemon.child import in_words
from daemon.devices import Device
from daemon.executor import Died, Done, Failed, Progress
from daemon.lane import BREATH_S
from daemon.settings import Settings
from tests.daemon.hearing import LITTLE, executor


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_job_is_told_of_while_it_runs_and_when_it_is_done(tmp_path: Path) -> None:
    with executor(tmp_path) as heard:
        heard.until_free()
        assert heard.executor.engines() == [{"name": "little"}]
        heard.start("one", {"do": "well"})
        assert heard.worker()["state"] == "busy"
        assert heard.worker()["job"] == "one"
        assert not heard.executor.free("score")
        end = heard.end_of("one")
        assert heard.events == [Progress("one", "doing", 0.25, "well")]
        assert isinstance(end, Done)
        assert end.result["pid"] == heard.worker()["pid"]
        assert heard.executor.free("score")
        assert heard.worker()["job"] is None


def test_light_work_has_a_worker_of_its_own_that_starts_when_it_is_needed(tmp_path: Path) -> None:
    with executor(tmp_path) as heard:
        assert heard.worker("files")["state"] == "asleep"
        heard.until_free()
        heard.start("long", {"do": "wait"})
        assert heard.executor.free("export")
        made = heard.result_of("light", {}, "export")
        assert made["hello"]["lane"] == "files"
        assert made["pid"] == heard.worker("files")["pid"] != heard.worker()["pid"]


def test_each_device_has_a_worker_and_they_work_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two = (Device("cuda:0", {"CUDA_VISIBLE_DEVICES": "GPU-a"}), Device("cuda:1", {"CUDA_VISIBLE_DEVICES": "GPU-b"}))
    monkeypatch.setattr(executor_module, "devices", lambda _: two)
    with executor(tmp_path) as heard:
        heard.until(lambda: [worker["state"] for worker in heard.executor.workers()] == ["idle", "idle", "asleep"])
        seen = [psutil.Process(w["pid"]).environ()["CUDA_VISIBLE_DEVICES"] for w in heard.executor.workers()[:2]]
        assert seen == ["GPU-a", "GPU-b"]
        heard.start("one", {"do": "wait"})
        heard.start("two", {"do": "wait"})
        assert not heard.executor.free("score")
        assert [worker["job"] for worker in heard.executor.workers()] == ["one", "two", None]


@pytest.mark.parametrize(
    ("do", "reason"),
    [
        ("die", "The worker was killed (signal 9)"),
        ("crash", "The worker crashed (signal 11, Segmentation fault)"),
        ("leave", "The worker ended (exit code 3): the last words"),
    ],
)
def test_a_death_is_told_in_words_and_another_worker_takes_its_place(tmp_path: Path, do: str, reason: str) -> None:
    with executor(tmp_path) as heard:
        heard.until_free()
        dead = heard.worker()["pid"]
        heard.start("fatal", {"do": do})
        assert heard.end_of("fatal") == Died("fatal", reason)
        made = heard.result_of("next", {"do": "well"})
        assert made["pid"] != dead
        assert made["hello"]["left"] == [{"kind": "score", "request": {"do": do}}]


def test_a_worker_killed_while_it_has_nothing_to_do_is_replaced(tmp_path: Path) -> None:
    with executor(tmp_path) as heard:
        heard.until_free()
        os.kill(heard.worker()["pid"], signal.SIGKILL)
        heard.until(lambda: Died(None, "The worker was killed (signal 9)") in heard.events)
        heard.result_of("next", {})


def test_a_worker_that_dies_as_soon_as_it_is_ready_is_not_started_again_at_once(tmp_path: Path) -> None:
    with executor(tmp_path, (*LITTLE, "fleeting")) as heard:
        begun = time.monotonic()
        heard.until(lambda: len(heard.events) >= 3)
        assert heard.events[0] == Died(None, "The worker ended (exit code 1): It was too much")
        assert time.monotonic() - begun >= 2 * BREATH_S


@pytest.mark.parametrize("do", ["nonsense", "foreign"])
def test_a_worker_that_talks_nonsense_is_ended(tmp_path: Path, do: str) -> None:
    with executor(tmp_path) as heard:
        heard.until_free()
        mad = heard.worker()["pid"]
        heard.start("mad", {"do": do})
        end = heard.end_of("mad")
        assert isinstance(end, Died)
        assert end.reason.startswith("The worker said what cannot be understood")
        heard.until_free()
        assert not alive(mad)


def test_a_worker_that_never_gets_ready_breaks_its_lane_and_says_why(tmp_path: Path) -> None:
    with executor(tmp_path, (*LITTLE, "unready")) as heard:
        heard.until(lambda: heard.executor.broken("score") != "")
        assert heard.executor.broken("score").endswith("the worker ended (exit code 1): No module named 'numpy'")
        assert heard.worker()["state"] == "broken"
        assert heard.worker()["why"] == heard.executor.broken("score")
        assert not heard.executor.free("score")
        assert [event for event in heard.events if isinstance(event, Died)] == heard.events
        assert len(heard.events) == 3
        heard.start("late", {})
        assert "No module named 'numpy'" in str(heard.end_of("late"))


def test_a_job_that_waits_for_a_worker_which_never_gets_ready_fails_with_the_reason(tmp_path: Path) -> None:
    with executor(tmp_path, (*LITTLE, "unready")) as heard:
        error = heard.error_of("light", {}, "export")
        assert "No module named 'numpy'" in error


def test_a_job_outlives_a_worker_that_dies_before_it_is_ready(tmp_path: Path) -> None:
    with executor(tmp_path, (*LITTLE, "unready", "once", str(tmp_path / "tried"))) as heard:
        heard.start("early", {})
        assert isinstance(heard.end_of("early"), Done)


def test_a_broken_lane_is_tried_again_later(tmp_path: Path) -> None:
    with executor(tmp_path, (*LITTLE, "unready")) as heard:
        heard.until(lambda: heard.executor.broken("score") != "")
        heard.executor.tick(time.monotonic() + 30)
        assert heard.worker()["state"] == "broken"
        heard.executor.tick(time.monotonic() + 61)
        assert heard.worker()["state"] == "starting"
        assert heard.executor.broken("score") == ""
        heard.until(lambda: heard.executor.broken("score") != "")


def test_a_worker_that_hangs_before_it_is_ready_is_ended_and_told_of(tmp_path: Path) -> None:
    with executor(tmp_path, (*LITTLE, "hangs")) as heard:
        heard.until(lambda: heard.worker()["pid"] is not None)
        heard.executor.tick(time.monotonic() + 299)
        heard.executor.tick(time.monotonic() + 301)
        heard.until(lambda: heard.events != [])
        assert heard.events == [Died(None, "The worker was not ready after 300 s")]


def test_a_program_that_is_not_there_breaks_the_lane_too(tmp_path: Path) -> None:
    with executor(tmp_path, (str(tmp_path / "not there"),)) as heard:
        heard.until(lambda: "cannot be started" in heard.executor.broken("score"))


def test_a_cancelled_job_ends_and_its_worker_lives(tmp_path: Path) -> None:
    with executor(tmp_path) as heard:
        heard.until_free()
        pid = heard.worker()["pid"]
        heard.start("unwanted", {"do": "wait"})
        heard.executor.cancel("unwanted")
        end = heard.end_of("unwanted")
        assert isinstance(end, Failed)
        assert isinstance(end.error, Cancelled)
        assert heard.result_of("next", {})["pid"] == pid


def test_a_worker_that_does_not_listen_is_killed_and_its_job_is_cancelled_not_dead(tmp_path: Path) -> None:
    with executor(tmp_path) as heard:
        heard.until_free()
        deaf = heard.worker()["pid"]
        heard.start("unwanted", {"do": "deaf"})
        heard.executor.cancel("unwanted")
        heard.executor.cancel("unwanted")
        end = heard.end_of("unwanted")
        assert isinstance(end, Failed)
        assert isinstance(end.error, Cancelled)
        assert heard.result_of("next", {})["pid"] != deaf
        assert not alive(deaf)
        assert not any(isinstance(event, Died) for event in heard.events)


def test_what_is_about_to_appear_is_past_cancelling(tmp_path: Path) -> None:
    with executor(tmp_path) as heard:
        heard.until_free()
        heard.start("whole", {"do": "appear"})
        heard.until(lambda: heard.events != [])
        time.sleep(0.1)
        heard.executor.cancel("whole")
        assert isinstance(heard.end_of("whole"), Done)


def test_a_job_cancelled_before_its_worker_is_ready_never_starts(tmp_path: Path) -> None:
    with executor(tmp_path) as heard:
        heard.start("unwanted", {})
        heard.executor.cancel("unwanted")
        end = heard.end_of("unwanted")
        assert isinstance(end, Failed)
        assert isinstance(end.error, Cancelled)
        heard.result_of("next", {})
        assert {event.job for event in heard.events if isinstance(event, Progress)} == {"next"}


def test_a_timeline_of_the_largest_size_reaches_the_worker_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    with executor(tmp_path) as heard:
        heard.until_free()
        text = bytes(64 * 2**20)
        begun = time.thread_time()
        heard.start("large", {}, attachment=text)
        assert time.thread_time() - begun < 0.05, "nothing is packed or written by the main loop"
        end = heard.end_of("large")
        assert isinstance(end, Done)
        assert end.result["attachment"] == len(text)


def test_an_idle_worker_rests_then_sleeps_and_is_woken_by_a_job(tmp_path: Path) -> None:
    with executor(tmp_path, settings=Settings(rest_after_s=100, exit_after_s=200)) as heard:
        first = heard.result_of("one", {})["pid"]
        heard.executor.tick(time.monotonic() + 99)
        heard.listen()
        assert heard.worker()["engines"] == []
        heard.executor.tick(time.monotonic() + 101)
        heard.until(lambda: heard.worker()["engines"] == ["rested"])
        assert heard.worker()["state"] == "idle"
        heard.executor.tick(time.monotonic() + 201)
        assert heard.worker()["state"] == "asleep"
        assert heard.executor.free("score")
        heard.until(lambda: not alive(first))
        assert heard.result_of("two", {})["pid"] != first
        assert not any(isinstance(event, Died) for event in heard.events)


def test_rest_reaches_every_worker_that_is_awake(tmp_path: Path) -> None:
    with executor(tmp_path) as heard:
        heard.until_free()
        heard.start("long", {"do": "wait"})
        heard.executor.rest()
        heard.until(lambda: heard.worker()["bytes"] == 1)
        assert heard.worker("files")["state"] == "asleep"


@pytest.mark.parametrize("manner", [(), ("stubborn",)])
def test_stopping_leaves_no_process_behind_and_tells_of_no_death(tmp_path: Path, manner: tuple[str, ...]) -> None:
    with executor(tmp_path, (*LITTLE, *manner)) as heard:
        heard.until_free()
        heard.start("long", {"do": "deaf"})
        heard.result_of("light", {}, "cue")
        pids = [worker["pid"] for worker in heard.executor.workers()]
        heard.executor.stop()
        assert not any(alive(pid) for pid in pids)
        heard.listen()
        assert not any(isinstance(event, Died) for event in heard.events)


def test_a_daemon_that_is_killed_takes_its_workers_along(tmp_path: Path) -> None:
    parent = (
        "import sys, time\nfrom pathlib import Path\nfrom tests.daemon.hearing import LITTLE, executor\n"
        f"with executor(Path({str(tmp_path)!r})) as heard:\n"
        "    heard.until_free()\n    heard.start('long', {'do': 'deaf'})\n"
        "    print(heard.worker()['pid'], flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as daemon:
        assert daemon.stdout is not None
        pid = int(daemon.stdout.readline())
        assert alive(pid)
        daemon.kill()
    by = time.monotonic() + 30
    while alive(pid):
        assert time.monotonic() < by
        time.sleep(0.02)


def test_the_reason_of_a_death_holds_what_the_worker_said_last() -> None:
    assert in_words(-9) == "The worker was killed (signal 9)"
    assert in_words(-6, "free(): invalid pointer") == "The worker crashed (signal 6, Aborted): free(): invalid pointer"
    assert in_words(0, "bye") == "The worker ended (exit code 0): bye"
    assert in_words(0xC0000005) == "The worker crashed (0xC0000005)"
