"""OTIO documents for tests, as the plain JSON that an editing program writes."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

Node = dict[str, Any]


def time(value: float, rate: Fraction | float = 24) -> Node:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(rate), "value": float(value)}


def span(start: float, frames: float, rate: Fraction | float = 24) -> Node:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": time(start, rate), "duration": time(frames, rate)}


def external(url: str, available: Node | None = None) -> Node:
    return {"OTIO_SCHEMA": "ExternalReference.1", "name": "", "target_url": url, "available_range": available}


def clip(name: str, source_range: Node | None, media: Node | None = None, **more: Any) -> Node:
    media = media or {"OTIO_SCHEMA": "MissingReference.1", "name": "", "available_range": None}
    node = {"OTIO_SCHEMA": "Clip.2", "name": name, "source_range": source_range, "enabled": True}
    return {**node, "media_references": {"DEFAULT_MEDIA": media}, "active_media_reference_key": "DEFAULT_MEDIA", **more}


def gap(frames: float, rate: Fraction | float = 24) -> Node:
    return {"OTIO_SCHEMA": "Gap.1", "name": "", "source_range": span(0, frames, rate), "enabled": True}


def dissolve(before: float, after: float, rate: Fraction | float = 24) -> Node:
    reach = {"in_offset": time(before, rate), "out_offset": time(after, rate)}
    return {"OTIO_SCHEMA": "Transition.1", "name": "", "transition_type": "SMPTE_Dissolve", **reach}


def track(*children: Node, kind: str = "Video", **more: Any) -> Node:
    return {"OTIO_SCHEMA": "Track.1", "name": "", "kind": kind, "enabled": True, "children": list(children), **more}


def stack(*children: Node, **more: Any) -> Node:
    return {"OTIO_SCHEMA": "Stack.1", "name": "nested", "enabled": True, "children": list(children), **more}


def warp(speed: float) -> Node:
    return {"OTIO_SCHEMA": "LinearTimeWarp.1", "name": "", "effect_name": "", "time_scalar": speed}


def freeze() -> Node:
    return {"OTIO_SCHEMA": "FreezeFrame.1", "name": "", "effect_name": "FreezeFrame", "time_scalar": 0.0}


def marker(name: str, frame: float, rate: Fraction | float = 24, color: Any = "GREEN", **more: Any) -> Node:
    return {"OTIO_SCHEMA": "Marker.2", "name": name, "color": color, "marked_range": span(frame, 0, rate), **more}


def timeline(*tracks: Node, start: Node | None = None, **more: Any) -> Node:
    root = {"OTIO_SCHEMA": "Stack.1", "name": "tracks", "enabled": True, "children": list(tracks), **more}
    return {"OTIO_SCHEMA": "Timeline.1", "name": "edit", "global_start_time": start, "tracks": root}


def saved(document: object, folder: Path, name: str = "edit.otio") -> Path:
    path = folder / name
    path.write_text(json.dumps(document))
    return path
