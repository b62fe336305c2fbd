"""`python -m bench`: prints speeds and memory, each beside what it is measured against."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

from bench import floor
from bench.reroll import rerolls
from core.pipeline import Request, score
from core.timeline.read import read
from daemon.demo import make_footage

ROUNDS = 5
LENGTHS_S = (10, 40, 160, 640, 3600)


def main() -> None:
    """Run the benchmarks, or with `--length S` a single long cue in this process (used for its peak memory)."""
    arguments = argparse.ArgumentParser(prog="python -m bench")
    arguments.add_argument("--timeline", type=Path, help="an edit of your own instead of the demonstration")
    arguments.add_argument("--length", type=float, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        timeline = options.timeline or make_footage(Path(scratch) / "footage")
        if options.length:
            one_length(timeline, options.length, Path(scratch))
            return
        start_up()
        # Before the cues below: on Linux a child's peak memory begins at its parent's.
        lengths()
        cue_against_floor(timeline, Path(scratch))
        rerolls(timeline, Path(scratch))


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def start_up() -> None:
    """`hitpoint --help` beside an empty Python."""
    pairs = []
    for _ in range(ROUNDS):
        empty = _seconds(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
        helped = _seconds(
            lambda: subprocess.run([sys.executable, "-m", "daemon.command", "--help"], check=True, capture_output=True)
        )
        pairs.append((helped, empty))
    helped, empty = (median(column) for column in zip(*pairs, strict=True))
    print(f"hitpoint --help: {helped * 1000:.0f} ms, an empty Python {empty * 1000:.0f} ms, ratio {helped / empty:.1f}")


def cue_against_floor(timeline: Path, scratch: Path) -> None:
    """Warm wall time of a cue beside its floor, in turns."""
    edit = read(timeline)
    request = Request(timeline=timeline, to=scratch / "cues", seed=1)
    score(request)
    pairs = []
    timings: dict[str, float] = {}
    for round_number in range(ROUNDS):
        cue = None

        def make(seed: int = round_number) -> None:
            nonlocal cue
            cue = score(replace(request, seed=seed))

        whole = _seconds(make)
        assert cue is not None
        timings = cue.timings
        files = len(cue.cue.take.stems) + 1
        base = _seconds(lambda: floor.decode(edit)) + _seconds(
            lambda files=files: floor.write(edit, 48_000, files, scratch)  # type: ignore[misc]
        )
        pairs.append((whole, base))
    whole, base = (median(column) for column in zip(*pairs, strict=True))
    ratio = median(pair[0] / pair[1] for pair in pairs)
    print(f"cue of {edit.range.seconds:.1f} s: {whole:.2f} s, floor {base:.2f} s, ratio {ratio:.2f}")
    print("  last round: " + ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in timings.items()))


def lengths() -> None:
    """Wall time and peak memory over the length of the range, each in a process of its own."""
    print("length s   wall s   times real time   peak MB")
    for seconds in LENGTHS_S:
        answer = subprocess.run(
            [sys.executable, "-m", "bench", "--length", str(seconds)], check=True, capture_output=True, text=True
        )
        row = json.loads(answer.stdout.splitlines()[-1])
        speed = row["seconds"] / row["wall"]
        peak = f"{row['peak_mb']:14.0f}" if row["peak_mb"] else f"{'unknown':>14}"
        print(f"{row['seconds']:8.0f} {row['wall']:8.1f} {speed:12.1f} {peak}", flush=True)


def one_length(timeline: Path, seconds: float, scratch: Path) -> None:
    """Score the edit repeated until it lasts `seconds`, and print one JSON line."""
    from bench.repeat import repeated

    longer = repeated(timeline, seconds, scratch / "long.otio")
    begun = time.perf_counter()
    cue = score(Request(timeline=longer, out_text=f"{seconds}s", to=scratch / "cues", seed=1, style="action"))
    wall = time.perf_counter() - begun
    answer = {"seconds": cue.cue.brief.seconds, "wall": wall, "peak_mb": _peak_mb(), "timings": cue.timings}
    print(json.dumps(answer))


def _peak_mb() -> float | None:
    """The most memory that this process has held, in MB; None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest / 1e6 if sys.platform == "darwin" else highest * 1024 / 1e6


if __name__ == "__main__":
    main()
