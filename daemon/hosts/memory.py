"""What is remembered for the hosts in `hosts.json`, by the daemon and by commands, one change at a time.

The document is `{"hitpoint": 1, "defaults": {…}, "projects": {project: {…}}, "cues": {cue id: folder},
"ready": {timeline: {request id: cue id}}}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from core.errors import DaemonUnreachable, UnusableInput
from daemon.home import Home
from daemon.private import FILE_MODE, read_private, write_private

LARGEST = 2**24
"""Bytes of the document."""
MOST = {"projects": 1000, "cues": 10_000, "ready": 1000}
"""Entries that are kept of each kind; the oldest go."""
MOST_READY = 20
"""Answers of one timeline that wait to be laid; the oldest go."""
PATIENCE_S = 10.0
"""The longest that another program's change is waited for."""

Memory = dict[str, Any]


def recall(home: Home) -> Memory:
    """What is remembered; its parts are there even where nothing is.

    Raises:
        UnusableInput: the file is damaged, cannot be read, or is open to others.
    """
    found: Any = {}
    try:
        found = json.loads(read_private(home.hosts, LARGEST))
    except FileNotFoundError:
        pass
    except DaemonUnreachable as error:
        raise UnusableInput(error.what, error.where, error.do) from error
    except (ValueError, RecursionError):
        found = None
    memory = {"hitpoint": 1, "defaults": {}, "projects": {}, "cues": {}, "ready": {}}
    if not isinstance(found, dict) or any(
        not isinstance(found.get(part, {}), dict) for part in memory if part != "hitpoint"
    ):
        remedy = "Remove it: options are then as they are without it."
        raise UnusableInput("What is remembered for the hosts is damaged", str(home.hosts), remedy)
    return {**memory, **found}


def change(home: Home, edit: Callable[[Memory], None]) -> Memory:
    """Change what is remembered, while nobody else does; what comes to the same is not written.

    Raises:
        UnusableInput: the file is damaged or cannot be read or written, or another program holds it for long.
    """
    from filelock import FileLock, Timeout

    place = home.folder / "hosts.lock"
    try:
        with FileLock(place, timeout=PATIENCE_S, poll_interval=0.01, mode=FILE_MODE):
            memory = recall(home)
            before = json.dumps(memory)
            edit(memory)
            for part, most in MOST.items():
                memory[part] = dict(list(memory[part].items())[-most:])
            if (text := json.dumps(memory)) != before:
                write_private(home.hosts, text.encode() + b"\n")
    except Timeout:
        raise UnusableInput("Another program holds this file", str(place), "Try again.") from None
    return memory


def remember_cue(home: Home, cue: str, folder: str) -> None:
    """Keep where a cue lies."""

    def edit(memory: Memory) -> None:
        if memory["cues"].get(cue) != folder:
            memory["cues"].pop(cue, None)  # the newest stands last
            memory["cues"][cue] = folder

    change(home, edit)


def make_ready(home: Home, timeline: str, request: str, cue: str) -> None:
    """Keep that an answer waits to be laid; of one cue only the newest does."""

    def edit(memory: Memory) -> None:
        waiting = memory["ready"].pop(timeline, {})
        left = [(other, its) for other, its in waiting.items() if other != request and its != cue]
        memory["ready"][timeline] = dict([*left, (request, cue)][-MOST_READY:])

    change(home, edit)


def forget_ready(home: Home, requests: frozenset[str]) -> None:
    """Forget answers that were laid, or are gone."""

    def edit(memory: Memory) -> None:
        for timeline, waiting in list(memory["ready"].items()):
            left = {request: cue for request, cue in waiting.items() if request not in requests}
            if left:
                memory["ready"][timeline] = left
            else:
                del memory["ready"][timeline]

    change(home, edit)
