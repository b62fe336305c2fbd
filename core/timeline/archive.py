"""Archives (.otioz): members are read where they lie, under size caps, and never extracted by name.

Source
    The OTIOZ file bundle: a zip with `content.otio`, `version.txt` and media stored uncompressed under `media/`.
"""

from __future__ import annotations

import io
import lzma
import os
import shutil
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from core.brief import Media
from core.errors import UnusableInput
from core.timeline.fields import text

MAX_CONTENT_BYTES = 256 * 2**20
MAX_PACKED_MEDIA_BYTES = 512 * 2**20
"""A compressed medium is unpacked into an unnamed temporary file; larger ones are refused."""
MAX_MEMBERS = 100_000
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    struct.error,
)
"""All that `zipfile` raises on a damaged, encrypted or unsupported archive."""


class Window(io.RawIOBase):
    """A stretch of a file, read as if it were a file of its own."""

    def __init__(self, path: Path, start: int, length: int) -> None:
        super().__init__()
        self._file = path.open("rb")
        self._start, self._length, self._at = start, length, 0

    def readable(self) -> bool:
        """Always true."""
        return True

    def seekable(self) -> bool:
        """Always true."""
        return True

    def tell(self) -> int:
        """Bytes from the window's start."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move within the window; never before its start."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def readinto(self, buffer: object) -> int:
        """Fill a buffer with what is left of the window."""
        view = memoryview(cast(bytearray, buffer)).cast("B")
        wanted = max(min(len(view), self._length - self._at), 0)
        self._file.seek(self._start + self._at)
        read = self._file.readinto(view[:wanted]) if wanted else 0
        self._at += read
        return read

    def close(self) -> None:
        """Close the archive's handle too."""
        self._file.close()
        super().close()


def read_content(archive: Path) -> tuple[bytes, frozenset[str]]:
    """The timeline inside an archive, and the names of the members that media may be.

    Raises:
        UnusableInput: it is no archive, holds no timeline, or the timeline is larger than the cap.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
            if len(members) > MAX_MEMBERS:
                raise UnusableInput(f"The archive holds more than {MAX_MEMBERS} files", where=text(str(archive)))
            with opened.open("content.otio") as content:
                found = content.read(MAX_CONTENT_BYTES + 1)
    except KeyError:
        raise UnusableInput("The archive holds no content.otio", where=text(str(archive))) from None
    except _DAMAGED as error:
        raise UnusableInput("The archive cannot be read", where=text(str(archive)), do=text(str(error))) from None
    if len(found) > MAX_CONTENT_BYTES:
        raise UnusableInput("The timeline in the archive is larger than 256 MB", where=text(str(archive)))
    return found, frozenset(member.filename for member in members if _is_safe(member))


def open_media(media: Media) -> str | BinaryIO:
    """What PyAV can open: a file's name with `file:` before it, or a seekable file object for an archive's member.

    The file object is the caller's to close. A stored member is read in place; a compressed one is unpacked into an
    unnamed temporary file first.

    Raises:
        UnusableInput: the medium is offline, or the archive is damaged or has grown a bomb.
    """
    if media.path is None:
        raise UnusableInput(media.why_offline or f'"{media.name}" is offline')
    if media.member is None:
        return f"file:{media.path.absolute()}"
    try:
        return _open_member(media.path, media.member)
    except KeyError:
        raise UnusableInput(f'"{media.member}" is not in the archive', where=text(str(media.path))) from None
    except _DAMAGED as error:
        where = text(str(media.path))
        raise UnusableInput(f'"{media.name}" in the archive cannot be read', where=where, do=text(str(error))) from None


def why_unreadable(archive: Path, member: str) -> str:
    """Why a member cannot be a medium, for people; empty when it can."""
    with zipfile.ZipFile(archive) as opened:
        info = opened.getinfo(member)
    if info.flag_bits & 1:
        return "is encrypted inside the archive"
    if info.compress_type != zipfile.ZIP_STORED and info.file_size > MAX_PACKED_MEDIA_BYTES:
        return "is compressed inside the archive and larger than 512 MB; media are stored uncompressed"
    return ""


def _is_safe(member: zipfile.ZipInfo) -> bool:
    """Whether a member's name stays inside the archive and is a file."""
    name = member.filename
    if not name or member.is_dir():
        return False
    return not (name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"))


def _open_member(archive: Path, member: str) -> BinaryIO:
    with zipfile.ZipFile(archive) as opened:
        info = opened.getinfo(member)
        if info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1:
            return cast(BinaryIO, io.BufferedReader(Window(archive, _data_start(archive, info), info.file_size), 2**18))
        if info.file_size > MAX_PACKED_MEDIA_BYTES:
            raise ValueError("it is compressed and larger than 512 MB")
        # zipfile reads no more than the size the archive declares, so that the cap above holds for what comes out.
        with opened.open(info) as packed:
            unpacked = tempfile.TemporaryFile()  # noqa: SIM115 - handed to the caller
            shutil.copyfileobj(packed, unpacked, 2**20)
        unpacked.seek(0)
        return cast(BinaryIO, unpacked)


def _data_start(archive: Path, info: zipfile.ZipInfo) -> int:
    """Where a member's bytes begin: its local header may be longer than the directory says."""
    with archive.open("rb") as file:
        file.seek(info.header_offset)
        header = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
        if header[0] != b"PK\x03\x04":
            raise zipfile.BadZipFile("the archive is damaged")
        start = info.header_offset + _LOCAL_HEADER.size + int(header[9]) + int(header[10])
        if start + info.file_size > file.seek(0, os.SEEK_END):
            raise zipfile.BadZipFile("the archive ends too early")
    return start
