"""The bend is exact, smooth and honest about what it cannot do."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.brief import FloatArray
from core.rhythm.bend import Anchors, bend


def wandering(seed: int, beats: int, base: float) -> FloatArray:
    """A playable map: its tempo wanders, but never fast and never far."""
    rng = np.random.default_rng(seed)
    drift = np.zeros(beats)
    for k in range(1, beats):
        drift[k] = np.clip(drift[k - 1] + rng.normal(0, 0.006), -0.03, 0.03)
    return np.concatenate([[0.0], np.cumsum(base * (1 + drift))])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), beats=st.integers(12, 300), apart=st.integers(2, 9), base=st.floats(0.2, 1.2))
def test_anchors_of_a_playable_map_are_met_exactly_within_the_limits(
    seed: int, beats: int, apart: int, base: float
) -> None:
    rng = np.random.default_rng(seed)
    true = wandering(seed, beats, base)
    whole = np.arange(0, beats, apart)
    fraction = rng.choice([0.0, 0.5, 1 / 3, 0.25], len(whole))
    fraction[0] = 0.0
    times = (1 - fraction) * true[whole] + fraction * true[whole + 1]
    bent = bend(Anchors(whole, fraction, times), np.full(beats, base), np.zeros(beats + 1, dtype=bool))
    assert not len(bent.strained)
    met = (1 - fraction) * bent.beats[whole] + fraction * bent.beats[whole + 1]
    assert np.abs(met - times).max() < 1e-9
    periods = np.diff(bent.beats)
    assert np.abs(periods / base - 1).max() <= 0.04
    assert np.abs(periods[1:] / periods[:-1] - 1).max() <= 0.02
    # no rougher than the map that the anchors were taken from
    assert np.sum(np.diff(periods) ** 2) <= np.sum(np.diff(np.diff(true)) ** 2) + 1e-12


def test_a_single_anchor_leaves_the_tempo_steady() -> None:
    bent = bend(Anchors(np.array([5]), np.array([0.5]), np.array([3.0])), np.full(20, 0.5), np.zeros(21, dtype=bool))
    assert np.allclose(np.diff(bent.beats), 0.5, atol=1e-9)
    assert abs((bent.beats[5] + bent.beats[6]) / 2 - 3.0) < 1e-9


def test_what_no_tempo_can_meet_is_named_where_it_strains() -> None:
    times = np.array([0.0, 5.0, 5.6, 10.0])  # ten beats, then one that is a fifth too long
    bent = bend(Anchors(np.array([0, 10, 11, 20]), np.zeros(4), times), np.full(24, 0.5), np.zeros(25, dtype=bool))
    assert len(bent.strained)
    assert np.all((bent.strained >= 7) & (bent.strained <= 14))


def test_the_tempo_may_jump_only_where_a_section_changes_it() -> None:
    anchors = Anchors(np.array([0, 16, 32]), np.zeros(3), np.array([0.0, 8.0, 8.0 + 16 * 0.58]))
    base = np.where(np.arange(40) < 16, 0.5, 0.58)
    jumps = np.zeros(41, dtype=bool)
    assert len(bend(anchors, base, jumps).strained)
    jumps[16] = True
    bent = bend(anchors, base, jumps)
    assert not len(bent.strained)
    assert np.allclose(np.diff(bent.beats), base, atol=2e-3)
