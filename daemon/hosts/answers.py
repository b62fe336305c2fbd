"""The files in which a script hears how its request goes and what came of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.errors import HitpointError
from daemon.hosts.luafile import write_json, write_lua
from daemon.hosts.request import PROTOCOL, VERSION

WRITE_S = 0.25
"""Between two writes of how far it is."""


class Answers:
    """Where one request is answered.

    Args:
        folder: in which the files are.
        stem: what their names begin with, as "k3j9x2ab."; empty in a folder of the request's own.
        request: its id.
        action: what it asks; empty where that cannot be read.
        as_json: the script reads JSON; else it is Lua's `loadfile`.
    """

    def __init__(self, folder: Path, stem: str, request: str, action: str, as_json: bool = False) -> None:
        kind = "json" if as_json else "lua"
        self.progress_file = folder / f"{stem}progress.{kind}"
        self.answer_file = folder / f"{stem}answer.{kind}"
        self._head = {"hitpoint": PROTOCOL, "id": request}
        self._action = action
        self._write = write_json if as_json else write_lua
        self._written = 0.0
        self._reached = 0.0

    def progress(self, how_far: Mapping[str, Any]) -> None:
        """Tell how far it is: `progress` from 0 to 1, never backwards, `stage` and `words`; a few times a second.

        Raises:
            UnusableInput: the place cannot be written.
        """
        now = time.monotonic()
        if self._written and now - self._written < WRITE_S:
            return
        self._reached = max(self._reached, float(how_far["progress"]))
        told = {"progress": self._reached, "stage": str(how_far["stage"]), "words": str(how_far["words"])}
        self._write(self.progress_file, {**self._head, **told, "time": int(time.time())})
        self._written = now

    def done(self, answer: Mapping[str, Any]) -> None:
        """Give the answer, as `daemon.hosts.serving.serve` does; what was told of progress goes.

        Raises:
            UnusableInput: the place cannot be written.
        """
        self._end({"ok": True, **answer})

    def failed(self, error: HitpointError) -> None:
        """Say why there is none; raises as `done` does."""
        # `do` is a keyword of Lua.
        told = {
            "code": error.code,
            "what": error.what,
            "where": error.where,
            "remedy": error.do,
            "sentence": str(error),
        }
        self._end({"ok": False, "error": told})

    def _end(self, answer: Mapping[str, Any]) -> None:
        head = {**self._head, "action": self._action, "version": VERSION}
        self._write(self.answer_file, {**head, **answer}, durable=True)
        with suppress(OSError):  # a reader may hold it; where the answer is, nobody looks at it
            self.progress_file.unlink()
