"""`hitpoint uninstall`: the scripts out of an editing program's folders."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.commands.install import HOSTS, Site, failed, host_argument, json_option, shown, site, to_option, told

if TYPE_CHECKING:
    from integrations.installer import Step


@click.command(short_help="Take the scripts out of DaVinci Resolve's or REAPER's folders.")
@host_argument
@to_option
@json_option
def uninstall(host: str, to: Path | None, as_json: bool) -> None:
    """Remove Hitpoint's scripts from HOST's folders, wherever they were put, and the start at login.

    Nothing that is not Hitpoint's is touched; cues, settings and tracks in your projects stay.
    """
    steps = shown(_work(site(host, to)), as_json)
    if error := failed(steps):
        raise error
    sentences = [] if steps else [f"Nothing of Hitpoint's was found in {HOSTS[host]}'s folders."]
    told(host, metadata.version("hitpoint"), steps, sentences, as_json)


def _work(here: Site) -> Iterator[Step]:
    from integrations.installer import ours
    from integrations.installer import uninstall as take_out

    jobs = () if here.exchange else tuple(folder / "Data" / "Hitpoint" / "jobs" for folder in here.targets)
    yield from take_out(here.searched, jobs)
    other = site("reaper" if here.exchange else "resolve", None)
    if not ours(other.searched):  # the other program's scripts still need the daemon
        yield from _login()


def _login() -> Iterator[Step]:
    """Take back the start of the daemon at login."""
    from integrations.installer import take_away
    from integrations.login import is_ours
    from integrations.places import login_entry

    path = login_entry(platform.system(), os.environ)
    if path is not None and is_ours(path):
        yield from take_away(path, "the daemon no longer starts at login")
