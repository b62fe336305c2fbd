"""One running script: its Lua state, its deferred functions, and the calls that it makes.

Errors in calls read as REAPER's: "bad argument #1 to 'GetActiveTake' (MediaItem expected)".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.hosts.lua import Interpreter, LuaFunction, ScriptError
from tests.hosts.reaper import panel, undo
from tests.hosts.reaper.api import FUNCTIONS, Refused
from tests.hosts.reaper.handles import Handle
from tests.hosts.reaper.signatures import POINTERS, SIGNATURES, Argument, Signature
from tests.hosts.reaper.state import Project, snapshot

if TYPE_CHECKING:
    from tests.hosts.reaper.host import Fake

MOST_DEFERRED = 1024
_ENTER = "local work = ...; return work()"
_WATCH = "local missing = ...; setmetatable(reaper, {__index = function(_, name) missing(name) end})"
_FILES = """
local look, forbid = ...
local function watched(table, name, note)
  local real = table[name]
  if real then
    table[name] = function(...) note(name, tostring((...))) return real(...) end
  end
end
watched(_G, "loadfile", look)
watched(_G, "dofile", look)
if io then watched(io, "open", look) watched(io, "lines", look) watched(io, "popen", forbid) end
if os then watched(os, "rename", look) watched(os, "remove", look) watched(os, "execute", forbid) end
"""
_TIME = """
local day, spent = ...
local real = os.time
os.time = function(...) if ... then return real(...) end return day() end
os.clock = spent
"""


class Run:
    """A script from its start to its end.

    Attributes:
        ended: whether it has ended.
        error: the message that ended it, or empty.
        result: what its main chunk, or its last deferred function, returned.
        options: what it told `set_action_options`.
        steps: Lua instructions of its own before each call into the host and after the last (grain: `lua.STEP`).
        tick_steps: the same per round.
    """

    def __init__(self, fake: Fake, path: Path, lua: str, command: int) -> None:
        self.fake, self.path, self.command = fake, path, command
        self.ended = False
        self.error = ""
        self.result: Any = None
        self.options = 0
        self.steps: list[int] = []
        self.tick_steps: list[int] = []
        self.deferred: list[LuaFunction] = []
        self.at_exit: list[LuaFunction] = []
        removed = ("io", "os") if fake.switches.restricted else ()
        self.interpreter = Interpreter(lua, removed=removed, counting=True)
        self._offer()

    def start(self) -> None:
        """Run the script's main chunk."""
        project = self.fake.active
        state, marks = snapshot(project.state), self._undo_marks(project)
        self._enter(self.path)
        if not self.deferred and self._undo_marks(project) == marks:
            # A script that defers gets no undo point of its own; others do, unless they used a block.
            undo.remember(project, f"ReaScript: {self.path.name}", state)
        self._rest()

    def tick(self) -> None:
        """Run what was deferred in the round before."""
        waiting, self.deferred = self.deferred, []
        for function in waiting:
            if not self.ended and not self.error:
                self._enter(_ENTER, function)
        self._rest()

    def end(self) -> None:
        """End the script: what it left for its exit runs now."""
        if self.ended:
            return
        self.ended = True
        self.deferred = []
        while self.at_exit:
            self._enter(_ENTER, self.at_exit.pop(0))

    def _rest(self) -> None:
        if not self.deferred:
            self.end()

    def _enter(self, source: Path | str, *arguments: object) -> None:
        self.interpreter.steps.clear()
        try:
            self.result = self.interpreter.run(source, *arguments)
        except ScriptError as error:
            self.error = str(error)
            self.fake.errors.append(self.error)
            self.fake.console += self.error + "\n"
            self.deferred = []
        self.steps += self.interpreter.steps
        self.tick_steps.append(sum(self.interpreter.steps))
        self.fake.given_back(self.path.name)

    def _undo_marks(self, project: Project) -> tuple[int, int]:
        return self.fake.blocks(project).closed, len(project.undo)

    # What the script finds

    def _offer(self) -> None:
        fake = self.fake
        offered: dict[str, Callable[..., object]] = {
            name: self._bound(SIGNATURES[name], call) for name, call in FUNCTIONS.items() if fake.offers(name)
        }
        offered |= {
            "defer": self._defer,
            "runloop": self._defer,
            "atexit": self._at_exit,
            "get_action_context": self._context,
        }
        if fake.number >= (7,):
            offered["set_action_options"] = self._set_options
        if fake.switches.imgui:
            offered |= panel.imgui(fake)
        self.interpreter.set("reaper", offered)
        self.interpreter.set("gfx", panel.gfx(fake, self.interpreter))
        self.interpreter.run(_WATCH, fake.missing.add)
        self.interpreter.run(_FILES, self._looked, self._forbidden)
        if not fake.clock.real and not fake.switches.restricted:
            self.interpreter.run(_TIME, fake.clock.time_of_day, fake.clock.elapsed)

    def _looked(self, name: str, path: str) -> None:
        self.fake.disk.append((self.fake.clock.elapsed(), name, path))

    def _forbidden(self, name: str, line: str) -> None:
        self.fake.blocking_calls.append(f"{name}({line!r}), which runs a shell")

    def _defer(self, *given: object) -> bool:
        if len(given) != 1 or not isinstance(given[0], LuaFunction):
            raise self._refused("bad argument #1 to 'defer' (function expected)")
        if len(self.deferred) >= MOST_DEFERRED:
            raise self._refused(f"more than {MOST_DEFERRED} deferred functions")
        if not self.ended:
            self.deferred.append(given[0])
        return True

    def _at_exit(self, *given: object) -> bool:
        if len(given) != 1 or not isinstance(given[0], LuaFunction):
            raise self._refused("bad argument #1 to 'atexit' (function expected)")
        self.at_exit.append(given[0])
        return True

    def _context(self) -> tuple[Any, ...]:
        """is_new_value, filename, section, command, mode, resolution, value, context."""
        return False, str(self.path), 0, self.command, -1, -1, -1, ""

    def _set_options(self, *given: object) -> None:
        if len(given) != 1 or not isinstance(given[0], (int, float)) or given[0] != int(given[0]):
            raise self._refused("bad argument #1 to 'set_action_options' (number expected)")
        flags = int(given[0])
        self.options = flags
        if flags & 12:
            self.fake.toggles[self.command] = int(bool(flags & 4))

    def _refused(self, message: str) -> Refused:
        self.fake.wrong_calls.append(message)
        return Refused(message)

    # Calls

    def _bound(self, signature: Signature, call: Callable[..., Any]) -> Callable[..., object]:
        def called(*given: object) -> object:
            fake = self.fake
            fake.calls[signature.name] = fake.calls.get(signature.name, 0) + 1
            taken = self._taken(signature, given)
            if signature.mark == "!" or (signature.mark == "=" and any(value is True for value in taken)):
                fake.wrote(signature.name, self._project(given))
            try:
                answer = call(fake, *taken)
            except Refused as error:
                raise self._refused(str(error)) from None
            return self._given(signature, answer, self._project(given))

        return called

    def _project(self, given: Sequence[object]) -> Project:
        for value in given:
            if isinstance(value, Handle) and value.project is not None:
                return value.project
        return self.fake.active

    def _taken(self, signature: Signature, given: Sequence[object]) -> list[Any]:
        if len(given) > len(signature.arguments):
            number = len(signature.arguments) + 1
            raise self._refused(f"bad argument #{number} to '{signature.name}' (no value expected)")
        taken = []
        for number, (wanted, value) in enumerate(zip_longest(signature.arguments, given), 1):
            fits, value = self._fitted(wanted, value)
            if not fits:
                what = "no value" if number > len(given) else _lua_type(value)
                text = value if isinstance(value, str) and value.startswith("number has") else None
                told = text or (f"{wanted.type} expected" if wanted.type in POINTERS else _expected(wanted.type, what))
                raise self._refused(f"bad argument #{number} to '{signature.name}' ({told})")
            taken.append(value)
        return taken

    def _fitted(self, wanted: Argument, value: Any) -> tuple[bool, Any]:
        """Whether the value can be meant, and what a function gets for it."""
        kind = wanted.type
        if value is None and wanted.optional:
            return True, None
        if kind == "identifier":
            return True, value
        if kind == "ReaProject" and (value is None or (_is_number(value) and value == 0)):
            return True, self.fake.active
        if kind in POINTERS:
            right = isinstance(value, Handle) and value.kind == kind
            found = self.fake.object_of(value) if right else None
            return found is not None, found if found is not None else value
        if kind == "boolean":
            return isinstance(value, bool), value
        if kind == "string":
            return isinstance(value, str) or _is_number(value), str(value) if _is_number(value) else value
        return _number(kind, value)

    def _given(self, signature: Signature, answer: Any, project: Project) -> object:
        values = answer if isinstance(answer, tuple) else (answer,)
        if not signature.returns:
            return ()
        told = []
        for kind, value in zip(signature.returns, values, strict=True):
            if value is None or kind in POINTERS or hasattr(value, "uid"):
                told.append(self.fake.handle(value, project))
            else:
                told.append({"integer": int, "number": float, "boolean": bool, "string": str}[kind](value))
        return tuple(told)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(kind: str, value: Any) -> tuple[bool, Any]:
    if isinstance(value, str):
        try:
            value = float(value) if kind == "number" else int(value)
        except ValueError:
            return False, value
    if not _is_number(value):
        return False, value
    if kind == "number":
        return True, float(value)
    if value != value or value in (float("inf"), float("-inf")) or value != int(value):
        return False, "number has no integer representation"
    return True, int(value)


def _expected(kind: str, found: str) -> str:
    return f"{'number' if kind == 'integer' else kind} expected, got {found}"


def _lua_type(value: object) -> str:
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, (list, dict)):
        return "table"
    if isinstance(value, LuaFunction):
        return "function"
    return "number" if _is_number(value) else "userdata"
