"""Data that a host's script reads: a Lua table as text, which `loadfile` gives back and in which nothing can run.

A file of ours is one `return` and one literal, in ASCII: what is not a plain letter, digit or sign stands as `\\ddd`,
byte for byte of its UTF-8. Every Lua from 5.1 and LuaJIT to 5.4 reads it the same. Files are written beside their place
and renamed, so that a script never meets half of one.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.atomic import disk_errors, sync_folder

MAX_DEPTH = 100
"""Tables inside one another; Lua itself gives up at 200."""
MAX_TABLES = 60_000
"""Tables in one file: LuaJIT takes 65536 constants, and each table may be one."""
EXACT = 2**53
"""Whole numbers up to this are exact in every Lua; the older ones know doubles alone."""
PATIENCE_S = 3.0
"""How long a file is waited for that a reader holds, as on Windows."""
LOOK_S = 0.02
"""Between two tries."""
HELD_BY_READERS = os.name == "nt"
"""Whether the system lets nobody replace a file that somebody reads."""

_UNPRINTED = frozenset(b'"\\')


def literal(value: Any) -> bytes:
    """A value as a Lua expression.

    Args:
        value: texts, whole and other numbers, truth values, lists, and maps with texts as keys. None is left out of a
            map.

    Raises:
        ValueError: anything else: NaN, the infinities, whole numbers beyond 2^53, None in a list, too deep, too many.
    """
    parts: list[str] = []
    tables = [0]
    _write(value, parts, 0, tables)
    return "".join(parts).encode("ascii")


def _write(value: Any, parts: list[str], depth: int, tables: list[int]) -> None:
    """Add a value's text to the parts; counts the tables."""
    if value is None:
        parts.append("nil")
    elif isinstance(value, bool):
        parts.append("true" if value else "false")
    elif isinstance(value, str):
        parts.append(_quoted(value))
    elif isinstance(value, int | float):
        parts.append(_number(value))
    elif isinstance(value, Mapping | Sequence) and not isinstance(value, bytes | bytearray):
        tables[0] += 1
        if depth >= MAX_DEPTH or tables[0] > MAX_TABLES:
            raise ValueError("there are too many tables, or too many inside one another")
        parts.append("{")
        if isinstance(value, Mapping):
            _write_map(value, parts, depth + 1, tables)
        else:
            _write_list(value, parts, depth + 1, tables)
        parts.append("}")
    else:
        raise ValueError(f"{type(value).__name__} has no place in a Lua file")


def _write_map(value: Mapping[Any, Any], parts: list[str], depth: int, tables: list[int]) -> None:
    for key, each in value.items():
        if not isinstance(key, str):
            raise ValueError("the keys of a map must be texts")
        if each is not None:
            parts.append(f"[{_quoted(key)}]=")
            _write(each, parts, depth, tables)
            parts.append(",")


def _write_list(value: Sequence[Any], parts: list[str], depth: int, tables: list[int]) -> None:
    for each in value:
        if each is None:
            raise ValueError("a list must not hold nothing: its length would be unknown")
        _write(each, parts, depth, tables)
        parts.append(",")


def _number(value: int | float) -> str:
    """A number that reads as exactly the same one."""
    if isinstance(value, int):
        if abs(value) > EXACT:
            raise ValueError(f"{value} is not exact in every Lua")
        return str(int(value))
    if not math.isfinite(value):
        raise ValueError("a number must be finite")
    return repr(float(value))


def _quoted(text: str) -> str:
    """A text between quotes; nothing in it can end it. Bytes of file names that are no Unicode stay what they are."""
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "surrogatepass")
    written = (chr(byte) if 32 <= byte < 127 and byte not in _UNPRINTED else f"\\{byte:03d}" for byte in raw)
    return f'"{"".join(written)}"'


def write_lua(path: Path, value: Any, *, durable: bool = False) -> None:
    """Write a value for `loadfile`, whole or not at all.

    Args:
        path: its place; a file that is there is replaced.
        value: as `literal` takes it.
        durable: it must survive a power cut.

    Raises:
        ValueError: the value has no place in a Lua file.
        UnusableInput: the disk is full or the place cannot be written.
    """
    _replace(path, b"return " + literal(value) + b"\n", durable)


def write_json(path: Path, value: Any, *, durable: bool = False) -> None:
    """Write a value as JSON in ASCII, whole or not at all; raises as `write_lua` does."""
    _replace(path, json.dumps(value, allow_nan=False).encode() + b"\n", durable)


def _replace(path: Path, content: bytes, durable: bool) -> None:
    """Put a file in its place; where a reader holds the one that is there, as on Windows, wait for it a while."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    with disk_errors(path):
        try:
            with open(beside, "xb", opener=_private) as file:
                file.write(content)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            _rename(beside, path)
        except BaseException:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise
        if durable:
            sync_folder(path.parent)


def _private(name: str, flags: int) -> int:
    """Open a file of this user alone."""
    return os.open(name, flags, 0o600)


def _rename(beside: Path, path: Path) -> None:
    by = time.monotonic() + PATIENCE_S
    while True:
        try:
            beside.replace(path)
            return
        except PermissionError:
            if not HELD_BY_READERS or time.monotonic() > by:
                raise
            time.sleep(LOOK_S)
