"""Between a script and the fake: handles, and what happens at every call.

A handle answers any attribute name: a method where the build has one, a constant on the resolve object, else None.
Each call takes its time, is written down, is checked against the signatures, and is refused while a dialog is open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tests.hosts.resolve import model
from tests.hosts.resolve.signatures import Signature, forms, names

if TYPE_CHECKING:
    from tests.hosts.resolve.fake import Fake

_KIND_OF_MODEL: Mapping[type, str] = {
    model.Project: "Project",
    model.Folder: "Folder",
    model.Media: "Clip",
    model.Timeline: "Timeline",
    model.Item: "Item",
}
_IMMORTAL = ("Resolve", "ProjectManager", "Fusion")


@dataclass(frozen=True)
class Call:
    """One call of a script's."""

    kind: str
    method: str
    arguments: tuple[object, ...]
    answer: object
    at: float
    """Seconds on the clock since the start."""

    def __str__(self) -> str:
        return f"{self.kind}:{self.method}({', '.join(map(repr, self.arguments))}) -> {self.answer!r}"


@dataclass(frozen=True)
class Part:
    """An object that has no data of its own: a manager, a pool."""

    kind: str
    of: object = None


@dataclass(frozen=True)
class Returned:
    """An item as AppendToTimeline hands it back."""

    item: model.Item | None
    """None is a dead one: every getter answers None."""
    phantom: bool = False
    """It lies nowhere and still answers as if it did."""
    id_lost: Literal["", "empty", "none"] = ""


class HostError(RuntimeError):
    """What Resolve raises at a script: nothing but calls on objects that are gone, and appends that errored."""


class Handle:
    """An object of Resolve's as scripts hold it. Two handles of one item are two objects."""

    __slots__ = ("__weakref__", "_born", "_fake", "_kind", "_returned", "_target")

    def __init__(self, fake: Fake, kind: str, target: object, returned: Returned | None = None) -> None:
        self._fake = fake
        self._kind = kind
        self._target = target
        self._returned = returned
        self._born = fake.generation

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            return None
        return attribute(self, name)

    def __dir__(self) -> list[str]:
        constants = list(self._fake.constants) if self._kind == "Resolve" else []
        return [*names(self._kind, self._fake.profile), *constants]

    def __repr__(self) -> str:
        return f"<{self._kind} {getattr(self._target, 'name', '')}>"


def attribute(handle: Handle, name: str) -> Any:
    """What reading an attribute of a handle gives."""
    fake, kind = handle._fake, handle._kind
    if kind == "Resolve" and name in fake.constants:
        return fake.constants[name]
    if kind == "Fusion" and name == "UIManager" and fake.profile.windows:
        return fake.windows.manager
    dead_item = handle._target is None
    if not forms(kind, name, fake.profile) or (dead_item and fake.traps.nil_methods):
        return None

    def method(*arguments: object, **named: object) -> object:
        if named:
            fake.wrong_calls.append(f"{kind}.{name} was called with arguments by name: {', '.join(named)}")
            return forms(kind, name, fake.profile)[0].refusal()
        return call(handle, name, arguments)

    method.__name__ = name
    return method


def call(handle: Handle, name: str, arguments: tuple[object, ...]) -> object:
    """One call: time, log, checks, the answer."""
    fake = handle._fake
    fake.before_call(handle._kind, name)
    known = forms(handle._kind, name, fake.profile)
    while arguments and arguments[-1] is None:
        arguments = arguments[:-1]
    form = next((form for form in known if form.fits(arguments, kind_of)), None)
    if form is None:
        said = ", ".join(_told(value) for value in arguments)
        wanted = " or ".join(f"({', '.join(form.arguments)})" for form in known)
        fake.wrong_calls.append(f"{handle._kind}.{name}({said}) in {fake.profile}: it takes {wanted}")
        answer = known[0].refusal()
    else:
        try:
            answer = _answer(handle, name, arguments, form)
        except HostError:
            raise
        except Exception as error:
            fake.wrong_calls.append(f"{handle._kind}.{name} broke the fake itself: {error!r}")
            raise
    fake.calls.append(Call(handle._kind, name, arguments, answer, fake.clock.elapsed()))
    return answer


def _answer(handle: Handle, name: str, arguments: tuple[object, ...], form: Signature) -> object:
    fake = handle._fake
    if not alive(handle):
        return _from_the_dead(handle, name)
    if form.studio and not fake.profile.studio:
        fake.dialog = f"{name} is part of DaVinci Resolve Studio"
        return form.refusal()
    if form.writes and fake.dialog:
        return form.refusal()
    if name == "GetUniqueId" and handle._returned is not None and handle._returned.id_lost:
        return "" if handle._returned.id_lost == "empty" else None
    room = fake.rooms[handle._kind](fake, handle._target)
    return wrap(fake, getattr(room, name)(*(unwrap(value) for value in arguments)))


def _from_the_dead(handle: Handle, name: str) -> object:
    if handle._returned is not None and handle._target is None:
        return "" if name == "GetUniqueId" else None
    if handle._fake.traps.dead_handles == "raises":
        raise HostError(f"{name}: the object is no longer valid")
    return None


def alive(handle: Handle) -> bool:
    """Whether the object behind a handle is still there."""
    fake, target = handle._fake, handle._target
    if handle._kind in _IMMORTAL:
        return True
    if target is None or handle._born != fake.generation:
        return False
    if isinstance(target, Part):
        return target.of is fake.project
    if isinstance(target, model.Project):
        return target is fake.project
    if isinstance(target, model.Timeline):
        return target in fake.project.timelines
    if isinstance(target, model.Item):
        return bool(handle._returned and handle._returned.phantom) or any(
            timeline.holds(target) for timeline in fake.project.timelines
        )
    return True


def kind_of(value: object) -> str | None:
    """The kind of object a handle stands for; None where it is no handle."""
    return value._kind if isinstance(value, Handle) else None


def unwrap(value: object) -> Any:
    """Arguments as the fake's own data; a dead handle is None."""
    if isinstance(value, Handle):
        return value._target if alive(value) else None
    if isinstance(value, list):
        return [unwrap(item) for item in value]
    if isinstance(value, dict):
        return {key: unwrap(item) for key, item in value.items()}
    return value


def wrap(fake: Fake, value: object) -> Any:
    """An answer as scripts get it: handles, lists and tables are fresh each time."""
    if isinstance(value, list):
        return [wrap(fake, item) for item in value]
    if isinstance(value, dict):
        return {key: wrap(fake, item) for key, item in value.items()}
    if isinstance(value, Part):
        return Handle(fake, value.kind, value)
    if isinstance(value, Returned):
        return Handle(fake, "Item", value.item, value)
    kind = _KIND_OF_MODEL.get(type(value))
    return Handle(fake, kind, value) if kind else value


def _told(value: object) -> str:
    return value._kind if isinstance(value, Handle) else repr(value)
