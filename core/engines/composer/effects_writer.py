"""Writes the effects stem: what leads into the great moments, what marks them, and a little colour between.

Risers, reverse cymbals and sub swells are notes whose end is the moment they lead to. The stem is sparse: each style
says how many seconds lie between two great moments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.brief import Direction, Note
from core.engines.composer.clock import beats_of, seconds_of
from core.engines.composer.outline import Outline
from core.engines.composer.percussion import unwanted
from core.engines.composer.score import Part
from core.engines.composer.streams import stream


@dataclass(frozen=True)
class Palette:
    """The effects of a style."""

    spacing: float
    """Seconds at least between two great moments."""
    leads: tuple[tuple[str, float, float], ...]
    """(instrument, length in pulses, how often)."""
    marks: tuple[tuple[str, int, float], ...]
    """(instrument, velocity, how often): they start on the moment."""
    colours: tuple[tuple[str, float, int], ...] = ()
    """(instrument, about how many seconds apart, velocity)."""


PALETTES: Mapping[str, Palette] = {
    "tension": Palette(
        5.0,
        (("riser", 8, 0.35), ("reverse_cymbal", 4, 0.5), ("sub_swell", 6, 0.4)),
        (("impact", 92, 0.6), ("braam", 84, 0.3), ("hit_metal", 84, 0.5), ("sub_drop", 90, 0.35)),
        (("scrape", 11.0, 58),),
    ),
    "action": Palette(
        3.5,
        (("riser", 8, 0.45), ("reverse_cymbal", 4, 0.45), ("whoosh", 2, 0.35)),
        (("impact", 108, 0.75), ("braam", 104, 0.45), ("sub_drop", 96, 0.3), ("hit_metal", 92, 0.25)),
    ),
    "uplift": Palette(
        6.0,
        (("riser", 8, 0.45), ("reverse_cymbal", 4, 0.7)),
        (("impact", 84, 0.5), ("sub_drop", 80, 0.25)),
    ),
    "documentary": Palette(
        13.0,
        (("reverse_cymbal", 4, 0.55), ("sub_swell", 4, 0.3)),
        (("sub_drop", 66, 0.3),),
    ),
    "comedy": Palette(
        3.0,
        (("whoosh", 1, 0.5),),
        (("sting", 92, 0.6), ("hit_metal", 76, 0.25)),
    ),
    "ambient": Palette(
        9.0,
        (("sub_swell", 8, 0.6), ("reverse_cymbal", 6, 0.4)),
        (("sub_drop", 66, 0.35),),
        (("sub_swell", 17.0, 56),),
    ),
    "electronic": Palette(
        5.0,
        (("riser", 8, 0.6), ("reverse_cymbal", 4, 0.45), ("whoosh", 2, 0.25)),
        (("impact", 96, 0.65), ("sub_drop", 96, 0.45)),
    ),
    "lo-fi": Palette(
        15.0,
        (("reverse_cymbal", 4, 0.5), ("whoosh", 2, 0.25)),
        (("sub_drop", 62, 0.2),),
    ),
}
"""The effects of each style, by style name."""


@dataclass(frozen=True)
class _Moment:
    time: float
    importance: float
    marked: bool
    """An effect may start on it; not where everything stops."""


def effects_parts(outline: Outline) -> tuple[Part, ...]:
    """The effects stem, one part for each effect; empty where the user wants none."""
    direction = outline.brief.direction
    palette = PALETTES.get(direction.style)
    if palette is None or "effects" in direction.without:
        return ()
    rng = stream(outline.brief.seed, "effects")
    notes: dict[str, list[Note]] = defaultdict(list)
    moments = _great_moments(outline, palette, rng)
    last = 0.0
    for moment in moments:
        for instrument, note in _lead(outline, palette, moment, last, rng):
            notes[instrument].append(note)
        if moment.marked:
            for instrument, velocity in _marks(palette, moment, rng):
                notes[instrument].append(
                    Note(moment.time, _RING.get(instrument, 1.5), _pitch(outline, instrument), velocity)
                )
        last = moment.time
    for instrument, note in _colour(outline, palette, [moment.time for moment in moments], rng):
        notes[instrument].append(note)
    return tuple(_part(name, notes[name], direction) for name in sorted(notes) if not unwanted(name, direction))


_WHOOSH_PEAK = 0.75
"""How far through its note a whoosh is loudest."""
_RING: Mapping[str, float] = {"impact": 2.5, "sub_drop": 1.6, "braam": 2.2, "sting": 0.5, "hit_metal": 1.4}
_GAIN: Mapping[str, float] = {
    "impact": 0.0,
    "braam": -2.0,
    "riser": -5.0,
    "whoosh": -4.0,
    "scrape": -8.0,
    "sub_swell": -4.0,
}
_REGISTER: Mapping[str, int] = {"braam": 29, "sub_drop": 29, "sub_swell": 29, "sting": 60, "riser": 60, "hit_metal": 57}


def _part(instrument: str, notes: list[Note], direction: Direction) -> Part:
    """One effect's part; softer under speech."""
    gain = _GAIN.get(instrument, -3.0) - (4.0 if direction.under_speech else 0.0)
    ordered = tuple(sorted(notes, key=lambda note: (note.start, note.pitch)))
    return Part(instrument.replace("_", " "), "effects", instrument, ordered, gain, 0.0, 0.25)


def _pitch(outline: Outline, instrument: str) -> int:
    """The tonic in the effect's register: at or above its lowest pitch."""
    lowest = _REGISTER.get(instrument, 36)
    return lowest + (outline.tonic - lowest) % 12


def _great_moments(outline: Outline, palette: Palette, rng: np.random.Generator) -> list[_Moment]:
    """Strong hits and section starts worth an effect, the most important first served, in order of time."""
    final = outline.final
    candidates = [
        _Moment(
            gesture.time,
            gesture.met.hit.weight + gesture.met.hit.turn + 2.0 * gesture.met.hit.must,
            gesture.how != "stop",
        )
        for gesture in outline.gestures
        if gesture.strong
    ]
    served = {round(moment.time, 1) for moment in candidates}
    for before, after in pairwise(outline.bars):
        if after.section != before.section and round(after.start, 1) not in served:
            candidates.append(_Moment(after.start, 0.5 * after.energy + 0.3, True))
    if final.ending in ("button", "ring"):
        candidates = [moment for moment in candidates if moment.time < final.time - 0.05]
        candidates.append(_Moment(final.time, 3.0, True))
    spacing = palette.spacing * (1.0 - 0.4 * outline.brief.direction.density)
    if outline.brief.direction.under_speech:
        spacing *= 2.0
    return _spaced([m for m in candidates if 0 <= m.time < outline.brief.seconds], spacing, rng)


def _spaced(candidates: list[_Moment], spacing: float, rng: np.random.Generator) -> list[_Moment]:
    """The most important moments that keep `spacing` seconds from each other, in order of time."""
    shuffled = [(moment.importance + rng.uniform(0, 0.4), moment) for moment in candidates]
    taken: dict[int, list[_Moment]] = defaultdict(list)
    for _, moment in sorted(shuffled, key=lambda pair: -pair[0]):
        cell = int(moment.time // spacing)
        near = taken[cell - 1] + taken[cell] + taken[cell + 1]
        if all(abs(moment.time - other.time) >= spacing for other in near):
            taken[cell].append(moment)
    return sorted((moment for cell in taken.values() for moment in cell), key=lambda moment: moment.time)


def _lead(
    outline: Outline, palette: Palette, moment: _Moment, last: float, rng: np.random.Generator
) -> Iterator[tuple[str, Note]]:
    """What leads into the moment: from a beat after the last great moment, to its very time."""
    tempo_map = outline.brief.plan.tempo_map
    at = float(beats_of(tempo_map, [moment.time])[0])
    draws = rng.random(len(palette.leads))
    played = False
    for (instrument, pulses, often), draw in zip(palette.leads, draws, strict=True):
        if played or draw > often * (0.6 + 0.4 * min(moment.importance, 1.5)):
            continue
        beats = pulses * tempo_map.meter.beats_per_pulse * (0.5 if rng.random() < 0.4 and pulses > 4 else 1.0)
        if instrument == "whoosh" and not moment.marked:
            continue
        start = float(seconds_of(tempo_map, [at - beats])[0])
        start = max(start, moment.time - 8.0, last + 0.4, 0.0)
        if moment.time - start > (0.25 if instrument == "whoosh" else 0.7):
            played = True
            velocity = round(min(110, 70 + 14 * moment.importance))
            peak = _WHOOSH_PEAK if instrument == "whoosh" else 1.0
            yield instrument, Note(start, (moment.time - start) / peak, _pitch(outline, instrument), velocity)


def _marks(palette: Palette, moment: _Moment, rng: np.random.Generator) -> list[tuple[str, int]]:
    """The effects that start on the moment: one, or two where it is great."""
    draws = rng.random(len(palette.marks))
    chosen = [
        (instrument, velocity)
        for (instrument, velocity, often), draw in zip(palette.marks, draws, strict=True)
        if draw < often
    ]
    return chosen[: 2 if moment.importance > 1.2 else 1]


def _colour(
    outline: Outline, palette: Palette, moments: list[float], rng: np.random.Generator
) -> Iterator[tuple[str, Note]]:
    """Now and then a sound of its own, away from the great moments and from speech."""
    if outline.brief.direction.under_speech:
        return
    end = outline.final.time - 3.0
    for instrument, apart, velocity in palette.colours:
        time = rng.uniform(0.4, 1.0) * apart
        while time < end:
            if not moments or np.min(np.abs(np.asarray(moments) - time)) > 2.5:
                pitch = 50 + int(rng.integers(24)) if instrument == "scrape" else _pitch(outline, instrument)
                yield instrument, Note(time, float(rng.uniform(1.8, 3.2)), pitch, velocity)
            time += apart * rng.uniform(0.7, 1.4)
