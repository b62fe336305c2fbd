"""Cues of a timeline as a script gets them: the command line in a process of its own, the last JSON line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def scored(timeline: Path, to: Path, *words: str) -> dict[str, Any]:
    """The result of `hitpoint score TIMELINE --to TO WORDS --json`."""
    command = [sys.executable, "-m", "daemon.command", "score", str(timeline), "--to", str(to), *words, "--json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    result: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return result
