"""Dropped files: which files of a watched folder are timelines to be scored, and when they are whole.

A file is told by its content (SHA-256), never by its name or its time: a renamed file is the same drop, a changed one
is another. Nothing here trusts a file: it is read under a cap, and never through a link out of its folder.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import stat
import zipfile
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from daemon.wire import MAX_ATTACHMENT

ENDINGS = (".otio", ".otioz")
"""What is taken, in any case."""
OURS = re.compile(r"\.scored(?: \d+)?\.otio$", re.IGNORECASE)
"""How the names end that are laid beside the drops."""
CHUNK = 2**20
"""Bytes that are read at a time of what is too large to be held."""

_DAMAGED = (
    zipfile.BadZipFile,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
)
"""All that `zipfile` raises while it reads a directory that is not whole."""
_LOOKED_AT = frozenset({"OTIO_SCHEMA", "metadata", "hitpoint"})


@dataclass(frozen=True)
class Drop:
    """A settled, parsed file that is to be scored."""

    folder: Path
    """The watched folder, as it was given."""
    file: Path
    """The file in it."""
    sha256: str
    """Of the content."""
    content: bytes
    """The text of an `.otio`; empty for an `.otioz` and for what is larger than an attachment: the path travels."""


@dataclass(frozen=True)
class Spoiled:
    """A file that will never be a timeline: long at rest and still none."""

    folder: Path
    file: Path
    sha256: str
    """Of the content; of name, size and time where the content cannot be read, is no archive or is too large."""
    why: str
    """A sentence for people."""


@dataclass(frozen=True)
class Mark:
    """What tells, without reading it, that a file has not changed."""

    size: int
    mtime_ns: int
    inode: int
    """0 on Windows, whose listings do not tell it."""

    @staticmethod
    def of(status: os.stat_result) -> Mark:
        """The mark of what `stat` told."""
        return Mark(status.st_size, status.st_mtime_ns, 0 if os.name == "nt" else status.st_ino)


class StillChanging(Exception):
    """The file changed, or went, while it was read."""


class _NoTimeline(Exception):
    """The content is no timeline, or not yet; its text is a sentence."""


def is_candidate(name: str) -> bool:
    """Whether a file of this name may be a drop: `.otio` or `.otioz`, not hidden, not one of ours."""
    return name.lower().endswith(ENDINGS) and not name.startswith(".") and OURS.search(name) is None


def is_text(name: str) -> bool:
    """Whether a name is UTF-8, so that it can travel in messages."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_large(name: str, mark: Mark) -> bool:
    """Whether a file is copied for so long that it may pause: an archive, or a timeline larger than an attachment."""
    return name.lower().endswith(".otioz") or mark.size > MAX_ATTACHMENT


def real_file(folder: Path, name: str) -> Path | None:
    """The file itself behind a name; None where a link leads out of the folder."""
    path = folder / name
    if not path.is_symlink():
        return path
    target = Path(os.path.realpath(path))
    return target if target.is_relative_to(os.path.realpath(folder)) else None


def look(folder: Path, name: str) -> Mark | None:
    """The mark of a file; None where there is none, where it is no plain file, or where a link leads out."""
    try:
        path = real_file(folder, name)
        return None if path is None else plain(path.stat(follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):
        return None


def plain(status: os.stat_result) -> Mark | None:
    """The mark of a plain file that is not hidden; None for anything else."""
    hidden = getattr(status, "st_file_attributes", 0) & stat.FILE_ATTRIBUTE_HIDDEN
    return Mark.of(status) if stat.S_ISREG(status.st_mode) and not hidden else None


def read(
    folder: Path, name: str, mark: Mark, seen: Container[str], stopped: Callable[[], bool] = lambda: False
) -> Drop | Spoiled | None:
    """Read a file that has come to rest.

    Args:
        folder: the watched folder.
        name: of the file in it.
        mark: the file's mark while it rested.
        seen: SHA-256 of the contents that were handled before.
        stopped: whether nobody waits for the answer any more; asked while a large file is read.

    Returns:
        A drop; or what is no timeline as it is now (more of it may still come); or None where nothing is to be done:
        the content was seen before, or is one of ours.

    Raises:
        StillChanging: the file is not at rest.
        OSError: the file cannot be read.
    """
    path, flaw, content = folder / name, "", b""
    with _opened(folder, name) as file:
        if Mark.of(os.fstat(file.fileno())) != mark:
            raise StillChanging
        try:
            if is_large(name, mark):
                (_check_archive if name.lower().endswith(".otioz") else _check_ends)(file)
                sha256 = _digest(file, stopped)
            else:
                content = file.read(MAX_ATTACHMENT + 1)
                sha256 = hashlib.sha256(content).hexdigest()
                if sha256 in seen or _is_ours(_parsed(content)):
                    return None
        except _NoTimeline as error:
            sha256, flaw = hashlib.sha256(content).hexdigest() if content else _stand_in(name, mark), str(error)
        if Mark.of(os.fstat(file.fileno())) != mark:
            raise StillChanging
    if sha256 in seen:
        return None
    return Spoiled(folder, path, sha256, flaw) if flaw else Drop(folder, path, sha256, content)


def unreadable(folder: Path, name: str, mark: Mark, error: OSError) -> Spoiled:
    """What is told of a file that the system does not let us read."""
    words = error.strerror or str(error)
    why = f"The file cannot be read: {words}. Let the user who runs Hitpoint read it."
    return Spoiled(folder, folder / name, _stand_in(name, mark), why)


def job_of(folder: Path, sha256: str, watch: str = "") -> str:
    """The id of the job for a content in a watched folder: always the same, so that nothing is scored twice.

    Args:
        folder: the watched folder.
        sha256: of the content.
        watch: what tells this watch from an earlier one of the same folder, such as the time it was asked for.
    """
    words = (os.fspath(folder), watch, sha256)
    return "watch-" + hashlib.sha256("\0".join(words).encode(errors="surrogateescape")).hexdigest()[:40]


def _opened(folder: Path, name: str) -> BinaryIO:
    """A plain file, open for reading; never a link, and never waiting for a pipe's writer.

    Raises:
        StillChanging: it is gone, or something else by now.
        OSError: it cannot be opened.
    """
    flags = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
    if (path := real_file(folder, name)) is None:
        raise StillChanging
    try:
        handle = os.open(path, flags)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise StillChanging from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise StillChanging
    return os.fdopen(handle, "rb")


def _check_archive(file: BinaryIO) -> None:
    """See that an archive's directory can be read and names a timeline; raises `_NoTimeline`."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.NameToInfo
    except _DAMAGED:
        raise _NoTimeline("The archive is damaged or not whole. Export or copy it again.") from None
    if "content.otio" not in names:
        raise _NoTimeline("The archive holds no content.otio. Export it as .otioz again.")


def _check_ends(file: BinaryIO) -> None:
    """See that what is too large to be parsed here begins and ends as a timeline does; raises `_NoTimeline`."""
    head = file.read(CHUNK).removeprefix(b"\xef\xbb\xbf").lstrip()
    file.seek(-CHUNK, os.SEEK_END)
    if not (head.startswith(b"{") and file.read().rstrip().endswith(b"}")):
        raise _NoTimeline("The file is not OpenTimelineIO (not JSON). Export the timeline again.")


def _parsed(content: bytes) -> Mapping[str, object]:
    """What is looked at of a timeline's outermost object.

    Each object is thinned out as soon as it is read: a large file takes little memory, and other threads get their turn
    between two objects.

    Raises:
        _NoTimeline: it is no OTIO.
    """
    if not content.strip():
        raise _NoTimeline("The file is empty. Export the timeline again.")
    try:
        document = json.loads(content, object_pairs_hook=_thinned)
    except RecursionError:
        raise _NoTimeline("The file is nested too deeply to be a timeline.") from None
    except ValueError:
        raise _NoTimeline("The file is not OpenTimelineIO (not JSON). Export the timeline again.") from None
    if not (isinstance(document, Mapping) and isinstance(document.get("OTIO_SCHEMA"), str)):
        raise _NoTimeline("The file is JSON, but not OpenTimelineIO. Export the timeline as OTIO.")
    return document


def _thinned(pairs: list[tuple[str, object]]) -> dict[str, object]:
    return {key: value for key, value in pairs if key in _LOOKED_AT}


def _is_ours(timeline: Mapping[str, object]) -> bool:
    """Whether a timeline is a cue's, and no edit."""
    metadata = timeline.get("metadata")
    return isinstance(metadata, Mapping) and isinstance(metadata.get("hitpoint"), Mapping)


def _digest(file: BinaryIO, stopped: Callable[[], bool]) -> str:
    """SHA-256 of a whole file."""
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        if stopped():
            raise StillChanging
    return digest.hexdigest()


def _stand_in(name: str, mark: Mark) -> str:
    """What a file is told by whose content cannot be."""
    words = f"{name}\0{mark.size}\0{mark.mtime_ns}"
    return hashlib.sha256(words.encode(errors="surrogateescape")).hexdigest()
