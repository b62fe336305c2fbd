"""Who judges a soak: from what editors were told, from what lies on the disk, and from what the store says."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from bench.soak.killer import visible
from bench.soak.plan import Plan, entries
from core.cue.folder import load, verify
from daemon.home import Home

LEAST_DONE = 0.8
REASON = "killed (signal 9)"


@dataclass
class Verdict:
    """What was promised, and what was found against it."""

    found: dict[str, list[str]] = field(default_factory=dict)
    """Promise → what breaks it; nothing where it is held."""
    states: Counter[str] = field(default_factory=Counter)
    deaths: Counter[int] = field(default_factory=Counter)
    """Worker deaths of a job → how many jobs."""
    unreachable: int = 0
    """How often an editor had to ask again by itself."""

    @property
    def good(self) -> bool:
        """Whether every promise is held."""
        return not any(self.found.values())

    def hold(self, promise: str, broken: Sequence[str]) -> None:
        """Note what breaks a promise."""
        self.found.setdefault(promise, []).extend(broken)


def judged(plans: Sequence[Plan], told: Mapping[str, Mapping[str, Any]], home: Home, worker_kills: int) -> Verdict:
    """Judge a soak once its daemon is stopped.

    Args:
        plans: what was asked.
        told: job → what a fresh client is told of it at the end; empty for one that is not known.
        home: the daemon's own state.
        worker_kills: how many workers were killed, alone.
    """
    verdict = Verdict()
    notes = [entry for plan in plans for entry in entries(Path(plan.journal))]
    verdict.states.update(job.get("state", "unknown") for job in told.values())
    verdict.deaths.update(job.get("deaths", 0) for job in told.values())
    verdict.unreachable = sum(note["event"] == "unreachable" for note in notes)
    _nothing_lost(verdict, plans, notes, told)
    _ends_fit_deaths(verdict, told, worker_kills)
    _once_on_disk(verdict, plans, told)
    _store_agrees(verdict, home, told)
    return verdict


def _nothing_lost(
    verdict: Verdict,
    plans: Sequence[Plan],
    notes: Sequence[Mapping[str, Any]],
    told: Mapping[str, Mapping[str, Any]],
) -> None:
    asked = {task.job for plan in plans for task in plan.tasks}
    acknowledged = {note["job"] for note in notes if note["event"] == "acknowledged"}
    ended = {note["job"]: note for note in notes if note["event"] == "ended"}
    verdict.hold("every job was acknowledged", sorted(asked - acknowledged))
    verdict.hold("every acknowledged job is known", sorted(job for job in acknowledged if not told.get(job)))
    verdict.hold("every editor heard the end of its jobs", sorted(asked - set(ended)))
    changed = [job for job, note in ended.items() if note["done"] != (told.get(job, {}).get("state") == "done")]
    changed += [
        job for job, note in ended.items() if note["done"] and note["cue"] != told[job].get("result", {}).get("cue")
    ]
    verdict.hold("no end was taken back", changed)


def _ends_fit_deaths(verdict: Verdict, told: Mapping[str, Mapping[str, Any]], worker_kills: int) -> None:
    early, wrong = [], []
    for name, job in told.items():
        deaths, state, reason = job.get("deaths", 0), job.get("state"), job.get("reason", "")
        if deaths <= 1 and state != "done":
            early.append(f"{name}: {state}, {deaths} deaths: {reason}")
        elif deaths >= 2 and not (deaths == 2 and state == "failed" and reason.count(REASON) == 2):
            wrong.append(f"{name}: {state}, {deaths} deaths: {reason}")
    verdict.hold("a job whose worker died at most once is done", early)
    verdict.hold("a job whose worker died twice has failed, and says so", wrong)
    deaths = sum(job.get("deaths", 0) for job in told.values())
    verdict.hold(
        "no death is counted twice", [f"{deaths} deaths, {worker_kills} kills"] if deaths > worker_kills else []
    )
    done = sum(job.get("state") == "done" for job in told.values())
    share = f"{done} of {len(told)}"
    verdict.hold(f"at least {LEAST_DONE:.0%} are done", [share] if done < LEAST_DONE * len(told) else [])


def _once_on_disk(verdict: Verdict, plans: Sequence[Plan], told: Mapping[str, Mapping[str, Any]]) -> None:
    """Each done job has one cue, whole and its own; nothing else is visible."""
    cues = {name: Path(job["result"]["cue"]) for name, job in told.items() if job.get("state") == "done"}
    shared = [str(cue) for cue, count in Counter(cues.values()).items() if count > 1]
    verdict.hold("no two jobs have the same cue", shared)
    seen = {Path(plan.to) / name for plan in plans for name in visible(Path(plan.to))}
    verdict.hold(
        "no job was done twice: no cue is there that no job has", [str(cue) for cue in seen - set(cues.values())]
    )
    verdict.hold("the cue of every job that is done is there", [str(cue) for cue in set(cues.values()) - seen])
    seeds = {task.job: task.seed for plan in plans for task in plan.tasks}
    damaged = [f"{cue}: {what}" for job, cue in cues.items() if cue in seen for what in damage(cue, seeds[job])]
    verdict.hold("every cue is whole and what was asked for", damaged)


def damage(cue: Path, seed: int) -> list[str]:
    """What is wrong with a cue: by the program's own check, and by hashing and summing its files afresh."""
    found = list(verify(load(cue)))
    document = json.loads((cue / "cue.json").read_bytes())
    take = document["takes"][0]
    if take["seed"] != seed:
        found.append(f"seed {take['seed']} instead of {seed}")
    total: Any = 0
    for saved in (*take["stems"].values(), take["mix"], take["notes"]):
        if hashlib.sha256((cue / saved["file"]).read_bytes()).hexdigest() != saved["sha256"]:
            found.append(f"{saved['file']} is not what was saved")
    for saved in take["stems"].values():
        total = total + soundfile.read(cue / saved["file"], dtype="int32")[0].astype(np.int64)
    mix = soundfile.read(cue / take["mix"]["file"], dtype="int32")[0]
    if not np.array_equal(total, mix):
        found.append("the stems do not sum to the mix")
    found += [f"{name} is missing" for name in ("cue.otio", "cue.mid", "cue.html") if not (cue / name).is_file()]
    return found


def _store_agrees(verdict: Verdict, home: Home, told: Mapping[str, Mapping[str, Any]]) -> None:
    """The store, read without the program, is sound and says the same."""
    connection = sqlite3.connect(f"file:{home.store}?mode=ro", uri=True)
    try:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        states = dict(connection.execute("SELECT id, state FROM jobs").fetchall())
        left = connection.execute("SELECT count(*) FROM attachments").fetchone()[0]
    finally:
        connection.close()
    verdict.hold("the store is sound", [] if found == ["ok"] else found)
    other = [f"{name}: {states.get(name)}" for name, job in told.items() if states.get(name) != job.get("state")]
    verdict.hold("the store says what clients are told", other)
    verdict.hold("what travelled with finished jobs is gone", [f"{left} attachments"] if left else [])
