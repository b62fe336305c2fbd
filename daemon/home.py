"""Where the program keeps its own state: keys, jobs, settings, log. One folder, of one user, on a local disk."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.errors import DaemonUnreachable
from daemon.private import make_private_folder


@dataclass(frozen=True)
class Home:
    """The folder of the program's own state, and the names in it."""

    folder: Path

    @property
    def keys(self) -> Path:
        """Folder of the CURVE keys; `known` in it holds the public keys of clients that may connect."""
        return self.folder / "keys"

    @property
    def connection(self) -> Path:
        """How to reach the running daemon."""
        return self.folder / "connection.json"

    @property
    def lock(self) -> Path:
        """Held by the running daemon."""
        return self.folder / "daemon.lock"

    @property
    def store(self) -> Path:
        """The jobs."""
        return self.folder / "jobs.sqlite"

    @property
    def settings(self) -> Path:
        """What the user has set; written by hand."""
        return self.folder / "settings.toml"

    @property
    def log(self) -> Path:
        """What the daemon has done."""
        return self.folder / "log" / "daemon.log"

    @property
    def jobs(self) -> Path:
        """One folder for each job being worked on."""
        return self.folder / "jobs"

    @property
    def exchange(self) -> Path:
        """Files that scripts of hosts and this program exchange; see `daemon.hosts.exchange`."""
        return self.folder / "exchange"

    @property
    def hosts(self) -> Path:
        """What is remembered for the hosts: options, where cues lie, and answers that wait to be laid."""
        return self.folder / "hosts.json"


@dataclass(frozen=True)
class Mount:
    """A mounted disk, as the system lists it."""

    folder: str
    """Where it is mounted ("/", "/mnt/nas", "Z:\\")."""
    kind: str
    """Type of its file system ("ext4", "nfs4")."""
    options: str = ""
    """Mount options, separated by commas."""


_NETWORK_KINDS = (
    "nfs nfs3 nfs4 cifs smb smb2 smb3 smbfs smb3fs afp afpfs afs ncpfs webdav webdavfs davfs davfs2 ceph glusterfs "
    "lustre gpfs beegfs sshfs curlftpfs gvfsd-fuse rclone s3fs gcsfuse orangefs pvfs2 acfs panfs"
)
NETWORK_KINDS = frozenset(_NETWORK_KINDS.split())
"""File systems whose other end is another machine. SQLite's write-ahead log needs memory shared by all its readers."""


def home() -> Home:
    """The home of this user: `HITPOINT_HOME`, or the system's folder for data of programs."""
    chosen = os.environ.get("HITPOINT_HOME")
    if chosen:
        return Home(Path(os.path.abspath(Path(chosen).expanduser())))  # noqa: PTH100 - links stay as they are written
    from platformdirs import user_data_path

    return Home(user_data_path("hitpoint", appauthor=False))


def prepare(home: Home) -> None:
    """Make the home and its folders where they are missing, and make sure that they are private and on a local disk.

    Raises:
        DaemonUnreachable: others may enter a folder or own it, it cannot be written, or it is on a network drive.
    """
    make_private_folder(home.folder)
    if not os.access(home.folder, os.W_OK | os.X_OK):
        raise DaemonUnreachable("This folder cannot be written", str(home.folder), ELSEWHERE)
    if on_network(os.path.realpath(home.folder), mounts()):
        raise DaemonUnreachable(
            "The jobs cannot be kept on a network drive, where a database is not safe", str(home.folder), ELSEWHERE
        )
    for folder in (home.keys, home.keys / "known", home.log.parent, home.jobs):
        make_private_folder(folder)


ELSEWHERE = "Set HITPOINT_HOME to a folder of your own on a disk of this machine."


def mounts() -> list[Mount]:
    """The disks that are mounted here, in the system's order."""
    import psutil

    return [Mount(disk.mountpoint, disk.fstype, disk.opts) for disk in psutil.disk_partitions(all=True)]


def on_network(path: str, mounted: Iterable[Mount]) -> bool:
    """Whether a path lies on a drive of another machine.

    Args:
        path: absolute, without links; a Windows share may be written \\\\server\\share.
        mounted: the disks, later ones lying over earlier ones of the same folder.
    """
    wanted = _parts(path)
    if path.startswith("\\\\") and not (path.startswith("\\\\?\\") and path[5:6] == ":"):
        return True
    best: tuple[int, bool] = (-1, False)
    for mount in mounted:
        parts = _parts(mount.folder)
        if len(parts) >= best[0] and wanted[: len(parts)] == parts:
            best = (len(parts), _remote(mount))
    return best[1]


def _parts(path: str) -> list[str]:
    """Names along a path; a Windows path's names compare without case."""
    windows = path[1:2] == ":"
    names = path.replace("\\", "/").casefold() if windows else path
    return [name for name in names.split("/") if name]


def _remote(mount: Mount) -> bool:
    kind = mount.kind.casefold()
    options = mount.options.casefold().split(",")
    if kind.removeprefix("fuse.") in NETWORK_KINDS or "remote" in options:
        return True
    # 9p also joins a virtual machine with its host, as in WSL and sandboxes; over TCP its other end is elsewhere.
    return kind == "9p" and "trans=tcp" in options
