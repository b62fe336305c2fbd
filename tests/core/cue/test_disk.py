"""Cue folders that appear whole or not at all, under names that every system takes."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from core.atomic import write_whole
from core.cue.disk import bytes_needed, check_room, new_cue, remove_stale, safe_name
from core.cue.opus import compressed
from core.cue.page import EMBEDDED_S
from core.errors import UnusableInput
from core.watch import Watch


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_cue_becomes_visible_only_when_it_is_whole(tmp_path: Path) -> None:
    with new_cue(tmp_path, "Reel 1") as new:
        write_whole(new.path / "cue.json", b"{}")
        assert visible(tmp_path) == []
    assert new.final == tmp_path / "Reel 1"
    assert list(tmp_path.iterdir()) == [new.final]
    assert (new.final / "cue.json").read_bytes() == b"{}"


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, UnusableInput])
def test_any_failure_removes_everything(tmp_path: Path, failure: type[BaseException]) -> None:
    def make() -> None:
        with new_cue(tmp_path, "Reel 1") as new:
            (new.path / "takes").mkdir()
            write_whole(new.path / "takes" / "drums.wav", b"sound")
            raise failure("no")

    with pytest.raises(failure):
        make()
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    (tmp_path / "Reel").write_text("a file of that name")
    made: list[Path] = []
    for _ in range(3):
        with new_cue(tmp_path, "Reel") as new:
            (new.path / "cue.json").write_text(str(len(made)))
        made.append(new.final)
    assert [path.name for path in made] == ["Reel 2", "Reel 3", "Reel 4"]
    assert [(path / "cue.json").read_text() for path in made] == ["0", "1", "2"]
    assert (tmp_path / "Reel").read_text() == "a file of that name"


def test_a_name_taken_in_the_meantime_is_not_overwritten(tmp_path: Path) -> None:
    with new_cue(tmp_path, "Reel") as new:
        with new_cue(tmp_path, "Reel") as other:
            (other.path / "cue.json").write_text("other")
        (new.path / "cue.json").write_text("new")
    assert other.final.name == "Reel"
    assert new.final.name == "Reel 2"
    assert (other.final / "cue.json").read_text() == "other"
    assert (new.final / "cue.json").read_text() == "new"


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_killed_process_leaves_no_visible_cue_and_its_remains_go_with_the_next(tmp_path: Path) -> None:
    script = """
import sys, time
from pathlib import Path
from core.cue.disk import new_cue
with new_cue(Path(sys.argv[1]), "Reel") as new:
    (new.path / "drums.wav").write_bytes(bytes(1000))
    print("working", flush=True)
    time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    remove_stale(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2, "a living process keeps its folder and its lock"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert visible(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 2
    with new_cue(tmp_path, "Reel") as new:
        assert len(list(tmp_path.iterdir())) == 2, "the remains are gone, the new folder and its lock are there"
    assert list(tmp_path.iterdir()) == [new.final]


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnusableInput, match=str(tmp_path)), new_cue(tmp_path / "file" / "cues", "Reel"):
        pass


@given(st.text(max_size=300))
def test_any_name_is_made_safe(text: str) -> None:
    name = safe_name(text)
    assert name
    assert not set(name) & set('/\\:<>"|?*;')
    assert name.isprintable()
    assert name == name.strip(" .")
    assert len(name) <= 81
    assert len(name.encode()) <= 201
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Reel 1 01:00:00:00", "Reel 1 01.00.00.00"),
        ("Reel 1 01:00:00;00", "Reel 1 01.00.00.00"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("COM1", "_COM1"),
        ("console", "console"),
        ("../../etc/passwd", "etc passwd"),
        ("..", "Cue"),
        ("", "Cue"),
        ("trailing dots...", "trailing dots"),
        ("tab\tand\nline", "tab and line"),
        ("Für Élise", "Für Élise"),
        ("\ud800broken", "broken"),
        ("日本" * 100, "日本" * 33),
    ],
)
def test_names_that_systems_stumble_over(tmp_path: Path, text: str, name: str) -> None:
    assert safe_name(text) == name
    (tmp_path / safe_name(text)).mkdir()


def test_too_little_room_is_said_before_work_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 10**12 - 3 * 10**8, 3 * 10**8))
    check_room(tmp_path / "not" / "there" / "yet", 2 * 10**8)
    with pytest.raises(UnusableInput, match=r"about 1\.1 GB are needed, 300 MB are free \(.*\)\. Free some space"):
        check_room(tmp_path, bytes_needed(3600 * 48_000, 0) + 10**6 * 30)


def test_the_room_a_cue_needs_is_known() -> None:
    hour = 3600 * 48_000
    assert bytes_needed(hour, 5) == pytest.approx(6 * hour * 6, rel=0.01)


@pytest.mark.parametrize("sample_rate", [44_100, 96_000])
def test_the_page_of_a_short_cue_has_room_for_its_stems(tmp_path: Path, sample_rate: int) -> None:
    noise = np.random.default_rng(1).uniform(-1, 1, (10 * sample_rate, 2))
    soundfile.write(tmp_path / "noise.wav", noise, sample_rate, subtype="PCM_24")
    carried = len(base64.b64encode(compressed({"noise": tmp_path / "noise.wav"}, Watch())["noise"]))
    assert bytes_needed(len(noise), 1) >= 2 * len(noise) * 6 + carried
    longest = round(EMBEDDED_S) * sample_rate
    assert bytes_needed(longest, 5) >= 6 * longest * 6 + 5 * 36 * carried + 15_000_000
