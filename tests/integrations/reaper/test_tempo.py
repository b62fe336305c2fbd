"""The tempo map, where it is asked for: the music's grid inside of the cue, everybody else's where it was."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.hosts.reaper.state import Item
from tests.hosts.reaper.tempo import TempoMap
from tests.integrations.reaper.desk import STEPS_IN_50_MS, Desk

TEMPO = [
    {"time": 0.0, "bpm": 90.0, "numerator": 4, "denominator": 4, "downbeat": True},
    {"time": 8 / 3, "bpm": 96.0, "numerator": 0, "denominator": 0, "downbeat": True},
    {"time": 8 / 3 + 2.5, "bpm": 100.0, "numerator": 3, "denominator": 4, "downbeat": True},
]


def furnished(desk: Desk) -> list[Item]:
    """Items of every time base before, in and after the cue, and markers."""
    user = desk.fake.user
    track = user.add_track("Edit")
    items = [
        user.add_item(track, "/media/a.wav", position, 2.0, mode=mode, playrate=1.1)
        for mode in (-1, 0, 1, 2)
        for position in (1.0 + mode, 12.0 + mode, 40.0 + mode)
    ]
    user.add_marker(5.0, "before")
    user.add_marker(15.5, "inside")
    user.add_marker(44.0, "after", end=50.0)
    return items


def stand(desk: Desk) -> list[tuple[dict[str, float], float]]:
    """Where every item of the user's is, with its time base and play rate."""
    return [
        (dict(item.values), item.takes[0].playrate)
        for track in desk.project.state.tracks
        for item in track.items
        if "hitpoint_cue" not in item.ext
    ]


def marks(desk: Desk) -> list[tuple[str, float, float]]:
    ours = ("Section", "cut")
    return sorted((m.name, m.position, m.end) for m in desk.project.state.markers if not m.name.startswith(ours))


def cue(desk: Desk, **more: Any) -> dict[str, Any]:
    return {**desk.cue(**more), "tempo": TEMPO}


def points(desk: Desk) -> list[tuple[float, float]]:
    return [(round(point.time, 9), round(point.bpm, 6)) for point in desk.project.state.tempo]


def test_it_is_off_unless_it_is_asked_for(desk: Desk) -> None:
    desk.score(cue(desk))
    assert desk.project.state.tempo == []


@pytest.mark.parametrize("timebase", [0, 1, 2])
@pytest.mark.parametrize("version", ["6.24", "7.08", "7.60"])
def test_items_markers_and_regions_of_the_user_do_not_move(
    new_desk: Callable[..., Desk], version: str, timebase: int
) -> None:
    desk = new_desk(version=version, inherit_reads_255=timebase == 1).with_picture()
    desk.project.state.timebase = timebase
    furnished(desk)
    before, markers = stand(desk), marks(desk)
    desk.options(tempo=True)
    desk.score(cue(desk))
    assert "left as it was" not in desk.fake.console
    assert [pytest.approx(values) for values, _ in before] == [values for values, _ in stand(desk)]
    assert [rate for _, rate in stand(desk)] == pytest.approx([rate for _, rate in before])
    assert marks(desk) == markers
    assert [desk.item("drums").position, desk.item("drums").length] == [10.0, 12.5]


def test_the_grid_inside_is_the_musics_and_outside_the_films(desk: Desk) -> None:
    desk.project.state.bpm = 120.0
    desk.options(tempo=True)
    desk.score(cue(desk))
    assert points(desk) == [
        (0.0, 120.0),
        (10.0, 90.0),
        (round(10 + 8 / 3, 9), 96.0),
        (round(10 + 8 / 3 + 2.5, 9), 100.0),
        (22.5, 120.0),
    ]
    tempo = TempoMap(desk.project.state)
    assert tempo.qn(10.0 + 8 / 3) - tempo.qn(10.0) == pytest.approx(4.0)
    assert tempo.qn(30.0) - tempo.qn(22.5) == pytest.approx(15.0)


def test_the_tempo_and_signature_that_were_in_force_come_back(desk: Desk) -> None:
    desk.fake.user.set_tempo(0.0, 100.0, 7, 8)
    desk.fake.user.set_tempo(30.0, 140.0, 3, 4)
    desk.options(tempo=True)
    desk.score(cue(desk))
    closing = next(point for point in desk.project.state.tempo if point.time == 22.5)
    assert (closing.bpm, closing.numerator, closing.denominator) == (100.0, 7, 8)
    assert points(desk)[-1] == (30.0, 140.0)


def test_a_tempo_ramp_before_the_music_does_not_bend_towards_it(desk: Desk) -> None:
    desk.fake.user.set_tempo(0.0, 100.0)
    desk.fake.user.set_tempo(40.0, 140.0)
    desk.project.state.tempo[0].linear = True
    before = TempoMap(copy.deepcopy(desk.project.state)).qn(9.9)
    desk.options(tempo=True)
    desk.score(cue(desk))
    assert TempoMap(desk.project.state).qn(9.9) == pytest.approx(before, abs=1e-3)


def test_a_tempo_marker_of_the_users_inside_is_left_and_said(desk: Desk) -> None:
    desk.fake.user.set_tempo(15.0, 100.0)
    before = points(desk)
    desk.options(tempo=True)
    desk.score(cue(desk))
    assert "the tempo map was left as it is: there is a tempo marker of yours at 0:15.00" in desk.fake.console
    assert points(desk) == before
    assert desk.item("drums").position == 10.0
    assert desk.undo_names()[-1] == "Hitpoint: score reel 1"
    assert not any("failed" in name for name in desk.undo_names())


def test_one_undo_step_takes_the_tempo_map_back_too(desk: Desk) -> None:
    desk.options(tempo=True)
    desk.score(cue(desk))
    desk.fake.user.undo()
    assert desk.project.state.tempo == []


@pytest.mark.parametrize("start", [0, 240])
def test_a_reroll_writes_the_map_again_in_place_of_the_old(desk: Desk, start: int) -> None:
    desk.options(tempo=True)
    desk.score(cue(desk, start=start))
    faster = [{**point, "bpm": point["bpm"] + 1.5} for point in TEMPO]
    desk.fake.user.select_time(start / 24 + 4.0, start / 24 + 6.0)
    again = {**cue(desk, start=start, take=2, changed={2: (("drums",), (2,))}), "tempo": faster[:2]}
    desk.answers(again)
    desk.act("Re-roll")
    zero = start / 24
    opening = [] if start == 0 else [(0.0, 120.0)]
    assert points(desk) == [
        *opening,
        (round(zero, 9), 91.5),
        (round(zero + 8 / 3, 9), 97.5),
        (round(zero + 12.5, 9), 120.0),
    ]


def test_thousands_of_items_are_pinned_without_holding_the_host_up(desk: Desk) -> None:
    track = desk.fake.user.add_track("Foley")
    for number in range(2000):
        desk.fake.user.add_item(track, "/media/step.wav", number * 0.02, 0.01, mode=number % 3)
    desk.options(tempo=True)
    before = stand(desk)
    desk.score(cue(desk))
    assert [values for values, _ in stand(desk)] == [pytest.approx(values) for values, _ in before]
    assert max(desk.fake.tick_steps) < STEPS_IN_50_MS
