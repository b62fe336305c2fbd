"""What re-rolls promise, on cues of the demonstration's edit: tried at random, measured by other tools."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import opentimelineio as otio
import pytest
from symusic import Score

from core.adding import Rerolled
from core.brief import STEMS, StemName
from core.cue.folder import load, verify
from core.cue.takes import Snap
from core.cue.taking import prune
from core.result import summary
from tests.acceptance.hearing import heard_share
from tests.acceptance.rerolled import (
    Chain,
    Listener,
    Take,
    assert_kept,
    assert_sum,
    copied,
    hole_of,
    scored_chain,
    seams_of,
)
from tests.acceptance.seams import Seam, phase_error_ms, seam

Spec = tuple[str, tuple[int, int], int]
"""Style, seconds of the edit, sample rate."""

FEW: tuple[Spec, ...] = (("action", (14, 26), 48_000), ("electronic", (26, 38), 44_100))
MANY: tuple[Spec, ...] = (
    ("uplift", (0, 40), 48_000),
    ("documentary", (0, 20), 44_100),
    ("comedy", (24, 40), 48_000),
    ("lo-fi", (4, 28), 44_100),
    ("tension", (10, 22), 48_000),
    ("ambient", (0, 8), 48_000),
)
PHASE_MS = 5.0
KINK = 1.2
"""Times the largest kink of the music around; both sides of a fade sound together. A hard cut has several."""

Scored = Callable[[Spec], Chain]


@pytest.fixture(scope="module")
def scored(demo_edit: Path, tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """A function that scores a part of the demonstration's edit, once."""
    made: dict[Spec, Chain] = {}

    def make(spec: Spec) -> Chain:
        if spec not in made:
            style, span, rate = spec
            made[spec] = scored_chain(demo_edit, tmp_path_factory.mktemp("first"), style, span, rate)
        return made[spec]

    return make


# --- what is kept


def random_holes(chain: Chain, count: int, dice: random.Random) -> Iterator[tuple[int, int, list[StemName]]]:
    """First frame, the frame after the last, and stems; of a frame to the whole cue, often at its edges."""
    for _ in range(count):
        length = round(chain.frames ** dice.random())
        first = dice.choice([0, chain.frames - length, *[dice.randint(0, chain.frames - length)] * 6])
        there = [name for name in STEMS if name in chain.take().told["stems"]]
        yield first, first + length, sorted(dice.sample(there, dice.choice([1, 1, 2, 3, len(there)])))


def reroll_at_random(chain: Chain, count: int, dice: random.Random) -> None:
    """Re-roll hole after hole, each on top of the one before; what each keeps is compared by hash."""
    before = chain.take()
    for first, last, stems in random_holes(chain, count, dice):
        snap: Snap | None = dice.choice([None, *get_args(Snap)])
        chain.reroll(first, last, stems, snap, dice.randrange(2**31))
        after = chain.take()
        assert after.told["number"] == before.told["number"] + 1
        assert_kept(before, after, (chain.at(first), chain.at(last)), stems, chain.rate)
        assert_sum(after)
        before = after
        if after.told["number"] % 20 == 0:
            prune(chain.folder)
    assert verify(load(chain.folder)) == ()


@pytest.mark.parametrize("spec", FEW)
def test_outside_of_random_holes_every_bit_is_kept(scored: Scored, spec: Spec, tmp_path: Path) -> None:
    reroll_at_random(copied(scored(spec), tmp_path / "cue"), 12, random.Random(1))


@pytest.mark.slow
@pytest.mark.parametrize("spec", [*FEW, *MANY])
def test_outside_of_five_hundred_random_holes_every_bit_is_kept(scored: Scored, spec: Spec, tmp_path: Path) -> None:
    reroll_at_random(copied(scored(spec), tmp_path / "cue"), 63, random.Random(2))


# --- seams


@dataclass(frozen=True)
class Heard:
    """What is heard at the seams of some re-rolls."""

    seams: tuple[Seam, ...]
    phases: tuple[float, ...]
    """Errors of the beat in the mix, ms."""

    def share(self, held: Callable[[Seam], bool]) -> float:
        return float(np.mean([held(one) for one in self.seams]))


def listen_at_random(chain: Chain, count: int, dice: random.Random, monkeypatch: pytest.MonkeyPatch) -> Heard:
    """Re-roll stretches of half a second to half the cue, one on top of the other, and measure all their seams."""
    listener, seams, phases = Listener(monkeypatch), [], []
    before = chain.take()
    for _ in range(count):
        length = dice.randint(12, chain.frames // 2)
        first = dice.randint(0, chain.frames - length)
        stems = list(before.told["stems"])
        chosen = stems if dice.random() < 0.4 else dice.sample(stems, dice.randint(1, len(stems)))
        snap: Snap | None = dice.choice([None, None, "beat", "none"])
        chain.reroll(first, first + length, chosen, snap, dice.randrange(2**31))
        after = chain.take()
        assert listener.played
        seams += seams_of(chain, before, after, listener.played)
        mix, edges = after.sound("mix"), hole_of(after, chain.rate)
        errors = (phase_error_ms(mix, at, chain.beats, after.notes, chain.rate) for at in edges)
        phases += [error for error in errors if error is not None]
        before = after
    return Heard(tuple(seams), tuple(phases))


def assert_seamless(heard: Heard) -> None:
    """Nothing at any seam tells that it is one."""
    assert heard.share(lambda one: one.below_own) >= 0.95
    assert heard.share(lambda one: one.below_lines) >= 0.98
    assert [one for one in heard.seams if one.stem == "mix" and not one.below_lines] == []
    assert [one for one in heard.seams if one.excess_step > 1] == []
    assert [one for one in heard.seams if one.excess_kink > KINK] == []
    assert max(heard.phases, default=0.0) <= PHASE_MS


@pytest.mark.parametrize("spec", FEW)
def test_seams_are_not_heard(scored: Scored, spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = listen_at_random(copied(scored(spec), tmp_path / "cue"), 4, random.Random(3), monkeypatch)
    assert len(heard.seams) > 10
    assert_seamless(heard)


@pytest.mark.slow
def test_seams_of_a_hundred_rerolls_are_not_heard(
    scored: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seams: list[Seam] = []
    phases: list[float] = []
    for number, spec in enumerate((*FEW, *MANY)):
        with monkeypatch.context() as patch:
            chain = copied(scored(spec), tmp_path / str(number))
            heard = listen_at_random(chain, 13, random.Random(number), patch)
        seams += heard.seams
        phases += heard.phases
    together = Heard(tuple(seams), tuple(phases))
    print(told(together))
    assert_seamless(together)


def told(heard: Heard) -> str:
    """The figures in a line."""
    shares = {
        "kept": heard.share(lambda one: one.below_kept),
        "own": heard.share(lambda one: one.below_own),
        "lines": heard.share(lambda one: one.below_lines),
    }
    worst = {
        "step": max(one.excess_step for one in heard.seams),
        "kink": max(one.excess_kink for one in heard.seams),
        "phase": max(heard.phases, default=0.0),
    }
    return f"{len(heard.seams)} seams, {len(heard.phases)} phases; flux below {shares}; worst {worst}"


def test_the_measures_hear_a_seam_that_is_one(scored: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same re-roll cut in hard, too loud and too late: each is heard by the measure that is there for it."""
    chain = copied(scored(FEW[0]), tmp_path / "cue")
    listener, before = Listener(monkeypatch), chain.take()
    first, last = chain.frames // 3 + 5, 2 * chain.frames // 3 + 5
    chain.reroll(first, last, ["harmony"], "none", 5)
    after, played = chain.take(), listener.played
    assert played
    hole = hole_of(after, chain.rate)
    old = before.sound("harmony")
    asked = played.over("harmony", old)

    def heard(made: Any, at: int) -> Seam:
        return seam("harmony", "left", at, hole, (made, old, asked), chain.lines, -60, chain.rate)

    cuts, louder = [], []
    for at in range(hole[0], hole[1] - 10_000, 9_601):
        cut, loud = old.copy(), old.copy()
        cut[at:] = asked[at:]
        loud[at:] = 1.6 * asked[at:]
        cuts.append(heard(cut, at).excess_kink)
        louder.append(heard(loud, at).excess_step)
    assert np.median(cuts) > 1
    assert np.median(louder) > 1
    mix = before.sound("mix")
    at = hole[0]
    late = np.concatenate([mix[:at], np.zeros((round(0.012 * chain.rate), 2)), mix[at:]])
    there, moved = (phase_error_ms(one, at, chain.beats, before.notes, chain.rate) for one in (mix, late))
    assert there is not None
    assert there <= PHASE_MS
    assert moved is not None
    assert moved > PHASE_MS


# --- hits


def heard_in_hole(made: Rerolled) -> float | None:
    """Share of the accepted hits in the hole of the take in use that are heard; None where it has none."""
    result = summary(made.cue, made.rendering, made.timings)
    start, end = result["hole"]["start"], result["hole"]["start"] + result["hole"]["duration"]
    inside = [hit for hit in result["hits"] if start <= hit["time"] < end and hit["met"]]
    return heard_share({**result, "hits": inside}) if inside else None


@pytest.mark.parametrize("spec", FEW)
def test_hits_inside_the_hole_are_heard_within_half_a_frame(scored: Scored, spec: Spec, tmp_path: Path) -> None:
    chain = copied(scored(spec), tmp_path / "cue")
    shares = [
        heard_in_hole(chain.reroll(*hole, (), seed=seed))
        for seed, hole in enumerate([(0, chain.frames), (chain.frames // 4, 3 * chain.frames // 4)])
    ]
    assert shares[0] is not None
    assert min(share for share in shares if share is not None) == 1


@pytest.mark.slow
@pytest.mark.parametrize("spec", MANY)
def test_hits_inside_random_holes_are_heard_within_half_a_frame(scored: Scored, spec: Spec, tmp_path: Path) -> None:
    chain, dice = copied(scored(spec), tmp_path / "cue"), random.Random(4)
    shares = []
    for first, last, stems in random_holes(chain, 12, dice):
        shares.append(heard_in_hole(chain.reroll(first, last, stems, None, dice.randrange(2**31))))
    assert np.mean([share for share in shares if share is not None]) >= 0.98


# --- one take after another


def test_the_same_seed_gives_the_same_take(scored: Scored, tmp_path: Path) -> None:
    chains = [copied(scored(FEW[0]), tmp_path / name) for name in "ab"]
    for chain in chains:
        chain.reroll(60, 200, (), seed=8)
    one, other = (chain.take() for chain in chains)
    assert one.data == other.data
    assert one.files["drums"].read_bytes() == other.files["drums"].read_bytes()
    chains[1].reroll(60, 200, (), seed=9)
    assert chains[1].take().data["melody"] != one.data["melody"]


def test_holes_at_the_edges_of_what_is_possible_and_on_top_of_each_other(scored: Scored, tmp_path: Path) -> None:
    chain = copied(scored(FEW[0]), tmp_path / "cue")
    end = chain.frames
    beat = round(chain.beats[9] * chain.frame_rate), round(chain.beats[10] * chain.frame_rate)
    holes = [(0, end // 3), (end // 4, end // 2), (end // 4, end // 2), (2 * end // 3, end), beat, (0, end), (0, 1)]
    before = chain.take()
    for seed, (first, last) in enumerate(holes):
        chain.reroll(first, last, (), "beat", seed)
        after = chain.take()
        assert_kept(before, after, (chain.at(first), chain.at(last)), list(after.told["stems"]), chain.rate)
        assert after.data["mix"] != before.data["mix"]
        before = after
    assert_follows(chain, before)
    assert verify(load(chain.folder)) == ()


def in_a_row(chain: Chain, count: int) -> None:
    """Re-roll again and again; in the end everything is in its place and as it was saved."""
    first = chain.take()
    contents = {name: path.read_bytes() for name, path in first.files.items()}
    for take_first, last, stems in random_holes(chain, count, random.Random(7)):
        chain.reroll(take_first, last, stems, seed=take_first)
    assert [take["number"] for take in chain.document()["takes"]] == list(range(1, count + 2))
    assert {name: path.read_bytes() for name, path in first.files.items()} == contents, "nothing is overwritten"
    assert_sum(chain.take())
    assert_follows(chain, chain.take())
    assert verify(load(chain.folder)) == ()


def assert_follows(chain: Chain, take: Take) -> None:
    """What people open shows the take in use."""
    placed = otio.adapters.read_from_file(str(chain.folder / "cue.otio"))
    told = {clip.media_reference.target_url for clip in placed.find_clips()}
    assert told == {str(path) for name, path in take.files.items() if name != "mix"}
    assert Score(str(chain.folder / "cue.mid")).end() > 0
    assert (chain.folder / "cue.html").stat().st_mtime_ns >= (chain.folder / "cue.json").stat().st_mtime_ns
    left = {path.name for path in (chain.folder / "takes").iterdir()}
    assert left == {f"{one['number']:03d}" for one in chain.document()["takes"]}, "nothing half done is left"


def test_ten_rerolls_in_a_row_leave_everything_in_its_place(scored: Scored, tmp_path: Path) -> None:
    in_a_row(copied(scored(FEW[1]), tmp_path / "cue"), 10)


@pytest.mark.slow
def test_a_hundred_rerolls_in_a_row_leave_everything_in_its_place(scored: Scored, tmp_path: Path) -> None:
    in_a_row(copied(scored(MANY[-1]), tmp_path / "cue"), 100)
