"""Scripts go to the right folders of every system, whole, once, and come away again; nothing foreign is touched."""

from __future__ import annotations

import configparser
import os
import plistlib
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lupa.lua51
import lupa.lua54
import lupa.luajit21
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.installer import (
    ACTIONS,
    Step,
    install,
    installed_version,
    lua_string,
    reaper_files,
    resolve_menu,
    resolve_rooms,
    uninstall,
    write,
)
from integrations.login import is_ours, login_content
from integrations.places import Places, login_entry, program, reaper_resources, resolve_scripts

LUAS: Mapping[str, Any] = {"5.1": lupa.lua51, "5.4": lupa.lua54, "LuaJIT": lupa.luajit21}
TEMPLATE = """-- entry
return {version = @VERSION@, action = "@ACTION@", scripts = @SCRIPTS@, mailbox = @MAILBOX@, program = @PROGRAM@}
"""
posix = pytest.mark.skipif(os.name == "nt", reason="mode bits say nothing on Windows")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Scripts as they are delivered: a template, two rooms, the Python variant."""
    folder = tmp_path / "delivered"
    folder.mkdir()
    (folder / "launcher.lua").write_text(TEMPLATE)
    (folder / "hitpoint.lua").write_text("return 1\n")
    (folder / "place.lua").write_text("return 2")
    (folder / "hitpoint_resolve").mkdir()
    (folder / "hitpoint_resolve/host.py").write_text("print(3)\n")
    return folder


def run_lua(code: bytes, lua: Any = lupa.lua54) -> Any:
    return lua.LuaRuntime(encoding=None).execute(code)


def resolve(source: Path, menu: Path, scripts: Path, version: str = "0.1.0") -> dict[Path, bytes]:
    rooms = resolve_rooms(source, scripts, version)
    return rooms | resolve_menu(source, menu, scripts, scripts.parent / "mailbox", Path("/opt/hp/hitpoint"), version)


def done(steps: list[Step]) -> dict[str, list[str]]:
    """What was done → names of the files."""
    found: dict[str, list[str]] = {}
    for step in steps:
        found.setdefault(step.did, []).append(step.path.name)
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- places


def test_resolves_folders_are_those_of_each_system(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path / "me"), "APPDATA": str(tmp_path / "Roaming"), "PROGRAMDATA": str(tmp_path / "Data")}
    linux = resolve_scripts("Linux", home, tmp_path)
    assert linux.user == (tmp_path / "me/.local/share/DaVinciResolve/Fusion/Scripts",)
    assert linux.machine == (tmp_path / "opt/resolve/Fusion/Scripts", tmp_path / "home/resolve/Fusion/Scripts")
    mac = resolve_scripts("Darwin", home, tmp_path)
    below = "Library/Application Support/Blackmagic Design/DaVinci Resolve/Fusion/Scripts"
    assert (mac.user, mac.machine) == ((tmp_path / "me" / below,), (tmp_path / below,))
    windows = resolve_scripts("Windows", home)
    assert windows.user == (tmp_path / "Roaming/Blackmagic Design/DaVinci Resolve/Support/Fusion/Scripts",)
    assert windows.machine == (tmp_path / "Data/Blackmagic Design/DaVinci Resolve/Fusion/Scripts",)
    assert resolve_scripts("Plan 9", home) == Places()
    assert resolve_scripts("Windows", {"APPDATA": ""}) == Places()


def test_the_app_stores_sandbox_is_found(tmp_path: Path) -> None:
    box = tmp_path / "Library/Containers/com.blackmagic-design.DaVinciResolveLite"
    box.mkdir(parents=True)
    assert resolve_scripts("Darwin", {"HOME": str(tmp_path)}).closed == (box,)
    assert resolve_scripts("Linux", {"HOME": str(tmp_path)}).closed == ()


def test_reapers_folder_is_that_of_each_system(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "APPDATA": str(tmp_path / "Roaming")}
    assert reaper_resources("Linux", home).user == (tmp_path / ".config/REAPER",)
    assert reaper_resources("Darwin", home).user == (tmp_path / "Library/Application Support/REAPER",)
    assert reaper_resources("Windows", home).user == (tmp_path / "Roaming/REAPER",)
    moved = {**home, "XDG_CONFIG_HOME": str(tmp_path / "conf")}
    assert reaper_resources("Linux", moved).user == (tmp_path / ".config/REAPER",)
    (tmp_path / "conf/REAPER").mkdir(parents=True)
    assert reaper_resources("Linux", moved).user == (tmp_path / "conf/REAPER", tmp_path / ".config/REAPER")


def test_the_command_of_this_environment_is_found(tmp_path: Path) -> None:
    found = program("Linux")
    assert found is not None
    assert found.is_absolute()
    assert os.access(found, os.X_OK)
    (tmp_path / "hitpoint.exe").touch()
    assert program("Windows", (tmp_path,)) == tmp_path / "hitpoint.exe"
    assert program("Linux", (tmp_path,)) is None


# --- what is written


@pytest.mark.parametrize("lua", LUAS.values(), ids=LUAS)
@given(text=st.text())
def test_any_text_is_a_safe_string_in_every_lua(lua: Any, text: str) -> None:
    text = text.encode(errors="replace").decode()
    literal = lua_string(text)
    assert literal.isascii()
    assert literal.isprintable()
    assert run_lua(f"return {literal}".encode(), lua) == text.encode()


def test_the_menu_has_five_entries_that_know_their_action_and_where_everything_is(source: Path, tmp_path: Path) -> None:
    scripts = tmp_path / 'Hö "me"\\ ]]' / "scripts"
    menu = resolve_menu(source, tmp_path, scripts, scripts.parent / "mailbox", Path("/x/日本/hitpoint"), "0.1.0")
    assert {path.parent.name for path in menu} == {"Hitpoint"}
    assert [path.name for path in menu] == [
        "Score range.lua",
        "Re-roll.lua",
        "Next take.lua",
        "Previous take.lua",
        "Cancel.lua",
    ]
    for (path, content), action in zip(menu.items(), ACTIONS.values(), strict=True):
        table = {key.decode(): value.decode() for key, value in run_lua(content).items()}
        assert table == {
            "version": "0.1.0",
            "action": action,
            "scripts": str(scripts),
            "mailbox": str(scripts.parent / "mailbox"),
            "program": "/x/日本/hitpoint",
        }, path


def test_reaper_gets_its_scripts_with_their_rooms_and_the_programs_place(tmp_path: Path) -> None:
    source = tmp_path / "delivered"
    (source / "lib").mkdir(parents=True)
    (source / "Hitpoint_Score range.lua").write_text("-- @version 0.1.0\nreturn 'score'")
    (source / "lib" / "way.lua").write_text("return 'way'")
    (source / "index.xml").write_text("<index/>")
    content = reaper_files(source, tmp_path / "R", Path('/a "b"/hitpoint'), "0.1.0")
    assert {str(path.relative_to(tmp_path / "R")) for path in content} == {
        "Scripts/Hitpoint/Hitpoint_Score range.lua",
        "Scripts/Hitpoint/lib/way.lua",
        "Data/Hitpoint/program.lua",
    }
    told = run_lua(content[tmp_path / "R/Data/Hitpoint/program.lua"])
    assert dict(told) == {b"program": b'/a "b"/hitpoint', b"version": b"0.1.0"}
    score = content[tmp_path / "R/Scripts/Hitpoint/Hitpoint_Score range.lua"]
    assert score.startswith(b"-- @version 0.1.0\n")
    assert run_lua(score) == b"score"


# --- installing


def test_folders_are_made_and_a_second_time_changes_nothing(source: Path, tmp_path: Path) -> None:
    menu, scripts = tmp_path / "host/Utility", tmp_path / "ours/scripts"
    content = resolve(source, menu, scripts)
    first = done(list(install(content, [menu, scripts])))
    assert len(first["written"]) == 8
    assert {"Hitpoint", "scripts", "hitpoint_resolve"} == set(first["made"])
    there = files(tmp_path)
    assert done(list(install(content, [menu, scripts]))) == {"unchanged": first["written"]}
    assert files(tmp_path) == there
    assert (scripts / "place.lua").read_bytes() == b"return 2\n-- Installed by Hitpoint 0.1.0.\n"
    assert (scripts / "hitpoint_resolve/host.py").read_bytes() == b"print(3)\n# Installed by Hitpoint 0.1.0.\n"


def test_an_update_replaces_what_is_there_and_removes_old_names_wherever_they_lie(source: Path, tmp_path: Path) -> None:
    user, machine, scripts = tmp_path / "user/Scripts", tmp_path / "machine/Scripts", tmp_path / "ours/scripts"
    list(install(resolve(source, user / "Utility", scripts, "0.0.9"), []))
    list(install(resolve(source, machine / "Utility", tmp_path / "other/scripts", "0.0.9"), []))
    write(user / "Edit/Hitpoint/Score selection.lua", b"return 0\n-- Installed by Hitpoint 0.0.8.\n")
    write(scripts / "gone.lua", b"return 0\n-- Installed by Hitpoint 0.0.9.\n")
    steps = list(install(resolve(source, user / "Utility", scripts), [user, machine, scripts]))
    assert {step.words for step in steps if step.did == "written"} == {"in place of version 0.0.9"}
    removed = {str(step.path.relative_to(tmp_path)) for step in steps if step.did == "removed"}
    assert removed == {
        *(f"machine/Scripts/Utility/Hitpoint/{name}.lua" for name in ACTIONS),
        "user/Scripts/Edit/Hitpoint/Score selection.lua",
        "ours/scripts/gone.lua",
    }
    assert not (machine / "Utility/Hitpoint").exists()
    assert (machine / "Utility").is_dir()
    assert not (user / "Edit/Hitpoint").exists()
    assert {installed_version(path) for path in user.rglob("*.lua")} == {"0.1.0"}


def test_files_of_others_stay_even_under_our_names(source: Path, tmp_path: Path) -> None:
    menu, scripts = tmp_path / "Scripts/Utility", tmp_path / "ours/scripts"
    own = {"Hitpoint/Re-roll.lua": b"-- mine", "Hitpoint/notes.lua": b"-- Hitpoint 0.1.0 is nice\n", "x.py": b"1"}
    for name, content in own.items():
        write(menu / name, content)
    steps = list(install(resolve(source, menu, scripts), [menu, scripts]))
    (refused,) = [step for step in steps if step.did == "refused"]
    assert refused.path == menu / "Hitpoint/Re-roll.lua"
    assert "not Hitpoint's" in refused.words
    write(scripts / "hitpoint_resolve/__pycache__/host.pyc", b"compiled")
    list(uninstall([menu, scripts]))
    assert files(menu) == own
    assert not scripts.exists()


def test_what_may_not_be_written_or_removed_is_said_with_its_path(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, locked = tmp_path / "machine", tmp_path / "locked"
    list(install(resolve(source, machine, tmp_path / "s"), []))

    def denied(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        for call in ("replace", "unlink"):
            patch.setattr(Path, call, denied)
        steps = list(install(resolve_menu(source, locked, machine, machine, machine, "0.2.0"), [machine]))
    assert {(step.did, step.path.parent) for step in steps} == {
        ("refused", locked / "Hitpoint"),
        ("left", machine / "Hitpoint"),
    }
    assert all("Permission denied" in step.words for step in steps)
    assert all("by hand" in step.words for step in steps if step.did == "left")


def test_a_write_that_fails_leaves_what_was_there(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = resolve(source, tmp_path / "menu", tmp_path / "scripts", "0.0.9")
    list(install(content, []))
    before = files(tmp_path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    steps = list(install(resolve(source, tmp_path / "menu", tmp_path / "scripts"), [tmp_path / "menu"]))
    assert {step.did for step in steps} == {"refused"}
    assert {step.words for step in steps} == {"it cannot be written: No space left on device"}
    assert files(tmp_path) == before


def test_uninstalling_leaves_nothing_of_ours(source: Path, tmp_path: Path) -> None:
    menu, scripts = tmp_path / "Scripts/Utility", tmp_path / "ours/scripts"
    list(install(resolve(source, menu, scripts), [menu]))
    jobs = tmp_path / "Data/Hitpoint/jobs"
    write(jobs / "k3j9x2ab/request.json", b"{}")
    steps = list(uninstall([menu, scripts], [jobs]))
    assert {step.did for step in steps} == {"removed"}
    assert files(tmp_path / "Scripts") == files(tmp_path / "ours") == files(tmp_path / "Data") == {}
    assert not (menu / "Hitpoint").exists()
    assert not (tmp_path / "Data/Hitpoint").exists()
    assert list(uninstall([menu, scripts], [jobs])) == []


def test_a_folder_that_the_user_named_stays_whatever_it_is_called(source: Path, tmp_path: Path) -> None:
    menu, rooms = tmp_path / "scripts", tmp_path / "ours"
    list(install(resolve(source, menu, rooms), [menu]))
    write(menu / "__pycache__/theirs.pyc", b"compiled")
    list(uninstall([menu, rooms]))
    assert files(menu) == {"__pycache__/theirs.pyc": b"compiled"}
    (menu / "__pycache__/theirs.pyc").unlink()
    (menu / "__pycache__").rmdir()
    list(install(resolve(source, menu, rooms), [menu]))
    list(uninstall([menu, rooms]))
    assert menu.is_dir()


# --- the start at login


def test_the_login_file_is_where_each_system_looks(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "APPDATA": str(tmp_path / "Roaming")}
    assert login_entry("Linux", home) == tmp_path / ".config/autostart/hitpoint-daemon.desktop"
    moved = {**home, "XDG_CONFIG_HOME": str(tmp_path / "conf")}
    assert login_entry("Linux", moved) == tmp_path / "conf/autostart/hitpoint-daemon.desktop"
    assert login_entry("Darwin", home) == tmp_path / "Library/LaunchAgents/org.hitpoint.daemon.plist"
    startup = tmp_path / "Roaming/Microsoft/Windows/Start Menu/Programs/Startup"
    windows = login_entry("Windows", home)
    assert windows is not None
    assert windows.parent == startup
    assert login_entry("Plan 9", home) is None
    assert login_entry("Linux", {}) is None


def test_launchd_runs_the_daemon_itself_once(tmp_path: Path) -> None:
    agent = plistlib.loads(login_content("Darwin", Path("/Users/ä b/bin/hitpoint"), "/Volumes/x & y"))
    assert agent["ProgramArguments"] == ["/Users/ä b/bin/hitpoint", "daemon", "run"]
    assert agent["RunAtLoad"] is True
    assert "KeepAlive" not in agent
    assert agent["EnvironmentVariables"] == {"HITPOINT_HOME": "/Volumes/x & y"}
    assert "EnvironmentVariables" not in plistlib.loads(login_content("Darwin", Path("/hitpoint")))
    path = tmp_path / "agent.plist"
    path.write_bytes(login_content("Darwin", Path("/hitpoint")))
    assert is_ours(path)
    assert not is_ours(tmp_path / "nothing")


@posix
@pytest.mark.parametrize("name", ["plain", "two words", 'q"u$o`te\\s %f'])
def test_a_desktop_runs_the_command_whatever_its_path(name: str, tmp_path: Path) -> None:
    command = tmp_path / name / "hitpoint"
    command.parent.mkdir()
    command.write_text('#!/bin/sh\nprintf "%s|" "$HITPOINT_HOME" "$@" > "$0.said"\n')
    command.chmod(0o755)
    entry = configparser.RawConfigParser()
    entry.read_string(login_content("Linux", command, str(tmp_path / name)).decode())
    # As the specification says: the value's own escapes first, then quotes as a shell has them, and field codes.
    line = entry["Desktop Entry"]["Exec"].replace("\\\\", "\\")
    subprocess.run(["sh", "-c", line.replace("%%", "%")], check=True)
    assert Path(f"{command}.said").read_text() == f"{tmp_path / name}|daemon|start|"


def test_windows_starts_the_command_from_its_startup_folder() -> None:
    content = login_content("Windows", Path("C:/100% ö/hitpoint.exe"), "D:/hp").decode()
    assert content.splitlines()[-2:] == [
        'set "HITPOINT_HOME=D:/hp"',
        f'start "" /b "{str(Path("C:/100% ö/hitpoint.exe")).replace("%", "%%")}" daemon start',
    ]
    assert content.endswith("\r\n")
