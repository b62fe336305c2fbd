"""What commands print, without a daemon."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.commands.output import Progress, bar, plain, queued_words, size, span

CLEAR = "\r\x1b[2K"


def job(**fields: Any) -> dict[str, Any]:
    return {"state": "running", "stage": "audio", "progress": 0.5, "words": "mixing", "place": None, **fields}


@given(st.text(alphabet=st.characters()))
def test_whatever_a_name_holds_it_stays_on_one_line_and_steers_no_terminal(text: str) -> None:
    shown = plain(text)
    assert all(char.isprintable() for char in shown)
    assert len(shown.splitlines()) <= 1


def test_a_name_that_can_be_shown_is_shown_as_it_is() -> None:
    assert plain("収穫の夜 — Überblick.otio") == "収穫の夜 — Überblick.otio"
    assert plain("a\x1b[2Jb\nc\udcff") == r"a\x1b[2Jb\nc\udcff"


@given(st.floats(-1, 2), st.integers(1, 60))
def test_a_bar_has_its_cells_whatever_the_fraction(fraction: float, cells: int) -> None:
    assert len(bar(fraction, cells)) == cells


def test_a_bar_is_empty_at_nothing_and_full_at_the_end() -> None:
    assert (bar(0, 4), bar(0.5, 4), bar(1, 4)) == ("────", "━━──", "━━━━")


@pytest.mark.parametrize(
    ("place", "words"), [(None, "next"), (0, "next"), (1, "1 job before this one"), (2, "2 jobs before this one")]
)
def test_a_queued_job_says_its_place(place: int | None, words: str) -> None:
    assert queued_words(job(state="queued", place=place, words="")) == words


def test_a_job_that_is_tried_again_says_why_it_waits() -> None:
    assert queued_words(job(state="queued", place=1, words="its worker died")) == "its worker died"


@pytest.mark.parametrize(
    ("seconds", "text"), [(-3, "0 s"), (0.4, "0 s"), (59, "59 s"), (60, "1 min"), (7_300, "2 h"), (200_000, "2 d")]
)
def test_an_age_is_told_in_its_largest_unit(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0 B"), (999, "999 B"), (1_500, "2 kB"), (120e6, "120 MB"), (8.25e9, "8.2 GB")]
)
def test_memory_is_told_in_its_unit(amount: float, text: str) -> None:
    assert size(amount) == text


def test_progress_says_each_change_once_and_a_new_stage_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(as_json=True)
    waiting = job(state="queued", stage="", progress=0.0, words="", place=2)
    for told in (waiting, waiting, job(), job(), job(stage="cue", progress=0.9), job(state="done", progress=1.0)):
        progress.show(told)
    progress.close()
    said = capsys.readouterr()
    assert [json.loads(line) for line in said.out.splitlines()] == [
        {"stage": "queued", "fraction": 0.0, "words": "2 jobs before this one"},
        {"stage": "audio", "fraction": 0.5, "words": "mixing"},
        {"stage": "cue", "fraction": 0.9, "words": "mixing"},
    ]
    assert said.err.splitlines() == ["queued …", "audio …", "cue …"]


def test_progress_never_goes_back_even_when_the_job_is_begun_again(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(as_json=True)
    for told in (
        job(),
        job(state="queued", stage="", progress=0.0, words="its worker died"),
        job(stage="", progress=0.5, words=""),
        job(stage="picture", progress=0.1),
    ):
        progress.show(told)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["fraction"] for line in lines] == [0.5, 0.5, 0.5]
    assert [line["stage"] for line in lines] == ["audio", "queued", "picture"]


def test_a_job_that_is_refused_at_once_has_shown_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(as_json=True)
    progress.show(job(state="queued", stage="", progress=0.0, words="", place=0))
    progress.show(job(stage="timeline", progress=0.0))
    progress.close()
    assert capsys.readouterr() == ("", "")


def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Progress:
    """Progress on a terminal of 60 columns."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    return Progress(as_json=False)


def test_on_a_terminal_one_line_is_redrawn_and_never_wider_than_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = on_a_terminal(monkeypatch)
    progress.show(job(state="queued", stage="", progress=0.0, words="", place=0))
    progress.show(job(words="x" * 200))
    progress.show(job(stage="cue", words="\x1b[2J"))
    progress.full()
    progress.close()
    said = capsys.readouterr()
    assert said.out == ""
    first, second, third, done = said.err.removeprefix(CLEAR).split(CLEAR)
    assert first.endswith("0%  queued: next")
    assert len(second) == 59
    assert third.endswith(r"cue: \x1b[2J")
    assert done == f"{bar(1)} 100%  done\n"


def test_what_fails_leaves_no_bar_behind(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    progress = on_a_terminal(monkeypatch)
    progress.show(job())
    progress.close()
    assert capsys.readouterr().err.endswith(CLEAR)
