"""The fake REAPER's tempo map, what stands on beats when it changes, markers and regions."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hosts.reaper import Fake
from tests.hosts.reaper.state import State, TempoPoint
from tests.hosts.reaper.tempo import TempoMap

PIN = """
local items, modes = {}, {}
for i = 0, reaper.CountMediaItems(0) - 1 do
  items[i] = reaper.GetMediaItem(0, i)
  modes[i] = reaper.GetMediaItemInfo_Value(items[i], "C_BEATATTACHMODE")
  reaper.SetMediaItemInfo_Value(items[i], "C_BEATATTACHMODE", 0)
end
"""
WRITE = """
reaper.SetTempoTimeSigMarker(0, -1, 0, -1, -1, 120, 4, 4, false)
reaper.SetTempoTimeSigMarker(0, -1, 4, -1, -1, 60, 4, 4, false)
"""
SET_AGAIN = "reaper.SetTempoTimeSigMarker(0, 1, 4, -1, -1, 60, 4, 4, false)\n"
UNPIN = 'for i, item in pairs(items) do reaper.SetMediaItemInfo_Value(item, "C_BEATATTACHMODE", modes[i]) end\n'


def block(code: str) -> str:
    return f"reaper.Undo_BeginBlock2(0)\n{code}\nreaper.Undo_EndBlock2(0, 'Tempo', -1)\n"


def test_a_step_holds_and_a_ramp_has_the_mean_of_its_ends() -> None:
    step = TempoMap(State(tempo=[TempoPoint(0.0, 120.0), TempoPoint(10.0, 60.0)]))
    ramp = TempoMap(State(tempo=[TempoPoint(0.0, 120.0, linear=True), TempoPoint(10.0, 60.0)]))
    assert step.qn(10.0) == pytest.approx(20.0)
    assert ramp.qn(10.0) == pytest.approx((120 + 60) / 2 * 10 / 60)
    assert ramp.bpm(5.0) == pytest.approx(90.0)
    assert step.qn(12.0) == pytest.approx(22.0)


@given(
    st.lists(st.tuples(st.floats(0.1, 20.0), st.floats(30.0, 300.0), st.booleans()), min_size=1, max_size=8),
    st.floats(0.0, 200.0),
)
@settings(max_examples=100, deadline=None)
def test_seconds_and_quarter_notes_go_both_ways(segments: list[tuple[float, float, bool]], time: float) -> None:
    points, now = [], 0.0
    for length, bpm, linear in segments:
        points.append(TempoPoint(now, bpm, linear=linear))
        now += length
    tempo = TempoMap(State(tempo=points))
    assert tempo.time(tempo.qn(time)) == pytest.approx(time, abs=1e-8)


def test_tempo_is_quarter_notes_per_minute_whatever_the_denominator() -> None:
    fake = Fake()
    fake.active.state.tempo = [TempoPoint(0.0, 120.0, 7, 8)]
    code = """
    local start, qn0, qn1, num, den, tempo = reaper.TimeMap_GetMeasureInfo(0, 1)
    return start, qn0, qn1, num, den, tempo, reaper.TimeMap2_GetDividedBpmAtTime(0, 1), reaper.TimeMap2_timeToQN(0, 2)
    """
    assert fake.run_text(code).result == (1.75, 3.5, 7.0, 7, 8, 120.0, 240.0, 4.0)


def test_bars_of_a_public_project_with_37_signatures_are_whole(shared: Path) -> None:
    fake = Fake.from_rpp((shared / "timelines" / "real" / "reaper_video_tempo.rpp").read_text())
    points = fake.active.state.tempo
    tempo = TempoMap(fake.active.state)
    sections = [point for point in points if point.numerator]
    assert (len(points), len(sections) - 1) == (544, 37)
    for before, after in pairwise(sections):
        bars = (tempo.qn(after.time) - tempo.qn(before.time)) / (4 * before.numerator / before.denominator)
        assert bars == pytest.approx(round(bars), abs=1e-4)


def test_beats_and_measures_are_counted_from_the_signature() -> None:
    fake = Fake()
    fake.active.state.tempo = [TempoPoint(0.0, 120.0, 4, 4), TempoPoint(4.0, 60.0, 3, 4)]
    code = """
    local beats, measure, cml, full, den = reaper.TimeMap2_timeToBeats(0, 8.5)
    return beats, measure, cml, full, den, reaper.TimeMap2_beatsToTime(0, 1.5, 3), reaper.TimeMap2_beatsToTime(0, 8)
    """
    assert fake.run_text(code).result == (pytest.approx(1.5), 3, 3, pytest.approx(12.5), 4, 8.5, 4.0)


def test_a_signature_off_the_bar_line_makes_a_partial_measure() -> None:
    tempo = TempoMap(State(tempo=[TempoPoint(0.0, 60.0, 4, 4), TempoPoint(6.0, 60.0, 3, 4)]))
    assert tempo.beats(6.0)[:2] == (2, 0.0)
    assert tempo.measure_start(1)[:2] == (4.0, 6.0)


def test_points_are_sorted_by_time_and_inserting_shifts_the_later_ones() -> None:
    fake = Fake()
    fake.run_text(block(WRITE + "reaper.SetTempoTimeSigMarker(0, -1, 2, -1, -1, 90, 0, 0, true)"))
    code = """
    local told = {reaper.CountTempoTimeSigMarkers(0), reaper.FindTempoTimeSigMarker(0, 3.9),
      reaper.TimeMap2_GetNextChangeTime(0, 2)}
    for _, value in ipairs({select(2, reaper.GetTempoTimeSigMarker(0, 1))}) do told[#told + 1] = value end
    return told
    """
    assert fake.run_text(code).result == [3, 1, 4.0, 2.0, 1, 0.0, 90.0, 0, 0, True]


def test_a_point_may_be_given_by_measure_and_beat() -> None:
    fake = Fake()
    fake.run_text(block("reaper.SetTempoTimeSigMarker(0, -1, -1, 2, 1, 90, 0, 0, false)"))
    assert [point.time for point in fake.active.state.tempo] == [4.5]


def test_the_first_point_cannot_be_deleted() -> None:
    fake = Fake()
    code = block(WRITE + "a = reaper.DeleteTempoTimeSigMarker(0, 0) b = reaper.DeleteTempoTimeSigMarker(0, 1)")
    assert fake.run_text(code + "return a, b, reaper.CountTempoTimeSigMarkers(0)").result == (False, True, 1)


def test_later_points_do_not_shift_when_one_is_edited() -> None:
    fake = Fake()
    fake.run_text(block(WRITE + "reaper.SetTempoTimeSigMarker(0, 0, 0, -1, -1, 240, 4, 4, false)"))
    assert [(point.time, point.bpm) for point in fake.active.state.tempo] == [(0.0, 240.0), (4.0, 60.0)]


def test_the_music_before_a_lone_point_takes_its_tempo() -> None:
    fake = Fake()
    fake.run_text(block("reaper.SetTempoTimeSigMarker(0, -1, 10, -1, -1, 60, 0, 0, false)"))
    assert fake.run_text("return reaper.TimeMap2_timeToQN(0, 5), reaper.Master_GetTempo()").result == (5.0, 120.0)


def test_a_point_without_a_tempo_of_its_own_keeps_it() -> None:
    fake = Fake()
    fake.active.state.tempo = [TempoPoint(0.0, 100.0), TempoPoint(4.0, 100.0, 3, 4, flags=3)]
    fake.run_text(block("reaper.SetTempoTimeSigMarker(0, 1, 4, -1, -1, 180, 3, 4, false)"))
    assert fake.active.state.tempo[1].bpm == 100.0
    assert fake.run_text("return reaper.GetSetTempoTimeSigMarkerFlag(0, 1, 0, false)").result == 3


def furnished(timebase: int, *, item_mode: int = -1, track_mode: int = -1) -> Fake:
    fake = Fake()
    fake.active.state.timebase = timebase
    track = fake.user.add_track("Video")
    track.values["C_BEATATTACHMODE"] = float(track_mode)
    fake.user.add_item(track, "clip.mov", 6.0, 2.0, kind="VIDEO", mode=item_mode)
    fake.user.add_marker(6.0, "HIT door")
    fake.user.add_marker(5.0, "chorus", end=8.0)
    return fake


def stand(fake: Fake) -> tuple[float, float, float]:
    item = fake.active.state.items()[0]
    return round(item.position, 9), round(item.length, 9), round(item.takes[0].playrate, 9)


@pytest.mark.parametrize(
    ("timebase", "item_mode", "track_mode", "expected"),
    [
        (0, -1, -1, (6.0, 2.0, 1.0)),
        (1, -1, -1, (8.0, 4.0, 0.5)),
        (2, -1, -1, (8.0, 2.0, 1.0)),
        (1, 0, -1, (6.0, 2.0, 1.0)),
        (0, 1, -1, (8.0, 4.0, 0.5)),
        (1, 2, -1, (8.0, 2.0, 1.0)),
        (1, -1, 0, (6.0, 2.0, 1.0)),
        (0, -1, 2, (8.0, 2.0, 1.0)),
        (2, 0, 1, (6.0, 2.0, 1.0)),
    ],
)
def test_writing_tempo_moves_and_stretches_items_by_item_track_and_project(
    timebase: int, item_mode: int, track_mode: int, expected: tuple[float, float, float]
) -> None:
    fake = furnished(timebase, item_mode=item_mode, track_mode=track_mode)
    fake.run_text(block(WRITE))
    assert stand(fake) == expected


@pytest.mark.parametrize(("timebase", "expected"), [(0, (6.0, 5.0, 8.0)), (1, (8.0, 6.0, 12.0)), (2, (8.0, 6.0, 12.0))])
def test_markers_and_regions_follow_the_projects_timebase(timebase: int, expected: tuple[float, float, float]) -> None:
    fake = furnished(timebase)
    fake.run_text(block(WRITE))
    marker, region = fake.active.state.markers
    assert (marker.position, region.position, region.end) == pytest.approx(expected)


@pytest.mark.parametrize("timebase", [0, 1, 2])
def test_pinned_items_stay_when_one_point_is_set_again_before_they_are_unpinned(timebase: int) -> None:
    fake = furnished(timebase)
    fake.run_text(block(PIN + WRITE + SET_AGAIN + UNPIN))
    assert stand(fake) == (6.0, 2.0, 1.0)
    assert "C_BEATATTACHMODE" not in fake.active.state.items()[0].values


def test_unpinning_before_a_point_is_set_again_lets_the_items_go() -> None:
    fake = furnished(1)
    fake.run_text(block(PIN + WRITE + UNPIN))
    assert stand(fake) == (8.0, 4.0, 0.5)


def test_setting_a_point_as_it_is_moves_nothing_at_all() -> None:
    fake = furnished(1)
    fake.run_text(block(WRITE))
    before = fake.rpp()
    fake.run_text(block(SET_AGAIN))
    assert fake.rpp() == before


def test_the_inherited_mode_may_read_as_255() -> None:
    code = "return reaper.GetMediaItemInfo_Value(reaper.GetMediaItem(0, 0), 'C_BEATATTACHMODE')"
    for switch, told in ((False, -1.0), (True, 255.0)):
        fake = Fake(inherit_reads_255=switch)
        fake.user.add_item(fake.user.add_track(), "a.wav", 1.0, 2.0)
        assert fake.run_text(code).result == told
    fake.run_text(block("reaper.SetMediaItemInfo_Value(reaper.GetMediaItem(0, 0), 'C_BEATATTACHMODE', 255)"))
    assert "C_BEATATTACHMODE" not in fake.active.state.items()[0].values


def test_the_projects_timebase_is_read_only_and_only_in_7() -> None:
    code = "return reaper.GetSetProjectInfo(0, 'PROJECT_TIMEBASE', 0, false)"
    fake = Fake("7.60")
    assert fake.run_text(code).result == 1.0
    fake.run_text(block("reaper.GetSetProjectInfo(0, 'PROJECT_TIMEBASE', 0, true)"))
    assert fake.active.state.timebase == 1
    old = Fake("6.47")
    old.run_text(code)
    assert len(old.wrong_calls) == 1


@pytest.mark.parametrize(
    ("rate", "drop", "exact"),
    [
        (23.976, False, 24000 / 1001),
        (24, False, 24),
        (25, False, 25),
        (29.97, True, 30000 / 1001),
        (29.97, False, 30000 / 1001),
        (30, False, 30),
        (50, False, 50),
        (59.94, False, 60000 / 1001),
    ],
)
def test_every_frame_rate_is_told_exactly_or_rounded(rate: float, drop: bool, exact: float) -> None:
    fake = Fake()
    fake.user.set_frame_rate(rate, drop)
    assert fake.run_text("return reaper.TimeMap_curFrameRate(0)").result == (pytest.approx(exact, abs=1e-12), drop)
    fake.switches.rounded_rates = True
    assert fake.run_text("return reaper.TimeMap_curFrameRate(0)").result == (round(exact, 3), drop)


def test_the_ruler_adds_the_projects_offset() -> None:
    fake = Fake()
    fake.active.state.offset = 3600.01
    fake.user.set_frame_rate(25)
    code = """
    return reaper.GetProjectTimeOffset(0, false), reaper.GetProjectTimeOffset(0, true),
      reaper.format_timestr_pos(9.99, "", 5), reaper.parse_timestr_pos("01:00:10:00", 5),
      reaper.format_timestr(61.5, "")
    """
    assert fake.run_text(code).result == (3600.01, 3600.0, "01:00:10:00", pytest.approx(9.99), "1:01.500")


def test_drop_frame_is_a_way_of_writing() -> None:
    fake = Fake()
    fake.user.set_frame_rate(29.97, drop_frame=True)
    code = """
    local at = 1800 * 1001 / 30000
    return reaper.format_timestr_pos(at, "", 5), reaper.parse_timestr_pos("00:01:00;02", 5) - at
    """
    assert fake.run_text(code).result == ("00:01:00;02", pytest.approx(0.0))


ADD = "reaper.AddProjectMarker2(0, %s, %g, %g, '%s', %d, 0)"


def test_markers_are_enumerated_along_the_timeline_and_numbered_by_their_kind() -> None:
    fake = Fake()
    calls = [
        ("false", 5, 0, "late", -1),
        ("false", 1, 0, "early", -1),
        ("true", 2, 8, "verse", -1),
        ("false", 9, 0, "x", 7),
    ]
    numbers = fake.run_text(block("n = {" + ", ".join(ADD % call for call in calls) + "}") + "return n").result
    assert numbers == [1, 2, 1, 7]
    code = """
    local told = {}
    for i = 0, 4 do
      local ret, region, pos, rgnend, name, number = reaper.EnumProjectMarkers3(0, i)
      told[#told + 1] = ret .. name .. number .. (region and "r" or "")
    end
    return told, reaper.CountProjectMarkers(0)
    """
    assert fake.run_text(code).result == (["1early2", "2verse1r", "3late1", "4x7", "00"], 4, 3, 1)


def test_a_region_never_shares_its_number() -> None:
    fake = Fake()
    code = block("a = " + ADD % ("true", 1, 2, "a", 5) + " b = " + ADD % ("true", 3, 4, "b", 5))
    assert fake.run_text(code + "return a, b").result == (5, 1)


def test_a_marker_of_the_same_name_at_the_same_place_may_not_be_created() -> None:
    code = block("a = " + ADD % ("false", 1, 0, "hit", -1) + " b = " + ADD % ("false", 1, 0, "hit", -1)) + "return a, b"
    assert Fake().run_text(code).result == (1, -1)
    assert Fake(merge_equal_markers=False).run_text(code).result == (1, 2)


def test_markers_are_set_and_deleted_by_number_and_a_name_only_cleared_on_request() -> None:
    fake = Fake()
    fake.user.add_marker(3.0, "hit")
    fake.user.add_marker(1.0, "verse", end=9.0)
    fake.run_text(block("reaper.SetProjectMarker4(0, 1, false, 4, 0, '', 0, 0)"))
    assert (fake.active.state.markers[0].position, fake.active.state.markers[0].name) == (4.0, "hit")
    fake.run_text(block("reaper.SetProjectMarker4(0, 1, false, 4, 0, '', 255 | 0x1000000, 1)"))
    assert (fake.active.state.markers[0].name, fake.active.state.markers[0].color) == ("", 0x10000FF)
    code = (
        block("a, b = reaper.DeleteProjectMarker(0, 1, true), reaper.DeleteProjectMarkerByIndex(0, 3)") + "return a, b"
    )
    assert fake.run_text(code).result == (True, False)
    assert [marker.is_region for marker in fake.active.state.markers] == [False]


def test_markers_have_guids_by_which_their_place_is_found_again() -> None:
    fake = Fake()
    fake.user.add_marker(3.0, "hit")
    fake.user.add_marker(1.0, "first")
    code = """
    local _, guid = reaper.GetSetProjectInfo_String(0, "MARKER_GUID:1", "", false)
    local ok, index = reaper.GetSetProjectInfo_String(0, "MARKER_INDEX_FROM_GUID:" .. guid, "", false)
    return guid, ok, index, (reaper.GetSetProjectInfo_String(0, "MARKER_GUID:9", "", false))
    """
    assert fake.run_text(code).result == (fake.active.state.markers[0].guid, True, "1", False)


def test_the_last_marker_and_the_region_at_a_time_are_found() -> None:
    fake = Fake()
    fake.user.add_marker(3.0, "hit")
    fake.user.add_marker(1.0, "verse", end=9.0)
    assert fake.run_text("return reaper.GetLastMarkerAndCurRegion(0, 4)").result == (1, 0)
    assert fake.run_text("return reaper.GetLastMarkerAndCurRegion(0, 10)").result == (1, -1)
