"""`hitpoint install`: the scripts into an editing program's own folders."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.errors import HitpointError, UnusableInput

if TYPE_CHECKING:
    from integrations.installer import Step
    from integrations.places import Places

HOSTS: Mapping[str, str] = {"resolve": "DaVinci Resolve", "reaper": "REAPER"}
"""Word on the command line → the program's name."""
PAGES = "Utility"
"""The folder of Resolve's whose scripts are listed on all pages."""

host_argument = click.argument("host", type=click.Choice(list(HOSTS)))
to_option = click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The folder instead: Resolve's …/Fusion/Scripts/Utility, or a (portable) REAPER's resource folder.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON lines; the last is the result.")


@dataclass(frozen=True)
class Site:
    """Where the scripts of one editing program lie for this user."""

    host: str
    targets: tuple[Path, ...]
    """Resolve's menu folders, or REAPER's resource folders."""
    searched: tuple[Path, ...]
    """Where copies of ours may lie."""
    exchange: Path | None
    """Resolve's: the folder that its script and the daemon share."""
    places: Places


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

    own = home()
    prepare(own)
    here = site(host, to)
    version = metadata.version("hitpoint")
    steps = shown(_work(here, version, at_login), as_json)
    refused = [step for step in steps if step.did == "refused"]
    if refused:
        raise UnusableInput(f"{len(refused)} of the scripts could not be installed", str(refused[0].path), _remedy)
    told(host, version, steps, [*_closed(here), *_next(here, at_login)], as_json)


_remedy = "What stands in the way is said above."


def site(host: str, to: Path | None) -> Site:
    """Where a host's scripts lie on this machine.

    Args:
        host: "resolve" or "reaper".
        to: the folder that the user names instead of the usual ones.

    Raises:
        UnusableInput: no folder is known for this system.
    """
    from integrations.places import Places, reaper_resources, resolve_scripts

    system, environment = platform.system(), os.environ
    chosen = Places((Path(os.path.abspath(to)),)) if to else None  # noqa: PTH100 - links stay as they are written
    if host == "reaper":
        places = chosen or reaper_resources(system, environment)
        searched = tuple(folder / name for folder in places.user for name in ("Scripts", "Data/Hitpoint"))
        found = Site(host, places.user, searched, None, places)
    else:
        places = chosen or resolve_scripts(system, environment)
        menus = tuple(folder / PAGES if folder.name == "Scripts" else folder for folder in places.user)
        exchange = _exchange()
        searched = (*places.user, *places.machine, exchange / "scripts")
        found = Site(host, menus, searched, exchange, places)
    if not found.targets:
        raise UnusableInput(f"No folder of {HOSTS[host]} is known here", system, "Name it with --to DIR.")
    return found


def _exchange() -> Path:
    from daemon.home import home
    from daemon.hosts.exchange import exchange_folder

    return exchange_folder(home())


def command_path() -> Path:
    """The `hitpoint` command that the scripts are to call.

    Raises:
        UnusableInput: this environment has none.
    """
    from integrations.places import program

    found = program(platform.system())
    if found is None:
        remedy = "Install Hitpoint with pip or uv, so that its environment has the command, and call it again."
        raise UnusableInput("The `hitpoint` command that the scripts call was not found", "install", remedy)
    return found


def _work(here: Site, version: str, at_login: bool) -> Iterator[Step]:
    from integrations.installer import install as put

    yield from put(_files(here, version), here.searched)
    if at_login:
        yield from _login()


def _files(here: Site, version: str) -> dict[Path, bytes]:
    """What is to be installed, in the order in which it is written: the rooms before the entries that load them."""
    from integrations.installer import reaper_files, resolve_menu, resolve_rooms

    program = command_path()
    source = Path(__file__).resolve().parents[2] / "integrations" / here.host
    files: dict[Path, bytes] = {}
    if here.exchange is None:
        for resource in here.targets:
            files |= reaper_files(source, resource, program, version)
        return files
    from daemon.private import make_private_folder

    scripts, mailbox = here.exchange / "scripts", here.exchange / "mailbox"
    for folder in (here.exchange, scripts, mailbox):
        make_private_folder(folder)
    files |= resolve_rooms(source, scripts, version)
    for menu in here.targets:
        files |= resolve_menu(source, menu, scripts, mailbox, program, version)
    return files


def _login() -> Iterator[Step]:
    """Make the system start the daemon at login."""
    from integrations.installer import Step, write
    from integrations.login import is_ours, login_content
    from integrations.places import login_entry

    system = platform.system()
    path = login_entry(system, os.environ)
    if path is None:
        raise UnusableInput("How programs are started at login is not known here", system, "Leave --at-login out.")
    content = login_content(system, command_path(), os.environ.get("HITPOINT_HOME", ""))
    if os.path.lexists(path) and not is_ours(path):
        yield Step("refused", path, "a file that is not Hitpoint's is in the way: move it and install again")
    elif path.is_file() and path.read_bytes() == content:
        yield Step("unchanged", path, "starts the daemon at login")
    else:
        try:
            write(path, content)
        except OSError as error:
            yield Step("refused", path, f"it cannot be written: {error.strerror or error}")
        else:
            yield Step("written", path, "starts the daemon at login")


def shown(steps: Iterator[Step], as_json: bool) -> list[Step]:
    """Say each step as it is done."""
    from daemon.commands.output import plain, result_line

    done = []
    for step in steps:
        done.append(step)
        if as_json:
            result_line(as_data(step))
        elif step.words:
            click.echo(plain(f"{step.did}: {step.path} ({step.words})"))
        else:
            click.echo(plain(f"{step.did}: {step.path}"))
    return done


def as_data(step: Step) -> dict[str, Any]:
    """A step as scripts read it."""
    return {"did": step.did, "path": str(step.path), "words": step.words}


def told(host: str, version: str, steps: list[Step], sentences: list[str], as_json: bool) -> None:
    """Print the result, and for people what comes next."""
    from daemon.commands.output import plain, result_line

    if as_json:
        result_line({"host": host, "version": version, "steps": [as_data(step) for step in steps], "next": sentences})
    else:
        for sentence in sentences:
            click.echo(plain(sentence))


def _closed(here: Site) -> list[str]:
    """What is said about builds whose sandbox keeps scripts out."""
    return [
        f"{HOSTS[here.host]} from the App Store ({folder}) is not supported: its sandbox keeps scripts from the "
        "daemon. Install the one from Blackmagic's own site."
        for folder in here.places.closed
    ]


def _next(here: Site, at_login: bool) -> list[str]:
    """What the user does now."""
    if here.exchange is None:
        folders = " or ".join(str(folder / "Scripts" / "Hitpoint") for folder in here.targets)
        words = [
            "Next, in REAPER: Actions > Show action list > New action > Load ReaScript…, "
            f"select the five files in {folders}."
        ]
    else:
        words = ["Next, in DaVinci Resolve: Workspace > Scripts > Hitpoint. If it is open, start it again."]
        if not at_login:
            words.append(
                "Free Resolve from 21.1 on cannot start programs: there, start the daemon with `hitpoint daemon "
                "start`, or install with --at-login."
            )
    if at_login:
        words.append("The daemon starts at your next login; until then: `hitpoint daemon start`.")
    if os.environ.get("HITPOINT_HOME"):
        words.append(f"HITPOINT_HOME is set: {HOSTS[here.host]} must be started with the same value.")
    return words


def failed(steps: list[Step]) -> HitpointError | None:
    """What is raised when something that is ours could not be removed."""
    left = [step for step in steps if step.did == "left"]
    if not left:
        return None
    return UnusableInput("Not everything could be removed", str(left[0].path), "Remove it by hand.")
