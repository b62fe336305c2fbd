"""Single rooms in real Lua: what they write is what others read."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hosts.lua import Interpreter
from tests.integrations.reaper.desk import SOURCE

LUAS = ("lua53", "lua54")
_ROOMS = """
reaper = {GetOS = function() return "Other" end}
rooms = setmetatable({}, {__index = function(rooms, name)
  local room = dofile(folder .. "/" .. name .. ".lua")(rooms)
  rawset(rooms, name, room)
  return room
end})
"""


def rooms(lua: str) -> Interpreter:
    interpreter = Interpreter(lua)
    interpreter.set("folder", str(SOURCE / "lib"))
    interpreter.run(_ROOMS)
    return interpreter


STATES = {lua: rooms(lua) for lua in LUAS}
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)
FLAT = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
)
KEYS = st.text("abcdefghij_", min_size=1, max_size=8)


@pytest.mark.parametrize("lua", LUAS)
@settings(max_examples=60, deadline=None)
@given(values=st.dictionaries(KEYS, FLAT.filter(lambda value: value is not None) | st.dictionaries(KEYS, TEXTS)))
def test_json_reads_back_as_what_it_was(lua: str, values: dict[str, Any]) -> None:
    assert json.loads(STATES[lua].run("return rooms.json.encode(...)", values)) == values


@pytest.mark.parametrize("lua", LUAS)
@given(value=st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=100, deadline=None)
def test_every_bit_of_a_number_survives(lua: str, value: float) -> None:
    assert json.loads(STATES[lua].run("return rooms.json.encode(...)", value)) == value


@pytest.mark.parametrize("lua", LUAS)
def test_json_knows_lists_nothing_and_numbers_that_are_none(lua: str) -> None:
    code = """
      local j = rooms.json
      return j.encode({a = j.list({}), b = j.list({1, "x", j.null}), c = j.null, d = 0/0, e = 1/0,
        f = j.encoded({"{}", "[1]"}), g = {}})
    """
    assert json.loads(STATES[lua].run(code)) == {
        "a": [], "b": [1, "x", None], "c": None, "d": None, "e": None, "f": [{}, [1]], "g": {},
    }  # fmt: skip


@pytest.mark.parametrize("lua", LUAS)
def test_bytes_that_are_no_text_come_back_as_the_same_bytes(lua: str) -> None:
    name = b"caf\xe9 \xff.mov"
    text = STATES[lua].run("return rooms.json.encode(...)", name.decode("utf-8", "surrogateescape"))
    assert json.loads(text).encode("utf-8", "surrogateescape") == name


@pytest.mark.parametrize("lua", LUAS)
@given(
    fields=st.dictionaries(KEYS, TEXTS | st.binary(max_size=9).map(lambda raw: raw.decode("utf-8", "surrogateescape")))
)
@settings(max_examples=60, deadline=None)
def test_a_record_is_one_line_and_reads_back(lua: str, fields: dict[str, str]) -> None:
    line = STATES[lua].run("return rooms.record.encode(...)", fields) if fields else ""
    assert not set("\n\r\t\0") & set(line)
    assert (STATES[lua].run("return rooms.record.decode(...)", line) or {}) == fields


@pytest.mark.parametrize("lua", LUAS)
@given(values=st.lists(TEXTS.filter(bool), min_size=1))
@settings(max_examples=60, deadline=None)
def test_a_list_in_a_record_reads_back(lua: str, values: list[str]) -> None:
    assert STATES[lua].run("return rooms.record.split(rooms.record.join(...))", values) == values


@pytest.mark.parametrize(
    ("folder", "base", "way"),
    [
        ("/film/Hitpoint/reel 1", "/film", "Hitpoint/reel 1"),
        ("/film/music/reel 1", "/film/edit", "../music/reel 1"),
        ("C:\\film\\music", "C:\\film\\edit", "../music"),
        ("D:\\music", "C:\\film", None),
        ("/film/music", "", None),
    ],
)
def test_the_way_from_the_project_to_the_cue(folder: str, base: str, way: str | None) -> None:
    lua = STATES["lua54"]
    assert lua.run("return rooms.paths.relative(...)", folder, base) == way
    if way:
        joined = lua.run("return rooms.paths.join(...)", base, way)
        assert joined.replace("\\", "/") == folder.replace("\\", "/")


@pytest.mark.parametrize("rate", ["24000/1001", "30000/1001", "25/1"])
def test_the_second_of_a_frame_is_exact(rate: str) -> None:
    over, under = map(int, rate.split("/"))
    for frame in (0, 1, 86400, 107892, 2**31):
        second = STATES["lua53"].run("return rooms.cues.second(...)", frame, rate)
        assert math.isclose(second, frame * under / over, rel_tol=1e-15)
