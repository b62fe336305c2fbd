"""The last hand on a score: hits that are heard, stops that are silent, endings that end."""

from __future__ import annotations

import time
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.brief import Ending, Meter, Note
from core.engines.composer.effects_writer import effects_parts
from core.engines.composer.finishing import finish
from core.engines.composer.instruments import INSTRUMENTS
from core.engines.composer.outline import Outline
from core.engines.composer.percussion import rhythm_parts
from core.engines.composer.score import Part, Score
from tests.core.engines.composer.outlines import STYLES, TEMPO, make_brief, make_outline, spread_hits

ENDINGS: tuple[Ending, ...] = get_args(Ending)
HELD = {"pad", "strings", "bass_sub"}


def tonal_parts(outline: Outline) -> tuple[Part, ...]:
    """Held chords, roots, and a line of sixteenths that crowds every hit."""
    chords, roots, line = [], [], []
    tempo_map = outline.brief.plan.tempo_map
    for chord in outline.harmony:
        start, end = tempo_map.time_of(chord.beat), tempo_map.time_of(chord.beat + chord.beats)
        chords += [Note(start, end - start, 60 + tone, 80) for tone in chord.tones]
        roots.append(Note(start, end - start, 36 + chord.root, 90))
        line += [
            Note(tempo_map.time_of(chord.beat + step / 4), 0.1, 72 + chord.tones[step % 3], 70)
            for step in range(int(chord.beats) * 4)
        ]
    return (
        Part("pad", "harmony", "strings", tuple(chords)),
        Part("roots", "bass", "bass_sub", tuple(roots)),
        Part("line", "melody", "pizzicato", tuple(line)),
    )


def written(outline: Outline) -> Score:
    """A whole score: tonal parts, drums and effects, finished."""
    return finish(outline, (*tonal_parts(outline), *rhythm_parts(outline), *effects_parts(outline)))


def a_score(style: str, seed: int = 1, **wishes: object) -> tuple[Outline, Score]:
    brief = make_brief(
        style,
        hit_beats=spread_hits(40, TEMPO[style], 14, seed),
        musts=(25.0,),
        seed=seed,
        **wishes,  # type: ignore[arg-type]
    )
    outline = make_outline(brief)
    return outline, written(outline)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(STYLES), st.integers(0, 1000), st.sampled_from(ENDINGS), st.booleans())
def test_every_accent_and_grid_hit_has_a_crisp_note_exactly_on_it(
    style: str, seed: int, ending: Ending, under_speech: bool
) -> None:
    outline, score = a_score(style, seed, ending=ending, under_speech=under_speech)
    crisp = {instrument.name for instrument in INSTRUMENTS.values() if instrument.crisp}
    starts = {
        note.start for part in score.parts if part.instrument in crisp for note in part.notes if note.velocity >= 60
    }
    for gesture in outline.gestures:
        if score.how[gesture.index] != "stop":
            assert gesture.time in starts


@pytest.mark.parametrize("style", STYLES)
def test_hits_are_marked_though_stems_are_unwanted(style: str) -> None:
    outline, score = a_score(style, without=("drums", "melody"))
    starts = {note.start for part in score.parts for note in part.notes}
    assert all(gesture.time in starts for gesture in outline.gestures if gesture.how != "stop")
    assert all(part.stem != "drums" for part in score.parts)


def test_the_marking_stem_is_clear_just_before_the_hit() -> None:
    outline, score = a_score("action")
    for gesture in outline.gestures:
        if gesture.how == "stop":
            continue
        clear = [
            stem
            for stem in ("drums", "bass", "harmony", "melody", "effects")
            if any(n.start == gesture.time for p in score.parts if p.stem == stem for n in p.notes)
            and not any(
                gesture.time - 0.1 < n.start < gesture.time for p in score.parts if p.stem == stem for n in p.notes
            )
        ]
        assert clear, gesture.time


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(("tension", "action", "comedy", "electronic")), st.integers(0, 1000))
def test_a_stop_is_silent_and_something_sounds_into_it(style: str, seed: int) -> None:
    brief = make_brief(style, hit_beats=(9, 17), musts=(24.0, 33.0, 41.0), seed=seed, bpm=100)
    score = written(make_outline(brief))
    for stop in score.stops:
        assert stop.until > stop.time
        notes = [(part, note) for part in score.parts for note in part.notes]
        assert not [note for _, note in notes if stop.time - 0.003 < note.start < stop.until - 0.003]
        assert not [
            note for _, note in notes if note.start < stop.time and note.start + note.duration > stop.time + 0.003
        ]
        assert any(abs(note.start + note.duration - stop.time) < 0.01 and note.duration > 0.1 for _, note in notes)
        assert any(note.start == pytest.approx(stop.until, abs=0.003) for _, note in notes)


def test_stops_in_how_are_stops_in_the_score_and_missed_hits_have_no_how() -> None:
    for seed in range(10):
        brief = make_brief("tension", hit_beats=(9, 17), musts=(24.0, 33.0), missed=(28.4,), seed=seed)
        score = written(make_outline(brief))
        silent = {stop.time for stop in score.stops}
        for met, how in zip(brief.plan.met, score.how, strict=True):
            assert (how is None) == (not met.met)
            assert how != "stop" or met.hit.time in silent


@pytest.mark.parametrize("ending", ["button", "ring"])
@pytest.mark.parametrize("style", STYLES)
def test_after_the_last_chord_only_hits_are_played(style: str, ending: Ending) -> None:
    outline, score = a_score(style, ending=ending)
    hits = {gesture.time for gesture in outline.gestures}
    at = outline.final.time
    last = [note for part in score.parts for note in part.notes if note.start > at - 0.001]
    assert {note.start for note in last} <= hits | {at}
    stems = {part.stem for part in score.parts for note in part.notes if note.start == at}
    assert {"harmony", "bass"} <= stems
    if ending == "button":
        assert all(
            note.duration <= 0.5
            for part in score.parts
            for note in part.notes
            if note.start == at and part.stem in ("bass", "harmony")
        )


def test_a_cut_plays_to_the_last_frame_and_a_lead_out_fades() -> None:
    _, cut = a_score("electronic", ending="cut")
    assert cut.fade_out == 0.005
    assert max(note.start + note.duration for part in cut.parts for note in part.notes) == pytest.approx(40.0)
    _, lead_out = a_score("documentary", ending="lead-out")
    assert 1.0 < lead_out.fade_out <= 4.0


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(STYLES),
    st.integers(2, 20),
    st.sampled_from(ENDINGS),
    st.sampled_from((Meter(3, 4), Meter(4, 4), Meter(5, 4), Meter(6, 8), Meter(7, 8))),
    st.integers(0, 100),
)
def test_nothing_lies_outside_the_range(style: str, seconds: int, ending: Ending, meter: Meter, seed: int) -> None:
    score = written(make_outline(make_brief(style, seconds=seconds, ending=ending, meter=meter, seed=seed)))
    assert score.seconds == seconds
    assert sum(len(part.notes) for part in score.parts) > 0
    for part in score.parts:
        assert [note.start for note in part.notes] == sorted(note.start for note in part.notes)
        for note in part.notes:
            assert note.start >= 0
            assert note.start + note.duration <= seconds + 1e-9
            assert note.duration > 0
            assert 1 <= note.velocity <= 127
            assert 0 <= note.pitch <= 127
    assert 0 < score.fade_out <= seconds
    assert all(abs(db) <= 4.0 for _, db in score.level)
    assert sum(chord.duration for chord in score.chords) == pytest.approx(seconds, abs=0.05)


def test_ornaments_stray_by_no_more_than_six_milliseconds_and_beats_not_at_all() -> None:
    outline, score = a_score("documentary")
    step = float(outline.brief.plan.tempo_map.beats[1]) / 4
    line = next(part for part in score.parts if part.name == "line")
    hits = np.array([gesture.time for gesture in outline.gestures])
    strays = []
    for note in line.notes:
        off = abs(note.start - round(note.start / step) * step)
        if round(note.start / step) % 2 == 0 or np.abs(hits - note.start).min() < 0.03:
            assert off < 1e-9
        else:
            strays.append(off)
    assert 0.0005 < max(strays) <= 0.006 + 1e-9


def test_lo_fi_swings_its_sixteenths_and_no_other_style_does() -> None:
    for style, swings in (("lo-fi", True), ("documentary", False)):
        outline, score = a_score(style)
        beat = float(outline.brief.plan.tempo_map.beats[1])
        line = next(part for part in score.parts if part.name == "line")
        odd = [(note.start / beat) % 0.5 for note in line.notes if 0.2 < (note.start / beat) % 0.5 < 0.4]
        assert (np.median(odd) > 0.28) == swings


def test_electronic_pumps_with_its_kick_and_speech_is_kept_clear() -> None:
    _, score = a_score("electronic")
    kicks = {note.start for part in score.parts if part.instrument == "kick_electronic" for note in part.notes}
    assert set(score.pump) == kicks
    assert not score.clear_speech
    _, spoken = a_score("documentary", under_speech=True)
    assert spoken.clear_speech
    assert spoken.pump == ()
    assert all(abs(db) <= 1.0 for _, db in spoken.level)


def test_one_seed_writes_one_score_and_another_seed_another() -> None:
    assert a_score("action", 3)[1] == a_score("action", 3)[1]
    assert a_score("action", 3)[1] != a_score("action", 4)[1]


@pytest.mark.slow
def test_the_time_it_takes_grows_no_faster_than_the_cue() -> None:
    def cost(seconds: int) -> float:
        brief = make_brief("action", seconds=seconds, hit_beats=spread_hits(seconds, 140, seconds // 4))
        outline = make_outline(brief)
        parts = (*tonal_parts(outline), *rhythm_parts(outline), *effects_parts(outline))
        begin = time.process_time()
        rhythm_parts(outline)
        effects_parts(outline)
        finish(outline, parts)
        return time.process_time() - begin

    cost(60)
    assert cost(1200) < 10 * max(cost(300), 0.05)
