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
    from rich.table import Table
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
WIDE = 10_000
"""Columns of what is no terminal: nothing is cut."""


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
    with Live(table(listed, time.time()), console=Console(), auto_refresh=False) as live:
        try:
            while any(job["state"] in UNFINISHED for job in listed):
                time.sleep(REFRESH_S)
                listed = client.ask("jobs", limit=limit)["jobs"]
                live.update(table(listed, time.time()), refresh=True)
        except KeyboardInterrupt:
            return


def _print(listed: list[dict[str, Any]]) -> None:
    """The table, once; where it is no terminal, as wide as it needs."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    console = Console(width=None if terminal else WIDE, highlight=False)
    with console.capture() as captured:
        console.print(table(listed, time.time()))
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def table(listed: list[dict[str, Any]], now: float) -> Table | str:
    """The jobs as rows: those that run, those that wait in their order, then the newest that are finished.

    Args:
        now: seconds since 1970.
    """
    from rich.table import Table

    if not listed:
        return "No jobs."
    rows = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name, gives_way in (("job", 0), ("what", 1), ("client", 1), ("state", 0), ("progress", 0), ("", 1), ("age", 0)):
        rows.add_column(name, no_wrap=not gives_way)
    letters = _letters([job["id"] for job in listed])
    for job in sorted(listed, key=_order):
        rows.add_row(*_row(job, letters, now))
    return rows


def _letters(ids: list[str]) -> int:
    """How many letters tell these ids apart; eight at least."""
    most = max(map(len, ids))
    return next((count for count in range(8, most) if len({one[:count] for one in ids}) == len(ids)), most)


def _order(job: Mapping[str, Any]) -> tuple[int, int]:
    state = job["state"]
    return (UNFINISHED.index(state) if state in UNFINISHED else len(UNFINISHED), int(job.get("place") or 0))


def _row(job: Mapping[str, Any], letters: int, now: float) -> list[Text]:
    """One job's cells, one line each whatever its words hold."""
    from rich.text import Text

    from daemon.commands.output import bar, plain, queued_words, span

    state, progress = job["state"], job["progress"]
    words = queued_words(job) if state == "queued" else job["reason"] or job["words"]
    cells = (
        (job["id"][:letters], ""),
        (f"{job['kind']} {job['name']}", ""),
        (job["client"], "dim"),
        (state, COLOURS.get(state, "")),
        (f"{bar(progress, BAR)} {progress:4.0%}", ""),
        (words, ""),
        (span(now - job["made"]), "dim"),
    )
    return [Text(plain(text), style, no_wrap=True, overflow="ellipsis") for text, style in cells]
