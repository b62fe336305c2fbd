"""`hitpoint doctor`: what is wrong here, and what to do about it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from daemon.doctor import Finding

COLOURS = {"ok": "green", "note": "yellow", "problem": "bold red"}


@click.command(short_help="Say what is wrong here and what to do about it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
def doctor(as_json: bool) -> None:
    """Look at everything that Hitpoint needs, and say what to do about each finding.

    Nothing is changed and no daemon is started. The exit code is 1 when something is a problem.
    """
    from daemon.commands.output import result_line
    from daemon.doctor import examine, healthy
    from daemon.home import home

    findings = examine(home())
    if as_json:
        result_line({"findings": [asdict(finding) for finding in findings]})
    else:
        _print(findings)
    if not healthy(findings):
        sys.exit(1)


def _print(findings: list[Finding]) -> None:
    from daemon.commands.output import lines

    for line in lines(_table(findings)):
        click.echo(line)
    problems = sum(finding.state == "problem" for finding in findings)
    click.echo("No problem was found." if not problems else f"{problems} to mend.")


def _table(findings: list[Finding]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    for finding in findings:
        words = Text(finding.words)
        if finding.do:
            words.append(f"\n→ {finding.do}", style="cyan")
        table.add_row(Text(finding.state, COLOURS[finding.state]), Text(finding.what, "bold"), words)
    return table
