"""Where the scripts of each editing program lie on this machine, and what they must be."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from core.errors import UnusableInput
from daemon.home import Home
from daemon.hosts.exchange import mailbox_folder, scripts_folder
from integrations.installer import reaper_files, resolve_menu, resolve_rooms
from integrations.login import login_content
from integrations.places import Places, login_entry, program, reaper_resources, resolve_scripts

HOSTS: Mapping[str, str] = {"resolve": "DaVinci Resolve", "reaper": "REAPER"}
"""Word on the command line → the program's name."""
PAGES = "Utility"
"""The folder of Resolve's whose scripts are listed on all pages."""
SOURCE = Path(__file__).resolve().parents[2] / "integrations"
"""The scripts as they are delivered."""


@dataclass(frozen=True)
class Site:
    """Where the scripts of one editing program lie for this user."""

    host: str
    targets: tuple[Path, ...]
    """Resolve's menu folders, or REAPER's resource folders."""
    searched: tuple[Path, ...]
    """Where copies of ours may lie."""
    rooms: Path
    """Where the rooms of Resolve's script lie."""
    mailbox: Path
    """The folder through which Resolve's script and the daemon talk."""
    places: Places


def site(host: str, home: Home, to: Path | None = None) -> Site:
    """Where a host's scripts lie on this machine.

    Args:
        host: "resolve" or "reaper".
        home: where the program's own state lies.
        to: the folder that the user names instead of the usual ones.

    Raises:
        UnusableInput: no folder is known for this system.
    """
    system, rooms, mailbox = platform.system(), scripts_folder(home), mailbox_folder(home)
    chosen = Places((Path(os.path.abspath(to)),)) if to else None  # noqa: PTH100 - links stay as they are written
    if host == "reaper":
        places = chosen or reaper_resources(system, os.environ)
        searched = tuple(folder / name for folder in places.user for name in ("Scripts", "Data/Hitpoint"))
        found = Site(host, places.user, searched, rooms, mailbox, places)
    else:
        places = chosen or resolve_scripts(system, os.environ)
        menus = tuple(folder / PAGES if folder.name == "Scripts" else folder for folder in places.user)
        found = Site(host, menus, (*places.user, *places.machine, rooms), rooms, mailbox, places)
    if not found.targets:
        raise UnusableInput(f"No folder of {HOSTS[host]} is known here", system, "Name it with --to DIR.")
    return found


def wanted(here: Site) -> dict[Path, bytes]:
    """What is to be installed, in the order in which it is written: the rooms before the entries that load them.

    Raises:
        UnusableInput: this environment has no `hitpoint` command.
    """
    command, version, source = command_path(), metadata.version("hitpoint"), SOURCE / here.host
    files: dict[Path, bytes] = {}
    if here.host == "reaper":
        for resource in here.targets:
            files |= reaper_files(source, resource, command, version)
        return files
    files |= resolve_rooms(source, here.rooms, version)
    for menu in here.targets:
        files |= resolve_menu(source, menu, here.rooms, here.mailbox, command, version)
    return files


def login_file() -> tuple[Path, bytes] | None:
    """The file that starts the daemon at login and what it must hold; None where no way is known.

    Raises:
        UnusableInput: this environment has no `hitpoint` command.
    """
    system = platform.system()
    path = login_entry(system, os.environ)
    return (path, login_content(system, command_path(), os.environ.get("HITPOINT_HOME", ""))) if path else None


def command_path() -> Path:
    """The `hitpoint` command that the scripts are to call.

    Raises:
        UnusableInput: this environment has none.
    """
    found = program(platform.system())
    if found is None:
        remedy = "Install Hitpoint with pip or uv, so that its environment has the command, and call it again."
        raise UnusableInput("The `hitpoint` command that the scripts call was not found", "install", remedy)
    return found
