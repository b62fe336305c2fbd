"""Hits and sections as markers and regions, or in the takes: on the frame, once, and only ours are ever removed."""

from __future__ import annotations

from tests.integrations.reaper.desk import Desk

CHANGED = {2: (("drums",), (2,))}


def ours(desk: Desk) -> list[tuple[str, bool, float, float]]:
    found = desk.project.state.markers
    return sorted(
        (mark.name, mark.is_region, mark.position, mark.end)
        for mark in found
        if mark.name.startswith(("Section", "cut"))
    )


def reroll(desk: Desk) -> None:
    desk.fake.user.select_time(14.0, 16.0)
    desk.answers(desk.cue(take=2, changed=CHANGED))
    desk.act("Re-roll")


def test_sections_are_regions_and_hits_markers_on_their_frames(desk: Desk) -> None:
    desk.score(desk.cue())
    assert ours(desk) == [
        ("Section A", True, 10.0, 14.0),
        ("Section B", True, 14.0, (240 + 96 + 121) / 24),
        ("Section C", True, (240 + 96 + 121) / 24, 22.5),
        ("cut (met, 3 ms late)", False, 11.0, 11.0),
        ("cut (met, 3 ms late)", False, (240 + 100) / 24, (240 + 100) / 24),
        ("cut (not met: too close)", False, (240 + 150) / 24, (240 + 150) / 24),
    ]


def test_a_reroll_writes_them_once_and_leaves_the_users(desk: Desk) -> None:
    desk.fake.user.add_marker(11.0, "mine")
    desk.score(desk.cue())
    first = ours(desk)
    reroll(desk)
    assert ours(desk) == first
    assert [mark.name for mark in desk.project.state.markers].count("mine") == 1


def test_a_marker_of_the_same_name_in_the_same_place_stays_the_users(desk: Desk) -> None:
    mine = desk.fake.user.add_marker(11.0, "cut (met, 3 ms late)")
    desk.score(desk.cue())
    reroll(desk)
    assert any(mark.guid == mine.guid for mark in desk.project.state.markers)


def test_markers_that_the_user_has_removed_stay_away(desk: Desk) -> None:
    desk.score(desk.cue())
    desk.project.state.markers.clear()
    reroll(desk)
    assert ours(desk) == []


def test_only_hits_or_none_at_all(desk: Desk) -> None:
    desk.options(markers="hits")
    desk.score(desk.cue())
    assert {region for _, region, _, _ in ours(desk)} == {False}
    desk.options(markers="none")
    desk.score(desk.cue("reel 2", cue_id="00c0ffee", start=720))
    assert len(ours(desk)) == 3
    assert [request["markers_wanted"] for request in desk.requests] == ["hits", "none"]


def test_in_the_takes_they_go_with_the_sound(desk: Desk) -> None:
    desk.options(take_markers=True)
    desk.score(desk.cue())
    assert ours(desk) == []
    take = desk.item("drums").take
    assert take is not None
    assert [mark.position for mark in take.markers if mark.name == "Section B"] == [4.0]
    reroll(desk)
    assert len(desk.item("drums").take.markers) == len(take.markers) == 6  # type: ignore[union-attr]
    assert len(desk.item("bass").take.markers) == 6  # type: ignore[union-attr]
