"""What is dropped into a watched folder arrives once, whole, and nothing else does."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UnusableInput
from daemon import arrivals, watchfolder
from daemon.inbox import Inbox
from daemon.protocol import JOB_ID
from daemon.watchfolder import Drop, Pace, Spoiled, Watcher, job_of

PACE = Pace(rescan=0.1, rest=0.15, large_rest=0.3, give_up=0.9)
PATIENCE = 30.0
"""Seconds after which a test gives up; a machine that is busy is slow, not wrong."""


def timeline(name: str = "edit", clips: int = 3) -> bytes:
    """An OTIO file's text."""
    children = [{"OTIO_SCHEMA": "Clip.2", "name": f"clip {number}", "metadata": {}} for number in range(clips)]
    track = {"OTIO_SCHEMA": "Track.1", "kind": "Video", "children": children}
    stack = {"OTIO_SCHEMA": "Stack.1", "children": [track]}
    return json.dumps({"OTIO_SCHEMA": "Timeline.1", "name": name, "metadata": {}, "tracks": stack}, indent=4).encode()


class Arrivals:
    """A watcher with its inbox, and what has come out of it."""

    def __init__(self, pace: Pace = PACE, events: bool = True) -> None:
        self.inbox = Inbox()
        self.watcher = Watcher(self.inbox, pace=pace, events=events)
        self.events: list[Drop | Spoiled] = []

    def look(self) -> None:
        """Take what has come."""
        for event in self.inbox.drain():
            assert isinstance(event, Drop | Spoiled)
            self.events.append(event)

    def wait(self, count: int) -> list[Drop | Spoiled]:
        """The first so many events, in the order in which they came."""
        until = time.monotonic() + PATIENCE
        while len(self.events) < count:
            assert time.monotonic() < until, f"{len(self.events)} of {count} came: {self.events}"
            time.sleep(0.01)
            self.look()
        return self.events[:count]

    def drops(self, count: int) -> list[Drop]:
        """The first so many events, all of which are drops."""
        found = self.wait(count)
        assert all(isinstance(event, Drop) for event in found), found
        return [event for event in found if isinstance(event, Drop)]

    def settle(self, folder: Path) -> None:
        """Wait until all that lies in the folder has been judged: a file made now is judged last."""
        before = len(self.events)
        mark = timeline(f"the last file {before} {time.monotonic_ns()}")
        time.sleep(2 * PACE.rest)
        name = f"zz last {before}.otio"
        (folder / name).write_bytes(mark)
        until = time.monotonic() + PATIENCE
        while all(event.file.name != name for event in self.events):
            assert time.monotonic() < until
            time.sleep(0.01)
            self.look()
        self.events = [event for event in self.events if event.file.name != name]

    def close(self) -> None:
        self.watcher.close()
        self.inbox.close()


@pytest.fixture
def arriving() -> Iterator[Arrivals]:
    arrivals = Arrivals()
    yield arrivals
    arrivals.close()


@pytest.fixture
def unprompted() -> Iterator[Arrivals]:
    """As on a network share: the system tells of nothing."""
    arrivals = Arrivals(events=False)
    yield arrivals
    arrivals.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "drop here"
    folder.mkdir()
    return folder


def write_slowly(path: Path, content: bytes, pieces: int = 12) -> None:
    """Write as a slow program does: the file is there at once, and whole much later than it could rest."""
    size = -(-len(content) // pieces)
    with path.open("wb", buffering=0) as file:
        for start in range(0, len(content), size):
            file.write(content[start : start + size])
            time.sleep(PACE.rest / 3)


def test_a_file_arrives_with_its_text_and_digest(arriving: Arrivals, folder: Path) -> None:
    arriving.watcher.watch(folder, frozenset())
    (folder / "edit.otio").write_bytes(timeline())
    [drop] = arriving.drops(1)
    digest = hashlib.sha256(timeline()).hexdigest()
    assert drop == Drop(folder, folder / "edit.otio", digest, timeline())


def test_what_lies_there_already_arrives_oldest_first(arriving: Arrivals, folder: Path) -> None:
    for number in (3, 1, 2):
        (folder / f"{number}.otio").write_bytes(timeline(str(number)))
        os.utime(folder / f"{number}.otio", (number, number))
    arriving.watcher.watch(folder, frozenset())
    assert [drop.file.name for drop in arriving.drops(3)] == ["1.otio", "2.otio", "3.otio"]


@pytest.mark.parametrize("events", [True, False])
def test_a_file_written_in_slow_chunks_arrives_once_and_whole(folder: Path, events: bool) -> None:
    arriving = Arrivals(events=events)
    arriving.watcher.watch(folder, frozenset())
    write_slowly(folder / "edit.otio", timeline(clips=40))
    arriving.settle(folder)
    assert [(event.file.name, event.content) for event in arriving.drops(1)] == [("edit.otio", timeline(clips=40))]
    assert len(arriving.events) == 1
    arriving.close()


def test_an_archive_written_in_slow_chunks_arrives_once_by_its_path(arriving: Arrivals, folder: Path) -> None:
    whole = folder.parent / "whole.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("content.otio", timeline())
        archive.writestr("media/a.mov", os.urandom(50_000))
    arriving.watcher.watch(folder, frozenset())
    write_slowly(folder / "edit.otioz", whole.read_bytes())
    [drop] = arriving.drops(1)
    assert drop == Drop(folder, folder / "edit.otioz", hashlib.sha256(whole.read_bytes()).hexdigest(), b"")
    arriving.settle(folder)
    assert len(arriving.events) == 1


@pytest.mark.parametrize("temporary", ["edit.otio.tmp", ".edit.otio", "edit.part", "../edit.otio"])
def test_a_file_renamed_into_its_place_arrives_under_its_last_name(
    arriving: Arrivals, folder: Path, temporary: str
) -> None:
    arriving.watcher.watch(folder, frozenset())
    write_slowly(folder / temporary, timeline(), pieces=4)
    (folder / temporary).replace(folder / "edit.otio")
    arriving.settle(folder)
    assert [event.file.name for event in arriving.events] == ["edit.otio"]


def test_renaming_a_file_that_was_seen_is_no_new_drop(arriving: Arrivals, folder: Path) -> None:
    arriving.watcher.watch(folder, frozenset())
    (folder / "edit.otio").write_bytes(timeline())
    arriving.drops(1)
    (folder / "edit.otio").rename(folder / "final edit.otio")
    arriving.settle(folder)
    assert len(arriving.events) == 1


def test_the_same_content_under_two_names_arrives_once(arriving: Arrivals, folder: Path) -> None:
    for name in ("edit.otio", "edit copy.OTIO"):
        (folder / name).write_bytes(timeline())
    arriving.watcher.watch(folder, frozenset())
    arriving.settle(folder)
    assert len(arriving.drops(1)) == len(arriving.events) == 1


def test_changed_content_under_the_same_name_arrives_again(arriving: Arrivals, folder: Path) -> None:
    arriving.watcher.watch(folder, frozenset())
    (folder / "edit.otio").write_bytes(timeline("first cut"))
    arriving.drops(1)
    (folder / "edit.otio").write_bytes(timeline("other cut"))  # of the same length
    assert [json.loads(drop.content)["name"] for drop in arriving.drops(2)] == ["first cut", "other cut"]
    (folder / "edit.otio").write_bytes(timeline("first cut"))
    arriving.settle(folder)
    assert len(arriving.events) == 2


def test_after_a_restart_only_what_was_not_handled_arrives(folder: Path) -> None:
    for number in range(6):
        (folder / f"{number}.otio").write_bytes(timeline(str(number)))
    before = Arrivals()
    before.watcher.watch(folder, frozenset())
    handled = [drop.sha256 for drop in before.drops(4)]
    before.close()
    after = Arrivals()
    after.watcher.watch(folder, frozenset(handled))
    after.settle(folder)
    assert len(after.events) == 2
    assert len({*handled, *(event.sha256 for event in after.events)}) == 6
    after.close()


def test_a_watcher_stopped_in_the_middle_of_a_slow_copy_leaves_the_file_to_the_next(folder: Path) -> None:
    writing = threading.Thread(target=write_slowly, args=(folder / "edit.otio", timeline(clips=60), 15))
    first = Arrivals()
    first.watcher.watch(folder, frozenset())
    writing.start()
    time.sleep(3 * PACE.rest)
    first.close()
    first_events = list(first.events)
    second = Arrivals()
    second.watcher.watch(folder, frozenset())
    assert [drop.content for drop in second.drops(1)] == [timeline(clips=60)]
    writing.join()
    assert first_events == []
    second.close()


def test_a_folder_that_goes_is_waited_for_said_once_and_goes_on(
    arriving: Arrivals, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hitpoint.watchfolder")
    arriving.watcher.watch(folder, frozenset())
    (folder / "edit.otio").write_bytes(timeline())
    arriving.drops(1)
    for number in (1, 2):
        folder.rename(folder.with_name("elsewhere"))
        time.sleep(8 * PACE.rescan)
        folder.with_name("elsewhere").rename(folder)
        (folder / f"new {number}.otio").write_bytes(timeline(f"new {number}"))
        arriving.drops(1 + number)
    assert [event.file.name for event in arriving.events] == ["edit.otio", "new 1.otio", "new 2.otio"]
    words = [record.message for record in caplog.records]
    assert [f"{folder} is not there" in sentence for sentence in words] == [True, False, True, False]
    assert [f"{folder} is back" in sentence for sentence in words] == [False, True, False, True]


def test_the_system_is_asked_again_to_tell_of_a_folder_that_was_made_anew(
    arriving: Arrivals, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    prompted = watchfolder.prompted

    def counting(path: Path, touch: Callable[[str], None]) -> Callable[[], None] | None:
        asked.append((path.stat().st_dev, path.stat().st_ino))
        return prompted(path, touch)

    monkeypatch.setattr(watchfolder, "prompted", counting)
    arriving.watcher.watch(folder, frozenset())
    (folder / "edit.otio").write_bytes(timeline())
    arriving.drops(1)
    anew = folder.with_name("anew")
    anew.mkdir()
    folder.rename(folder.with_name("elsewhere"))
    anew.rename(folder)
    (folder / "next.otio").write_bytes(timeline("next"))
    assert arriving.drops(2)[1].file.name == "next.otio"
    assert len(asked) == len(set(asked)) == 2


def test_a_share_that_comes_back_is_not_read_again(
    unprompted: Arrivals, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = counted_reads(monkeypatch)
    for number in range(20):
        (folder / f"{number}.otio").write_bytes(timeline(str(number)))
    unprompted.watcher.watch(folder, frozenset())
    unprompted.drops(20)
    before = len(read)
    # What is left where a share is unmounted is an empty folder.
    folder.rename(folder.with_name("elsewhere"))
    folder.mkdir()
    time.sleep(5 * PACE.rescan)
    folder.rmdir()
    folder.with_name("elsewhere").rename(folder)
    unprompted.settle(folder)
    assert len(read) == before + 1


def test_a_folder_may_come_later(arriving: Arrivals, tmp_path: Path) -> None:
    later = tmp_path / "share"
    arriving.watcher.watch(later, frozenset(), must_be_there=False)
    time.sleep(2 * PACE.rescan)
    later.mkdir()
    (later / "edit.otio").write_bytes(timeline())
    assert arriving.drops(1)[0].folder == later


def test_the_rescan_finds_what_no_event_tells(unprompted: Arrivals, folder: Path) -> None:
    unprompted.watcher.watch(folder, frozenset())
    (folder / "a.otio").write_bytes(timeline("a"))
    unprompted.drops(1)
    (folder / "a.otio").write_bytes(timeline("b"))
    unprompted.drops(2)
    (folder.parent / "c").write_bytes(timeline("c"))
    (folder.parent / "c").replace(folder / "c.otio")
    assert [json.loads(drop.content)["name"] for drop in unprompted.drops(3)] == ["a", "b", "c"]


def test_events_tell_what_the_rescan_would_find_much_later(folder: Path) -> None:
    prompt = Arrivals(Pace(rescan=10 * PATIENCE, rest=0.05))
    prompt.watcher.watch(folder, frozenset())
    time.sleep(0.3)  # the first look at the folder is over
    (folder / "written.otio").write_bytes(timeline("written"))
    prompt.drops(1)
    (folder.parent / "x").write_bytes(timeline("renamed"))
    (folder.parent / "x").replace(folder / "renamed.otio")
    prompt.drops(2)
    (folder / "y.part").write_bytes(timeline("finished"))
    (folder / "y.part").replace(folder / "y.otio")
    assert [event.file.stem for event in prompt.drops(3)] == ["written", "renamed", "y"]
    prompt.close()


def test_a_system_that_has_no_more_watches_costs_promptness_only(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from watchdog.observers import Observer

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(Observer, "schedule", refuse)
    arriving = Arrivals()
    arriving.watcher.watch(folder, frozenset())
    (folder / "edit.otio").write_bytes(timeline())
    arriving.drops(1)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    arriving.close()


@pytest.mark.parametrize("shift", [-(10**8), 10**8])
def test_a_share_whose_clock_is_wrong_is_judged_by_ours(unprompted: Arrivals, folder: Path, shift: int) -> None:
    (folder / "edit.otio").write_bytes(timeline())
    os.utime(folder / "edit.otio", (time.time() + shift,) * 2)
    unprompted.watcher.watch(folder, frozenset())
    unprompted.drops(1)


def counted_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of all files that are read from now on."""
    read: list[str] = []
    whole = arrivals.read

    def counting(folder: Path, name: str, *rest: object) -> Drop | Spoiled | None:
        read.append(name)
        return whole(folder, name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(arrivals, "read", counting)
    return read


def test_two_thousand_old_files_are_read_once_and_hold_up_nothing(
    unprompted: Arrivals, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = counted_reads(monkeypatch)
    texts = [timeline(f"old {number}") for number in range(2_000)]
    for number, text in enumerate(texts):
        (folder / f"old {number}.otio").write_bytes(text)
    unprompted.watcher.watch(folder, frozenset(hashlib.sha256(text).hexdigest() for text in texts))
    (folder / "new.otio").write_bytes(timeline("new"))
    assert [event.file.name for event in unprompted.drops(1)] == ["new.otio"]
    until = time.monotonic() + PATIENCE
    while len(read) < 2_001:
        assert time.monotonic() < until, len(read)
        time.sleep(0.02)
    time.sleep(10 * PACE.rescan)
    unprompted.look()
    assert len(unprompted.events) == 1
    assert len(read) == len(set(read)) == 2_001


BAD: dict[str, tuple[bytes, str]] = {
    "empty.otio": (b"", "is empty"),
    "an edit list.otio": (b"TITLE: EDL", "not JSON"),
    "half.otio": (timeline()[:-20], "not JSON"),
    "zeros.otio": (bytes(4_000), "not JSON"),
    "no UTF-8.otio": (b'{"OTIO_SCHEMA": "Timeline.1", "name": "\xff"}', "not JSON"),
    "other JSON.otio": (b'{"clips": []}', "not OpenTimelineIO"),
    "a list.otio": (b'[{"OTIO_SCHEMA": "Timeline.1"}]', "not OpenTimelineIO"),
    "a bomb of lists.otio": (b"[" * 1_000_000, "nested too deeply"),
    "no archive.otioz": (b"PK\x03\x04 and then nothing", "damaged or not whole"),
    "an empty archive.otioz": (b"PK\x05\x06" + bytes(18), "no content.otio"),
}


def test_what_rests_and_never_becomes_a_timeline_is_told_once(folder: Path) -> None:
    for name, (content, _) in BAD.items():
        (folder / name).write_bytes(content)
    arriving = Arrivals()
    arriving.watcher.watch(folder, frozenset())
    told = arriving.wait(len(BAD))
    for spoiled in told:
        assert isinstance(spoiled, Spoiled)
        assert (spoiled.folder, spoiled.file.parent) == (folder, folder)
        assert BAD[spoiled.file.name][1] in spoiled.why
        assert spoiled.why.endswith(".")
    assert {spoiled.file.name for spoiled in told} == set(BAD)
    arriving.close()
    again = Arrivals()
    again.watcher.watch(folder, frozenset(spoiled.sha256 for spoiled in told))
    time.sleep(PACE.give_up)
    again.settle(folder)
    assert again.events == []
    again.close()


def test_what_is_no_timeline_yet_is_not_told_before_its_time(arriving: Arrivals, folder: Path) -> None:
    (folder / "edit.otio").write_bytes(timeline()[:-20])
    begun = time.monotonic()
    arriving.watcher.watch(folder, frozenset())
    arriving.wait(1)
    assert time.monotonic() - begun >= PACE.give_up


def test_a_file_that_was_given_up_is_taken_once_it_is_whole(arriving: Arrivals, folder: Path) -> None:
    (folder / "edit.otio").write_bytes(timeline()[:-20])
    arriving.watcher.watch(folder, frozenset())
    assert isinstance(arriving.wait(1)[0], Spoiled)
    with (folder / "edit.otio").open("ab") as file:
        file.write(timeline()[-20:])
    assert isinstance(arriving.wait(2)[1], Drop)


def test_a_file_that_may_not_be_read_is_told_and_taken_once_it_may(
    arriving: Arrivals, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may, opened = threading.Event(), os.open

    def guarded(path: Any, *rest: Any, **more: Any) -> int:
        if path == folder / "edit.otio" and not may.is_set():
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *rest, **more)

    (folder / "edit.otio").write_bytes(timeline())
    monkeypatch.setattr(os, "open", guarded)
    arriving.watcher.watch(folder, frozenset())
    [spoiled] = arriving.wait(1)
    assert isinstance(spoiled, Spoiled)
    assert "Permission denied" in spoiled.why
    may.set()
    assert isinstance(arriving.wait(2)[1], Drop)


def test_nothing_else_is_taken(arriving: Arrivals, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.otio"
    outside.write_bytes(timeline("outside"))
    (folder / "Hitpoint Cues" / "cue").mkdir(parents=True)
    for name in (".hidden.otio", "._edit.otio", "edit.otio.bak", "edit.scored.otio", "edit.scored 12.otio", "otio"):
        (folder / name).write_bytes(timeline(name))
    (folder / "Hitpoint Cues" / "cue" / "cue.otio").write_bytes(timeline("in a cue"))
    ours = {**json.loads(timeline("ours")), "metadata": {"hitpoint": {"of": "ab" * 32}}}
    (folder / "renamed by somebody.otio").write_text(json.dumps(ours))
    (folder / "a folder.otio").mkdir()
    (folder / "out.otio").symlink_to(outside)
    (folder / "out again.otio").symlink_to("../outside.otio")
    (folder / "round.otio").symlink_to("round.otio")
    (folder / "nowhere.otio").symlink_to("nothing.otio")
    os.mkfifo(folder / "pipe.otio")
    (folder / "inside.otio").symlink_to("Hitpoint Cues/cue/cue.otio")
    arriving.watcher.watch(folder, frozenset())
    arriving.settle(folder)
    assert [event.file.name for event in arriving.events] == ["inside.otio"]


def test_a_link_that_turns_outward_while_it_is_looked_at_is_not_followed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.otio").write_bytes(timeline())
    (folder / "edit.otio").symlink_to(tmp_path / "secret.otio")
    mark = arrivals.look(tmp_path, "secret.otio")
    assert mark is not None
    monkeypatch.setattr(arrivals, "real_file", lambda folder, name: folder / name)  # it was a plain file just before
    with pytest.raises(arrivals.StillChanging):
        arrivals.read(folder, "edit.otio", mark, frozenset())


def test_a_file_that_changes_while_it_is_read_is_not_taken(folder: Path) -> None:
    class Growing:
        """What was seen; while it is asked, somebody writes."""

        def __contains__(self, _: object) -> bool:
            with (folder / "edit.otio").open("ab") as file:
                file.write(b"\n")
            return False

    (folder / "edit.otio").write_bytes(timeline())
    mark = arrivals.look(folder, "edit.otio")
    assert mark is not None
    with pytest.raises(arrivals.StillChanging):
        arrivals.read(folder, "edit.otio", mark, Growing())


@pytest.mark.parametrize("whole", [True, False])
def test_what_is_larger_than_an_attachment_travels_by_its_path(
    arriving: Arrivals, folder: Path, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    monkeypatch.setattr(arrivals, "MAX_ATTACHMENT", 2**21)
    content = timeline(clips=60_000)
    assert len(content) > 2**22
    content = content if whole else content[:-1_000]
    (folder / "long.otio").write_bytes(content)
    arriving.watcher.watch(folder, frozenset())
    [event] = arriving.wait(1)
    if whole:
        assert event == Drop(folder, folder / "long.otio", hashlib.sha256(content).hexdigest(), b"")
    else:
        assert isinstance(event, Spoiled)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_no_beginning_of_a_timeline_passes_for_one(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp()
    text = json.dumps(
        json.loads(timeline(data.draw(st.text(max_size=20)))), indent=data.draw(st.sampled_from([None, 4]))
    )
    whole = text.encode()
    (folder / "cut.otio").write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    mark = arrivals.look(folder, "cut.otio")
    assert mark is not None
    assert isinstance(arrivals.read(folder, "cut.otio", mark, frozenset()), Spoiled)


@pytest.mark.parametrize("is_file", [False, True])
def test_only_a_folder_that_is_there_can_be_watched(arriving: Arrivals, tmp_path: Path, is_file: bool) -> None:
    if is_file:
        (tmp_path / "share").write_text("a file")
    with pytest.raises(UnusableInput, match="There is no such folder"):
        arriving.watcher.watch(tmp_path / "share", frozenset())
    assert arriving.watcher.folders() == ()


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a folder that nobody can write")
def test_a_folder_that_cannot_be_written_is_refused(arriving: Arrivals) -> None:
    with pytest.raises(UnusableInput, match="/sys/kernel"):
        arriving.watcher.watch(Path("/sys/kernel"), frozenset())


def test_seeing_whether_a_folder_can_be_watched_leaves_nothing_there(folder: Path) -> None:
    watchfolder.check_folder(folder)
    assert list(folder.iterdir()) == []


def test_a_forgotten_folder_is_quiet_while_the_other_goes_on(arriving: Arrivals, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        arriving.watcher.watch(tmp_path / name, frozenset())
    assert set(arriving.watcher.folders()) == {tmp_path / "one", tmp_path / "two"}
    arriving.watcher.forget(tmp_path / "one")
    arriving.watcher.forget(tmp_path / "never watched")
    assert arriving.watcher.folders() == (tmp_path / "two",)
    (tmp_path / "one" / "edit.otio").write_bytes(timeline("one"))
    (tmp_path / "two" / "edit.otio").write_bytes(timeline("two"))
    arriving.settle(tmp_path / "two")
    assert [event.folder.name for event in arriving.events] == ["two"]
    arriving.watcher.watch(tmp_path / "one", frozenset())
    assert arriving.drops(2)[1].folder.name == "one"


def test_closing_ends_every_thread(folder: Path) -> None:
    before = set(threading.enumerate())
    arriving = Arrivals()
    arriving.watcher.watch(folder, frozenset())
    (folder / "edit.otio").write_bytes(timeline())
    arriving.drops(1)
    arriving.close()
    until = time.monotonic() + PATIENCE
    while mine := [thread for thread in set(threading.enumerate()) - before if "notify" not in thread.name.lower()]:
        assert time.monotonic() < until, mine
        time.sleep(0.01)


def test_a_name_that_is_no_text_is_left_alone_and_said(
    arriving: Arrivals, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.otio")).write_bytes(timeline())
    arriving.watcher.watch(folder, frozenset())
    arriving.settle(folder)
    assert arriving.events == []
    assert sum("not UTF-8" in record.message for record in caplog.records) == 1


def test_a_drop_has_the_same_job_each_time_and_another_for_another_watch() -> None:
    asked = [
        (Path("/a"), "1" * 64, ""),
        (Path("/b"), "1" * 64, ""),
        (Path("/a"), "2" * 64, ""),
        (Path("/a"), "1" * 64, "w"),
    ]
    jobs = [job_of(*words) for words in asked]
    assert jobs == [job_of(*words) for words in asked]
    assert len(set(jobs)) == 4
    assert all(re.fullmatch(JOB_ID, job) and job.startswith("watch-") for job in jobs)


def test_the_daemon_stays_light() -> None:
    told = "import sys, daemon.watchfolder; print([name for name in sys.argv[1:] if name in sys.modules])"
    heavy = ["numpy", "opentimelineio", "watchdog", "pydantic"]
    answer = subprocess.run([sys.executable, "-c", told, *heavy], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
