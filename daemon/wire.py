"""Frames and maps: what travels over sockets and pipes, and how much of it at most.

Pure functions. Client, daemon and worker share them; the daemon reads a request frame only after CURVE has let its
sender in, and still believes nothing that the frame claims.

Conventions
    A message is a msgpack map with text keys; values are nil, booleans, integers, floats, UTF-8 text, bytes, lists and
    maps. Extension types are not used. A request is `[map]`, or `[map, piece, piece, …]` with an attachment cut into
    frames, without an empty frame before it. On a pipe, a message has its length before it: four bytes, big-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any, BinaryIO

import msgpack

PROTOCOL = 1
"""The version of the protocol that is spoken here (docs/protocol.md)."""
MAX_MAP = 65_536
"""Bytes of a request's map."""
MAX_ATTACHMENT = 64 * 2**20
"""Bytes of an attachment: the text of a timeline. It is never unpacked here."""
MAX_FRAME = 256 * 2**10
"""Bytes of one frame that a client sends. Whoever claims more is cut off before room is made for it, also before it
has proved who it is: what strangers can make the daemon hold is small."""
MAX_FRAMES = 1 + MAX_ATTACHMENT // MAX_FRAME
"""Frames of a request: its map and the pieces of an attachment."""
MAX_DEPTH = 8
"""Maps and lists inside one another in a request; the outermost map counts."""
MAX_ITEMS = 256
"""Items of one list, or keys of one map, in a request."""
MAX_VALUES = 4_096
"""Values in a whole request: what reading and checking it can cost."""
MAX_ANSWER = 64 * 2**20
"""Bytes of an answer or an event."""
MAX_ANSWER_DEPTH = 32
"""Maps and lists inside one another in an answer, an event or a message on a pipe."""
MAX_PIPE = MAX_ATTACHMENT + 2**20
"""Bytes of a message on a pipe: an attachment fits, with what belongs to it."""

HEARTBEAT_S = 1.0
"""A client that waits says so this often, in seconds: with `ping`, or by asking `follow` again."""
LIVENESS_S = 5.0
"""A client gives a daemon up that was silent for so many seconds."""
CLIENT_GONE_S = 15.0
"""The daemon forgets a follower who was silent for so many seconds; its job goes on."""

_LENGTH = struct.Struct(">I")
_TRUNCATED = "The message is truncated"


class _Kind(Enum):
    """What a value is, by the first byte of it."""

    SCALAR = auto()
    TEXT = auto()
    BYTES = auto()
    LIST = auto()
    MAP = auto()
    EXTENSION = auto()
    NONE = auto()


def _heads() -> tuple[tuple[_Kind, int, int], ...]:
    """For each first byte of a value: its kind, the bytes of the count that follows, and the count where none does.

    The count is that of a list's items, of a map's keys, or of the bytes that the value goes on for (msgpack's
    specification, "Formats").
    """
    heads = [(_Kind.SCALAR, 0, 0)] * 128
    heads += [(_Kind.MAP, 0, count) for count in range(16)]
    heads += [(_Kind.LIST, 0, count) for count in range(16)]
    heads += [(_Kind.TEXT, 0, count) for count in range(32)]
    heads += [(_Kind.SCALAR, 0, 0), (_Kind.NONE, 0, 0), (_Kind.SCALAR, 0, 0), (_Kind.SCALAR, 0, 0)]
    heads += [(_Kind.BYTES, width, 0) for width in (1, 2, 4)]
    heads += [(_Kind.EXTENSION, width, 0) for width in (1, 2, 4)]
    heads += [(_Kind.SCALAR, 0, size) for size in (4, 8, 1, 2, 4, 8, 1, 2, 4, 8)]
    heads += [(_Kind.EXTENSION, 0, 1 + size) for size in (1, 2, 4, 8, 16)]
    heads += [(_Kind.TEXT, width, 0) for width in (1, 2, 4)]
    heads += [(_Kind.LIST, width, 0) for width in (2, 4)]
    heads += [(_Kind.MAP, width, 0) for width in (2, 4)]
    heads += [(_Kind.SCALAR, 0, 0)] * 32
    return tuple(heads)


_HEADS = _heads()


class Malformed(ValueError):
    """A message that cannot be read, or may not be sent; its text is one sentence."""


def packed(message: Mapping[str, Any], errors: str = "strict") -> bytes:
    """A message as the bytes of one frame.

    Args:
        message: the map.
        errors: what becomes of characters that UTF-8 does not have (of file names, mostly): "strict" refuses them,
            "backslashreplace" writes them as escapes.

    Raises:
        Malformed: a text is not Unicode, a number needs more than 64 bits, or the nesting has no end.
    """
    try:
        frame: bytes = msgpack.packb(dict(message), unicode_errors=errors)
    except UnicodeEncodeError as error:
        raise Malformed(f"The text {error.object[:60]!r} holds characters that are not Unicode") from None
    except (ValueError, OverflowError) as error:
        raise Malformed(f"The message cannot be packed: {error}") from None
    return frame


def unpacked(frame: bytes, limit: int = MAX_MAP) -> dict[str, Any]:
    """The map in one frame.

    With the limit of a request or a smaller one the counts of a request hold (`MAX_DEPTH`, `MAX_ITEMS`, `MAX_VALUES`).
    Longer messages come from the daemon or its workers only; of them, bytes and depth are bounded.

    Args:
        frame: the bytes of the frame.
        limit: how many bytes it may have.

    Raises:
        Malformed: the frame is too long, truncated, damaged, not a map, or holds what does not belong in a message.
    """
    if len(frame) > limit:
        raise Malformed(f"The message has {len(frame)} bytes; at most {limit} are read")
    if not frame:
        raise Malformed("The message is empty; a map belongs there (a DEALER socket sends no empty frame before it)")
    if limit <= MAX_MAP:
        _survey(frame, MAX_DEPTH, MAX_ITEMS, MAX_VALUES)
    else:
        _survey(frame, MAX_ANSWER_DEPTH, limit, limit)
    try:
        message: dict[str, Any] = msgpack.unpackb(frame)
    except UnicodeDecodeError:
        raise Malformed("A text in the message is not UTF-8") from None
    return message


def pieces(attachment: bytes) -> list[bytes]:
    """An attachment as the frames that follow a request's map, each of `MAX_FRAME` bytes but the last."""
    return [attachment[start : start + MAX_FRAME] for start in range(0, len(attachment), MAX_FRAME)]


def parted(frames: Sequence[bytes]) -> tuple[dict[str, Any], bytes | None]:
    """The map and the attachment of one request.

    Args:
        frames: the frames as they came, without the sender's identity.

    Raises:
        Malformed: too many frames, or none; one empty or too long; a map that cannot be read.
    """
    if not frames:
        raise Malformed("The message has no frame")
    if len(frames) > MAX_FRAMES:
        raise Malformed(f"The message has {len(frames)} frames; at most {MAX_FRAMES} are read")
    longest = max(map(len, frames))
    if longest > MAX_FRAME:
        raise Malformed(f"A frame has {longest} bytes; at most {MAX_FRAME} are taken: send the attachment in pieces")
    if not all(frames[1:]):
        raise Malformed("A piece of the attachment is empty")
    return unpacked(frames[0]), b"".join(frames[1:]) if len(frames) > 1 else None


def write_pipe(file: BinaryIO, message: Mapping[str, Any]) -> None:
    """Write a message to a buffered pipe, with its length before it, and flush.

    It is one call of `write`, so that threads which share the pipe do not cut into each other's messages.

    Raises:
        Malformed: the message is longer than `MAX_PIPE`, or cannot be packed; nothing was written.
    """
    body = packed(message, "backslashreplace")
    if len(body) > MAX_PIPE:
        raise Malformed(f"The message has {len(body)} bytes; at most {MAX_PIPE} go through a pipe")
    file.write(_LENGTH.pack(len(body)) + body)
    file.flush()


def read_pipe(file: BinaryIO) -> dict[str, Any] | None:
    """The next message of a pipe, or None at its end.

    Raises:
        Malformed: the pipe ended inside a message, or holds what is none; there is no going on after that.
    """
    length = _exactly(file, _LENGTH.size)
    if not length:
        return None
    if len(length) < _LENGTH.size:
        raise Malformed("The pipe ended inside a message")
    (size,) = _LENGTH.unpack(length)
    if size > MAX_PIPE:
        raise Malformed(f"The pipe announces a message of {size} bytes; at most {MAX_PIPE} are read")
    body = _exactly(file, size)
    if len(body) < size:
        raise Malformed("The pipe ended inside a message")
    return unpacked(body, MAX_PIPE)


def _exactly(file: BinaryIO, size: int) -> bytes:
    """So many bytes, or fewer at the end of the stream; an unbuffered pipe gives them in pieces."""
    data = file.read(size)
    while len(data) < size:
        more = file.read(size - len(data))
        if not more:
            break
        data += more
    return data


def _survey(frame: bytes, depth: int, items: int, values: int) -> None:
    """Walk over a frame from head to head, before anything is built of it, and refuse what is beyond the limits.

    A frame of nested claims or of thousands of empty maps would cost memory and a good part of a second to unpack; the
    walk ends as soon as it has seen too much, and depth costs it no stack.

    Args:
        frame: the bytes, at least one.
        depth: lists and maps inside one another.
        items: items of one list, or keys of one map.
        values: values in all lists and maps together.

    Raises:
        Malformed: the frame is not one whole map within the limits.
    """
    if _HEADS[frame[0]][0] is not _Kind.MAP:
        raise Malformed("The message is not a map")
    at, end = 0, len(frame)
    waiting, in_map = [1], [False]  # values still to come, keys included, of each list or map that is open
    while waiting:
        if not waiting[-1]:
            waiting.pop()
            in_map.pop()
            continue
        is_key = in_map[-1] and waiting[-1] % 2 == 0
        waiting[-1] -= 1
        if at >= end:
            raise Malformed(_TRUNCATED)
        kind, width, count = _HEADS[frame[at]]
        at += 1
        if width:
            count = int.from_bytes(frame[at : at + width], "big")
            at += width
        if is_key and kind is not _Kind.TEXT:
            raise Malformed("The keys of a map must be text")
        if kind is _Kind.LIST or kind is _Kind.MAP:
            values -= count
            if count > items:
                raise Malformed(f"A list or map in the message has more than {items} items")
            if values < 0:
                raise Malformed("The message holds too many values")
            if len(waiting) > depth:
                raise Malformed(f"The message is nested deeper than {depth} levels")
            waiting.append(2 * count if kind is _Kind.MAP else count)
            in_map.append(kind is _Kind.MAP)
        elif kind is _Kind.EXTENSION:
            raise Malformed("The message holds an extension type; there are none here")
        elif kind is _Kind.NONE:
            raise Malformed("The message is not msgpack")
        else:
            at += count
        if at > end:
            raise Malformed(_TRUNCATED)
    if at < end:
        raise Malformed("Something follows the map in the message")
