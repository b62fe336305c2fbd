"""`hitpoint takes`: the takes of a cue, and the choice among them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from core.errors import WrongUse
from daemon.commands.reroll import listed, part_options
from daemon.commands.reroll import words as words_of_new_take


@click.command(short_help="List the takes of a cue, choose among them, check or prune them.")
@click.argument("cue", type=click.Path(path_type=Path))
@click.option("--use", metavar="N", type=click.IntRange(1, 999_999_999), help="Put take N, or a part of it, in use.")
@part_options
@click.option("--verify", is_flag=True, help="Read every file again, and see that re-rolls kept what they had to.")
@click.option("--prune", is_flag=True, help="Delete the takes that the one in use is not made of.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines; the last is the result.")
def takes(cue: Path, as_json: bool, **options: Any) -> None:
    """List the takes of CUE; a re-roll adds one, and only --prune deletes any.

    --use N alone changes which take is in use. With --in, --out or --stem only that part is taken from N, as a new
    take. The timeline, the notes and the page in CUE follow.
    """
    from daemon.commands.follow import made, sent
    from daemon.commands.output import result_line

    _check(options)
    in_text, out_text = options.pop("in_text"), options.pop("out_text")
    result = made("takes", sent({"cue": cue, "in": in_text, "out": out_text, **options}), None, as_json)
    if as_json:
        result_line(result)
    else:
        click.echo(words(result))


def _check(options: dict[str, Any]) -> None:
    """See that the options go together.

    Raises:
        WrongUse: they do not.
    """
    if (options["use"] is not None) + options["verify"] + options["prune"] > 1:
        raise WrongUse("Only one of --use, --verify and --prune may be asked for at once", "takes", "Call it again.")
    for name, option in (("in_text", "--in"), ("out_text", "--out"), ("stems", "--stem"), ("snap", "--snap")):
        if options["use"] is None and options[name]:
            raise WrongUse("A part is taken from a take", option, "Say which one with --use N.")


def words(result: dict[str, Any]) -> str:
    """What was asked of the takes, for people."""
    if "takes" in result:
        return table(result["takes"])
    if "verified" in result:
        takes = _numbers(result["verified"])
        return f"{takes}: every file is what was saved, and every re-roll kept what it had to."
    if "pruned" in result:
        if not result["pruned"]:
            return "Nothing went: the take in use is made of all of them."
        return f"{_numbers(result['pruned'])} went. How they were made stays in cue.json."
    if "chosen" in result:
        return f"Take {result['chosen']} of {result['cue']} is in use."
    return words_of_new_take(result)


def _numbers(takes: list[int]) -> str:
    return f"Take{'s' * (len(takes) > 1)} {listed([str(number) for number in takes])}"


def table(takes: list[dict[str, Any]]) -> str:
    """One line for each take, a star at the one in use."""
    from daemon.commands.output import plain

    rows = [["", "take", "part", "bars", "stems", "seed", "made by", "when"], *(_row(take) for take in takes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(plain("  ".join(map(str.ljust, row, widths)).rstrip()) for row in rows)


def _row(take: dict[str, Any]) -> list[str]:
    """Where a take is new, in which stems, and where that comes from."""
    hole = take["hole"]
    return [
        "*" if take["in_use"] else "",
        str(take["take"]),
        f"{hole['in']}–{hole['out']}" if hole else "whole cue",
        "–".join(dict.fromkeys(str(bar or "pickup") for bar in hole["bars"])) if hole else "",
        ", ".join(take["stems"]),
        str(take["seed"]),
        f"take {take['taken_from']}" if take["taken_from"] else f"{take['engine']}, {take['style']}",
        f"{datetime.fromisoformat(take['made']).astimezone():%Y-%m-%d %H:%M}",
    ]
