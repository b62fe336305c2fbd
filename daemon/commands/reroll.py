"""`hitpoint reroll`: a part of a cue, or what a changed edit asks for, written anew."""

from __future__ import annotations

import os
import shlex
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from core.errors import WrongUse

SNAPS = ("beat", "bar", "cut", "none")
MOST_NAMED = 12
"""Hits that were not met are named up to this many."""


def part_options(command: Any) -> Any:
    """The options that name a part of a cue."""
    options = (
        click.option("--in", "in_text", metavar="T", help="First frame: HH:MM:SS:FF record timecode, 123f or 12.5s."),
        click.option("--out", "out_text", metavar="T", help="Frame after the last one, written the same way."),
        click.option("--stem", "stems", metavar="NAME", multiple=True, help="May be given several times; else all."),
        click.option(
            "--snap", type=click.Choice(SNAPS), help="Where edges settle inside the part; each stem has its own."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(short_help="Write a part of a cue anew, as a new take.")
@click.argument("cue", type=click.Path(path_type=Path))
@part_options
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="The same seed gives the same music.")
@click.option("--style", help="For the new music alone; else the cue's.")
@click.option("--prompt", help="What is wanted of the new music, in words; else the cue's.")
@click.option(
    "--timeline", type=click.Path(path_type=Path), help="The edit was changed: follow it, in a cue of its own."
)
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), help="Where that cue's folder is made.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines; the last is the result.")
def reroll(cue: Path, timeline: Path | None, as_json: bool, **options: Any) -> None:
    """Write CUE anew from --in to --out, and nothing else: every sample outside stays as it is.

    The new take is in use at once; those before it stay, see `hitpoint takes`. With --timeline, the edit is compared
    with the one that was scored, and music is written only where it changed.
    """
    from daemon.commands.follow import made, sent
    from daemon.commands.output import result_line
    from daemon.commands.score import text_of

    _check(timeline, options)
    attachment = text_of(timeline) if timeline else None
    in_text, out_text = options.pop("in_text"), options.pop("out_text")
    fields = sent({"cue": cue, "timeline": timeline, "in": in_text, "out": out_text, **options})
    result = made("reroll", fields, attachment, as_json)
    if as_json:
        result_line(result)
    else:
        click.echo(words(result))


def _check(timeline: Path | None, options: dict[str, Any]) -> None:
    """See that the options go together.

    Raises:
        WrongUse: they do not.
    """
    if timeline is None and options["to"] is not None:
        raise WrongUse("A take stays in its cue", "--to", "Leave it out, or name the changed edit with --timeline.")
    for name in ("stems", "snap"):
        if timeline is not None and options[name]:
            option = f"--{name.removesuffix('s')}"
            raise WrongUse("A changed edit itself says what is written anew", option, "Leave it out.")
    for name in ("style", "prompt"):
        if timeline is not None and options[name] is not None:
            raise WrongUse("A changed edit keeps the style and the words of its cue", f"--{name}", "Leave it out.")


def words(result: dict[str, Any]) -> str:
    """A new take for people: what is new in it, how its edges came about, what was met, and the way back."""
    if "holes" in result:
        return _followed(result)
    hole = result["hole"]
    source = f" from take {result['taken_from']}" if result["taken_from"] else ""
    lines = [
        f"Take {result['take']} of {result['cue']}",
        f"  {listed(hole['stems'])}{source}, {hole['in']} to {hole['out']}, {bar_words(hole['bars'])}",
        *(f"  {sentence}" for sentence in _settled(hole)),
        f"  seed {result['seed']}, {result['loudness']:.1f} LUFS, {result['true_peak']:.1f} dBTP",
        *(f"  {sentence}" for sentence in _hits(result)),
    ]
    if not result["gain"]["turned_down_db"]:
        lines.append("  the new music is as loud as it was written: nothing had to be turned down")
    lines += [f"  {sentence}" for sentence in (*result["offline"], *result["said"])]
    lines.append(f"Go back with: hitpoint takes {_quoted(result['cue'])} --use {result['base']}")
    return "\n".join(lines)


def _followed(result: dict[str, Any]) -> str:
    """A cue that follows a changed edit, for people: where its music is new, and what any cue tells."""
    from daemon.commands import score

    first, *others = score.words(result).splitlines()
    origin = result["made_from"]
    new = [f"  new: {hole['in']} to {hole['out']}, {bar_words(hole['bars'])}" for hole in result["holes"]]
    return "\n".join(
        [
            first,
            f"  follows take {origin['take']} of {origin['cue']}",
            *(new or ["  no music had to be written anew"]),
            *others,
        ]
    )


def listed(names: list[str]) -> str:
    """Names as one says them: "drums, bass and melody"."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def bar_words(bars: list[int]) -> str:
    """The bars of a hole, first and last."""
    first, last = bars
    if first == 0:
        return "the pickup" if last == 0 else f"the pickup to bar {last}"
    return f"bar {first}" if first == last else f"bars {first} to {last}"


def _settled(hole: dict[str, Any]) -> list[str]:
    """What became of edges that do not lie where they were asked to."""
    moved = [
        f"{verb} on {edge} instead of {asked}"
        for verb, edge, asked, at in zip(
            ("begins", "ends"), hole["edges"], hole["asked"], (hole["in"], hole["out"]), strict=True
        )
        if asked != at
    ]
    return [f"it {' and '.join(moved)}"] if moved else []


def _hits(result: dict[str, Any]) -> list[str]:
    """What became of the hits inside the hole."""
    hole, half_frame = result["hole"], float(1 / Fraction(result["rate"]) / 2)
    start, end = hole["start"] - half_frame, hole["start"] + hole["duration"] - half_frame
    inside = [hit for hit in result["hits"] if start <= hit["time"] < end]
    missed = [hit for hit in inside if not hit["met"]]
    if not inside:
        return ["no hits inside"]
    said = [f"{len(inside) - len(missed)} of {len(inside)} hits inside met"]
    for hit in missed[:MOST_NAMED]:
        name = f" {hit['label']!r}" if hit["label"] else ""
        said.append(f"not met: {hit['kind']}{name} at {hit['time']:.2f} s: {hit['why']}")
    if len(missed) > MOST_NAMED:
        said.append(f"… and {len(missed) - MOST_NAMED} more, named in cue.html")
    return said


def _quoted(path: str) -> str:
    """A path as a shell takes it."""
    return subprocess.list2cmdline([path]) if os.name == "nt" else shlex.quote(path)
