"""What one look at one thing has found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

State = Literal["ok", "note", "problem"]

AGAIN = "Install Hitpoint again: its own environment holds what it needs."


@dataclass(frozen=True)
class Finding:
    """One thing, how it is, and what to do about it."""

    what: str
    """The thing: "GPU"."""
    state: State
    """ok; note: worth knowing, and Hitpoint works; problem: something will not work."""
    words: str
    """How it is, as a sentence or a few words."""
    do: str = ""
    """What to do about it, as a sentence; empty where there is nothing to do."""


def installed_version(name: str) -> str | None:
    """The version of a package as it is installed, without importing it; None when it is not."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def numbers(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with: 27.3.0rc1 is (27, 3, 0); shorter ones compare as lower."""
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(each) for each in found[0].split(".")) if found else ()
