"""Frames and maps: everything within the limits comes through as it was, everything beyond is refused in a sentence."""

from __future__ import annotations

import gc
import io
import os
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon import wire
from daemon.wire import Malformed, packed, parted, pieces, read_pipe, unpacked, write_pipe

LARGEST_IN_MEMORY = 2 * 2**20
"""Bytes that a request of 64 KiB may take at most while it is read."""

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.binary(max_size=20)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
messages = st.dictionaries(st.text(max_size=8), values, max_size=6)


def nested(levels: int) -> bytes:
    """A map of so many levels, by hand: packers refuse to go deep."""
    return b"\x81\xa1a" * levels + b"\xc0"


@contextmanager
def traced() -> Iterator[Callable[[], int]]:
    """Gives what tells the most bytes that were held so far."""
    gc.collect()
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def depth(value: Any) -> int:
    """Maps and lists inside one another."""
    if not isinstance(value, dict | list):
        return 0
    return 1 + max((depth(part) for part in (value.values() if isinstance(value, dict) else value)), default=0)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(messages)
def test_what_is_packed_is_unpacked_the_same(message: dict[str, Any]) -> None:
    if depth(message) <= wire.MAX_DEPTH:
        assert unpacked(packed(message)) == message
    assert unpacked(packed(message), wire.MAX_ANSWER) == message


def test_other_msgpack_writers_are_understood() -> None:
    """The lengths of msgpack have several spellings; all of them are read."""
    assert unpacked(b"\xde\x00\x01\xd9\x01a\xcd\x00\x05") == {"a": 5}
    assert unpacked(b"\xdf\x00\x00\x00\x01\xda\x00\x01a\xcb" + struct.pack(">d", 2.5)) == {"a": 2.5}


# --- each limit: at it, and one beyond


def test_a_map_of_the_largest_size_is_read_and_one_byte_more_is_refused() -> None:
    frame = packed({"a": "x" * (wire.MAX_MAP - 6)})
    assert len(frame) == wire.MAX_MAP
    assert len(unpacked(frame)["a"]) > 65_000
    with pytest.raises(Malformed, match="has 65537 bytes; at most 65536"):
        unpacked(frame + b"\x00")


def test_an_answer_may_be_as_long_as_answers_are_allowed_to_be() -> None:
    frame = packed({"a": b"x" * (wire.MAX_ANSWER - 8)})
    assert len(frame) == wire.MAX_ANSWER
    assert len(unpacked(frame, wire.MAX_ANSWER)["a"]) == wire.MAX_ANSWER - 8
    with pytest.raises(Malformed, match="at most 67108864"):
        unpacked(frame + b"\x00", wire.MAX_ANSWER)


def test_a_request_may_be_eight_levels_deep_and_no_more() -> None:
    assert depth(unpacked(nested(wire.MAX_DEPTH))) == wire.MAX_DEPTH
    with pytest.raises(Malformed, match="deeper than 8 levels"):
        unpacked(nested(wire.MAX_DEPTH + 1))


def test_an_answer_may_be_thirty_two_levels_deep_and_no_more() -> None:
    assert depth(unpacked(nested(wire.MAX_ANSWER_DEPTH), wire.MAX_ANSWER)) == wire.MAX_ANSWER_DEPTH
    with pytest.raises(Malformed, match="deeper than 32 levels"):
        unpacked(nested(wire.MAX_ANSWER_DEPTH + 1), wire.MAX_ANSWER)


@pytest.mark.parametrize("levels", [1_000, 1_023, 1_024, 5_000, 20_000])
@pytest.mark.parametrize("limit", [wire.MAX_MAP, wire.MAX_ANSWER])
def test_no_depth_overflows_the_stack(levels: int, limit: int) -> None:
    for opening in (b"\x81\xa1a", b"\x91"):
        with pytest.raises(Malformed, match=r"nested|not a map"):
            unpacked(b"\x81\xa1a" + opening * levels + b"\xc0", limit)


def test_a_list_may_have_so_many_items_and_no_more() -> None:
    assert len(unpacked(packed({"a": [1] * wire.MAX_ITEMS}))["a"]) == wire.MAX_ITEMS
    with pytest.raises(Malformed, match="more than 256 items"):
        unpacked(packed({"a": [1] * (wire.MAX_ITEMS + 1)}))


def test_a_map_may_have_so_many_keys_and_no_more() -> None:
    keys = {str(number): 1 for number in range(wire.MAX_ITEMS)}
    assert unpacked(packed(keys)) == keys
    with pytest.raises(Malformed, match="more than 256 items"):
        unpacked(packed({**keys, "one more": 1}))


def test_a_request_may_hold_so_many_values_and_no_more() -> None:
    rows = wire.MAX_VALUES // 256
    lists = {str(row): [0] * 255 for row in range(rows)}
    assert sum(len(row) for row in lists.values()) + rows == wire.MAX_VALUES
    assert unpacked(packed(lists)) == lists
    with pytest.raises(Malformed, match="too many values"):
        unpacked(packed({**lists, "one more": 0}))


def test_an_answer_may_hold_more_values_than_a_request() -> None:
    jobs = {"jobs": [{"id": str(number), "progress": 0.5, "words": ["a"] * 300} for number in range(1000)]}
    assert unpacked(packed(jobs), wire.MAX_ANSWER) == jobs


def test_a_request_is_a_map_and_the_pieces_of_an_attachment() -> None:
    one = packed({"a": 1})
    assert parted([one]) == ({"a": 1}, None)
    assert parted([one, b"text"]) == ({"a": 1}, b"text")
    assert parted([one, b"te", b"xt"]) == ({"a": 1}, b"text")
    with pytest.raises(Malformed, match="no frame"):
        parted([])


def test_an_attachment_of_the_largest_size_is_taken_and_one_byte_more_is_refused() -> None:
    one = packed({"a": 1})
    attachment = bytes(wire.MAX_ATTACHMENT)
    assert len([one, *pieces(attachment)]) == wire.MAX_FRAMES
    assert parted([one, *pieces(attachment)])[1] == attachment
    with pytest.raises(Malformed, match="has 258 frames; at most 257"):
        parted([one, *pieces(attachment + b"!")])


def test_a_frame_of_the_largest_size_is_taken_and_one_byte_more_is_refused() -> None:
    one = packed({"a": 1})
    assert parted([one, bytes(wire.MAX_FRAME)])[1] == bytes(wire.MAX_FRAME)
    with pytest.raises(Malformed, match="has 262145 bytes; at most 262144"):
        parted([one, bytes(wire.MAX_FRAME + 1)])


def test_an_empty_piece_is_refused() -> None:
    with pytest.raises(Malformed, match="piece of the attachment is empty"):
        parted([packed({"a": 1}), b"text", b""])


def test_the_empty_frame_of_a_req_socket_is_explained() -> None:
    with pytest.raises(Malformed, match="DEALER"):
        parted([b"", packed({"a": 1})])


# --- what does not belong in a message


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (b"\x93\x01\x02\x03", "not a map"),
        (b"\xc0", "not a map"),
        (b"\x81\x01\x02", "keys of a map must be text"),
        (b"\x81\xc4\x01a\x02", "keys of a map must be text"),
        (b"\x81\xa1a\x81\xc4\x01b\x02", "keys of a map must be text"),
        (b"\x81\x90\x02", "keys of a map must be text"),
        (b"\x81\xa1a\xd6\xff\x00\x00\x00\x00", "extension type"),
        (b"\x81\xa1a\xc7\x00\x05", "extension type"),
        (b"\x81\xa1a\xd4\x05x", "extension type"),
        (b"\x81\xa1a\x91\xd4\x05x", "extension type"),
        (b"\x81\xa1a\xa2\xff\xfe", "not UTF-8"),
        (b"\x81\xa1a\xa3\xed\xa0\x80", "not UTF-8"),
        (b"\x81\xa1\xff\x01", "not UTF-8"),
        (b"\x81\xa1a\x01\x02", "follows the map"),
        (b"\x81\xa1a", "truncated"),
        (b"\x81", "truncated"),
        (b"\x81\xa1a\xc1", "not msgpack"),
        (b"\x80\x04\x95", "follows the map"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "not a map"),
        (b"\x81\xa1a\xdd\xff\xff\xff\xff", "more than 256 items"),
        (b"\x81\xa1a\xdf\xff\xff\xff\xff", "more than 256 items"),
        (b"\x81\xa1a\xdb\xff\xff\xff\xff", "truncated"),
        (b"\x81\xa1a\xc6\xff\xff\xff\xff", "truncated"),
        (b"\x81\xa1a\xc9\xff\xff\xff\xff\x05", "extension type"),
    ],
)
def test_what_does_not_belong_in_a_message_is_refused_in_a_sentence(frame: bytes, sentence: str) -> None:
    with pytest.raises(Malformed, match=sentence):
        unpacked(frame)


def test_the_key_that_comes_last_counts() -> None:
    assert unpacked(b"\x82\xa1a\x01\xa1a\x02") == {"a": 2}


WITHIN = ("maps of one key, just within the limits", "wide characters")
"""Bombs that are read."""


def bombs() -> Iterator[tuple[str, bytes]]:
    """Frames of a request's size that want to become large, each in its own way."""
    head = b"\x81\xa1a"
    yield "empty maps in lists", head + b"\xdc\x00\xfe" + (b"\xdc\x00\xfe" + b"\x80" * 254) * 254
    yield "empty lists in lists", head + b"\xdc\x00\xfe" + (b"\xdc\x00\xfe" + b"\x90" * 254) * 254
    yield "maps of one key in lists", head + b"\xdc\x00\x50" + (b"\xdc\x00\xfe" + b"\x81\xa0\xc0" * 254) * 80
    yield "room claimed at every level", head + b"\xdc\x01\x00" * 1_000
    yield "keys claimed at every level", b"\xde\x01\x00\xa1a" * 1_000
    yield "more room claimed than there are bytes", head + b"\xdd\x00\x00\xff\xff" * 1_000
    yield "as deep as it goes", nested(21_000)
    yield "integers of nine bytes", head + b"\xdc\x00\xff" + b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff" * 7_000
    yield "maps of one key, just within the limits", head + b"\xdc\x00\xf0" + (b"\x98" + b"\x81\xa0\xc0" * 8) * 240
    yield "wide characters", head + b"\xda\xfa\x00" + ("\U0001f3b5" * 16_000).encode()


@pytest.mark.parametrize(("name", "frame"), list(bombs()), ids=[name for name, _ in bombs()])
def test_a_small_frame_never_becomes_large(name: str, frame: bytes) -> None:
    assert len(frame) <= wire.MAX_MAP
    with traced() as peak:
        try:
            unpacked(frame)
        except Malformed:
            assert name not in WITHIN
        else:
            assert name in WITHIN
        assert peak() < LARGEST_IN_MEMORY, f"{peak() / 2**20:.1f} MiB"


@pytest.mark.parametrize(("name", "frame"), list(bombs()), ids=[name for name, _ in bombs()])
def test_the_worst_frames_cost_milliseconds(name: str, frame: bytes) -> None:
    started = time.process_time()
    for _ in range(10):
        try:
            unpacked(frame)
        except Malformed:
            continue
    assert (time.process_time() - started) / 10 < 0.05, name


def test_text_that_is_not_unicode_is_refused_or_escaped() -> None:
    name = os.fsdecode(b"caf\xe9.otio") if os.name != "nt" else "caf\udce9.otio"
    with pytest.raises(Malformed, match="not Unicode"):
        packed({"timeline": name})
    assert unpacked(packed({"timeline": name}, "backslashreplace")) == {"timeline": "caf\\udce9.otio"}


def test_numbers_beyond_64_bits_are_refused() -> None:
    assert unpacked(packed({"a": 2**64 - 1})) == {"a": 2**64 - 1}
    with pytest.raises(Malformed, match="cannot be packed"):
        packed({"a": 2**64})


def test_a_message_that_holds_itself_is_refused() -> None:
    loop: dict[str, Any] = {}
    loop["again"] = loop
    with pytest.raises(Malformed, match="cannot be packed"):
        packed(loop)


# --- fuzz


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(st.binary(max_size=300))
def test_random_bytes_are_read_or_refused_in_a_sentence(frame: bytes) -> None:
    for limit in (wire.MAX_MAP, wire.MAX_ANSWER):
        refused = "Read"
        try:
            assert isinstance(unpacked(frame, limit), dict)
        except Malformed as error:
            refused = str(error)
        assert refused[0].isupper()
        assert refused.isprintable()


def is_plain(value: Any) -> bool:
    """Whether msgpack's own reader has found what may stand in a message."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(part) for key, part in value.items())
    if isinstance(value, list):
        return all(is_plain(part) for part in value)
    return value is None or isinstance(value, bool | int | float | str | bytes)


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(messages, st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=3))
def test_what_msgpack_reads_is_read_and_nothing_else(message: dict[str, Any], damage: list[tuple[int, int]]) -> None:
    """The walk over a frame agrees with msgpack's own reader on each byte that there is."""
    frame = bytearray(packed(message))
    for at, byte in damage:
        frame[at % len(frame)] = byte
    try:
        expected = msgpack.unpackb(bytes(frame), strict_map_key=False)
    except (ValueError, TypeError):  # TypeError: a list as a key
        expected = None
    if isinstance(expected, dict) and is_plain(expected):
        assert repr(unpacked(bytes(frame), wire.MAX_ANSWER)) == repr(expected)
    else:
        with pytest.raises(Malformed):
            unpacked(bytes(frame), wire.MAX_ANSWER)


# --- pipes


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(messages, max_size=5))
def test_messages_come_out_of_a_pipe_as_they_went_in(sent: list[dict[str, Any]]) -> None:
    pipe = io.BytesIO()
    for message in sent:
        write_pipe(pipe, message)
    pipe.seek(0)
    assert list(iter(lambda: read_pipe(pipe), None)) == sent


@settings(max_examples=200, deadline=None, derandomize=True)
@given(messages, st.data())
def test_a_pipe_that_ends_inside_a_message_says_so(message: dict[str, Any], data: st.DataObject) -> None:
    pipe = io.BytesIO()
    write_pipe(pipe, message)
    cut = data.draw(st.integers(1, len(pipe.getvalue()) - 1))
    with pytest.raises(Malformed, match="ended inside a message"):
        read_pipe(io.BytesIO(pipe.getvalue()[:cut]))


def test_an_attachment_of_the_largest_size_goes_through_a_pipe() -> None:
    pipe = io.BytesIO()
    write_pipe(pipe, {"do": "start", "attachment": bytes(wire.MAX_ATTACHMENT), "request": {"prompt": "x" * 60_000}})
    pipe.seek(0)
    message = read_pipe(pipe)
    assert message is not None
    assert len(message["attachment"]) == wire.MAX_ATTACHMENT


def test_a_pipe_takes_so_many_bytes_and_no_more() -> None:
    pipe = io.BytesIO()
    write_pipe(pipe, {"a": bytes(wire.MAX_PIPE - 8)})
    assert len(pipe.getvalue()) == 4 + wire.MAX_PIPE
    pipe.seek(0)
    assert read_pipe(pipe) == {"a": bytes(wire.MAX_PIPE - 8)}
    nothing = io.BytesIO()
    with pytest.raises(Malformed, match="go through a pipe"):
        write_pipe(nothing, {"a": bytes(wire.MAX_PIPE - 7)})
    assert nothing.getvalue() == b""


@pytest.mark.parametrize("claim", [wire.MAX_PIPE + 1, 2**32 - 1])
def test_a_pipe_that_claims_more_is_not_read(claim: int) -> None:
    with traced() as peak:
        with pytest.raises(Malformed, match=f"announces a message of {claim} bytes"):
            read_pipe(io.BytesIO(struct.pack(">I", claim) + b"\x80"))
        assert peak() < 2**20


def test_an_unbuffered_pipe_gives_whole_messages_too() -> None:
    """A pipe of the system gives what is there; a message larger than its buffer comes in pieces."""
    reading, writing = os.pipe()
    message = {"text": "x" * 1_000_000}

    def write() -> None:
        with open(writing, "wb") as file:  # noqa: PTH123 - a descriptor
            write_pipe(file, message)

    thread = threading.Thread(target=write)
    thread.start()
    with open(reading, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor
        assert read_pipe(file) == message
        assert read_pipe(file) is None
    thread.join()


def test_threads_that_share_a_pipe_do_not_cut_into_each_other() -> None:
    reading, writing = os.pipe()
    with open(writing, "wb") as shared:  # noqa: PTH123 - a descriptor

        def write(number: int) -> None:
            for count in range(50):
                write_pipe(shared, {"from": number, "count": count, "text": "x" * 3_000})

        received: list[dict[str, Any]] = []

        def read() -> None:
            with open(reading, "rb") as file:  # noqa: PTH123 - a descriptor
                received.extend(iter(lambda: read_pipe(file), None))

        reader = threading.Thread(target=read)
        writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for thread in (reader, *writers):
            thread.start()
        for thread in writers:
            thread.join()
    reader.join()
    for number in range(4):
        assert [message["count"] for message in received if message["from"] == number] == list(range(50))


def test_the_wire_is_imported_without_pydantic_and_numpy() -> None:
    """Clients start in a blink."""
    code = (
        "import sys, daemon.wire; print([name for name in ('pydantic', 'numpy', 'zmq', 'core') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_msgpack_is_new_enough_for_what_is_relied_on() -> None:
    """Before 1.2.1, depth, keys and reuse after an error were not safe."""
    assert msgpack.version >= (1, 2, 1)
