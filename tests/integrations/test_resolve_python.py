"""The Python script does in Resolve what the menu's Lua scripts do: the same steps, sentences and tracks."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.hosts.luafile import literal as lua_literal
from daemon.hosts.luafile import write_json
from daemon.hosts.request import VERSION, from_name
from integrations.resolve import hitpoint_resolve
from integrations.resolve.hitpoint_resolve import mailbox, request, timeline
from tests.hosts import placements
from tests.hosts.lua import Interpreter
from tests.hosts.resolve import Clip, Clock, Fake, Profile, Traps, profile, profiles
from tests.integrations.resolve.desk import LENGTHS, SCRIPTS, START, Desk

PACKAGE = SCRIPTS / "hitpoint_resolve"
ROOT = Path(__file__).resolve().parents[2]


class PythonDesk(Desk):
    """The same desk, at which the Python script sits. It asks for JSON and gets it."""

    lines: list[str]

    def act(self, action: str, **options: Any) -> bool:
        """Run an action; what it said is in `lines`."""
        self.lines = []
        done = hitpoint_resolve.run(
            self.fake.resolve,
            action,
            str(self.mailbox),
            say=self.lines.append,
            wait=self.fake.clock.wait,
            clock=self.fake.clock.time,
            program="/opt/hitpoint/bin/hitpoint",
            launch=self._launch,
            **options,
        )
        self._collect()
        return done

    def _launch(self, words: list[str]) -> None:
        self._execute(" ".join(words))

    def _write(self, name: str, fields: dict[str, Any]) -> None:
        id_, dot, kind = name.partition(".")
        if not dot or kind == "lua":  # what is not for one request alone is for every script
            return super()._write(name, fields)
        assert next(each for each in self.requests if each.id == id_).as_json
        return write_json(self.mailbox / f"{id_}.{kind.replace('.lua', '.json')}", {"hitpoint": 1, **fields})


def desk(folder: Path, which: Profile | None = None, traps: Traps | None = None, **fake: Any) -> PythonDesk:
    table = PythonDesk(folder, profile=which or profile(), traps=traps or Traps(), **fake)
    table.with_picture()
    return table


def everything(table: Desk) -> dict[str, list[tuple[int, int, str]]]:
    """What lies on each track of ours: frames from the timeline's first, lengths, files."""
    names = [track.name for track in table.fake.timeline.tracks["audio"] if track.name.startswith("Hitpoint")]
    return {name: table.items(name) for name in names}


def markers(table: Desk) -> list[tuple[float, str, str]]:
    return sorted((frame, marker.name, marker.custom) for frame, marker in table.fake.timeline.markers.items())


# --- what it is


def test_it_needs_nothing_but_the_standard_library_of_python_3_6() -> None:
    for path in sorted(PACKAGE.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 6))
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert node.module is not None
                names = [node.module]
            for name in names:
                own = path.name == "__main__.py" and name in ("DaVinciResolveScript", "hitpoint_resolve")
                assert own or name.split(".")[0] in sys.stdlib_module_names, (path.name, name)
            assert not isinstance(node, ast.ImportFrom) or node.module != "__future__"


def test_its_version_is_the_programs() -> None:
    assert hitpoint_resolve.VERSION == VERSION


# --- requests and answers


@given(st.text())
def test_ids_of_projects_and_timelines_are_those_of_the_lua_script(text: str) -> None:
    text = text.encode(errors="replace").decode()
    assert request.hashed(text) == lua_room().call("hash", text)


class LuaRoom:
    """The Lua script's own request.lua, asked from Python."""

    def __init__(self) -> None:
        self.state = Interpreter("luajit21")
        self.state.run(
            f'requests = loadfile("{SCRIPTS}/request.lua")(function() return {{}} end)\n'
            "function told(name, ...) return requests[name](...) end"
        )

    def call(self, name: str, value: Any) -> Any:
        return self.state.run("return told(...)", name, value)


_rooms: list[LuaRoom] = []


def lua_room() -> LuaRoom:
    if not _rooms:
        _rooms.append(LuaRoom())
    return _rooms[0]


readable = st.text(st.characters(categories=("L", "N", "P", "S")), max_size=40)


@given(
    name=readable,
    stems=st.lists(st.sampled_from(placements.STEMS), unique=True),
    seed=st.none() | st.integers(0, 2**31 - 1),
)
def test_a_requests_name_says_to_the_daemon_what_was_meant(name: str, stems: list[str], seed: int | None) -> None:
    fields = {
        "do": "score",
        "v": "0-1-0",
        "p": "0123abcd",
        "t": "89ef4567",
        "in": 240,
        "out": 540,
        "df": 1,
        "sr": 48000,
    }
    fields |= {"id": request.new_id(), "json": "1", "nm": name, "seed": seed}
    told = from_name(request.name(fields), b"{}")
    assert (told.id, told.action, told.start_frame, told.end_frame) == (fields["id"], "score", 240, 540)
    assert (told.drop_frame, told.sample_rate, told.seed, told.as_json) == (True, 48000, seed, True)
    assert name.encode().startswith(told.name.encode())
    again = {**fields, "do": "reroll", "cue": "3f9a2c1b", "stems": stems, "nm": None}
    assert from_name(request.name(again), b"{}").stems == tuple(stems)


values = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), values))
def test_it_reads_the_files_that_are_written_for_lua(value: dict[str, Any]) -> None:
    def plain(one: Any) -> Any:
        if isinstance(one, Mapping):
            # An empty table of Lua is an empty list and an empty map at once.
            return {key.encode(errors="replace").decode(): plain(each) for key, each in one.items()} or []
        if isinstance(one, list):
            return [plain(each) for each in one]
        return one.encode(errors="replace").decode() if isinstance(one, str) else one

    assert mailbox.literal("return " + lua_literal(plain(value)).decode("ascii")) == plain(value)


@pytest.mark.parametrize(
    ("told", "rate", "drop"),
    [
        ("23.976", Fraction(24000, 1001), False),
        (23.976, Fraction(24000, 1001), False),
        ("24", Fraction(24), False),
        (25.0, Fraction(25), False),
        ("29.97 DF", Fraction(30000, 1001), True),
        ("29,97", Fraction(30000, 1001), False),
        ("59.94", Fraction(60000, 1001), False),
        ("47.952", Fraction(48000, 1001), False),
        (12.5, Fraction(25, 2), False),
    ],
)
def test_rates_are_exact_however_they_are_told(told: object, rate: Fraction, drop: bool) -> None:
    found = timeline.rate_of(told)
    assert found is not None
    assert (Fraction(found.numerator, found.denominator), found.drop) == (rate, drop)
    assert timeline.rate_of("none") is None


# --- what it does


@pytest.mark.parametrize("which", profiles(), ids=str)
def test_in_every_resolve_each_stem_lands_on_the_asked_frame_and_nothing_else_changes(
    which: Profile, tmp_path: Path
) -> None:
    table = desk(tmp_path, which)
    before = table.state()
    assert table.act("score"), table.lines
    for stem in placements.STEMS:
        assert table.items(f"Hitpoint {stem}") == table.wanted(stem)
    assert table.state() == before
    assert table.fake.wrong_calls == []
    assert table.asked() == ["score", "placed"]
    own = table.fake.timeline.start + START
    assert f"Hitpoint: drums asked {own} landed {own} (3 pieces): 3 laid" in table.lines


@pytest.mark.parametrize("start", ["00:00:00:00", "00:59:50:00", "01:00:00:00"])
@pytest.mark.parametrize(("rate", "drop"), [*((rate, False) for rate in placements.RATES), ("29.97", True)])
def test_at_every_rate_and_start_each_stem_lands_on_the_asked_frame(
    rate: str, drop: bool, start: str, tmp_path: Path
) -> None:
    table = desk(tmp_path, rate=rate, start=start, drop=drop)
    assert table.act("score"), table.lines
    assert everything(table) == {f"Hitpoint {stem}": table.wanted(stem) for stem in placements.STEMS}
    (score, _) = table.requests
    assert (score.drop_frame, score.start_frame, score.end_frame) == (drop, START, START + sum(LENGTHS))


def test_a_reroll_replaces_the_pieces_that_it_touched_and_another_take_brings_them_back(tmp_path: Path) -> None:
    table = desk(tmp_path)
    assert table.act("score")
    first = everything(table)
    table.take, table.changed = 2, {2: (("drums", "bass"), (2,))}
    asked = {
        "first": START + LENGTHS[0],
        "last": START + LENGTHS[0] + LENGTHS[1],
        "stems": ["drums", "bass"],
        "seed": 7,
    }
    assert table.act("reroll", **asked), table.lines
    told = table.requests[-2]
    assert (told.action, told.stems, told.seed, told.cue) == ("reroll", ("drums", "bass"), 7, placements.CUE_ID)
    second = everything(table)
    changed = [
        (name, place)
        for name, items in second.items()
        for place, item in enumerate(items)
        if item != first[name][place]
    ]
    assert changed == [("Hitpoint drums", 1), ("Hitpoint bass", 1)]
    table.take = 1
    assert table.act("previous"), table.lines
    assert everything(table) == first
    table.take = 2
    assert table.act("next"), table.lines
    assert everything(table) == second
    assert table.asked() == ["score", "placed", "reroll", "placed", "previous", "placed", "next", "placed"]


def test_what_the_user_has_trimmed_stays_and_the_new_goes_to_a_fresh_track(tmp_path: Path) -> None:
    table = desk(tmp_path)
    assert table.act("score")
    item = table.track("Hitpoint drums").items[1]
    item.duration -= 10
    kept = table.items("Hitpoint drums")
    table.take, table.changed = 2, {2: (("drums",), (2,))}
    assert table.act("reroll", first=START + 100, last=START + 150), table.lines
    assert table.items("Hitpoint drums") == kept
    assert table.items("Hitpoint drums 2") == table.wanted("drums")
    assert any('goes to "Hitpoint drums 2", since' in line for line in table.lines)


def test_what_is_refused_is_one_sentence_and_nothing_is_laid(tmp_path: Path) -> None:
    table = desk(tmp_path)
    table.refusal = {"code": "unusable-input", "sentence": "The range holds no picture. Move the marks."}
    assert not table.act("score")
    assert table.lines[-1] == "Hitpoint: The range holds no picture. Move the marks."
    assert everything(table) == {}
    assert not table.act("score", first=5000, last=6000)
    assert "holds no frame of the timeline" in table.lines[-1]
    assert not table.act("dance")
    assert 'there is no action "dance"' in table.lines[-1]
    assert not hitpoint_resolve.run(None, "score", str(table.mailbox), say=table.lines.append)
    assert "no Resolve answers" in table.lines[-1]


def test_what_nobody_thought_of_is_one_sentence_too_after_what_was_done(tmp_path: Path) -> None:
    table = desk(tmp_path)
    whole = table.placement()
    broken = {**whole, "stems": [whole["stems"][0], {"name": "bass"}]}
    table.place = lambda _: broken
    assert not table.act("score")
    assert any(line.startswith("Hitpoint: drums asked") for line in table.lines)
    assert table.lines[-1].startswith("Hitpoint: the script met something it does not know (KeyError")
    assert table.fake.page == "edit"


def test_another_version_of_the_program_is_named_with_its_own(tmp_path: Path) -> None:
    table = desk(tmp_path)
    table.running = False
    table._write("daemon.lua", {"version": "9.9.9", "pid": 1, "time": int(table.fake.clock.time()), "engines": []})
    assert not table.act("score")
    assert f"this script is version {VERSION} and the program is version 9.9.9" in table.lines[-1]


# --- the same as the Lua script


def _lock(table: Desk) -> None:
    table.track("Hitpoint drums").locked = True


def _trim(table: Desk) -> None:
    table.track("Hitpoint melody").items[1].duration -= 7


def _insert_a_track(table: Desk) -> None:
    table.fake.add_track(table.fake.timeline, "audio", "stereo", 1)


def _start_elsewhere(table: Desk) -> None:
    for track in table.fake.timeline.all_tracks():
        for item in track.items:
            item.start += 1000
    table.fake.timeline.start += 1000


def _switch(table: Desk) -> None:
    table.meanwhile = lambda: table.fake.new_timeline("Other")


def _quit_the_program(table: Desk) -> None:
    table.running = False


EDITS = (lambda _: None, _lock, _trim, _insert_a_track, _start_elsewhere, _switch, _quit_the_program)
"""What the user does between the score and the re-roll."""


def with_lua(table: Desk, step: str) -> list[str]:
    return table.run(step).printed


def with_python(table: Desk, step: str) -> list[str]:
    assert isinstance(table, PythonDesk)
    table.act(step)
    return table.lines


@pytest.mark.parametrize("seed", range(28))
def test_it_says_and_does_what_the_lua_script_says_and_does(seed: int, tmp_path: Path) -> None:
    """In any Resolve, with any traps, through a score, a re-roll and another take, whatever the user does between."""
    every = [each for each in profiles() if each.python_in_menu]
    rates = list(placements.RATES)
    options: dict[str, Any] = {
        "profile": every[seed * 5 % len(every)],
        "traps": Traps.random(seed, 0.15),
        "rate": rates[seed // len(EDITS) % len(rates)],
    }
    tables: tuple[Desk, ...] = (Desk(tmp_path / "a", **options), PythonDesk(tmp_path / "b", **options))
    told: list[list[str]] = []
    for table, script in zip(tables, (with_lua, with_python), strict=True):
        table.with_picture()
        said = script(table, "score")
        with suppress(StopIteration, IndexError):  # where nothing could be laid there is nothing to edit
            EDITS[seed % len(EDITS)](table)
        for take, step in ((2, "reroll"), (3, "next"), (3, "cancel")):
            table.take, table.changed = take, dict.fromkeys(range(2, take + 1), (("drums", "melody"), (2,)))
            said += script(table, step)
        told.append([line.replace(str(table.mailbox.parent), "") for line in said])
        assert table.fake.wrong_calls == []
    lua, python = tables
    assert told[1] == told[0]
    assert everything(python) == everything(lua)
    assert markers(python) == markers(lua)
    assert sorted(python.asked()) == sorted(lua.asked())  # those that wait together are taken in any order
    ids = ("timeline", "items")  # drawn at random
    assert [each for each in python.state().items() if each[0] not in ids] == [
        each for each in lua.state().items() if each[0] not in ids
    ]


# --- the command line


def test_from_a_shell_without_resolve_it_says_so(tmp_path: Path) -> None:
    command = [sys.executable, str(PACKAGE), "score", "--mailbox", str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (answer.returncode, answer.stderr) == (1, "")
    assert answer.stdout.startswith("Hitpoint: no Resolve answers. Open DaVinci Resolve Studio")


STAND_IN = """
import threading
import time
from pathlib import Path
from tests.hosts.resolve import Clock, profile
from tests.integrations.test_resolve_python import PythonDesk

def scriptapp(name):
    clock = Clock(real=True)
    table = PythonDesk(Path({folder!r}), profile=profile(studio=True), clock=clock, work=0.5).with_picture()
    def live():
        while True:
            time.sleep(0.05)
            clock.happen()
    threading.Thread(target=live, daemon=True).start()
    return table.fake.scriptapp(name)
"""
"""Stands in for Resolve's own module: the fake, in real time."""


def test_from_a_shell_it_scores_what_it_is_told_to(tmp_path: Path) -> None:
    modules = tmp_path / "api/Modules"
    modules.mkdir(parents=True)
    (modules / "DaVinciResolveScript.py").write_text(STAND_IN.format(folder=str(tmp_path / "desk")))
    words = ["score", "--mailbox", str(tmp_path / "desk/mailbox"), "--in", "100", "--out", "400", "--seed", "3"]
    place = {**os.environ, "RESOLVE_SCRIPT_API": str(tmp_path / "api"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(PACKAGE), *words]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=place)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "Hitpoint: scores frames 100 to 399, from the frames that were asked for." in answer.stdout
    assert "landed 86500 (3 pieces)" in answer.stdout


# --- through a real daemon


def test_through_a_real_daemon_real_music_lands_is_rerolled_and_comes_back(real_mailbox: Path, demo_edit: Path) -> None:
    """With real media: score, re-roll of one section's drums, the take before."""
    fake = Fake(
        profile("21.0.4", studio=True), Traps(overlap="slide"), Clock(real=True), rate="24", start="00:59:50:00"
    )
    movies = sorted(demo_edit.parent.glob("*.mp4"))[:5]
    fake.fill(Clip(movie, record=number * 72, frames=72) for number, movie in enumerate(movies))
    lines: list[str] = []

    def act(action: str, **asked: Any) -> list[dict[str, Any]]:
        lines.clear()
        assert hitpoint_resolve.run(fake.resolve, action, str(real_mailbox), say=lines.append, **asked), lines
        return [track for track in fake.tracks() if track["name"].startswith("Hitpoint ")]

    first = act("score", first=24, last=336, seed=7)
    assert [track["name"] for track in first] == [f"Hitpoint {stem}" for stem in placements.STEMS]
    for track in first:
        spans = [(item["start"], item["start"] + item["frames"]) for item in track["items"]]
        assert (spans[0][0], spans[-1][1]) == (24, 336)
        assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
    own = fake.timeline.start + 24
    reports = [line for line in lines if " landed " in line]
    assert len(reports) == len(placements.STEMS)
    assert all(f"asked {own} landed {own} " in line for line in reports)
    second = act("reroll", first=24, last=336, stems=["drums"], seed=8)
    assert [track["name"] for track, before in zip(second, first, strict=True) if track != before] == ["Hitpoint drums"]
    assert act("previous") == first
    assert fake.wrong_calls == []
