"""What commands print: JSON lines for scripts on stdout, progress for people on stderr.

JSON is written in ASCII, so that it reads the same whatever encoding a pipe has.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

from core.errors import HitpointError, told
from core.watch import Watch

_REDRAW_S = 0.1


def error_line(error: HitpointError) -> str:
    """The error as the last JSON line of a command."""
    return json.dumps({"error": told(error)})


def result_line(result: Mapping[str, Any]) -> None:
    """Print the result as the last JSON line of a command."""
    click.echo(json.dumps(result, allow_nan=False))


@contextmanager
def watching(as_json: bool) -> Iterator[Watch]:
    """A watch for the time of one command: progress goes out, Ctrl-C or a termination signal cancels.

    On a terminal one line on stderr is redrawn; elsewhere each stage prints one line. With `as_json`, progress also
    goes to stdout as `{"stage", "fraction", "words"}`.
    """
    stop = threading.Event()
    progress = _Progress(as_json)
    kept = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield Watch(progress=progress.show, cancelled=stop.is_set)
    finally:
        progress.close()
        for number, handler in kept.items():
            signal.signal(number, handler)


class _Progress:
    """Shows stages as they go by, at most ten times a second."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._terminal = sys.stderr.isatty()
        self._stage = ""
        self._shown_at = 0.0
        self._open_line = False

    def show(self, stage: str, fraction: float, words: str) -> None:
        now = time.monotonic()
        new_stage = stage != self._stage
        if not new_stage and fraction < 1.0 and now - self._shown_at < _REDRAW_S:
            return
        self._stage, self._shown_at = stage, now
        if self._as_json:
            line = {"stage": stage, "fraction": round(fraction, 3), "words": words}
            click.echo(json.dumps(line))
        if self._terminal:
            self._redraw(stage, fraction, words, new_stage)
        elif new_stage:
            click.echo(f"{stage} …", err=True)

    def _redraw(self, stage: str, fraction: float, words: str, new_stage: bool) -> None:
        if new_stage:
            self.close()
        filled = round(20 * min(1.0, max(0.0, fraction)))
        bar = "━" * filled + "─" * (20 - filled)
        click.echo(f"\r\x1b[2K{stage:>10} {bar} {fraction:4.0%}  {words[:50]}", nl=False, err=True)
        self._open_line = True

    def close(self) -> None:
        """End the line that is being redrawn."""
        if self._open_line:
            click.echo(err=True)
            self._open_line = False
