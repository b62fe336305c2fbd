"""The doctor says what each editing program sees of Hitpoint, and what to do."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from daemon.checks import hosts
from daemon.checks.finding import Finding
from daemon.connection import DaemonLock
from daemon.home import Home, prepare
from daemon.hosts.exchange import prepare_exchange
from daemon.hosts.luafile import write_lua
from daemon.hosts.scripts import login_file, site, wanted
from integrations.installer import install, write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the folders are those of Linux")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A user's folder with nothing in it but the program's state."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    made = Home(tmp_path / "state")
    prepare(made)
    prepare_exchange(made)
    return made


def put(host: str, home: Home) -> None:
    here = site(host, home)
    list(install(wanted(here), here.searched))


def told(home: Home, what: str) -> list[Finding]:
    return [finding for finding in hosts.hosts(home) if finding.what == what]


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_editing_programs_are_looked_for_where_their_installers_put_them() -> None:
    windows = {"PROGRAMFILES": "C:/Program Files", "APPDATA": "C:/Users/me/AppData/Roaming"}
    assert hosts.places("DaVinci Resolve", "Linux", {}) == (
        Path("/opt/resolve/bin/resolve"),
        Path("/home/resolve/bin/resolve"),
    )
    assert Path("C:/Program Files/REAPER (x64)/reaper.exe") in hosts.places("REAPER", "Windows", windows)
    assert hosts.places("REAPER", "Windows", {}) == ()
    assert hosts.places("REAPER", "Plan 9", windows) == ()


@pytest.mark.parametrize("host", ["resolve", "reaper"])
def test_a_program_without_scripts_is_told_how_to_get_them(host: str, home: Home, tmp_path: Path) -> None:
    (tmp_path / "program").touch()
    found = hosts.host(host, home, (tmp_path / "nowhere", tmp_path / "program"))
    assert (found.state, found.do) == ("note", f"Run `hitpoint install {host}`.")
    assert "without Hitpoint's scripts" in found.words
    assert "Not found" in hosts.host(host, home, ()).words


@pytest.mark.parametrize("host", ["resolve", "reaper"])
def test_scripts_of_this_version_are_seen_and_nothing_is_changed(host: str, home: Home, tmp_path: Path) -> None:
    put(host, home)
    before = files(tmp_path)
    found = hosts.host(host, home, ())
    assert found.state == "ok"
    assert "0.1.0" in found.words
    assert hosts.hosts(home)
    assert files(tmp_path) == before


@pytest.mark.parametrize("host", ["resolve", "reaper"])
def test_each_fault_of_installed_scripts_is_named_with_a_path(host: str, home: Home) -> None:
    put(host, home)
    here = site(host, home)
    old, changed, missing, foreign, *_ = [path for path in wanted(here) if path.suffix == ".lua"]
    extra = here.targets[0] / "Scripts/Hitpoint/Score selection.lua"
    write(old, b"-- x\n-- Installed by Hitpoint 0.0.9.\n")
    write(changed, b"-- x\n-- Installed by Hitpoint 0.1.0.\n")
    write(extra, b"-- x\n-- Installed by Hitpoint 0.1.0.\n")
    missing.unlink()
    foreign.write_bytes(b"print(1)\n")
    found = hosts.host(host, home, ())
    assert (found.state, found.do) == ("problem", f"Run `hitpoint install {host}`.")
    for path, words in (
        (old, "another version"),
        (changed, "changed"),
        (extra, "should not be"),
        (missing, "missing"),
        (foreign, "not Hitpoint's"),
    ):
        assert str(path) in found.words
        assert words in found.words
    foreign.unlink()
    put(host, home)
    assert hosts.host(host, home, ()).state == "ok"


def test_without_a_daemon_it_is_said_what_free_resolve_cannot_do(home: Home) -> None:
    assert told(home, "Resolve's mailbox") == []
    put("resolve", home)
    (found,) = told(home, "Resolve's mailbox")
    assert found.state == "note"
    assert "free Resolve from 21.1" in found.words
    assert "--at-login" in found.do


def test_a_daemon_that_signs_in_the_mailbox_answers_there(home: Home) -> None:
    put("resolve", home)
    sign = site("resolve", home).mailbox / "daemon.lua"
    with DaemonLock(home) as held:
        assert held
        assert "said nothing" in told(home, "Resolve's mailbox")[0].words
        write_lua(sign, {"hitpoint": 1, "version": "0.1.0", "pid": 7, "time": int(time.time()) - 60})
        (late,) = told(home, "Resolve's mailbox")
        assert late.state == "problem"
        assert "daemon stop" in late.do
        write_lua(sign, {"hitpoint": 1, "version": "0.1.0", "pid": 7, "time": int(time.time())})
        (answers,) = told(home, "Resolve's mailbox")
        assert answers.state == "ok"


def test_a_start_at_login_that_starts_something_else_is_a_problem(home: Home) -> None:
    assert told(home, "Start at login") == []
    file = login_file()
    assert file is not None
    write(*file)
    assert [finding.state for finding in told(home, "Start at login")] == ["ok"]
    write(file[0], file[1].replace(b"/hitpoint", b"/gone/hitpoint"))
    (found,) = told(home, "Start at login")
    assert (found.state, "--at-login" in found.do) == ("problem", True)
    write(file[0], b"[Desktop Entry]\nName=something else\n")
    assert told(home, "Start at login") == []
