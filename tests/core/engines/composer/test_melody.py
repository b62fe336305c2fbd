"""The tune: a motif that returns, chord tones where it matters, one climax in each section, and rests."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from core.brief import Meter
from core.engines.composer.form import outline
from core.engines.composer.grid import strength
from core.engines.composer.melody import melody
from core.engines.composer.motif import form, invent, unit
from core.engines.composer.sheet import Event, Sheet, sheet
from core.engines.composer.streams import stream
from core.engines.composer.styles import PALETTES
from core.styles import METERS
from tests.core.engines.composer.briefs import tonal_brief
from tests.core.engines.composer.outlines import FOUR_FOUR, STYLES

SUNG = tuple(style for style in STYLES if style not in ("comedy",))


def written(style: str, seed: int = 1, **wishes: object) -> tuple[Sheet, list[Event]]:
    """The sheet and the whole line, played through all phrases."""
    palette = PALETTES[style]
    page = sheet(outline(tonal_brief(style, seed=seed, seconds=60, **wishes)), palette)  # type: ignore[arg-type]
    leading, answering = melody(page, palette.tune, page.phrases)
    return page, sorted((*leading, *answering))


def bar_of(page: Sheet, beat: float) -> tuple[int, int, float]:
    """The bar's index and length and the offset in it."""
    bar = max((bar for bar in page.outline.bars if bar.first_beat <= beat + 1e-6), key=lambda bar: bar.index)
    return bar.index, bar.beats, beat - bar.first_beat


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", range(3))
def test_strong_places_have_chord_tones(style: str, seed: int) -> None:
    page, line = written(style, seed)
    for event in line:
        _, beats, offset = bar_of(page, event.beat)
        if strength(FOUR_FOUR, beats, offset) >= 0.7:
            assert event.pitch % 12 in page.chord_at(event.beat).harmony.tones


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", range(3))
def test_each_section_has_one_climax_and_it_lies_past_the_middle(style: str, seed: int) -> None:
    page, line = written(style, seed)
    for section in range(page.outline.bars[-1].section):
        bars = [bar for bar in page.outline.bars if bar.section == section]
        begin, end = bars[0].first_beat, bars[-1].first_beat + bars[-1].beats
        notes = [event for event in line if begin <= event.beat < end]
        strong = [event for event in notes if strength(FOUR_FOUR, 4, (event.beat - begin) % 4) >= 0.7]
        if len(strong) < 3:
            continue
        top = max(event.pitch for event in notes)
        peaks = [event for event in notes if event.pitch == top]
        assert len(peaks) == 1
        nearest = min(abs((event.beat - begin) / (end - begin) - 0.66) for event in strong)
        assert abs((peaks[0].beat - begin) / (end - begin) - 0.66) <= nearest + 0.15


@pytest.mark.parametrize("style", SUNG)
@pytest.mark.parametrize("seed", range(3))
def test_the_line_is_singable(style: str, seed: int) -> None:
    page, line = written(style, seed)
    tune = page.palette.tune
    leaps = [abs(after.pitch - before.pitch) for before, after in pairwise(line)]
    assert all(tune.low <= event.pitch <= tune.high for event in line)
    assert np.mean(np.array(leaps) <= 5) > 0.6
    assert max(leaps) <= 17


@pytest.mark.parametrize("style", STYLES)
def test_phrases_breathe(style: str) -> None:
    page, line = written(style)
    for phrase in page.phrases[:-1]:
        inside = [event for event in line if phrase.first_beat <= event.beat < phrase.end_beat]
        if len(phrase.bars) == 4 and inside:
            assert phrase.end_beat - (inside[-1].beat + inside[-1].beats) >= 0.4


@pytest.mark.parametrize("style", STYLES)
def test_notes_do_not_overlap(style: str) -> None:
    _, line = written(style)
    assert all(before.beat + before.beats <= after.beat + 1e-6 for before, after in pairwise(line))


@pytest.mark.parametrize("style", [style for style in STYLES if style not in ("tension", "comedy", "action")])
def test_the_line_stays_in_its_key(style: str) -> None:
    for seed in range(4):
        page, line = written(style, seed)
        assert np.mean([event.pitch % 12 in page.outline.scale for event in line]) >= 0.95


def rhythm(page: Sheet, line: list[Event], section: int, bars: int = 2) -> set[float]:
    """Where notes start in the first bars of a section, in beats from its start."""
    begin = next(bar.first_beat for bar in page.outline.bars if bar.section == section)
    return {round(event.beat - begin, 2) for event in line if begin <= event.beat < begin + 4 * bars}


def test_the_motif_comes_back_with_its_idea_and_not_with_another() -> None:
    back, other = [], []
    for seed in range(8):
        page, line = written("uplift", seed, hits=0)
        first, second, again = (rhythm(page, line, section) for section in (0, 1, 2))
        back.append(len(first & again) / len(first | again))
        other.append(len(first & second) / len(first | second))
    assert np.mean(back) > 0.85
    assert np.mean(back) > np.mean(other) + 0.3


def test_seeds_invent_different_tunes() -> None:
    lines = [tuple((round(e.beat, 2), e.pitch) for e in written("documentary", seed)[1]) for seed in range(6)]
    for one, other in pairwise(lines):
        assert len(set(one) & set(other)) / len(set(one) | set(other)) < 0.3


@pytest.mark.parametrize("meter", METERS, ids=str)
@pytest.mark.parametrize("style", STYLES)
def test_motifs_fit_their_bars_in_every_meter(style: str, meter: Meter) -> None:
    tune = PALETTES[style].tune
    for seed in range(20):
        motif = invent(stream(seed, "test"), tune, meter, 2)
        assert motif.beats == 2 * meter.beats
        assert motif.notes
        ends = [note.offset + note.beats for note in motif.notes]
        assert all(end <= after.offset + 1e-6 for end, after in zip(ends, motif.notes[1:], strict=False))
        assert ends[-1] <= motif.beats + 1e-6
        assert max(abs(note.step) for note in motif.notes) <= 6


def test_a_motif_is_sequenced_inverted_and_closed() -> None:
    motif = invent(stream(3, "test"), PALETTES["uplift"].tune, FOUR_FOUR, 2)
    steps = [note.step for note in motif.notes]
    assert [note.step for note in unit(motif, "s").notes] == [step + 1 for step in steps]
    assert [note.step for note in unit(motif, "i").notes] == [-step for step in steps]
    assert unit(motif, "r").notes == ()
    closing = unit(motif, "c").notes[-1]
    assert closing.offset + closing.beats <= motif.beats - 1


def test_every_form_ends_with_a_close() -> None:
    for units in range(1, 12):
        for seed in range(10):
            letters = form(stream(seed, "form"), units, 0.3)
            assert len(letters) == units
            assert letters[-1] == "c"
