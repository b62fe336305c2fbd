"""A cue placed back on its timeline, as OTIO: stems at their record time, hits and beats as markers.

The document has exactly the shape that DaVinci Resolve writes, since its import takes no other: the same schemas with
the same keys, `enabled` and metadata on everything, video tracks before audio tracks, every track as long as the
timeline. Media are bare absolute paths as the system writes them; the metadata has them from the cue's folder too, for
when that has moved. Of a medium only whole frames are used that lie in the file. Markers stand on the stack of tracks,
counted from the timeline's start, one per frame.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Any

from core.atomic import write_whole
from core.brief import STEMS, Edit, Met, Plan, StemName

_MET, _MISSED, _DOWNBEAT, _BEAT = "GREEN", "RED", "BLUE", "CYAN"

Document = dict[str, Any]
"""A part of an OTIO file."""


def placed(edit: Edit, stems: Mapping[StemName, str], sample_rate: int, plan: Plan, folder: PurePath) -> Document:
    """The cue's timeline: one audio track per stem, each at its record time, under an empty video track.

    Args:
        edit: the range that was scored.
        stems: files as long as the range, as named from the folder, with forward slashes.
        sample_rate: of the stems, in Hz.
        plan: the hits, and the tempo map that is kept in the metadata.
        folder: the cue's, absolute, where people will find it.
    """
    rate = edit.range.start.rate
    length = _offset(edit) + edit.range.frames
    ours = {**_facts(edit, plan, sample_rate), "stems": dict(stems)}
    audio = [_stem(name, folder / stems[name], sample_rate, edit) for name in STEMS if name in stems]
    tracks = _item("Stack.1", "", None, {}) | {
        "markers": [_marker(*mark, _offset(edit) + frame, rate) for frame, mark in sorted(_marks(edit, plan).items())],
        "children": [_track("Video 1", "Video", {"Locked": False}, [_gap(length, rate)]), *audio],
    }
    return {
        "OTIO_SCHEMA": "Timeline.1",
        "metadata": {"Resolve_OTIO": {"Resolve OTIO Meta Version": "1.0"}, "hitpoint": ours},
        "name": f"{edit.name} – music",
        "global_start_time": _time(edit.range.timeline_start.value, rate),
        "tracks": tracks,
    }


def save(document: Document, path: Path) -> None:
    """Write a timeline so that the file is always whole.

    Raises:
        UnusableInput: the folder cannot be written.
    """
    text = json.dumps(document, indent=4, ensure_ascii=False)
    write_whole(path, text.encode("utf-8", "replace"))  # a name may hold what is no Unicode


def _stem(name: StemName, path: PurePath, sample_rate: int, edit: Edit) -> Document:
    """A stem on its own track: a gap that leads up to the range, the file, and a frame's gap that it may fall short."""
    rate, frames = edit.range.start.rate, edit.range.frames
    # A file may end up to half a sample before its last frame does; a medium is as long as its whole frames.
    whole = int(edit.range.samples(sample_rate) * edit.range.rate / sample_rate)
    media = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "metadata": {},
        "name": path.name,
        "available_range": _span(0, whole, rate),
        "available_image_bounds": None,
        "target_url": str(path),
    }
    channels = [{"Source Channel ID": channel, "Source Track ID": 0} for channel in (0, 1)]
    clip = _item("Clip.2", path.name, _span(0, whole, rate), {"Resolve_OTIO": {"Channels": channels}}) | {
        "media_references": {"DEFAULT_MEDIA": media},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }
    before, after = _offset(edit), frames - whole
    children = [*([_gap(before, rate)] if before else []), clip, *([_gap(after, rate)] if after else [])]
    return _track(name, "Audio", {"Audio Type": "Stereo", "Locked": False, "SoloOn": False}, children)


def _track(name: str, kind: str, told: Document, children: Sequence[Document]) -> Document:
    return _item("Track.1", name, None, {"Resolve_OTIO": told}) | {"children": list(children), "kind": kind}


def _gap(frames: int, rate: float) -> Document:
    return _item("Gap.1", "", _span(0, frames, rate), {})


def _item(schema: str, name: str, span: Document | None, metadata: Document) -> Document:
    """What all items have."""
    return {
        "OTIO_SCHEMA": schema,
        "metadata": metadata,
        "name": name,
        "source_range": span,
        "effects": [],
        "markers": [],
        "enabled": True,
    }


def _marker(name: str, note: str, colour: str, frame: int, rate: float) -> Document:
    return {
        "OTIO_SCHEMA": "Marker.2",
        "metadata": {"Resolve_OTIO": {"Keywords": [], "Note": note}},
        "name": name,
        "color": colour,
        "marked_range": _span(frame, 1, rate),
    }


def _span(start: float, duration: float, rate: float) -> Document:
    return {"OTIO_SCHEMA": "TimeRange.1", "duration": _time(duration, rate), "start_time": _time(start, rate)}


def _time(value: float, rate: float) -> Document:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(rate), "value": float(value)}


def _marks(edit: Edit, plan: Plan) -> dict[int, tuple[str, str, str]]:
    """Name, note and colour of the marker on each frame: a hit wins over a downbeat, a downbeat over a beat."""
    found: dict[int, tuple[str, str, str]] = {}
    rate, frames = edit.range.rate, edit.range.frames
    for met in plan.met:
        frame = _frame(met.hit.time, rate)
        if 0 <= frame < frames and (frame not in found or met.hit.must):
            found[frame] = (met.hit.label.strip() or met.hit.kind, _note(met), _MET if met.met else _MISSED)
    beats = list(named_beats(plan))
    for time, name in sorted(beats, key=lambda beat: not beat[1].startswith("Bar")):
        frame = _frame(time, rate)
        if 0 <= frame < frames:
            found.setdefault(frame, (name, "", _DOWNBEAT if name.startswith("Bar") else _BEAT))
    return found


def named_beats(plan: Plan) -> Iterator[tuple[float, str]]:
    """Every beat with its name: "Bar 3", or "Beat 3.2" for the second beat of that bar."""
    downbeats = set(plan.tempo_map.downbeats)
    bar, beat = 0, 0
    for index, time in enumerate(plan.tempo_map.beats):
        bar, beat = (bar + 1, 1) if index in downbeats else (bar, beat + 1)
        yield float(time), f"Bar {bar}" if beat == 1 and index in downbeats else f"Beat {bar}.{beat}"


def _note(met: Met) -> str:
    """What became of a hit, in a line."""
    kind = f"{met.hit.kind}, must" if met.hit.must else met.hit.kind
    return f"{kind}: on {met.on or 'beat'}" if met.met else f"{kind}: not met. {met.why}".strip()


def _facts(edit: Edit, plan: Plan, sample_rate: int) -> dict[str, Any]:
    """The tempo map and what else a program may want, as plain data."""
    tempo = plan.tempo_map
    return {
        "version": 1,
        "in": edit.in_text,
        "out": edit.out_text,
        "rate": str(edit.range.rate),
        "frames": edit.range.frames,
        "drop_frame": edit.range.drop_frame,
        "sample_rate": sample_rate,
        "tempo_map": {
            "beats": [float(beat) for beat in tempo.beats],
            "downbeats": [int(index) for index in tempo.downbeats],
            "meter": str(tempo.meter),
            "bpm": float(plan.bpm),
            "drift": float(plan.drift),
        },
        "sections": [
            {"name": section.name, "start": float(section.start), "duration": float(section.duration)}
            for section in plan.sections
        ],
        "hits": [_fact(met) for met in plan.met],
        "chance": float(plan.chance),
    }


def _fact(met: Met) -> dict[str, Any]:
    hit = met.hit
    fact = {
        "time": float(hit.time),
        "kind": hit.kind,
        "weight": float(hit.weight),
        "label": hit.label,
        "must": hit.must,
    }
    beat = None if met.beat is None else float(met.beat)
    return {**fact, "met": met.met, "on": met.on, "beat": beat, "why": met.why}


def _offset(edit: Edit) -> int:
    """Frames from the timeline's start to the range."""
    return int(edit.range.start.value) - int(edit.range.timeline_start.value)


def _frame(seconds: float, rate: Fraction) -> int:
    """The nearest frame of the range."""
    return round(Fraction(seconds) * rate)
