"""Takes are made once, whenever the process that makes them is killed, and whatever becomes of the cue meanwhile."""

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
from core.cue.showing import is_current
from core.errors import Cancelled, UnusableInput, WrongUse
from core.watch import Watch
from daemon.residents import Residents
from daemon.work import RECORD, Job, Means, done_before, perform, sweep

MEANS = Means(quota=0, residents=Residents(10**9))
KILLED_WHILE = """
import json, os, signal, sys
from pathlib import Path
import core.adding, core.cue.changing, core.cue.taking
from daemon.residents import Residents
from daemon.work import Job, Means, perform
from core.watch import Watch
moment, kind, request, folder = sys.argv[1:]
def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
write = core.cue.changing.write
def write_and_die(cue): write(cue); die()
if moment == "before cue.json": core.cue.changing.write = core.cue.taking.write = die
if moment == "after cue.json": core.cue.changing.write = core.cue.taking.write = write_and_die
perform(Job(kind, json.loads(request), None, Path(folder)), Means(0, Residents(10**9)), Watch(),
        die if moment == "before the record" else lambda: None)
if moment == "at the end": die()
"""
MOMENTS = ["before the record", "before cue.json", "after cue.json", "at the end"]

unix = pytest.mark.skipif(sys.platform == "win32", reason="a process kills itself by a signal")


def do(kind: str, request: Mapping[str, Any], folder: Path, attachment: bytes | None = None) -> dict[str, Any]:
    return perform(Job(kind, request, attachment, folder), MEANS, Watch(), lambda: None)


def killed(moment: str, kind: str, request: Mapping[str, Any], folder: Path) -> None:
    """Do a job in a process that is killed at that moment."""
    words = [sys.executable, "-c", KILLED_WHILE, moment, kind, json.dumps(request), str(folder)]
    answer = subprocess.run(words, check=False, capture_output=True, text=True)
    assert answer.returncode == -9, answer.stderr


@pytest.fixture(scope="module")
def scored(demo_edit: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cue of twelve seconds."""
    to = tmp_path_factory.mktemp("scored")
    request = {"timeline": str(demo_edit), "to": str(to), "out": "12s", "seed": 7}
    return Path(do("score", request, to / "job")["cue"])


@pytest.fixture
def cue(scored: Path, tmp_path: Path) -> Path:
    return shutil.copytree(scored, tmp_path / "cue")


def part(cue: Path, **fields: Any) -> dict[str, Any]:
    """The fields of a re-roll of some drums."""
    return {"cue": str(cue), "in": "2s", "out": "4s", "stems": ["drums"], "snap": "none", "seed": 5, **fields}


def numbers(cue: Path) -> list[int]:
    return [take.number for take in load(cue).takes]


def stands_alone(cue: Path) -> bool:
    """Whether nothing hidden and no folder of nobody's is left."""
    folders = {entry.name for entry in (cue / "takes").iterdir()}
    return folders == {f"{number:03d}" for number in numbers(cue)}


@unix
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_reroll_killed_and_tried_again_adds_one_take(cue: Path, tmp_path: Path, moment: str) -> None:
    killed(moment, "reroll", part(cue), tmp_path / "job")
    stood = numbers(cue)
    assert stood == ([1, 2] if moment in ("after cue.json", "at the end") else [1])
    assert is_current(load(cue)) == (moment != "after cue.json")
    result = do("reroll", part(cue), tmp_path / "job")
    after = load(cue)
    assert numbers(cue) == [1, 2]
    assert (result["take"], result["seed"], after.in_use) == (2, 5, 2)
    assert {"hole", "kept", "gain"} <= set(result)
    assert verify(after) == ()
    assert is_current(after)
    assert stands_alone(cue)
    again = do("reroll", part(cue), tmp_path / "job")
    assert again | {"timings": {}} == json.loads(json.dumps(result)) | {"timings": {}}
    assert numbers(cue) == [1, 2]


@unix
def test_a_take_is_known_again_after_others_were_made_chosen_and_pruned(cue: Path, tmp_path: Path) -> None:
    killed("after cue.json", "reroll", part(cue), tmp_path / "job")
    do("reroll", part(cue, seed=6, stems=["bass"]), tmp_path / "other")
    do("takes", {"cue": str(cue), "use": 1}, tmp_path / "use")
    assert do("reroll", part(cue), tmp_path / "job")["take"] == 2
    assert load(cue).in_use == 1, "what was chosen since stays chosen"
    assert do("takes", {"cue": str(cue), "prune": True}, tmp_path / "prune")["pruned"] == [2, 3]
    assert do("reroll", part(cue), tmp_path / "job")["take"] == 2
    assert numbers(cue) == [1]


@unix
def test_the_same_take_of_another_job_is_not_taken_for_our_own(cue: Path, tmp_path: Path) -> None:
    """The record names a take that never was; the number is now another's."""
    killed("before cue.json", "reroll", part(cue), tmp_path / "job")
    do("reroll", part(cue, seed=6), tmp_path / "other")
    result = do("reroll", part(cue), tmp_path / "job")
    assert (result["take"], result["seed"], result["base"]) == (3, 5, 2)
    assert numbers(cue) == [1, 2, 3]


@unix
def test_a_worker_that_dies_over_what_people_open_is_tried_once_more_before_that_is_the_last_word(
    cue: Path, tmp_path: Path
) -> None:
    killed("after cue.json", "reroll", part(cue), tmp_path / "job")
    assert done_before(tmp_path / "job", final=False) is None, "the page does not show the take yet"
    done = done_before(tmp_path / "job")
    assert done is not None
    assert done["take"] == 2


@unix
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_comp_killed_and_tried_again_adds_one_take(cue: Path, tmp_path: Path, moment: str) -> None:
    do("reroll", part(cue), tmp_path / "first")
    request = {"cue": str(cue), "use": 1, "in": "3s", "snap": "none"}
    killed(moment, "takes", request, tmp_path / "job")
    result = do("takes", request, tmp_path / "job")
    assert (result["take"], result["base"], result["taken_from"]) == (3, 2, 1)
    assert numbers(cue) == [1, 2, 3]
    assert verify(load(cue)) == ()
    assert is_current(load(cue))
    assert stands_alone(cue)


@unix
@pytest.mark.parametrize("moment", ["before cue.json", "after cue.json", "at the end"])
def test_a_prune_killed_and_tried_again_says_all_that_went(cue: Path, tmp_path: Path, moment: str) -> None:
    do("reroll", part(cue), tmp_path / "first")
    do("takes", {"cue": str(cue), "use": 1}, tmp_path / "use")
    request = {"cue": str(cue), "prune": True}
    killed(moment, "takes", request, tmp_path / "job")
    assert do("takes", request, tmp_path / "job")["pruned"] == [2]
    assert stands_alone(cue)
    assert verify(load(cue)) == ()
    assert is_current(load(cue))


@unix
def test_what_a_dead_worker_left_hidden_is_swept_unless_the_cue_is_being_changed(cue: Path, tmp_path: Path) -> None:
    from core.cue.changing import changing

    killed("before cue.json", "reroll", part(cue), tmp_path / "job")
    assert not stands_alone(cue)
    with changing(cue, Watch()):
        (cue / "takes" / ".hitpoint-0").mkdir()
        sweep("reroll", part(cue))
        assert (cue / "takes" / ".hitpoint-0").is_dir()
    assert stands_alone(cue)
    (cue / "takes" / ".hitpoint-1").mkdir()
    sweep("takes", part(cue))
    assert stands_alone(cue)
    sweep("reroll", {"cue": str(tmp_path / "gone")})


@unix
def test_two_processes_that_reroll_one_cue_make_two_takes_one_on_top_of_the_other(cue: Path, tmp_path: Path) -> None:
    program = KILLED_WHILE.replace("die()\n", "pass\n")
    requests = [part(cue), part(cue, seed=6, stems=["bass"])]
    both = [
        subprocess.Popen([sys.executable, "-c", program, "never", "reroll", json.dumps(request), str(tmp_path / name)])
        for name, request in zip("ab", requests, strict=True)
    ]
    assert [process.wait() for process in both] == [0, 0]
    after = load(cue)
    assert [(take.number, take.base) for take in after.takes] == [(1, None), (2, 1), (3, 2)]
    assert {take.hole.stems for take in after.takes if take.hole} == {("drums",), ("bass",)}
    assert verify(after) == ()


def test_a_reroll_can_be_cancelled_until_its_take_is_added(cue: Path, tmp_path: Path) -> None:
    before = (cue / "cue.json").read_bytes()
    stop: list[str] = []
    watch = Watch(lambda _, __, words: stop.append(words) if words == "splicing" else None, lambda: bool(stop))
    called: list[bool] = []
    with pytest.raises(Cancelled):
        perform(Job("reroll", part(cue), None, tmp_path / "job"), MEANS, watch, lambda: called.append(True))
    assert stop
    assert not called
    assert (cue / "cue.json").read_bytes() == before
    assert stands_alone(cue)


@pytest.fixture
def changed(demo_edit: Path, tmp_path: Path) -> Path:
    """The edit with its second shot twelve frames shorter."""
    timeline = json.loads(demo_edit.read_text())
    clips = timeline["tracks"]["children"][0]["children"]
    clips[1]["source_range"]["duration"]["value"] -= 12
    for clip in clips:
        media = clip["media_references"]["DEFAULT_MEDIA"]
        media["target_url"] = str(demo_edit.parent / media["target_url"])
    path = tmp_path / "edits" / "changed.otio"
    path.parent.mkdir()
    path.write_text(json.dumps(timeline))
    return path


@unix
@pytest.mark.parametrize("moment", ["before the record", "at the end"])
def test_a_changed_edit_whose_worker_was_killed_is_followed_in_one_cue(
    scored: Path, changed: Path, tmp_path: Path, moment: str
) -> None:
    before = (scored / "cue.json").read_bytes()
    request = {"cue": str(scored), "timeline": str(changed), "to": str(tmp_path / "cues"), "seed": 3}
    killed(moment, "reroll", request, tmp_path / "job")
    sweep("reroll", request)
    there = list((tmp_path / "cues").iterdir())
    assert len(there) == (1 if moment == "at the end" else 0)
    result = do("reroll", request, tmp_path / "job")
    assert list((tmp_path / "cues").iterdir()) == [Path(result["cue"])]
    assert result["made_from"] == {"cue": str(scored), "take": 1}
    assert {"kept", "gain"} <= set(result)
    assert result["kept"]
    for hole in result["holes"]:
        assert hole["start"] < 9
    assert verify(load(Path(result["cue"]))) == ()
    assert (scored / "cue.json").read_bytes() == before


def test_a_changed_edit_may_travel_and_its_cue_lies_beside_the_one_before(
    scored: Path, changed: Path, tmp_path: Path
) -> None:
    cue = shutil.copytree(scored, tmp_path / "cues" / "cue")
    gone = changed.with_name("not here.otio")
    result = do("reroll", {"cue": str(cue), "timeline": str(gone)}, tmp_path / "job", changed.read_bytes())
    assert Path(result["cue"]).parent == tmp_path / "cues"
    full = Means(quota=1, residents=MEANS.residents)
    again = Job("reroll", {"cue": str(cue), "timeline": str(changed)}, None, tmp_path / "again")
    with pytest.raises(UnusableInput, match="quota"):
        perform(again, full, Watch(), lambda: None)


def test_a_damaged_record_of_a_take_counts_as_none(cue: Path, tmp_path: Path) -> None:
    for number, take in enumerate([7, "x", [1], {"number": 1}, {}]):
        job = tmp_path / f"job {number}"
        job.mkdir()
        (job / RECORD).write_text(json.dumps({"result": {"cue": str(cue)}, "sha256": "", "take": take}))
        assert done_before(job) is None
    do("takes", {"cue": str(cue), "prune": True}, job)
    assert numbers(cue) == [1]


def test_verify_names_every_file_that_is_not_what_was_saved(cue: Path, tmp_path: Path) -> None:
    do("reroll", part(cue), tmp_path / "job")
    assert do("takes", {"cue": str(cue), "verify": True}, tmp_path / "look")["verified"] == [1, 2]
    with (cue / "takes" / "002" / "drums.wav").open("rb+") as file:
        file.seek(-1, 2)
        file.write(b"\x01")
    (cue / "takes" / "001" / "bass.wav").unlink()
    with pytest.raises(UnusableInput) as caught:
        do("takes", {"cue": str(cue), "verify": True}, tmp_path / "look")
    first, second, in_use, *_ = str(caught.value).split(". ")
    assert first == "Take 1 is damaged: takes/001/bass.wav is missing or cannot be read"
    assert second == (
        "Take 2 is damaged: takes/002/drums.wav is not what was saved"
        " and takes/001/bass.wav is missing or cannot be read"
    )
    assert in_use.startswith("Take 2, in use, is one of them")


def test_verify_tells_a_lost_take_in_one_sentence_and_that_the_one_in_use_is_whole(cue: Path, tmp_path: Path) -> None:
    do("reroll", part(cue, stems=[]), tmp_path / "job")
    do("takes", {"cue": str(cue), "use": 1}, tmp_path / "use")
    lost = len(list((cue / "takes" / "002").iterdir()))
    shutil.rmtree(cue / "takes" / "002")
    with pytest.raises(UnusableInput) as caught:
        do("takes", {"cue": str(cue), "verify": True}, tmp_path / "look")
    said = str(caught.value)
    assert said.count("takes/002/") == 3
    assert said.count("is damaged") == 1
    assert f" and {lost - 3} more like that. Take 1, in use, is whole (" in said


def test_a_stem_that_the_cue_has_not_and_a_take_that_is_not_there_name_those_that_are(
    cue: Path, tmp_path: Path
) -> None:
    with pytest.raises(WrongUse, match=r"no stem 'choir'.*drums"):
        do("reroll", part(cue, stems=["choir"]), tmp_path / "job")
    with pytest.raises(WrongUse, match=r"Take 9 does not exist.*The takes are: 1"):
        do("takes", {"cue": str(cue), "use": 9}, tmp_path / "job")
