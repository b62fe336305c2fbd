"""New sound into kept files: the bytes outside the hole are copied, inside it the new is faded in and out again.

Conventions
    A hole is the samples from `first` to before `last`. Outside of it every changed stem, and the mix, holds the very
    bytes it held; inside, the mix is the integer sum of all stems, as it was outside.
The way
    Look at the new sound, place the cross-fades, find where the sum would be too loud, write everything in one pass.
    Only that last pass goes over the whole length; it also measures and draws overviews.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from math import inf
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.atomic import disk_errors
from core.audio.crossfade import Reader, crossfades
from core.audio.files import Samples, WavReader, WavWriter, as_audio, fits, new_wav, unpacked
from core.audio.headroom import Room, room_for
from core.audio.joins import Join, Kept, file_reader, opened, opened_file
from core.audio.layers import Layer, blocks, layers_of
from core.audio.loudness import CELL, Loudness, TruePeak, decibels
from core.audio.overview import overview, span_of
from core.brief import Audio, Stem, StemName
from core.errors import UnusableInput
from core.watch import Watch

OFFSET_FROM_S = 2.0
"""Length of a hole from which a mean is a constant offset, and not a part of a wave."""


@dataclass(frozen=True)
class Span:
    """A stretch of a stem that was kept, and the SHA-256 of its 24-bit samples as they lie in the file."""

    stem: StemName
    first_sample: int
    samples: int
    sha256: str


@dataclass(frozen=True)
class Spliced:
    """What was written, and what it measures."""

    files: Mapping[StemName, Path]
    """The stems that changed → their new files, of whole length."""
    mix: Path
    hashes: Mapping[str, str]
    """Changed stem, and "mix" → SHA-256 of its new file."""
    kept: tuple[Span, ...]
    """What was kept: all of the other stems, and the changed ones before and after the hole."""
    loudness: float
    """Integrated loudness of the whole new mix, LUFS."""
    true_peak: float
    """True peak of the whole new mix, dBTP."""
    turned_down_db: float
    """By how much the new sound was turned down at the most; 0 where there was room for it."""
    peaks: Mapping[str, NDArray[np.float32]]
    """Every stem, and "mix" → its overview; see `core.audio.overview`."""
    said: tuple[str, ...] = ()
    """What was done to the sound that the editor should know of."""


def splice(
    kept: Mapping[StemName, Path],
    kept_mix: Path,
    new: Sequence[Stem],
    first: int,
    last: int,
    sample_rate: int,
    gain_db: float,
    folder: Path,
    watch: Watch,
    beats: Sequence[float] = (),
) -> Spliced:
    """Put an engine's sound into some stems of a take, and write those stems and the new mix to a folder.

    Args:
        kept: all stems of the take → their files.
        kept_mix: its mix, the sum of those.
        new: what replaces stems inside the hole, each as long as the cue, float32 of shape [samples, 2]; heard inside
            the hole only, and 50 ms beyond it to tell attacks from what sounds on.
        first: first sample of the hole.
        last: the sample after the hole.
        sample_rate: samples per second.
        gain_db: the cue's gain, as `finish` has settled it.
        folder: where `melody.wav` … and `mix.wav` go; it is made if it is missing, and holds none of the kept files.
        watch: progress and cancellation.
        beats: beat times in seconds; a seam is placed on one where nothing else decides.

    Raises:
        UnusableInput: a kept file is damaged or of another length, nothing sounds, the kept stems add up to more than
            a file can hold, or the files cannot be written; no new file is then left behind.
        HitpointError: new sound holds values that are not numbers.
        ValueError: the hole lies outside of the cue, or a stem is not one of the cue's.
    """
    with ExitStack() as stack:
        cue = opened(kept, kept_mix, first, last, sample_rate, stack)
        for stem in new:
            if stem.audio.shape != (cue.samples, 2):
                raise ValueError(f"{stem.name} has shape {stem.audio.shape}, not ({cue.samples}, 2)")
        parts = [Stem(stem.name, stem.audio[first:last]) for stem in new]
        layers = layers_of(parts, sample_rate, watch)
        if last - first < min(OFFSET_FROM_S * sample_rate, cue.samples):
            layers = tuple(Layer(layer.name, layer.audio) for layer in layers)
        ratio = np.float32(10 ** (gain_db / 20))
        sources = {
            stem.name: _engine_reader(stem.audio, layer, ratio, first) for stem, layer in zip(new, layers, strict=True)
        }
        return _spliced(cue, sources, folder, watch, beats)


def comp(
    base: Mapping[StemName, Path],
    base_mix: Path,
    other: Mapping[StemName, Path],
    stems: Sequence[StemName],
    first: int,
    last: int,
    sample_rate: int,
    folder: Path,
    watch: Watch,
    beats: Sequence[float] = (),
) -> Spliced:
    """Take some stems between `first` and `last` from the files of another take of the same cue.

    All is done as in `splice`, which tells of the arguments; the other take's sound is at its level already.

    Raises:
        UnusableInput: as `splice`.
        ValueError: as `splice`.
    """
    with ExitStack() as stack:
        cue = opened(base, base_mix, first, last, sample_rate, stack)
        sources: dict[StemName, Reader] = {}
        for name in stems:
            reader = opened_file(other[name], sample_rate, cue.samples, stack)
            sources[name] = file_reader(reader)
        return _spliced(cue, sources, folder, watch, beats)


def _engine_reader(audio: Audio, layer: Layer, ratio: np.float32, first: int) -> Reader:
    """Reads new sound at the cue's gain; before the hole it is as the engine gave it."""

    def read(start: int, stop: int) -> Audio:
        edge = max(0, start - first) // CELL * CELL
        inside = layer.read(edge, stop - first)[max(0, start - first) - edge :] * ratio
        layer.let_go()
        if start >= first:
            return inside
        return np.concatenate([audio[start:first] * ratio, inside])

    return read


def _spliced(
    cue: Kept, sources: Mapping[StemName, Reader], folder: Path, watch: Watch, beats: Sequence[float]
) -> Spliced:
    """The whole way for new sound from anywhere."""
    if not sources or not set(sources) <= set(cue.stems):
        raise ValueError(f"{sorted(sources)} are not stems of this cue, which has {sorted(cue.stems)}")
    joins = {}
    for name, new in sources.items():
        old = cue.stems[name]
        fades = crossfades(file_reader(old), new, cue.first, cue.last, cue.samples, cue.rate, beats)
        joins[name] = Join(old, new, fades)
    room = room_for(cue, joins, watch)
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return _written(cue, joins, room, folder, watch)


class _Output:
    """The new files while they are written: what goes in is hashed, drawn, and added up."""

    def __init__(self, cue: Kept, joins: Mapping[StemName, Join], room: Room, wavs: Mapping[str, WavWriter]) -> None:
        self._cue, self._joins, self._room, self._wavs = cue, joins, room, wavs
        self.span = span_of(cue.samples)
        self.peaks: dict[str, list[NDArray[np.float32]]] = {name: [] for name in [*cue.stems, "mix"]}
        self._hashes = {(name, part): hashlib.sha256() for name in cue.stems for part in ("before", "after")}

    def stem(self, name: StemName, start: int, stop: int) -> Samples:
        """Copy or make one block of a stem; what it holds."""
        cue, join = self._cue, self._joins.get(name)
        if join is None:
            content = cue.stems[name].read_packed(start, stop)
            self._hashes[name, "before"].update(content)
            block = unpacked(content)
        else:
            block = self._block(
                name, cue.stems[name], start, stop, lambda a, b: join.samples(a, b, self._room.gain(a, b))
            )
        self.peaks[name].append(overview(block, self.span))
        return block

    def mix(self, parts: Sequence[Samples], start: int, stop: int) -> Samples:
        """Copy or add up one block of the mix; what it holds."""

        def added(lower: int, upper: int) -> Samples:
            total: Samples = np.sum([part[lower - start : upper - start] for part in parts], axis=0, dtype=np.int32)
            if not fits(total):
                raise UnusableInput(
                    "The stems that are kept add up to more than a file can hold", do="Re-roll more stems together."
                )
            return total

        block = self._block("mix", self._cue.mix, start, stop, added)
        self.peaks["mix"].append(overview(block, self.span))
        return block

    def kept(self) -> tuple[Span, ...]:
        """What was copied or not touched."""
        cue = self._cue
        spans = []
        for name in cue.stems:
            edges = [("before", 0, cue.first), ("after", cue.last, cue.samples)]
            for part, first, last in edges if name in self._joins else [("before", 0, cue.samples)]:
                if first < last:
                    spans.append(Span(name, first, last - first, self._hashes[name, part].hexdigest()))
        return tuple(spans)

    def _block(self, name: str, old: WavReader, start: int, stop: int, make: Callable[[int, int], Samples]) -> Samples:
        """Write a block of a file: the bytes outside of the hole as they are, inside what `make` gives."""
        first, last = (min(max(edge, start), stop) for edge in (self._cue.first, self._cue.last))
        pieces = []
        for part, lower, upper in (("before", start, first), ("hole", first, last), ("after", last, stop)):
            if lower == upper:
                continue
            if part == "hole":
                pieces.append(make(lower, upper))
                self._wavs[name].write(pieces[-1])
                continue
            content = old.read_packed(lower, upper)
            self._wavs[name].copy(content)
            if name != "mix":
                self._hashes[name, part].update(content)  # type: ignore[index]
            pieces.append(unpacked(content))
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def _written(cue: Kept, joins: Mapping[StemName, Join], room: Room, folder: Path, watch: Watch) -> Spliced:
    """Write all new files in one pass, the stems side by side."""
    paths: dict[str, Path] = {name: folder / f"{name}.wav" for name in [*joins, "mix"]}
    loudness, peak = Loudness(cue.rate), TruePeak()
    with ExitStack() as stack:
        wavs = {name: stack.enter_context(new_wav(path, cue.samples, cue.rate)) for name, path in paths.items()}
        output = _Output(cue, joins, room, wavs)
        pool = stack.enter_context(ThreadPoolExecutor(len(cue.stems)))
        for start, stop in blocks(cue.samples, output.span):
            watch.report("audio", start / cue.samples, "splicing")
            parts = [pool.submit(output.stem, name, start, stop) for name in cue.stems]
            mix = as_audio(output.mix([part.result() for part in parts], start, stop))
            loudness.add(mix)
            peak.add(mix)
        if loudness.integrated() == -inf:
            raise UnusableInput("Nothing sounds in this cue", do="Keep more of it, or choose another seed.")
    return Spliced(
        {name: paths[name] for name in joins},
        paths["mix"],
        {name: wav.sha256 for name, wav in wavs.items()},
        output.kept(),
        loudness.integrated(),
        peak.peak(),
        round(room.down_db, 2),
        {name: np.concatenate(parts) for name, parts in output.peaks.items()},
        _words(room),
    )


def _words(room: Room) -> tuple[str, ...]:
    said = []
    if room.down_db:
        said.append(f"The new music was turned down by up to {room.down_db:.1f} dB where the mix would be too loud.")
    if room.kept_peak:
        said.append(
            f"What is kept reaches {decibels(room.kept_peak):.1f} dBTP inside the hole by itself: "
            "turning the new music down cannot change that."
        )
    return tuple(said)
