"""The composer from outside: what a brief asks for is in the score, and rooms are left where they should be."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest

from core.brief import Brief, Ending, Meter, Note
from core.engines.composer.chords import MODES
from core.engines.composer.compose import compose, tonal_parts
from core.engines.composer.form import outline
from core.engines.composer.ranges import RANGES
from core.engines.composer.score import Part
from core.engines.composer.sheet import sheet
from core.engines.composer.styles import PALETTES
from core.engines.composer.texture import cast, textures
from core.styles import METERS
from core.words import PART_WORDS
from tests.core.engines.composer.briefs import tonal_brief
from tests.core.engines.composer.outlines import STYLES

DIATONIC = tuple(style for style in STYLES if style not in ("tension", "comedy"))


def parts_of(brief: Brief) -> tuple[Part, ...]:
    return tonal_parts(outline(brief))


def notes_of(parts: tuple[Part, ...], stem: str | None = None) -> list[Note]:
    return [note for part in parts for note in part.notes if stem in (None, part.stem)]


@pytest.mark.parametrize("style", STYLES)
def test_the_same_brief_gives_the_same_score(style: str) -> None:
    assert compose(tonal_brief(style)) == compose(tonal_brief(style))


@pytest.mark.parametrize("style", STYLES)
def test_a_cue_has_bass_harmony_and_melody(style: str) -> None:
    assert {part.stem for part in parts_of(tonal_brief(style, seconds=60))} == {"bass", "harmony", "melody"}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", range(4))
def test_every_instrument_is_known_and_has_all_its_notes(style: str, seed: int) -> None:
    for part in parts_of(tonal_brief(style, seed=seed)):
        low, high = RANGES[part.instrument]
        assert all(low <= note.pitch <= high for note in part.notes), part.name


@pytest.mark.parametrize("style", DIATONIC)
def test_music_stays_in_its_key(style: str) -> None:
    for seed in range(6):
        written = outline(tonal_brief(style, seed=seed, seconds=60))
        inside = [note.pitch % 12 in written.scale for note in notes_of(tonal_parts(written))]
        assert np.mean(inside) >= 0.95


def overlap(one: list[Note], other: list[Note]) -> float:
    """Share of notes that two cues have in common, by time and pitch."""
    a, b = ({(round(note.start, 2), note.pitch) for note in notes} for notes in (one, other))
    return len(a & b) / len(a | b)


@pytest.mark.parametrize("style", STYLES)
def test_seeds_give_clearly_different_music_even_in_one_key(style: str) -> None:
    asked = "in D dorian"
    cues = [parts_of(tonal_brief(style, asked, seed=seed)) for seed in range(5)]
    overlaps = [overlap(notes_of(one), notes_of(other)) for one, other in pairwise(cues)]
    assert np.mean(overlaps) < 0.4
    walks = [tuple(chord.name for chord in outline(tonal_brief(style, asked, seed=seed)).harmony) for seed in range(5)]
    assert len(set(walks)) >= 4
    rhythms = [frozenset(round(note.start, 2) for note in notes_of(cue, "melody")) for cue in cues]
    assert len(set(rhythms)) >= 4


@pytest.mark.parametrize("style", STYLES)
def test_notes_lie_on_the_grid(style: str) -> None:
    brief = tonal_brief(style)
    for note in notes_of(parts_of(brief)):
        sixteenths = 4 * brief.plan.tempo_map.beat_at(note.start)
        assert abs(sixteenths - round(sixteenths)) < 1e-6


@pytest.mark.parametrize("style", [style for style in STYLES if style != "ambient"])
def test_the_beat_is_heard(style: str) -> None:
    brief = tonal_brief(style, seconds=60)
    starts = np.array(sorted({note.start for note in notes_of(parts_of(brief)) if note.velocity > 60}))
    beats = brief.plan.tempo_map.beats
    beats = beats[(beats > 4) & (beats < outline(brief).final.time)]
    met = [np.abs(starts - beat).min() < 1e-6 for beat in beats]
    assert np.mean(met) > 0.8


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", range(3))
def test_in_every_section_at_least_one_part_rests(style: str, seed: int) -> None:
    brief = tonal_brief(style, seed=seed, seconds=90)
    written = outline(brief)
    parts = tonal_parts(written)
    for section in brief.plan.sections:
        end = min(section.start + section.duration, written.final.time) - 1e-6
        playing = {
            part.name.replace("answer", "tune")
            for part in parts
            if any(section.start - 1e-6 <= note.start < end for note in part.notes)
        }
        band = cast(seed, PALETTES[style], brief.direction)
        assert len(playing) < len(band.layers) + 2


@pytest.mark.parametrize("style", STYLES)
def test_few_parts_change_from_phrase_to_phrase(style: str) -> None:
    for seed in range(4):
        written = outline(tonal_brief(style, seed=seed, seconds=120))
        page = sheet(written, PALETTES[style])
        playing = textures(written, page.phrases, cast(seed, page.palette, written.brief.direction))
        by_phrase = [
            {name for name, phrases in playing.items() if any(p.index == phrase.index for p in phrases)}
            for phrase in page.phrases
        ]
        assert all(by_phrase)
        for (before, after), phrase in zip(pairwise(by_phrase), page.phrases[1:], strict=True):
            assert len(before ^ after) <= (3 if phrase.place == 0 else 2)


@pytest.mark.parametrize("style", STYLES)
def test_more_is_played_where_the_energy_is_high(style: str) -> None:
    quiet, full = (parts_of(tonal_brief(style, wish)) for wish in ("sparse, minimal", "huge, massive"))
    assert len(notes_of(full)) > 1.2 * len(notes_of(quiet))
    assert len(full) >= len(quiet)
    assert np.mean([n.velocity for n in notes_of(full)]) > np.mean([n.velocity for n in notes_of(quiet)])


@pytest.mark.parametrize("stem", ["bass", "harmony", "melody"])
@pytest.mark.parametrize("style", STYLES)
def test_a_stem_that_is_refused_stays_silent(style: str, stem: str) -> None:
    assert notes_of(parts_of(tonal_brief(style, f"without {stem}")), stem) == []


@pytest.mark.parametrize("style", STYLES)
def test_a_refused_instrument_is_replaced_or_left_out(style: str) -> None:
    for part in parts_of(tonal_brief(style)):
        family = part.instrument.split("_")[0]
        word = next((word for word, meaning in PART_WORDS.items() if meaning.parts == (family,)), None)
        if word is None or family == "bass":
            continue
        spared = parts_of(tonal_brief(style, f"no {word}"))
        assert spared
        assert all(other.instrument.split("_")[0] != family for other in spared)


@pytest.mark.parametrize("style", ["uplift", "tension", "comedy", "ambient"])
@pytest.mark.parametrize(
    "instrument", [name for name in RANGES if any(m.parts == (name,) for m in PART_WORDS.values())]
)
def test_every_instrument_asked_for_plays(style: str, instrument: str) -> None:
    word = next(word for word, meaning in PART_WORDS.items() if meaning.parts == (instrument,))
    playing = {part.instrument for part in parts_of(tonal_brief(style, f"with {word}"))}
    assert any(name == instrument or name.startswith(f"{instrument}_") for name in playing)


def test_dark_is_lower_than_bright() -> None:
    def height(prompt: str) -> float:
        return float(np.mean([note.pitch for note in notes_of(parts_of(tonal_brief("uplift", prompt, seconds=60)))]))

    assert height("in C ionian, dark") < height("in C ionian, bright") - 2


@pytest.mark.parametrize("style", STYLES)
def test_under_speech_there_is_no_tune_nothing_high_and_a_steady_touch(style: str) -> None:
    parts = parts_of(tonal_brief(style, under_speech=True))
    assert notes_of(parts)
    assert notes_of(parts, "melody") == []
    assert max(note.pitch for note in notes_of(parts)) <= 79
    with_tune = parts_of(tonal_brief(style))
    assert len(notes_of(parts)) < len(notes_of(with_tune))
    for part in parts:
        softest, loudest = np.percentile([note.velocity for note in part.notes], [5, 95])
        assert loudest - softest <= 30


@pytest.mark.parametrize("ending", ["button", "ring", "cut", "lead-out"])
@pytest.mark.parametrize("style", STYLES)
def test_the_ending_is_played(style: str, ending: Ending) -> None:
    written = outline(tonal_brief(style, ending=ending))
    notes = notes_of(tonal_parts(written))
    at = written.final.time
    closing = [note for note in notes if abs(note.start - at) < 1e-6]
    assert written.harmony_at(written.final.beat).root == written.tonic
    after = [note for note in notes if note.start > at + 1e-6]
    if ending in ("button", "ring"):
        assert after == []
        assert min(closing, key=lambda note: note.pitch).pitch % 12 == written.tonic
        assert len({note.pitch for note in closing}) >= 3
    assert max(note.start + note.duration for note in notes) <= written.brief.seconds + 1e-9


@pytest.mark.parametrize("seconds", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("style", STYLES)
def test_a_sting_is_a_gesture_and_a_chord(style: str, seconds: int) -> None:
    score = compose(tonal_brief(style, seconds=seconds))
    pitched = [note for part in score.parts if part.stem in ("bass", "harmony", "melody") for note in part.notes]
    assert len({note.pitch % 12 for note in pitched}) >= 2
    assert all(0 <= note.start < seconds for note in pitched)


@pytest.mark.parametrize("meter", METERS, ids=str)
@pytest.mark.parametrize("mode", MODES)
def test_every_meter_and_mode_can_be_written_in_every_style(meter: Meter, mode: str) -> None:
    for style in STYLES:
        brief = tonal_brief(style, f"Bb {mode}", meter=meter, seconds=20)
        written = outline(brief)
        notes = notes_of(tonal_parts(written))
        assert written.scale[0] == 10
        if style in DIATONIC:
            assert np.mean([note.pitch % 12 in written.scale for note in notes]) >= 0.95
        assert len(compose(brief).parts) > 2


def test_chords_and_hits_reach_the_score() -> None:
    brief = tonal_brief("action")
    score = compose(brief)
    assert len(score.how) == len(brief.plan.met)
    assert score.chords[0].start == 0
    assert score.chords[-1].start + score.chords[-1].duration == pytest.approx(brief.seconds)


def cpu_seconds(brief: Brief) -> float:
    """Processor time that composing takes."""
    begin = time.process_time()
    compose(brief)
    return time.process_time() - begin


@pytest.mark.slow
def test_an_hour_is_written_in_linear_time() -> None:
    short = cpu_seconds(tonal_brief("electronic", seconds=600, hits=150))
    long = cpu_seconds(tonal_brief("electronic", seconds=3600, hits=900))
    assert long < 10 * short + 0.5
