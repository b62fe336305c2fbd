"""The CURVE keys of the daemon and its clients, made at first start.

Each pair is one file in ZeroMQ's own certificate format (ZPL), so that any ZeroMQ library can read it:
`keys/daemon.key_secret`, `keys/client.key_secret`, and the public keys of clients that may connect in `keys/known`.
A client never needs the daemon's secret: the connection file carries the daemon's public key.
"""

from __future__ import annotations

import logging
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import DaemonUnreachable
from daemon.home import Home
from daemon.private import make_private_folder, read_private, write_private

_LARGEST = 4096
"""Bytes of a key file."""
_BYTES = 32
"""Of a key."""
_KEY = re.compile(
    rb'^[ \t]*(public|secret)-key[ \t]*=[ \t]*"([0-9a-zA-Z.\-:+=^!/*?&<>()\[\]{}@%$#]{40})"[ \t\r]*$', re.M
)

_log = logging.getLogger("hitpoint.keys")


@dataclass(frozen=True)
class Pair:
    """A CURVE key pair, each key 40 bytes of Z85 text."""

    public: bytes
    secret: bytes = field(repr=False)


def daemon_pair(home: Home) -> Pair:
    """The daemon's keys, made when missing.

    Raises:
        DaemonUnreachable: the file is damaged, or others may read it.
    """
    return _pair(home, "daemon")


def client_pair(home: Home) -> Pair:
    """The keys of this user's clients, made when missing; the daemon then knows the public one.

    Raises:
        DaemonUnreachable: the file is damaged, or others may read it.
    """
    return _pair(home, "client")


def known_clients(home: Home) -> frozenset[bytes]:
    """The public keys that may connect: those of all `keys/known/*.key`.

    A damaged file lets nobody in and is logged.
    """
    found = set()
    for path in sorted((home.keys / "known").glob("*.key")):
        try:
            found.add(_read(path)["public"])
        except FileNotFoundError:
            continue  # taken away this moment
        except DaemonUnreachable as error:
            _log.warning("A key of a client is left out: %s", error)
    return frozenset(found)


def _pair(home: Home, name: str) -> Pair:
    path = home.keys / f"{name}.key_secret"
    make_private_folder(home.folder)
    make_private_folder(home.keys)
    try:
        return _secret(path)
    except FileNotFoundError:
        pass
    from filelock import FileLock  # slow to import, and needed once in a home's life

    with FileLock(home.keys / f"{name}.lock", mode=0o600):
        try:
            return _secret(path)
        except FileNotFoundError:
            return _make(home, name, path)


def _make(home: Home, name: str, path: Path) -> Pair:
    import zmq

    pair = Pair(*zmq.curve_keypair())
    if name == "client":
        # First the public half: a crash in between leaves a key that nobody has, never a client that is not known.
        make_private_folder(home.keys / "known")
        write_private(home.keys / "known" / f"{name}.key", _text(pair.public))
    write_private(path, _text(pair.public, pair.secret))
    return pair


def _secret(path: Path) -> Pair:
    keys = _read(path)
    if "secret" not in keys:
        raise _damaged(path)
    return Pair(keys["public"], keys["secret"])


def _read(path: Path) -> dict[str, bytes]:
    """The keys of one file by name; there is always a public one."""
    keys = {name.decode(): key for name, key in _KEY.findall(read_private(path, _LARGEST))}
    if "public" not in keys or not all(map(is_key, keys.values())):
        raise _damaged(path)
    return keys


def is_key(text: bytes) -> bool:
    """Whether a text is 32 bytes in Z85; of 40 characters of its alphabet not all are."""
    from zmq.utils import z85

    try:
        return len(z85.decode(text)) == _BYTES
    except (ValueError, KeyError, struct.error):
        return False


def _damaged(path: Path) -> DaemonUnreachable:
    return DaemonUnreachable("The key file is damaged", str(path), "Remove it and start again: new keys are made.")


def _text(public: bytes, secret: bytes | None = None) -> bytes:
    lines = [b"curve", b'    public-key = "%s"' % public]
    if secret is not None:
        lines.append(b'    secret-key = "%s"' % secret)
    return b"\n".join(lines) + b"\n"
