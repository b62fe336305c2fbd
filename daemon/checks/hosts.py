"""The editing programs on this machine, and what each will see of Hitpoint. Nothing is changed."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from core.errors import HitpointError
from daemon.checks.finding import Finding
from daemon.connection import daemon_lives
from daemon.home import Home
from daemon.hosts.scripts import HOSTS, Site, login_file, site, wanted
from integrations.installer import installed_version, ours
from integrations.login import is_ours

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

FRESH_S = 10.0
"""The daemon writes its sign of life every 2 s; scripts take it for gone after so long."""
_SIGNED = re.compile(rb"\btime\W{1,6}(\d{1,12})")


def hosts(home: Home) -> list[Finding]:
    """Each editing program that Hitpoint works inside; then what their scripts need besides."""
    found = [host(word, home, places(name, platform.system(), os.environ)) for word, name in HOSTS.items()]
    try:
        here = site("resolve", home)
        return [*found, *closed(here), *([mailbox(here, home)] if ours(here.places.user) else []), *login()]
    except HitpointError as error:
        return [*found, Finding("Scripts", "note", str(error))]


def host(word: str, home: Home, candidates: tuple[Path, ...]) -> Finding:
    """Whether a program is here, and whether it sees this version's scripts.

    Args:
        word: "resolve" or "reaper".
        home: where the program's own state lies.
        candidates: where the program may be.
    """
    name = HOSTS[word]
    # A folder that may not be entered is no error.
    path = next((path for path in candidates if os.access(path, os.F_OK)), None)
    try:
        here = site(word, home)
        seen = bool(ours(here.places.user + here.places.machine))
        faults = _faults(here, ours(here.searched)) if seen else []
    except HitpointError as error:
        return Finding(name, "problem" if path else "note", str(error), "Install Hitpoint again." if path else "")
    if faults:
        return Finding(name, "problem", "; ".join(faults), f"Run `hitpoint install {word}`.")
    if seen:
        where = ", ".join(dict.fromkeys(str(_menu(word, target)) for target in here.targets))
        return Finding(name, "ok", f"It sees the scripts of version {metadata.version('hitpoint')} in {where}")
    if path:
        return Finding(
            name, "note", f"Installed ({path}), without Hitpoint's scripts", f"Run `hitpoint install {word}`."
        )
    return Finding(name, "note", "Not found at its usual places; Hitpoint works without it")


def _menu(word: str, target: Path) -> Path:
    return target / "Hitpoint" if word == "resolve" else target / "Scripts" / "Hitpoint"


def _faults(here: Site, lying: list[Path]) -> list[str]:
    """What is wrong with the scripts that are installed, one clause for each kind."""
    version, right = metadata.version("hitpoint"), wanted(here)
    old = [path for path in lying if installed_version(path) != version]
    more = [path for path in lying if path not in right and path not in old]
    other = [path for path in lying if path in right and path not in old and path.read_bytes() != right[path]]
    missing = [path for path in right if not path.is_file()]
    foreign = [path for path in right if path.is_file() and not installed_version(path)]
    kinds = (
        (f"scripts of another version than {version}", old),
        ("copies that should not be there", more),
        ("scripts that are changed or lead to another place", other),
        ("missing scripts", missing),
        ("files in place of scripts that are not Hitpoint's: move them away", foreign),
    )
    return [f"{len(paths)} {words} ({paths[0]})" for words, paths in kinds if paths]


def closed(here: Site) -> list[Finding]:
    """Builds of Resolve whose sandbox keeps scripts from the daemon."""
    remedy = "Install the one from Blackmagic Design's own site; by hand it works with this one too (docs/hosts.md)."
    return [
        Finding("DaVinci Resolve", "note", f"The App Store's build ({folder}) cannot run the scripts", remedy)
        for folder in here.places.closed
    ]


def mailbox(here: Site, home: Home) -> Finding:
    """Whether the daemon answers to Resolve's scripts."""
    what, folder = "Resolve's mailbox", here.mailbox
    if not daemon_lives(home):
        words = "No daemon runs. Resolve's scripts start it, but free Resolve from 21.1 on cannot"
        for_good = "" if login() else ", or `hitpoint install resolve --at-login`"
        return Finding(what, "note", words, f"Run `hitpoint daemon start`{for_good}.")
    age = _age(folder / "daemon.lua")
    if age is not None and age <= FRESH_S:
        return Finding(what, "ok", f"The daemon answers in {folder}")
    said = "has said nothing there" if age is None else f"last said something {age:.0f} s ago"
    words = f"The daemon runs, but does not look after {folder}: it {said}"
    return Finding(what, "problem", words, "Run `hitpoint daemon stop`, then `hitpoint daemon start`.")


def _age(path: Path) -> float | None:
    """Seconds since the daemon's sign of life; None where there is none."""
    try:
        signed = _SIGNED.search(path.read_bytes())
    except OSError:
        return None
    return max(0.0, time.time() - int(signed[1])) if signed else None


def login() -> list[Finding]:
    """Whether the daemon starts at login, where that was asked for."""
    file = login_file()
    if file is None or not is_ours(file[0]):
        return []
    path, content = file
    if path.read_bytes() == content:
        return [Finding("Start at login", "ok", f"The daemon starts when you log in ({path})")]
    words = f"{path} starts another copy of Hitpoint than this one"
    return [Finding("Start at login", "problem", words, "Run `hitpoint install resolve --at-login`.")]


def places(name: str, system: str, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Where a program usually is on a system; places that name an unset variable are left out."""
    found = []
    for text in _PLACES[name].get(system, ()):
        try:
            found.append(Path(text.format_map(environment)))
        except KeyError:
            continue
    return tuple(found)
