"""What commands print: JSON lines for scripts on stdout, words for people, progress on stderr.

JSON is written in ASCII, so that it reads the same whatever encoding a pipe has. Words that others have written (names
of files, of clients, reasons) are made plain first: nothing in them may steer a terminal.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from core.errors import HitpointError, told

if TYPE_CHECKING:
    from rich.console import RenderableType

_REDRAW_S = 0.1
_CLEAR = "\r\x1b[2K"
"""Empties the line that the cursor is on."""
BAR = 20
"""Cells of a progress bar."""
WIDE = 10_000
"""Columns of what is no terminal: nothing is cut or wrapped there."""
USUAL = (100, 24)
"""The size of a terminal where there is none."""


def error_line(error: HitpointError) -> str:
    """The error as the last JSON line of a command."""
    return json.dumps({"error": told(error)})


def result_line(result: Mapping[str, Any]) -> None:
    """Print the result as the last JSON line of a command."""
    click.echo(json.dumps(result, allow_nan=False))


def plain(text: str) -> str:
    """The text on one line, with escapes for what a terminal would obey instead of showing."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def bar(fraction: float, cells: int = BAR) -> str:
    """A progress bar of so many cells; `fraction` is 0 to 1."""
    filled = round(cells * min(1.0, max(0.0, fraction)))
    return "━" * filled + "─" * (cells - filled)


def room() -> int:
    """Columns of the terminal, or what COLUMNS says."""
    return shutil.get_terminal_size(USUAL).columns


def lines(shown: RenderableType) -> list[str]:
    """What is to be printed, line by line: wrapped on a terminal, elsewhere as long as its words, without colours."""
    from rich.console import Console

    console = Console(width=room() if sys.stdout.isatty() else WIDE, highlight=False)
    with console.capture() as captured:
        console.print(shown)
    return [line.rstrip() for line in captured.get().splitlines()]


def size(amount: float) -> str:
    """Bytes for people."""
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def span(seconds: float) -> str:
    """A length of time for people, in its largest unit."""
    for length, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def queued_words(job: Mapping[str, Any]) -> str:
    """Why a queued job waits, or where it stands."""
    if job["words"]:
        return str(job["words"])
    before = int(job.get("place") or 0)
    if before == 0:
        return "next"
    return f"{before} job{'s' if before > 1 else ''} before this one"


class Progress:
    """Shows how far a job is as it goes by, at most ten times a second.

    On a terminal one line on stderr is redrawn; elsewhere each stage prints one line. With `as_json`, progress also
    goes to stdout as `{"stage", "fraction", "words"}`; the fraction is of the whole job. Lines that stay are printed
    once something is done or stands before the job: what is refused at once says only why.
    """

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._terminal = sys.stderr.isatty()
        self._said = ("", 0.0, "")
        self._shown_at = 0.0
        self._open_line = False

    def show(self, job: Mapping[str, Any]) -> None:
        """Show a job as the daemon tells it."""
        # Begun again after a crash, a job counts from zero; nobody wants to see that.
        fraction = max(float(job["progress"]), self._said[1])
        if job["state"] == "running":
            # Begun again, it has a fraction before it has a stage.
            stays = bool(job["stage"]) and fraction > 0
            self._show(str(job["stage"] or "start"), fraction, plain(str(job["words"])), stays)
        elif job["state"] == "queued":
            self._show("queued", fraction, plain(queued_words(job)), stays=bool(job.get("place") or job["words"]))

    def _show(self, stage: str, fraction: float, words: str, stays: bool) -> None:
        now = time.monotonic()
        new_stage = stage != self._said[0]
        if (stage, fraction, words) == self._said or (not new_stage and now - self._shown_at < _REDRAW_S):
            return
        if self._terminal:
            self._redraw(stage, fraction, words)
        if self._terminal or stays:
            self._said, self._shown_at = (stage, fraction, words), now
        if not stays:
            return
        if self._as_json:
            click.echo(json.dumps({"stage": stage, "fraction": round(fraction, 3), "words": words}))
        if not self._terminal and new_stage:
            click.echo(f"{stage} …", err=True)

    def _redraw(self, stage: str, fraction: float, words: str) -> None:
        line = f"{bar(fraction)} {fraction:4.0%}  {stage}{': ' * bool(words)}{words}"
        room = max(BAR, shutil.get_terminal_size().columns - 1)
        click.echo(f"{_CLEAR}{line[:room]}", nl=False, err=True)
        self._open_line = True

    def full(self) -> None:
        """The job is done: the line on the terminal says so and stays."""
        if self._open_line:
            self._redraw("done", 1.0, "")
            click.echo(err=True)
            self._open_line = False

    def close(self) -> None:
        """Take the line on the terminal away: whatever is said next says more."""
        if self._open_line:
            click.echo(_CLEAR, nl=False, err=True)
            self._open_line = False
