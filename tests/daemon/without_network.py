"""The whole path where no network is: `python -m tests.daemon.without_network TIMELINE FOLDER`, inside `unshare -rn`.

Brings the loopback interface up, makes sure that there is no other, and prints one JSON object of what it saw.
"""

from __future__ import annotations

import errno
import fcntl
import json
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
ELSEWHERE = ("192.0.2.1", 9)
"""An address that is reserved for documents."""


def bring_loopback_up() -> None:
    """What `ip link set lo up` does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack_from("h", fcntl.ioctl(handle, SIOCGIFFLAGS, request), 16)[0]
        fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def reaches_elsewhere() -> bool:
    """Whether a packet finds a way out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        try:
            handle.connect(ELSEWHERE)
        except OSError as error:
            return error.errno != errno.ENETUNREACH
    return True


def hitpoint(*words: str) -> dict[str, Any]:
    """The last JSON line of a command."""
    command = [sys.executable, "-m", "daemon.command", *words, "--json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        sys.exit(answer.stderr)
    result: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return result


def lives_on(pid: int) -> bool:
    """Whether a process that has been stopped is still there after a while."""
    by = time.monotonic() + 10
    while time.monotonic() < by:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return False
        except psutil.NoSuchProcess:
            return False
        time.sleep(0.05)
    return True


def main() -> None:
    timeline, folder = sys.argv[1:]
    bring_loopback_up()
    seen: dict[str, Any] = {"interfaces": sorted(psutil.net_if_addrs()), "elsewhere": reaches_elsewhere()}
    seen["started"] = hitpoint("daemon", "start")
    seen["cue"] = hitpoint("score", timeline, "--out", "2s", "--seed", "3", "--to", folder)
    seen["mp3"] = hitpoint("export", seen["cue"]["cue"], "--preview", "mp3", "--to", folder)
    seen["jobs"] = hitpoint("jobs")["jobs"]
    seen["status"] = hitpoint("daemon", "status")
    seen["stopped"] = hitpoint("daemon", "stop")["stopped"]
    seen["alive"] = lives_on(seen["started"]["pid"])
    seen["page"] = (Path(seen["cue"]["cue"]) / "cue.html").stat().st_size
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
