"""Windows as scripts open them where they may: UIManager and UIDispatcher (resolve.md 2.9).

Tests are the hands: `Windows.hands` acts while the script is in its loop, with `fire`, `set` and `close`.
"""
# ruff: noqa: N802 - the names are Resolve's

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

GROUPS = ("VGroup", "HGroup")
ELEMENTS = ("Label", "Button", "LineEdit", "TextEdit", "CheckBox", "ComboBox", "SpinBox", "Slider", "Tree", *GROUPS)


class Things:
    """What scripts see of windows: attributes are read and set freely, one that is not there is None."""

    def __init__(self, kind: str, fields: dict[str, Any] | None = None) -> None:
        self.__dict__["kind"] = kind
        self.__dict__["fields"] = dict(fields or {})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.fields.get(name)

    def __setattr__(self, name: str, value: object) -> None:
        self.fields[name] = value

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __repr__(self) -> str:
        return f"<{self.kind} {self.fields.get('ID', '')}>"


class Handlers(Things):
    """`window.On`: by element, then by event."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.fields.setdefault(name, Things("Events"))


class Element(Things):
    """One element of a window, and what is inside it."""

    def __init__(self, kind: str, given: tuple[object, ...]) -> None:
        super().__init__(kind)
        self.__dict__["children"] = []
        self.__dict__["entries"] = []
        for part in given:
            self._take(part)

    def _take(self, part: object) -> None:
        if isinstance(part, Element):
            self.children.append(part)
        elif isinstance(part, list):
            for inner in part:
                self._take(inner)
        elif isinstance(part, dict):
            for key, value in part.items():
                if isinstance(key, str):
                    self.fields[key] = value
                else:
                    self._take(value)

    def walk(self) -> Iterator[Element]:
        """The element and all inside it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def __getattr__(self, name: str) -> Any:
        if self.kind == "ComboBox" and name == "CurrentText":
            at = self.fields.get("CurrentIndex") or 0
            return self.entries[at] if at < len(self.entries) else ""
        if self.kind == "CheckBox" and name == "Checked":
            return bool(self.fields.get("Checked"))
        return super().__getattr__(name)

    def __setattr__(self, name: str, value: object) -> None:
        if self.kind == "ComboBox" and name == "CurrentText":
            self.fields["CurrentIndex"] = self.entries.index(value)
        else:
            super().__setattr__(name, value)

    def AddItem(self, text: str) -> None:
        self.entries.append(text)

    def AddItems(self, texts: list[str]) -> None:
        self.entries.extend(texts)

    def Clear(self) -> None:
        self.entries.clear()


class Window(Element):
    """A window: its elements by id, its handlers, whether it is shown."""

    def __init__(self, kind: str, given: tuple[object, ...]) -> None:
        super().__init__(kind, given)
        self.__dict__["On"] = Handlers("On")
        self.__dict__["shown"] = False

    def Show(self) -> bool:
        self.__dict__["shown"] = True
        return True

    def Hide(self) -> bool:
        self.__dict__["shown"] = False
        return True

    def Find(self, name: str) -> Element | None:
        return next((element for element in self.walk() if element.fields.get("ID") == name), None)

    def GetItems(self) -> dict[str, Element]:
        return {element.ID: element for element in self.walk() if element.ID}


class Manager:
    """`fusion.UIManager`: makes elements."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in ELEMENTS:
            return None
        return lambda *given: Element(name, given)

    def FindWindow(self, name: str) -> Window | None:
        return next((window for window in self._windows.all if window.fields.get("ID") == name), None)

    def QueueEvent(self, element: Element, event: str, fields: dict[str, Any] | None = None) -> bool:
        self._windows.hands.insert(0, lambda: self._windows.fire(element.ID, event, **(fields or {})))
        return True


class Dispatcher:
    """`bmd.UIDispatcher(ui)`: opens windows and runs their loop."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows

    def AddWindow(self, *given: object) -> Window:
        window = Window("Window", given)
        self._windows.all.append(window)
        return window

    def AddDialog(self, *given: object) -> Window:
        return self.AddWindow(*given)

    def RunLoop(self) -> object:
        return self._windows.loop()

    def ExitLoop(self, code: object = 0) -> None:
        self._windows.running = False
        self._windows.code = code


class Windows:
    """All windows of the fake, and the hands of a test."""

    def __init__(self) -> None:
        self.all: list[Window] = []
        self.hands: list[Callable[[], object]] = []
        """What the user does, one after the other, once the script is in its loop."""
        self.running = False
        self.code: object = 0
        self.manager = Manager(self)
        self.dispatcher = Dispatcher(self)

    def loop(self) -> object:
        """The script's loop: the hands act until it is left.

        Raises:
            RuntimeError: the hands are done and the script still waits.
        """
        self.running = True
        while self.running:
            if not self.hands:
                raise RuntimeError("the window stays open: nobody has anything more to do there")
            self.hands.pop(0)()
        return self.code

    def find(self, name: str) -> Element:
        """The element of that id in a window that is shown."""
        found = (window.Find(name) for window in self.all if window.shown)
        element = next((element for element in found if element is not None), None)
        if element is None:
            raise LookupError(f"no window that is shown has an element {name}")
        return element

    def set(self, name: str, field: str, value: object) -> None:
        """Type into an element, tick it, choose in it: its event follows."""
        setattr(self.find(name), field, value)
        event = {"Text": "TextChanged", "Checked": "Clicked", "CurrentText": "CurrentIndexChanged"}
        self.fire(name, event.get(field, "ValueChanged"))

    def fire(self, name: str, event: str = "Clicked", **fields: object) -> bool:
        """An event of an element; False where the script does not listen or the element is off."""
        window = next(window for window in self.all if window.shown and window.Find(name))
        element = window.Find(name)
        handler = getattr(getattr(window.On, name), event)
        if handler is None or (element is not None and element.Enabled is False):
            return False
        handler({"who": name, "what": event, "window": window, **fields})
        return True

    def close(self, name: str) -> bool:
        """Close a window by its corner."""
        return self.fire(name, "Close")
