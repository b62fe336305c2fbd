"""Frame rates and timecode as Resolve counts them.

Conventions
    A rate is an exact fraction; 23.976 is 24000/1001. Timecode counts at the nominal whole rate (24 for 23.976);
    drop-frame skips 2 (30) or 4 (60) numbers each minute that is no tenth, and writes ";" before the frames.
"""

from __future__ import annotations

import re
from fractions import Fraction

_LEADING = re.compile(r"\s*(\d+(?:\.\d+)?)")
_TIMECODE = re.compile(r"(\d\d):(\d\d):(\d\d)[:;.](\d\d\d?)")


def true_rate(written: str | float | Fraction) -> Fraction:
    """The rate that is meant by "23.976", 23.976, "29.97 DF" or 24000/1001."""
    if isinstance(written, Fraction):
        return written
    match = _LEADING.match(str(written))
    if match is None:
        raise ValueError(f"{written!r} is no frame rate")
    value = float(match[1])
    for base in (24, 30, 48, 60, 120):
        if abs(value - base * 1000 / 1001) < 0.006:
            return Fraction(base * 1000, 1001)
    return Fraction(match[1])


def short(rate: Fraction) -> float:
    """The rate as Resolve writes it: 23.976, 29.97, 25.0."""
    return round(float(rate), 3)


def nominal(rate: Fraction) -> int:
    """Frame numbers in a second of timecode."""
    return -(-rate.numerator // rate.denominator)


def frames_of(timecode: str, rate: Fraction, drop: bool) -> int:
    """The frame that a timecode names."""
    match = _TIMECODE.fullmatch(timecode)
    if match is None:
        raise ValueError(f"{timecode!r} is no timecode")
    hours, minutes, seconds, frames = map(int, match.groups())
    base = nominal(rate)
    if frames >= base or minutes > 59 or seconds > 59:
        raise ValueError(f"{timecode!r} does not exist at {base} frames a second")
    count = (hours * 3600 + minutes * 60 + seconds) * base + frames
    passed = hours * 60 + minutes
    return count - (base // 15) * (passed - passed // 10) if drop else count


def timecode_of(frame: int, rate: Fraction, drop: bool) -> str:
    """The timecode of a frame."""
    base = nominal(rate)
    if drop:
        skipped = base // 15
        in_ten, in_minute = 600 * base - 9 * skipped, 60 * base - skipped
        tens, rest = divmod(frame, in_ten)
        frame += 9 * skipped * tens
        if rest >= 60 * base:
            frame += skipped * (1 + (rest - 60 * base) // in_minute)
    seconds, frames = divmod(frame, base)
    mark = ";" if drop else ":"
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{frames:02}"
