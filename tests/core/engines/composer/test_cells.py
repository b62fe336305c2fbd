"""Figures written as text keep their character in every meter."""

from __future__ import annotations

import pytest

from core.brief import Meter
from core.engines.composer.cells import spread
from core.engines.composer.grid import drive, groups, pulses, strength
from core.engines.composer.styles import PALETTES
from core.styles import METERS

FOUR, THREE, FIVE, SIX, SEVEN = Meter(4, 4), Meter(3, 4), Meter(5, 4), Meter(6, 8), Meter(7, 8)


def placed(cell: str, meter: Meter, beats: int | None = None, place: int = 0) -> list[tuple[float, float, str]]:
    strokes = spread(cell, place, meter, beats or meter.beats)
    return [(round(s.offset, 3), round(s.beats, 3), s.token) for s in strokes]


def test_eight_tokens_are_eighths_and_holds_lengthen_what_sounds() -> None:
    assert placed("0 - 1 . 2 - - 3", FOUR) == [(0, 1, "0"), (1, 0.5, "1"), (2, 1.5, "2"), (3.5, 0.5, "3")]


def test_four_tokens_are_quarters_and_sixteen_sixteenths() -> None:
    assert [offset for offset, _, _ in placed("0 1 2 3", FOUR)] == [0, 1, 2, 3]
    assert [offset for offset, _, _ in placed(" ".join("0" * 16), FOUR)] == [step / 4 for step in range(16)]


def test_bars_of_a_figure_take_turns() -> None:
    assert placed("0 . . . | . . 1 .", FOUR, place=0) == [(0, 1, "0")]
    assert placed("0 . . . | . . 1 .", FOUR, place=3) == [(2, 1, "1")]


def test_quarter_meters_take_whole_beats() -> None:
    assert [offset for offset, _, _ in placed("0 . 1 . 2 . 3 .", THREE)] == [0, 1, 2]
    assert [offset for offset, _, _ in placed("0 . 1 . 2 . 3 .", FIVE)] == [0, 1, 2, 3, 4]
    assert [offset for offset, _, _ in placed("0 . 1 . 2 . 3 .", FOUR, beats=2)] == [0, 1]


def test_a_running_figure_runs_on_in_six_eight_and_seven_eight() -> None:
    assert [round(offset * 3) for offset, _, _ in placed("0 1 2 3 2 1 2 3", SIX)] == [0, 1, 2, 3, 4, 5]
    assert [offset for offset, _, _ in placed("0 1 2 3 2 1 2 3", SEVEN)] == [0, 1, 2, 3, 4, 5, 6]


def test_an_off_beat_stays_late_in_the_group() -> None:
    assert [round(offset * 3) for offset, _, _ in placed(". * . * . * . *", SIX)] == [2, 5]
    assert [offset for offset, _, _ in placed(". * . * . * . *", SEVEN)] == [1, 3, 6]


@pytest.mark.parametrize("meter", METERS, ids=str)
@pytest.mark.parametrize("style", PALETTES)
def test_every_figure_of_every_style_fits_every_meter_and_odd_bar(style: str, meter: Meter) -> None:
    palette = PALETTES[style]
    for levels in (palette.bass.cells, *(layer.cells for layer in palette.layers)):
        for cell in (cell for _, cells in levels for cell in cells):
            assert all(len(bar.split()) in (4, 8, 16) for bar in cell.split("|")), cell
            for beats in range(1, 8):
                strokes = spread(cell, 0, meter, beats)
                ends = [stroke.offset + stroke.beats for stroke in strokes]
                assert all(end <= beats + 1e-6 for end in ends)
                assert all(end <= after.offset + 1e-6 for end, after in zip(ends, strokes[1:], strict=False))


@pytest.mark.parametrize("meter", METERS, ids=str)
def test_groups_fill_the_bar_and_downbeats_are_strongest(meter: Meter) -> None:
    for beats in range(1, 9):
        assert sum(groups(meter, beats)) == beats
        assert drive(meter, beats)[0] == 0
        eighths = pulses(meter, beats, "eighth")
        weights = [strength(meter, beats, offset) for offset in eighths]
        assert weights[0] == max(weights) == 1
        assert all(offset < beats for offset in eighths)


def test_seven_eight_is_felt_as_two_two_three() -> None:
    assert groups(SEVEN, 7) == (2, 2, 3)
    assert pulses(SEVEN, 7, "beat") == (0, 2, 4)
