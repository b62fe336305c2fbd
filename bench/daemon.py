"""`python -m bench.daemon`: what the daemon promises about time and memory, measured, each beside its promise."""

from __future__ import annotations

import argparse
import math
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from bench.echo import busy, echo, round_trips
from bench.repeat import repeated
from daemon.client import Client, job_id
from daemon.demo import make_footage
from daemon.home import Home
from daemon.starting import connected, stop_daemon

REQUESTS = 2000
PAUSE_S = 0.005
STATUS_P50_MS, STATUS_P99_MS = 2.0, 20.0
FIRST_PROGRESS_MS = 50.0
CANCEL_ANSWER_S, CANCEL_FREE_S = 0.5, 2.0
LONG_S = 3600.0
"""A cue of this length renders for as long as round trips are measured beside it."""
SHORT = "2s"
CLIENTS = 3


@dataclass(frozen=True)
class Figure:
    """One thing that was measured."""

    what: str
    figures: str
    promise: str = ""
    held: bool | None = None
    """None where nothing is promised."""

    def __str__(self) -> str:
        verdict = {None: "", True: "ok", False: "FAIL"}[self.held]
        return f"{self.what:<46}{self.figures:<44}{self.promise:<26}{verdict}"


@dataclass
class Bench:
    """A daemon to be measured, and what it is given to do."""

    home: Home
    timeline: Path
    folder: Path

    @contextmanager
    def client(self, name: str = "bench") -> Iterator[Client]:
        """A client of it; it is started where it does not run."""
        with connected(name, home=self.home) as client:
            yield client

    def submit(self, client: Client, out: str | None = SHORT, timeline: Path | None = None) -> str:
        """Submit a score; its id."""
        job = job_id()
        place = str(self.folder / "cues")
        client.ask("score", job=job, timeline=str(timeline or self.timeline), out=out, to=place, seed=1)
        return job

    def first_progress(self, client: Client) -> float:
        """Seconds from submitting a score to the first word of what it is at; the score is then waited for."""
        begun = time.perf_counter()
        first: list[float] = []

        def seen(job: Any) -> None:
            if job["stage"] and not first:
                first.append(time.perf_counter() - begun)

        client.follow(self.submit(client), seen)
        return first[0]

    def warm(self, client: Client) -> None:
        """Have everything loaded: two jobs were done."""
        for _ in range(2):
            client.follow(self.submit(client))


def at(share: float, values: Sequence[float]) -> float:
    """The value below which that share of the values lies."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


def _ms(values: Sequence[float]) -> str:
    p50, p99, most = (1000 * value for value in (at(0.5, values), at(0.99, values), max(values)))
    return f"p50 {p50:.2f} ms, p99 {p99:.2f} ms, max {most:.1f} ms"


def status_beside_a_render(bench: Bench, requests: int = REQUESTS) -> list[Figure]:
    """Round trips of `status` beside a rendering job on busy cores, and what an echo costs there."""
    long = repeated(bench.timeline, LONG_S, bench.folder / "long.otio")
    with bench.client() as client, echo() as ask:
        message = bytes(600)  # about what a status weighs
        idle = round_trips(lambda: ask(message), requests, PAUSE_S)
        status_idle = round_trips(lambda: client.ask("status"), requests, PAUSE_S)
        job = bench.submit(client, None, long)
        _wait(lambda: client.ask("job", job=job)["job"]["stage"] not in ("", "timeline"))
        with busy():
            loaded = round_trips(lambda: ask(message), requests, PAUSE_S)
            status = round_trips(lambda: client.ask("status"), requests, PAUSE_S)
        still = client.ask("job", job=job)["job"]["state"] == "running"
        client.ask("cancel", job=job)
        _wait(lambda: client.ask("status")["workers"][0]["state"] == "idle")
    p50, p99 = 1000 * at(0.5, status), 1000 * at(0.99, status)
    held = still and p50 <= STATUS_P50_MS and p99 <= STATUS_P99_MS
    promise = f"p50 {STATUS_P50_MS:g} ms, p99 {STATUS_P99_MS:g} ms"
    return [
        Figure("echo, idle", _ms(idle)),
        Figure("status, idle", _ms(status_idle)),
        Figure("echo, beside a render on busy cores", _ms(loaded)),
        Figure("status, beside a render on busy cores", _ms(status), promise, held),
    ]


def submit_to_first_progress(bench: Bench, rounds: int = 40) -> list[Figure]:
    """From submitting to the first word of progress, everything warm."""
    with bench.client() as client:
        bench.warm(client)
        quiet = [bench.first_progress(client) for _ in range(rounds)]
        with busy():
            loaded = [bench.first_progress(client) for _ in range(rounds // 8)]
    held = 1000 * at(0.95, quiet) <= FIRST_PROGRESS_MS
    figures = f"p50 {1000 * median(quiet):.1f} ms, p95 {1000 * at(0.95, quiet):.1f} ms"
    return [
        Figure("submit to first progress, warm", figures, f"p95 {FIRST_PROGRESS_MS:g} ms", held),
        Figure("the same on busy cores", f"p50 {1000 * median(loaded):.1f} ms, max {1000 * max(loaded):.1f} ms"),
    ]


def cancelling(bench: Bench, rounds: int = 20) -> list[Figure]:
    """Cancel the demonstration's whole edit at random moments: when it is answered, when the worker is free."""
    answered, freed, killed, dice = [], [], 0, random.Random(1)
    with bench.client() as client:
        bench.warm(client)
        begun = time.perf_counter()
        client.follow(bench.submit(client, None))
        length = time.perf_counter() - begun
        for _ in range(rounds):
            job = bench.submit(client, None)
            worker = client.ask("status")["workers"][0]["pid"]
            time.sleep(dice.uniform(0, 0.95 * length))
            begun = time.perf_counter()
            client.ask("cancel", job=job)
            answered.append(time.perf_counter() - begun)
            _wait(lambda: client.ask("status")["workers"][0]["state"] == "idle")
            freed.append(time.perf_counter() - begun)
            killed += client.ask("status")["workers"][0]["pid"] != worker
    return [
        Figure(
            f"cancel answered, {rounds} moments of {length:.1f} s",
            f"p50 {1000 * median(answered):.1f} ms, max {1000 * max(answered):.1f} ms",
            f"max {CANCEL_ANSWER_S:g} s",
            max(answered) <= CANCEL_ANSWER_S,
        ),
        Figure(
            "worker free after it",
            f"p50 {median(freed):.2f} s, max {max(freed):.2f} s, {killed} killed",
            f"max {CANCEL_FREE_S:g} s",
            max(freed) <= CANCEL_FREE_S,
        ),
    ]


def cold_start(bench: Bench, rounds: int = 5) -> list[Figure]:
    """From nothing running to hello, and to the first word of a first job's progress."""
    hello, first = [], []
    for _ in range(rounds):
        stop_daemon(bench.home)
        begun = time.perf_counter()
        with bench.client() as client:
            hello.append(time.perf_counter() - begun)
            first.append(hello[-1] + bench.first_progress(client))
    return [
        Figure("cold start until hello", f"p50 {median(hello):.2f} s, max {max(hello):.2f} s"),
        Figure("cold start until a job's first progress", f"p50 {median(first):.2f} s, max {max(first):.2f} s"),
    ]


def three_clients(bench: Bench, jobs: int = 100) -> list[Figure]:
    """Short scores from three clients at once: how long each waits, and what memory is held after them."""

    def editor(number: int, count: int) -> list[float]:
        waits = []
        with bench.client(f"editor {number}") as client:
            for _ in range(count):
                begun = time.perf_counter()
                client.follow(bench.submit(client))
                waits.append(time.perf_counter() - begun)
        return waits

    stop_daemon(bench.home)
    with bench.client() as client:
        for _ in range(5):
            client.follow(bench.submit(client))
        before = _memory(client)
        with ThreadPoolExecutor(CLIENTS) as threads:
            shares = [(jobs - 5) // CLIENTS + (number < (jobs - 5) % CLIENTS) for number in range(CLIENTS)]
            waits = [wait for some in threads.map(editor, range(CLIENTS), shares) for wait in some]
        after = _memory(client)
    growth = [f"{who} {before[who]:.0f} → {after[who]:.0f} MB" for who in before]
    return [
        Figure(
            f"a {SHORT} score with {CLIENTS} clients",
            f"p50 {at(0.5, waits):.2f} s, p95 {at(0.95, waits):.2f} s, max {max(waits):.2f} s",
        ),
        Figure(f"memory after 5 and after {jobs} jobs", ", ".join(growth)),
    ]


def _memory(client: Client) -> dict[str, float]:
    """MB that the daemon and its worker hold."""
    told = client.ask("status")
    pids = {"daemon": told["pid"], "worker": told["workers"][0]["pid"]}
    return {who: psutil.Process(pid).memory_info().rss / 1e6 for who, pid in pids.items()}


def _wait(happened: Callable[[], bool]) -> None:
    while not happened():
        time.sleep(0.005)


MEASURES = (status_beside_a_render, submit_to_first_progress, cancelling, cold_start, three_clients)


@contextmanager
def prepared(timeline: Path | None = None) -> Iterator[Bench]:
    """A daemon of its own in a temporary folder; it is stopped at the end."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        bench = Bench(Home(folder / "home"), timeline or make_footage(folder / "footage"), folder)
        try:
            yield bench
        finally:
            stop_daemon(bench.home)


def main() -> None:
    """Measure everything, or what is named; leave with 1 when a promise is broken."""
    names = [measure.__name__ for measure in MEASURES]
    arguments = argparse.ArgumentParser(prog="python -m bench.daemon")
    arguments.add_argument("measures", nargs="*", metavar="MEASURE", help=f"of {', '.join(names)}; all by default")
    wanted = arguments.parse_args().measures
    broken = False
    with prepared() as bench:
        for measure in MEASURES:
            if not wanted or measure.__name__ in wanted:
                for figure in measure(bench):
                    print(figure, flush=True)
                    broken = broken or figure.held is False
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
