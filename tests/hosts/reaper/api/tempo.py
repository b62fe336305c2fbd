"""The tempo map: points, and conversions between seconds, quarter notes and bars."""

# ruff: noqa: ARG001 (every function is handed the fake and all that REAPER documents)

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hosts.reaper.api.registry import function, on_active
from tests.hosts.reaper.state import Project, TempoPoint
from tests.hosts.reaper.tempo import TempoMap

if TYPE_CHECKING:
    from tests.hosts.reaper.host import Fake

SIGNATURE_FLAG, NO_TEMPO_FLAG = 1, 2


@function("CountTempoTimeSigMarkers")
def count_points(fake: Fake, project: Project) -> int:
    return len(project.state.tempo)


@function("GetTempoTimeSigMarker")
def get_point(fake: Fake, project: Project, index: int) -> tuple[bool, float, int, float, float, int, int, bool]:
    points = project.state.tempo
    if not 0 <= index < len(points):
        return False, 0.0, 0, 0.0, 0.0, 0, 0, False
    point = points[index]
    measure, beats, _, _ = TempoMap(project.state).beats(point.time)
    return True, point.time, measure, beats, point.bpm, point.numerator, point.denominator, point.linear


@function("SetTempoTimeSigMarker")
def set_point(
    fake: Fake,
    project: Project,
    index: int,
    time: float,
    measure: int,
    beat: float,
    bpm: float,
    numerator: int,
    denominator: int,
    linear: bool,
) -> bool:
    points = project.state.tempo
    if index >= len(points) or (time < 0 and measure < 0) or bpm < 0 or (numerator > 0) != (denominator > 0):
        return False
    if time < 0:
        time = TempoMap(project.state).from_beats(max(beat, 0.0), measure)
    fake.change_tempo(project)
    if index < 0:
        point = TempoPoint(time, bpm)
        points.append(point)
    else:
        point = points[index]
        point.time = time
    if not point.flags & NO_TEMPO_FLAG:
        point.bpm = bpm or point.bpm
    point.numerator, point.denominator, point.linear = numerator, denominator, linear
    point.flags = point.flags & ~SIGNATURE_FLAG | (SIGNATURE_FLAG if numerator else 0)
    points.sort(key=lambda other: other.time)
    return True


@function("AddTempoTimeSigMarker")
def add_point(
    fake: Fake, project: Project, time: float, bpm: float, numerator: int, denominator: int, linear: bool
) -> bool:
    return set_point(fake, project, -1, time, -1, -1.0, bpm, numerator, denominator, linear)


@function("DeleteTempoTimeSigMarker")
def delete_point(fake: Fake, project: Project, index: int) -> bool:
    """The first point cannot be deleted."""
    if not 0 < index < len(project.state.tempo):
        return False
    fake.change_tempo(project)
    del project.state.tempo[index]
    return True


@function("FindTempoTimeSigMarker")
def find_point(fake: Fake, project: Project, time: float) -> int:
    """Index of the last point at or before the time, -1 where there is none."""
    return sum(point.time <= time for point in project.state.tempo) - 1


@function("GetSetTempoTimeSigMarkerFlag")
def point_flag(fake: Fake, project: Project, index: int, flag: int, change: bool) -> int:
    points = project.state.tempo
    if not 0 <= index < len(points):
        return 0
    if change:
        fake.change_tempo(project)
        points[index].flags = flag
    return points[index].flags


@function("SetCurrentBPM")
def set_current_bpm(fake: Fake, project: Project, bpm: float, undo: bool) -> None:
    """Of the point in force at the edit cursor, or of the project where there are no points."""
    fake.change_tempo(project)
    index = max(find_point(fake, project, project.state.cursor), 0)
    if project.state.tempo:
        project.state.tempo[index].bpm = bpm
    else:
        project.state.bpm = bpm


@function("Master_GetTempo")
def master_tempo(fake: Fake) -> float:
    return fake.active.state.bpm


@function("Master_GetPlayRate")
def master_play_rate(fake: Fake, project: Project) -> float:
    return 1.0


@function("GetProjectTimeSignature2")
def project_signature(fake: Fake, project: Project) -> tuple[float, float]:
    """The project's settings alone, whatever its tempo points say."""
    return project.state.bpm, float(project.state.numerator)


on_active("GetProjectTimeSignature", project_signature)


@function("TimeMap_curFrameRate")
def frame_rate(fake: Fake, project: Project) -> tuple[float, bool]:
    base, flag = project.state.frame_base, project.state.frame_flag
    rate = base * 1000 / 1001 if flag else float(base)
    return (round(rate, 3) if fake.switches.rounded_rates else rate), flag == 1


@function("TimeMap2_timeToQN", "TimeMap_timeToQN_abs")
def time_to_qn(fake: Fake, project: Project, time: float) -> float:
    return TempoMap(project.state).qn(time)


@function("TimeMap2_QNToTime", "TimeMap_QNToTime_abs")
def qn_to_time(fake: Fake, project: Project, qn: float) -> float:
    return TempoMap(project.state).time(qn)


on_active("TimeMap_timeToQN", time_to_qn)
on_active("TimeMap_QNToTime", qn_to_time)


@function("TimeMap2_timeToBeats")
def time_to_beats(fake: Fake, project: Project, time: float) -> tuple[float, int, int, float, int]:
    tempo = TempoMap(project.state)
    measure, beats, numerator, denominator = tempo.beats(time)
    return beats, measure, numerator, tempo.qn(time), denominator


@function("TimeMap2_beatsToTime")
def beats_to_time(fake: Fake, project: Project, beats: float, measure: int | None) -> float:
    return TempoMap(project.state).from_beats(beats, measure)


@function("TimeMap_GetMeasureInfo")
def measure_info(fake: Fake, project: Project, measure: int) -> tuple[float, float, float, int, int, float]:
    tempo = TempoMap(project.state)
    start, end, numerator, denominator = tempo.measure_start(measure)
    return tempo.time(start), start, end, numerator, denominator, tempo.bpm(tempo.time(start))


@function("TimeMap_GetTimeSigAtTime")
def signature_at(fake: Fake, project: Project, time: float) -> tuple[int, int, float]:
    tempo = TempoMap(project.state)
    return *tempo.signature(time), tempo.bpm(time)


@function("TimeMap2_GetDividedBpmAtTime")
def divided_bpm(fake: Fake, project: Project, time: float) -> float:
    """Beats of the signature's note value per minute: twice the tempo in /8."""
    tempo = TempoMap(project.state)
    return tempo.bpm(time) * tempo.signature(time)[1] / 4.0


on_active("TimeMap_GetDividedBpmAtTime", divided_bpm)


@function("TimeMap2_GetNextChangeTime")
def next_change(fake: Fake, project: Project, time: float) -> float:
    return min((point.time for point in project.state.tempo if point.time > time), default=-1.0)
