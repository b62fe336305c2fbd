"""How hits are played, and where the last chord falls."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.brief import Ending, Meter
from core.engines.composer.gestures import final, gestures
from tests.core.engines.composer.outlines import STYLES, TEMPO, make_bars, make_brief, spread_hits

ENDINGS: tuple[Ending, ...] = get_args(Ending)


@pytest.mark.parametrize("style", STYLES)
def test_there_is_one_gesture_for_each_accepted_hit_and_musts_are_strong(style: str) -> None:
    brief = make_brief(style, hit_beats=(5, 9.5, 14, 20), musts=(12.0, 30.0), missed=(7.3,))
    played = gestures(brief, make_bars(brief))
    assert [gesture.index for gesture in played] == [0, 2, 3, 4, 5, 6]
    for gesture in played:
        assert gesture.met is brief.plan.met[gesture.index]
        assert gesture.time == gesture.met.hit.time
        assert gesture.beat == gesture.met.beat
        assert gesture.strong == (gesture.how != "grid")
        assert gesture.strong or not gesture.met.hit.must


def test_comedy_marks_most_of_its_hits_and_documentary_a_few() -> None:
    hits = spread_hits(60, 100, 30)
    shares = {}
    for style in ("comedy", "action", "documentary"):
        brief = make_brief(style, seconds=60, hit_beats=hits, bpm=100)
        played = gestures(brief, make_bars(brief))
        shares[style] = sum(gesture.strong for gesture in played) / len(played)
    assert shares["comedy"] > 0.6
    assert 0.2 < shares["action"] < 0.5
    assert shares["documentary"] < 0.25


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(STYLES), st.integers(0, 10_000), st.integers(2, 40))
def test_a_stop_has_room_after_it_and_never_ends_the_cue(style: str, seed: int, count: int) -> None:
    brief = make_brief(style, hit_beats=spread_hits(40, TEMPO[style], count, seed), seed=seed)
    played = gestures(brief, make_bars(brief))
    for gesture, following in pairwise(played):
        if gesture.how == "stop":
            assert following.beat - gesture.beat >= 1 - 1e-6
    assert all(gesture.how != "stop" for gesture in played if gesture.time > brief.seconds - 4)


def test_stops_come_in_styles_that_like_them_and_never_under_speech() -> None:
    def stops(style: str, under_speech: bool) -> int:
        count = 0
        for seed in range(10):
            brief = make_brief(
                style, hit_beats=(9, 17), musts=(24.0, 33.0, 41.0), seed=seed, bpm=90, under_speech=under_speech
            )
            count += sum(gesture.how == "stop" for gesture in gestures(brief, make_bars(brief)))
        return count

    assert stops("tension", False) >= 3
    assert stops("uplift", False) == stops("ambient", False) == stops("tension", True) == 0


def test_seeds_choose_differently_and_one_seed_always_the_same() -> None:
    def choice(seed: int) -> tuple[tuple[str, bool], ...]:
        brief = make_brief("action", seconds=60, hit_beats=spread_hits(60, 140, 30), seed=seed)
        return tuple((gesture.how, gesture.strong) for gesture in gestures(brief, make_bars(brief)))

    assert choice(1) == choice(1)
    assert len({choice(seed) for seed in range(6)}) >= 5


@settings(deadline=None, max_examples=80)
@given(
    st.sampled_from(ENDINGS),
    st.sampled_from(STYLES),
    st.integers(2, 90),
    st.sampled_from((Meter(3, 4), Meter(4, 4), Meter(6, 8), Meter(7, 8))),
)
def test_the_last_chord_lies_inside_the_range(ending: Ending, style: str, seconds: int, meter: Meter) -> None:
    brief = make_brief(style, seconds=seconds, meter=meter, ending=ending)
    last = final(brief, make_bars(brief))
    assert last.ending == ending
    assert 0 <= last.time < seconds
    assert last.time == pytest.approx(brief.plan.tempo_map.time_of(last.beat), abs=1e-6)
    tail = seconds - last.time
    if ending == "button":
        assert tail <= 1.6
    if ending == "ring" and seconds >= 20:
        assert 1.5 <= tail <= 5.0


def test_the_last_chord_prefers_a_hit() -> None:
    beat = 60 / TEMPO["uplift"]
    on_hit = round(36.6 / beat)
    brief = make_brief("uplift", hit_beats=(float(on_hit),), ending="ring")
    assert final(brief, make_bars(brief)).time == pytest.approx(on_hit * beat)
