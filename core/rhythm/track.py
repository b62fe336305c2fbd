"""Beats of any audio, where nobody planned them.

Source
    Ellis (2007), "Beat tracking by dynamic programming", as librosa has it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.brief import FloatArray
from core.errors import UnusableInput

RATE = 22_050
"""Sample rate at which audio is listened to."""
HOP = 256
"""Samples between looks: 12 ms."""
FINE_HOP, FINE_FRAME = 32, 128
"""Samples when a beat is placed exactly: 1.5 ms and 6 ms."""
AROUND = 0.05
"""Seconds around a tracked beat in which its sound is looked for."""
CLEAR = 6.0
"""Rise in dB that places a beat."""


def track(audio: NDArray[np.floating], sample_rate: int, start_bpm: float = 120.0) -> FloatArray:
    """Beat times of audio, in seconds, increasing, shape [beats]; empty where no beat is heard.

    Args:
        audio: mono, shape [samples], or stereo, shape [samples, 2].
        sample_rate: in Hz.
        start_bpm: the tempo expected; the tracker leans towards it by half an octave or so.

    Raises:
        UnusableInput: the audio has another shape, or holds values that are no numbers.
    """
    import soxr
    from librosa.beat import beat_track
    from librosa.onset import onset_strength

    if audio.ndim not in (1, 2) or (audio.ndim == 2 and audio.shape[1] != 2):
        raise UnusableInput("Beats can be tracked in mono or stereo audio only", f"shape {audio.shape}")
    mono = np.asarray(audio if audio.ndim == 1 else audio.mean(axis=1), dtype=np.float32)
    if not np.isfinite(mono).all():
        raise UnusableInput("The audio holds values that are no numbers", do="Export it again.")
    mono = soxr.resample(mono, sample_rate, RATE)
    if len(mono) < RATE // 2 or not np.any(mono):
        return np.zeros(0)
    strength = onset_strength(y=mono, sr=RATE, hop_length=HOP)
    _, beats = beat_track(
        onset_envelope=strength, sr=RATE, hop_length=HOP, start_bpm=start_bpm, trim=False, units="time"
    )
    return _sharpen(mono, np.asarray(beats, dtype=np.float64))


def _sharpen(mono: NDArray[np.float32], beats: FloatArray) -> FloatArray:
    """Beats moved onto the steepest rise of the sound near them; those without one move as the others do."""
    count = (len(mono) - FINE_FRAME) // FINE_HOP
    if count < 8 or not len(beats):
        return beats
    power = np.concatenate([[0.0], np.cumsum(mono.astype(np.float64) ** 2)])
    starts = np.arange(count) * FINE_HOP
    energy = power[starts + FINE_FRAME] - power[starts]
    level = 10 * np.log10(energy + 1e-6 * energy.max() + 1e-12)
    rise = np.maximum(level[4:] - level[:-4], 0.0)
    times = (starts[4:] + (FINE_FRAME - 4 * FINE_HOP) / 2) / RATE
    edges = np.searchsorted(times, [beats - AROUND, beats + AROUND])
    moves = np.full(len(beats), np.nan)
    for k, (low, high) in enumerate(edges.T):
        if low < high and rise[low:high].max() > CLEAR:
            moves[k] = times[low + int(np.argmax(rise[low:high]))] - beats[k]
    if np.isnan(moves).all():
        return beats
    usual = float(np.nanmedian(moves))
    moves = np.where(np.isnan(moves) | (np.abs(moves - usual) > AROUND / 2), usual, moves)
    moved = beats + moves
    return moved if np.all(np.diff(moved) > 0) else beats + usual
