"""What the user does meanwhile, and has done before: nothing of it is moved, deleted or overwritten."""

from __future__ import annotations

from collections.abc import Callable
from shutil import copy
from typing import Any

import pytest

from tests.hosts.resolve.model import Item, Marker, Media
from tests.hosts.resolve.versions import profile
from tests.integrations.resolve.desk import START, Desk

NewDesk = Callable[..., Desk]


def text(desk: Desk) -> str:
    """All that was said."""
    return "\n".join(desk.fake.printed)


def facts(item: Item) -> tuple[object, ...]:
    return item.id, item.start, item.duration, item.source, item.colour, item.enabled


def second_take(desk: Desk) -> None:
    """The drums of section B are new."""
    desk.take, desk.changed = 2, {2: (("drums",), (2,))}


def test_another_timeline_meanwhile_gets_nothing_and_the_next_run_places(desk: Desk) -> None:
    scored, other = desk.fake.timeline, desk.fake.new_timeline("Other")
    desk.fake.user.switch_timeline(scored)
    desk.meanwhile = lambda: desk.fake.user.switch_timeline(other)
    run = desk.run("score")
    assert 'Open the timeline "Reel" of the project "Feature"' in run.printed[-1]
    assert len(other.all_tracks()) == 2
    assert len(scored.all_tracks()) == 2
    assert desk.fake.project.timeline is other

    desk.meanwhile = lambda: None
    desk.fake.user.switch_timeline(scored)
    desk.run("score")
    assert desk.asked() == ["score", "placed"]
    assert desk.items("Hitpoint drums") == desk.wanted("drums")
    assert desk.fake.wrong_calls == []


def test_another_project_meanwhile_gets_nothing(desk: Desk) -> None:
    scored = desk.fake.project
    desk.meanwhile = lambda: desk.fake.user.switch_project()
    run = desk.run("score")
    assert 'Open the timeline "Reel"' in run.printed[-1]
    assert desk.asked() == ["score"]
    desk.meanwhile = lambda: None
    desk.fake.user.switch_project(scored)
    desk.run("next")
    assert desk.items("Hitpoint effects") == desk.wanted("effects")
    assert desk.asked() == ["score", "placed", "next", "placed"]


@pytest.mark.parametrize(("version", "call"), [("21.1", 1), ("21.1", 5), ("20.2.1", 2), ("18.6.6", 4)])
def test_a_timeline_switched_in_the_middle_of_placing_stops_there(new_desk: NewDesk, version: str, call: int) -> None:
    desk = new_desk(profile=profile(version))
    scored, other = desk.fake.timeline, desk.fake.new_timeline("Other")
    desk.fake.user.switch_timeline(scored)
    desk.fake.before("SetTrackName", lambda: desk.fake.user.switch_timeline(other), call)
    run = desk.run("score")
    assert run.error is None
    assert 'Open the timeline "Reel"' in run.printed[-1]
    assert [track.name for track in other.all_tracks()] == ["Video 1", "Audio 1"]
    assert all(not track.items for track in other.all_tracks())
    desk.fake.user.switch_timeline(scored)
    desk.run("score")
    for stem in desk.stems:
        assert any(desk.items(track.name) == desk.wanted(stem) for track in scored.tracks["audio"])
    assert len(scored.tracks["video"]) == 1


def test_a_locked_track_of_ours_is_left_and_the_stem_goes_to_a_fresh_one(desk: Desk) -> None:
    desk.run("score")
    desk.fake.user.lock(desk.track("Hitpoint drums"))
    second_take(desk)
    old = desk.items("Hitpoint drums")
    desk.run("next")
    assert desk.items("Hitpoint drums") == old
    assert desk.track("Hitpoint drums").locked
    assert desk.items("Hitpoint drums 2") == desk.wanted("drums")
    assert 'drums goes to "Hitpoint drums 2", since the track "Hitpoint drums" is locked' in text(desk)
    assert [track.name for track in desk.fake.timeline.tracks["audio"]].count("Hitpoint bass") == 1


@pytest.mark.parametrize(
    "touch",
    [
        lambda desk, item: desk.fake.user.trim(item, head=3),
        lambda desk, item: desk.fake.user.trim(item, tail=1),
        lambda _, item: setattr(item, "colour", "Pink"),
        lambda _, item: setattr(item, "enabled", False),
        lambda _, item: item.fades.update(FadeIn=5),
        lambda _, item: item.markers.update({3.0: Marker("Blue", "here", "", 1)}),
        lambda _, item: setattr(item, "source", item.source + 2),
    ],
    ids=["head", "tail", "coloured", "muted", "faded", "marked", "slipped"],
)
def test_an_item_that_the_user_touched_stays_and_the_new_take_goes_beside(
    desk: Desk, touch: Callable[[Desk, Item], object]
) -> None:
    desk.run("score")
    second_take(desk)
    desk.meanwhile = lambda: touch(desk, desk.track("Hitpoint drums").items[1])
    before = {item.id for item in desk.track("Hitpoint drums").items}
    desk.run("next")
    touched = facts(desk.track("Hitpoint drums").items[1])
    assert {item.id for item in desk.track("Hitpoint drums").items} == before
    assert desk.items("Hitpoint drums 2") == desk.wanted("drums")
    assert "is not as Hitpoint laid it there" in text(desk)

    desk.meanwhile = lambda: None
    desk.run("next")
    assert facts(desk.track("Hitpoint drums").items[1]) == touched
    assert desk.items("Hitpoint drums 2") == desk.wanted("drums")
    assert "Hitpoint drums 3" not in [track.name for track in desk.fake.timeline.tracks["audio"]]


def test_an_item_that_the_user_moved_away_stays_there_and_its_place_is_filled(desk: Desk) -> None:
    desk.run("score")
    moved = desk.track("Hitpoint drums").items[1]
    desk.fake.user.move(moved, 600)
    before = facts(moved)
    second_take(desk)
    desk.run("next")
    assert facts(moved) == before
    assert [item for item in desk.items("Hitpoint drums") if item[0] < START + 300] == desk.wanted("drums")


def test_an_item_trimmed_outside_the_hole_is_left_and_the_hole_replaced(desk: Desk) -> None:
    desk.run("score")
    trimmed = desk.track("Hitpoint drums").items[0]
    desk.fake.user.trim(trimmed, head=4)
    before = facts(trimmed)
    second_take(desk)
    desk.run("next")
    assert facts(trimmed) == before
    assert desk.items("Hitpoint drums")[1:] == desk.wanted("drums")[1:]
    assert "1 left as you edited it" in text(desk)


def test_music_of_the_users_in_the_way_stays(desk: Desk) -> None:
    desk.run("score")
    drums = desk.track("Hitpoint drums")
    desk.fake.user.delete(drums.items[1])
    theirs = Media("theirs.wav", "/music/theirs.wav", False, True, desk.fake.timeline.rate, 50)
    item = Item("theirs.wav", desk.fake.timeline.start + START + 120, 50, theirs)
    drums.put(item)
    before = facts(item)
    desk.run("next")
    assert facts(item) == before
    assert desk.items("Hitpoint drums 2") == desk.wanted("drums")


def test_a_second_cue_over_the_first_leaves_it(desk: Desk) -> None:
    desk.run("score")
    first = desk.items("Hitpoint drums")
    desk.cue = desk.cue.parent / "other"
    desk.place = lambda request: _renamed(desk.placement(request), "00c0ffee")
    desk.run("score")
    assert desk.items("Hitpoint drums") == first
    assert [(start, frames) for start, frames, _ in desk.items("Hitpoint drums 2")] == [
        (start, frames) for start, frames, _ in first
    ]
    assert "is of another cue" in text(desk)
    run = desk.run("next")
    assert "several cues" in run.printed[-1]


def test_what_lies_from_before_the_cues_folder_was_moved_is_called_that(desk: Desk) -> None:
    desk.run("score")
    first = desk.items("Hitpoint drums")
    desk.cue = desk.cue.parent / "moved"
    second_take(desk)
    desk.run("next")
    assert desk.items("Hitpoint drums") == first
    assert "is from where this cue's folder was before" in text(desk)


def _renamed(placement: dict[str, Any], cue: str) -> dict[str, Any]:
    """The same placement as another cue's, its files too."""
    placement["cue"]["id"] = cue
    for stem in placement["stems"]:
        for piece in stem["pieces"]:
            renamed = piece["file"].replace("3f9a2c1b", cue)
            copy(piece["file"], renamed)
            piece["file"] = renamed
    return placement


def test_tracks_above_may_come_and_go_while_the_work_runs(desk: Desk) -> None:
    desk.run("score")
    desk.meanwhile = lambda: desk.fake.user.insert_track("audio", 1)
    second_take(desk)
    desk.run("next")
    assert desk.items("Hitpoint drums") == desk.wanted("drums")
    desk.meanwhile = lambda: desk.fake.user.delete_track(desk.fake.timeline.tracks["audio"][0])
    desk.take, desk.changed = 1, {}
    desk.run("previous")
    assert desk.items("Hitpoint drums") == desk.wanted("drums")


def test_a_renamed_track_is_the_users_and_a_deleted_one_is_made_again(desk: Desk) -> None:
    desk.run("score")
    drums = desk.track("Hitpoint drums")
    desk.fake.user.rename_track(drums, "My drums")
    desk.fake.user.delete_track(desk.track("Hitpoint bass"))
    second_take(desk)
    before = [facts(item) for item in drums.items]
    desk.run("next")
    assert [facts(item) for item in drums.items] == before
    assert desk.items("Hitpoint drums") == desk.wanted("drums")
    assert desk.items("Hitpoint bass") == desk.wanted("bass")


def test_a_changed_picture_and_a_changed_start_are_said(desk: Desk) -> None:
    own = desk.fake.timeline
    desk.meanwhile = lambda: desk.fake.user.trim(own.tracks["video"][0].items[0], tail=1000)
    desk.run("score")
    assert "the picture in the range has changed" in text(desk)
    assert desk.items("Hitpoint drums") == desk.wanted("drums")

    wanted = desk.placement()
    desk.place = lambda _: wanted
    desk.meanwhile = lambda: desk.fake.user.set_start(own, 1000)
    desk.run("next")
    assert "the timeline started at frame 86400" in text(desk)
    assert desk.items("Hitpoint drums") == desk.wanted("drums")


def test_page_bin_playhead_marks_and_track_states_are_as_before(new_desk: NewDesk) -> None:
    for page in ("fairlight", "color", "media", "deliver"):
        desk = new_desk(profile=profile("21.0.3", studio=True))
        desk.run("score")
        fake, own = desk.fake, desk.fake.timeline
        fake.page, own.playhead = page, own.start + 777
        own.tracks["audio"][0].enabled = False
        own.tracks["video"][0].locked = True
        own.marks = {"video": {"in": 300}, "audio": {"out": 500}}
        fake.project.folder = fake.project.root.folders[0]
        before = desk.state()
        second_take(desk)
        desk.run("next")
        assert desk.state() == before
        assert desk.items("Hitpoint drums") == desk.wanted("drums")


def test_what_the_user_sets_while_the_work_runs_stays(desk: Desk) -> None:
    def at_work() -> None:
        desk.fake.page = "fairlight"
        desk.fake.timeline.playhead += 99
        desk.fake.user.mark(5, 10)

    desk.meanwhile = at_work
    desk.run("score")
    assert desk.fake.page == "fairlight"
    assert desk.fake.timeline.playhead == desk.fake.timeline.start + 99
    assert desk.fake.timeline.marks["video"] == {"in": 5, "out": 10}


def test_a_dialog_that_opens_meanwhile_is_reported_and_the_next_run_places(desk: Desk) -> None:
    desk.meanwhile = lambda: desk.fake.user.interrupt()
    run = desk.run("score")
    assert "not everything could be placed" in run.printed[-1]
    assert sum("not landed (0 of 3 pieces)" in line for line in run.printed) == len(desk.stems)
    assert "placed" not in desk.asked()
    desk.fake.user.dismiss()
    desk.run("score")
    assert desk.asked() == ["score", "placed"]
    for stem in desk.stems:
        assert desk.items(f"Hitpoint {stem}") == desk.wanted(stem)


def test_markers_of_the_users_stay_and_ours_are_replaced(desk: Desk) -> None:
    own = desk.fake.timeline
    own.markers[float(START)] = Marker("Red", "mine", "keep", 1, "my data")
    desk.run("score")
    mine = own.markers[START]
    assert (mine.name, mine.custom) == ("mine", "my data")
    assert "left out, since another marker stands on that frame" in text(desk)
    ours = {frame: marker for frame, marker in own.markers.items() if marker.custom.startswith("hitpoint:3f9a2c1b:")}
    assert len(ours) == len(own.markers) - 1
    hit = ours[START + 24]
    assert (hit.colour, hit.name, hit.custom) == ("Green", "cut / beat", "hitpoint:3f9a2c1b:hit:24")
    assert any(marker.colour == "Red" for marker in ours.values())

    moved = own.markers.pop(START + 12)
    own.markers[START + 13] = moved
    foreign = Marker("Sky", "beat", "", 1, "hitpoint:00c0ffee:beat:1")
    own.markers[2.0] = foreign
    desk.options = {"markers": "hits"}
    desk.run("next")
    assert own.markers[START + 13] is moved
    assert own.markers[2.0] is foreign
    assert own.markers[START].name == "mine"
    theirs = (START, START + 13, 2)
    assert {marker.custom.split(":")[2] for frame, marker in own.markers.items() if frame not in theirs} == {"hit"}
    desk.options = {"markers": "none"}
    desk.run("next")
    assert set(own.markers) == {float(START), START + 13, 2.0}
