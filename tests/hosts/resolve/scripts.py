"""Scripts from the Scripts menu, in Lua or Python, and what they find there."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tests.hosts.lua import Interpreter, ScriptError
from tests.hosts.resolve.surface import Handle
from tests.hosts.resolve.windows import Dispatcher, Manager, Things

if TYPE_CHECKING:
    from tests.hosts.resolve.fake import Fake


@dataclass
class Run:
    """How a script ended."""

    returned: Any = None
    error: str | None = None
    """The message and traceback as the Console would show it; None where it came to its end."""
    printed: list[str] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    """Lua instructions of its own before each host call and after the last."""


def run_lua(
    fake: Fake,
    source: Path | str,
    lua: str = "luajit21",
    *,
    arguments: Sequence[object] = (),
    globals: Mapping[str, object] | None = None,  # noqa: A002 - what Lua calls them
    counting: bool = False,
) -> Run:
    """Run a Lua script (a file, or text) as the Scripts menu would."""
    encoding = "cp1252" if fake.traps.ansi else "utf-8"
    state = Interpreter(lua, strict=True, counting=counting, expose=_is_object, encoding=encoding)
    begun = len(fake.printed)
    for name, value in _own_globals(fake).items():
        state.set(name, value, own=True)
    for name, value in {**_host_globals(fake), **(globals or {})}.items():
        state.set(name, value)
    for name in fake.profile.removed_globals:
        state.remove(name)
    run = Run()
    try:
        run.returned = state.run(source, *arguments)
    except ScriptError as error:
        run.error = str(error)
        fake.printed.append(run.error)
    fake.wrong_calls += state.wrong_use
    fake.own_steps = run.steps = state.steps
    run.printed = fake.printed[begun:]
    return run


def run_python(fake: Fake, source: Path | str, *, globals: Mapping[str, object] | None = None) -> Run:  # noqa: A002
    """Run a Python script as the Scripts menu would: no `__file__`, and not listed at all in free 21.1."""
    if not fake.profile.python_in_menu:
        return Run(error="the Scripts menu of this build lists no Python scripts")
    begun = len(fake.printed)
    found: dict[str, Any] = {
        "__name__": "__main__",
        "resolve": fake.resolve,
        "fusion": fake.fusion,
        "fu": fake.fusion,
        "bmd": SimpleNamespace(**bmd(fake)),
        "print": _printer(fake, str),
        **(globals or {}),
    }
    run = Run()
    try:
        code = source.read_text(encoding="utf-8") if isinstance(source, Path) else source
        exec(compile(code, str(source) if isinstance(source, Path) else "text", "exec"), found)
    except SystemExit:
        pass
    except BaseException:
        run.error = traceback.format_exc()
    run.printed = fake.printed[begun:]
    run.returned = found
    return run


def scriptapp(fake: Fake, name: str) -> Handle | None:
    """What `DaVinciResolveScript.scriptapp` answers a process outside: Studio alone lets one in (2.7)."""
    return fake.resolve if name == "Resolve" and fake.profile.studio else None


def bmd(fake: Fake) -> dict[str, Callable[..., object]]:
    """The functions of the global `bmd`."""

    def wait(seconds: float) -> None:
        if not isinstance(seconds, (int, float)) or seconds < 0:
            fake.wrong_calls.append(f"bmd.wait({seconds!r}): it takes (number)")
            return
        fake.clock.wait(seconds)

    def readdir(pattern: str) -> list[dict[str, object]]:
        folder = Path(pattern)
        return [{"Name": path.name, "IsDir": path.is_dir()} for path in sorted(folder.parent.glob(folder.name))]

    def app(name: str) -> Handle | None:
        return {"Resolve": fake.resolve, "Fusion": fake.fusion}.get(name)

    functions: dict[str, Callable[..., object]] = {
        "wait": wait,
        "direxists": lambda path: Path(path).is_dir(),
        "readdir": readdir,
        "scriptapp": app,
    }
    if fake.profile.windows:
        functions["UIDispatcher"] = lambda _manager=None: fake.windows.dispatcher
    return functions


def _host_globals(fake: Fake) -> dict[str, object]:
    return {"resolve": fake.resolve, "fusion": fake.fusion, "fu": fake.fusion, "bmd": bmd(fake)}


def _own_globals(fake: Fake) -> dict[str, object]:
    """What stands on the fake's clock and Console, and is still the script's own work."""

    def date(form: str = "%c", at: float | None = None) -> object:
        utc, wanted = form.startswith("!"), form.lstrip("!")
        moment = (time.gmtime if utc else time.localtime)(fake.clock.time() if at is None else at)
        if wanted != "*t":
            return time.strftime(wanted, moment)
        names = ("year", "month", "day", "hour", "min", "sec", "wday", "yday")
        return {**dict(zip(names, moment, strict=False)), "isdst": bool(moment.tm_isdst)}

    def now(table: dict[str, int] | None = None) -> int:
        if table is None:
            return int(fake.clock.time())
        parts = [table.get(name, 0) for name in ("year", "month", "day", "hour", "min", "sec")]
        return int(time.mktime((*map(int, parts), 0, 0, -1)))  # type: ignore[arg-type]

    return {
        "print": _printer(fake, _lua_text),
        "os.time": now,
        "os.date": date,
        "os.clock": lambda: fake.clock.elapsed(),
        "os.getenv": lambda name: os.environ.get(name),
    }


def _printer(fake: Fake, text: Callable[[Any], str]) -> Callable[..., None]:
    def say(*values: object, **_: object) -> None:
        fake.printed.append("\t".join(map(text, values)))

    return say


def _lua_text(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "nil", True: "true", False: "false"}[value]
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)


def _is_object(value: object) -> bool:
    return isinstance(value, (Handle, Things, Manager, Dispatcher))
