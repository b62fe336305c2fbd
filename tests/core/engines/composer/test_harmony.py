"""Harmony: chords of any mode, a walk that is typical for its style, cadences, and voices that lead well."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from core.engines.composer.chords import MODES, Key, build, name_of
from core.engines.composer.form import outline
from core.engines.composer.outline import Harmony, Outline
from core.engines.composer.voicing import BASS_HIGH, BASS_LOW, HIGH, LOW, Voiced, voice
from core.styles import METERS
from tests.core.engines.composer.briefs import tonal_brief
from tests.core.engines.composer.outlines import STYLES

SEEDS = range(6)
DIATONIC = tuple(style for style in STYLES if style not in ("tension", "comedy"))


def outlines(style: str, prompt: str = "", **wishes: int) -> list[Outline]:
    return [outline(tonal_brief(style, prompt, seed=seed, **wishes)) for seed in SEEDS]  # type: ignore[arg-type]


def section_chords(written: Outline, section: int) -> list[Harmony]:
    """The chords that begin in a section."""
    bars = [bar for bar in written.bars if bar.section == section]
    begin, end = bars[0].first_beat, bars[-1].first_beat + bars[-1].beats
    return [chord for chord in written.harmony if begin <= chord.beat < end]


@pytest.mark.parametrize(
    ("degree", "colour", "tones", "name"),
    [
        ("1", "triad", (0, 4, 7), "C"),
        ("2", "seventh", (2, 5, 9, 0), "Dm7"),
        ("5", "seventh", (7, 11, 2, 5), "G7"),
        ("1", "ninth", (0, 4, 7, 11, 2), "Cmaj9"),
        ("4", "add9", (5, 9, 0, 7), "Fadd9"),
        ("1", "power", (0, 7), "C5"),
        ("5", "sus4", (7, 0, 2), "Gsus4"),
        ("6", "open", (9, 11, 4), "Asus2"),
        ("7", "triad", (7, 11, 2), "G"),
        ("27", "triad", (2, 6, 9, 0), "D7"),
        ("b6M", "triad", (8, 0, 3), "G#"),
        ("4m", "triad", (5, 8, 0), "Fm"),
    ],
)
def test_degrees_of_c_major_are_the_chords_musicians_mean(
    degree: str, colour: str, tones: tuple[int, ...], name: str
) -> None:
    key = Key(0, "ionian")
    built = build(key, degree, colour)
    assert built.tones == tones
    assert name_of(key, built.root, built.tones, built.root) == name


def test_names_use_the_letters_of_the_key() -> None:
    assert name_of(Key(5, "ionian"), 10, (10, 2, 5), 5) == "Bb/F"
    assert name_of(Key(4, "ionian"), 8, (8, 11, 3), 8) == "G#m"


@pytest.mark.parametrize("mode", MODES)
def test_plain_degrees_never_leave_their_mode(mode: str) -> None:
    key = Key(3, mode)
    for degree in "1234567":
        for colour in ("triad", "seventh", "ninth", "add9", "power", "open", "sus4"):
            assert set(build(key, degree, colour).tones) <= set(key.scale)


def test_what_is_no_degree_is_refused() -> None:
    with pytest.raises(ValueError, match="no degree"):
        build(Key(0, "ionian"), "8")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("meter", METERS, ids=str)
def test_chords_cover_the_bars_without_holes_and_end_on_the_tonic(style: str, meter: object) -> None:
    written = outline(tonal_brief(style, meter=meter))  # type: ignore[arg-type]
    last = written.bars[-1]
    assert written.harmony[0].beat == written.bars[0].first_beat
    for before, after in pairwise(written.harmony):
        assert before.beat + before.beats == pytest.approx(after.beat)
    assert written.harmony[-1].beat + written.harmony[-1].beats == pytest.approx(last.first_beat + last.beats)
    assert written.harmony_at(written.final.beat).root == written.tonic


@pytest.mark.parametrize("style", STYLES)
def test_sections_end_with_a_cadence(style: str) -> None:
    for written in outlines(style, seconds=60):
        for section in range(written.bars[-1].section):
            closing = section_chords(written, section)
            if len(closing) < 2 or closing[-1].beat + closing[-1].beats > written.final.beat - 4:
                continue
            last, before = closing[-1], closing[-2]
            half = last.tension >= 0.8
            deceptive = before.tension >= 0.8 and last.root != written.tonic
            assert half or deceptive, f"{[chord.name for chord in closing]} ends nowhere"


@pytest.mark.parametrize("style", STYLES)
def test_the_last_chord_is_approached_by_a_dominant_or_a_subdominant(style: str) -> None:
    for written in outlines(style):
        place = next(i for i, chord in enumerate(written.harmony) if chord.beat >= written.final.beat - 1e-6)
        assert written.harmony[place - 1].tension >= 0.5


@pytest.mark.parametrize("style", DIATONIC)
def test_chords_stay_in_their_key(style: str) -> None:
    for written in outlines(style, seconds=60):
        weights = [(chord.beats, np.mean([tone in written.scale for tone in chord.tones])) for chord in written.harmony]
        share = sum(beats * inside for beats, inside in weights) / sum(beats for beats, _ in weights)
        assert share >= 0.95


def test_an_idea_that_comes_back_keeps_its_progression_but_for_one_chord() -> None:
    same = different = 0
    for style in ("uplift", "lo-fi", "documentary"):
        for seed in SEEDS:
            written = outline(tonal_brief(style, seed=seed, seconds=80, hits=0))
            first, second, back = (section_chords(written, section)[:3] for section in (0, 1, 2))
            same += sum(a.root == b.root for a, b in zip(first, back, strict=False))
            different += sum(a.root == b.root for a, b in zip(first, second, strict=False))
    assert same > 1.8 * different


def test_strong_accents_are_met_by_a_chord() -> None:
    met = total = 0
    for seed in SEEDS:
        written = outline(tonal_brief("action", seed=seed, musts=(17.0, 34.0, 51.0)))
        starts = [chord.beat for chord in written.harmony]
        for gesture in written.gestures:
            if gesture.strong and gesture.how == "accent" and gesture.beat < written.final.beat:
                total += 1
                met += min(abs(start - gesture.beat) for start in starts) <= 1.0
    assert met / total > 0.9


def test_calm_music_changes_chords_slower_than_fierce_music() -> None:
    calm, fierce = (
        outline(tonal_brief("action", prompt, hits=0)).harmony for prompt in ("sparse thin", "huge massive")
    )
    assert len(fierce) > 1.2 * len(calm)


def test_tension_stands_on_its_pedal() -> None:
    chords = [
        (chord.beats, chord.bass == written.tonic) for written in outlines("tension") for chord in written.harmony
    ]
    assert sum(beats for beats, pedal in chords if pedal) / sum(beats for beats, _ in chords) > 0.6


@pytest.mark.parametrize("style", STYLES)
def test_different_seeds_walk_differently(style: str) -> None:
    walks = {tuple((c.root - o.tonic) % 12 for c in o.harmony) for o in outlines(style)}
    assert len(walks) >= 5


def progressions() -> list[tuple[Voiced, ...]]:
    return [voice(written.harmony) for style in STYLES for written in outlines(style)]


def test_outer_voices_never_move_in_parallel_fifths_or_octaves() -> None:
    for chords in progressions():
        for before, after in pairwise(chords):
            moved = after.bass != before.bass and after.upper[-1] != before.upper[-1]
            one, other = (before.upper[-1] - before.bass) % 12, (after.upper[-1] - after.bass) % 12
            assert not (moved and one == other and one in (0, 7)), (before, after)


def test_voices_keep_their_compass_and_the_depth_stays_open() -> None:
    for chords in progressions():
        for chord in chords:
            assert BASS_LOW <= chord.bass <= BASS_HIGH
            assert chord.bass % 12 == chord.harmony.bass
            assert LOW <= chord.upper[0] < chord.upper[-1] <= HIGH
            assert chord.upper[0] - chord.bass >= 5
            assert {pitch % 12 for pitch in chord.upper} <= set(chord.harmony.tones)
            assert len(set(chord.upper)) == len(chord.upper) == 4


def test_thirds_and_sevenths_are_never_left_out() -> None:
    for chords in progressions():
        for chord in chords:
            root = chord.harmony.root
            coloured = {tone for tone in chord.harmony.tones if (tone - root) % 12 in (3, 4, 10, 11)}
            assert coloured <= {pitch % 12 for pitch in (*chord.upper, chord.bass)}


def test_voices_move_by_step_and_common_tones_stay() -> None:
    moves = [
        abs(there - here)
        for chords in progressions()
        for before, after in pairwise(chords)
        for here, there in zip(before.upper, after.upper, strict=True)
    ]
    assert np.mean(moves) < 2.0
    assert np.mean(np.array(moves) <= 2) > 0.75
    assert max(moves) <= 9
    shared = stayed = 0
    for chords in progressions():
        for before, after in pairwise(chords):
            common = {pitch % 12 for pitch in before.upper} & {pitch % 12 for pitch in after.upper}
            shared += len(common)
            stayed += len({p % 12 for p in set(before.upper) & set(after.upper)} & common)
    assert stayed / shared > 0.75


def test_voicing_is_linear_in_length_and_repeatable() -> None:
    harmony = outline(tonal_brief("uplift", seconds=600)).harmony
    assert voice(harmony) == voice(harmony)
    assert voice(()) == ()
