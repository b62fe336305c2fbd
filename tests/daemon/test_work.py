"""Jobs are done once, whenever the process that does them is killed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.cue.folder import load, verify
from core.errors import Cancelled, UnusableInput
from core.watch import Watch
from daemon.residents import Residents
from daemon.work import RECORD, Job, Means, perform

MEANS = Means(quota=0, residents=Residents(10**9))
KILLED_WHILE = """
import json, os, signal, sys
from pathlib import Path
from daemon.residents import Residents
from daemon.work import Job, Means, perform
from core.watch import Watch
moment, kind, request, folder = sys.argv[1:]
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
def then_die(do):
    def both(*given, **named):
        value = do(*given, **named)
        if "Cue" in str(given) or given[0].name.startswith(".hitpoint-"): die()
        return value
    return both
if moment == "before the rename": Path.rename = die
if moment == "after the rename": Path.rename = then_die(Path.rename)
perform(Job(kind, json.loads(request), None, Path(folder)), Means(0, Residents(10**9)), Watch(),
        die if moment == "before the record" else lambda: None)
"""


def do(kind: str, request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    return perform(Job(kind, request, None, folder), MEANS, Watch(), lambda: None)


@pytest.mark.skipif(sys.platform == "win32", reason="a process kills itself by a signal")
@pytest.mark.parametrize("moment", ["before the record", "before the rename", "after the rename"])
def test_a_score_killed_at_its_end_and_tried_again_makes_one_cue(demo_edit: Path, tmp_path: Path, moment: str) -> None:
    request = {"timeline": str(demo_edit), "to": str(tmp_path / "cues"), "out": "2s"}
    words = [sys.executable, "-c", KILLED_WHILE, moment, "score", json.dumps(request), str(tmp_path / "job")]
    assert subprocess.run(words, check=False).returncode == -9
    appeared = [entry.name for entry in (tmp_path / "cues").iterdir() if not entry.name.startswith(".")]
    assert len(appeared) == (1 if moment == "after the rename" else 0)
    result = do("score", request, tmp_path / "job")
    assert verify(load(Path(result["cue"]))) == ()
    assert all(Path(file).is_file() for file in result["stems"].values())
    again = do("score", request, tmp_path / "job")
    assert again == json.loads(json.dumps(result))
    visible = [entry for entry in (tmp_path / "cues").iterdir() if not entry.name.startswith(".")]
    assert visible == [Path(result["cue"])]


def test_a_cue_that_took_the_name_is_not_taken_for_our_own(demo_edit: Path, tmp_path: Path) -> None:
    """The record names a place; what lies there counts only if it is what was recorded."""
    request = {"timeline": str(demo_edit), "to": str(tmp_path / "cues"), "out": "2s"}
    other = do("score", {**request, "seed": 1}, tmp_path / "other")
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / RECORD).write_text(json.dumps({"result": other, "sha256": "0" * 64}))
    mine = do("score", {**request, "seed": 2}, tmp_path / "job")
    assert mine["cue"] != other["cue"]
    assert mine["seed"] == 2


@pytest.mark.parametrize("record", ["", "no json", "[]", '{"result": {}}', '{"result": {"cue": 7}, "sha256": 7}'])
def test_a_damaged_record_counts_as_none(demo_edit: Path, tmp_path: Path, record: str) -> None:
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / RECORD).write_text(record)
    request = {"timeline": str(demo_edit), "to": str(tmp_path / "cues"), "out": "2s"}
    assert Path(do("score", request, tmp_path / "job")["cue"]).is_dir()


def test_a_score_can_be_cancelled_until_it_appears_and_then_leaves_nothing(demo_edit: Path, tmp_path: Path) -> None:
    stop: list[str] = []
    watch = Watch(lambda _, __, words: stop.append(words) if words == "writing" else None, lambda: bool(stop))
    request = {"timeline": str(demo_edit), "to": str(tmp_path / "cues"), "out": "2s"}
    called: list[bool] = []
    with pytest.raises(Cancelled):
        perform(Job("score", request, None, tmp_path / "job"), MEANS, watch, lambda: called.append(True))
    assert not called
    assert not (tmp_path / "cues").exists()


def test_without_a_place_the_cue_appears_beside_its_timeline(demo_edit: Path, tmp_path: Path) -> None:
    result = do("score", {"timeline": str(demo_edit), "to": None, "out": "2s"}, tmp_path / "job")
    assert Path(result["cue"]).parent == demo_edit.parent / "Hitpoint Cues"


def test_an_export_gives_files_by_what_was_asked_for_and_writes_none_twice(
    cue_of_the_demo: dict[str, Any], tmp_path: Path
) -> None:
    request = {"cue": cue_of_the_demo["cue"], "bwf": True, "sections": False, "preview": "mp3", "to": str(tmp_path)}
    result = do("export", request, tmp_path / "job")
    assert set(result) == {"cue", "bwf", "preview"}
    assert set(result["bwf"]) == {"drums", "bass", "harmony", "melody", "effects", "mix"}
    assert all(Path(file).is_file() for file in (*result["bwf"].values(), result["preview"]))
    before = sorted(tmp_path.rglob("*"))
    assert do("export", request, tmp_path / "job") == result
    assert sorted(tmp_path.rglob("*")) == before
    fractions: list[float] = []
    watch = Watch(lambda _, fraction, __: fractions.append(fraction))
    perform(Job("export", request, None, tmp_path / "another"), MEANS, watch, lambda: None)
    assert fractions == sorted(fractions)
    assert (tmp_path / "BWF 2").is_dir()


def test_an_export_killed_between_its_parts_goes_on_with_what_is_missing(
    cue_of_the_demo: dict[str, Any], tmp_path: Path
) -> None:
    request = {"cue": cue_of_the_demo["cue"], "bwf": True, "sections": True, "to": str(tmp_path)}
    watch = Watch(cancelled=lambda: (tmp_path / "job" / RECORD).exists())
    with pytest.raises(Cancelled):
        perform(Job("export", request, None, tmp_path / "job"), MEANS, watch, lambda: None)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["BWF", "job"]
    do("export", request, tmp_path / "job")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["BWF", "Sections", "job"]


def test_a_cue_whose_notes_do_not_fit_is_one_sentence(cue_of_the_demo: dict[str, Any], tmp_path: Path) -> None:
    cue = shutil.copytree(cue_of_the_demo["cue"], tmp_path / "cue")
    notes = cue / "takes" / "001" / "notes.json"
    content = json.loads(notes.read_text())
    content["how"] = content["how"][1:]
    notes.write_text(json.dumps(content))
    with pytest.raises(UnusableInput, match="do not fit"):
        do("cue", {"cue": str(cue)}, tmp_path / "look")
