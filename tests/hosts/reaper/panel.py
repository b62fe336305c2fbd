"""Windows of scripts: the built-in `gfx`, and ReaImGui where it is installed. What is drawn is recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.hosts.lua import Interpreter

if TYPE_CHECKING:
    from tests.hosts.reaper.host import Fake

_DRAWING = (
    "set rect line roundrect circle triangle arc gradrect setpixel blurto blit setfont setimgdim setcursor update"
)
_LETTER = 8.0
_HEIGHT = 14.0


def gfx(fake: Fake, interpreter: Interpreter) -> dict[str, Any]:
    """The `gfx` table of one script."""

    def recorded(name: str) -> Callable[..., Any]:
        def drawn(*given: object) -> int:
            fake.drawn.append((name, *given))
            return 0

        return drawn

    def init(name: str, width: float = 0, height: float = 0, dock: float = 0, x: float = 0, y: float = 0) -> int:
        fake.drawn.append(("init", name, width, height, dock, x, y))
        interpreter.set("gfx.w", width)
        interpreter.set("gfx.h", height)
        return 1

    def getchar(*_: object) -> int:
        """The next key; 0 for none, -1 once the window was closed. Mouse events set their fields first."""
        while fake.gfx_events:
            event = fake.gfx_events.popleft()
            if not isinstance(event, dict):
                return int(event)
            for name, value in event.items():
                interpreter.set(f"gfx.{name}", value)
            return 0
        return 0

    def showmenu(text: str) -> int:
        fake.blocking_calls.append(f"gfx.showmenu({text!r})")
        return int(fake.answers.popleft()) if fake.answers else 0

    table: dict[str, Any] = {name: recorded(name) for name in _DRAWING.split()}
    table |= dict.fromkeys(("x", "y", "w", "h", "mouse_x", "mouse_y", "mouse_cap", "mouse_wheel", "dest", "mode"), 0)
    table |= dict.fromkeys(("r", "g", "b", "a"), 1)
    table |= {"texth": _HEIGHT, "clear": 0, "ext_retina": 0}
    table |= {"init": init, "getchar": getchar, "showmenu": showmenu}
    table |= {"quit": recorded("quit"), "drawstr": recorded("drawstr"), "dock": lambda *_: 0}
    table["measurestr"] = lambda text: (_LETTER * len(text), _HEIGHT)
    table["loadimg"] = lambda *_: -1
    return table


def imgui(fake: Fake) -> dict[str, Callable[..., Any]]:
    """ReaImGui, as far as a plain panel needs it. What the user does comes from `fake.answers`-like `gfx_events`:
    a dictionary of label to new value (True for a pressed button), or "close"."""
    values: dict[str, Any] = {}

    def frame() -> None:
        values.clear()
        while fake.gfx_events:
            event = fake.gfx_events.popleft()
            values.update(event if isinstance(event, dict) else {"close": True})

    def begin(_context: object, title: str, opened: bool | None = None, *_: object) -> tuple[bool, bool | None]:
        frame()
        fake.drawn.append(("Begin", title))
        return True, False if values.get("close") and opened else opened

    def widget(name: str) -> Callable[..., tuple[bool, Any]]:
        def shown(_context: object, label: str, value: Any = None, *_: object) -> tuple[bool, Any]:
            fake.drawn.append((name, label, value))
            return (True, values[label]) if label in values else (False, value)

        return shown

    def button(_context: object, label: str, *_: object) -> bool:
        fake.drawn.append(("Button", label))
        return bool(values.get(label))

    def text(_context: object, words: str, *_: object) -> None:
        fake.drawn.append(("Text", words))

    table: dict[str, Callable[..., Any]] = {"Begin": begin, "Button": button, "Text": text, "TextWrapped": text}
    for name in ("Combo", "Checkbox", "InputInt", "InputText", "SliderInt", "SliderDouble", "InputTextWithHint"):
        table[name] = widget(name)
    for name in ("End", "SameLine", "Separator", "Spacing", "BeginDisabled", "EndDisabled", "SetNextWindowSize"):
        table[name] = lambda *_: None
    for name in ("SetNextItemWidth", "PushItemWidth", "PopItemWidth", "ProgressBar", "AlignTextToFramePadding"):
        table[name] = lambda *_: None
    for name in ("Cond_FirstUseEver", "Cond_Always", "WindowFlags_NoCollapse", "WindowFlags_AlwaysAutoResize"):
        table[name] = lambda *_: 0
    table["CreateContext"] = lambda *_: f"(ImGui_Context*)0x{id(fake):016X}"
    table["ValidatePtr"] = lambda *_: True
    return {f"ImGui_{name}": call for name, call in table.items()}
