"""What scripts read is data, whatever names hold: loaded by every Lua there is and compared with what was written."""

from __future__ import annotations

import json
import math
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.errors import UnusableInput
from daemon.hosts import luafile
from daemon.hosts.luafile import MAX_DEPTH, MAX_TABLES, literal, write_json, write_lua
from tests.daemon.hosts.luas import KINDS, load

TEXTS = st.text(st.characters(exclude_categories=())) | st.sampled_from(
    [
        '"',
        "\\",
        '\\"',
        "]]",
        "--",
        '" .. os.exit() .. "',
        "\0",
        "\n",
        "\r\n",
        "\\x41",
        "\\065",
        "%s",
        "é日本",
        "\udc80\udcff",
    ]
)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    TEXTS | NUMBERS | st.booleans(),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(TEXTS, inner | st.none(), max_size=6),
    max_leaves=25,
)


def raw(text: str) -> bytes:
    """The bytes that a text stands for."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def expected(value: Any) -> Any:
    """What Lua must hold: texts as bytes, tables as dictionaries."""
    if isinstance(value, str):
        return raw(value)
    if isinstance(value, list):
        return {number: expected(each) for number, each in enumerate(value, 1)}
    if isinstance(value, dict):
        return {raw(key): expected(each) for key, each in value.items() if each is not None}
    return value


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES)
@example(value={"\0": 0.1 + 0.2, "end": 1e308, "return": -5e-324, "": [], "n": 2**53, "m": -(2**53)})
def test_every_lua_reads_exactly_what_was_written(kind: str, tmp_path: Path, value: Any) -> None:
    write_lua(tmp_path / "value.lua", value)
    found = load(tmp_path / "value.lua", kind)
    assert found == expected(value)


@given(VALUES)
def test_a_literal_is_printable_ascii_on_one_line(value: Any) -> None:
    assert literal(value).isascii()
    assert literal(value).decode().isprintable()


@given(TEXTS)
def test_between_the_quotes_of_a_text_nothing_ends_it_and_nothing_but_digits_is_escaped(text: str) -> None:
    written = literal(text).decode()
    assert (written[0], written[-1]) == ('"', '"')
    inner = written[1:-1]
    assert '"' not in inner
    pieces = inner.split("\\")
    assert all(piece[:3].isdecimal() and len(piece) >= 3 for piece in pieces[1:])


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, 2**53 + 1, -(2**53) - 1, [None], {1: 2}, {None: 1}, b"bytes", {1, 2}, object()],
)
def test_what_no_lua_can_hold_exactly_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        literal({"deep": [value]})


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("kind", KINDS)
def test_the_deepest_and_the_longest_that_are_written_can_be_read(kind: str, tmp_path: Path) -> None:
    place = tmp_path / "large.lua"
    write_lua(place, nested(MAX_DEPTH))
    load(place, kind)
    markers = [{"first": k, "time": k * 1001 / 24000, "name": f"bar {k}"} for k in range(MAX_TABLES - 1)]
    write_lua(place, markers)
    found = load(place, kind)
    assert len(found) == len(markers)
    assert found[12_345] == expected(markers[12_344])


def test_what_would_be_too_much_for_a_lua_is_refused() -> None:
    with pytest.raises(ValueError, match="too many"):
        literal(nested(MAX_DEPTH + 1))
    with pytest.raises(ValueError, match="too many"):
        literal([[]] * MAX_TABLES)


def test_a_file_is_replaced_whole_and_is_this_users_alone(tmp_path: Path) -> None:
    place = tmp_path / "answer.lua"
    for number in range(3):
        write_lua(place, {"number": number}, durable=True)
        assert load(place) == {b"number": number}
    assert [path.name for path in tmp_path.iterdir()] == ["answer.lua"]
    if os.name != "nt":
        assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_a_value_that_is_refused_leaves_what_was_there(tmp_path: Path) -> None:
    write_lua(tmp_path / "a.lua", 1)
    with pytest.raises(ValueError, match="finite"):
        write_lua(tmp_path / "a.lua", math.nan)
    assert load(tmp_path / "a.lua") == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_a_place_that_is_gone_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="gone"):
        write_lua(tmp_path / "gone" / "a.lua", 1)


def test_a_reader_that_holds_the_file_for_a_while_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = [PermissionError(13, "held")] * 3
    replace = Path.replace

    def held(self: Path, target: Path) -> Path:
        if refusals:
            raise refusals.pop()
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", held)
    monkeypatch.setattr(luafile, "HELD_BY_READERS", True)
    write_lua(tmp_path / "a.lua", 1)
    assert load(tmp_path / "a.lua") == 1
    assert not refusals


def test_json_is_written_for_scripts_that_read_it(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"name": "é", "list": []})
    assert (tmp_path / "a.json").read_bytes().isascii()
    assert json.loads((tmp_path / "a.json").read_text()) == {"name": "é", "list": []}
    with pytest.raises(ValueError, match="compliant"):
        write_json(tmp_path / "b.json", math.nan)
