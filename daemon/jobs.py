"""Jobs, and the store that remembers them: what was asked, how far it came, how it ended.

Conventions
    A job is stored before it is acknowledged and carries the id that its client minted, so sending it twice is one job.
    Order is the order of arrival (`sequence`), never the clock. Times are Unix seconds, for people only.
    A state that is not known is told as an error: unknown is not done. A finished job is never changed again.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import DaemonUnreachable, UnusableInput, WrongUse
from daemon.database import BUSY_S, opened, sentence

FINISHED = frozenset({"done", "failed", "cancelled"})
STATES = frozenset({"queued", "running"}) | FINISHED

_JOB = "sequence, id, kind, client, name, digest, state, reason, made, started, ended, deaths, request, error"
# As the index `live` says it, word for word: otherwise SQLite would not use it.
_LIVE = "state NOT IN ('done', 'failed', 'cancelled')"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One piece of work that somebody asked for."""

    id: str
    """Minted by the client."""
    kind: str
    """"score", "export", "cue", ..."""
    client: str
    """Who asked; jobs are shared out fairly between clients."""
    name: str
    """What it is about, for people."""
    request: Mapping[str, Any]
    """The fields of the operation; strings, finite numbers, booleans, None, lists and maps of these."""
    digest: str
    """`job_digest` of what was asked."""
    state: str = "queued"
    reason: str = ""
    """Why it is in this state, for people."""
    error: Mapping[str, Any] | None = None
    """How it failed, as `core.errors.told` tells it."""
    made: float
    started: float | None = None
    ended: float | None = None
    deaths: int = 0
    """How many workers died over it."""
    sequence: int = 0
    """Order of arrival, given by the store from 1 on; it survives clocks that jump back."""


@dataclass(frozen=True)
class WatchRecord:
    """A folder in which every timeline that appears is scored."""

    folder: str
    """Absolute path."""
    request: Mapping[str, Any]
    """How it is scored: the options of the score operation."""
    client: str
    """Who asked."""
    made: float


def job_digest(kind: str, request: Mapping[str, Any], attachment: bytes | None) -> str:
    """SHA-256 of what a job asks, as hex: two requests with one digest ask the same.

    Raises:
        WrongUse: a number in the request is not finite, or something in it is not plain data.
    """
    asked = json.dumps([kind, _text(request), attachment is not None])
    digest = hashlib.sha256(asked.encode() + b"\n")
    digest.update(attachment or b"")
    return digest.hexdigest()


class Store:
    """The job store in one SQLite file, for one thread at a time.

    Every method is one transaction, or a part of the one that `whole` has begun.

    Args:
        path: the file; made when it is not there.

    Raises:
        DaemonUnreachable: the file is damaged, foreign, newer or cannot be used. It is left as it is.
        UnusableInput: from every method, when the disk is full or fails.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = opened(path)

    @property
    def in_transaction(self) -> bool:
        """False outside of `whole`, and inside of it once SQLite has rolled everything back by itself."""
        return self._connection.in_transaction

    @contextmanager
    def whole(self, writing: bool = True) -> Iterator[None]:
        """All or nothing: a transaction, or a savepoint inside the one that is open."""
        nested = self.in_transaction
        begin = "BEGIN IMMEDIATE" if writing else "BEGIN"
        self._do("SAVEPOINT part" if nested else begin)
        try:
            yield
            self._do("RELEASE part" if nested else "COMMIT")
        except BaseException:
            self._undo(nested)
            raise

    def _undo(self, nested: bool) -> None:
        try:
            if self.in_transaction and nested:
                self._connection.execute("ROLLBACK TO part")
                self._connection.execute("RELEASE part")
            elif self.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            # After some failures SQLite cannot go back to a savepoint, only to the beginning.
            if self.in_transaction:
                self._connection.execute("ROLLBACK")

    def add(self, job: Job, attachment: bytes | None) -> Job:
        """Store a new job and give it back with its sequence; what was stored before under the same id comes back.

        Raises:
            WrongUse: the id belongs to a job that asks something else, or the request is not plain data.
        """
        with self.whole():
            known = self.find(job.id)
            if known is not None:
                if known[0].digest != job.digest:
                    raise WrongUse("This job id was used for another request", job.id, "Mint a new id for each job.")
                return known[0]
            columns = _JOB.removeprefix("sequence, ")
            self._do(f"INSERT INTO jobs ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *_row(job))
            stored = replace(job, sequence=int(self._ask("SELECT last_insert_rowid()")[0][0]))
            if attachment is not None:
                self._do("INSERT INTO attachments (job, content) VALUES (?, ?)", stored.sequence, attachment)
        return stored

    def change(self, job: Job) -> None:
        """Store state, reason, error, times and deaths of a job that goes on."""
        if job.state in FINISHED:
            raise ValueError(f"finish() ends jobs, not change(): {job.id} is {job.state}")
        self._set(job, None)

    def finish(self, job: Job, result: Mapping[str, Any] | None) -> None:
        """Store how a job ended and its result, and drop its attachment."""
        if job.state not in FINISHED:
            raise ValueError(f"finish() needs an ended job: {job.id} is {job.state}")
        with self.whole():
            self._set(job, result)
            self._do("DELETE FROM attachments WHERE job = (SELECT sequence FROM jobs WHERE id = ?)", job.id)

    def _set(self, job: Job, result: Mapping[str, Any] | None) -> None:
        if job.state not in STATES:
            raise ValueError(f"{job.state!r} is not a state of a job")
        changed = self._do(
            "UPDATE jobs SET state = ?, reason = ?, error = ?, started = ?, ended = ?, deaths = ?, result = ?"
            f" WHERE id = ? AND {_LIVE}",
            *(job.state, _unicode(job.reason), _text(job.error), job.started, job.ended, job.deaths),
            *(_text(result), job.id),
        )
        if not changed:
            raise WrongUse("No unfinished job has this id", job.id)

    def live(self) -> list[Job]:
        """Every job that is not finished, in order of arrival."""
        return [self._job(row) for row in self._ask(f"SELECT {_JOB} FROM jobs WHERE {_LIVE} ORDER BY sequence")]

    def recent(self, limit: int) -> list[Job]:
        """The `limit` jobs that came last, newest first."""
        rows = self._ask(f"SELECT {_JOB} FROM jobs ORDER BY sequence DESC LIMIT ?", max(limit, 0))
        return [self._job(row) for row in rows]

    def find(self, job: str) -> tuple[Job, Mapping[str, Any] | None] | None:
        """The job of this id and its result (None unless it is done), or None when no job has it."""
        rows = self._ask(f"SELECT {_JOB}, result FROM jobs WHERE id = ?", job)
        return (self._job(rows[0][:-1]), self._map(rows[0][-1], job)) if rows else None

    def attachment(self, job: str) -> bytes | None:
        """The bytes that came with an unfinished job; None when there were none."""
        rows = self._ask("SELECT content FROM attachments JOIN jobs ON job = sequence WHERE id = ?", job)
        return bytes(rows[0][0]) if rows else None

    def prune(self, keep: int, older_than: float, now: float) -> int:
        """Forget finished jobs: all but the `keep` newest, and those that ended over `older_than` seconds before `now`.

        Returns how many were forgotten. `tidy` gives their room back to the disk.
        """
        with self.whole():
            ended = f"NOT ({_LIVE})"
            cut = self._ask(f"SELECT sequence FROM jobs WHERE {ended} ORDER BY sequence DESC LIMIT 1 OFFSET ?", keep)
            last = cut[0][0] if cut else 0
            return self._do(f"DELETE FROM jobs WHERE {ended} AND (sequence <= ? OR ended < ?)", last, now - older_than)

    def watches(self) -> list[WatchRecord]:
        """The folders being watched, by name."""
        rows = self._ask("SELECT folder, request, client, made FROM watches ORDER BY folder")
        return [WatchRecord(row[0], self._map(row[1], row[0]) or {}, row[2], row[3]) for row in rows]

    def add_watch(self, watch: WatchRecord) -> None:
        """Watch a folder; one that is watched already gets the new options and keeps what was seen in it."""
        self._do(
            "INSERT INTO watches (folder, request, client, made) VALUES (?, ?, ?, ?) ON CONFLICT (folder)"
            " DO UPDATE SET request = excluded.request, client = excluded.client, made = excluded.made",
            *(watch.folder, _text(watch.request), _unicode(watch.client), watch.made),
        )

    def remove_watch(self, folder: str) -> bool:
        """Forget a folder and what was seen in it; False when it was not watched."""
        return self._do("DELETE FROM watches WHERE folder = ?", folder) > 0

    def seen(self, folder: str, sha256: str) -> str | None:
        """The id of the job made for this content in a watched folder, or None."""
        rows = self._ask("SELECT job FROM seen WHERE folder = ? AND sha256 = ?", folder, sha256)
        return str(rows[0][0]) if rows else None

    def seen_in(self, folder: str) -> frozenset[str]:
        """The SHA-256 of every content seen in a watched folder."""
        return frozenset(row[0] for row in self._ask("SELECT sha256 FROM seen WHERE folder = ?", folder))

    def add_seen(self, folder: str, sha256: str, job: str, name: str) -> None:
        """Remember, as long as the folder is watched, that this content has its job.

        Raises:
            WrongUse: the folder is not watched.
        """
        with self.whole():
            if not self._ask("SELECT 1 FROM watches WHERE folder = ?", folder):
                raise WrongUse("This folder is not watched", folder)
            self._do(
                "INSERT INTO seen (folder, sha256, job, name) VALUES (?, ?, ?, ?) ON CONFLICT (folder, sha256)"
                " DO UPDATE SET job = excluded.job, name = excluded.name",
                *(folder, sha256, job, _unicode(name)),
            )

    def tidy(self) -> None:
        """Give free pages back to the disk and empty the write-ahead log. Outside of transactions only."""
        self._empty_log()  # first, because on a full disk it makes room for the rest
        try:
            # executescript(), because execute() takes one step of it, and each step frees one page.
            self._connection.executescript("PRAGMA incremental_vacuum")
        except sqlite3.Error as error:
            raise sentence(error, self.path) from error
        self._empty_log()

    def _empty_log(self) -> None:
        # Somebody who is reading the file only puts this off; nobody waits for it.
        self._do("PRAGMA busy_timeout = 0")
        try:
            self._ask("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._do(f"PRAGMA busy_timeout = {round(1000 * BUSY_S)}")

    def close(self) -> None:
        """Close the file; its write-ahead log is folded in."""
        self._connection.close()

    def _do(self, sql: str, *values: object) -> int:
        """Run a statement; how many rows it changed."""
        try:
            return self._connection.execute(sql, values).rowcount
        except sqlite3.Error as error:
            raise sentence(error, self.path) from error

    def _ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise sentence(error, self.path) from error

    def _job(self, row: tuple[Any, ...]) -> Job:
        sequence, job, kind, client, name, digest, state, reason, made, started, ended, deaths, request, error = row
        if state not in STATES:
            raise DaemonUnreachable(
                f"The stored job {job} has the state {state!r}, which this version of Hitpoint does not know",
                str(self.path),
                "Use the version that wrote it, or move the file away and start again.",
            )
        return Job(
            id=job,
            kind=kind,
            client=client,
            name=name,
            request=self._map(request, job) or {},
            digest=digest,
            state=state,
            reason=reason,
            error=self._map(error, job),
            made=made,
            started=started,
            ended=ended,
            deaths=deaths,
            sequence=sequence,
        )

    def _map(self, text: str | None, of: str) -> dict[str, Any] | None:
        if text is None:
            return None
        try:
            fields = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            fields = None
        if not isinstance(fields, dict):
            raise UnusableInput(f"What is stored of {of} cannot be read", str(self.path), "Move the file away.")
        return fields


def _row(job: Job) -> tuple[object, ...]:
    """A job's values in the order of `_JOB`, without the sequence."""
    words = (job.id, job.kind, _unicode(job.client), _unicode(job.name), job.digest, job.state, _unicode(job.reason))
    return (*words, job.made, job.started, job.ended, job.deaths, _text(job.request), _text(job.error))


def _text(fields: Mapping[str, Any] | None) -> str | None:
    """Plain data as JSON text, always the same for the same data; None stays None."""
    try:
        return None if fields is None else json.dumps(fields, allow_nan=False, sort_keys=True, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError) as error:
        raise WrongUse("A job holds text, finite numbers, lists and maps only", str(error)) from error


def _unicode(text: str) -> str:
    """Text that SQLite takes: the stray bytes of a file name in it are written out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
