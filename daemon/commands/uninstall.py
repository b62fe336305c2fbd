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

    jobs = tuple(folder / "Data" / "Hitpoint" / "jobs" for folder in here.targets) if here.host == "reaper" else ()
    yield from take_out(here.searched, jobs)
    if not _needed_by_the_other(here.host):
        yield from _login()


def _needed_by_the_other(host: str) -> bool:
    """Whether the other program's scripts are still installed, and may need the daemon at login."""
    from daemon.home import home
    from daemon.hosts.scripts import site
    from integrations.installer import ours

    with suppress(UnusableInput):  # no folder is known for it
        return bool(ours(site("resolve" if host == "reaper" else "reaper", home()).searched))
    return False


def _login() -> Iterator[Step]:
    """Take back the start of the daemon at login."""
    from integrations.installer import take_away
    from integrations.login import is_ours
    from integrations.places import login_entry

    path = login_entry(platform.system(), os.environ)
    if path is not None and is_ours(path):
        yield from take_away(path, "the daemon no longer starts at login")
