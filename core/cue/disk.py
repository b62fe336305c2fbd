"""A cue folder on disk: safe names, room enough, and folders that appear whole or not at all.

A new cue grows in a hidden folder beside its final place and becomes visible by one rename. Whoever makes it holds
a lock on a file beside it; a hidden folder whose lock is free was left by a process that died, and is removed by the
next cue made there.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

from core.atomic import disk_errors, sync_folder
from core.audio.files import BYTES_PER_FRAME
from core.cue.locks import lock_own, try_lock, unlock
from core.cue.opus import BIT_RATE
from core.cue.page import EMBEDDED_S
from core.errors import UnusableInput

PREFIX = ".hitpoint-"
"""What hidden folders and their locks begin with."""
LONGEST_NAME = 80
"""Characters: short enough for Windows paths."""
LARGEST_NAME = 200
"""Bytes in UTF-8; file systems take 255, and a number may follow."""
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])( *\..*)?$", re.IGNORECASE)
"""Names that Windows keeps for devices, with any extension."""
BESIDE_AUDIO = 20_000_000
"""Bytes that everything in a cue may take but its audio and what of it the page carries."""
BESIDE_TAKE = 4_000_000
"""Bytes that a new take may add to what stands in a cue but for its audio."""
LOWEST_RATE = 44_100
"""Samples per second: so few make a length in samples the longest in seconds."""


@dataclass
class NewCue:
    """A cue folder being made."""

    path: Path
    """Where it grows, hidden."""
    final: Path
    """Where it is to be; settled when the block ends, as another cue may have taken the name by then."""
    about_to_appear: Callable[[Path], None] = field(default=lambda _: None)
    """Called with the final place just before each try to rename the folder to it."""


@contextmanager
def new_cue(parent: Path, name: str) -> Iterator[NewCue]:
    """Make a cue folder that becomes visible, under a name not taken yet, only when the block ends without an error.

    Args:
        parent: the folder of cues; it is made if it is missing.
        name: any text; it is made safe, and gets " 2", " 3" … when it is taken.

    Raises:
        UnusableInput: the place cannot be written; nothing is left behind.
    """
    safe = safe_name(name)
    made = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    with disk_errors(parent):
        parent.mkdir(parents=True, exist_ok=True)
        remove_stale(parent)
    try:
        with _locked(parent) as path:
            new = NewCue(path, _free(parent, safe))
            try:
                with disk_errors(parent):
                    path.mkdir()
                yield new
                with disk_errors(parent):
                    sync_folders(path)
                    new.final = _place(new, parent, safe)
                    sync_folder(parent)
            except BaseException:
                shutil.rmtree(path, ignore_errors=True)
                raise
    except BaseException:
        _remove_empty(made)
        raise


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A hidden folder for what is being made; it goes when the block ends, or, should the process die, with the next.

    Args:
        parent: made if it is missing.

    Raises:
        UnusableInput: the place cannot be written.
    """
    with disk_errors(parent):
        parent.mkdir(parents=True, exist_ok=True)
        remove_stale(parent)
    with _locked(parent) as path:
        try:
            with disk_errors(parent):
                path.mkdir()
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove folders that were made for nothing, innermost first; those that hold something stay."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


def remove_stale(parent: Path) -> None:
    """Remove what processes that died while making a cue have left in a folder of cues."""
    for lock in parent.glob(f"{PREFIX}*.lock"):
        # Gone already, somebody else's, or on a disk without locks: then it is not ours to remove.
        with suppress(OSError), lock.open("rb+") as file:
            if try_lock(file.fileno()):
                shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                unlock(lock, file)


def safe_name(text: str, end: str = "") -> str:
    """A file or folder name for any text that Windows, macOS and Linux all take; "Cue" where nothing is left of it.

    Args:
        text: any text; it is cut where the name would grow too long.
        end: what tells the name from its neighbours (" drums"): safe itself, and kept whole.
    """
    text = unicodedata.normalize("NFC", text).replace(":", ".").replace(";", ".")
    text = "".join(" " if character in '/\\<>"|?*' or not character.isprintable() else character for character in text)
    text = " ".join(text.split())[: LONGEST_NAME - len(end)].strip(" .")
    while len(f"{text}{end}".encode()) > LARGEST_NAME:
        text = text[:-1].strip(" .")
    name = f"{text or 'Cue'}{end}"
    return f"_{name}" if RESERVED.match(name) else name


def bytes_needed(samples: int, stems: int) -> int:
    """About how many bytes a cue takes at most: its stems and their mix, and a page that carries short stems itself."""
    return (stems + 1) * samples * BYTES_PER_FRAME + _carried(samples, stems) + BESIDE_AUDIO


def bytes_of_take(samples: int, stems: int, new: int, standing: int) -> int:
    """About how many bytes a further take needs at most: its stems and their mix, and all documents once more.

    Args:
        samples: of the cue; what a take changes is written whole.
        stems: how many the take changes.
        new: samples in its hole, which a page may carry.
        standing: bytes of the documents as they are: each is written beside the one that it replaces.
    """
    return (stems + 1) * samples * BYTES_PER_FRAME + _carried(new, stems) + standing + BESIDE_TAKE


def _carried(samples: int, stems: int) -> int:
    """Bytes of sound that a page carries at most."""
    seconds = min(samples / LOWEST_RATE, EMBEDDED_S)
    return ceil(stems * seconds * BIT_RATE / 8 * 4 / 3)  # base64 makes four bytes of three


def check_room(parent: Path, needed: int) -> None:
    """See whether a cue will fit before work begins.

    Raises:
        UnusableInput: the disk has less room than `needed` bytes.
    """
    place = next((folder for folder in (parent.absolute(), *parent.absolute().parents) if folder.exists()), None)
    if place is None:
        raise UnusableInput("This place does not exist", str(parent), "Choose another folder.")
    with disk_errors(place):
        free = shutil.disk_usage(place).free
    if free < needed:
        raise UnusableInput(
            f"The disk has too little room: about {_size(needed)} are needed, {_size(free)} are free",
            str(parent),
            "Free some space or choose another folder.",
        )


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{-(-count // 1_000_000)} MB"


def _free(parent: Path, name: str) -> Path:
    """The first of "name", "name 2", "name 3" … that is not taken."""
    number = 1
    while (place := parent / (name if number == 1 else f"{name} {number}")).exists():
        number += 1
    return place


def _place(new: NewCue, parent: Path, name: str) -> Path:
    """Rename a finished folder to the first free name, also where others do the same at this moment."""
    while True:
        place = _free(parent, name)
        new.about_to_appear(place)
        try:
            return new.path.rename(place)
        except OSError:
            # Taken since we looked: a folder with something in it is never replaced.
            if not place.exists():
                raise


def sync_folders(path: Path) -> None:
    """Make the names in a folder and all below it survive a power cut."""
    for folder, _, _ in os.walk(path):
        sync_folder(Path(folder))


@contextmanager
def _locked(parent: Path) -> Iterator[Path]:
    """A hidden path that nobody else uses, locked by a file beside it as long as this process lives."""
    while True:
        path = parent / f"{PREFIX}{secrets.token_hex(6)}"
        lock = path.with_suffix(".lock")
        with disk_errors(parent):
            file = lock.open("xb")
        # Somebody who looks for stale folders may have taken it in between; then try another name.
        if lock_own(file) and lock.exists():
            break
        file.close()
    try:
        yield path
    finally:
        unlock(lock, file)
