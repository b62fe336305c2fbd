"""Grooves: the drums of each style, in every meter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.brief import Meter
from core.engines.composer.grooves import GROOVES, PITCH, kick_beats, patterns, strokes, voices
from tests.core.engines.composer.outlines import STYLES

METERS = (Meter(2, 4), Meter(3, 4), Meter(4, 4), Meter(5, 4), Meter(6, 8), Meter(7, 8))


def test_every_style_has_its_own_groove_and_ambient_has_none() -> None:
    assert set(GROOVES) == set(STYLES)
    assert voices("ambient") == ()
    assert len({str(groove) for groove in GROOVES.values()}) == len(STYLES)


@given(st.sampled_from(STYLES), st.sampled_from(METERS), st.floats(0, 1))
def test_the_kick_falls_inside_the_bar_in_order(style: str, meter: Meter, energy: float) -> None:
    beats = kick_beats(style, meter, energy)
    assert list(beats) == sorted(set(beats))
    assert all(0 <= beat < meter.beats for beat in beats)


@pytest.mark.parametrize("meter", METERS, ids=str)
@pytest.mark.parametrize("style", [style for style in STYLES if style != "ambient"])
def test_a_full_groove_has_a_kick_on_the_downbeat_of_every_meter(style: str, meter: Meter) -> None:
    assert kick_beats(style, meter, 0.9)[0] == 0.0


def test_electronic_is_four_on_the_floor_and_uplift_builds_up_to_it() -> None:
    assert kick_beats("electronic", Meter(4, 4), 0.1) == (0.0, 1.0, 2.0, 3.0)
    assert [len(kick_beats("uplift", Meter(4, 4), energy)) for energy in (0.1, 0.3, 0.8)] == [0, 2, 4]


def test_taikos_of_action_play_three_three_two() -> None:
    taiko = next(voice for voice in voices("action") if voice.instrument == "taiko" and voice.lowest == 0.3)
    assert [beat for beat, _ in strokes(patterns(taiko, Meter(4, 4))[0], Meter(4, 4), 4)] == [0.0, 1.5, 3.0]


@pytest.mark.parametrize("meter", METERS, ids=str)
@given(beats=st.integers(1, 12))
def test_every_voice_can_play_a_bar_of_any_length(meter: Meter, beats: int) -> None:
    for groove in GROOVES.values():
        for voice in groove:
            for pattern in patterns(voice, meter):
                played = strokes(pattern, meter, beats)
                assert all(0 <= beat < beats and 1 <= velocity <= 127 for beat, velocity in played)


def test_a_drum_that_is_wished_for_joins_the_groove() -> None:
    assert [voice.instrument for voice in voices("ambient", ("tick",))] == ["tick"]
    assert voices("action", ("taiko", "piano")) == voices("action")
    assert all(voice.instrument in PITCH for voice in voices("documentary", ("hat", "woodblock")))
