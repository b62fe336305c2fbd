"""Takes: adding, which one is active, their parameters, markers and sources."""

# ruff: noqa: ARG001 (every function is handed the fake and all that REAPER documents)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.hosts.reaper.api.registry import function
from tests.hosts.reaper.api.tracks import ext_string, one_line, unknown
from tests.hosts.reaper.parameters import TAKE, TAKE_STRINGS, find
from tests.hosts.reaper.state import Item, Project, Source, Take, TakeMarker, Track, duplicate

if TYPE_CHECKING:
    from tests.hosts.reaper.host import Fake


@function("AddTakeToMediaItem")
def add_take(fake: Fake, item: Item) -> Take | None:
    track: Track = fake.parent_of(item)
    if track.locked and fake.switches.locked_refuse:
        return None
    item.takes.append(Take())
    if fake.switches.add_takes_active:
        item.current = len(item.takes) - 1
    return item.takes[-1]


@function("CountTakes", "GetMediaItemNumTakes")
def count_takes(fake: Fake, item: Item) -> int:
    return len(item.takes)


@function("GetActiveTake")
def get_active_take(fake: Fake, item: Item) -> Take | None:
    return item.take


@function("SetActiveTake")
def set_active_take(fake: Fake, take: Take) -> None:
    item: Item = fake.parent_of(take)
    item.current = next(i for i, other in enumerate(item.takes) if other is take)


@function("GetTake", "GetMediaItemTake")
def get_take(fake: Fake, item: Item, index: int) -> Take | None:
    found = item.takes[index] if 0 <= index < len(item.takes) else None
    return None if found is None or found.null else found


@function("GetMediaItemTake_Item")
def get_take_item(fake: Fake, take: Take) -> Item:
    item: Item = fake.parent_of(take)
    return item


@function("GetMediaItemTake_Track")
def get_take_track(fake: Fake, take: Take) -> Track:
    track: Track = fake.parent_of(fake.parent_of(take))
    return track


@function("GetMediaItemTakeByGUID")
def get_take_by_guid(fake: Fake, project: Project, guid: str) -> Take | None:
    takes = (take for item in project.state.items() for take in item.takes)
    return next((take for take in takes if take.guid == guid and not take.null), None)


@function("GetTakeName")
def get_take_name(fake: Fake, take: Take) -> str:
    return take.name


@function("GetMediaItemTakeInfo_Value")
def get_take_value(fake: Fake, take: Take, name: str) -> Any:
    parameter = find(TAKE, name, fake.number)
    if parameter is None:
        unknown(fake, "a take", name)
        return 0.0
    item: Item = fake.parent_of(take)
    if name == "IP_TAKENUMBER":
        return float(next(i for i, other in enumerate(item.takes) if other is take))
    if name == "P_ITEM":
        return item
    if name == "P_TRACK":
        return fake.parent_of(item)
    if name == "P_SOURCE":
        return take.source or 0.0
    return take.values.get(name, parameter.default)


@function("SetMediaItemTakeInfo_Value")
def set_take_value(fake: Fake, take: Take, name: str, value: float) -> bool:
    parameter = find(TAKE, name, fake.number)
    if parameter is None:
        unknown(fake, "a take", name)
    if parameter is None or parameter.read_only:
        return False
    take.values[name] = value
    return True


@function("GetSetMediaItemTakeInfo_String")
def take_string(fake: Fake, take: Take, name: str, text: str, change: bool) -> tuple[bool, str]:
    if name.startswith("P_EXT:"):
        return ext_string(take.ext, name, text, change)
    if name not in TAKE_STRINGS:
        unknown(fake, "a take", name)
        return False, ""
    attribute = "name" if name == "P_NAME" else "guid"
    if change:
        setattr(take, attribute, one_line(text))
    return True, str(getattr(take, attribute))


@function("TakeIsMIDI")
def take_is_midi(fake: Fake, take: Take) -> bool:
    return take.source is not None and take.source.kind == "MIDI"


@function("GetNumTakeMarkers")
def count_take_markers(fake: Fake, take: Take) -> int:
    return len(take.markers)


@function("GetTakeMarker")
def get_take_marker(fake: Fake, take: Take, index: int) -> tuple[float, str, int]:
    if not 0 <= index < len(take.markers):
        return -1.0, "", 0
    marker = take.markers[index]
    return marker.position, marker.name, marker.color


@function("SetTakeMarker")
def set_take_marker(fake: Fake, take: Take, index: int, name: str, position: float | None, color: int | None) -> int:
    if index >= len(take.markers) or (index < 0 and position is None):
        return -1
    if index < 0:
        marker = TakeMarker(position or 0.0, name, color or 0)
        take.markers.append(marker)
    else:
        marker = take.markers[index]
        marker.name = name
        marker.position = marker.position if position is None else position
        marker.color = marker.color if color is None else color
    take.markers.sort(key=lambda other: other.position)
    return next(i for i, other in enumerate(take.markers) if other is marker)


@function("DeleteTakeMarker")
def delete_take_marker(fake: Fake, take: Take, index: int) -> bool:
    if not 0 <= index < len(take.markers):
        return False
    del take.markers[index]
    return True


@function("GetMediaItemTake_Source")
def get_take_source(fake: Fake, take: Take) -> Source | None:
    return take.source


@function("SetMediaItemTake_Source")
def set_take_source(fake: Fake, take: Take, source: Source) -> bool:
    """The old source is the script's to destroy; a source that a take uses already is duplicated."""
    track: Track = fake.parent_of(fake.parent_of(take))
    if track.locked and fake.switches.locked_refuse:
        return False
    if take.source is not None:
        fake.free_sources[take.source.uid] = take.source
    if any(source.uid in project.state.sources() for project in fake.projects):
        take.source = duplicate(source)
    else:
        take.source = source
    fake.free_sources.pop(take.source.uid, None)
    return True
