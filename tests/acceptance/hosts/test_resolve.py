"""Resolve, the whole way: installed scripts, a real daemon, real music that lies on the asked frames."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable

import numpy as np
import pytest

from core.brief import STEMS
from tests.acceptance.hosts.program import Program, stem
from tests.acceptance.hosts.resolve_desk import LEAD, Laid, ResolveDesk, heard
from tests.hosts.resolve.versions import Profile, profile, profiles

NewResolve = Callable[..., ResolveDesk]
LUAS = ("luajit21", "lua53", "lua54", "lua51", "luajit20")
FIRST, FRAMES = LEAD, 288
"""Where the cues of this file lie, in frames at 24: long enough for sections."""
Stems = dict[str, list[Laid]]


def scored(desk: ResolveDesk) -> Stems:
    """The first take, on the frame that was asked for."""
    desk.mark(FIRST, FIRST + FRAMES)
    before = desk.settings()
    said = desk.call("Score range")
    laid = desk.assert_music(FIRST, FRAMES)
    desk.assert_told(said, FIRST)
    assert desk.settings() == before
    assert 'take 1 of "' in said.splitlines()[-1]
    assert len(laid["drums"]) > 1
    return laid


def assert_replaced(before: Stems, after: Stems, stems: set[str], first: int, last: int) -> None:
    """Those items are new that the hole touches, and no others; outside of the hole every sample is as it was."""
    for name in STEMS:
        assert [(one.start, one.frames) for one in after[name]] == [(one.start, one.frames) for one in before[name]]
        for old, new in zip(before[name], after[name], strict=True):
            touched = name in stems and new.start < last and new.end > first
            assert (new.id != old.id) == (new.path != old.path) == touched, (name, old, new)


def assert_changed(desk: ResolveDesk, before: np.ndarray, name: str, first: int, last: int) -> None:
    """A stem sounds otherwise inside some frames, and just as before everywhere else."""
    after = heard(desk.laid()[name], desk.rate)
    begin, end = ((frame - FIRST) * 2000 for frame in (first, last))
    assert (after[:begin] == before[:begin]).all()
    assert (after[end:] == before[end:]).all()
    assert (after[begin:end] != before[begin:end]).any()


def test_an_editors_whole_afternoon(resolve: NewResolve) -> None:
    """Score, a re-roll of two stems in one section, of all stems between marks, takes back and forth, a new day."""
    desk = resolve(start="00:59:50:00", profile=profile("21.1"))
    first = scored(desk)
    sound = {name: heard(items, desk.rate) for name, items in first.items()}

    section = first["drums"][1]
    desk.unmark()
    desk.select(section, first["bass"][1])
    said = desk.call("Re-roll")
    second = desk.assert_music(FIRST, FRAMES, 2)
    assert f"re-rolls drums, bass in frames {section.start} to {section.end - 1}." in said
    assert_replaced(first, second, {"drums", "bass"}, section.start, section.end)
    for name in ("drums", "bass"):
        assert_changed(desk, sound[name], name, section.start, section.end)

    begin, end = section.start - 20, section.start + 25
    desk.mark(begin, end)
    sound = {name: heard(items, desk.rate) for name, items in second.items()}
    desk.call("Re-roll")
    third = desk.assert_music(FIRST, FRAMES, 3)
    hole = desk.program.cue(third["drums"][0].path.stem[-8:]).take.hole
    assert hole is not None
    low, high = (FIRST + sample // 2000 for sample in hole.span(48_000))
    assert_replaced(second, third, set(STEMS), low, high + 1)
    for name in STEMS:
        after = heard(third[name], desk.rate)
        outside = np.ones(len(after), bool)
        outside[slice(*hole.span(48_000))] = False
        assert (after[outside] == sound[name][outside]).all()
    assert any((heard(third[name], desk.rate) != sound[name]).any() for name in STEMS)

    paths = [{name: [one.path for one in items] for name, items in laid.items()} for laid in (first, second, third)]
    desk.unmark()
    for entry, take in (("Previous take", 2), ("Previous take", 1), ("Previous take", 1), ("Next take", 2)):
        said = desk.call(entry)
        assert f'take {take} of "' in said
        now = desk.assert_music(FIRST, FRAMES, take)
        assert {name: [one.path for one in items] for name, items in now.items()} == paths[take - 1]
    assert "Take 1 is the first." in "\n".join(desk.runs[-2].printed)

    desk.reopen()
    desk.program.stop()
    desk.program.start()
    before = desk.laid()
    desk.playhead(section.start + 1)
    said = desk.call("Re-roll")
    fourth = desk.assert_music(FIRST, FRAMES, 4)
    assert_replaced(before, fourth, set(STEMS), section.start, section.end)


NORMAL = ("18.5.0 free", "19.0.2 Studio")
CASES = [
    pytest.param(build, lua, id=f"{build} {lua}", marks=() if str(build) in NORMAL else pytest.mark.slow)
    for build, lua in zip(profiles(), itertools.cycle(LUAS), strict=False)
]


@pytest.mark.parametrize(("build", "lua"), CASES)
def test_every_version_scores_rerolls_and_goes_back(resolve: NewResolve, build: Profile, lua: str) -> None:
    desk = resolve(profile=build, lua=lua, start="01:00:00:00")
    first = scored(desk)
    section = first["drums"][1]
    desk.unmark()
    desk.playhead(section.start + 3)
    before = desk.settings()
    desk.call("Re-roll")
    second = desk.assert_music(FIRST, FRAMES, 2)
    assert_replaced(first, second, set(STEMS), section.start, section.end)
    desk.reopen()
    desk.call("Previous take")
    back = desk.assert_music(FIRST, FRAMES, 1)
    assert {name: [one.path for one in items] for name, items in back.items()} == {
        name: [one.path for one in items] for name, items in first.items()
    }
    assert desk.settings() == before


def underway(desk: ResolveDesk) -> bool:
    """Whether the program works at a request."""
    return bool(list((desk.program.home.exchange / "mailbox").glob("*.progress.lua")))


def test_cancel_ends_the_work_and_changes_nothing(resolve: NewResolve, program: Program) -> None:
    desk = resolve(seconds=300, lua="lua54", name="Cancelled")
    desk.mark(0, 7000)
    before = desk.settings()
    said: list[str] = []
    desk.when(
        lambda: any(job["state"] == "running" for job in program.jobs()), lambda: said.append(desk.call("Cancel"))
    )
    told = desk.call("Score range")
    assert said
    assert "cancelled (1)." in said[0]
    assert "cancelled" in told.splitlines()[-1].lower()
    assert desk.laid() == {}
    assert desk.description() == desk.theirs
    assert desk.settings() == before
    assert desk.fake.timeline.markers == {}
    assert program.jobs()[0]["state"] == "cancelled"
    assert not list(program.cues.glob("Cancelled/*/cue.json"))
    assert "nothing was running" in desk.call("Cancel")


@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")
@pytest.mark.parametrize(
    "studio",
    [pytest.param(True, id="studio starts it again"), pytest.param(False, id="free waits", marks=pytest.mark.slow)],
)
def test_a_daemon_that_is_killed_costs_no_music(resolve: NewResolve, program: Program, studio: bool) -> None:
    """Studio's script starts it again itself; in free 21.1 a login, a shell or the user does."""
    desk = resolve(profile=profile("21.1", studio=studio), name=f"Killed {studio}")
    desk.mark(FIRST, FIRST + FRAMES)

    def kill() -> None:
        program.kill()
        if not studio:
            desk.fake.clock.after(1.0, program.start)

    desk.when(lambda: underway(desk), kill)
    said = desk.call("Score range")
    desk.assert_music(FIRST, FRAMES)
    desk.assert_told(said, FIRST)
    assert ("its program was not running; it is being started." in said) == studio
    assert len(list(program.cues.glob(f"Killed {studio}/*/cue.json"))) == 1


def test_an_answer_that_comes_when_another_timeline_is_open_is_placed_later(
    resolve: NewResolve, program: Program
) -> None:
    desk = resolve(name="Away", start="00:00:00:00")
    desk.mark(FIRST, FIRST + FRAMES)
    own = desk.fake.timeline
    other = desk.fake.new_timeline("Other")
    desk.fake.user.switch_timeline(own)
    desk.theirs = desk.description()
    desk.when(lambda: underway(desk), lambda: desk.fake.user.switch_timeline(other))
    said = desk.call("Score range")
    assert 'Open the timeline "Away"' in said
    assert "call this again" in said.splitlines()[-1]
    assert desk.laid(own) == desk.laid(other) == {}
    assert [track.items for track in other.all_tracks()] == [[], []]

    desk.fake.user.switch_timeline(own)
    before = desk.settings()
    said = desk.call("Score range")
    assert "an earlier request is ready; it is placed first." in said
    desk.assert_music(FIRST, FRAMES)
    desk.assert_told(said, FIRST)
    assert desk.settings() == before
    assert len(list(program.cues.glob("Away/*/cue.json"))) == 1
    assert "an earlier request" not in desk.call("Next take")


def test_what_was_scored_is_the_picture_and_other_cues_stay(resolve: NewResolve) -> None:
    """Two cues side by side, then one of them again: the other's items stay themselves."""
    desk = resolve(seconds=24, lua="lua53")
    first = scored(desk)
    desk.mark(FIRST + FRAMES, FIRST + FRAMES + 96)
    said = desk.call("Score range")
    assert all(len(items) > len(first[name]) for name, items in desk.laid().items()), said
    both = desk.laid()
    for name in STEMS:
        assert both[name][: len(first[name])] == first[name]
        assert (both[name][-1].start, both[name][-1].end) == (FIRST + FRAMES, FIRST + FRAMES + 96)
        assert len(both[name]) == len(first[name]) + 1
    cue = desk.program.cue(both["drums"][-1].path.stem[-8:])
    desk.unmark()
    desk.select(both["melody"][-1])
    desk.call("Re-roll")
    now = desk.laid()
    assert {name: [one.id for one in items] for name, items in now.items() if name != "melody"} == {
        name: [one.id for one in items] for name, items in both.items() if name != "melody"
    }
    assert now["melody"][:-1] == both["melody"][:-1]
    assert now["melody"][-1].path != both["melody"][-1].path
    again = desk.program.cue(cue.folder.name and now["melody"][-1].path.stem[-8:])
    assert (heard(now["melody"][-1:], desk.rate) == stem(again, "melody")).all()
