"""Where a hole lies: what was asked for, and where its edges settle inside that.

Conventions
    What is asked for is read as record timecode and lies on whole frames; a hole lies on whole samples. Edges settle
    on lines: bar lines, beats or cuts. They only ever move inwards. An edge that has a line within the frame outside
    of it counts as lying on that line and stays as asked: the frame is the finest an editor can say. The ends of the
    range are lines of every kind. Where bar lines would leave less than half of what was asked, beats are taken, and
    where those would, it stays as asked: an editor who asks for three seconds means no half of one. Cuts are taken only
    when they are asked for, however little lies between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from core.brief import STEMS, Brief, Range, StemName, sample_count
from core.cue.takes import Opening, Snap
from core.errors import UnusableInput, WrongUse
from core.timeline.timecode import parse, record_timecode
from core.timeline.write import named_beats

FALLS_TO: dict[Snap, tuple[Snap, ...]] = {
    "bar": ("bar", "beat", "none"),
    "beat": ("beat", "none"),
    "cut": ("cut", "none"),
    "none": ("none",),
}
"""What is tried in turn where lines of a kind leave too little of what was asked."""


@dataclass(frozen=True)
class Asked:
    """The part of a range that was asked for, in whole frames from the range's start."""

    first: int
    last: int
    """Exclusive."""


def asked(scored: Range, in_text: str | None, out_text: str | None) -> Asked:
    """The part of a scored range between two texts; what is left out is the range's own edge.

    Args:
        scored: the range.
        in_text: record timecode, or frames ("123f") or seconds ("12.5s") from the timeline's start.
        out_text: as `in_text`; exclusive.

    Raises:
        WrongUse: a text is not a time.
        UnusableInput: the part is empty, reversed or reaches outside the range.
    """
    first, last = _frame(scored, in_text, 0), _frame(scored, out_text, scored.frames)
    where = f"{record_timecode(scored, first)} to {record_timecode(scored, last)}"
    if last <= first and None in (in_text, out_text):  # the edge that was left out is the cue's own
        beyond = record_timecode(scored, last if in_text is None else first)
        raise UnusableInput("The part to change lies outside the cue", beyond, _extent(scored))
    if last == first:
        raise UnusableInput("The part to change is empty", where, _extent(scored))
    if last < first:
        raise UnusableInput("The part to change ends before it starts", where, _extent(scored))
    if first < 0 or last > scored.frames:
        raise UnusableInput("The part to change reaches outside the cue", where, _extent(scored))
    return Asked(first, last)


def snap_for(stems: Sequence[StemName]) -> Snap:
    """Where edges settle when nobody says: on bar lines for stems that groove, nowhere for effects alone."""
    return "bar" if any(stem != "effects" for stem in stems) else "none"


def settle(wanted: Asked, brief: Brief, stems: Sequence[StemName], snap: Snap) -> Opening:
    """The hole inside what was asked, its edges on lines of a kind, or on finer ones where those leave too little.

    The hole is at least a frame long and, unless it was to lie between cuts, half of what was asked. Its edges lie on
    whole samples.

    Args:
        wanted: what was asked for.
        brief: of the cue, for its range, its tempo map and its cuts.
        stems: to be filled.
        snap: the kind of lines.
    """
    scored, rate = brief.edit.range, brief.sample_rate
    first, last = (sample_count(frame / scored.rate, rate) for frame in (wanted.first, wanted.last))
    left = Line(first, "as asked" if first else "start")
    right = Line(last, "as asked" if last < brief.samples else "end")
    for kind in FALLS_TO[snap]:
        least = max(int(rate / scored.rate), 0 if kind == "cut" else (last - first + 1) // 2)
        if found := _settled(first, last, lines(brief, kind), rate / scored.rate, least):
            left, right = found
            break
    return Opening(
        start=left.sample / rate,
        duration=(right.sample - left.sample) / rate,
        stems=tuple(stem for stem in STEMS if stem in stems),
        asked=(record_timecode(scored, wanted.first), record_timecode(scored, wanted.last)),
        snap=snap,
        edges=(left.name, right.name),
    )


@dataclass(frozen=True)
class Line:
    """A place where an edge may lie."""

    sample: int
    name: str


def lines(brief: Brief, kind: Snap) -> tuple[Line, ...]:
    """Where edges may settle, in order: both ends of the range, and all lines of a kind between them."""
    rate, end = brief.sample_rate, brief.samples
    named = ((round(time * rate), name) for time, name in _named(brief, kind))
    inner = {sample: name for sample, name in named if 0 < sample < end}
    return (Line(0, "start"), *(Line(sample, inner[sample]) for sample in sorted(inner)), Line(end, "end"))


def _named(brief: Brief, kind: Snap) -> Iterator[tuple[float, str]]:
    """Seconds and name of each line of a kind."""
    if kind == "cut":
        yield from ((hit.time, "cut") for hit in brief.edit.hits if hit.kind == "cut")
    elif kind != "none":
        for time, name in named_beats(brief.plan):
            if kind == "beat" or name.startswith("Bar"):
                yield time, _worded(name)


def _worded(name: str) -> str:
    """The name of a line inside a sentence; there is no bar 0, but a pickup before the first bar line."""
    return f"pickup, beat {name.removeprefix('Beat 0.')}" if name.startswith("Beat 0.") else name.lower()


def _settled(first: int, last: int, places: Sequence[Line], frame: Fraction, least: int) -> tuple[Line, Line] | None:
    """Both edges on lines; None where fewer than two can be meant, or where too little would be left.

    Args:
        first: first sample asked for.
        last: the sample after the last one asked for.
        places: the lines, in order.
        frame: length of a frame in samples.
        least: so many samples must be left.
    """
    near = [line for line in places if first - frame <= line.sample <= last + frame]
    if len(near) < 2:
        return None
    inside = [line for line in near if first < line.sample < last]
    left = _edge(first, [line for line in near if line.sample <= first][-1:], inside[:1])
    right = _edge(last, [line for line in near if line.sample >= last][:1], inside[-1:])
    return (left, right) if right.sample - left.sample >= least else None


def _edge(asked_for: int, beside: Sequence[Line], inside: Sequence[Line]) -> Line:
    """Where an edge lies: as asked where a line is on it or beside it, else on the nearest line inside."""
    if beside:
        on = abs(beside[0].sample - asked_for) <= 1
        return Line(asked_for, beside[0].name if on else f"as asked, beside {beside[0].name}")
    return inside[0] if inside else Line(asked_for, "as asked")


def _frame(scored: Range, text: str | None, default: int) -> int:
    """A text as a frame from the range's start."""
    if text is None:
        return default
    length = scored.start + scored.duration - scored.timeline_start
    try:
        time = parse(text, scored.rate, scored.timeline_start, scored.drop_frame, length)
    except WrongUse as wrong:
        raise WrongUse(wrong.what, wrong.where, f"{wrong.do} {_extent(scored)}".strip()) from None
    return int(time.value) - int(scored.start.value)


def _extent(scored: Range) -> str:
    return f"The cue runs from {record_timecode(scored, 0)} to {record_timecode(scored, scored.frames)}."
