"""Loudness and true peak, against pyloudnorm and against oversampling by scipy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter, resample, resample_poly

from core.audio.loudness import CELL, HALF, Loudness, TruePeak, cell_peaks, integrated_loudness, true_peak
from core.brief import Audio


def music(sample_rate: int, seconds: float, seed: int = 0) -> Audio:
    """Something like music: beats of bass and noise, a held tone, a quiet opening; shape [samples, 2]."""
    samples = round(sample_rate * seconds)
    time = np.arange(samples) / sample_rate
    decay = np.exp(-8 * (time % 0.5))
    bass = 0.3 * np.sin(2 * np.pi * 55 * time) * decay + 0.1 * np.sin(2 * np.pi * 880 * time) * (time > seconds / 3)
    hiss = lfilter([0.3], [1, -0.7], np.random.default_rng(seed).standard_normal((samples, 2)), axis=0)
    sound = bass[:, None] * [1.0, 0.8] + 0.1 * hiss * decay[:, None]
    sound[: samples // 5] *= 0.01
    return np.asarray(sound, np.float32)


@pytest.mark.parametrize("sample_rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("seconds", [2.0, 12.0])
def test_loudness_agrees_with_pyloudnorm(sample_rate: int, seconds: float) -> None:
    sound = music(sample_rate, seconds)
    for filters in ("K-weighting", "DeMan"):
        reference = pyloudnorm.Meter(sample_rate, filter_class=filters).integrated_loudness(sound.astype(float))
        assert integrated_loudness(sound, sample_rate) == pytest.approx(reference, abs=0.05)


def test_the_standards_own_example_reads_as_it_should() -> None:
    """BS.1770: a 997 Hz sine of full scale in one channel reads -3.01 LKFS."""
    sine = np.sin(2 * np.pi * 997 * np.arange(96_000) / 48_000)
    sound = np.stack([sine, np.zeros_like(sine)], axis=1).astype(np.float32)
    assert integrated_loudness(sound, 48_000) == pytest.approx(-3.01, abs=0.01)


def test_a_sting_shorter_than_a_gating_block_is_as_loud_as_the_same_sound_held() -> None:
    sine = np.sin(2 * np.pi * 997 * np.arange(48_000) / 48_000)
    sound = np.stack([sine, sine], axis=1).astype(np.float32) * 0.1
    assert integrated_loudness(sound[: 48 * 300], 48_000) == pytest.approx(integrated_loudness(sound, 48_000), abs=0.1)


@settings(deadline=None, max_examples=20)
@given(sizes=st.lists(st.integers(1, 90_000), min_size=1, max_size=8))
def test_a_stream_measures_the_same_in_any_blocks(sizes: list[int]) -> None:
    sound = music(48_000, 3.3)
    loudness, peak = Loudness(48_000), TruePeak()
    edges = np.minimum(np.cumsum([0, *sizes, len(sound)]), len(sound))
    for start, stop in pairwise(edges):
        loudness.add(sound[start:stop])
        peak.add(sound[start:stop])
    assert loudness.integrated() == pytest.approx(integrated_loudness(sound, 48_000), abs=1e-6)
    assert peak.peak() == pytest.approx(true_peak(sound), abs=1e-4)


@pytest.mark.parametrize("sample_rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("seed", range(4))
def test_true_peak_agrees_with_resampling(sample_rate: int, seed: int) -> None:
    sound = music(sample_rate, 2, seed)
    finer = resample_poly(sound.astype(float), 4, 1, axis=0, window=("kaiser", 8.0))
    assert true_peak(sound) == pytest.approx(20 * np.log10(np.abs(finer).max()), abs=0.1)


def test_a_peak_between_samples_is_seen() -> None:
    """A quarter of the sampling rate, sampled 45 degrees beside its crests: samples at -3 dB, peaks at 0 dB."""
    time = np.arange(48_000)
    tone = np.sin(np.pi * time / 2 + np.pi / 4) * np.hanning(48_000)
    sound = np.stack([tone, tone * 0.5], axis=1).astype(np.float32)
    assert 20 * np.log10(np.abs(sound).max()) == pytest.approx(-3.01, abs=0.01)
    assert true_peak(sound) == pytest.approx(0, abs=0.05)


def test_a_peak_that_rings_out_after_the_last_sample_is_seen() -> None:
    tone = np.sin(np.pi * np.arange(4_800) / 2 + np.pi / 4)
    sound = np.stack([tone, tone], axis=1).astype(np.float32)[:4_799]
    finer = resample(np.pad(sound.astype(float), ((4_801, 4_800), (0, 0))), 4 * 14_400)
    assert true_peak(sound) == pytest.approx(20 * np.log10(np.abs(finer).max()), abs=0.1)


@settings(deadline=None, max_examples=40)
@given(cells=st.integers(1, 60), smooth=st.floats(0, 0.99), share=st.floats(0, 1.2), seed=st.integers(0, 99))
def test_no_peak_is_missed_where_only_likely_places_are_looked_at(
    cells: int, smooth: float, share: float, seed: int
) -> None:
    noise = np.random.default_rng(seed).standard_normal((HALF - 1 + cells * CELL + HALF, 2))
    frames = lfilter([1 - smooth], [1, -smooth], noise * np.hanning(len(noise))[:, None], axis=0).astype(np.float32)
    everywhere = cell_peaks(frames, 0)
    floor = share * everywhere.max()
    passing = everywhere > floor
    np.testing.assert_allclose(cell_peaks(frames, floor)[passing], everywhere[passing], rtol=1e-5)


@pytest.mark.parametrize("samples", [0, 1, 100, 96_000])
def test_silence_is_endlessly_quiet(samples: int) -> None:
    silence = np.zeros((samples, 2), np.float32)
    assert integrated_loudness(silence, 48_000) == -np.inf
    assert true_peak(silence) == -np.inf
