"""Requests: the name of the exported timeline says what OTIO does not hold."""

import uuid
from typing import Any, Dict

from .host import Session

LIMIT = 180
ORDER = [
    "id",
    "do",
    "v",
    "p",
    "t",
    "in",
    "out",
    "df",
    "sr",
    "seed",
    "cue",
    "of",
    "stems",
    "e",
    "s",
    "us",
    "mk",
    "json",
    "nm",
]
NAME_BYTES = 16
PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _escaped(text: bytes) -> str:
    """Characters beyond the plain ones as =XX, so that a name is ASCII on every system."""
    return "".join(chr(byte) if byte in PLAIN else f"={byte:02X}" for byte in text)


def hashed(text: str) -> str:
    """FNV-1a, 32 bits, as 8 hex digits."""
    value = 2166136261
    for byte in _bytes(text):
        value = (value ^ byte) * 16777619 % 2**32
    return f"{value:08x}"


def new_id() -> str:
    """A new id, 12 hex digits."""
    return uuid.uuid4().hex[:12]


def _shortened(text: bytes) -> bytes:
    """The first bytes of a name, never half a character."""
    return text[:NAME_BYTES].decode("utf-8", "ignore").encode("utf-8") if len(text) > NAME_BYTES else text


def _joined(fields: Dict[str, Any], without: str = "") -> str:
    parts = ["hp1"]
    for key in ORDER:
        value = fields.get(key)
        if value is None or value == "" or value == [] or key == without:
            continue
        text = _bytes("-".join(value) if isinstance(value, list) else str(value))
        parts.append("{}-{}".format(key, _escaped(_shortened(text) if key == "nm" else text)))
    return "_".join(parts) + ".otio"


def name(fields: Dict[str, Any]) -> str:
    """The file name of a request; the timeline's name is the first to go where it grows too long."""
    found = _joined(fields)
    return found if len(found) <= LIMIT else _joined(fields, "nm")


def fields_of(session: Session, action: str) -> Dict[str, Any]:
    """What every request says: who asks, in which version, from which project and timeline."""
    return {
        "id": new_id(),
        "do": action,
        "v": session.settings.version.replace(".", "-"),
        "p": hashed(session.project_id),
        "t": hashed(session.timeline_id),
        "json": "1",
    }


def key_of(session: Session) -> str:
    """How answers of this timeline are listed."""
    return hashed(session.project_id) + "-" + hashed(session.timeline_id)
