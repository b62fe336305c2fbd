"""Accepted hits are heard in the rendered audio, judged by librosa's onsets and by level, and not by chance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.brief import Brief, FloatArray
from core.engines.composer.compose import compose
from core.engines.composer.render import render
from core.engines.composer.score import Score
from core.watch import Watch
from tests.core.engines.composer.outlines import STYLES, TEMPO, make_brief, spread_hits

SAMPLE_RATE = 48_000
HOP = 64
HALF_A_FRAME = 0.5 / 24


def played(brief: Brief, score: Score, scratch: Path) -> list[FloatArray]:
    """The stems in mono."""
    stems = render(score, SAMPLE_RATE, brief.seed, brief.samples, scratch, Watch())
    return [np.asarray(stem.audio, dtype=np.float64).mean(axis=1) for stem in stems]


def onsets(stems: list[FloatArray]) -> FloatArray:
    """Onset times of all stems together, seconds, sorted."""
    from librosa.onset import onset_detect

    found = [
        onset_detect(y=stem.astype(np.float32), sr=SAMPLE_RATE, hop_length=HOP, units="time")
        for stem in stems
        if np.abs(stem).max() > 1e-5
    ]
    return np.sort(np.concatenate(found))


def met(times: FloatArray, heard: FloatArray) -> FloatArray:
    """1 where an onset lies within half a frame of the time, else 0."""
    nearest: FloatArray = np.abs(times[:, None] - heard[None, :]).min(axis=1)
    return np.where(nearest <= HALF_A_FRAME, 1.0, 0.0)


def drop(mix: FloatArray, time: float) -> float:
    """By how many decibels the level falls at a time, 50 ms against 50 ms."""
    at = round(time * SAMPLE_RATE)
    edge = round(0.005 * SAMPLE_RATE)
    window = round(0.05 * SAMPLE_RATE)
    before, after = mix[at - window : at], mix[at + edge : at + edge + window]
    return float(10 * np.log10((np.mean(before**2) + 1e-12) / (np.mean(after**2) + 1e-12)))


def check(style: str, seconds: int, seed: int, scratch: Path) -> None:
    """Compose, play, listen."""
    brief = make_brief(
        style, seconds=seconds, hit_beats=spread_hits(seconds, TEMPO[style], seconds // 3, seed), seed=seed
    )
    score = compose(brief)
    stems = played(brief, score, scratch)
    heard = onsets(stems)
    struck = np.array(
        [m.hit.time for m, how in zip(brief.plan.met, score.how, strict=True) if how in ("accent", "grid")]
    )
    share = float(met(struck, heard).mean())
    chance = float(met(np.random.default_rng(0).uniform(0, seconds, 400), heard).mean())
    assert share >= 0.98
    assert chance < share / 2
    mix = np.sum(stems, axis=0)
    for m, how in zip(brief.plan.met, score.how, strict=True):
        if how == "stop":
            assert drop(mix, m.hit.time) >= 12.0


@pytest.mark.parametrize("style", ["action", "documentary"])
def test_hits_are_heard_within_half_a_frame_and_random_times_are_not(style: str, tmp_path: Path) -> None:
    check(style, 20, 1, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize("style", STYLES)
def test_hits_are_heard_in_every_style(style: str, seed: int, tmp_path: Path) -> None:
    check(style, 40, seed, tmp_path)


def test_a_stop_falls_by_twelve_decibels_and_comes_back(tmp_path: Path) -> None:
    for seed in range(20):
        brief = make_brief("tension", seconds=20, hit_beats=(9,), musts=(13.0, 18.0), seed=seed)
        score = compose(brief)
        stopped = [m.hit.time for m, how in zip(brief.plan.met, score.how, strict=True) if how == "stop"]
        if stopped:
            break
    mix = np.sum(played(brief, score, tmp_path), axis=0)
    assert stopped
    for stop in score.stops:
        assert drop(mix, stop.time) >= 12.0
        assert drop(mix[::-1], 20.0 - stop.until) >= 12.0


def test_a_ringing_end_dies_away_and_a_cut_does_not(tmp_path: Path) -> None:
    def last_level(style: str) -> float:
        brief = make_brief(style, seconds=12)
        mix = np.sum(played(brief, compose(brief), tmp_path), axis=0)
        frame = SAMPLE_RATE // 24
        return float(20 * np.log10(np.sqrt(np.mean(mix[-frame:] ** 2)) / np.sqrt(np.mean(mix**2))))

    assert last_level("uplift") < -40
    assert last_level("electronic") > -25
