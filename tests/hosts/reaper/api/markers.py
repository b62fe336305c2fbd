"""Markers and regions: two index spaces (place along the timeline, shown number), GUIDs, and the objects of 7.62."""

# ruff: noqa: ARG001 (every function is handed the fake and all that REAPER documents)

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hosts.reaper.api.registry import function, on_active
from tests.hosts.reaper.api.tracks import one_line, unknown
from tests.hosts.reaper.parameters import MARKER, MARKER_STRINGS, find
from tests.hosts.reaper.state import Marker, Project

if TYPE_CHECKING:
    from tests.hosts.reaper.host import Fake

_NOTHING = (0, False, 0.0, 0.0, "", 0, 0)
_CLEAR_NAME = 1


@function("AddProjectMarker2")
def add_marker(
    fake: Fake, project: Project, region: bool, time: float, end: float, name: str, wanted: int, color: int
) -> int:
    """The shown number, or -1."""
    state, name = project.state, one_line(name)
    alike = [marker for marker in state.markers if marker.is_region == region]
    if fake.switches.merge_equal_markers and any(
        marker.name == name and marker.position == time and not region for marker in alike
    ):
        return -1
    used = {marker.number for marker in alike}
    if wanted < 0 or (region and wanted in used):
        wanted = next(number for number in range(1, len(used) + 2) if number not in used)
    state.markers.append(Marker(wanted, region, time, max(end, time) if region else time, name, color))
    return wanted


@function("AddProjectMarker")
def add_plain_marker(
    fake: Fake, project: Project, region: bool, time: float, end: float, name: str, wanted: int
) -> int:
    return add_marker(fake, project, region, time, end, name, wanted, 0)


@function("CountProjectMarkers")
def count_markers(fake: Fake, project: Project) -> tuple[int, int, int]:
    regions = sum(marker.is_region for marker in project.state.markers)
    return len(project.state.markers), len(project.state.markers) - regions, regions


@function("EnumProjectMarkers3")
def enum_markers(fake: Fake, project: Project, index: int) -> tuple[int, bool, float, float, str, int, int]:
    ordered = project.state.ordered_markers()
    if not 0 <= index < len(ordered):
        return _NOTHING
    found = ordered[index]
    end = found.end if found.is_region else 0.0
    return index + 1, found.is_region, found.position, end, found.name, found.number, found.color


@function("EnumProjectMarkers2")
def enum_markers2(fake: Fake, project: Project, index: int) -> tuple[int, bool, float, float, str, int]:
    return enum_markers(fake, project, index)[:6]


on_active("EnumProjectMarkers", enum_markers2)


def _numbered(project: Project, number: int, region: bool) -> Marker | None:
    alike = (m for m in project.state.ordered_markers() if m.number == number and m.is_region == region)
    return next(alike, None)


def _change(marker: Marker, time: float, end: float, name: str, color: int, flags: int) -> None:
    marker.position = time
    marker.end = max(end, time) if marker.is_region else time
    if name or flags & _CLEAR_NAME:
        marker.name = one_line(name)
    marker.color = color or marker.color


@function("SetProjectMarker4")
def set_marker4(
    fake: Fake,
    project: Project,
    number: int,
    region: bool,
    time: float,
    end: float,
    name: str,
    color: int,
    flags: int,
) -> bool:
    marker = _numbered(project, number, region)
    if marker is None:
        return False
    _change(marker, time, end, name, color, flags)
    return True


@function("SetProjectMarker3")
def set_marker3(
    fake: Fake, project: Project, number: int, region: bool, time: float, end: float, name: str, color: int
) -> bool:
    return set_marker4(fake, project, number, region, time, end, name, color, 0)


@function("SetProjectMarker2")
def set_marker2(fake: Fake, project: Project, number: int, region: bool, time: float, end: float, name: str) -> bool:
    return set_marker4(fake, project, number, region, time, end, name, 0, 0)


on_active("SetProjectMarker", set_marker2)


@function("SetProjectMarkerByIndex2")
def set_marker_by_index(
    fake: Fake,
    project: Project,
    index: int,
    region: bool,
    time: float,
    end: float,
    number: int,
    name: str,
    color: int,
    flags: int,
) -> bool:
    ordered = project.state.ordered_markers()
    if not 0 <= index < len(ordered):
        return False
    ordered[index].is_region, ordered[index].number = region, number
    _change(ordered[index], time, end, name, color, flags)
    return True


@function("DeleteProjectMarker")
def delete_marker(fake: Fake, project: Project, number: int, region: bool) -> bool:
    marker = _numbered(project, number, region)
    if marker is None:
        return False
    project.state.markers.remove(marker)
    return True


@function("DeleteProjectMarkerByIndex")
def delete_marker_by_index(fake: Fake, project: Project, index: int) -> bool:
    ordered = project.state.ordered_markers()
    if not 0 <= index < len(ordered):
        return False
    project.state.markers.remove(ordered[index])
    return True


@function("GetLastMarkerAndCurRegion")
def last_marker_and_region(fake: Fake, project: Project, time: float) -> tuple[int, int]:
    marker = region = -1
    for index, found in enumerate(project.state.ordered_markers()):
        if not found.is_region and found.position <= time:
            marker = index
        if found.is_region and found.position <= time < found.end:
            region = index
    return marker, region


@function("GetNumRegionsOrMarkers")
def count_objects(fake: Fake, project: Project) -> int:
    return len(project.state.markers)


@function("GetRegionOrMarker")
def get_object(fake: Fake, project: Project, index: int, guid: str) -> Marker | None:
    ordered = project.state.ordered_markers()
    if guid:
        return next((marker for marker in ordered if marker.guid == guid), None)
    return ordered[index] if 0 <= index < len(ordered) else None


@function("GetRegionOrMarkerInfo_Value")
def object_value(fake: Fake, project: Project, marker: Marker, name: str) -> float:
    if find(MARKER, name, fake.number) is None:
        unknown(fake, "a marker", name)
        return 0.0
    index = next(i for i, other in enumerate(project.state.ordered_markers()) if other is marker)
    known = {
        "B_ISREGION": marker.is_region,
        "D_STARTPOS": marker.position,
        "D_ENDPOS": marker.end,
        "I_NUMBER": marker.number,
        "I_INDEX": index,
        "I_CUSTOMCOLOR": marker.color,
    }
    return float(known.get(name, 0.0))


@function("SetRegionOrMarkerInfo_Value")
def set_object_value(fake: Fake, project: Project, marker: Marker, name: str, value: float) -> bool:
    parameter = find(MARKER, name, fake.number)
    if parameter is None:
        unknown(fake, "a marker", name)
    if parameter is None or parameter.read_only:
        return False
    if name == "D_STARTPOS":
        marker.position = value
        marker.end = max(marker.end, value) if marker.is_region else value
    elif name == "D_ENDPOS" and marker.is_region:
        marker.end = max(value, marker.position)
    elif name == "I_NUMBER":
        marker.number = int(value)
    elif name == "I_CUSTOMCOLOR":
        marker.color = int(value)
    return True


@function("GetSetRegionOrMarkerInfo_String")
def object_string(fake: Fake, project: Project, marker: Marker, name: str, text: str, change: bool) -> tuple[bool, str]:
    if name not in MARKER_STRINGS:
        unknown(fake, "a marker", name)
        return False, ""
    attribute = "name" if name == "P_NAME" else "guid"
    if change and name == "P_NAME":
        marker.name = one_line(text)
    return True, str(getattr(marker, attribute))
