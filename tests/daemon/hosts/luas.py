"""Every Lua that a host may have, reading a file as a script does: with `loadfile`."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import Any

KINDS = ("luajit20", "luajit21", "lua51", "lua52", "lua53", "lua54")


@cache
def _module(kind: str) -> Any:
    return importlib.import_module(f"lupa.{kind}")


@cache
def _loader(kind: str) -> Any:
    runtime = _module(kind).LuaRuntime(encoding=None)
    return runtime.eval(
        b"function(path) local chunk, why = loadfile(path); if not chunk then error(why) end; "
        b"setfenv = setfenv or function() end; setfenv(chunk, {}); local value = chunk(); return type(value), value end"
    )


def load(path: Path, kind: str = "lua54") -> Any:
    """The value in a file: texts as bytes, tables as dictionaries."""
    return _plain(_loader(kind)(str(path).encode())[1], kind)


def _plain(value: Any, kind: str) -> Any:
    if _module(kind).lua_type(value) != "table":
        return value
    return {key: _plain(value[key], kind) for key in value}


def texts(value: Any) -> Any:
    """What was loaded, with texts as text and tables with the keys 1 to n as lists; an empty one is an empty list."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if not isinstance(value, dict):
        return value
    if set(value) == set(range(1, len(value) + 1)):
        return [texts(value[number]) for number in range(1, len(value) + 1)]
    return {texts(key): texts(each) for key, each in value.items()}
