"""The log: lines that stay lines, files that turn over, and a full disk that stops nobody."""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon import log as log_module
from daemon.home import Home, prepare
from daemon.log import KEPT, start_log


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    prepare(home)
    yield home
    logger = logging.getLogger("hitpoint")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    logger.propagate = True


def lines(home: Home) -> list[str]:
    return home.log.read_text(encoding="utf-8").splitlines()


def test_everything_of_ours_is_logged_in_one_line_each(made: Home) -> None:
    start_log(made)
    logging.getLogger("hitpoint.gate").warning("Refused: %s", "unknown key")
    logging.getLogger("somebody.else").warning("not ours")
    (line,) = lines(made)
    assert line.endswith(" WARNING hitpoint.gate: Refused: unknown key")


def test_starting_the_log_twice_writes_each_line_once(made: Home) -> None:
    start_log(made)
    start_log(made)
    logging.getLogger("hitpoint").info("once")
    assert len(lines(made)) == 1


@pytest.mark.parametrize("sent", ["a\nforged line", "a\r\nb", "\x1b[2Jgone", "a\u2028b", "a\x85b", "\x00", "\ud800"])
def test_what_a_client_sends_cannot_forge_a_line_or_steer_a_terminal(made: Home, sent: str) -> None:
    start_log(made)
    logging.getLogger("hitpoint").warning("%s", sent)
    (line,) = lines(made)
    assert line.isprintable()


def test_a_traceback_of_our_own_keeps_its_lines(made: Home) -> None:
    start_log(made)
    try:
        raise RuntimeError("a bug")
    except RuntimeError:
        logging.getLogger("hitpoint").exception("It broke")
    assert lines(made)[-1] == "RuntimeError: a bug"
    assert len(lines(made)) > 3


@pytest.mark.skipif(os.name == "nt", reason="mode bits say nothing on Windows")
def test_the_files_turn_over_and_each_is_private(made: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "LARGEST", 2000)
    before = os.umask(0)
    try:
        start_log(made)
        for number in range(500):
            logging.getLogger("hitpoint").info("line %d", number)
    finally:
        os.umask(before)
    files = sorted(made.log.parent.iterdir())
    assert [file.name for file in files] == ["daemon.log", *(f"daemon.log.{number + 1}" for number in range(KEPT))]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert all(file.stat().st_size <= 2000 for file in files)
    assert lines(made)[-1].endswith("line 499")


@pytest.mark.skipif(os.name == "nt", reason="a limit on file size, as POSIX has it")
def test_a_full_disk_stops_nobody_and_what_is_lost_is_said(made: Home) -> None:
    program = """
import logging, resource, sys
from pathlib import Path
from daemon.home import Home
from daemon.log import start_log
start_log(Home(Path(sys.argv[1])))
log = logging.getLogger("hitpoint")
log.info("first")
whole = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, whole[1]))
for number in range(1000):
    log.info("lost %d %s", number, "x" * 100)
resource.setrlimit(resource.RLIMIT_FSIZE, whole)
log.info("last")
log.info("and one more")
"""
    start = [sys.executable, "-c", program, str(made.folder)]
    done = subprocess.run(start, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    said = made.log.read_text()
    assert said.count("first\n") == 1
    assert "1000 lines before this one could not be written" in said
    assert said.endswith("last\n" + said.splitlines()[-1] + "\n")
    assert said.splitlines()[-1].endswith("and one more")


def test_a_log_folder_that_went_away_stops_nobody(made: Home, capsys: pytest.CaptureFixture[str]) -> None:
    start_log(made)
    made.log.parent.rmdir()
    logging.getLogger("hitpoint").info("lost")
    made.log.parent.mkdir(0o700)
    logging.getLogger("hitpoint").info("kept")
    assert [line.rpartition(": ")[2] for line in lines(made)] == [
        "1 lines before this one could not be written",
        "kept",
    ]
    assert capsys.readouterr().err == ""
