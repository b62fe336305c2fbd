"""From a file dropped into a watched folder to a scored one beside it, once, whatever happens on the way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from core.errors import HitpointError, UnusableInput, WrongUse
from daemon.jobs import FINISHED, Store
from daemon.ledger import Written
from daemon.watches import Watches
from daemon.watchfolder import Drop, Pace, Spoiled, Watcher
from tests.daemon.desk import PATIENCE_S, Desk

PACE = Pace(rescan=0.05, rest=0.02, large_rest=0.02, give_up=0.5)
WISHES = {"prompt": "calm"}


def timeline(name: str = "reel") -> str:
    return json.dumps({"OTIO_SCHEMA": "Timeline.1", "name": name, "metadata": {}, "tracks": {"OTIO_SCHEMA": "Stack.1"}})


class WatchDesk(Desk):
    """A desk with watched folders."""

    def furnish(self) -> None:
        self.aside_works = True
        self.watcher = Watcher(self.inbox, pace=PACE, events=False)
        self.watches = Watches(self.watcher, self.ledger, self.dispatcher, self.aside)
        records = self._reader.watches()
        self.watches.take_up([(record, self._reader.seen_in(record.folder)) for record in records])

    def aside(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        if not self.aside_works:
            return
        value: Any
        try:
            value = work()
        except HitpointError as error:
            value = error
        self.inbox.put(Written(then, value))

    def kill(self) -> None:
        self.watcher.close()
        super().kill()

    def tell(self, job: Mapping[str, Any]) -> None:
        super().tell(job)
        if job["state"] in FINISHED:
            self.watches.ended(job)

    def on(self, event: object) -> None:
        if isinstance(event, Drop | Spoiled):
            self.watches.on(event)
        else:
            super().on(event)

    def watch(self, folder: Path, **wishes: Any) -> Any:
        return self.asked(lambda then: self.watches.watch(str(folder), wishes or WISHES, "ada", then))

    def until(self, happened: Callable[[], Any]) -> Any:
        by = time.monotonic() + PATIENCE_S
        while not (value := happened()):
            assert time.monotonic() < by, "it did not happen"
            self.settle()
            time.sleep(0.01)
        return value

    def one_at_work(self) -> str:
        """The job that was made of what was dropped."""
        self.until(lambda: self.hands.at_work)
        (job,) = self.hands.at_work
        return job

    def look_around(self) -> None:
        """Let the watcher look at its folders some times."""
        by = time.monotonic() + 0.4
        while time.monotonic() < by:
            self.settle()
            time.sleep(0.01)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[WatchDesk]:
    desk = WatchDesk(tmp_path / "home")
    yield desk
    desk.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "drops"
    made.mkdir()
    return made


@pytest.fixture
def cue(tmp_path: Path) -> Path:
    made = tmp_path / "cue"
    made.mkdir()
    (made / "cue.otio").write_text(timeline("scored"))
    return made


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_dropped_is_scored_as_wished_and_the_scored_one_lies_beside_it(
    desk: WatchDesk, folder: Path, cue: Path
) -> None:
    answer = desk.watch(folder, prompt="wild")
    assert answer["watch"]["folder"] == str(folder)
    (folder / "reel.otio").write_text(timeline())
    job = desk.one_at_work()
    kind, request, content, _ = desk.hands.at_work[job]
    assert (kind, request["prompt"], content) == ("score", "wild", timeline().encode())
    assert request["timeline"] == str(folder / "reel.otio")
    desk.hands.finish(job, cue=str(cue))
    desk.until(lambda: (folder / "reel.scored.otio").exists())
    desk.look_around()
    assert desk.hands.started == [job]  # neither the drop again nor what was laid beside it
    assert names(folder) == ["reel.otio", "reel.scored.otio"]


def test_the_same_content_is_scored_once_under_whatever_name_and_after_a_restart(
    desk: WatchDesk, folder: Path, cue: Path
) -> None:
    desk.watch(folder)
    (folder / "reel.otio").write_text(timeline())
    job = desk.one_at_work()
    desk.hands.finish(job, cue=str(cue))
    desk.until(lambda: (folder / "reel.scored.otio").exists())
    desk.settle()
    (folder / "copy.otio").write_text(timeline())
    desk.look_around()
    desk.restart()
    desk.look_around()
    assert desk.hands.started == []
    assert len(desk.jobs()) == 1


def test_a_restart_in_the_middle_scores_once_and_lays_beside(desk: WatchDesk, folder: Path, cue: Path) -> None:
    desk.watch(folder)
    (folder / "reel.otio").write_text(timeline())
    job = desk.one_at_work()
    desk.watch(folder)  # asked for again, as at each login
    desk.restart()
    assert desk.one_at_work() == job
    desk.look_around()
    desk.hands.finish(job, cue=str(cue))
    desk.until(lambda: (folder / "reel.scored.otio").exists())
    assert [told["id"] for told in desk.jobs()] == [job]


def test_what_was_done_but_not_laid_beside_before_a_crash_is_laid_after_it(
    desk: WatchDesk, folder: Path, cue: Path
) -> None:
    desk.watch(folder)
    (folder / "reel.otio").write_text(timeline())
    job = desk.one_at_work()
    desk.aside_works = False
    desk.hands.finish(job, cue=str(cue))
    desk.settle()
    assert names(folder) == ["reel.otio"]
    desk.restart()
    desk.until(lambda: (folder / "reel.scored.otio").exists())
    assert len(desk.jobs()) == 1


def test_what_cannot_be_scored_is_said_beside_it_and_not_tried_again(desk: WatchDesk, folder: Path) -> None:
    desk.watch(folder)
    (folder / "reel.otio").write_text(timeline())
    job = desk.one_at_work()
    desk.hands.fail(job, UnusableInput("The range is empty", "reel", "Choose another."))
    said = folder / "reel.not scored.txt"
    desk.until(said.exists)
    assert said.read_text().strip() == (
        "The range is empty (reel). Choose another. "
        'To try again, change the timeline and save it here, or run `hitpoint score "reel.otio"`.'
    )
    desk.settle()
    (folder / "reel.otio").write_text(timeline())
    (folder / "reel.otio").rename(folder / "reel again.otio")
    desk.restart()
    desk.look_around()
    assert not desk.hands.started


def test_what_could_not_be_scored_is_tried_again_as_its_sentence_says(desk: WatchDesk, folder: Path, cue: Path) -> None:
    desk.watch(folder)
    (folder / "reel.otio").write_text(timeline())
    desk.hands.fail(desk.one_at_work(), UnusableInput("The disk has too little room"))
    desk.until((folder / "reel.not scored.txt").exists)
    (folder / "reel.otio").write_text(timeline("a little longer"))
    desk.hands.finish(desk.one_at_work(), cue=str(cue))
    desk.until(lambda: names(folder) == ["reel.otio", "reel.scored.otio"])


def test_a_watched_folder_that_goes_is_told_to_be_gone_until_it_is_back(
    desk: WatchDesk, folder: Path, tmp_path: Path
) -> None:
    desk.watch(folder)

    def told() -> bool:
        (one,) = desk.watches.told()
        return bool(one["there"])

    assert told()
    folder.rename(tmp_path / "away")
    desk.until(lambda: not told())
    desk.restart()
    desk.until(lambda: not told())
    (tmp_path / "away").rename(folder)
    desk.until(told)


def test_a_file_that_is_no_timeline_is_said_to_be_none(desk: WatchDesk, folder: Path) -> None:
    desk.watch(folder)
    (folder / "notes.otio").write_text("a shopping list")
    desk.until((folder / "notes.not scored.txt").exists)
    assert not desk.hands.started


def test_what_lies_there_while_the_watch_is_still_being_stored_is_not_missed(desk: WatchDesk, folder: Path) -> None:
    (folder / "reel.otio").write_text(timeline())
    answers: list[Any] = []
    desk.watches.watch(str(folder), WISHES, "ada", answers.append)
    for event in desk.inbox.drain():
        desk.ledger.held = []
        desk.on(event)
    desk.look_around()
    assert not answers
    desk.ledger.release()
    desk.one_at_work()
    assert len(answers) == 1


def test_a_drop_for_which_the_store_has_no_room_is_scored_when_it_has(
    desk: WatchDesk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add, full = Store.add, [True]

    def adding(store: Store, job: Any, attachment: bytes | None) -> Any:
        if full[0]:
            raise UnusableInput("The disk is full")
        return add(store, job, attachment)

    monkeypatch.setattr(Store, "add", adding)
    desk.watch(folder)
    (folder / "reel.otio").write_text(timeline())
    desk.until(lambda: desk.dispatcher._again)
    full[0] = False
    desk.later()
    assert desk.one_at_work()
    assert names(folder) == ["reel.otio"]


def test_what_finds_no_place_beside_its_drop_finds_it_later(desk: WatchDesk, folder: Path, tmp_path: Path) -> None:
    desk.watch(folder)
    (folder / "reel.otio").write_text(timeline())
    job = desk.one_at_work()
    cue = tmp_path / "not there yet"
    desk.hands.finish(job, cue=str(cue))
    desk.settle()
    cue.mkdir()
    (cue / "cue.otio").write_text(timeline("scored"))
    desk.later()
    assert (folder / "reel.scored.otio").exists()


def test_a_folder_that_is_watched_no_more_is_left_alone_and_its_job_goes_on(
    desk: WatchDesk, folder: Path, cue: Path
) -> None:
    desk.watch(folder)
    (folder / "reel.otio").write_text(timeline())
    job = desk.one_at_work()
    assert desk.asked(lambda then: desk.watches.forget(str(folder), then))["watch"]["stopped"]
    assert desk.watches.told() == []
    (folder / "other.otio").write_text(timeline("other"))
    desk.look_around()
    desk.hands.finish(job, cue=str(cue))
    desk.until((folder / "reel.scored.otio").exists)
    desk.restart()
    desk.look_around()
    assert desk.hands.started == []
    assert isinstance(desk.asked(lambda then: desk.watches.forget(str(folder), then)), WrongUse)


def test_a_folder_that_is_not_there_is_not_watched(desk: WatchDesk, tmp_path: Path) -> None:
    assert isinstance(desk.watch(tmp_path / "nowhere"), UnusableInput)
    assert desk.watches.told() == []
    desk.restart()
    assert desk.watches.told() == []


@pytest.mark.parametrize("spelt", ["{}/", "{}//", "{}/."])
def test_however_a_folder_is_spelt_it_is_one_and_what_is_dropped_there_is_scored(
    desk: WatchDesk, folder: Path, spelt: str
) -> None:
    odd = spelt.format(folder)
    answer = desk.asked(lambda then: desk.watches.watch(odd, WISHES, "ada", then))
    assert answer["watch"]["folder"] == str(folder)
    desk.watch(folder)
    assert [told["folder"] for told in desk.watches.told()] == [str(folder)]
    (folder / "reel.otio").write_text(timeline())
    desk.one_at_work()
    desk.restart()
    assert desk.asked(lambda then: desk.watches.forget(odd, then))["watch"] == {"folder": str(folder), "stopped": True}
    assert desk.watches.told() == []


def test_new_wishes_hold_for_what_is_dropped_from_then_on(desk: WatchDesk, folder: Path) -> None:
    desk.watch(folder, prompt="calm")
    desk.watch(folder, prompt="wild")
    assert [told["options"] for told in desk.watches.told()] == [{"prompt": "wild"}]
    desk.restart()
    assert [told["options"] for told in desk.watches.told()] == [{"prompt": "wild"}]
    (folder / "reel.otio").write_text(timeline())
    job = desk.one_at_work()
    assert desk.hands.at_work[job][1]["prompt"] == "wild"
