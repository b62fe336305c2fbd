"""The home, the disks, the network, and the daemon itself. Nothing is made here, and nothing is started."""

from __future__ import annotations

import os
import shutil
import socket
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from core.errors import DaemonUnreachable, HitpointError
from daemon.checks.finding import Finding
from daemon.connection import Connection, daemon_lives, read_connection
from daemon.home import ELSEWHERE, Home, mounts, on_network
from daemon.keys import client_pair, known_clients
from daemon.private import check_private
from daemon.settings import Settings, read_settings

TIGHT = 5 * 10**9
"""Bytes: with less free, long cues may not fit."""
FULL = 500 * 10**6
"""Bytes: with less free, hardly a cue fits."""


def house(home: Home) -> list[Finding]:
    """Everything about the home of this user and the daemon in it; what follows from a fault is left out."""
    around = [
        *_looked("Disk of this folder", lambda: [disk("Disk of this folder", Path.cwd())]),
        *_looked("Loopback", lambda: [loopback()]),
    ]
    if fault := no_folder(home):
        return [fault, *around]
    found = [
        *_looked("Home", lambda: permissions(home)),
        *_looked("Keys", lambda: [client_key(home)]),
        *_looked("Settings", lambda: settings(home)),
    ]
    if _writable(home):
        found += _looked("Disk of the home", lambda: [disk("Disk of the home", home.folder)])
        around += _looked("Daemon", lambda: [daemon(home)])
    return _once([*found, *around])


def _once(findings: list[Finding]) -> list[Finding]:
    """The findings without those that say again what one before them says: two looks may meet one file."""
    first: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        first.setdefault((finding.words, finding.do), finding)
    return list(first.values())


def _looked(what: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    """What a look has found; what it cannot look at is a finding too."""
    try:
        return look()
    except HitpointError as error:
        place = f" ({error.where})" if error.where else ""
        return [Finding(what, "problem", f"{error.what}{place}", error.do)]
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        return [Finding(what, "problem", f"{error.strerror or error}{place}", "Look at the folder's permissions.")]


def no_folder(home: Home) -> Finding | None:
    """Why the home can be no folder; None where it is one or can be made."""
    try:
        if stat.S_ISDIR(home.folder.stat().st_mode):
            return None
        words = f"{home.folder} is a file, not a folder"
    except FileNotFoundError:
        return None
    except OSError as error:
        words = f"{home.folder} can be no folder: {error.strerror or error}"
    return Finding("Home", "problem", words, ELSEWHERE)


def _writable(home: Home) -> bool:
    return not home.folder.exists() or os.access(home.folder, os.W_OK | os.X_OK)


def permissions(home: Home) -> list[Finding]:
    """Whether everything in the home is this user's alone, on a disk where a database is safe."""
    what = "Home"
    if not home.folder.exists():
        return [Finding(what, "ok", f"{home.folder} is made at the first start")]
    found: list[Finding] = []
    for path in _guarded(home):
        found += _looked(what, partial(_private, path))
    if not _writable(home):
        found.append(Finding(what, "problem", f"{home.folder} cannot be written", f"Make it writable. {ELSEWHERE}"))
    if on_network(os.path.realpath(home.folder), mounts()):
        words = f"{home.folder} is on a network drive, unsafe for a database"
        found.append(Finding(what, "problem", words, ELSEWHERE))
    return found or [Finding(what, "ok", f"{home.folder}, yours alone")]


def _private(path: Path) -> list[Finding]:
    check_private(path, path.lstat())
    return []


def _guarded(home: Home) -> Iterator[Path]:
    """What must be private, as far as it is there."""
    folders = (home.folder, home.keys, home.keys / "known", home.log.parent, home.jobs)
    yield from (folder.resolve() for folder in folders if os.access(folder, os.F_OK))
    yield from sorted(home.keys.glob("*.key_secret"))
    if os.access(home.connection, os.F_OK):
        yield home.connection


def client_key(home: Home) -> Finding:
    """Whether the daemon knows this user's clients."""
    secret = home.keys / "client.key_secret"
    if not secret.exists():
        return Finding("Keys", "ok", "They are made at the first start")
    known = known_clients(home)
    if client_pair(home).public in known:
        return Finding("Keys", "ok", f"{len(known)} known")
    remedy = f"Remove {secret} and start again: new keys are made."
    return Finding("Keys", "problem", "The daemon does not know this user's client", remedy)


def settings(home: Home) -> list[Finding]:
    """What the user has set, and whether the port that is set can be had."""
    if not home.settings.exists():
        return [Finding("Settings", "ok", "Everything has its usual value")]
    found = read_settings(home)
    valid = Finding("Settings", "ok", f"{home.settings} is valid")
    return [valid, *([port(found, home)] if found.port else [])]


def disk(what: str, place: Path) -> Finding:
    """Free room at a place, or where it will be made."""
    there = next((folder for folder in (place, *place.parents) if folder.exists()), place)
    free = shutil.disk_usage(there).free
    words = f"{free / 1e9:.1f} GB free at {there}"
    if free < FULL:
        return Finding(what, "problem", words, "Free some space: a cue takes about 1 MB for each second.")
    if free < TIGHT:
        return Finding(what, "note", words, "A cue takes about 1 MB for each second.")
    return Finding(what, "ok", words)


def loopback() -> Finding:
    """Whether programs on this machine can reach each other over TCP, as the daemon and its clients do."""
    what = "Loopback"
    try:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            number = listening.getsockname()[1]
            listening.settimeout(5)
            with socket.create_connection(("127.0.0.1", number), 5) as here, listening.accept()[0] as there:
                there.settimeout(5)
                here.sendall(b"?")
                if there.recv(1) == b"?":
                    return Finding(what, "ok", "Programs on this machine reach each other at 127.0.0.1")
        reason = "it carries nothing"
    except OSError as error:
        reason = str(error)
    remedy = "Let the firewall or security program allow connections within this machine (127.0.0.1)."
    return Finding(what, "problem", f"127.0.0.1 does not work: {reason}", remedy)


def port(settings: Settings, home: Home) -> Finding:
    """Whether the port that is set can be had; the running daemon may have it."""
    what = f"Port {settings.port}"
    with suppress(DaemonUnreachable):  # the look at the daemon tells of that
        if daemon_lives(home):
            return Finding(what, "ok", "The daemon runs")
    try:
        with socket.create_server((settings.address, settings.port)):
            return Finding(what, "ok", f"Free at {settings.address}")
    except OSError as error:
        remedy = f"Set another port or address in {home.settings}; port 0 lets the system choose."
        return Finding(what, "problem", f"Cannot listen at {settings.address}: {error.strerror}", remedy)


def daemon(home: Home) -> Finding:
    """Whether the daemon runs, answers, and is of this version."""
    what = "Daemon"
    try:
        lives = daemon_lives(home)
    except DaemonUnreachable as error:
        remedy = "Make the file yours to write, or remove it while no daemon runs."
        return Finding(what, "problem", f"{error.what} ({error.where})", remedy)
    connection = read_connection(home)
    if not lives:
        if connection is None:
            return Finding(what, "ok", "It does not run; commands start it when they need it")
        words = f"It does not run; process {connection.pid} has left its connection file behind"
        return Finding(what, "note", words, "Nothing: the next start knows that it is stale.")
    if connection is None:
        return Finding(what, "note", "It is just starting or ending", "Ask again in a moment.")
    return _answering(what, home, connection)


def _answering(what: str, home: Home, connection: Connection) -> Finding:
    """What the running daemon says about itself."""
    from daemon.starting import connected

    where = f"Process {connection.pid} at {connection.address}, version {connection.version}"
    try:
        with connected("doctor", start=False, home=home) as client:
            status = client.ask("status")
    except HitpointError as error:
        remedy = f"See {home.log}; `hitpoint daemon stop` ends it, and the next command starts it anew."
        return Finding(what, "problem", f"{where} does not answer: {error}", remedy)
    with suppress(metadata.PackageNotFoundError):
        own = metadata.version("hitpoint")
        if connection.version != own:
            words = f"{where}; this is version {own}"
            return Finding(what, "problem", words, "Run `hitpoint daemon stop`; the next command starts this version.")
    return _working(what, where, status)


def _working(what: str, where: str, status: Mapping[str, Any]) -> Finding:
    broken = [worker for worker in status["workers"] if worker["state"] == "broken"]
    if broken:
        words = "; ".join(f"worker {worker['name']}: {worker['why']}" for worker in broken)
        return Finding(what, "problem", f"{where}; {words}", "See the log, then run `hitpoint daemon stop`.")
    jobs = status["jobs"]
    return Finding(what, "ok", f"{where}; {jobs['running']} jobs run, {jobs['queued']} wait")
