"""Who kills: SIGKILL for the daemon or a worker, at a random time or in a chosen moment of a job's life.

The moments are seen from outside, in the file system and the system's list of processes, never asked of the daemon.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import psutil

from core.cue.disk import PREFIX
from daemon.home import Home
from daemon.starting import connected

Victim = Literal["daemon", "worker"]
MODULES: Mapping[str, Victim] = {"daemon.server": "daemon", "daemon.worker": "worker"}
GAP_S = 0.6
"""Mean of the random time before a kill: about half a job."""
AHEAD = 3
"""Kills that may be made beyond the share of the jobs that have ended: they are spread over all jobs."""
LOOK_S = 0.002
PATIENCE_S = 3.0
"""A moment that does not come by then is waited for no longer."""
NOBODY_S = 10.0
"""Where there is nobody to kill for so long, no editor is left who starts a daemon."""


def processes(home: Home) -> dict[psutil.Process, Victim]:
    """The daemon and the workers of a home, as the system lists them."""
    found: dict[psutil.Process, Victim] = {}
    for process in psutil.process_iter():
        try:
            victim = next((MODULES[word] for word in process.cmdline() if word in MODULES), None)
            if victim and process.environ().get("HITPOINT_HOME") == str(home.folder):
                found[process] = victim
        except psutil.Error:  # ended meanwhile
            continue
    return found


@dataclass(frozen=True)
class Kill:
    """One kill that was made."""

    victim: Victim
    moment: str


@dataclass
class Killer:
    """Makes so many kills, spread over the jobs."""

    home: Home
    cues: Path
    """The folder in which cues appear."""
    acknowledged: Callable[[], int]
    """How many jobs have been acknowledged."""
    ended: Callable[[], int]
    """How many jobs have ended."""
    jobs: int
    kills: int
    dice: random.Random
    made: list[Kill] = field(default_factory=list)

    def run(self, working: Callable[[], bool]) -> None:
        """Kill until all kills are made; those left over when nobody is `working` any more hit an idle daemon."""
        while len(self.made) < self.kills:
            if working():
                self._wait_for_its_share(working)
                time.sleep(self.dice.expovariate(1 / GAP_S))
                moment = self._moment() if working() else "idle"
            else:
                moment = "idle"
                with connected("the killer", home=self.home) as client:
                    client.ask("status")
            self._kill(self.dice.choice(("daemon", "worker")), moment)

    def by_kind(self) -> Counter[tuple[str, str]]:
        """How many kills of each victim in each moment."""
        return Counter((kill.moment, kill.victim) for kill in self.made)

    def _wait_for_its_share(self, working: Callable[[], bool]) -> None:
        while working() and self.ended() < (len(self.made) + 1 - AHEAD) * self.jobs / self.kills:
            time.sleep(10 * LOOK_S)

    def _moment(self) -> str:
        """Wait for a moment that is drawn, half of the time for none; which it was."""
        if self.dice.random() < 0.5:
            return "any"
        moment = self.dice.choice(("queued", "loading", "saving", "recorded", "appeared"))
        return moment if self._comes(moment) else "any"

    def _comes(self, moment: str) -> bool:
        looks: dict[str, Callable[[], frozenset[object]]] = {
            "queued": lambda: frozenset(range(self.acknowledged())),
            "loading": lambda: frozenset(process for process, who in processes(self.home).items() if who == "worker"),
            "saving": lambda: frozenset(self.cues.glob(f"{PREFIX}*/takes/001/mix.wav")),
            "recorded": lambda: frozenset(self.home.jobs.glob("*/result.json")),
            "appeared": lambda: frozenset(visible(self.cues)),
        }
        look = looks[moment]
        before, by = look(), time.monotonic() + PATIENCE_S
        while time.monotonic() < by:
            if look() - before:
                if moment == "loading":  # anywhere between an empty Python and ready
                    time.sleep(self.dice.uniform(0, 1))
                return True
            time.sleep(LOOK_S)
        return False

    def _kill(self, victim: Victim, moment: str) -> None:
        """Kill one; when there is none at this moment, the next one."""
        by = time.monotonic() + NOBODY_S
        while time.monotonic() < by:
            targets = [process for process, who in processes(self.home).items() if who == victim]
            if targets:
                try:
                    self.dice.choice(targets).kill()
                except psutil.NoSuchProcess:  # it ended by itself at this moment
                    continue
                self.made.append(Kill(victim, moment))
                return
            time.sleep(LOOK_S)


def visible(cues: Path) -> set[str]:
    """The names that a person sees in the folder of cues."""
    return {name for name in os.listdir(cues) if not name.startswith(".")}  # noqa: PTH208 - names, and fast
