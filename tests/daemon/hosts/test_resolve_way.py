"""From an exported timeline in the mailbox to stems on their frames: a real daemon, real media, real music."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import soundfile

from core.cue.folder import load as load_cue
from daemon.home import Home, prepare
from tests.daemon.commands.calls import HITPOINT, last, run
from tests.daemon.hosts.asking import name
from tests.daemon.hosts.luas import load, texts
from tests.daemon.house import until

SCORE: dict[str, Any] = {"in_": 24, "out": 264, "df": 0, "sr": 48000, "nm": "Reel 3: Tür", "seed": 7}


class Resolve:
    """A host whose scripts can do no more than export and read."""

    def __init__(self, folder: Path, edit: Path) -> None:
        self.home = Home(folder / "home")
        prepare(self.home)
        self.cues = folder / "cues"
        self.home.settings.write_text(f"cues = '{self.cues}'\n")
        self.box = self.home.exchange / "mailbox"
        timeline = json.loads(edit.read_text())
        timeline["name"] = ""
        for clip in timeline["tracks"]["children"][0]["children"]:
            media = clip["media_references"]["DEFAULT_MEDIA"]
            media["target_url"] = str(edit.parent / media["target_url"])
        self.timeline = timeline

    def start(self) -> None:
        assert run("daemon", "start", home=self.home.folder).returncode == 0
        until((self.box / "daemon.lua").exists)

    def stop(self) -> None:
        assert run("daemon", "stop", home=self.home.folder).returncode == 0

    def kill(self) -> None:
        """End the daemon as a crash does; its workers see to themselves."""
        process = psutil.Process(texts(load(self.box / "daemon.lua", "luajit21"))["pid"])
        process.send_signal(signal.SIGKILL)
        until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)

    def ask(self, asked: str, action: str, **values: object) -> None:
        (self.box / name(asked, action, **values)).write_text(json.dumps(self.timeline))

    def answer(self, asked: str) -> dict[str, Any]:
        path = self.box / f"{asked}.answer.lua"
        until(path.exists)
        found: dict[str, Any] = texts(load(path, "luajit21"))
        return found

    def laid(self, asked: str) -> dict[str, Any]:
        """The placement that a request is answered with."""
        answer = self.answer(asked)
        assert answer["ok"], answer
        placed: dict[str, Any] = answer["placement"]
        return placed

    def jobs(self) -> list[dict[str, Any]]:
        jobs: list[dict[str, Any]] = last(run("jobs", "--json", home=self.home.folder))["jobs"]
        return jobs


@pytest.fixture
def resolve(tmp_path: Path, demo_edit: Path) -> Iterator[Resolve]:
    host = Resolve(tmp_path, demo_edit)
    try:
        yield host
    finally:
        subprocess.run(
            [*HITPOINT, "daemon", "stop"],
            env={**os.environ, "HITPOINT_HOME": str(host.home.folder)},
            capture_output=True,
            check=False,
        )


def samples(placed: dict[str, Any], stem: dict[str, Any]) -> Any:
    """A stem put together from its pieces, without their handles."""
    rate = Fraction(placed["rate"])
    parts = []
    for piece in stem["pieces"]:
        first, end = (
            round(frame / rate * placed["sample_rate"]) for frame in (piece["first"], piece["first"] + piece["frames"])
        )
        parts.append(soundfile.read(piece["file"], dtype="int32")[0][: end - first])
    return np.concatenate(parts)


def test_score_reroll_and_takes_as_an_editor_meets_them(resolve: Resolve) -> None:
    resolve.start()
    resolve.ask("score000", "score", **SCORE)
    first = resolve.laid("score000")
    answer = resolve.answer("score000")
    assert answer["range"] == {"in": 24, "out": 264}
    assert (first["start"], first["frames"], first["timeline_start"], first["rate"]) == (24, 240, 86400, "24/1")
    folder = Path(first["cue"]["folder"])
    assert folder.parent == resolve.cues / "Reel 3_ Tür"
    for stem in first["stems"]:
        assert (samples(first, stem) == soundfile.read(stem["file"], dtype="int32")[0]).all()

    # The stems are on the timeline now; a part of two of them is wanted anew.
    audio = json.loads(json.dumps(resolve.timeline["tracks"]["children"][0]))
    audio["kind"], audio["children"] = "Audio", audio["children"][:1]
    audio["children"][0]["media_references"]["DEFAULT_MEDIA"]["target_url"] = first["stems"][0]["pieces"][0]["file"]
    resolve.timeline["tracks"]["children"].append(audio)
    resolve.ask("reroll00", "reroll", in_=0, out=150, cue=first["cue"]["id"], stems="drums-bass", sr=48000)
    second = resolve.laid("reroll00")
    assert (second["take"], second["takes"], second["cue"]) == (2, [1, 2], first["cue"])
    for before, after in zip(first["stems"], second["stems"], strict=True):
        changed = (samples(first, before) != samples(second, after)).any()
        assert changed == (before["name"] in ("drums", "bass"))
        assert (before["file"] == after["file"]) != changed
    assert not [sentence for sentence in resolve.answer("reroll00").get("said", []) if "edit has changed" in sentence]

    resolve.ask("before00", "previous", cue=first["cue"]["id"], sr=48000)
    assert resolve.laid("before00") == {**first, "takes": [1, 2]}
    resolve.ask("after000", "next", cue=first["cue"]["id"], sr=48000)
    assert resolve.laid("after000")["stems"] == second["stems"]
    resolve.ask("end00000", "next", cue=first["cue"]["id"], sr=48000)
    assert "Take 2 is the latest." in resolve.answer("end00000")["said"]
    key = name("x" * 8, "cancel")[:-5].split("_p-")[1].replace("_t-", "-")
    until(lambda: texts(load(resolve.box / "ready.lua"))["timelines"] == {key: ["end00000"]})
    resolve.ask("placed00", "placed", of="end00000")
    assert resolve.answer("placed00")["ok"]
    until(lambda: texts(load(resolve.box / "ready.lua"))["timelines"] == [])
    assert not [each for each in resolve.box.iterdir() if each.suffix == ".otio"]
    assert {job["client"] for job in resolve.jobs()} == {"resolve 01234567-89abcdef"}


def test_a_changed_edit_is_told_at_the_reroll_and_a_moved_start_is_no_change(resolve: Resolve) -> None:
    resolve.start()
    resolve.ask("score000", "score", **SCORE)
    cue = resolve.laid("score000")["cue"]["id"]
    resolve.timeline["global_start_time"]["value"] = 0.0
    resolve.ask("same0000", "reroll", in_=100, out=200, cue=cue, seed=1)
    assert resolve.laid("same0000")["start"] == 24
    hole = load_cue(Path(resolve.laid("same0000")["cue"]["folder"])).take.hole
    assert hole is not None
    assert hole.asked == ("01:00:04:04", "01:00:08:08")
    assert not [one for one in resolve.answer("same0000").get("said", []) if "edit has changed" in one]
    clips = resolve.timeline["tracks"]["children"][0]["children"]
    for clip, frames in zip(clips[:2], (-8, 8), strict=True):
        clip["source_range"]["duration"]["value"] += frames
    resolve.ask("changed0", "reroll", in_=100, out=200, cue=cue, seed=2)
    assert [one for one in resolve.answer("changed0")["said"] if "The edit has changed" in one]
    resolve.ask("outside0", "reroll", in_=264, out=300, cue=cue)
    assert "outside of the cue" in resolve.answer("outside0")["error"]["sentence"]
    resolve.ask("unknown0", "next", cue="00000000")
    assert "The cue 00000000 is not found" in resolve.answer("unknown0")["error"]["sentence"]


@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")
@pytest.mark.parametrize(
    "moment", ["taken", "almost", *(pytest.param(moment, marks=pytest.mark.slow) for moment in ("laid", "music"))]
)
def test_a_daemon_that_is_killed_at_any_moment_gives_one_cue_and_one_answer(resolve: Resolve, moment: str) -> None:
    resolve.start()
    progress = resolve.box / "score000.progress.lua"
    resolve.ask("score000", "score", **SCORE)
    if moment == "taken":
        until(progress.exists)
    elif moment == "music":
        until(lambda: [job for job in resolve.jobs() if job["state"] == "running" and job["progress"] > 0.1])
    elif moment == "almost":
        until(lambda: [job for job in resolve.jobs() if job["kind"] == "lay"])
    resolve.kill()
    resolve.start()
    placed = resolve.laid("score000")
    until(lambda: not [each for each in resolve.box.iterdir() if each.suffix == ".otio"])
    assert [path.parent.name for path in resolve.cues.glob("*/*/cue.json")] == [placed["cue"]["name"]]
    assert sorted(job["kind"] for job in resolve.jobs()) == ["lay", "score"]
    assert {job["state"] for job in resolve.jobs()} == {"done"}


def test_cancel_stops_the_work_and_answers_both(resolve: Resolve, long_edit: Path) -> None:
    resolve.timeline = json.loads(long_edit.read_text())
    resolve.start()
    resolve.ask("score000", "score", in_=0, out=12_000, df=0)
    until(lambda: [job for job in resolve.jobs() if job["state"] == "running"])
    resolve.ask("cancel00", "cancel")
    assert resolve.answer("cancel00")["cancelled"] == ["score000"]
    assert resolve.answer("score000")["error"]["code"] == "cancelled"
    assert [job["state"] for job in resolve.jobs()] == ["cancelled"]
    assert not list(resolve.cues.glob("**/cue.json"))
    resolve.stop()
    assert not (resolve.box / "daemon.lua").exists()
