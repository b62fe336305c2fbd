"""docs/mailbox.md is enough to write a script from: it tells everything, and all of it as it is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from daemon.hosts import request
from daemon.hosts.letters import QUICK, Pace
from daemon.hosts.noticeboard import KEPT_S
from daemon.hosts.request import KEYS, LONGEST_NAME, MAX_SEED, REAPER_ACTIONS, RESOLVE_ACTIONS, from_json, from_name
from daemon.mailbox import AT_ONCE
from daemon.wire import MAX_ATTACHMENT
from tests.daemon.hosts.asking import job, text
from tests.daemon.hosts.luas import load, texts

DOCUMENT = (Path(__file__).parents[3] / "docs" / "mailbox.md").read_text(encoding="utf-8")
PROSE = " ".join(DOCUMENT.split())


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    below = DOCUMENT.split(f"\n{heading}\n", 1)[1]
    lines = re.findall(r"^\|(.*)\|$", below.split("\n#", 1)[0], re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines[2:]]


def listed(actions: tuple[str, ...]) -> str:
    """Actions as the table names them."""
    return "every action" if actions == RESOLVE_ACTIONS else ", ".join(f"`{action}`" for action in actions)


def test_every_key_is_told_with_the_actions_that_have_it() -> None:
    told = [row[:3] for row in rows("### Names of requests")]
    assert told == [[f"`{key}`", listed(about.needed), listed(about.also)] for key, about in KEYS.items()]


def test_every_action_is_told() -> None:
    assert [row[0] for row in rows("### Actions")] == [f"`{action}`" for action in RESOLVE_ACTIONS]
    (actions,) = [row[2] for row in rows("## The job folder") if row[0] == "`action`"]
    assert re.findall(r"`(\w+)`", actions) == list(REAPER_ACTIONS)


@pytest.mark.parametrize(
    "words",
    [
        f"at most {LONGEST_NAME} characters",
        f"whole number up to {MAX_SEED}",
        f"rested for {Pace().rest:g} s",
        f"no timeline after {Pace().give_up:g} s",
        f"every {Pace().tell:g} s while",
        f"Timelines up to {MAX_ATTACHMENT} bytes",
        f"{AT_ONCE} requests are worked on",
        f"removed after {KEPT_S / 86_400:g} days",
        "`cancel`, `placed` and `options` do not wait",
    ],
)
def test_every_limit_is_told_as_it_is(words: str) -> None:
    assert words in PROSE
    assert set(re.findall(r"`(\w+)`", "`cancel`, `placed` and `options`")) == QUICK


def test_the_examples_are_as_the_program_reads_and_writes_them(tmp_path: Path) -> None:
    (asked,) = re.findall(r"^hp1_\S+$", DOCUMENT, re.MULTILINE)
    found = from_name(asked, b"")
    assert (found.action, found.name, found.start_frame, found.end_frame) == ("score", "Reel 3", 240, 1200)
    (written,) = re.findall(r"^return .*$", DOCUMENT, re.MULTILINE)
    (tmp_path / "progress.lua").write_text(written)
    told = texts(load(tmp_path / "progress.lua"))
    assert (told["hitpoint"], told["progress"], told["stage"]) == (1, 0.42, "rhythm")


def test_the_fields_of_a_json_request_are_those_that_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {row[0].strip("`") for row in rows("## The job folder")}
    read: set[str] = set()

    class Watched(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            read.add(key)
            return super().get(key, default)

    monkeypatch.setattr(request, "_parsed", lambda raw: Watched(json.loads(raw)))
    from_json(text(job("reroll", cue="/cues/a")))
    from_json(text(job("score")))
    assert told == read
