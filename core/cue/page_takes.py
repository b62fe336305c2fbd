"""The takes of a cue as its page shows them: which it plays, and what is said of each."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from core.brief import STEMS, Brief
from core.cue.page_words import record_time
from core.cue.takes import Opening, bars

LATEST = 8
"""How many of the latest takes a page plays, besides the first and the one in use."""


@dataclass(frozen=True)
class TakeShown:
    """A take as the page lists and plays it."""

    number: int
    made: str
    """When, as ISO 8601 in UTC."""
    seed: int
    files: Mapping[str, Path]
    """Stem, and "mix" → file."""
    hashes: Mapping[str, str]
    """Stem → SHA-256 of its file: sound that the page carries already is not encoded again."""
    in_use: bool = False
    engine: str = ""
    style: str = ""
    """The style asked for in this re-roll; empty where it is the cue's."""
    prompt: str = ""
    """The words given with this re-roll; empty where they are the cue's."""
    holes: tuple[Opening, ...] = ()
    """Where it is new: one in a re-roll, any number in a take that follows a changed edit, none in a whole take."""
    base: int | None = None
    """Number of the take that this one changed."""
    taken_from: int | None = None
    """Number of the take whose music fills the hole; None where an engine wrote it."""


def played(takes: Sequence[TakeShown]) -> tuple[TakeShown, ...]:
    """The takes that a page plays: the first, the one in use and the latest, as far as their files are there."""
    there = [take for take in takes if all(path.is_file() for path in take.files.values())]
    return tuple(take for take in there if take.in_use or take is there[0] or take in there[-LATEST:])


def take_row(brief: Brief, take: TakeShown) -> dict[str, Any]:
    """A take as the page's script reads it; times are seconds from the range's start."""
    holes = [{"start": hole.start, "end": hole.start + hole.duration, "stems": list(hole.stems)} for hole in take.holes]
    return {
        "number": take.number,
        "inUse": take.in_use,
        "words": f"Take {take.number}: {what(brief, take)}",
        "holes": holes,
    }


def what(brief: Brief, take: TakeShown) -> str:
    """What a take is, in a line: "drums and bass, bars 9 to 12, seed 7"."""
    parts = ["the whole cue"]
    if take.holes:
        places = _listed([_where(brief, hole) for hole in take.holes])
        parts = [f"a changed edit, new in {places}"] if take.base is None else [_stems(take), places]
    parts.append(f"seed {take.seed}" if take.taken_from is None else f"from take {take.taken_from}")
    if take.style:
        parts.append(f"style {take.style}")
    if take.prompt:
        parts.append(f"“{take.prompt}”")
    return ", ".join(parts)


def take_parts(brief: Brief, takes: Sequence[TakeShown], heard: Sequence[TakeShown]) -> dict[str, str]:
    """What the page says of all takes, of which it plays some: parts of its template, as safe HTML."""
    numbers = {take.number for take in heard}
    return {
        "alone": "hidden" if len(takes) < 2 else "",
        "chips": "".join(_chip(take) for take in heard),
        "takes": "\n".join(_row(brief, take, take.number in numbers) for take in reversed(takes)),
        "rest": _rest(takes, heard),
    }


def _chip(take: TakeShown) -> str:
    """A button for a take; the one in use is marked."""
    return (
        f'<button type="button" class="take{" in-use" if take.in_use else ""}" data-take="{take.number}" '
        f'aria-pressed="{"true" if take.in_use else "false"}" disabled>{take.number}</button>'
    )


def _rest(takes: Sequence[TakeShown], heard: Sequence[TakeShown]) -> str:
    """A sentence where the page does not play all takes; empty where it does."""
    if len(heard) == len(takes):
        return ""
    plays = f"take{'s' if len(heard) > 1 else ''} {_numbers(take.number for take in heard)}"
    return f"This page plays {plays}; the others lie beside it, in takes."


def _row(brief: Brief, take: TakeShown, heard: bool) -> str:
    number = str(take.number)
    if heard:
        number = f'<button type="button" class="seek" data-take="{number}" disabled>{number}</button>'
    mark = ' <span class="mark-use">in use</span>' if take.in_use else ""
    return (
        f'<tr><td>{number}</td><td class="label">{html.escape(what(brief, take))}{mark}</td>'
        f"<td>{html.escape(take.engine)}</td><td>{html.escape(_made(take.made))}</td></tr>"
    )


def _made(made: str) -> str:
    """Day and minute, in UTC."""
    try:
        return datetime.fromisoformat(made).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return made


def _stems(take: TakeShown) -> str:
    names = [name for name in STEMS if any(name in hole.stems for hole in take.holes)]
    if set(take.files) - {"mix"} <= set(names):
        return "all stems"
    return _listed(names)


def _listed(names: Sequence[str]) -> str:
    """Words with commas and an "and"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""


def _numbers(numbers: Iterable[int]) -> str:
    """Numbers in order, runs of three and more in short: "1, 3 and 5 to 9"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    short = [[f"{run[0]} to {run[-1]}"] if len(run) > 2 else [str(one) for one in run] for run in runs]
    return _listed([word for words in short for word in words])


def _where(brief: Brief, hole: Opening) -> str:
    """The bars of a hole, where its edges lie on bar lines to the frame; else its record timecode, out exclusive."""
    start, end = hole.start, hole.start + hole.duration
    frame = 1 / float(brief.edit.range.rate)
    if start < frame and end > brief.seconds - frame:
        return "from start to end"
    tempo_map = brief.plan.tempo_map
    lines = tempo_map.beats[list(tempo_map.downbeats)]
    first, last = bars(brief.plan, hole, frame)
    on_bars = all(
        edge < frame or edge > brief.seconds - frame or np.min(np.abs(lines - edge), initial=np.inf) <= frame
        for edge in (start, end)
    )
    if not on_bars or not first:
        return f"{record_time(brief.edit, start)} to {record_time(brief.edit, end)}"
    return f"bar {first}" if first == last else f"bars {first} to {last}"
