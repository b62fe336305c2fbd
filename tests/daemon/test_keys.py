"""Keys are made once, are private, and only those that are known count."""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import zmq
import zmq.auth

from core.errors import DaemonUnreachable
from daemon.home import Home, prepare
from daemon.keys import client_pair, daemon_pair, known_clients
from daemon.private import write_private

posix = pytest.mark.skipif(os.name == "nt", reason="mode bits say nothing on Windows")


@pytest.fixture
def made(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    prepare(home)
    return home


def test_keys_are_made_at_first_start_and_stay(made: Home) -> None:
    daemon, client = daemon_pair(made), client_pair(made)
    assert daemon != client
    assert (daemon_pair(made), client_pair(made)) == (daemon, client)
    for pair in (daemon, client):
        assert zmq.curve_public(pair.secret) == pair.public


def test_a_client_may_come_before_the_first_daemon(tmp_path: Path) -> None:
    fresh = Home(tmp_path / "fresh")
    assert known_clients(fresh) == frozenset()
    assert known_clients(fresh) == frozenset() != frozenset({client_pair(fresh).public}) == known_clients(fresh)


@posix
def test_secrets_are_0600_and_their_folder_0700(made: Home) -> None:
    daemon_pair(made)
    client_pair(made)
    secrets = sorted(made.keys.glob("*.key_secret"))
    assert [path.name for path in secrets] == ["client.key_secret", "daemon.key_secret"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}
    assert stat.S_IMODE(made.keys.stat().st_mode) == 0o700


def test_any_zeromq_library_can_read_them(made: Home) -> None:
    client = client_pair(made)
    assert zmq.auth.load_certificate(made.keys / "client.key_secret") == (client.public, client.secret)
    assert set(zmq.auth.load_certificates(made.keys / "known")) == known_clients(made)


def test_keys_that_a_zeromq_library_wrote_are_known(made: Home) -> None:
    zmq.auth.create_certificates(made.keys / "known", "colleague")
    (made.keys / "known" / "colleague.key_secret").unlink()
    (made.keys / "known" / "colleague.key").chmod(0o600)
    public, _ = zmq.auth.load_certificate(made.keys / "known" / "colleague.key")
    assert known_clients(made) == {public}


def test_only_the_client_is_known_not_the_daemon(made: Home) -> None:
    daemon, client = daemon_pair(made), client_pair(made)
    assert known_clients(made) == {client.public}
    assert daemon.public not in known_clients(made)


def test_a_secret_is_never_printed(made: Home) -> None:
    pair = client_pair(made)
    assert pair.secret.decode() not in repr(pair)
    assert pair.secret not in (made.keys / "known" / "client.key").read_bytes()


@posix
@pytest.mark.parametrize("loose", [0o640, 0o604, 0o666, 0o660])
def test_a_secret_that_others_may_read_is_refused(made: Home, loose: int) -> None:
    daemon_pair(made)
    path = made.keys / "daemon.key_secret"
    path.chmod(loose)
    with pytest.raises(DaemonUnreachable, match=rf"Other users may open this file, mode {loose:04o} .* chmod 600"):
        daemon_pair(made)


@posix
def test_a_folder_of_keys_that_others_may_enter_is_refused(made: Home) -> None:
    daemon_pair(made)
    made.keys.chmod(0o755)
    with pytest.raises(DaemonUnreachable, match="Other users may open this folder"):
        daemon_pair(made)


@posix
def test_a_link_is_no_key(made: Home, tmp_path: Path) -> None:
    daemon_pair(made)
    (made.keys / "daemon.key_secret").rename(tmp_path / "elsewhere")
    (made.keys / "daemon.key_secret").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DaemonUnreachable):
        daemon_pair(made)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"curve\n",
        b'curve\n    public-key = "short"\n    secret-key = "short"\n',
        b'curve\n    public-key = "' + b"a" * 40 + b'"\n',
        b'curve\n    secret-key = "' + b"a" * 40 + b'"\n',
        b'curve\n    public-key = "' + b"\xff" * 40 + b'"\n',
        b'curve\n    public-key = "' + b"a" * 40 + b'"\n    secret-key = "' + b"#" * 40 + b'"\n',
        bytes(10_000),
    ],
)
def test_a_damaged_secret_is_refused_and_never_replaced(made: Home, content: bytes) -> None:
    path = made.keys / "daemon.key_secret"
    write_private(path, content)
    with pytest.raises(DaemonUnreachable) as refused:
        daemon_pair(made)
    assert refused.value.where == str(path)
    assert path.read_bytes() == content


def test_a_damaged_known_key_lets_nobody_in_and_is_logged(
    made: Home, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("hitpoint"), "propagate", True)
    client = client_pair(made)
    write_private(made.keys / "known" / "odd.key", b'public-key = ""\n')
    write_private(made.keys / "known" / "notes.txt", b'public-key = "%s"\n' % daemon_pair(made).public)
    assert known_clients(made) == {client.public}
    assert "odd.key" in caplog.text


def test_clients_that_start_together_share_one_pair(tmp_path: Path) -> None:
    program = "from daemon.home import home; from daemon.keys import client_pair; print(client_pair(home()).public)"
    start = [sys.executable, "-c", program]
    place = {**os.environ, "HITPOINT_HOME": str(tmp_path / "home")}
    clients = [subprocess.Popen(start, env=place, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    told = {client.communicate(timeout=60)[0].strip() for client in clients}
    assert told == {str(client_pair(Home(tmp_path / "home")).public)}
    assert len(known_clients(Home(tmp_path / "home"))) == 1
