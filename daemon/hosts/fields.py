"""Fields of a request that a script has written as JSON, each read as what it must be, or refused in a sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from core.errors import WrongUse

MOST_TEXT = 4096
"""Characters of a text."""


class Fields:
    """The fields of one map. Those that are not known are ignored; nil counts as left out.

    Args:
        given: the map.
        where: what it is, for sentences ("request.json", "items[3]").
    """

    def __init__(self, given: object, where: str) -> None:
        if not isinstance(given, Mapping):
            raise WrongUse("This must be a map", where)
        self._given = given
        self._where = where

    def has(self, name: str) -> bool:
        """Whether a field is given."""
        return self._given.get(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        """A text."""
        value = self._value(name, default)
        if not isinstance(value, str) or len(value) > MOST_TEXT or "\0" in value:
            raise self._wrong(name, f"a text of at most {MOST_TEXT} characters")
        return value

    def number(self, name: str, low: float, high: float, default: float | None = None) -> float:
        """A finite number from `low` to `high`."""
        value = self._value(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise self._wrong(name, f"a number from {low:g} to {high:g}")
        return float(value)

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from `low` to `high`; a script may write it as 7.0."""
        value = self.number(name, low, high, default)
        if not value.is_integer():
            raise self._wrong(name, "a whole number")
        return int(value)

    def flag(self, name: str, default: bool | None = None) -> bool:
        """True or false."""
        value = self._value(name, default)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; none where the field is left out. An empty list may be written as an empty map."""
        return tuple(Fields({"text": each}, f"{self._where}: {name}").text("text") for each in self._list(name))

    def maps(self, name: str) -> list[Fields]:
        """A list of maps; none where the field is left out."""
        return [Fields(each, f"{name}[{number}]") for number, each in enumerate(self._list(name), 1)]

    def map(self, name: str) -> Fields:
        """A map; empty where the field is left out."""
        return Fields(self._value(name, {}), f"{self._where}: {name}")

    def _list(self, name: str) -> list[Any]:
        value = self._given.get(name)
        if value is None or value == {}:  # Lua has one empty table
            return []
        if not isinstance(value, list):
            raise self._wrong(name, "a list")
        return value

    def _value(self, name: str, default: object) -> object:
        value = self._given.get(name)
        if value is None:
            if default is None:
                raise WrongUse(f"The field {name} is missing", self._where)
            return default
        return value if not isinstance(value, float) or math.isfinite(value) else None

    def _wrong(self, name: str, must: str) -> WrongUse:
        return WrongUse(f"The field {name} must be {must}", self._where)
