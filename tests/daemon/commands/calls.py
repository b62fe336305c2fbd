"""`hitpoint` as a person or a script calls it: a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HITPOINT = [sys.executable, "-m", "daemon.command"]


def run(*arguments: str | Path, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `hitpoint` to its end and give back what it said; `home` is the state it works on, if not the session's."""
    state = {"HITPOINT_HOME": str(home)} if home else {}
    return subprocess.run(
        [*HITPOINT, *map(str, arguments)], capture_output=True, text=True, check=False, env={**os.environ, **state}
    )


def last(answer: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The last JSON line that a command printed."""
    line: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return line


def listed() -> dict[str, dict[str, Any]]:
    """All jobs of the session's daemon, newest first, by id."""
    return {job["id"]: job for job in last(run("jobs", "--json"))["jobs"]}
