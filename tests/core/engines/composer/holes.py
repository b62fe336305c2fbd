"""Takes and holes for tests: a cue made once, a hole in it, and the sound of the take that a re-roll makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from core.brief import STEMS, Audio, Brief, Hole, Rendering, Stem, StemName
from core.engines.composer.engine import ENGINE
from core.watch import Watch
from tests.core.engines.composer.briefs import tonal_brief

RATE = 48_000
SECONDS = 24
MUSTS = {"tension": (9.0,), "ambient": (9.0,)}
"""Beats of hits that the editor insists on, by style."""


@lru_cache(maxsize=16)
def made(style: str, seconds: int = SECONDS) -> tuple[Brief, Rendering]:
    """A cue of this style and its first take."""
    brief = tonal_brief(style, seconds=seconds, hits=8, musts=MUSTS.get(style, (13.0,)), bars_in_section=3)
    with TemporaryDirectory() as scratch:
        return brief, ENGINE.render(brief, None, Path(scratch), Watch())


def hole_in(brief: Brief, kept: Rendering, start: float, end: float, stems: Sequence[StemName] = STEMS) -> Hole:
    """A hole between two times, its edges on whole samples."""
    first, last = round(start * RATE), min(round(end * RATE), brief.samples)
    sound = {stem.name: stem.audio for stem in kept.stems}
    return Hole(
        first / RATE,
        (last - first) / RATE,
        tuple(stems),
        replace(kept, stems=()),
        brief,
        lambda stem, at, count: sound[stem][at : at + count],
    )


def bars_at(brief: Brief, first: int, count: int) -> tuple[float, float]:
    """Start and end of some bars, seconds."""
    lines = [float(brief.plan.tempo_map.beats[beat]) for beat in brief.plan.tempo_map.downbeats]
    return lines[first], lines[first + count]


def rerolled(hole: Hole, seed: int, watch: Watch = Watch(), brief: Brief | None = None) -> Rendering:
    """What the engine gives for a hole."""
    with TemporaryDirectory() as scratch:
        return ENGINE.render(replace(brief or hole.brief, seed=seed), hole, Path(scratch), watch)


def spliced(hole: Hole, kept: Rendering, new: Rendering) -> Rendering:
    """The new take with its sound: new inside the hole, faded in and out over 10 ms there, kept outside."""
    first, last = round(hole.start * RATE), round((hole.start + hole.duration) * RATE)
    fade = min(480, (last - first) // 2)
    ramp = np.sin(np.linspace(0, np.pi / 2, fade, dtype=np.float32))[:, None] ** 2
    share = np.ones((last - first, 1), np.float32)
    if first:
        share[:fade] = ramp
    if last < hole.brief.samples:
        share[last - first - fade :] = ramp[::-1]
    fresh = {stem.name: stem.audio for stem in new.stems}
    stems = []
    for stem in kept.stems:
        audio: Audio = stem.audio.copy()
        if stem.name in fresh:
            audio[first:last] = audio[first:last] * (1 - share) + fresh[stem.name][first:last] * share
        stems.append(Stem(stem.name, audio))
    return replace(new, stems=tuple(stems))
