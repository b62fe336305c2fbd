"""Playing a window of a score: what rings in is there, and nothing that cannot be heard is played."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from core.brief import STEMS, StemName
from core.engines.composer.engine import ENGINE
from core.engines.composer.instruments import INSTRUMENTS
from core.engines.composer.mix import Window
from core.engines.composer.players import Key, longest
from core.engines.composer.render import NOTES, render
from core.engines.composer.reroll import reroll
from core.watch import Watch
from tests.core.engines.composer.holes import RATE, bars_at, hole_in, made, rerolled
from tests.core.engines.composer.test_render import part, score
from tests.core.engines.composer.test_soundfont import KIT, soundfont

DULL: tuple[StemName, ...] = ("harmony",)


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_no_note_sounds_longer_than_is_waited_for(name: str) -> None:
    instrument = INSTRUMENTS[name]
    for pitch in (instrument.low, instrument.centre, instrument.high):
        for seconds in (0.05, 0.5, 3.0):
            key = Key(name, pitch, instrument.layers, instrument.bucket(seconds), 0)
            sound = instrument.play(pitch, 1.0, key.seconds, RATE, np.random.default_rng(1))
            assert len(sound) <= longest(key, RATE, 0.0)


def test_long_notes_and_the_room_ring_into_a_window(tmp_path: Path) -> None:
    written = score(
        14.0,
        part("harmony", "bells", (1.0, 0.5, 72, 110), send=0.5),
        part("harmony", "strings", (0.5, 11.0, 60, 90), send=0.4),
        part("melody", "piano", (5.9, 0.1, 64, 120), send=0.6),
        part("drums", "crash", (4.0, 2.5, 49, 120), send=0.3),
    )
    whole = {stem.name: stem.audio for stem in render(written, RATE, 3, 14 * RATE, tmp_path, Watch())}
    for first, last in ((6.0, 8.0), (8.0, 13.9), (0.0, 1.0), (13.0, 14.0)):
        window = Window(round(first * RATE), round(last * RATE))
        here = slice(window.first, window.last)
        for stem in render(written, RATE, 3, 14 * RATE, tmp_path, Watch(), window):
            assert np.abs(stem.audio[here] - whole[stem.name][here]).max() < 1e-6


def test_only_the_stems_asked_for_are_played(tmp_path: Path) -> None:
    written = score(4.0, part("harmony", "piano", (1.0, 0.5, 60, 100)), part("bass", "bass_saw", (1.0, 0.5, 36, 100)))
    stems = render(written, RATE, 3, 4 * RATE, tmp_path, Watch(), Window(RATE, 2 * RATE, DULL))
    assert [stem.name for stem in stems] == ["harmony"]
    assert stems[0].audio.shape == (4 * RATE, 2)


def test_a_repeated_note_takes_turns_whatever_was_played_before(tmp_path: Path) -> None:
    late = tuple((8.0 + 0.25 * place, 0.1, 38, 100) for place in range(6))
    early = tuple((0.5 * place, 0.1, 38, 100) for place in range(7))
    heard = [
        render(score(11.0, part("drums", "snare", *notes)), RATE, 1, 11 * RATE, tmp_path, Watch())[0].audio
        for notes in (late, (*early, *late))
    ]
    here = slice(8 * RATE, 10 * RATE)
    assert np.abs(heard[0][here] - heard[1][here]).max() < 1e-6
    strokes = [heard[0][round((8.0 + 0.25 * place) * RATE) :][: RATE // 10] for place in range(6)]
    assert all(not np.allclose(a, b, atol=1e-3) for a, b in pairwise(strokes))


def test_a_soundfont_cue_is_played_in_a_window_too(tmp_path: Path) -> None:
    from core.engines.composer.soundfont import render_soundfont

    brief, kept = made("documentary")
    font = tmp_path / "sine.sf2"
    font.write_bytes(soundfont((*((program, 0) for program in range(128)), KIT)))
    brief = replace(brief, soundfont=font)
    hole = replace(hole_in(brief, kept, *bars_at(brief, 3, 2), ("harmony", "drums")), brief=brief)
    new = rerolled(hole, 5)
    written = reroll(replace(brief, seed=5), hole).score
    whole = render_soundfont(written, font, RATE, brief.samples, tmp_path, Watch())
    here = slice(round(hole.start * RATE), round((hole.start + hole.duration) * RATE))
    for stem in new.stems:
        there = next(other.audio for other in whole if other.name == stem.name)
        assert np.abs(there[here]).max() > 0.01
        assert np.abs(stem.audio[here] - there[here]).max() < 1e-4


def test_notes_that_were_played_before_are_kept_until_the_engine_lets_go() -> None:
    brief, kept = made("lo-fi")
    hole = hole_in(brief, kept, *bars_at(brief, 3, 2))
    rerolled(hole, 5)
    assert NOTES.held() > 0
    assert ENGINE.held() >= NOTES.held()
    ENGINE.release()
    assert ENGINE.held() == 0


@pytest.mark.slow
@pytest.mark.parametrize("style", ["action", "ambient", "uplift"])
def test_eight_seconds_in_forty_are_there_in_a_fraction_of_the_whole(style: str, tmp_path: Path) -> None:
    brief, kept = made(style, 40)
    hole = hole_in(brief, kept, 12.0, 20.0, STEMS)
    rerolled(hole, 1)
    begun = perf_counter()
    ENGINE.render(brief, None, tmp_path, Watch())
    whole = perf_counter() - begun
    begun = perf_counter()
    rerolled(hole, 2)
    assert perf_counter() - begun < 0.9 * whole
