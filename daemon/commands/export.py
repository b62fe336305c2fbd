"""`hitpoint export`: hand a cue on, stamped, cut into sections, or as a preview."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.errors import UnusableInput, WrongUse

if TYPE_CHECKING:
    from core.cue.folder import Cue
    from core.watch import Watch


@click.command()
@click.argument("cue", type=click.Path(path_type=Path))
@click.option("--bwf", is_flag=True, help="Copies of the stems and the mix, stamped with the record timecode.")
@click.option("--sections", is_flag=True, help="The stems cut into one file per musical section.")
@click.option("--preview", type=click.Choice(["mp3", "mp4"]), help="The mix as MP3, or a small movie with it.")
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), help="Folder of the files; default: the cue.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines; the last is the result.")
def export(cue: Path, bwf: bool, sections: bool, preview: str | None, to: Path | None, as_json: bool) -> None:
    """Write what others need from CUE, a cue folder; nothing is overwritten."""
    if not (bwf or sections or preview):
        raise WrongUse("Nothing was asked for", "export", "Add --bwf, --sections, or --preview mp3 or mp4.")
    from core.cue.folder import load
    from core.cue.takes import check
    from daemon.commands.output import result_line, watching

    found = load(cue)
    if damage := check(found.folder, found.take):
        raise UnusableInput(damage[0], str(found.folder), "Bring the file back from a copy, or score again.")
    with watching(as_json) as watch:
        written = _export(found, to or found.folder, watch, bwf=bwf, sections=sections, preview=preview)
    if as_json:
        result_line({"cue": str(found.folder), **written})
        return
    for what, files in written.items():
        click.echo(f"{what}:")
        for file in _flat(files):
            click.echo(f"  {file}")


def _export(cue: Cue, to: Path, watch: Watch, *, bwf: bool, sections: bool, preview: str | None) -> dict[str, Any]:
    """What was written, by the name of its option."""
    from core.cue import export as exports
    from core.timeline.archive import open_media

    edit, take = cue.brief.edit, cue.take
    stems: dict[str, Path] = {name: cue.folder / saved.file for name, saved in take.stems.items()}
    mix = cue.folder / take.mix.file
    written: dict[str, Any] = {}
    if bwf:
        stamped = exports.bwf({**stems, "mix": mix}, edit.range, to, edit.name, watch)
        written["bwf"] = {name: str(file) for name, file in stamped.items()}
    if sections:
        pieces = exports.sections(stems, cue.brief.plan.sections, edit.range, to, watch)
        written["sections"] = {name: [str(file) for file in files] for name, files in pieces.items()}
    if preview == "mp3":
        written["preview"] = str(exports.preview_mp3(mix, to, edit.name, watch))
    if preview == "mp4":
        movie, encoder = exports.preview_mp4(edit, mix, to, edit.name, watch, open_media)
        written["preview"], written["encoder"] = str(movie), encoder
    return written


def _flat(files: Any) -> list[str]:
    """All names in a result, in order."""
    if isinstance(files, str):
        return [files]
    nested = files.values() if isinstance(files, dict) else files
    return [name for inner in nested for name in _flat(inner)]
