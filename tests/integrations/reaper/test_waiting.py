"""While the program works: progress, cancel, tabs, silence, versions, and what goes wrong, each told in a sentence."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.hosts.luafile import literal, write_lua
from integrations.installer import lua_string
from tests.integrations.reaper.desk import STEPS_IN_50_MS, Desk, answer


@pytest.fixture
def waiting(desk: Desk) -> Desk:
    """A range is being scored and nobody has answered yet."""
    return begun(desk)


def begun(desk: Desk) -> Desk:
    desk.fake.user.select_time(10.0, 22.5)
    desk.act_in_silence("Score range")
    return desk


def job_of(desk: Desk, number: int = -1) -> Path:
    return desk.fake.resource / "Data" / "Hitpoint" / "jobs" / str(desk.requests[number]["id"])


def progress(desk: Desk, fraction: float, words: str) -> None:
    told = {"progress": fraction, "stage": "rhythm", "words": words, "time": int(time.time())}
    write_lua(job_of(desk) / "progress.lua", {"hitpoint": 1, "id": "x", **told})


def arrive(desk: Desk) -> None:
    """The program answers the last request."""
    answer(job_of(desk), desk.requests[-1], ok=True, placement=desk.cue(), said=["Well done."])


def untouched(desk: Desk) -> bool:
    return desk.undo_names() == [] and [track.name for track in desk.project.state.tracks] == ["Video"]


def test_the_program_is_started_in_the_background_with_a_folder_of_its_own(waiting: Desk) -> None:
    [(line, timeout)] = waiting.fake.processes.lines
    assert line == f'"{waiting.program}" host "{job_of(waiting)}"'
    assert timeout == -2
    assert len(waiting.requests[0]["id"]) in range(8, 17)


def test_nothing_is_changed_before_the_answer(waiting: Desk) -> None:
    waiting.fake.pump(30.0)
    assert untouched(waiting)


def test_progress_is_shown_with_its_words(waiting: Desk) -> None:
    progress(waiting, 0.42, "Placing beats")
    waiting.fake.pump(1.5)
    assert ("drawstr", "Placing beats") in waiting.fake.drawn


def test_the_answers_own_words_are_told(waiting: Desk) -> None:
    arrive(waiting)
    assert waiting.fake.pump_until_idle()
    assert "Hitpoint: Well done." in waiting.fake.console


# --- cancel


def test_cancel_in_the_strip_ends_it_at_once_and_leaves_nothing(waiting: Desk) -> None:
    waiting.fake.pump(1.5)
    waiting.fake.gfx_events.append({"mouse_x": 420, "mouse_y": 70, "mouse_cap": 1})
    waiting.fake.pump(0.3)
    assert waiting.fake.pump_until_idle(0.5)
    assert (job_of(waiting) / "cancel").exists()
    assert untouched(waiting)
    assert waiting.fake.console == "Hitpoint: cancelled.\n"


def test_the_cancel_action_ends_what_another_script_waits_for(waiting: Desk) -> None:
    waiting.start("Cancel")
    assert waiting.fake.pump_until_idle(1.0)
    assert waiting.fake.console == "Hitpoint: cancelling.\nHitpoint: cancelled.\n"
    assert untouched(waiting)
    waiting.act("Cancel")
    assert waiting.fake.console.endswith("Hitpoint: nothing is under way in this project.\n")


def test_cancel_in_another_tab_says_where_something_is_under_way(waiting: Desk) -> None:
    waiting.fake.user.new_tab()
    waiting.start("Cancel")
    waiting.fake.pump(0.5)
    assert "nothing is under way in this project. In other tabs: the unsaved project." in waiting.fake.console
    assert not (job_of(waiting) / "cancel").exists()


def test_an_answer_that_comes_after_the_cancel_is_not_laid(waiting: Desk) -> None:
    (job_of(waiting) / "cancel").touch()
    arrive(waiting)
    assert waiting.fake.pump_until_idle(1.0)
    assert untouched(waiting)


# --- silence


def test_a_program_that_never_says_anything_is_given_up_after_a_minute(waiting: Desk) -> None:
    assert not waiting.fake.pump_until_idle(55.0)
    assert waiting.fake.pump_until_idle(10.0)
    assert "the program has given no sign of life for 60 seconds." in waiting.fake.console
    assert (job_of(waiting) / "cancel").exists()
    assert untouched(waiting)


def test_an_hour_of_work_is_waited_for_as_long_as_it_gives_signs_of_life(waiting: Desk) -> None:
    for minute in range(6):
        progress(waiting, minute / 60, f"minute {minute}")
        assert not waiting.fake.pump_until_idle(100.0)
    arrive(waiting)
    assert waiting.fake.pump_until_idle()
    assert waiting.undo_names() == ["Hitpoint: score reel 1"]


def test_a_machine_that_slept_was_not_silent(waiting: Desk) -> None:
    progress(waiting, 0.1, "working")
    waiting.fake.pump(1.0)
    waiting.fake.clock.wait(8 * 3600)
    assert not waiting.fake.pump_until_idle(5.0)


def test_half_an_answer_is_no_answer(waiting: Desk) -> None:
    whole = b"return " + literal(
        {"hitpoint": 1, "version": "0.1.0", "ok": True, "placement": waiting.cue(), "said": []}
    )
    place = job_of(waiting) / "answer.lua"
    place.write_bytes(whole[: len(whole) // 2])
    waiting.fake.pump(2.0)
    assert untouched(waiting)
    place.write_bytes(whole)
    assert waiting.fake.pump_until_idle()
    assert waiting.undo_names() == ["Hitpoint: score reel 1"]


def test_an_answer_cannot_run_anything(waiting: Desk) -> None:
    (job_of(waiting) / "answer.lua").write_text('return os.execute("true") or {ok = true}', encoding="ascii")
    waiting.fake.pump(2.0)
    assert untouched(waiting)
    assert waiting.fake.complaints() == []


# --- tabs and projects


def test_another_tab_in_front_does_not_get_the_music(any_desk: Desk) -> None:
    desk = begun(any_desk)
    home = desk.project
    other = desk.fake.user.new_tab()
    arrive(desk)
    desk.fake.pump(2.0)
    assert other.state.tracks == []
    desk.fake.user.switch_tab(0)
    assert desk.fake.pump_until_idle()
    assert [track.name for track in home.state.tracks][:2] == ["Video", "Hitpoint: reel 1"]
    assert (other.undo, len(home.undo)) == ([], 1)


def test_a_project_that_was_closed_gets_nothing_and_hears_where_the_music_is(waiting: Desk) -> None:
    waiting.fake.user.new_tab()
    waiting.fake.user.close_tab(0)
    arrive(waiting)
    assert waiting.fake.pump_until_idle()
    folder = waiting.cue()["cue"]["folder"]
    assert f"the unsaved project was closed meanwhile; the music lies in {folder}." in waiting.fake.console
    assert waiting.project.state.tracks == []


def test_another_project_in_the_same_tab_gets_nothing(waiting: Desk) -> None:
    waiting.fake.user.save(path=waiting.folder / "a.rpp")
    waiting.start("Cancel")
    assert waiting.fake.pump_until_idle()
    begun(waiting)
    waiting.project.path = str(waiting.folder / "b.rpp")
    waiting.project.state.tracks.clear()
    waiting.fake.user.add_track("Another film")
    arrive(waiting)
    assert waiting.fake.pump_until_idle()
    assert "a.rpp was closed meanwhile" in waiting.fake.console
    assert [track.name for track in waiting.project.state.tracks] == ["Another film"]


def test_a_project_that_is_saved_meanwhile_is_the_same(waiting: Desk) -> None:
    waiting.fake.user.save(path=waiting.folder / "film.rpp")
    arrive(waiting)
    assert waiting.fake.pump_until_idle()
    assert waiting.undo_names() == ["Hitpoint: score reel 1"]


def test_the_user_goes_on_editing_meanwhile(waiting: Desk) -> None:
    video = waiting.project.state.tracks[0].items[0]
    waiting.fake.user.move_item(video, 3.0)
    arrive(waiting)
    waiting.fake.user.add_track("Late")
    waiting.fake.pump(0.1)
    assert waiting.fake.pump_until_idle()
    assert waiting.undo_names() == ["Move media items", "Hitpoint: score reel 1"]
    assert waiting.project.state.tracks[0].items[0].position == 3.0


# --- two starts


@pytest.mark.parametrize("version", ["6.47", "7.60"])
def test_a_second_start_goes_on_with_both(new_desk: Callable[..., Desk], version: str) -> None:
    desk = begun(new_desk(version=version).with_picture())
    desk.fake.user.select_time(30.0, 40.0)
    desk.start("Score range")
    assert desk.fake.pump_until(lambda: len(desk.requests) == 2, 10)
    answer(job_of(desk, 0), desk.requests[0], ok=True, placement=desk.cue(), said=[])
    second = desk.cue("reel 2", cue_id="00c0ffee")
    answer(job_of(desk, 1), desk.requests[1], ok=True, placement=second, said=[])
    assert desk.fake.pump_until_idle()
    names = [track.name for track in desk.project.state.tracks if track.name.startswith("Hitpoint")]
    assert sorted(names) == ["Hitpoint: reel 1", "Hitpoint: reel 2"]


def test_a_script_that_is_ended_leaves_its_job_to_the_next_one(waiting: Desk) -> None:
    waiting.fake.runs[0].end()
    arrive(waiting)
    waiting.fake.user.select_time(0, 0)
    waiting.stays_silent()
    waiting.act("Next take")
    assert waiting.undo_names() == ["Hitpoint: score reel 1"]


# --- what goes wrong


def test_restricted_scripts_say_so(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(restricted=True).with_picture()
    desk.act("Score range")
    assert desk.fake.console.startswith("Hitpoint: this script runs with restricted permissions")
    assert desk.undo_names() == []


def test_a_program_that_does_not_start_is_named(desk: Desk) -> None:
    desk.fake.processes.stub = lambda _: None
    desk.fake.user.select_time(10.0, 22.5)
    desk.act("Score range")
    assert f"the program could not be started: {desk.program}." in desk.fake.console


def test_a_program_that_is_gone_is_named(desk: Desk) -> None:
    desk.program.unlink()
    desk.fake.user.select_time(10.0, 22.5)
    desk.act("Score range")
    assert f"the program is not at {desk.program} any more. Call `hitpoint install reaper`" in desk.fake.console


def test_without_an_installed_program_that_is_said(desk: Desk) -> None:
    (desk.fake.resource / "Data" / "Hitpoint" / "program.lua").unlink()
    desk.fake.user.select_time(10.0, 22.5)
    desk.act("Score range")
    assert "the program is not known to this REAPER" in desk.fake.console


def test_another_version_is_named_with_ours(desk: Desk) -> None:
    told = f"return {{program = {lua_string(str(desk.program))}, version = '0.2.0'}}"
    (desk.fake.resource / "Data" / "Hitpoint" / "program.lua").write_text(told, encoding="ascii")
    desk.fake.user.select_time(10.0, 22.5)
    desk.act("Score range")
    sentence = "the scripts in REAPER are version 0.1.0, the program is 0.2.0. Call `hitpoint install reaper`"
    assert sentence in desk.fake.console
    assert desk.requests == []


def test_an_answer_of_another_version_is_refused(waiting: Desk) -> None:
    fields = {"hitpoint": 1, "version": "0.2.0", "ok": True, "placement": waiting.cue(), "said": []}
    write_lua(job_of(waiting) / "answer.lua", fields)
    assert waiting.fake.pump_until_idle()
    assert "the scripts in REAPER are version 0.1.0, the program is 0.2.0." in waiting.fake.console
    assert untouched(waiting)


def test_what_the_program_says_went_wrong_is_passed_on(desk: Desk) -> None:
    desk.fails("The range is empty. Select something.")
    desk.fake.user.select_time(10.0, 22.5)
    desk.act("Score range")
    assert desk.fake.console == "Hitpoint: The range is empty. Select something.\n"
    assert untouched(desk)


def test_an_answer_without_sense_is_told_once_and_changes_nothing(waiting: Desk) -> None:
    laid = waiting.cue()
    laid["rate"] = "nonsense"
    answer(job_of(waiting), waiting.requests[-1], ok=True, placement=laid, said=[])
    assert waiting.fake.pump_until_idle()
    assert waiting.fake.console.count("a fault of this script's own") == 1
    assert untouched(waiting)


def test_a_lib_folder_that_is_missing_is_said(desk: Desk) -> None:
    (desk.fake.resource / "Scripts" / "Hitpoint" / "lib" / "hitpoint.lua").unlink()
    desk.act("Score range")
    assert "the folder lib is not beside" in desk.fake.console


def test_an_error_while_laying_is_undone_whole(waiting: Desk) -> None:
    """The melody's file goes between the look at it and its laying anew for a second item."""
    laid = waiting.cue()
    answer(job_of(waiting), waiting.requests[-1], ok=True, placement=laid, said=[])
    assert waiting.fake.pump_until_idle()
    for stem in ("drums", "melody"):
        waiting.fake.user.split_item(waiting.item(stem), 15.0)
    steps = len(waiting.project.undo)
    again = waiting.cue(take=2, changed={2: (("drums", "melody"), (1, 2, 3))})
    waiting.fake.user.select_time(14.0, 16.0)
    waiting.act_in_silence("Re-roll")
    missing = Path(next(stem["file"] for stem in again["stems"] if stem["name"] == "melody"))
    answer(job_of(waiting), waiting.requests[-1], ok=True, placement=again, said=[])
    waiting.fake.pump_until(lambda: waiting.fake.calls.get("PCM_Source_CreateFromFile", 0) >= 10, 5)
    missing.unlink()
    assert waiting.fake.pump_until_idle()
    assert f"melody cannot be read: {missing}" in waiting.fake.console
    assert len(waiting.project.undo) == steps
    assert [len(item.takes) for item in waiting.track("drums").items] == [1, 1]


def test_old_jobs_are_tidied_away(desk: Desk) -> None:
    jobs = desk.fake.resource / "Data" / "Hitpoint" / "jobs"
    old, young = jobs / f"{base36(int(time.time()) - 8 * 86400)}abcd", jobs / f"{base36(int(time.time()))}abcd"
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "request.json").write_text("{}", encoding="ascii")
    desk.act("Cancel")
    assert (old.exists(), young.exists()) == (False, True)


def base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


def test_an_hour_of_markers_holds_nothing_up(waiting: Desk) -> None:
    laid = waiting.cue()
    beats = [
        {"kind": "beat", "first": beat, "frames": 1, "time": beat / 24, "name": "beat", "note": "", "met": True}
        for beat in range(7200)
    ]
    laid["markers"] = beats + [{**beat, "kind": "hit", "name": "cut"} for beat in beats[::24]]
    answer(job_of(waiting), waiting.requests[-1], ok=True, placement=laid, said=[])
    assert waiting.fake.pump_until_idle()
    assert max(waiting.fake.tick_steps) < STEPS_IN_50_MS
