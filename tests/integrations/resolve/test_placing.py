"""Scored music lies on the asked frame, in every version and edition, at every rate, from every start."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from tests.hosts import placements
from tests.hosts.resolve.versions import Profile, profile, profiles
from tests.integrations.resolve.desk import START, Desk

LUAS = ("luajit21", "lua51", "lua53", "lua54")
NewDesk = Callable[..., Desk]


def ids(desk: Desk) -> list[str]:
    """Every item and marker on the timeline, as it can be told from another."""
    own = desk.fake.timeline
    items = [item.id for track in own.all_tracks() for item in track.items]
    return items + [f"{frame} {marker.custom} {marker.name}" for frame, marker in sorted(own.markers.items())]


def assert_placed(desk: Desk) -> None:
    """Every stem lies on its own stereo track as the placement says, and no call was wrong."""
    for stem in desk.stems:
        assert desk.items(f"Hitpoint {stem}") == desk.wanted(stem)
        assert desk.track(f"Hitpoint {stem}").subtype == "stereo"
    assert desk.fake.wrong_calls == []
    assert desk.fake.unmeasured == []


@pytest.mark.parametrize("build", profiles(), ids=str)
def test_a_range_is_scored_and_a_section_rerolled_in_every_version(new_desk: NewDesk, build: Profile) -> None:
    desk = new_desk(profile=build)
    before = desk.state()
    lua = LUAS[profiles().index(build) % len(LUAS)]

    scored = desk.run("score", lua)

    assert scored.error is None
    assert_placed(desk)
    assert desk.state() == before
    assert f"Hitpoint: drums asked {desk.fake.timeline.start + START} landed" in "\n".join(scored.printed)

    desk.take, desk.changed = 2, {2: (("drums", "melody"), (2,))}
    desk.fake.timeline.marks.clear()
    desk.fake.timeline.playhead = desk.fake.timeline.start + START + 100
    before = desk.state()
    rerolled = desk.run("reroll", lua)

    assert rerolled.error is None
    assert_placed(desk)
    assert desk.state() == before
    asked = next(request for request in desk.requests if request.action == "reroll")
    assert (asked.start_frame, asked.end_frame, asked.cue) == (START + 96, START + 217, placements.CUE_ID)
    assert desk.asked() == ["score", "placed", "reroll", "placed"]


@pytest.mark.parametrize("rate", placements.RATES)
@pytest.mark.parametrize("start", ["00:00:00:00", "00:59:50:00", "01:00:00:00"])
def test_every_stem_lands_on_its_frame_at_every_rate_and_start(new_desk: NewDesk, rate: str, start: str) -> None:
    for drop in (False, True) if rate in ("29.97", "59.94") else (False,):
        desk = new_desk(profile=profile("21.1"), rate=rate, start=start, drop=drop)
        desk.run("score", "lua54")
        assert_placed(desk)
        assert desk.requests[0].drop_frame is drop
        assert desk.requests[0].start_frame == START


def test_running_twice_changes_nothing(desk: Desk) -> None:
    desk.run("score")
    there = ids(desk)
    desk.run("next")
    assert ids(desk) == there
    assert "3 in place already" in "\n".join(desk.fake.printed)


def test_another_take_replaces_only_what_differs(desk: Desk) -> None:
    desk.run("score")
    kept = {track.name: [item.id for item in track.items] for track in desk.fake.timeline.tracks["audio"]}
    desk.take, desk.changed = 2, {2: (("drums",), (2,))}
    desk.run("next")
    assert_placed(desk)
    for track in desk.fake.timeline.tracks["audio"]:
        same = [item.id == before for item, before in zip(track.items, kept[track.name], strict=True)]
        assert same == ([True, False, True] if track.name == "Hitpoint drums" else [True] * len(same))

    desk.take, desk.changed = 1, {}
    desk.run("previous")
    assert_placed(desk)


def test_a_file_that_resolve_counts_at_another_rate_is_laid_whole(new_desk: NewDesk) -> None:
    for own, project in (("29.97", "24"), ("24", "25"), ("25", "23.976"), ("23.976", "59.94"), ("50", "24")):
        desk = new_desk(rate=own, project_rate=project)
        run = desk.run("score")
        assert any("laid as one item" in line for line in run.printed)
        wanted = sum(desk.lengths)
        ratio = placements.RATES[own] / placements.RATES[project]
        for stem in desk.stems:
            ((start, frames, name),) = desk.items(f"Hitpoint {stem}")
            assert (start, name) == (START, f"{stem}.wav")
            assert 0 <= wanted - frames <= max(1, -(-ratio.numerator // ratio.denominator))
            said = f"{wanted - frames} frame" if wanted > frames else "1 laid"
            assert any(line.startswith(f"Hitpoint: {stem} asked") and said in line for line in run.printed)
        assert desk.asked() == ["score", "placed"]
        there = ids(desk)
        desk.run("next")
        assert ids(desk) == there
        assert desk.fake.wrong_calls == []


def test_a_whole_stem_is_rerolled_by_its_section_marker_and_replaced(new_desk: NewDesk) -> None:
    desk = new_desk(rate="25", project_rate="24")
    desk.run("score")
    desk.fake.timeline.marks.clear()
    desk.fake.timeline.playhead = desk.fake.timeline.start + START + 100
    desk.take, desk.changed = 2, {2: (("drums",), (2,))}
    before = {stem: desk.track(f"Hitpoint {stem}").items[0].id for stem in desk.stems}
    run = desk.run("reroll")
    asked = next(request for request in desk.requests if request.action == "reroll")
    assert (asked.start_frame, asked.end_frame) == (START + 96, START + 217), run.printed
    assert Path(str(desk.track("Hitpoint drums").items[0].media.path)).parent.name == "002"  # type: ignore[union-attr]
    assert [stem for stem in desk.stems if desk.track(f"Hitpoint {stem}").items[0].id != before[stem]] == ["drums"]


@pytest.mark.parametrize("lua", LUAS)
def test_no_step_of_its_own_is_long_even_for_an_hour_of_music(new_desk: NewDesk, lua: str) -> None:
    desk = new_desk(rate="25")
    desk.stems = ("drums", "bass")
    desk.lengths = [40] * 30
    hour = int(3600 * Fraction(25))
    beats = [
        placements.marker("bar" if beat % 4 == 0 else "beat", beat * 12, Fraction(25), f"bar {beat}", "")
        for beat in range(hour // 12)
    ]
    desk.place = lambda _: {**desk.placement(), "markers": beats}
    run = desk.run("score", lua, counting=True)
    assert run.error is None
    assert max(run.steps) < 300_000
    assert any(f"{len(beats) - len(desk.fake.timeline.markers)} left out" in line for line in run.printed)
    assert any("is on the timeline" in line for line in run.printed)
