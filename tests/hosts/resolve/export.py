"""The OTIO file that Resolve writes (resolve.md 3.1)."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.hosts.resolve.model import Item, Marker, Media, Timeline, Track
from tests.hosts.resolve.timecode import short

_AUDIO_TYPES = {"mono": "Mono", "stereo": "Stereo", "5.1": "5.1", "7.1": "7.1"}


def write_otio(path: Path, timeline: Timeline, exact_rate: bool = False) -> None:
    """Write a timeline as Resolve does: no name, tracks padded to its length, source ranges in the media's timecode."""
    rate = float(timeline.rate) if exact_rate else short(timeline.rate)
    length = timeline.end - timeline.start
    tracks = [_track(track, timeline, rate, length) for track in timeline.all_tracks() if track.kind != "subtitle"]
    markers = [_marker(frame, marker, rate) for frame, marker in sorted(timeline.markers.items())]
    document = {
        "OTIO_SCHEMA": "Timeline.1",
        "metadata": {"Resolve_OTIO": {"Resolve OTIO Meta Version": "1.0"}},
        "name": "",
        "global_start_time": _time(timeline.start, rate),
        "tracks": {
            "OTIO_SCHEMA": "Stack.1",
            "metadata": {},
            "name": "",
            "source_range": None,
            "effects": [],
            "markers": markers,
            "enabled": True,
            "children": tracks,
        },
    }
    path.write_text(json.dumps(document, indent=4, ensure_ascii=False), encoding="utf-8")


def _time(value: float | Fraction, rate: float) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": rate, "value": float(value)}


def _range(start: float | Fraction, duration: float | Fraction, rate: float) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "TimeRange.1", "duration": _time(duration, rate), "start_time": _time(start, rate)}


def _track(track: Track, timeline: Timeline, rate: float, length: int) -> dict[str, Any]:
    own: dict[str, Any] = {"Locked": track.locked}
    if track.kind == "audio":
        own = {"Audio Type": _AUDIO_TYPES.get(track.subtype, "Adaptive"), "Locked": track.locked, "SoloOn": False}
    children: list[dict[str, Any]] = []
    at: float = 0
    for item in track.items:
        start = item.start - timeline.start
        if item.kind == "transition":
            children.append(_transition(item, rate))
            continue
        if start < 0:
            continue  # before the timeline's start: it is not rendered, nor written
        if start > at:
            children.append(_gap(start - at, rate))
        children.append(_clip(item, track, timeline, rate))
        at = start + item.duration
    if at < length or not children:
        children.append(_gap(length - at, rate))
    return {
        "OTIO_SCHEMA": "Track.1",
        "metadata": {"Resolve_OTIO": own},
        "name": track.name,
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": track.enabled,
        "children": children,
        "kind": track.kind.capitalize(),
    }


def _gap(duration: float, rate: float) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Gap.1",
        "metadata": {},
        "name": "",
        "source_range": _range(0, duration, rate),
        "effects": [],
        "markers": [],
        "enabled": True,
    }


def _clip(item: Item, track: Track, timeline: Timeline, rate: float) -> dict[str, Any]:
    own: dict[str, Any] = {}
    if track.kind == "audio":
        width = item.media.channels if item.media and item.channel is None else 1
        first = item.channel or 0
        own["Channels"] = [{"Source Channel ID": first + n, "Source Track ID": 0} for n in range(max(width, 1))]
    if item.link is not None:
        own["Link Group ID"] = item.link
    start = Fraction(0)
    if item.media:
        start = (item.media.start + item.source) / item.media.rate * timeline.rate
    return {
        "OTIO_SCHEMA": "Clip.2",
        "metadata": {"Resolve_OTIO": own},
        "name": item.name,
        "source_range": _range(start, item.duration, rate),
        "effects": _warp(item) + ([_transform()] if track.kind == "video" else []),
        "markers": [_marker(frame, marker, rate) for frame, marker in sorted(item.markers.items())],
        "enabled": item.enabled,
        "media_references": {"DEFAULT_MEDIA": _reference(item.media, item)},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }


def _reference(media: Media | None, item: Item) -> dict[str, Any]:
    if media is None:
        return {
            "OTIO_SCHEMA": "MissingReference.1",
            "metadata": {},
            "name": item.name,
            "available_range": None,
            "available_image_bounds": None,
        }
    return {
        "OTIO_SCHEMA": "ExternalReference.1",
        "metadata": {},
        "name": media.name,
        "available_range": _range(media.start, media.frames, short(media.rate)),
        "available_image_bounds": None,
        "target_url": media.path,
    }


def _warp(item: Item) -> list[dict[str, Any]]:
    if item.speed == 1:
        return []
    return [
        {
            "OTIO_SCHEMA": "LinearTimeWarp.1",
            "metadata": {},
            "name": "",
            "effect_name": "",
            "time_scalar": float(item.speed),
        }
    ]


def _transform() -> dict[str, Any]:
    own = {
        "Display Type": 1,
        "Effect Name": "Transform",
        "Enabled": True,
        "Name": "Transform",
        "Parameters": [],
        "Type": 2,
    }
    return {"OTIO_SCHEMA": "Effect.1", "metadata": {"Resolve_OTIO": own}, "name": "", "effect_name": "Resolve Effect"}


def _transition(item: Item, rate: float) -> dict[str, Any]:
    before = item.duration // 2
    return {
        "OTIO_SCHEMA": "Transition.1",
        "metadata": {"Resolve_OTIO": {"Effects": {}, "Transition Type": item.name}},
        "name": item.name,
        "in_offset": _time(before, rate),
        "out_offset": _time(item.duration - before, rate),
        "transition_type": "SMPTE_Dissolve",
    }


def _marker(frame: float, marker: Marker, rate: float) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Marker.2",
        "metadata": {"Resolve_OTIO": {"Keywords": [], "Note": marker.note}},
        "name": marker.name,
        "color": marker.colour.upper(),
        "marked_range": _range(frame, marker.duration, rate),
        "comment": "",
    }
