"""`hitpoint engines`: what can write music here, and what each can do."""

from __future__ import annotations

import click


@click.command(short_help="List the engines and what each can do.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
def engines(as_json: bool) -> None:
    """List the engines: whether each is ready, its stems, and what it can do."""
    from daemon.commands.output import result_line
    from daemon.starting import connected

    with connected() as client:
        rows = client.ask("engines")["engines"]
    if as_json:
        result_line({"engines": rows})
        return
    for row in rows:
        able = ", ".join(name.replace("_", " ") for name, can in row["abilities"].items() if can)
        click.echo(f"{row['name']}: {'ready' if row['ready'] else row['why']}")
        click.echo(f"  stems: {', '.join(row['stems'])}")
        click.echo(f"  can: {able}")
