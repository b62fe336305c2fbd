"""`python -m bench.soak`: hundreds of kills over hundreds of jobs, and whether every promise is held."""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.soak.killer import Killer, processes
from bench.soak.oracle import Verdict, judged
from bench.soak.plan import Plan, drawn, entries, save
from core.errors import WrongUse
from daemon.demo import make_footage
from daemon.home import Home
from daemon.starting import connected, stop_daemon

WORST_S = 30.0
"""Seconds that one job and one kill may take together at the very most; then the soak is ended as failed."""


@dataclass(frozen=True)
class Soaked:
    """How a soak went."""

    verdict: Verdict
    killer: Killer
    seconds: float


def soak(jobs: int, kills: int, clients: int, seed: int, timeline: Path, scratch: Path) -> Soaked:
    """Let editors score ranges of an edit while the daemon and its workers are killed; judge what came of it.

    Args:
        jobs: how many, over all editors.
        kills: how many, of daemon and worker.
        clients: editors, each a process.
        seed: of everything that is drawn here.
        timeline: the demonstration's edit.
        scratch: an empty folder on a local disk.
    """
    dice = random.Random(seed)
    home, to = Home(scratch / "home"), scratch / "cues"
    to.mkdir(parents=True)
    tasks = drawn(jobs, dice)
    plans = [
        Plan(
            f"editor {number + 1}",
            str(home.folder),
            str(timeline),
            str(to),
            str(scratch / f"editor {number + 1}.jsonl"),
            tuple(tasks[number::clients]),
        )
        for number in range(clients)
    ]
    killer = Killer(home, to, lambda: _count(plans, "acknowledged"), lambda: _count(plans, "ended"), jobs, kills, dice)
    begun = time.monotonic()
    editors = [_editor(plan, scratch) for plan in plans]
    by = begun + WORST_S * (jobs + kills)
    try:
        killer.run(lambda: any(editor.poll() is None for editor in editors))
        codes = [editor.wait(max(0.1, by - time.monotonic())) for editor in editors]
    finally:
        for editor in editors:
            editor.kill()
            editor.wait()
    seconds = time.monotonic() - begun
    told = _told([task.job for task in tasks], home)
    stop_daemon(home)
    verdict = judged(plans, told, home, sum(kill.victim == "worker" for kill in killer.made))
    verdict.hold("the editors' scripts end well", [f"exit code {code}" for code in codes if code])
    left = [f"{who} {process.pid}" for process, who in processes(home).items()]
    verdict.hold("no process is left", left)
    return Soaked(verdict, killer, seconds)


def _editor(plan: Plan, scratch: Path) -> subprocess.Popen[bytes]:
    path = scratch / f"{plan.name}.json"
    save(plan, path)
    environment = {**os.environ, "HITPOINT_HOME": plan.home}
    return subprocess.Popen([sys.executable, "-m", "bench.soak.editor", str(path)], env=environment)


def _count(plans: Sequence[Plan], event: str) -> int:
    return sum(entry["event"] == event for plan in plans for entry in entries(Path(plan.journal)))


def _told(jobs: Sequence[str], home: Home) -> dict[str, Mapping[str, Any]]:
    """What a fresh client is told of each job."""
    told: dict[str, Mapping[str, Any]] = {}
    with connected("a stranger", home=home) as client:
        for job in jobs:
            try:
                told[job] = client.ask("job", job=job)["job"]
            except WrongUse:
                told[job] = {}
    return told


def show(soaked: Soaked, jobs: int) -> None:
    """Print how it went."""
    verdict, killer = soaked.verdict, soaked.killer
    print(f"{jobs} jobs, {len(killer.made)} kills, {soaked.seconds:.0f} s")
    print(f"\n{'moment':<12}{'daemon':>8}{'worker':>8}")
    counts = killer.by_kind()
    for moment in sorted({kill.moment for kill in killer.made}):
        print(f"{moment:<12}{counts[moment, 'daemon']:>8}{counts[moment, 'worker']:>8}")
    print("\nended as  " + ", ".join(f"{state} {count}" for state, count in verdict.states.most_common()))
    print(
        "workers lost per job  " + ", ".join(f"{deaths}: {count}" for deaths, count in sorted(verdict.deaths.items()))
    )
    print(f"an editor had to ask again by itself {verdict.unreachable} times\n")
    for promise, broken in verdict.found.items():
        print(f"{'FAIL' if broken else 'ok':<6}{promise}")
        for line in broken:
            print(f"      {line}")


def main() -> None:
    """Soak, print the table, and leave with 1 when a promise is broken."""
    arguments = argparse.ArgumentParser(prog="python -m bench.soak")
    arguments.add_argument("--jobs", type=int, default=200)
    arguments.add_argument("--kills", type=int, default=200)
    arguments.add_argument("--clients", type=int, default=3)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--keep", type=Path, help="an empty folder for everything, instead of one that goes")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        scratch = options.keep or Path(temporary)
        timeline = make_footage(scratch / "footage")
        soaked = soak(options.jobs, options.kills, options.clients, options.seed, timeline, scratch / "soak")
    show(soaked, options.jobs)
    sys.exit(0 if soaked.verdict.good else 1)


if __name__ == "__main__":
    main()
