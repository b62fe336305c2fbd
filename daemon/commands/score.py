"""`hitpoint score`: from a timeline range to a cue."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from core.errors import UnusableInput

MOST_NAMED = 12
"""Hits that were not met are named up to this many."""
ENDINGS = ("button", "ring", "cut", "lead-out")
TEXTS = (".otio", ".json")
"""Timelines that travel as text."""


def music_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say what music is wanted."""
    options = (
        click.option("--engine", default="composer", show_default=True, help="See `hitpoint engines`."),
        click.option("--style", help="tension, action, uplift, documentary, comedy, ambient, electronic or lo-fi."),
        click.option("--prompt", default="", help='What is wanted, in words: "sparse, dark, D minor, no drums".'),
        click.option("--under-speech", is_flag=True, help="Leave room for a voice."),
        click.option("--ending", type=click.Choice(ENDINGS), help="How the music ends; each style has its own."),
        click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="The same seed gives the same music."),
        click.option("--to", type=click.Path(path_type=Path, file_okay=False), help="Where the cue folder is made."),
        click.option(
            "--sample-rate",
            type=click.Choice(["44100", "48000", "96000"]),
            default="48000",
            show_default=True,
            callback=lambda _context, _option, value: int(value),
        ),
        click.option(
            "--loudness", type=click.FloatRange(-40, -10), default=-20.0, show_default=True, help="LUFS, integrated."
        ),
        click.option(
            "--soundfont", type=click.Path(path_type=Path, dir_okay=False), help="Play the notes on this SoundFont."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(short_help="Write music for a timeline range.")
@click.argument("timeline", type=click.Path(path_type=Path))
@click.option("--in", "in_text", metavar="T", help="First frame: HH:MM:SS:FF record timecode, 123f or 12.5s.")
@click.option("--out", "out_text", metavar="T", help="Frame after the last one, written the same way.")
@music_options
@click.option("--detach", is_flag=True, help="Hand the job over and leave; `hitpoint jobs JOB` follows it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines; the last is the result.")
def score(
    timeline: Path, in_text: str | None, out_text: str | None, detach: bool, as_json: bool, **options: Any
) -> None:
    """Write music for TIMELINE (.otio, .otioz or a movie), from --in to --out.

    The cue is a folder: stems and mix as WAV, a MIDI file, an OTIO file with everything in place,
    and cue.html to look at and listen to.
    """
    from daemon.commands.follow import made, sent
    from daemon.commands.output import result_line

    attachment = text_of(timeline)
    fields = sent({"timeline": timeline, "in": in_text, "out": out_text, **options})
    if detach:
        _detach(fields, attachment, as_json)
        return
    result = made("score", fields, attachment, as_json)
    if as_json:
        result_line(result)
    else:
        click.echo(words(result))


def text_of(timeline: Path) -> bytes | None:
    """The timeline's text, when it is one that may travel.

    Raises:
        UnusableInput: there is nothing to read.
    """
    from daemon.wire import MAX_ATTACHMENT

    try:
        if timeline.is_dir():
            raise UnusableInput("This is a folder, not a timeline", str(timeline), "Give an .otio file.")
        if not timeline.is_file():
            raise UnusableInput("There is no such file", str(timeline))
        if timeline.suffix.lower() not in TEXTS or timeline.stat().st_size > MAX_ATTACHMENT:
            return None
        return timeline.read_bytes() or None
    except (OSError, ValueError) as error:
        raise UnusableInput("The file cannot be read", str(timeline), str(error)) from None


def _detach(fields: dict[str, Any], attachment: bytes | None, as_json: bool) -> None:
    """Hand the job over and say its id."""
    from daemon.client import job_id
    from daemon.commands.output import result_line
    from daemon.starting import connected

    with connected() as client:
        job = client.ask("score", attachment, job=job_id(), **fields)["job"]
    if as_json:
        result_line({"job": job})
    else:
        click.echo(job["id"])


def words(result: dict[str, Any]) -> str:
    """The result for people: where it is, and what was and was not met."""
    met = [hit for hit in result["hits"] if hit["met"]]
    lines = [
        f"{result['cue']}",
        f"  {result['style']}, {result['tempo']['bpm']:.1f} bpm, seed {result['seed']}, "
        f"{result['loudness']:.1f} LUFS, {result['true_peak']:.1f} dBTP",
        f"  {len(met)} of {len(result['hits'])} hits met (by chance, a steady click meets {result['chance']:.0%})"
        if result["hits"]
        else "  no cuts, markers or motion to meet",
    ]
    missed = [hit for hit in result["hits"] if not hit["met"]]
    for hit in missed[:MOST_NAMED]:
        name = f" {hit['label']!r}" if hit["label"] else ""
        lines.append(f"  not met: {hit['kind']}{name} at {hit['time']:.2f} s: {hit['why']}")
    if len(missed) > MOST_NAMED:
        lines.append(f"  … and {len(missed) - MOST_NAMED} more, named in cue.html")
    lines += [f"  {sentence}" for sentence in (*result["offline"], *result["said"])]
    lines.append(f"Open {Path(result['cue']) / 'cue.html'} to see and hear it.")
    return "\n".join(lines)
