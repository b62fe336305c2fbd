"""A project's items become the shots that REAPER shows, on the frames where it shows them."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.brief import Edit
from core.timeline.read import read
from daemon.hosts.items import frame, timeline
from daemon.hosts.request import from_json
from tests.daemon.hosts.asking import item, job, text

RATES = {
    23.976: Fraction(24000, 1001),
    24.0: Fraction(24),
    25.0: Fraction(25),
    29.97: Fraction(30000, 1001),
    30.0: Fraction(30),
    48.0: Fraction(48),
    50.0: Fraction(50),
    59.94: Fraction(60000, 1001),
    60.0: Fraction(60),
    75.0: Fraction(75),
}


def edit(told: dict[str, Any]) -> Edit:
    """What is read of a request, as the daemon reads it."""
    asked = from_json(text(told))
    return read(Path("/edit/reel.otio"), f"{asked.start_frame}f", f"{asked.end_frame}f", content=asked.content)


def shown(told: dict[str, Any]) -> list[tuple[int, int, str]]:
    """First frame, frames and name of each shot; a gap has no name."""
    return [(shot.first_frame, shot.frames, shot.name) for shot in edit(told).shots]


@given(
    st.sampled_from(sorted(RATES)),
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 400), st.integers(0, 5000)), min_size=1, max_size=8),
    st.floats(-0.4, 0.4),
    st.integers(0, 90_000),
)
@settings(max_examples=120, deadline=None)
def test_every_shot_comes_out_on_its_frame_at_every_rate(
    rate: float, cuts: list[tuple[int, int, int]], off: float, start: int
) -> None:
    exact = RATES[rate]
    items, wanted, at = [], [], 0
    for number, (gap, frames, source) in enumerate(cuts):
        if gap:
            wanted.append((at, gap, ""))
        first = at + gap
        begins = max(0.0, float((first + off) / exact))  # a cut that is a little off the frame, as by hand
        ends = float((first + frames + off) / exact)
        offset = source / float(exact) + begins - float(first / exact)
        items.append(item(begins, ends - begins, offset=offset, name=f"shot {number}", file=f"/clips/{number}.mov"))
        wanted.append((first, frames, f"shot {number}"))
        at = first + frames
    read_back = edit(job(rate=rate, items=items, in_=0.0, out=float(at / exact), start=float(start / exact)))
    assert [(shot.first_frame, shot.frames, shot.name) for shot in read_back.shots] == wanted
    assert read_back.range.rate == exact
    assert read_back.range.frames == at
    assert round(read_back.range.timeline_start.value) == start
    footage = [shot for shot in read_back.shots if shot.kind == "footage"]
    for shot, (_, _, source) in zip(footage, cuts, strict=True):
        assert abs(shot.source_start * exact - source) < 0.01


@pytest.mark.parametrize("rate", RATES)
def test_the_offset_counts_from_the_first_frame_of_the_file_and_runs_at_the_play_rate(rate: float) -> None:
    told = job(rate=rate, items=[item(0.0, 8.0, offset=16.5, playrate=1.25)], in_=2.0, out=4.0)
    (shot,) = edit(told).shots
    first = Fraction(frame(told, "in")) / RATES[rate]
    assert shot.speed == Fraction(5, 4)
    assert float(shot.source_start) == pytest.approx(16.5 + float(first) * 1.25)


def test_the_lower_track_number_is_seen() -> None:
    items = [item(0, 4, track=2, name="below"), item(1, 2, track=1, name="above", file="/clips/b.mov")]
    assert shown(job(items=items, out=4.0)) == [(0, 24, "below"), (24, 48, "above"), (72, 24, "below")]


def test_muted_items_are_not_seen() -> None:
    items = [item(0, 4, track=2, name="below"), item(1, 2, track=1, name="above", muted=True)]
    assert shown(job(items=items, out=4.0)) == [(0, 96, "below")]


def test_of_two_items_that_overlap_on_a_track_the_later_one_is_seen() -> None:
    items = [item(0, 6, name="long"), item(1, 2, name="b", file="/b.mov"), item(2, 2, name="c", file="/c.mov")]
    assert shown(job(items=items, out=6.0)) == [(0, 24, "long"), (24, 24, "b"), (48, 48, "c"), (96, 48, "long")]


def test_sound_is_no_picture() -> None:
    items = [item(0, 4, name="film"), item(0, 9, kind="audio", track=2), item(0, 9, kind="other", track=3)]
    assert shown(job(items=items, out=6.0)) == [(0, 96, "film"), (96, 48, "")]


@pytest.mark.parametrize("items", [[], [item(20, 5)], [item(0, 10, muted=True)], [item(0, 10, kind="audio")]])
def test_a_range_without_pictures_is_scored_all_the_same(items: list[dict[str, Any]]) -> None:
    (shot,) = edit(job(items=items, in_=2.0, out=5.0)).shots
    assert (shot.first_frame, shot.frames, shot.media) == (0, 72, None)


def test_markers_are_hits_and_red_ones_must_be_met() -> None:
    markers = [
        {"position": 1.0, "name": "door", "colour": "RED"},
        {"position": 2.51, "name": "HIT slap", "colour": ""},
        {"position": 3.0, "name": "soft", "colour": "blue"},
        {"position": -5.0, "name": "before"},
        {"position": 99.0, "name": "after"},
    ]
    hits = edit(job(items=[item(0, 10)], markers=markers)).hits
    assert [(hit.time, hit.label, hit.must) for hit in hits] == [
        (1.0, "door", True),
        (2.5, "HIT slap", True),
        (3.0, "soft", False),
    ]


def test_a_project_that_starts_at_an_hour_counts_its_timecode_from_there() -> None:
    read_back = edit(job(rate=29.97, drop_frame=True, start=3600.0, items=[item(0, 10)], in_=1.0, out=2.0))
    assert read_back.in_text == "01:00:01;00"
    plain = edit(job(rate=29.97, drop_frame=False, start=3603.6, items=[item(0, 10)], in_=1.0, out=2.0))
    assert plain.in_text == "01:00:01:00"


def test_for_a_score_only_the_range_counts_so_that_cuts_inside_one_long_movie_are_looked_for() -> None:
    items = [item(0, 100, name="reel 1"), item(100, 100, name="reel 2", file="/clips/b.mov")]
    assert not edit(job(items=items, in_=10.0, out=20.0)).has_edit_list
    everything = json.loads(timeline(job("reroll", items=items, in_=10.0, out=20.0)))
    names = [node.get("name") for track in everything["tracks"]["children"] for node in track["children"]]
    assert {"reel 1", "reel 2"} <= set(names)


def test_items_that_cannot_be_on_a_frame_are_left_out_and_what_begins_before_the_project_is_cut() -> None:
    items = [item(0, 0.001, name="too short"), item(-1.0, 3.0, offset=5.0, name="early"), item(2, -1, name="no length")]
    read_back = edit(job(items=items, out=2.0))
    (shot,) = read_back.shots
    assert (shot.name, shot.first_frame, shot.frames) == ("early", 0, 48)
    assert shot.source_start == 6


def test_what_shows_nothing_before_its_source_begins_shows_from_there() -> None:
    assert shown(job(items=[item(1, 4, offset=-1.0, name="a")], out=5.0)) == [(0, 48, ""), (48, 72, "a")]


def test_a_file_whose_name_needs_care_is_found_as_it_is_named(tmp_path: Path) -> None:
    clip = tmp_path / "50% ü #1?.mov"
    clip.write_bytes(b"")
    (shot,) = edit(job(items=[item(0, 2, file=str(clip))], out=2.0)).shots
    assert shot.media is not None
    assert shot.media.path == clip


@given(
    st.sampled_from(sorted(RATES)),
    st.lists(st.tuples(st.floats(0, 60), st.floats(0.1, 20), st.integers(1, 3), st.booleans()), max_size=8),
)
@settings(max_examples=60, deadline=None)
def test_opentimelineio_reads_every_timeline_and_no_track_overlaps(
    rate: float, placed: list[tuple[float, float, int, bool]]
) -> None:
    items = [item(at, length, track=track, muted=muted) for at, length, track, muted in placed]
    content = timeline(job("reroll", rate=rate, items=items, cue="/cues/a"))
    found = otio.adapters.read_from_string(content.decode(), "otio_json")
    exact = RATES[rate]
    clips: dict[tuple[int, int], list[str]] = {}
    for track in found.tracks:
        for clip in track.find_clips():
            span = clip.range_in_parent()
            at = (round(span.start_time.value), round(span.end_time_exclusive().value))
            clips.setdefault(at, []).append(track.name)
    wanted = [
        (int(Fraction(at) * exact + Fraction(1, 2)), int((Fraction(at) + Fraction(length)) * exact + Fraction(1, 2)))
        for at, length, _, _ in placed
    ]
    assert set(wanted) <= set(clips)
