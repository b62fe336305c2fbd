"""Beats of audio that nobody planned, judged by mir_eval."""

from __future__ import annotations

import mir_eval
import numpy as np
import pytest

from core.brief import FloatArray
from core.errors import UnusableInput
from core.rhythm.track import track


def drums(beats: FloatArray, seconds: float, sample_rate: int, seed: int = 0) -> FloatArray:
    """Kicks on beats and quiet hats between them over a soft hiss."""
    rng = np.random.default_rng(seed)
    audio = rng.normal(0, 0.002, int(seconds * sample_rate))
    decay = np.arange(int(0.2 * sample_rate)) / sample_rate
    kick = np.sin(2 * np.pi * (50 * decay + 4 * (1 - np.exp(-decay / 0.02)))) * np.exp(-decay / 0.06)
    hat = rng.normal(0, 0.03, len(decay)) * np.exp(-decay / 0.015)
    for sound, times in ((kick, beats), (hat, (beats[:-1] + beats[1:]) / 2)):
        for start in np.rint(times * sample_rate).astype(int):
            piece = audio[start : start + len(sound)]
            piece += sound[: len(piece)]
    return audio


@pytest.mark.parametrize(("bpm", "sample_rate"), [(90.0, 48_000), (124.0, 44_100), (150.0, 48_000)])
def test_beats_of_a_drum_track_are_found_within_milliseconds(bpm: float, sample_rate: int) -> None:
    wobble = 60 / bpm * (1 + 0.02 * np.sin(np.arange(60) / 6))
    beats = 0.3 + np.cumsum(wobble)
    beats = beats[beats < 24]
    found = track(drums(beats, 25.0, sample_rate), sample_rate, start_bpm=bpm)
    assert mir_eval.beat.f_measure(beats, found) > 0.95
    matched = np.abs(found[:, None] - beats).min(axis=1)
    assert np.median(matched) < 0.004


def test_stereo_is_heard_as_its_mean() -> None:
    mono = drums(np.arange(0.5, 14, 0.5), 15.0, 22_050)
    assert np.array_equal(track(mono, 22_050), track(np.stack([mono, mono], axis=1), 22_050))


def test_silence_and_a_blink_have_no_beat() -> None:
    assert len(track(np.zeros(48_000 * 3), 48_000)) == 0
    assert len(track(np.ones(100), 48_000)) == 0


def test_audio_of_another_shape_or_with_holes_is_refused() -> None:
    with pytest.raises(UnusableInput):
        track(np.zeros((100, 3)), 48_000)
    with pytest.raises(UnusableInput):
        track(np.full(48_000, np.nan), 48_000)
