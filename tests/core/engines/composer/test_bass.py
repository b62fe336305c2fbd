"""The bass: roots where chords change, together with the kick, stepping into what follows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from core.brief import Meter
from core.engines.composer.bass import bass_line
from core.engines.composer.form import outline
from core.engines.composer.grooves import kick_strokes
from core.engines.composer.ranges import RANGES
from core.engines.composer.sheet import Event, Sheet, sheet
from core.engines.composer.styles import PALETTES
from core.engines.composer.texture import cast
from core.styles import METERS
from tests.core.engines.composer.briefs import tonal_brief
from tests.core.engines.composer.outlines import FOUR_FOUR, STYLES


def written(style: str, meter: Meter = FOUR_FOUR, seed: int = 1) -> tuple[Sheet, str, list[Event]]:
    """The sheet, the player, and the line through all phrases."""
    brief = tonal_brief(style, meter=meter, seed=seed)
    page = sheet(outline(brief), PALETTES[style])
    bass = cast(seed, page.palette, brief.direction).bass
    assert bass is not None
    return page, bass.instruments[0], bass_line(page, bass, page.phrases)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("meter", METERS, ids=str)
def test_the_root_sounds_where_the_chord_changes(style: str, meter: Meter) -> None:
    page, _, line = written(style, meter)
    starts = {round(event.beat, 4): event for event in line}
    for chord in page.chords:
        beat = round(chord.harmony.beat, 4)
        if style == "electronic" and beat not in starts:
            continue  # it answers the kick on the off-beat
        assert starts[beat].pitch % 12 == chord.harmony.bass


@pytest.mark.parametrize("style", [style for style in STYLES if PALETTES[style].bass.locks])
def test_the_bass_locks_with_the_kick(style: str) -> None:
    page, _, line = written(style)
    starts = {round(event.beat, 4) for event in line}
    for bar in page.outline.bars:
        for offset, _ in kick_strokes(style, page.meter, bar.beats, bar.energy):
            assert round(bar.first_beat + offset, 4) in starts


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", range(4))
def test_the_bass_is_low_and_its_player_has_every_note(style: str, seed: int) -> None:
    _, player, line = written(style, seed=seed)
    low, high = RANGES[player]
    assert all(low <= event.pitch <= high for event in line)
    assert np.median([event.pitch for event in line]) < 48


@pytest.mark.parametrize("style", STYLES)
def test_the_bass_plays_one_note_at_a_time(style: str) -> None:
    _, _, line = written(style)
    ordered = sorted(line)
    for before, after in pairwise(ordered):
        assert before.beat + before.beats <= after.beat + 1e-6


def test_the_bass_steps_into_changes() -> None:
    stepped = changes = 0
    for seed in range(6):
        page, _, line = written("uplift", seed=seed)
        ordered = sorted(line)
        for before, after in pairwise(ordered):
            here, there = page.chord_at(before.beat), page.chord_at(after.beat)
            if here.harmony is not there.harmony and here.bass != there.bass:
                changes += 1
                stepped += abs(after.pitch - before.pitch) in (1, 2)
    assert stepped / changes > 0.4
