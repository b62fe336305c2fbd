"""Scripts in the fake REAPER: deferring, ext state, processes, faults, and what is held against a script."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.hosts.reaper import Fake


def block(code: str, name: str = "Edit", flags: int = -1) -> str:
    return f"reaper.Undo_BeginBlock2(0)\n{code}\nreaper.Undo_EndBlock2(0, '{name}', {flags})\n"


def test_deferred_functions_run_once_per_tick_never_at_once() -> None:
    fake = Fake()
    run = fake.run_text(
        "n = 0 function loop() n = n + 1 reaper.ShowConsoleMsg('.') if n < 5 then reaper.defer(loop) end end "
        "reaper.defer(loop)"
    )
    assert fake.console == ""
    fake.pump()
    assert fake.console == "."
    fake.pump(1.0)
    assert fake.console == "....."
    assert run.ended


def test_a_second_has_thirty_ticks() -> None:
    fake = Fake()
    fake.run_text("n = 0 function loop() n = n + 1 reaper.defer(loop) return n end loop()")
    fake.pump(2.0)
    assert fake.runs[0].result == 1 + 2 * 30


def test_the_clock_moves_only_when_it_is_pumped() -> None:
    fake = Fake()
    fake.run_text("""
    local precise, day, spent = reaper.time_precise(), os.time(), os.clock()
    function loop() reaper.defer(loop) return reaper.time_precise() - precise, os.time() - day, os.clock() - spent end
    loop()
    """)
    fake.pump(100.0)
    precise, day, spent = fake.runs[0].result
    assert precise == pytest.approx(100.0)
    assert day == 100
    assert spent == pytest.approx(100.0)


def test_os_time_of_a_table_is_as_ever() -> None:
    assert Fake().run_text("return os.time({year = 2020, month = 1, day = 2, hour = 12}) < os.time()").result is True


def test_in_real_time_pumping_waits() -> None:
    fake = Fake(real_time=True)
    fake.run_text("function loop() reaper.defer(loop) end loop()")
    before = time.monotonic()
    fake.pump(0.2)
    assert time.monotonic() - before >= 0.15
    assert not fake.pump_until(lambda: False, 0.1)


def test_more_than_1024_deferred_functions_are_refused() -> None:
    fake = Fake()
    run = fake.run_text("for i = 1, 2000 do reaper.defer(function() end) end")
    assert "1024" in run.error
    assert len(fake.wrong_calls) == 1


def test_what_is_left_for_the_exit_runs_when_a_script_ends_however_it_ends() -> None:
    bye = "reaper.atexit(function() reaper.ShowConsoleMsg('bye') end)\n"
    for code, ticks in (
        ("", 0),
        ("reaper.defer(function() end)", 1),
        ("reaper.defer(function() error('x') end)", 1),
        ("error('y')", 0),
    ):
        fake = Fake()
        fake.run_text(bye + code)
        fake.pump(ticks / 30)
        assert fake.console.endswith("bye")
    fake = Fake()
    run = fake.run_text(bye + "function loop() reaper.defer(loop) end loop()")
    fake.pump(1.0)
    assert fake.console == ""
    run.end()
    assert fake.console == "bye"


def test_an_error_in_a_deferred_function_ends_the_script_and_is_told() -> None:
    fake = Fake()
    run = fake.run_text("reaper.defer(function() reaper.defer(function() end) local t = nil; t.x = 1 end)")
    fake.pump(0.2)
    assert run.ended
    assert "attempt to index" in run.error
    assert fake.errors == [run.error]
    assert any("a script ended with" in complaint for complaint in fake.complaints())


@pytest.mark.parametrize(("options", "running"), [(None, 2), (1, 0), (3, 1)])
def test_a_second_start_does_what_the_script_has_asked_for(tmp_path: Path, options: int | None, running: int) -> None:
    path = tmp_path / "action.lua"
    path.write_text(
        (f"reaper.set_action_options({options}) " if options else "") + "function loop() reaper.defer(loop) end loop()"
    )
    fake = Fake()
    fake.run_action(path)
    fake.run_action(path)
    assert sum(not run.ended for run in fake.runs) == running


def test_action_options_are_absent_before_7() -> None:
    assert Fake("6.47").run_text("return reaper.set_action_options").result is None


def test_a_script_is_told_its_own_path() -> None:
    fake = Fake()
    run = fake.run_text("return reaper.get_action_context()")
    assert run.result[1] == str(run.path)
    assert run.result[3] == run.command


def test_ext_state_is_for_the_machine_and_holds_no_line_ends_when_it_is_kept() -> None:
    fake = Fake()
    code = """
    reaper.SetExtState("hp", "a", "1\\n2", false)
    reaper.SetExtState("hp", "b", "kept", true)
    local refused = pcall(reaper.SetExtState, "hp", "c", "1\\n2", true)
    reaper.DeleteExtState("hp", "none", true)
    return refused, reaper.GetExtState("hp", "a"), reaper.HasExtState("hp", "b"), reaper.GetExtState("hp", "c"),
      reaper.HasExtState("hp", "c")
    """
    assert fake.run_text(code).result == (False, "1\n2", True, "", False)
    assert fake.kept_ext_state == {("hp", "b"): "kept"}
    assert len(fake.wrong_calls) == 1


def test_project_ext_state_is_cut_at_a_nul_deleted_by_emptiness_and_enumerated() -> None:
    fake = Fake()
    code = """
    reaper.SetProjExtState(0, "hp", "a", "1\\0rest")
    reaper.SetProjExtState(0, "hp", "b", "2")
    local size = reaper.SetProjExtState(0, "hp", "a", "3")
    local told = {size, reaper.GetProjExtState(0, "hp", "a")}
    reaper.SetProjExtState(0, "hp", "b", "")
    local ok, key, value = reaper.EnumProjExtState(0, "hp", 0)
    reaper.SetProjExtState(0, "hp", "", "")
    return told, key, value, reaper.EnumProjExtState(0, "hp", 1) , (reaper.GetProjExtState(0, "hp", "a"))
    """
    result = fake.run_text(code).result
    assert result[:3] == ([2, 1, "3"], "a", "3")
    assert result[-1] == 0


def test_exec_process_in_the_background_really_starts_the_program_and_does_not_wait(tmp_path: Path) -> None:
    target = tmp_path / "a folder" / "made.txt"
    target.parent.mkdir()
    fake = Fake(real_time=True)
    line = f"'{sys.executable}' -c \"import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('done')\" '{target}'"
    assert fake.run_text(f"return reaper.ExecProcess([[{line}]], -2)").result == "0\n"
    assert fake.blocking_calls == []
    assert fake.processes.lines == [(line, -2)]
    assert fake.pump_until(lambda: target.exists() and target.read_text() == "done", 30.0)
    fake.close()


def test_exec_process_uses_neither_the_path_nor_a_shell(tmp_path: Path) -> None:
    fake = Fake()
    target = tmp_path / "made.txt"
    assert fake.run_text("return reaper.ExecProcess('ls', 1000)").result is None
    assert fake.run_text("return reaper.ExecProcess('/no/such/program', -1)").result is None
    told = fake.run_text(
        f"return reaper.ExecProcess([['{sys.executable}' -c \"import sys; print(sys.argv[1:])\" $HOME > {target}]], 0)"
    )
    assert told.result == f"0\n['$HOME', '>', '{target}']\n"
    assert not target.exists()


def test_waiting_for_a_program_blocks_the_host_and_is_told() -> None:
    fake = Fake()
    told = fake.run_text(
        f"return reaper.ExecProcess([['{sys.executable}' -c "
        "\"import time; print('a', flush=True); time.sleep(60)\"]], 700)"
    )
    assert told.result.split("\n", 1)[0] != "0"
    assert len(fake.blocking_calls) == 1


def test_a_program_may_be_replaced_by_a_stub() -> None:
    fake = Fake()
    seen: list[list[str]] = []

    def stub(words: Sequence[str]) -> int:
        seen.append(list(words))
        return 0

    fake.processes.stub = stub
    assert fake.run_text('return reaper.ExecProcess(\'"/opt/hit point" host "/a b"\', -2)').result == "0\n"
    assert seen == [["/opt/hit point", "host", "/a b"]]


def test_shells_and_dialogs_are_held_against_a_script() -> None:
    fake = Fake()
    fake.answers.extend([2, ["a", "b"], None])
    code = """
    os.execute("true")
    pcall(io.popen, "true")
    local button = reaper.MB("Sure?", "Hitpoint", 1)
    local ok, values = reaper.GetUserInputs("t", 2, "a,b", "x,y")
    return button, ok, values, reaper.GetUserInputs("t", 1, "a", "x")
    """
    assert fake.run_text(code).result == (2, True, "a,b", False, "x")
    assert len(fake.blocking_calls) == 5


def test_looks_at_the_disk_are_noted_with_their_time(tmp_path: Path) -> None:
    fake = Fake()
    (tmp_path / "progress.lua").write_text("return 1")
    fake.run_text(f"""
    local path = [[{tmp_path}/progress.lua]]
    function loop()
      if reaper.file_exists(path) then local f = io.open(path) f:close() loadfile(path)() end
      reaper.defer(loop)
    end
    loop()
    """)
    fake.pump(1.0)
    assert len(fake.disk) == 31 * 3
    assert {name for _, name, _ in fake.disk} == {"file_exists", "open", "loadfile"}
    assert fake.disk[-1][0] == pytest.approx(1.0)


def test_folder_listings_are_kept_until_they_are_asked_for_anew(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    fake = Fake()
    code = f"return reaper.EnumerateFiles([[{tmp_path}]], %d), reaper.EnumerateSubdirectories([[{tmp_path}]], 0)"
    assert fake.run_text(code % 0).result == ("a", None)
    (tmp_path / "b").touch()
    assert fake.run_text(code % 1).result == (None, None)
    fake.run_text(code % -1)
    assert fake.run_text(code % 1).result == ("b", None)


def test_folders_are_made_with_all_their_parents(tmp_path: Path) -> None:
    fake = Fake()
    code = (
        f"return reaper.RecursiveCreateDirectory([[{tmp_path}/ö/b/c]], 0), "
        f"reaper.RecursiveCreateDirectory([[{tmp_path}/ö/b/c]], 0)"
    )
    assert fake.run_text(code).result == (1, 0)
    assert (tmp_path / "ö" / "b" / "c").is_dir()


def test_restricted_scripts_have_neither_io_nor_os() -> None:
    assert Fake(restricted=True).run_text("return io, os, type(loadfile)").result == (None, None, "function")
    assert Fake().run_text("return type(io), type(os)").result == ("table", "table")


def test_an_unsaved_project_has_no_path() -> None:
    fake = Fake()
    assert fake.run_text("local project, path = reaper.EnumProjects(-1) return path").result == ""
    assert fake.run_text("return reaper.GetProjectPathEx(0)").result == str(fake.resource / "media")


def test_saving_asks_for_a_place_once(tmp_path: Path) -> None:
    fake = Fake()
    fake.answers.append(tmp_path / "reel.rpp")
    code = (
        "reaper.Main_SaveProject(0, false) return select(2, reaper.EnumProjects(-1)), "
        "reaper.GetProjectPathEx(0), reaper.IsProjectDirty(0)"
    )
    assert fake.run_text(code).result == (str(tmp_path / "reel.rpp"), str(tmp_path), 0)
    assert len(fake.blocking_calls) == 1
    fake.run_text(code)
    assert len(fake.blocking_calls) == 1


def test_the_user_may_switch_tabs_while_a_script_waits() -> None:
    fake = Fake()
    fake.user.add_track("mine")
    fake.run_text("""
    local mine = reaper.EnumProjects(-1)
    function loop()
      reaper.defer(loop)
      return reaper.CountTracks(0), reaper.CountTracks(mine), reaper.EnumProjects(-1) == mine
    end
    loop()
    """)
    fake.user.new_tab()
    fake.pump()
    assert fake.runs[0].result == (0, 1, False)
    fake.user.switch_tab(0)
    fake.pump()
    assert fake.runs[0].result == (1, 1, True)


def test_the_user_may_move_trim_slip_split_and_delete_items_while_a_script_waits() -> None:
    fake = Fake()
    track = fake.user.add_track()
    item = fake.user.add_item(track, "a.wav", 10.0, 6.0, offset=1.0, playrate=2.0)
    fake.user.move_item(item, 20.0)
    fake.user.trim_item(item, start=21.0, end=25.0)
    fake.user.slip_item(item, 0.5)
    assert (item.position, item.length, item.takes[0].offset) == (21.0, 4.0, 4.0)
    right = fake.user.split_item(item, 23.0)
    assert right is not None
    assert (right.position, right.takes[0].offset) == (23.0, 8.0)
    fake.user.delete_item(item)
    assert track.items == [right]
    for _ in range(5):
        assert fake.user.undo()
    restored = fake.active.state.items()[0]
    assert (restored.uid, restored.position, restored.length, restored.takes[0].offset) == (item.uid, 10.0, 6.0, 1.0)


def test_ripple_and_auto_crossfade_are_states_that_plain_item_calls_ignore() -> None:
    for ripple, told in ((0, (0, 0)), (1, (1, 0)), (2, (0, 1))):
        fake = Fake(ripple=ripple, auto_crossfade=False)
        fake.user.add_item(fake.user.add_track(), "a.wav", 5.0, 2.0)
        code = "local s = reaper.GetToggleCommandState return s(40041), s(41990), s(41991)"
        assert fake.run_text(code).result == (0, *told)
        fake.run_text(
            block("local i = reaper.AddMediaItemToTrack(reaper.GetTrack(0, 0)) reaper.SetMediaItemLength(i, 9, false)")
        )
        assert fake.active.state.items()[1].position == 5.0


def test_native_actions_act_on_the_active_tab_and_are_noted() -> None:
    fake = Fake()
    item = fake.user.add_item(fake.user.add_track(), "a.wav", 5.0, 2.0)
    fake.run_text(
        block(
            "reaper.AddTakeToMediaItem(reaper.GetMediaItem(0, 0)) "
            "reaper.SetMediaItemSelected(reaper.GetMediaItem(0, 0), true) reaper.Main_OnCommand(40125, 0)"
        )
    )
    assert item.current == 1
    assert fake.commands == [40125]


def test_the_time_selection_and_the_loop_are_two_things() -> None:
    fake = Fake()
    fake.user.select_time(3.0, 9.0)
    code = """
    reaper.GetSet_LoopTimeRange2(0, true, true, 1, 2, false)
    local a, b = reaper.GetSet_LoopTimeRange2(0, false, false, 0, 0, false)
    return a, b, reaper.GetSet_LoopTimeRange2(0, false, true, 0, 0, false)
    """
    assert fake.run_text(code).result == (3.0, 9.0, 1.0, 2.0)
    assert fake.writes_outside_blocks == []


def test_selected_items_are_counted_in_the_order_of_the_tracks() -> None:
    fake = Fake()
    items = [fake.user.add_item(fake.user.add_track(), f"{name}.wav", 5.0 - n, 1.0) for n, name in enumerate("abc")]
    fake.user.select_items([items[2], items[0]])
    code = """
    local told = {}
    for i = 0, reaper.CountSelectedMediaItems(0) - 1 do
      told[#told + 1] = reaper.GetTakeName(reaper.GetActiveTake(reaper.GetSelectedMediaItem(0, i)))
    end
    return told
    """
    assert fake.run_text(code).result == ["a.wav", "c.wav"]


def test_colours_are_in_the_order_of_the_system() -> None:
    code = "return reaper.ColorToNative(1, 2, 3), reaper.ColorFromNative(reaper.ColorToNative(1, 2, 3))"
    assert Fake(os_name="Win64").run_text(code).result == (0x030201, 1, 2, 3)
    assert Fake(os_name="OSX64").run_text(code).result == (0x010203, 1, 2, 3)


def test_the_console_is_recorded_with_and_without_its_window() -> None:
    fake = Fake()
    fake.run_text("reaper.ShowConsoleMsg('Hitpoint: ü\\n') reaper.ShowConsoleMsg('!SHOW:more')")
    assert fake.console == "Hitpoint: ü\nmore"


def test_a_window_is_drawn_clicked_and_closed() -> None:
    fake = Fake()
    run = fake.run_text("""
    gfx.init("Hitpoint", 300, 80)
    function loop()
      local key = gfx.getchar()
      gfx.set(1, 1, 1) gfx.rect(0, 0, gfx.w / 2, 10) gfx.x = 5 gfx.drawstr("50 %") gfx.update()
      if key >= 0 then reaper.defer(loop) end
      return key, gfx.mouse_x, gfx.mouse_cap, gfx.measurestr("abc")
    end
    return loop()
    """)
    assert run.result == (0, 0, 0, 24.0, 14.0)
    fake.gfx_events.append({"mouse_x": 40, "mouse_cap": 1})
    fake.pump()
    assert run.result[:3] == (0, 40, 1)
    fake.gfx_events.append(-1)
    fake.pump()
    assert run.result[0] == -1
    assert run.ended
    assert ("init", "Hitpoint", 300, 80, 0, 0, 0) in fake.drawn
    assert fake.errors == []


def test_reaimgui_is_there_only_where_it_is_installed() -> None:
    code = "return reaper.ImGui_CreateContext ~= nil"
    assert Fake().run_text(code).result is False
    fake = Fake(imgui=True)
    fake.gfx_events.append({"Engine": 2, "Save": True})
    panel = """
    local ctx = reaper.ImGui_CreateContext("Hitpoint")
    local visible, open = reaper.ImGui_Begin(ctx, "Hitpoint", true)
    local changed, engine = reaper.ImGui_Combo(ctx, "Engine", 0, "a\\0b\\0c\\0")
    local kept, speech = reaper.ImGui_Checkbox(ctx, "Under speech", false)
    local save = reaper.ImGui_Button(ctx, "Save")
    reaper.ImGui_End(ctx)
    return visible, open, changed, engine, kept, speech, save
    """
    assert fake.run_text(panel).result == (True, True, True, 2, False, False, True)


def test_the_scripts_own_work_is_counted_between_calls_and_per_tick() -> None:
    fake = Fake()
    fake.run_text("""
    local function work(n) local x = 0 for i = 1, n do x = x + i end return x end
    work(10) reaper.time_precise()
    function loop() work(200000) reaper.time_precise() work(200000) end
    reaper.defer(loop)
    """)
    assert max(fake.own_steps) < 3000
    fake.pump()
    assert 300_000 < max(fake.own_steps) < 900_000
    assert max(fake.tick_steps) >= 1.9 * max(fake.own_steps)


def test_calls_are_counted() -> None:
    fake = Fake()
    fake.run_text("for i = 1, 7 do reaper.CountTracks(0) end")
    assert fake.calls == {"CountTracks": 7}
