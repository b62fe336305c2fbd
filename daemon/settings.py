"""What the user has set in `settings.toml`; everything has a value that suits a workstation."""

from __future__ import annotations

import difflib
import ipaddress
import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from core.errors import WrongUse
from daemon.home import Home

_LARGEST = 2**20
"""Bytes of a settings file."""


@dataclass(frozen=True)
class Settings:
    """How the daemon runs here."""

    address: str = "127.0.0.1"
    """IPv4 address it listens on. One of the network only together with `allow`."""
    port: int = 0
    """TCP port; 0: the system chooses."""
    allow: tuple[str, ...] = ()
    """IPv4 addresses that may connect besides this machine."""
    history: int = 1000
    """Finished jobs that are remembered at most."""
    history_days: float = 30.0
    """Days for which a finished job is remembered."""
    cue_quota_gb: float = 0.0
    """A new cue is refused once the folder of cues that it would join holds more; 0: never."""
    engine_memory_gb: float = 8.0
    """Memory that warm engines of one worker may hold together."""
    rest_after_s: float = 600.0
    """Idle seconds after which device memory is given back."""
    exit_after_s: float = 3600.0
    """Idle seconds after which a worker process ends; it is started again when needed."""
    devices: tuple[str, ...] = ()
    """Devices to work on; none named: those that are found."""
    cues: str = ""
    """Folder of the cues that hosts ask for; none named: `Hitpoint Cues` in the user's documents."""


def read_settings(home: Home) -> Settings:
    """The settings of this home; what is not set has its usual value.

    Raises:
        WrongUse: the file cannot be read, or a key is unknown, of the wrong type or out of range.
    """
    text = _text(home)
    if text is None:
        return Settings()
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise WrongUse(f"The settings are not valid TOML: {error}", str(home.settings), "Correct the line.") from error
    settings = replace(Settings(), **{key: _value(home, key, value) for key, value in table.items()})
    check_address(settings, str(home.settings))
    if settings.cues and not _is_whole(settings.cues):
        what = f"The setting 'cues' must be a whole path, not {settings.cues!r}"
        raise WrongUse(what, str(home.settings), 'Write one such as "~/Music/Cues".')
    return settings


def _is_whole(path: str) -> bool:
    """Whether a path leads somewhere by itself; `~` is the user's own folder."""
    try:
        return "\0" not in path and Path(path).expanduser().is_absolute()
    except RuntimeError:  # of a user that there is not
        return False


def check_address(settings: Settings, where: str = "settings.toml") -> None:
    """Make sure that the daemon listens on one address, and on the network only for those who are named.

    Raises:
        WrongUse: the address is no single IPv4 address, or others than this machine could knock on it unnamed.
    """
    for key, text in (("address", settings.address), *(("allow", each) for each in settings.allow)):
        try:
            found = ipaddress.IPv4Address(text)
        except ValueError:
            remedy = 'Write an IPv4 address such as "127.0.0.1".'
            raise WrongUse(f"{key} names {text!r}, which is no IPv4 address", where, remedy) from None
        if found.is_unspecified or found.is_multicast or found == ipaddress.IPv4Address("255.255.255.255"):
            remedy = "Write the one address of this machine." if key == "address" else "Name each machine."
            raise WrongUse(f"{key} names {text!r}, which stands for many machines", where, remedy)
    if not ipaddress.IPv4Address(settings.address).is_loopback and not settings.allow:
        remedy = 'Name the machines that may connect: allow = ["192.168.1.20"]; or leave address at "127.0.0.1".'
        raise WrongUse(f"address {settings.address!r} is open to the network and allow is empty", where, remedy)


def _text(home: Home) -> str | None:
    where = str(home.settings)
    try:
        with home.settings.open("rb") as file:
            found = os.fstat(file.fileno())
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise WrongUse(f"The settings cannot be read: {error.strerror or error}", where) from error
    # Whoever can write the settings can open the daemon to the network. Windows: the profile's ACL keeps others out.
    if os.name != "nt" and (found.st_uid != os.geteuid() or found.st_mode & 0o022):
        raise WrongUse("Another user may write the settings", where, f"Run: chmod go-w '{where}'")
    if len(content) > _LARGEST:
        raise WrongUse("The settings are larger than 1 MB", where, "Shorten the file.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongUse("The settings are not UTF-8 text", where, "Save the file as UTF-8.") from error


def _value(home: Home, key: str, value: Any) -> Any:
    """The value as its field holds it."""
    usual: Mapping[str, Any] = {field.name: field.default for field in fields(Settings)}
    if key not in usual:
        near = difflib.get_close_matches(key, usual, 1)
        remedy = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(usual)}."
        raise WrongUse(f"There is no setting named {key!r}", str(home.settings), remedy)
    wanted = usual[key]
    if isinstance(wanted, tuple):
        if isinstance(value, list) and all(isinstance(each, str) and each for each in value):
            return tuple(value)
        expected = 'a list of texts, such as ["…"]'
    elif isinstance(wanted, str):
        if isinstance(value, str):
            return value
        expected = 'a text, such as "…"'
    elif isinstance(wanted, int):
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= (65535 if key == "port" else 10**9):
            return value
        expected = "a whole number from 0 to 65535" if key == "port" else "a whole number from 0 to 1000000000"
    else:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
            return float(value)
        expected = "a number that is not below 0"
    raise WrongUse(f"The setting {key!r} must be {expected}", str(home.settings), "Correct the line.")
