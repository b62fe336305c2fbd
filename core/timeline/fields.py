"""Fields of OTIO's JSON: found without trust, times exact.

Conventions
    Times are seconds as `Fraction`. Numbers come back as they were meant: 119.99999999 is 120, and a rate of 23.976 is
    24000/1001.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

from core.brief import exact_rate
from core.errors import UnusableInput
from core.timeline.tree import Stretch

Node = Mapping[str, Any]

MAX_SECONDS = 10**8


def text(value: object) -> str:
    """A string that is safe to print: one line, no control characters, at most 300 characters."""
    if not isinstance(value, str):
        return ""
    return "".join(sign if sign.isprintable() else " " for sign in value[:300]).strip()


def nodes(node: Node, key: str) -> list[Node]:
    """The objects in a list that may be missing."""
    found = node.get(key)
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []


def inside(node: object, *keys: str) -> object:
    """What lies at a path of keys, or None."""
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def enabled(node: Node) -> bool:
    """Whether an object is switched on; it is unless it says otherwise."""
    return node.get("enabled") is not False


def stretch(node: object) -> Stretch | None:
    """A TimeRange in seconds; None where there is none.

    Raises:
        UnusableInput: a time that cannot be meant.
    """
    if not isinstance(node, Mapping):
        return None
    start, duration = node.get("start_time"), node.get("duration")
    if not isinstance(start, Mapping) or not isinstance(duration, Mapping):
        raise UnusableInput("The timeline holds a time range without start or duration")
    length = seconds(duration)
    if length < 0:
        raise UnusableInput("The timeline holds a negative duration")
    return Stretch(seconds(start), length)


def offset(node: Node, key: str) -> Fraction:
    """How far a transition reaches to one side."""
    found = node.get(key)
    return max(seconds(found), Fraction(0)) if isinstance(found, Mapping) else Fraction(0)


def seconds(node: Node) -> Fraction:
    """A RationalTime in exact seconds.

    Raises:
        UnusableInput: a value or rate that cannot be meant.
    """
    value = node.get("value")
    if value == 0:
        return Fraction(0)
    found = number(value, 1e18) / rate(node)
    if abs(found) > MAX_SECONDS:
        raise UnusableInput("The timeline holds a time that cannot be meant", do="Times go to three years.")
    return found


def rate(node: object) -> Fraction:
    """A RationalTime's exact rate.

    Raises:
        UnusableInput: it is no positive number, or one that cannot be meant.
    """
    found = node.get("rate") if isinstance(node, Mapping) else None
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0.001 <= found <= 1e7:
        raise UnusableInput(f"The timeline holds a time with the rate {text(str(found)[:20])}, which cannot be meant")
    return _exact_rate(float(found))


_exact_rate = lru_cache(maxsize=256)(exact_rate)


def number(value: object, limit: float) -> Fraction:
    """A number as it is meant: whole where floating point missed that by a hair.

    Raises:
        UnusableInput: it is no number, or its magnitude is over the limit.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise UnusableInput("The timeline holds a time that is not a number", do="Export it again.")
    if not abs(value) <= limit:
        raise UnusableInput("The timeline holds a time that cannot be meant", do="Export it again.")
    nearest = round(value)
    if abs(value - nearest) < 1e-6:
        return Fraction(nearest)
    return Fraction(value).limit_denominator(1_000_000)
