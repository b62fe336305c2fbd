"""Pieces: the stems of a cue cut at its sections, at a host's own sample rate, under names that never change meaning.

    pieces/48000/drums 02 B take 3 3f9a2c1b.wav

A piece holds its section and then a handle, up to a second more of the same stem; after the cue's end there is silence.
Hosts lay one item for each, as long as the section: put together they are the stem. The number is that of the take that
last changed this stem inside this section, so what a re-roll does not touch keeps its file. A file is written hidden,
and appears whole; one that is whole already stays, and serves.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np

from core.atomic import disk_errors, sync_folder
from core.audio.files import BYTES_PER_FRAME, FULL_SCALE, HIGHEST, WavReader, WavWriter, new_wav
from core.brief import Plan, Range, Section, StemName, sample_count
from core.cue.bwf import read_wave
from core.cue.disk import check_room, scratch_folder
from core.cue.export import edges
from core.cue.folder import Cue
from core.errors import UnusableInput
from core.watch import Watch

FOLDER = "pieces"
HANDLE_S = 1
"""A handle is the whole frames of so many seconds."""
LONGEST_LABEL = 40
"""Characters of a section's name in a file's name."""
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Part:
    """A section as it lies on the timeline's frames."""

    number: int
    """From 1; sections without a frame count too."""
    name: str
    first: int
    """First frame, from the range's start."""
    frames: int
    start: float
    """Seconds from the range's start to its music: to 0 in the first one, which begins with the pickup."""
    duration: float
    """Seconds to the music of the next."""


@dataclass(frozen=True)
class Piece:
    """A file that holds a part of a stem, and its handle."""

    stem: StemName
    part: Part
    path: Path
    first: int
    """First sample in the stem, at the piece's rate."""
    samples: int
    """Length with the handle."""
    sample_rate: int

    @property
    def whole(self) -> bool:
        """Whether the file is there, can be read, and is as long as it has to be."""
        try:
            return _holds(self.path, self.sample_rate, self.samples)
        except (OSError, UnusableInput):
            return False


def parts(plan: Plan, scored: Range) -> tuple[Part, ...]:
    """The sections as they lie on frames, in order; they cover the range. One shorter than a frame is left out."""
    sections = plan.sections or (Section(0.0, scored.seconds, "A", 0, len(plan.tempo_map.beats)),)
    frames = edges(sections, scored)
    lying = [
        (number, section, first, last)
        for number, (section, first, last) in enumerate(zip(sections, frames, frames[1:], strict=False), 1)
        if last > first
    ]
    starts = [0.0, *(section.start for _, section, _, _ in lying[1:]), scored.seconds]
    return tuple(
        Part(number, section.name, first, last - first, start, end - start)
        for (number, section, first, last), start, end in zip(lying, starts, starts[1:], strict=False)
    )


def last_change(cue: Cue, stem: StemName, part: Part) -> int:
    """Number of the take that last changed a stem inside a part, of those that the take in use was made from."""
    known = {take.number: take for take in (*cue.pruned, *cue.takes)}
    rate, sample_rate = cue.brief.edit.range.rate, cue.brief.sample_rate
    first, last = (sample_count(frame / rate, sample_rate) for frame in (part.first, part.first + part.frames))
    take = cue.take
    while (base := known.get(take.base or 0)) and take.hole and base.number < take.number:
        begin, end = take.hole.span(sample_rate)
        if stem in take.hole.stems and begin < last and end > first:
            break
        take = base
    return take.number


def pieces_of(cue: Cue, identity: str, stems: Sequence[StemName], sample_rate: int) -> tuple[Piece, ...]:
    """The pieces of the take in use, stem by stem in order, whether their files are there or not.

    Args:
        cue: as its `cue.json` says.
        identity: of the cue, for names.
        stems: which.
        sample_rate: of the files, in Hz.
    """
    scored = cue.brief.edit.range
    folder = cue.folder / FOLDER / str(sample_rate)
    found = []
    for stem in stems:
        for part in parts(cue.brief.plan, scored):
            name = f"{stem} {part.number:02} {_label(part.name)} take {last_change(cue, stem, part)} {identity}.wav"
            first, samples = _samples(part, scored.rate, sample_rate)
            found.append(Piece(stem, part, folder / name, first, samples, sample_rate))
    return tuple(found)


def cut(cue: Cue, wanted: Sequence[Piece], watch: Watch) -> None:
    """Write the pieces whose files are not there; callers side by side do each other no harm.

    Where a piece has another rate than the cue, the whole stem is resampled first: cut afterwards, its pieces join
    exactly. Memory does not grow with length.

    Args:
        cue: the cue they are of.
        wanted: pieces of its take in use.
        watch: told of stage "pieces".

    Raises:
        UnusableInput: a stem cannot be read or is not as long as the cue, or the disk is full or cannot be written;
            what is under a piece's name then is whole.
        Cancelled: the user stopped the work; the same holds.
    """
    missing = [piece for piece in wanted if not piece.whole]
    if not missing:
        return
    stems = list(dict.fromkeys(piece.stem for piece in missing))
    longest = max(cue.brief.edit.range.samples(piece.sample_rate) for piece in missing)
    check_room(cue.folder, (sum(piece.samples for piece in missing) + longest) * BYTES_PER_FRAME)
    with scratch_folder(cue.folder / FOLDER) as scratch:
        for done, stem in enumerate(stems):
            mine = [piece for piece in missing if piece.stem == stem]
            share = _share(watch, done, len(stems), f"Cutting {stem}")
            with _source(cue, stem, mine[0].sample_rate, scratch, share) as source:
                for number, piece in enumerate(mine):
                    share.report("pieces", 0.5 + 0.5 * number / len(mine))
                    _write(source, scratch / piece.path.name, piece, share)
                    _settle(scratch / piece.path.name, piece)


def see_that_it_fits(cue: Cue, stem: StemName) -> Path:
    """The file of a stem of the take in use, once it is seen to be there and exactly as long as the cue.

    Raises:
        UnusableInput: it is not.
    """
    path = cue.files(cue.take)[stem]
    if not _holds(path, cue.brief.sample_rate, cue.brief.samples):
        raise UnusableInput(
            "This sound is not as long as the cue", str(path), "Bring it back from a copy, or use another take."
        )
    return path


def _holds(path: Path, sample_rate: int, samples: int) -> bool:
    """Whether a file holds so many samples of 24-bit stereo; raises as `read_wave` does, or what the system says."""
    wave = read_wave(path)
    told = (wave.sample_rate, wave.channels, wave.bits, wave.samples)
    return told == (sample_rate, 2, 24, samples) and path.stat().st_size >= wave.data_at + wave.data_size


@contextmanager
def _source(cue: Cue, stem: StemName, sample_rate: int, scratch: Path, watch: Watch) -> Iterator[WavReader]:
    """A stem at a sample rate."""
    with WavReader(see_that_it_fits(cue, stem)) as source:
        if source.sample_rate == sample_rate:
            yield source
            return
        resampled = scratch / f"{stem}.wav"
        _resample(source, resampled, cue.brief.edit.range.samples(sample_rate), sample_rate, watch)
    with WavReader(resampled) as source:
        yield source
    resampled.unlink()


def _resample(source: WavReader, to: Path, samples: int, sample_rate: int, watch: Watch) -> None:
    """Write a stem at another sample rate, exactly `samples` long."""
    import soxr

    stream = soxr.ResampleStream(source.sample_rate, sample_rate, 2, dtype="float64", quality="VHQ")
    with new_wav(to, samples, sample_rate) as wav:
        for at in range(0, source.samples, _BLOCK):
            watch.report("pieces", 0.5 * at / source.samples)
            end = min(at + _BLOCK, source.samples)
            block = stream.resample_chunk(source.read(at, end).astype(np.float64), last=end == source.samples)
            integers = np.clip(np.rint(block), -FULL_SCALE, HIGHEST).astype(np.int32)
            wav.write(integers[: wav.missing])
        _silence(wav)


def _write(source: WavReader, to: Path, piece: Piece, watch: Watch) -> None:
    """Write a piece, sample for sample."""
    end = min(piece.first + piece.samples, source.samples)
    with new_wav(to, piece.samples, piece.sample_rate) as wav:
        for at in range(piece.first, end, _BLOCK):
            watch.check()
            wav.copy(source.read_packed(at, min(at + _BLOCK, end)))
        _silence(wav)


def _silence(wav: WavWriter) -> None:
    """What is missing; never more than a handle."""
    wav.copy(bytes(wav.missing * BYTES_PER_FRAME))


def _settle(made: Path, piece: Piece) -> None:
    """Give a finished file its name. One that another has finished meanwhile stays: some host may have opened it."""
    with disk_errors(piece.path):
        piece.path.parent.mkdir(exist_ok=True)
        try:
            os.link(made, piece.path)
        except OSError:  # a file is there, or the disk knows no hard links
            if not piece.whole:
                made.replace(piece.path)
        sync_folder(piece.path.parent)


def _samples(part: Part, rate: Fraction, sample_rate: int) -> tuple[int, int]:
    """First sample of a part, and the length of its piece: no less than its whole frames, as a host counts them."""
    first, last = (sample_count(frame / rate, sample_rate) for frame in (part.first, part.first + part.frames))
    handle = int(HANDLE_S * rate)
    return first, max(last - first, ceil((part.frames + handle) / rate * sample_rate))


def _label(name: str) -> str:
    """A section's name as every system and script takes it: ASCII letters, digits and single spaces."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return " ".join(re.findall(r"[A-Za-z0-9]+", plain))[:LONGEST_LABEL].strip() or "section"


def _share(watch: Watch, number: int, count: int, words: str) -> Watch:
    """A watch for one of several equal parts."""

    def progress(stage: str, fraction: float, _: str) -> None:
        watch.progress(stage, (number + fraction) / count, words)

    return Watch(progress, watch.cancelled)
