"""Jobs as people see them: listed, followed, cancelled, by the first letters of their ids."""

from __future__ import annotations

import io
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from core.errors import WrongUse
from daemon.commands.jobs import _letters, found, table
from tests.daemon.commands.calls import HITPOINT, last, listed, run


class Told:
    """A client whose daemon knows these jobs."""

    def __init__(self, *ids: str) -> None:
        self.jobs = [{"id": one} for one in ids]

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        if op == "job":
            raise WrongUse("No such job", fields["job"])
        return {"jobs": self.jobs}


@pytest.fixture
def three_jobs(long_edit: Path, tmp_path: Path) -> Iterator[list[str]]:
    """The ids of three scores, handed over and left: one runs, two wait; whatever is left of them is cancelled."""
    words = ("score", long_edit, "--to", tmp_path / "cues", "--detach")
    ids = [run(*words).stdout.strip() for _ in range(3)]
    yield ids
    for one in ids:
        run("cancel", one)
    deadline = time.monotonic() + 10
    while any(job["state"] in ("queued", "running") for job in listed().values()) and time.monotonic() < deadline:
        time.sleep(0.1)


def once_running(job: str) -> dict[str, dict[str, Any]]:
    """The list of jobs as soon as a worker, which may still be starting, has taken this one; fails after 60 s."""
    deadline = time.monotonic() + 60
    while (jobs := listed())[job]["state"] != "running":
        assert time.monotonic() < deadline, f"never ran: {jobs[job]}"
        time.sleep(0.05)
    return jobs


def test_the_first_letters_of_an_id_are_enough() -> None:
    client: Any = Told("abc00000", "abd00000", "x1230000", "x12300000")
    assert found(client, "abc")["id"] == "abc00000"
    assert found(client, "x1230000")["id"] == "x1230000", "a whole id is meant as such"
    with pytest.raises(WrongUse, match="2 jobs begin with this: abc00000, abd00000"):
        found(client, "ab")


@pytest.mark.parametrize("text", ["", "q", "unknown-job", "../x", "a" * 500])
def test_an_unknown_job_is_one_sentence(text: str) -> None:
    client: Any = Told()
    with pytest.raises(WrongUse, match="such job"):
        found(client, text)


@pytest.mark.parametrize("command", [["cancel", "nothing"], ["jobs", "nothing"], ["cancel", "nothing", "--json"]])
def test_an_unknown_job_leaves_with_wrong_use(command: list[str]) -> None:
    answer = run(*command)
    assert answer.returncode == 2
    assert answer.stderr.startswith("hitpoint: There is no such job (nothing).")
    assert len(answer.stderr.splitlines()) == 1


def test_jobs_that_were_left_are_listed_newest_first_and_go_on(three_jobs: list[str]) -> None:
    jobs = once_running(three_jobs[0])
    assert [one for one in jobs if one in three_jobs] == three_jobs[::-1]
    first, second, third = (jobs[one] for one in three_jobs)
    assert {"id", "kind", "state", "progress", "reason", "client", "made", "name"} <= set(first)
    assert all(job["kind"] == "score" for job in (first, second, third))
    assert second["state"] == third["state"] == "queued"
    assert third["place"] > second["place"]


def test_a_cancelled_job_says_so_to_whoever_asks_later(three_jobs: list[str]) -> None:
    first, _, third = three_jobs
    waiting, running = run("cancel", third), run("cancel", first, "--json")
    assert waiting.stdout == f"{third} is cancelled.\n"
    assert last(running)["job"]["id"] == first
    answer = run("jobs", first)
    assert answer.returncode == 6, answer.stderr
    again = run("cancel", third)
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.startswith(f"{third} was cancelled already")


def test_a_job_that_was_left_is_followed_to_its_result_by_another_process(demo_edit: Path, tmp_path: Path) -> None:
    words = ("score", demo_edit, "--out", "4s", "--seed", "3", "--to", tmp_path, "--detach", "--json")
    job = last(run(*words))["job"]
    assert job["state"] in ("queued", "running")
    answer = run("jobs", job["id"][:12], "--json")
    assert answer.returncode == 0, answer.stderr
    result = last(answer)
    assert (result["job"], result["seed"]) == (job["id"], 3)
    assert Path(result["mix"]).is_file()
    in_words = run("jobs", job["id"])
    assert in_words.stdout.splitlines()[0] == result["cue"]
    assert listed()[job["id"]]["progress"] == 1.0
    said = run("cancel", job["id"])
    assert (said.returncode, said.stdout) == (0, f"{job['id']} was done already.\n")


def test_the_table_is_printed_once_where_there_is_no_terminal(cue_of_the_demo: dict[str, Any]) -> None:
    answer = run("jobs")
    assert answer.returncode == 0, answer.stderr
    assert "\x1b" not in answer.stdout
    row = next(line for line in answer.stdout.splitlines() if line.startswith(cue_of_the_demo["job"][:8]))
    assert "score" in row
    assert "done" in row
    assert "100%" in row


def test_a_reader_that_leaves_early_is_no_error(cue_of_the_demo: dict[str, Any]) -> None:
    assert cue_of_the_demo["job"]
    read, write = os.pipe()
    os.close(read)
    answer = subprocess.run([*HITPOINT, "jobs"], stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert answer.stderr == ""


def test_ids_are_shown_as_far_as_they_differ() -> None:
    assert _letters(["aaaaaaaabbbb", "caaaaaaabbbb"]) == 8
    assert _letters(["aaaaaaaabbbb", "aaaaaaaabccc"]) == 10
    assert _letters(["aaaaaaaabbbb", "aaaaaaaabbbb"]) == 12


def a_job(number: int, **fields: Any) -> dict[str, Any]:
    usual = {"kind": "score", "name": "reel.otio", "client": "resolve", "state": "done", "progress": 0.25}
    return {"id": f"job-{number}", **usual, "words": "", "reason": "", "place": None, "made": 0.0, **fields}


def shown(jobs: list[dict[str, Any]], room: int, wraps: bool = True) -> list[str]:
    """The table's lines, two minutes after the jobs were made, on a terminal of so many columns."""
    console = Console(width=room if wraps else 10_000, file=io.StringIO(), highlight=False)
    with console.capture() as captured:
        console.print(table(jobs, 120.0, room, wraps))
    return [line.rstrip() for line in captured.get().splitlines()]


def test_rows_of_the_table_stand_in_the_order_of_the_work() -> None:
    states = [("done", None), ("queued", 2), ("queued", 1), ("running", None), ("failed", None)]
    jobs = [a_job(number, state=state, place=place) for number, (state, place) in enumerate(states)]
    rows = [line for line in shown(jobs, 160) if line.startswith("job-")]
    assert [row.split()[0] for row in rows] == ["job-3", "job-2", "job-1", "job-0", "job-4"]
    assert all(row.endswith("2 min") for row in rows)


def test_what_a_name_or_a_reason_holds_steers_neither_the_terminal_nor_the_table() -> None:
    text = "\n".join(shown([a_job(1, name="[red]a\x1b[2J", state="failed", reason="[b]no\x1b[2J\n")], 160))
    assert r"score [red]a\x1b[2J" in text
    assert r"[b]no\x1b[2J\n" in text


LONG = "Three Moods.otio 01:00:10:00–01:00:40:00"
WHY = "There is no such file (/home/ada/Music/soundfonts/piano.sf2). Give the path of a SoundFont that is there."


def test_on_80_columns_a_job_and_its_reason_are_read_whole() -> None:
    lines = shown([a_job(1, name=LONG, state="failed", reason=WHY)], 80)
    assert f"score {LONG}" in lines[1]
    assert " ".join(line.strip() for line in lines[2:]) == WHY
    assert max(map(len, lines)) <= 80
    assert "resolve" not in lines[1]


def test_the_client_gives_way_before_the_bar_and_nothing_is_ever_cut() -> None:
    def columns(room: int) -> tuple[bool, bool]:
        lines = shown([a_job(1, name=LONG, state="failed", reason=WHY)], room)
        text = "".join(lines).replace(" ", "")
        assert all(word in text for word in ("Three", "Moods.otio", "piano.sf2", "failed", "25%")), room
        return "resolve" in text, "━" in text

    assert columns(160) == (True, True)
    assert columns(90) == (False, True)
    assert columns(80) == columns(50) == (False, False)


def test_where_there_is_no_terminal_lines_are_as_long_as_their_words() -> None:
    header, row, why = shown([a_job(1, name=LONG * 3, state="failed", reason=WHY)], 60, wraps=False)
    assert header.split() == ["job", "what", "state"]
    assert f"score {LONG * 3}" in row
    assert why.strip() == WHY


def test_a_state_that_says_it_all_is_said_once() -> None:
    assert len(shown([a_job(1, state="cancelled", reason="Cancelled.")], 80)) == 2
    assert shown([a_job(1, state="queued", place=2)], 80)[-1].strip() == "2 jobs before this one"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal_the_table_lives_until_the_user_leaves_and_the_jobs_go_on(three_jobs: list[str]) -> None:
    shown, code = _on_a_terminal(["jobs"], until=lambda text: text.count(three_jobs[2][:8]) >= 2)
    assert code == 0
    assert "Traceback" not in shown
    states = {listed()[one]["state"] for one in three_jobs}
    assert "cancelled" not in states


def _on_a_terminal(words: list[str], until: Any) -> tuple[str, int]:
    """What a command shows on a terminal, stopped by Ctrl-C once `until` holds of it, and its exit code."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "160", "LINES": "50"}
    work = subprocess.Popen([*HITPOINT, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown, stopped = "", False
    while True:
        try:
            block = os.read(ours, 65_536)
        except OSError:  # the other end is closed
            break
        if not block:
            break
        shown += block.decode(errors="replace")
        if not stopped and until(shown):
            work.send_signal(signal.SIGINT)
            stopped = True
    os.close(ours)
    return shown, work.wait(timeout=30)
