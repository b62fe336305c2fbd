"""How loud: integrated loudness and true peak of stereo audio, streamed block by block in bounded memory.

Conventions
    Audio is float32, shape [samples, 2], full scale 1.0. Loudness is in LUFS, true peak in dBTP; silence is -inf.
Source
    ITU-R BS.1770-4: K-weighting, gating of 400 ms blocks with 75 % overlap at -70 LUFS and 10 LU below the
    ungated mean (annex 1), peaks of the signal at four times its rate (annex 2). The standard gives filter
    coefficients for 48 kHz only; for other rates the two analogue prototypes behind them are transformed anew.
How
    Two channels are one complex signal, whose squared magnitude is the sum of channel powers that the standard
    wants. K-weighting has forgotten everything after 100 ms (below -180 dB), so it is an FFT convolution that
    discards the first 100 ms of each step. The peak between samples is computed only where samples nearby are
    high enough, or rise steeply enough, for it to matter; the result is the same as computing it everywhere.
"""

from __future__ import annotations

from functools import cache
from math import inf, log10, pi, tan

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from core.brief import Audio, FloatArray

ABSOLUTE_GATE = -70.0
RELATIVE_GATE = -10.0
OFFSET = -0.691
"""LUFS of a mean square of 1 after K-weighting."""
SEGMENTS = 14
"""100 ms segments weighted at a time; with the discarded one, an FFT of 15 segments has small factors at all rates."""

CELL = 64
"""Samples that are examined for peaks together."""
HALF = 16
"""Samples on either side that the value between two samples depends on."""
OVERSAMPLING = 4
ROUNDING = 1 + 1e-5
"""What single precision may add to a value."""

ComplexAudio = NDArray[np.complex64]


def integrated_loudness(audio: Audio, sample_rate: int) -> float:
    """Integrated loudness in LUFS of audio that lies in memory, shape [samples, 2]."""
    meter = Loudness(sample_rate)
    meter.add(audio)
    return meter.integrated()


def true_peak(audio: Audio) -> float:
    """True peak in dBTP of audio that lies in memory, shape [samples, 2]."""
    meter = TruePeak()
    meter.add(audio)
    return meter.peak()


def decibels(ratio: float) -> float:
    """20 log10 of an amplitude ratio; -inf for 0."""
    return 20 * log10(ratio) if ratio > 0 else -inf


class Loudness:
    """Integrated loudness of a stream.

    Audio shorter than one 400 ms block is measured as a single block of its own length, so that a sting of a few
    frames has a loudness too.
    """

    def __init__(self, sample_rate: int) -> None:
        self._hop = round(sample_rate / 10)
        self._response = _response(sample_rate, (SEGMENTS + 1) * self._hop)
        self._waiting = np.zeros(self._hop, np.complex64)
        self._samples = 0
        self._energies: list[FloatArray] = []

    def add(self, block: Audio) -> None:
        """Measure the next samples, shape [samples, 2]."""
        self._samples += len(block)
        self._waiting = np.concatenate([self._waiting, _complex(block)])
        step = SEGMENTS * self._hop
        start = 0
        while start + self._hop + step <= len(self._waiting):
            self._energies.append(self._weigh(self._waiting[start : start + self._hop + step]))
            start += step
        self._waiting = self._waiting[start:]

    def integrated(self, gain_db: float = 0.0) -> float:
        """Loudness in LUFS of everything added so far, were it louder by `gain_db`.

        -inf where nothing passes the absolute gate.
        """
        size = (SEGMENTS + 1) * self._hop
        rest = self._weigh(np.pad(self._waiting, (0, size - len(self._waiting))))
        energies = np.concatenate([*self._energies, rest])
        segments = self._samples // self._hop
        if segments < 4:
            powers = energies.sum(keepdims=True) / max(self._samples, 1)
        else:
            sums = np.concatenate([[0.0], np.cumsum(energies[:segments])])
            powers = (sums[4:] - sums[:-4]) / (4 * self._hop)
        return _gated(powers * 10 ** (gain_db / 10))

    def _weigh(self, samples: ComplexAudio) -> FloatArray:
        """Energy of each K-weighted segment but the first, which only leads in; shape [SEGMENTS]."""
        weighted = scipy.fft.ifft(scipy.fft.fft(samples) * self._response, overwrite_x=True)[self._hop :]
        squares = weighted.view(np.float32).reshape(SEGMENTS, -1) ** 2
        energies: FloatArray = squares.sum(axis=1, dtype=np.float64)
        return energies


class TruePeak:
    """True peak of a stream."""

    def __init__(self) -> None:
        self._highest = 0.0
        self._cells = CellPeaks()

    def add(self, block: Audio) -> None:
        """Measure the next samples, shape [samples, 2]."""
        # The highest sample first: what cannot pass it need not be interpolated.
        self._highest = max(self._highest, float(np.abs(block).max(initial=0.0)))
        self._highest = max(self._highest, float(self._cells.add(block, self._highest).max(initial=0.0)))

    def peak(self) -> float:
        """True peak in dBTP of everything added so far."""
        return decibels(max(self._highest, float(self._cells.rest(self._highest).max(initial=0.0))))


class CellPeaks:
    """True peak of each cell of a stream."""

    def __init__(self) -> None:
        self._waiting: Audio = np.zeros((HALF - 1, 2), np.float32)

    def add(self, block: Audio, floor: float) -> FloatArray:
        """Peaks, as in `cell_peaks`, of the cells that the next samples, shape [samples, 2], complete."""
        frames = np.concatenate([self._waiting, np.asarray(block, np.float32)])
        cells = max(0, (len(frames) - 2 * HALF + 1) // CELL)
        self._waiting = frames[cells * CELL :]
        return cell_peaks(frames[: cells * CELL + 2 * HALF - 1], floor)

    def rest(self, floor: float) -> FloatArray:
        """Peaks of the cells that are not complete yet, as if silence followed."""
        open_samples = len(self._waiting) - (HALF - 1)
        cells = -(-(open_samples + HALF) // CELL)
        silence = cells * CELL + 2 * HALF - 1 - len(self._waiting)
        return cell_peaks(np.pad(self._waiting, ((0, silence), (0, 0))), floor)


def cell_peaks(frames: Audio, floor: float) -> FloatArray:
    """True peak, as amplitude, of each cell of 64 samples; shape [cells].

    Args:
        frames: shape [HALF - 1 + cells * CELL + HALF, 2]: the cells with what surrounds them.
        floor: peaks up to this amplitude do not matter: where a cell cannot pass it, its highest sample is given.
    """
    cells = (len(frames) - 2 * HALF + 1) // CELL
    if cells <= 0:
        return np.zeros(0)
    matrix, gain, slope = interpolator()
    highest, near = _highest(np.abs(frames), cells)
    _, steepest = _highest(np.abs(np.diff(frames, axis=0)), cells)
    chosen = np.flatnonzero(np.minimum(near * gain, near + steepest * slope) * ROUNDING > floor)
    windows = np.lib.stride_tricks.sliding_window_view(frames, CELL + 2 * HALF - 1, axis=0)[::CELL][chosen]
    peaks: FloatArray = highest.astype(np.float64)
    if len(chosen):
        between = np.abs(windows.reshape(2 * len(chosen), -1) @ matrix).reshape(len(chosen), -1).max(axis=1)
        peaks[chosen] = np.maximum(peaks[chosen], between)
    return peaks


def _highest(values: Audio, cells: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The highest of some values in each cell, and in each with what surrounds it; both of shape [cells]."""
    edge = HALF - 1 + cells * CELL
    own = values[HALF - 1 : edge].reshape(cells, -1).max(axis=1)
    around = np.concatenate([[values[: HALF - 1].max()], own, [values[edge:].max()]])
    return own, np.maximum(np.maximum(around[:-2], around[1:-1]), around[2:])


@cache
def interpolator() -> tuple[NDArray[np.float32], float, float]:
    """The values between the samples of a cell, as a matrix, and how far they can pass the samples around.

    A Kaiser-windowed sinc: flat to 0.1 dB up to 20 kHz at 48 kHz.

    Returns:
        The matrix, shape [CELL + 2 * HALF - 1, CELL * 3]; how many times the highest sample around a value can be; and
        how many times the largest step from sample to sample it can lie above the highest one: low tones rise slowly.
    """
    taps = np.arange(-HALF + 1, HALF + 1)
    matrix = np.zeros((CELL + 2 * HALF - 1, OVERSAMPLING - 1, CELL), np.float32)
    largest, slope = 1.0, 0.0
    for phase in range(1, OVERSAMPLING):
        distance = taps - phase / OVERSAMPLING
        kernel = np.sinc(distance) * np.i0(5.0 * np.sqrt(np.maximum(0, 1 - (distance / HALF) ** 2))) / np.i0(5.0)
        kernel /= kernel.sum()
        largest = max(largest, float(np.abs(kernel).sum()))
        # Beside the straight line between the two samples next to it, a value is a sum of the steps around.
        line = np.maximum(0, 1 - np.abs(distance))
        slope = max(slope, float(np.abs(np.cumsum(kernel - line)).sum()))
        for sample in range(CELL):
            matrix[sample : sample + 2 * HALF, phase - 1, sample] = kernel
    return matrix.reshape(len(matrix), -1), largest, slope


def _complex(block: Audio) -> ComplexAudio:
    """Left and right as the real and imaginary part of one signal, shape [samples]."""
    return np.ascontiguousarray(block, dtype=np.float32).view(np.complex64)[:, 0]


def _gated(powers: FloatArray) -> float:
    """The loudness of block powers after both gates."""
    loud = powers[_lufs(powers) > ABSOLUTE_GATE]
    if not len(loud):
        return -inf
    loud = loud[_lufs(loud) > _lufs(loud.mean(keepdims=True)) + RELATIVE_GATE]
    return float(_lufs(loud.mean(keepdims=True))[0])


def _lufs(powers: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        loudness: FloatArray = OFFSET + 10 * np.log10(powers)
    return loudness


@cache
def _response(sample_rate: int, size: int) -> NDArray[np.complex64]:
    """What K-weighting does to each bin of an FFT of `size`."""
    z = np.exp(-2j * pi * np.fft.fftfreq(size))
    response = np.ones(size, np.complex128)
    for numerator, denominator in (_shelf(sample_rate), _high_pass(sample_rate)):
        response *= np.polyval(numerator[::-1], z) / np.polyval(denominator[::-1], z)
    return response.astype(np.complex64)


def _shelf(sample_rate: int) -> tuple[list[float], list[float]]:
    """The head's high shelf, as numerator and denominator in rising powers of the delay."""
    k = tan(pi * 1681.974450955533 / sample_rate)
    q = 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    scale = 1 + k / q + k * k
    numerator = [
        (high + band * k / q + k * k) / scale,
        2 * (k * k - high) / scale,
        (high - band * k / q + k * k) / scale,
    ]
    return numerator, [1.0, 2 * (k * k - 1) / scale, (1 - k / q + k * k) / scale]


def _high_pass(sample_rate: int) -> tuple[list[float], list[float]]:
    """The revised low-frequency curve B, as numerator and denominator in rising powers of the delay."""
    k = tan(pi * 38.13547087602444 / sample_rate)
    q = 0.5003270373238773
    scale = 1 + k / q + k * k
    return [1.0, -2.0, 1.0], [1.0, 2 * (k * k - 1) / scale, (1 - k / q + k * k) / scale]
