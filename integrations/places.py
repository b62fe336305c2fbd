"""Where each editing program looks for scripts, on each system, and where this program itself is.

A system is named as `platform.system()` does: "Linux", "Darwin", "Windows". Everything is worked out from the names and
the environment that are given; only what is found by a pattern looks at the disk.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_RESOLVE = "Blackmagic Design/DaVinci Resolve"
_SCRIPTS = "Fusion/Scripts"
SYSTEMS = ("Linux", "Darwin", "Windows")


@dataclass(frozen=True)
class Places:
    """Folders in which one editing program looks for scripts."""

    user: tuple[Path, ...] = ()
    """Those of this user: written to."""
    machine: tuple[Path, ...] = ()
    """Those of everyone on the machine: old copies in them are removed where that is allowed, nothing is written."""
    closed: tuple[Path, ...] = ()
    """Folders of a sandboxed build, which cannot reach what lies outside of them."""


def resolve_scripts(system: str, environment: Mapping[str, str], root: Path = Path("/")) -> Places:
    """The `Fusion/Scripts` folders of DaVinci Resolve; `Utility` in one of them is listed on all of its pages.

    Args:
        system: name of the operating system.
        environment: its variables.
        root: where the machine's own folders begin.
    """
    home = _home(environment)
    if system == "Darwin":
        library = Path("Library/Application Support") / _RESOLVE / _SCRIPTS
        shut = home.glob("Library/Containers/com.blackmagic-design.*") if home else ()
        return Places(_under(home, library), (root / library,), tuple(sorted(shut)))
    if system == "Windows":
        user = _under(_folder(environment, "APPDATA"), Path(_RESOLVE, "Support", _SCRIPTS))
        return Places(user, _under(_folder(environment, "PROGRAMDATA"), Path(_RESOLVE, _SCRIPTS)))
    if system == "Linux":
        machine = (root / "opt/resolve" / _SCRIPTS, root / "home/resolve" / _SCRIPTS)
        return Places(_under(home, Path(".local/share/DaVinciResolve", _SCRIPTS)), machine)
    return Places()


def reaper_resources(system: str, environment: Mapping[str, str]) -> Places:
    """The resource folder of an installed REAPER; a portable one lies where its owner put it."""
    if system == "Darwin":
        return Places(_under(_home(environment), Path("Library/Application Support/REAPER")))
    if system == "Windows":
        return Places(_under(_folder(environment, "APPDATA"), Path("REAPER")))
    if system == "Linux":
        config = _folder(environment, "XDG_CONFIG_HOME")
        moved = _under(config, Path("REAPER")) if config and (config / "REAPER").is_dir() else ()
        return Places(tuple(dict.fromkeys((*moved, *_under(_home(environment), Path(".config/REAPER"))))))
    return Places()


def login_entry(system: str, environment: Mapping[str, str]) -> Path | None:
    """The file by which the system starts the daemon when this user logs in; None where no place for it is known."""
    home = _home(environment)
    if system == "Darwin":
        return home / "Library/LaunchAgents/org.hitpoint.daemon.plist" if home else None
    if system == "Windows":
        roaming = _folder(environment, "APPDATA")
        startup = "Microsoft/Windows/Start Menu/Programs/Startup"
        return roaming / startup / "Hitpoint daemon.cmd" if roaming else None
    if system == "Linux":
        config = _folder(environment, "XDG_CONFIG_HOME") or (home / ".config" if home else None)
        return config / "autostart/hitpoint-daemon.desktop" if config else None
    return None


def program(system: str, folders: tuple[Path, ...] = ()) -> Path | None:
    """The `hitpoint` command of the environment in which this runs, absolute; None where there is none.

    Args:
        system: name of the operating system.
        folders: where it is looked for; by default where this environment's commands are.
    """
    name = "hitpoint.exe" if system == "Windows" else "hitpoint"
    schemes = ("", sysconfig.get_preferred_scheme("user"))
    own = (sysconfig.get_path("scripts", scheme) if scheme else sysconfig.get_path("scripts") for scheme in schemes)
    for folder in folders or tuple(Path(each).absolute() for each in own):
        if (folder / name).is_file():
            return folder / name
    return None


def _home(environment: Mapping[str, str]) -> Path | None:
    return _folder(environment, "HOME")


def _folder(environment: Mapping[str, str], name: str) -> Path | None:
    """The folder that a variable names; None where it is unset, empty or relative."""
    path = Path(environment.get(name) or "")
    return path if path.is_absolute() else None


def _under(folder: Path | None, below: Path) -> tuple[Path, ...]:
    return (folder / below,) if folder else ()
