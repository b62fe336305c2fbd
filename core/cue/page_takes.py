"""The takes of a cue as its page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.cue.takes import Opening


@dataclass(frozen=True)
class TakeShown:
    """A take as the page lists and plays it."""

    number: int
    made: str
    """When, as ISO 8601 in UTC."""
    seed: int
    files: Mapping[str, Path]
    """Stem, and "mix" → file."""
    hashes: Mapping[str, str]
    """Stem → SHA-256 of its file: sound that the page carries already is not encoded again."""
    in_use: bool = False
    engine: str = ""
    style: str = ""
    """The style asked for in this re-roll; empty where it is the cue's."""
    prompt: str = ""
    """The words given with this re-roll; empty where they are the cue's."""
    hole: Opening | None = None
    """What was re-rolled; None for a whole take."""
    base: int | None = None
    """Number of the take that this one changed."""
    taken_from: int | None = None
    """Number of the take whose music fills the hole; None where an engine wrote it."""
