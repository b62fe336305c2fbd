"""What is laid beside a dropped file: its scored timeline, or a sentence that says why there is none.

Plain JSON work, light enough for the daemon. The scored timeline is the cue's `cue.otio` with its media found from the
new place, and metadata that tells what it belongs to: `{"hitpoint": {"of": SHA-256 of the drop, "cue": path}}`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from core.atomic import disk_errors, write_whole
from core.cue.fresh import new_file
from core.errors import UnusableInput

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
"""How a URL or a path with a drive letter begins."""


def place_scored(cue_folder: Path, dropped: Path, sha256: str) -> Path:
    """Lay a cue's timeline beside the file that it was made for; done twice, it is there once.

    Args:
        cue_folder: the finished cue.
        dropped: the file, as it was dropped; it may be gone or changed by now.
        sha256: of the content that was scored.

    Returns:
        The scored timeline. Nothing is ever overwritten.

    Raises:
        UnusableInput: the cue or the folder is not there, or the folder cannot be written; nothing is left behind.
    """
    folder = dropped.parent
    if not folder.is_dir():
        raise UnusableInput("The watched folder is not there", str(folder), "Connect it again.")
    timeline = _loaded(cue_folder / "cue.otio")
    cue = _from(folder, cue_folder, ".")
    for place in _placed_before(dropped):
        # What cannot be read is somebody else's.
        with suppress(UnusableInput):
            if _belongs(_loaded(place), sha256, cue):
                return place
    for node in _nodes(timeline):
        if isinstance(url := node.get("target_url"), str):
            node["target_url"] = _from(folder, cue_folder, url)
    metadata = timeline.setdefault("metadata", {})
    metadata["hitpoint"] = {**metadata.get("hitpoint", {}), "of": sha256, "cue": cue}
    text = json.dumps(timeline, indent=4, ensure_ascii=False)
    with new_file(folder, f"{dropped.stem}.scored.otio") as new:
        new.path.write_bytes(text.encode(errors="replace"))
    return new.final


def place_sentence(dropped: Path, sentence: str) -> Path:
    """Say beside a dropped file, in "edit.not scored.txt", why it was not scored; what was said before is replaced.

    Raises:
        UnusableInput: the folder is not there or cannot be written.
    """
    place = _sentence_file(dropped)
    content = f"{sentence.strip()}\n".encode(errors="replace")
    with disk_errors(place):
        said = place.read_bytes() if place.is_file() else None
    if said != content:
        write_whole(place, content)
    return place


def clear_sentence(dropped: Path) -> None:
    """Take back what `place_sentence` said, if it said anything.

    Raises:
        UnusableInput: the file cannot be removed.
    """
    with disk_errors(_sentence_file(dropped)), suppress(FileNotFoundError):
        _sentence_file(dropped).unlink()


def _sentence_file(dropped: Path) -> Path:
    return dropped.with_name(f"{dropped.stem}.not scored.txt")


def _loaded(path: Path) -> dict[str, Any]:
    """A timeline's JSON.

    Raises:
        UnusableInput: it is not there or damaged.
    """
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UnusableInput("The cue's timeline is not there", str(path), "Score the timeline again.") from None
    except OSError as error:
        raise UnusableInput(f"The file cannot be read: {error.strerror or error}", str(path)) from None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("metadata", {}), dict):
        raise UnusableInput("The cue's timeline is damaged", str(path), "Score the timeline again.")
    return document


def _placed_before(dropped: Path) -> Iterator[Path]:
    """Files beside a drop whose names are those of its scored timelines."""
    ours = re.compile(re.escape(f"{dropped.stem}.scored") + r"(?: \d+)?\.otio")
    with disk_errors(dropped.parent), os.scandir(dropped.parent) as entries:
        names = sorted(entry.name for entry in entries if ours.fullmatch(entry.name))
    return (dropped.with_name(name) for name in names)


def _belongs(timeline: dict[str, Any], sha256: str, cue: str) -> bool:
    """Whether a timeline was placed for this content from this cue."""
    told = timeline.get("metadata", {}).get("hitpoint")
    return isinstance(told, dict) and (told.get("of"), told.get("cue")) == (sha256, cue)


def _nodes(timeline: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every object of a timeline, however deep."""
    left: list[Any] = [timeline]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            yield node
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)


def _from(folder: Path, cue_folder: Path, url: str) -> str:
    """A path written in a cue's timeline, as it is found from another folder, with forward slashes.

    URLs and absolute paths stay as they are. Links are followed first: the system takes ".." from where a link leads,
    not from where it lies.
    """
    if _ADDRESS.match(url) or PurePosixPath(url).is_absolute() or PureWindowsPath(url).anchor:
        return url
    target = Path(os.path.realpath(cue_folder)) / url
    with suppress(ValueError):  # another drive on Windows has no relative path
        return Path(os.path.relpath(target, os.path.realpath(folder))).as_posix()
    return target.as_posix()
