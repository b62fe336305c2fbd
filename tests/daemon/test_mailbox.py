"""The mailbox: whatever lies in it, each request has one answer, and nothing of the daemon waits for it."""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.errors import Cancelled, DaemonUnreachable, UnusableInput
from daemon import mailbox
from daemon.home import Home, prepare
from daemon.hosts import answers, luafile, memory, noticeboard
from daemon.hosts.letters import Pace
from daemon.hosts.request import VERSION, HostRequest
from daemon.mailbox import AT_ONCE, QUICK_AT_ONCE, Mailbox
from daemon.wire import MAX_ATTACHMENT
from tests.daemon.hosts.asking import PROJECT, TIMELINE, name
from tests.daemon.hosts.luas import load, texts
from tests.daemon.house import until

QUICK_PACE = Pace(rescan=0.1, rest=0.05, give_up=0.6, tell=0.1)
TEXT = b'{"OTIO_SCHEMA": "Timeline.1"}'
SCORE: dict[str, Any] = {"in_": 0, "out": 24, "df": 0}
ENGINES = [{"name": "composer", "ready": True, "stems": ["drums"], "why": "", "configs": {}}]


class Box:
    """A mailbox, its folder, and what its requests do instead of asking a daemon."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = Home(folder / "home")
        prepare(self.home)
        self.folder = self.home.exchange / "mailbox"
        self.served: list[HostRequest] = []
        self.at_work: set[str] = set()
        self.most_at_work = 0
        self.hold: set[str] = set()
        self.reach: Callable[[], None] = lambda: None
        self.does: Callable[[HostRequest], dict[str, Any]] = lambda _: {"placement": {"cue": {"id": "3f9a2c1b"}}}
        self.box: Mailbox | None = None
        self._lock = threading.Lock()
        monkeypatch.setattr(mailbox, "serve", self._serve)
        monkeypatch.setattr(mailbox, "connected", self._connected)
        monkeypatch.setattr(noticeboard, "choices", lambda engines, _: {"engines": engines, "styles": ["tension"]})
        monkeypatch.setattr(mailbox, "LATER_S", 0.1)

    @contextmanager
    def _connected(self, who: str, start: bool, home: Home) -> Iterator[str]:
        assert not start
        assert home == self.home
        self.reach()
        yield who

    def _serve(
        self,
        request: HostRequest,
        client: str,
        home: Home,
        progress: Callable[[Mapping[str, Any]], None],
        cancelled: Callable[[], bool],
    ) -> dict[str, Any]:
        assert client == request.client
        assert home == self.home
        with self._lock:
            self.served.append(request)
            self.at_work.add(request.id)
            self.most_at_work = max(self.most_at_work, len(self.at_work))
        try:
            while request.id in self.hold or "all" in self.hold:
                progress({"progress": 0.5, "stage": "render", "words": "Working"})
                if cancelled():
                    raise Cancelled()
                time.sleep(0.01)
            if request.action == "cancel":
                return {"cancelled": ["fromjobs"]}
            return self.does(request)
        finally:
            with self._lock:
                self.at_work.discard(request.id)

    def open(self, **options: Any) -> None:
        self.box = Mailbox(self.home, lambda: ENGINES, **{"pace": QUICK_PACE, **options})
        self.box.start()
        until(lambda: (self.folder / "daemon.lua").exists())

    def close(self) -> None:
        if self.box is not None:
            self.box.close()
            self.box = None

    def lay(self, asked: str, content: bytes = TEXT) -> Path:
        """Lay a request as a host does: it appears and grows."""
        path = self.folder / asked
        path.write_bytes(content)
        return path

    def answer(self, asked: str, ending: str = "lua") -> dict[str, Any]:
        """The answer to a request, once it is there."""
        path = self.folder / f"{asked}.answer.{ending}"
        until(path.exists)
        found: dict[str, Any] = json.loads(path.read_text()) if ending == "json" else texts(load(path))
        return found

    def names(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}

    def requests(self) -> set[str]:
        return {path for path in self.names() if path.startswith("hp1_")}


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    made = Box(tmp_path, monkeypatch)
    try:
        yield made
    finally:
        made.hold.clear()
        made.close()


def ids(number: int) -> list[str]:
    return [f"id{each:06}" for each in range(number)]


# --- requests and answers


@pytest.mark.parametrize("events", [True, False])
def test_a_request_is_answered_and_its_file_goes(box: Box, events: bool) -> None:
    box.open(events=events)
    asked = box.lay(name("k3j9x2ab", "score", **SCORE))
    answer = box.answer("k3j9x2ab")
    assert answer == {
        "hitpoint": 1,
        "id": "k3j9x2ab",
        "action": "score",
        "version": VERSION,
        "ok": True,
        "placement": {"cue": {"id": "3f9a2c1b"}},
    }
    until(lambda: not asked.exists())
    assert box.served[0].content == TEXT
    until(lambda: box.names() == {"k3j9x2ab.answer.lua", "daemon.lua", "options.lua", "ready.lua"})


def test_a_script_that_reads_json_is_answered_in_json(box: Box) -> None:
    box.open()
    box.hold.add("k3j9x2ab")
    box.lay(name("k3j9x2ab", "score", **SCORE, json=1))
    until((box.folder / "k3j9x2ab.progress.json").exists)
    box.hold.clear()
    assert box.answer("k3j9x2ab", "json")["ok"] is True


def test_an_error_is_told_with_its_sentence_and_without_keywords_of_lua(box: Box) -> None:
    def fails(_: HostRequest) -> dict[str, Any]:
        raise UnusableInput("The range is empty", "0f to 0f", "Set marks.")

    box.does = fails
    box.open()
    box.lay(name("k3j9x2ab", "score", **SCORE))
    answer = box.answer("k3j9x2ab")
    assert answer["ok"] is False
    assert answer["error"] == {
        "code": "unusable-input",
        "what": "The range is empty",
        "where": "0f to 0f",
        "remedy": "Set marks.",
        "sentence": "The range is empty (0f to 0f). Set marks.",
    }


def test_a_bug_is_a_sentence_too(box: Box) -> None:
    box.does = lambda _: {"said": 1 / 0}
    box.open()
    box.lay(name("k3j9x2ab", "score", **SCORE))
    assert "should not: ZeroDivisionError" in box.answer("k3j9x2ab")["error"]["sentence"]
    box.does = lambda _: {"said": [float("nan")]}
    box.lay(name("k3j9x2ac", "score", **SCORE))
    assert "cannot be told" in box.answer("k3j9x2ac")["error"]["sentence"]
    until(lambda: not box.requests())


def test_progress_is_told_a_few_times_a_second_and_never_backwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "WRITE_S", 0.0)
    told = answers.Answers(tmp_path, "x.", "k3j9x2ab", "score")
    seen = []
    for fraction in (0.0, 0.5, 0.3):
        told.progress({"progress": fraction, "stage": "render", "words": "Working"})
        seen.append(texts(load(tmp_path / "x.progress.lua")))
    assert [one["progress"] for one in seen] == [0.0, 0.5, 0.5]
    assert set(seen[0]) == {"hitpoint", "id", "progress", "stage", "words", "time"}
    assert abs(seen[0]["time"] - time.time()) < 60
    monkeypatch.setattr(answers, "WRITE_S", 60.0)
    told.progress({"progress": 0.9, "stage": "render", "words": "Working"})
    assert texts(load(tmp_path / "x.progress.lua"))["progress"] == 0.5


# --- files that are no requests, or not yet


def test_a_request_is_taken_once_it_is_whole(box: Box) -> None:
    box.open(pace=Pace(rescan=0.1, rest=0.05, give_up=60, tell=0.1))
    path = box.lay(name("k3j9x2ab", "score", **SCORE), TEXT[:10])
    time.sleep(0.4)
    assert not box.served
    with path.open("ab") as file:
        file.write(TEXT[10:])
    assert box.answer("k3j9x2ab")["ok"] is True
    assert [request.content for request in box.served] == [TEXT]


@pytest.mark.parametrize("content", [b"", b"{", b"\0\xff\xfe" * 50, b"[]", b"7", b'"{"', b"[" * 200_000])
def test_what_never_becomes_a_timeline_is_told_in_a_sentence(box: Box, content: bytes) -> None:
    box.open()
    box.lay(name("k3j9x2ab", "score", **SCORE), content)
    answer = box.answer("k3j9x2ab")
    assert (answer["ok"], answer["error"]["code"]) == (False, "unusable-input")
    assert "not whole" in answer["error"]["sentence"]
    assert "Run the script again" in answer["error"]["remedy"]
    until(lambda: not box.requests())
    assert not box.served


def test_a_timeline_that_is_too_large_is_told(box: Box) -> None:
    box.open()
    with box.lay(name("k3j9x2ab", "score", **SCORE)).open("r+b") as file:
        file.truncate(MAX_ATTACHMENT + 1)
    assert str(MAX_ATTACHMENT) in box.answer("k3j9x2ab")["error"]["what"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the system lets this user read everything")
def test_a_file_that_cannot_be_read_is_told(box: Box) -> None:
    box.open()
    box.lay(name("k3j9x2ab", "score", **SCORE)).chmod(0)
    assert "cannot be read" in box.answer("k3j9x2ab")["error"]["what"]


def test_a_wrong_name_is_answered_where_it_tells_an_id_and_left_alone_else(
    box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "hitpoint.mailbox")
    box.open()
    box.lay("hp1_do-score.otio")
    box.lay("hp1_.otio")
    box.lay("holiday.otio")
    box.lay("hp1_id-k3j9x2ab_do-dance_v-0-1-0_p-1_t-2.otio", b"")
    box.lay("hp9_id-k3j9x2ac_do-score.otio", b"")
    assert "no action 'dance'" in box.answer("k3j9x2ab")["error"]["sentence"]
    assert box.answer("k3j9x2ac")["error"]["code"] == "wrong-version"
    until(lambda: len(box.names() & {"hp1_do-score.otio", "hp1_.otio", "holiday.otio"}) == 3)
    until(lambda: "tells no id" in caplog.text)
    time.sleep(0.3)
    assert caplog.text.count("hp1_do-score.otio") == 1


@pytest.mark.skipif(os.name == "nt", reason="pipes and links as files are POSIX")
def test_links_folders_and_devices_are_left_alone(box: Box, tmp_path: Path) -> None:
    box.open()
    outside = tmp_path / "outside.otio"
    outside.write_bytes(TEXT)
    (box.folder / name("link0000", "score", **SCORE)).symlink_to(outside)
    (box.folder / name("folder00", "score", **SCORE)).mkdir()
    os.mkfifo(box.folder / name("pipe0000", "score", **SCORE))
    box.lay(name("k3j9x2ab", "score", **SCORE))
    assert box.answer("k3j9x2ab")["ok"]
    time.sleep(0.3)
    assert len(box.requests()) == 3
    assert [request.id for request in box.served] == ["k3j9x2ab"]


def test_a_request_that_is_taken_back_is_forgotten(box: Box) -> None:
    box.open(pace=Pace(rescan=0.1, rest=1.5, tell=0.1))
    path = box.lay(name("k3j9x2ab", "score", **SCORE))
    time.sleep(0.15)
    path.unlink()
    box.lay(name("k3j9x2ac", "score", **SCORE))  # has rested later than the other would have
    assert box.answer("k3j9x2ac")["ok"]
    assert [request.id for request in box.served] == ["k3j9x2ac"]
    assert not [each for each in box.names() if each.startswith("k3j9x2ab")]


# --- many, and cancelling


def test_a_thousand_requests_at_once_are_all_answered_by_a_few_threads(box: Box) -> None:
    wanted = ids(1000)
    box.open()
    box.close()
    for each in wanted:
        box.lay(name(each, "score", **SCORE))
    box.open()
    until(lambda: sum("answer" in each for each in box.names()) == len(wanted))
    until(lambda: not box.requests())
    assert box.most_at_work <= AT_ONCE
    assert sorted(request.id for request in box.served) == wanted
    assert all(box.answer(each)["ok"] for each in wanted[::100])


def test_who_waits_for_a_thread_is_told_so_and_quick_ones_go_before(box: Box) -> None:
    box.hold.add("all")
    box.open()
    for each in ids(AT_ONCE + 3):
        box.lay(name(each, "score", **SCORE))
    until(lambda: len(box.at_work) == AT_ONCE)
    waiting = sorted(set(ids(AT_ONCE + 3)) - box.at_work)
    until(lambda: all((box.folder / f"{each}.progress.lua").exists() for each in waiting))
    assert texts(load(box.folder / f"{waiting[0]}.progress.lua"))["stage"] == "queued"
    box.hold = set(ids(AT_ONCE + 3))
    box.lay(name("options0", "options"), b"")
    assert box.answer("options0")["ok"]
    assert QUICK_AT_ONCE >= 1


def test_cancel_ends_the_requests_of_its_timeline_also_those_that_wait(box: Box) -> None:
    wanted = ids(AT_ONCE + 5)
    box.hold = {*wanted, "other000"}
    box.open()
    other = name("other000", "score", **SCORE).replace(TIMELINE, "00000000")
    box.lay(other)
    until(lambda: "other000" in box.at_work)
    for each in wanted:
        box.lay(name(each, "score", **SCORE))
    until(lambda: all((box.folder / f"{each}.progress.lua").exists() for each in wanted))
    box.lay(name("cancel00", "cancel"), b"")
    assert set(box.answer("cancel00")["cancelled"]) == {*wanted, "fromjobs"}
    assert {box.answer(each)["error"]["code"] for each in wanted} == {"cancelled"}
    assert box.at_work == {"other000"}
    box.lay(name("cancel01", "cancel", of="other000"), b"")
    assert box.answer("cancel01")["cancelled"] == ["other000", "fromjobs"]
    assert box.answer("other000")["error"]["code"] == "cancelled"


# --- crashes, ends, and bad disks


def test_a_mailbox_that_is_closed_leaves_its_requests_to_the_next_daemon(box: Box) -> None:
    box.hold.add("k3j9x2ab")
    box.open()
    asked = box.lay(name("k3j9x2ab", "score", **SCORE))
    until(lambda: "k3j9x2ab" in box.at_work)
    box.close()
    assert asked.exists()
    assert "daemon.lua" not in box.names()
    assert not [each for each in box.names() if "answer" in each]
    until(lambda: not box.at_work)
    box.hold.clear()
    box.open()
    assert box.answer("k3j9x2ab")["ok"]
    assert len({request.job for request in box.served}) == 1


def test_a_daemon_that_cannot_be_reached_is_waited_for(box: Box) -> None:
    tries: list[int] = []

    def reach() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise DaemonUnreachable("The daemon does not answer")

    box.reach = reach
    box.open()
    box.lay(name("k3j9x2ab", "score", **SCORE))
    assert box.answer("k3j9x2ab")["ok"]
    assert len(tries) == 3


def test_a_folder_that_goes_is_made_again_and_an_answer_finds_it(box: Box) -> None:
    box.hold.add("k3j9x2ab")
    box.open()
    box.lay(name("k3j9x2ab", "score", **SCORE))
    until(lambda: "k3j9x2ab" in box.at_work)
    box.home.exchange.rename(box.home.folder / "gone")
    until((box.folder / "daemon.lua").exists)
    box.hold.clear()
    assert box.answer("k3j9x2ab")["ok"]
    box.lay(name("k3j9x2ac", "score", **SCORE))
    assert box.answer("k3j9x2ac")["ok"]


def test_a_full_disk_delays_the_answer_and_loses_nothing(
    box: Box, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    full = threading.Event()
    rename = luafile._rename

    def refusing(beside: Path, path: Path) -> None:
        if full.is_set():
            raise OSError(28, "No space left on device")
        rename(beside, path)

    monkeypatch.setattr(luafile, "_rename", refusing)
    box.open()
    full.set()
    asked = box.lay(name("k3j9x2ab", "score", **SCORE))
    until(lambda: len(box.served) > 2)
    assert asked.exists()
    full.clear()
    assert box.answer("k3j9x2ab")["ok"]
    assert len({request.job for request in box.served}) == 1
    assert "The disk is full" in caplog.text
    until(lambda: not box.requests())
    until(lambda: not [each for each in box.names() if each.endswith(".part")])


@pytest.mark.skipif(os.name == "nt", reason="the profile keeps others out there")
def test_a_folder_that_is_open_to_others_is_not_used_until_it_is_closed(
    box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    box.open()
    box.close()
    box.folder.chmod(0o777)
    box.box = Mailbox(box.home, lambda: ENGINES, pace=QUICK_PACE)
    box.box.start()
    box.lay(name("k3j9x2ab", "score", **SCORE))
    until(lambda: "Other users may open this folder" in caplog.text)
    assert not box.served
    box.folder.chmod(0o700)
    assert box.answer("k3j9x2ab")["ok"]
    assert caplog.text.count("Other users may open this folder") == 1


def test_a_request_whose_file_cannot_be_removed_is_answered_once(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    unlink, held = Path.unlink, threading.Event()
    held.set()

    def refusing(self: Path, missing_ok: bool = False) -> None:
        if held.is_set() and self.name.startswith("hp1_"):
            raise PermissionError(13, "held by its reader")
        unlink(self, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refusing)
    box.open()
    asked = box.lay(name("k3j9x2ab", "score", **SCORE))
    box.answer("k3j9x2ab")
    time.sleep(0.4)
    assert len(box.served) == 1
    held.clear()
    until(lambda: not asked.exists())


# --- what every script may read


def test_the_daemon_says_that_it_lives_and_what_it_can_do(box: Box) -> None:
    box.open()
    assert texts(load(box.folder / "daemon.lua"))["engines"] == []
    (box.home.exchange / "scripts" / "hitpoint.lua").touch()  # where no host has scripts, nobody asks
    until(lambda: texts(load(box.folder / "daemon.lua"))["engines"])
    told = texts(load(box.folder / "daemon.lua"))
    assert (told["hitpoint"], told["version"], told["pid"]) == (1, VERSION, os.getpid())
    assert (told["engines"][0]["name"], told["styles"]) == ("composer", ["tension"])
    since = told["time"]
    assert abs(since - time.time()) < 60
    until(lambda: texts(load(box.folder / "daemon.lua"))["time"] > since)
    box.close()
    assert not (box.folder / "daemon.lua").exists()


def test_answers_with_a_placement_are_ready_until_they_are_said_to_be_laid(box: Box) -> None:
    box.open()
    box.lay(name("k3j9x2ab", "score", **SCORE))
    box.answer("k3j9x2ab")
    box.does = lambda _: {}
    box.lay(name("options0", "options"), b"")
    box.answer("options0")
    key = f"{PROJECT}-{TIMELINE}"
    until(lambda: texts(load(box.folder / "ready.lua"))["timelines"] == {key: ["k3j9x2ab"]})
    memory.forget_ready(box.home, frozenset({"k3j9x2ab"}))
    until(lambda: texts(load(box.folder / "ready.lua"))["timelines"] == [])


def test_options_that_another_program_sets_are_shown(box: Box) -> None:
    from daemon.hosts.options import remember

    box.open()
    until((box.folder / "options.lua").exists)
    remember(box.home, PROJECT, {"style": "lo-fi"})
    until(lambda: texts(load(box.folder / "options.lua"))["projects"])
    told = texts(load(box.folder / "options.lua"))
    assert told["defaults"]["style"] == "auto"
    assert told["projects"][PROJECT]["style"] == "lo-fi"


def test_old_answers_are_swept_and_nothing_else_is(box: Box) -> None:
    box.open()
    box.close()
    old = time.time() - 8 * 86_400
    stay = ["readme.txt", "k3j9x2aa.answer.txt", "young000.answer.lua"]
    go = ["k3j9x2ab.answer.lua", "k3j9x2ac.answer.json", "k3j9x2ad.progress.lua", ".k3j9x2ae.answer.lua.0a1b2c3d.part"]
    for each in (*stay, *go):
        (box.folder / each).write_text("return {}")
        if each != "young000.answer.lua":
            os.utime(box.folder / each, (old, old))
    for each in ("k3j9x2ab", "young000"):
        memory.make_ready(box.home, "p-t", each, f"cue of {each}")
    box.open()
    until(lambda: not set(go) & box.names())
    assert set(stay) <= box.names()
    until(lambda: texts(load(box.folder / "ready.lua"))["timelines"] == {"p-t": ["young000"]})


def test_names_of_files_in_the_log_cannot_break_its_lines(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    box.open()
    box.lay("hp1_x\n2026 ERROR forged.otio")
    until(lambda: "tells no id" in caplog.text)
    assert not re.search(r"^2026 ERROR forged", caplog.text, re.MULTILINE)
