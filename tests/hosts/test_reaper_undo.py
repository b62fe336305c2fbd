"""Undo in the fake REAPER: blocks, what they bring back, and what is held against a script that changes without one."""

from __future__ import annotations

from tests.hosts.reaper import Fake


def block(code: str, name: str = "Edit", flags: int = -1) -> str:
    return f"reaper.Undo_BeginBlock2(0)\n{code}\nreaper.Undo_EndBlock2(0, '{name}', {flags})\n"


INSERT = "reaper.InsertTrackAtIndex(0, false)"


def test_a_block_is_one_undo_step_and_undoing_brings_back_every_byte() -> None:
    fake = Fake()
    fake.user.add_item(fake.user.add_track("Video"), "a.wav", 6.0, 2.0)
    fake.user.add_marker(2.0, "hit")
    before = fake.rpp()
    fake.run_text(
        block(
            """
    reaper.InsertTrackAtIndex(0, false)
    reaper.SetTempoTimeSigMarker(0, -1, 0, -1, -1, 90, 4, 4, false)
    reaper.AddProjectMarker2(0, true, 1, 4, "verse", -1, 0)
    local item = reaper.GetMediaItem(0, 0)
    reaper.AddTakeToMediaItem(item)
    reaper.GetSetMediaItemInfo_String(item, "P_EXT:cue", "x", true)
    reaper.SetProjExtState(0, "hp", "cue", "y")
    """,
            "Score",
        )
    )
    after = fake.rpp()
    assert before != after
    assert [step.name for step in fake.active.undo] == ["Score"]
    assert fake.run_text("return reaper.Undo_CanUndo2(0)").result == "Score"
    fake.user.undo()
    fake.user.undo()
    assert fake.rpp() == before
    fake.user.redo()
    assert fake.rpp() == after
    assert fake.complaints() == []


def test_pointers_are_still_good_after_an_undo_step_that_kept_their_object() -> None:
    fake = Fake()
    fake.user.add_track("keep")
    code = (
        "track = reaper.GetTrack(0, 0)\n" + block(INSERT) + "new = reaper.GetTrack(0, 0) reaper.Undo_DoUndo2(0) "
        "return (select(2, reaper.GetTrackName(track))), reaper.ValidatePtr2(0, new, 'MediaTrack*')"
    )
    assert fake.run_text(code).result == ("keep", False)


def test_nested_blocks_are_one_step() -> None:
    fake = Fake()
    fake.run_text(block(block(INSERT, "inner") + INSERT, "outer"))
    assert [step.name for step in fake.active.undo] == ["outer"]


def test_the_flags_of_a_block_decide_what_undoing_brings_back() -> None:
    both = INSERT + " reaper.AddProjectMarker2(0, false, 1, 0, 'hit', -1, 0)"
    for flags, tracks, markers in ((-1, 0, 0), (1, 0, 1), (8, 1, 0), (4, 1, 1)):
        fake = Fake()
        fake.run_text(block(both, flags=flags))
        fake.user.undo()
        assert (len(fake.active.state.tracks), len(fake.active.state.markers)) == (tracks, markers)


def test_a_block_that_ends_with_0_leaves_the_nameless_step_of_the_script() -> None:
    fake = Fake()
    run = fake.run_text(block(INSERT, "Score", flags=0))
    assert [step.name for step in fake.active.undo] == [f"ReaScript: {run.path.name}"]


def test_a_script_that_defers_gets_no_step_of_its_own_and_others_do() -> None:
    fake = Fake()
    run = fake.run_text("return 1")
    assert [step.name for step in fake.active.undo] == [f"ReaScript: {run.path.name}"]
    fake.run_text("reaper.defer(function() end)")
    fake.pump()
    assert len(fake.active.undo) == 1


def test_changes_outside_a_block_are_held_against_the_script() -> None:
    fake = Fake()
    fake.run_text(INSERT + " reaper.SetProjExtState(0, 'hp', 'a', 'b') reaper.SetEditCurPos(3, false, false)")
    assert fake.writes_outside_blocks == ["InsertTrackAtIndex"]


def test_inserting_by_index_acts_on_the_tab_in_front_whatever_the_script_meant() -> None:
    fake = Fake()
    fake.run_text("function loop() " + block(INSERT) + " end reaper.defer(loop)")
    fake.user.new_tab()
    fake.pump()
    assert [len(project.state.tracks) for project in fake.projects] == [0, 1]


def test_a_block_on_another_project_does_not_cover_a_change() -> None:
    fake = Fake()
    fake.user.add_track()
    fake.user.new_tab()
    code = "local other = reaper.EnumProjects(0)\n" + block(
        "reaper.SetMediaTrackInfo_Value(reaper.GetTrack(other, 0), 'B_MUTE', 1)"
    )
    fake.run_text(code)
    assert fake.writes_outside_blocks == ["SetMediaTrackInfo_Value"]


def test_a_block_or_a_refresh_count_left_open_when_a_tick_returns_is_told() -> None:
    fake = Fake()
    fake.run_text("reaper.Undo_BeginBlock2(0) reaper.PreventUIRefresh(1)")
    assert len(fake.unbalanced) == 2
    fake.run_text("reaper.Undo_EndBlock2(0, 'x', -1)")
    assert fake.wrong_calls == ["Undo_EndBlock2: no undo block is open for 'x'"]


def test_the_state_count_changes_with_every_change_of_a_script_or_a_user() -> None:
    fake = Fake()
    item = fake.user.add_item(fake.user.add_track(), "a.wav", 1.0, 2.0)
    counts = [fake.active.changes]
    for change in (
        lambda: fake.run_text(block(INSERT)),
        lambda: fake.user.move_item(item, 5.0),
        fake.user.undo,
        fake.user.redo,
    ):
        change()
        counts.append(fake.run_text("reaper.defer(function() end) return reaper.GetProjectStateChangeCount(0)").result)
        fake.pump()
    assert counts == sorted(set(counts))
