"""What needs a timeline's whole text, a cue's whole document or the scoring library, in a process of its own.

The daemon's process stays small and its loop free: a timeline of 60 MB takes a second to parse and a gigabyte to hold.
`look`, `prepared` and `styles` are called there; `aside` starts that process and waits for it.

The process reads one line of JSON, the order, and then the timeline; it answers with one line and what was made.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from threading import Thread
from typing import IO, TYPE_CHECKING, Any

from core.errors import Cancelled, HitpointError, UnusableInput, raised, told

if TYPE_CHECKING:
    from core.brief import Edit
    from core.cue.folder import Cue

SIGN = "Hitpoint"
"""How the notes of our own markers begin: they are no wishes of the editor's."""
LOOK_S = 0.1
"""Between two looks whether somebody still waits."""

_SHARE = re.compile(r"\\\\[^\\/?.]+\\[^\\/]+")
_PIECE = re.compile(r" ([0-9a-f]{8})\.wav$", re.IGNORECASE)


def prepared(content: bytes, name: str, drop_frame: bool) -> bytes:
    """A timeline as it is scored: with what the host's export leaves out, without the markers that we have laid.

    Args:
        content: the timeline as OTIO.
        name: the timeline's.
        drop_frame: how its timecode is written.

    Raises:
        UnusableInput: it is no timeline.
    """
    document = _document(content)
    metadata = document.get("metadata")
    document["metadata"] = {"host": {"drop_frame": drop_frame}, **(metadata if isinstance(metadata, dict) else {})}
    document["name"] = name or document.get("name") or ""
    for node in _nodes(document):
        if isinstance(markers := node.get("markers"), list):
            node["markers"] = [marker for marker in markers if not _is_ours(marker)]
    return json.dumps(document).encode()


def share_of(content: bytes) -> str:
    """The network share (`\\\\server\\share`) that most of a timeline's media lie on; empty where none do.

    A timeline may name media of the share that it lies on itself alone (see `core.timeline.media`); one that the
    user's own host has exported lies where its media do.
    """
    urls = (node.get("target_url") for node in _nodes(_document(content)))
    shares = Counter(found[0] for url in urls if isinstance(url, str) and (found := _SHARE.match(url)))
    return shares.most_common(1)[0][0] if shares else ""


def look(content: bytes, cue: str, folders: list[Path], search: list[Path], whole: bool) -> dict[str, Any]:
    """Find a cue, and see what became of the edit that it was written for.

    Args:
        content: the timeline as OTIO, or nothing.
        cue: the cue's id; with none, the first of `folders` is meant, whatever it holds.
        folders: where it may lie.
        search: folders of cues; looked through where it is in none of those.
        whole: whether the edit is compared.

    Returns:
        `folder`; `start` and `frames`, the range of the cue in frames from the timeline's start; `changed`, what became
        of the picture under it in words, empty where it is the same.

    Raises:
        UnusableInput: the cue is nowhere, or the timeline runs at another rate now.
    """
    found = _found(content, cue, folders, search)
    scored = found.brief.edit.range
    start = round(scored.start.value - scored.timeline_start.value)
    changed = _changed(content, found.brief.edit, start) if whole else ""
    return {"folder": str(found.folder), "start": start, "frames": scored.frames, "changed": changed}


def styles() -> list[str]:
    """The styles there are, by name."""
    from core.styles import STYLES

    return list(STYLES)


def _found(content: bytes, cue: str, folders: list[Path], search: list[Path]) -> Cue:
    """The cue that is meant.

    Raises:
        UnusableInput: it is nowhere.
    """
    from core.cue.folder import load
    from core.placement import cue_id
    from daemon.hosts.cues import is_cue, searched

    if not cue:
        return load(folders[0])
    seen = set()
    for folder in (*_folders_in(content, cue), *folders, *searched(search)):
        if folder not in seen and is_cue(folder):
            seen.add(folder)
            try:
                candidate = load(folder)
            except HitpointError:
                continue  # another cue's damage is no fault of this one
            if cue_id(candidate) == cue:
                return candidate
    where = ", ".join(str(root) for root in search)
    raise UnusableInput(f"The cue {cue} is not found", where, "Bring its folder back there, or score the range again.")


def _folders_in(content: bytes, cue: str) -> Iterator[Path]:
    """The folders that pieces of a cue lie in, by the timeline's own media."""
    if content:
        for node in _nodes(_document(content)):
            url = node.get("target_url")
            if isinstance(url, str) and (named := _PIECE.search(url)) and named[1].lower() == cue:
                kind = PureWindowsPath if PureWindowsPath(url).drive else PurePosixPath
                yield Path(*kind(url).parts[:-3])  # <cue>/pieces/<sample rate>/<piece>


def _changed(content: bytes, old: Edit, start: int) -> str:
    """What became of the picture under a cue; empty where it is the same.

    Raises:
        UnusableInput: the timeline runs at another rate than the one that was scored.
    """
    from core.timeline.changes import compare, in_words
    from core.timeline.read import read

    try:
        new = read(old.source, f"{start}f", f"{start + old.range.frames}f", content=content)
    except UnusableInput:
        return "The timeline does not reach over the whole cue any more."
    # Markers come and go, ours among them; here only the picture counts.
    stretches = compare(replace(old, hits=()), replace(new, hits=()))
    if all(stretch.old_first is not None and stretch.move == 0 for stretch in stretches):
        return ""
    return in_words(stretches, old.range.rate)


def _document(content: bytes) -> dict[str, Any]:
    """The outermost object of a timeline.

    Raises:
        UnusableInput: it is no timeline.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("OTIO_SCHEMA"), str):
        raise UnusableInput("The exported timeline is not OpenTimelineIO", do="Export it again.")
    return document


def _nodes(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every object of a timeline, however deep."""
    left: list[Any] = [document]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            yield node
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)


def _is_ours(marker: object) -> bool:
    """Whether we have laid a marker: its note says so, in Resolve's place for notes or in OTIO's own."""
    if not isinstance(marker, dict):
        return False
    metadata = marker.get("metadata")
    resolve = metadata.get("Resolve_OTIO") if isinstance(metadata, dict) else None
    notes = (resolve.get("Note") if isinstance(resolve, dict) else None, marker.get("comment"))
    return any(isinstance(note, str) and (note == SIGN or note.startswith(f"{SIGN}:")) for note in notes)


# --- the process


def aside(order: Mapping[str, Any], content: bytes, cancelled: Callable[[], bool]) -> tuple[dict[str, Any], bytes]:
    """Have something looked at in a process of its own.

    Args:
        order: `{"do": "prepare", "name": …, "drop_frame": …}`, `{"do": "look", …}` with the arguments of `look`, or
            `{"do": "styles"}`.
        content: the timeline, where there is one.
        cancelled: whether nobody waits any more.

    Returns:
        What `look` gives; or `{"share": …}`, see `share_of`, and what `prepared` gives; or `{"styles": […]}`.

    Raises:
        Cancelled: nobody waited any more.
        HitpointError: what went wrong there.
    """
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    words = [sys.executable, "-P", "-m", "daemon.hosts.looking"]  # nothing of the folder that a host stands in
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, creationflags=flags) as process:
        # Fed by a thread: `communicate` forgets what it has not sent yet once it was interrupted.
        incoming, process.stdin = process.stdin, None
        assert incoming is not None
        try:
            Thread(target=_feed, args=(incoming, json.dumps(order).encode() + b"\n", content), daemon=True).start()
            answer, complaints = _heard(process, cancelled)
        except BaseException:
            process.kill()
            raise
    line, _, made = answer.partition(b"\n")
    if process.returncode or not line:
        last = complaints.decode(errors="replace").strip().splitlines()[-1:]
        raise HitpointError(f"Looking at the timeline ended with code {process.returncode}", "".join(last))
    found: dict[str, Any] = json.loads(line)
    if "error" in found:
        raise raised(found["error"])
    return found, made


def _feed(incoming: IO[bytes], *parts: bytes) -> None:
    """Write everything that a process reads; one that has ended reads no more."""
    with suppress(OSError), incoming:
        for part in parts:
            incoming.write(part)


def _heard(process: subprocess.Popen[bytes], cancelled: Callable[[], bool]) -> tuple[bytes, bytes]:
    """What a process says until its end; raises `Cancelled` once nobody waits any more."""
    while True:
        try:
            return process.communicate(timeout=LOOK_S)
        except subprocess.TimeoutExpired:
            if cancelled():
                raise Cancelled() from None


def main() -> None:
    """`python -m daemon.hosts.looking`: do one order."""
    order = json.loads(sys.stdin.buffer.readline())
    content = sys.stdin.buffer.read()
    made = b""
    try:
        if order["do"] == "prepare":
            found: dict[str, Any] = {"share": share_of(content)}
            made = prepared(content, order["name"], order["drop_frame"])
        elif order["do"] == "styles":
            found = {"styles": styles()}
        else:
            folders, search = ([Path(name) for name in order[key]] for key in ("folders", "search"))
            found = look(content, order["cue"], folders, search, order["whole"])
    except HitpointError as error:
        found = {"error": told(error)}
    sys.stdout.buffer.write(json.dumps(found).encode() + b"\n" + made)


if __name__ == "__main__":
    main()
