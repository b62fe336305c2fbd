"""Scripts in real Lua interpreters, with Python objects as their host.

Conventions
    Strings are bytes in Lua. They reach Python as text (UTF-8; bytes that are none survive as surrogates) and come back
    as the same bytes. A table with the keys 1 to n is a list, any other a dictionary; an empty one is an empty list.
    Lists and dictionaries become a fresh table at each crossing. A tuple is several return values.
    An object wrapped in `Exposed` answers methods called with `:`; an attribute it does not have is nil.
    Any other Python object is opaque userdata: it can be kept, compared and handed back, nothing else.
    What Python raises inside a call arrives in the script as a Lua error with a message.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

KINDS = ("luajit20", "luajit21", "lua51", "lua52", "lua53", "lua54")
STEP = 1000
"""Lua instructions between two looks at the counter: the grain of `Interpreter.steps`."""

_PRELUDE = b"""
local unpack, select, error, type, rawset = table.unpack or unpack, select, error, type, rawset
local getinfo, sethook = debug.getinfo, debug.sethook
local jit, load = rawget(_G, "jit"), rawget(_G, "loadstring") or load
local spent = 0
local tools = {}

local function finish(ok, ...)
  if ok then return ... end
  error((...), 3)
end

-- The host's side of a call: what the script did since the last one is told first, then the arguments and their number.
-- A call that is the script's own work (reading a clock) does not end its step.
function tools.wrap(call, own)
  return function(...)
    if own then return finish(call(-1, select("#", ...), ...)) end
    local before = spent
    spent = 0
    return finish(call(before, select("#", ...), ...))
  end
end

-- What indexing an object gives: a field as it is, a method as a function.
function tools.objects(sample, get, set)
  local meta = debug.getmetatable(sample)
  local function reach(ok, method, value)
    if not ok then error(method, 3) end
    if method then return tools.wrap(value) end
    return value
  end
  meta.__index = function(object, name) return reach(get(object, name)) end
  meta.__newindex = function(object, name, value) finish(set(object, name, value)) end
end

function tools.count(step)
  if jit then jit.off() end
  sethook(function() spent = spent + step end, "", step)
end

function tools.stop()
  sethook()
  local rest = spent
  spent = 0
  return rest
end

-- Reading a global that nobody set is an error, and so is setting one anywhere but in a main chunk.
function tools.strict(globals)
  local declared = {}
  setmetatable(globals, {
    __newindex = function(t, name, value)
      local caller = getinfo(2, "S")
      local what = caller and caller.what or "C"
      if not declared[name] and what ~= "main" and what ~= "C" then
        error("assign to undeclared variable '" .. tostring(name) .. "'", 2)
      end
      declared[name] = true
      rawset(t, name, value)
    end,
    __index = function(_, name)
      if not declared[name] then error("variable '" .. tostring(name) .. "' is not declared", 2) end
    end,
  })
end

-- What is held here is never collected.
local held = {}
function tools.hold(object) held[object] = true end

function tools.load(code, name)
  return load(code, name)
end

local handler = debug.traceback
function tools.run(chunk, ...)
  local arguments, n = {...}, select("#", ...)
  return xpcall(function() return chunk(unpack(arguments, 1, n)) end, function(message)
    if type(message) == "string" then return handler(message, 2) end
    return message
  end)
end

return tools
"""


class Exposed:
    """A Python object as scripts see it: an object whose methods are called with `:`."""

    __slots__ = ("__weakref__", "target")

    def __init__(self, target: object) -> None:
        self.target = target


class ScriptError(Exception):
    """A script ended with an error: the message and its Lua traceback."""


class Interpreter:
    """One Lua state.

    Args:
        kind: one of `KINDS`.
        removed: globals that the script shall not find, dotted ("os.execute").
        strict: reading a global that was never set is an error, as in hosts with strict globals.
        counting: count the script's instructions between host calls; LuaJIT then interprets.
        expose: which Python objects are given to Lua as objects with methods.
        encoding: of texts on their way to Lua ("cp1252" for hosts that hand out code-page bytes).

    Attributes:
        steps: instructions the script spent before each host call, and after the last one (see `STEP`).
        wrong_use: sentences about methods called without `:`.
    """

    def __init__(
        self,
        kind: str = "luajit21",
        *,
        removed: Iterable[str] = (),
        strict: bool = False,
        counting: bool = False,
        expose: Callable[[object], bool] = lambda _: False,
        encoding: str = "utf-8",
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"{kind} is no Lua of these: {', '.join(KINDS)}")
        self.kind = kind
        self.steps: list[int] = []
        self.wrong_use: list[str] = []
        self._expose = expose
        self._held: dict[int, object] = {}
        self._methods: dict[tuple[int, str], object] = {}
        self._encoding = encoding
        self._known: WeakValueDictionary[int, Exposed] = WeakValueDictionary()
        self._strict = strict
        self._counting = counting
        module = importlib.import_module(f"lupa.{kind}")
        self.runtime = module.LuaRuntime(
            encoding=None,
            register_eval=False,
            register_builtins=False,
            unpack_returned_tuples=True,
        )
        self._table_type = type(self.runtime.table())
        self._type_of = module.lua_type
        self._tools = self.runtime.execute(_PRELUDE)
        self._tools[b"objects"](self._hold(Exposed(self)), self._hold(self._get), self._hold(self._set))
        for name in ("python", *removed):
            self.remove(name)

    def remove(self, dotted: str) -> None:
        """Take a global, or a field of one, away."""
        *path, last = dotted.encode().split(b".")
        table = self.runtime.globals()
        for name in path:
            table = table[name] if table is not None else None
        if table is not None:
            table[last] = None

    def set(self, dotted: str, value: object, *, own: bool = False) -> None:
        """Set a global, or a field of one; `own` as for `function`."""
        *path, last = dotted.encode().split(b".")
        table = self.runtime.globals()
        for name in path:
            table = table[name]
        table[last] = self.function(value, own=True) if own and callable(value) else self.to_lua(value)

    def run(self, source: Path | str, *arguments: object) -> Any:
        """Run a file, or text, as a main chunk and give what it returns (a tuple where it returns several values).

        Raises:
            ScriptError: the chunk does not compile, or ended with an error.
        """
        code, name = (source.read_bytes(), f"@{source}") if isinstance(source, Path) else (source.encode(), "=text")
        loaded = self._tools[b"load"](code, name.encode())
        if isinstance(loaded, tuple):
            raise ScriptError(self.to_python(loaded[1]))
        if self._strict:
            self._tools[b"strict"](self.runtime.globals())
            self._strict = False
        if self._counting:
            self._tools[b"count"](STEP)
        try:
            answer = self._tools[b"run"](loaded, *map(self.to_lua, arguments))
        finally:
            if self._counting:
                self.steps.append(self._tools[b"stop"]())
        ok, *values = answer if isinstance(answer, tuple) else (answer,)
        if not ok:
            raise ScriptError(str(self.to_python(values[0])))
        told = tuple(self.to_python(value) for value in values)
        return told[0] if len(told) == 1 else told or None

    def function(self, call: Callable[..., object], *, own: bool = False) -> Any:
        """A Lua function that calls Python: arguments and results are converted, errors carried.

        `own`: it counts as the script's own work, as reading a clock does, and ends none of its steps.
        """
        return self._tools[b"wrap"](self._hold(self._entered(call)), own)

    def _entered(self, call: Callable[..., object]) -> Callable[..., tuple[object, ...]]:
        def entered(before: int, count: int, *arguments: Any) -> tuple[object, ...]:
            if self._counting and before >= 0:
                self.steps.append(before)
            given = [self.to_python(value) for value in arguments[:count]]
            try:
                answer = call(*given)
            except Exception as error:
                return False, self.to_lua(str(error) or type(error).__name__)
            values = answer if isinstance(answer, tuple) else (answer,)
            return True, *map(self.to_lua, values)

        return entered

    def to_lua(self, value: object) -> Any:
        """The value as Lua holds it."""
        if value is None or isinstance(value, (bool, int, float, bytes)):
            return value
        if isinstance(value, Exposed):
            return self._hold(self._known.setdefault(id(value.target), value))
        if isinstance(value, str):
            return self._bytes(value)
        if isinstance(value, Mapping):
            table = self.runtime.table()
            for key, item in value.items():
                table[self.to_lua(key)] = self.to_lua(item)
            return table
        if isinstance(value, (list, tuple)):
            return self.runtime.table(*map(self.to_lua, value))
        if isinstance(value, LuaFunction):
            return value.function
        if self._expose(value):
            return self.to_lua(Exposed(value))
        return self.function(value) if callable(value) else self._hold(value)

    def _hold(self, value: object) -> object:
        """Keep an object, and what Lua knows it by, as long as the interpreter lives.

        Once Lua has collected the userdata of an object, lupa 2.8 may take another object's for it.
        """
        if id(value) not in self._held:
            self._held[id(value)] = value
            self._tools[b"hold"](value)
        return value

    def _bytes(self, text: str) -> bytes:
        if self._encoding == "utf-8":
            return text.encode("utf-8", "surrogateescape")
        return text.encode(self._encoding, "replace")

    def to_python(self, value: Any) -> Any:
        """The value as Python holds it."""
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, bytes):
            return value.decode("utf-8", "surrogateescape")
        if isinstance(value, Exposed):
            return value.target
        if isinstance(value, self._table_type):
            items = {self.to_python(key): self.to_python(item) for key, item in value.items()}
            if all(number in items for number in range(1, len(items) + 1)):
                return [items[number] for number in range(1, len(items) + 1)]
            return items
        if self._type_of(value) == "function":
            return LuaFunction(self, value)
        return value

    def _get(self, wrapped: object, name: object) -> tuple[object, ...]:
        """Whether it could be read, whether it is a method, and what it is."""
        if not isinstance(wrapped, Exposed):
            return False, f"attempt to index a userdata value (field '{self.to_python(name)}')".encode()
        target, field_name = wrapped.target, self.to_python(name)
        field = getattr(target, field_name, None) if isinstance(field_name, str) else None
        if not callable(field) or self._expose(field):
            return True, False, self.to_lua(field)
        known = self._methods.get((id(wrapped), field_name))
        if known is None:
            known = self._hold(self._entered(lambda *given: self._method(target, field_name, given)))
            self._methods[id(wrapped), field_name] = known
        return True, True, known

    def _method(self, target: object, name: str, given: tuple[object, ...]) -> object:
        if not given or given[0] is not target:
            sentence = f"{name} was called without its object: use ':'"
            self.wrong_use.append(sentence)
            raise TypeError(sentence)
        return getattr(target, name)(*given[1:])

    def _set(self, wrapped: object, name: object, value: object) -> tuple[object, ...]:
        if not isinstance(wrapped, Exposed):
            return False, b"attempt to index a userdata value"
        setattr(wrapped.target, str(self.to_python(name)), self.to_python(value))
        return (True,)


class LuaFunction:
    """A function of the script's that Python may call: arguments and results are converted."""

    def __init__(self, interpreter: Interpreter, function: Any) -> None:
        self.function = function
        self._interpreter = interpreter

    def __call__(self, *arguments: object) -> Any:
        answer = self.function(*map(self._interpreter.to_lua, arguments))
        if isinstance(answer, tuple):
            return tuple(map(self._interpreter.to_python, answer))
        return self._interpreter.to_python(answer)


def interpreter(kind: str = "luajit21", **options: Any) -> Interpreter:
    """A Lua state of its own; see `Interpreter` for the options."""
    return Interpreter(kind, **options)


def expose(runtime: Interpreter, value: object) -> Any:
    """The object as a Lua value whose methods are called with `:`."""
    return runtime.to_lua(Exposed(value))
