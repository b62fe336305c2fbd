"""Sections divide the bars where the picture turns, and are named by how they follow."""

from __future__ import annotations

import numpy as np

from core.brief import FloatArray
from core.rhythm.sections import divide, sections

BEATS: FloatArray = np.arange(0, 200) * np.float64(0.5)


def test_thirty_two_quiet_bars_are_divided_by_eights() -> None:
    assert divide(BEATS, range(0, 128, 4), 64.0, {}, ()) == (0, 32, 64, 96)


def test_a_turn_on_a_downbeat_begins_a_section() -> None:
    assert 20 in divide(BEATS, range(0, 64, 4), 32.0, {20: 0.9}, ())


def test_a_section_begins_wherever_it_must() -> None:
    assert {12, 44} <= set(divide(BEATS, range(0, 64, 4), 32.0, {}, (12, 44)))


def test_no_section_is_shorter_than_two_bars_nor_longer_than_sixteen() -> None:
    for bars in range(2, 45):
        starts = divide(BEATS, range(0, 4 * bars, 4), 2.0 * bars, {4: 1.0, 4 * bars - 4: 1.0}, ())
        lengths = np.diff([*starts, 4 * bars]) // 4
        assert lengths.min() >= 2
        assert lengths.max() <= 16


def test_a_single_bar_is_one_section() -> None:
    assert divide(BEATS, (0, 4), 1.5, {}, ()) == (0,)


def test_sections_cover_the_range_and_an_idea_that_comes_back_is_numbered() -> None:
    busy = np.concatenate([np.arange(0, 16, 4.0), np.arange(16, 32, 0.8), np.arange(32, 48, 4.0)])
    made = sections((0, 32, 64), BEATS[:97], 48.0, {32: 0.9, 64: 0.9}, busy)
    assert [s.name for s in made] == ["A", "B", "A2"]
    assert [(s.start, s.duration, s.beats) for s in made] == [(0.0, 16.0, 32), (16.0, 16.0, 32), (32.0, 16.0, 32)]
