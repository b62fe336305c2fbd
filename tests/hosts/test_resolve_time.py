"""The fake Resolve's time: start frames, settings, marks, positions."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.hosts.resolve import Fake, Traps, profile
from tests.hosts.resolve.reaching import footage, project, timeline
from tests.hosts.resolve.timecode import frames_of, timecode_of, true_rate


@pytest.mark.parametrize(
    ("rate", "drop", "start", "frame"),
    [
        ("23.976", False, "01:00:00:00", 86400),
        ("24", False, "01:00:00:00", 86400),
        ("25", False, "01:00:00:00", 90000),
        ("29.97", False, "01:00:00:00", 108000),
        ("29.97", True, "01:00:00:00", 107892),
        ("50", False, "01:00:00:00", 180000),
        ("59.94", False, "01:00:00:00", 216000),
        ("59.94", True, "01:00:00:00", 215784),
        ("25", False, "00:00:00:00", 0),
        ("24", False, "00:59:50:00", 86160),
        ("25", False, "09:58:30:07", 897757),
    ],
)
def test_the_start_frame_counts_its_timecode_at_the_nominal_rate(rate: str, drop: bool, start: str, frame: int) -> None:
    own = timeline(Fake(rate=rate, drop=drop, start=start))
    assert own.GetStartFrame() == frame
    assert own.GetStartTimecode() == (start[:8] + (";" if drop else ":") + start[9:])


@pytest.mark.parametrize(("rate", "base"), [("29.97", 30), ("59.94", 60)])
def test_drop_frame_skips_numbers_and_no_frames(rate: str, base: int) -> None:
    exact = true_rate(rate)
    skipped = base // 15
    assert timecode_of(60 * base - 1, exact, True) == f"00:00:59;{base - 1}"
    assert timecode_of(60 * base, exact, True) == f"00:01:00;{skipped:02}"
    assert timecode_of(10 * 60 * base - 9 * skipped, exact, True) == "00:10:00;00"
    assert all(frames_of(timecode_of(frame, exact, True), exact, True) == frame for frame in range(0, 80_000, 7))


def test_items_are_absolute_and_markers_and_marks_are_relative() -> None:
    fake = Fake(rate="25")
    fake.lay(footage(25), 100, 50)
    own = timeline(fake)
    assert own.AddMarker(100, "Red", "cut", "", 1)
    fake.user.mark(100, 149)
    assert own.GetItemListInTrack("video", 1)[0].GetStart() == 90100
    assert list(own.GetMarkers()) == [100.0]
    assert own.GetMarkInOut() == {"video": {"in": 100, "out": 149}, "audio": {"in": 100, "out": 149}}


def test_marks_may_lack_a_side_or_a_type_or_everything() -> None:
    fake = Fake()
    own = timeline(fake)
    assert own.GetMarkInOut() == {}
    fake.user.mark(10, None, kinds="audio")
    assert own.GetMarkInOut() == {"audio": {"in": 10}}
    assert own.SetMarkInOut(5, 20, "video")
    assert own.GetMarkInOut() == {"audio": {"in": 10}, "video": {"in": 5, "out": 20}}
    assert own.ClearMarkInOut("all")
    assert own.GetMarkInOut() == {}


@pytest.mark.parametrize(
    ("form", "rate", "drop", "told"),
    [
        ("text", "23.976", False, "23.976"),
        ("text", "24", False, "24"),
        ("number", "23.976", False, 23.976),
        ("number", "24", False, 24),
        ("point", "24", False, 24.0),
        ("df", "29.97", True, "29.97 DF"),
        ("df", "29.97", False, "29.97"),
        ("", "29.97", True, 29.97),
    ],
)
def test_the_frame_rate_setting_has_many_forms(form: str, rate: str, drop: bool, told: object) -> None:
    fake = Fake(traps=Traps(rate_form=form), rate=rate, drop=drop)  # type: ignore[arg-type]
    answer = timeline(fake).GetSetting("timelineFrameRate")
    assert (type(answer), answer) == (type(told), told)
    assert timeline(fake).GetSetting("timelineDropFrameTimecode") == str(int(drop))


def test_the_frame_rate_is_a_text_before_21_1() -> None:
    assert timeline(Fake(profile("21.0.4"), rate="23.976")).GetSetting("timelineFrameRate") == "23.976"


def test_a_timeline_may_have_another_rate_than_its_project() -> None:
    fake = Fake(profile("20.0"), rate="25", project_rate="24")
    assert timeline(fake).GetSetting("useCustomSettings") == "1"
    assert timeline(fake).GetSetting("timelineFrameRate") == "25"
    assert project(fake).GetSetting("timelineFrameRate") == "24"
    assert timeline(Fake()).GetSetting("useCustomSettings") == "0"


def test_positions_are_whole_and_floats_where_fractions_are_asked_for() -> None:
    fake = Fake()
    fake.lay(footage(), 10, 24)
    item = timeline(fake).GetItemListInTrack("video", 1)[0]
    whole = (item.GetStart(), item.GetEnd(), item.GetDuration())
    fine = (item.GetStart(True), item.GetEnd(True), item.GetDuration(True))
    assert whole == fine == (86410, 86434, 24)
    assert {type(value) for value in whole} == {int}
    assert {type(value) for value in fine} == {float}


def test_an_inclusive_end_is_a_switch() -> None:
    fake = Fake(traps=Traps(inclusive_end=True))
    fake.lay(footage(), 10, 24)
    assert timeline(fake).GetItemListInTrack("video", 1)[0].GetEnd() == 86433


def test_a_timecode_below_the_start_is_refused() -> None:
    own = timeline(Fake())
    assert own.SetCurrentTimecode("01:00:02:00")
    assert own.SetCurrentTimecode("00:59:59:00") is False
    assert own.SetCurrentTimecode("nonsense") is False
    assert own.GetCurrentTimecode() == "01:00:02:00"


def test_there_is_no_playhead_on_the_media_and_fusion_pages() -> None:
    fake = Fake()
    fake.user.switch_page("fusion")
    assert timeline(fake).GetCurrentTimecode() == ""
    assert timeline(fake).SetCurrentTimecode("01:00:02:00") is False


def test_a_fresh_start_timecode_moves_everything() -> None:
    fake = Fake(rate="25")
    fake.lay(footage(25), 10, 24)
    own = timeline(fake)
    assert own.SetStartTimecode("10:00:00:00")
    assert own.GetStartFrame() == 900000
    assert own.GetItemListInTrack("video", 1)[0].GetStart() == 900010


@pytest.mark.parametrize(
    ("written", "exact"),
    [("23.976", Fraction(24000, 1001)), (29.97, Fraction(30000, 1001)), ("59.94 DF", Fraction(60000, 1001)), (24, 24)],
)
def test_short_rates_are_meant_exactly(written: str | float, exact: Fraction) -> None:
    assert true_rate(written) == exact
