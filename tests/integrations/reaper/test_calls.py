"""Every call of the scripts against REAPER's published signatures: names, numbers of arguments, versions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.reaper.desk import SOURCE

VERSIONS = {"6.24", "6.47", "7.08", "7.40"}
"""Of which the list is whole; that of 7.60 ends within the alphabet."""
LUA_ALONE = {"defer", "atexit", "get_action_context"}
"""Of REAPER's Lua, not of its published list."""
CODE = {path: path.read_text(encoding="utf-8") for path in sorted(SOURCE.rglob("*.lua"))}
GUARDED = {name for code in CODE.values() for name in re.findall(r'(?:api\.has|rawget\(reaper,)\s*\(?"(\w+)"', code)}


@pytest.fixture
def published(shared: Path) -> dict[str, Any]:
    """The signatures, by name."""
    found: dict[str, Any] = json.loads((shared / "reference" / "reaper_api_sigs.json").read_text(encoding="utf-8"))
    return found["functions"]  # type: ignore[no-any-return]


def calls() -> Iterator[tuple[str, str, int | None]]:
    """File, function and number of arguments; None where the function is only named, or gets what it is given."""
    for path, code in CODE.items():
        for found in re.finditer(r"reaper\.(\w+)(\()?", code):
            if not found[1].startswith("ImGui_"):
                given = arguments(code[found.end() :]) if found[2] else None
                yield path.name, found[1], None if given is None or "..." in given else len(given)


def arguments(text: str) -> list[str]:
    """The arguments of a call whose parenthesis has just been opened."""
    parts, depth, quote = [""], 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
            if depth < 0:
                break
        elif character == "," and depth == 0:
            parts.append("")
            continue
        parts[-1] += character
    return [part for part in parts if part.strip()]


def test_every_function_is_published_and_gets_as_many_arguments_as_it_takes(published: dict[str, Any]) -> None:
    assert sum(1 for _ in calls()) > 150
    for file, name, given in calls():
        if name in LUA_ALONE:
            continue
        assert name in published, f"{file}: {name}"
        takes = published[name]["lua"]["args"]
        needed = sum("?" not in argument["name"] and not argument.get("optional") for argument in takes)
        assert given is None or needed <= given <= len(takes), f"{file}: {name} gets {given} arguments"


def test_what_not_every_version_has_is_asked_for_first(published: dict[str, Any]) -> None:
    used = {name for _, name, _ in calls() if name not in LUA_ALONE}
    newer = {name for name in used if not set(published[name]["seen_in"]) >= VERSIONS}
    assert newer
    assert newer <= GUARDED
