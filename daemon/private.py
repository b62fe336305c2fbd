"""Files and folders that belong to one user alone: made so from the first moment, and refused when they are not.

POSIX: the owner is this user and the mode gives nothing to group or others. Windows: mode bits say nothing there; the
folder lies in the user's profile, whose access control list already keeps others out.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from core.atomic import write_whole
from core.errors import DaemonUnreachable

FOLDER_MODE = 0o700
FILE_MODE = 0o600
_OTHERS = 0o077

_ELSEWHERE = "Free the name, or set HITPOINT_HOME to a folder that you may write to."

# Reading follows no link and never waits for a writer; names that a system lacks cost nothing.
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def make_private_folder(folder: Path) -> None:
    """Make a folder of this user alone where there is none.

    Raises:
        DaemonUnreachable: it cannot be made, or is there and others may enter it or own it.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(FOLDER_MODE, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise DaemonUnreachable(_reason(error, "The folder cannot be made"), str(folder), _ELSEWHERE) from error
    check_private(folder, found)


def check_private(path: Path, found: os.stat_result) -> None:
    """Make sure that a file or folder is this user's alone.

    Raises:
        DaemonUnreachable: another user owns it, or the group or others may read, write or enter it.
    """
    if os.name == "nt":
        return
    folder = stat.S_ISDIR(found.st_mode)
    kind, mode = ("folder", FOLDER_MODE) if folder else ("file", FILE_MODE)
    if found.st_uid != os.geteuid():
        remedy = "Set HITPOINT_HOME to a folder of your own." if folder else "Remove it; a new one is made."
        raise DaemonUnreachable(f"This {kind} belongs to another user", str(path), remedy)
    if found.st_mode & _OTHERS:
        allowed = f"mode {stat.S_IMODE(found.st_mode):04o}"
        remedy = f"Run: chmod {mode:o} '{path}'"
        raise DaemonUnreachable(f"Other users may open this {kind}, {allowed}", str(path), remedy)


def read_private(path: Path, limit: int) -> bytes:
    """The content of a file that must be this user's alone.

    Args:
        path: the file; a link is refused.
        limit: the most bytes it may hold.

    Raises:
        FileNotFoundError: there is none.
        DaemonUnreachable: others may open it, it is no ordinary file, it is too large, or it cannot be read.
    """
    try:
        handle = os.open(path, _READ)
    except FileNotFoundError:
        raise
    except OSError as error:
        # A name that is too long, or below a file, is no fault of what might lie there.
        remedy = _ELSEWHERE if error.errno in (errno.ENAMETOOLONG, errno.ENOTDIR) else "Remove it."
        raise DaemonUnreachable(_reason(error, "The file cannot be read"), str(path), remedy) from error
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_size > limit:
            raise DaemonUnreachable("This is not a file that Hitpoint has written", str(path), "Remove it.")
        check_private(path, found)
        return os.read(handle, limit)
    except OSError as error:
        raise DaemonUnreachable(_reason(error, "The file cannot be read"), str(path)) from error
    finally:
        os.close(handle)


def write_private(path: Path, content: bytes) -> None:
    """Write a file of this user alone, whole or not at all.

    Raises:
        UnusableInput: the disk is full or the place cannot be written.
    """
    write_whole(path, content, FILE_MODE)


def _reason(error: OSError, what: str) -> str:
    return f"{what}: {error.strerror or error}"
