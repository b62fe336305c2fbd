"""The frame that a shot's source time points at is the frame that the edit shows.

The movie starts at 10:00:00:00 and every frame carries its own number; PyAV alone reads the numbers back.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from core.timeline.read import read
from tests.core.timeline.documents import (
    clip,
    dissolve,
    external,
    freeze,
    gap,
    saved,
    span,
    stack,
    time,
    timeline,
    track,
    warp,
)
from tests.core.timeline.movies import Numbers, write_numbered

FILM = Fraction(24_000, 1001)
NTSC = Fraction(30_000, 1001)
FRAMES = 240
TEN_HOURS = {FILM: 864_000, Fraction(24): 864_000, Fraction(25): 900_000, NTSC: 1_078_920}


@pytest.fixture(scope="module", params=list(TEN_HOURS), ids=lambda rate: f"{float(rate):.3f}")
def rate(request: pytest.FixtureRequest) -> Fraction:
    found: Fraction = request.param
    return found


@pytest.fixture(scope="module")
def folder(rate: Fraction, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("movie")
    write_numbered(found / "numbers.mov", FRAMES, rate, "10:00:00;00" if rate == NTSC else "10:00:00:00")
    return found


@pytest.fixture(scope="module")
def numbers(folder: Path) -> Numbers:
    return Numbers(str(folder / "numbers.mov"))


def shown(folder: Path, numbers: Numbers, rate: Fraction, *children: dict[str, Any], gst: int = 0) -> list[int | None]:
    """The number on each frame of an edit; None for gaps."""
    edit = read(saved(timeline(track(*children), start=time(gst, rate)), folder))
    found: list[int | None] = []
    for shot in edit.shots:
        found += numbers.of(shot, rate) if shot.media else [None] * shot.frames
    assert len(found) == edit.range.frames
    return found


def test_in_points_count_from_the_available_range(folder: Path, numbers: Numbers, rate: Fraction) -> None:
    start = TEN_HOURS[rate]
    media = external("numbers.mov", span(start, FRAMES, rate))
    assert shown(folder, numbers, rate, clip("a", span(start + 37, 20, rate), media)) == list(range(37, 57))


def test_in_points_count_from_the_files_timecode_where_the_range_is_null(
    folder: Path, numbers: Numbers, rate: Fraction
) -> None:
    media = external("numbers.mov")
    assert shown(folder, numbers, rate, clip("a", span(TEN_HOURS[rate] + 5, 10, rate), media)) == list(range(5, 15))


def test_an_in_point_before_the_timecode_counts_from_zero(folder: Path, numbers: Numbers, rate: Fraction) -> None:
    assert shown(folder, numbers, rate, clip("a", span(5, 10, rate), external("numbers.mov"))) == list(range(5, 15))


def test_a_clip_without_range_is_the_whole_file(folder: Path, numbers: Numbers, rate: Fraction) -> None:
    assert shown(folder, numbers, rate, clip("a", None, external("numbers.mov"))) == list(range(FRAMES))


@pytest.mark.parametrize("speed", [2.0, 0.5, 1.0, 4.0, 0.25])
def test_a_retimed_clip_shows_the_frames_at_its_speed(
    folder: Path, numbers: Numbers, rate: Fraction, speed: float
) -> None:
    start = TEN_HOURS[rate] + 10
    media = external("numbers.mov", span(TEN_HOURS[rate], FRAMES, rate))
    expected = [10 + int(frame * speed) for frame in range(40)]
    assert shown(folder, numbers, rate, clip("a", span(start, 40, rate), media, effects=[warp(speed)])) == expected


def test_a_frozen_clip_holds_its_first_frame(folder: Path, numbers: Numbers, rate: Fraction) -> None:
    frozen = clip("a", span(TEN_HOURS[rate] + 99, 30, rate), external("numbers.mov"), effects=[freeze()])
    assert shown(folder, numbers, rate, frozen) == [99] * 30


@pytest.mark.parametrize("speed", [-1.0, -2.0, -0.5])
def test_a_reversed_clip_shows_its_frames_from_the_last_to_the_first(
    folder: Path, numbers: Numbers, rate: Fraction, speed: float
) -> None:
    reverse = clip("a", span(TEN_HOURS[rate] + 50, 20, rate), external("numbers.mov"), effects=[warp(speed)])
    forward = [50 + int(frame * -speed) for frame in range(20)]
    assert shown(folder, numbers, rate, reverse) == forward[::-1]


def test_a_nested_stack_shows_its_own_trim(folder: Path, numbers: Numbers, rate: Fraction) -> None:
    media, start = external("numbers.mov"), TEN_HOURS[rate]
    inner = track(clip("a", span(start + 100, 20, rate), media), clip("b", span(start + 10, 20, rate), media))
    nested = stack(inner, source_range=span(15, 12, rate))
    expected = [None] * 3 + list(range(115, 120)) + list(range(10, 17))
    assert shown(folder, numbers, rate, gap(3, rate), nested) == expected


@pytest.mark.parametrize(("speed", "step"), [(2.0, 1), (-1.0, -1), (-2.0, -1)])
def test_a_retimed_nested_stack_plays_its_clips_at_its_speed(
    folder: Path, numbers: Numbers, rate: Fraction, speed: float, step: int
) -> None:
    media, start = external("numbers.mov"), TEN_HOURS[rate]
    inner = track(clip("a", span(start + 100, 20, rate), media), clip("b", span(start + 10, 40, rate), media))
    played = [*range(100, 120), *range(10, 50)]
    nested = stack(inner, source_range=span(4, 20, rate), effects=[warp(speed)])
    stride = int(abs(speed))
    assert shown(folder, numbers, rate, nested) == played[4 : 4 + 20 * stride : stride][::step]


def test_a_frozen_nested_stack_holds_its_first_frame(folder: Path, numbers: Numbers, rate: Fraction) -> None:
    media, start = external("numbers.mov"), TEN_HOURS[rate]
    inner = track(clip("a", span(start + 100, 20, rate), media), clip("b", span(start + 10, 40, rate), media))
    nested = stack(inner, source_range=span(24, 20, rate), effects=[freeze()])
    assert shown(folder, numbers, rate, nested) == [14] * 20


def test_a_dissolve_goes_on_with_both_clips_to_its_middle(folder: Path, numbers: Numbers, rate: Fraction) -> None:
    media, start = external("numbers.mov"), TEN_HOURS[rate]
    first, second = clip("a", span(start, 20, rate), media), clip("b", span(start + 100, 20, rate), media)
    assert shown(folder, numbers, rate, first, dissolve(8, 4, rate), second) == [*range(18), *range(98, 120)]
    assert shown(folder, numbers, rate, first, dissolve(2, 8, rate), second) == [*range(23), *range(103, 120)]


def test_the_range_moves_the_in_point_of_its_first_shot(folder: Path, rate: Fraction, numbers: Numbers) -> None:
    start = TEN_HOURS[rate]
    doubled = clip("a", span(start, 60, rate), external("numbers.mov"), effects=[warp(2.0)])
    edit = read(saved(timeline(track(doubled), start=time(start, rate)), folder), "10f", "30f")
    assert numbers.of(edit.shots[0], rate) == list(range(20, 60, 2))


def test_source_range_and_media_may_count_at_other_rates(folder: Path, numbers: Numbers, rate: Fraction) -> None:
    media = external("numbers.mov", span(0, FRAMES, rate))
    # One second of the file, counted at 48 per second, in a timeline of twice the file's rate.
    edit = read(saved(timeline(track(clip("a", span(48, 96, 48), media)), start=time(0, rate * 2)), folder))
    (shot,) = edit.shots
    assert shot.source_start == 1
    assert numbers.of(shot, rate * 2)[: 2 * 20 : 2] == [int((1 + k / rate) * rate) for k in range(20)]


def test_a_movie_counts_from_its_own_timecode(folder: Path, numbers: Numbers, rate: Fraction) -> None:
    edit = read(folder / "numbers.mov")
    assert edit.in_text.startswith("10:00:00")
    assert edit.range.drop_frame == (rate == NTSC)
    assert edit.range.rate == rate
    (shot,) = edit.shots
    assert numbers.of(shot, rate) == list(range(FRAMES))
    later = read(folder / "numbers.mov", "10:00:02:03")
    assert numbers.of(later.shots[0], rate)[0] == 2 * round(rate) + 3
