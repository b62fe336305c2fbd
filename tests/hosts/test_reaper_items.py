"""Tracks, items, takes and sources of the fake REAPER behave as the reference says."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.hosts.reaper import Fake
from tests.hosts.reaper.state import Take


def wav(folder: Path, name: str = "drums.wav", seconds: float = 2.0, channels: int = 2) -> Path:
    path = folder / name
    soundfile.write(path, np.zeros((round(seconds * 48000), channels)), 48000, subtype="PCM_24")
    return path


def midi(folder: Path, quarters: int = 7) -> Path:
    """One track: a tempo, a note of `quarters` quarter notes, with running status and a variable-length delta."""
    ticks = quarters * 480
    delta = bytes((0x80 | ticks >> 7 & 0x7F, ticks & 0x7F))
    track = b"\x00\xff\x51\x03\x07\xa1\x20" + b"\x00\x90\x3c\x64" + delta + b"\x3c\x00" + b"\x00\xff\x2f\x00"
    path = folder / "cue.mid"
    path.write_bytes(b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480) + b"MTrk" + struct.pack(">I", len(track)) + track)
    return path


def block(code: str) -> str:
    return f"reaper.Undo_BeginBlock2(0)\n{code}\nreaper.Undo_EndBlock2(0, 'Edit', -1)\n"


def test_inserting_a_track_clamps_its_place_and_shifts_the_later_ones() -> None:
    fake = Fake()
    for name in ("a", "b"):
        fake.user.add_track(name)
    fake.run_text(
        block(
            "reaper.InsertTrackAtIndex(1, true) reaper.InsertTrackAtIndex(99, true) "
            "reaper.InsertTrackInProject(0, -5, 0)"
        )
    )
    assert [track.name for track in fake.active.state.tracks] == ["", "a", "", "b", ""]
    assert len({track.guid for track in fake.active.state.tracks}) == 5
    assert fake.complaints() == []


def test_folders_follow_from_the_running_sum_of_depths() -> None:
    fake = Fake()
    for name, depth in (("film", 1), ("music", 1), ("drums", 0), ("bass", -2), ("after", 0)):
        fake.user.add_track(name, depth)
    code = """
    local told = {}
    for i = 0, 4 do
      local track = reaper.GetTrack(0, i)
      local parent = reaper.GetParentTrack(track)
      told[#told + 1] = reaper.GetTrackDepth(track) .. (parent and select(2, reaper.GetTrackName(parent)) or "-")
    end
    return told, reaper.GetMediaTrackInfo_Value(reaper.GetTrack(0, 2), "P_PARTRACK") == reaper.GetTrack(0, 1)
    """
    assert fake.run_text(code).result == (["0-", "1film", "2music", "2music", "0-"], True)


def test_a_nameless_track_is_called_by_its_number() -> None:
    fake = Fake()
    fake.user.add_track()
    told = fake.run_text(
        "return reaper.GetTrackName(reaper.GetTrack(0, 0)), "
        "reaper.GetMediaTrackInfo_Value(reaper.GetTrack(0, 0), 'IP_TRACKNUMBER')"
    )
    assert told.result == (True, 1.0)
    assert fake.run_text("return select(2, reaper.GetTrackName(reaper.GetTrack(0, 0)))").result == "Track 1"


def test_a_new_item_has_no_take_no_length_and_the_fades_and_looping_of_the_preferences() -> None:
    fake = Fake()
    fake.user.add_track()
    code = (
        block("item = reaper.AddMediaItemToTrack(reaper.GetTrack(0, 0))")
        + """
    local get = reaper.GetMediaItemInfo_Value
    return reaper.CountTakes(item), reaper.GetActiveTake(item), get(item, "D_LENGTH"), get(item, "B_LOOPSRC"),
      get(item, "D_FADEINLEN")
    """
    )
    assert fake.run_text(code).result == (0, None, 0.0, 1.0, 0.01)
    plain = Fake(loop_new_items=False, new_item_fade=0.0)
    plain.user.add_track()
    assert plain.run_text(code).result == (0, None, 0.0, 0.0, 0.0)


def test_items_are_in_the_order_of_their_positions_after_every_move() -> None:
    fake = Fake()
    track = fake.user.add_track()
    for name, position in (("a", 1.0), ("b", 5.0)):
        fake.user.add_item(track, f"{name}.wav", position, 1.0)
    code = (
        block("reaper.SetMediaItemInfo_Value(reaper.GetMediaItem(0, 0), 'D_POSITION', 9)")
        + """
    return reaper.GetTakeName(reaper.GetActiveTake(reaper.GetMediaItem(0, 1))),
      reaper.GetMediaItemInfo_Value(reaper.GetMediaItem(0, 1), "IP_ITEMNUMBER")
    """
    )
    assert fake.run_text(code).result == ("a.wav", 1.0)


def test_takes_are_appended_and_only_set_active_take_or_its_parameter_chooses() -> None:
    fake = Fake()
    fake.user.add_item(fake.user.add_track(), "a.wav", 1.0, 2.0)
    code = """
    local item = reaper.GetMediaItem(0, 0)
    local first = reaper.GetActiveTake(item)
    reaper.Undo_BeginBlock2(0)
    local second = reaper.AddTakeToMediaItem(item)
    local third = reaper.AddTakeToMediaItem(item)
    local still = reaper.GetActiveTake(item) == first
    reaper.SetActiveTake(third)
    local number = reaper.GetMediaItemInfo_Value(item, "I_CURTAKE")
    reaper.SetMediaItemInfo_Value(item, "I_CURTAKE", 1)
    reaper.Undo_EndBlock2(0, "Takes", -1)
    return still, number, reaper.GetActiveTake(item) == second, reaper.GetTake(item, 2) == third,
      reaper.GetTake(item, 3)
    """
    assert fake.run_text(code).result == (True, 2.0, True, True, None)


def test_an_empty_take_counts_but_has_no_pointer() -> None:
    fake = Fake()
    item = fake.user.add_item(fake.user.add_track(), "a.wav", 1.0, 2.0)
    item.takes.append(Take(null=True))
    item.current = 1
    told = fake.run_text(
        "local item = reaper.GetMediaItem(0, 0) return reaper.CountTakes(item), reaper.GetTake(item, 1), "
        "reaper.GetActiveTake(item)"
    )
    assert told.result == (2, None, None)


def test_splitting_leaves_the_content_where_it_is_and_may_overlap() -> None:
    for overlap in (0.0, 0.01):
        fake = Fake(split_overlap=overlap)
        item = fake.user.add_item(fake.user.add_track(), "a.wav", 10.0, 6.0, offset=2.0, playrate=0.5)
        item.ext["cue"] = "3f9a2c1b"
        fake.run_text(block("right = reaper.SplitMediaItem(reaper.GetMediaItem(0, 0), 12)"))
        left, right = fake.active.state.tracks[0].items
        assert (left.position, left.length) == (10.0, 2.0 + overlap)
        assert (right.position, right.length, right.take.offset if right.take else None) == (12.0, 4.0, 3.0)
        assert right.ext == left.ext
        assert right.guid != left.guid
        assert (
            fake.run_text(block("right = reaper.SplitMediaItem(reaper.GetMediaItem(0, 0), 50)") + "return right").result
            is None
        )


def test_a_source_tells_what_the_files_header_says(tmp_path: Path) -> None:
    path = wav(tmp_path, seconds=2.5, channels=1)
    fake = Fake()
    code = f"""
    local source = reaper.PCM_Source_CreateFromFile([[{path}]])
    local length, qn = reaper.GetMediaSourceLength(source)
    local told = {{length, qn, reaper.GetMediaSourceType(source), reaper.GetMediaSourceNumChannels(source),
      reaper.GetMediaSourceSampleRate(source), reaper.GetMediaSourceFileName(source),
      reaper.GetMediaSourceParent(source) == nil}}
    reaper.PCM_Source_Destroy(source)
    return told
    """
    assert fake.run_text(code).result == [2.5, False, "WAVE", 1, 48000, str(path), True]
    assert fake.complaints() == []


def test_the_length_of_midi_is_in_quarter_notes(tmp_path: Path) -> None:
    fake = Fake()
    code = f"""
    local source = reaper.PCM_Source_CreateFromFileEx([[{midi(tmp_path)}]], true)
    local told = {{reaper.GetMediaSourceLength(source)}}
    told[3], told[4] = reaper.GetMediaSourceType(source), reaper.GetMediaSourceFileName(source) ~= ""
    reaper.PCM_Source_Destroy(source)
    return told
    """
    assert fake.run_text(code).result == [7.0, True, "MIDI", True]


def test_imported_midi_loses_its_file_name_unless_the_call_forbids_it(tmp_path: Path) -> None:
    path = midi(tmp_path)
    code = (
        f"local s = reaper.PCM_Source_CreateFromFile([[{path}]]) "
        f"local name = reaper.GetMediaSourceFileName(s) reaper.PCM_Source_Destroy(s) return name"
    )
    assert Fake().run_text(code).result == ""
    assert Fake(midi_into_project=False).run_text(code).result == str(path)


@pytest.mark.parametrize("cut", [0.0, 0.3, 0.999])
def test_missing_and_truncated_files_give_no_source(tmp_path: Path, cut: float) -> None:
    path = wav(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * cut)])
    fake = Fake()
    assert fake.run_text(f"return reaper.PCM_Source_CreateFromFile([[{path}]])").result is None
    assert fake.run_text(f"return reaper.PCM_Source_CreateFromFile([[{path}.wav]])").result is None
    assert fake.leaks() == []


def test_a_wav_that_is_still_being_written_has_length_0(tmp_path: Path) -> None:
    path = wav(tmp_path)
    content = bytearray(path.read_bytes())
    at = content.index(b"data")
    content[at + 4 : at + 8] = bytes(4)
    path.write_bytes(content)
    code = (
        f"local s = reaper.PCM_Source_CreateFromFile([[{path}]]) "
        f"local length = reaper.GetMediaSourceLength(s) reaper.PCM_Source_Destroy(s) return length"
    )
    assert Fake().run_text(code).result == 0.0


def test_real_video_has_its_length(shared: Path) -> None:
    fake = Fake()
    item = fake.user.add_item(fake.user.add_track(), shared / "media" / "frog.mp4", 1.0)
    assert item.take is not None
    assert item.take.source is not None
    assert item.take.source.kind == "VIDEO"
    assert 6.0 < item.length < 13.0


ATTACH = """
local item = reaper.GetMediaItem(0, 0)
local take = reaper.AddTakeToMediaItem(item)
local source = reaper.PCM_Source_CreateFromFile([[{path}]])
local old = reaper.GetMediaItemTake_Source(take)
reaper.SetMediaItemTake_Source(take, source)
"""


def test_a_source_given_to_a_take_is_its_own_and_no_leak(tmp_path: Path) -> None:
    fake = Fake()
    fake.user.add_item(fake.user.add_track(), "a.wav", 1.0, 2.0)
    fake.run_text(
        block(
            ATTACH.format(path=wav(tmp_path)) + "assert(old == nil and reaper.GetMediaItemTake_Source(take) == source)"
        )
    )
    assert fake.complaints() == []


def test_a_source_that_is_never_used_is_a_leak(tmp_path: Path) -> None:
    fake = Fake()
    fake.run_text(f"reaper.PCM_Source_CreateFromFile([[{wav(tmp_path)}]])")
    assert [source.file for source in fake.leaks()] == [str(tmp_path / "drums.wav")]


def test_the_old_source_of_a_take_is_the_scripts_to_destroy(tmp_path: Path) -> None:
    replace = (
        "source = reaper.PCM_Source_CreateFromFile([[%s]]) "
        "take = reaper.GetActiveTake(reaper.GetMediaItem(0, 0)) "
        "old = reaper.GetMediaItemTake_Source(take) reaper.SetMediaItemTake_Source(take, source)"
    )
    for rest, leaks in (("", 1), ("reaper.PCM_Source_Destroy(old)", 0)):
        fake = Fake()
        fake.user.add_item(fake.user.add_track(), "a.wav", 1.0, 2.0)
        fake.run_text(block(replace % wav(tmp_path) + "\n" + rest))
        assert fake.errors == []
        assert len(fake.leaks()) == leaks


def test_a_source_set_twice_is_duplicated(tmp_path: Path) -> None:
    fake = Fake()
    fake.user.add_item(fake.user.add_track(), "a.wav", 1.0, 2.0)
    fake.run_text(
        block(
            ATTACH.format(path=wav(tmp_path))
            + "second = reaper.AddTakeToMediaItem(item) reaper.SetMediaItemTake_Source(second, source) "
            "same = reaper.GetMediaItemTake_Source(second) == source"
        )
        + "return same"
    )
    assert fake.runs[0].result is False
    first, second = (take.source for take in fake.active.state.tracks[0].items[0].takes[1:])
    assert first is not None
    assert second is not None
    assert (first.file, first.uid) == (second.file, first.uid)
    assert first.uid != second.uid
    assert fake.leaks() == []


def test_destroying_a_source_in_use_is_refused(tmp_path: Path) -> None:
    fake = Fake()
    fake.user.add_item(fake.user.add_track(), "a.wav", 1.0, 2.0)
    fake.run_text(block(ATTACH.format(path=wav(tmp_path)) + "pcall(reaper.PCM_Source_Destroy, source)"))
    assert fake.wrong_calls == ["PCM_Source_Destroy: the source is in use by a take"]


def test_a_source_in_no_take_is_not_valid_for_a_project(tmp_path: Path) -> None:
    fake = Fake()
    code = (
        f"local s = reaper.PCM_Source_CreateFromFile([[{wav(tmp_path)}]]) "
        f"local valid = reaper.ValidatePtr2(0, s, 'PCM_source*') reaper.PCM_Source_Destroy(s) return valid"
    )
    assert fake.run_text(code).result is False


def test_a_reversed_take_has_no_file_name_until_one_climbs_to_its_parent() -> None:
    fake = Fake.from_rpp(
        '<REAPER_PROJECT 0.1 "7.60" 1\n<TRACK {A}\n<ITEM\nPOSITION 1\nLENGTH 2\nNAME x\n'
        "<SOURCE SECTION\nLENGTH 2\nSTARTPOS 0.5\nMODE 3\n"
        '<SOURCE WAVE\nFILE "/media/a.wav"\n>\n>\n>\n>\n>\n'
    )
    code = """
    local source = reaper.GetMediaItemTake_Source(reaper.GetActiveTake(reaper.GetMediaItem(0, 0)))
    local parent = reaper.GetMediaSourceParent(source)
    return reaper.GetMediaSourceType(source), reaper.GetMediaSourceFileName(source),
      reaper.GetMediaSourceFileName(parent),
      reaper.GetMediaSourceParent(parent), reaper.PCM_Source_GetSectionInfo(source)
    """
    assert fake.run_text(code).result == ("SECTION", "", "/media/a.wav", None, True, 0.5, 2.0, True)


def test_peaks_are_built_step_by_step(tmp_path: Path) -> None:
    fake = Fake()
    code = f"""
    local source = reaper.PCM_Source_CreateFromFile([[{wav(tmp_path)}]])
    local told = {{reaper.PCM_Source_BuildPeaks(source, 0)}}
    while told[#told] > 0 do told[#told + 1] = reaper.PCM_Source_BuildPeaks(source, 1) end
    reaper.PCM_Source_BuildPeaks(source, 2)
    told[#told + 1] = reaper.PCM_Source_BuildPeaks(source, 0)
    reaper.PCM_Source_Destroy(source)
    return told
    """
    assert fake.run_text(code).result == [100, 75, 50, 25, 0, 0]


def test_insert_media_has_all_its_traps(tmp_path: Path) -> None:
    fake = Fake()
    track = fake.user.add_track("Dialogue")
    track.values["I_SELECTED"] = 1.0
    fake.active.state.cursor = 7.0
    assert fake.run_text(block("answer = reaper.InsertMedia('/none.wav', 0)") + "return answer").result == 1
    fake.run_text(block(f"reaper.InsertMedia([[{wav(tmp_path)}]], 0)"))
    assert [(item.position, item.values["B_LOOPSRC"]) for item in track.items] == [(7.0, 1.0)]
    fake.run_text(block(f"reaper.InsertMedia([[{midi(tmp_path)}]], 0)"))
    assert len(fake.blocking_calls) == 1


def test_marks_of_scripts_stay_on_track_item_and_take() -> None:
    fake = Fake()
    fake.user.add_item(fake.user.add_track(), "a.wav", 1.0, 2.0)
    code = """
    local track, item = reaper.GetTrack(0, 0), reaper.GetMediaItem(0, 0)
    local take = reaper.GetActiveTake(item)
    reaper.Undo_BeginBlock2(0)
    reaper.GetSetMediaTrackInfo_String(track, "P_EXT:hp", "t", true)
    reaper.GetSetMediaItemInfo_String(item, "P_EXT:hp", "i", true)
    reaper.GetSetMediaItemTakeInfo_String(take, "P_EXT:hp", "k\\0rest", true)
    reaper.Undo_EndBlock2(0, "Mark", -1)
    local a, b = reaper.GetSetMediaItemInfo_String(item, "P_EXT:hp", "", false)
    local c, d = reaper.GetSetMediaItemInfo_String(item, "P_EXT:other", "", false)
    local _, e = reaper.GetSetMediaItemTakeInfo_String(take, "P_EXT:hp", "", false)
    return a, b, c, d, e
    """
    assert fake.run_text(code).result == (True, "i", False, "", "k")
    assert fake.complaints() == []


def test_a_take_is_found_by_its_guid() -> None:
    fake = Fake()
    item = fake.user.add_item(fake.user.add_track(), "a.wav", 1.0, 2.0)
    assert (
        fake.run_text(f"return reaper.GetTakeName(reaper.GetMediaItemTakeByGUID(0, '{item.takes[0].guid}'))").result
        == "a.wav"
    )
    assert fake.run_text("return reaper.GetMediaItemTakeByGUID(0, '{none}')").result is None


def test_take_markers_are_kept_in_order() -> None:
    fake = Fake()
    fake.user.add_item(fake.user.add_track(), "a.wav", 1.0, 2.0)
    code = (
        block("""
    take = reaper.GetActiveTake(reaper.GetMediaItem(0, 0))
    reaper.SetTakeMarker(take, -1, "b", 1.5)
    first = reaper.SetTakeMarker(take, -1, "a", 0.5, 7)
    """)
        + "return first, reaper.GetNumTakeMarkers(take), reaper.GetTakeMarker(take, 0)"
    )
    assert fake.run_text(code).result == (0, 2, 0.5, "a", 7)


def test_notes_are_written_one_by_one_or_all_at_once() -> None:
    fake = Fake()
    fake.user.add_track()
    code = """
    reaper.Undo_BeginBlock2(0)
    local item = reaper.CreateNewMIDIItemInProj(reaper.GetTrack(0, 0), 2, 4)
    local take = reaper.GetActiveTake(item)
    local at = reaper.MIDI_GetPPQPosFromProjTime(take, 3)
    reaper.MIDI_InsertNote(take, false, false, at, at + 480, 0, 60, 100, true)
    reaper.MIDI_InsertNote(take, false, false, 0, 480, 0, 64, 90, true)
    reaper.MIDI_Sort(take)
    local ok, events = reaper.MIDI_GetAllEvts(take)
    local other = reaper.GetActiveTake(reaper.CreateNewMIDIItemInProj(reaper.GetTrack(0, 0), 6, 8))
    reaper.MIDI_SetAllEvts(other, events)
    reaper.Undo_EndBlock2(0, "Notes", -1)
    return at, reaper.TakeIsMIDI(take), select(2, reaper.MIDI_CountEvts(other)), reaper.MIDI_GetNote(other, 1)
    """
    run = fake.run_text(code)
    assert run.error == ""
    assert run.result[0] == 1920.0
    assert run.result[-8:] == (True, False, False, 1920.0, 2400.0, 0, 60, 100)


def test_a_locked_track_refuses_where_that_is_switched_on() -> None:
    fake = Fake(locked_refuse=True)
    track = fake.user.add_track()
    fake.user.add_item(track, "a.wav", 1.0, 2.0)
    track.locked = True
    code = (
        block("""
    item = reaper.AddMediaItemToTrack(reaper.GetTrack(0, 0))
    moved = reaper.SetMediaItemPosition(reaper.GetMediaItem(0, 0), 5, false)
    take = reaper.AddTakeToMediaItem(reaper.GetMediaItem(0, 0))
    """)
        + "return item, moved, take"
    )
    assert fake.run_text(code).result == (None, False, None)
    track.locked = False
    assert fake.run_text(code).result is not None
    assert track.items[1].position == 5.0
