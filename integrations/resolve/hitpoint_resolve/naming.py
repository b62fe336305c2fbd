"""What a file's path tells: pieces carry stem, section, take and cue in their name, whole stems lie in a take's folder.

Where a path is not all ASCII, the host and the program may write the same name differently (code pages on Windows,
composed letters on macOS); then what follows the last folder that is not ASCII decides.
"""

import re
from typing import Any, Optional

_PIECE = re.compile(r"([^/]*?) (\d+) [^/]*take (\d+) ([0-9a-fA-F]{8})\.wav$")
_WHOLE = re.compile(r"/takes/(\d+)/([^/]+)\.wav$")
_BEYOND = re.compile(r"[^\x00-\x7f]+")


class Told:
    """What the name of a file of ours tells."""

    def __init__(self, stem: str, take: int, section: Optional[int] = None, cue: Optional[str] = None) -> None:
        self.stem = stem
        self.take = take
        self.section = section
        self.cue = cue


def _plain(path: str) -> str:
    """One way of writing a path: separators alike, and letters where a drive shows that case does not count."""
    text = path.replace("\\", "/")
    return text.lower() if re.match(r"[A-Za-z]:", text) else text


def _tail(text: str) -> Optional[str]:
    """What follows the last folder that is not ASCII; None when there is none."""
    found = re.match(r".*[^\x00-\x7f][^/]*/+(.*)$", text, re.DOTALL)
    return found.group(1) if found else None


def same(one: str, other: str) -> bool:
    """Whether two paths name the same file."""
    one, other = _plain(one), _plain(other)
    if one == other:
        return True
    tail = _tail(one)
    return tail is not None and tail == _tail(other) and "/" in tail


def inside(path: str, folder: str) -> bool:
    """Whether a path lies in a folder or below it."""
    path, folder = _plain(path), _plain(folder) + "/"
    if path.startswith(folder):
        return True
    rest, start = _tail(path), _tail(folder)
    return rest is not None and start is not None and rest.startswith(start)


def same_name(one: Any, other: str) -> bool:
    """Names that differ beyond ASCII alone are taken for one."""
    return isinstance(one, str) and (one == other or _BEYOND.sub("?", one) == _BEYOND.sub("?", other))


def parse(path: str) -> Optional[Told]:
    """What a file's name tells; None for a file that is not ours."""
    text = path.replace("\\", "/")
    piece = _PIECE.search(text)
    if piece:
        return Told(piece.group(1), int(piece.group(3)), int(piece.group(2)), piece.group(4).lower())
    whole = _WHOLE.search(text)
    return Told(whole.group(2), int(whole.group(1))) if whole else None
