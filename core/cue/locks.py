"""Locks on files that end with the process that holds them, however it ends."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO


def lock_own(file: BinaryIO) -> bool:
    """Lock our own file. Where a disk knows no locks, nobody can, and nothing there is ever taken for stale."""
    try:
        return try_lock(file.fileno())
    except OSError:
        return True


def try_lock(handle: int) -> bool:
    """Lock an open file until it is closed or the process ends; False where another holds it.

    Raises:
        OSError: the disk knows no locks.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def unlock(lock: Path, file: BinaryIO) -> None:
    """Remove a lock and let it go, in the order that the system allows."""
    if sys.platform == "win32":
        file.close()
    try:
        lock.unlink(missing_ok=True)
    finally:
        file.close()
