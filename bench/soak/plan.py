"""What is asked in a soak: each editor's jobs, and where it writes down what it was told."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from daemon.demo import RATE, SHOTS

FRAMES = sum(frames for _, _, frames in SHOTS)
"""Length of the demonstration's edit."""
SHORTEST_S, LONGEST_S = 2, 6
"""Length of the ranges: their music takes about a second each."""


@dataclass(frozen=True)
class Task:
    """One job."""

    job: str
    in_text: str
    out_text: str
    seed: int
    """No two jobs of a soak have the same: a cue tells by it whose it is."""


@dataclass(frozen=True)
class Plan:
    """What one editor does."""

    name: str
    home: str
    timeline: str
    to: str
    """The folder of cues; all editors share it."""
    journal: str
    """Where it writes down, line by line, what it was told."""
    tasks: tuple[Task, ...]


def drawn(jobs: int, dice: random.Random) -> list[Task]:
    """Ranges of the demonstration's edit, each with a seed of its own."""
    tasks = []
    for number in range(jobs):
        length = dice.randint(SHORTEST_S * RATE, LONGEST_S * RATE)
        first = dice.randrange(FRAMES - length)
        job = f"soak-{number:04d}-{dice.randrange(16**8):08x}"
        tasks.append(Task(job, f"{first}f", f"{first + length}f", number + 1))
    return tasks


def save(plan: Plan, path: Path) -> None:
    """Write a plan for an editor's process."""
    path.write_text(json.dumps(asdict(plan)))


def read(path: Path) -> Plan:
    """The plan that was saved."""
    fields = json.loads(path.read_text())
    return Plan(**{**fields, "tasks": tuple(Task(**task) for task in fields["tasks"])})


def entries(journal: Path) -> Iterator[Mapping[str, Any]]:
    """What an editor has written down so far: {"event", "job", …}; a line that is being written is left out."""
    if journal.exists():
        for line in journal.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                yield json.loads(line)
