"""The SQLite file behind the job store: opened with care, brought to today's schema, its errors told as sentences.

Conventions
    `user_version` is the number of `STEPS` that were applied to the file, `application_id` says that the file is ours.
    A file that is damaged, foreign or newer is refused and left as it is: it may hold somebody's work.
    Write-ahead log, synchronous FULL: what a commit has returned from is on the disk, a power cut included.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

from core.errors import DaemonUnreachable, HitpointError, UnusableInput

APPLICATION = 0x48495450
"""The letters HITP, in the file's header."""
BUSY_S = 5.0
"""Seconds to wait for another program that is writing to the file."""
LOG_BYTES = 4 * 2**20
"""The write-ahead log is cut back to this size once it has been copied into the database."""

_FIRST = (
    """
    CREATE TABLE jobs (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        client TEXT NOT NULL,
        name TEXT NOT NULL,
        digest TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT NOT NULL,
        made REAL NOT NULL,
        started REAL,
        ended REAL,
        deaths INTEGER NOT NULL,
        request TEXT NOT NULL,
        error TEXT,
        result TEXT
    )
    """,
    "CREATE INDEX live ON jobs (sequence) WHERE state NOT IN ('done', 'failed', 'cancelled')",
    """
    CREATE TABLE attachments (
        job INTEGER PRIMARY KEY REFERENCES jobs (sequence) ON DELETE CASCADE,
        content BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE watches (
        folder TEXT PRIMARY KEY,
        request TEXT NOT NULL,
        client TEXT NOT NULL,
        made REAL NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE seen (
        folder TEXT NOT NULL REFERENCES watches (folder) ON DELETE CASCADE,
        sha256 TEXT NOT NULL,
        job TEXT NOT NULL,
        name TEXT NOT NULL,
        PRIMARY KEY (folder, sha256)
    ) WITHOUT ROWID
    """,
)

STEPS: tuple[tuple[str, ...], ...] = (_FIRST,)
"""What leads from each schema version to the next; a step that was released is never changed, only followed."""

_MOVE_AWAY = "Move the file to another place and start again: a new one is made."


class StoreBusy(UnusableInput):
    """Another program has been writing to the job store for longer than `BUSY_S`."""


def opened(path: Path) -> sqlite3.Connection:
    """A connection to the store at `path`, made (mode 0600) or migrated where needed; for one thread at a time.

    Raises:
        DaemonUnreachable: the file is damaged, foreign, newer or cannot be used; it is left as it is.
    """
    try:
        # SQLite gives its -wal and -shm files the mode of the file that is there.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise DaemonUnreachable(
            "The job store cannot be opened", f"{path}: {error}", "Check its permissions."
        ) from error
    try:
        _examine(connection, path)
        _set_up(connection, path)
        _migrate(connection)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            told = sentence(error, path)
            raise DaemonUnreachable(told.what, told.where, told.do) from error
        raise
    return connection


def _examine(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse what is not ours, newer or damaged, before anything is written."""
    version, application = _pragma(connection, "user_version"), _pragma(connection, "application_id")
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION and (application or version or tables):
        raise DaemonUnreachable("This is not a job store of Hitpoint", str(path), _MOVE_AWAY)
    if version > len(STEPS):
        raise DaemonUnreachable(
            f"The job store was written by a newer Hitpoint (schema {version}, known here: up to {len(STEPS)})",
            str(path),
            f"Use that version. Or: {_MOVE_AWAY}",
        )
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise DaemonUnreachable("The job store is damaged", f"{path}: {found}", _MOVE_AWAY)


def _set_up(connection: sqlite3.Connection, path: Path) -> None:
    # Before the first page is written: only then pages that fall free can later be given back.
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise DaemonUnreachable(
            "The disk of the job store cannot hold a write-ahead log",
            str(path),
            "Set HITPOINT_HOME to a folder on a local disk.",
        )
    connection.execute("PRAGMA synchronous = FULL")
    # On macOS a plain fsync leaves data in the drive's own cache.
    connection.execute("PRAGMA fullfsync = ON")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")


def _migrate(connection: sqlite3.Connection) -> None:
    """Apply the steps that the file has not seen, each as one transaction; a crash between them does no harm."""
    while _pragma(connection, "user_version") < len(STEPS):
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Read again under the lock: another opener may have done this step meanwhile.
            version = _pragma(connection, "user_version")
            for statement in STEPS[version] if version < len(STEPS) else ():
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {max(version, min(version + 1, len(STEPS)))}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def sentence(error: sqlite3.Error, path: Path) -> HitpointError:
    """What an error of SQLite means for the person at the workstation."""
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return UnusableInput("The disk is full", str(path), "Make room and try again; what was stored before is safe.")
    if name.startswith("SQLITE_IOERR"):
        return UnusableInput(
            "The job store could not be read or written",
            f"{path}: {error}",
            "Check the disk, its free space and your quota; what was stored before is safe.",
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreBusy("Another program is holding the job store", str(path), "Close it and try again.")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return UnusableInput("The job store is damaged", f"{path}: {error}", _MOVE_AWAY)
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return UnusableInput(
            "The job store cannot be written", f"{path}: {error}", "Check its permissions and its disk."
        )
    return UnusableInput("The job store failed", f"{path}: {error}")


def disk_sentence(error: OSError) -> HitpointError:
    """What an error of a file beside the store means for the person at the workstation."""
    where = str(error.filename or "")
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return UnusableInput("The disk is full", where, "Make room, or lift the quota, and try again.")
    return UnusableInput("A file cannot be read or written", f"{where}: {error.strerror}" if where else str(error))
