"""The form: bars that cover the range, energy that follows picture and arch, a key, a plan for every hit."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from core.brief import Brief, Hit, Met, Meter
from core.engines.composer.chords import MODES
from core.engines.composer.form import outline
from core.styles import METERS
from tests.core.engines.composer.briefs import tonal_brief
from tests.core.engines.composer.outlines import STYLES


@pytest.mark.parametrize("meter", METERS, ids=str)
@pytest.mark.parametrize("seconds", [2, 7, 40])
def test_bars_cover_the_range_without_holes(meter: Meter, seconds: int) -> None:
    bars = outline(tonal_brief("uplift", meter=meter, seconds=seconds)).bars
    assert bars[0].start <= 0
    assert bars[-1].start + bars[-1].duration >= seconds
    assert [bar.index for bar in bars] == list(range(len(bars)))
    for before, after in pairwise(bars):
        assert before.first_beat + before.beats == after.first_beat
        assert before.start + before.duration == pytest.approx(after.start)
        assert before.ends_section == (before.section != after.section)
    assert bars[-1].ends_section


def test_an_upbeat_before_the_first_downbeat_is_a_bar_of_its_own() -> None:
    brief = tonal_brief("uplift")
    tempo_map = replace(brief.plan.tempo_map, downbeats=tuple(range(2, len(brief.plan.tempo_map.beats), 4)))
    bars = outline(replace(brief, plan=replace(brief.plan, tempo_map=tempo_map))).bars
    assert (bars[0].first_beat, bars[0].beats) == (0, 2)
    assert (bars[1].first_beat, bars[1].beats) == (2, 4)


def test_an_inserted_bar_keeps_its_own_length() -> None:
    bars = outline(tonal_brief("action", odd_bar=(3, 2))).bars
    assert bars[3].beats == 2
    assert bars[4].beats == 4


@pytest.mark.parametrize("style", STYLES)
def test_energy_moves_gently_from_bar_to_bar(style: str) -> None:
    bars = outline(tonal_brief(style, seconds=60)).bars
    slopes = np.abs(np.diff([bar.energy for bar in bars])) / [bar.duration for bar in bars[:-1]]
    assert slopes.max() < 0.16
    assert all(0 <= bar.energy <= 1 for bar in bars)


def test_energy_may_jump_where_a_strong_hit_opens_a_section() -> None:
    calm = tonal_brief("uplift", seconds=60, hits=0)
    section = calm.plan.sections[3]
    busy = [Met(hit_at(section.start + 0.5 * index), True, "beat") for index in range(1, 20)]
    jump = Met(hit_at(section.start, must=True), True, "beat", float(section.first_beat))
    with_hit = replace(calm, plan=replace(calm.plan, met=(jump, *busy)))
    without = replace(calm, plan=replace(calm.plan, met=tuple(busy)))
    assert step_at(with_hit, section.start) > 2 * step_at(without, section.start)


def hit_at(time: float, must: bool = False) -> Hit:
    return Hit(time, "marker" if must else "cut", 1.0 if must else 0.4, must=must)


def step_at(brief: Brief, time: float) -> float:
    bars = outline(brief).bars
    place = next(index for index, bar in enumerate(bars) if abs(bar.start - time) < 0.01)
    return bars[place].energy - bars[place - 1].energy


@pytest.mark.parametrize("style", STYLES)
def test_the_form_builds_and_has_its_climax_after_the_middle(style: str) -> None:
    still = tonal_brief(style, seconds=90, hits=0)
    still = replace(still, picture=replace(still.picture, motion=np.full_like(still.picture.motion, 0.4)))
    bars = outline(still).bars
    loudest = max(bars, key=lambda bar: bar.energy)
    assert 0.55 < loudest.start / 90 < 0.9
    assert bars[0].energy < 0.6 * loudest.energy


def test_the_music_draws_breath_before_its_climax() -> None:
    still = tonal_brief("action", seconds=90, hits=0)
    energies = {round(bar.start): bar.energy for bar in outline(still).bars}
    peak = max(energies, key=lambda start: energies[start])
    before = [energy for start, energy in energies.items() if 0.3 * peak < start < peak]
    assert any(later < earlier - 0.02 for earlier, later in pairwise(before)), (
        "energy only ever rises towards the climax"
    )


def test_energy_follows_the_picture() -> None:
    brief = tonal_brief("documentary", seconds=60, hits=0)
    count = len(brief.picture.motion)
    early = np.where(np.arange(count) < count // 2, 0.8, 0.05)
    lively_first = outline(replace(brief, picture=replace(brief.picture, motion=early))).bars
    lively_last = outline(replace(brief, picture=replace(brief.picture, motion=early[::-1].copy()))).bars
    assert lively_first[4].energy > lively_last[4].energy + 0.1
    assert lively_first[-4].energy < lively_last[-4].energy - 0.1


def test_a_picture_that_nobody_saw_is_scored_from_its_cuts() -> None:
    brief = tonal_brief("action")
    blind = replace(brief, picture=replace(brief.picture, motion=np.full_like(brief.picture.motion, np.nan)))
    assert all(np.isfinite(bar.energy) for bar in outline(blind).bars)


def test_under_speech_the_level_is_steady() -> None:
    energies = [bar.energy for bar in outline(tonal_brief("uplift", under_speech=True)).bars]
    assert np.ptp(energies) < 1e-9


def test_big_and_sparse_raise_and_lower_the_energy() -> None:
    means = [
        np.mean([bar.energy for bar in outline(tonal_brief("uplift", prompt)).bars])
        for prompt in ("sparse", "", "huge")
    ]
    assert means[0] < means[1] < means[2]


@pytest.mark.parametrize("mode", MODES)
def test_key_and_mode_asked_for_are_kept(mode: str) -> None:
    written = outline(tonal_brief("action", f"in F# {mode}"))
    assert (written.tonic, written.mode) == (6, mode)
    assert len(set(written.scale)) == 7
    assert written.scale[0] == 6


def test_keys_vary_with_the_seed_and_modes_are_the_styles_own() -> None:
    keys = {(o.tonic, o.mode) for o in (outline(tonal_brief("lo-fi", seed=seed)) for seed in range(12))}
    assert len({tonic for tonic, _ in keys}) > 4
    assert {mode for _, mode in keys} == {"ionian", "dorian"}


def test_dark_wishes_take_the_darker_modes() -> None:
    def dark_share(prompt: str) -> float:
        modes = [outline(tonal_brief("ambient", prompt, seed=seed)).mode for seed in range(20)]
        return modes.count("aeolian") / len(modes)

    assert dark_share("muted mellow warm") >= dark_share("bright")


def test_the_outline_is_the_same_for_the_same_brief() -> None:
    one, other = outline(tonal_brief("comedy")), outline(tonal_brief("comedy"))
    assert (one.bars, one.harmony, one.gestures, one.final) == (other.bars, other.harmony, other.gestures, other.final)
