"""Puts our scripts where an editing program looks for them, and takes them away again.

Every file that is installed ends with a line that says so. By that line, and by nothing else, a file is known as ours:
only such files are replaced or removed. A file is written beside its place, synced, then renamed.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ACTIONS: Mapping[str, str] = {
    "Score range": "score",
    "Re-roll": "reroll",
    "Next take": "next",
    "Previous take": "previous",
    "Cancel": "cancel",
}
"""Menu entry → what it asks for."""
MENU = "Hitpoint"
"""The folder of our entries."""
PYTHON = "hitpoint_resolve"
"""The folder of the script that drives Resolve from outside."""

Did = Literal["made", "written", "unchanged", "removed", "left", "refused"]
_MARK = re.compile(rb"(?:--|#) Installed by Hitpoint ([\w.+-]{1,40})\.\s*\Z")
_TAIL = 200
"""Bytes in which the last line is looked for."""
_PLACEHOLDER = re.compile(rb'"?@(VERSION|ACTION|SCRIPTS|MAILBOX|PROGRAM)@"?')


@dataclass(frozen=True)
class Step:
    """One thing that was done, or not."""

    did: Did
    """made: a folder; left: an old copy that could not be removed; refused: something that should be there is not."""
    path: Path
    words: str = ""
    """What there is to say about it."""


def resolve_menu(
    source: Path, menu: Path, scripts: Path, mailbox: Path, program: Path, version: str
) -> dict[Path, bytes]:
    """The entries of Resolve's menu.

    Args:
        source: the folder of Resolve's scripts as they are delivered.
        menu: a folder that Resolve lists on all pages (`…/Fusion/Scripts/Utility`).
        scripts: where the rooms of the script are installed.
        mailbox: the folder through which the script and the daemon talk.
        program: the `hitpoint` command.
        version: of the scripts.
    """
    template = (source / "launcher.lua").read_bytes()
    texts = {"VERSION": version, "SCRIPTS": str(scripts), "MAILBOX": str(mailbox), "PROGRAM": str(program)}
    return {
        menu / MENU / f"{name}.lua": _marked(_baked(template, {**texts, "ACTION": action}), version, "--")
        for name, action in ACTIONS.items()
    }


def resolve_rooms(source: Path, scripts: Path, version: str) -> dict[Path, bytes]:
    """What the menu's entries load, and the script for those who drive Resolve from outside."""
    lua = {
        scripts / path.name: _marked(path.read_bytes(), version, "--")
        for path in sorted(source.glob("*.lua"))
        if path.name != "launcher.lua"
    }
    python = {
        scripts / path.relative_to(source): _marked(path.read_bytes(), version, "#")
        for path in sorted(source.glob(f"{PYTHON}/*.py"))
    }
    return lua | python


def reaper_files(source: Path, resource: Path, program: Path, version: str) -> dict[Path, bytes]:
    """REAPER's scripts in a resource folder, and the file that tells them where the `hitpoint` command is."""
    files = {
        resource / "Scripts" / MENU / path.relative_to(source): _marked(path.read_bytes(), version, "--")
        for path in sorted(source.rglob("*.lua"))
    }
    told = f"return {{program = {lua_string(str(program))}, version = {lua_string(version)}}}\n"
    return files | {resource / "Data" / MENU / "program.lua": _marked(told.encode("ascii"), version, "--")}


def lua_string(text: str) -> str:
    """A string as Lua reads it, in ASCII: everything else is written as the numbers of its bytes.

    On Windows these are the bytes of the code page in which Lua there opens files and starts programs.
    """
    try:
        content = text.encode("mbcs" if os.name == "nt" else "utf-8", "surrogateescape")
    except (LookupError, UnicodeEncodeError):
        content = text.encode("utf-8", "surrogatepass")
    safe = (chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03}" for byte in content)
    return f'"{"".join(safe)}"'


def _baked(template: bytes, texts: Mapping[str, str]) -> bytes:
    """The template with each placeholder, whether it stands in quotes or not, as a string of Lua."""
    return _PLACEHOLDER.sub(lambda found: lua_string(texts[found[1].decode()]).encode("ascii"), template)


def _marked(content: bytes, version: str, comment: str) -> bytes:
    return content.rstrip() + f"\n{comment} Installed by Hitpoint {version}.\n".encode("ascii")


def installed_version(path: Path) -> str | None:
    """The version of an installed file of ours; None when it is not ours, not there or cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            found = _MARK.search(file.read(_TAIL))
    except OSError:
        return None
    return found[1].decode("ascii") if found else None


def install(files: Mapping[Path, bytes], searched: Iterable[Path]) -> Iterator[Step]:
    """Write files, then remove every other file of ours below the searched folders; nothing foreign is touched.

    Args:
        files: place → content, in the order in which they are written.
        searched: folders in which copies of ours may lie, the machine's among them.
    """
    for path, content in files.items():
        yield from _put(path, content)
    wanted = {_same(path) for path in files}
    for path in ours(searched):
        if _same(path) not in wanted:
            yield from take_away(path, f"an old copy, version {installed_version(path)}")


def uninstall(searched: Iterable[Path], emptied: Iterable[Path] = ()) -> Iterator[Step]:
    """Remove every file of ours below the searched folders, and folders that were only ours.

    Args:
        searched: folders in which copies of ours may lie.
        emptied: folders that belong to us with whatever is in them.
    """
    for path in ours(searched):
        yield from take_away(path)
    for folder in emptied:
        if folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)
            gone = not folder.exists()
            yield Step("removed" if gone else "left", folder, "" if gone else "it could not be removed")
            _remove_empty(folder.parent)


def ours(folders: Iterable[Path]) -> list[Path]:
    """Every installed file of ours below some folders, each once."""
    found: dict[Path, Path] = {}
    for top in folders:
        for folder, _, names in os.walk(top):
            paths = (Path(folder, name) for name in sorted(names) if name.endswith((".lua", ".py")))
            found.update((_same(path), path) for path in paths if installed_version(path))
    return list(found.values())


def write(path: Path, content: bytes) -> None:
    """Write a small file whole or not at all, making its folders; raises OSError, and then nothing is left behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def _put(path: Path, content: bytes) -> Iterator[Step]:
    """Write one file, unless it is there already or somebody else's is."""
    before = installed_version(path)
    if before is None and os.path.lexists(path):
        yield Step("refused", path, "a file that is not Hitpoint's is in the way: move it and install again")
        return
    try:
        if before and path.read_bytes() == content:
            yield Step("unchanged", path)
            return
        new_folder = not path.parent.is_dir()
        write(path, content)
    except OSError as error:
        yield Step("refused", path, f"it cannot be written: {error.strerror or error}")
        return
    if new_folder:
        yield Step("made", path.parent)
    yield Step("written", path, f"in place of version {before}" if before else "")


def take_away(path: Path, words: str = "") -> Iterator[Step]:
    """Remove a file, and its folder when it is ours and empty then."""
    try:
        path.unlink()
    except OSError as error:
        note = f"remove it by hand ({error.strerror or error})"
        yield Step("left", path, f"{words}: {note}" if words else note)
        return
    yield Step("removed", path, words)
    _remove_empty(path.parent)


def _remove_empty(folder: Path) -> None:
    """Remove folders of ours that hold nothing any more, from the inside out; those of the menu lie in the user's."""
    while folder.name in (MENU, PYTHON, "lib", "scripts"):
        if folder.name == PYTHON:
            shutil.rmtree(folder / "__pycache__", ignore_errors=True)  # what Python has made of ours
        try:
            folder.rmdir()
        except OSError:
            return
        if folder.name == MENU:
            return
        folder = folder.parent


def _same(path: Path) -> Path:
    """By which a file is known however it is reached."""
    return Path(os.path.normcase(os.path.realpath(path)))
