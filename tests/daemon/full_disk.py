"""The daemon, or a worker, whose disk is full at one chosen point: `python -m tests.daemon.full_disk daemon FILE`.

The point is what stands in FILE at the moment; while there is no file, there is room. The system itself refuses the
writes (RLIMIT_FSIZE): nothing of the program is replaced by a pretence.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

POINTS: dict[str, dict[str, tuple[str, str, int]]] = {
    "daemon": {
        "keys": ("daemon.gate", "daemon_pair", 0),
        "connection file": ("daemon.connection", "write_connection", 0),
        "scored timeline": ("daemon.watches", "place_scored", 100),
    },
    "worker": {
        "stems": ("core.pipeline", "finish", 100_000),
        "notes": ("core.cue.folder", "save_notes", 0),
        "MIDI file": ("core.cue.showing", "write_midi", 0),
        "document": ("core.cue.folder", "write", 0),
        "timeline": ("core.timeline.write", "save", 1_000),
        "page": ("core.cue.showing", "write_whole", 10_000),
        "record": ("daemon.work", "record", 0),
    },
}
"""Process → point → module, function, and how many bytes a file may have while it runs."""


def full(flag: Path, point: str, limit: int, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """Do some work, on a full disk if that is its point."""
    if not flag.exists() or flag.read_text() != point:
        return work(*given, **named)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        return work(*given, **named)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def main() -> None:
    who, flag = sys.argv[1], Path(sys.argv[2])
    for point, (module, name, limit) in POINTS[who].items():
        found = import_module(module)
        setattr(found, name, partial(full, flag, point, limit, getattr(found, name)))
    if who == "worker":
        from daemon.worker import main as work

        work()
    else:
        from core.errors import HitpointError
        from daemon.home import home
        from daemon.server import serve

        try:
            serve(home(), (sys.executable, "-m", "tests.daemon.full_disk", "worker", str(flag)))
        except HitpointError as error:
            sys.stderr.write(f"{error}\n")
            sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
