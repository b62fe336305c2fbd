"""What is looked at in a process of its own: a timeline as it is scored, a cue by its id, an edit that has changed."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.cue.folder import load
from core.errors import Cancelled, UnusableInput
from core.placement import cue_id
from core.timeline.read import read
from daemon.hosts.looking import aside, look, prepared, share_of

Timeline = dict[str, Any]


@pytest.fixture
def exported(demo_edit: Path) -> Timeline:
    """The demonstration's edit as a host exports it: with whole paths, and no name."""
    timeline: Timeline = json.loads(demo_edit.read_text())
    timeline["name"] = ""
    for clip in timeline["tracks"]["children"][0]["children"]:
        media = clip["media_references"]["DEFAULT_MEDIA"]
        media["target_url"] = str(demo_edit.parent / media["target_url"])
    return timeline


@pytest.fixture
def cue(cue_of_the_demo: dict[str, Any], tmp_path: Path) -> Path:
    """A cue of that edit, for this test alone."""
    return Path(shutil.copytree(cue_of_the_demo["cue"], tmp_path / "cues" / "reel" / "the cue"))


def content(timeline: Timeline) -> bytes:
    return json.dumps(timeline).encode()


def never() -> bool:
    return False


def marker(name: str, note: str, second: float) -> dict[str, Any]:
    """A marker as Resolve exports it."""
    time = {"OTIO_SCHEMA": "RationalTime.1", "rate": 24.0}
    span = {
        "OTIO_SCHEMA": "TimeRange.1",
        "start_time": {**time, "value": second * 24},
        "duration": {**time, "value": 1},
    }
    told = {"OTIO_SCHEMA": "Marker.2", "name": name, "color": "CYAN", "marked_range": span}
    return {**told, "metadata": {"Resolve_OTIO": {"Note": note, "Keywords": []}}}


# --- prepared


def test_what_the_export_leaves_out_is_added(exported: Timeline) -> None:
    made = read(Path("/x/y.otio"), content=prepared(content(exported), "Reel 3", drop_frame=False))
    assert made.name == "Reel 3"
    as_it_was = read(Path("/x/y.otio"), content=content(exported))
    assert [shot.first_frame for shot in made.shots] == [shot.first_frame for shot in as_it_was.shots]
    assert made.hits == as_it_was.hits


@pytest.mark.parametrize("drop_frame", [True, False])
def test_timecode_is_written_as_the_host_writes_it(exported: Timeline, drop_frame: bool) -> None:
    text = (
        json.dumps(exported)
        .replace('"rate": 24.0', '"rate": 29.97002997')
        .replace('"rate": 24,', '"rate": 29.97002997,')
    )
    timeline = json.loads(text)
    timeline["global_start_time"] = {"OTIO_SCHEMA": "RationalTime.1", "rate": 30000 / 1001, "value": 107892.0}
    timeline["metadata"] = {"drop_frame": not drop_frame}
    made = read(Path("/x/y.otio"), "0f", "24f", content=prepared(content(timeline), "", drop_frame))
    assert made.range.drop_frame is drop_frame
    assert (made.in_text == "01:00:00;00") is drop_frame


def test_markers_that_were_laid_by_us_are_no_wishes_of_the_editors(exported: Timeline) -> None:
    own = [hit.time for hit in read(Path("/x/y.otio"), content=content(exported)).hits if hit.kind == "marker"]
    exported["tracks"]["markers"] = [
        *exported["tracks"].get("markers", []),
        marker("HIT door", "the editor's own", 1.0),
        marker("bar 2", "Hitpoint", 2.0),
        marker("cut", "Hitpoint: met, 3 ms late; Hitpoint", 3.0),
        marker("Hitpoint", "Hitpointing at things", 4.0),
        {**marker("", "", 5.0), "comment": "Hitpoint: met", "metadata": None},
    ]
    made = read(Path("/x/y.otio"), content=prepared(content(exported), "", drop_frame=False))
    marked = [hit.time for hit in made.hits if hit.kind == "marker"]
    assert marked == sorted([*own, 1.0, 4.0])


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"a": 1}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_timeline_is_refused(text: bytes) -> None:
    with pytest.raises(UnusableInput, match="not OpenTimelineIO"):
        prepared(text, "", drop_frame=False)


def test_the_share_that_most_media_lie_on_is_found(exported: Timeline) -> None:
    assert share_of(content(exported)) == ""
    clips = exported["tracks"]["children"][0]["children"]
    for number, clip in enumerate(clips):
        server = "nas" if number else "other"
        clip["media_references"]["DEFAULT_MEDIA"]["target_url"] = f"\\\\{server}\\film\\reel {number}.mov"
    assert share_of(content(exported)) == "\\\\nas\\film"
    clips[0]["media_references"]["DEFAULT_MEDIA"]["target_url"] = "\\\\.\\pipe\\x"
    assert share_of(content(exported)) == "\\\\nas\\film"


# --- look


def asked(timeline: Timeline, cue: str, *, folders: list[Path] = [], search: list[Path] = []) -> dict[str, Any]:  # noqa: B006
    return look(content(timeline), cue, folders, search, whole=True)


def with_piece(timeline: Timeline, folder: Path, cue: str) -> Timeline:
    """The timeline once a stem of a cue was laid."""
    laid = copy.deepcopy(timeline)
    track = copy.deepcopy(laid["tracks"]["children"][0])
    track["kind"] = "Audio"
    piece = str(folder / "pieces" / "48000" / f"drums 01 A take 1 {cue}.wav")
    track["children"] = track["children"][:1]
    track["children"][0]["media_references"]["DEFAULT_MEDIA"]["target_url"] = piece
    laid["tracks"]["children"].append(track)
    return laid


def test_a_cue_is_found_by_the_pieces_that_lie_in_the_timeline(exported: Timeline, cue: Path) -> None:
    known = cue_id(load(cue))
    found = asked(with_piece(exported, cue, known), known)
    assert found == {"folder": str(cue), "start": 0, "frames": load(cue).brief.edit.range.frames, "changed": ""}


def test_a_cue_that_was_moved_is_found_where_cues_are(exported: Timeline, cue: Path) -> None:
    known = cue_id(load(cue))
    elsewhere = cue.parent.parent / "renamed" / "another name"
    elsewhere.parent.mkdir()
    laid = with_piece(exported, cue, known)
    cue.rename(elsewhere)
    assert asked(laid, known, search=[cue.parents[1]])["folder"] == str(elsewhere)


def test_another_cue_in_the_same_place_is_not_taken_for_it(exported: Timeline, cue: Path) -> None:
    with pytest.raises(UnusableInput, match=r"The cue 00000000 is not found.*score the range again"):
        asked(with_piece(exported, cue, "00000000"), "00000000", folders=[cue], search=[cue.parents[1]])


def test_a_damaged_cue_on_the_way_is_passed_over(exported: Timeline, cue: Path) -> None:
    broken = cue.parent / "broken"
    broken.mkdir()
    (broken / "cue.json").write_text("{")
    assert asked(exported, cue_id(load(cue)), folders=[broken, cue])["folder"] == str(cue)


def test_markers_alone_are_no_change_of_the_edit(exported: Timeline, cue: Path) -> None:
    exported["tracks"]["markers"] = [marker("bar 2", "Hitpoint", 2.0)]
    assert asked(exported, "", folders=[cue])["changed"] == ""


def test_an_edit_that_starts_at_another_timecode_is_the_same_edit(exported: Timeline, cue: Path) -> None:
    exported["global_start_time"]["value"] = 12_345.0
    assert asked(exported, "", folders=[cue])["changed"] == ""


def trim(clips: list[dict[str, Any]]) -> None:
    """Move the first cut."""
    for clip, frames in zip(clips, (-6, 6), strict=False):
        clip["source_range"]["duration"]["value"] += frames


CHANGES: dict[str, Callable[[list[dict[str, Any]]], object]] = {
    "trimmed": trim,
    "swapped": lambda clips: clips.insert(0, clips.pop(1)),
    "slipped": lambda clips: clips[0]["source_range"]["start_time"].update(value=7.0),
    "retimed": lambda clips: clips[1].update(effects=[{"OTIO_SCHEMA": "LinearTimeWarp.1", "time_scalar": 0.5}]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_picture_under_the_cue_is_told(exported: Timeline, cue: Path, change: str) -> None:
    CHANGES[change](exported["tracks"]["children"][0]["children"])
    assert "Of the picture" in asked(exported, "", folders=[cue])["changed"]


def test_a_timeline_that_is_shorter_now_is_told(exported: Timeline, cue: Path) -> None:
    del exported["tracks"]["children"][0]["children"][2:]
    assert "whole cue" in asked(exported, "", folders=[cue])["changed"]


# --- the process


def test_the_process_answers_what_the_functions_do(exported: Timeline, cue: Path) -> None:
    known = cue_id(load(cue))
    order = {"do": "look", "cue": known, "folders": [str(cue)], "search": [], "whole": True}
    found, made = aside(order, content(exported), never)
    assert (found, made) == (asked(exported, known, folders=[cue]), b"")
    found, made = aside({"do": "prepare", "name": "Reel", "drop_frame": True}, content(exported), never)
    assert made == prepared(content(exported), "Reel", drop_frame=True)
    assert found == {"share": ""}
    from core.styles import STYLES

    assert aside({"do": "styles"}, b"", never)[0] == {"styles": list(STYLES)}


def test_what_lies_in_the_folder_that_a_host_stands_in_is_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "re", "core", "daemon"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('foreign code')")
    monkeypatch.chdir(tmp_path)
    assert aside({"do": "styles"}, b"", never)[0]["styles"]


def test_an_error_in_the_process_is_the_same_error_here() -> None:
    with pytest.raises(UnusableInput, match="not OpenTimelineIO"):
        aside({"do": "prepare", "name": "", "drop_frame": False}, b"{}", never)


def test_a_timeline_that_fills_every_pipe_arrives_whole(exported: Timeline) -> None:
    exported["metadata"]["long"] = list(range(1_000_000))
    _, made = aside({"do": "prepare", "name": "", "drop_frame": False}, content(exported), never)
    assert json.loads(made)["metadata"]["long"] == exported["metadata"]["long"]


def test_a_process_that_nobody_waits_for_is_ended(exported: Timeline) -> None:
    exported["metadata"]["long"] = list(range(3_000_000))
    with pytest.raises(Cancelled):
        aside({"do": "prepare", "name": "", "drop_frame": False}, content(exported), lambda: True)
