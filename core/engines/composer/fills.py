"""Fills: the drums' last beat or two before something new.

Conventions
    A fill is written as one line per drum over its last two pulses: 4 letters a pulse in simple meters (sixteenths),
    the letters of `core.engines.composer.grooves`. In 6/8 and 7/8 the steps are spread over the last beat or the
    last two eighths in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from core.brief import Meter
from core.engines.composer.grooves import PITCH

_STRENGTH = {"X": 112, "x": 96, "o": 78, "g": 56}


class Stroke(NamedTuple):
    """One note of a drum, in beats of the tempo map."""

    beat: float
    instrument: str
    pitch: int
    velocity: int


class Fill(NamedTuple):
    """What the drums play in the last pulses of a bar."""

    pulses: int
    lines: tuple[tuple[str, int, str], ...]
    """(instrument, pitch or 0 for its usual key, steps)."""
    keeps: tuple[str, ...] = ()
    """Drums of the groove that play on underneath."""


FILLS: Mapping[str, tuple[Fill, ...]] = {
    "tension": (
        Fill(1, (("taiko", 38, "o.x."),), ("tick", "heartbeat")),
        Fill(2, (("taiko", 38, "o...o.xX"),), ("tick",)),
        Fill(2, (("tom", 41, "....o.xx"),), ("heartbeat", "tick")),
        Fill(1, (("rim", 0, "x.xX"),), ("heartbeat", "tick")),
    ),
    "action": (
        Fill(2, (("tom", 52, "x.x....."), ("tom", 46, "....xx.."), ("taiko", 41, "......XX")), ("kick",)),
        Fill(2, (("snare", 0, "x.x.xxXX"), ("taiko", 38, "X...X...")), ("kick",)),
        Fill(1, (("tom", 48, "Xx.."), ("taiko", 38, "..Xx")), ("kick", "shaker")),
        Fill(2, (("taiko", 48, "X..x...."), ("taiko", 41, "..x..Xx.")), ("kick",)),
        Fill(2, (("taiko", 38, "X.....X."), ("tom", 50, "..x.x..x")), ("kick",)),
    ),
    "uplift": (
        Fill(2, (("snare", 0, "o.o.x.XX"),), ("kick", "shaker")),
        Fill(1, (("snare", 0, "x.xX"), ("clap", 0, "...X")), ("kick", "shaker")),
        Fill(2, (("tom", 50, "x.x....."), ("tom", 45, "....x.x."), ("snare", 0, "...x...X")), ("kick",)),
        Fill(2, (("clap", 0, "..x...XX"),), ("kick", "shaker")),
    ),
    "documentary": (
        Fill(1, (("snare_brush", 0, "o.x."),), ("shaker", "kick")),
        Fill(2, (("snare_brush", 0, "x..o..x."),), ("shaker", "kick")),
        Fill(2, (("rim", 0, "o...o.x."),), ("shaker", "kick")),
    ),
    "comedy": (
        Fill(1, (("woodblock", 0, "x.xX"),), ("kick",)),
        Fill(2, (("woodblock", 0, "x..x..x."), ("snare_brush", 0, "......xX")), ()),
        Fill(2, (("tom", 52, "x.x....."), ("tom", 45, "....x..."), ("kick", 0, "......X.")), ()),
        Fill(1, (("snare", 0, "xxX."),), ("kick",)),
    ),
    "electronic": (
        Fill(2, (("snare", 0, "x.x.xxXX"),), ("kick_electronic",)),
        Fill(1, (("clap", 0, "X.xX"),), ("hat_closed",)),
        Fill(2, (("rim", 0, "x..x..x."), ("clap", 0, "....X..X")), ("kick_electronic", "hat_closed")),
        Fill(2, (("snare", 0, "....x.XX"),), ("hat_closed",)),
    ),
    "lo-fi": (
        Fill(1, (("snare_dusty", 0, "x.gX"),), ("hat_closed",)),
        Fill(2, (("kick_dusty", 0, "X..x...."), ("snare_dusty", 0, "....x..x")), ("hat_closed",)),
        Fill(1, (("rim", 0, "x..x"),), ("hat_closed",)),
    ),
}
"""The fills of each style, by style name; a style that is absent has none."""


def choose(style: str, energy: float, rng: np.random.Generator, surely: bool = False) -> Fill | None:
    """A fill for a bar of this energy: short, and seldom unless it must be, when calm; None where there is none."""
    fills = FILLS.get(style, ())
    if not fills or (rng.random() > 0.55 + 0.45 * energy and not surely):
        return None
    fitting = [fill for fill in fills if fill.pulses == 1 or energy > 0.35] or list(fills)
    return fitting[int(rng.integers(len(fitting)))]


def fill_beats(fill: Fill, meter: Meter, beats: int) -> float:
    """Length of the fill in beats, in a bar of `beats` beats."""
    if meter.compound:
        return 1.0
    return float(min(fill.pulses * meter.beats_per_pulse, beats - 1))


def fill_strokes(fill: Fill, end_beat: float, meter: Meter, beats: int) -> list[Stroke]:
    """The strokes of a fill that ends at `end_beat`, the downbeat of what follows.

    In 6/8 a pulse is a dotted quarter and the steps are its sixteenths: the last six of the line are played.
    """
    length = fill_beats(fill, meter, beats)
    per_beat = 6 if meter.compound else 4 // meter.beats_per_pulse
    wanted = round(length * per_beat)
    played = []
    for instrument, pitch, steps in fill.lines:
        last = steps[-wanted:]
        for step, letter in enumerate(last):
            if letter != ".":
                beat = end_beat - (len(last) - step) / per_beat
                played.append(Stroke(beat, instrument, pitch or PITCH[instrument], _STRENGTH[letter]))
    return sorted(played)
