"""The editing programs on this machine, at the places where their installers put them."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path

from daemon.checks.finding import Finding

_PLACES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "DaVinci Resolve": {
        "Linux": ("/opt/resolve/bin/resolve", "/home/resolve/bin/resolve"),
        "Darwin": ("/Applications/DaVinci Resolve/DaVinci Resolve.app", "/Applications/DaVinci Resolve.app"),
        "Windows": ("{PROGRAMFILES}/Blackmagic Design/DaVinci Resolve/Resolve.exe",),
    },
    "REAPER": {
        "Linux": ("/opt/REAPER/reaper", "{HOME}/opt/REAPER/reaper", "/usr/bin/reaper", "{HOME}/.config/REAPER"),
        "Darwin": ("/Applications/REAPER.app", "{HOME}/Applications/REAPER.app"),
        "Windows": (
            "{PROGRAMFILES}/REAPER (x64)/reaper.exe",
            "{PROGRAMFILES}/REAPER/reaper.exe",
            "{APPDATA}/REAPER/reaper.ini",
        ),
    },
}
"""Program and system → where it is; names in braces are variables of the environment."""

_UNTIL_THEN = "Export the timeline as OTIO and run `hitpoint score`, or let `hitpoint watch` look after a folder."


def hosts() -> list[Finding]:
    """Each editing program that Hitpoint means to work inside."""
    return [host(name, places(name, platform.system(), os.environ)) for name in _PLACES]


def host(name: str, candidates: tuple[Path, ...]) -> Finding:
    """Whether a program is here, and what Hitpoint can do in it."""
    for path in candidates:
        if os.access(path, os.F_OK):  # a folder that may not be entered is no error
            words = f"Installed ({path}). This version of Hitpoint has no script for it yet"
            return Finding(name, "note", words, _UNTIL_THEN)
    return Finding(name, "note", "Not found at its usual places; Hitpoint works without it")


def places(name: str, system: str, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Where a program usually is on a system; places that name an unset variable are left out."""
    found = []
    for text in _PLACES[name].get(system, ()):
        try:
            found.append(Path(text.format_map(environment)))
        except KeyError:
            continue
    return tuple(found)
