"""The fake REAPER takes the calls that REAPER takes, and refuses the others with its words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.hosts.reaper import Fake
from tests.hosts.reaper.api import FUNCTIONS
from tests.hosts.reaper.signatures import SIGNATURES, version_number

LETTERS = {"string ": "string"}


def test_every_function_of_the_table_is_there_and_has_a_signature() -> None:
    assert set(FUNCTIONS) == set(SIGNATURES)


def test_the_signatures_are_those_that_reaper_publishes(shared: Path) -> None:
    published = json.loads((shared / "reference" / "reaper_api_sigs.json").read_text())["functions"]
    compared = 0
    for name, signature in SIGNATURES.items():
        if signature.since > (7, 60):
            assert name not in published
            continue
        told = published[name]["lua"]
        taken = [(LETTERS.get(a["type"], a["type"]), a.get("optional", False)) for a in told["args"]]
        assert [(argument.type, argument.optional) for argument in signature.arguments] == taken, name
        assert list(signature.returns) == [given["type"] for given in told["returns"]], name
        first = published[name]["seen_in"][0]
        assert (signature.since or (6, 24)) <= version_number(first), name
        assert first == "6.24" or signature.since == version_number(first), name
        compared += 1
    assert compared > 200


@pytest.mark.parametrize(
    ("version", "absent", "present"),
    [
        ("6.24", "PCM_Source_BuildPeaks", "SetTakeMarker"),
        ("6.47", "UpdateItemLanes", "PCM_Source_BuildPeaks"),
        ("7.08", "InsertTrackInProject", "UpdateItemLanes"),
        ("7.40", "GetRegionOrMarker", "GetSetTempoTimeSigMarkerFlag"),
        ("7.60", "GetRegionOrMarker", "InsertTrackInProject"),
        ("7.62", "AddProjectMarker3", "GetRegionOrMarker"),
    ],
)
def test_a_version_has_only_the_functions_that_it_has(version: str, absent: str, present: str) -> None:
    fake = Fake(version)
    code = "return reaper.%s == nil, reaper.APIExists('%s'), type(reaper.%s), reaper.APIExists('%s')"
    run = fake.run_text(code % (absent, absent, present, present))
    assert run.result == (True, False, "function", True)
    assert fake.missing == {absent}


def test_older_versions_run_lua_53_and_newer_ones_54() -> None:
    versions = {version: Fake(version).run_text("return _VERSION").result for version in ("6.24", "6.47", "7.08")}
    assert versions == {"6.24": "Lua 5.3", "6.47": "Lua 5.3", "7.08": "Lua 5.4"}
    assert Fake("7.60", "lua53").run_text("return _VERSION").result == "Lua 5.3"


@pytest.mark.parametrize("lua", ["lua53", "lua54"])
@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("GetMediaItemInfo_Value(1, 'D_POSITION')", "#1 to 'GetMediaItemInfo_Value' (MediaItem expected)"),
        ("GetMediaItemInfo_Value(nil, 'D_POSITION')", "#1 to 'GetMediaItemInfo_Value' (MediaItem expected)"),
        ("GetActiveTake(reaper.GetTrack(0, 0))", "#1 to 'GetActiveTake' (MediaItem expected)"),
        ("CountTracks('x')", "#1 to 'CountTracks' (ReaProject expected)"),
        ("GetTrack(0)", "#2 to 'GetTrack' (number expected, got no value)"),
        ("GetTrack(0, 'first')", "#2 to 'GetTrack' (number expected, got string)"),
        ("GetTrack(0, 0, 0)", "#3 to 'GetTrack' (no value expected)"),
        ("GetTrack(0, 0.5)", "#2 to 'GetTrack' (number has no integer representation)"),
        ("InsertTrackAtIndex(0, 1)", "#2 to 'InsertTrackAtIndex' (boolean expected, got number)"),
        ("ShowConsoleMsg({})", "#1 to 'ShowConsoleMsg' (string expected, got table)"),
        ("defer(3)", "#1 to 'defer' (function expected)"),
    ],
)
def test_a_wrong_argument_is_refused_in_reapers_words(call: str, message: str, lua: str) -> None:
    fake = Fake(lua=lua)
    fake.user.add_track("Video")
    run = fake.run_text(f"\nreaper.{call}")
    assert f"bad argument {message}" in run.error
    assert ".lua:2: " in run.error
    assert fake.errors == [run.error]


def test_a_wrong_call_is_remembered_though_the_script_catches_the_error() -> None:
    fake = Fake()
    assert fake.run_text("return (pcall(reaper.GetTrack, 0, {}))").result is False
    assert fake.wrong_calls == ["bad argument #2 to 'GetTrack' (number expected, got table)"]
    assert fake.complaints()[0].startswith("wrong call: ")


def test_an_integer_may_be_a_float_with_an_integer_value_and_a_text_a_number() -> None:
    fake = Fake()
    fake.run_text("reaper.ShowConsoleMsg(12) return reaper.GetTrack(0, 3.0)")
    assert fake.console == "12"
    assert fake.wrong_calls == []


def test_zero_and_nil_mean_the_active_project() -> None:
    fake = Fake()
    fake.user.add_track()
    assert fake.run_text(
        "return reaper.CountTracks(0), reaper.CountTracks(nil), reaper.CountTracks((reaper.EnumProjects(-1)))"
    ).result == (1, 1, 1)


def test_calls_give_as_many_values_as_documented_and_numbers_of_the_documented_kind() -> None:
    fake = Fake()
    code = """
    local mt = math.type
    return select("#", reaper.UpdateArrange()), select("#", reaper.GetTempoTimeSigMarker(0, 0)),
      select("#", reaper.EnumProjectMarkers3(0, 0)), mt(reaper.CountTracks(0)), mt(reaper.GetCursorPosition()),
      select("#", reaper.GetTrack(0, 0)), select("#", reaper.EnumProjExtState(0, "none", 0))
    """
    assert fake.run_text(code).result == (0, 8, 7, "integer", "float", 1, 3)


@pytest.mark.parametrize(
    "call",
    [
        "SetMediaItemInfo_Value(item, 'D_POSITON', 1)",
        "GetMediaItemInfo_Value(item, 'D_PLAYRATE')",
        "GetMediaTrackInfo_Value(track, 'I_FOLDER')",
        "GetMediaItemTakeInfo_Value(take, 'D_POSITION')",
        "GetSetMediaItemInfo_String(item, 'P_NAME', '', false)",
        "GetSetMediaItemTakeInfo_String(take, 'P_NOTES', '', false)",
        "GetSetMediaTrackInfo_String(track, 'NAME', '', false)",
        "GetSetProjectInfo(0, 'TIMEBASE', 0, false)",
        "GetSetProjectInfo_String(0, 'TITLE', '', false)",
    ],
)
def test_an_unknown_parameter_name_is_a_wrong_call(call: str) -> None:
    fake = Fake()
    fake.user.add_item(fake.user.add_track(), "a.wav", 1.0, 2.0)
    fake.run_text(
        "local track = reaper.GetTrack(0, 0) local item = reaper.GetMediaItem(0, 0) "
        f"local take = reaper.GetActiveTake(item) reaper.{call}"
    )
    assert len(fake.wrong_calls) == 1
    assert "has no parameter" in fake.wrong_calls[0]


def test_parameter_names_of_lanes_are_unknown_before_7() -> None:
    code = "return reaper.GetMediaTrackInfo_Value(reaper.GetTrack(0, 0), 'C_LANEPLAYS:1')"
    for version, complaints in (("6.47", 1), ("7.08", 0)):
        fake = Fake(version)
        fake.user.add_track()
        fake.run_text(code)
        assert len(fake.wrong_calls) == complaints


def test_pointers_are_opaque_and_one_object_has_one_pointer() -> None:
    fake = Fake()
    fake.user.add_item(fake.user.add_track("A"), "a.wav", 1.0, 2.0)
    code = """
    local a, b = reaper.GetMediaItem(0, 0), reaper.GetTrackMediaItem(reaper.GetTrack(0, 0), 0)
    local seen = {[a] = "here"}
    collectgarbage()
    return a == b, seen[reaper.GetMediaItem(0, 0)], type(a), (pcall(function() return a.position end)),
      a == reaper.GetTrack(0, 0)
    """
    assert fake.run_text(code).result == (True, "here", "userdata", False, False)


def test_using_an_item_after_its_deletion_is_an_error() -> None:
    fake = Fake()
    fake.user.add_item(fake.user.add_track(), "a.wav", 1.0, 2.0)
    code = """
    item, track = reaper.GetMediaItem(0, 0), reaper.GetTrack(0, 0)
    take = reaper.GetActiveTake(item)
    before = reaper.ValidatePtr2(0, item, "MediaItem*")
    reaper.Undo_BeginBlock2(0)
    reaper.DeleteTrackMediaItem(track, item)
    reaper.Undo_EndBlock2(0, "Delete", -1)
    after = {reaper.ValidatePtr2(0, item, "MediaItem*"), reaper.ValidatePtr2(0, take, "MediaItem_Take*")}
    return before, after, (pcall(reaper.GetMediaItemInfo_Value, item, "D_POSITION")), (pcall(reaper.GetTakeName, take))
    """
    assert fake.run_text(code).result == (True, [False, False], False, False)
    assert fake.wrong_calls[0] == "bad argument #1 to 'GetMediaItemInfo_Value' (MediaItem expected)"


def test_a_pointer_is_valid_for_its_kind_and_its_project_alone() -> None:
    fake = Fake()
    fake.user.add_track()
    fake.user.new_tab()
    code = """
    local first, second = reaper.EnumProjects(0), reaper.EnumProjects(1)
    local track = reaper.GetTrack(first, 0)
    return reaper.ValidatePtr2(first, track, "MediaTrack*"), reaper.ValidatePtr2(second, track, "MediaTrack*"),
      reaper.ValidatePtr2(first, track, "MediaItem*"), reaper.ValidatePtr2(first, nil, "MediaItem*"),
      reaper.ValidatePtr2(0, first, "ReaProject*")
    """
    assert fake.run_text(code).result == (True, False, False, False, True)


def test_pointers_into_a_closed_tab_are_dead() -> None:
    fake = Fake()
    fake.user.add_track()
    fake.run_text("""
    project, track = reaper.EnumProjects(-1), reaper.GetTrack(0, 0)
    function later()
      answer = {reaper.ValidatePtr2(0, project, "ReaProject*"), (pcall(reaper.CountTracks, project)),
        (pcall(reaper.GetTrackGUID, track))}
      return answer
    end
    reaper.defer(later)
    """)
    fake.user.new_tab()
    fake.user.close_tab(0)
    fake.pump()
    assert fake.runs[0].result == [False, False, False]


def test_the_marker_objects_of_7_62_read_and_write_markers() -> None:
    fake = Fake("7.62")
    fake.user.add_marker(3.0, "hit")
    fake.user.add_marker(1.0, "verse", end=9.0)
    code = """
    reaper.Undo_BeginBlock2(0)
    local region = reaper.GetRegionOrMarker(0, 0, "")
    local ok, guid = reaper.GetSetRegionOrMarkerInfo_String(0, region, "GUID", "", false)
    reaper.SetRegionOrMarkerInfo_Value(0, region, "D_ENDPOS", 8)
    reaper.Undo_EndBlock2(0, "Region", -1)
    return reaper.GetNumRegionsOrMarkers(0), reaper.GetRegionOrMarkerInfo_Value(0, region, "B_ISREGION"),
      reaper.GetRegionOrMarkerInfo_Value(0, region, "D_ENDPOS"), reaper.GetRegionOrMarker(0, -1, guid) == region
    """
    assert fake.run_text(code).result == (2, 1.0, 8.0, True)
    assert fake.complaints() == []
