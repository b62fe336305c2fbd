"""`hitpoint jobs`: what the daemon does, has done and will do."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from core.errors import WrongUse

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from daemon.client import Client

MOST = 1000
"""Jobs that the daemon tells of at once."""
WHOLE_ID = re.compile(r"[a-z0-9][a-z0-9-]{7,63}")
REFRESH_S = 0.5
UNFINISHED = ("running", "queued")
"""In the order of the table, before those that are finished."""
COLOURS = {"running": "cyan", "done": "green", "failed": "red", "cancelled": "yellow"}
BAR = 8
"""Cells of a job's bar."""
COLUMNS = ("job", "what", "client", "state", "bar", "progress", "age")
"""Of the table; what is said of a job stands in a line of its own below it."""
GIVE_WAY = ("client", "bar", "age")
"""Columns that are left out, in this order, where the room is small."""
ROOM_FOR_WHAT = 45
"""Columns for what a job is about; before it has fewer, others give way."""
GAP = 2
"""Blank columns between two."""


@click.command(short_help="Show what runs, waits and is finished; follow one job.")
@click.argument("job", required=False)
@click.option("--limit", type=click.IntRange(1, MOST), default=100, show_default=True, help="The newest so many.")
@click.option("--once", is_flag=True, help="Print the table once, on a terminal too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines; the last is the result.")
def jobs(job: str | None, limit: int, once: bool, as_json: bool) -> None:
    """Show the jobs, live until all are finished; or follow JOB to its end and print its result.

    The first letters of a job's id are enough. Leaving with Ctrl-C stops no job.
    """
    from daemon.commands.output import result_line
    from daemon.starting import connected

    with connected() as client:
        if job is not None:
            _follow(client, job, as_json)
        elif as_json:
            result_line({"jobs": client.ask("jobs", limit=limit)["jobs"]})
        elif sys.stdout.isatty() and not once:
            _live(client, limit)
        else:
            _print(client.ask("jobs", limit=limit)["jobs"])


def found(client: Client, text: str) -> dict[str, Any]:
    """The job with this id, or the only one whose id begins so.

    Raises:
        WrongUse: there is none, or more than one.
    """
    matching = [job for job in client.ask("jobs", limit=MOST)["jobs"] if job["id"].startswith(text)]
    exact = [job for job in matching if job["id"] == text]
    if len(matching) == 1 or exact:
        job: dict[str, Any] = (exact or matching)[0]
        return job
    if matching:
        some = ", ".join(job["id"] for job in matching[:3])
        raise WrongUse(f"{len(matching)} jobs begin with this: {some}", text, "Give more of the id.")
    if WHOLE_ID.fullmatch(text):  # older than the thousand newest, or unknown: the daemon knows which
        told: dict[str, Any] = client.ask("job", job=text)["job"]
        return told
    raise WrongUse("There is no such job", text, "See `hitpoint jobs`.")


def _follow(client: Client, text: str, as_json: bool) -> None:
    """Follow one job to its end and print its result as the command that asked for it does."""
    from daemon.commands.output import Progress, result_line

    job = found(client, text)
    with closing(Progress(as_json)) as progress:
        result = {**client.follow(job["id"], progress.show), "job": job["id"]}
        progress.full()
    if as_json:
        result_line(result)
    else:
        click.echo(_words(job["kind"], result))


def _words(kind: str, result: dict[str, Any]) -> str:
    """A result for people."""
    import json

    from daemon.commands import export, reroll, score, takes

    by_kind = {"score": score.words, "reroll": reroll.words, "takes": takes.words, "export": export.words}
    return by_kind[kind](result) if kind in by_kind else json.dumps(result, indent=2)


def _live(client: Client, limit: int) -> None:
    """The table, refreshed until every job is finished or the user leaves."""
    from rich.console import Console
    from rich.live import Live

    listed = client.ask("jobs", limit=limit)["jobs"]
    console = Console()
    with Live(table(listed, time.time(), console.width), console=console, auto_refresh=False) as live:
        try:
            while any(job["state"] in UNFINISHED for job in listed):
                time.sleep(REFRESH_S)
                listed = client.ask("jobs", limit=limit)["jobs"]
                live.update(table(listed, time.time(), console.width), refresh=True)
        except KeyboardInterrupt:
            return


def _print(listed: list[dict[str, Any]]) -> None:
    """The table, once."""
    from daemon.commands.output import lines, room

    for line in lines(table(listed, time.time(), room(), wraps=sys.stdout.isatty())):
        click.echo(line)


def table(listed: list[dict[str, Any]], now: float, room: int, wraps: bool = True) -> RenderableType:
    """The jobs as rows: those that run, those that wait in their order, then the newest that are finished.

    Nothing is cut: as the room shrinks, columns give way, then what the jobs are about is wrapped.

    Args:
        now: seconds since 1970.
        room: columns that there are.
        wraps: False leaves lines as long as their words.
    """
    from rich.console import Group
    from rich.padding import Padding

    if not listed:
        return "No jobs."
    letters = _letters([job["id"] for job in listed])
    jobs = sorted(listed, key=_order)
    rows = [_row(job, letters, now) for job in jobs]
    widths = _widths([_header(), *rows], room, wraps)
    parts: list[RenderableType] = [_line(_header(), widths)]
    for job, row in zip(jobs, rows, strict=True):
        parts.append(_line(row, widths))
        if words := _said(job):
            parts.append(Padding(words, (0, 0, 0, widths["job"] + GAP)))
    return Group(*parts)


def _widths(rows: list[dict[str, Text]], room: int, wraps: bool) -> dict[str, int]:
    """The columns that are shown and how wide each is."""
    widths = {name: max(row[name].cell_len for row in rows) for name in COLUMNS}
    what = widths.pop("what")
    for name in GIVE_WAY:
        if sum(widths.values()) + GAP * len(widths) + min(what, ROOM_FOR_WHAT) > room:
            del widths[name]
    left = max(1, room - sum(widths.values()) - GAP * len(widths))
    return {**widths, "what": min(what, left) if wraps else what}


def _line(row: dict[str, Text], widths: Mapping[str, int]) -> RenderableType:
    """One row, its cells as wide as all others of their columns."""
    from rich.table import Table

    grid = Table.grid(padding=(0, GAP, 0, 0))
    shown = [name for name in COLUMNS if name in widths]
    for name in shown:
        grid.add_column(width=widths[name], overflow="fold", justify="right" if name == "progress" else "left")
    grid.add_row(*(row[name] for name in shown))
    return grid


def _header() -> dict[str, Text]:
    from rich.text import Text

    return {name: Text("" if name in ("bar", "progress") else name, "bold") for name in COLUMNS}


def _letters(ids: list[str]) -> int:
    """How many letters tell these ids apart; eight at least."""
    most = max(map(len, ids))
    return next((count for count in range(8, most) if len({one[:count] for one in ids}) == len(ids)), most)


def _order(job: Mapping[str, Any]) -> tuple[int, int]:
    state = job["state"]
    return (UNFINISHED.index(state) if state in UNFINISHED else len(UNFINISHED), int(job.get("place") or 0))


def _row(job: Mapping[str, Any], letters: int, now: float) -> dict[str, Text]:
    """One job's cells by column; whatever its words hold, nothing in them steers a terminal."""
    from rich.text import Text

    from daemon.commands.output import bar, plain, span

    state, progress = job["state"], job["progress"]
    cells = {
        "job": (job["id"][:letters], ""),
        "what": (f"{job['kind']} {job['name']}", ""),
        "client": (job["client"], "dim"),
        "state": (state, COLOURS.get(state, "")),
        "bar": (bar(progress, BAR), ""),
        "progress": (f"{progress:.0%}", ""),
        "age": (span(now - job["made"]), "dim"),
    }
    return {name: Text(plain(text), style) for name, (text, style) in cells.items()}


def _said(job: Mapping[str, Any]) -> Text | None:
    """What is said of a job: what it is at, why it waits, or why it ended; None where its state says it all."""
    from rich.text import Text

    from daemon.commands.output import plain, queued_words

    words = queued_words(job) if job["state"] == "queued" else job["reason"] or job["words"]
    if not words or words.rstrip(".").casefold() == job["state"]:
        return None
    return Text(plain(words), COLOURS.get(job["state"], "dim") if job["reason"] else "dim")
