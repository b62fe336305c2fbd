"""`hitpoint uninstall`: the scripts out of an editing program's folders."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.errors import UnusableInput
from daemon.commands.install import host_argument, json_option, shown, to_option, told

if TYPE_CHECKING:
    from daemon.hosts.scripts import Site
    from integrations.installer import Step


@click.command(short_help="Take the scripts out of DaVinci Resolve's or REAPER's folders.")
@host_argument
@to_option
@json_option
def uninstall(host: str, to: Path | None, as_json: bool) -> None:
    """Remove Hitpoint's scripts from HOST's folders, wherever they were put, and the start at login.

    Nothing that is not Hitpoint's is touched; cues, settings, and the tracks in your projects stay.
    """
    from daemon.home import home
    from daemon.hosts.scripts import HOSTS, site

    steps = shown(_work(site(host, home(), to)), as_json)
    left = [step for step in steps if step.did == "left"]
    if left:
        raise UnusableInput("Not everything could be removed", str(left[0].path), "Remove it by hand.")
    told(host, steps, [] if steps else [f"Nothing of Hitpoint's was found in {HOSTS[host]}'s folders."], as_json)


def _work(here: Site) -> Iterator[Step]:
    from integrations.installer import uninstall as take_out

    usual = _usual(here.host)
    taken = set(_entries(here))
    stay = bool(usual and not taken.issuperset(_entries(usual)))
    # What the usual folder's entries load is theirs as well as this folder's.
    searched = tuple(folder for folder in here.searched if not (stay and folder == here.rooms))
    jobs = tuple(folder / "Data" / "Hitpoint" / "jobs" for folder in here.targets) if here.host == "reaper" else ()
    yield from take_out(searched, jobs)
    other = _usual("resolve" if here.host == "reaper" else "reaper")
    if not stay and not (other and _entries(other)):  # they may need the daemon at login
        yield from _login()


def _usual(host: str) -> Site | None:
    """Where a program's scripts usually lie; None where no folder is known for it."""
    from daemon.home import home
    from daemon.hosts.scripts import site

    with suppress(UnusableInput):
        return site(host, home())
    return None


def _entries(here: Site) -> list[Path]:
    """The scripts that lie in a program's own folders."""
    from integrations.installer import ours

    return ours(folder for folder in here.searched if folder != here.rooms)


def _login() -> Iterator[Step]:
    """Take back the start of the daemon at login."""
    from integrations.installer import take_away
    from integrations.login import is_ours
    from integrations.places import login_entry

    path = login_entry(platform.system(), os.environ)
    if path is not None and is_ours(path):
        yield from take_away(path, "the daemon no longer starts at login")
