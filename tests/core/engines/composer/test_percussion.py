"""The drums stem: grooves, fills, and what the direction forbids."""

from __future__ import annotations

import numpy as np
import pytest

from core.brief import Meter
from core.engines.composer.grooves import KICKS, kick_beats
from core.engines.composer.percussion import rhythm_parts
from core.engines.composer.score import Part
from tests.core.engines.composer.outlines import STYLES, TEMPO, make_brief, make_outline

GROOVING = [style for style in STYLES if style != "ambient"]
METERS = (Meter(3, 4), Meter(4, 4), Meter(5, 4), Meter(6, 8), Meter(7, 8))


def beats_played(parts: tuple[Part, ...], beat_seconds: float) -> set[tuple[str, float]]:
    """Every stroke as (drum, beat position)."""
    return {(part.instrument, round(note.start / beat_seconds, 3)) for part in parts for note in part.notes}


@pytest.mark.parametrize("meter", METERS, ids=str)
@pytest.mark.parametrize("style", GROOVING)
def test_every_stroke_lies_on_a_sixteenth(style: str, meter: Meter) -> None:
    outline = make_outline(make_brief(style, meter=meter))
    step = (1 / 6 if meter.compound else 0.5 if meter.denominator == 8 else 0.25) * outline.brief.plan.tempo_map.beats[
        1
    ]
    parts = rhythm_parts(outline)
    assert parts
    for part in parts:
        assert part.stem == "drums"
        if part.instrument != "cymbal_swell":
            places = np.array([note.start for note in part.notes]) / step
            assert np.abs(places - np.round(places)).max() < 1e-6


def test_ambient_has_no_drums_and_neither_has_a_cue_without_drums() -> None:
    assert rhythm_parts(make_outline(make_brief("ambient"))) == ()
    assert rhythm_parts(make_outline(make_brief("action", without=("drums",)))) == ()


def test_a_family_that_is_unwanted_stays_silent() -> None:
    everything = {part.instrument for part in rhythm_parts(make_outline(make_brief("electronic")))}
    without = {
        part.instrument for part in rhythm_parts(make_outline(make_brief("electronic", without=("hat", "clap"))))
    }
    assert {"hat_closed", "hat_open", "clap"} <= everything
    assert everything - without >= {"hat_closed", "hat_open", "clap"}
    assert "kick_electronic" in without


def test_a_drum_wished_for_plays_even_in_ambient() -> None:
    parts = rhythm_parts(make_outline(make_brief("ambient", instruments=("tick",))))
    assert "tick" in {part.instrument for part in parts}


@pytest.mark.parametrize("style", GROOVING)
def test_more_energy_means_more_strokes(style: str) -> None:
    brief = make_brief(style)
    calm, full = (
        sum(len(part.notes) for part in rhythm_parts(make_outline(brief, energy=(energy,)))) for energy in (0.1, 0.9)
    )
    assert full > 1.3 * calm


def test_the_kick_is_where_a_bass_will_look_for_it() -> None:
    outline = make_outline(make_brief("lo-fi"), energy=(0.6,))
    kicks = {
        round(note.start / outline.brief.plan.tempo_map.beats[1], 4)
        for part in rhythm_parts(outline)
        if part.instrument in KICKS
        for note in part.notes
    }
    bar = next(bar for bar in outline.bars if bar.section == 1 and not bar.ends_section)
    expected = {bar.first_beat + beat for beat in kick_beats("lo-fi", Meter(4, 4), bar.energy)}
    played = {beat for beat in kicks if bar.first_beat <= beat < bar.first_beat + bar.beats}
    resting = not played
    assert resting or played == expected


@pytest.mark.parametrize("style", GROOVING)
def test_two_seeds_play_differently_and_one_seed_the_same(style: str) -> None:
    first, again, other = (
        beats_played(rhythm_parts(make_outline(make_brief(style, seed=seed))), 60 / TEMPO[style]) for seed in (3, 3, 4)
    )
    assert first == again
    assert len(first & other) / len(first | other) < 0.9


def test_a_section_that_comes_back_brings_its_groove_back() -> None:
    outline = make_outline(make_brief("action", seconds=60, bars_in_section=4), energy=(0.7,))
    names = [section.name for section in outline.brief.plan.sections]
    first, second = [place for place, name in enumerate(names) if name == "B"][:2]
    colour = {"action": ("tom", "rim")}["action"]
    bars = {bar.index: bar for bar in outline.bars}

    def figure(section: int) -> set[tuple[str, float]]:
        opening = next(bar for bar in bars.values() if bar.section == section)
        return {
            (part.instrument, round((note.start - opening.start), 3))
            for part in rhythm_parts(outline)
            if part.instrument in (*colour, "taiko", "snare")
            for note in part.notes
            if opening.start - 1e-6 <= note.start < opening.start + opening.duration - 1e-6
        }

    assert figure(first) == figure(second)
    assert figure(first)


def test_fills_lead_into_new_sections() -> None:
    changed = 0
    for seed in range(6):
        outline = make_outline(make_brief("action", seed=seed), energy=(0.8,))
        beat = float(outline.brief.plan.tempo_map.beats[1])
        played = beats_played(rhythm_parts(outline), beat)
        last = [bar for bar in outline.bars if bar.ends_section][1]
        before = outline.bars[last.index - 2]

        def ending(first: int, played: set[tuple[str, float]] = played) -> set[tuple[str, float]]:
            return {(drum, at - first) for drum, at in played if first + 2 <= at < first + 4}

        changed += ending(last.first_beat) != ending(before.first_beat)
    assert changed >= 5


def test_an_inserted_bar_keeps_its_downbeat_and_moves_the_rest() -> None:
    outline = make_outline(make_brief("electronic", odd_bar=(5, 2)), energy=(0.8,))
    beat = float(outline.brief.plan.tempo_map.beats[1])
    kicks = {at for drum, at in beats_played(rhythm_parts(outline), beat) if drum == "kick_electronic"}
    odd = outline.bars[5]
    assert odd.beats == 2
    following = outline.bars[6]
    assert {float(odd.first_beat), float(odd.first_beat + 1), float(following.first_beat)} <= kicks


def test_under_speech_open_hats_stay_out_and_drums_are_softer() -> None:
    loud = make_outline(make_brief("electronic"), energy=(0.9,))
    soft = make_outline(make_brief("electronic", under_speech=True), energy=(0.9,))
    assert "hat_open" not in {part.instrument for part in rhythm_parts(soft)}

    def mean_velocity(parts: tuple[Part, ...]) -> float:
        return float(np.mean([note.velocity for part in parts for note in part.notes]))

    assert mean_velocity(rhythm_parts(soft)) < mean_velocity(rhythm_parts(loud)) - 8
