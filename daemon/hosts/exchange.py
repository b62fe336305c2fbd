"""The folder in which scripts of hosts and this program exchange files: one of this user, with an ASCII path.

Hosts hand their scripts Windows paths in the code page of the system, in which a name beyond ASCII is often lost; so
where the home's path is not plain ASCII there, the exchange lies below %PROGRAMDATA%.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from core.errors import DaemonUnreachable
from daemon.home import Home
from daemon.private import make_private_folder

MAILBOX = "mailbox"
"""Requests and answers of scripts without sockets."""
SCRIPTS = "scripts"
"""The installed script files."""
CUES = "cues"
"""Cues, where the user's documents have no ASCII path."""


def exchange_folder(home: Home, windows: bool = os.name == "nt", environment: Mapping[str, str] = os.environ) -> Path:
    """The exchange folder of a home; it need not be there yet."""
    if not windows or str(home.folder).isascii():
        return home.exchange
    own = hashlib.sha256(str(home.folder).encode(errors="surrogatepass")).hexdigest()[:8]
    return Path(environment.get("PROGRAMDATA", "C:\\ProgramData")) / "Hitpoint" / own


def mailbox_folder(home: Home) -> Path:
    """Where a script's exported timelines arrive and its answers are laid."""
    return exchange_folder(home) / MAILBOX


def scripts_folder(home: Home) -> Path:
    """Where the installed script files lie."""
    return exchange_folder(home) / SCRIPTS


def prepare_exchange(home: Home) -> Path:
    """Make the exchange folder and what is in it where they are missing, for this user alone.

    Returns:
        The exchange folder.

    Raises:
        DaemonUnreachable: a folder cannot be made, or others may enter it or own it.
    """
    folder = exchange_folder(home)
    make_private_folder(folder)
    if os.name == "nt" and folder != home.exchange:
        _close_to_others(folder)
    for name in (MAILBOX, SCRIPTS):
        make_private_folder(folder / name)
    return folder


def _close_to_others(folder: Path) -> None:
    """Let this user alone enter a folder outside of the profile, whose access control list does not keep others out."""
    user = f"{os.environ.get('USERDOMAIN', '.')}\\{os.environ.get('USERNAME', '')}"
    words = ["icacls", str(folder), "/inheritance:r", "/grant:r", f"{user}:(OI)(CI)F"]
    done = subprocess.run(
        words, capture_output=True, check=False, creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0)
    )
    if done.returncode:
        raise DaemonUnreachable("The folder cannot be closed to other users", str(folder), "Remove it and try again.")
