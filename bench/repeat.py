"""A long edit, made of a short one again and again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def repeated(timeline: Path, seconds: float, to: Path) -> Path:
    """Write the edit's tracks repeated until they last at least `seconds`; media paths become absolute."""
    document = json.loads(timeline.read_text())
    for track in document["tracks"]["children"]:
        track["markers"] = []
        once = track["children"]
        for clip in once:
            _make_absolute(clip, timeline.parent)
        length = sum(_seconds(clip) for clip in once)
        track["children"] = once * (int(seconds / length) + 1) if length else once
    to.write_text(json.dumps(document))
    return to


def _seconds(clip: dict[str, Any]) -> float:
    duration = clip["source_range"]["duration"]
    return float(duration["value"] / duration["rate"])


def _make_absolute(clip: dict[str, Any], folder: Path) -> None:
    for reference in clip.get("media_references", {}).values():
        if url := reference.get("target_url"):
            reference["target_url"] = str((folder / url).resolve())
