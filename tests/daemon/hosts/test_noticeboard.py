"""What every script may read in the mailbox: that the daemon runs, what it can do, the options, what is ready."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import pytest

from daemon.hosts import memory
from daemon.hosts.answers import Answers
from daemon.hosts.options import remember
from daemon.hosts.request import VERSION
from tests.daemon.boxes import SCORE, Box
from tests.daemon.hosts.asking import PROJECT, TIMELINE, name
from tests.daemon.hosts.luas import load, texts
from tests.daemon.house import until


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


def test_a_script_that_says_at_once_that_it_laid_an_answer_is_believed(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = Answers.done

    def laid_at_once(self: Answers, answer: Mapping[str, Any]) -> None:
        done(self, answer)
        memory.forget_ready(box.home, frozenset({"k3j9x2ab"}))

    monkeypatch.setattr(Answers, "done", laid_at_once)
    box.open()
    box.lay(name("k3j9x2ab", "score", **SCORE))
    box.answer("k3j9x2ab")
    until(lambda: not box.requests())
    assert memory.recall(box.home)["ready"] == {}


def test_options_that_another_program_sets_are_shown(box: Box) -> None:
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
