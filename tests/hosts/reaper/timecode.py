"""Positions as the ruler writes them, and read from what a user types."""

from __future__ import annotations

import re

from tests.hosts.reaper.state import State
from tests.hosts.reaper.tempo import TempoMap

TIME, MEASURES_TIME, MEASURES, SECONDS, SAMPLES, FRAMES = range(6)


def rate(state: State) -> float:
    """Frames per second."""
    return state.frame_base * (1000 / 1001 if state.frame_flag else 1.0)


def written(state: State, time: float, mode: int, offset: float) -> str:
    """A position of project time as text; `offset` is what the ruler adds, seconds."""
    if mode in (MEASURES, MEASURES_TIME):
        measure, beats, _, _ = TempoMap(state).beats(time)
        text = f"{measure + 1}.{int(beats + 1e-9) + 1}.{round(beats % 1 * 100):02d}"
        return text if mode == MEASURES else f"{text} / {written(state, time, TIME, offset)}"
    time += offset
    if mode == SECONDS:
        return f"{time:.3f}"
    if mode == SAMPLES:
        return str(round(time * state.sample_rate))
    if mode == FRAMES:
        return _timecode(round(time * rate(state)), state.frame_base, state.frame_flag == 1)
    sign, time = "-" * (time < 0), round(abs(time), 3)
    hours, minutes, seconds = int(time // 3600), int(time // 60 % 60), time % 60
    return f"{sign}{hours}:{minutes:02d}:{seconds:06.3f}" if hours else f"{sign}{minutes}:{seconds:06.3f}"


def _timecode(frame: int, base: int, drop: bool) -> str:
    if drop:
        dropped = base // 15
        ten_minutes, rest = divmod(frame, base * 600 - 9 * dropped)
        minute = max(rest - base * 60, 0) // (base * 60 - dropped) + (rest >= base * 60)
        frame += dropped * (9 * ten_minutes + minute)
    seconds, frames = divmod(frame, base)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{';' if drop else ':'}{frames:02d}"


def read(state: State, text: str, mode: int, offset: float) -> float:
    """Project time of a text; 0 for what cannot be read."""
    numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)]
    if not numbers:
        return 0.0
    if mode == SECONDS:
        return numbers[0] - offset
    if mode == SAMPLES:
        return numbers[0] / state.sample_rate - offset
    if mode in (MEASURES, MEASURES_TIME):
        parts = [int(part) for part in re.findall(r"\d+", text)] + [1, 1]
        return TempoMap(state).from_beats(parts[1] - 1, parts[0] - 1)
    if mode == FRAMES and len(numbers) == 4:
        hours, minutes, seconds, frames = (int(number) for number in numbers)
        count = ((hours * 60 + minutes) * 60 + seconds) * state.frame_base + frames
        if state.frame_flag == 1:
            passed = hours * 60 + minutes
            count -= state.frame_base // 15 * (passed - passed // 10)
        return count / rate(state) - offset
    time = 0.0
    for number in numbers:
        time = time * 60 + number
    return time - offset
