"""Cuts that change place, light, energy or pace turn more than cuts back and forth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.brief import Hit, Picture
from core.picture.turns import weigh


def picture(levels: list[float], seconds: float, motion: list[float] | None = None) -> Picture:
    """Grey stretches, each of these seconds long."""
    light = np.repeat(np.array(levels), round(seconds * 10))
    energy = np.repeat(np.array(motion or [0.2] * len(levels)), round(seconds * 10))
    colour = np.column_stack([light] * 3)
    flat = np.full(len(light), 0.1)
    return Picture(10, light, colour, energy, flat, np.zeros(len(light)))


def cuts(*times: float) -> list[Hit]:
    return [Hit(time, "cut", 0.5) for time in times]


def test_a_cut_to_another_place_turns_more_than_a_cut_back_and_forth() -> None:
    levels = [0.3, 0.5, 0.3, 0.5, 0.3, 0.9, 0.7, 0.9, 0.7, 0.9]
    weighed = weigh(cuts(*range(2, 20, 2)), picture(levels, 2))
    assert max(weighed, key=lambda hit: hit.turn).time == 10
    assert max(weighed, key=lambda hit: hit.weight).time == 10


def test_a_change_of_energy_is_a_turn() -> None:
    weighed = weigh(cuts(4, 8, 12), picture([0.5] * 4, 4, [0.1, 0.1, 0.8, 0.8]))
    assert weighed[1].turn > 0.7
    assert weighed[1].turn > 1.5 * max(weighed[0].turn, weighed[2].turn)


def test_without_a_picture_the_turn_is_even_but_for_the_pace() -> None:
    unseen = picture([np.nan] * 8, 5)
    steady = weigh(cuts(*range(2, 40, 2)), unseen)
    assert {hit.turn for hit in steady} == {0.5}
    quicker = weigh(cuts(4, 8, 12, 16, 20, *np.arange(20.5, 36, 0.5)), unseen)
    assert max(quicker, key=lambda hit: hit.turn).time in (16, 20)
    assert max(hit.turn for hit in quicker) > 0.65


def test_markers_and_movements_keep_their_weight() -> None:
    hits = [Hit(2, "marker", 1.0, "HIT", True), Hit(3, "motion", 0.3), *cuts(4)]
    marker, motion, cut = weigh(hits, picture([0.2, 0.8], 4))
    assert (marker.weight, marker.must) == (1.0, True)
    assert motion == hits[1]
    assert 0.4 <= cut.weight <= 0.7


def test_no_hits_or_no_samples_are_no_trouble() -> None:
    assert weigh([], picture([0.5], 4)) == ()
    assert weigh(cuts(0.05), picture([0.5], 0.1))[0].turn >= 0.5


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=12),
    st.lists(st.floats(0.1, 11.9), max_size=30),
    st.sets(st.integers(0, 11)),
)
def test_turns_and_weights_stay_within_their_bounds(levels: list[float], times: list[float], blind: set[int]) -> None:
    seen = picture([np.nan if place in blind else level for place, level in enumerate(levels)], 1)
    for hit, before in zip(weigh(cuts(*sorted(times)), seen), cuts(*sorted(times)), strict=True):
        assert 0 <= hit.turn <= 1
        assert 0.4 <= hit.weight <= 0.7
        assert replace(hit, turn=0.0, weight=0.5) == before
