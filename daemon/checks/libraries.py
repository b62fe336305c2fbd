"""Python and the libraries that Hitpoint stands on; each version here is asked for because an older one hurts."""

from __future__ import annotations

import platform
import sqlite3
import sys

from daemon.checks.finding import AGAIN, Finding, installed_version, numbers

PYTHONS = ((3, 11), (3, 13))
"""The oldest and the newest that all libraries have."""
LEAST = {"pyzmq": "27", "msgpack": "1.2.1"}
"""msgpack before 1.2.1 crashes when an unpacker is used again after an error (GHSA-6v7p-g79w-8964)."""
LEAST_LIBZMQ = "4.3.5"
"""Older ones read memory that is not theirs, or let a raw connection block the socket (CVE-2020-15166 and others)."""
LEAST_SQLITE = "3.35"


def libraries() -> list[Finding]:
    """All of them, in the order in which they are needed."""
    return [python(), hitpoint(), messages(), unpacking(), database()]


def python() -> Finding:
    """The interpreter: its version, and that it has 64 bits."""
    bits = 64 if sys.maxsize > 2**32 else 32
    words = f"{platform.python_implementation()} {platform.python_version()}, {bits} bits, {sys.executable}"
    oldest, newest = (".".join(map(str, version)) for version in PYTHONS)
    if bits != 64 or not PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        return Finding("Python", "problem", words, f"Install Hitpoint with Python {oldest} to {newest}, 64 bits.")
    return Finding("Python", "ok", words)


def hitpoint() -> Finding:
    """Hitpoint itself."""
    version = installed_version("hitpoint")
    system = f"{platform.system()} {platform.release()} on {platform.machine()}"
    if version is None:
        return Finding("Hitpoint", "problem", "It runs without being installed", AGAIN)
    return Finding("Hitpoint", "ok", f"{version}, {system}")


def messages() -> Finding:
    """ZeroMQ, with the encryption without which the daemon does not listen."""
    try:
        import zmq
    except ImportError as error:
        return Finding("ZeroMQ", "problem", f"pyzmq cannot be used: {error}", AGAIN)
    words = f"pyzmq {zmq.__version__}, libzmq {zmq.zmq_version()}"
    old = numbers(zmq.__version__) < numbers(LEAST["pyzmq"]) or numbers(zmq.zmq_version()) < numbers(LEAST_LIBZMQ)
    if not zmq.has("curve"):
        return Finding("ZeroMQ", "problem", f"{words}, without CURVE: nothing can be encrypted", AGAIN)
    if old:
        wanted = f"pyzmq {LEAST['pyzmq']} with libzmq {LEAST_LIBZMQ}"
        return Finding("ZeroMQ", "problem", words, f"{AGAIN} At least {wanted} is needed; older ones are not safe.")
    return Finding("ZeroMQ", "ok", f"{words}, with CURVE")


def unpacking() -> Finding:
    """msgpack, which reads what clients send."""
    version = installed_version("msgpack")
    if version is None or numbers(version) < numbers(LEAST["msgpack"]):
        words = "it is not installed" if version is None else f"{version} is not safe"
        return Finding("msgpack", "problem", words, f"{AGAIN} At least {LEAST['msgpack']} is needed.")
    return Finding("msgpack", "ok", version)


def database() -> Finding:
    """SQLite, which keeps the jobs."""
    version = sqlite3.sqlite_version
    if numbers(version) < numbers(LEAST_SQLITE):
        return Finding("SQLite", "problem", version, f"Use a Python with SQLite {LEAST_SQLITE} or later.")
    return Finding("SQLite", "ok", version)
