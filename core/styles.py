"""The eight styles, as far as planning needs them: tempo, meters, how they end, and which picture asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.brief import Ending, Feel, Meter

THREE_FOUR = Meter(3, 4)
FOUR_FOUR = Meter(4, 4)
FIVE_FOUR = Meter(5, 4)
SIX_EIGHT = Meter(6, 8)
SEVEN_EIGHT = Meter(7, 8)
METERS = (THREE_FOUR, FOUR_FOUR, FIVE_FOUR, SIX_EIGHT, SEVEN_EIGHT)
"""Every meter that the planner and the composer know."""


@dataclass(frozen=True)
class Look:
    """The picture a style suits, each from 0 to 1."""

    light: float
    """Mean luminance."""
    colour: float
    """Saturation."""
    warmth: float
    """0.5 is neutral, above leans red, below blue."""
    motion: float
    pace: float
    """Cutting pace: 0 none, 0.5 at 12 cuts per minute, towards 1 above."""


@dataclass(frozen=True)
class Style:
    """What the planner must know of a style."""

    feel: Feel
    ending: Ending
    look: Look


STYLES: Mapping[str, Style] = {
    "tension": Style(
        Feel((70, 100), (FOUR_FOUR, FIVE_FOUR)),
        "cut",
        Look(light=0.14, colour=0.18, warmth=0.45, motion=0.20, pace=0.40),
    ),
    "action": Style(
        Feel((120, 160), (FOUR_FOUR, SEVEN_EIGHT), sixteenths=True),
        "button",
        Look(light=0.35, colour=0.35, warmth=0.50, motion=0.75, pace=0.80),
    ),
    "uplift": Style(
        Feel((100, 130), (FOUR_FOUR,)), "ring", Look(light=0.62, colour=0.40, warmth=0.58, motion=0.40, pace=0.60)
    ),
    "documentary": Style(
        Feel((80, 110), (FOUR_FOUR, THREE_FOUR)),
        "lead-out",
        Look(light=0.45, colour=0.25, warmth=0.52, motion=0.20, pace=0.38),
    ),
    "comedy": Style(
        Feel((110, 150), (FOUR_FOUR, SIX_EIGHT)),
        "button",
        Look(light=0.62, colour=0.60, warmth=0.58, motion=0.50, pace=0.62),
    ),
    "ambient": Style(
        Feel((50, 75), (FOUR_FOUR,)), "ring", Look(light=0.42, colour=0.25, warmth=0.42, motion=0.06, pace=0.10)
    ),
    "electronic": Style(
        Feel((118, 132), (FOUR_FOUR,), sixteenths=True),
        "cut",
        Look(light=0.30, colour=0.60, warmth=0.38, motion=0.50, pace=0.68),
    ),
    "lo-fi": Style(
        Feel((70, 90), (FOUR_FOUR,)), "ring", Look(light=0.36, colour=0.32, warmth=0.66, motion=0.12, pace=0.32)
    ),
}
"""The eight styles by name."""
