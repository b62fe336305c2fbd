"""Tempo points, followed as a host follows them: quarter notes add up from the first point, bars from signatures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.brief import FloatArray, Meter, TempoMap
from core.cue.tempo import FASTEST, TempoPoint, tempo_points

METERS = [Meter(4, 4), Meter(3, 4), Meter(5, 4), Meter(6, 8), Meter(7, 8)]


def even(count: int, first: float = 0.0) -> FloatArray:
    """Beats half a second apart."""
    return np.array([first + 0.5 * number for number in range(count)])


class Host:
    """What a host makes of the points."""

    def __init__(self, points: Sequence[TempoPoint]) -> None:
        self.times = [point.time for point in points]
        self.bpms = [point.bpm for point in points]
        self.quarters = [0.0]
        for (time, bpm), after in zip(zip(self.times, self.bpms, strict=True), self.times[1:], strict=False):
            self.quarters.append(self.quarters[-1] + (after - time) * bpm / 60)
        self.signatures = {
            quarter: (point.numerator, point.denominator)
            for quarter, point in zip(self.quarters, points, strict=True)
            if point.numerator
        }

    def time(self, quarter: float) -> float:
        """Seconds at a position in quarter notes."""
        at = int(np.searchsorted(self.quarters, quarter + 1e-9, side="right")) - 1
        return self.times[at] + (quarter - self.quarters[at]) * 60 / self.bpms[at]

    def bars(self, until: float) -> list[float]:
        """Quarter notes at which bars begin; a signature that comes inside a bar would be an error of the points."""
        found, at, signature = [], 0.0, (0, 0)
        changes = sorted(self.signatures)
        while at < until:
            for change in changes:
                if abs(change - at) < 1e-6:
                    signature = self.signatures[change]
                assert not at + 1e-6 < change < at + signature[0] * 4 / signature[1] - 1e-6, "no bar is cut short"
            found.append(at)
            at += signature[0] * 4 / signature[1]
        return found


def lattice(tempo_map: TempoMap) -> list[tuple[float, bool]]:
    """Time of each beat from the range's start on, and whether it is a downbeat."""
    pairs = enumerate(tempo_map.beats.tolist())
    return [(time, index in tempo_map.downbeats) for index, time in pairs if time > -1e-6]


def follows(points: Sequence[TempoPoint], tempo_map: TempoMap, seconds: float) -> None:
    """Each beat of the range falls on a beat of the host, each downbeat on a bar line."""
    host, step = Host(points), tempo_map.meter.quarters_per_beat
    beats = [beat for beat in lattice(tempo_map) if beat[0] < seconds]
    if not beats:
        return
    # A bar that begins within a microsecond of the end is still one of the range's.
    lines = host.bars(host.quarters[-1] + (seconds - host.times[-1]) * host.bpms[-1] / 60 + 1e-6)
    # The first beat is found by its time; all others are whole beats after it, counted, never measured.
    first = np.interp(beats[0][0], [*host.times, 1e9], [*host.quarters, host.quarters[-1] + 1e9 * host.bpms[-1] / 60])
    for number, (time, downbeat) in enumerate(beats):
        quarter = first + number * step
        assert host.time(quarter) == pytest.approx(time, abs=1e-6)
        if downbeat:
            assert min(abs(line - quarter) for line in lines) < 1e-6


@st.composite
def maps(draw: st.DrawFn) -> tuple[TempoMap, float]:
    """A tempo map that begins anywhere in a beat and a bar, whose tempo wanders or holds; and the range's length."""
    meter = draw(st.sampled_from(METERS))
    beat = draw(st.floats(0.2, 1.5))
    sway = draw(st.sampled_from([0.0, 0.0, 0.001, 0.04]))
    lengths = [beat * (1 + sway * draw(st.floats(-1, 1))) for _ in range(draw(st.integers(4, 40)))]
    share = draw(st.one_of(st.sampled_from([0.0, 1e-9, 0.5, 0.999, 0.9999]), st.floats(0, 0.9999)))
    beats = np.cumsum([-share * lengths[0], *lengths])
    bars, at = [], draw(st.integers(0, meter.beats - 1))
    while at < len(beats):
        bars.append(at)
        at += draw(st.sampled_from([meter.beats] * 4 + [2, 3, 5]))
    return TempoMap(beats, tuple(bars), meter), float(beats[-1]) * draw(st.floats(0.5, 1.0))


@given(maps())
@settings(max_examples=300, deadline=None)
def test_a_host_that_adds_up_quarter_notes_meets_every_beat_and_bar(drawn: tuple[TempoMap, float]) -> None:
    tempo_map, seconds = drawn
    points = tempo_points(tempo_map, seconds)
    assert points[0].time == 0.0
    assert points[0].numerator
    times = [point.time for point in points]
    assert times == sorted(set(times))
    assert times[-1] < seconds
    assert all(0 < point.bpm <= FASTEST for point in points)
    follows(points, tempo_map, seconds)


@given(maps())
@settings(max_examples=100, deadline=None)
def test_points_stand_only_where_tempo_or_signature_changes(drawn: tuple[TempoMap, float]) -> None:
    tempo_map, seconds = drawn
    points = tempo_points(tempo_map, seconds)
    downbeats = {round(time, 6) for time, downbeat in lattice(tempo_map) if downbeat}
    for before, point in pairwise(points):
        assert point.numerator or point.bpm != before.bpm
    for point in points:
        if abs(point.time) > 1e-6:
            assert point.downbeat == (round(point.time, 6) in downbeats)


def test_an_even_tempo_is_one_point() -> None:
    beats = even(200)
    (point,) = tempo_points(TempoMap(beats, tuple(range(0, 200, 4)), Meter(4, 4)), 99.0)
    assert point == TempoPoint(0.0, 120.0, 4, 4, downbeat=True)


@pytest.mark.parametrize(
    ("meter", "bpm"), [(Meter(4, 4), 120.0), (Meter(6, 8), 180.0), (Meter(7, 8), 60.0), (Meter(3, 4), 120.0)], ids=str
)
def test_tempo_is_in_quarter_notes_whatever_the_denominator(meter: Meter, bpm: float) -> None:
    beats = even(50)
    (point,) = tempo_points(TempoMap(beats, tuple(range(0, 50, meter.beats)), meter), 20.0)
    assert (point.bpm, point.numerator, point.denominator) == (bpm, meter.numerator, meter.denominator)


def test_a_range_that_begins_inside_a_beat_begins_with_a_short_bar() -> None:
    beats = even(41, -0.3)
    points = tempo_points(TempoMap(beats, tuple(range(3, 41, 4)), Meter(4, 4)), 15.0)
    assert [(point.time, point.numerator, point.denominator, point.downbeat) for point in points] == [
        (0.0, 1, 8, False),
        (pytest.approx(0.2), 2, 4, False),
        (pytest.approx(1.2), 4, 4, True),
    ]
    assert points[0].bpm == pytest.approx(0.5 / 0.2 * 60)
    assert [point.bpm for point in points[1:]] == pytest.approx([120, 120])


def test_an_inserted_bar_has_its_signature_and_the_next_has_the_old_one_back() -> None:
    beats = even(30)
    points = tempo_points(TempoMap(beats, (0, 4, 6, 10, 14, 18, 22, 26), Meter(4, 4)), 14.0)
    told = [(point.time, point.numerator, point.denominator) for point in points]
    assert told == [(0.0, 4, 4), (2.0, 2, 4), (3.0, 4, 4)]


def test_an_hour_of_wandering_tempo_ends_on_the_microsecond() -> None:
    random = np.random.default_rng(5)
    beats = np.concatenate([[0.0], np.cumsum(0.5 * (1 + 0.03 * np.sin(np.arange(7200) / 50)) + random.normal(0, 1e-8))])
    tempo_map = TempoMap(beats, tuple(range(0, len(beats), 4)), Meter(4, 4))
    points = tempo_points(tempo_map, 3599.0)
    host = Host(points)
    index = int(np.searchsorted(beats, 3598.0))
    assert host.time(float(index)) == pytest.approx(beats[index], abs=1e-6)


def test_beats_that_share_a_tempo_but_for_rounding_share_a_point_and_do_not_drift() -> None:
    beats = np.round(np.arange(4000) * (60 / 117.3), 7)
    tempo_map = TempoMap(beats, tuple(range(0, 4000, 4)), Meter(4, 4))
    points = tempo_points(tempo_map, float(beats[-1]))
    assert len(points) < 10
    host = Host(points)
    assert max(abs(host.time(float(n)) - time) for n, time in enumerate(beats[:-1].tolist())) < 1e-6
