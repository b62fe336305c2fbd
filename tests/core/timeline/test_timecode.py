"""Timecode: what is exact stays exact, at every rate, from any start, for any length."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentimelineio import opentime
from opentimelineio.opentime import RationalTime

from core.brief import Range
from core.errors import WrongUse
from core.timeline.timecode import can_drop, parse, says_drop_frame, write

RATES = [
    (Fraction(24_000, 1001), False),
    (Fraction(24), False),
    (Fraction(25), False),
    (Fraction(30_000, 1001), True),
    (Fraction(30_000, 1001), False),
    (Fraction(30), False),
    (Fraction(50), False),
    (Fraction(60_000, 1001), True),
    (Fraction(60_000, 1001), False),
    (Fraction(60), False),
]
STARTS = ["00:00:00:00", "01:00:00:00", "10:00:00:00"]


def zero(rate: Fraction) -> RationalTime:
    return RationalTime(0, float(rate))


@st.composite
def ranges(draw: st.DrawFn) -> Range:
    """A range of one frame to three hours, anywhere in a timeline of any rate and start."""
    rate, drop_frame = draw(st.sampled_from(RATES))
    start = parse(draw(st.sampled_from(STARTS)), rate, zero(rate), drop_frame)
    three_hours = int(3 * 3600 * rate)
    offset = draw(st.integers(0, three_hours))
    frames = draw(st.one_of(st.integers(1, 100), st.integers(1, three_hours)))
    return Range(RationalTime(start.value + offset, float(rate)), RationalTime(frames, float(rate)), start, drop_frame)


@given(ranges())
@settings(max_examples=400, deadline=None)
def test_every_record_frame_survives_being_written_and_read(span: Range) -> None:
    text = write(span.start, span.drop_frame)
    again = parse(text, span.rate, span.timeline_start, span.drop_frame)
    assert again == span.start
    assert again.value == span.start.value
    assert write(again, span.drop_frame) == text
    end = span.start + span.duration
    assert parse(write(end, span.drop_frame), span.rate, span.timeline_start, span.drop_frame).value == end.value


@given(ranges(), st.sampled_from([44_100, 48_000, 96_000]))
@settings(max_examples=200, deadline=None)
def test_sample_counts_are_the_exact_duration_rounded_once(span: Range, sample_rate: int) -> None:
    exact = Fraction(span.frames) / span.rate * sample_rate
    assert span.samples(sample_rate) == round(exact)
    assert abs(Fraction(span.samples(sample_rate), sample_rate) * span.rate - span.frames) < Fraction(1, 500)


@given(ranges())
@settings(max_examples=200, deadline=None)
def test_frames_and_seconds_count_from_the_timelines_start(span: Range) -> None:
    offset = int(span.start.value - span.timeline_start.value)
    assert parse(f"{offset}f", span.rate, span.timeline_start, span.drop_frame) == span.start
    seconds = f"{float(offset / span.rate):.6f}s"
    assert parse(seconds, span.rate, span.timeline_start, span.drop_frame) == span.start


@given(st.sampled_from([entry for entry in RATES if entry[0] != 50]), st.integers(0, 24 * 3600 * 23))
@settings(max_examples=200, deadline=None)
def test_the_text_is_the_one_that_opentimelineio_writes(rate_and_drop: tuple[Fraction, bool], frame: int) -> None:
    rate, drop_frame = rate_and_drop
    time = RationalTime(frame, float(rate))
    assert write(time, drop_frame) == opentime.to_timecode(time, float(rate), drop_frame)


def test_one_hour_of_drop_frame_is_107892_frames() -> None:
    rate = Fraction(30_000, 1001)
    assert parse("01:00:00;00", rate, zero(rate), drop_frame=False).value == 107_892
    assert write(RationalTime(107_892, float(rate)), drop_frame=True) == "01:00:00;00"
    assert write(RationalTime(108_000, float(rate)), drop_frame=False) == "01:00:00:00"


def test_a_colon_counts_as_the_timeline_does() -> None:
    rate = Fraction(60_000, 1001)
    assert parse("00:01:00:04", rate, zero(rate), drop_frame=True).value == 3600
    assert parse("00:01:00:04", rate, zero(rate), drop_frame=False).value == 3604


def test_a_timeline_past_midnight_goes_on_counting() -> None:
    rate = Fraction(25)
    start, length = RationalTime(23 * 3600 * 25, 25), RationalTime(2 * 3600 * 25, 25)
    after = parse("00:30:00:00", rate, start, False, length)
    assert after.value == (24 * 3600 + 1800) * 25
    assert write(after, False) == "00:30:00:00"


@pytest.mark.parametrize("rate", [rate for rate, drop in RATES if drop])
def test_no_written_timecode_uses_a_dropped_number(rate: Fraction) -> None:
    skipped = round(rate) // 15
    for minute in range(1, 21):
        first = int(minute * 60 * rate)
        for frame in range(first - 70, first + 70):
            text = write(RationalTime(frame, float(rate)), drop_frame=True)
            if text[6:8] == "00" and int(text[3:5]) % 10:
                assert int(text[9:]) >= skipped


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("01:01:00;00", Fraction(30_000, 1001)),
        ("01:01:00;03", Fraction(60_000, 1001)),
        ("01:00:00:24", Fraction(24)),
        ("01:00:00;00", Fraction(25)),
        ("01:60:00:00", Fraction(25)),
        ("24:00:00:00", Fraction(25)),
        ("noon", Fraction(25)),
        ("", Fraction(25)),
        ("12", Fraction(25)),
        ("-5f", Fraction(25)),
        ("1e3s", Fraction(25)),
        ("nans", Fraction(25)),
        ("٠١:٠٠:٠٠:٠٠", Fraction(25)),
    ],
)
def test_what_is_not_a_time_is_refused_in_a_sentence(text: str, rate: Fraction) -> None:
    with pytest.raises(WrongUse, match=r"\.") as refusal:
        parse(text, rate, zero(rate), drop_frame=False)
    assert refusal.value.do


@given(st.text(max_size=20), st.sampled_from(RATES))
@settings(max_examples=200, deadline=None)
def test_no_text_ends_in_a_traceback(text: str, rate_and_drop: tuple[Fraction, bool]) -> None:
    rate, drop_frame = rate_and_drop
    with suppress(WrongUse):
        assert parse(text, rate, zero(rate), drop_frame).value >= 0


def test_a_semicolon_says_drop_frame() -> None:
    assert says_drop_frame(None, "01:00:00;00")
    assert not says_drop_frame("01:00:00:00", "12f", None)
    assert can_drop(Fraction(30_000, 1001))
    assert not can_drop(Fraction(30))
