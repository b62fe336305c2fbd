"""Where the functions of the `reaper` table are registered, under the names that scripts know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tests.hosts.reaper.signatures import SIGNATURES

Call = TypeVar("Call", bound=Callable[..., Any])

FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""Function name to what it does: called with the fake, then the arguments; pointers are the objects themselves."""


class Refused(Exception):
    """A call that REAPER refuses; the message is what the script sees."""


def function(*names: str) -> Callable[[Call], Call]:
    """Register what the functions of those names do."""

    def registered(call: Call) -> Call:
        for name in names:
            if name not in SIGNATURES or name in FUNCTIONS:
                raise ValueError(f"{name} has no signature, or is there already")
            FUNCTIONS[name] = call
        return call

    return registered


def on_active(name: str, call: Callable[..., Any]) -> None:
    """Register the older form of a function, which takes no project and means the active one."""
    function(name)(lambda fake, *given: call(fake, fake.active, *given))
