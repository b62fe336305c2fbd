"""Seams of a hole as a listener would measure them, with librosa, pyloudnorm and numpy alone.

Conventions
    Sounds are float64, shape [samples, 2], full scale 1; a seam is the sample where a hole begins or ends. Three sounds
    are laid side by side: `made`, the take; `old`, the take before it; `asked`, the notes of the take played through
    without a seam, which is right within `REACH_S` of the seam.
What is measured
    Flux: the mean change of a mel spectrum in dB from one hundredth of a second to the next. Step: the K-weighted level
    of the 200 ms after the seam beside the 200 ms before it. Kink: the largest difference of neighbouring differences
    of samples. Phase: how far onsets lie from the beats of the tempo map, on the median.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import librosa
import numpy as np
import pyloudnorm
from librosa.onset import onset_strength
from numpy.typing import NDArray

from tests.acceptance.hearing import onsets_in

Sound = NDArray[np.float64]

REACH_S = 0.4
"""How far beyond a hole its notes are played for these measures."""
FADE_S = 0.05
"""The longest cross-fade, inside the hole."""
HOP_S = 0.01
WINDOW_S = 0.02
BANDS = 64
BELOW_LOUDEST_DB = 60.0
"""What lies further below the loudest band and moment of the mix is not heard."""
LEVEL_S = 0.2
QUIET = 1e-5
"""Power, -50 dB of full scale, added to levels: what lies 30 dB below a mix makes no step."""
AROUND_S = 0.05
"""Sound around a seam in which a kink of the music itself may lie."""
NEAR_A_BEAT_S = 0.03
PHASE_S = 4.0
"""Music on either side of a seam in which beats are compared."""
SAME_DB = 2.0
"""What an attack may rise more than it does alone: it depends on what sounded before."""


@dataclass(frozen=True)
class Seam:
    """One edge of a hole in one file."""

    stem: str
    edge: str
    """"left" or "right"."""
    flux: float
    """The highest within the cross-fade, dB."""
    kept_flux: float
    """99th percentile of the flux of all that is kept."""
    line_flux: float
    """99th percentile of the highest flux at each bar line that is kept; 0 where there are none."""
    own_flux: float
    """The highest flux at that moment of the take before and of the notes played through."""
    step: float
    """LU from before the seam to after it."""
    own_steps: tuple[float, float]
    """The same of the notes played through, and from the one take to the other without a cross-fade."""
    kink: float
    own_kink: float
    """The largest around the seam in the take before and in the notes played through."""

    @property
    def below_kept(self) -> bool:
        """The flux is that of the kept sound, 99 times in 100, or less."""
        return self.flux <= self.kept_flux

    @property
    def below_own(self) -> bool:
        """The same, or what is played at that moment anyway rises as much."""
        return self.flux <= max(self.kept_flux, self.own_flux + SAME_DB)

    @property
    def below_lines(self) -> bool:
        """The same, or the kept music itself does so at its bar lines."""
        return self.flux <= max(self.kept_flux, self.own_flux + SAME_DB, self.line_flux)

    @property
    def excess_step(self) -> float:
        """LU by which the step is larger than the notes ask for; a cross-fade may make it smaller."""
        lowest, highest = min(0.0, *self.own_steps), max(0.0, *self.own_steps)
        return max(lowest - self.step, self.step - highest, 0.0)

    @property
    def excess_kink(self) -> float:
        """How many times as large as the largest of the music the kink is."""
        return self.kink / self.own_kink


def seam(
    stem: str,
    edge: str,
    at: int,
    hole: tuple[int, int],
    sounds: tuple[Sound, Sound, Sound],
    lines: Sequence[float],
    silence: float,
    rate: int,
) -> Seam:
    """Measure a seam.

    Args:
        stem: for the record.
        edge: "left" or "right".
        at: the sample where the hole begins or ends.
        hole: its first sample and the one after its last.
        sounds: made, old and asked.
        lines: bar lines, seconds.
        silence: dB, as `silence_of` the mix.
        rate: samples per second.
    """
    made, old, asked = sounds
    fade = _span(at, edge, rate)
    whole = mel_flux(made, rate, silence)
    times = np.arange(len(whole)) * HOP_S
    kept = (times < hole[0] / rate - FADE_S) | (times > hole[1] / rate + FADE_S)
    own = [_near(sound, at, rate, silence, edge) for sound in (old, asked)]
    wide = round(AROUND_S * rate)
    around = slice(max(0, fade.start - wide), fade.stop + wide)
    return Seam(
        stem,
        edge,
        _near(made, at, rate, silence, edge),
        float(np.percentile(whole[kept], 99)) if kept.any() else 0.0,
        _at_lines(whole, [line for line in lines if not hole[0] / rate - 0.1 < line < hole[1] / rate + 0.1]),
        max(own),
        step(made, made, at, rate),
        (step(asked, asked, at, rate), step(*((old, asked) if edge == "left" else (asked, old)), at, rate)),
        kink(made[fade]),
        max(kink(old[around]), kink(asked[around])) + 4 / 2**23,
    )


def silence_of(mix: Sound, rate: int) -> float:
    """The level of a mel band, dB, up to which nothing is heard beside a mix."""
    return float(_mel(mix, rate, -120).max()) - BELOW_LOUDEST_DB


def mel_flux(sound: Sound, rate: int, silence: float) -> NDArray[np.float64]:
    """Mean rise over the bands of a mel spectrum from each frame to the next, dB; shape [frames]."""
    return np.asarray(onset_strength(S=_mel(sound, rate, silence), sr=rate, lag=1, center=False), np.float64)


def step(before: Sound, after: Sound, at: int, rate: int) -> float:
    """LU from the 200 ms of one sound before a sample to the 200 ms of another after it."""
    return _level(after, at, rate)[1] - _level(before, at, rate)[0]


def _level(sound: Sound, at: int, rate: int) -> tuple[float, float]:
    """Loudness of the 200 ms before a sample, and of those after it."""
    length = round(LEVEL_S * rate)
    part = sound[max(0, at - 3 * length) : at + length]
    for weighting in pyloudnorm.Meter(rate)._filters.values():
        part = np.stack([weighting.apply_filter(channel) for channel in part.T], axis=1)
    powers = [np.square(side).mean(axis=0).sum() for side in (part[-2 * length : -length], part[-length:])]
    before, after = (float(10 * np.log10(power + QUIET)) for power in powers)
    return before, after


def kink(sound: Sound) -> float:
    """The largest second difference of samples."""
    return float(np.abs(np.diff(sound, 2, axis=0)).max(initial=0.0))


def phase_error_ms(mix: Sound, at: int, beats: Sequence[float], notes: Sequence[float], rate: int) -> float | None:
    """How far the beat after a seam lies from where the beat before it lets one expect it, ms.

    What is played on a beat may be meant to lie behind it: onsets are measured against the notes that lie near beats.

    Args:
        mix: of the take.
        at: the seam.
        beats: seconds.
        notes: when the take's notes begin, seconds.
        rate: samples per second.

    Returns:
        None where fewer than three onsets on either side belong to such notes.
    """
    begin = max(0, at - round((PHASE_S + 1) * rate))
    excerpt = mix[begin : at + round((PHASE_S + 1) * rate)].mean(axis=1).astype(np.float32)
    onsets = onsets_in(excerpt, rate) + begin / rate
    seconds, near = at / rate, [note for note in notes if np.abs(np.asarray(beats) - note).min() <= NEAR_A_BEAT_S]
    before = _phase_ms(onsets, [note for note in near if seconds - PHASE_S < note < seconds - NEAR_A_BEAT_S])
    after = _phase_ms(onsets, [note for note in near if seconds + NEAR_A_BEAT_S < note < seconds + PHASE_S])
    return None if before is None or after is None else abs(after - before)


def _phase_ms(onsets: NDArray[np.float64], notes: Sequence[float]) -> float | None:
    """Median distance of onsets from the notes that they are nearest to, ms."""
    if not notes:
        return None
    distances = onsets - np.asarray(notes)[np.abs(onsets[:, None] - np.asarray(notes)).argmin(axis=1)]
    near = distances[np.abs(distances) <= NEAR_A_BEAT_S]
    return 1000 * float(np.median(near)) if len(near) >= 3 else None


def _span(at: int, edge: str, rate: int) -> slice:
    """The samples of the longest cross-fade and one beside the seam."""
    fade = round(FADE_S * rate)
    return slice(at - 2, at + fade) if edge == "left" else slice(at - fade, at + 2)


def _near(sound: Sound, at: int, rate: int, silence: float, edge: str) -> float:
    """The highest flux between 10 ms outside of a seam and 10 ms beyond the cross-fade."""
    hop = round(HOP_S * rate)
    begin = max(0, (at - round(REACH_S * rate * 0.7)) // hop * hop)
    flux = mel_flux(sound[begin : at + round(REACH_S * rate * 0.7)], rate, silence)
    fade = (-HOP_S, FADE_S + HOP_S) if edge == "left" else (-FADE_S - HOP_S, HOP_S)
    first, last = ((at / rate + offset - begin / rate) / HOP_S for offset in fade)
    return float(flux[max(1, int(np.ceil(first))) : int(last) + 1].max())


def _at_lines(flux: NDArray[np.float64], lines: Sequence[float]) -> float:
    """99th percentile of the highest flux at each of some moments."""
    places = [slice(max(0, round((line - HOP_S) / HOP_S)), round((line + FADE_S + HOP_S) / HOP_S)) for line in lines]
    highest = [float(flux[place].max()) for place in places if len(flux[place])]
    return float(np.percentile(highest, 99)) if highest else 0.0


def _mel(sound: Sound, rate: int, silence: float) -> NDArray[np.float64]:
    power: Sound = sum(
        librosa.feature.melspectrogram(
            y=np.ascontiguousarray(channel, np.float32),
            sr=rate,
            n_fft=round(WINDOW_S * rate),
            hop_length=round(HOP_S * rate),
            n_mels=BANDS,
            fmax=16_000,
        )
        for channel in sound.T
    )
    levels: Sound = np.maximum(10 * np.log10(np.asarray(power, np.float64) + 1e-12), silence)
    return levels
