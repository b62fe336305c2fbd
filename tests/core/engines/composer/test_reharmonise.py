"""Kept chords read back, and other chords between them: they leave from one and arrive at the next."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from core.brief import Brief, StemName
from core.engines.composer.chords import Key, build
from core.engines.composer.finishing import chords
from core.engines.composer.form import outline
from core.engines.composer.kept import gestures_of, harmony_of, part_of, track_of
from core.engines.composer.outline import Harmony, Outline
from core.engines.composer.reharmonise import reharmonise
from core.engines.composer.reroll import reroll
from core.engines.composer.styles import PALETTES
from core.engines.composer.voicing import voice
from core.errors import EngineNotReady
from tests.core.engines.composer.briefs import tonal_brief
from tests.core.engines.composer.holes import bars_at, hole_in, made
from tests.core.engines.composer.outlines import STYLES

PROMPTS = ("", "in C minor", "in F# major", "dorian", "lydian")


def key_of(plan: Outline) -> Key:
    return Key(plan.tonic, plan.mode)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("prompt", PROMPTS)
def test_chords_read_back_from_their_names_are_the_harmony_they_were(style: str, prompt: str) -> None:
    for seed in range(8):
        brief = tonal_brief(style, prompt, seed=seed)
        plan = outline(brief)
        back = harmony_of(chords(plan), key_of(plan), plan.bars, brief)
        assert len(back) == len(plan.harmony)
        for one, other in zip(back, plan.harmony, strict=True):
            assert (one.name, one.root, one.bass, one.tones) == (other.name, other.root, other.bass, other.tones)
            assert one.beat == pytest.approx(other.beat, abs=1e-6)
            assert one.beats == pytest.approx(other.beats, abs=1e-6)
            assert one.tension == pytest.approx(other.tension)


@pytest.mark.parametrize("style", STYLES)
def test_parts_and_gestures_come_back_from_the_take(style: str) -> None:
    brief, kept = made(style)
    assert tuple(track_of(part_of(track)) for track in kept.tracks) == kept.tracks
    drawn = outline(brief).gestures
    back = gestures_of(brief, kept)
    assert [(g.index, g.how) for g in back] == [(g.index, kept.how[g.index]) for g in drawn]
    assert [g.beat for g in back] == pytest.approx([g.beat for g in drawn])


def test_a_cue_without_chords_is_refused() -> None:
    brief, kept = made("uplift")
    with pytest.raises(EngineNotReady, match="no chords"):
        reroll(brief, hole_in(brief, replace(kept, chords=()), 2.0, 8.0))


def plan_of(style: str, seed: int, new_seed: int) -> Outline:
    brief: Brief = tonal_brief(style, seed=seed)
    plan = outline(brief)
    return replace(plan, brief=replace(brief, seed=new_seed))


@pytest.mark.parametrize("style", STYLES)
def test_new_chords_fill_the_stretch_and_leave_the_rest(style: str) -> None:
    changed = 0
    for seed in range(6):
        plan = plan_of(style, seed, 100 + seed)
        bars = plan.bars
        start, end = float(bars[3].first_beat), float(bars[9].first_beat)
        new = reharmonise(plan, PALETTES[style], start, end)
        assert new[0].beat == plan.harmony[0].beat
        assert all(a.beat + a.beats == pytest.approx(b.beat) for a, b in pairwise(new))
        assert new[-1].beat + new[-1].beats == pytest.approx(plan.harmony[-1].beat + plan.harmony[-1].beats)
        outside = [c for c in plan.harmony if c.beat + c.beats <= start or c.beat >= end]
        assert all(chord in new for chord in outside)
        sounding = [chord_at(plan.harmony, end - 1e-3 + 2e-3), chord_at(new, end - 1e-3 + 2e-3)]
        assert sounding[0].name == sounding[1].name
        changed += [c.name for c in new] != [c.name for c in plan.harmony]
    assert changed >= 4


def chord_at(harmony: tuple[Harmony, ...], beat: float) -> Harmony:
    return [chord for chord in harmony if chord.beat <= beat][-1]


@pytest.mark.parametrize("style", ["uplift", "comedy", "documentary", "action"])
def test_the_moves_at_both_ends_are_the_styles_own(style: str) -> None:
    known = total = 0
    for seed in range(12):
        plan = plan_of(style, seed, 200 + seed)
        key = key_of(plan)
        start, end = float(plan.bars[3].first_beat), float(plan.bars[9].first_beat)
        new = reharmonise(plan, PALETTES[style], start, end)
        fresh = [chord for chord in new if chord not in plan.harmony]
        if not fresh:
            continue
        first, last = new.index(fresh[0]), new.index(fresh[-1])
        for here, there in ((first - 1, first), (last, last + 1)):
            if here < 0:
                continue
            total += 1
            known += (new[here].root, new[there].root) in moves_of(style, key)
    assert total > 12
    assert known / total > 0.75


def moves_of(style: str, key: Key) -> set[tuple[int, int]]:
    """The moves from root to root that a style's progressions make, going round."""
    texts = [text.split() for _, text in (PALETTES[style].major if key.major else PALETTES[style].minor)]
    return {
        (build(key, here).root, build(key, there).root)
        for degrees in texts
        for here, there in pairwise([*degrees, degrees[0]])
    }


def test_there_is_no_new_harmony_in_a_bar_and_none_under_the_last_cadence() -> None:
    plan = plan_of("uplift", 1, 7)
    bars = plan.bars
    assert reharmonise(plan, PALETTES["uplift"], float(bars[4].first_beat), float(bars[5].first_beat)) == plan.harmony
    end = float(bars[-1].first_beat + bars[-1].beats)
    whole = reharmonise(plan, PALETTES["uplift"], float(bars[0].first_beat), end)
    assert whole[-2:] == plan.harmony[-2:]


@pytest.mark.parametrize("style", STYLES)
def test_the_harmony_stands_while_a_part_that_carries_it_stays(style: str) -> None:
    brief, kept = made(style)
    tonal = {track.stem for track in kept.tracks} & {"bass", "harmony", "melody"}
    several: tuple[tuple[StemName, ...], ...] = (("harmony", "drums"), ("melody",), ("drums", "effects"))
    for stems in several:
        if tonal <= set(stems):
            continue
        hole = hole_in(brief, kept, *bars_at(brief, 1, 4), stems)
        assert reroll(replace(brief, seed=4), hole).score.chords == kept.chords


def test_layouts_lean_with_chance_between_layouts_that_are_given() -> None:
    plan = outline(tonal_brief("uplift", seed=3))
    usual = voice(plan.harmony)
    pinned = {place: laid for place, laid in enumerate(usual) if not 3 <= place < 8}
    ways = [voice(plan.harmony, pinned=pinned, rng=np.random.default_rng(seed)) for seed in (1, 2)]
    for way in ways:
        assert all(way[place].upper == laid.upper for place, laid in pinned.items())
        moved = [sum(abs(a - b) for a, b in zip(x.upper, y.upper, strict=True)) for x, y in pairwise(way)]
        assert max(moved) <= 24
    assert len({tuple(laid.upper for laid in way) for way in (*ways, usual)}) == 3
