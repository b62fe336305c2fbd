"""From the tree of a timeline to what is seen: the topmost enabled clip at each moment.

Conventions
    Times are exact seconds in the outer time of the item at hand. A clip that plays backwards shows the frames of its
    forward self in reverse order: its first frame is the last one of its stretch. `frame` is the length of a record
    frame in seconds, which that mirroring needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from core.timeline.tree import Item, Mark


@dataclass(frozen=True, slots=True)
class Span:
    """A clip, for as long as it is seen without interruption."""

    start: Fraction
    end: Fraction
    clip: Item
    source: Fraction
    """The clip's inner time at the span's first frame."""
    speed: Fraction
    """Inner seconds of the clip per second here."""
    soft_start: bool = False
    """It starts in the middle of a dissolve."""
    soft_end: bool = False

    def between(self, start: Fraction, end: Fraction) -> Span:
        """The part that lies between two moments inside the span."""
        return replace(
            self,
            start=start,
            end=end,
            source=self.source + (start - self.start) * self.speed,
            soft_start=self.soft_start and start == self.start,
            soft_end=self.soft_end and end == self.end,
        )


def visible(item: Item, frame: Fraction, start: Fraction | None = None, end: Fraction | None = None) -> list[Span]:
    """What is seen of an item between two moments of its outer time, in order; what is left out is a gap.

    The moments may lie outside the item (a dissolve shows more of a clip than its stretch); without them it is the
    whole item.
    """
    start = Fraction(0) if start is None else start
    end = item.duration if end is None else end
    if end <= start or not item.enabled or item.kind in ("gap", "transition") or not item.picture:
        return []
    if item.kind == "clip":
        return [Span(start, end, item, _inner(item, start, frame), item.speed)]
    if item.speed == 1 and item.inner.start == 0:
        return _content(item, frame, start, end)
    return _retimed(item, frame, start, end)


def marks(item: Item, frame: Fraction) -> Iterator[tuple[Fraction, Mark]]:
    """The markers on an item and on everything in it that is in view, in its outer time."""
    if not item.enabled:
        return
    yield from ((time, mark) for mark in item.marks if (time := _outer(item, mark.time, frame)) is not None)
    for child, begins, _ in _placed(item):
        located = child if item.record_start is None else _on_record(child, begins, item.record_start)
        for time, mark in marks(located, frame):
            if (outer := _outer(item, begins + time, frame)) is not None:
                yield outer, mark


def _on_record(clip: Item, begins: Fraction, record_start: Fraction) -> Item:
    """A clip whose markers were an EDL's locators: moved from record timecode to its inner time."""
    offset = clip.inner.start - record_start - begins
    moved = [replace(mark, time=mark.time + offset) if mark.record else mark for mark in clip.marks]
    return replace(clip, marks=tuple(moved))


def _inner(item: Item, time: Fraction, frame: Fraction) -> Fraction:
    """Outer to inner time, at a record frame's start."""
    if item.speed < 0:
        return item.inner.start + (item.duration - frame - time) * -item.speed
    return item.inner.start + time * item.speed


def _outer(item: Item, time: Fraction, frame: Fraction) -> Fraction | None:
    """Inner to outer time; None where the item does not show that moment."""
    past = time - item.inner.start
    if item.speed == 0:
        return Fraction(0) if past == 0 else None
    outer = past / item.speed if item.speed > 0 else item.duration - frame + past / item.speed
    return outer if 0 <= outer < item.duration else None


def _placed(item: Item) -> Iterator[tuple[Item, Fraction, Fraction]]:
    """The children of a composition with start and end in its inner time; transitions are left out."""
    cursor = Fraction(0)
    for child in item.children:
        if child.kind == "transition":
            continue
        yield child, cursor, cursor + child.duration
        if item.kind == "track":
            cursor += child.duration


def _retimed(item: Item, frame: Fraction, start: Fraction, end: Fraction) -> list[Span]:
    """A trimmed or retimed composition: its content, carried to its outer time."""
    first, speed, length = item.inner.start, item.speed, item.duration
    if speed == 0:
        held = [span for span in _content(item, frame, first, first + frame) if span.start == first]
        return [Span(start, end, span.clip, span.source, speed) for span in held]
    if speed > 0:
        content = _content(item, frame, first + start * speed, first + end * speed)
        return [
            replace(span, start=(span.start - first) / speed, end=(span.end - first) / speed, speed=span.speed * speed)
            for span in content
        ]
    content = _content(item, frame, first - (length - end) * speed, first - (length - start) * speed)
    mirrored = (_mirrored(span, item, frame) for span in reversed(content))
    return [span for span in mirrored if span.start < span.end]


def _mirrored(span: Span, item: Item, frame: Fraction) -> Span:
    """A span of the content of a composition that runs backwards, in the composition's outer time.

    Its edges go to whole frames first: those that it is seen on forwards are those that it is seen on in reverse.
    """
    first, last = (ceil((moment - item.inner.start) / -item.speed / frame) * frame for moment in (span.start, span.end))
    start, end = item.duration - last, item.duration - first
    source = span.source + (_inner(item, start, frame) - span.start) * span.speed
    return Span(start, end, span.clip, source, span.speed * item.speed, span.soft_end, span.soft_start)


def _content(item: Item, frame: Fraction, start: Fraction, end: Fraction) -> list[Span]:
    """What is seen inside a track or stack between two moments of its inner time."""
    if item.kind == "track":
        return _in_track(item, frame, start, end)
    seen: list[Span] = []
    for child, _, length in reversed(list(_placed(item))):
        low, high = max(start, Fraction(0)), min(end, length)
        below = visible(child, frame, low, high)
        seen = _covered(seen, below) if seen else below
    return seen


def _in_track(track: Item, frame: Fraction, start: Fraction, end: Fraction) -> list[Span]:
    """The clips of a track end to end; a dissolve's cut lies at its middle."""
    middles = _dissolves(track)
    seen: list[Span] = []
    for number, (child, begins, ends) in enumerate(_placed(track)):
        low, high = middles.get(number, begins), middles.get(number + 1, ends)
        cut_low, cut_high = max(low, start), min(high, end)
        if cut_high <= cut_low:
            continue
        for span in visible(child, frame, cut_low - begins, cut_high - begins):
            begin, stop = span.start + begins, span.end + begins
            soft_start = span.soft_start or (number in middles and begin == low)
            soft_end = span.soft_end or (number + 1 in middles and stop == high)
            seen.append(Span(begin, stop, span.clip, span.source, span.speed, soft_start, soft_end))
    return seen


def _dissolves(track: Item) -> dict[int, Fraction]:
    """Where each dissolve has its middle: number of the item after the cut → the track's inner time.

    A middle never leaves the two items that it joins, nor passes the middle before it.
    """
    cuts = [Fraction(0), *(ends for _, _, ends in _placed(track))]
    middles: dict[int, Fraction] = {}
    number = 0
    for child in track.children:
        if child.kind != "transition":
            number += 1
        elif number not in middles:
            earliest = middles.get(number - 1, cuts[max(number - 1, 0)])
            latest = cuts[min(number + 1, len(cuts) - 1)]
            middles[number] = min(max(cuts[number] + (child.after - child.before) / 2, earliest), latest)
    return middles


def _covered(top: list[Span], below: list[Span]) -> list[Span]:
    """Two layers as one: the upper where it shows something, else the lower."""
    if not below:
        return top
    seen: list[Span] = []
    number = 0
    for span in below:
        cursor = span.start
        while number and top[number - 1].end > span.start:
            number -= 1
        while number < len(top) and top[number].start < span.end:
            over = top[number]
            if over.start > cursor:
                seen.append(span.between(cursor, over.start))
            cursor = max(cursor, over.end)
            number += 1
        if cursor < span.end:
            seen.append(span.between(cursor, span.end))
    return sorted([*seen, *top], key=lambda span: span.start)
