"""Timelines from OTIO files: to fill the fake with, and as Resolve's own import takes them (resolve.md 3.2)."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

import opentimelineio as otio

from tests.hosts.resolve.markers import COLOURS
from tests.hosts.resolve.media import read_media
from tests.hosts.resolve.model import Marker, Media, Timeline
from tests.hosts.resolve.timecode import true_rate

if TYPE_CHECKING:
    from tests.hosts.resolve.fake import Fake

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_NOT_BARE = re.compile(r"^[a-z][a-z0-9+.-]+://|%[0-9A-Fa-f]{2}")


def rate_and_start(path: Path) -> tuple[Fraction, int]:
    """The rate and first frame that an OTIO file is at."""
    read = otio.adapters.read_from_file(str(path))
    start = read.global_start_time
    if start is None:
        clip = next(iter(read.find_clips()))
        return true_rate(clip.trimmed_range().duration.rate), 0
    return true_rate(start.rate), round(start.value)


def fill_from(fake: Fake, path: Path, timeline: Timeline) -> None:
    """Lay what an OTIO file says: clips, dissolves, markers; a title where there is no media, or a nested stack."""
    read = otio.adapters.read_from_file(str(path))
    media: dict[str, Media] = {}
    for tracks in (read.video_tracks(), read.audio_tracks()):
        for number, track in enumerate(tracks, 1):
            _fill_track(fake, timeline, track, number, path.parent, media)
    for marker in read.tracks.markers:
        first = round(marker.marked_range.start_time.rescaled_to(float(timeline.rate)).value)
        colour = str(marker.color or "blue").capitalize()
        note = marker.metadata.get("Resolve_OTIO", {}).get("Note", "")
        length = max(round(marker.marked_range.duration.value), 1)
        timeline.markers[first] = Marker(colour if colour in COLOURS else "Blue", marker.name, note, length)


def _fill_track(fake: Fake, timeline: Timeline, track: Any, number: int, folder: Path, known: dict[str, Media]) -> None:
    picture = track.kind == otio.schema.TrackKind.Video
    rate = float(timeline.rate)
    at = 0
    for child in track:
        if isinstance(child, otio.schema.Transition):
            length = round((child.in_offset + child.out_offset).rescaled_to(rate).value)
            fake.transition(at, length, timeline.tracks["video" if picture else "audio"][number - 1])
            continue
        frames = round(child.duration().rescaled_to(rate).value)
        if isinstance(child, otio.schema.Clip):
            media = _media(fake, child, folder, picture, known)
            if media is None:
                fake.title(at, frames, number, child.name, timeline)
            else:
                warps = [float(effect.time_scalar) for effect in child.effects if hasattr(effect, "time_scalar")]
                speed = Fraction(warps[0]).limit_denominator(1000) if warps else Fraction(1)
                start = child.trimmed_range().start_time
                source = Fraction(start.value).limit_denominator(1000) / true_rate(start.rate) * timeline.rate
                source -= media.start / media.rate * timeline.rate
                fake.lay(media, at, frames, source, number, sound=not picture, speed=speed, timeline=timeline)
        elif isinstance(child, otio.schema.Stack):
            fake.title(at, frames, number, child.name or "Compound Clip", timeline)
        at += frames


def _media(fake: Fake, clip: Any, folder: Path, picture: bool, known: dict[str, Media]) -> Media | None:
    """The clip's medium: read where its file is there, else as the timeline describes it."""
    reference = clip.media_reference
    if not isinstance(reference, otio.schema.ExternalReference):
        return None
    written = _path(reference.target_url)
    path = Path(written) if _WINDOWS.match(written) else folder / written
    key = f"{path} {picture}"
    if key not in known:
        read = read_media(path, fake.project.rate)
        described = reference.available_range or clip.trimmed_range()
        rate = true_rate(described.duration.rate)
        start = round(described.start_time.value)
        found = read or Media(clip.name, str(path), picture, not picture, rate, round(described.duration.value), start)
        found.video, found.audio = picture, not picture
        known[key] = found
    return known[key]


def _path(url: str) -> str:
    if not url.startswith("file:"):
        return url
    path = unquote(urlparse(url).path)
    return path[1:] if re.match(r"/[A-Za-z]:", path) else path


def import_timeline(fake: Fake, path: Path, options: dict[str, Any]) -> Timeline | None:
    """What ImportTimelineFromFile answers: None, without a reason, for what is not shaped like Resolve's own."""
    name = str(options.get("timelineName") or path.stem)
    if any(timeline.name == name for timeline in fake.project.timelines):
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if why_refused(document):
        return None
    rate, start = rate_and_start(path)
    timeline = fake.new_timeline(name, rate)
    timeline.start = timeline.playhead = start
    fill_from(fake, path, timeline)
    return timeline


def why_refused(document: dict[str, Any]) -> list[str]:
    """What in an OTIO document Resolve's import does not accept; empty for one that it takes."""
    wrong: list[str] = []
    if document.get("OTIO_SCHEMA") != "Timeline.1":
        return ["it is no Timeline.1"]
    if not document.get("global_start_time"):
        wrong.append("there is no global_start_time")
    for track in document["tracks"]["children"]:
        for child in track["children"]:
            if child["OTIO_SCHEMA"].startswith("Clip."):
                wrong += [f"{child.get('name')}: {sentence}" for sentence in _why_clip_refused(child)]
    for part in (document["tracks"], *document["tracks"]["children"]):
        wrong += [f"{part.get('name')}: no {field}" for field in ("metadata", "enabled") if field not in part]
    return wrong


def _why_clip_refused(clip: dict[str, Any]) -> list[str]:
    if clip["OTIO_SCHEMA"] != "Clip.2" or "media_references" not in clip:
        return ["it is no Clip.2 with media_references"]
    wrong = [f"no {field}" for field in ("metadata", "enabled") if field not in clip]
    reference = clip["media_references"].get(clip.get("active_media_reference_key"), {})
    if reference.get("OTIO_SCHEMA") != "ExternalReference.1":
        return [*wrong, "it has no medium"]
    if _NOT_BARE.search(reference["target_url"]):
        wrong.append("its target_url is no bare path")
    available, source = reference.get("available_range"), clip.get("source_range")
    if not available or not source:
        return [*wrong, "it has no available_range and source_range"]
    first, length = (_seconds(available[key]) for key in ("start_time", "duration"))
    start = _seconds(source["start_time"])
    frame = 1 / true_rate(source["start_time"]["rate"])
    if not first - frame <= start < first + length:
        wrong.append("its source_range lies outside the medium's timecode")
    return wrong


def _seconds(time: dict[str, Any]) -> Fraction:
    return Fraction(time["value"]).limit_denominator(10_000) / true_rate(time["rate"])
