"""`hitpoint export`: hand a cue on, stamped, cut into sections, or as a preview."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from core.errors import WrongUse


@click.command(short_help="Hand a cue on: stamped, in sections, or as a preview.")
@click.argument("cue", type=click.Path(path_type=Path))
@click.option("--bwf", is_flag=True, help="Copies of the stems and the mix, stamped with the record timecode.")
@click.option("--sections", is_flag=True, help="The stems cut into one file per musical section.")
@click.option("--preview", type=click.Choice(["mp3", "mp4"]), help="The mix as MP3, or a small movie with it.")
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), help="Folder of the files; default: the cue.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines; the last is the result.")
def export(cue: Path, as_json: bool, **options: Any) -> None:
    """Write what others need from CUE, a cue folder; nothing is overwritten."""
    if not (options["bwf"] or options["sections"] or options["preview"]):
        raise WrongUse("Nothing was asked for", "export", "Add --bwf, --sections, or --preview mp3 or mp4.")
    from daemon.commands.follow import made, sent
    from daemon.commands.output import result_line

    result = made("export", sent({"cue": cue, **options}), None, as_json)
    if as_json:
        result_line(result)
    else:
        click.echo(words(result))


def words(result: dict[str, Any]) -> str:
    """The files that were written, below the name of their option."""
    lines = []
    for what, files in result.items():
        if what not in ("cue", "job"):
            lines += [f"{what}:", *(f"  {file}" for file in _flat(files))]
    return "\n".join(lines)


def _flat(files: Any) -> list[str]:
    """All names in a result, in order."""
    if isinstance(files, str):
        return [files]
    nested = files.values() if isinstance(files, dict) else files
    return [name for inner in nested for name in _flat(inner)]
