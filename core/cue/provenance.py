"""What made a take, as far as the sound may depend on it."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from core.brief import StemName

LIBRARIES = (
    "av",
    "librosa",
    "numpy",
    "opencv-python-headless",
    "opentimelineio",
    "python-stretch",
    "scenedetect",
    "scipy",
    "soxr",
    "symusic",
    "threadpoolctl",
)
"""Those whose version the music may depend on."""


@dataclass(frozen=True)
class MadeBy:
    """What made a take."""

    program: str
    """Version of Hitpoint."""
    engine: str
    weights: Mapping[str, str]
    """File of weights → SHA-256; empty for an engine that has none."""
    libraries: Mapping[str, str]
    """Name → version."""
    machine: str
    """Python, system and processor."""


@dataclass(frozen=True)
class Carried:
    """A span of a stem that came from another cue, sample for sample."""

    stem: StemName
    first_sample: int
    """In this cue's first take."""
    from_sample: int
    """In the other cue's take."""
    samples: int
    sha256: str
    """Of the 24-bit samples, as they lie in the file."""


@dataclass(frozen=True)
class MadeFrom:
    """The cue that a changed edit was scored in before."""

    cue: str
    """Its folder, relative to this one where that can be, with forward slashes."""
    take: int
    """The take that was in use there."""
    sha256: str = ""
    """Of its `cue.json` at that time."""
    carried: tuple[Carried, ...] = ()


def made_by(engine: str, weights: Mapping[str, str] = {}) -> MadeBy:
    """What an engine of this name makes music with here and now.

    Args:
        engine: its name.
        weights: file of weights → SHA-256.
    """
    machine = f"Python {platform.python_version()}, {platform.system()}, {platform.machine()}"
    libraries = {name: version for name in LIBRARIES if (version := _version(name))}
    return MadeBy(_version("hitpoint"), engine, dict(weights), libraries, machine)


def soundfont_hash(soundfont: Path | None) -> dict[str, str]:
    """What the music is made with besides the program: file → SHA-256; empty without a SoundFont."""
    if soundfont is None:
        return {}
    with soundfont.open("rb") as file:
        return {str(soundfont.absolute()): hashlib.file_digest(file, "sha256").hexdigest()}


def _version(name: str) -> str:
    """Version of an installed distribution; empty where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
