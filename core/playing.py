"""Music on the grid: an engine's whole cue, its beats warped onto the tempo map where it plays freely."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.mapped import mapped
from core.brief import Brief, How, Rendering
from core.engines.engine import Engine
from core.rhythm.conform import conform
from core.rhythm.track import track
from core.watch import Watch

TRACKED_RATE = 22_050
"""Samples per second at which beats are looked for in free music."""
BLOCK = 1 << 20
"""Samples that are mixed at a time."""


def played(engine: Engine, brief: Brief, scratch: Path, watch: Watch) -> Rendering:
    """A whole cue on the grid, with how every hit is met.

    Args:
        engine: who plays.
        brief: what it is told.
        scratch: a folder for arrays too long for memory.
        watch: progress and cancellation.

    Raises:
        EngineNotReady: the engine cannot do what is asked.
        Cancelled: the user stopped the work.
    """
    rendering = engine.render(brief, None, scratch, watch)
    if not engine.abilities.on_grid:
        rendering = _conformed(rendering, brief, scratch, watch)
    return rendering if rendering.how else replace(rendering, how=on_the_grid(brief))


def _conformed(rendering: Rendering, brief: Brief, scratch: Path, watch: Watch) -> Rendering:
    """Free music with its beats warped onto the tempo map, all stems by the same warp, in files in `scratch`."""
    mono = np.concatenate(list(_downmixed(rendering, brief, watch)))
    beats = track(mono, TRACKED_RATE, brief.plan.bpm)
    stems = []
    for stem in rendering.stems:
        into = mapped(scratch / f"conformed {stem.name}", brief.samples)
        conform(stem.audio, brief.sample_rate, beats, brief.plan.tempo_map, brief.samples, watch, into)
        stems.append(replace(stem, audio=into))
    return replace(rendering, stems=tuple(stems), how=())


def on_the_grid(brief: Brief) -> tuple[How | None, ...]:
    """How hits are met by music that does not say so: they fall on its grid."""
    return tuple("grid" if met.met else None for met in brief.plan.met)


def _downmixed(rendering: Rendering, brief: Brief, watch: Watch) -> Iterator[NDArray[np.float32]]:
    """The mix as one channel at the rate at which beats are looked for, block by block."""
    import soxr

    stream = soxr.ResampleStream(brief.sample_rate, TRACKED_RATE, 1)
    for start in range(0, brief.samples, BLOCK):
        watch.check()
        block = np.zeros(len(rendering.stems[0].audio[start : start + BLOCK]), np.float32)
        for stem in rendering.stems:
            block += stem.audio[start : start + BLOCK].mean(axis=1)
        yield stream.resample_chunk(block, last=start + BLOCK >= brief.samples)
