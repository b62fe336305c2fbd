"""Whether hits are answered by the sound that was made for them: promise 6, hit by hit.

A hit that is not heard within half a frame of its time is told as not met, whatever was planned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from core.audio.files import FULL_SCALE, read_wav
from core.audio.onsets import REACH, heard
from core.brief import Audio, Brief, How, StemName
from core.watch import Watch

Manners = tuple[How | None, ...]
Errors = tuple[float | None, ...]

SPREAD = 0.1
"""Seconds beyond the reach of the search that its windows may look at."""


def answers(
    stems: Mapping[str, Audio], brief: Brief, how: Sequence[How | None], watch: Watch
) -> tuple[Manners, Errors]:
    """How each hit is met by what is heard, and how far off it is heard.

    Args:
        stems: name → audio as long as the range, shape [samples, 2].
        brief: what was planned.
        how: how each hit is meant to be met, in the plan's order.
        watch: cancellation.

    Returns:
        For each hit of the plan how it is met, None where it is not; and its error in ms, None where it is not.
    """
    accepted = [(met.hit.time, manner) for met, manner in zip(brief.plan.met, how, strict=True) if manner]
    times, manners = [time for time, _ in accepted], [manner for _, manner in accepted]
    errors = iter(heard(stems, brief.sample_rate, times, manners, brief.edit.range.rate, watch))
    return _within_half_a_frame(brief, how, [next(errors) if manner else None for manner in how])


def answers_again(
    files: Mapping[StemName, Path],
    brief: Brief,
    span: tuple[int, int],
    how: Sequence[How | None],
    before: tuple[Sequence[How | None], Sequence[float | None]],
    watch: Watch,
) -> tuple[Manners, Errors]:
    """As `answers`, where only a span of the sound has changed: hits that it does not reach keep what they had.

    Args:
        files: stem → 24-bit WAV of the range's length.
        brief: what was planned.
        span: first sample that may have changed, and the one after the last.
        how: how each hit is meant to be met now.
        before: how each hit was met before, and its error.
        watch: cancellation.

    Raises:
        UnusableInput: a file cannot be read.
    """
    rate, frame_rate = brief.sample_rate, brief.edit.range.rate
    margin = round((max(REACH, float(1 / frame_rate)) + SPREAD) * rate)
    manners, errors = list(before[0]), list(before[1])
    for index, (met, manner) in enumerate(zip(brief.plan.met, how, strict=True)):
        at = round(met.hit.time * rate)
        if at + margin <= span[0] or at - margin >= span[1]:
            continue
        manners[index], errors[index] = manner, None
        if manner:
            first = max(0, at - margin)
            stems: dict[str, Audio] = {name: _read(path, first, at + margin - first) for name, path in files.items()}
            (errors[index],) = heard(stems, rate, [met.hit.time - first / rate], [manner], frame_rate, watch)
    return _within_half_a_frame(brief, manners, errors)


def _read(path: Path, first: int, count: int) -> Audio:
    return (read_wav(path, first, count)[0] / FULL_SCALE).astype(np.float32)


def _within_half_a_frame(
    brief: Brief, how: Sequence[How | None], errors: Sequence[float | None]
) -> tuple[Manners, Errors]:
    """Only what is heard within half a frame counts, where the plan has accepted the hit."""
    half_frame = 500 / float(brief.edit.range.rate)
    manners: list[How | None] = []
    for met, manner, error in zip(brief.plan.met, how, errors, strict=True):
        silent = met.met and (error is None or abs(error) > half_frame)
        manners.append(None if silent else manner)
    return tuple(manners), tuple(error if manner else None for manner, error in zip(manners, errors, strict=True))
