"""Single rooms of the scripts, in every Lua."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.hosts.request import LONGEST_NAME, from_name
from integrations.installer import resolve_menu
from tests.hosts.lua import Interpreter
from tests.hosts.resolve.timecode import frames_of, timecode_of, true_rate
from tests.integrations.resolve.desk import SCRIPTS, Desk

LUAS = ("luajit21", "lua51", "lua53", "lua54")
_LOAD = """
local folder, name, field = ...
local rooms = {}
local function room(asked)
  if not rooms[asked] then rooms[asked] = loadfile(folder .. "/" .. asked .. ".lua")(room) end
  return rooms[asked]
end
return room(name)[field]
"""


def room(name: str, field: str, lua: str = "luajit21") -> Callable[..., Any]:
    """A function of one room."""
    return Interpreter(lua, strict=True).run(_LOAD, str(SCRIPTS), name, field)  # type: ignore[no-any-return]


def fnv(text: bytes) -> str:
    """FNV-1a as its authors define it."""
    value = 2166136261
    for byte in text:
        value = (value ^ byte) * 16777619 % 2**32
    return f"{value:08x}"


@pytest.mark.parametrize("lua", LUAS)
def test_projects_and_timelines_are_known_by_fnv_1a(lua: str) -> None:
    hashed = room("request", "hash", lua)
    for text in ("", "a", "foobar", "0b7d5c1e-3f6e-4d0a-9d3f-2f1f5a6b7c8d", "Reel – Ω"):
        assert hashed(text) == fnv(text.encode())


@pytest.mark.parametrize("lua", LUAS)
@given(name=st.text(max_size=40), seed=st.integers(0, 2**31 - 1))
@settings(max_examples=40, deadline=None)
def test_a_name_says_the_request_whatever_the_timeline_is_called(lua: str, name: str, seed: int) -> None:
    fields = {"id": "k3j9x2abcdef", "do": "score", "v": "0-1-0", "p": "0123abcd", "t": "89abcdef", "seed": seed}
    fields |= {"in": 2**31 - 2, "out": 2**31 - 1, "df": 1, "sr": 192000, "nm": name}
    written = _named(lua)(fields)
    read = from_name(written, b"")
    assert written.isascii()
    assert len(written) <= LONGEST_NAME
    assert (read.id, read.start_frame, read.end_frame, read.seed) == ("k3j9x2abcdef", 2**31 - 2, 2**31 - 1, seed)
    printable = "".join(
        char for char in name.encode("utf-8", "ignore")[:16].decode("utf-8", "ignore") if char.isprintable()
    )
    assert read.name in (printable, "")


_NAMED: dict[str, Callable[..., Any]] = {}


def _named(lua: str) -> Callable[..., Any]:
    return _NAMED.setdefault(lua, room("request", "name", lua))


@pytest.mark.parametrize("lua", LUAS)
def test_the_rate_is_read_from_every_way_of_writing_it(lua: str) -> None:
    rate = room("timeline", "rate", lua)
    for told in (
        "23.976",
        23.976,
        "24",
        24,
        24.0,
        "25",
        "29.97",
        "29.97 DF",
        "29.97 NDF",
        30,
        "47.952",
        50.0,
        "59.94 DF",
        60,
    ):
        found, wanted = rate(told), true_rate(told)
        assert found["numerator"] * wanted.denominator == found["denominator"] * wanted.numerator, told
    assert rate("29,97")["numerator"] == 30000
    assert rate("29.97 DF")["drop"]
    assert not rate("29.97")["drop"]
    assert rate("what") is None
    assert rate("") is None


@given(
    st.sampled_from(["23.976", "24", "25", "29.97", "50", "59.94"]), st.integers(0, 24 * 3600 * 24 - 1), st.booleans()
)
@settings(max_examples=80, deadline=None)
def test_timecodes_are_the_frames_they_name(told: str, frame: int, drop: bool) -> None:
    rate, drop = true_rate(told), drop and told in ("29.97", "59.94")
    written = timecode_of(frame, rate, drop)
    assert frames_of(written, rate, drop) == frame
    assert _frame_of()(written, _rate()(told), drop) == frame


def _frame_of() -> Callable[..., Any]:
    return _NAMED.setdefault("frame_of", room("timeline", "frame_of"))


def _rate() -> Callable[..., Any]:
    return _NAMED.setdefault("rate", room("timeline", "rate"))


@pytest.mark.parametrize("lua", LUAS)
def test_names_of_pieces_and_stems_are_read_on_every_system(lua: str) -> None:
    parse = room("naming", "parse", lua)
    piece = {"stem": "drums", "section": 3, "take": 12, "cue": "3f9a2c1b"}
    assert parse("/c/pieces/48000/drums 03 A b take 12 3f9a2c1b.wav") == piece
    assert parse("C:\\c\\pieces\\48000\\drums 03 A take 12 3F9A2C1B.wav") == piece
    assert parse("/c/pieces/48000/low strings 03  take 12 3f9a2c1b.wav")["stem"] == "low strings"
    assert parse("E:\\c\\takes\\002\\drums.wav") == {"stem": "drums", "take": 2}
    assert parse("/c/mix.wav") is None
    assert parse("/c/drums 03 A take 12.wav") is None


def test_paths_are_the_same_beyond_separators_case_of_drives_and_code_pages() -> None:
    same, inside = room("naming", "same"), room("naming", "inside")
    file = "pieces/48000/drums 01 A take 1 3f9a2c1b.wav"
    assert same(f"C:\\Cues\\one\\{file}", f"c:/Cues/one/{file}")
    assert not same(f"/Cues/one/{file}", f"/cues/one/{file}")
    assert not same(f"/cues/one/{file}", f"/cues/two/{file}")
    ansi = "C:\\Users\\J\udcf6rg\\cue\\" + file.replace("/", "\\")
    assert same(ansi, f"C:/Users/Jörg/cue/{file}")
    assert not same(ansi, "C:/Users/Jörg/cue/pieces/48000/bass 01 A take 1 3f9a2c1b.wav")
    assert inside(ansi, "C:/Users/Jörg/cue")
    assert not inside("/cues/other/a.wav", "/cues/o")


def test_the_length_at_another_rate_is_never_longer_than_asked() -> None:
    whole, rate = room("plan", "whole"), room("timeline", "rate")
    for own, frozen in (
        ("24", "30"),
        ("30", "24"),
        ("29.97", "24"),
        ("59.94", "23.976"),
        ("25", "29.97"),
        ("24", "24"),
    ):
        for frames in (1, 2, 7, 100, 959, 960, 107892):
            stem, placed = {"file": "x"}, {"frames": frames}
            piece = whole(stem, placed, 0, rate(own), rate(frozen))
            ratio = true_rate(own) / true_rate(frozen)
            landed = int(piece["source"] * ratio)
            assert 0 <= frames - landed <= piece["slack"]
            exact = frames / ratio
            assert piece["second"] <= exact
            assert piece["source"] - exact < 1


def test_a_launcher_as_installed_runs_its_action(desk: Desk, tmp_path: Path) -> None:
    entries = resolve_menu(SCRIPTS, tmp_path, SCRIPTS, desk.mailbox, Path("/opt/hitpoint"), "0.1.0")
    by_name = {path.name: content.decode() for path, content in entries.items()}
    run = desk.fake.run_lua(by_name["Score range.lua"])
    assert run.error is None
    assert desk.items("Hitpoint drums") == desk.wanted("drums")
    desk.fake.run_lua(by_name["Previous take.lua"])
    assert desk.asked()[:3] == ["score", "placed", "previous"]


def test_a_launcher_whose_rooms_are_gone_says_where_it_looked(desk: Desk, tmp_path: Path) -> None:
    entries = resolve_menu(SCRIPTS, tmp_path, tmp_path / "away", desk.mailbox, Path("/opt/hitpoint"), "0.1.0")
    run = desk.fake.run_lua(entries[tmp_path / "Hitpoint" / "Cancel.lua"].decode())
    assert run.error is None
    assert run.printed[-1].startswith("Hitpoint: ")
    assert str(tmp_path / "away" / "hitpoint.lua") in run.printed[-1]
    assert "hitpoint install resolve" in run.printed[-1]
