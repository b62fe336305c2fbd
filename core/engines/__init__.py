"""The engines, by name. Each is imported only when it is asked for."""

from __future__ import annotations

from importlib import import_module

from core.engines.engine import Engine
from core.errors import WrongUse

DEFAULT = "composer"

_MODULES = {"composer": "core.engines.composer.engine"}


def names() -> tuple[str, ...]:
    """Every engine that this program has, the default first."""
    return tuple(_MODULES)


def engine(name: str) -> Engine:
    """The engine of that name.

    Raises:
        WrongUse: there is none.
    """
    if name not in _MODULES:
        raise WrongUse(f"There is no engine named {name!r}", "--engine", f"Choose one of: {', '.join(_MODULES)}.")
    found: Engine = import_module(_MODULES[name]).ENGINE
    return found
