"""Where cues of hosts lie: the folder in which a new one is made, and the one that a request names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from core.errors import UnusableInput
from daemon.home import Home
from daemon.hosts.exchange import CUES, exchange_folder
from daemon.hosts.request import HostRequest
from daemon.settings import read_settings

FOLDER = "Hitpoint Cues"
"""The folder of cues, in the user's documents or beside the project."""
DOCUMENT = "cue.json"
"""What makes a folder a cue."""
LONGEST = 60
"""Characters of the name of a timeline's folder."""

_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def cues_folder(home: Home, documents: Path | None = None, windows: bool = os.name == "nt") -> Path:
    """The folder of all cues that hosts ask for: the setting `cues`, or `Hitpoint Cues` in the user's documents.

    Args:
        home: of the settings.
        documents: the user's; by default the system's answer.
        windows: there the path must be ASCII, since Resolve's scripts read it in the system's code page.

    Raises:
        WrongUse: the settings cannot be read.
    """
    if chosen := read_settings(home).cues:
        return Path(chosen).expanduser()
    if documents is None:
        from platformdirs import user_documents_path

        documents = user_documents_path()
    if windows and not str(documents).isascii():
        return exchange_folder(home) / CUES
    return documents / FOLDER


def place_for(request: HostRequest, home: Home) -> tuple[Path, tuple[str, ...]]:
    """The folder in which a new cue's folder is made, and what the editor should know of it.

    Raises:
        WrongUse: the settings cannot be read.
    """
    if request.folder:
        return Path(request.folder) / FOLDER, ()
    place = cues_folder(home) / folder_name(request.name or "Untitled")
    if request.host == "resolve":
        return place, ()
    return place, (f"The project has not been saved yet, so its cues lie in {place}.",)


def folder_name(name: str, windows: bool = os.name == "nt") -> str:
    """A timeline's name as a folder's: nothing in it that a system refuses, and only ASCII on Windows."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_") if windows else name
    plain = _UNSAFE.sub("_", plain)[:LONGEST].strip(" .")
    return f"{plain}_" if _RESERVED.fullmatch(plain) else plain or "Untitled"


def is_cue(folder: Path) -> bool:
    """Whether a folder holds a cue."""
    return (folder / DOCUMENT).is_file()


def searched(roots: list[Path]) -> Iterator[Path]:
    """The cues in folders of cues, and one level below, the newest first.

    Raises:
        UnusableInput: a folder cannot be read.
    """
    found: list[tuple[float, Path]] = []
    for root in roots:
        for pattern in (DOCUMENT, f"*/{DOCUMENT}", f"*/*/{DOCUMENT}"):
            try:
                found += [(path.stat().st_mtime, path.parent) for path in root.glob(pattern)]
            except OSError as error:
                raise UnusableInput(f"The folder cannot be read: {error.strerror or error}", str(root)) from error
    return (folder for _, folder in sorted(set(found), reverse=True))
