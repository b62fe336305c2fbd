"""What a studio hosts for ReaPack: headers and index name every file, with one version."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from tests.hosts.lua import Interpreter
from tests.integrations.reaper.desk import SOURCE

ACTIONS = {path.name for path in SOURCE.glob("*.lua")}
MAIN = "Hitpoint_Score range.lua"
FILES = sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.lua"))
VERSION = tomllib.loads((SOURCE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def header(name: str) -> dict[str, str]:
    """The tags at the top of a script, as reapack-index reads them."""
    tags: dict[str, str] = {}
    last = ""
    for line in (SOURCE / name).read_text(encoding="utf-8").splitlines():
        if not line.startswith("--"):
            break
        if found := re.match(r"-- @(\w+)\s*(.*)", line):
            last, tags[found[1]] = found[1], found[2]
        elif found := re.match(r"--   (.*)", line):
            tags[last] = f"{tags[last]}\n{found[1]}".strip()
    return tags


def test_there_are_five_actions() -> None:
    names = ("Score range", "Re-roll", "Next take", "Previous take", "Cancel")
    assert {f"Hitpoint_{name}.lua" for name in names} == ACTIONS


def test_the_first_script_is_the_package() -> None:
    tags = header(MAIN)
    assert {"description", "version", "author", "about", "provides"} <= set(tags)
    assert tags["version"] == VERSION
    assert tags["provides"].splitlines() == ["[main] Hitpoint_*.lua", "[nomain] lib/*.lua"]


def test_the_others_are_part_of_it() -> None:
    assert all("noindex" in header(name) for name in ACTIONS - {MAIN})


def test_the_index_names_every_file_once_and_no_other() -> None:
    index = ElementTree.parse(SOURCE / "index.xml").getroot()
    assert (index.tag, index.get("version")) == ("index", "1")
    [package] = index.iter("reapack")
    assert (package.get("name"), package.get("type")) == (MAIN, "script")
    [version] = package.iter("version")
    assert version.get("name") == VERSION
    sources = list(version.iter("source"))
    assert sorted(source.get("file") or MAIN for source in sources) == FILES
    assert {source.get("file") or MAIN for source in sources if source.get("main")} == ACTIONS
    base = "https://studio.example/hitpoint/"
    assert [unquote(str(source.text)) for source in sources] == [
        base + (source.get("file") or MAIN) for source in sources
    ]
    assert all(" " not in str(source.text) for source in sources)


def test_scripts_program_and_package_are_of_one_version() -> None:
    lua = Interpreter("lua54")
    lua.set("folder", str(SOURCE / "lib"))
    assert lua.run('return dofile(folder .. "/program.lua")().version') == VERSION


@pytest.mark.parametrize("name", FILES)
def test_rooms_are_small_and_plain(name: str) -> None:
    text = (SOURCE / name).read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(lines) < 300
    assert max(map(len, lines)) <= 120
    assert text.isascii()
    code = "\n".join(line.split("--")[0] for line in lines)
    for forbidden in ("os.execute", "io.popen", "InsertMedia(", "Main_OnCommand", "reaper.MB", "ShowMessageBox"):
        assert forbidden not in code


def test_a_script_works_when_it_is_simply_loaded_from_its_folder(tmp_path: Path) -> None:
    from tests.hosts.reaper import Fake

    fake = Fake(resource=tmp_path)
    fake.run_action(SOURCE / "Hitpoint_Cancel.lua")
    fake.pump_until_idle()
    assert fake.console == "Hitpoint: nothing is under way in this project.\n"
    assert fake.complaints() == []
