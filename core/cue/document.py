"""Plain data as strict JSON and back, led by the types of the dataclasses themselves.

Conventions
    A dataclass is an object of its fields; one that has a default may be missing, unknown ones are not looked at, so
    that neighbouring versions understand each other. A tuple is a list, a `Fraction` is "24000/1001", a path is its
    text, a `RationalTime` is {"value", "rate"}, an array is nested lists. What JSON has no number for (NaN) is null.
    Floats are written so that they come back exactly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from fractions import Fraction
from functools import cache
from math import isfinite, nan
from pathlib import Path
from sys import float_info
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
from opentimelineio.opentime import RationalTime

from core.brief import FloatArray

LINE = 120
"""Characters of a line."""
_FRACTION = re.compile(r"-?\d+(/\d+)?", re.ASCII)


class NotThis(Exception):
    """The JSON does not hold what the type asks for: where, and what was expected."""


def plain(value: Any) -> Any:
    """Data as what JSON knows: objects, lists, strings, numbers, true, false and null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, float):
        return value if isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, RationalTime):
        return {"value": value.value, "rate": value.rate}
    if isinstance(value, Fraction | Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a document")


def typed(kind: Any, value: Any, where: str = "") -> Any:
    """What `plain` was given, from what it made of it.

    Args:
        kind: the type to read: a dataclass, or anything its fields may be.
        value: as read from JSON.
        where: what to call the value in errors ("brief.plan").

    Raises:
        NotThis: the value does not fit the type.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return _object(kind, value, where)
    if origin in (Union, UnionType):
        return None if value is None else typed(next(kind for kind in inner if kind is not NoneType), value, where)
    if origin is Literal:
        return _expect(value in inner, value, f"one of {', '.join(map(str, inner))}", where)
    if origin is tuple:
        return _tuple(inner, value, where)
    if origin is Mapping:
        _expect(isinstance(value, dict), value, "an object", where)
        return {typed(inner[0], key, where): typed(inner[1], item, f"{where}.{key}") for key, item in value.items()}
    if origin is np.ndarray:
        return _array(value, where)
    return _single(kind, value, where)


def written(value: Any) -> bytes:
    """Data as strict JSON in UTF-8, indented; what fits on a line, and any list of numbers, is on one line."""
    # Half a surrogate pair, which a name may hold, becomes the escape that JSON has for it.
    return (_lines(plain(value), "") + "\n").encode("utf-8", "backslashreplace")


def parsed(content: bytes) -> Any:
    """What strict JSON in UTF-8 holds.

    Raises:
        NotThis: it is cut short, or is no strict JSON.
    """
    try:
        return json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotThis(f"it is cut short or is no JSON ({error})") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number")


def _lines(value: Any, indent: str) -> str:
    flat = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if len(indent) + len(flat) <= LINE or not isinstance(value, dict | list):
        return flat
    if isinstance(value, list) and not any(isinstance(item, dict | list | str) for item in value):
        return flat
    deeper = indent + "  "
    if isinstance(value, dict):
        items = [f"{json.dumps(key, ensure_ascii=False)}: {_lines(item, deeper)}" for key, item in value.items()]
    else:
        items = [_lines(item, deeper) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    inside = f",\n{deeper}".join(items)
    return f"{opening}\n{deeper}{inside}\n{indent}{closing}"


def _object(kind: type, value: Any, where: str) -> Any:
    _expect(isinstance(value, dict), value, "an object", where)
    hints, given = _hints(kind), {}
    for field in fields(kind):
        place = f"{where}.{field.name}".lstrip(".")
        if field.name in value:
            given[field.name] = typed(hints[field.name], value[field.name], place)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise NotThis(f"{place} is missing")
    return kind(**given)


def _tuple(inner: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    _expect(isinstance(value, list), value, "a list", where)
    kinds = (inner[0],) * len(value) if inner[1:] == (Ellipsis,) else inner
    _expect(len(kinds) == len(value), value, f"a list of {len(kinds)}", where)
    return tuple(typed(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(zip(kinds, value, strict=True)))


def _array(value: Any, where: str) -> FloatArray:
    try:
        array: FloatArray = np.array(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        raise NotThis(f"{where} is not an array of numbers") from None
    return array


def _single(kind: Any, value: Any, where: str) -> Any:
    """A value that is no container."""
    if kind is float:
        return nan if value is None else float(_expect(_is_number(value), value, "a number", where))
    if kind is int:
        return int(_expect(_is_number(value) and value == round(value), value, "a whole number", where))
    if kind is str or kind is bool:
        return _expect(isinstance(value, kind), value, "a text" if kind is str else "true or false", where)
    if kind is RationalTime:
        parts = [value.get(part) for part in ("value", "rate")] if isinstance(value, dict) else []
        return RationalTime(*_expect(bool(parts) and all(map(_is_number, parts)), parts, "a time", where))
    if kind is Path:
        return Path(_expect(isinstance(value, str) and "\0" not in value, value, "a path", where))
    if kind is Fraction:
        _expect(isinstance(value, str) and bool(_FRACTION.fullmatch(value)), value, "a fraction", where)
        try:
            return Fraction(value)
        except (ValueError, ZeroDivisionError):
            raise NotThis(f"{where} is not a fraction") from None
    if kind is bytes:
        raise NotThis(f"{where} has no place in a document")
    raise TypeError(f"{kind} has no place in a document")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= float_info.max


def _expect(fits: bool, value: Any, wanted: str, where: str) -> Any:
    if not fits:
        raise NotThis(f"{where or 'the document'} is not {wanted}")
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
