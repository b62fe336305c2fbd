"""A small engine that fills holes: a note on every beat, its pitch drawn from seed, stem and beat; fast, and exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from opentimelineio.opentime import RationalTime

from core import engines
from core.audio.finish import finish
from core.brief import (
    Brief,
    Chord,
    Direction,
    Edit,
    Hit,
    Hole,
    How,
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
    StemName,
    TempoMap,
    Thumbnail,
    Track,
)
from core.cue.folder import Cue, save
from core.cue.showing import refresh
from core.cue.takes import take_folder
from core.engines.engine import Abilities, Readiness
from core.styles import STYLES
from core.watch import Watch

SECONDS = 8
BEAT = 0.5
TAIL_S = 0.4
PLAYED: tuple[StemName, ...] = ("drums", "bass", "melody")


@dataclass(frozen=True)
class Sketch:
    """Notes on beats, decaying tones."""

    name: str = "sketch"
    stems: tuple[StemName, ...] = PLAYED
    abilities: Abilities = field(default=Abilities(True, True, True, True, False, False))
    configs: Mapping[str, int] = field(default_factory=dict)

    def ready(self) -> Readiness:
        return Readiness(ready=True)

    def render(self, brief: Brief, hole: Hole | None, scratch: Path, watch: Watch) -> Rendering:  # noqa: ARG002
        watch.report("music", 0.0)
        start, end = (hole.start, hole.start + hole.duration) if hole else (0.0, brief.seconds)
        stems = hole.stems if hole else self.stems
        kept = {track.stem: track for track in hole.kept.tracks} if hole else {}
        tracks = []
        for stem in self.stems:
            notes = _notes(brief, stem)
            if stem in kept:
                old = kept[stem].notes
                inside = [note for note in notes if start <= note.start < end] if stem in stems else []
                notes = [note for note in old if stem not in stems or not start <= note.start < end] + inside
            tracks.append(Track(stem, stem, 1, stem == "drums", tuple(sorted(notes, key=lambda note: note.start))))
        sounds = [Stem(track.stem, _sound(track, brief, start, end)) for track in tracks if track.stem in stems]
        chords = hole.kept.chords if hole else (Chord(0.0, brief.seconds, "C", (60, 64, 67)),)
        planned: tuple[How | None, ...] = tuple("accent" if met.met else None for met in brief.plan.met)
        how = hole.kept.how if hole else planned
        return Rendering(tuple(sounds), tuple(tracks), chords, how)

    def held(self) -> int:
        return 0

    def release(self) -> None:
        pass


ENGINE = Sketch()


def brief(seconds: int = SECONDS, sample_rate: int = 48_000) -> Brief:
    """Steady beats at 120, a section every two bars, a cut on the third bar and a marker on a beat of the fourth."""
    rate = 25.0
    span = Range(
        RationalTime(90_050, rate), RationalTime(25 * seconds, rate), RationalTime(90_000, rate), drop_frame=False
    )
    shots = (Shot(0, 100, "one", Media("a", None)), Shot(100, 25 * seconds - 100, "two", Media("b", None)))
    hits = (Hit(4.0, "cut", 0.8), Hit(6.5, "marker", 1.0, "HIT", must=True))
    edit = Edit("Sketch", Path("sketch.otio"), span, shots, hits, "01:00:02:00", f"01:00:{2 + seconds:02}:00")
    curve = np.full(10 * seconds, 0.5)
    seen = Picture(10.0, curve, np.full((len(curve), 3), 0.5), curve, curve, curve, (Thumbnail(0.0, b"jpeg"),))
    tempo_map = TempoMap(
        BEAT * np.arange(2 * seconds + 1, dtype=np.float64), tuple(range(0, 2 * seconds + 1, 4)), Meter(4, 4)
    )
    met = tuple(Met(hit, True, "beat", hit.time / BEAT) for hit in hits)
    sections = tuple(Section(4.0 * n, 4.0, "AB"[n % 2], 8 * n, 8) for n in range(seconds // 4))
    plan = Plan(tempo_map, sections, met, 0.1, 120.0, 0.0)
    direction = Direction("action", STYLES["action"].feel, "cut", why="asked for by name")
    return Brief(edit, seen, plan, direction, "", 1, sample_rate)


def make(folder: Path, told: Brief | None = None) -> Cue:
    """A cue of this engine in a folder."""
    told = told or brief()
    music = ENGINE.render(told, None, folder, Watch())
    finished = finish(music.stems, told.sample_rate, -20, take_folder(folder, 1), Watch())
    cue = save(folder, ENGINE.name, told, replace(music, stems=()), finished, (0.0,) * len(told.plan.met))
    refresh(cue, Watch(), music, finished.peaks, told.picture.thumbnails)
    return cue


@pytest.fixture
def sketch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cue:
    """A cue that can be re-rolled in a moment."""
    monkeypatch.setitem(engines._MODULES, "sketch", "tests.core.sketch_engine")
    folder = tmp_path / "cue"
    folder.mkdir()
    return make(folder)


def _notes(brief: Brief, stem: StemName) -> list[Note]:
    beats = brief.plan.tempo_map.beats
    notes = []
    for index, (time, following) in enumerate(pairwise(beats)):
        random = np.random.default_rng([brief.seed, PLAYED.index(stem), index])
        if 0 <= time < brief.seconds:
            pitch = int(random.integers(36, 84))
            notes.append(Note(float(time), 0.9 * float(following - time), pitch, int(random.integers(60, 120))))
    return notes


def _sound(track: Track, brief: Brief, start: float, end: float) -> np.ndarray:
    """The notes that sound between two times, whole length."""
    rate = brief.sample_rate
    audio = np.zeros((brief.samples, 2), np.float32)
    time = np.arange(round(TAIL_S * rate)) / rate
    for note in track.notes:
        if note.start > end + 0.1 or note.start + TAIL_S < start - 0.1:
            continue
        tone = np.sin(2 * np.pi * 440 * 2 ** ((note.pitch - 69) / 12) * time) * np.exp(-12 * time) * (1 - time / TAIL_S)
        first = round(note.start * rate)
        piece = audio[first : first + len(tone)]
        piece += (0.1 * note.velocity / 127 * tone[: len(piece), None]).astype(np.float32)
    return audio
