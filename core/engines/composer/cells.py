"""Figures written as text, fitted to the bars they are played in. `palette` says how they are written."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from core.brief import Meter
from core.engines.composer.grid import eighth, groups

_WRITTEN_BEATS = 4
_BEATS_TAKEN = {1: (0,), 2: (0, 3), 3: (0, 1, 3), 5: (0, 1, 3, 2, 3), 6: (0, 1, 3, 2, 1, 3), 7: (0, 1, 2, 3, 0, 1, 3)}


class Stroke(NamedTuple):
    """One token of a figure, in its place."""

    offset: float
    """Beats from the bar's start."""
    beats: float
    """Until the next token that is not a hold."""
    token: str


@lru_cache(maxsize=4096)
def spread(cell: str, place: int, meter: Meter, beats: int) -> tuple[Stroke, ...]:
    """What a figure strikes in one bar, rests left out.

    In x/4 whole beats of the figure are taken until the bar is full. In 6/8 and 7/8 its first beats fill the groups:
    a running figure runs on, a figure with gaps keeps them, its last stroke of each beat late.

    Args:
        cell: the figure, written in 4/4; "|" parts its bars.
        place: which bar of the phrase it is; the figure's bars take turns.
        meter: the usual meter.
        beats: length of this very bar.
    """
    written = cell.split("|")
    tokens = written[place % len(written)].split()
    per_beat = len(tokens) // _WRITTEN_BEATS
    steps = (
        _in_quarters(tokens, per_beat, beats) if meter.denominator == 4 else _in_groups(tokens, per_beat, meter, beats)
    )
    return _held(steps, float(beats))


def _in_quarters(tokens: list[str], per_beat: int, beats: int) -> list[tuple[float, str]]:
    """The tokens of whole beats."""
    taken = _BEATS_TAKEN.get(beats) or tuple(beat % _WRITTEN_BEATS for beat in range(beats))
    return [
        (place + step / per_beat, tokens[beat * per_beat + step])
        for place, beat in enumerate(taken)
        for step in range(per_beat)
    ]


def _in_groups(tokens: list[str], per_beat: int, meter: Meter, beats: int) -> list[tuple[float, str]]:
    """The tokens of a beat on each group of a meter in eighths."""
    unit = eighth(meter)
    steps: list[tuple[float, str]] = []
    start = 0.0
    for index, length in enumerate(groups(meter, beats)):
        count = max(1, round(length / unit * per_beat / 2))
        first = index % _WRITTEN_BEATS * per_beat
        beat = tokens[first : first + per_beat]
        if count > per_beat:
            running = not {".", "-"} & set(beat)
            more = [tokens[(first + step) % len(tokens)] for step in range(count)]
            beat = more if running else [beat[0], *["-"] * (count - per_beat), *beat[1:]]
        steps += [(start + step * length / count, token) for step, token in enumerate(beat[:count])]
        start += length
    return steps


def _held(steps: list[tuple[float, str]], beats: float) -> tuple[Stroke, ...]:
    """Strokes with the length they are held; a hold at the bar's start is a rest."""
    strokes: list[Stroke] = []
    until = beats
    for offset, token in reversed(steps):
        if token == "-":
            continue
        if token != ".":
            strokes.append(Stroke(offset, until - offset, token))
        until = offset
    return tuple(reversed(strokes))
