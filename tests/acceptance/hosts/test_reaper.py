"""REAPER, the whole way: installed scripts start the real client, real music lies on the asked frames."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import pytest

from core.brief import STEMS
from tests.acceptance.hosts.reaper_desk import ReaperDesk
from tests.hosts.reaper.tempo import TempoMap

NewReaper = Callable[..., ReaperDesk]
FIRST, FRAMES = ReaperDesk.first, 288


def scored(desk: ReaperDesk) -> str:
    """The first take, on the frame that was asked for; what the script said."""
    desk.select(FIRST, FIRST + FRAMES)
    said = desk.call("Score range")
    desk.assert_music(FIRST, FRAMES, {key: [1] for key in STEMS})
    desk.assert_told(said, FIRST)
    assert desk.fake.active.state.selection == (FIRST / 24, (FIRST + FRAMES) / 24)
    return said


def section(desk: ReaperDesk, number: int) -> tuple[int, int]:
    """First frame of a section and the one after its last, from the project's start."""
    starts = [round(one.start * 24) for one in desk.cue().brief.plan.sections] + [FRAMES]
    assert len(starts) > 2
    return FIRST + starts[number], FIRST + starts[number + 1]


def reroll(desk: ReaperDesk, *stems: str) -> str:
    """Call Re-roll with the items of those stems selected."""
    desk.fake.user.select_items([desk.item(name) for name in stems])
    said = desk.call("Re-roll")
    desk.fake.user.select_items([])
    return said


@pytest.mark.parametrize(
    ("version", "lua"),
    [
        pytest.param("6.47", "lua53", marks=pytest.mark.slow),
        pytest.param("7.08", "lua54", marks=pytest.mark.slow),
        ("7.60", "lua54"),
    ],
)
def test_an_editors_whole_afternoon(reaper: NewReaper, version: str, lua: str) -> None:
    """Score, a re-roll of two stems in one section, takes back and forth, saved and opened again, all stems."""
    desk = reaper(version=version, lua=lua, offset=3600.0)
    scored(desk)
    before = {name: desk.sound(name) for name in STEMS}
    begin, end = section(desk, 1)
    desk.select(begin, end)
    reroll(desk, "drums", "melody")
    takes = {name: [1, 2] if name in ("drums", "melody") else [1] for name in STEMS}
    desk.assert_music(FIRST, FRAMES, takes)
    for name in STEMS:
        now = desk.sound(name)
        low, high = ((frame - FIRST) * 2000 for frame in (begin, end))
        assert (now[:low] == before[name][:low]).all()
        assert (now[high:] == before[name][high:]).all()
        assert (now != before[name]).any() == (name in ("drums", "melody"))

    desk.fake.user.select_time(0, 0)
    for entry, take in (("Previous take", 0), ("Previous take", 0), ("Next take", 1)):
        desk.call(entry)
        desk.assert_music(FIRST, FRAMES, takes)
        assert {name: desk.item(name).current for name in STEMS} == {
            name: take if len(takes[name]) > 1 else 0 for name in STEMS
        }
    undo = [step.name for step in desk.fake.active.undo]
    cue = desk.cue().folder.name
    assert undo == [f"Hitpoint: {words} {cue}" for words in ("score", "take 2 of", "take 1 of", "take 2 of")]

    desk.fake.user.save_and_reopen()
    desk.program.stop()
    desk.fake.active.state.cursor = begin / 24 + 0.5
    sound = {name: desk.sound(name) for name in STEMS}
    desk.call("Re-roll")
    changed = {name for name in STEMS if 3 in [int(take.ext["hitpoint_take"]) for take in desk.item(name).takes]}
    assert changed
    desk.assert_music(FIRST, FRAMES, {name: takes[name] + [3] * (name in changed) for name in STEMS})
    for name in STEMS:
        outside = np.ones(FRAMES * 2000, bool)
        outside[(begin - FIRST) * 2000 - 2000 : (end - FIRST) * 2000 + 2000] = False
        assert (desk.sound(name)[outside] == sound[name][outside]).all()
        assert (desk.sound(name) != sound[name]).any() == (name in changed)


def test_cancel_ends_the_work_and_changes_nothing(reaper: NewReaper) -> None:
    desk = reaper(seconds=300)
    text = desk.fake.rpp()
    desk.select(0, 7000)
    desk.start("Score range")
    running = desk.program.jobs
    desk.until(lambda: any(job["state"] == "running" and job["client"].startswith("reaper") for job in running()))
    said = desk.call("Cancel")
    assert "cancel" in said
    assert "Hitpoint: cancelled." in desk.fake.console
    desk.fake.user.select_time(0, 0)
    assert desk.fake.rpp() == text
    assert desk.description() == desk.theirs
    desk.until(lambda: desk.program.jobs()[0]["state"] == "cancelled")
    assert not list((desk.folder / "film").glob("Hitpoint Cues/*/cue.json"))


@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")
def test_a_daemon_that_is_killed_costs_no_music(reaper: NewReaper) -> None:
    desk = reaper(version="6.47", lua="lua53")
    desk.select(FIRST, FIRST + FRAMES)
    desk.start("Score range")
    jobs = desk.fake.resource / "Data" / "Hitpoint" / "jobs"
    desk.until(lambda: list(jobs.glob("*/progress.lua")))
    desk.program.kill()
    desk.finish()
    desk.assert_music(FIRST, FRAMES, {key: [1] for key in STEMS})
    desk.assert_told(desk.fake.console, FIRST)


@pytest.mark.parametrize("timebase", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_the_tempo_map_moves_nothing_of_the_users(reaper: NewReaper, timebase: int) -> None:
    desk = reaper(offset=3590.0)
    desk.fake.active.state.timebase = timebase
    track = desk.fake.user.add_track("Foley")
    for mode in (-1, 0, 1, 2):
        for position in (0.25, 5.5, 30.0):
            desk.fake.user.add_item(track, "/media/step.wav", position + mode / 8, 0.1, mode=mode, playrate=1.1)
    desk.theirs = desk.description()
    desk.options(tempo=True, midi=True)
    said = scored(desk)
    assert "left as it" not in said
    points = desk.cue().brief.plan.tempo_map
    tempo = TempoMap(desk.fake.active.state)
    beats = [FIRST / 24 + time for time in points.beats if 0 < time < FRAMES / 24]
    assert np.diff([tempo.qn(time) for time in beats]) == pytest.approx(1.0, abs=1e-3)
    notes = [
        item for item in desk.fake.active.state.items() if item.take and item.take.source and item.take.source.notes
    ]
    assert notes
    assert all(item.values["B_MUTE"] for item in notes)
    assert all(item.position >= FIRST / 24 - 1e-9 for item in notes)
    desk.fake.user.undo()
    assert desk.fake.active.state.tempo == []
    assert desk.description() == desk.theirs


def test_the_editor_goes_on_working_while_the_music_is_written(reaper: NewReaper) -> None:
    """Ripple and auto-crossfade on; clips are moved, other tabs opened, while the program works."""
    desk = reaper(ripple=2, auto_crossfade=True)
    desk.select(FIRST, FIRST + FRAMES)
    desk.start("Score range")
    desk.until(lambda: desk.fake.processes.lines)
    later = desk.fake.user.add_item(desk.track("Video"), "/media/late.mov", 40.0, 2.0, kind="VIDEO")
    desk.fake.user.move_item(later, 44.0)
    desk.theirs = desk.description()
    desk.fake.user.new_tab()
    desk.fake.pump(1.0)
    desk.fake.user.switch_tab(0)
    desk.finish()
    desk.assert_music(FIRST, FRAMES, {key: [1] for key in STEMS})
