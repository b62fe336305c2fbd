"""An engine that does what its prompt says: it is slow, deaf, greedy, or dies, and otherwise plays a tone.

The prompt is a row of orders, separated by commas:

    slow 2        works for 2 s, and looks at its watch
    deaf 10       works for 10 s, and does not
    hold 10       the same, and holds the interpreter, as a library may
    signal 9      dies of a signal
    exit 3        leaves with a code
    memory        runs out of memory
    device full   as torch says it
    device lost   as torch says it
    bug           fails as no program should
    print         prints to standard output
    once F        what follows is done only if the file F is not there yet; it is made
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.brief import Brief, Hole, Rendering, Stem, StemName
from core.engines.engine import Abilities, Readiness
from core.watch import Watch


class OutOfMemoryError(RuntimeError):
    """What torch raises."""


@dataclass
class Obedient:
    """Plays a quiet tone on the grid, after doing what it is told."""

    name: str = "obedient"
    stems: tuple[StemName, ...] = ("harmony",)
    abilities: Abilities = field(default=Abilities(True, False, False, True, False, False))
    configs: Mapping[str, int] = field(default_factory=dict)
    kept: int = 0

    def ready(self) -> Readiness:
        return Readiness(ready=True)

    def held(self) -> int:
        return self.kept

    def release(self) -> None:
        self.kept = 0

    def render(self, brief: Brief, hole: Hole | None, scratch: Path, watch: Watch) -> Rendering:
        assert hole is None
        self.kept = 1000
        watch.report("obeying", 0.0, brief.prompt)
        for order in filter(None, brief.prompt.split(",")):
            if not _obey(order.strip(), watch):
                break
        tone = np.memmap(scratch / "tone", dtype=np.float32, mode="w+", shape=(brief.samples, 2))
        tone[:] = 0.1 * np.sin(np.arange(brief.samples) * (2 * np.pi * 220 / brief.sample_rate))[:, None]
        return Rendering((Stem("harmony", tone),))


def _obey(order: str, watch: Watch) -> bool:
    """Do one thing; False when the rest is not to be done."""
    word, _, rest = order.partition(" ")
    if word == "slow":
        _slowly(float(rest), watch)
    elif word == "deaf":
        time.sleep(float(rest))
    elif word == "hold":
        ctypes.PyDLL(None).sleep(int(rest))
    elif word == "signal":
        sys.stderr.flush()
        os.kill(os.getpid(), int(rest))
        time.sleep(10)
    elif word == "exit":
        print("it was time to go", file=sys.stderr, flush=True)
        os._exit(int(rest))
    elif word == "print":
        print("a library prints this", flush=True)
        os.system("echo and a program this")
    elif word == "once":
        if Path(rest).exists():
            return False
        Path(rest).touch()
    else:
        _fail(order)
    return True


def _slowly(seconds: float, watch: Watch) -> None:
    for step in range(round(seconds * 100)):
        watch.report("obeying", step / (seconds * 100), "slowly")
        time.sleep(0.01)


def _fail(order: str) -> None:
    if order == "memory":
        raise MemoryError
    if order == "device full":
        raise OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")
    if order == "device lost":
        raise RuntimeError("CUDA error: unspecified launch failure\nCUDA kernel errors might be …")
    raise ZeroDivisionError(f"nobody foresaw {order}")


ENGINE = Obedient()
