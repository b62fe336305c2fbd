"""Tempo maps as REAPER reads them: seconds to quarter notes, to bars and beats, and back.

Conventions
    Tempo is quarter notes per minute whatever the denominator. A point holds until the next one; a linear one ramps to
    it, so a segment has (bpm0 + bpm1) / 2 · dt / 60 quarter notes. What lies before the first point has that point's
    tempo and signature; without points the project's own settings hold. A signature starts a measure where it stands.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from tests.hosts.reaper.state import State, TempoPoint

_CLOSE = 1e-9


@dataclass(frozen=True)
class _Segment:
    time: float
    qn: float
    bpm: float
    slope: float
    """bpm per second."""
    measure: int
    """Number of the measure that starts at `bar_qn`, from 0."""
    bar_qn: float
    numerator: int
    denominator: int

    @property
    def bar(self) -> float:
        """Quarter notes in a measure."""
        return self.numerator * 4.0 / self.denominator

    def to_qn(self, time: float) -> float:
        dt = time - self.time
        return self.qn + (self.bpm + self.slope * dt / 2.0) * dt / 60.0

    def to_time(self, qn: float) -> float:
        beats = (qn - self.qn) * 60.0
        if self.slope == 0.0:
            return self.time + beats / self.bpm
        root = math.sqrt(max(self.bpm**2 + 2.0 * self.slope * beats, 0.0))
        return self.time + 2.0 * beats / (self.bpm + root)


class TempoMap:
    """The tempo map of a state, as it was when this was made."""

    def __init__(self, state: State) -> None:
        self._segments = _segments(state.tempo, state.bpm, (state.numerator, state.denominator))
        self._times = [segment.time for segment in self._segments]
        self._qns = [segment.qn for segment in self._segments]

    def _at(self, time: float) -> _Segment:
        return self._segments[max(bisect_right(self._times, time) - 1, 0)]

    def qn(self, time: float) -> float:
        """Quarter notes from the project's start."""
        segment = self._at(time)
        return segment.to_qn(time) if time >= segment.time else segment.qn + (time - segment.time) * segment.bpm / 60.0

    def time(self, qn: float) -> float:
        """Seconds at which that quarter note sounds."""
        segment = self._segments[max(bisect_right(self._qns, qn) - 1, 0)]
        return segment.to_time(qn) if qn >= segment.qn else segment.time + (qn - segment.qn) * 60.0 / segment.bpm

    def bpm(self, time: float) -> float:
        """Quarter notes per minute at that time."""
        segment = self._at(time)
        return segment.bpm + segment.slope * max(time - segment.time, 0.0)

    def signature(self, time: float) -> tuple[int, int]:
        """Numerator and denominator in force."""
        segment = self._at(time)
        return segment.numerator, segment.denominator

    def beats(self, time: float) -> tuple[int, float, int, int]:
        """Measure from 0, beats since its start in the signature's note value, numerator, denominator."""
        segment, qn = self._at(time), self.qn(time)
        bars = math.floor((qn - segment.bar_qn) / segment.bar + _CLOSE)
        since = max(qn - segment.bar_qn - bars * segment.bar, 0.0)
        beats = since * segment.denominator / 4.0
        return segment.measure + bars, beats, segment.numerator, segment.denominator

    def measure_start(self, measure: int) -> tuple[float, float, int, int]:
        """Quarter notes at a measure's start and end, numerator, denominator."""
        holder = self._segments[0]
        for segment in self._segments:
            if segment.measure <= measure:
                holder = segment
        start = holder.bar_qn + (measure - holder.measure) * holder.bar
        end = start + holder.bar
        for segment in self._segments:
            if segment.measure == measure + 1:
                end = min(end, segment.bar_qn)
        return start, end, holder.numerator, holder.denominator

    def from_beats(self, beats: float, measure: int | None) -> float:
        """Seconds of a beat counted from a measure's start, or from the project's start in quarter notes."""
        if measure is None:
            return self.time(beats)
        start, _, _, denominator = self.measure_start(measure)
        return self.time(start + beats * 4.0 / denominator)


def _segments(points: Sequence[TempoPoint], bpm: float, signature: tuple[int, int]) -> list[_Segment]:
    if not points:
        return [_Segment(0.0, 0.0, bpm, 0.0, 0, 0.0, *signature)]
    first = points[0]
    if first.numerator:
        signature = (first.numerator, first.denominator)
    # What is before the first point runs at its tempo, so quarter notes are counted from second 0 through it.
    segments = [_Segment(0.0, 0.0, first.bpm, 0.0, 0, 0.0, *signature)]
    for index, point in enumerate(points):
        before = segments[-1]
        qn = before.to_qn(point.time)
        measure, bar_qn = before.measure, before.bar_qn
        if point.numerator:
            signature = (point.numerator, point.denominator)
            measure = before.measure + max(math.ceil((qn - before.bar_qn) / before.bar - _CLOSE), 0)
            bar_qn = qn
        slope = 0.0
        if point.linear and index + 1 < len(points) and points[index + 1].time > point.time:
            slope = (points[index + 1].bpm - point.bpm) / (points[index + 1].time - point.time)
        segment = _Segment(point.time, qn, point.bpm, slope, measure, bar_qn, *signature)
        if point.time <= before.time:
            segments.pop()
        segments.append(segment)
    return segments
