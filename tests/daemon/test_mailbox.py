"""The mailbox: whatever lies in it, each request has one answer, and nothing of the daemon waits for it."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from core.errors import DaemonUnreachable, UnusableInput
from daemon.hosts import answers, luafile
from daemon.hosts.letters import Pace
from daemon.hosts.request import VERSION, HostRequest
from daemon.mailbox import AT_ONCE, QUICK_AT_ONCE, Mailbox
from daemon.wire import MAX_ATTACHMENT
from tests.daemon.boxes import ENGINES, QUICK_PACE, SCORE, TEXT, Box
from tests.daemon.hosts.asking import TIMELINE, name
from tests.daemon.hosts.luas import load, texts
from tests.daemon.house import until


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


def test_hundreds_of_requests_at_once_are_all_answered_by_a_few_threads(box: Box) -> None:
    wanted = ids(300)
    box.open()
    box.close()
    for each in wanted:
        box.lay(name(each, "score", **SCORE))
    box.open()
    until(lambda: sum("answer" in each for each in box.names()) == len(wanted))
    until(lambda: not box.requests())
    assert box.most_at_work <= AT_ONCE
    assert sorted(request.id for request in box.served) == wanted
    assert all(box.answer(each)["ok"] for each in wanted[::30])


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


def test_a_place_that_cannot_be_used_is_looked_at_now_and_then(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[float] = []
    wait = Mailbox._wait

    def counting(self: Mailbox, until_when: float) -> bool:
        turns.append(until_when)
        return wait(self, until_when)

    monkeypatch.setattr(Mailbox, "_wait", counting)
    box.home.exchange.mkdir(mode=0o700)
    box.folder.write_text("a file in its place")
    box.box = Mailbox(box.home, lambda: ENGINES, pace=QUICK_PACE)
    box.box.start()
    time.sleep(0.5)
    assert len(turns) < 20
    box.folder.unlink()
    box.lay_once_there(name("k3j9x2ab", "score", **SCORE))
    assert box.answer("k3j9x2ab")["ok"]


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


def test_names_of_files_in_the_log_cannot_break_its_lines(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    box.open()
    box.lay("hp1_x\n2026 ERROR forged.otio")
    until(lambda: "tells no id" in caplog.text)
    assert not re.search(r"^2026 ERROR forged", caplog.text, re.MULTILINE)
