"""Everything that can be switched, switched at random: each stem lands on its frame, or it is said."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hosts.placements import RATES, STEMS
from tests.integrations.reaper.conftest import VERSIONS
from tests.integrations.reaper.desk import Desk

SWITCHES = st.fixed_dictionaries(
    {
        "version": st.sampled_from(VERSIONS),
        "imgui": st.booleans(),
        "loop_new_items": st.booleans(),
        "new_item_fade": st.sampled_from([0.0, 0.01, 0.5]),
        "merge_equal_markers": st.booleans(),
        "inherit_reads_255": st.booleans(),
        "rounded_rates": st.booleans(),
        "ripple": st.integers(0, 2),
        "auto_crossfade": st.booleans(),
        "locked_refuse": st.booleans(),
        "add_takes_active": st.booleans(),
        "exec_answer": st.sampled_from(["0\n", "0", ""]),
        "os_name": st.sampled_from(["Other", "Win64", "OSX64", "macOS-arm64"]),
    }
)
PROJECT = st.fixed_dictionaries(
    {
        "rate": st.sampled_from(sorted(RATES)),
        "offset": st.sampled_from([0.0, 3590.0, 3600.0]),
        "timebase": st.integers(0, 2),
        "start": st.integers(0, 5000),
        "tempo": st.booleans(),
        "damaged": st.sampled_from(["", "", "", *STEMS]),
    }
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(switches=SWITCHES, project=PROJECT)
def test_each_stem_lands_or_it_is_said(
    new_desk: Callable[..., Desk], switches: dict[str, Any], project: dict[str, Any]
) -> None:
    rate = RATES[project["rate"]]
    desk = new_desk(**switches).with_picture(float(rate))
    state = desk.project.state
    state.offset, state.timebase = project["offset"], project["timebase"]
    sound = desk.fake.user.add_item(desk.fake.user.add_track("Sound"), "/media/a.wav", 30.0, 3.0)
    before = dict(sound.values)
    desk.options(tempo=project["tempo"])
    laid = desk.cue(rate=rate, start=project["start"])
    for stem in laid["stems"]:
        if stem["name"] == project["damaged"]:
            stem["file"] += ".gone"
    desk.score(laid)
    if project["damaged"]:
        assert f"{project['damaged']} cannot be read" in desk.fake.console
        assert desk.undo_names() == []
    else:
        for stem in STEMS:
            assert desk.item(stem).position == float(Fraction(project["start"]) / rate)
            assert desk.item(stem).length == float(Fraction(laid["frames"]) / rate)
            assert f"{stem} asked" in desk.fake.console
        assert desk.undo_names() == ["Hitpoint: score reel 1"]
        assert "landed" in desk.fake.console
    values = desk.track("Sound").items[0].values
    assert {name: round(value, 9) for name, value in values.items()} == before
