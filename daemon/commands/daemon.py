"""`hitpoint daemon`: the process that makes the music, for those who look after the machine."""

from __future__ import annotations

import time
from typing import Any

import click

NONE = "No daemon runs."

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")


@click.group(invoke_without_command=True)
@click.pass_context
def daemon(context: click.Context) -> None:
    """Start, stop and look at the daemon. It starts by itself when a command needs it."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@daemon.command()
@as_json_option
def start(as_json: bool) -> None:
    """Start the daemon, unless it runs already."""
    from daemon.commands.output import result_line
    from daemon.starting import connected

    with connected() as client:
        told = client.ask("status")
    if as_json:
        result_line(told)
    else:
        click.echo(f"The daemon runs at {told['address']}, process {told['pid']}.")


@daemon.command(short_help="Stop the daemon; its jobs go on at its next start.")
@as_json_option
def stop(as_json: bool) -> None:
    """Stop the daemon and wait until it is gone; what is queued or runs goes on at its next start."""
    from daemon.commands.output import result_line
    from daemon.home import home
    from daemon.starting import stop_daemon

    pid = stop_daemon(home())
    if as_json:
        result_line({"stopped": pid})
    else:
        click.echo(f"The daemon is stopped (process {pid})." if pid else NONE)


@daemon.command()
@as_json_option
def status(as_json: bool) -> None:
    """Show the daemon's workers, memory, jobs and watched folders."""
    from daemon.commands.output import result_line
    from daemon.starting import connected

    with connected(start=False) as client:
        told = client.ask("status")
    if as_json:
        result_line(told)
    else:
        click.echo(words(told, time.time()))


@daemon.command(short_help="Give back the memory of idle engines.")
@as_json_option
def rest(as_json: bool) -> None:
    """Give back the memory of idle engines now; a busy one gives it back after its job."""
    from daemon.commands.output import result_line
    from daemon.connection import daemon_lives
    from daemon.home import home
    from daemon.starting import connected

    told: dict[str, Any] = {"workers": []}
    if lives := daemon_lives(home()):
        with connected(start=False) as client:
            told = client.ask("rest")
    if as_json:
        result_line(told)
    else:
        click.echo("The engines rest until the next job." if lives else NONE)


@daemon.command(short_help="Be the daemon, for a service manager.")
def run() -> None:
    """Be the daemon, in the foreground, for a service manager; ends on SIGTERM or Ctrl-C."""
    from daemon.home import home
    from daemon.server import serve

    serve(home())


def words(told: dict[str, Any], now: float) -> str:
    """A status for people: one line for the daemon, one for each worker, one for what it has to do."""
    from daemon.commands.output import span

    lines = [
        f"hitpoint {told['version']}, protocol {told['protocol']}, at {told['address']}, process {told['pid']}, "
        f"for {span(now - told['started'])}"
    ]
    rows = [_worker(worker) for worker in told["workers"]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines += ["  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    jobs, watches = told["jobs"], told["watches"]
    lines.append(f"  jobs: {jobs['running']} running, {jobs['queued']} queued; watched folders: {watches}")
    return "\n".join(lines)


def _worker(told: dict[str, Any]) -> list[str]:
    """A worker's row: name, state, process, memory, and what it is busy with or why it is broken."""
    from daemon.commands.output import plain, size

    about = plain(told["why"] or told["job"] or ", ".join(told["engines"]))
    pid = f"process {told['pid']}" if told["pid"] else ""
    return [told["name"], told["state"], pid, size(told["bytes"] or 0), about]
