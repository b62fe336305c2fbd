"""Where scripts and the program meet, and where the cues of hosts are made."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from core.errors import DaemonUnreachable, WrongUse
from daemon.home import Home, prepare
from daemon.hosts.cues import cues_folder, folder_name, place_for, searched
from daemon.hosts.exchange import exchange_folder, mailbox_folder, prepare_exchange, scripts_folder
from daemon.hosts.request import from_json, from_name
from tests.daemon.hosts.asking import item, job, name, text


def resolve(called: str) -> object:
    return from_name(name("k3j9x2ab", "score", in_=0, out=1, df=0, nm=called), b"")


def set_cues(home: Home, place: str) -> None:
    home.folder.mkdir(mode=0o700, exist_ok=True)
    home.settings.write_text(f"cues = '{place}'\n", encoding="utf-8")


def test_the_exchange_lies_in_the_home(tmp_path: Path) -> None:
    assert exchange_folder(Home(tmp_path)) == tmp_path / "exchange"
    assert mailbox_folder(Home(tmp_path)) == tmp_path / "exchange" / "mailbox"
    assert scripts_folder(Home(tmp_path)) == tmp_path / "exchange" / "scripts"


def test_on_windows_a_home_beyond_ascii_has_its_exchange_elsewhere() -> None:
    environment = {"PROGRAMDATA": "D:\\Data"}
    jose, jana = (Home(Path(f"C:/Users/{name}/hitpoint")) for name in ("José", "Jána"))
    places = [exchange_folder(home, windows=True, environment=environment) for home in (jose, jana, jose)]
    assert all(str(place).isascii() and str(place).startswith("D:\\Data") for place in places)
    assert places[0] == places[2] != places[1]
    plain = Home(Path("C:/Users/Jo/hitpoint"))
    assert exchange_folder(plain, windows=True, environment=environment) == plain.exchange


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps others out by the profile")
def test_the_exchange_is_this_users_alone_and_refused_where_it_is_not(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    prepare(home)
    for place in (prepare_exchange(home), mailbox_folder(home), scripts_folder(home)):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    mailbox_folder(home).chmod(0o755)
    with pytest.raises(DaemonUnreachable, match="Other users"):
        prepare_exchange(home)


def test_cues_of_resolve_lie_in_the_documents_by_the_timelines_name(tmp_path: Path) -> None:
    place = cues_folder(Home(tmp_path), documents=Path("/home/ada/Documents"))
    assert place == Path("/home/ada/Documents/Hitpoint Cues")


def test_on_windows_documents_beyond_ascii_are_left_for_the_exchange(tmp_path: Path) -> None:
    home = Home(tmp_path)
    documents = Path("C:/Users/José/Dokumente")
    assert cues_folder(home, documents, windows=True) == home.exchange / "cues"
    assert cues_folder(home, documents, windows=False) == documents / "Hitpoint Cues"


def test_a_setting_says_where_cues_lie(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    set_cues(home, str(tmp_path / "music"))
    place, said = place_for(resolve("Reel 3"), home)  # type: ignore[arg-type]
    assert (place, said) == (tmp_path / "music" / "Reel 3", ())
    set_cues(home, "~/music")
    assert cues_folder(home) == Path("~/music").expanduser()


@pytest.mark.parametrize("place", ["music", "./music", "~nobody-of-this-name/music"])
def test_a_setting_that_is_no_whole_path_is_refused(tmp_path: Path, place: str) -> None:
    home = Home(tmp_path / "home")
    set_cues(home, place)
    with pytest.raises(WrongUse, match="cues"):
        cues_folder(home)


def test_cues_of_reaper_lie_beside_the_project_and_of_an_unsaved_one_with_the_others(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    set_cues(home, str(tmp_path / "music"))
    saved = from_json(text(job(items=[item(0, 10)])))
    assert place_for(saved, home) == (Path("/edit/reel/Hitpoint Cues"), ())
    unsaved = from_json(text(job(items=[item(0, 10)], project={"name": "", "folder": ""})))
    place, said = place_for(unsaved, home)
    assert place == tmp_path / "music" / "Untitled"
    assert str(place) in said[0]


@pytest.mark.parametrize(
    ("called", "folder"),
    [
        ("Reel 3", "Reel 3"),
        ("a/b\\c:d", "a_b_c_d"),
        ("..", "Untitled"),
        ("", "Untitled"),
        ("nul", "nul_"),
        ("COM1.mov", "COM1.mov_"),
        (" x. ", "x"),
        ("x" * 99, "x" * 60),
    ],
)
def test_a_timelines_name_is_a_folder_that_every_system_takes(called: str, folder: str) -> None:
    assert folder_name(called, windows=False) == folder


def test_on_windows_the_name_of_the_folder_is_ascii() -> None:
    assert folder_name("Tür 日本", windows=True) == "T_r __"
    assert folder_name("Tür 日本", windows=False) == "Tür 日本"


def test_cues_are_looked_through_the_newest_first(tmp_path: Path) -> None:
    for number, place in enumerate(("a/cue 1", "b/cue 2", "cue 3")):
        folder = tmp_path / place
        folder.mkdir(parents=True)
        (folder / "cue.json").write_text("{}")
        os.utime(folder / "cue.json", (number, number))
    (tmp_path / "no cue").mkdir()
    names = [folder.name for folder in searched([tmp_path, tmp_path / "not there"])]
    assert names == ["cue 3", "cue 2", "cue 1"]
