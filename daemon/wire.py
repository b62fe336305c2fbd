"""Frames and maps: what travels over sockets and pipes, and how much of it at most.

Pure functions. Client, daemon and worker share them; the daemon reads a request frame only after CURVE has let its
sender in, and still believes nothing that the frame claims.

Conventions
    A message is a msgpack map with text keys; values are nil, booleans, integers, floats, UTF-8 text, bytes, lists and
    maps. Extension types are not used. A request is one frame `[map]` or two `[map, attachment]`, without an empty
    frame before it. On a pipe, a message has its length before it: four bytes, big-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import msgpack

PROTOCOL = 1
"""The version of the protocol that is spoken here (docs/protocol.md)."""
MAX_MAP = 65_536
"""Bytes of a request's map."""
MAX_ATTACHMENT = 64 * 2**20
"""Bytes of an attachment: the text of a timeline. It is never unpacked here."""
MAX_FRAMES = 2
"""Frames of a request: its map and an attachment."""
MAX_DEPTH = 8
"""Maps and lists inside one another in a request; the outermost map counts."""
MAX_ITEMS = 256
"""Items of one list, or keys of one map, in a request. Room for a list is taken as soon as its length is read: small
lengths keep a frame of nested claims small in memory."""
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
_EXTENSION = "The message holds an extension type; there are none here"
_SCALARS = frozenset({type(None), bool, int, float, str, bytes})


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
    Longer messages come from the daemon or its workers only; of them, bytes and depth are checked.

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
    from_client = limit <= MAX_MAP
    items = MAX_ITEMS if from_client else limit
    try:
        message = msgpack.unpackb(
            frame,
            max_array_len=items,
            max_map_len=items,
            max_str_len=limit,
            max_bin_len=limit,
            max_ext_len=limit,
        )
    except (ValueError, msgpack.UnpackException) as error:
        raise Malformed(_sentence(error, items)) from None
    if type(message) is not dict:
        raise Malformed("The message is not a map")
    _check(message, MAX_DEPTH if from_client else MAX_ANSWER_DEPTH, MAX_VALUES if from_client else limit)
    return message


def parted(frames: Sequence[bytes]) -> tuple[dict[str, Any], bytes | None]:
    """The map and the attachment of one request.

    Args:
        frames: the frames as they came, without the sender's identity.

    Raises:
        Malformed: too many frames, or none; one too long; a map that cannot be read; an attachment with nothing in it.
    """
    if not frames:
        raise Malformed("The message has no frame")
    if len(frames) > MAX_FRAMES:
        raise Malformed(f"The message has {len(frames)} frames; at most {MAX_FRAMES} are read: a map and an attachment")
    attachment = frames[1] if len(frames) > 1 else None
    if attachment is not None and not attachment:
        raise Malformed("The attachment is empty")
    if attachment is not None and len(attachment) > MAX_ATTACHMENT:
        raise Malformed(f"The attachment has {len(attachment)} bytes; at most {MAX_ATTACHMENT} are taken")
    return unpacked(frames[0]), attachment


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


def _sentence(error: Exception, items: int) -> str:
    """What msgpack found wrong, for people."""
    if isinstance(error, msgpack.StackError):
        return "The message is nested far too deep"
    if isinstance(error, msgpack.ExtraData):
        return "Something follows the map in the message"
    if isinstance(error, UnicodeDecodeError):
        return "A text in the message is not UTF-8"
    said = str(error)
    if "map key" in said:
        return "The keys of a map must be text"
    if "max_array_len" in said or "max_map_len" in said:
        return f"A list or map in the message claims more than {items} items"
    if "max_ext_len" in said:
        return _EXTENSION
    return "The message is truncated or is not msgpack"


def _check(message: dict[str, Any], depth: int, values: int) -> None:
    """Refuse what is too deep, too much, or no plain data; level by level, so that depth costs no stack."""
    level: list[Any] = [message]
    for _ in range(depth):
        inner = []
        for container in level:
            values -= len(container)
            if values < 0:
                raise Malformed("The message holds too many values")
            for part in _parts(container):
                kind = type(part)
                if kind is dict or kind is list:
                    inner.append(part)
                elif kind not in _SCALARS:
                    raise Malformed(_EXTENSION)
        if not inner:
            return
        level = inner
    raise Malformed(f"The message is nested deeper than {depth} levels")


def _parts(container: Any) -> Any:
    """The values in a list or a map, whose keys must be text."""
    if type(container) is list:
        return container
    if not all(type(key) is str for key in container):
        raise Malformed("The keys of a map must be text")
    return container.values()
