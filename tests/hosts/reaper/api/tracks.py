"""Tracks: inserting, names, folders, selection."""

# ruff: noqa: ARG001 (every function is handed the fake and all that REAPER documents)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.hosts.reaper import rpp_read, rpp_write
from tests.hosts.reaper.api.registry import Refused, function, on_active
from tests.hosts.reaper.parameters import TRACK, TRACK_STRINGS, find
from tests.hosts.reaper.state import Item, Project, Track

if TYPE_CHECKING:
    from tests.hosts.reaper.host import Fake


@function("CountTracks")
def count_tracks(fake: Fake, project: Project) -> int:
    return len(project.state.tracks)


on_active("GetNumTracks", count_tracks)


@function("GetTrack")
def get_track(fake: Fake, project: Project, index: int) -> Track | None:
    return project.state.tracks[index] if 0 <= index < len(project.state.tracks) else None


@function("GetMasterTrack")
def get_master_track(fake: Fake, project: Project) -> Track:
    return project.state.master


@function("InsertTrackInProject")
def insert_track(fake: Fake, project: Project, index: int, flags: int | bool) -> None:
    tracks = project.state.tracks
    tracks.insert(min(max(index, 0), len(tracks)), Track())


on_active("InsertTrackAtIndex", insert_track)


@function("DeleteTrack")
def delete_track(fake: Fake, track: Track) -> None:
    state = fake.project_of(track).state
    if track is state.master:
        raise Refused("bad argument #1 to 'DeleteTrack' (MediaTrack expected)")
    state.tracks.remove(track)


@function("GetTrackGUID")
def get_track_guid(fake: Fake, track: Track) -> str:
    return track.guid


@function("GetTrackName")
def get_track_name(fake: Fake, track: Track) -> tuple[bool, str]:
    return True, track.name or f"Track {number_of(fake, track)}"


def number_of(fake: Fake, track: Track) -> int:
    """1 for the first track, -1 for the master."""
    state = fake.project_of(track).state
    return -1 if track is state.master else 1 + next(i for i, other in enumerate(state.tracks) if other is track)


def depths(tracks: list[Track]) -> list[int]:
    """Folder depth at which each track lies: the running sum of the changes before it, never below 0."""
    found, depth = [], 0
    for track in tracks:
        found.append(depth)
        depth = max(depth + int(track.values.get("I_FOLDERDEPTH", 0)), 0)
    return found


def parent_track(tracks: list[Track], index: int) -> Track | None:
    """The folder track that the track at `index` lies in."""
    levels = depths(tracks)
    if levels[index] == 0:
        return None
    return next(tracks[i] for i in range(index - 1, -1, -1) if levels[i] == levels[index] - 1)


@function("GetParentTrack")
def get_parent_track(fake: Fake, track: Track) -> Track | None:
    state = fake.project_of(track).state
    return None if track is state.master else parent_track(state.tracks, number_of(fake, track) - 1)


@function("GetTrackDepth")
def get_track_depth(fake: Fake, track: Track) -> int:
    state = fake.project_of(track).state
    return -1 if track is state.master else depths(state.tracks)[number_of(fake, track) - 1]


@function("GetTrackColor")
def get_track_color(fake: Fake, track: Track) -> int:
    return int(track.values.get("I_CUSTOMCOLOR", 0))


@function("SetTrackColor")
def set_track_color(fake: Fake, track: Track, color: int) -> None:
    track.values["I_CUSTOMCOLOR"] = float(color | 0x1000000 if color else 0)


def unknown(fake: Fake, kind: str, name: str) -> None:
    """Note a parameter name that this version does not know."""
    fake.wrong_calls.append(f"{kind} has no parameter '{name}' in {fake.version}")


@function("GetMediaTrackInfo_Value")
def get_track_value(fake: Fake, track: Track, name: str) -> Any:
    parameter = find(TRACK, name, fake.number)
    if parameter is None:
        unknown(fake, "a track", name)
        return 0.0
    if name == "IP_TRACKNUMBER":
        return float(number_of(fake, track))
    if name == "P_PARTRACK":
        return get_parent_track(fake, track) or 0.0
    if name == "P_PROJECT":
        return fake.project_of(track)
    if name == "C_BEATATTACHMODE" and fake.switches.inherit_reads_255:
        return track.values.get(name, 255.0) % 256
    return track.values.get(name, parameter.default)


@function("SetMediaTrackInfo_Value")
def set_track_value(fake: Fake, track: Track, name: str, value: float) -> bool:
    parameter = find(TRACK, name, fake.number)
    if parameter is None:
        unknown(fake, "a track", name)
    if parameter is None or parameter.read_only:
        return False
    track.values[name] = value
    return True


@function("GetSetMediaTrackInfo_String")
def track_string(fake: Fake, track: Track, name: str, text: str, change: bool) -> tuple[bool, str]:
    if name.startswith("P_EXT:"):
        return ext_string(track.ext, name, text, change)
    if name == "P_NAME":
        track.name = one_line(text) if change else track.name
        return True, track.name
    if name == "GUID":
        track.guid = text if change else track.guid
        return True, track.guid
    if name == "P_ICON":
        track.icon = text if change else track.icon
        return True, track.icon
    if name.startswith("P_LANENAME:") and fake.number >= (7,) and name[11:].isdigit():
        if change:
            track.lane_names[int(name[11:])] = text
        return True, track.lane_names.get(int(name[11:]), "")
    if name not in TRACK_STRINGS:
        unknown(fake, "a track", name)
        return False, ""
    return not change, ""


def ext_string(ext: dict[str, str], name: str, text: str, change: bool) -> tuple[bool, str]:
    """A script's own text on an object; an empty one is none."""
    key = name.removeprefix("P_EXT:")
    if change:
        if text:
            ext[key] = one_line(text)
        else:
            ext.pop(key, None)
    return change or key in ext, ext.get(key, "")


def one_line(text: str) -> str:
    """Text as a line of the project file can hold it: cut at a NUL."""
    return text.split("\0")[0]


def selected(tracks: list[Track]) -> list[Track]:
    """The tracks that are selected."""
    return [track for track in tracks if track.values.get("I_SELECTED")]


@function("CountSelectedTracks")
def count_selected_tracks(fake: Fake, project: Project) -> int:
    return len(selected(project.state.tracks))


@function("CountSelectedTracks2")
def count_selected_tracks2(fake: Fake, project: Project, master: bool) -> int:
    return len(selected(([project.state.master] if master else []) + project.state.tracks))


@function("GetSelectedTrack")
def get_selected_track(fake: Fake, project: Project, index: int) -> Track | None:
    return get_selected_track2(fake, project, index, False)


@function("GetSelectedTrack2")
def get_selected_track2(fake: Fake, project: Project, index: int, master: bool) -> Track | None:
    found = selected(([project.state.master] if master else []) + project.state.tracks)
    return found[index] if 0 <= index < len(found) else None


@function("IsTrackSelected")
def is_track_selected(fake: Fake, track: Track) -> bool:
    return bool(track.values.get("I_SELECTED"))


@function("SetTrackSelected")
def set_track_selected(fake: Fake, track: Track, yes: bool) -> None:
    track.values["I_SELECTED"] = float(yes)


@function("SetOnlyTrackSelected")
def set_only_track_selected(fake: Fake, track: Track) -> None:
    for other in fake.project_of(track).state.tracks:
        other.values["I_SELECTED"] = float(other is track)


@function("GetLastTouchedTrack")
def get_last_touched_track(fake: Fake) -> Track | None:
    found = selected(fake.active.state.tracks)
    return found[0] if found else None


@function("IsTrackVisible")
def is_track_visible(fake: Fake, track: Track, mixer: bool) -> bool:
    return bool(track.values.get("B_SHOWINMIXER" if mixer else "B_SHOWINTCP", 1.0))


@function("TrackList_AdjustWindows")
def adjust_windows(fake: Fake, minor: bool) -> None:
    """Only the screen changes."""


@function("CountTrackMediaItems", "GetTrackNumMediaItems")
def count_track_items(fake: Fake, track: Track) -> int:
    return len(track.items)


@function("GetTrackMediaItem")
def get_track_item(fake: Fake, track: Track, index: int) -> Item | None:
    return track.items[index] if 0 <= index < len(track.items) else None


@function("GetTrackStateChunk")
def get_track_chunk(fake: Fake, track: Track, text: str, undo: bool) -> tuple[bool, str]:
    return True, "\n".join(rpp_write.track_lines(track)) + "\n"


@function("SetTrackStateChunk")
def set_track_chunk(fake: Fake, track: Track, text: str, undo: bool) -> bool:
    found = rpp_read.track(text)
    if found is None:
        return False
    found.uid = track.uid
    vars(track).update(vars(found))
    return True
