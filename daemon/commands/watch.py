"""`hitpoint watch`: folders in which every timeline that arrives is scored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from core.errors import WrongUse
from daemon.commands.score import music_options

USUAL_ENGINE = "composer"


@click.command(short_help="Score every timeline that is put into a folder.")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--stop", is_flag=True, help="Watch DIR no longer.")
@music_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
def watch(folder: Path | None, stop: bool, as_json: bool, **options: Any) -> None:
    """Score every timeline that is put into DIR; the scored OTIO appears beside it.

    The daemon goes on watching, also after a restart, until --stop. Without DIR: what is watched.
    """
    from daemon.commands.follow import sent
    from daemon.commands.output import plain, result_line
    from daemon.starting import connected

    if folder is None and stop:
        raise WrongUse("No folder is named", "--stop", "Give the folder that is to be watched no longer.")
    if folder is not None and not stop:
        _check(options)
    with connected() as client:
        if folder is None:
            told = client.ask("watches")
        else:
            told = client.ask("watch", **sent({"folder": folder, "stop": stop, **options}))
    if as_json:
        result_line(told)
    elif folder is not None:
        click.echo(f"{folder.absolute()} is watched{' no longer' * stop}.")
    else:
        lines = [
            f"{plain(one['folder'])}{'' if one.get('there', True) else ': not there now'}" for one in told["watches"]
        ]
        click.echo("\n".join(lines) or "No folder is watched.")


def _check(options: dict[str, Any]) -> None:
    """Refuse now what every timeline would be refused for later.

    Raises:
        WrongUse: there is no such style or engine.
    """
    # What knows the styles and engines is heavy: it is imported only where one is named.
    if options["style"]:
        from core.direction import style_named

        style_named(options["style"])
    if options["engine"] != USUAL_ENGINE:
        from core.engines import engine

        engine(options["engine"])
