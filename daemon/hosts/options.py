"""The options of the hosts: what is usual, what the user has set for all, and what is remembered for each project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from core.errors import WrongUse
from daemon.home import Home
from daemon.hosts import memory
from daemon.hosts.request import MARKERS, MAX_SEED

AUTO = "auto"
"""The style is chosen by the picture."""
NEW = "new"
"""A seed is drawn each time."""
MAX_NAME = 64
"""Characters of a name."""
MOST_STEMS = 16
"""Stems that may be named."""


@dataclass(frozen=True)
class Options:
    """How music is written and laid where a request says nothing of it."""

    engine: str = "composer"
    style: str = AUTO
    """A style's name, or "auto": by the picture."""
    under_speech: bool = False
    """Room is left for a voice."""
    seed: int | str = NEW
    """A number, or "new": drawn each time."""
    stems: tuple[str, ...] = ()
    """Those that are laid; empty: all."""
    markers: str = "all"
    """Which markers are laid: "all", "hits" or "none"."""


def checked(told: Mapping[str, Any]) -> dict[str, Any]:
    """Options as they are remembered, once each is as it must be; names that are no options are left out.

    Raises:
        WrongUse: a value cannot be meant.
    """
    known = {field.name: told[field.name] for field in fields(Options) if field.name in told}
    for name, value in known.items():
        if not _FITS[name](value):
            raise WrongUse(f"The option {name} cannot be {value!r}", do=_MUST[name])
    return {name: list(value) if name == "stems" else value for name, value in known.items()}


def _is_name(value: object) -> bool:
    return (
        isinstance(value, str)
        and 1 <= len(value) <= MAX_NAME
        and value.isprintable()
        and not any(char in value for char in "/\\")
    )


def _is_seed(value: object) -> bool:
    return value == NEW or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SEED)


def _are_stems(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) <= MOST_STEMS and all(map(_is_name, value))


_FITS: Mapping[str, Callable[[object], bool]] = {
    "engine": _is_name,
    "style": _is_name,
    "under_speech": lambda value: isinstance(value, bool),
    "seed": _is_seed,
    "stems": _are_stems,
    "markers": lambda value: value in MARKERS,
}
_MUST = {
    "engine": "Give an engine's name; `hitpoint engines` lists them.",
    "style": 'Give a style\'s name, or "auto".',
    "under_speech": "Say true or false.",
    "seed": f'Give a whole number from 0 to {MAX_SEED}, or "new".',
    "stems": f"Give at most {MOST_STEMS} names; none are all.",
    "markers": f"Say one of {', '.join(MARKERS)}.",
}


def merged(*layers: Mapping[str, Any]) -> Options:
    """Options of which each layer overrides the ones before it; what no layer says is as usual."""
    told: dict[str, Any] = {}
    for layer in layers:
        told |= checked(layer)
    return Options(**{**told, "stems": tuple(told.get("stems", ()))})


def plain(options: Options) -> dict[str, Any]:
    """Options as scripts read them."""
    return {**asdict(options), "stems": list(options.stems)}


def options_of(home: Home, project: str, wishes: Mapping[str, Any]) -> Options:
    """The options of a request: its own over its project's over the user's over the usual ones.

    Raises:
        WrongUse: one cannot be meant.
        UnusableInput: what is remembered is damaged.
    """
    found = memory.recall(home)
    return merged(found["defaults"], found["projects"].get(project, {}), wishes)


def remember(home: Home, project: str, told: Mapping[str, Any]) -> Options:
    """Keep options of a project, or with an empty project those for all; what is not told stays as it was.

    Returns:
        The options that now hold there.

    Raises:
        WrongUse: one cannot be meant.
        UnusableInput: what is remembered is damaged, or cannot be written.
    """
    kept = checked(told)

    def edit(found: memory.Memory) -> None:
        if project:
            found["projects"][project] = {**found["projects"].pop(project, {}), **kept}
        else:
            found["defaults"] = {**found["defaults"], **kept}

    found = memory.change(home, edit) if kept else memory.recall(home)
    return merged(found["defaults"], found["projects"].get(project, {}))


def for_scripts(found: memory.Memory) -> dict[str, Any]:
    """What `options.lua` tells: the options for all, and those of each project, whole."""
    return {
        "hitpoint": 1,
        "defaults": plain(merged(found["defaults"])),
        "projects": {name: plain(merged(found["defaults"], told)) for name, told in found["projects"].items()},
    }
