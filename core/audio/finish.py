"""From an engine's stems to the files a mixer gets: levelled, peaks held, 24 bits, the mix their exact sum.

Conventions
    One gain, and where peaks ask for it one gain curve, for all stems: whatever is done to the mix is done to each
    stem, so that the integers of the stems add up to those of the mix, sample for sample.
    Loudness is integrated, in LUFS; peaks are true peaks, in dBTP.
The way
    Look at each stem for offsets, measure the sum, choose the level, write everything: three passes. Only a mix whose
    peaks pass the limit costs more: its excess is found, turned into a curve, and the curved mix is measured again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.atomic import disk_errors
from core.audio.files import Samples, new_wav, quantised
from core.audio.layers import Layer, blocks, layers_of, mixed
from core.audio.limiter import between_knots, gain_curve
from core.audio.loudness import CELL, CellPeaks, Loudness, TruePeak, decibels
from core.audio.overview import overview, span_of
from core.brief import FloatArray, Stem
from core.errors import UnusableInput
from core.watch import Watch

PEAK_AIM = -1.2
"""dBTP that peaks are turned down to, so that no mix passes -1: other meters read up to 0.2 dB higher than four times
oversampling does."""
STEM_PEAK_LIMIT = -0.1
"""dBFS that no sample of a single stem may pass: 24 bits hold no more."""
LARGEST_REDUCTION = 6.0
"""dB that peaks may be turned down; a mix that asks for more is made quieter instead."""
TOLERANCE = 0.1
"""LU that the mix may miss its target by, unless its peaks leave no room."""
ROUNDS = 4


@dataclass(frozen=True)
class Finished:
    """What was written, and what it measures."""

    files: Mapping[str, Path]
    """Stem name → file."""
    mix: Path
    gain_db: float
    """The gain of the whole cue."""
    loudness: float
    """Integrated loudness of the mix, LUFS."""
    true_peak: float
    """True peak of the mix, dBTP."""
    hashes: Mapping[str, str]
    """Stem name, and "mix" → SHA-256 of its file."""
    peaks: Mapping[str, NDArray[np.float32]]
    """Stem name, and "mix" → lowest and highest value of each of about 2000 spans, full scale 1; shape [spans, 2]."""
    said: tuple[str, ...] = ()
    """What was done to the sound that the editor should know of."""


@dataclass(frozen=True)
class _Measured:
    loudness: Loudness
    true_peak: float
    highest_stem: float
    """dBFS of the highest sample of any stem."""


@dataclass(frozen=True)
class _Level:
    gain_db: float
    curve: FloatArray | None
    loudness: float
    true_peak: float
    said: tuple[str, ...] = ()

    def gain(self, start: int, stop: int) -> NDArray[np.float32] | np.float32:
        """Amplitude ratio of a block, shape [samples, 1] or one number."""
        ratio = 10 ** (self.gain_db / 20)
        if self.curve is None:
            return np.float32(ratio)
        return (ratio * between_knots(self.curve, start, stop)).astype(np.float32)[:, None]


def finish(
    stems: Sequence[Stem],
    sample_rate: int,
    target_lufs: float,
    folder: Path,
    watch: Watch,
    gain_db: float | None = None,
) -> Finished:
    """Level the stems and write them and their sum to a folder, as `drums.wav` … and `mix.wav`.

    Args:
        stems: all of one length, float32 of shape [samples, 2], in memory or memory-mapped.
        sample_rate: samples per second.
        target_lufs: integrated loudness that the mix shall have.
        folder: where the files go; it is made if it is missing.
        watch: progress and cancellation.
        gain_db: the cue's gain where it is settled already; `target_lufs` is then not looked at.

    Raises:
        UnusableInput: nothing sounds, or the files cannot be written; no file of a name above is then left behind.
        HitpointError: a stem holds values that are not numbers.
        ValueError: there are no stems, or they differ in length.
    """
    layers = layers_of(stems, sample_rate, watch)
    measured = _measure(layers, sample_rate, watch)
    if measured.loudness.integrated() == -inf:
        raise UnusableInput("Nothing sounds in this cue", do="Leave more instruments in, or choose another seed.")
    level = _level(layers, measured, sample_rate, target_lufs, gain_db, watch)
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return _write(layers, level, sample_rate, folder, watch)


def _measure(layers: Sequence[Layer], rate: int, watch: Watch, level: _Level | None = None) -> _Measured:
    """Loudness and peaks of the sum at a level; by default as it is."""
    loudness, peak = Loudness(rate), TruePeak()
    samples = len(layers[0].audio)
    highest = 0.0
    for start, stop in blocks(samples):
        watch.report("audio", start / samples, "measuring")
        total = np.zeros((stop - start, 2), np.float32)
        gain = np.float32(1) if level is None else level.gain(start, stop)
        for layer in layers:
            block = layer.read(start, stop)
            highest = max(highest, float(block.max()), -float(block.min()))
            total += block
            layer.let_go()
        total *= gain
        loudness.add(total)
        peak.add(total)
    return _Measured(loudness, peak.peak(), decibels(highest))


def _level(
    layers: Sequence[Layer], measured: _Measured, rate: int, target: float, settled: float | None, watch: Watch
) -> _Level:
    """The gain, and where it is needed the curve, at which the cue is written."""
    gain_db = settled if settled is not None else _gain_to(measured.loudness, target)
    true_peak = measured.true_peak + gain_db
    if true_peak <= PEAK_AIM and measured.highest_stem + gain_db <= STEM_PEAK_LIMIT:
        return _Level(gain_db, None, measured.loudness.integrated(gain_db), true_peak)
    for _ in range(ROUNDS):
        excess = _excess(layers, gain_db, watch)
        most = float(excess.max())
        lowered = settled is None and most > LARGEST_REDUCTION
        if lowered:
            gain_db = round(gain_db - (most - LARGEST_REDUCTION), 2)
            excess = np.maximum(0, excess - (most - LARGEST_REDUCTION))
        level = _Level(gain_db, gain_curve(excess, rate), 0, 0)
        curved = _measure(layers, rate, watch, level)
        missing = target - curved.loudness.integrated()
        if settled is not None or lowered or missing < TOLERANCE:
            break
        gain_db = round(gain_db + missing, 2)
    loudness = curved.loudness.integrated()
    said = [f"Peaks were turned down by up to {excess.max():.1f} dB, in all stems alike."]
    if settled is None and abs(target - loudness) > TOLERANCE:
        said.append(f"The mix has {loudness:.1f} LUFS instead of {target:.1f}: its peaks leave no room for more.")
    return replace(level, loudness=loudness, true_peak=curved.true_peak, said=tuple(said))


def _gain_to(loudness: Loudness, target: float) -> float:
    """Gain in dB, to a hundredth, that brings the mix to its target; the gates move with the level, so twice."""
    first = target - loudness.integrated()
    return round(first + target - loudness.integrated(first), 2)


def _excess(layers: Sequence[Layer], gain_db: float, watch: Watch) -> FloatArray:
    """By how many dB each cell passes the limits at a gain, 0 where it does not; shape [cells]."""
    ratio = 10 ** (gain_db / 20)
    mix_limit, stem_limit = 10 ** (PEAK_AIM / 20) / ratio, 10 ** (STEM_PEAK_LIMIT / 20) / ratio
    samples = len(layers[0].audio)
    stream = CellPeaks()
    mix_peaks, stem_over = [], []
    for start, stop in blocks(samples):
        watch.report("audio", start / samples, "holding peaks")
        mix_peaks.append(stream.add(mixed(layers, start, stop), mix_limit))
        edges = np.arange(0, 2 * (stop - start), 2 * CELL)
        highest = [np.maximum.reduceat(np.abs(layer.read(start, stop)).reshape(-1), edges) for layer in layers]
        stem_over.append(np.max(highest, axis=0) / stem_limit)
        for layer in layers:
            layer.let_go()
    over = np.concatenate(stem_over)
    ringing = np.concatenate([*mix_peaks, stream.rest(mix_limit)]) / mix_limit
    over = np.maximum(over, ringing[: len(over)])
    over[-1] = max(over[-1], ringing[len(over) - 1 :].max())
    # Rounded up, so that the last bits of a matrix product decide nothing.
    excess: FloatArray = np.ceil(2000 * np.log10(np.maximum(over, 1))) / 100
    return excess


def _write(layers: Sequence[Layer], level: _Level, rate: int, folder: Path, watch: Watch) -> Finished:
    """Write all files in one pass, the stems side by side."""
    samples = len(layers[0].audio)
    paths = {name: folder / f"{name}.wav" for name in [*(layer.name for layer in layers), "mix"]}
    span = span_of(samples)
    peaks: dict[str, list[NDArray[np.float32]]] = {name: [] for name in paths}
    with ExitStack() as stack:
        wavs = {name: stack.enter_context(new_wav(path, samples, rate)) for name, path in paths.items()}
        pool = stack.enter_context(ThreadPoolExecutor(len(layers)))

        def put(name: str, block: Samples) -> None:
            wavs[name].write(block)
            peaks[name].append(overview(block, span))

        def put_layer(layer: Layer, start: int, stop: int) -> Samples:
            block = quantised(layer.read(start, stop), level.gain(start, stop))
            put(layer.name, block)
            layer.let_go()
            return block

        for start, stop in blocks(samples, span):
            watch.report("audio", start / samples, "writing")
            parts = [pool.submit(put_layer, layer, start, stop) for layer in layers]
            put("mix", np.sum([part.result() for part in parts], axis=0, dtype=np.int32))
    hashes = {name: wav.sha256 for name, wav in wavs.items()}
    overviews = {name: np.concatenate(parts) for name, parts in peaks.items()}
    mix = paths.pop("mix")
    return Finished(paths, mix, level.gain_db, level.loudness, level.true_peak, hashes, overviews, level.said)
