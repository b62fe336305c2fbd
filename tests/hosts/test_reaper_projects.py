"""The fake REAPER writes and reads real project files, and runs from the shell."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import rpp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hosts.reaper import Fake
from tests.hosts.reaper.rpp_text import Block, key, parse, words, written
from tests.hosts.reaper.state import Note, Source, Take, TakeMarker, TempoPoint

REAL = ("reaper_video_tempo.rpp", "reaper_take.rpp")


def full(folder: Path) -> Fake:
    """A project that uses everything that a file can hold."""
    fake = Fake(resource=folder)
    state = fake.active.state
    state.offset, state.timebase, state.selection, state.loop, state.cursor = 3600.0, 2, (1.5, 9.25), (2.0, 4.0), 3.0
    state.notes, state.bpm = "two\nlines", 97.5
    fake.user.set_frame_rate(29.97, drop_frame=True)
    state.ext = {("hitpoint", "cue"): "/a folder/cue", ("hitpoint", "odd"): "a \"b\" 'c'", ("x", "empty"): ""}
    state.tempo = [
        TempoPoint(0.0, 120.0, 4, 4),
        TempoPoint(4.0, 90.5, linear=True),
        TempoPoint(8.0, 60.0, 7, 8, flags=5, selected=True),
    ]
    folder_track = fake.user.add_track("Hitpoint: reel 1", 1)
    folder_track.values |= {"I_CUSTOMCOLOR": float(0x1000000 | 0xFF8800), "I_FOLDERCOMPACT": 1.0}
    track = fake.user.add_track("drums", -1)
    track.ext, track.locked, track.icon = {"hitpoint": "1"}, True, "drum.png"
    track.values |= {"C_BEATATTACHMODE": 0.0, "B_MUTE": 1.0, "I_NCHAN": 4.0, "D_VOL": 0.5, "I_SELECTED": 1.0}
    track.values |= {"I_FREEMODE": 2.0, "I_NUMFIXEDLANES": 3.0}
    track.lane_names = {0: "v 1", 1: "", 2: "v3"}
    item = fake.user.add_item(track, folder / "drums.wav", 1.001, 12.345678901234, offset=0.5, playrate=0.99998, mode=0)
    item.ext, item.notes = {"hitpoint_cue": "3f9a2c1b", "text": "a b"}, "first\nsecond"
    item.values |= {"I_GROUPID": 7.0, "B_LOOPSRC": 0.0, "B_MUTE": 1.0, "C_LOCK": 1.0, "I_CUSTOMCOLOR": 16777471.0}
    item.values |= {"D_FADEINLEN": 0.0, "D_FADEOUTLEN": 0.25, "D_VOL": 0.8, "B_UISEL": 1.0, "D_SNAPOFFSET": 0.1}
    item.takes[0].ext, item.takes[0].markers = {"hitpoint_take": "1"}, [TakeMarker(0.5, "a hit", 3)]
    second = Take(
        "v2 seed 123", Source("WAVE", str(folder / "drums 2.wav")), {"D_STARTOFFS": 0.5, "D_VOL": 0.7, "D_PAN": -0.5}
    )
    second.ext = {"hitpoint_take": "2"}
    notes = [Note(0, 480, 0, 60, 100), Note(480, 960, 9, 36, 90, muted=True)]
    midi = Take("notes", Source("MIDI", length=4.0, is_qn=True, notes=notes))
    section = Source("SECTION", length=2.0, offset=0.5, reverse=True, parent=Source("WAVE", str(folder / "r.wav")))
    item.takes += [Take(null=True), second, midi, Take("reversed", section)]
    item.current = 2
    fake.user.add_item(track, "", 20.0, 1.0).takes.clear()
    fake.user.add_marker(3.0, "HIT door", color=0x10000FF)
    fake.user.add_marker(5.0, "", end=8.0)
    return fake


def test_everything_that_a_file_holds_comes_back_when_a_project_is_opened_again(tmp_path: Path) -> None:
    fake = full(tmp_path)
    fake.user.save(path=tmp_path / "reel.rpp")
    before = fake.rpp()
    old = fake.active.state
    fake.user.save_and_reopen()
    new = fake.active.state
    assert fake.rpp() == before
    assert new is not old
    for name in (
        "ext",
        "selection",
        "loop",
        "notes",
        "timebase",
        "frame_base",
        "frame_flag",
        "offset",
        "cursor",
        "bpm",
        "tempo",
    ):
        assert getattr(new, name) == getattr(old, name), name
    item, same = old.tracks[1].items[0], new.tracks[1].items[0]
    assert (same.ext, same.notes, same.guid, same.current) == (item.ext, item.notes, item.guid, 2)
    assert {name: same.values[name] for name in item.values} == item.values
    for take, again in zip(item.takes, same.takes, strict=True):
        assert (again.name, again.ext, again.null, again.markers) == (take.name, take.ext, take.null, take.markers)
        assert {name: again.values[name] for name in take.values} == take.values
    assert same.takes[3].source is not None
    assert same.takes[3].source.notes == item.takes[3].source.notes if item.takes[3].source else None
    track, again_track = old.tracks[1], new.tracks[1]
    assert (again_track.ext, again_track.locked, again_track.lane_names) == (track.ext, True, {0: "v 1", 2: "v3"})
    assert [(m.number, m.name, m.position, m.end, m.guid, m.color) for m in new.markers] == [
        (m.number, m.name, m.position, m.end, m.guid, m.color) for m in old.ordered_markers()
    ]


def test_pointers_from_before_a_reopening_are_dead(tmp_path: Path) -> None:
    fake = Fake()
    fake.user.add_track("a")
    fake.run_text(
        "track = reaper.GetTrack(0, 0) "
        "function loop() reaper.defer(loop) return (pcall(reaper.GetTrackName, track)) end loop()"
    )
    fake.user.save_and_reopen(tmp_path / "reel.rpp")
    fake.pump()
    assert fake.runs[0].result is False


def test_the_text_is_read_by_the_rpp_library(tmp_path: Path) -> None:
    told = rpp.loads(full(tmp_path).rpp())
    assert told.tag == "REAPER_PROJECT"
    assert next(child for child in told if list(child)[:1] == ["PROJOFFS"])[1] == "3600"
    points = [line for line in told.find("TEMPOENVEX") if line[0] == "PT"]
    assert [line[4] for line in points if len(line) > 4] == ["262148", "524295"]
    tracks = told.findall("TRACK")
    assert [list(line)[1:] for track in tracks for line in track if list(line)[:1] == ["ISBUS"]] == [
        ["1", "1"],
        ["2", "-1"],
    ]
    item = tracks[1].find("ITEM")
    lines = [list(line) for line in item]
    assert ["POSITION", "1.001"] in lines
    assert ["TAKE", "NULL"] in lines
    assert ["TAKE", "SEL"] in lines
    assert [list(line) for line in item.find("EXT")] == [["hitpoint_cue", "3f9a2c1b"], ["text", "a b"]]
    assert [source.attrib[0] for source in item.findall("SOURCE")] == ["WAVE", "WAVE", "MIDI", "SECTION"]
    regions = [list(line) for line in told if list(line)[:1] == ["MARKER"]]
    assert [line[1:3] for line in regions] == [["1", "3"], ["1", "5"], ["1", "8"]]


@pytest.mark.parametrize("name", REAL)
def test_real_projects_come_back_line_by_line(shared: Path, name: str) -> None:
    text = (shared / "timelines" / "real" / name).read_text()
    fake = Fake.from_rpp(text)
    theirs = [words(line.strip()) for line in text.splitlines() if line.strip()]
    ours = [words(line.strip()) for line in fake.rpp().splitlines()]
    assert len(ours) == len(theirs)
    for mine, real in zip(ours[1:], theirs[1:], strict=True):
        assert mine[0] == real[0]
        for number, (value, wanted) in enumerate(zip(mine[1:], real[1:], strict=False)):
            assert value == wanted or float(value) == pytest.approx(float(wanted), abs=1e-9), (mine, number)


def order(block: Block) -> list[str]:
    return list(dict.fromkeys(key(entry) for entry in block.body))


def in_order(wanted: list[str], found: list[str]) -> bool:
    known = [name for name in found if name in wanted]
    return known == [name for name in wanted if name in known]


@pytest.mark.parametrize("name", REAL)
def test_the_layout_is_that_of_real_projects(shared: Path, tmp_path: Path, name: str) -> None:
    real = parse((shared / "timelines" / "real" / name).read_text())
    ours = parse(full(tmp_path).rpp())
    assert in_order(order(real), order(ours))
    real_track, our_track = (next(b for b in root.body if key(b) == "<TRACK") for root in (real, ours))
    assert isinstance(real_track, Block)
    assert isinstance(our_track, Block)
    assert in_order(order(real_track), order(our_track))
    items = [entry for entry in real_track.body if key(entry) == "<ITEM"]
    if items and isinstance(items[0], Block):
        mine = next(e for b in ours.body if isinstance(b, Block) for e in b.body if key(e) == "<ITEM")
        assert isinstance(mine, Block)
        first = mine.body[: next(n for n, entry in enumerate(mine.body) if key(entry) == "TAKE")]
        assert in_order(order(items[0]), list(dict.fromkeys(map(key, first))))


def test_video_items_of_a_real_project_are_seen_by_scripts(shared: Path) -> None:
    fake = Fake.from_rpp((shared / "timelines" / "real" / "reaper_video_tempo.rpp").read_text())
    code = """
    local told = {}
    for i = 0, reaper.CountMediaItems(0) - 1 do
      local take = reaper.GetActiveTake(reaper.GetMediaItem(0, i))
      local source = take and reaper.GetMediaItemTake_Source(take)
      if source and reaper.GetMediaSourceType(source) == "VIDEO" then
        told[#told + 1] = {reaper.GetMediaItemTakeInfo_Value(take, "D_STARTOFFS"),
          reaper.GetMediaItemTakeInfo_Value(take, "D_PLAYRATE"),
          reaper.GetMediaSourceFileName(source):match("%.(%w+)$")}
      end
    end
    return told
    """
    told = fake.run_text(code).result
    assert len(told) >= 4
    assert any(offset == pytest.approx(16.5318174805203) for offset, _, _ in told)
    assert {ending for _, _, ending in told} == {"mp4", "m4a", "avi"}


def test_media_beside_the_project_is_named_from_there(tmp_path: Path) -> None:
    fake = Fake()
    fake.user.add_item(fake.user.add_track(), tmp_path / "media" / "a.wav", 1.0, 2.0)
    fake.user.save_and_reopen(tmp_path / "reel.rpp")
    assert 'FILE "media/a.wav"' in fake.rpp()
    source = fake.active.state.items()[0].takes[0].source
    assert source is not None
    assert source.file == f"{tmp_path}/media/a.wav"


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs", "Cc"))), min_size=1, max_size=4)
)
@settings(max_examples=200, deadline=None)
def test_any_text_survives_as_a_word_but_for_backquotes_beside_both_quotes(texts: list[str]) -> None:
    def kept(text: str) -> str:
        quoted = " " in text or text[:1] in tuple("\"'`<>|#;")
        return text.replace("`", "'") if quoted and all(quote in text for quote in "\"'`") else text

    expected = [kept(text) for text in texts]
    assert words(written("KEY", *texts)) == ["KEY", *expected]


def test_line_ends_mix_and_an_unfinished_file_is_refused() -> None:
    assert parse('<A 1\r\n  B "x y"\n  <C\r\n  >\n>\r\n') == Block(["A", "1"], ['B "x y"', Block(["C"])])
    with pytest.raises(ValueError, match="complete"):
        parse("<A 1\n  <B\n  >\n")


def test_chunks_of_state_are_read_and_written() -> None:
    fake = Fake()
    fake.user.add_item(fake.user.add_track("a"), "a.wav", 1.0, 2.0)
    code = """
    local item, track = reaper.GetMediaItem(0, 0), reaper.GetTrack(0, 0)
    reaper.Undo_BeginBlock2(0)
    local ok, chunk = reaper.GetItemStateChunk(item, "", false)
    local set = reaper.SetItemStateChunk(item, (chunk:gsub("POSITION 1", "POSITION 4")), false)
    local _, whole = reaper.GetTrackStateChunk(track, "", false)
    reaper.SetTrackStateChunk(track, (whole:gsub("NAME a\\n", "NAME b\\n", 1)), false)
    local refused = reaper.SetItemStateChunk(reaper.GetMediaItem(0, 0), "nonsense", false)
    reaper.Undo_EndBlock2(0, "Chunk", -1)
    return set, refused, reaper.GetMediaItemInfo_Value(reaper.GetMediaItem(0, 0), "D_POSITION"),
      select(2, reaper.GetTrackName(track))
    """
    assert fake.run_text(code).result == (True, False, 4.0, "b")
    assert fake.complaints() == []


def test_the_shell_runs_an_action_on_a_project_and_prints_what_it_leaves(tmp_path: Path) -> None:
    project = {
        "timebase": 0,
        "rate": 23.976,
        "selection": [1.0, 5.0],
        "tracks": [{"name": "Video", "items": [{"file": "clip.mov", "kind": "VIDEO", "position": 1.0, "length": 4.0}]}],
        "markers": [{"position": 2.0, "name": "HIT"}],
    }
    (tmp_path / "project.json").write_text(json.dumps(project))
    (tmp_path / "action.lua").write_text(
        "reaper.Undo_BeginBlock2(0) reaper.InsertTrackAtIndex(1, false) reaper.Undo_EndBlock2(0, 'Add', -1)"
    )
    words = ["--script", str(tmp_path / "action.lua"), "--project", str(tmp_path / "project.json")]

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "tests.hosts.reaper", *words, *more]
        return subprocess.run(line, capture_output=True, text=True, check=False)

    answer = run()
    assert (answer.returncode, answer.stderr) == (0, "")
    told = json.loads(answer.stdout)
    assert [track["name"] for track in told["tracks"]] == ["Video", ""]
    assert (told["selection"], told["undo"]) == ([1.0, 5.0], ["Add"])
    assert rpp.loads(run("--print", "rpp").stdout).tag == "REAPER_PROJECT"
    (tmp_path / "action.lua").write_text("reaper.InsertTrackAtIndex(1)")
    wrong = run("--print", "nothing", "--switch", "ripple=1")
    assert wrong.returncode == 1
    assert "boolean expected, got no value" in wrong.stderr
