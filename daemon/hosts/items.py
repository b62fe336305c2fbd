"""From the plain item list of a REAPER project to a timeline as OTIO.

Conventions
    Frames count from project time 0; every edge goes to the nearest one. Of two video tracks the one with the lower
    number is seen, as in REAPER (User Guide, "Working with Multiple Video Tracks"), so it stands last in the stack; of
    two items that overlap on one track, the one that begins later.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePath
from typing import Any

from core.errors import WrongUse
from daemon.hosts.fields import Fields

LONGEST_S = 1e6
"""The latest project time that may be named, seconds."""
MOST_ITEMS = 100_000
"""Items, and markers, of a project."""

Node = dict[str, Any]


@dataclass(frozen=True)
class _Item:
    """A video item, on whole frames."""

    first: int
    end: int
    """Exclusive."""
    source: float
    """Seconds of its file that its first frame shows."""
    speed: float
    file: str
    name: str
    muted: bool


def frame(request: Mapping[str, Any] | Fields, name: str) -> int:
    """The frame nearest to a time of the request ("in", "out"), from project time 0.

    Raises:
        WrongUse: the time or the rate is missing or cannot be meant.
    """
    fields = _fields(request)
    return _nearest(fields.number(name, 0, LONGEST_S), _rate(fields))


def timeline(request: Mapping[str, Any] | Fields) -> bytes:
    """The timeline of a request, as OTIO.

    Where the range shows nothing, a generator stands in it: music is written for it all the same.

    Raises:
        WrongUse: a field is missing or cannot be meant, or nothing is selected.
    """
    fields = _fields(request)
    rate = _rate(fields)
    first, end = frame(fields, "in"), frame(fields, "out")
    if end <= first:
        raise WrongUse("No time is selected", "REAPER", "Make a time selection, or select items.")
    tracks = _tracks(fields, rate)
    if fields.text("action", "score") == "score":  # what a cue is compared with is the whole edit
        tracks = {
            number: [item for item in items if item.first < end and item.end > first]
            for number, items in tracks.items()
        }
    shown = any(item.first < end and item.end > first and not item.muted for items in tracks.values() for item in items)
    length = max([end, *(item.end for items in tracks.values() for item in items)])
    lanes = [
        lane for number in sorted(tracks, reverse=True) for lane in _lanes(tracks[number], f"track {number}", rate)
    ]
    base = [_gap(length, rate)] if shown else [_gap(first, rate), _nothing(end - first, rate), _gap(length - end, rate)]
    start = round(Fraction(fields.number("start", -LONGEST_S, LONGEST_S, 0.0)) * rate)
    document = {
        "OTIO_SCHEMA": "Timeline.1",
        "metadata": {"REAPER": {"drop_frame": fields.flag("drop_frame", False)}},
        "name": PurePath(fields.map("project").text("name", "")).stem,
        "global_start_time": _time(start, rate),
        "tracks": {
            "OTIO_SCHEMA": "Stack.1",
            "name": "tracks",
            "children": [_track("range", base), *lanes],
            "markers": list(_markers(fields, rate)),
        },
    }
    return json.dumps(document).encode()


def _fields(request: Mapping[str, Any] | Fields) -> Fields:
    return request if isinstance(request, Fields) else Fields(request, "request.json")


def _rate(fields: Fields) -> Fraction:
    """Frames per second, exact."""
    from core.brief import exact_rate

    return exact_rate(fields.number("rate", 1, 1000))


def _nearest(seconds: float | Fraction, rate: Fraction) -> int:
    """The frame whose start is nearest to a time."""
    return int(Fraction(seconds) * rate + Fraction(1, 2))


def _tracks(fields: Fields, rate: Fraction) -> dict[int, list[_Item]]:
    """The video items by the number of their track, in order; one that is shorter than a frame is left out."""
    given = fields.maps("items")
    if len(given) > MOST_ITEMS:
        raise WrongUse(f"The project has more than {MOST_ITEMS} items", "request.json")
    tracks: dict[int, list[_Item]] = {}
    for one in given:
        if one.text("kind", "other") != "video":
            continue
        item = _item(one, rate)
        if item.end > item.first:
            tracks.setdefault(one.whole("track", 0, 1_000_000, 1), []).append(item)
    return {number: sorted(items, key=lambda item: (item.first, item.end)) for number, items in tracks.items()}


def _item(one: Fields, rate: Fraction) -> _Item:
    """An item on whole frames; its source is what it shows at the start of its first one."""
    position, length = (Fraction(one.number(name, -LONGEST_S, LONGEST_S)) for name in ("position", "length"))
    offset, speed = (
        Fraction(one.number(*rest)) for rest in (("offset", -LONGEST_S, LONGEST_S, 0.0), ("playrate", 1e-3, 1e3, 1.0))
    )
    end = _nearest(max(Fraction(0), position + length), rate)
    shown = max(position, position - offset / speed, Fraction(0))  # before it there is no source, or no project
    first = _nearest(shown, rate)
    source = max(Fraction(0), offset + (first / rate - position) * speed)
    return _Item(
        first, end, float(source), float(speed), one.text("file", ""), one.text("name", ""), one.flag("muted", False)
    )


def _lanes(items: Sequence[_Item], name: str, rate: Fraction) -> list[Node]:
    """The items of a track as tracks in which nothing overlaps; the last one is seen first."""
    lanes: list[list[_Item]] = []
    for item in items:
        free = next((lane for lane in lanes if lane[-1].end <= item.first), None)
        # Above everything that goes on beneath it.
        if free is None or any(lane[-1].end > item.first for lane in lanes[lanes.index(free) + 1 :]):
            lanes.append([item])
        else:
            free.append(item)
    return [_track(name, _placed(lane, rate)) for lane in lanes]


def _placed(lane: Iterable[_Item], rate: Fraction) -> list[Node]:
    """Items with the gaps between them."""
    children: list[Node] = []
    reached = 0
    for item in lane:
        if item.first > reached:
            children.append(_gap(item.first - reached, rate))
        children.append(_clip(item, rate))
        reached = item.end
    return children


def _clip(item: _Item, rate: Fraction) -> Node:
    frames = item.end - item.first
    warp = {"OTIO_SCHEMA": "LinearTimeWarp.1", "effect_name": "LinearTimeWarp", "time_scalar": item.speed}
    reference: Node = {"OTIO_SCHEMA": "MissingReference.1"}
    if item.file:
        # REAPER counts from the file's first frame, whatever timecode it carries.
        whole = item.source + float(frames / rate) * item.speed
        available = _range(0, whole * float(rate), rate)
        reference = {"OTIO_SCHEMA": "ExternalReference.1", "target_url": item.file, "available_range": available}
    return {
        "OTIO_SCHEMA": "Clip.2",
        "name": item.name or PurePath(item.file.replace("\\", "/")).name,
        "enabled": not item.muted,
        "source_range": _range(item.source * float(rate), frames, rate),
        "effects": [warp] if item.speed != 1 else [],
        "media_references": {"DEFAULT_MEDIA": reference},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }


def _nothing(frames: int, rate: Fraction) -> Node:
    """What stands in a range without pictures."""
    black = {"OTIO_SCHEMA": "GeneratorReference.1", "generator_kind": "black", "parameters": {}}
    return {
        "OTIO_SCHEMA": "Clip.2",
        "name": "no picture",
        "source_range": _range(0, frames, rate),
        "media_references": {"DEFAULT_MEDIA": black},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }


def _track(name: str, children: Sequence[Node]) -> Node:
    long = [child for child in children if child["source_range"]["duration"]["value"] > 0]
    return {"OTIO_SCHEMA": "Track.1", "kind": "Video", "name": name, "children": long}


def _gap(frames: int, rate: Fraction) -> Node:
    return {"OTIO_SCHEMA": "Gap.1", "source_range": _range(0, frames, rate)}


def _markers(fields: Fields, rate: Fraction) -> Iterable[Node]:
    given = fields.maps("markers")
    if len(given) > MOST_ITEMS:
        raise WrongUse(f"The project has more than {MOST_ITEMS} markers", "request.json")
    for one in given:
        position = one.number("position", -LONGEST_S, LONGEST_S)
        if position >= 0:
            yield {
                "OTIO_SCHEMA": "Marker.2",
                "name": one.text("name", ""),
                "color": one.text("colour", "").upper(),
                "marked_range": _range(_nearest(position, rate), 0, rate),
            }


def _range(start: float, duration: float, rate: Fraction) -> Node:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": _time(start, rate), "duration": _time(duration, rate)}


def _time(value: float, rate: Fraction) -> Node:
    return {"OTIO_SCHEMA": "RationalTime.1", "value": value, "rate": float(rate)}
