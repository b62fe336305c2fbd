"""The real worker, told what to do as the daemon tells it: what it makes, and what it survives."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from core.cue.folder import load, verify
from core.errors import Cancelled
from daemon.executor import Died, Done, Failed, Progress
from daemon.settings import Settings
from tests.daemon.hearing import REAL, Heard, executor


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heard]:
    """Workers with the engine for tests; those that die are replaced, so all tests share them."""
    with executor(tmp_path_factory.mktemp("home"), REAL) as found:
        yield found


@pytest.fixture
def told(heard: Heard, demo_edit: Path, tmp_path: Path) -> dict[str, object]:
    """A request of three seconds for the engine for tests; add a prompt."""
    heard.until_free()
    heard.events.clear()
    return {"timeline": str(demo_edit), "to": str(tmp_path), "in": None, "out": "3s", "engine": "obedient", "seed": 1}


def test_a_score_becomes_a_whole_cue(heard: Heard, told: dict[str, object], tmp_path: Path) -> None:
    result = heard.result_of("whole", {**told, "engine": "composer", "in": "1s", "style": "action"})
    assert set(result) == {*result, "cue", "stems", "mix", "hits", "beats", "sections", "seed", "timings"}
    assert result["seed"] == 1
    assert result["style"] == "action"
    assert result["duration"] == pytest.approx(2.0)
    cue = load(Path(result["cue"]))
    assert verify(cue) == ()
    assert [entry.name for entry in tmp_path.iterdir()] == [cue.folder.name]
    assert heard.result_of("look", {"cue": result["cue"]}, "cue") == {**result, "timings": {}}


def test_progress_comes_at_once_rises_and_leaves_the_end_to_the_result(heard: Heard, told: dict[str, object]) -> None:
    heard.result_of("rising", {**told, "prompt": "slow 0.5"})
    seen = [event for event in heard.events if isinstance(event, Progress)]
    assert (seen[0].stage, seen[0].fraction) == ("timeline", 0.0)
    assert all(before.fraction <= after.fraction for before, after in pairwise(seen))
    assert seen[-1].stage == "cue"
    assert seen[-1].fraction < 1
    slow = [event for event in seen if event.words == "slowly"]
    assert 3 <= len(slow) <= 20, "fifty were reported in half a second"


def test_the_text_of_a_timeline_is_enough(heard: Heard, told: dict[str, object], demo_edit: Path) -> None:
    absent = {**told, "timeline": str(demo_edit.with_name("never saved.otio"))}
    result = heard.result_of("text", absent, attachment=demo_edit.read_bytes())
    assert result["offline"] == [], "its media are looked for beside the name"


def test_what_libraries_print_harms_nobody(heard: Heard, told: dict[str, object]) -> None:
    heard.result_of("chatty", {**told, "prompt": "print, print, print"})


def test_an_engine_stays_warm_and_its_memory_is_told_and_given_back(heard: Heard, told: dict[str, object]) -> None:
    heard.result_of("warm", {**told})
    heard.until(lambda: heard.worker()["engines"][-1:] == ["obedient"])
    assert heard.worker()["bytes"] >= 1000
    heard.executor.rest()
    heard.until(lambda: heard.worker()["engines"] == [])
    assert heard.worker()["bytes"] == 0


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        ("memory", "The memory of this machine was not enough"),
        ("device full", "The memory of the device cpu was not enough"),
        ("bug", "Something went wrong that should not: ZeroDivisionError: nobody foresaw bug"),
    ],
)
def test_one_job_fails_with_a_sentence_and_the_worker_lives(
    heard: Heard, told: dict[str, object], tmp_path: Path, prompt: str, sentence: str
) -> None:
    pid = heard.worker()["pid"]
    error = heard.error_of(tmp_path.name, {**told, "prompt": prompt})
    assert error.startswith(sentence)
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []
    heard.until(lambda: heard.worker()["engines"] == ["obedient"] if prompt == "bug" else not heard.worker()["engines"])
    heard.result_of(f"after {tmp_path.name}", told)
    assert heard.worker()["pid"] == pid


def test_a_mistake_of_the_user_is_told_as_it_is(heard: Heard, told: dict[str, object]) -> None:
    assert "polka" in heard.error_of("polka", {**told, "style": "polka"})
    assert "no engine named 'bach'" in heard.error_of("bach", {**told, "engine": "bach"})
    assert "no work of the kind 'dance'" in heard.error_of("dance", told, "dance")
    assert "There is no cue here" in heard.error_of("gone", {"cue": str(told["to"])}, "cue")
    assert "Nothing was asked for" in heard.error_of("nothing", {"cue": str(told["to"])}, "export")


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("signal 9", "The worker was killed (signal 9)"),
        ("signal 11", "The worker crashed (signal 11, Segmentation fault)"),
        ("exit 3", "The worker ended (exit code 3): it was time to go"),
        ("device lost", "The worker ended (exit code 70): CUDA error: unspecified launch failure"),
    ],
)
def test_a_death_is_told_and_the_job_can_be_tried_again(
    heard: Heard, told: dict[str, object], tmp_path: Path, order: str, reason: str
) -> None:
    cues = tmp_path / "cues"
    request = {**told, "to": str(cues), "prompt": f"once {tmp_path / 'tried'}, {order}"}
    job = tmp_path.name
    heard.start(job, request)
    assert heard.end_of(job) == Died(job, reason)
    heard.result_of(job, request)
    assert len(list(cues.iterdir())) == 1, "what the dead worker left hidden is swept away"


def test_what_a_dead_worker_left_is_swept_away_even_if_nobody_tries_again(
    heard: Heard, told: dict[str, object], tmp_path: Path
) -> None:
    heard.start(tmp_path.name, {**told, "prompt": "signal 9"})
    assert isinstance(heard.end_of(tmp_path.name), Died)
    heard.until(lambda: list(tmp_path.iterdir()) == [])


def test_a_cancelled_job_leaves_nothing_and_the_worker_goes_on(
    heard: Heard, told: dict[str, object], tmp_path: Path
) -> None:
    pid = heard.worker()["pid"]
    heard.start(tmp_path.name, {**told, "prompt": "slow 60"})
    heard.until(lambda: any(isinstance(event, Progress) and event.words == "slowly" for event in heard.events))
    heard.executor.cancel(tmp_path.name)
    end = heard.end_of(tmp_path.name)
    assert isinstance(end, Failed)
    assert isinstance(end.error, Cancelled)
    assert list(tmp_path.iterdir()) == []
    assert heard.worker()["pid"] == pid


@pytest.mark.parametrize("prompt", ["deaf 60", "hold 60"])
def test_an_engine_that_does_not_listen_is_killed_with_its_worker(
    heard: Heard, told: dict[str, object], tmp_path: Path, prompt: str
) -> None:
    heard.start(tmp_path.name, {**told, "prompt": prompt})
    heard.until(lambda: any(isinstance(event, Progress) and event.words == prompt for event in heard.events))
    heard.executor.cancel(tmp_path.name)
    end = heard.end_of(tmp_path.name)
    assert isinstance(end, Failed)
    assert isinstance(end.error, Cancelled)
    heard.until(lambda: list(tmp_path.iterdir()) == [])
    heard.result_of(f"after {tmp_path.name}", told)


def test_a_worker_loads_no_torch_and_does_not_press_ahead_of_the_editing_program(
    heard: Heard, told: dict[str, object]
) -> None:
    heard.result_of("first", told)
    worker = psutil.Process(heard.worker()["pid"])
    assert not [area.path for area in worker.memory_maps() if "torch" in area.path]
    if sys.platform != "win32":
        assert worker.nice() >= min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)


def test_a_folder_of_cues_over_its_quota_takes_no_more(demo_edit: Path, tmp_path: Path) -> None:
    request = {"timeline": str(demo_edit), "to": str(tmp_path / "cues"), "out": "3s"}
    with executor(tmp_path / "home", REAL, Settings(cue_quota_gb=0.001)) as heard:
        heard.result_of("first", request)
        (tmp_path / "cues" / "no cue").mkdir()
        (tmp_path / "cues" / "no cue" / "large").write_bytes(bytes(2_000_000))
        error = heard.error_of("second", request)
        assert error.startswith("The cues here hold 0.0 GB; the quota is 0.001 GB")
        assert "cue_quota_gb" in error
        heard.result_of("elsewhere", {**request, "to": str(tmp_path / "others")})


@pytest.mark.parametrize("prompt", ["slow 60", "deaf 60", "hold 60"])
def test_a_killed_daemon_takes_its_worker_along_whatever_that_does(
    demo_edit: Path, tmp_path: Path, prompt: str
) -> None:
    request = {"timeline": str(demo_edit), "to": str(tmp_path / "cues"), "engine": "obedient", "prompt": prompt}
    parent = (
        "import time\nfrom pathlib import Path\nfrom daemon.executor import Progress\n"
        "from tests.daemon.hearing import REAL, executor\n"
        f"with executor(Path({str(tmp_path)!r}), REAL) as heard:\n"
        f"    heard.until_free()\n    heard.start('long', {request!r})\n"
        f"    heard.until(lambda: any(isinstance(e, Progress) and e.words == {prompt!r} for e in heard.events))\n"
        "    print(heard.worker()['pid'], flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as daemon:
        assert daemon.stdout is not None
        worker = psutil.Process(int(daemon.stdout.readline()))
        daemon.kill()
    if prompt.startswith("hold") and sys.platform != "linux":
        pytest.skip("there it ends as soon as the library lets go of the interpreter")
    by = time.monotonic() + 30
    while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < by
        time.sleep(0.02)


def test_several_jobs_follow_each_other(heard: Heard, told: dict[str, object], tmp_path: Path) -> None:
    for number in range(3):
        assert isinstance(heard.result_of(f"job-{number}", told), dict)
    assert len(list(tmp_path.iterdir())) == 3
    assert not [event for event in heard.events if isinstance(event, Done | Failed | Died)]
