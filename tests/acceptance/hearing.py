"""Ears of the tests: what a listener would measure on the files, with librosa, mir_eval and soundfile alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import librosa
import mir_eval
import numpy as np
import scipy.signal
import soundfile
from librosa.beat import beat_track
from librosa.onset import onset_strength
from numpy.typing import NDArray

HOP = 64
"""1.33 ms at 48 kHz."""
WINDOW = 1024
FLUX_LAG = 6
"""Frames between the spectra that are compared: 8 ms."""
BEFORE = 64
"""Frames of silence that are heard before a file."""
THRESHOLD_DB = 2.5
"""Mean rise over the mel bands that counts as an onset."""


def mono(file: str | Path) -> tuple[NDArray[np.float32], int]:
    """The file's samples as one channel, and its sample rate."""
    audio, sample_rate = soundfile.read(file, dtype="float32", always_2d=True)
    return audio.mean(axis=1), sample_rate


def onset_times(file: str | Path) -> NDArray[np.float64]:
    """Seconds of the onsets in a file: peaks of the spectral flux on a mel scale, hop 64."""
    return onsets_in(*mono(file))


def onsets_in(audio: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """Seconds of the onsets in the samples of one channel."""
    if not np.any(np.abs(audio) > 1e-5):
        return np.zeros(0)
    # The first note of a file comes out of silence too.
    audio = np.concatenate([np.zeros(BEFORE * HOP, np.float32), audio])
    power = librosa.feature.melspectrogram(y=audio, sr=sample_rate, n_fft=WINDOW, hop_length=HOP, n_mels=48, fmin=40)
    level = librosa.power_to_db(power, ref=np.max, top_db=70)
    flux = onset_strength(S=level, sr=sample_rate, hop_length=HOP, lag=FLUX_LAG, center=False)
    peaks = librosa.util.peak_pick(
        flux, pre_max=12, post_max=12, pre_avg=60, post_avg=60, delta=THRESHOLD_DB, wait=15, sparse=True
    )
    # The flux between two spectra peaks half a lag and half a rise of the window before the window is centred.
    return (np.asarray(peaks) - BEFORE - FLUX_LAG / 2) * HOP / sample_rate


def drops(mix: str | Path, time: float, half_frame: float) -> bool:
    """Whether the level of a file falls by 12 dB or more within half a frame of a time."""
    audio, sample_rate = mono(mix)
    span = int(0.040 * sample_rate)

    def level(start: float) -> float:
        first = max(0, int(start * sample_rate))
        part = audio[first : first + span].astype(np.float64)
        return float(10 * np.log10(np.mean(part**2) + 1e-12))

    return level(time - half_frame - 0.040) - level(time + half_frame) >= 12


def heard_share(result: Mapping[str, Any], times: Sequence[float] | None = None) -> float:
    """Share of a cue's accepted hits (or of the given times) that are heard within half a frame."""
    numerator, denominator = (int(part) for part in str(result["rate"]).split("/"))
    half_frame = denominator / numerator / 2
    onsets = np.sort(np.concatenate([onset_times(file) for file in result["stems"].values()]))
    if times is not None:
        return float(np.mean([_near(onsets, time, half_frame) for time in times]))
    accepted = [hit for hit in result["hits"] if hit["met"]]
    heard = [
        drops(result["mix"], hit["time"], half_frame)
        if hit["how"] == "stop"
        else _near(onsets, hit["time"], half_frame)
        for hit in accepted
    ]
    return float(np.mean(heard))


def _near(onsets: NDArray[np.float64], time: float, tolerance: float) -> bool:
    return bool(len(onsets)) and float(np.min(np.abs(onsets - time))) <= tolerance


def beat_f_measure(result: Mapping[str, Any]) -> tuple[float, str]:
    """F-measure of beats tracked by librosa in the mix against the tempo map, and at which octave ("1", "2", "1/2")."""
    audio, sample_rate = mono(result["mix"])
    _, tracked = beat_track(
        y=librosa.resample(audio, orig_sr=sample_rate, target_sr=22_050), sr=22_050, hop_length=256, units="time"
    )
    beats = np.asarray(result["beats"])
    beats = beats[(beats >= 0) & (beats < result["duration"])]
    between = np.interp(np.arange(2 * len(beats) - 1) / 2, np.arange(len(beats)), beats)
    readings = {"1": beats, "2": between, "1/2": beats[::2], "1/2 late": beats[1::2]}
    scores = {name: mir_eval.beat.f_measure(reference, np.asarray(tracked)) for name, reference in readings.items()}
    best = max(scores, key=lambda name: scores[name])
    return float(scores[best]), best


def true_peak_db(audio: NDArray[np.float64], sample_rate: int) -> float:
    """True peak in dBTP, by resampling to four times the rate in pieces."""
    peak = 0.0
    for start in range(0, len(audio), 10 * sample_rate):
        piece = audio[max(0, start - 64) : start + 10 * sample_rate + 64]
        peak = max(peak, float(np.abs(scipy.signal.resample_poly(piece, 4, 1, axis=0)).max()))
    return 20 * float(np.log10(peak + 1e-12))
