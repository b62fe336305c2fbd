"""The takes of a cue: what each is made of, and whether its files are still what was saved.

A take has a folder of its own, `takes/001`; a re-roll adds the next one and refers to the files of others for the
stems it did not change. All names are relative to the cue folder, with forward slashes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from core.atomic import write_whole
from core.audio.files import BYTES_PER_FRAME
from core.brief import Chord, Direction, How, Met, Plan, StemName, Track
from core.cue.bwf import read_wave
from core.cue.document import NotThis, parsed, typed, written
from core.cue.provenance import MadeBy
from core.errors import EngineNotReady, HitpointError, UnusableInput
from core.watch import Watch

Snap = Literal["beat", "bar", "cut", "none"]
"""Where the edges of a hole may settle inside what was asked."""
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Saved:
    """A file and what was in it."""

    file: str
    sha256: str


@dataclass(frozen=True)
class Opening:
    """The hole that a take filled: where, in which stems, and how its edges came about."""

    start: float
    """Seconds from the range's start; both edges lie on whole samples."""
    duration: float
    stems: tuple[StemName, ...]
    asked: tuple[str, str] = ("", "")
    """What was asked for, in and out (exclusive), in record timecode."""
    snap: Snap = "none"
    """Where the edges were to settle inside what was asked."""
    edges: tuple[str, str] = ("as asked", "as asked")
    """Where each edge lies, in words: "bar 9", "beat 9.3", "cut", "start", "end", "as asked"."""

    def span(self, sample_rate: int) -> tuple[int, int]:
        """First sample, and the first one after it."""
        return round(self.start * sample_rate), round((self.start + self.duration) * sample_rate)


@dataclass(frozen=True)
class Kept:
    """A span of a stem that a re-roll had to leave alone."""

    stem: StemName
    first_sample: int
    samples: int
    sha256: str
    """Of the 24-bit samples, as they lie in the file."""


@dataclass(frozen=True)
class Take:
    """One complete state of a cue."""

    number: int
    seed: int
    made: str
    """When, as ISO 8601 in UTC."""
    stems: Mapping[StemName, Saved]
    mix: Saved
    notes: Saved
    """Notes, chords, and how hits were met; see `Notes`."""
    loudness: float
    """Integrated loudness of the mix, LUFS."""
    true_peak: float
    """True peak of the mix, dBTP."""
    errors_ms: tuple[float | None, ...] = ()
    """How far from its time each hit of the plan is heard; null where it was not met or not heard."""
    said: tuple[str, ...] = ()
    """What was done to the sound that the editor should know of."""
    state: Saved | None = None
    """The engine's own state, for later holes."""
    hole: Opening | None = None
    """What was re-rolled; null in a first take."""
    holes: tuple[Opening, ...] = ()
    """What was written anew in the first take of a cue that follows a changed edit; empty in any other."""
    kept: tuple[Kept, ...] = ()
    """What had to be kept; empty in a first take that does not follow a changed edit."""
    base: int | None = None
    """Number of the take that was in use, and that this one changed; null in a first take."""
    taken_from: int | None = None
    """Number of the take whose music fills the hole; null where an engine wrote it."""
    style: str | None = None
    """The style asked for in this re-roll; null where it is the cue's."""
    prompt: str | None = None
    """The words given with this re-roll; null where they are the cue's."""
    direction: Direction | None = None
    """What was wanted of the music in the hole, exactly; null where it is the cue's."""
    turned_down_db: float = 0.0
    """By how much the new music was turned down inside the hole, dB."""
    made_by: MadeBy | None = None
    """What made this take; null in a first take, which the cue's own `made_by` tells of."""

    def saved(self) -> tuple[Saved, ...]:
        """All files that the take is made of, its own and those of others."""
        return (*self.stems.values(), self.mix, self.notes, *([self.state] if self.state else []))


@dataclass(frozen=True)
class Notes:
    """What an engine wrote besides sound, exactly as it wrote it."""

    tracks: tuple[Track, ...]
    chords: tuple[Chord, ...]
    how: tuple[How | None, ...]


def as_heard(plan: Plan, how: Sequence[How | None]) -> Plan:
    """The plan as a take plays it: a hit that was planned, but that this take does not answer, is not met.

    Args:
        plan: as the engine was told.
        how: how the take meets each hit, in the plan's order.
    """
    silent = "it was planned, but nothing is heard there"
    met = (
        Met(told.hit, False, why=silent) if told.met and manner is None else told
        for told, manner in zip(plan.met, how, strict=True)
    )
    return replace(plan, met=tuple(met))


def bars(plan: Plan, opening: Opening, frame: float) -> tuple[int, int]:
    """The first and the last bar that a hole lies in, counted from 1; 0 is what comes before the first bar line.

    Args:
        plan: of the cue.
        opening: the hole.
        frame: seconds by which an edge may miss a bar line and still be meant to lie on it.
    """
    lines = plan.tempo_map.beats[list(plan.tempo_map.downbeats)]
    frame = min(frame, opening.duration / 2)
    first, last = np.searchsorted(lines, (opening.start + frame, opening.start + opening.duration - frame))
    return int(first), max(int(first), int(last))


def take_folder(cue: Path, number: int) -> Path:
    """The folder of a take's own files."""
    return cue / "takes" / f"{number:03d}"


def save_notes(cue: Path, folder: Path, notes: Notes) -> Saved:
    """Write `notes.json` to a take's folder."""
    return _save(cue, folder / "notes.json", written(notes))


def load_notes(cue: Path, take: Take) -> Notes:
    """Read a take's notes back.

    Raises:
        UnusableInput: the file is missing or damaged.
    """
    path = cue / take.notes.file
    try:
        notes: Notes = typed(Notes, parsed(path.read_bytes()), "notes")
    except (OSError, NotThis) as error:
        raise UnusableInput("The notes of this take cannot be read", str(path), "Use another take.") from error
    return notes


def save_state(cue: Path, folder: Path, state: Mapping[str, NDArray[np.generic]]) -> Saved | None:
    """Write an engine's state as `state.safetensors`; None where it has none.

    Raises:
        EngineNotReady: the library for it is not installed.
    """
    if not state:
        return None
    try:
        safetensors = import_module("safetensors.numpy")
    except ImportError as error:
        raise EngineNotReady(
            "The engine's state cannot be saved: safetensors is not installed", do="Install the extra 'engines'."
        ) from error
    return _save(cue, folder / "state.safetensors", safetensors.save(dict(state)))


def refer(cue: Path, path: Path, sha256: str) -> Saved:
    """A file of the cue by its name inside the folder."""
    return Saved(path.relative_to(cue).as_posix(), sha256)


def load_state(cue: Path, take: Take) -> Mapping[str, NDArray[np.generic]]:
    """Read an engine's state back; empty where it has none.

    Raises:
        UnusableInput: the file is missing or damaged.
        EngineNotReady: the library for it is not installed.
    """
    if take.state is None:
        return {}
    path = cue / take.state.file
    try:
        safetensors = import_module("safetensors.numpy")
    except ImportError as error:
        raise EngineNotReady(
            "The engine's state cannot be read: safetensors is not installed", do="Install the extra 'engines'."
        ) from error
    try:
        state: Mapping[str, NDArray[np.generic]] = safetensors.load(path.read_bytes())
    except Exception as error:  # the library has an error class of its own
        raise UnusableInput("The engine's state in this take cannot be read", str(path), "Use another take.") from error
    return state


def check(cue: Path, take: Take) -> tuple[str, ...]:
    """One sentence for each file or kept span of a take that is not what was saved; empty when all is well."""
    found = [check_file(cue, saved) for saved in take.saved()]
    found += [check_span(cue, take, kept) for kept in take.kept]
    return tuple(sentence for sentence in found if sentence)


def check_file(cue: Path, saved: Saved, watch: Watch = Watch()) -> str:
    """A sentence where a file is not what was saved; empty when it is."""
    try:
        with (cue / saved.file).open("rb") as file:
            same = _hash(file, None, watch) == saved.sha256
    except OSError:
        return f"{saved.file} is missing or cannot be read."
    return "" if same else f"{saved.file} is not what was saved."


def check_span(cue: Path, take: Take, kept: Kept, watch: Watch = Watch()) -> str:
    """A sentence where a span of a take's stem is not what was kept; empty when it is."""
    name = f"{kept.samples} samples of {kept.stem} from sample {kept.first_sample} on"
    if kept.stem not in take.stems:
        return f"{name} are missing."
    path = cue / take.stems[kept.stem].file
    try:
        wave = read_wave(path)
        with path.open("rb") as file:
            file.seek(wave.data_at + kept.first_sample * BYTES_PER_FRAME)
            same = _hash(file, kept.samples * BYTES_PER_FRAME, watch) == kept.sha256
    except (OSError, HitpointError):
        return f"{name} cannot be read."
    return "" if same else f"{name} are not what was kept."


def stays_inside(name: str) -> bool:
    """True for a relative name that no system reads as a place outside of the folder."""
    windows, posix = PureWindowsPath(name), PurePosixPath(name)
    return (
        bool(posix.parts) and "\0" not in name and not windows.anchor and not posix.anchor and ".." not in windows.parts
    )


def _save(cue: Path, path: Path, content: bytes) -> Saved:
    write_whole(path, content)
    return refer(cue, path, hashlib.sha256(content).hexdigest())


def _hash(file: BinaryIO, size: int | None, watch: Watch) -> str:
    """SHA-256 of the next bytes of a file, or of all that follow."""
    digest, left = hashlib.sha256(), size
    while block := file.read(_BLOCK if left is None else min(_BLOCK, left)):
        watch.check()
        digest.update(block)
        left = None if left is None else left - len(block)
    return digest.hexdigest()
