"""The eight styles are told apart by a small classifier on librosa features; seeds differ; sections show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import librosa
import numpy as np
import pytest
from librosa.onset import onset_strength
from numpy.typing import NDArray

from core.styles import STYLES
from tests.acceptance.hearing import mono
from tests.acceptance.scored import scored

SEEDS = range(5)
RATE = 22_050


def timbre(file: str) -> NDArray[np.float64]:
    """What a small classifier sees of a mix: timbre, onsets and tempo, without pitch."""
    audio, sample_rate = mono(file)
    sound = librosa.resample(audio, orig_sr=sample_rate, target_sr=RATE)
    mfcc = librosa.feature.mfcc(y=sound, sr=RATE, n_mfcc=13)
    contrast = librosa.feature.spectral_contrast(y=sound, sr=RATE)
    flatness = librosa.feature.spectral_flatness(y=sound)
    onsets = onset_strength(y=sound, sr=RATE)
    tempo = librosa.feature.tempo(onset_envelope=onsets, sr=RATE)
    rows = np.vstack([mfcc, contrast, flatness])
    return np.concatenate([rows.mean(axis=1), rows.std(axis=1), [onsets.mean(), onsets.std(), float(tempo[0])]])


@pytest.fixture(scope="module")
def cues(demo_edit: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], dict[str, Any]]:
    """The demonstration's edit in every style, with five seeds each."""
    folder = tmp_path_factory.mktemp("styles")
    return {
        (style, seed): scored(demo_edit, folder, "--style", style, "--seed", str(seed))
        for style in STYLES
        for seed in SEEDS
    }


@pytest.mark.slow
def test_a_small_classifier_tells_the_styles_apart(cues: dict[tuple[str, int], dict[str, Any]]) -> None:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.model_selection import LeaveOneGroupOut, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features = np.array([timbre(result["mix"]) for result in cues.values()])
    styles = [style for style, _ in cues]
    seeds = [seed for _, seed in cues]
    classifier = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"))
    # Each seed is held out in turn, so no cue is judged by its own.
    accuracy = cross_val_score(classifier, features, styles, groups=seeds, cv=LeaveOneGroupOut())
    assert accuracy.mean() >= 0.9


@pytest.mark.slow
def test_another_seed_is_other_music(cues: dict[tuple[str, int], dict[str, Any]]) -> None:
    for style in STYLES:
        chroma = []
        for seed in SEEDS:
            audio, sample_rate = mono(cues[style, seed]["stems"]["harmony"])
            chroma.append(librosa.feature.chroma_cqt(y=audio, sr=sample_rate, hop_length=8192))
        alike = [
            float(np.corrcoef(chroma[one].ravel(), chroma[other].ravel())[0, 1])
            for one in SEEDS
            for other in range(one)
        ]
        assert np.median(alike) < 0.5, style
