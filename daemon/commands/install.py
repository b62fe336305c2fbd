"""`hitpoint install`: the scripts into an editing program's own folders."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.errors import UnusableInput

if TYPE_CHECKING:
    from daemon.hosts.scripts import Site
    from integrations.installer import Step

host_argument = click.argument("host", type=click.Choice(["resolve", "reaper"]))
to_option = click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The folder instead: Resolve's …/Fusion/Scripts/Utility, or a (portable) REAPER's resource folder.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON lines; the last is the result.")


@click.command(short_help="Put the scripts into DaVinci Resolve's or REAPER's folders.")
@host_argument
@to_option
@click.option("--at-login", is_flag=True, help="Start the daemon whenever you log in; free Resolve 21.1 needs that.")
@json_option
def install(host: str, to: Path | None, at_login: bool, as_json: bool) -> None:
    """Put Hitpoint's scripts where HOST looks for them, and remove old copies.

    Nothing needs an administrator, and no file that is not Hitpoint's is touched. Called again it brings the scripts
    up to date.
    """
    from daemon.home import home, prepare
    from daemon.hosts.exchange import prepare_exchange
    from daemon.hosts.scripts import site

    own = home()
    prepare(own)
    here = site(host, own, to)
    if host == "resolve":
        prepare_exchange(own)
    steps = shown(_work(here, at_login), as_json)
    refused = [step for step in steps if step.did == "refused"]
    if refused:
        what = f"{len(refused)} of {len(steps)} could not be installed"
        raise UnusableInput(what, str(refused[0].path), f"The reason: {refused[0].words}.")
    told(host, steps, [*_closed(here), *_next(here, at_login)], as_json)


def _work(here: Site, at_login: bool) -> Iterator[Step]:
    from daemon.hosts.scripts import wanted
    from integrations.installer import install as put

    yield from put(wanted(here), here.searched)
    if at_login:
        yield _login()


def _login() -> Step:
    """Make the system start the daemon at login."""
    from daemon.hosts.scripts import login_file
    from integrations.installer import Step, write
    from integrations.login import is_ours

    file = login_file()
    if file is None:
        raise UnusableInput("No way to start programs at login is known", platform.system(), "Leave --at-login out.")
    path, content = file
    if os.path.lexists(path) and not is_ours(path):
        return Step("refused", path, "a file that is not Hitpoint's is in the way")
    try:
        if path.is_file() and path.read_bytes() == content:
            return Step("unchanged", path, "starts the daemon at login")
        write(path, content)
    except OSError as error:
        return Step("refused", path, f"it cannot be written: {error.strerror or error}")
    return Step("written", path, "starts the daemon at login")


def shown(steps: Iterator[Step], as_json: bool) -> list[Step]:
    """Say each step as it is done."""
    from daemon.commands.output import plain, result_line

    done = []
    for step in steps:
        done.append(step)
        if as_json:
            result_line(as_data(step))
        else:
            click.echo(plain(f"{step.did}: {step.path}{f' ({step.words})' if step.words else ''}"))
    return done


def as_data(step: Step) -> dict[str, Any]:
    """A step as scripts read it."""
    return {"did": step.did, "path": str(step.path), "words": step.words}


def told(host: str, steps: Sequence[Step], sentences: Sequence[str], as_json: bool) -> None:
    """Print the result: for scripts all of it, for people what comes next."""
    from importlib import metadata

    from daemon.commands.output import plain, result_line

    if as_json:
        rows = [as_data(step) for step in steps]
        result_line({"host": host, "version": metadata.version("hitpoint"), "steps": rows, "next": list(sentences)})
        return
    for sentence in sentences:
        click.echo(plain(sentence))


def _closed(here: Site) -> list[str]:
    """What is said about builds whose sandbox keeps scripts out."""
    return [
        f"DaVinci Resolve from the App Store ({folder}) is not supported: its sandbox keeps its scripts from the "
        "daemon. Install the one from Blackmagic Design's own site."
        for folder in here.places.closed
    ]


def _next(here: Site, at_login: bool) -> list[str]:
    """What the user does now."""
    from daemon.hosts.scripts import HOSTS, login_file
    from integrations.login import is_ours

    file = login_file()
    if here.host == "reaper":
        folders = " or ".join(str(folder / "Scripts" / "Hitpoint") for folder in here.targets)
        does = "Actions > Show action list > New action > Load ReaScript…, and select the five files in"
        words = [f"Next, in REAPER: {does} {folders}."]
    else:
        words = ["Next, in DaVinci Resolve: Workspace > Scripts > Hitpoint. If it is open, start it again."]
        if not at_login and not (file and is_ours(file[0])):
            words.append(
                "Free Resolve from 21.1 on starts no programs: for it, install with --at-login, or call "
                "`hitpoint daemon start` yourself."
            )
    if at_login:
        words.append("The daemon starts at your next login; until then: `hitpoint daemon start`.")
    if os.environ.get("HITPOINT_HOME"):
        words.append(f"HITPOINT_HOME is set: {HOSTS[here.host]} must be started with the same value.")
    return words
