"""The placement of a cue: which file goes to which frame of its timeline, as plain data for the hosts' scripts.

Conventions
    Frames are whole and count from the cue's first frame, unless said; times are seconds from there. Paths are
    absolute, as the system writes them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

from core.brief import STEMS, How, Met, Plan, StemName
from core.cue.folder import Cue, notes_of
from core.cue.pieces import Part, Piece, cut, parts, pieces_of, see_that_it_fits
from core.cue.showing import NOTES
from core.cue.takes import as_heard
from core.cue.tempo import tempo_points
from core.errors import WrongUse
from core.result import said
from core.timeline.write import named_beats
from core.watch import Watch

SAMPLE_RATES = (8_000, 192_000)
"""Lowest and highest of a host's project, Hz."""
_ORDER = ("hit", "section", "bar", "beat")
"""Of markers on one frame."""


def cue_id(cue: Cue) -> str:
    """Eight hex digits that stay the same whatever becomes of the cue: re-rolled, pruned, moved or renamed."""
    first = min((*cue.pruned, *cue.takes), key=lambda take: take.number)
    scored = cue.brief.edit.range
    told = (first.made, first.seed, first.mix.sha256, scored.start.value, scored.frames, str(cue.brief.edit.source))
    return hashlib.sha256(repr(told).encode("utf-8", "backslashreplace")).hexdigest()[:8]


def placement(
    cue: Cue, watch: Watch, *, stems: Sequence[str] = (), pieces: bool = False, sample_rate: int | None = None
) -> dict[str, Any]:
    """Where everything of the take in use goes; docs/protocol.md tells its keys, under `lay`.

    Args:
        cue: as its `cue.json` says.
        watch: progress and cancellation.
        stems: which stems, in any order; none is all of them.
        pieces: whether each stem is also cut at the sections, as `core.cue.pieces` does.
        sample_rate: of the pieces, in Hz; None is the cue's own.

    Raises:
        WrongUse: there is no such stem, or the sample rate cannot be meant.
        UnusableInput: a file of the cue is missing or damaged, or the pieces cannot be written.
        Cancelled: the user stopped the work.
    """
    chosen = _chosen(cue, stems)
    rate = _sample_rate(cue, sample_rate)
    how = notes_of(cue, cue.take).how
    cue_parts = parts(cue.brief.plan, cue.brief.edit.range)
    for stem in chosen:
        see_that_it_fits(cue, stem)
    wanted = pieces_of(cue, cue_id(cue), chosen, rate) if pieces else ()
    cut(cue, wanted, watch)
    plan = as_heard(cue.brief.plan, how)
    return {
        **_cue(cue),
        "sample_rate": rate if pieces else cue.brief.sample_rate,
        "stems": [_stem(cue, stem, wanted) for stem in chosen],
        "sections": [asdict(part) for part in cue_parts],
        "markers": _markers(cue, plan, how, cue_parts),
        "tempo": [asdict(point) for point in tempo_points(plan.tempo_map, cue.brief.seconds)],
        "midi": _midi(cue),
        "said": said(cue),
        "hits": {"met": sum(met.met for met in plan.met), "total": len(plan.met), "chance": plan.chance},
    }


def _chosen(cue: Cue, stems: Sequence[str]) -> list[StemName]:
    """The stems that are asked for, in mixing order."""
    there = [name for name in STEMS if name in cue.take.stems]
    if wrong := [name for name in stems if name not in there]:
        raise WrongUse(f"This cue has no stem {wrong[0]!r}", str(cue.folder), f"There are {', '.join(there)}.")
    return [name for name in there if name in stems or not stems]


def _sample_rate(cue: Cue, asked: int | None) -> int:
    low, high = SAMPLE_RATES
    if asked is not None and not low <= asked <= high:
        raise WrongUse(f"A sample rate of {asked} Hz cannot be meant", do=f"Give {low} to {high}.")
    return asked or cue.brief.sample_rate


def _cue(cue: Cue) -> dict[str, Any]:
    """Which cue and take, and where on the timeline it lies."""
    folder, scored = cue.folder.absolute(), cue.brief.edit.range
    return {
        "cue": {"id": cue_id(cue), "name": folder.name, "folder": str(folder)},
        "take": cue.in_use,
        "takes": sorted(take.number for take in cue.takes),
        "rate": f"{scored.rate.numerator}/{scored.rate.denominator}",
        "drop_frame": scored.drop_frame,
        "start": round(scored.start.value) - round(scored.timeline_start.value),
        "timeline_start": round(scored.timeline_start.value),
        "frames": scored.frames,
        "seconds": scored.seconds,
    }


def _stem(cue: Cue, stem: StemName, wanted: Sequence[Piece]) -> dict[str, Any]:
    """A stem's whole file, the take that made it, and its pieces."""
    saved = cue.take.stems[stem]
    made = min(take.number for take in (*cue.pruned, *cue.takes) if take.stems.get(stem) == saved)
    laid = [
        {
            "section": piece.part.number,
            "name": piece.part.name,
            "first": piece.part.first,
            "frames": piece.part.frames,
            "file": str(piece.path.absolute()),
        }
        for piece in wanted
        if piece.stem == stem
    ]
    return {"name": stem, "file": str(_absolute(cue, saved.file)), "take": made, "pieces": laid}


def _midi(cue: Cue) -> str | None:
    """The notes, where the engine has any."""
    path = _absolute(cue, NOTES)
    return str(path) if path.is_file() else None


def _absolute(cue: Cue, name: str) -> Path:
    return (cue.folder / name).absolute()


def _markers(cue: Cue, plan: Plan, how: Sequence[How | None], cue_parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Hits as heard, sections, bars and beats, each on its nearest frame; what lies outside the cue has none."""
    scored = cue.brief.edit.range

    def frame(time: float) -> int:
        return round(Fraction(time) * scored.rate)

    found = [
        _marker("hit", frame(met.hit.time), met.hit.time, met.hit.label.strip() or met.hit.kind, note, met=met.met)
        for met, note in zip(plan.met, _notes(plan.met, how, cue.take.errors_ms), strict=True)
    ]
    found += [_marker("section", part.first, part.start, part.name, frames=part.frames) for part in cue_parts]
    for time, name in named_beats(plan):
        found.append(_marker("bar" if name.startswith("Bar") else "beat", frame(time), time, name))
    inside = (marker for marker in found if 0 <= marker["first"] < scored.frames)
    return sorted(inside, key=lambda marker: (marker["first"], _ORDER.index(marker["kind"])))


def _marker(
    kind: str, first: int, time: float, name: str, note: str = "", *, frames: int = 1, met: bool = True
) -> dict[str, Any]:
    return {"kind": kind, "first": first, "frames": frames, "time": time, "name": name, "note": note, "met": met}


def _notes(hits: Sequence[Met], how: Sequence[How | None], errors_ms: Sequence[float | None]) -> Iterator[str]:
    """What became of each hit, in a few words."""
    for met, manner, error in zip(hits, how, errors_ms, strict=True):
        if not met.met:
            yield f"not met: {met.why}" if met.why else "not met"
            continue
        words = "met by a stop" if manner == "stop" else "met"
        off = round(error) if error is not None else 0
        yield f"{words}, {abs(off)} ms {'late' if off > 0 else 'early'}" if off else words
