"""Is a hit heard? Onsets and stops of rendered stems, measured around each hit.

Conventions
    Only a window around each hit is read, so stems may be memory-mapped and hours long. Errors are in milliseconds,
    positive when the sound comes late.
Method
    Band energies of 5 ms frames every millisecond. The rise at a moment compares the 36 ms after it with the 36 ms
    before it, in decibels, band by band: a steady tone, noise or beating does not rise, whatever its pitch, because
    both sides hold as much of it. An onset is a peak of the mean rise over the bands; its time is read off the
    frames themselves: the middle of a sharp attack, the point where a slow one becomes audible. The idea of a
    multi-band logarithmic flux is Klapuri's (1999), "Sound onset detection by applying psychoacoustic knowledge".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from core.audio.mapped import let_go
from core.brief import Audio, FloatArray, How
from core.watch import Watch

REACH = 0.060
"""Seconds around the hit within which a sound may answer it."""
HOP = 0.001
"""Seconds from frame to frame."""
FRAME = 0.0053
"""Seconds in a frame."""
SIDE = 36
"""Frames compared on each side of a moment: more than a period of the lowest tone, 40 Hz."""
EDGES = (0.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, 6400.0, 24_000.0)
"""Band edges in Hz."""
RISE = 2.6
"""Mean rise over the bands, in dB, from which it is an onset."""
FLUTTER = 1.5
"""How much of what rises anyway in the window is asked on top."""
APART = 12
"""Frames between onsets."""
SHARP = 4.0
"""Frames from a tenth to half of an attack up to which it is sharp, and heard at its middle."""
MOST = 20.0
"""Rise of one band beyond which more counts no more, dB."""
QUIET = -50.0
"""Level below the loudest band of the stem's window that is not heard behind it, dB."""
SILENCE = 1e-8
"""Power below which nothing is heard at all (-80 dBFS)."""
DROP = 12.0
"""Fall from which it is a stop, dB."""
RELEASE = 40
"""Frames in which a stop may fall."""


def heard(
    stems: Mapping[str, Audio],
    sample_rate: int,
    times: Sequence[float],
    how: Sequence[How | None],
    rate: Fraction,
    watch: Watch = Watch(),
) -> list[float | None]:
    """How far each hit's sound is from the hit.

    Args:
        stems: audio by name, shape [samples, 2] each, all of one length.
        sample_rate: in Hz.
        times: the accepted hits, seconds.
        how: how each was met; "stop" asks for a sudden drop of the mix, all else for an onset of any stem.
        rate: frames per second; at very low rates the search reaches a whole frame.
        watch: cancellation.

    Returns:
        For each hit the error in milliseconds, or None where nothing answers it.
    """
    reach = max(REACH, 1.0 / float(rate))
    found: list[float | None] = []
    for time, manner in zip(times, how, strict=True):
        watch.check()
        window = _window(stems, sample_rate, time, reach)
        if manner == "stop":
            energy = _bands(window.sum(axis=0, keepdims=True), sample_rate)
            moments = _stops(energy[0].sum(axis=-1))
        else:
            moments = [moment for bands in _bands(window, sample_rate) for moment in _onsets(bands)]
        errors = [(moment - _lead(reach)) * HOP for moment in moments]
        near = [error for error in errors if abs(error) <= reach]
        found.append(1000.0 * min(near, key=abs) if near else None)
    return found


def _lead(reach: float) -> int:
    """Frames before the hit in its window."""
    return round(reach / HOP) + 2 * SIDE


def _frame_size(sample_rate: int) -> int:
    """Samples in a frame: the power of two nearest to `FRAME`."""
    return int(2 ** round(np.log2(FRAME * sample_rate)))


def _window(stems: Mapping[str, Audio], sample_rate: int, time: float, reach: float) -> NDArray[np.complex64]:
    """Audio around a hit, silence beyond the ends, left as real and right as imaginary part; shape [stems, samples]."""
    lead = round(_lead(reach) * HOP * sample_rate) + _frame_size(sample_rate) // 2
    start = round(time * sample_rate) - lead
    window = np.zeros((len(stems), 2 * lead), dtype=np.complex64)
    for row, audio in zip(window, stems.values(), strict=True):
        first, last = max(start, 0), min(start + 2 * lead, len(audio))
        if first < last:
            part = audio[first:last]
            row[first - start : last - start] = part[:, 0] + 1j * part[:, 1]
            let_go(audio)
    return window


def _bands(window: NDArray[np.complex64], sample_rate: int) -> FloatArray:
    """Power in each band of each frame, both channels together; shape [stems, frames, bands].

    One complex transform serves both channels: the powers at +f and -f add up to the power of left and right at f.
    """
    size = _frame_size(sample_rate)
    hop = HOP * sample_rate
    count = int((window.shape[1] - size) / hop) + 1
    starts = np.rint(np.arange(count) * hop).astype(np.intp)
    taper = np.hanning(size + 2)[1:-1].astype(np.float32)
    frames = window[:, starts[:, None] + np.arange(size)] * (taper / np.sqrt(size * np.sum(taper**2)))
    spectrum = np.fft.fft(frames, axis=-1)
    power = spectrum.real**2 + spectrum.imag**2
    frequency = np.abs(np.fft.fftfreq(size, 1.0 / sample_rate))
    band = np.searchsorted(EDGES, frequency, side="right") - 1
    order = np.argsort(band, kind="stable")
    edges = np.searchsorted(band[order], np.arange(len(EDGES) - 1))
    return np.asarray(np.add.reduceat(power[:, :, order], edges, axis=-1), dtype=np.float64)


def _sides(energy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean energy before and after each frame's moment, tapered away from it; shapes as `energy`, frames first."""
    taper = np.hanning(2 * SIDE + 1)[SIDE + 1 :]
    taper /= taper.sum()
    padded = np.concatenate([np.zeros((SIDE, *energy.shape[1:])), energy, np.zeros((SIDE, *energy.shape[1:]))])
    views = np.lib.stride_tricks.sliding_window_view(padded, SIDE, axis=0)
    return views[: len(energy)] @ taper[::-1], views[SIDE : SIDE + len(energy)] @ taper


def _onsets(energy: FloatArray) -> list[float]:
    """Onset times in frames, of one stem's band energies, shape [frames, bands]."""
    loudest = float(energy.max())
    if loudest < SILENCE:
        return []
    before, after = _sides(energy)
    floor = max(loudest * 10 ** (QUIET / 10), SILENCE)
    rises = np.clip(10 * np.log10((after + floor) / (before + floor)), 0.0, MOST)
    rise = rises.mean(axis=1)
    # what rises most of the time is the pulse of a low tone or the flutter of noise
    least = RISE + FLUTTER * float(np.percentile(rise, 70))
    found: list[int] = []
    for peak in np.argsort(-rise[SIDE:-SIDE]) + SIDE:
        if rise[peak] < least:
            break
        if all(abs(peak - other) > APART for other in found):
            found.append(int(peak))
    return [_attack(energy, rises[peak], peak) for peak in found]


def _attack(energy: FloatArray, rises: FloatArray, peak: int) -> float:
    """Where the attack near a peak of the rise is heard, in frames.

    That is where it stands out from what sounded before, in the bands that rise.
    """
    first, last = peak - APART, min(peak + SIDE, len(energy))
    base = energy[peak - SIDE : peak - 4].max(axis=0)
    room = energy[first:last].max(axis=0) - base
    weight = np.where(room > 0.0, rises**2, 0.0)
    if not weight.any():
        return float(peak)
    grown = np.clip((energy[first:last] - base) / np.where(room > 0.0, room, 1.0), 0.0, 1.0) @ weight
    top = int(np.argmax(grown))
    reached = int(np.argmax(grown >= 0.5 * grown[top]))
    half = _last_below(grown[: reached + 1], 0.5 * grown[top])
    tenth = _last_below(grown[: reached + 1], 0.1 * grown[top])
    return first + (half if half - tenth < SHARP else tenth)


def _last_below(curve: FloatArray, level: float) -> float:
    """Place, between points, after which a curve stays at or above a level to its end."""
    under = np.flatnonzero(curve < level)
    if not len(under):
        return 0.0
    k = int(under[-1])
    if k + 1 == len(curve):
        return float(k)
    return k + float((level - curve[k]) / (curve[k + 1] - curve[k]))


def _stops(energy: FloatArray) -> list[float]:
    """Times of sudden drops in frames, of the mix's energy, shape [frames]."""
    before, after = _sides(energy)
    floor = max(float(energy.max()) * 1e-6, SILENCE)
    fall = 10 * np.log10((before[:-RELEASE] + floor) / (after[RELEASE:] + floor))
    peak = int(np.argmax(fall[SIDE:-SIDE])) + SIDE
    if fall[peak] < DROP:
        return []
    level = before[max(peak - RELEASE // 2, 0)]
    loud = np.flatnonzero(energy[peak - SIDE : peak + SIDE] > level / 2)
    return [float(peak - SIDE + loud[-1] + 1)] if len(loud) else []
