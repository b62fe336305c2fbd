"""Requests as the scripts of the hosts write them."""

from __future__ import annotations

import json
import re
from typing import Any

from daemon.hosts.request import VERSION

PROJECT, TIMELINE = "01234567", "89abcdef"


def escaped(text: str) -> str:
    """A value as a file name holds it."""
    return "".join(
        char if re.fullmatch(r"[A-Za-z0-9-]", char) else "".join(f"={byte:02X}" for byte in char.encode())
        for char in text
    )


def name(asked: str, action: str, **values: object) -> str:
    """The name of an exported timeline; `in_` is `in`."""
    keys = {"id": asked, "do": action, "v": VERSION.replace(".", "-"), "p": PROJECT, "t": TIMELINE, **values}
    written = (f"{key.rstrip('_')}-{escaped(str(value))}" for key, value in keys.items())
    return f"hp1_{'_'.join(written)}.otio"


def job(action: str = "score", **fields: Any) -> dict[str, Any]:
    """A request of REAPER; `in_` is `in`."""
    told: dict[str, Any] = {
        "hitpoint": 1,
        "id": "k3j9x2ab",
        "host": "reaper",
        "version": VERSION,
        "action": action,
        "project": {"name": "reel.rpp", "folder": "/edit/reel"},
        "rate": 24.0,
        "drop_frame": False,
        "start": 3600.0,
        "in": 0.0,
        "out": 10.0,
        "items": [],
        "markers": [],
        "engine": None,
        "style": None,
        "seed": None,
        "under_speech": None,
        "stems": [],
    }
    return {**told, **{key.rstrip("_"): value for key, value in fields.items()}}


def item(position: float, length: float, **fields: Any) -> dict[str, Any]:
    """A video item of REAPER on track 1."""
    told = {"position": position, "length": length, "offset": 0.0, "playrate": 1.0, "file": "/clips/a.mov"}
    return {**told, "kind": "video", "track": 1, "name": "a", "muted": False, **fields}


def text(told: dict[str, Any]) -> bytes:
    """A request as the file holds it."""
    return json.dumps(told).encode()
