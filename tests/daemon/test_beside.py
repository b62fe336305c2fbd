"""What is laid beside a dropped file plays from where it lies, is there once, and overwrites nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentimelineio.opentime import RationalTime, TimeRange

from core.errors import UnusableInput
from daemon import arrivals
from daemon.beside import clear_sentence, place_scored, place_sentence

SHA = "ab" * 32


def make_cue(folder: Path, *urls: str) -> Path:
    """A cue folder as the program makes it, with a stem for each URL that is a relative path."""
    length = TimeRange(RationalTime(0, 24), RationalTime(48, 24))
    timeline = otio.schema.Timeline("edit – music", metadata={"hitpoint": {"version": 1, "tempo_map": {"bpm": 120.5}}})
    for url in urls:
        track = otio.schema.Track(kind=otio.schema.TrackKind.Audio)
        track.append(otio.schema.Clip(media_reference=otio.schema.ExternalReference(url, length), source_range=length))
        timeline.tracks.append(track)
        if not url.startswith(("/", "file:", "C:")):
            (folder / url).parent.mkdir(parents=True, exist_ok=True)
            (folder / url).write_bytes(b"RIFF")
    folder.mkdir(parents=True, exist_ok=True)
    otio.adapters.write_to_file(timeline, str(folder / "cue.otio"), indent=4)
    return folder


def media_of(timeline: Path) -> list[str]:
    """The addresses of a timeline's media, read by OpenTimelineIO."""
    read = otio.adapters.read_from_file(str(timeline))
    return [clip.media_reference.target_url for clip in read.find_clips()]


@pytest.fixture
def dropped(tmp_path: Path) -> Path:
    path = tmp_path / "drop here" / "edit.otio"
    path.parent.mkdir()
    path.write_text("the edit")
    return path


STEMS = ("takes/001/drums.wav", "takes/001/bass.wav")


@pytest.mark.parametrize("where", ["drop here/Hitpoint Cues/edit 01.00", "elsewhere/über/cue", "drop here"])
def test_the_stems_are_found_from_where_the_scored_timeline_lies(tmp_path: Path, dropped: Path, where: str) -> None:
    cue = make_cue(tmp_path / where, *STEMS)
    placed = place_scored(cue, dropped, SHA)
    assert placed == dropped.with_name("edit.scored.otio")
    found = media_of(placed)
    assert [os.path.normpath(placed.parent / url) for url in found] == [str(cue / stem) for stem in STEMS]
    assert not any(Path(url).is_absolute() or "\\" in url for url in found)


def test_the_folder_may_be_moved_with_all_that_is_in_it(tmp_path: Path, dropped: Path) -> None:
    placed = place_scored(make_cue(dropped.parent / "Hitpoint Cues" / "cue", *STEMS), dropped, SHA)
    shutil.move(dropped.parent, tmp_path / "archive")
    moved = tmp_path / "archive" / placed.name
    assert all((moved.parent / url).is_file() for url in media_of(moved))


def test_the_stems_are_found_where_the_folder_is_a_link(tmp_path: Path, dropped: Path) -> None:
    deep = tmp_path / "volumes" / "raid" / "share"
    dropped.parent.rename(tmp_path / "volumes")
    deep.mkdir(parents=True)
    (tmp_path / "link").symlink_to(deep)
    (deep / "edit.otio").write_text("the edit")
    outside = place_scored(make_cue(tmp_path / "cues" / "cue", *STEMS), tmp_path / "link" / "edit.otio", SHA)
    assert all((outside.parent / url).is_file() for url in media_of(outside))
    cue = make_cue(tmp_path / "link" / "Hitpoint Cues" / "cue", *STEMS)
    inside = place_scored(cue, tmp_path / "link" / "edit.otio", SHA)
    assert media_of(inside) == [f"Hitpoint Cues/cue/{stem}" for stem in STEMS]


def test_what_is_no_relative_path_stays_as_it_is(tmp_path: Path, dropped: Path) -> None:
    urls = ["/media/a b.wav", "file:///media/a.wav", "C:/media/a.wav"]
    assert media_of(place_scored(make_cue(tmp_path / "cue", *urls), dropped, SHA)) == urls


def test_nothing_but_the_media_and_what_it_belongs_to_differs_from_the_cue(tmp_path: Path, dropped: Path) -> None:
    cue = make_cue(tmp_path / "cue", *STEMS)
    placed = json.loads(place_scored(cue, dropped, SHA).read_bytes())
    told = placed["metadata"]["hitpoint"]
    assert (told.pop("of"), told.pop("cue")) == (SHA, "../cue")

    def without_media(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: without_media(value) for key, value in node.items() if key != "target_url"}
        return [without_media(child) for child in node] if isinstance(node, list) else node

    assert without_media(placed) == without_media(json.loads((cue / "cue.otio").read_bytes()))


def test_placed_twice_it_is_there_once(dropped: Path) -> None:
    cue = make_cue(dropped.parent / "Hitpoint Cues" / "cue", *STEMS)
    first = place_scored(cue, dropped, SHA)
    assert place_scored(cue, dropped, SHA) == first
    assert sorted(path.name for path in dropped.parent.glob("*.otio")) == ["edit.otio", "edit.scored.otio"]


def test_another_cut_or_cue_gets_a_name_of_its_own(tmp_path: Path, dropped: Path) -> None:
    one, two = (make_cue(tmp_path / name, *STEMS) for name in ("cue", "cue 2"))
    placed = [place_scored(one, dropped, SHA), place_scored(two, dropped, "cd" * 32), place_scored(two, dropped, SHA)]
    assert [path.name for path in placed] == ["edit.scored.otio", "edit.scored 2.otio", "edit.scored 3.otio"]
    assert [place_scored(one, dropped, SHA), place_scored(two, dropped, SHA)] == [placed[0], placed[2]]


def test_what_lies_there_is_never_overwritten(tmp_path: Path, dropped: Path) -> None:
    taken = {"edit.scored.otio": b"somebody's", "edit.scored 2.otio": b"[1, 2]"}
    for name, content in taken.items():
        (dropped.parent / name).write_bytes(content)
    placed = place_scored(make_cue(tmp_path / "cue", *STEMS), dropped, SHA)
    assert placed.name == "edit.scored 3.otio"
    assert {name: (dropped.parent / name).read_bytes() for name in taken} == taken


def test_a_link_to_nothing_takes_its_name(tmp_path: Path, dropped: Path) -> None:
    dropped.with_name("edit.scored.otio").symlink_to("nothing")
    placed = place_scored(make_cue(tmp_path / "cue", *STEMS), dropped, SHA)
    assert placed.name == "edit.scored 2.otio"
    assert not (dropped.parent / "nothing").exists()


def test_the_scored_timeline_is_no_drop_under_any_name(tmp_path: Path, dropped: Path) -> None:
    placed = place_scored(make_cue(tmp_path / "cue", *STEMS), dropped, SHA)
    assert not arrivals.is_candidate(placed.name)
    renamed = placed.rename(placed.with_name("with music.otio"))
    mark = arrivals.look(renamed.parent, renamed.name)
    assert mark is not None
    assert arrivals.read(renamed.parent, renamed.name, mark, frozenset()) is None


@given(stem=st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=30))
@settings(deadline=None)
def test_no_name_of_ours_is_ever_a_candidate(stem: str) -> None:
    for number in ("", " 2", " 17"):
        assert not arrivals.is_candidate(f"{stem}.scored{number}.otio")


def test_the_drop_may_be_gone_but_its_folder_may_not(tmp_path: Path, dropped: Path) -> None:
    cue = make_cue(tmp_path / "cue", *STEMS)
    dropped.unlink()
    assert place_scored(cue, dropped, SHA).is_file()
    shutil.rmtree(dropped.parent)
    with pytest.raises(UnusableInput, match="is not there"):
        place_scored(cue, dropped, SHA)
    assert not dropped.parent.exists()


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"metadata": 3}', b"[" * 100_000])
def test_a_cue_that_is_gone_or_damaged_is_said(tmp_path: Path, dropped: Path, content: bytes | None) -> None:
    (tmp_path / "cue").mkdir()
    if content is not None:
        (tmp_path / "cue" / "cue.otio").write_bytes(content)
    with pytest.raises(UnusableInput, match=r"cue\.otio"):
        place_scored(tmp_path / "cue", dropped, SHA)
    assert [path.name for path in dropped.parent.iterdir()] == ["edit.otio"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits on the size of files")
def test_a_disk_that_takes_no_more_is_said_and_nothing_is_left_behind(tmp_path: Path, dropped: Path) -> None:
    cue = make_cue(tmp_path / "cue", *STEMS)
    place = (
        "import resource, sys; from pathlib import Path; from daemon.beside import place_scored;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100));"
        "place_scored(Path(sys.argv[1]), Path(sys.argv[2]), '0' * 64)"
    )
    answer = subprocess.run([sys.executable, "-c", place, cue, dropped], capture_output=True, text=True, check=False)
    assert "UnusableInput: The file would be larger than is allowed here" in answer.stderr
    assert [path.name for path in dropped.parent.iterdir()] == ["edit.otio"]


def test_the_sentence_is_said_replaced_and_taken_back(dropped: Path) -> None:
    clear_sentence(dropped)
    said = place_sentence(dropped, "The range is empty.")
    assert said.name == "edit.not scored.txt"
    assert said.read_text() == "The range is empty.\n"
    before = said.stat()
    place_sentence(dropped, "The range is empty.")
    assert (said.stat().st_ino, said.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    place_sentence(dropped, "Die Länge fehlt.")
    assert said.read_text(encoding="utf-8") == "Die Länge fehlt.\n"
    clear_sentence(dropped)
    assert [path.name for path in dropped.parent.iterdir()] == ["edit.otio"]


def test_a_sentence_for_a_folder_that_is_gone_is_refused(dropped: Path) -> None:
    shutil.rmtree(dropped.parent)
    with pytest.raises(UnusableInput):
        place_sentence(dropped, "The range is empty.")
    clear_sentence(dropped)


def test_a_cue_of_the_demonstration_plays_from_beside_its_edit(tmp_path: Path, cue_of_the_demo: dict[str, Any]) -> None:
    placed = place_scored(Path(cue_of_the_demo["cue"]), tmp_path / "edit.otio", SHA)
    stems = {(placed.parent / url).resolve() for url in media_of(placed)}
    assert stems == set((Path(cue_of_the_demo["cue"]) / "takes" / "001").glob("*.wav")) - {
        Path(cue_of_the_demo["cue"]) / "takes" / "001" / "mix.wav"
    }
