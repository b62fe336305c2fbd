"""Record timecode: frame counts as people write them.

Conventions
    Timecode counts frames at the nominal whole rate (24 for 23.976, 30 for 29.97): it names frames, it does not measure
    time. Drop-frame is a way of writing: at 29.97 and 59.94 it skips 2 or 4 numbers, not frames, at the start of each
    minute except every tenth, and is written with ";" before the frames.
Source
    SMPTE ST 12-1, drop-frame counting.
"""

from __future__ import annotations

import re
from fractions import Fraction

from opentimelineio.opentime import RationalTime

from core.brief import Range, exact_rate
from core.errors import WrongUse
from core.timeline.fields import text as printable

_TIMECODE = re.compile(r"(\d{1,2})[:;](\d{2})[:;](\d{2})([:;])(\d{2,3})", re.ASCII)
_FRAMES = re.compile(r"(\d{1,12})f", re.ASCII | re.IGNORECASE)
_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,12})?)s", re.ASCII | re.IGNORECASE)
_FORMS = "Write HH:MM:SS:FF (with ; before the frames for drop-frame), 123f or 12.5s."
_DROP_FRAME_RATES = (Fraction(30_000, 1001), Fraction(60_000, 1001))


def can_drop(rate: Fraction) -> bool:
    """Whether drop-frame timecode exists at this rate: 29.97 and 59.94."""
    return rate in _DROP_FRAME_RATES


def says_drop_frame(*texts: str | None) -> bool:
    """Whether one of the texts is timecode written as drop-frame."""
    return any(found[4] == ";" for text in texts if text and (found := _TIMECODE.fullmatch(text.strip())))


def parse(
    text: str, rate: Fraction, timeline_start: RationalTime, drop_frame: bool, length: RationalTime | None = None
) -> RationalTime:
    """The record time that a user means.

    Args:
        text: `HH:MM:SS:FF` or `HH:MM:SS;FF` (record timecode), `123f` or `12.5s` (both from the timeline's start;
            seconds go to the nearest frame).
        rate: the timeline's exact frames per second.
        timeline_start: record time of the timeline's first frame.
        drop_frame: how ":" before the frames counts; ";" always counts drop-frame.
        length: of the timeline, for one that runs past midnight: timecode before its start is then the next day's.

    Returns:
        Absolute record time in whole frames at `rate`.

    Raises:
        WrongUse: the text is not a time, or names a frame that does not exist.
    """
    text = text.strip()
    start = round(timeline_start.value)
    if found := _FRAMES.fullmatch(text):
        frame = start + int(found[1])
    elif found := _SECONDS.fullmatch(text):
        frame = start + int(Fraction(found[1]) * rate + Fraction(1, 2))
    elif found := _TIMECODE.fullmatch(text):
        dropping = drop_frame or found[4] == ";"
        frame = _count(found, rate, dropping)
        day = frames_per_day(rate, dropping)
        if length is not None and frame < start <= frame + day <= start + round(length.value):
            frame += day
    else:
        raise WrongUse(f'"{printable(text)}" is not a time', do=_FORMS)
    return RationalTime(frame, float(rate))


def write(time: RationalTime, drop_frame: bool) -> str:
    """`HH:MM:SS:FF` of a record time, or `HH:MM:SS;FF` when counted drop-frame. Midnight starts again at zero."""
    rate = exact_rate(time.rate)
    nominal = round(rate) or 1
    frame = round(time.value) % frames_per_day(rate, drop_frame)
    if drop_frame:
        frame = _with_dropped_numbers(frame, nominal)
    seconds, frames = divmod(frame, nominal)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    digits = 3 if nominal > 100 else 2
    return f"{hours:02}:{minutes:02}:{seconds:02}{';' if drop_frame else ':'}{frames:0{digits}}"


def record_timecode(scored: Range, frame: int) -> str:
    """Record timecode of a frame counted from the start of a range."""
    return write(RationalTime(round(scored.start.value) + frame, scored.start.rate), scored.drop_frame)


def frames_per_day(rate: Fraction, drop_frame: bool) -> int:
    """Frames in 24 hours of timecode."""
    nominal = round(rate) or 1
    return 24 * 6 * (600 * nominal - 9 * _dropped(nominal)) if drop_frame else 24 * 3600 * nominal


def _dropped(nominal: int) -> int:
    """Numbers skipped at the start of a minute: 2 at 30, 4 at 60."""
    return nominal // 15


def _count(found: re.Match[str], rate: Fraction, drop_frame: bool) -> int:
    """Frames from 00:00:00:00 to the timecode that was found."""
    nominal, wrong = round(rate) or 1, f'"{found[0]}"'
    hours, minutes, seconds, frames = (int(found[group]) for group in (1, 2, 3, 5))
    if drop_frame and not can_drop(rate):
        raise WrongUse(
            f"{wrong} is drop-frame, which exists only at 29.97 and 59.94", do='Write ":" before the frames.'
        )
    if hours > 23 or minutes > 59 or seconds > 59:
        raise WrongUse(f"{wrong} is not a time of day", do="Hours go to 23, minutes and seconds to 59.")
    if frames >= nominal:
        raise WrongUse(
            f"{wrong} has a frame number that does not exist", do=f"At this rate frames go to {nominal - 1}."
        )
    counted = ((hours * 60 + minutes) * 60 + seconds) * nominal + frames
    if not drop_frame:
        return counted
    dropped, minute = _dropped(nominal), hours * 60 + minutes
    if seconds == 0 and frames < dropped and minute % 10:
        first = f"{hours:02}:{minutes:02}:00;{dropped:02}"
        raise WrongUse(f"{wrong} does not exist: drop-frame skips that number", do=f"The minute starts at {first}.")
    return counted - dropped * (minute - minute // 10)


def _with_dropped_numbers(frame: int, nominal: int) -> int:
    """The number that drop-frame counting gives to a frame."""
    dropped = _dropped(nominal)
    per_minute = 60 * nominal - dropped
    per_ten = 10 * per_minute + dropped
    tens, rest = divmod(frame, per_ten)
    minutes = 0 if rest < 60 * nominal else 1 + (rest - 60 * nominal) // per_minute
    return frame + dropped * (9 * tens + minutes)
