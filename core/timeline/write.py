"""A cue placed back on its timeline, as OTIO: stems at their record time, hits and beats as markers.

The file has the shape that DaVinci Resolve writes and reads: `enabled` and metadata on everything, bare paths, an
`available_range` for each medium, markers on the stack of tracks counted from the timeline's start, one per frame.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from core.atomic import write_whole
from core.brief import STEMS, Edit, Met, Plan, StemName

_MET, _MISSED, _DOWNBEAT, _BEAT = "GREEN", "RED", "BLUE", "CYAN"


def placed(
    edit: Edit, stems: Mapping[StemName, Path], sample_rate: int, plan: Plan, folder: Path | None = None
) -> otio.schema.Timeline:
    """The cue's timeline: one audio track per stem, each at its record time.

    Args:
        edit: the range that was scored.
        stems: files as long as the range.
        sample_rate: of the stems, in Hz.
        plan: the hits, and the tempo map that is kept in the metadata.
        folder: the cue's folder; absolute paths are written relative to it.
    """
    rate = edit.range.start.rate
    timeline = otio.schema.Timeline(
        f"{edit.name} – music",
        global_start_time=edit.range.timeline_start,
        metadata={"Resolve_OTIO": {"Resolve OTIO Meta Version": "1.0"}, "hitpoint": _facts(edit, plan, sample_rate)},
    )
    timeline.tracks.metadata["Resolve_OTIO"] = {}
    for name in STEMS:
        if name in stems:
            timeline.tracks.append(_track(name, _address(stems[name], folder), edit))
    offset = _offset(edit)
    for frame, (label, note, colour) in sorted(_marks(edit, plan).items()):
        where = TimeRange(RationalTime(offset + frame, rate), RationalTime(1, rate))
        keep = {"Resolve_OTIO": {"Keywords": [], "Note": note}}
        timeline.tracks.markers.append(otio.schema.Marker(label, where, colour, metadata=keep))
    return timeline


def save(timeline: otio.schema.Timeline, path: Path) -> None:
    """Write a timeline so that the file is always whole.

    Raises:
        UnusableInput: the folder cannot be written.
    """
    write_whole(path, timeline.to_json_string(indent=4).encode())


def _track(name: StemName, url: str, edit: Edit) -> otio.schema.Track:
    """A stem on its own track, after a gap that leads up to the range."""
    rate = edit.range.start.rate
    length = TimeRange(RationalTime(0, rate), RationalTime(edit.range.frames, rate))
    track = otio.schema.Track(name, kind=otio.schema.TrackKind.Audio)
    track.metadata["Resolve_OTIO"] = {"Audio Type": "Stereo", "Locked": False, "SoloOn": False}
    if offset := _offset(edit):
        before = TimeRange(RationalTime(0, rate), RationalTime(offset, rate))
        track.append(otio.schema.Gap(source_range=before, metadata={"Resolve_OTIO": {}}))
    media = otio.schema.ExternalReference(url, length, metadata={"Resolve_OTIO": {}})
    media.name = url.rpartition("/")[2]
    channels = [{"Source Channel ID": channel, "Source Track ID": 0} for channel in (0, 1)]
    metadata = {"Resolve_OTIO": {"Channels": channels}, "hitpoint": {"stem": name}}
    track.append(otio.schema.Clip(media.name, media, length, metadata))
    return track


def _marks(edit: Edit, plan: Plan) -> dict[int, tuple[str, str, str]]:
    """Name, note and colour of the marker on each frame: a hit wins over a downbeat, a downbeat over a beat."""
    found: dict[int, tuple[str, str, str]] = {}
    rate, frames = edit.range.rate, edit.range.frames
    for met in plan.met:
        frame = _frame(met.hit.time, rate)
        if 0 <= frame < frames and (frame not in found or met.hit.must):
            found[frame] = (met.hit.label or met.hit.kind, _note(met), _MET if met.met else _MISSED)
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


def _address(stem: Path, folder: Path | None) -> str:
    """A stem's path as written: relative to the cue's folder, with forward slashes."""
    if folder is not None and stem.is_absolute():
        with suppress(ValueError):  # another drive on Windows has no relative path
            return Path(os.path.relpath(stem, folder.absolute())).as_posix()
    return stem.as_posix()


def _offset(edit: Edit) -> int:
    """Frames from the timeline's start to the range."""
    return int(edit.range.start.value) - int(edit.range.timeline_start.value)


def _frame(seconds: float, rate: Fraction) -> int:
    """The nearest frame of the range."""
    return round(Fraction(seconds) * rate)
