"""`hitpoint options`: how music is written and laid when a script in a host asks for it and says nothing else."""

from __future__ import annotations

from typing import Any

import click

from core.errors import WrongUse


@click.command(short_help="Show or set the options for hosts.")
@click.option("--engine", help="See `hitpoint engines`.")
@click.option("--style", help='A style\'s name, or "auto": by the picture.')
@click.option("--under-speech/--no-under-speech", default=None, help="Leave room for a voice.")
@click.option("--seed", help='A whole number, or "new": drawn each time.')
@click.option("--stem", "stems", metavar="NAME", multiple=True, help='Lay these alone; "all" lays every one.')
@click.option("--markers", type=click.Choice(["all", "hits", "none"]), help="Which markers are laid.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
def options(as_json: bool, **given: Any) -> None:
    """Show what DaVinci Resolve and REAPER ask for where neither the script nor the project says otherwise.

    With options, set them. A project's own options, set in its host, go before these.
    """
    from daemon.commands.output import result_line
    from daemon.home import home, prepare
    from daemon.hosts.options import plain, remember

    told = {name: value for name, value in given.items() if value is not None and value != ()}
    place = home()
    if told:
        told = _meant(told)
        prepare(place)
    held = plain(remember(place, "", told))
    if as_json:
        result_line({"options": held})
    else:
        click.echo(words(held))


def _meant(told: dict[str, Any]) -> dict[str, Any]:
    """Options as they are remembered.

    Raises:
        WrongUse: there is no such engine, style or stem, or the seed is no number.
    """
    from core.brief import STEMS
    from core.direction import style_named
    from core.engines import engine
    from daemon.hosts.options import AUTO, NEW

    if "engine" in told:
        engine(told["engine"])
    if told.get("style", AUTO) != AUTO:
        told["style"] = style_named(told["style"])
    if told.get("seed", NEW) != NEW:
        if not told["seed"].isdecimal():
            raise WrongUse(f"{told['seed']!r} is no seed", "--seed", 'Give a whole number, or "new".')
        told["seed"] = int(told["seed"])
    if "stems" in told:
        told["stems"] = () if "all" in told["stems"] else told["stems"]
        for name in told["stems"]:
            if name not in STEMS:
                raise WrongUse(f"There is no stem {name!r}", "--stem", f"There are {', '.join(STEMS)}.")
    return told


def words(held: dict[str, Any]) -> str:
    """The options for people."""
    style = "by the picture" if held["style"] == "auto" else held["style"]
    seed = "drawn each time" if held["seed"] == "new" else held["seed"]
    rows = {
        "engine": held["engine"],
        "style": style,
        "under speech": "yes" if held["under_speech"] else "no",
        "seed": seed,
        "stems": ", ".join(held["stems"]) or "all",
        "markers": held["markers"],
    }
    return "\n".join(f"{name:<13} {value}" for name, value in rows.items())
