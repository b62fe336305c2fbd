"""Takes: listed, put in use, and pruned so that nothing that is still needed goes."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from core.comp import comp
from core.cue.folder import Cue, load, verify
from core.cue.showing import is_current, refresh
from core.cue.taking import prune, rows, section, use
from core.errors import UnusableInput, WrongUse
from core.reroll import Reroll, reroll
from tests.core.sketch_engine import sketch
from tests.core.test_reroll import failing_at

__all__ = ["sketch"]


def folders(cue: Cue) -> list[str]:
    return sorted(path.name for path in (cue.folder / "takes").iterdir())


def test_takes_are_listed_with_what_an_editor_asks_for(sketch: Cue) -> None:
    reroll(Reroll(sketch.folder, "4s", "7.5s", ("drums",), seed=5, style="ambient"))
    use(sketch.folder, 1)
    comp(sketch.folder, 2, "4s", "6s")
    first, second, third = json.loads(json.dumps(rows(load(sketch.folder))))
    assert (first["take"], first["hole"], first["seed"], first["section"]) == (1, None, 1, "A to B")
    assert first["stems"] == ["drums", "bass", "melody"]
    assert (second["take"], second["stems"], second["seed"], second["style"]) == (2, ["drums"], 5, "ambient")
    assert (second["hole"]["in"], second["hole"]["out"], second["section"]) == ("01:00:04:00", "01:00:06:00", "A")
    assert [row["in_use"] for row in (first, second, third)] == [False, False, True]
    assert [row["base"] for row in (first, second, third)] == [None, 1, 1]
    assert third["taken_from"] == 2
    assert {row["engine"] for row in (first, second, third)} == {"sketch"}
    assert second["made"] >= first["made"]


def test_a_hole_is_in_the_sections_that_it_touches(sketch: Cue) -> None:
    hole = reroll(Reroll(sketch.folder, "5s", "7s", seed=5, snap="none")).hole
    assert section(sketch.brief.plan, hole) == "A to B"
    assert section(sketch.brief.plan, reroll(Reroll(sketch.folder, "6s", "8s", seed=5)).hole) == "B"


def test_a_take_that_does_not_exist_cannot_be_used(sketch: Cue) -> None:
    with pytest.raises(WrongUse, match=r"Take 2 does not exist.*The takes are: 1"):
        use(sketch.folder, 2)
    assert load(sketch.folder).in_use == 1


@pytest.fixture
def second(sketch: Cue) -> Cue:
    """A cue with two takes that share nothing, the first of them in use."""
    reroll(Reroll(sketch.folder, seed=2))
    return use(sketch.folder, 1)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rotten(path: Path) -> None:
    """One bit of the last sample is another."""
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_a_take_whose_files_are_lost_is_not_put_in_use_and_the_cue_stays_as_it_was(second: Cue) -> None:
    shutil.rmtree(second.folder / "takes" / "002")
    before = everything(second.folder)
    with pytest.raises(
        UnusableInput, match=r"Take 2 is damaged: takes/002/drums\.wav is missing.* and 2 more.*another"
    ):
        use(second.folder, 2)
    with pytest.raises(UnusableInput, match=r"Take 2 is damaged"):
        comp(second.folder, 2, "4s", "6s")
    assert everything(second.folder) == before
    assert is_current(load(second.folder))


@pytest.mark.parametrize("file", ["melody.wav", "mix.wav", "notes.json"])
def test_a_take_with_one_wrong_bit_is_not_put_in_use_nor_taken_from(second: Cue, file: str) -> None:
    rotten(second.folder / "takes" / "002" / file)
    before = everything(second.folder)
    with pytest.raises(UnusableInput, match=rf"Take 2 is damaged: takes/002/{file} is not what was saved"):
        use(second.folder, 2)
    with pytest.raises(UnusableInput, match=rf"takes/002/{file} is not what was saved.*Bring the file back"):
        comp(second.folder, 2, "4s", "6s", ("bass",))
    assert everything(second.folder) == before


def test_away_from_a_take_that_is_lost_leads_a_way(second: Cue) -> None:
    use(second.folder, 2)
    shutil.rmtree(second.folder / "takes" / "002")
    cue = use(second.folder, 1)
    assert (load(second.folder).in_use, is_current(cue)) == (1, True)
    made = reroll(Reroll(second.folder, "4s", "6s", ("drums",), seed=3)).cue
    assert made.in_use == 3
    assert is_current(made)
    assert prune(second.folder) == (2,)


def test_nothing_is_pruned_while_the_take_in_use_is_damaged(second: Cue) -> None:
    rotten(second.folder / "takes" / "001" / "bass.wav")
    with pytest.raises(UnusableInput, match=r"takes/001/bass\.wav is not what was saved"):
        prune(second.folder)
    assert folders(load(second.folder)) == ["001", "002"]


@pytest.mark.parametrize("stem", ["drums", "bass"])
def test_damage_in_the_take_in_use_is_not_carried_into_a_new_one(sketch: Cue, stem: str) -> None:
    reroll(Reroll(sketch.folder, "4s", "6s", ("melody",), seed=2))
    rotten(sketch.folder / "takes" / "001" / f"{stem}.wav")
    before = everything(sketch.folder)
    said = rf"Take 2 is damaged: takes/001/{stem}\.wav is not what was saved .*Bring the file back.*use another take"
    with pytest.raises(UnusableInput, match=said):
        reroll(Reroll(sketch.folder, "4s", "6s", ("drums",), seed=3))
    with pytest.raises(UnusableInput, match="is damaged"):
        comp(sketch.folder, 1, "4s", "6s", ("drums",))
    assert everything(sketch.folder) == before


def test_pruning_keeps_whatever_the_take_in_use_is_made_of(sketch: Cue) -> None:
    place = sketch.folder
    reroll(Reroll(place, "4s", "6s", ("drums",), seed=2))
    reroll(Reroll(place, "4s", "6s", ("drums",), seed=3))
    reroll(Reroll(place, "6s", "8s", ("bass",), seed=4))
    reroll(Reroll(place, "6s", "8s", ("melody",), seed=5))
    use(place, 4)
    assert prune(place) == (2, 5)
    cue = load(place)
    assert [take.number for take in cue.takes] == [1, 3, 4]
    assert folders(cue) == ["001", "003", "004"]
    assert verify(cue) == ()
    assert is_current(cue)
    assert prune(place) == ()
    with pytest.raises(WrongUse, match="Take 2 was pruned"):
        use(place, 2)


def test_how_a_pruned_take_was_made_is_not_forgotten_and_its_number_not_used_again(sketch: Cue) -> None:
    reroll(Reroll(sketch.folder, seed=2))
    reroll(Reroll(sketch.folder, seed=3))
    assert prune(sketch.folder) == (1, 2), "a take that is new from end to end needs no other"
    assert [take.seed for take in load(sketch.folder).pruned] == [1, 2]
    assert reroll(Reroll(sketch.folder, seed=4)).cue.take.number == 4
    use(sketch.folder, 3)
    assert prune(sketch.folder) == (4,)
    assert reroll(Reroll(sketch.folder, seed=4)).cue.take.number == 5
    assert verify(load(sketch.folder)) == ()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")
def test_pruning_that_is_killed_at_any_step_loses_nothing_that_is_needed(
    sketch: Cue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.cue.page.EMBEDDED_S", 0.0)
    reroll(Reroll(sketch.folder, "4s", "6s", ("drums",), seed=2))
    use(sketch.folder, 1)
    for step in range(1, 200):
        folder = tmp_path / f"killed {step}"
        shutil.copytree(sketch.folder, folder)
        child = os.fork()
        if not child:
            with failing_at(step, lambda: os._exit(9), monkeypatch):
                try:
                    prune(folder)
                finally:
                    os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert verify(load(folder)) == ()
        assert prune(folder) in ((), (2,))
        assert folders(load(folder)) == ["001"]
        if ended == 0:
            break
    assert step > 10


def test_a_page_that_does_not_follow_is_told_from_one_that_does(sketch: Cue) -> None:
    assert is_current(sketch)
    reroll(Reroll(sketch.folder, seed=2))
    page = (sketch.folder / "cue.html").read_bytes()
    cue = use(sketch.folder, 1)
    (sketch.folder / "cue.html").write_bytes(page)
    assert not is_current(cue)
    (sketch.folder / "cue.html").unlink()
    assert not is_current(cue)
    refresh(cue)
    assert is_current(cue)
