"""Which moment of a file each record frame shows, and back.

Conventions
    Frames are record frames counted from the range's start. Moments are exact seconds from the file's first frame.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from core.brief import Shot


def moment_at(shot: Shot, frame: int, rate: Fraction) -> Fraction:
    """The moment of the file that a record frame of the shot shows.

    Args:
        shot: the shot, which fixes in-point and speed.
        frame: record frame, counted from the range's start.
        rate: record frames per second.
    """
    return shot.source_start + (frame - shot.first_frame) / rate * shot.speed


def frame_after(shot: Shot, moment: Fraction, rate: Fraction, tolerance: Fraction = Fraction(0)) -> int | None:
    """The first record frame on the far side of a moment, as the shot plays it.

    Forwards that is the first record frame showing the file at or after the moment; backwards the first one showing it
    before the moment. The answer may lie outside the shot.

    Args:
        shot: the shot that plays the file.
        moment: where a frame of the file begins.
        rate: record frames per second.
        tolerance: seconds by which the file's own timestamps may be rounded.

    Returns:
        The record frame, or None for a freeze, which passes no moment.
    """
    if shot.speed == 0:
        return None
    travelled = (moment - tolerance - shot.source_start) / shot.speed * rate
    return shot.first_frame + (ceil(travelled) if shot.speed > 0 else floor(travelled) + 1)
