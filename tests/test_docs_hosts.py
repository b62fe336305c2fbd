"""docs/hosts.md tells editors what is true: every sentence of the scripts, every folder, command and picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from daemon.command import COMMANDS
from integrations.installer import ACTIONS
from integrations.places import reaper_resources, resolve_scripts
from integrations.resolve.hitpoint_resolve.timeline import COLOUR

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "hosts.md").read_text(encoding="utf-8")
PLAIN = re.sub(r"\s+", " ", PAGE.replace("`", ""))
"""The page as a reader sees it, on one line."""

_JOINED = re.compile(r"""(["'])\s*\.\.\s*\1""")
_STRING = re.compile(r""""((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)\'""")
_FILLED = re.compile(r"%[-\d.]*[a-z%]|\\n")
SHORTEST = 25
"""Characters: what is shorter is a part of a line, not a sentence."""
NOT_SAID = ('start "" /B', "daemon start >/dev/null", "take (%d+)", "ReaSpeech")


def sentences(folder: Path) -> Iterator[tuple[str, str]]:
    """File and words: whatever a script's Lua files may say that is long enough to be a sentence."""
    for path in sorted(folder.rglob("*.lua")):
        code = re.sub(r"(^|\s)--.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for found in _STRING.finditer(_JOINED.sub("", code)):
            text = found[1] or found[2] or ""
            if any(each in text for each in NOT_SAID):
                continue
            for part in _FILLED.split(text.replace("`", "").replace('\\"', '"')):
                words = part.removeprefix("Hitpoint: ").strip(' .:;()"')
                if len(words) >= SHORTEST and words.count(" ") >= 3:
                    yield path.name, words


@pytest.mark.parametrize("host", ["resolve", "reaper"])
def test_every_sentence_of_the_scripts_is_on_the_page(host: str) -> None:
    said = list(sentences(ROOT / "integrations" / host))
    assert len(said) > 30
    missing = [(name, words) for name, words in said if words not in PLAIN]
    assert missing == []


def test_every_picture_is_there_small_and_called_a_drawing() -> None:
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", PAGE)
    assert len(pictures) == 4
    for words, place in pictures:
        path = ROOT / "docs" / place
        assert words.startswith("Drawing: ")
        assert path.stat().st_size < 40_000
        root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
        title = root.find("{http://www.w3.org/2000/svg}title")
        assert title is not None
        assert (title.text or "").startswith("Drawing: ")
    assert {path.name for path in (ROOT / "docs/hosts").iterdir()} == {Path(place).name for _, place in pictures}


def test_commands_menu_entries_and_folders_are_those_of_the_program() -> None:
    for name in re.findall(r"`hitpoint ([a-z]+)", PAGE):
        assert name in (*COMMANDS, "options"), name
    for action in ACTIONS:
        assert action in PAGE
    home = {"HOME": "/h", "APPDATA": "/h/a"}
    for system, written in (("Linux", "~"), ("Darwin", "~"), ("Windows", "%APPDATA%")):
        cut = "/h/a" if system == "Windows" else "/h"
        for folder in (*resolve_scripts(system, home).user, *reaper_resources(system, home).user):
            shown = written + str(folder).removeprefix(cut)
            assert (shown.replace("/", "\\") if system == "Windows" else shown) in PAGE
    assert f"clips coloured *{COLOUR}*" in PAGE


def test_every_link_within_the_page_leads_to_a_heading() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in PAGE.splitlines()
        if line.startswith("#")
    }
    for target in re.findall(r"\]\(#([^)]+)\)", PAGE):
        assert target in headings
