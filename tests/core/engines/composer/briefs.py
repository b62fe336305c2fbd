"""Briefs for the tonal writers: sections with ideas that come back, a picture with a curve, any prompt."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from core.brief import Brief, Ending, Meter, Picture, Section
from core.direction import direct
from tests.core.engines.composer.outlines import FOUR_FOUR, TEMPO, make_brief, spread_hits

IDEAS = ("A", "B", "A2", "C", "B2", "A3")


def tonal_brief(
    style: str,
    prompt: str = "",
    *,
    seed: int = 1,
    seconds: int = 40,
    meter: Meter = FOUR_FOUR,
    ending: Ending | None = None,
    under_speech: bool = False,
    bars_in_section: int = 4,
    hits: int = 12,
    odd_bar: tuple[int, int] | None = None,
    musts: tuple[float, ...] = (),
) -> Brief:
    """A brief whose direction is read from the style and the prompt, at the style's usual tempo."""
    places = spread_hits(seconds, TEMPO[style] * meter.beats_per_pulse, hits) if seconds > 6 and hits else ()
    base = make_brief(
        style,
        seconds=seconds,
        meter=meter,
        hit_beats=[beat for beat in places if beat not in musts],
        musts=musts,
        seed=seed,
        bars_in_section=bars_in_section,
        odd_bar=odd_bar,
    )
    picture = moving_picture(seconds)
    direction = direct(style, prompt, picture, 60 * hits / seconds, ending, under_speech)
    tempo_map = base.plan.tempo_map
    edges = [*tempo_map.downbeats[:-1:bars_in_section], len(tempo_map.beats) - 1]
    sections = tuple(
        Section(
            float(tempo_map.beats[first]),
            float(tempo_map.beats[end] - tempo_map.beats[first]),
            IDEAS[place % len(IDEAS)],
            first,
            end - first,
        )
        for place, (first, end) in enumerate(pairwise(edges))
        if tempo_map.beats[first] < seconds
    )
    return replace(
        base, picture=picture, direction=direction, plan=replace(base.plan, sections=sections), prompt=prompt
    )


def moving_picture(seconds: float) -> Picture:
    """A picture that moves more and less."""
    count = int(seconds * 10) + 1
    times = np.arange(count) / 10
    motion = np.clip(0.35 + 0.3 * np.sin(times / 5.0), 0, 1)
    even = np.full(count, 0.4)
    return Picture(10.0, even, np.full((count, 3), 0.4), motion, even, np.zeros(count))
