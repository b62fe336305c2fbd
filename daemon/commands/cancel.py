"""`hitpoint cancel`: stop a job, whoever asked for it."""

from __future__ import annotations

import click


@click.command(short_help="Stop a job.")
@click.argument("job")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
def cancel(job: str, as_json: bool) -> None:
    """Cancel JOB; the first letters of its id are enough. The last good state stands."""
    from daemon.commands.jobs import UNFINISHED, found
    from daemon.commands.output import plain, result_line
    from daemon.starting import connected

    with connected() as client:
        before = found(client, job)
        told = client.ask("cancel", job=before["id"])["job"]
    if as_json:
        result_line({"job": told})
    elif told["state"] in UNFINISHED:
        click.echo(f"{told['id']} is being cancelled.")
    elif before["state"] in UNFINISHED and told["state"] == "cancelled":
        click.echo(f"{told['id']} is cancelled.")
    else:
        why = f": {plain(told['reason'])}" if told["reason"] else ""
        click.echo(f"{told['id']} was {told['state']} already{why}.")
