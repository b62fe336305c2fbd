"""The grid of a bar: which places a hit may fall on, what each is called and what it is worth.

Conventions
    A place is a fraction of a beat. Its name is one of the four words of `core.brief.On`, whatever the meter:

    ======== ================= ============ ============= ===========================
    meter    beat              eighth       triplet       sixteenth (fast styles only)
    ======== ================= ============ ============= ===========================
    x/4      the quarter       1/2          1/3, 2/3      1/4, 3/4
    6/8      dotted quarter    1/3, 2/3     none          1/6, 1/2, 5/6
    7/8      the eighth        (the beat)   none          1/2
    ======== ================= ============ ============= ===========================

    In 6/8 the thirds of a beat are the written eighths, and half a beat is its fourth sixteenth. In 7/8 every eighth
    is a beat of the tempo map, so hits on any eighth are on a beat; those on the pulse (2 + 2 + 3) are worth more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.brief import Feel, FloatArray, Meter, On

WORTH: dict[On, float] = {"beat": 1.0, "eighth": 0.72, "triplet": 0.58, "sixteenth": 0.52}
"""What a hit is worth by its place: any place is better than none, a beat is best."""

OFF_PULSE = 0.8
"""Worth of an eighth of 7/8 that is not one of its pulses, against one that is."""


@dataclass(frozen=True)
class Grid:
    """Places of one meter."""

    meter: Meter
    places: FloatArray
    """Fractions of a beat, increasing from 0, shape [places]."""
    names: tuple[On, ...]
    worth: FloatArray
    """Worth of each place in each beat of the bar, 0 to 1, shape [places, beats]."""

    @property
    def finest(self) -> float:
        """Smallest distance between two places, in beats."""
        return float(np.diff(np.append(self.places, 1.0)).min())


def grid(meter: Meter, feel: Feel) -> Grid:
    """The places of a meter that a feel allows."""
    named: dict[float, On] = {0.0: "beat"}
    if meter.compound:
        named |= {1 / 3: "eighth", 2 / 3: "eighth"}
        fine: tuple[float, ...] = (1 / 6, 1 / 2, 5 / 6)
    elif meter.beats_per_pulse == 2:
        fine = (1 / 2,)
    else:
        named |= {1 / 2: "eighth", 1 / 3: "triplet", 2 / 3: "triplet"}
        fine = (1 / 4, 3 / 4)
    if feel.sixteenths:
        named |= dict.fromkeys(fine, "sixteenth")
    places = sorted(named)
    names = tuple(named[place] for place in places)
    worth = np.outer([WORTH[name] for name in names], _strength(meter))
    return Grid(meter, np.array(places), names, worth)


def _strength(meter: Meter) -> FloatArray:
    """How strong each beat of the bar is, shape [beats]: hits feel strongest on beats 1 and 3."""
    strength = np.full(meter.beats, 0.97)
    if meter.beats_per_pulse == 2:
        strength[:] = OFF_PULSE
        strength[0 : meter.beats - 1 : 2] = 0.97
    elif meter.beats % 2 == 0:
        strength[meter.beats // 2] = 1.0
    strength[0] = 1.0
    return strength


def base_tempi(feel: Feel, step: float, margin: float, most: int) -> FloatArray:
    """Felt tempi to try, in beats per minute, increasing.

    Args:
        feel: its range, or the 4 % around the tempo that it asks for by number.
        step: about how far apart, as a ratio.
        margin: how far they keep from the ends of the range, as a ratio, so that the tempo that comes out stays in it.
        most: how many at most.
    """
    low, high = feel.tempo if feel.bpm is None else (feel.bpm * 0.96, feel.bpm * 1.04)
    middle = (low * high) ** 0.5
    low, high = min(low * (1 + margin), middle), max(high / (1 + margin), middle)
    count = min(max(1, round(np.log(high / low) / step)) + 1, most) if high > low else 1
    return np.geomspace(low, high, count) if count > 1 else np.array([low])
