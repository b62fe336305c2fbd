"""Starting the daemon when the user logs in: one small file, in the form that each system reads."""

from __future__ import annotations

import plistlib
from pathlib import Path

MARK = "Installed by Hitpoint"


def login_content(system: str, program: Path, home: str = "") -> bytes:
    """The file by which a system starts the daemon at login.

    Args:
        system: "Linux", "Darwin" or "Windows".
        program: the `hitpoint` command, absolute.
        home: what HITPOINT_HOME is set to; empty where it is not.
    """
    if system == "Darwin":
        return _agent(program, home)
    return _startup(program, home) if system == "Windows" else _autostart(program, home)


def is_ours(path: Path) -> bool:
    """Whether a login file is one that Hitpoint has written."""
    try:
        return MARK.encode() in path.read_bytes()
    except OSError:
        return False


def _agent(program: Path, home: str) -> bytes:
    """For launchd: the daemon itself, in the foreground, once; stopped by hand it stays stopped."""
    agent = {
        "Label": "org.hitpoint.daemon",
        "Comment": f"{MARK}.",
        "ProgramArguments": [str(program), "daemon", "run"],
        "RunAtLoad": True,
        "ProcessType": "Interactive",
        **({"EnvironmentVariables": {"HITPOINT_HOME": home}} if home else {}),
    }
    return plistlib.dumps(agent)


def _autostart(program: Path, home: str) -> bytes:
    """For the desktops of Linux, by their Desktop Entry Specification."""
    words = [*(("env", f"HITPOINT_HOME={home}") if home else ()), str(program), "daemon", "start"]
    lines = (
        "[Desktop Entry]",
        "Type=Application",
        "Name=Hitpoint daemon",
        f"Comment={MARK}: starts the daemon at login",
        f"Exec={' '.join(map(_argument, words))}",
        "Terminal=false",
        "NoDisplay=true",
    )
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def _argument(word: str) -> str:
    """A word of an Exec line: in quotes, escaped once for the quotes and once more as a value of the file."""
    quoted = "".join(f"\\{char}" if char in '"`$\\' else char for char in word)
    return f'"{quoted}"'.replace("\\", "\\\\").replace("%", "%%")


def _startup(program: Path, home: str) -> bytes:
    """For the Startup folder of Windows."""
    lines = (
        "@echo off",
        f"rem {MARK}: starts the daemon at login.",
        "chcp 65001 >nul",
        *((f'set "HITPOINT_HOME={_percent(home)}"',) if home else ()),
        f'start "" /b "{_percent(str(program))}" daemon start',
    )
    return ("\r\n".join(lines) + "\r\n").encode("utf-8", "surrogatepass")


def _percent(text: str) -> str:
    return text.replace("%", "%%")
