"""`hitpoint reroll` and `hitpoint takes` as people and scripts call them, through the daemon."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from daemon.commands import reroll as command
from tests.daemon.commands.calls import HITPOINT, last, listed, run

PART = ("--in", "01:00:10:00", "--out", "01:00:18:00", "--stem", "drums", "--stem", "bass")


@pytest.fixture
def cue(cue_of_the_demo: dict[str, Any], tmp_path: Path) -> Path:
    """A copy of the demonstration's cue."""
    return shutil.copytree(cue_of_the_demo["cue"], tmp_path / "cue")


def samples(file: str) -> np.ndarray:
    read: np.ndarray = soundfile.read(file, dtype="int32")[0]
    return read


def test_a_reroll_is_new_inside_the_hole_and_the_same_everywhere_else(
    cue: Path, cue_of_the_demo: dict[str, Any]
) -> None:
    answer = run("reroll", cue, *PART, "--seed", "9", "--json")
    assert answer.returncode == 0, answer.stderr
    result = last(answer)
    assert set(cue_of_the_demo) | {"hole", "kept", "gain"} <= set(result)
    assert (result["take"], result["seed"], result["base"]) == (2, 9, 1)
    hole = result["hole"]
    assert hole["stems"] == ["drums", "bass"]
    assert hole["asked"] == ["01:00:10:00", "01:00:18:00"]
    first, last_ = (round(edge * 48_000) for edge in (hole["start"], hole["start"] + hole["duration"]))
    assert 10 * 48_000 <= first < last_ <= 18 * 48_000
    for stem, file in {**result["stems"], "mix": result["mix"]}.items():
        before = cue_of_the_demo["mix"] if stem == "mix" else cue_of_the_demo["stems"][stem]
        changed = np.flatnonzero((samples(file) != samples(before)).any(axis=1))
        if stem in ("drums", "bass", "mix"):
            assert first <= changed[0] <= changed[-1] < last_
        else:
            assert not len(changed)
    again = last(run("reroll", cue, *PART, "--seed", "9", "--json"))
    assert again["take"] == 3
    assert np.array_equal(samples(again["stems"]["drums"]), samples(result["stems"]["drums"])) == (again["base"] == 1)
    job = listed()[result["job"]]
    assert (job["kind"], job["state"]) == ("reroll", "done")
    assert job["name"] == "cue drums bass 01:00:10:00–01:00:18:00"


def test_people_are_told_what_is_new_where_it_settled_and_how_to_go_back(cue: Path) -> None:
    answer = run("reroll", cue, *PART)
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert lines[0] == f"Take 2 of {cue}"
    assert lines[1].startswith("  drums and bass, 01:00:1")
    assert ", bars " in lines[1]
    assert lines[2].startswith("  it begins on bar ")
    assert any("hits inside met" in line for line in lines)
    assert any("turned down" in line for line in lines)
    assert lines[-1] == f"Go back with: hitpoint takes {cue} --use 1"
    back = run(*lines[-1].split()[4:])
    assert (back.returncode, back.stdout) == (0, f"Take 1 of {cue} is in use.\n")
    timeline = (cue / "cue.otio").read_text()
    assert "takes/001/drums.wav" in timeline
    assert "takes/002" not in timeline


def test_takes_are_listed_chosen_mixed_verified_and_pruned(cue: Path) -> None:
    one = last(run("reroll", cue, "--in", "240f", "--out", "18s", "--snap", "none", "--stem", "melody", "--json"))
    assert run("takes", cue, "--use", "1").returncode == 0
    mixed = last(run("takes", cue, "--use", "2", "--in", "12s", "--snap", "none", "--json"))
    assert (mixed["take"], mixed["base"], mixed["taken_from"]) == (3, 1, 2)
    assert set(one) == set(mixed), "a part of another take is told as a re-roll is"
    middle = slice(round(12.1 * 48_000), 18 * 48_000)
    np.testing.assert_array_equal(samples(mixed["stems"]["melody"])[middle], samples(one["stems"]["melody"])[middle])

    rows = last(run("takes", cue, "--json"))["takes"]
    assert [(row["take"], row["in_use"], row["taken_from"]) for row in rows] == [
        (1, False, None),
        (2, False, None),
        (3, True, 2),
    ]
    assert rows[1]["hole"]["in"] == "01:00:10:00"
    assert rows[1]["stems"] == ["melody"]
    assert {"section", "seed", "engine", "style", "made"} <= set(rows[1])
    header, *lines = run("takes", cue).stdout.splitlines()
    assert header.split() == ["take", "part", "bars", "stems", "seed", "made", "by", "when"]
    assert lines[1].split()[:2] == ["2", "01:00:10:00–01:00:18:00"]
    assert [line[0] for line in lines] == [" ", " ", "*"]

    verified = run("takes", cue, "--verify")
    assert verified.stdout == (
        "Takes 1, 2 and 3: every file is what was saved, and every re-roll kept what it had to.\n"
    )
    chosen = last(run("takes", cue, "--use", "1", "--json"))
    assert (chosen["chosen"], chosen["take"]) == (1, 1)
    assert last(run("takes", cue, "--prune", "--json"))["pruned"] == [2, 3]
    assert [entry.name for entry in (cue / "takes").iterdir()] == ["001"]
    assert run("takes", cue, "--prune").stdout == "Nothing went: the take in use is made of all of them.\n"
    assert run("reroll", cue, *PART, "--seed", "9").stdout.startswith("Take 4 of ")


def test_damage_leaves_with_the_code_of_unusable_input_and_names_each_file(cue: Path) -> None:
    for stem in ("drums", "bass"):
        (cue / "takes" / "001" / f"{stem}.wav").write_bytes(b"")
    answer = run("takes", cue, "--verify", "--json")
    assert answer.returncode == 3
    assert "takes/001/drums.wav" in answer.stderr
    assert "takes/001/bass.wav" in last(answer)["error"]["what"]
    assert len(answer.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["reroll"], 2, "Missing argument"),
        (["reroll", "{gone}"], 3, "There is no cue here"),
        (["reroll", "{cue}", "--stem", "choir"], 2, "no stem 'choir'"),
        (["reroll", "{cue}", "--stem", "a/b"], 2, "stems"),
        (["reroll", "{cue}", "--in", "noon"], 2, "noon"),
        (["reroll", "{cue}", "--out", "02:00:00:00"], 3, "outside the cue"),
        (["reroll", "{cue}", "--in", "5s", "--out", "5s"], 3, "empty"),
        (["reroll", "{cue}", "--snap", "frame"], 2, "beat"),
        (["reroll", "{cue}", "--style", "polka"], 2, "lo-fi"),
        (["reroll", "{cue}", "--to", "x"], 2, "--timeline"),
        (["reroll", "{cue}", "--timeline", "{gone}"], 3, "no such file"),
        (["reroll", "{cue}", "--timeline", "{cue}", "--stem", "drums"], 2, "--stem"),
        (["reroll", "{cue}", "--timeline", "{cue}", "--snap", "bar"], 2, "--snap"),
        (["reroll", "{cue}", "--timeline", "{cue}", "--style", "ambient"], 2, "--style"),
        (["reroll", "{cue}", "--in", "2000s"], 3, "lies outside the cue"),
        (["takes", "{gone}"], 3, "There is no cue here"),
        (["takes", "{cue}", "--use", "7"], 2, "Take 7 does not exist"),
        (["takes", "{cue}", "--use", "0"], 2, "0"),
        (["takes", "{cue}", "--use", "1", "--in", "2s"], 2, "is the one in use"),
        (["takes", "{cue}", "--in", "2s"], 2, "--use"),
        (["takes", "{cue}", "--stem", "drums", "--verify"], 2, "--use"),
        (["takes", "{cue}", "--verify", "--prune"], 2, "at once"),
    ],
)
def test_a_mistake_is_one_sentence_and_changes_nothing(
    cue_of_the_demo: dict[str, Any], tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    cue = Path(cue_of_the_demo["cue"])
    before = {path: path.stat().st_mtime_ns for path in cue.rglob("*")}
    places = {"{cue}": str(cue), "{gone}": str(tmp_path / "gone")}
    answer = run(*(places.get(word, word) for word in words))
    assert answer.returncode == code, answer.stderr
    assert said in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1
    after = {path: path.stat().st_mtime_ns for path in cue.rglob("*")}
    assert {path: time for path, time in after.items() if path.is_file()} == {
        path: time for path, time in before.items() if path.is_file()
    }


def test_a_changed_edit_keeps_its_music_where_the_picture_stayed(
    cue_of_the_demo: dict[str, Any], demo_edit: Path, tmp_path: Path
) -> None:
    timeline = json.loads(demo_edit.read_text())
    clips = timeline["tracks"]["children"][0]["children"]
    clips[-3]["source_range"]["duration"]["value"] -= 12
    for clip in clips:
        media = clip["media_references"]["DEFAULT_MEDIA"]
        media["target_url"] = str(demo_edit.parent / media["target_url"])
    edit = tmp_path / "changed.otio"
    edit.write_text(json.dumps(timeline))
    answer = run("reroll", cue_of_the_demo["cue"], "--timeline", edit, "--to", tmp_path / "cues")
    assert answer.returncode == 0, answer.stderr
    place, origin, *rest = answer.stdout.splitlines()
    assert Path(place).parent == tmp_path / "cues"
    assert origin == f"  follows take 1 of {cue_of_the_demo['cue']}"
    assert rest[0].startswith("  new: 01:00:")
    early = slice(0, 20 * 48_000)
    before, after = samples(cue_of_the_demo["mix"]), samples(str(Path(place, "takes", "001", "mix.wav")))
    np.testing.assert_array_equal(before[early], after[early])
    assert len(after) == len(before) - 24_000
    job = next(iter(listed().values()))
    in_words = run("jobs", job["id"])
    assert in_words.stdout == answer.stdout
    same = run("reroll", cue_of_the_demo["cue"], "--timeline", demo_edit, "--to", tmp_path / "cues")
    assert same.returncode == 3
    assert "has changed" in same.stderr


@pytest.mark.skipif(os.name == "nt", reason="a worker is killed by a signal")
@pytest.mark.parametrize("stage", ["compose", "audio", "cue"])
def test_a_worker_killed_at_a_reroll_makes_one_take_all_the_same(cue: Path, stage: str) -> None:
    work = subprocess.Popen([*HITPOINT, "reroll", str(cue), *PART, "--json"], stdout=subprocess.PIPE, text=True)
    assert work.stdout is not None
    for line in work.stdout:
        if json.loads(line).get("stage") == stage:
            break
    busy = [one["pid"] for one in last(run("daemon", "status", "--json"))["workers"] if one["state"] == "busy"]
    for pid in busy:
        os.kill(pid, signal.SIGKILL)
    said, _ = work.communicate(timeout=120)
    assert work.returncode == 0
    result = json.loads(said.splitlines()[-1]) if said else last(run("takes", cue, "--json"))
    assert result.get("take", 2) == 2
    assert [row["take"] for row in last(run("takes", cue, "--json"))["takes"]] == [1, 2]
    assert run("takes", cue, "--verify").returncode == 0
    assert sorted(entry.name for entry in (cue / "takes").iterdir()) == ["001", "002"]


def test_hits_that_a_new_take_misses_are_named_up_to_a_dozen() -> None:
    hits = [
        {"time": 1.0 + number, "kind": "cut", "label": "HIT" * (number == 0), "met": number > 13, "why": "too fast"}
        for number in range(20)
    ]
    hole: dict[str, Any] = {
        "start": 1.0,
        "duration": 18.0,
        "in": "01:00:01:00",
        "out": "01:00:19:00",
        "stems": ["effects"],
        "asked": ["01:00:01:00", "01:00:19:00"],
        "edges": ["as asked", "as asked"],
        "bars": [2, 2],
    }
    result = {
        "cue": "/cues/a cue",
        "take": 3,
        "base": 1,
        "taken_from": 2,
        "hole": hole,
        "hits": hits,
        "rate": "24/1",
        "seed": 5,
        "loudness": -20.04,
        "true_peak": -1.0,
        "gain": {"db": -3.0, "turned_down_db": 2.0},
        "offline": [],
        "said": ["The new music was turned down by up to 2.0 dB."],
    }
    lines = command.words(result).splitlines()
    assert lines[1:4] == [
        "  effects from take 2, 01:00:01:00 to 01:00:19:00, bar 2",
        "  seed 5, -20.0 LUFS, -1.0 dBTP",
        "  4 of 18 hits inside met",
    ]
    assert lines[4] == "  not met: cut 'HIT' at 1.00 s: too fast"
    assert lines[-3:-1] == ["  … and 2 more, named in cue.html", "  The new music was turned down by up to 2.0 dB."]
    assert "--use 1" in lines[-1]
    assert command.words({**result, "hits": hits[19:]}).splitlines()[3] == "  no hits inside"
