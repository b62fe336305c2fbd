"""Scripts in every Lua that lupa carries, with Python objects as their host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.hosts.lua import KINDS, STEP, Exposed, Interpreter, ScriptError, expose, interpreter

ALL = pytest.mark.parametrize("kind", KINDS)


class Track:
    """A host's object."""

    name = "Audio 1"

    def AddItem(self, *given: Any) -> list[Any]:  # noqa: N802 - as hosts name their methods
        return [len(given), *given]

    def Fail(self) -> None:  # noqa: N802
        raise ValueError("the disk is full")


def state(kind: str, **options: Any) -> tuple[Interpreter, Track]:
    made, track = interpreter(kind, **options), Track()
    made.set("track", expose(made, track))
    return made, track


@ALL
def test_a_method_is_called_with_a_colon_and_what_is_not_there_is_nil(kind: str) -> None:
    lua, _ = state(kind)
    assert lua.run("return track:AddItem('a', 2)[3], track.name, track.Nothing") == (2, "Audio 1", None)
    assert lua.run("return type(track), type(track.AddItem)") == ("userdata", "function")


@ALL
def test_a_method_called_with_a_dot_is_an_error_and_is_remembered(kind: str) -> None:
    lua, _ = state(kind)
    ok, message = lua.run("return pcall(function() track.AddItem('a') end)")
    assert not ok
    assert "use ':'" in message
    assert lua.wrong_use == ["AddItem was called without its object: use ':'"]


@ALL
def test_lists_and_dictionaries_cross_as_tables_and_back(kind: str) -> None:
    lua, _ = state(kind)
    given = {"files": ["a", "b"], "at": 86400, "rate": 23.976, "nested": {"ok": True}}
    assert lua.run("return ...", given) == given
    assert lua.run("local g = ... return g.files[1], #g.files, g.nested.ok, g.nothing", given) == ("a", 2, True, None)


@ALL
def test_each_crossing_makes_a_fresh_table(kind: str) -> None:
    lua = interpreter(kind)
    kept = [1, 2]
    lua.set("list", lambda: kept)
    assert lua.run("local a = list() a[1] = 9 return a == list(), list()[1]") == (False, 1)
    assert kept == [1, 2]


@ALL
def test_every_byte_survives_the_way_there_and_back(kind: str) -> None:
    lua = interpreter(kind)
    heard: list[Any] = []
    lua.set("hear", heard.append)
    assert lua.run("hear('\\255\\0x') return #(...), ...", "Hö 日本") == (10, "Hö 日本")
    assert heard[0].encode("utf-8", "surrogateescape") == b"\xff\0x"


@ALL
def test_code_page_bytes_are_handed_out_where_they_are_asked_for(kind: str) -> None:
    lua = interpreter(kind, encoding="cp1252")
    assert lua.run("return (...):byte(1, -1)", "Hö") == (0x48, 0xF6)


@ALL
def test_an_error_in_python_is_an_error_with_a_message_in_lua(kind: str) -> None:
    lua, _ = state(kind)
    ok, message = lua.run("return pcall(function() return track:Fail() end)")
    assert not ok
    assert message.endswith("the disk is full")
    with pytest.raises(ScriptError, match="the disk is full"):
        lua.run("track:Fail()")


@ALL
def test_plain_functions_return_several_values_and_opaque_handles(kind: str) -> None:
    handle = object()
    seen: list[object] = []
    lua = interpreter(kind)
    lua.set("reaper", {"Get": lambda: (True, handle, None, "end"), "Same": seen.append})
    told = lua.run("""
        local ok, item, nothing, text = reaper.Get()
        local _, again = reaper.Get()
        reaper.Same(item)
        return ok, type(item), nothing, text, item == again, pcall(function() return item.x end)
    """)
    assert told[:6] == (True, "userdata", None, "end", True, False)
    assert seen == [handle]
    assert seen[0] is handle


@ALL
def test_nil_arguments_keep_their_places(kind: str) -> None:
    lua = interpreter(kind)
    lua.set("count", lambda *given: list(given).count(None) * 10 + len(given))
    assert lua.run("return count(nil, 1, nil)") == 23


@ALL
def test_a_function_of_the_scripts_can_be_called_later(kind: str) -> None:
    lua = interpreter(kind)
    kept: list[Any] = []
    lua.set("later", kept.append)
    lua.run("local n = 40 later(function(by) n = n + by return n end)")
    assert kept[0](2) == 42


@ALL
def test_removed_globals_are_gone(kind: str) -> None:
    lua = interpreter(kind, removed=("io", "os.execute", "package", "require"))
    assert lua.run("return io, os.execute, package, require, python, type(os.time)") == (*[None] * 5, "function")


@ALL
def test_strict_globals_are_asked_for_with_rawget(kind: str) -> None:
    lua = interpreter(kind, strict=True)
    assert lua.run("return rawget(_G, 'io_is_not_here')") is None
    with pytest.raises(ScriptError, match="'nothing' is not declared"):
        lua.run("return nothing")
    with pytest.raises(ScriptError, match="assign to undeclared variable 'leak'"):
        lua.run("local function f() leak = 1 end f()")


@ALL
def test_a_file_is_run_with_arguments_and_its_name_is_in_its_errors(kind: str, tmp_path: Path) -> None:
    script = tmp_path / "place.lua"
    script.write_text("local n = ... return n + 1")
    lua = interpreter(kind)
    assert lua.run(script, 41) == 42
    with pytest.raises(ScriptError, match=r"place\.lua:1"):
        lua.run(script, "no number")


@ALL
def test_own_work_is_counted_in_instructions_between_host_calls(kind: str) -> None:
    lua, _ = state(kind, counting=True)
    lua.set("tell", lambda: 0, own=True)
    lua.run("track:AddItem() for i = 1, 200000 do tell() end track:AddItem() track:AddItem()")
    first, busy, idle, last = lua.steps
    assert max(first, idle, last) <= STEP
    assert busy > 200_000


def test_counting_twice_counts_the_same() -> None:
    def steps() -> list[int]:
        lua, _ = state("luajit21", counting=True)
        lua.run("for i = 1, 50 do local t = {} for j = 1, i * 40 do t[j] = j end track:AddItem() end")
        return lua.steps

    assert steps() == steps()


@ALL
def test_two_wrappings_of_one_object_are_equal_in_lua(kind: str) -> None:
    lua, track = state(kind)
    lua.set("twin", Exposed(track))
    assert lua.run("return twin == track") is True


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_stays_itself_however_often_lua_collects(kind: str) -> None:
    things = [object() for _ in range(50)]
    wrong: list[int] = []
    lua = interpreter(kind)
    lua.set("get", lambda place: things[int(place)])
    lua.set("check", lambda thing, place: None if thing is things[int(place)] else wrong.append(int(place)))
    lua.run("for _ = 1, 200 do for i = 0, 49 do local t = get(i) local junk = {{}, {}, {}} check(t, i) end end")
    assert wrong == []
