"""Files under names that nobody has taken: an export never replaces what is there."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from core.atomic import disk_errors, sync_folder, write_errors


@dataclass
class NewFile:
    """A file being made."""

    path: Path
    """Where it is written, hidden."""
    final: Path
    """Where it is to be; settled when the block ends."""


@contextmanager
def new_file(folder: Path, name: str) -> Iterator[NewFile]:
    """Write a file that becomes visible, as "name" or "name 2", "name 3" …, when the block ends without an error.

    Args:
        folder: made if it is missing.
        name: file name with its extension.

    Raises:
        UnusableInput: the disk is full or the place cannot be written; nothing is left behind.
    """
    wanted = folder / name
    hidden = folder / f".{secrets.token_hex(4)}.part{wanted.suffix}"
    new = NewFile(hidden, wanted)
    with disk_errors(wanted):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        with write_errors(wanted, hidden):
            yield new
        with disk_errors(wanted):
            with hidden.open("rb+") as file:
                os.fsync(file.fileno())
            new.final = _settle(hidden, wanted)
    finally:
        with suppress(OSError):
            hidden.unlink(missing_ok=True)
    with disk_errors(wanted):
        sync_folder(folder)


def _settle(hidden: Path, wanted: Path) -> Path:
    """Give a finished file the first free name, also where others do the same at this moment."""
    number = 1
    while True:
        place = wanted if number == 1 else wanted.with_stem(f"{wanted.stem} {number}")
        number += 1
        if place.exists():
            continue
        try:
            os.link(hidden, place)
        except FileExistsError:
            continue
        except OSError:
            # A disk without hard links; its rename is all there is.
            hidden.rename(place)
        return place
