"""Requests as clients send them, for the tests of the protocol."""

from __future__ import annotations

from typing import Any

from daemon import protocol, wire

JOB = "5f0c1a2b3c4d5e6f"

REQUESTS: dict[str, dict[str, Any]] = {
    "hello": {"client": "edit 2", "program": "a test", "protocols": [1]},
    "ping": {},
    "score": {"job": JOB, "timeline": "/edit/reel.otio", "in": "01:00:10:00", "out": "12.5s", "seed": 7},
    "reroll": {"job": JOB, "cue": "/edit/cue", "in": "01:00:10:00", "out": "12.5s", "stems": ["drums"], "snap": "beat"},
    "takes": {"job": JOB, "cue": "/edit/cue", "use": 2},
    "export": {"job": JOB, "cue": "/edit/cue", "bwf": True},
    "cue": {"job": JOB, "cue": "/edit/cue"},
    "lay": {"job": JOB, "cue": "/edit/cue", "stems": ["drums"], "pieces": True, "sample_rate": 44100},
    "cancel": {"job": JOB},
    "jobs": {"limit": 10},
    "job": {"job": JOB},
    "follow": {"job": JOB},
    "watch": {"folder": "/edit/drop", "style": "tension"},
    "watches": {},
    "engines": {},
    "status": {},
    "rest": {},
    "shutdown": {},
}
"""One request of each operation that is in order."""

if not protocol.absolute("/edit"):  # Windows
    for fields in REQUESTS.values():
        fields.update({name: f"C:{value}" for name, value in fields.items() if str(value).startswith("/")})

ROOT = "/" if protocol.absolute("/") else "C:/"


def frame(op: str, **fields: Any) -> bytes:
    """A request as it travels."""
    return wire.packed({"v": 1, "id": "r1", "op": op, **fields})
