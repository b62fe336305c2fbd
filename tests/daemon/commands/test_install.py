"""`hitpoint install` and `uninstall` as an editor calls them, in a user's folder of the test's own."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import lupa.lua54
import pytest

from integrations.installer import ACTIONS
from tests.daemon.commands.calls import HITPOINT, last

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the folders are those of Linux")

MENU = ".local/share/DaVinciResolve/Fusion/Scripts/Utility/Hitpoint"
REAPER = ".config/REAPER"
ROOT = Path(__file__).resolve().parents[3]


def run(user: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `hitpoint` as a user whose folder is `user`; its state lies there too."""
    environment = {**os.environ, "HOME": str(user), "HITPOINT_HOME": str(user / "state"), "PYTHONPATH": str(ROOT)}
    environment.pop("XDG_CONFIG_HOME", None)
    return subprocess.run([*HITPOINT, *words], capture_output=True, text=True, check=False, env=environment, cwd="/")


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_resolve_gets_its_menu_and_is_told_where_to_find_it(tmp_path: Path) -> None:
    answer = run(tmp_path, "install", "resolve")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert files(tmp_path / MENU) == {f"{name}.lua" for name in ACTIONS}
    lines = answer.stdout.splitlines()
    assert f"written: {tmp_path / MENU}/Score range.lua" in lines
    assert any(line.startswith("Next, in DaVinci Resolve: Workspace > Scripts > Hitpoint") for line in lines)
    exchange = tmp_path / "state/exchange"
    rooms = files(exchange / "scripts")
    assert {"hitpoint.lua", "hitpoint_resolve/__main__.py"} <= rooms
    assert "launcher.lua" not in rooms
    for folder in (exchange, exchange / "mailbox", exchange / "scripts", tmp_path / "state"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_menu_entry_calls_the_installed_script_with_everything_that_it_must_know(tmp_path: Path) -> None:
    """Its own room is replaced by one that repeats what it was told."""
    run(tmp_path, "install", "resolve")
    scripts = tmp_path / "state/exchange/scripts"
    (scripts / "hitpoint.lua").write_text("return function(told) heard = told end")
    lua = lupa.lua54.LuaRuntime()
    for name, action in ACTIONS.items():
        lua.execute((tmp_path / MENU / f"{name}.lua").read_text())
        heard = dict(lua.globals().heard)
        assert (heard["action"], heard["version"], heard["scripts"]) == (action, "0.1.0", str(scripts))
        assert heard["mailbox"] == str(tmp_path / "state/exchange/mailbox")
        told = subprocess.run([heard["program"], "--version"], capture_output=True, text=True, check=True)
        assert told.stdout.startswith("hitpoint")


def test_reaper_gets_five_actions_their_rooms_and_the_programs_place(tmp_path: Path) -> None:
    answer = run(tmp_path, "install", "reaper", "--json")
    assert answer.returncode == 0, answer.stderr
    told = last(answer)
    installed = files(tmp_path / REAPER)
    assert {f"Scripts/Hitpoint/Hitpoint_{name}.lua" for name in ACTIONS} <= installed
    assert "Data/Hitpoint/program.lua" in installed
    assert {step["did"] for step in told["steps"]} == {"made", "written"}
    assert "Load ReaScript" in told["next"][0]
    steps = [json.loads(line) for line in answer.stdout.splitlines()[:-1]]
    assert steps == told["steps"]


def test_a_portable_reaper_is_named(tmp_path: Path) -> None:
    portable = tmp_path / "stick/REAPER"
    assert run(tmp_path, "install", "reaper", "--to", str(portable)).returncode == 0
    assert (portable / "Data/Hitpoint/program.lua").is_file()
    assert not (tmp_path / REAPER).exists()
    assert run(tmp_path, "uninstall", "reaper", "--to", str(portable)).returncode == 0
    assert files(portable) == set()


def test_again_changes_nothing_and_uninstalling_leaves_the_users_own(tmp_path: Path) -> None:
    run(tmp_path, "install", "resolve", "--at-login")
    own = tmp_path / MENU / "mine.lua"
    own.write_text("print('mine')")
    again = last(run(tmp_path, "install", "resolve", "--at-login", "--json"))
    assert {step["did"] for step in again["steps"]} == {"unchanged"}
    login = tmp_path / ".config/autostart/hitpoint-daemon.desktop"
    assert "daemon" in login.read_text()
    gone = last(run(tmp_path, "uninstall", "resolve", "--json"))
    assert {step["did"] for step in gone["steps"]} == {"removed"}
    assert not login.exists()
    assert files(tmp_path / MENU) == {"mine.lua"}
    assert not (tmp_path / "state/exchange/scripts").exists()
    nothing = run(tmp_path, "uninstall", "resolve")
    assert (nothing.returncode, nothing.stderr) == (0, "")
    assert nothing.stdout == "Nothing of Hitpoint's was found in DaVinci Resolve's folders.\n"


def test_the_start_at_login_stays_while_the_other_program_needs_it(tmp_path: Path) -> None:
    login = tmp_path / ".config/autostart/hitpoint-daemon.desktop"
    run(tmp_path, "install", "resolve", "--at-login")
    run(tmp_path, "install", "reaper")
    run(tmp_path, "uninstall", "reaper")
    assert login.is_file()
    run(tmp_path, "uninstall", "resolve")
    assert not login.exists()


def test_clearing_a_named_folder_leaves_what_the_usual_entries_load(tmp_path: Path) -> None:
    other = tmp_path / "other/Utility"
    login = tmp_path / ".config/autostart/hitpoint-daemon.desktop"
    run(tmp_path, "install", "resolve", "--at-login")
    rooms = files(tmp_path / "state/exchange/scripts")
    run(tmp_path, "install", "resolve", "--to", str(other))
    run(tmp_path, "uninstall", "resolve", "--to", str(other))
    assert files(other) == set()
    assert files(tmp_path / MENU) == {f"{name}.lua" for name in ACTIONS}
    assert files(tmp_path / "state/exchange/scripts") == rooms
    assert login.is_file()
    run(tmp_path, "uninstall", "resolve")
    assert not (tmp_path / "state/exchange/scripts").exists()
    assert not login.exists()


def test_a_file_of_somebody_else_under_our_name_is_an_error_and_stays(tmp_path: Path) -> None:
    theirs = tmp_path / MENU / "Cancel.lua"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("print('theirs')")
    answer = run(tmp_path, "install", "resolve", "--json")
    assert answer.returncode == 3
    error = last(answer)["error"]
    assert error["where"] == str(theirs)
    assert "not Hitpoint's" in error["do"]
    assert theirs.read_text() == "print('theirs')"


def test_only_the_two_programs_are_known(tmp_path: Path) -> None:
    answer = run(tmp_path, "install", "premiere")
    assert answer.returncode == 2
    assert len(answer.stderr.splitlines()) == 1
