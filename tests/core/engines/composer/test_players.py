"""Notes on their samples, whatever the blocks in which they are asked for."""

from __future__ import annotations

from threading import Event

import numpy as np
import pytest

from core.brief import Note
from core.engines.composer.players import Key, Players
from core.engines.composer.score import Part, Score, Stop

RATE = 8_000


def steady(key: Key) -> np.ndarray:
    """A note that is 1 for two seconds, whatever is asked for."""
    assert key.instrument == "strings"
    return np.ones((1, 2 * RATE), dtype=np.float32)


def played(block: int) -> np.ndarray:
    """The harmony stem of one held note that a stop at 1 s ends, shape [2, samples]."""
    part = Part("strings", "harmony", "strings", (Note(0.1, 1.9, 60, 100),))
    players = Players(Score(2.0, (part,), (), (), stops=(Stop(1.0, 1.5),)), RATE, 2 * RATE, steady)
    pieces = []
    for first in range(0, 2 * RATE, block):
        feed = players.feed("harmony", first, block, Event())
        pieces.append(np.zeros((2, block), dtype=np.float32) if feed is None else feed[0])
    return np.concatenate(pieces, axis=1)


@pytest.mark.parametrize("block", [16_000, 8_000, 4_000, 160, 100, 32, 20])
def test_a_note_that_a_stop_ends_fades_the_same_in_blocks_of_any_length(block: int) -> None:
    sound, whole = played(block), played(2 * RATE)
    assert np.array_equal(sound, whole)
    assert np.all(whole[0, RATE // 10 : RATE - 40] == whole[0, RATE // 10])
    assert not whole[:, RATE + 40 :].any()
    assert np.abs(np.diff(whole[0, RATE - 80 :])).max() < 0.2
