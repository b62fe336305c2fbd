"""`hitpoint host`: a job folder in which REAPER's script has written what it asks, to the answer in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile

from core.styles import STYLES
from daemon.home import Home, prepare
from tests.daemon.commands.calls import HITPOINT, last, run
from tests.daemon.hosts import asking
from tests.daemon.hosts.luas import load, texts
from tests.daemon.house import until


class Reaper:
    """A project, and a script that asks."""

    def __init__(self, folder: Path, edit: Path) -> None:
        self.home = Home(folder / "home")
        prepare(self.home)
        self.project = folder / "project"
        self.project.mkdir()
        self.jobs_folder = folder / "jobs"
        self.asked = 0
        self.items = []
        at = 0.0
        for clip in json.loads(edit.read_text())["tracks"]["children"][0]["children"]:
            span = clip["source_range"]
            offset, length = (span[key]["value"] / 24 for key in ("start_time", "duration"))
            file = str(edit.parent / clip["media_references"]["DEFAULT_MEDIA"]["target_url"])
            self.items.append(asking.item(at, length, offset=offset, file=file, name=clip["name"]))
            at += length

    def job(self, action: str = "score", **fields: Any) -> Path:
        """A job folder with its request."""
        self.jobs_folder.mkdir(exist_ok=True)
        self.asked += 1
        asked = f"job{self.asked:05}"
        folder = self.jobs_folder / asked
        folder.mkdir()
        told = {
            "id": asked,
            "items": self.items,
            "project": {"name": "reel.rpp", "folder": str(self.project)},
            **fields,
        }
        (folder / "request.json").write_bytes(asking.text(asking.job(action, **told)))
        return folder

    def start(self, folder: Path) -> subprocess.Popen[bytes]:
        """Call the program as REAPER does: in the background, its words unread."""
        environment = {**os.environ, "HITPOINT_HOME": str(self.home.folder)}
        return subprocess.Popen(
            [*HITPOINT, "host", str(folder)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def run(self, folder: Path) -> tuple[int, dict[str, Any]]:
        """The exit code, and the answer as the script reads it."""
        done = run("host", folder, home=self.home.folder)
        assert "Traceback" not in done.stderr
        return done.returncode, texts(load(folder / "answer.lua", "lua53"))


@pytest.fixture(scope="module")
def reaper(demo_edit: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reaper]:
    made = Reaper(tmp_path_factory.mktemp("reaper"), demo_edit)
    yield made
    run("daemon", "stop", home=made.home.folder)


def test_a_range_is_scored_by_a_daemon_that_is_started_for_it(reaper: Reaper) -> None:
    folder = reaper.job(in_=1.0, out=11.0, seed=7, rate=24.0, start=3600.0)
    code, answer = reaper.run(folder)
    assert (code, answer["ok"], answer["action"], answer["id"]) == (0, True, "score", folder.name)
    placed = answer["placement"]
    assert (placed["start"], placed["frames"], placed["timeline_start"], placed["rate"]) == (24, 240, 86400, "24/1")
    assert Path(placed["cue"]["folder"]).parent == reaper.project / "Hitpoint Cues"
    for stem in placed["stems"]:
        assert soundfile.info(stem["file"]).frames == 10 * placed["sample_rate"]
        assert stem["pieces"] == []
    assert answer["range"] == {"in": 24, "out": 264}
    assert sorted(path.name for path in folder.iterdir()) == ["answer.lua", "request.json"]


def test_a_reroll_and_the_takes_go_by_the_cues_folder(reaper: Reaper) -> None:
    _, answer = reaper.run(reaper.job(in_=1.0, out=11.0, seed=7))
    cue = answer["placement"]["cue"]["folder"]
    code, again = reaper.run(reaper.job("reroll", in_=4.0, out=9.0, cue=cue, stems=["melody"], seed=3))
    assert (code, again["placement"]["take"]) == (0, 2)
    taken = {stem["name"]: stem["take"] for stem in again["placement"]["stems"]}
    assert taken == {name: 2 if name == "melody" else 1 for name in taken}
    assert reaper.run(reaper.job("previous", cue=cue))[1]["placement"]["take"] == 1
    _, end = reaper.run(reaper.job("previous", cue=cue))
    assert (end["placement"]["take"], end["said"][0]) == (1, "Take 1 is the first.")
    assert reaper.run(reaper.job("place", cue=cue))[1]["placement"]["takes"] == [1, 2]


def test_a_range_without_pictures_and_an_unsaved_project_are_scored(reaper: Reaper, tmp_path: Path) -> None:
    reaper.home.settings.write_text(f"cues = '{tmp_path}'\n")
    project = {"name": "", "folder": ""}
    code, answer = reaper.run(reaper.job(items=[], in_=0.0, out=6.0, seed=1, project=project))
    assert code == 0
    assert Path(answer["placement"]["cue"]["folder"]).parent == tmp_path / "Untitled"
    assert any("not been saved" in sentence for sentence in answer["said"])


def test_what_there_is_to_choose_from_is_told(reaper: Reaper) -> None:
    code, answer = reaper.run(reaper.job("choices"))
    assert (code, answer["engines"][0]["name"], answer["styles"]) == (0, "composer", list(STYLES))
    assert answer["options"]["style"] == "auto"


def test_the_same_job_called_again_has_the_same_answer(reaper: Reaper) -> None:
    folder = reaper.job(in_=2.0, out=6.0)
    first = reaper.run(folder)
    assert reaper.run(folder) == first


@pytest.mark.parametrize(
    ("fields", "code", "sentence"),
    [
        ({"version": "0.0.9"}, 2, "hitpoint install reaper"),
        ({"out": 0.0}, 2, "No time is selected"),
        ({"action": "dance"}, 2, "no action 'dance'"),
        ({"engine": "nobody"}, 2, "nobody"),
        ({"action": "next", "cue": "/not/there"}, 3, "There is no cue"),
    ],
)
def test_an_error_is_in_the_answer_and_in_the_exit_code(
    reaper: Reaper, fields: dict[str, Any], code: int, sentence: str
) -> None:
    folder = reaper.job(**fields)
    left, answer = reaper.run(folder)
    assert (left, answer["ok"]) == (code, False)
    assert sentence in answer["error"]["sentence"]
    assert answer["id"] == folder.name
    assert not (folder / "progress.lua").exists()


@pytest.mark.parametrize("content", [None, b"", b"{", b"[1]", b"\xff"])
def test_a_request_that_cannot_be_read_is_answered(reaper: Reaper, content: bytes | None) -> None:
    folder = reaper.job()
    (folder / "request.json").unlink()
    if content is not None:
        (folder / "request.json").write_bytes(content)
    code, answer = reaper.run(folder)
    assert (code, answer["ok"]) == (3 if content is None else 2, False)
    assert answer["error"]["sentence"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_in_place_of_a_request_is_not_waited_for(reaper: Reaper) -> None:
    folder = reaper.job()
    (folder / "request.json").unlink()
    os.mkfifo(folder / "request.json")
    code, answer = reaper.run(folder)
    assert code == 3
    assert "not a file" in answer["error"]["sentence"]


def test_a_folder_that_is_not_there_is_an_error_in_words(reaper: Reaper, tmp_path: Path) -> None:
    done = run("host", tmp_path / "nowhere", home=reaper.home.folder)
    assert done.returncode == 3
    assert "There is no such folder" in done.stderr
    assert not (tmp_path / "nowhere").exists()


def long_job(reaper: Reaper) -> Path:
    items = []
    for turn in range(20):
        items += [{**one, "position": one["position"] + turn * 40.0} for one in reaper.items]
    return reaper.job(items=items, in_=0.0, out=700.0)


@pytest.mark.parametrize("how", ["file", "removed", "signal"])
def test_a_script_that_wants_no_answer_any_more_cancels_the_work(reaper: Reaper, how: str) -> None:
    folder = long_job(reaper)
    running = reaper.start(folder)
    until(lambda: (folder / "progress.lua").exists() and texts(load(folder / "progress.lua"))["progress"] > 0)
    if how == "file":
        (folder / "cancel").touch()
    elif how == "removed":
        shutil.rmtree(folder)
    else:
        running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 6
    if how == "removed":
        assert not folder.exists()
    else:
        assert texts(load(folder / "answer.lua"))["error"]["code"] == "cancelled"
    jobs = last(run("jobs", "--json", home=reaper.home.folder))["jobs"]
    (job,) = [job for job in jobs if job["id"].startswith(f"host-{folder.name}-")]
    assert job["state"] == "cancelled"


def test_the_command_is_for_scripts_and_not_in_the_help() -> None:
    assert " host " not in run("--help").stdout
    assert "JOB/answer.lua" in run("host", "--help").stdout
