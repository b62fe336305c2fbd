"""Hand-made briefs and outlines: a steady tempo, hits where the test wants them, a plain progression."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from opentimelineio.opentime import RationalTime

from core.brief import (
    Brief,
    Direction,
    Edit,
    Ending,
    Feel,
    FloatArray,
    Hit,
    Met,
    Meter,
    Picture,
    Plan,
    Range,
    Section,
    TempoMap,
)
from core.engines.composer.gestures import final, gestures
from core.engines.composer.outline import Bar, Harmony, Outline

STYLES = ("tension", "action", "uplift", "documentary", "comedy", "ambient", "electronic", "lo-fi")
TEMPO = {
    "tension": 84.0,
    "action": 140.0,
    "uplift": 116.0,
    "documentary": 92.0,
    "comedy": 128.0,
    "ambient": 62.0,
    "electronic": 124.0,
    "lo-fi": 80.0,
}
ENDING: dict[str, Ending] = {
    "tension": "cut",
    "action": "button",
    "uplift": "ring",
    "documentary": "lead-out",
    "comedy": "button",
    "ambient": "ring",
    "electronic": "cut",
    "lo-fi": "ring",
}
FOUR_FOUR = Meter(4, 4)
_PROGRESSION = ((0, "C", (0, 4, 7)), (7, "G", (7, 11, 2)), (9, "Am", (9, 0, 4)), (5, "F", (5, 9, 0)))


def make_brief(
    style: str,
    *,
    seconds: int = 40,
    meter: Meter = FOUR_FOUR,
    hit_beats: Sequence[float] = (),
    musts: Sequence[float] = (),
    missed: Sequence[float] = (),
    seed: int = 1,
    ending: Ending | None = None,
    under_speech: bool = False,
    without: tuple[str, ...] = (),
    instruments: tuple[str, ...] = (),
    bpm: float | None = None,
    bars_in_section: int = 4,
    odd_bar: tuple[int, int] | None = None,
) -> Brief:
    """A brief with a steady beat from 0; `hit_beats` and `musts` are accepted, `missed` are not.

    `odd_bar` gives one bar, by its index, another number of beats.
    """
    length = 60.0 / ((bpm or TEMPO[style]) * meter.beats_per_pulse)
    lengths = [meter.beats] * (int(seconds / length / meter.beats) + 2)
    if odd_bar is not None:
        lengths[odd_bar[0]] = odd_bar[1]
    downbeats = np.concatenate([[0], np.cumsum(lengths)])
    count = int(downbeats[-1])
    beats: FloatArray = np.arange(count + 1, dtype=np.float64) * length
    tempo_map = TempoMap(beats, tuple(downbeats.tolist()), meter)
    frames = RationalTime(seconds * 24, 24)
    zero = RationalTime(0, 24)
    edit = Edit("test", Path("test.otio"), Range(zero, frames, zero, False), (), (), "", "")
    met = [
        Met(Hit(beat * length, "cut", 0.5, turn=0.3), True, "beat" if beat == int(beat) else "eighth", beat)
        for beat in hit_beats
    ]
    met += [Met(Hit(beat * length, "marker", 1.0, must=True), True, "beat", beat) for beat in musts]
    met += [Met(Hit(beat * length, "cut", 0.4), False, why="too far from a beat") for beat in missed]
    met.sort(key=lambda one: one.hit.time)
    edges = [*tempo_map.downbeats[:-1:bars_in_section], count]
    sections = tuple(
        Section(first * length, (end - first) * length, "ABCDE"[place % 5], first, end - first)
        for place, (first, end) in enumerate(pairwise(edges))
    )
    nothing = np.zeros(0)
    return Brief(
        edit=edit,
        picture=Picture(10.0, nothing, np.zeros((0, 3)), nothing, nothing, nothing),
        plan=Plan(tempo_map, sections, tuple(met), 0.2, bpm or TEMPO[style], 0.0),
        direction=Direction(
            style,
            Feel((60.0, 160.0), (meter,)),
            ending or ENDING[style],
            under_speech=under_speech,
            without=without,
            instruments=instruments,
        ),
        prompt="",
        seed=seed,
    )


def make_bars(brief: Brief, energy: Sequence[float] = (0.3, 0.6, 0.8)) -> tuple[Bar, ...]:
    """The brief's bars; the energy goes from section to section through these values."""
    tempo_map = brief.plan.tempo_map
    starts = tempo_map.downbeats[:-1]
    ends = tempo_map.downbeats[1:]
    firsts = [section.first_beat for section in brief.plan.sections]
    bars = []
    for index, (first, end) in enumerate(zip(starts, ends, strict=True)):
        begin, until = float(tempo_map.beats[first]), float(tempo_map.beats[end])
        section = int(np.searchsorted(firsts, first, side="right")) - 1
        closing = end in firsts or end == tempo_map.downbeats[-1]
        drive = energy[section % len(energy)]
        bars.append(Bar(index, first, end - first, begin, until - begin, section, drive, closing))
    return tuple(bar for bar in bars if bar.start < brief.seconds)


def make_outline(brief: Brief, energy: Sequence[float] = (0.3, 0.6, 0.8)) -> Outline:
    """An outline in C major, one chord a bar, with the gestures and the final that belong to the brief."""
    bars = make_bars(brief, energy)
    harmony = []
    for bar in bars:
        root, name, tones = _PROGRESSION[bar.index % 4] if bar is not bars[-1] else _PROGRESSION[0]
        harmony.append(Harmony(float(bar.first_beat), float(bar.beats), root, root, tones, name, 0.0))
    return Outline(
        brief=brief,
        tonic=0,
        mode="ionian",
        scale=(0, 2, 4, 5, 7, 9, 11),
        bars=bars,
        harmony=tuple(harmony),
        gestures=gestures(brief, bars),
        final=final(brief, bars),
        cue_seed=brief.seed,
    )


def spread_hits(seconds: int, bpm: float, count: int, seed: int = 5) -> tuple[float, ...]:
    """Beat positions of hits as an edit might give them: most on beats, some on eighths, a second apart."""
    rng = np.random.default_rng(seed)
    last = (seconds - 1.0) * bpm / 60
    places = np.sort(rng.choice(np.arange(4, int(last)), size=min(count, int(last) - 4), replace=False)).astype(float)
    return tuple((places + np.where(rng.random(len(places)) < 0.25, 0.5, 0.0)).tolist())
