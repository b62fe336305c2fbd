"""The media behind a timeline: where a reference's file lies, how long it is, where its timecode starts.

Nothing but files is ever opened: network and protocol addresses are offline, whatever the timeline says. Nor is
another machine called because a timeline names it: Windows would log on there with the user's own account. Only the
share that the timeline itself lies on is looked at.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from core.brief import Media
from core.errors import UnusableInput
from core.timeline.archive import open_media, why_unreadable
from core.timeline.fields import text
from core.timeline.movie import Movie, look
from core.timeline.tree import Reference, Stretch

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_SHARE = re.compile(r"[\\/]{2,}([^\\/]+)[\\/]+([^\\/]+)")
_LOCAL = ("", "localhost", "127.0.0.1")
_WINDOWS = os.name == "nt"


@dataclass
class Library:
    """The media of one timeline; every file is looked at once."""

    folder: Path
    """Relative addresses count from here."""
    archive: Path | None = None
    """The .otioz that the timeline came from."""
    members: frozenset[str] = frozenset()
    """Names in the archive that media may be."""
    _media: dict[tuple[str, str, str], Media] = field(default_factory=dict)
    _movies: dict[Media, Movie | None] = field(default_factory=dict)

    def media(self, reference: Reference, clip_name: str) -> Media:
        """The file of a reference, or why there is none."""
        key = (reference.kind, reference.url, "" if reference.url else reference.name or clip_name)
        if key not in self._media:
            self._media[key] = self._found(reference, clip_name)
        return self._media[key]

    def extent(self, reference: Reference) -> Stretch | None:
        """How long a reference's media is, from its start timecode; None where it is offline or unreadable."""
        if reference.available is not None:
            return reference.available
        movie = self._movie(reference)
        return None if movie is None else Stretch(movie.start_seconds, movie.frames / movie.rate)

    def origin(self, reference: Reference, in_point: Fraction) -> Fraction:
        """What a clip's inner time is at its file's first frame, seconds.

        That is where `available_range` starts or, where there is none, the file's own timecode. An in-point before it
        can only count from zero.
        """
        if reference.available is not None:
            start = reference.available.start
        else:
            movie = self._movie(reference) if in_point > 0 else None
            start = movie.start_seconds if movie else Fraction(0)
        return start if in_point >= start else Fraction(0)

    def _movie(self, reference: Reference) -> Movie | None:
        if reference.kind != "file":
            return None
        media = self.media(reference, reference.name)
        if media not in self._movies:
            self._movies[media] = _looked_at(media)
        return self._movies[media]

    def _found(self, reference: Reference, clip_name: str) -> Media:
        name = text(reference.name or clip_name) or "unnamed"
        if reference.kind == "images":
            return _offline(name, "is an image sequence, which is not read")
        if reference.kind != "file":
            return _offline(name, "has no media in the timeline")
        if not reference.url.strip():
            return _offline(name, "has no address in the timeline")
        try:
            return self._located(reference.url, name)
        except (OSError, ValueError, RuntimeError):  # RuntimeError: links that go in circles
            return _offline(name, f"has an address that is no file name: {text(reference.url)}")

    def _located(self, url: str, name: str) -> Media:
        """The file or member that an address means."""
        if not _DRIVE.match(url) and (scheme := _SCHEME.match(url)) and scheme[0].lower() != "file:":
            return _offline(name, f"lies at {text(url)}; only files are opened")
        candidates = _paths(url)
        if self.archive and not any(_is_absolute(path) for path in candidates):
            return self._member(self.archive, candidates, name)
        if foreign := next((path for path in candidates if self._is_foreign(path)), None):
            return _offline(
                name, f"lies on another machine, which only a timeline on that share may name: {text(foreign)}"
            )
        if not _WINDOWS and _DRIVE.match(candidates[0]):
            return _offline(name, f"lies on a Windows drive: {text(candidates[0])}")
        files = [self.folder / path for path in candidates]
        found = next((file for file in files if file.is_file()), None)
        if found is not None:
            return Media(text(found.name), found.resolve())
        if any(file.exists() for file in files):
            return _offline(name, f"is not a file: {text(str(files[0]))}")
        return _offline(name, f"is not there: {text(str(files[0].resolve()))}")

    def _is_foreign(self, path: str) -> bool:
        """Whether to look at a path would call a machine that the timeline did not come from."""
        slashes = ("\\", "/") if _WINDOWS else ("\\",)
        if not (path[:1] in slashes and path[1:2] in ("\\", "/")):
            return False
        share, own = _SHARE.match(path), _SHARE.match(str(self.folder))
        return not share or not own or [*map(str.casefold, share.groups())] != [*map(str.casefold, own.groups())]

    def _member(self, archive: Path, candidates: list[str], name: str) -> Media:
        for candidate in candidates:
            member = str(PurePosixPath(candidate))
            if member in self.members:
                why = why_unreadable(archive, member)
                return _offline(name, why) if why else Media(PurePosixPath(member).name, archive, member)
        return _offline(name, f"is not in the archive: {text(candidates[0])}")


def _paths(url: str) -> list[str]:
    """What an address may mean as a path, the likeliest first."""
    if url[:5].lower() == "file:":
        rest = url[5:]
        host, path = "", rest
        if rest.startswith("//"):
            host, slash, tail = rest[2:].partition("/")
            path = slash + tail
            if _DRIVE.match(unquote(host) + "/"):
                host, path = "", "/" + rest[2:]
        path = unquote(path)
        if _DRIVE.match(path[1:]):
            path = path[1:]
        return [path if host.lower() in _LOCAL else f"\\\\{unquote(host)}{path}"]
    found = [url]
    if not _DRIVE.match(url):
        found += [unquote(url), url.replace("\\", "/"), unquote(url.replace("\\", "/"))]
    return list(dict.fromkeys(found))


def _is_absolute(path: str) -> bool:
    return path.startswith(("/", "\\\\")) or bool(_DRIVE.match(path))


def _offline(name: str, why: str) -> Media:
    return Media(name, None, why_offline=f'"{name}" {why}.')


def _looked_at(media: Media) -> Movie | None:
    """A file's header; None where it is offline or FFmpeg cannot read it."""
    if media.path is None:
        return None
    try:
        source = open_media(media)
    except UnusableInput:
        return None
    try:
        return look(source, media.name)
    except UnusableInput:
        return None
    finally:
        if not isinstance(source, str):
            source.close()
