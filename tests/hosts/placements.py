"""Placements with real files, for tests of scripts that need no daemon: any rate, start, sections and takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

RATES: Mapping[str, Fraction] = {
    "23.976": Fraction(24000, 1001),
    "24": Fraction(24),
    "25": Fraction(25),
    "29.97": Fraction(30000, 1001),
    "30": Fraction(30),
    "50": Fraction(50),
    "59.94": Fraction(60000, 1001),
}
STEMS = ("drums", "bass", "harmony", "melody", "effects")
CUE_ID = "3f9a2c1b"
HANDLE_S = 1
TEMPO = [
    {"time": 0.0, "bpm": 120.0, "numerator": 4, "denominator": 4, "downbeat": True},
    {"time": 4.0, "bpm": 118.5, "numerator": 0, "denominator": 0, "downbeat": True},
]


def placement(
    folder: Path,
    rate: Fraction = Fraction(24),
    *,
    start: int = 240,
    timeline_start: int = 86400,
    lengths: Sequence[int] = (96, 121, 83),
    take: int = 1,
    changed: Mapping[int, tuple[Sequence[str], Sequence[int]]] | None = None,
    stems: Sequence[str] = STEMS,
    sample_rate: int = 48000,
    drop_frame: bool = False,
    cue_id: str = CUE_ID,
    pieces: bool = True,
) -> dict[str, Any]:
    """A placement as the operation `lay` answers it, its files really there.

    Args:
        folder: the cue's folder; files that are there already stay.
        rate: frames per second of the timeline.
        start: frames from the timeline's first frame to the cue's.
        timeline_start: absolute frame of the timeline's first frame.
        lengths: frames of each section.
        take: number of the take in use.
        changed: take number → stems and section numbers (from 1) that it changed; take 1 made everything.
        stems: those that are laid.
        sample_rate: of the files, Hz.
        drop_frame: how timecode is written.
        cue_id: eight hex digits.
        pieces: whether there is a file for each section besides the whole stem.
    """
    changed = changed or {}
    frames = sum(lengths)
    lying = sections(lengths, rate)
    told = []
    for stem in stems:
        own = last_change(changed, take, stem, None)
        whole = folder / "takes" / f"{own:03}" / f"{stem}.wav"
        tone(whole, frames, rate, sample_rate)
        laid = []
        for section in lying if pieces else []:
            made = last_change(changed, take, stem, section["number"])
            name = f"{stem} {section['number']:02} {section['name']} take {made} {cue_id}.wav"
            path = folder / "pieces" / str(sample_rate) / name
            tone(path, section["frames"] + int(HANDLE_S * rate), rate, sample_rate)
            place = {"section": section["number"], **{key: section[key] for key in ("name", "first", "frames")}}
            laid.append({**place, "file": str(path)})
        told.append({"name": stem, "file": str(whole), "take": own, "pieces": laid})
    return {
        "cue": {"id": cue_id, "name": folder.name, "folder": str(folder)},
        "take": take,
        "takes": sorted({1, take, *changed}),
        "rate": f"{rate.numerator}/{rate.denominator}",
        "drop_frame": drop_frame,
        "start": start,
        "timeline_start": timeline_start,
        "frames": frames,
        "seconds": float(frames / rate),
        "sample_rate": sample_rate,
        "stems": told,
        "sections": lying,
        "markers": markers(lying, frames, rate),
        "tempo": TEMPO,
        "midi": str(folder / "cue.mid"),
        "said": [],
        "hits": {"met": 2, "total": 3, "chance": 0.31},
    }


def sections(lengths: Sequence[int], rate: Fraction) -> list[dict[str, Any]]:
    """Sections of so many frames, one after the other."""
    return [
        {
            "number": number,
            "name": "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(number - 1) % 26],
            "first": sum(lengths[: number - 1]),
            "frames": length,
            "start": float(sum(lengths[: number - 1]) / rate),
            "duration": float(length / rate),
        }
        for number, length in enumerate(lengths, 1)
    ]


def last_change(
    changed: Mapping[int, tuple[Sequence[str], Sequence[int]]], take: int, stem: str, section: int | None
) -> int:
    """The last take up to this one that changed a stem, in a section or anywhere."""
    found = [
        number
        for number, (names, where) in changed.items()
        if number <= take and stem in names and (section is None or section in where)
    ]
    return max(found, default=1)


def markers(lying: Sequence[Mapping[str, Any]], frames: int, rate: Fraction) -> list[dict[str, Any]]:
    """Sections, a beat each half second, and three hits of which one stands on a beat's frame."""
    found = [
        marker("section", section["first"], rate, section["name"], "", frames=section["frames"]) for section in lying
    ]
    beats = int(frames / rate * 2)
    for beat in range(beats):
        frame = round(Fraction(beat, 2) * rate)
        bar = beat % 4 == 0
        found.append(marker("bar" if bar else "beat", frame, rate, f"bar {beat // 4 + 1}" if bar else "beat", ""))
    for frame, met in ((round(rate), True), (frames // 3, True), (frames // 2, False)):
        found.append(marker("hit", frame, rate, "cut", "met, 3 ms late" if met else "not met: too close", met=met))
    return sorted(found, key=lambda one: one["first"])


def marker(
    kind: str, first: int, rate: Fraction, name: str, note: str, *, frames: int = 1, met: bool = True
) -> dict[str, Any]:
    """One marker of a placement."""
    return {
        "kind": kind,
        "first": first,
        "frames": frames,
        "time": float(first / rate),
        "name": name,
        "note": note,
        "met": met,
    }


def tone(path: Path, frames: int, rate: Fraction, sample_rate: int) -> None:
    """A quiet stereo tone as long as so many frames, 24 bit; a file that is there stays."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.sin(np.arange(round(frames / rate * sample_rate)) * (2 * np.pi * 440 / sample_rate)) * 0.1
    soundfile.write(path, np.stack([samples, samples], axis=1), sample_rate, subtype="PCM_24")
