"""docs/protocol.md is enough to write a client from: it tells everything, and all of it as it is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from core.errors import HitpointError
from daemon import protocol, wire
from daemon.protocol import OPERATIONS, parsed

DOCUMENT = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")


def constants() -> dict[str, int | float]:
    """The limits and times of the wire and the protocol, by name."""
    found = {**vars(wire), **vars(protocol)}
    return {
        name: value
        for name, value in found.items()
        if re.fullmatch(r"MAX_\w+|\w+_S|RATE|BURST", name) and isinstance(value, int | float)
    }


@pytest.mark.parametrize(("name", "value"), constants().items())
def test_the_document_tells_every_limit_as_it_is(name: str, value: float) -> None:
    assert re.search(rf"^\| `{name}` \| {value:.10g} \|", DOCUMENT, re.MULTILINE)


def test_the_document_tells_no_limit_that_is_gone() -> None:
    told = re.findall(r"^\| `([A-Z_]+)` \| [\d.]+ \|", DOCUMENT, re.MULTILINE)
    assert sorted(told) == sorted(constants())


FIELD = r"^\| `(\w+)` \| ?(.*?) ?\| (.*) \|$"


def as_written(default: object) -> str:
    """A default value as the document writes it."""
    if isinstance(default, str):
        return f'`"{default}"`'
    return "nil" if default is None else json.dumps(default)


def section(op: str) -> str:
    """What the document says of an operation."""
    assert DOCUMENT.count(f"\n### {op}\n") == 1
    return DOCUMENT.split(f"\n### {op}\n")[1].split("\n##")[0]


@pytest.mark.parametrize("op", OPERATIONS)
def test_the_document_tells_every_operation_with_its_fields(op: str) -> None:
    text = section(op)
    assert f'"op": "{op}"' in text
    told = {name: (default, must) for name, default, must in re.findall(FIELD, text, re.MULTILINE)}
    fields = {field.alias or name: field for name, field in OPERATIONS[op].model_fields.items()}
    assert told == {
        name: ("" if field.is_required() else as_written(field.default), field.description)
        for name, field in fields.items()
    }


def test_the_document_tells_no_operation_that_is_gone() -> None:
    told = re.findall(r"^### (\w+)$", DOCUMENT.split("\n## Operations\n")[1], re.MULTILINE)
    assert told == list(OPERATIONS)


def test_the_document_tells_every_error_code() -> None:
    def kinds(kind: type[HitpointError]) -> list[type[HitpointError]]:
        return [kind, *(each for inner in kind.__subclasses__() for each in kinds(inner))]

    for kind in kinds(HitpointError):
        assert re.search(rf"^\| `{kind.code}` \| .* \| {kind.exit_code} \|$", DOCUMENT, re.MULTILINE), kind


def examples() -> list[Any]:
    """The requests in the document that are written out."""
    found = re.findall(r"^→ \[?(\{.*?\})(?:,\n   b'.*'\])?$", DOCUMENT, re.MULTILINE | re.DOTALL)
    return [json.loads(request) for request in found]


@pytest.mark.skipif(not protocol.absolute("/edit"), reason="the paths in the examples are not those of Windows")
def test_the_requests_in_the_document_are_in_order() -> None:
    assert {parsed([wire.packed(message)]).op for message in examples()} == set(OPERATIONS)
