"""The list of takes, as people read it."""

from __future__ import annotations

from typing import Any

from daemon.commands.takes import words


def take(number: int, bars: list[int] | None) -> dict[str, Any]:
    hole = {"in": "01:00:00:00", "out": "01:00:03:00", "bars": bars} if bars else None
    return {
        "take": number,
        "in_use": number == 1,
        "hole": hole,
        "stems": ["drums"],
        "seed": 7,
        "engine": "composer",
        "style": "action",
        "taken_from": None,
        "made": "2026-01-01T00:00:00+00:00",
    }


def test_there_is_no_bar_0_but_a_pickup() -> None:
    takes = [take(1, None), take(2, [0, 0]), take(3, [0, 2]), take(4, [3, 4]), take(5, [5, 5])]
    header, whole, *parts = words({"takes": takes}).splitlines()
    column = header.index("bars")
    assert whole[column:].split()[0] == "drums"
    assert [line[column:].split()[0] for line in parts] == ["pickup", "pickup–2", "3–4", "5"]
