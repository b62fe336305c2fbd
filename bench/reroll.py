"""What a re-roll costs: over the length of the hole, and over the length of the cue.

Printed by `python -m bench`. Writing and playing the hole must grow with the hole, not with the cue; files of whole
length are written all the same, and that is told apart, beside the time that the system takes to copy as many bytes.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.repeat import repeated
from core.pipeline import Request, score
from core.reroll import Reroll, reroll

CUE_S = 40
HOLES_S = (1, 2, 4, 8, 16, 32)
CUES_S = (20, 40, 160, 640)
HOLE_S = 8
ROUNDS = 5
LONG_ROUNDS = 3
"""From `LONG_S` on."""
LONG_S = 160
COLUMNS = ("whole", "CPU", "music", "files", "shown", "copy")
PROMISE_S = 1.0
"""For a hole of 8 s in a cue of 40 s, warm."""


@dataclass(frozen=True)
class Cost:
    """Seconds, each the median of some re-rolls of all stems."""

    cue: float
    hole: float
    whole: float
    busy: float
    """Of all cores together."""
    music: float
    """Writing and playing the hole."""
    files: float
    """Splicing: copying files of whole length and measuring the mix."""
    shown: float
    """Hits measured again, `cue.otio`, `cue.mid` and `cue.html` written."""
    copied: float
    """The same files copied by the system."""

    def __str__(self) -> str:
        parts = (self.whole, self.busy, self.music, self.files, self.shown, self.copied)
        return f"{self.cue:6.0f} {self.hole:6.0f} " + " ".join(f"{seconds:8.3f}" for seconds in parts)


def rerolls(timeline: Path, scratch: Path) -> None:
    """Print both curves, and whether the promise is held."""
    print(f"re-rolls of all stems, warm, medians of {ROUNDS}")
    print(" cue s hole s " + " ".join(f"{name + ' s':>8}" for name in COLUMNS))
    held = True
    for cue_seconds, holes in ((CUE_S, HOLES_S), *((length, (HOLE_S,)) for length in CUES_S if length != CUE_S)):
        cue = _cue(timeline, cue_seconds, scratch)
        for hole in holes:
            cost = measured(cue, cue_seconds, hole, scratch, ROUNDS if cue_seconds < LONG_S else LONG_ROUNDS)
            print(cost, flush=True)
            if (cue_seconds, hole) == (CUE_S, HOLE_S):
                held = cost.whole <= PROMISE_S
        shutil.rmtree(cue.parent)
    print(f"  {HOLE_S} s in {CUE_S} s, promised in about {PROMISE_S:g} s: {'held' if held else 'not held'}")


def measured(cue: Path, cue_seconds: float, hole: float, scratch: Path, rounds: int) -> Cost:
    """Re-roll the middle of a cue again and again; what the first time loads is not counted."""
    begin, end = (f"{(cue_seconds + side * hole) / 2}s" for side in (-1, 1))
    rows: list[Sequence[float]] = []
    for seed in range(rounds + 1):
        begun, busy = time.perf_counter(), time.process_time()
        made = reroll(Reroll(cue, begin, end, snap="none", seed=seed))
        whole, busy = time.perf_counter() - begun, time.process_time() - busy
        stages, folder = made.timings, made.cue.folder / "takes" / f"{made.cue.in_use:03d}"
        shown = stages["hits"] + stages["page"]
        rows.append((whole, busy, stages["music"], stages["audio"], shown, _copied(folder, scratch)))
    return Cost(cue_seconds, hole, *(median(column) for column in zip(*rows[1:], strict=True)))


def _cue(timeline: Path, seconds: float, scratch: Path) -> Path:
    """A cue of the edit, repeated until it is that long."""
    longer = repeated(timeline, seconds, scratch / "long.otio")
    to = scratch / f"cue of {seconds} s"
    return score(Request(longer, out_text=f"{seconds}s", to=to, seed=1, style="action")).cue.folder


def _copied(folder: Path, scratch: Path) -> float:
    """Seconds that the system needs to copy the sound files of a take."""
    begun = time.perf_counter()
    shutil.copytree(folder, scratch / "copy")
    seconds = time.perf_counter() - begun
    shutil.rmtree(scratch / "copy")
    return seconds
