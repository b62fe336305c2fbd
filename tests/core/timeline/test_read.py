"""What the editor sees is what is read: tracks, gaps, dissolves, joins, markers, and the ways timecode counts."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from core.brief import Edit
from core.errors import UnusableInput, WrongUse
from core.timeline.read import read
from tests.core.timeline.documents import (
    Node,
    clip,
    dissolve,
    external,
    freeze,
    gap,
    marker,
    saved,
    span,
    stack,
    time,
    timeline,
    track,
    warp,
)

NTSC = Fraction(30_000, 1001)


def edit_of(tmp_path: Path, *tracks: Node, start: Node | None = None, **more: Any) -> Edit:
    return read(saved(timeline(*tracks, start=start, **more), tmp_path))


def shots_of(edit: Edit) -> list[tuple[int, str]]:
    return [(shot.first_frame, shot.name) for shot in edit.shots]


def hits_of(edit: Edit) -> list[tuple[int, str, str]]:
    return [(round(hit.time * float(edit.range.rate)), hit.kind, hit.label) for hit in edit.hits]


def test_the_topmost_enabled_clip_is_seen_through_any_number_of_tracks(tmp_path: Path) -> None:
    edit = edit_of(
        tmp_path,
        track(clip("low", span(0, 100))),
        track(gap(20), clip("middle", span(0, 40)), gap(40)),
        track(gap(50), clip("high", span(0, 20)), clip("off", span(0, 20), enabled=False)),
        track(clip("hidden", span(0, 100)), enabled=False),
        track(clip("sound", span(0, 100)), kind="Audio"),
    )
    assert shots_of(edit) == [(0, "low"), (20, "middle"), (50, "high"), (70, "low")]
    assert edit.shots[-1].source_start == Fraction(70, 24)


def test_a_gap_edge_is_a_cut_but_the_ranges_own_edges_are_not(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, track(gap(10), clip("a", span(0, 10)), gap(10)))
    assert hits_of(edit) == [(10, "cut", "a"), (20, "cut", "gap")]


def test_an_invisible_join_is_no_cut(tmp_path: Path) -> None:
    media = external("a.mov", span(0, 1000))
    edit = edit_of(
        tmp_path,
        track(
            clip("one", span(100, 10), media),
            clip("one", span(110, 10), media),
            clip("one", span(121, 10), media),
            clip("one", span(131, 10), media, effects=[warp(2.0)]),
            clip("one", span(151, 10), media, effects=[warp(2.0)]),
            clip("one", span(151, 10), media, effects=[freeze()]),
        ),
    )
    assert [shot.first_frame for shot in edit.shots] == [0, 20, 30, 50]


def test_a_dissolve_weighs_less_than_a_cut(tmp_path: Path) -> None:
    clips = [clip(name, span(100, 30)) for name in "abcd"]
    edit = edit_of(tmp_path, track(clips[0], dissolve(6, 6), clips[1], dissolve(0, 10), clips[2], clips[3]))
    assert [(round(hit.time * 24), hit.weight) for hit in edit.hits] == [(30, 0.4), (65, 0.4), (90, 0.5)]


def test_fades_at_the_edges_of_the_timeline_have_their_cut_at_the_middle_too(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, track(dissolve(0, 12), clip("a", span(100, 48)), dissolve(12, 0)))
    assert [(shot.first_frame, shot.kind) for shot in edit.shots] == [(0, "gap"), (6, "footage"), (42, "gap")]


def test_dissolves_longer_than_their_clips_leave_the_shots_in_order(tmp_path: Path) -> None:
    clips = [clip(name, span(100, 4)) for name in "abc"]
    edit = edit_of(tmp_path, track(clips[0], dissolve(0, 100), clips[1], dissolve(100, 0), clips[2]))
    assert [shot.frames for shot in edit.shots] == [8, 4]


def test_markers_of_timeline_tracks_and_clips_are_hits_once(tmp_path: Path) -> None:
    shown = clip("a", span(500, 50), markers=[marker("in the clip", 510), marker("trimmed away", 499)])
    other = clip("b", span(0, 50), effects=[warp(2.0)], markers=[marker("fast", 20), marker("beyond", 101)])
    edit = edit_of(
        tmp_path,
        track(shown, other, markers=[marker("on the track", 30)]),
        track(gap(100), kind="Audio", markers=[marker("on the track", 30, color="RED")]),
        markers=[marker("beside the cut", 51), marker("second of its frame", 30), marker("after the end", 100)],
    )
    assert hits_of(edit) == [
        (10, "marker", "in the clip"),
        (30, "marker", "on the track"),
        (51, "marker", "beside the cut"),
        (60, "marker", "fast"),
    ]
    assert [hit.must for hit in edit.hits] == [False, True, False, False]


def test_markers_inside_nested_and_reversed_items_are_where_they_are_seen(tmp_path: Path) -> None:
    inner = track(clip("a", span(100, 30), markers=[marker("deep", 112)]))
    backwards = clip("b", span(0, 20), effects=[warp(-1.0)], markers=[marker("first frame of the media", 0)])
    held = clip("c", span(7, 20), effects=[freeze()], markers=[marker("held", 7), marker("never shown", 9)])
    edit = edit_of(tmp_path, track(gap(5), stack(inner, source_range=span(10, 20)), backwards, held))
    markers = [hit for hit in hits_of(edit) if hit[1] == "marker"]
    assert markers == [(7, "marker", "deep"), (44, "marker", "first frame of the media"), (45, "marker", "held")]


@pytest.mark.parametrize(
    ("name", "color", "must"),
    [
        ("HIT", "GREEN", True),
        ("big hit!", "GREEN", True),
        ("hit_2", "GREEN", True),
        ("white", "GREEN", False),
        ("hitch", "GREEN", False),
        ("", "red", True),
        ("", {"OTIO_SCHEMA": "Color.1", "name": "RED", "r": 1, "g": 0, "b": 0, "a": 1}, True),
        ("", {"OTIO_SCHEMA": "Color.1", "name": "", "r": 0.9, "g": 0.1, "b": 0.1, "a": 1}, True),
        ("", {"OTIO_SCHEMA": "Color.1", "name": "PINK", "r": 1, "g": 0, "b": 1, "a": 1}, False),
        ("", None, False),
        ("", {"r": "x"}, False),
    ],
)
def test_a_marker_named_hit_or_coloured_red_is_a_must(tmp_path: Path, name: str, color: Any, must: bool) -> None:
    edit = edit_of(tmp_path, track(clip("a", span(0, 50))), markers=[marker(name, 10, color=color)])
    assert [(hit.must, hit.weight) for hit in edit.hits] == [(must, 1.0 if must else 0.8)]


def test_schemas_from_the_future_are_read_for_what_is_understood(tmp_path: Path) -> None:
    document = timeline(
        track(clip("a", span(0, 20)), {"OTIO_SCHEMA": "Foo.9", "source_range": span(0, 10)}, clip("b", span(0, 20))),
        markers=[{**marker("new", 5), "OTIO_SCHEMA": "Marker.3"}, {"OTIO_SCHEMA": "Bar.1"}],
    )
    document["OTIO_SCHEMA"] = "Timeline.7"
    edit = read(saved(document, tmp_path))
    assert shots_of(edit) == [(0, "a"), (20, "generator"), (30, "b")]
    assert hits_of(edit)[0] == (5, "marker", "new")
    said = " ".join(edit.said)
    assert all(name in said for name in ("Marker.3", "Timeline.7", "Foo.9", "Bar.1"))


def test_old_schemas_and_single_references_are_read(tmp_path: Path) -> None:
    old = {"OTIO_SCHEMA": "Clip.1", "name": "old", "source_range": None, "media_reference": external("x", span(3, 30))}
    filler = {"OTIO_SCHEMA": "Filler.1", "source_range": span(0, 10)}
    sequence = {"OTIO_SCHEMA": "Sequence.1", "children": [filler, old]}
    assert shots_of(edit_of(tmp_path, sequence)) == [(0, ""), (10, "old")]


def test_a_ramp_that_is_not_understood_is_said(tmp_path: Path) -> None:
    ramp = {"OTIO_SCHEMA": "TimeEffect.1", "metadata": {"Resolve_OTIO": {"Speed Ratio": 1.5}}}
    edit = edit_of(tmp_path, track(clip("fast", span(0, 20), effects=[ramp])))
    assert edit.shots[0].speed == Fraction(3, 2)
    assert any("ramp" in sentence and "fast" in sentence for sentence in edit.said)


def test_a_switched_off_retime_does_nothing(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, track(clip("a", span(0, 20), effects=[{**warp(2.0), "enabled": False}])))
    assert edit.shots[0].speed == 1


def test_without_a_start_time_counting_is_from_zero_at_the_clips_rate(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, track(clip("a", span(0, 20, 25)), clip("b", span(0, 20, 25)), clip("c", span(0, 24, 24))))
    assert (float(edit.range.rate), edit.in_text, edit.range.frames) == (25.0, "00:00:00:00", 65)


@pytest.mark.parametrize(
    ("frames", "in_text", "text", "drop_frame"),
    [
        (107_892, None, "01:00:00;00", True),
        (108_000, None, "01:00:00:00", False),
        (107_592, None, "00:59:50;00", True),
        (0, None, "00:00:00:00", False),
        (0, "00:00:00;00", "00:00:00;00", True),
        (107_892, "01:00:00:00", "01:00:00;00", True),
        (108_000, "01:00:00:00", "01:00:00:00", False),
    ],
)
def test_drop_frame_is_told_from_the_start_or_the_users_semicolon(
    tmp_path: Path, frames: int, in_text: str | None, text: str, drop_frame: bool
) -> None:
    source = saved(timeline(track(clip("a", span(0, 3000, NTSC))), start=time(frames, NTSC)), tmp_path)
    edit = read(source, in_text)
    assert (edit.in_text, edit.range.drop_frame) == (text, drop_frame)
    assert any("drop" in sentence for sentence in edit.said)


def test_metadata_that_says_drop_frame_is_believed(tmp_path: Path) -> None:
    document = timeline(track(clip("a", span(0, 3000, NTSC))), start=time(0, NTSC))
    document["metadata"] = {"fcp_xml": {"timecode": {"displayformat": "DF"}}}
    edit = read(saved(document, tmp_path), "00:01:00:02")
    assert (edit.in_text, edit.range.start.value) == ("00:01:00;02", 1800)


def test_a_wrong_time_names_the_timelines_own(tmp_path: Path) -> None:
    source = saved(timeline(track(clip("a", span(0, 48))), start=time(86_400)), tmp_path)
    with pytest.raises(WrongUse, match="01:00:00:00 to 01:00:02:00"):
        read(source, "soon")


def test_gaps_only_are_refused(tmp_path: Path) -> None:
    silent = track(clip("sound", span(0, 48)), kind="Audio")
    with pytest.raises(UnusableInput, match="only gaps"):
        edit_of(tmp_path, track(gap(48)), silent, start=time(0))


def test_one_long_clip_has_no_edit_list(tmp_path: Path) -> None:
    assert not edit_of(tmp_path, track(gap(10), clip("a", span(0, 100)), gap(10))).has_edit_list
    assert edit_of(tmp_path, track(clip("a", span(0, 100)), clip("b", span(0, 100)))).has_edit_list


def test_a_range_inside_one_shot_of_an_edit_still_has_its_edit_list(tmp_path: Path) -> None:
    document = timeline(track(clip("a", span(0, 100)), clip("b", span(0, 100))))
    inside = read(saved(document, tmp_path), "10f", "90f")
    assert len(inside.shots) == 1
    assert inside.has_edit_list
    long = read(saved(timeline(track(gap(10), clip("a", span(0, 100)))), tmp_path), "20f", "90f")
    assert len(long.shots) == 1
    assert not long.has_edit_list


def test_a_track_in_another_rate_keeps_its_seconds(tmp_path: Path) -> None:
    edit = edit_of(
        tmp_path,
        track(clip("a", span(0, 50, 25)), clip("b", span(0, 48, 24))),
        start=time(0, 24),
    )
    assert shots_of(edit) == [(0, "a"), (48, "b")]
    assert edit.range.frames == 96


def test_an_hour_of_two_thousand_clips_is_read_whole(tmp_path: Path) -> None:
    clips = [clip(f"c{n}", span(n * 50, 43), external(f"media/{n % 40}.mov", span(0, 200_000))) for n in range(2000)]
    edit = edit_of(tmp_path, track(*clips), track(*(gap(43) if n % 9 else clips[n] for n in range(2000))))
    assert len(edit.shots) == 2000
    assert len(edit.hits) == 1999
    assert len(edit.offline) == 40
