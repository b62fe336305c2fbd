"""The open timeline in figures, and which part of it is meant.

Frames are whole; "relative" counts from the timeline's first frame, "absolute" from 00:00:00:00. A range is found from
the selected clips, else the marks, else coloured clips, else a marker with a duration, else it is all of the timeline.
"""

import math
import re
from typing import Any, Callable, List, Optional, Tuple

from .host import Session, Stop, ask, call, listed, table, whole

COLOUR = "Lime"
"""One of Resolve's 16 clip colours: clips in it are the range where this Resolve tells neither selection nor marks."""


class Rate:
    """An exact frame rate."""

    def __init__(self, numerator: int, denominator: int, drop: bool) -> None:
        self.numerator = numerator
        self.denominator = denominator
        self.drop = drop
        self.nominal = -(-numerator // denominator)

    def same(self, other: "Rate") -> bool:
        """Whether two rates are the same one."""
        return self.numerator * other.denominator == other.numerator * self.denominator


def rate_of(told: Any) -> Optional[Rate]:
    """The exact rate behind "23.976", 23.976, 24.0, "29.97 DF"; None where it is none."""
    text = str(told).replace(",", ".")
    found = re.match(r"\s*(\d+\.?\d*)", text)
    value = float(found.group(1)) if found else 0.0
    if value <= 0:
        return None
    drop = "DF" in text.upper() and "NDF" not in text.upper()
    for base in (24, 30, 48, 60, 90, 120):
        if abs(value - base * 1000 / 1001) < 0.006:
            return Rate(base * 1000, 1001, drop)
    near = math.floor(value + 0.5)
    if abs(value - near) > 0.0005:
        return Rate(math.floor(value * 1000 + 0.5), 1000, drop)
    return Rate(near, 1, drop)


class Facts:
    """What a run needs to know of its timeline."""

    def __init__(self, start: int, length: int, rate: Rate, drop: bool, sample_rate: int) -> None:
        self.start = start  # absolute
        self.length = length
        self.rate = rate
        self.drop = drop
        self.sample_rate = sample_rate


def _is_drop(session: Session, rate: Rate) -> bool:
    """The setting is the truth, else what rate or timecode show; it exists at 29.97, 59.94 and 119.88 alone."""
    if rate.denominator != 1001 or rate.nominal % 30:
        return False
    told = str(ask(session, "GetSetting", "timelineDropFrameTimecode"))
    if told.startswith(("1", "t", "0", "f")):
        return told.startswith(("1", "t"))
    return rate.drop or ";" in str(ask(session, "GetStartTimecode"))


def frame_of(timecode: Any, rate: Rate, drop: bool) -> Optional[int]:
    """The frame that a timecode names; None when it is none."""
    found = re.match(r"(\d+):(\d+):(\d+)[:;.,](\d+)$", str(timecode))
    if not found:
        return None
    hours, minutes, seconds, frames = map(int, found.groups())
    passed = hours * 60 + minutes
    count = (passed * 60 + seconds) * rate.nominal + frames
    return count - rate.nominal // 15 * (passed - passed // 10) if drop else count


def read(session: Session) -> Facts:
    """What a run needs to know of its timeline.

    Raises:
        Stop: Resolve does not tell it.
    """
    told = ask(session, "GetSetting", "timelineFrameRate")
    if told is None:
        told = table(ask(session, "GetSettings")).get("timelineFrameRate")
    rate = rate_of(told)
    if rate is None:
        raise Stop(
            f"Resolve does not tell the timeline's frame rate ({told}). Reopen the timeline and call this again."
        )
    start, end = whole(ask(session, "GetStartFrame")), whole(ask(session, "GetEndFrame"))
    if start is None or end is None:
        raise Stop("Resolve does not tell where the timeline starts and ends. Reopen it and call this again.")
    sample_rate = whole(call(session.project, "GetSetting", "timelineSampleRate"))
    return Facts(start, end - start, rate, _is_drop(session, rate), sample_rate or 48000)


def playhead(session: Session, facts: Facts) -> Optional[int]:
    """The playhead as a relative frame; None where the open page has none."""
    here = frame_of(ask(session, "GetCurrentTimecode"), facts.rate, facts.drop)
    start = frame_of(ask(session, "GetStartTimecode"), facts.rate, facts.drop)
    return None if here is None else here - (facts.start if start is None else start)


def each_item(session: Session, kind: str, see: Callable[[Any, int, int, int], None]) -> None:
    """All items on tracks of one kind; `see` is given handle, absolute start, length and track."""
    for track in range(1, (whole(ask(session, "GetTrackCount", kind)) or 0) + 1):
        for handle in listed(ask(session, "GetItemListInTrack", kind, track)):
            start, length = whole(call(handle, "GetStart")), whole(call(handle, "GetDuration"))
            if start is not None and length is not None:
                see(handle, start, length, track)


def picture(session: Session, facts: Facts, first: int, last: int) -> str:
    """The picture between two relative frames as text: it differs as soon as a cut there has changed."""
    seen: List[str] = []

    def see(handle: Any, start: int, length: int, track: int) -> None:
        place = start - facts.start
        if place < last and place + length > first:
            seen.append("{}:{}:{}:{}".format(track, place, length, call(handle, "GetName")))

    each_item(session, "video", see)
    return "\n".join(seen)


class Range:
    """Relative frames, last exclusive, and the way in which they were found."""

    def __init__(self, by: str, first: int, last: int) -> None:
        self.by = by
        self.first = max(first, 0)
        self.last = last

    def words(self) -> str:
        """The range as said to the user."""
        return f"frames {self.first} to {self.last - 1}, from {_WORDS[self.by]}"


_WORDS = {
    "selection": "the selected clips",
    "marks": "the in and out marks",
    "colour": "the clips coloured " + COLOUR,
    "marker": "the duration marker",
    "timeline": "the whole timeline, as nothing is selected or marked",
    "asked": "the frames that were asked for",
}


def _union(by: str, items: List[Any], facts: Facts) -> Optional[Range]:
    """From the first to the last frame of some items."""
    spans: List[Tuple[int, int]] = []
    for item in items:
        start, length = whole(call(item, "GetStart")), whole(call(item, "GetDuration"))
        if start is not None and length is not None:
            spans.append((start - facts.start, start - facts.start + length))
    return Range(by, min(first for first, _ in spans), max(last for _, last in spans)) if spans else None


def selected(session: Session) -> List[Any]:
    """Selected timeline items: known from 21.0.4 on."""
    return listed(ask(session, "GetSelectedClips"))


def marks(session: Session, facts: Facts) -> Optional[Range]:
    """Marks are relative, out is the last frame inside; a side or a kind may be missing."""
    told = table(ask(session, "GetMarkInOut"))
    video, audio = table(told.get("video")), table(told.get("audio"))
    first, last = (
        whole(audio.get(side)) if whole(video.get(side)) is None else whole(video.get(side)) for side in ("in", "out")
    )
    if first is None and last is None:
        return None
    return Range("marks", first or 0, facts.length if last is None else last + 1)


def _coloured(session: Session, facts: Facts) -> Optional[Range]:
    found: List[Any] = []

    def see(handle: Any, _start: int, _length: int, _track: int) -> None:
        if call(handle, "GetClipColor") == COLOUR:
            found.append(handle)

    for kind in ("video", "audio"):
        each_item(session, kind, see)
    return _union("colour", found, facts)


def _marker(session: Session, facts: Facts) -> Optional[Range]:
    """A marker with a duration that is not ours: the one under the playhead, else the only one."""
    here, under = playhead(session, facts), None
    found: List[Range] = []
    for frame, told in table(ask(session, "GetMarkers")).items():
        first, frames = whole(frame), whole(told.get("duration")) or 1
        if first is not None and frames > 1 and not str(told.get("customData") or "").startswith("hitpoint:"):
            found.append(Range("marker", first, first + frames))
            if here is not None and first <= here < first + frames:
                under = found[-1]
    return under or (found[0] if len(found) == 1 else None)


def check(chosen: Range, facts: Facts) -> Range:
    """The range, if it holds a frame of the timeline.

    Raises:
        Stop: it holds none.
    """
    if chosen.last > chosen.first and chosen.first < facts.length:
        return chosen
    if chosen.by == "timeline":
        raise Stop("the timeline is empty. Put the picture to be scored on it.")
    raise Stop(
        f"the range of {_WORDS[chosen.by]} holds no frame of the timeline. Set in before out, inside the timeline."
    )


def choose(session: Session, facts: Facts) -> Range:
    """The range to be scored.

    Raises:
        Stop: it is empty.
    """
    chosen = (
        _union("selection", selected(session), facts)
        or marks(session, facts)
        or _coloured(session, facts)
        or _marker(session, facts)
        or Range("timeline", 0, facts.length)
    )
    return check(chosen, facts)


def pointed(session: Session, facts: Facts) -> Optional[Range]:
    """The range that the user points at, None where there is neither selection nor mark."""
    chosen = _union("selection", selected(session), facts) or marks(session, facts)
    return check(chosen, facts) if chosen else None
