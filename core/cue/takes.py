"""The takes of a cue: what each is made of, and whether its files are still what was saved.

A take has a folder of its own, `takes/001`; a re-roll adds the next one and refers to the files of others for the
stems it did not change. All names are relative to the cue folder, with forward slashes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
from numpy.typing import NDArray

from core.atomic import write_whole
from core.audio.files import packed, read_wav
from core.brief import Chord, How, StemName, Track
from core.cue.document import NotThis, parsed, typed, written
from core.errors import EngineNotReady, HitpointError, UnusableInput


@dataclass(frozen=True)
class Saved:
    """A file and what was in it."""

    file: str
    sha256: str


@dataclass(frozen=True)
class Opening:
    """The hole that a re-roll filled."""

    start: float
    duration: float
    stems: tuple[StemName, ...]


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
    kept: tuple[Kept, ...] = ()
    """What the re-roll had to keep; empty in a first take."""

    def saved(self) -> tuple[Saved, ...]:
        """All files that the take is made of, its own and those of others."""
        return (*self.stems.values(), self.mix, self.notes, *([self.state] if self.state else []))


@dataclass(frozen=True)
class Notes:
    """What an engine wrote besides sound, exactly as it wrote it."""

    tracks: tuple[Track, ...]
    chords: tuple[Chord, ...]
    how: tuple[How | None, ...]


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


def check(cue: Path, take: Take) -> tuple[str, ...]:
    """One sentence for each file or kept span of a take that is not what was saved; empty when all is well."""
    found = [_check_file(cue, saved) for saved in take.saved()]
    found += [_check_span(cue, take, kept) for kept in take.kept]
    return tuple(sentence for sentence in found if sentence)


def stays_inside(name: str) -> bool:
    """True for a relative name that no system reads as a place outside of the folder."""
    windows, posix = PureWindowsPath(name), PurePosixPath(name)
    return (
        bool(posix.parts) and "\0" not in name and not windows.anchor and not posix.anchor and ".." not in windows.parts
    )


def _save(cue: Path, path: Path, content: bytes) -> Saved:
    write_whole(path, content)
    return refer(cue, path, hashlib.sha256(content).hexdigest())


def _check_file(cue: Path, saved: Saved) -> str:
    try:
        with (cue / saved.file).open("rb") as file:
            same = hashlib.file_digest(file, "sha256").hexdigest() == saved.sha256
    except OSError:
        return f"{saved.file} is missing or cannot be read."
    return "" if same else f"{saved.file} is not what was saved."


def _check_span(cue: Path, take: Take, kept: Kept) -> str:
    name = f"{kept.samples} samples of {kept.stem} from sample {kept.first_sample} on"
    if kept.stem not in take.stems:
        return f"{name} are missing."
    try:
        samples, _ = read_wav(cue / take.stems[kept.stem].file, kept.first_sample, kept.samples)
    except HitpointError:
        return f"{name} cannot be read."
    same = hashlib.sha256(packed(samples).data).hexdigest() == kept.sha256
    return "" if same else f"{name} are not what was kept."
