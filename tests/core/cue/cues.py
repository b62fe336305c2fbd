"""A small whole cue for tests: a brief with something in every field, and its folder on disk."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from opentimelineio.opentime import RationalTime

from core.audio.finish import finish
from core.brief import (
    STEMS,
    Brief,
    Chord,
    Direction,
    Edit,
    Feel,
    Hit,
    Media,
    Met,
    Meter,
    Note,
    Picture,
    Plan,
    Range,
    Rendering,
    Section,
    Shot,
    Stem,
    TempoMap,
    Thumbnail,
    Track,
)
from core.cue.folder import Cue, save
from core.cue.takes import take_folder
from core.watch import Watch

FRAMES = 97
RATE = Fraction(24_000, 1_001)


def brief() -> Brief:
    """97 frames at 23.976 with two shots and two hits."""
    span = Range(
        RationalTime(86_400, 24_000 / 1_001), RationalTime(FRAMES, 24_000 / 1_001), RationalTime(86_400, 23.976), False
    )
    media = Media("a.mov", Path("/footage/Ä b.mov"))
    shots = (
        Shot(0, 50, "one", media, Fraction(1_001, 240), Fraction(-2)),
        Shot(50, 47, "two", Media("b", None, why_offline="It is gone."), kind="gap"),
    )
    hits = (Hit(0.1 + 0.2, "cut", 1 / 3, turn=0.7), Hit(2.0, "marker", 1.0, "HIT \ud800 „Tür“", must=True))
    edit = Edit("Reel 1", Path("reel.otio"), span, shots, hits, "01:00:00:00", "01:00:04:01", ("b is offline.",))
    values = np.random.default_rng(1).random((40, 3))
    values[7] = np.nan
    one = values[:, 0]
    picture = Picture(10.0, one, values, one**2, one / 3, one / 7, (Thumbnail(0.0, b"jpeg"),), ("b is offline.",))
    tempo_map = TempoMap(0.5123456789 * np.arange(-1, 9, dtype=float), (1, 5, 9), Meter(4, 4))
    met = (Met(hits[0], True, "beat", 1.0), Met(hits[1], False, why="Too near to the cut."))
    plan = Plan(tempo_map, (Section(0.0, 4.0, "A", 1, 8),), met, 0.2, 117.1, 0.0)
    feel = Feel((80.0, 140.0), (Meter(4, 4), Meter(6, 8)), bpm=None)
    direction = Direction("action", feel, "button", tonic=2, mode="dorian", without=("drums",), why="Asked for.")
    return Brief(edit, picture, plan, direction, "tense, 120 bpm", 42, 48_000, Path("font.sf2"))


def rendering(told: Brief) -> Rendering:
    """Stems with sound, notes, chords."""
    time = np.arange(told.samples) / told.sample_rate
    stems = []
    for number, name in enumerate(STEMS):
        tone = 0.1 * np.sin(2 * np.pi * 110 * (number + 1) * time) * np.exp(-3 * (time % 0.5))
        stems.append(Stem(name, np.stack([tone, tone], axis=1).astype(np.float32)))
    tracks = (Track("melody lead", "melody", 80, False, (Note(0.1 + 0.2, 0.5, 60, 99), Note(1 / 3, 0.1, 64, 1))),)
    chords = (Chord(0.0, 2.0, "Dm7", (62, 65, 69, 72)), Chord(2.0, 2.0, "Bb/F", (65, 70, 74)))
    return Rendering(tuple(stems), tracks, chords, ("accent", None))


def make(folder: Path) -> Cue:
    """A cue in a folder."""
    told = brief()
    music = rendering(told)
    finished = finish(music.stems, told.sample_rate, -20, take_folder(folder, 1), Watch())
    return save(folder, "composer", told, music, finished, (0.5, None))
