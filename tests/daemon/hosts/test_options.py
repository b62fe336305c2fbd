"""Options of hosts: a project's go before the user's, and those before what is usual; nothing remembered is lost."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import UnusableInput, WrongUse
from daemon.home import Home, prepare
from daemon.hosts import memory
from daemon.hosts.options import Options, for_scripts, merged, options_of, plain, remember


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path / "home")
    prepare(found)
    return found


def test_without_anything_remembered_everything_is_as_usual(home: Home) -> None:
    assert options_of(home, "01234567", {}) == Options("composer", "auto", False, "new", (), "all")
    assert not home.hosts.exists()


def test_the_request_goes_before_the_project_and_that_before_the_user(home: Home) -> None:
    remember(home, "", {"style": "tension", "markers": "hits", "seed": 5})
    remember(home, "01234567", {"style": "lo-fi", "stems": ["drums", "bass"]})
    held = options_of(home, "01234567", {"seed": 9})
    assert held == Options("composer", "lo-fi", False, 9, ("drums", "bass"), "hits")
    assert options_of(home, "76543210", {}) == Options(style="tension", markers="hits", seed=5)


def test_what_is_not_told_stays_as_it_was(home: Home) -> None:
    remember(home, "01234567", {"style": "lo-fi", "under_speech": True})
    held = remember(home, "01234567", {"under_speech": False, "stems": []})
    assert held == Options(style="lo-fi")


def test_scripts_are_told_whole_options_for_each_project(home: Home) -> None:
    remember(home, "", {"style": "tension"})
    remember(home, "01234567", {"markers": "none"})
    told = for_scripts(memory.recall(home))
    assert told["defaults"] == plain(Options(style="tension"))
    assert told["projects"] == {"01234567": plain(Options(style="tension", markers="none"))}


@pytest.mark.parametrize(
    "told",
    [
        {"engine": ""},
        {"engine": "../x"},
        {"style": 7},
        {"style": "a\nb"},
        {"under_speech": 1},
        {"seed": -1},
        {"seed": 2**31},
        {"seed": True},
        {"seed": "old"},
        {"stems": "drums"},
        {"stems": [""]},
        {"stems": ["x"] * 17},
        {"markers": "some"},
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name_and_not_remembered(home: Home, told: dict[str, Any]) -> None:
    with pytest.raises(WrongUse, match=next(iter(told))):
        remember(home, "", told)
    assert not home.hosts.exists()
    with pytest.raises(WrongUse):
        merged(told)


def test_what_is_remembered_is_this_users_alone_and_written_whole(home: Home) -> None:
    remember(home, "01234567", {"style": "lo-fi"})
    if os.name != "nt":
        assert stat.S_IMODE(home.hosts.stat().st_mode) == 0o600
    assert json.loads(home.hosts.read_text())["projects"] == {"01234567": {"style": "lo-fi"}}
    before = home.hosts.stat().st_mtime_ns
    remember(home, "01234567", {"style": "lo-fi"})
    assert home.hosts.stat().st_mtime_ns == before


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"projects": []}', b"\xff", b""])
def test_a_damaged_file_is_told_in_a_sentence_and_left_as_it_is(home: Home, content: bytes) -> None:
    home.hosts.write_bytes(content)
    home.hosts.chmod(0o600)
    with pytest.raises(UnusableInput, match=r"damaged.*Remove it"):
        options_of(home, "", {})
    with pytest.raises(UnusableInput):
        remember(home, "", {"style": "lo-fi"})
    assert home.hosts.read_bytes() == content


def test_many_programs_that_remember_at_once_lose_nothing(home: Home) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from daemon.home import Home; from daemon.hosts.options import remember\n"
        "for n in range(10): remember(Home(Path(sys.argv[1])), f'{sys.argv[2]}{n:07}', {'seed': n})"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(home.folder), str(each)]) for each in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    assert len(memory.recall(home)["projects"]) == 40


def test_only_so_many_projects_are_kept_the_newest_ones(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(memory.MOST, "projects", 3)
    for number in range(5):
        remember(home, f"{number}" * 8, {"seed": number})
    remember(home, "22222222", {"markers": "hits"})
    remember(home, "66666666", {"seed": 6})
    assert list(memory.recall(home)["projects"]) == ["44444444", "22222222", "66666666"]


# --- answers that wait


def test_of_one_cue_only_the_newest_answer_waits(home: Home) -> None:
    memory.make_ready(home, "p-t", "first000", "cue00001")
    memory.make_ready(home, "p-t", "other000", "cue00002")
    memory.make_ready(home, "p-t", "second00", "cue00001")
    assert memory.recall(home)["ready"] == {"p-t": {"other000": "cue00002", "second00": "cue00001"}}
    memory.forget_ready(home, frozenset({"second00", "unknown0"}))
    assert memory.recall(home)["ready"] == {"p-t": {"other000": "cue00002"}}
    memory.forget_ready(home, frozenset({"other000"}))
    assert memory.recall(home)["ready"] == {}


def test_where_a_cue_lies_is_what_was_said_last(home: Home) -> None:
    memory.remember_cue(home, "cue00001", "/a")
    memory.remember_cue(home, "cue00001", "/b")
    assert memory.recall(home)["cues"] == {"cue00001": "/b"}
