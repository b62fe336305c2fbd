"""What a run asks of the program: the range, the hole, the cue, the options; and each sentence where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.hosts.luafile import write_lua
from tests.hosts import placements
from tests.hosts.resolve.model import Marker, Media
from tests.hosts.resolve.traps import Traps
from tests.hosts.resolve.versions import profile
from tests.integrations.resolve.desk import START, Desk

NewDesk = Callable[..., Desk]


def asked_range(desk: Desk) -> tuple[int, int]:
    """The range of the only score that was asked for."""
    (request,) = [request for request in desk.requests if request.action == "score"]
    return request.start_frame, request.end_frame


def clip(desk: Desk, first: int, frames: int) -> Media:
    """Picture that may be laid beside the long clip, on the second track."""
    del first
    return Media("b.mov", "/media/b.mov", True, False, desk.fake.timeline.rate, frames)


# the range


def test_selected_clips_are_the_range_before_any_marks(studio: Desk) -> None:
    items = [studio.fake.lay(clip(studio, 0, 50), first, 50, track=2) for first in (100, 300)]
    studio.fake.user.select(*items)
    studio.run("score")
    assert asked_range(studio) == (100, 350)


@pytest.mark.parametrize(
    ("marks", "wanted"),
    [
        ({"video": {"in": 10, "out": 19}}, (10, 20)),
        ({"audio": {"in": 10, "out": 19}}, (10, 20)),
        ({"video": {"in": 10}, "audio": {"out": 19}}, (10, 20)),
        ({"video": {"out": 19}}, (0, 20)),
        ({"audio": {"in": 1400}}, (1400, 1440)),
    ],
)
def test_marks_count_from_the_start_and_out_is_inside(desk: Desk, marks: object, wanted: tuple[int, int]) -> None:
    desk.fake.timeline.marks = marks  # type: ignore[assignment]
    desk.run("score")
    assert asked_range(desk) == wanted


def test_coloured_clips_then_a_duration_marker_then_all_of_it(new_desk: NewDesk) -> None:
    desk = new_desk(profile=profile("19.0.2"))
    desk.fake.timeline.markers.clear()
    run = desk.run("score")
    assert asked_range(desk) == (0, 1440)
    assert any("no in and out marks" in line for line in run.printed)

    desk = new_desk(profile=profile("19.0.2"))
    desk.run("score")
    assert asked_range(desk) == (START, START + sum(desk.lengths))

    desk = new_desk(profile=profile("19.0.2"))
    desk.fake.lay(clip(desk, 0, 50), 500, 50, track=2).colour = "Lime"
    desk.run("score")
    assert asked_range(desk) == (500, 550)


def test_of_several_duration_markers_the_one_under_the_playhead_counts(new_desk: NewDesk) -> None:
    desk = new_desk(profile=profile("18.6.6"))
    desk.fake.timeline.markers[700.0] = Marker("Blue", "second", "", 100)
    desk.fake.timeline.playhead = desk.fake.timeline.start + 750
    desk.run("score")
    assert asked_range(desk) == (700, 800)


def test_our_own_section_markers_are_no_range(new_desk: NewDesk) -> None:
    desk = new_desk(profile=profile("18.6.6"))
    desk.run("score")
    desk.fake.timeline.markers.pop(float(START))
    desk.requests.clear()
    desk.run("score")
    assert asked_range(desk) == (0, 1440)


@pytest.mark.parametrize(
    ("form", "lua"),
    [("text", "luajit21"), ("number", "lua53"), ("df", "lua51"), ("point", "lua54"), ("point", "lua53")],
)
def test_every_way_of_writing_the_rate_is_read(new_desk: NewDesk, form: str, lua: str) -> None:
    for drop in (False, True):
        desk = new_desk(rate="29.97", drop=drop, traps=Traps(rate_form=form, otio_constant_zero=True))  # type: ignore[arg-type]
        desk.run("score", lua)
        assert desk.requests[0].drop_frame is drop
        assert desk.items("Hitpoint drums") == desk.wanted("drums")


def test_a_range_without_a_frame_is_a_sentence(desk: Desk) -> None:
    desk.fake.timeline.marks = {"video": {"in": 2000, "out": 2100}}
    run = desk.run("score")
    assert "holds no frame of the timeline" in run.printed[-1]
    assert desk.requests == []


def test_an_empty_timeline_is_a_sentence(desk: Desk) -> None:
    desk.fake.new_timeline("Empty")
    run = desk.run("score")
    assert "the timeline is empty" in run.printed[-1]


# the hole and the cue


def test_selected_items_of_ours_say_section_and_stems(studio: Desk) -> None:
    studio.run("score")
    bass, drums = studio.track("Hitpoint bass"), studio.track("Hitpoint drums")
    studio.fake.user.select(bass.items[1], drums.items[2])
    studio.run("reroll")
    asked = next(request for request in studio.requests if request.action == "reroll")
    assert (asked.start_frame, asked.end_frame) == (START + 96, START + 300)
    assert set(asked.stems) == {"bass", "drums"}
    assert asked.cue == placements.CUE_ID
    assert asked.sample_rate == 48000


def test_marks_say_the_span_of_a_reroll_of_all_stems(desk: Desk) -> None:
    desk.run("score")
    desk.fake.user.mark(START + 10, START + 29)
    desk.run("reroll")
    asked = next(request for request in desk.requests if request.action == "reroll")
    assert (asked.start_frame, asked.end_frame, asked.stems) == (START + 10, START + 30, ())


def test_what_points_at_no_music_is_a_sentence(desk: Desk) -> None:
    assert "there is no music of Hitpoint" in desk.run("reroll").printed[-1]
    assert "there is no music of Hitpoint" in desk.run("next").printed[-1]
    desk.run("score")
    desk.fake.user.mark(1000, 1100)
    assert "no music of Hitpoint lies in" in desk.run("reroll").printed[-1]
    desk.fake.timeline.marks.clear()
    desk.fake.timeline.playhead = desk.fake.timeline.start + 1200
    assert "nothing says what to re-roll" in desk.run("reroll").printed[-1]
    desk.run("next")
    assert desk.asked()[-2:] == ["next", "placed"]


# the program


def test_a_program_that_does_not_run_is_started(new_desk: NewDesk) -> None:
    desk = new_desk(profile=profile("21.0.4"), running=False)
    run = desk.run("score")
    assert desk.started == ["'/opt/hitpoint/bin/hitpoint' daemon start >/dev/null 2>&1 </dev/null &"]
    assert "it is being started" in "\n".join(run.printed)
    assert desk.items("Hitpoint drums") == desk.wanted("drums")


def test_where_nothing_can_be_started_the_request_waits_and_is_placed_later(new_desk: NewDesk) -> None:
    desk = new_desk(profile=profile("21.1"), running=False)
    run = desk.run("score")
    assert '"/opt/hitpoint/bin/hitpoint" daemon start' in run.printed[-1]
    assert "the request waits" in run.printed[-1]
    assert len(list(desk.mailbox.glob("hp1_*.otio"))) == 1

    desk.running = True
    for _ in range(20):
        desk.fake.clock.wait(0.5)
    desk.run("next")
    assert desk.asked()[:2] == ["score", "placed"]
    assert desk.items("Hitpoint drums") == desk.wanted("drums")


@pytest.mark.parametrize("age", [1, 5, 9, 9.9])
def test_a_program_that_has_just_died_is_started_once_its_last_sign_is_old(new_desk: NewDesk, age: float) -> None:
    desk = new_desk(profile=profile("21.0.4"))
    desk.running = False
    desk.fake.clock.wait(age)
    run = desk.run("score")
    assert len(desk.started) == 1
    assert [line for line in run.printed if "it is being started" in line] == [
        "Hitpoint: its program was not running; it is being started."
    ]
    assert desk.asked() == ["score", "placed"]


def test_a_program_that_dies_midway_is_started_again(new_desk: NewDesk) -> None:
    desk = new_desk(profile=profile("21.0.4"), work=40)
    desk.meanwhile = lambda: setattr(desk, "running", False)
    run = desk.run("score")
    assert desk.started != []
    assert desk.items("Hitpoint drums") == desk.wanted("drums"), run.printed


def test_work_may_take_as_long_as_it_takes(new_desk: NewDesk) -> None:
    desk = new_desk(work=400)
    desk.run("score")
    assert desk.items("Hitpoint drums") == desk.wanted("drums")


def test_another_version_is_named_on_both_sides(desk: Desk) -> None:
    desk.running = False
    beat = {"hitpoint": 1, "version": "0.2.0", "pid": 1, "time": int(desk.fake.clock.time())}
    write_lua(desk.mailbox / "daemon.lua", {**beat, "engines": [], "styles": []})
    run = desk.run("score")
    assert "this script is version 0.1.0 and the program is version 0.2.0" in run.printed[-1]
    assert "hitpoint install resolve" in run.printed[-1]
    assert list(desk.mailbox.glob("hp1_*.otio")) == []


def test_a_refusal_is_said_in_its_own_words(desk: Desk) -> None:
    desk.refusal = {"code": "unusable-input", "what": "x", "sentence": "The range holds no picture. Choose another."}
    run = desk.run("score")
    assert run.printed[-1] == "Hitpoint: The range holds no picture. Choose another."
    assert [track.name for track in desk.fake.timeline.tracks["audio"]] == ["Audio 1"]


@pytest.mark.parametrize("trap", [{"empty_export": True}, {"otio_constant_zero": True}])
def test_exports_that_come_to_nothing_are_made_again(new_desk: NewDesk, trap: dict[str, bool]) -> None:
    desk = new_desk(traps=Traps(**trap))  # type: ignore[arg-type]
    desk.run("score")
    assert desk.items("Hitpoint drums") == desk.wanted("drums")


def test_a_dialog_that_is_open_is_named_where_the_range_cannot_go_out(new_desk: NewDesk) -> None:
    desk = new_desk(traps=Traps(modal=True))
    run = desk.run("score")
    assert "refused to export the timeline" in run.printed[-1]
    assert "Close any open dialog" in run.printed[-1]


def test_a_missing_mailbox_is_a_sentence(desk: Desk, tmp_path: Path) -> None:
    desk.mailbox = tmp_path / "gone"
    desk.running = False
    run = desk.run("score")
    assert "is missing. Run: hitpoint install resolve" in run.printed[-1]


def test_cancel_asks_the_program_and_says_what_was_cancelled(new_desk: NewDesk) -> None:
    desk = new_desk()
    assert "nothing was running" in desk.run("cancel").printed[-1]
    assert desk.asked() == ["cancel"]
    idle = new_desk(running=False)
    assert "its program is not running" in idle.run("cancel").printed[-1]
    assert list(idle.mailbox.glob("hp1_*.otio")) == []


# the panel


def test_the_panel_asks_once_where_nothing_is_marked_and_its_choice_is_remembered(studio: Desk) -> None:
    studio.fake.timeline.marks.clear()
    windows = studio.fake.windows
    windows.hands = [
        lambda: windows.set("Seed", "Text", "42"),
        lambda: windows.set("Stem2", "Checked", False),
        lambda: windows.set("Speech", "Checked", True),
        lambda: windows.fire("Yes"),
    ]
    studio.run("score")
    assert studio.asked()[:2] == ["options", "score"]
    wishes = studio.requests[0].wishes
    assert wishes["engine"] == "composer"
    assert wishes["style"] == "auto"
    assert (wishes["seed"], wishes["under_speech"]) == (42, True)
    assert wishes["stems"] == ["drums", "harmony", "melody", "effects"]
    assert not any(window.shown for window in windows.all)


def test_a_panel_that_is_closed_asks_for_nothing(studio: Desk) -> None:
    studio.fake.timeline.marks.clear()
    for hand in (lambda: studio.fake.windows.fire("No"), lambda: studio.fake.windows.close("Hitpoint")):
        studio.fake.windows.hands = [hand]
        run = studio.run("score")
        assert run.printed[-1] == "Hitpoint: nothing was asked for."
    assert studio.requests == []


def test_the_panel_of_a_reroll_chooses_stems_and_seed(studio: Desk) -> None:
    studio.run("score")
    studio.fake.timeline.marks.clear()
    studio.fake.timeline.playhead = studio.fake.timeline.start + START
    windows = studio.fake.windows
    windows.hands = [
        *(lambda number=number: windows.set(f"Stem{number}", "Checked", False) for number in (1, 3, 4, 5)),
        lambda: windows.set("Seed", "Text", "7"),
        lambda: windows.fire("Yes"),
    ]
    studio.run("reroll")
    asked = next(request for request in studio.requests if request.action == "reroll")
    assert (asked.stems, asked.seed) == (("bass",), 7)


def test_the_free_edition_is_asked_for_no_window(new_desk: NewDesk) -> None:
    desk = new_desk(profile=profile("20.3.2"))
    desk.fake.timeline.marks.clear()
    run = desk.run("score")
    assert desk.fake.windows.all == []
    assert "the whole timeline, as nothing is selected or marked" in "\n".join(run.printed)
    assert desk.asked() == ["score", "placed"]


def test_the_panel_waits_for_a_program_that_is_being_started(new_desk: NewDesk) -> None:
    desk = new_desk(profile=profile("21.0.4", studio=True), running=False)
    desk.fake.timeline.marks.clear()
    desk.fake.windows.hands = [lambda: desk.fake.windows.fire("Yes")]
    desk.run("score")
    assert desk.asked() == ["options", "score", "placed"]


def test_the_progress_window_cancels_the_request_that_runs(studio: Desk) -> None:
    windows, stepped = studio.fake.windows, []

    def step() -> bool:
        stepped.append(windows.find("Words").Text)
        if len(stepped) == 6:
            windows.fire("Stop")
            studio.refusal = {"code": "cancelled", "what": "Cancelled", "sentence": "Cancelled."}
        return True

    windows.dispatcher.StepLoop = step  # type: ignore[attr-defined]
    run = studio.run("score")
    assert studio.asked() == ["score", "cancel"]
    assert studio.requests[1].of == studio.requests[0].id
    assert "40 % Beats" in stepped
    assert run.printed[-1] == "Hitpoint: Cancelled."
    assert not any(window.shown for window in windows.all)
