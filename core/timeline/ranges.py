"""The range that the user means, in the timeline's own record timecode."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from opentimelineio.opentime import RationalTime

from core.brief import Range
from core.errors import UnusableInput, WrongUse
from core.timeline.timecode import can_drop, parse, says_drop_frame, write

LONGEST_S = 48 * 3600


@dataclass(frozen=True)
class Clock:
    """How a timeline counts."""

    rate: Fraction
    start: RationalTime
    """Record time of the first frame."""
    frames: int
    """Length."""
    drop_frame: bool

    @property
    def length(self) -> RationalTime:
        """Length as a time."""
        return RationalTime(self.frames, float(self.rate))

    def written(self, frame: int) -> str:
        """Timecode of a frame, counted from the timeline's start."""
        return write(RationalTime(round(self.start.value) + frame, float(self.rate)), self.drop_frame)

    @property
    def extent(self) -> str:
        """The timeline's own in and out, as a sentence."""
        return f"The timeline runs from {self.written(0)} to {self.written(self.frames)}."


def clock(
    rate: Fraction, start: Fraction | None, seconds: Fraction, drop_frame: bool | None, texts: tuple[str | None, ...]
) -> tuple[Clock, tuple[str, ...]]:
    """How a timeline counts, and what to say about it.

    Drop-frame is what the file or the user's ";" says. Without either a start time decides that is a whole second only
    when counted drop-frame (107892 at 29.97 is 01:00:00;00); all else is non-drop.

    Raises:
        UnusableInput: the timeline is empty or longer than two days.
    """
    frames = int(seconds * rate + Fraction(1, 2))
    if frames < 1:
        raise UnusableInput("The timeline is empty", do="Export a timeline that holds at least one clip.")
    if seconds > LONGEST_S:
        raise UnusableInput(f"The timeline is {float(seconds / 3600):,.0f} hours long", do="It may last two days.")
    first = RationalTime(int(start or 0), float(rate))
    dropping, said = _drop_frame(rate, first, start, drop_frame, texts)
    return Clock(rate, first, frames, dropping), said


def chosen(timeline: Clock, in_text: str | None, out_text: str | None) -> Range:
    """The range between two texts; what is left out is the timeline's own edge.

    Raises:
        WrongUse: a text is not a time.
        UnusableInput: the range is empty, reversed or reaches outside the timeline.
    """
    first, end = _frame(timeline, in_text, 0), _frame(timeline, out_text, timeline.frames)
    asked = f"{timeline.written(first)} to {timeline.written(end)}"
    if end == first:
        raise UnusableInput("The range is empty", where=asked, do=timeline.extent)
    if end < first:
        raise UnusableInput("The range ends before it starts", where=asked, do=timeline.extent)
    if first < 0 or end > timeline.frames:
        raise UnusableInput("The range reaches outside the timeline", where=asked, do=timeline.extent)
    rate = float(timeline.rate)
    start = RationalTime(timeline.start.value + first, rate)
    return Range(start, RationalTime(end - first, rate), timeline.start, timeline.drop_frame)


def _frame(timeline: Clock, text: str | None, default: int) -> int:
    """A text as a frame from the timeline's start."""
    if text is None:
        return default
    try:
        time = parse(text, timeline.rate, timeline.start, timeline.drop_frame, timeline.length)
    except WrongUse as wrong:
        raise WrongUse(wrong.what, wrong.where, f"{wrong.do} {timeline.extent}".strip()) from None
    return int(time.value) - int(timeline.start.value)


def _drop_frame(
    rate: Fraction, first: RationalTime, start: Fraction | None, stated: bool | None, texts: tuple[str | None, ...]
) -> tuple[bool, tuple[str, ...]]:
    """Whether timecode counts drop-frame, and why."""
    if not can_drop(rate):
        return False, ()
    if says_drop_frame(*texts):
        return True, ('Timecode counts drop-frame, as the ";" in the range says.',)
    if stated is not None:
        return stated, (f"Timecode counts {'drop-frame' if stated else 'non-drop'}, as the file says.",)
    dropping, plain = write(first, True), write(first, False)
    if start and dropping[-2:] == "00" and plain[-2:] != "00":
        return True, (f"Timecode counts drop-frame: only so the start is a whole second, {dropping}.",)
    if not start:
        return False, ("Timecode counts non-drop, since nothing in the file says drop-frame.",)
    return False, (f"Timecode counts non-drop: the start is {plain}.",)
