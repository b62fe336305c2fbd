"""Re-roll, Next take and Previous take: new REAPER takes in the same items, all stems together, nothing lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.placements import STEMS
from tests.integrations.reaper.desk import Desk

CHANGED = {2: (("drums", "melody"), (2,))}


@pytest.fixture
def scored(desk: Desk) -> Desk:
    """A cue of twelve and a half seconds at second 10, take 1."""
    desk.score(desk.cue())
    return desk


def rerolled(desk: Desk, **more: Any) -> dict[str, Any]:
    """Take 2 of the cue: drums and melody are new."""
    return desk.cue(take=2, changed=CHANGED, **more)


def reroll(desk: Desk, laid: dict[str, Any], start: float = 14.0, end: float = 16.0) -> None:
    """Re-roll a time selection, and be given that placement."""
    desk.fake.user.select_time(start, end)
    desk.answers(laid)
    desk.act("Re-roll")
    desk.fake.user.select_time(0, 0)


def takes_of(desk: Desk, stem: str) -> list[str]:
    """The take numbers of a stem's item."""
    return [take.ext["hitpoint_take"] for take in desk.item(stem).takes]


def playing(desk: Desk) -> dict[str, str]:
    """The file that plays of each stem, from the cue's folder on."""
    found = {}
    for stem in STEMS:
        take = desk.item(stem).take
        assert take is not None
        assert take.source is not None
        found[stem] = "/".join(Path(take.source.file).parts[-2:])
    return found


def test_a_reroll_is_a_new_take_in_the_items_of_the_stems_that_changed(any_desk: Desk) -> None:
    any_desk.score(any_desk.cue())
    reroll(any_desk, rerolled(any_desk))
    assert {stem: takes_of(any_desk, stem) for stem in STEMS} == {
        "drums": ["1", "2"],
        "bass": ["1"],
        "harmony": ["1"],
        "melody": ["1", "2"],
        "effects": ["1"],
    }
    assert playing(any_desk)["drums"] == "002/drums.wav"
    assert playing(any_desk)["bass"] == "001/bass.wav"
    assert any_desk.undo_names() == ["Hitpoint: score reel 1", "Hitpoint: take 2 of reel 1"]
    assert all((any_desk.item(stem).position, any_desk.item(stem).length) == (10.0, 12.5) for stem in STEMS)


def test_what_the_user_has_set_on_the_old_take_goes_over_to_the_new_one(scored: Desk) -> None:
    item = scored.item("drums")
    scored.fake.user.trim_item(item, 12.0, 20.0)
    old = scored.item("drums").take
    assert old is not None
    settings = {"D_VOL": 0.5, "D_PAN": -0.25, "D_PITCH": 2.0, "D_PLAYRATE": 1.25, "B_PPITCH": 1.0}
    old.values |= settings
    reroll(scored, rerolled(scored))
    new = scored.item("drums").take
    assert new is not None
    assert new is not old
    assert new.ext["hitpoint_take"] == "2"
    assert {name: new.values[name] for name in settings} == settings
    assert new.offset == old.offset == 2.0
    assert (scored.item("drums").position, scored.item("drums").length) == (12.0, 8.0)


def test_every_part_of_a_split_item_gets_the_take_at_its_own_place(scored: Desk) -> None:
    right = scored.fake.user.split_item(scored.item("melody"), 15.0)
    assert right is not None
    scored.fake.user.move_item(right, 40.0)
    reroll(scored, rerolled(scored))
    first, second = scored.track("melody").items
    assert [take.ext["hitpoint_take"] for take in first.takes + second.takes] == ["1", "2", "1", "2"]
    assert first.take is not None
    assert second.take is not None
    assert (first.position, first.take.offset) == (10.0, 0.0)
    assert (second.position, second.take.offset) == (40.0, 5.0)


def test_a_deleted_item_of_a_stem_that_changed_is_laid_anew_and_said(scored: Desk) -> None:
    scored.fake.user.delete_item(scored.item("drums"))
    reroll(scored, rerolled(scored))
    item = scored.item("drums")
    assert (item.position, item.length) == (10.0, 12.5)
    assert "drums asked 86640 landed 86640 (take 2): its item was deleted; it is laid anew" in scored.fake.console


def test_a_deleted_track_comes_back_at_the_end_of_the_cues_folder(scored: Desk) -> None:
    scored.fake.user.delete_track(scored.track("drums"))
    reroll(scored, rerolled(scored))
    names = [track.name for track in scored.project.state.tracks]
    assert names == ["Video", "Hitpoint: reel 1", "bass", "harmony", "melody", "effects", "drums"]
    depths = [track.values.get("I_FOLDERDEPTH", 0) for track in scored.project.state.tracks]
    assert depths == [0, 1, 0, 0, 0, 0, -1]


def test_a_track_that_comes_back_closes_the_outer_folder_too(scored: Desk) -> None:
    tracks = scored.project.state.tracks
    tracks[0].values["I_FOLDERDEPTH"] = 1.0
    tracks[-1].values["I_FOLDERDEPTH"] = -2.0
    after = scored.fake.user.add_track("After")
    scored.fake.user.delete_item(scored.item("drums"))
    state = scored.project.state
    state.tracks = [track for track in state.tracks if track.name != "drums"]
    reroll(scored, rerolled(scored))
    depths = {track.name: track.values.get("I_FOLDERDEPTH", 0) for track in scored.project.state.tracks}
    assert (depths["effects"], depths["drums"], depths[after.name]) == (0, -2, 0)


def test_a_deleted_item_of_another_stem_stays_deleted(scored: Desk) -> None:
    scored.fake.user.delete_item(scored.item("bass"))
    reroll(scored, rerolled(scored))
    assert scored.track("bass").items == []
    assert "bass: its item was deleted; it is left away" in scored.fake.console


def test_next_and_previous_flip_all_stems_together(scored: Desk) -> None:
    first, second = scored.cue(), rerolled(scored)
    reroll(scored, second)
    scored.answers(first)
    scored.act("Previous take")
    assert set(playing(scored).values()) == {f"001/{stem}.wav" for stem in STEMS}
    scored.answers(second)
    scored.act("Next take")
    assert playing(scored)["melody"] == "002/melody.wav"
    assert [request["action"] for request in scored.requests] == ["score", "reroll", "previous", "next"]
    assert takes_of(scored, "melody") == ["1", "2"]


def test_a_flip_adds_a_take_where_it_is_missing(scored: Desk) -> None:
    scored.answers(rerolled(scored))
    scored.act("Next take")
    assert takes_of(scored, "melody") == ["1", "2"]


def test_when_there_is_nothing_to_change_there_is_no_undo_step(scored: Desk) -> None:
    scored.answers(scored.cue())
    scored.act("Next take")
    assert scored.undo_names() == ["Hitpoint: score reel 1"]
    assert "every item plays the take that is in use already." in scored.fake.console


def test_one_undo_step_takes_a_reroll_back(scored: Desk) -> None:
    reroll(scored, rerolled(scored))
    scored.fake.user.undo()
    assert {stem: takes_of(scored, stem) for stem in STEMS} == {key: ["1"] for key in STEMS}
    reroll(scored, rerolled(scored))
    assert takes_of(scored, "drums") == ["1", "2"]


def test_takes_say_their_number_and_seed(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk().with_picture()
    laid = desk.cue()
    laid["stems"] = [{**stem, "seed": 123} for stem in laid["stems"]]
    desk.score(laid)
    take = desk.item("drums").take
    assert take is not None
    assert take.name == "take 1 seed 123"


# --- what is asked


def test_the_part_is_the_time_selection(scored: Desk) -> None:
    reroll(scored, rerolled(scored), 14.0, 16.0)
    request = scored.requests[-1]
    assert (request["in"], request["out"], request["stems"]) == (14.0, 16.0, [])
    assert request["cue"] == scored.cue()["cue"]["folder"]


def test_a_time_selection_that_is_wider_than_the_music_is_cut_to_it(scored: Desk) -> None:
    reroll(scored, rerolled(scored), 5.0, 16.0)
    assert (scored.requests[-1]["in"], scored.requests[-1]["out"]) == (10.0, 16.0)


def test_the_part_is_else_the_section_under_the_cursor_and_the_selected_stems(scored: Desk) -> None:
    scored.fake.user.select_items([scored.item("drums"), scored.item("bass")])
    scored.project.state.cursor = 15.0
    scored.answers(rerolled(scored))
    scored.act("Re-roll")
    request = scored.requests[-1]
    assert (request["in"], request["out"]) == (10.0 + 96 / 24, 10.0 + (96 + 121) / 24)
    assert request["stems"] == ["drums", "bass"]


def test_selected_child_tracks_name_the_stems(scored: Desk) -> None:
    scored.track("melody").values["I_SELECTED"] = 1.0
    reroll(scored, rerolled(scored))
    assert scored.requests[-1]["stems"] == ["melody"]


def test_the_folder_track_stands_for_all_stems(scored: Desk) -> None:
    scored.track("Hitpoint: reel 1").values["I_SELECTED"] = 1.0
    reroll(scored, rerolled(scored))
    assert scored.requests[-1]["stems"] == []


def test_music_that_was_moved_is_asked_for_where_it_was_scored(scored: Desk) -> None:
    for stem in STEMS:
        scored.fake.user.move_item(scored.item(stem), 30.0)
    reroll(scored, rerolled(scored), 34.0, 36.0)
    assert (scored.requests[-1]["in"], scored.requests[-1]["out"]) == (14.0, 16.0)
    assert scored.requests[-1]["items"][0]["position"] == -20.0
    assert scored.item("drums").position == 30.0


def test_a_reroll_tells_the_picture_under_the_whole_cue(scored: Desk) -> None:
    reroll(scored, rerolled(scored))
    score, again = scored.requests
    assert again["items"] == score["items"]


def test_several_cues_under_a_selection_are_named(scored: Desk) -> None:
    scored.score(scored.cue("reel 2", cue_id="00c0ffee"))
    scored.fake.user.select_time(14.0, 16.0)
    scored.act("Re-roll")
    assert "music of several cues is meant (reel 1, reel 2). Select an item of the one." in scored.fake.console
    [item] = scored.project.state.tracks[-1].items
    scored.fake.user.select_items([item])
    scored.answers(scored.cue("reel 2", cue_id="00c0ffee", take=2, changed=CHANGED))
    scored.act("Re-roll")
    assert scored.requests[-1]["cue"].endswith("reel 2")


@pytest.mark.parametrize("action", ["Re-roll", "Next take", "Previous take"])
def test_without_any_music_that_is_said(desk: Desk, action: str) -> None:
    desk.act(action)
    assert desk.fake.console.startswith("Hitpoint: there is no music of Hitpoint's in this project yet.")


def test_a_cursor_outside_of_the_music_is_said(scored: Desk) -> None:
    scored.project.state.cursor = 50.0
    scored.act("Re-roll")
    assert "put the cursor into the section" in scored.fake.console


# --- projects that come back


def test_a_project_that_was_saved_and_opened_again_is_rerolled(scored: Desk) -> None:
    scored.fake.user.save_and_reopen(scored.folder / "film" / "reel.rpp")
    reroll(scored, rerolled(scored))
    assert takes_of(scored, "drums") == ["1", "2"]


def test_a_project_that_moved_with_its_music_finds_it_again(scored: Desk, tmp_path: Path) -> None:
    film = scored.folder / "film"
    shutil.move(scored.folder / "music" / "reel 1", film / "Hitpoint" / "reel 1")
    desk = scored
    laid = desk.cue()
    laid["cue"]["folder"] = str(film / "Hitpoint" / "reel 1")
    for stem in laid["stems"]:
        stem["file"] = str(film / "Hitpoint" / "reel 1" / "takes" / "001" / f"{stem['name']}.wav")
    desk.fake.user.new_tab()
    desk.fake.user.set_frame_rate(24)
    desk.fake.user.save(path=film / "reel.rpp")
    desk.score(laid)
    desk.fake.user.save()
    moved = tmp_path / "elsewhere" / "film"
    shutil.move(film, moved)
    text = (moved / "reel.rpp").read_text(encoding="utf-8")
    desk.fake.load(text, str(moved / "reel.rpp"))
    desk.fake.user.select_time(14.0, 16.0)
    desk.answers(laid)
    desk.act("Re-roll")
    assert desk.requests[-1]["cue"] == str(moved / "Hitpoint" / "reel 1")


def test_a_cue_that_is_nowhere_is_said(scored: Desk) -> None:
    shutil.rmtree(scored.folder / "music")
    scored.fake.user.select_time(14.0, 16.0)
    scored.act("Re-roll")
    assert "the folder of the cue reel 1 is not at" in scored.fake.console


def test_empty_takes_that_reaper_makes_are_no_trouble(scored: Desk) -> None:
    from tests.hosts.reaper.state import Take

    scored.item("drums").takes.insert(0, Take(null=True))
    scored.item("drums").current = 1
    reroll(scored, rerolled(scored))
    assert [take.ext.get("hitpoint_take") for take in scored.item("drums").takes] == [None, "1", "2"]


def test_the_users_own_take_in_an_item_is_flipped_away_from_only_by_its_stems_reroll(scored: Desk) -> None:
    reroll(scored, rerolled(scored))
    scored.item("drums").current = 0
    third = scored.cue(take=3, changed={**CHANGED, 3: (("bass",), (1,))})
    reroll(scored, third)
    assert playing(scored)["drums"] == "001/drums.wav"
    assert playing(scored)["bass"] == "003/bass.wav"


@pytest.mark.parametrize("deleted", [False, True])
def test_a_locked_track_is_left_and_said(scored: Desk, deleted: bool) -> None:
    scored.fake.switches.locked_refuse = True
    scored.track("drums").locked = True
    if deleted:
        scored.track("drums").items.clear()
    reroll(scored, rerolled(scored))
    assert "drums: REAPER adds nothing here: is the track locked?" in scored.fake.console
    assert [len(item.takes) for item in scored.track("drums").items] == ([] if deleted else [1])
    assert takes_of(scored, "melody") == ["1", "2"]


def test_only_the_stems_that_were_laid_are_asked_for_and_laid(desk: Desk) -> None:
    desk.options(stems="drums,bass")
    desk.score(desk.cue(stems=("drums", "bass")))
    reroll(desk, desk.cue(take=2, changed={2: (STEMS, (2,))}))
    assert desk.requests[-1]["stems"] == ["drums", "bass"]
    assert [track.name for track in desk.project.state.tracks] == ["Video", "Hitpoint: reel 1", "drums", "bass"]
