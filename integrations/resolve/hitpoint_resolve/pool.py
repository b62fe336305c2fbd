"""The media pool: a bin for the cue, and its files in it."""

import re
from typing import Any, Dict, List, Optional

from . import naming
from .host import Session, before, call, listed, now


def _subfolder(session: Session, parent: Any, name: str) -> Any:
    for folder in listed(call(parent, "GetSubFolderList")):
        if naming.same_name(call(folder, "GetName"), name):
            return folder
    return call(now(session).pool, "AddSubFolder", parent, name) or None


def _bin(session: Session, cue_name: str) -> Any:
    """The bin "Hitpoint" / cue name, made where it is missing; the nearest one above where Resolve makes none."""
    root = call(now(session).pool, "GetRootFolder")
    ours = _subfolder(session, root, "Hitpoint")
    return (_subfolder(session, ours, cue_name) or ours) if ours else root


def _collect(found: Dict[str, Any], clips: List[Any], files: List[str]) -> None:
    """Of some pool items, those with a wanted file: file → pool item."""
    for clip in clips:
        path = call(clip, "GetClipProperty", "File Path")
        for file in files if isinstance(path, str) else ():
            if naming.same(path, file):
                found[file] = clip


def _note_cue(clip: Any, cue: Dict[str, Any]) -> None:
    """Whole stems say nothing of their cue in their name: it is noted on the pool item."""
    note = "hitpoint:" + cue["id"]
    if call(clip, "GetClipProperty", "Comments") != note:
        call(clip, "SetClipProperty", "Comments", note)


def cue_of(clip: Any) -> Optional[str]:
    """The cue that a pool item was noted for; None for any other item."""
    found = re.match(r"hitpoint:([0-9a-fA-F]{8})$", str(call(clip, "GetClipProperty", "Comments")))
    return found.group(1) if found else None


def _import_into(session: Session, folder: Any, files: List[str]) -> List[Any]:
    call(now(session).pool, "SetCurrentFolder", folder)
    clips = listed(call(session.pool, "ImportMedia", files))
    if clips or before(session, "21.1"):
        return clips
    return listed(call(session.pool, "ImportMedia", [{"FilePath": file} for file in files]))


def import_files(session: Session, cue: Dict[str, Any], files: List[str]) -> Dict[str, Any]:
    """Import files that are in the cue's bin already or not: file → pool item; what is not read is missing."""
    found: Dict[str, Any] = {}
    for _ in range(2):
        folder = _bin(session, cue["name"])
        _collect(found, _import_into(session, folder, files), files)
        if any(file not in found for file in files):
            _collect(found, listed(call(folder, "GetClipList")), files)
        if all(file in found for file in files):
            break
    for file, clip in found.items():
        told = naming.parse(file)
        if told and not told.cue:
            _note_cue(clip, cue)
    return found


def rate(clip: Any) -> Any:
    """The frame rate that Resolve froze when the file was imported; None when it tells none."""
    return call(clip, "GetClipProperty", "FPS")
