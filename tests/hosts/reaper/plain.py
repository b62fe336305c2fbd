"""Projects as plain data: for the shell, and for reading a result in a test.

{"timebase": 1, "offset": 3600.0, "rate": 23.976, "drop_frame": false, "selection": [10.0, 40.0],
 "tracks": [{"name": "Video", "depth": 0, "items": [{"file": "clip.mov", "kind": "VIDEO", "position": 1.0,
             "length": 4.0, "offset": 16.5, "playrate": 1.0, "mode": -1, "selected": true}]}],
 "markers": [{"position": 3.0, "name": "HIT door"}, {"position": 5.0, "end": 8.0, "name": "chorus"}],
 "tempo": [{"time": 0.0, "bpm": 120.0, "numerator": 4, "denominator": 4}]}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.hosts.reaper.state import Item, Project, Take, TempoPoint, Track
from tests.hosts.reaper.timecode import rate

if TYPE_CHECKING:
    from tests.hosts.reaper.host import Fake


def furnish(fake: Fake, data: Mapping[str, Any]) -> Project:
    """Fill the active project."""
    state = fake.active.state
    state.timebase = data.get("timebase", state.timebase)
    state.offset = data.get("offset", state.offset)
    if "rate" in data:
        fake.user.set_frame_rate(data["rate"], data.get("drop_frame", False))
    state.selection = tuple(data.get("selection", state.selection))
    state.tempo = [TempoPoint(**point) for point in data.get("tempo", ())]
    for told in data.get("tracks", ()):
        track = fake.user.add_track(told.get("name", ""), told.get("depth", 0))
        for fields in told.get("items", ()):
            chosen = {name: fields[name] for name in ("offset", "playrate", "kind", "mode") if name in fields}
            item = fake.user.add_item(track, fields.get("file", ""), fields["position"], fields["length"], **chosen)
            item.values["B_UISEL"] = float(fields.get("selected", False))
    for marker in data.get("markers", ()):
        fake.user.add_marker(marker["position"], marker.get("name", ""), end=marker.get("end"))
    return fake.active


def described(project: Project) -> dict[str, Any]:
    """Everything of a project that a reader of a result wants to see."""
    state = project.state
    return {
        "path": project.path,
        "timebase": state.timebase,
        "offset": state.offset,
        "rate": rate(state),
        "drop_frame": state.frame_flag == 1,
        "selection": list(state.selection),
        "tracks": [_track(track) for track in state.tracks],
        "markers": [
            {
                "number": marker.number,
                "name": marker.name,
                "position": marker.position,
                "end": marker.end if marker.is_region else None,
                "color": marker.color,
            }
            for marker in state.ordered_markers()
        ],
        "tempo": [
            {
                "time": point.time,
                "bpm": point.bpm,
                "numerator": point.numerator,
                "denominator": point.denominator,
                "linear": point.linear,
            }
            for point in state.tempo
        ],
        "ext": {f"{section}/{name}": value for (section, name), value in state.ext.items()},
        "undo": [step.name for step in project.undo],
    }


def _track(track: Track) -> dict[str, Any]:
    depth = int(track.values.get("I_FOLDERDEPTH", 0))
    return {"name": track.name, "depth": depth, "ext": track.ext, "items": [_item(item) for item in track.items]}


def _item(item: Item) -> dict[str, Any]:
    return {
        "position": item.position,
        "length": item.length,
        "current": item.current,
        "mode": int(item.values.get("C_BEATATTACHMODE", -1)),
        "loop": bool(item.values.get("B_LOOPSRC", 1)),
        "ext": item.ext,
        "takes": [_take(take) for take in item.takes],
    }


def _take(take: Take) -> dict[str, Any]:
    file = take.source.file if take.source else ""
    kind = take.source.kind if take.source else ""
    return {
        "name": take.name,
        "file": file,
        "kind": kind,
        "offset": take.offset,
        "playrate": take.playrate,
        "ext": take.ext,
        "null": take.null,
    }
