"""Whatever bytes arrive: they are a request in order or a refusal in a sentence, in little time and little memory."""

from __future__ import annotations

import gc
import random
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon import wire
from daemon.protocol import MAX_ID, OPERATIONS, Asked, Refusal, parsed
from tests.daemon.asking import REQUESTS, frame

LONGEST_S = 0.05
"""Processor seconds that the worst message may take."""
GROWTH = 8 * 2**20
"""Bytes that a process may have grown by after any number of messages."""


def outcome(frames: list[bytes]) -> Asked | Refusal:
    """What comes of some frames; any other exception is a bug, and so is a refusal that cannot be told."""
    try:
        return parsed(frames)
    except Refusal as refusal:
        refused = refusal
    told = wire.unpacked(refused.answer())
    assert set(told) <= {"v", "re", "error", "protocols"}
    assert len(told["re"]) <= MAX_ID
    assert told["error"]["what"]
    assert str(refused).isprintable()
    assert len(str(refused)) < 500
    return refused


# --- hypothesis

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=30)
    | st.binary(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=15,
)
names = st.sampled_from(
    sorted({field.alias or name for model in OPERATIONS.values() for name, field in model.model_fields.items()})
)


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(OPERATIONS)), st.dictionaries(names, values, max_size=4))
def test_fields_of_any_type_are_taken_or_refused(op: str, wrong: dict[str, Any]) -> None:
    message = {"v": 1, "id": "r1", "op": op, **REQUESTS[op], **wrong}
    told = outcome([wire.packed(message)])
    assert told.id == "r1"


@settings(max_examples=800, deadline=None, derandomize=True)
@given(st.dictionaries(st.sampled_from(["v", "id", "op", "job"]) | st.text(max_size=5), values, max_size=6))
def test_maps_of_anything_are_taken_or_refused(message: dict[str, Any]) -> None:
    outcome([wire.packed(message)])


@settings(max_examples=800, deadline=None, derandomize=True)
@given(st.lists(st.binary(max_size=200), max_size=4))
def test_frames_of_anything_are_taken_or_refused(frames: list[bytes]) -> None:
    outcome(frames)


# --- mutations of what is in order

Mutation = Callable[[random.Random, bytes], list[bytes]]


def truncated(chance: random.Random, whole: bytes) -> list[bytes]:
    """The message breaks off."""
    return [whole[: chance.randrange(len(whole))]]


def extended(chance: random.Random, whole: bytes) -> list[bytes]:
    """Something follows the message, up to far more than is read."""
    return [whole + chance.randbytes(chance.choice([1, 10, 1_000, 66_000]))]


def flipped(chance: random.Random, whole: bytes) -> list[bytes]:
    """Some bits are not as they were sent."""
    damaged = bytearray(whole)
    for _ in range(chance.randint(1, 6)):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return [bytes(damaged)]


def spliced(chance: random.Random, whole: bytes) -> list[bytes]:
    """A piece of the message is replaced by a piece of another."""
    other = packed_request(chance)
    begin, end = sorted(chance.randrange(len(whole) + 1) for _ in range(2))
    first, last = sorted(chance.randrange(len(other) + 1) for _ in range(2))
    return [whole[:begin] + other[first:last] + whole[end:]]


def deep(chance: random.Random, whole: bytes) -> list[bytes]:
    """One more field, nested deep: within the limits, around them, or thousands of levels."""
    levels = chance.choice([6, 7, 8, 9, 100, 1_000, 1_024, 20_000])
    return [_with_field(whole, chance.choice([b"\x91", b"\x81\xa1a"]) * levels + b"\xc0")]


def claiming(chance: random.Random, whole: bytes) -> list[bytes]:
    """One more field that claims a length, up to four gigabytes, which it does not have."""
    kind = chance.choice([b"\xdb", b"\xc6", b"\xdd", b"\xdf", b"\xc9"])
    size = chance.choice([257, 65_535, 65_536, 2**20, 2**31 - 1, 2**32 - 1])
    return [_with_field(whole, (kind + size.to_bytes(4, "big")) * chance.choice([1, 1, 500]))]


def misspelt(chance: random.Random, whole: bytes) -> list[bytes]:
    """One more field whose text is not UTF-8."""
    text = chance.choice([b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf5\x80\x80\x80"])
    return [_with_field(whole, bytes([0xA0 | len(text)]) + text)]


def swollen(chance: random.Random, whole: bytes) -> list[bytes]:
    """One more field of as many small values as fit."""
    part = chance.choice([b"\x80", b"\x90", b"\x81\xa0\xc0", b"\xc0", b"\xca\x7f\xc0\x00\x00"])
    row = b"\xdc\x00\xfe" + part * 254
    rows = min(254, 64_000 // len(row))
    return [_with_field(whole, b"\xdc" + rows.to_bytes(2, "big") + row * rows)]


def mistyped(chance: random.Random, whole: bytes) -> list[bytes]:
    """A field has a value of another type."""
    message = wire.unpacked(whole)
    message[chance.choice(list(message))] = chance.choice(
        [
            None,
            True,
            -1,
            2**63,
            0.5,
            float("nan"),
            "",
            "x" * 20_000,
            b"x",
            [],
            [[]],
            {},
            {"a": 1},
            "\0",
            "/\0",
            "é" * 9_000,
        ]
    )
    return [wire.packed(message)]


def replayed(_: random.Random, whole: bytes) -> list[bytes]:
    """The same message again."""
    return [whole]


def accompanied(chance: random.Random, whole: bytes) -> list[bytes]:
    """More frames than belong to it."""
    return [whole, *(chance.randbytes(chance.randrange(50)) for _ in range(chance.randint(1, 3)))]


def random_bytes(chance: random.Random, _: bytes) -> list[bytes]:
    """No message at all."""
    return [chance.randbytes(chance.choice([0, 1, 5, 100, 5_000]))]


MUTATIONS: list[Mutation] = [
    truncated,
    extended,
    flipped,
    spliced,
    deep,
    claiming,
    misspelt,
    swollen,
    mistyped,
    replayed,
    accompanied,
    random_bytes,
]
ALWAYS_REFUSED = {truncated, extended, claiming, misspelt, swollen}
"""Mutations of which nothing in order can come."""


def packed_request(chance: random.Random) -> bytes:
    """A request that is in order."""
    op = chance.choice(list(REQUESTS))
    return frame(op, **REQUESTS[op])


def _with_field(whole: bytes, value: bytes) -> bytes:
    """A message with one field more; its map has fewer than 15."""
    return bytes([whole[0] + 1]) + whole[1:] + b"\xa1z" + value


def fuzzed(count: int, chance: random.Random) -> tuple[Counter[tuple[str, str]], float]:
    """Send so many mutated messages; what came of each mutation, and the longest time in processor seconds."""
    came: Counter[tuple[str, str]] = Counter()
    longest = 0.0
    for _ in range(count):
        mutation = chance.choice(MUTATIONS)
        whole = packed_request(chance)
        frames = mutation(chance, whole)
        started = time.thread_time()
        told = outcome(frames)
        longest = max(longest, time.thread_time() - started)
        came[mutation.__name__, type(told).__name__] += 1
        if mutation is replayed:
            assert told == parsed([whole])
        if mutation in ALWAYS_REFUSED:
            assert isinstance(told, Refusal), (mutation, frames[0][:200])
    return came, longest


def test_each_mutation_does_what_it_says() -> None:
    """Most break a message; a replay never does, and some leave messages that are still in order."""
    came, longest = fuzzed(4_000, random.Random(5))
    assert longest < LONGEST_S
    for mutation in MUTATIONS:
        name = mutation.__name__
        assert (came[name, "Refusal"] > 0) == (mutation is not replayed), name
        assert mutation in ALWAYS_REFUSED or mutation is random_bytes or came[name, "Asked"] > 0, name


def test_nothing_stays_in_memory_of_two_thousand_messages() -> None:
    fuzzed(500, random.Random(1))
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        fuzzed(2_000, random.Random(2))
        gc.collect()
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert now - before < 64 * 1024
    assert peak - before < GROWTH


@pytest.mark.slow
def test_a_hundred_thousand_messages_leave_nothing_behind() -> None:
    process = psutil.Process()
    fuzzed(5_000, random.Random(3))
    gc.collect()
    before = process.memory_info().rss
    came, longest = fuzzed(100_000, random.Random(4))
    gc.collect()
    grown = process.memory_info().rss - before
    print(f"\n{came.total()} messages, longest {longest * 1000:.1f} ms, memory {grown / 2**20:+.1f} MiB", dict(came))
    assert came.total() == 100_000
    assert longest < LONGEST_S
    assert grown < GROWTH
