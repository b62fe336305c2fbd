"""`hitpoint options`: what hosts ask for where nobody says otherwise, shown and set from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.home import Home
from daemon.hosts.options import options_of
from tests.daemon.commands.calls import last, run

USUAL = {"engine": "composer", "style": "auto", "under_speech": False, "seed": "new", "stems": [], "markers": "all"}


def test_they_are_shown_as_usual_and_nothing_is_written_for_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert last(run("options", "--json", home=home)) == {"options": USUAL}
    assert "by the picture" in run("options", home=home).stdout
    assert not home.exists()


def test_what_is_set_holds_for_every_host(tmp_path: Path) -> None:
    home = tmp_path / "home"
    words = [
        "--style",
        "Lofi",
        "--under-speech",
        "--seed",
        "7",
        "--stem",
        "drums",
        "--stem",
        "bass",
        "--markers",
        "hits",
    ]
    told = {"engine": "composer", "style": "lo-fi", "under_speech": True, "seed": 7, "stems": ["drums", "bass"]}
    assert last(run("options", *words, "--json", home=home)) == {"options": {**told, "markers": "hits"}}
    assert options_of(Home(home), "01234567", {}).stems == ("drums", "bass")
    back = ["--style", "auto", "--no-under-speech", "--seed", "new", "--stem", "all", "--markers", "all"]
    shown = run("options", *back, home=home).stdout
    assert last(run("options", "--json", home=home)) == {"options": USUAL}
    assert "drawn each time" in shown


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--engine", "nobody"], "no engine named 'nobody'"),
        (["--style", "polka"], 'no style "polka"'),
        (["--seed", "-1"], "no seed"),
        (["--seed", "99999999999"], "seed"),
        (["--stem", "choir"], "no stem 'choir'"),
        (["--markers", "some"], "markers"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_set(tmp_path: Path, words: list[str], sentence: str) -> None:
    answer = run("options", *words, home=tmp_path / "home")
    assert answer.returncode == 2
    assert sentence in answer.stderr
    assert last(run("options", "--json", home=tmp_path / "home")) == {"options": USUAL}
