"""The form of a cue: its bars, its energy, its key and chords, how its hits are played and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from core.brief import Brief, Direction, FloatArray, Meter, Picture, Section, TempoMap
from core.engines.composer.chords import Key
from core.engines.composer.dice import pick_key
from core.engines.composer.gestures import final, gestures
from core.engines.composer.grid import pulses
from core.engines.composer.harmony import harmonise
from core.engines.composer.outline import Bar, Outline
from core.engines.composer.palette import Palette
from core.engines.composer.phrases import phrases
from core.engines.composer.streams import stream
from core.engines.composer.styles import PALETTES

CURVE_RATE = 4.0
"""Points per second at which energy is drawn."""
SMOOTHING_S = 2.5
"""Standard deviation of the smoothing of energy."""
CLIMAX = 0.66
"""Where in the cue its climax is sought."""
BREATH_S = 5.0
"""How long the music draws breath before the climax."""
_STRONG_WEIGHT = 0.8
_HALF_RATE = 0.35
"""Cuts per second that count as half of full energy."""
_SPEECH_ENERGY = 0.3
_BRIGHT_TO_DARK = ("lydian", "ionian", "mixolydian", "dorian", "aeolian", "phrygian", "locrian")


def outline(brief: Brief) -> Outline:
    """Decide everything that the writers of parts share; the same brief gives the same outline."""
    palette = PALETTES[brief.direction.style]
    bars = _with_energy(brief, palette, _bars(brief.plan.tempo_map, brief.plan.sections, brief.seconds))
    key = _key(brief.seed, brief.direction, palette)
    played, last = gestures(brief, bars), final(brief, bars)
    starts = group_starts(bars, brief.plan.tempo_map.meter)
    chords = harmonise(brief.seed, key, palette, phrases(brief.plan.sections, bars), starts, played, last)
    return Outline(brief, key.tonic, key.mode, key.scale, bars, chords, played, last, brief.seed)


def group_starts(bars: Sequence[Bar], meter: Meter) -> dict[int, tuple[float, ...]]:
    """For each bar index, the beats of the tempo map on which its groups begin."""
    return {bar.index: tuple(bar.first_beat + start for start in pulses(meter, bar.beats, "group")) for bar in bars}


def _bars(tempo_map: TempoMap, sections: Sequence[Section], seconds: float) -> tuple[Bar, ...]:
    """The bars that sound inside the range, an upbeat before the first downbeat being a bar of its own."""
    end = len(tempo_map.beats) - 1
    edges = sorted({0, *tempo_map.downbeats, end})
    firsts = [section.first_beat for section in sections]
    spans = [
        (first, stop)
        for first, stop in pairwise(edges)
        if tempo_map.beats[stop] > 1e-6 and tempo_map.beats[first] < seconds - 1e-6
    ]
    owners = [max(0, int(np.searchsorted(firsts, first, side="right")) - 1) for first, _ in spans]
    bars = []
    for index, ((first, stop), owner) in enumerate(zip(spans, owners, strict=True)):
        start, until = float(tempo_map.beats[first]), float(tempo_map.beats[stop])
        ends = index + 1 == len(spans) or owners[index + 1] != owner
        bars.append(Bar(index, first, stop - first, start, until - start, owner, 0.5, ends))
    return tuple(bars)


def _with_energy(brief: Brief, palette: Palette, bars: tuple[Bar, ...]) -> tuple[Bar, ...]:
    """The bars with the energy of the picture and of the form."""
    times = np.arange(0.0, brief.seconds + 1 / CURVE_RATE, 1 / CURVE_RATE)
    if brief.direction.under_speech:
        curve = np.full(len(times), _SPEECH_ENERGY)
    else:
        edges = _edges(brief, times)
        drawn = _stretched(0.45 * _seen(brief, times, edges) + 0.55 * _smoothed(_arch(brief, times), edges))
        curve = palette.calm + (palette.full - palette.calm) * drawn + 0.2 * brief.direction.density
    middles = [min(max(bar.start + bar.duration / 2, 0.0), brief.seconds) for bar in bars]
    energies = np.clip(np.interp(middles, times, curve), 0.0, 1.0)
    return tuple(replace(bar, energy=float(energy)) for bar, energy in zip(bars, energies, strict=True))


def _stretched(curve: FloatArray) -> FloatArray:
    """A curve that changes at all, drawn out about its mean to use most of 0 to 1."""
    mean, spread = float(curve.mean()), float(np.ptp(curve))
    wider = min(1.8, 0.85 / spread) if spread > 0.1 else 1.0
    return np.clip(mean + (curve - mean) * max(1.0, wider), 0.0, 1.0)


def _seen(brief: Brief, times: FloatArray, edges: Sequence[int]) -> FloatArray:
    """What the picture asks for, 0 to 1: cutting pace and motion."""
    cuts = np.zeros(len(times))
    for met in brief.plan.met:
        if met.hit.kind != "motion":
            cuts[min(int(np.searchsorted(times, met.hit.time)), len(times) - 1)] += CURVE_RATE
    pace = _smoothed(cuts, edges)
    pace = pace / (pace + _HALF_RATE)
    moving = _motion(brief.picture, times, edges)
    asked = pace if moving is None else 0.5 * pace + 0.5 * moving
    spread = float(np.ptp(asked))
    if spread < 0.05:
        return asked
    relative: FloatArray = (asked - asked.min()) / spread
    return 0.5 * asked + 0.5 * relative


def _motion(picture: Picture, times: FloatArray, edges: Sequence[int]) -> FloatArray | None:
    """Motion at these times, filled over where nothing was seen; None where nothing was seen at all."""
    seen = ~np.isnan(picture.motion)
    if not seen.any():
        return None
    at = np.arange(len(picture.motion)) / picture.rate
    motion = np.interp(times, at[seen], picture.motion[seen])
    loud = max(0.25, float(np.percentile(motion, 95)))
    return np.clip(_smoothed(motion, edges) / loud, 0.0, 1.0)


def _arch(brief: Brief, times: FloatArray) -> FloatArray:
    """The form's own energy: it builds, draws breath, comes to its climax at about two thirds, and lets go."""
    seconds = brief.seconds
    if seconds < 8:
        return np.full(len(times), 0.6)
    starts = [section.start for section in brief.plan.sections[1:]]
    near = [start for start in starts if 0.5 <= start / seconds <= 0.8]
    climax = min(near, key=lambda start: abs(start / seconds - CLIMAX), default=CLIMAX * seconds)
    breath = min(BREATH_S, 0.12 * seconds)
    points = (
        (0.0, 0.25),
        (0.5 * climax, 0.55),
        (climax - breath, 0.7),
        (climax - 0.4 * breath, 0.4),
        (climax, 0.95),
        (climax + 0.5 * (seconds - climax), 1.0),
        (seconds, 0.6),
    )
    return np.interp(times, [at for at, _ in points], [value for _, value in points])


def _edges(brief: Brief, times: FloatArray) -> list[int]:
    """Where energy may jump, as indices into the curve: strong hits that open a section, and both ends."""
    starts = np.array([section.start for section in brief.plan.sections[1:]])
    strong = [met.hit.time for met in brief.plan.met if met.met and (met.hit.must or met.hit.weight >= _STRONG_WEIGHT)]
    jumps = [time for time in strong if len(starts) and float(np.abs(starts - time).min()) < 0.1]
    return [0, *np.searchsorted(times, sorted(jumps)).tolist(), len(times)]


def _smoothed(curve: FloatArray, edges: Sequence[int]) -> FloatArray:
    """The curve smoothed over several seconds between these edges."""
    return np.concatenate([_blurred(curve[start:stop]) for start, stop in pairwise(edges) if stop > start])


def _blurred(values: FloatArray) -> FloatArray:
    """Gaussian smoothing of a curve drawn at `CURVE_RATE`; what lies beyond its ends does not count."""
    reach = round(3 * SMOOTHING_S * CURVE_RATE)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (SMOOTHING_S * CURVE_RATE)) ** 2)
    inside = slice(reach, reach + len(values))
    result: FloatArray = np.convolve(values, kernel)[inside] / np.convolve(np.ones(len(values)), kernel)[inside]
    return result


def _key(seed: int, direction: Direction, palette: Palette) -> Key:
    """The tonic and mode asked for, or chosen; dark wishes lean to the darker modes of the style."""
    rng = stream(seed, "key")
    tonic, tilt = int(rng.random() * 12), -direction.brightness
    weights = {
        mode: weight * float(np.exp(tilt * 0.6 * (_BRIGHT_TO_DARK.index(mode) - 3)))
        for mode, weight in palette.modes.items()
    }
    mode = pick_key(rng, weights)
    return Key(tonic if direction.tonic is None else direction.tonic, direction.mode or mode)
