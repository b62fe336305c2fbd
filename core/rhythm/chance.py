"""What a steady click would meet by chance: the level against which a plan is judged."""

from __future__ import annotations

from fractions import Fraction


def chance(bpm: float, rate: Fraction) -> float:
    """Share of hits that a steady click meets within half a frame, averaged over all phases of the click.

    The click sounds on the beats alone, `bpm` times a minute. Whatever the hits, each is met in those phases that
    lie within half a frame of it: one frame in every period of the click.

    Args:
        bpm: felt tempo.
        rate: frames per second.
    """
    return min(1.0, bpm / 60.0 / float(rate))
