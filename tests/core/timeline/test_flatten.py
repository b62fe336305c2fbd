"""Every frame of any edit shows what painting it frame by frame shows: tracks, trims, nests, speeds, freezes."""

from __future__ import annotations

from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.timeline.read import read
from tests.core.timeline.documents import Node, clip, gap, saved, span, stack, time, timeline, track, warp

Frame = tuple[str, int] | None
SPEEDS = [1, 1, 1, 2, 3, -1, -2, 0]
RATES = [Fraction(24), Fraction(24_000, 1001), Fraction(30_000, 1001), Fraction(50)]


def played(inner: list[Frame], first: int, frames: int, speed: int) -> list[Frame]:
    """A stretch of frames at a whole speed; backwards is the forward one in reverse."""
    shown = [first + frame * abs(speed) for frame in range(frames)]
    found = [inner[place] if 0 <= place < len(inner) else None for place in shown]
    return found[::-1] if speed < 0 else found


def painted(item: Node) -> list[Frame]:
    """What an item shows, frame by frame."""
    trim = item.get("source_range")
    first, frames = (int(trim[end]["value"]) for end in ("start_time", "duration")) if trim else (0, -1)
    speed = int(item["effects"][0]["time_scalar"]) if item.get("effects") else 1
    schema = item["OTIO_SCHEMA"].partition(".")[0]
    if schema == "Gap":
        return [None] * frames
    if schema == "Clip":
        shown = [(item["name"], first + frame * abs(speed)) for frame in range(frames)]
        inner: list[Frame] = list(shown[::-1] if speed < 0 else shown)
    else:
        layers = [painted(child) for child in item["children"]]
        inner = [frame for layer in layers for frame in layer] if schema == "Track" else overlaid(layers)
        if trim:
            inner = played(inner, first, frames, speed)
    return inner if item["enabled"] else [None] * len(inner)


def overlaid(layers: list[list[Frame]]) -> list[Frame]:
    """Layers on top of each other, the last one uppermost."""
    seen: list[Frame] = [None] * max(map(len, layers), default=0)
    for layer in layers:
        for place, frame in enumerate(layer):
            seen[place] = frame or seen[place]
    return seen


@st.composite
def tracks(draw: st.DrawFn, rate: Fraction, depth: int) -> Node:
    """A track of clips, gaps and nested stacks."""
    children = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["clip", "clip", "gap", "stack"] if depth else ["clip", "clip", "gap"]))
        frames, first = draw(st.integers(1, 12)), draw(st.integers(0, 9))
        more: dict[str, Any] = {"enabled": draw(st.integers(0, 5)) > 0}
        if (speed := draw(st.sampled_from(SPEEDS))) != 1:
            more["effects"] = [warp(speed)]
        if kind == "gap":
            children.append(gap(frames, rate))
        elif kind == "clip":
            children.append(clip("", span(first + 1000, frames, rate), **more))
        else:
            layers = [draw(tracks(rate, depth - 1)) for _ in range(draw(st.integers(1, 3)))]
            children.append(stack(*layers, source_range=span(first, frames, rate), **more))
    return track(*children)


def named(node: Node, numbers: count[int]) -> None:
    """Give every clip a name of its own."""
    if node["OTIO_SCHEMA"].startswith("Clip"):
        node["name"] = f"clip {next(numbers)}"
    for child in node.get("children", []):
        named(child, numbers)


def starts_inside(node: Node) -> bool:
    """Whether every nested trim starts where there is something; a trim beyond everything is read from zero."""
    children = node.get("children", [])
    if node["OTIO_SCHEMA"].startswith("Stack") and node.get("source_range"):
        longest = max(len(painted(child)) for child in children)
        if node["source_range"]["start_time"]["value"] >= longest:
            return False
    return all(starts_inside(child) for child in children)


@given(st.data(), st.sampled_from(RATES))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_frame_shows_what_painting_frame_by_frame_shows(
    tmp_path: Path, data: st.DataObject, rate: Fraction
) -> None:
    layers = [data.draw(tracks(rate, 2)) for _ in range(data.draw(st.integers(1, 3)))]
    document = timeline(*layers, start=time(0, rate))
    named(document["tracks"], count())
    expected = painted(document["tracks"])
    assume(any(expected) and starts_inside(document["tracks"]))
    edit = read(saved(document, tmp_path))
    seen: list[Frame] = []
    for shot in edit.shots:
        for frame in range(shot.frames):
            source = shot.source_start * rate + frame * shot.speed
            assert source.denominator == 1
            seen.append((shot.name, int(source)) if shot.media else None)
    assert seen == expected
