"""`hitpoint watch` as it is called; what a watched folder does is tested with the daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.daemon.commands.calls import last, run
from tests.daemon.house import until


def test_a_folder_is_watched_listed_and_let_go(tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    exports.mkdir()
    assert run("watch", exports, "--style", "action").stdout == f"{exports} is watched.\n"
    assert str(exports) in run("watch").stdout.splitlines()
    watched = {one["folder"] for one in last(run("watch", "--json"))["watches"]}
    assert str(exports) in watched
    assert run("watch", exports, "--stop").stdout == f"{exports} is watched no longer.\n"
    assert str(exports) not in run("watch").stdout.splitlines()


def test_a_folder_that_is_gone_is_listed_as_gone(tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    exports.mkdir()
    run("watch", exports)
    exports.rmdir()
    until(lambda: f"{exports}: not there now" in run("watch").stdout.splitlines())
    assert {one["folder"]: one["there"] for one in last(run("watch", "--json"))["watches"]}[str(exports)] is False
    run("watch", exports, "--stop")


def test_what_cannot_be_watched_is_one_sentence(tmp_path: Path) -> None:
    gone = run("watch", tmp_path / "gone")
    assert gone.returncode in (2, 3)
    assert "gone" in gone.stderr
    assert len(gone.stderr.splitlines()) == 1
    assert run("watch", "--stop").returncode == 2


@pytest.mark.parametrize("words", [("--style", "nope"), ("--engine", "nope")])
def test_a_style_or_engine_that_is_not_there_is_refused_before_any_timeline_comes(
    words: tuple[str, str], tmp_path: Path
) -> None:
    refused = run("watch", tmp_path, *words)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
    assert "nope" in refused.stderr
    assert str(tmp_path) not in run("watch").stdout.splitlines()
