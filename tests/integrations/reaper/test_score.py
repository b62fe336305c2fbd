"""Score range: the range goes out, the stems come back on the frame, in one undo step, and nothing else changes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
import rpp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hosts.placements import RATES, STEMS
from tests.integrations.reaper.desk import STEPS_IN_50_MS, Desk


def test_each_stem_lands_on_the_asked_frame_with_exactly_its_length(any_desk: Desk) -> None:
    any_desk.score(any_desk.cue())
    for stem in STEMS:
        item = any_desk.item(stem)
        assert item.position == 10.0
        assert item.length == 12.5
        assert item.take is not None
        assert item.take.source is not None
        assert item.take.source.file.endswith(f"takes/001/{stem}.wav")
        assert f"{stem} asked 86640 landed 86640" in any_desk.fake.console


@pytest.mark.parametrize("lua", ["lua53", "lua54"])
def test_it_runs_in_both_luas_of_the_field(new_desk: Callable[..., Desk], lua: str) -> None:
    desk = new_desk(lua=lua).with_picture()
    desk.score(desk.cue())
    assert desk.item("drums").position == 10.0


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize("offset", [0.0, 3590.0, 3600.0])
def test_every_rate_and_start_lands_on_the_exact_second(
    new_desk: Callable[..., Desk], name: str, offset: float
) -> None:
    rate = RATES[name]
    desk = new_desk().with_picture(float(rate))
    desk.project.state.offset = offset
    desk.score(desk.cue(rate=rate, start=243, timeline_start=round(offset * rate)))
    frames = 96 + 121 + 83
    for stem in STEMS:
        assert desk.item(stem).position == float(Fraction(243) / rate)
        assert desk.item(stem).length == float(Fraction(frames) / rate)
    [request] = desk.requests
    assert request["start"] == offset
    assert abs(request["rate"] - float(rate)) < 0.01
    assert (request["in"], request["out"]) == (10.0, 22.5)


def test_nothing_that_reaper_adds_by_itself_is_left_on_an_item(desk: Desk) -> None:
    desk.fake.switches.new_item_fade = 0.25
    desk.score(desk.cue())
    values = desk.item("bass").values
    expected = {"B_LOOPSRC": 0, "D_FADEINLEN": 0, "D_FADEOUTLEN": 0, "D_FADEINLEN_AUTO": -1, "D_FADEOUTLEN_AUTO": -1}
    assert {name: values[name] for name in expected} == expected
    assert values["C_BEATATTACHMODE"] == 0


def test_stems_lie_in_one_folder_track_in_order(desk: Desk) -> None:
    desk.score(desk.cue())
    names = [track.name for track in desk.project.state.tracks]
    assert names == ["Video", "Hitpoint: reel 1", *STEMS]
    depths = [track.values.get("I_FOLDERDEPTH", 0) for track in desk.project.state.tracks]
    assert depths == [0, 1, 0, 0, 0, 0, -1]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(depths=st.lists(st.sampled_from([0, 0, 1, 1, -1, -2]), max_size=7))
def test_everybody_elses_nesting_stays_whatever_it_is(new_desk: Callable[..., Desk], depths: list[int]) -> None:
    desk = new_desk()
    tracks = [desk.fake.user.add_track(f"t{number}", depth) for number, depth in enumerate(depths)]
    before = parents(desk)
    desk.score(desk.cue(stems=("drums", "bass")))
    after = parents(desk)
    assert {track.name: after[track.name] for track in tracks} == before
    assert after["Hitpoint: reel 1"] == ""
    assert after["drums"] == after["bass"] == "Hitpoint: reel 1"


def parents(desk: Desk) -> dict[str, str]:
    """Each track's folder by name, as the running sum of the depths says."""
    found: dict[str, str] = {}
    open_folders: list[str] = []
    for track in desk.project.state.tracks:
        found[track.name] = open_folders[-1] if open_folders else ""
        depth = int(track.values.get("I_FOLDERDEPTH", 0))
        if depth > 0:
            open_folders.append(track.name)
        for _ in range(-depth):
            if open_folders:
                open_folders.pop()
    return found


def test_the_whole_placement_is_one_undo_step_that_brings_everything_back(desk: Desk) -> None:
    before = rpp.loads(desk.fake.rpp())
    desk.score(desk.cue())
    assert desk.undo_names() == ["Hitpoint: score reel 1"]
    desk.fake.user.undo()
    desk.fake.user.select_time(0, 0)
    after = rpp.loads(desk.fake.rpp())
    assert [track.find("NAME") for track in after.findall("TRACK")] == [
        track.find("NAME") for track in before.findall("TRACK")
    ]
    assert len(after.findall("MARKER")) == len(before.findall("MARKER")) == 0


def test_the_saved_project_holds_the_stems_where_they_were_asked_for(desk: Desk) -> None:
    desk.score(desk.cue())
    project = rpp.loads(desk.fake.rpp())
    items = [item for track in project.findall("TRACK") for item in track.findall("ITEM")][1:]
    assert len(items) == 5
    for item in items:
        assert [float(item.find(key)[1]) for key in ("POSITION", "LENGTH", "LOOP", "BEAT")] == [10.0, 12.5, 0, 0]


def test_selection_cursor_and_time_selection_are_as_before(desk: Desk) -> None:
    state = desk.project.state
    video = state.tracks[0].items[0]
    desk.fake.user.select_items([video])
    state.tracks[0].values["I_SELECTED"] = 1.0
    state.cursor = 7.25
    kept = (10.0, 22.5)
    desk.fake.user.select_time(*kept)
    desk.answers(desk.cue())
    desk.act("Score range")
    assert (state.selection, state.cursor) == (kept, 7.25)
    assert [item.uid for item in state.items() if item.values.get("B_UISEL")] == [video.uid]
    assert [track.name for track in state.tracks if track.values.get("I_SELECTED")] == ["Video"]


def test_editing_modes_change_nothing(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(ripple=2, auto_crossfade=True, split_overlap=0.01, locked_refuse=True).with_picture()
    sound = desk.fake.user.add_item(desk.fake.user.add_track("Sound"), "/media/a.wav", 11.0, 3.0)
    before = copy.deepcopy(sound.values)
    desk.score(desk.cue())
    assert sound.values == before
    assert desk.item("drums").position == 10.0


def test_selected_items_are_a_range_when_there_is_no_time_selection(desk: Desk) -> None:
    track = desk.project.state.tracks[0]
    clips = [desk.fake.user.add_item(track, "/media/b.mov", 70.0 + at, 2.0, kind="VIDEO") for at in (0, 5)]
    desk.fake.user.select_items(clips)
    desk.answers(desk.cue())
    desk.act("Score range")
    assert (desk.requests[0]["in"], desk.requests[0]["out"]) == (70.0, 77.0)


def test_the_plain_list_says_what_of_each_file_is_seen(desk: Desk) -> None:
    user = desk.fake.user
    sound = user.add_track("Sound")
    user.add_item(sound, "/media/voice.wav", 12.0, 4.0, offset=16.5, playrate=0.5)
    user.add_item(sound, "/media/later.wav", 30.0, 4.0)
    muted = user.add_item(sound, "/media/silent.wav", 20.0, 1.0)
    muted.values["B_MUTE"] = 1.0
    user.add_marker(15.0, "HIT door")
    user.add_marker(16.0, "here", color=0x1FF0000)
    user.add_marker(14.0, "a region", end=15.0)
    user.select_time(10.0, 22.5)
    desk.act_in_silence("Score range")
    items = {item["name"]: item for item in desk.requests[0]["items"]}
    assert set(items) == {"reel.mov", "voice.wav", "silent.wav"}
    voice = items["voice.wav"]
    assert (voice["position"], voice["length"], voice["offset"], voice["playrate"]) == (12.0, 4.0, 16.5, 0.5)
    assert (voice["kind"], voice["track"], voice["muted"]) == ("audio", 2, False)
    assert (items["reel.mov"]["kind"], items["reel.mov"]["file"]) == ("video", "/media/reel.mov")
    assert items["silent.wav"]["muted"]
    assert desk.requests[0]["markers"] == [
        {"position": 15.0, "name": "HIT door", "colour": ""},
        {"position": 16.0, "name": "here", "colour": "RED"},
    ]


def test_music_of_ours_is_no_part_of_the_next_request(desk: Desk) -> None:
    desk.score(desk.cue())
    desk.score(desk.cue("reel 2", cue_id="00c0ffee"))
    assert [item["name"] for item in desk.requests[1]["items"]] == ["reel.mov"]
    assert desk.requests[1]["markers"] == []


def test_a_file_that_cannot_be_read_leaves_the_project_as_it_was(desk: Desk) -> None:
    laid = desk.cue()
    truncated = Path(laid["stems"][3]["file"])
    with truncated.open("r+b") as file:
        file.truncate(20)
    desk.score(laid)
    assert f"melody cannot be read: {truncated}" in desk.fake.console
    assert (len(desk.project.state.tracks), desk.undo_names()) == (1, [])


def test_nothing_selected_and_no_items_is_said(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk()
    desk.act("Score range")
    assert desk.fake.console.startswith("Hitpoint: nothing is selected and there are no items.")
    assert (desk.requests, desk.undo_names()) == ([], [])


def test_an_unsaved_project_hears_where_its_music_lies(desk: Desk) -> None:
    laid = desk.cue()
    desk.score(laid)
    assert desk.requests[0]["project"] == {"name": "", "folder": ""}
    assert f"lies in {laid['cue']['folder']}. Save the project" in desk.fake.console


def test_a_saved_project_tells_its_name_and_media_folder(desk: Desk) -> None:
    path = desk.fake.user.save(path=desk.folder / "film" / "reel.rpp")
    desk.score(desk.cue())
    assert desk.requests[0]["project"] == {"name": "reel.rpp", "folder": desk.project.media}
    assert path.is_file()


def test_a_project_of_thousands_of_items_never_holds_the_host_up(desk: Desk) -> None:
    track = desk.fake.user.add_track("Foley")
    for number in range(3000):
        desk.fake.user.add_item(track, "/media/step.wav", number * 0.02, 0.01)
    desk.score(desk.cue(), 0.0, 60.0)
    assert len(desk.requests[0]["items"]) == 3001
    assert max(desk.fake.tick_steps) < STEPS_IN_50_MS


def test_the_disk_is_looked_at_five_times_a_second_at_most(desk: Desk) -> None:
    desk.fake.user.select_time(10.0, 22.5)
    desk.start("Score range")
    desk.fake.pump(1.0)
    desk.fake.disk.clear()
    desk.fake.pump(10.0)
    looks = {round(at, 3) for at, _, path in desk.fake.disk if "answer.lua" in path}
    assert 40 <= len(looks) <= 50
