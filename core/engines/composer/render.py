"""Plays a score with the house instruments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from core.brief import Stem
from core.engines.composer.cache import Cache
from core.engines.composer.instruments import INSTRUMENTS
from core.engines.composer.instruments.stroke import Sound
from core.engines.composer.mix import Window, mix
from core.engines.composer.players import NOTES_KEPT, Key, Players
from core.engines.composer.score import Score
from core.watch import Watch

NOTES = Cache(NOTES_KEPT)
"""Rendered notes by cue seed, sample rate and key: a re-roll plays many notes that were played before."""


def render(
    score: Score,
    sample_rate: int,
    seed: int,
    samples: int,
    scratch: Path,
    watch: Watch,
    window: Window | None = None,
) -> tuple[Stem, ...]:
    """The stems of a score, played by the house instruments, shape [samples, 2] each.

    The same score and seed give bit-identical stems. Ranges longer than two minutes lie in files in `scratch`, which
    must exist and outlive the stems. With a window only its stems are played, and only there are they right.

    Raises:
        Cancelled: the user stopped the work.
    """

    def voice(key: Key) -> Sound:
        instrument = INSTRUMENTS[key.instrument]
        name = crc32(key.instrument.encode())
        rng = np.random.default_rng((seed % 2**64, name, key.pitch, key.layer, key.variant))
        return instrument.play(key.pitch, key.layer / instrument.layers, key.seconds, sample_rate, rng).T

    heard = window or Window(0, samples)

    def kept(key: Key, make: Callable[[], Sound]) -> Sound:
        return NOTES.get((seed, sample_rate, key), make)

    players = Players(score, sample_rate, samples, voice, kept, heard)
    # One thread for matrix products: they are small, and the stems already share the cores.
    with threadpool_limits(limits=1, user_api="blas"):
        return mix(score, sample_rate, samples, players.feed, scratch, watch, window=heard)
