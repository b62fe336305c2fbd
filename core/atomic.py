"""Files appear whole or not at all: written beside their place, synced, then renamed.

A full disk, a crash or a cancel leaves what was there before. What the system says about a disk becomes a sentence.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from core.errors import HitpointError, UnusableInput

WRITE_ERRORS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ENODEV}
)
"""What the system says when something cannot be written."""


@contextmanager
def whole_file(path: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Open a file that takes its place, replacing what is there, only when the block ends without an error.

    Args:
        path: its place.
        mode: its permissions from the first moment, less what the umask forbids.

    Raises:
        UnusableInput: the disk is full or the place cannot be written; nothing is left behind.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    with disk_errors(path):
        file = open(beside, "xb", opener=lambda name, flags: os.open(name, flags, mode))  # noqa: SIM115
    try:
        with write_errors(path):
            yield file
        with disk_errors(path):
            file.flush()
            os.fsync(file.fileno())
            file.close()
            beside.replace(path)
    except BaseException:
        with suppress(OSError):  # what is still in the buffer may find no room
            file.close()
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    with disk_errors(path):
        sync_folder(path.parent)


def write_whole(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Write a small file whole or not at all; raises as `whole_file` does."""
    with whole_file(path, mode) as file:
        file.write(content)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut; systems that cannot sync a folder do it by themselves."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def disk_errors(place: Path) -> Iterator[None]:
    """Turn what the system says about writing to `place` into `UnusableInput` with one sentence."""
    try:
        yield
    except OSError as error:
        raise _sentence(error, place) from error


@contextmanager
def write_errors(place: Path, *written: Path) -> Iterator[None]:
    """Turn failed writes to a file into `UnusableInput` with one sentence, around a block that may do other things.

    Args:
        place: where the file is to be.
        written: names under which the block writes it; an open file's errors have no name.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in WRITE_ERRORS or error.filename not in (None, *map(str, written)):
            raise
        raise _sentence(error, place) from error


def _sentence(error: OSError, place: Path) -> HitpointError:
    where = str(place)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UnusableInput("The disk is full", where, "Free some space or choose another folder.")
    if error.errno == errno.EFBIG:
        return UnusableInput("The file would be larger than is allowed here", where, "Choose another folder.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UnusableInput("This place cannot be written", where, "Choose a folder that you may write to.")
    words = error.strerror or str(error)
    return UnusableInput(f"The disk refused: {words}", where, "Choose another folder or look at the disk.")
