"""Where a hole lies: inside what was asked, on the line that was meant, on whole samples, at every frame rate."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentimelineio.opentime import RationalTime

from core.brief import STEMS, Brief, Hit, Meter, Range, TempoMap, exact_rate
from core.cue.takes import Snap
from core.errors import UnusableInput, WrongUse
from core.holes import Asked, asked, lines, settle, snap_for
from tests.core.cue.cues import brief as small

RATES = (12, 23.976, 24, 25, 29.97, 30, 50, 59.94, 60)
SNAPS: tuple[Snap, ...] = ("beat", "bar", "cut", "none")


def scored(frames: int, rate: float, start: int = 0, offset: int = 0, drop_frame: bool = False) -> Range:
    """A range of so many frames, `offset` frames into a timeline that starts at frame `start`."""
    exact = float(exact_rate(rate))
    first, into = RationalTime(start, exact), RationalTime(start + offset, exact)
    return Range(into, RationalTime(frames, exact), first, drop_frame)


def told(
    span: Range, beats: list[float], bar: int = 4, cuts: tuple[float, ...] = (), sample_rate: int = 48_000
) -> Brief:
    """A brief with these beats, every `bar` of them a downbeat."""
    brief = small()
    tempo_map = TempoMap(np.array(beats), tuple(range(0, len(beats), bar)), Meter(4, 4))
    edit = replace(brief.edit, range=span, hits=tuple(Hit(time, "cut", 1.0) for time in cuts))
    return replace(brief, edit=edit, plan=replace(brief.plan, tempo_map=tempo_map), sample_rate=sample_rate)


def steady(seconds: float, beat: float) -> list[float]:
    return [beat * index for index in range(int(seconds / beat) + 2)]


# --- what was asked for


@pytest.mark.parametrize("rate", RATES)
def test_every_way_to_write_a_time_means_the_same_frame(rate: float) -> None:
    span = scored(frames=1000, rate=rate, start=round(rate) * 3600, offset=100)
    frame = 250
    text = f"01:00:{frame // round(rate):02}:{frame % round(rate):02}"
    seconds = f"{float(frame / exact_rate(rate)):.6f}s"
    assert asked(span, text, None) == asked(span, "250f", None) == asked(span, seconds, None) == Asked(150, 1000)


def test_drop_frame_timecode_skips_numbers_not_frames() -> None:
    span = scored(frames=4000, rate=29.97, start=107_892, drop_frame=True)
    assert asked(span, "01:01:00;02", "01:01:00:03") == Asked(1800, 1801)
    with pytest.raises(WrongUse, match="drop-frame skips that number"):
        asked(span, "01:01:00;00", None)


def test_a_cue_that_runs_past_midnight_is_read() -> None:
    span = scored(frames=250, rate=25, start=25 * (24 * 3600 - 5))
    assert asked(span, "23:59:58:00", "00:00:01:00") == Asked(75, 150)


def test_what_is_left_out_is_the_edge_of_the_cue() -> None:
    assert asked(scored(100, 25), None, None) == Asked(0, 100)


@pytest.mark.parametrize(
    ("in_text", "out_text", "sentence"),
    [
        ("10f", "10f", "empty"),
        ("20f", "10f", "ends before it starts"),
        ("99f", "150f", "outside the cue"),
        ("100f", "201f", r"outside the cue .*The cue runs from 00:00:04:00 to 00:00:08:00"),
        ("200f", None, r"lies outside the cue \(00:00:08:00\)\. The cue runs from 00:00:04:00 to 00:00:08:00"),
        ("250f", None, r"lies outside the cue \(00:00:10:00\)"),
        (None, "100f", r"lies outside the cue \(00:00:04:00\)"),
        (None, "1s", r"lies outside the cue \(00:00:01:00\)"),
        ("now", None, "not a time"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(in_text: str | None, out_text: str | None, sentence: str) -> None:
    with pytest.raises((UnusableInput, WrongUse), match=sentence):
        asked(scored(100, 25, offset=100), in_text, out_text)


# --- where the edges settle


def test_edges_settle_on_the_bar_lines_inside() -> None:
    brief = told(scored(1000, 25), steady(40, 0.5))
    hole = settle(asked(brief.edit.range, "3.2s", "9.5s"), brief, STEMS, "bar")
    assert (hole.start, hole.start + hole.duration) == (4.0, 8.0)
    assert hole.edges == ("bar 3", "bar 5")
    assert hole.asked == ("00:00:03:05", "00:00:09:13")


def test_edges_settle_on_beats_and_on_cuts() -> None:
    brief = told(scored(1000, 25), steady(40, 0.5), cuts=(5.0, 7.0))
    assert settle(Asked(80, 230), brief, STEMS, "beat").edges == ("beat 2.4", "beat 5.3")
    hole = settle(Asked(80, 237), brief, STEMS, "cut")
    assert (hole.start, hole.duration, hole.edges) == (5.0, 2.0, ("cut", "cut"))


def test_inserted_bars_are_bars() -> None:
    beats = steady(40, 0.5)
    brief = told(scored(1000, 25), beats)
    inserted = replace(brief.plan.tempo_map, downbeats=(0, 4, 6, 11, 15))
    brief = replace(brief, plan=replace(brief.plan, tempo_map=inserted))
    hole = settle(asked(brief.edit.range, "2.5s", "6s"), brief, STEMS, "bar")
    assert (hole.start, hole.start + hole.duration) == (3.0, 5.5)
    assert hole.edges == ("bar 3", "bar 4")


def test_an_edge_on_the_frame_beside_a_bar_line_stays_where_it_is() -> None:
    brief = told(scored(1000, 25), [1.013 + 0.5 * beat for beat in range(-4, 80)])
    hole = settle(asked(brief.edit.range, "76f", "176f"), brief, STEMS, "bar")  # bars at 3.013 (75.3) and 7.013 (175.3)
    assert hole.start == 3.04
    assert hole.start + hole.duration == pytest.approx(7.013, abs=1 / 48_000)
    assert hole.edges[0].startswith("as asked, beside bar")
    hole = settle(asked(brief.edit.range, "75f", "175f"), brief, STEMS, "bar")
    assert hole.start == pytest.approx(3.013, abs=1 / 48_000)
    assert hole.start + hole.duration == 7.0


def test_a_hole_without_a_bar_falls_to_beats_and_without_a_beat_to_what_was_asked() -> None:
    brief = told(scored(1000, 25), steady(40, 0.5))
    hole = settle(asked(brief.edit.range, "4.6s", "6.2s"), brief, STEMS, "bar")
    assert (hole.start, hole.duration) == (5.0, 1.0)
    hole = settle(asked(brief.edit.range, "4.6s", "4.8s"), brief, STEMS, "bar")
    assert (hole.span(48_000), hole.edges) == ((220_800, 230_400), ("as asked", "as asked"))


def test_bar_lines_that_leave_almost_nothing_of_what_was_asked_give_way_to_beats_and_those_to_the_question() -> None:
    pickup = told(scored(1000, 25), [2.53 - 2.4 + 0.6 * beat for beat in range(80)], bar=4)
    shifted = replace(pickup.plan.tempo_map, downbeats=tuple(range(4, 80, 4)))  # the first bar line is at 2.53 s
    pickup = replace(pickup, plan=replace(pickup.plan, tempo_map=shifted))
    hole = settle(asked(pickup.edit.range, "0s", "3s"), pickup, STEMS, "bar")
    assert hole.start == 0.0
    assert hole.duration == pytest.approx(2.53, abs=1 / 48_000)
    hole = settle(asked(pickup.edit.range, "1s", "3s"), pickup, STEMS, "bar")
    assert hole.edges == ("pickup, beat 3", "bar 1")
    assert hole.start == pytest.approx(1.33, abs=1 / 48_000)
    brief = told(scored(1000, 25), steady(40, 0.5))
    assert settle(asked(brief.edit.range, "3.2s", "8.2s"), brief, STEMS, "bar").edges == ("bar 3", "bar 5")
    assert settle(asked(brief.edit.range, "3.4s", "7.8s"), brief, STEMS, "bar").edges == ("beat 2.4", "beat 4.4")
    assert settle(asked(brief.edit.range, "4.6s", "5.8s"), brief, STEMS, "beat").edges == ("as asked", "as asked")


@pytest.mark.parametrize("snap", SNAPS)
def test_a_hole_over_the_whole_cue_has_the_ends_of_the_cue(snap: Snap) -> None:
    brief = told(scored(1000, 25), [-0.2 + 0.5 * beat for beat in range(90)])
    hole = settle(Asked(0, 1000), brief, STEMS, snap)
    assert hole.span(48_000) == (0, brief.samples)
    assert hole.edges == ("start", "end")


def test_the_ends_of_the_cue_are_lines() -> None:
    brief = told(scored(1000, 25), [-0.2 + 0.5 * beat for beat in range(90)])
    assert settle(Asked(0, 60), brief, STEMS, "bar").edges[0] == "start"
    assert settle(Asked(940, 1000), brief, STEMS, "bar").edges[1] == "end"


def test_stems_that_groove_settle_on_bars_and_effects_where_they_are_asked() -> None:
    assert snap_for(STEMS) == snap_for(("drums",)) == snap_for(("effects", "melody")) == "bar"
    assert snap_for(("effects",)) == "none"


@st.composite
def situations(draw: st.DrawFn) -> tuple[Brief, Asked, Snap]:
    """Any cue, and any part of it, at any rate."""
    rate = draw(st.sampled_from(RATES))
    frames = draw(st.integers(1, 2000))
    span = scored(frames, rate, draw(st.integers(0, 10**6)), draw(st.integers(0, 10**5)))
    beat = draw(st.floats(0.2, 1.5))
    ahead = draw(st.floats(0, 4))
    beats = [beat * index - ahead for index in range(int((span.seconds + ahead) / beat) + 2)]
    cuts = tuple(sorted(draw(st.lists(st.integers(0, frames - 1), max_size=6, unique=True))))
    times = tuple(span.seconds_at(frame) for frame in cuts)
    sample_rate = draw(st.sampled_from((44_100, 48_000, 96_000)))
    first = draw(st.integers(0, frames - 1))
    last = draw(st.integers(first + 1, frames))
    brief = told(span, beats, draw(st.integers(1, 7)), times, sample_rate)
    return brief, Asked(first, last), draw(st.sampled_from(SNAPS))


@settings(deadline=None, max_examples=400)
@given(situations())
def test_a_hole_lies_inside_what_was_asked_on_whole_samples(situation: tuple[Brief, Asked, Snap]) -> None:
    brief, wanted, snap = situation
    rate, frame = brief.sample_rate, brief.sample_rate / brief.edit.range.rate
    hole = settle(wanted, brief, ("drums",), snap)
    first, last = hole.span(rate)
    assert (hole.start, hole.start + hole.duration) == pytest.approx((first / rate, last / rate), abs=1e-9)
    assert round(wanted.first * frame) <= first < last <= round(wanted.last * frame)
    assert 0 <= first < last <= brief.samples
    assert last - first >= int(frame)


@settings(deadline=None, max_examples=300)
@given(situations())
def test_every_edge_lies_on_a_line_or_stays_as_asked_for_a_reason(situation: tuple[Brief, Asked, Snap]) -> None:
    brief, wanted, snap = situation
    rate, frame = brief.sample_rate, Fraction(brief.sample_rate) / brief.edit.range.rate
    limits = tuple(round(edge * frame) for edge in (wanted.first, wanted.last))
    hole = settle(wanted, brief, ("drums",), snap)
    of_the_kind = [line.sample for line in lines(brief, snap)]
    for edge, limit, outwards in zip(hole.span(rate), limits, (-1, 1), strict=True):
        if edge != limit:
            assert edge in [line.sample for line in lines(brief, "beat" if snap == "bar" else snap)]
            beside = [line for line in of_the_kind if 0 <= (line - limit) * outwards <= frame]
            assert not beside, "an edge beside a line is never moved"


@settings(deadline=None, max_examples=300)
@given(situations())
def test_at_least_half_of_what_was_asked_is_left_but_between_cuts(situation: tuple[Brief, Asked, Snap]) -> None:
    brief, wanted, snap = situation
    length = round(wanted.last * brief.sample_rate / brief.edit.range.rate) - round(
        wanted.first * brief.sample_rate / brief.edit.range.rate
    )
    hole = settle(wanted, brief, ("drums",), snap)
    first, last = hole.span(brief.sample_rate)
    assert snap == "cut" or 2 * (last - first) >= length - 1


def test_the_same_question_has_the_same_answer() -> None:
    brief = told(scored(1000, 25), steady(40, 0.5))
    assert settle(Asked(80, 237), brief, STEMS, "bar") == settle(Asked(80, 237), brief, STEMS, "bar")
