"""The takes of a cue, as they are listed, put in use and pruned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor
from pathlib import Path, PurePosixPath
from typing import Any

from core.brief import STEMS, Brief, Plan
from core.cue.changing import changing
from core.cue.damage import see_that_it_is_whole
from core.cue.folder import Cue, write
from core.cue.showing import refresh
from core.cue.takes import Opening, Take, bars
from core.timeline.timecode import record_timecode
from core.watch import Watch


def use(place: Path, number: int, watch: Watch = Watch()) -> Cue:
    """Put a take in use; `cue.otio`, `cue.mid` and `cue.html` follow.

    Args:
        place: the cue folder.
        number: of the take.
        watch: progress and cancellation.

    Raises:
        WrongUse: there is no such take.
        UnusableInput: there is no cue, it or that take is damaged, or it cannot be written; the cue is as it was.
    """
    with changing(place, watch) as change:
        see_that_it_is_whole(change.cue.folder, change.cue.numbered(number), watch)
        cue = replace(change.cue, in_use=number)
        if number != change.cue.in_use:
            write(cue)
        refresh(cue, watch)
    return cue


def prune(place: Path, watch: Watch = Watch()) -> tuple[int, ...]:
    """Delete the takes whose files neither the take in use needs, nor any that is kept for it.

    How they were made stays in `cue.json`: others may have been made from them.

    Args:
        place: the cue folder.
        watch: progress and cancellation.

    Returns:
        The numbers of the takes that went.

    Raises:
        UnusableInput: there is no cue, it or the take in use is damaged, or it cannot be written.
    """
    with changing(place, watch) as change:
        needed = _needed(change.cue)
        going = [take for take in change.cue.takes if take.number not in needed]
        if not going:
            return ()
        see_that_it_is_whole(change.cue.folder, change.cue.take, watch)  # else the others may be all there is
        staying = tuple(take for take in change.cue.takes if take.number in needed)
        pruned = tuple(sorted((*change.cue.pruned, *going), key=lambda take: take.number))
        cue = replace(change.cue, takes=staying, pruned=pruned)
        change.note([f"{take.number:03d}" for take in going])
        write(cue)
        refresh(cue, watch)
    return tuple(take.number for take in going)


def rows(cue: Cue) -> list[dict[str, Any]]:
    """The takes as `hitpoint takes` lists them: plain data for JSON, times in seconds from the range's start."""
    return [_row(cue, take) for take in cue.takes]


def section(plan: Plan, opening: Opening | None) -> str:
    """The sections that a hole touches, in a word or two: "B", "A to B"; all of them without a hole."""
    names = [
        part.name
        for part in plan.sections
        if opening is None
        or (part.start < opening.start + opening.duration - 1e-6 and part.start + part.duration > opening.start + 1e-6)
    ]
    return " to ".join(dict.fromkeys((names[0], names[-1]))) if names else ""


def hole_row(cue: Cue, opening: Opening) -> dict[str, Any]:
    """A hole as scripts are told of it; `in` and `out` are the frames that it reaches into, out exclusive."""
    first, last = _frames(cue.brief, opening)
    return {
        "start": opening.start,
        "duration": opening.duration,
        "in": record_timecode(cue.brief.edit.range, first),
        "out": record_timecode(cue.brief.edit.range, last),
        "stems": list(opening.stems),
        "asked": list(opening.asked),
        "snap": opening.snap,
        "edges": list(opening.edges),
        "section": section(cue.brief.plan, opening),
        "bars": list(bars(cue.brief.plan, opening, float(1 / cue.brief.edit.range.rate))),
    }


def _frames(brief: Brief, opening: Opening) -> tuple[int, int]:
    """The frames of the range that a hole reaches into by half a sample or more, the last exclusive."""
    first, last = opening.span(brief.sample_rate)
    half, per_sample = Fraction(1, 2), brief.edit.range.rate / brief.sample_rate
    return floor((first + half) * per_sample), ceil((last - half) * per_sample)


def _row(cue: Cue, take: Take) -> dict[str, Any]:
    direction = take.direction or cue.brief.direction
    return {
        "take": take.number,
        "in_use": take.number == cue.in_use,
        "section": section(cue.brief.plan, take.hole),
        "hole": hole_row(cue, take.hole) if take.hole else None,
        "holes": [hole_row(cue, hole) for hole in take.holes],
        "stems": list(take.hole.stems if take.hole else [name for name in STEMS if name in take.stems]),
        "seed": take.seed,
        "engine": cue.maker(take).engine,
        "style": direction.style,
        "prompt": cue.brief.prompt if take.prompt is None else take.prompt,
        "made": take.made,
        "base": take.base,
        "taken_from": take.taken_from,
        "loudness": take.loudness,
        "true_peak": take.true_peak,
        "turned_down_db": take.turned_down_db,
        "said": list(take.said),
    }


def _needed(cue: Cue) -> set[int]:
    """Numbers of the takes whose folders hold what the take in use is made of, or what those are made of."""
    by_number: Mapping[int, Take] = {take.number: take for take in cue.takes}
    needed: set[int] = set()
    open_ends = {cue.in_use}
    while open_ends:
        number = open_ends.pop()
        needed.add(number)
        folders = {PurePosixPath(saved.file).parent.name for saved in by_number[number].saved()}
        open_ends |= {int(name) for name in folders if name.isdecimal() and int(name) in by_number} - needed
    return needed
