"""Whether a brief that was read back can be meant: a document that fits the types may still have been damaged."""

from __future__ import annotations

from itertools import pairwise
from math import isfinite

import numpy as np

from core.brief import Brief, Edit, Picture, Plan, Range, exact_rate
from core.cue.document import NotThis
from core.cue.takes import Take, stays_inside

RATES = (0.001, 1e7)
"""Frames per second that a timeline may have."""
LONGEST_S = 48 * 3600
"""As long as a timeline may be."""
LATEST_S = 10**8 + LONGEST_S
"""A timeline's start may be any time that its file can mean."""
FARTHEST_S = 10**12
"""How far into a file a shot may reach."""
SAMPLE_RATES = (8_000, 768_000)


def see_that_it_holds_together(brief: Brief, gain_db: float) -> None:
    """See that times, lengths and orders of a brief are such as a cue can have.

    Raises:
        NotThis: something cannot be meant; which, as the end of a sentence.
    """
    low, high = SAMPLE_RATES
    _see(low <= brief.sample_rate <= high, f"its sample rate is {brief.sample_rate}")
    _see(isfinite(gain_db), "its gain is no number")
    _range(brief.edit.range)
    _shots(brief.edit)
    _see(all(isfinite(hit.time) for hit in brief.edit.hits), "a hit has no time")
    _picture(brief.picture)
    _plan(brief.plan)


def see_that_takes_hold_together(takes: tuple[Take, ...], in_use: int) -> None:
    """See that the take in use is there and that all files lie in the folder; raises as above."""
    numbers = [take.number for take in takes]
    if in_use not in numbers or len(set(numbers)) < len(numbers):
        raise NotThis(f"take {in_use} is in use, but the takes are {numbers}")
    for take in takes:
        _see(take.base is None or take.base < take.number, f"take {take.number} was made of a later one")
        for saved in take.saved():
            _see(stays_inside(saved.file), f"take {take.number} names a file outside of the folder, {saved.file!r}")


def _range(scored: Range) -> None:
    times = (scored.start, scored.duration, scored.timeline_start)
    for time in times:
        _see(RATES[0] <= time.rate <= RATES[1], f"the range counts at the rate {time.rate:g}, which is no frame rate")
    rates = {exact_rate(time.rate) for time in times}
    _see(len(rates) == 1, f"the range counts at the rates {', '.join(f'{float(rate):g}' for rate in sorted(rates))}")
    rate = float(rates.pop())
    _see(all(0 <= time.value <= LATEST_S * rate for time in times), "the range starts at a time that cannot be")
    seconds = scored.duration.value / rate
    _see(scored.frames >= 1 and seconds <= LONGEST_S, f"the range lasts {seconds:g} s")


def _shots(edit: Edit) -> None:
    frame = 0
    for number, shot in enumerate(edit.shots):
        _see(shot.first_frame == frame and shot.frames > 0, f"shot {number} does not follow the one before")
        frame += shot.frames
        end = shot.source_start + shot.frames / edit.range.rate * shot.speed
        _see(max(abs(shot.source_start), abs(end)) <= FARTHEST_S, f"shot {number} shows a time that cannot be")
    _see(frame == edit.range.frames, f"the shots last {frame} frames, the range {edit.range.frames}")


def _picture(picture: Picture) -> None:
    frames = len(picture.luminance) if picture.luminance.ndim == 1 else -1
    curves = (picture.luminance, picture.motion, picture.edges, picture.change)
    whole = all(curve.shape == (frames,) for curve in curves) and picture.colour.shape in ((frames, 3), (0,))
    _see(whole, "the picture's curves differ in length")
    _see(isfinite(picture.rate) and picture.rate > 0, "the picture's rate is no rate")


def _plan(plan: Plan) -> None:
    beats, downbeats = plan.tempo_map.beats, plan.tempo_map.downbeats
    increasing = beats.ndim == 1 and len(beats) > 1 and bool(np.all(np.diff(beats) > 0)) and np.isfinite(beats).all()
    _see(bool(increasing), "the beats do not go forward")
    known = all(0 <= beat < len(beats) for beat in downbeats) and all(one < other for one, other in pairwise(downbeats))
    _see(known, "a downbeat is no beat")
    meter = plan.tempo_map.meter
    _see(min(meter.numerator, meter.denominator) > 0, f"the meter is {meter}")
    for section in plan.sections:
        _see(isfinite(section.start) and isfinite(section.duration), f"section {section.name} has no time")
    _see(all(isfinite(met.hit.time) for met in plan.met), "a hit has no time")


def _see(right: bool, wrong: str) -> None:
    if not right:
        raise NotThis(wrong)
