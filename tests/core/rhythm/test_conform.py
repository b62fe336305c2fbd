"""Free audio is warped so that its beats sit on a bent map; the clicks are found by scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, find_peaks, sosfiltfilt

from core.brief import Audio, FloatArray, Meter, TempoMap
from core.errors import UnusableInput
from core.rhythm.conform import conform
from core.rhythm.track import track

RATE = 48_000


def clicks(beats: FloatArray, seconds: float) -> Audio:
    """A short decaying tone at each beat, left louder than right."""
    audio = np.zeros(int(seconds * RATE))
    time = np.arange(2400) / RATE
    sound = np.sin(2 * np.pi * 1000 * time) * np.exp(-time / 0.008)
    for start in np.rint(beats * RATE).astype(int):
        piece = audio[start : start + len(sound)]
        piece += sound[: len(piece)]
    return np.stack([audio, 0.5 * audio], axis=1).astype(np.float32)


def found_clicks(audio: Audio) -> FloatArray:
    """Attack times: where the smoothed energy first reaches half of each peak."""
    low = butter(2, 200, fs=RATE, output="sos")
    level = sosfiltfilt(low, np.abs(audio[:, 0].astype(np.float64)))
    peaks, _ = find_peaks(level, height=0.3 * level.max(), distance=RATE // 5)
    below = [np.flatnonzero(level[: p + 1] < 0.5 * level[p]) for p in peaks]
    return np.array([before[-1] / RATE for before in below if len(before)])


def wobbly(bpm: float, beats: int, seed: int) -> FloatArray:
    rng = np.random.default_rng(seed)
    periods = 60 / bpm * (1 + 0.02 * np.sin(np.arange(beats) / 5) + rng.normal(0, 0.004, beats))
    return 0.2 + np.concatenate([[0.0], np.cumsum(periods)])


def bent_map(bpm: float, beats: int) -> TempoMap:
    periods = 60 / bpm * (1 + 0.03 * np.sin(np.arange(beats) / 9))
    return TempoMap(np.concatenate([[0.0], np.cumsum(periods)]), tuple(range(0, beats + 1, 4)), Meter(4, 4))


@pytest.mark.parametrize("tracked", [False, True])
def test_a_wobbly_click_track_sits_on_the_bent_map(tracked: bool) -> None:
    heard = wobbly(113.0, 62, 3)
    audio = clicks(heard, float(heard[-1]) + 1.0)
    wanted = bent_map(118.0, 70)
    beats = track(audio, RATE, 115.0) if tracked else heard
    made = conform(audio, RATE, beats, wanted, 28 * RATE + 7)
    assert made.shape == (28 * RATE + 7, 2)
    assert made.dtype == np.float32
    found = found_clicks(made)
    there = found_clicks(clicks(wanted.beats, 37.0))
    inner = there[(there > 0.3) & (there < 27.5)]
    off = np.abs(found[:, None] - inner[None, :])
    assert np.median(off.min(axis=0)) < 0.003
    assert off.min(axis=0).max() < 0.006
    assert np.count_nonzero((found > 0.3) & (found < 27.5)) == len(inner)


def test_music_heard_at_half_tempo_goes_to_every_second_beat() -> None:
    heard = np.linspace(0.0, 19.0, 20)
    wanted = bent_map(122.0, 60)
    made = conform(clicks(heard, 21.0), RATE, heard, wanted, 15 * RATE)
    off = np.abs(found_clicks(made)[1:, None] - wanted.beats[None, ::2]).min(axis=1)
    assert off.max() < 0.006


def test_music_that_already_fits_is_left_alone() -> None:
    beats = np.linspace(0.0, 20.0, 41)
    audio = clicks(beats, 20.5)
    made = conform(audio, RATE, beats, TempoMap(beats, tuple(range(0, 41, 4)), Meter(4, 4)), 20 * RATE)
    assert np.array_equal(made, audio[: 20 * RATE])


def test_the_pitch_stays() -> None:
    time = np.arange(12 * RATE) / RATE
    tone = np.stack([np.sin(2 * np.pi * 440 * time)] * 2, axis=1).astype(np.float32) * 0.5
    heard = np.linspace(0.0, 11.5, 24)
    made = conform(tone, RATE, heard, bent_map(114.0, 30), 10 * RATE)
    spectrum = np.abs(np.fft.rfft(made[RATE : 9 * RATE, 0] * np.hanning(8 * RATE)))
    assert abs(np.argmax(spectrum) / 8 - 440) < 1.0


def test_the_result_is_written_where_it_shall_go() -> None:
    beats = np.linspace(0.0, 5.0, 11)
    into = np.full((5 * RATE, 2), 9.0, dtype=np.float32)
    made = conform(clicks(beats, 5.5), RATE, beats, bent_map(118.0, 12), 5 * RATE, into=into)
    assert made is into
    assert np.abs(into).max() < 2.0


def test_a_beat_that_would_be_torn_is_refused_with_its_time() -> None:
    heard = np.array([0.0, 0.5, 1.0, 1.8, 2.3, 2.8])
    steady = TempoMap(np.linspace(0.0, 9.5, 20), (0, 4, 8, 12, 16), Meter(4, 4))
    with pytest.raises(UnusableInput, match=r"1\.00 s"):
        conform(clicks(heard, 4.0), RATE, heard, steady, 3 * RATE)


def test_music_without_beats_is_refused() -> None:
    with pytest.raises(UnusableInput):
        conform(clicks(np.array([1.0]), 4.0), RATE, np.array([1.0]), bent_map(120.0, 20), 3 * RATE)
