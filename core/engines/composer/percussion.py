"""Writes the drums stem: a groove for each section, fills into the next, cymbals where something begins.

Voices of the groove enter with the energy, by phrases of four bars; the kick follows each bar's own energy, as the
bass does that locks to it. A section that comes back brings its groove back. In the calmest section the drums rest
and only the time-keeper goes on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.brief import Direction, Meter, Note
from core.engines.composer.clock import seconds_of
from core.engines.composer.fills import Stroke, choose, fill_beats, fill_strokes
from core.engines.composer.grooves import KICKS, PITCH, Voice, belongs, kick_strokes, patterns, strokes, voices
from core.engines.composer.outline import Bar, Outline
from core.engines.composer.score import Part
from core.engines.composer.streams import stream

_PHRASE = 4
_CRASHES: Mapping[str, tuple[str, float, int]] = {
    "action": ("crash", 0.3, 108),
    "uplift": ("crash", 0.45, 96),
    "electronic": ("crash", 0.4, 100),
    "comedy": ("crash", 0.55, 84),
    "documentary": ("triangle_bell", 0.2, 70),
    "lo-fi": ("ride", 0.3, 74),
}
"""What rings where a section begins: instrument, lowest energy, velocity."""
_SWELLS: Mapping[str, float] = {"uplift": 0.5, "documentary": 0.45, "tension": 0.35, "action": 0.3, "lo-fi": 0.2}
"""How often a cymbal swell leads into a section that is stronger."""
_COLOURS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "tension": (("rim", 37), ("tom", 41), ("woodblock", 76)),
    "action": (("taiko", 52), ("tom", 47), ("rim", 37)),
    "uplift": (("rim", 37), ("tom", 48), ("triangle_bell", 81)),
    "documentary": (("rim", 37), ("triangle_bell", 81), ("woodblock", 76)),
    "comedy": (("woodblock", 77), ("triangle_bell", 81), ("tick", 75)),
    "electronic": (("rim", 37), ("tom", 50), ("tick", 75)),
    "lo-fi": (("rim", 37), ("woodblock", 76), ("triangle_bell", 81)),
}
"""Drums that play a figure of their own over the groove, another one with every seed."""
_MIX: Mapping[str, tuple[float, float, float]] = {
    "hat_closed": (-4.0, 0.2, 0.06),
    "hat_open": (-5.0, 0.2, 0.08),
    "ride": (-6.0, -0.25, 0.12),
    "crash": (-3.0, -0.15, 0.2),
    "cymbal_swell": (-4.0, 0.1, 0.25),
    "snare": (-1.0, 0.0, 0.14),
    "clap": (-2.0, -0.05, 0.16),
    "rim": (-5.0, -0.3, 0.14),
    "tom": (-2.0, 0.25, 0.18),
    "taiko": (0.0, -0.1, 0.28),
    "woodblock": (-4.0, -0.3, 0.18),
    "shaker": (-6.0, 0.35, 0.08),
    "tick": (-1.5, 0.3, 0.16),
    "triangle_bell": (-7.0, 0.4, 0.3),
    "snare_brush": (-2.0, 0.05, 0.14),
}
"""Gain in dB, pan and room send of each drum; the rest stand in the middle, dry."""
_RING: Mapping[str, float] = {"crash": 2.5, "ride": 0.6, "hat_open": 0.18, "triangle_bell": 1.2, "taiko": 0.4}
"""Seconds a drum is held where that is not a tenth."""


@dataclass(frozen=True)
class _Dress:
    """What is particular to a section's groove, drawn once for all sections of the same letter."""

    variants: Mapping[Voice, int]
    silent: frozenset[Voice]
    colour: tuple[str, int]
    figure: tuple[tuple[float, ...], ...]
    """Offsets in pulses of the colour drum's figure in two bars that take turns."""


def rhythm_parts(outline: Outline) -> tuple[Part, ...]:
    """The drums stem, one part for each drum; empty for styles without a groove or where drums are unwanted.

    Notes come in order of start and may lie before 0 or after the end where a bar does.
    """
    direction = outline.brief.direction
    if not voices(direction.style, direction.instruments) or "drums" in direction.without:
        return ()
    by_instrument: dict[str, list[tuple[float, float, Stroke]]] = defaultdict(list)
    played = list(_all_strokes(outline))
    tempo_map = outline.brief.plan.tempo_map
    starts = seconds_of(tempo_map, [stroke.beat for stroke in played])
    for start, stroke in zip(starts.tolist(), played, strict=True):
        if not unwanted(stroke.instrument, direction):
            by_instrument[stroke.instrument].append((start, _RING.get(stroke.instrument, 0.1), stroke))
    parts = [drum_part(name, _notes(strokes_)) for name, strokes_ in sorted(by_instrument.items())]
    swells = tuple(_swells(outline))
    if swells and not unwanted("cymbal_swell", direction):
        parts.append(drum_part("cymbal_swell", swells))
    return tuple(parts)


def drum_part(instrument: str, notes: tuple[Note, ...]) -> Part:
    """A part of the drums stem at its usual place in the mix."""
    gain, pan, send = _MIX.get(instrument, (0.0, 0.0, 0.08))
    return Part(instrument.replace("_", " "), "drums", instrument, notes, gain, pan, send)


def unwanted(instrument: str, direction: Direction) -> bool:
    """True where the user asked for a cue without this instrument or its family ("hat" for "hat_closed")."""
    return any(belongs(instrument, name) for name in direction.without)


def _notes(played: list[tuple[float, float, Stroke]]) -> tuple[Note, ...]:
    """Notes in order, one per moment and pitch: the loudest."""
    loudest: dict[tuple[float, int], Note] = {}
    for start, ring, stroke in played:
        key = (round(start, 4), stroke.pitch)
        if key not in loudest or loudest[key].velocity < stroke.velocity:
            loudest[key] = Note(start, ring, stroke.pitch, stroke.velocity)
    return tuple(sorted(loudest.values(), key=lambda note: (note.start, note.pitch)))


def _all_strokes(outline: Outline) -> Iterator[Stroke]:
    """Every stroke of the stem, bar by bar."""
    brief = outline.brief
    bars = outline.bars
    phrase = _phrase_energy(bars)
    resting = _resting_sections(bars, outline.cue_seed)
    dresses: dict[str, _Dress] = {}
    fill_rng = stream(brief.seed, "fills")
    vary_rng = stream(brief.seed, "drum variation")
    place = 0
    for bar, energy in zip(bars, phrase, strict=True):
        begins = bar.index == 0 or bars[bar.index - 1].section != bar.section
        place = 0 if begins else place + 1
        letter = _letter(outline, bar.section)
        if letter not in dresses:
            dresses[letter] = _dress(outline, letter, energy)
        if not outline.hears(bar.first_beat, bar.first_beat + bar.beats):
            continue
        drive = _drive(energy, brief.direction)
        rests = bar.section in resting or (bar.index < 2 and drive < 0.35 and len(bars) > 8)
        following = bars[bar.index + 1] if bar.index + 1 < len(bars) else None
        groove = list(_groove(outline, bar, drive, rests, dresses[letter], place, vary_rng))
        turn = following is not None and bar.ends_section and following.section != bar.section
        if outline.turns.get(bar.index, turn) and bar.beats > 1:
            groove = _with_fill(groove, outline, bar, following or bar, fill_rng)
        yield from groove
        if begins and not rests:
            yield from _crash(brief.direction, bar, energy)


def _drive(energy: float, direction: Direction) -> float:
    """Energy as the drums feel it: held back under speech."""
    return min(energy, 0.42) if direction.under_speech else energy


def _letter(outline: Outline, section: int) -> str:
    """The section's letter without its number, so that A2 is dressed as A."""
    sections = outline.brief.plan.sections
    return sections[section].name.rstrip("0123456789'") if section < len(sections) else ""


def _phrase_energy(bars: tuple[Bar, ...]) -> list[float]:
    """The mean energy of the phrase of up to four bars that each bar belongs to."""
    result: list[float] = []
    begin = 0
    while begin < len(bars):
        end = begin
        while end < len(bars) and end - begin < _PHRASE and bars[end].section == bars[begin].section:
            end += 1
        result += [sum(bar.energy for bar in bars[begin:end]) / (end - begin)] * (end - begin)
        begin = end
    return result


def _resting_sections(bars: tuple[Bar, ...], seed: int) -> frozenset[int]:
    """Sections in which the drums rest: one in four, the calmest, never the last and never neighbours."""
    energies: dict[int, list[float]] = defaultdict(list)
    for bar in bars:
        energies[bar.section].append(bar.energy)
    if len(energies) < 3:
        return frozenset()
    rng = stream(seed, "resting drums")
    inner = sorted(energies)[:-1]
    order = sorted(inner, key=lambda section: float(np.mean(energies[section])) + rng.uniform(0, 0.15))
    chosen: list[int] = []
    for section in order:
        if len(chosen) < max(1, len(energies) // 4) and all(abs(section - other) > 1 for other in chosen):
            chosen.append(section)
    return frozenset(chosen)


def _dress(outline: Outline, letter: str, energy: float) -> _Dress:
    """Draw the groove's variants, the drum that is left out and the colour figure of a section."""
    brief = outline.brief
    rng = stream(brief.seed, f"groove {letter}")
    all_voices = voices(brief.direction.style, brief.direction.instruments)
    meter = brief.plan.tempo_map.meter
    variants = {voice: int(rng.integers(len(patterns(voice, meter)))) for voice in all_voices}
    spare = [v for v in all_voices if v.instrument not in KICKS and not v.keeps_time and v.lowest <= energy < v.highest]
    silent = frozenset([spare[int(rng.integers(len(spare)))]]) if len(spare) > 1 else frozenset()
    colours = _COLOURS.get(brief.direction.style, (("rim", 37),))
    steps = np.arange(1, 3 * 4) / 4
    chance = np.where(steps % 1 == 0, 0.2, np.where(steps % 0.5 == 0, 1.0, 0.35))
    figure = tuple(
        tuple(sorted(rng.choice(steps, size=int(rng.integers(1, 4)), replace=False, p=chance / chance.sum()).tolist()))
        for _ in range(2)
    )
    return _Dress(variants, silent, colours[int(rng.integers(len(colours)))], figure)


def _groove(
    outline: Outline,
    bar: Bar,
    drive: float,
    rests: bool,
    dress: _Dress,
    place: int,
    rng: np.random.Generator,
) -> Iterator[Stroke]:
    """The strokes of one bar; `place` counts bars from the section's start."""
    direction = outline.brief.direction
    meter = outline.brief.plan.tempo_map.meter
    turn = 1 if place % 4 == 3 or (place % 2 == 1 and rng.random() < 0.4) else 0
    loud = (0.74 + 0.3 * drive) * (0.85 if direction.under_speech else 1.0)
    if not rests:
        kick = next((voice for voice in voices(direction.style) if voice.instrument in KICKS), None)
        if kick is not None:
            for beat, velocity in kick_strokes(direction.style, meter, bar.beats, bar.energy):
                yield Stroke(bar.first_beat + beat, kick.instrument, kick.key, round(velocity * loud))
    for voice in _active(direction, drive, rests, dress):
        written = patterns(voice, meter)
        pattern = written[(dress.variants[voice] + turn) % len(written)]
        for beat, velocity in strokes(pattern, meter, bar.beats):
            yield Stroke(bar.first_beat + beat, voice.instrument, voice.key, round(velocity * loud))
    if not rests and drive > 0.32 and not direction.under_speech:
        yield from _figure(bar, meter, dress, place, loud)


def _active(direction: Direction, drive: float, rests: bool, dress: _Dress) -> list[Voice]:
    """The voices that play beside the kick."""
    kicks = [voice for voice in voices(direction.style) if voice.instrument in KICKS]
    others = [voice for voice in voices(direction.style, direction.instruments) if voice not in kicks]
    keepers = [voice for voice in others if voice.keeps_time]
    fitting = [voice for voice in others if voice.lowest <= drive < voice.highest]
    if rests:
        return [voice for voice in keepers if voice in fitting][:1] or keepers[:1]
    if direction.under_speech:
        return [v for v in fitting if not v.instrument.startswith(("hat", "ride")) or v.keeps_time]
    return [voice for voice in fitting if voice not in dress.silent]


def _figure(bar: Bar, meter: Meter, dress: _Dress, place: int, loud: float) -> Iterator[Stroke]:
    """The colour drum's own figure, in pulses of the bar; in compound meters its sixteenths become eighths."""
    instrument, pitch = dress.colour
    for offset in dress.figure[place % 2]:
        beat = offset * 4 / 3 if meter.compound else offset * meter.beats_per_pulse
        if beat <= bar.beats - 1:
            yield Stroke(bar.first_beat + beat, instrument, pitch, round(74 * loud))


def _with_fill(
    groove: list[Stroke], outline: Outline, bar: Bar, following: Bar, rng: np.random.Generator
) -> list[Stroke]:
    """The bar's groove with a fill over its end, if one is chosen."""
    direction = outline.brief.direction
    meter = outline.brief.plan.tempo_map.meter
    energy = _drive(max(bar.energy, following.energy), direction)
    fill = choose(direction.style, energy, rng, surely=outline.turns.get(bar.index, False))
    if fill is None:
        return groove
    end = float(bar.first_beat + bar.beats)
    begin = end - fill_beats(fill, meter, bar.beats)
    kept = [stroke for stroke in groove if stroke.beat < begin - 1e-6 or stroke.instrument in fill.keeps]
    return kept + fill_strokes(fill, end, meter, bar.beats)


def _crash(direction: Direction, bar: Bar, energy: float) -> Iterator[Stroke]:
    """What rings at the start of a section."""
    crash = _CRASHES.get(direction.style)
    if crash is not None and energy >= crash[1] and not direction.under_speech:
        instrument, _, velocity = crash
        yield Stroke(float(bar.first_beat), instrument, PITCH[instrument], velocity)


def _swells(outline: Outline) -> Iterator[Note]:
    """Cymbal swells that end where a stronger section begins, one bar long."""
    direction = outline.brief.direction
    rng = stream(outline.brief.seed, "cymbal swells")
    for before, after in pairwise(outline.bars):
        if before.section != after.section and rng.random() < _SWELLS.get(direction.style, 0.0):
            start = max(before.start, after.start - 3.0)
            if after.energy > before.energy - 0.05 and start >= 0 and after.start - start > 0.8:
                yield Note(start, after.start - start, PITCH["cymbal_swell"], round(60 + 36 * after.energy))
