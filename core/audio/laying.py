"""Stretches of a file laid at new places in a file of another length, byte for byte, with silence between.

Each stretch sounds on a little into the silence on both sides, as it did before: that is what a cross-fade there
needs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.audio.crossfade import LONGEST_S
from core.audio.files import BYTES_PER_FRAME, WavReader, WavWriter, new_wav
from core.watch import Watch

BLOCK = 1 << 18
"""Samples that are copied at a time."""


@dataclass(frozen=True)
class Piece:
    """A stretch that is laid elsewhere, in samples."""

    first: int
    """Where it lies in the new file."""
    from_sample: int
    """Where it lay in the old one."""
    samples: int

    @property
    def last(self) -> int:
        """The sample after its last one in the new file."""
        return self.first + self.samples


@dataclass(frozen=True)
class Laid:
    """A new file."""

    sha256: str
    pieces: tuple[str, ...]
    """SHA-256 of the 24-bit samples of each piece, as they lie in both files."""


def lay(source: Path, pieces: Sequence[Piece], samples: int, to: Path, watch: Watch) -> Laid:
    """Write a file that holds stretches of another one.

    Args:
        source: a 24-bit stereo WAV.
        pieces: in order, without overlap, inside both files.
        samples: length of the new file.
        to: its place.
        watch: progress and cancellation, stage "audio".

    Raises:
        UnusableInput: the source cannot be read, or the place cannot be written.
    """
    hashes = []
    with WavReader(source) as old, new_wav(to, samples, old.sample_rate) as new:
        ends = [0, *(piece.last for piece in pieces)]
        starts = [*(piece.first for piece in pieces), samples]
        rooms = [start - end for end, start in zip(ends, starts, strict=True)]
        for number, piece in enumerate(pieces):
            lead = min(_reach(old, rooms[number]), piece.from_sample)
            _silence(new, rooms[number] - lead - (_tail(old, pieces[number - 1], rooms[number]) if number else 0))
            new.copy(old.read_packed(piece.from_sample - lead, piece.from_sample))
            hashes.append(_copied(old, new, piece, samples, watch))
            end = piece.from_sample + piece.samples
            new.copy(old.read_packed(end, end + _tail(old, piece, rooms[number + 1])))
        _silence(new, new.missing)
    return Laid(new.sha256, tuple(hashes))


def _reach(old: WavReader, room: int) -> int:
    """How far a stretch sounds on into a silence that it shares with another."""
    return min(round(LONGEST_S * old.sample_rate) + 1, room // 2)


def _tail(old: WavReader, piece: Piece, room: int) -> int:
    """How far a stretch sounds on after its end."""
    return min(_reach(old, room), old.samples - piece.from_sample - piece.samples)


def _copied(old: WavReader, new: WavWriter, piece: Piece, samples: int, watch: Watch) -> str:
    """Copy a stretch; the hash of what it holds."""
    digest = hashlib.sha256()
    for start in range(0, piece.samples, BLOCK):
        watch.report("audio", (piece.first + start) / samples, "laying what stays")
        stop = min(start + BLOCK, piece.samples)
        content = old.read_packed(piece.from_sample + start, piece.from_sample + stop)
        digest.update(content)
        new.copy(content)
    return digest.hexdigest()


def _silence(new: WavWriter, samples: int) -> None:
    """Write silence, block by block."""
    for start in range(0, samples, BLOCK):
        new.copy(bytes(min(BLOCK, samples - start) * BYTES_PER_FRAME))
