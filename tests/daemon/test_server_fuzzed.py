"""Broken messages into a running daemon: it lives, it does not grow, and an honest client beside them hardly waits."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests.daemon.house import House, Raw, house, until
from tests.daemon.test_protocol_fuzz import MUTATIONS, packed_request

CONNECTIONS = 20
TURN = 50
"""Messages that a connection sends before another has its turn; below its rate."""
GROWTH = 32 * 2**20
LONGEST_S = 1.0
ACTING = (b"shutdown", b"watch", b"score", b"export", b"reroll", b"takes", b"\xa2op\xa3cue", b"\xa2op\xa3lay")
"""What is in order would end the daemon, or fill it with honest work."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path / "house") as built:
        built.status()
        yield built


def broken(chance: random.Random) -> list[bytes]:
    """The frames of a mutated message that asks for nothing."""
    while True:
        frames = chance.choice(MUTATIONS)(chance, packed_request(chance))
        if not any(word in frames[0] for word in ACTING):
            return frames


def pour(home: House, count: int, chance: random.Random) -> list[float]:
    """Send so many broken messages; how long an honest client waited, in seconds, after each turn."""
    waited = []
    with ExitStack() as stack:
        strangers = [stack.enter_context(home.raw()) for _ in range(CONNECTIONS)]
        honest = stack.enter_context(home.client("honest"))
        for turn in range(count // TURN):
            stranger = strangers[turn % CONNECTIONS]
            for _ in range(TURN):
                stranger.socket.send_multipart(broken(chance))
            begun = time.perf_counter()
            assert honest.ask("status")["pid"] == home.pid()
            waited.append(time.perf_counter() - begun)
            empty(stranger)
        for stranger in strangers:
            assert "ok" in stranger.ask("ping")  # all that was sent was looked at, and each is heard as before
    return waited


def empty(raw: Raw) -> None:
    """Throw away what was answered so far."""
    while raw.socket.poll(0):
        raw.socket.recv()


def test_a_daemon_that_is_sent_two_thousand_broken_messages_answers_as_before(home: House) -> None:
    pour(home, 2_000, random.Random(5))
    until(lambda: home.status()["jobs"] == {"queued": 0, "running": 0})
    log = home.home.log.read_text()
    assert "Traceback" not in log
    assert " failed" not in log


@pytest.mark.slow
def test_a_daemon_that_is_sent_a_hundred_thousand_does_not_grow_and_nobody_waits(home: House) -> None:
    process = psutil.Process(home.pid())
    pour(home, 5_000, random.Random(6))
    before = process.memory_info().rss
    waited = pour(home, 100_000, random.Random(7))
    grown = process.memory_info().rss - before
    print(f"\nan honest client waited {1000 * max(waited):.0f} ms at most, memory {grown / 2**20:+.1f} MiB")
    assert max(waited) < LONGEST_S
    assert grown < GROWTH
