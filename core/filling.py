"""What every way to fill a hole needs: the cue's engine, and the hole as that engine is told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from core import engines
from core.audio.files import WavReader, as_audio
from core.brief import Audio, Brief, Hole, How, Rendering, StemName
from core.cue.folder import Cue
from core.engines.engine import Engine
from core.errors import EngineNotReady, UnusableInput


def engine_of(cue: Cue) -> Engine:
    """The engine that made the take in use, once it is seen that it can play again.

    Raises:
        EngineNotReady: it cannot work now.
        UnusableInput: the SoundFont is not there.
    """
    engine = engines.engine(cue.maker(cue.take).engine)
    readiness = engine.ready()
    if not readiness.ready:
        raise EngineNotReady(readiness.why, engine.name)
    soundfont = cue.brief.soundfont
    if soundfont is not None and not soundfont.is_file():
        raise UnusableInput("The SoundFont of this cue is not there", str(soundfont), "Bring it back to its place.")
    return engine


def hole_of(
    files: Mapping[StemName, Path], kept: Rendering, brief: Brief, span: tuple[int, int], stems: Sequence[StemName]
) -> Hole:
    """A hole as an engine is told of it.

    Args:
        files: all stems of the take that is changed.
        kept: what was written of it besides sound.
        brief: the cue's own.
        span: first sample of the hole, and the one after its last.
        stems: to be filled.
    """
    rate, (first, last) = brief.sample_rate, span
    around = replace(kept, how=_tried_again(kept.how, brief, span))
    return Hole(first / rate, (last - first) / rate, tuple(stems), around, brief, _listening(files, brief.samples))


def _tried_again(how: Sequence[How | None], brief: Brief, span: tuple[int, int]) -> tuple[How | None, ...]:
    """How hits are to be met: those in the hole that were planned, but that the take misses, are to be met again."""
    first, last = (edge / brief.sample_rate for edge in span)
    return tuple(
        manner or ("grid" if met.met and first <= met.hit.time < last else None)
        for met, manner in zip(brief.plan.met, how, strict=True)
    )


def _listening(files: Mapping[StemName, Path], samples: int) -> Callable[[StemName, int, int], Audio]:
    """Reads kept audio at the level of its file; silence beyond the ends of the cue."""

    def heard(stem: StemName, first: int, count: int) -> Audio:
        audio = np.zeros((count, 2), np.float32)
        lower, upper = max(first, 0), min(first + count, samples)
        if lower < upper:
            with WavReader(files[stem]) as reader:
                audio[lower - first : upper - first] = as_audio(reader.read(lower, upper))
        return audio

    return heard
