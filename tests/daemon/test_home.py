"""The home is one user's alone, on a disk of this machine; anything looser is refused with what mends it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import DaemonUnreachable
from daemon.home import Home, Mount, home, mounts, on_network, prepare
from daemon.private import read_private, write_private

posix = pytest.mark.skipif(os.name == "nt", reason="mode bits say nothing on Windows")
as_root = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root gives files away")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_home_is_where_the_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HITPOINT_HOME", str(tmp_path / "here"))
    assert home() == Home(tmp_path / "here")


def test_a_relative_home_is_taken_from_the_folder_one_stands_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HITPOINT_HOME", "here/../there")
    assert home().folder == Path.cwd() / "there"


def test_without_the_variable_the_home_is_the_systems_folder_for_programs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HITPOINT_HOME", "")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home().folder.name == "hitpoint"
    assert home().folder.is_relative_to(tmp_path)


def test_everything_lies_in_the_one_folder(tmp_path: Path) -> None:
    found = Home(tmp_path)
    for path in (found.keys, found.connection, found.lock, found.store, found.settings, found.log, found.jobs):
        assert path.is_relative_to(tmp_path)


@posix
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_folders_are_private_from_the_first_moment_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    made = Home(tmp_path / "a" / "home")
    before = os.umask(umask)
    try:
        prepare(made)
        prepare(made)  # and again, on what is there
    finally:
        os.umask(before)
    for folder in (made.folder, made.keys, made.keys / "known", made.log.parent, made.jobs):
        assert mode(folder) == 0o700


@posix
@pytest.mark.parametrize("loose", [0o750, 0o701, 0o770, 0o777])
@pytest.mark.parametrize("inside", ["", "keys", "keys/known", "log", "jobs"])
def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path, loose: int, inside: str) -> None:
    made = Home(tmp_path / "home")
    prepare(made)
    (made.folder / inside).chmod(loose)
    with pytest.raises(DaemonUnreachable, match=f"Other users may open this folder, mode {loose:04o}") as refused:
        prepare(made)
    remedy = refused.value.do.removeprefix("Run: ")
    subprocess.run(remedy, shell=True, check=True)
    prepare(made)


@as_root
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    made = Home(tmp_path / "home")
    prepare(made)
    os.chown(made.folder, 65534, 65534)
    with pytest.raises(DaemonUnreachable, match="belongs to another user"):
        prepare(made)


def test_a_file_in_the_place_of_the_home_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("in the way")
    with pytest.raises(DaemonUnreachable, match="The folder cannot be made: File exists"):
        prepare(Home(tmp_path / "home"))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder that even root cannot write, as Linux has it")
def test_a_place_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(DaemonUnreachable, match="cannot be made"):
        prepare(Home(Path("/proc/hitpoint")))


def test_a_home_on_a_network_drive_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = Mount(os.path.realpath(tmp_path), "nfs4", "rw,vers=4.2")
    monkeypatch.setattr("daemon.home.mounts", lambda: [Mount("/", "ext4"), here])
    with pytest.raises(DaemonUnreachable, match="network drive"):
        prepare(Home(tmp_path / "home"))


def test_this_machines_own_disks_are_listed() -> None:
    assert any(mount.folder in ("/", "C:\\") for mount in mounts())


@pytest.mark.parametrize(
    "kind",
    """nfs nfs3 nfs4 cifs smb2 smb3 smbfs afpfs fuse.sshfs fuse.glusterfs fuse.rclone webdav davfs fuse.davfs2 lustre
    ceph beegfs gpfs NFS""".split(),  # noqa: SIM905 - as a mount table reads
)
def test_network_file_systems_are_told_by_their_kind(kind: str) -> None:
    mounted = [Mount("/", "ext4"), Mount("/mnt/nas", kind)]
    assert on_network("/mnt/nas/hitpoint", mounted)
    assert on_network("/mnt/nas", mounted)
    assert not on_network("/mnt/nasty/hitpoint", mounted)
    assert not on_network("/home/me/hitpoint", mounted)


@pytest.mark.parametrize(
    "kind",
    ["ext4", "xfs", "btrfs", "zfs", "apfs", "hfs", "tmpfs", "overlay", "fuseblk", "fuse.ntfs-3g", "exfat", "NTFS"],
)
def test_local_file_systems_are_no_network_drives(kind: str) -> None:
    assert not on_network("/data/hitpoint", [Mount("/", "nfs4"), Mount("/data", kind)])


def test_what_is_mounted_last_at_a_place_counts() -> None:
    mounted = [Mount("/", "rootfs"), Mount("/home", "ext4"), Mount("/home", "nfs4"), Mount("/home/me", "ext4")]
    assert on_network("/home/you/x", mounted)
    assert not on_network("/home/me/x", mounted)


def test_9p_is_a_network_drive_only_over_the_network() -> None:
    assert on_network("/mnt/c/x", [Mount("/", "ext4"), Mount("/mnt/c", "9p", "rw,trans=tcp,port=564")])
    assert not on_network("/mnt/c/x", [Mount("/", "ext4"), Mount("/mnt/c", "9p", "rw,trans=fd,rfd=5")])


def test_windows_drives_and_shares() -> None:
    mounted = [Mount("C:\\", "NTFS", "rw,fixed"), Mount("Z:\\", "NTFS", "rw,remote")]
    assert on_network("Z:\\hitpoint", mounted)
    assert on_network("z:\\hitpoint", mounted)
    assert not on_network("C:\\Users\\me\\AppData\\Local\\hitpoint", mounted)
    assert on_network("\\\\nas\\projects\\hitpoint", mounted)
    assert on_network("\\\\?\\UNC\\nas\\projects", mounted)
    assert not on_network("\\\\?\\C:\\Users\\me", mounted)


@posix
def test_a_private_file_is_read_back_and_never_wider_than_0600(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_private(tmp_path / "secret", b"one")
        write_private(tmp_path / "secret", b"two")
    finally:
        os.umask(before)
    assert mode(tmp_path / "secret") == 0o600
    assert read_private(tmp_path / "secret", 3) == b"two"
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


@posix
def test_a_file_is_private_even_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    sync = os.fsync

    def look(handle: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(handle).st_mode))
        sync(handle)

    monkeypatch.setattr(os, "fsync", look)
    write_private(tmp_path / "secret", b"one")
    assert seen[0] == 0o600


@posix
def test_links_pipes_and_large_files_are_no_private_files(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", b"12345")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("link", "pipe", ""):
        with pytest.raises(DaemonUnreachable):
            read_private(tmp_path / name, 100)
    with pytest.raises(DaemonUnreachable, match="not a file that Hitpoint has written"):
        read_private(tmp_path / "secret", 4)


def test_finding_the_home_is_light() -> None:
    """The client imports this at each start: no heavy library comes with it."""
    program = "import sys, daemon.home, daemon.keys, daemon.connection; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"psutil", "pydantic", "filelock", "numpy", "asyncio", "zmq"} & set(told)


@pytest.mark.skipif(os.name == "nt", reason="there such a file is simply not there")
@pytest.mark.parametrize("place", ["x" * 300, "a file/below"])
def test_a_file_that_no_name_leads_to_is_not_to_be_removed(tmp_path: Path, place: str) -> None:
    (tmp_path / "a file").touch(0o600)
    with pytest.raises(DaemonUnreachable, match="HITPOINT_HOME") as refused:
        read_private(tmp_path / place, 100)
    assert "Remove" not in refused.value.do
