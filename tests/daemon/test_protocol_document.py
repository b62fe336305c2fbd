"""docs/protocol.md is enough to write a client from: it tells everything, and all of it as it is."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import Cancelled, HitpointError
from daemon import protocol, wire
from daemon.client import job_id
from daemon.home import Home
from daemon.protocol import OPERATIONS, parsed
from daemon.starting import connected

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


# --- a client written from the document alone


@pytest.fixture(scope="module")
def edit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A timeline of three short shots whose media are not there."""
    import opentimelineio as otio

    rate = 24
    timeline = otio.schema.Timeline("reel_3", global_start_time=otio.opentime.RationalTime(86_400, rate))
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    for number, frames in enumerate((48, 30, 60)):
        length = otio.opentime.TimeRange(otio.opentime.RationalTime(0, rate), otio.opentime.RationalTime(frames, rate))
        track.append(otio.schema.Clip(f"shot {number}", otio.schema.MissingReference(), length))
    timeline.tracks.append(track)
    path = tmp_path_factory.mktemp("edit") / "reel_3.otio"
    otio.adapters.write_to_file(timeline, str(path))
    return path


def test_the_client_in_the_document_scores_a_timeline(edit: Path, daemon_home: Path, tmp_path: Path) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert "daemon" not in re.findall(r"^(?:import|from) (.*)", code, re.MULTILINE)
    program = tmp_path / "client.py"
    program.write_text(code.replace('"/edit/reel_3.otio"', repr(str(edit))), encoding="utf-8")
    environment = {**os.environ, "HITPOINT_HOME": str(daemon_home)}
    answer = subprocess.run(
        [sys.executable, str(program)], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    state, result = answer.stdout.split(" ", 1)
    assert state == "done"
    told = ast.literal_eval(result)
    assert Path(told["mix"]).is_file()
    assert set(told) <= set(re.findall(r"`(\w+)`", section("score").split("The result:")[1]))


def shown(op: str) -> set[str]:
    """The keys in the answers that the document shows for an operation."""
    answers = re.findall(r"^← .*?(?=^→|^```)", section(op), re.MULTILINE | re.DOTALL)
    return {key for answer in answers for key in re.findall(r'"(\w+)":', answer)} - {"v", "re", "ok"}


def keys(told: object) -> set[str]:
    """All keys of plain data."""
    if isinstance(told, list):
        return {key for part in told for key in keys(part)}
    if isinstance(told, dict):
        return set(told) | {key for part in told.values() for key in keys(part)}
    return set()


def test_the_daemon_answers_as_the_document_says(daemon_home: Path, tmp_path: Path) -> None:
    with connected("a test", home=Home(daemon_home)) as client:
        assert set(client.ask("ping")) == shown("ping") == set()
        assert keys(dict(client.hello)) == shown("hello")
        assert set(client.ask("rest")) == shown("rest")
        assert set(client.ask("jobs")) == {"jobs"}
        engines = client.ask("engines")["engines"]
        assert set(engines[0]) == shown("engines") - {"engines", "on_grid", "text"}
        assert keys(client.ask("status")) == shown("status")
        begun = client.ask("watch", folder=str(tmp_path))["watch"]
        (watched,) = client.ask("watches")["watches"]
        assert set(watched) == shown("watches") - {"watches"}
        stopped = client.ask("watch", folder=str(tmp_path), stop=True)["watch"]
        assert set(begun) | set(stopped) == shown("watch") - {"watch", "engine"}


def test_a_job_is_told_as_the_document_says(edit: Path, daemon_home: Path) -> None:
    rows = re.findall(
        r"^\| (`.*?`) \|", DOCUMENT.split("A job is told as a map:")[1].split("| state |")[0], re.MULTILINE
    )
    written = {name for row in rows for name in re.findall(r"\w+", row)}
    with connected("a test", home=Home(daemon_home)) as client:
        queued = client.ask("score", job=job_id(), timeline=str(edit))["job"]
        client.ask("cancel", job=queued["id"])
        with pytest.raises(Cancelled):
            client.follow(queued["id"])
        cancelled = client.ask("job", job=queued["id"])["job"]
        done = client.ask("jobs")["jobs"][-1]
    assert set(queued) | set(cancelled) | set(done) | {"result"} == written
    assert cancelled["error"]["code"] == "cancelled"
