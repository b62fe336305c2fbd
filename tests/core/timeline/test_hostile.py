"""Whatever bytes come in: shots, or one sentence; never a traceback."""

from __future__ import annotations

import copy
import json
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.brief import Edit
from core.errors import HitpointError, UnusableInput
from core.timeline.read import read
from tests.core.timeline.documents import (
    Node,
    clip,
    dissolve,
    external,
    freeze,
    gap,
    marker,
    saved,
    span,
    stack,
    time,
    timeline,
    track,
    warp,
)

FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def attempt(source: Path, *span_texts: str) -> Edit | None:
    """Read a file; None where it was refused in a sentence."""
    refusal = None
    try:
        edit = read(source, *span_texts)
    except HitpointError as error:
        refusal = error
    if refusal is not None:
        assert refusal.what
        assert str(refusal).isprintable()
        return None
    assert sum(shot.frames for shot in edit.shots) == edit.range.frames
    return edit


def good() -> Node:
    """A timeline with one of everything."""
    inner = stack(track(clip("n", span(10, 30), markers=[marker("m", 12)])), source_range=span(2, 20))
    return timeline(
        track(
            clip("a", span(0, 20), external("a.mov", span(0, 99))),
            dissolve(4, 4),
            clip("b", span(50, 20), effects=[warp(-2.0)]),
            inner,
            clip("c", span(0, 9), effects=[freeze()]),
            markers=[marker("t", 3)],
        ),
        track(gap(30), clip("d", span(0, 10), {"OTIO_SCHEMA": "GeneratorReference.1", "name": "bars"})),
        start=time(86_400),
        markers=[marker("s", 7)],
    )


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    found = [path] if path else []
    if isinstance(node, dict | list):
        entries = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in entries:
            found += places(value, (*path, key))
    return found


def changed(document: Any, path: tuple[Any, ...], value: object) -> Any:
    document = copy.deepcopy(document)
    node = document
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return document


STRANGE: list[Any] = [
    None,
    True,
    -1,
    0,
    1e-9,
    1e18,
    10**30,
    float("nan"),
    float("inf"),
    "",
    "x",
    [],
    [[]],
    {},
    {"rate": 0},
    [1],
]
PLACES = places(good())


@given(st.sampled_from(PLACES), st.sampled_from(STRANGE))
@settings(FUZZ, max_examples=600)
def test_any_value_in_any_place_is_read_or_refused(tmp_path: Path, path: tuple[Any, ...], value: object) -> None:
    attempt(saved(changed(good(), path, value), tmp_path))


@given(st.binary(max_size=300), st.sampled_from(["edit.otio", "edit.otioz", "edit.mov"]))
@FUZZ
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    attempt(tmp_path / name)


@given(st.integers(0, 5000), st.binary(min_size=1, max_size=8))
@FUZZ
def test_a_damaged_timeline_is_read_or_refused(tmp_path: Path, place: int, damage: bytes) -> None:
    content = bytearray(json.dumps(good()).encode())
    place %= len(content)
    content[place : place + len(damage)] = damage
    (tmp_path / "edit.otio").write_bytes(content)
    attempt(tmp_path / "edit.otio")


@given(st.integers(0, 3000), st.binary(min_size=1, max_size=8))
@FUZZ
def test_a_damaged_archive_is_read_or_refused(tmp_path: Path, place: int, damage: bytes) -> None:
    bundle = tmp_path / "edit.otioz"
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("content.otio", json.dumps(good()))
        opened.writestr("a.mov", b"0" * 500)
    content = bytearray(bundle.read_bytes())
    place %= len(content)
    content[place : place + len(damage)] = damage
    bundle.write_bytes(content)
    attempt(bundle)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["OTIO_SCHEMA", "children", "tracks", "source_range", "rate", "value", "markers"]),
            inner | st.sampled_from(["Timeline.1", "Stack.1", "Track.1", "Clip.2", "Gap.1", "Marker.2"]),
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(json_values)
@FUZZ
def test_any_json_is_read_or_refused(tmp_path: Path, document: object) -> None:
    attempt(saved(document, tmp_path))


@given(st.text(max_size=12), st.text(max_size=12))
@FUZZ
def test_any_range_is_read_or_refused(tmp_path: Path, in_text: str, out_text: str) -> None:
    attempt(saved(good(), tmp_path), in_text, out_text)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"   ",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b"\x00" * 1000,
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"OTIO_SCHEMA": "Timeline.1"}',
        b'{"OTIO_SCHEMA": "Timeline.1", "tracks": {"OTIO_SCHEMA": "Clip.2"}}',
        b'{"OTIO_SCHEMA": "SerializableCollection.1", "children": []}',
        json.dumps({"OTIO_SCHEMA": "Timeline.1", "x": 1}).encode() + b"1" * 5000,
    ],
)
def test_what_is_no_timeline_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "edit.otio").write_bytes(content)
    with pytest.raises(UnusableInput) as refusal:
        read(tmp_path / "edit.otio")
    assert "edit.otio" in str(refusal.value)


@pytest.mark.parametrize(
    "bad",
    [
        time(float("nan")),
        time(1e18),
        time(-5),
        {**time(5), "rate": 0},
        {**time(5), "rate": -24},
        {**time(5), "rate": float("inf")},
        {**time(5), "value": "5"},
    ],
)
def test_absurd_durations_are_refused(tmp_path: Path, bad: Node) -> None:
    with pytest.raises(UnusableInput):
        read(saved(timeline(track(clip("a", {**span(0, 5), "duration": bad}))), tmp_path))


def test_a_timeline_nested_without_end_is_refused(tmp_path: Path) -> None:
    node = track(clip("a", span(0, 5)))
    for _ in range(150):
        node = stack(node)
    with pytest.raises(UnusableInput, match="nested"):
        read(saved(timeline(node), tmp_path))


def test_folders_and_absent_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "edit.otiod").mkdir()
    for name in ("edit.otiod", "absent.otio", "."):
        with pytest.raises(UnusableInput):
            read(tmp_path / name)


def test_names_are_safe_to_print(tmp_path: Path) -> None:
    document = timeline(track(clip("a\n\x1b[31m\ud800", span(0, 5)), clip("b\u202e", span(0, 5))))
    edit = attempt(saved(document, tmp_path))
    assert edit is not None
    assert all(shot.name.isprintable() for shot in edit.shots)
    with suppress(UnicodeEncodeError):
        assert edit.shots[0].name.encode()
