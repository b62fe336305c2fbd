"""Puts a crisp note exactly on every accepted hit, and the band on the strong ones.

Notes that nearly coincide with a hit are moved onto it; a note in an instrument with a clear attack is added; and
where it enters, ornaments of the same stem just before it give way, so that the onset stands clear.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from core.brief import FloatArray, Note, StemName
from core.engines.composer.clock import beats_of
from core.engines.composer.grooves import PITCH
from core.engines.composer.humanise import near
from core.engines.composer.instruments import INSTRUMENTS
from core.engines.composer.marks import BAND, LEADING, MARKS, Mark, chord_pitches
from core.engines.composer.outline import Gesture, Harmony, Outline
from core.engines.composer.percussion import drum_part, unwanted
from core.engines.composer.score import EVERYBODY, Company, Part
from core.engines.composer.streams import stream

EXACT = 0.0005
"""Seconds within which a note counts as being on a hit."""
_NEARLY = 0.045
"""Seconds within which a note is moved onto a hit."""
_CLEAR = 0.12
"""Seconds before a hit that are cleared in the stem that marks it."""
_RESTRUCK = ("piano", "bass", "strings", "brass", "guitar", "harp", "pizzicato", "supersaw", "horn")
"""Beginnings of the names of instruments whose held notes are struck again on strong hits."""


def mark_hits(outline: Outline, parts: Sequence[Part], company: Company = EVERYBODY) -> tuple[Part, ...]:
    """The parts with every hit that is an accent or on the grid made audible, to the sample.

    Marks are put into the stems that the company writes. Where the style has none for them, a hit that the others
    strike already is left to them.
    """
    gestures = [gesture for gesture in outline.gestures if gesture.how != "stop"]
    if not gestures:
        return tuple(parts)
    times = np.array([gesture.time for gesture in gestures])
    strong = np.array([gesture.strong for gesture in gestures])
    moved = [_onto_hits(part, times, strong) for part in parts]
    struck = [_restruck(part, times[strong]) for part in moved]
    onsets = _onsets(struck)
    dull = _dull(struck)
    answered = near(times, _crisp_onsets(company.kept), EXACT)
    added: dict[tuple[StemName, str], list[Note]] = defaultdict(list)
    cleared: dict[StemName, list[float]] = defaultdict(list)
    harmony = _harmony(outline, times)
    rng = stream(outline.brief.seed, "marks")
    for gesture, chord, heard in zip(gestures, harmony, answered.tolist(), strict=True):
        offered = _offered(outline, company, heard)
        chosen = _marks(outline, gesture, offered, onsets, dull, rng)
        chosen += BAND.get(outline.brief.direction.style, ()) if gesture.strong else ()
        dull -= {mark.stem for mark in chosen}
        for mark in chosen:
            if _wanted(outline, company, mark):
                added[mark.stem, mark.instrument] += _notes(outline, mark, gesture, chord)
                cleared[mark.stem].append(gesture.time)
    tempo_map = outline.brief.plan.tempo_map
    clear = [_cleared(part, np.array(cleared[part.stem]), tempo_map.beats) for part in struck]
    return (*clear, *(_part(stem, instrument, notes) for (stem, instrument), notes in sorted(added.items())))


def _onto_hits(part: Part, times: np.ndarray, strong: np.ndarray) -> Part:
    """Notes that nearly coincide with a hit moved onto it; those on a hit strengthened. Effects stay."""
    if part.stem == "effects" or part.instrument in LEADING or not part.notes:
        return part
    starts = np.array([note.start for note in part.notes])
    right = np.clip(np.searchsorted(times, starts), 0, len(times) - 1)
    left = np.maximum(right - 1, 0)
    nearest = np.where(np.abs(times[left] - starts) <= np.abs(times[right] - starts), left, right)
    near = np.abs(times[nearest] - starts) <= _NEARLY
    notes: dict[tuple[float, int], Note] = {}
    for note, place, close in zip(part.notes, nearest.tolist(), near.tolist(), strict=True):
        moved = note
        if close:
            time = float(times[place])
            velocity = min(127, max(note.velocity + 12, 108 if strong[place] else 90))
            moved = Note(time, max(0.04, note.start + note.duration - time), note.pitch, velocity)
        notes.setdefault((moved.start, moved.pitch), moved)
    return _with(part, notes.values())


def _restruck(part: Part, strong: np.ndarray) -> Part:
    """Long notes of instruments with an attack, divided at the strong hits they are held over."""
    if not len(strong) or part.stem not in ("bass", "harmony") or not part.instrument.startswith(_RESTRUCK):
        return part
    notes: list[Note] = []
    for note in part.notes:
        end = note.start + note.duration
        edges = strong[np.searchsorted(strong, note.start + 0.06) : np.searchsorted(strong, end - 0.12)].tolist()
        for begin, until in zip([note.start, *edges], [*edges, end], strict=True):
            louder = note.velocity if begin == note.start else min(127, note.velocity + 12)
            notes.append(Note(begin, until - begin, note.pitch, louder))
    return _with(part, notes)


def _onsets(parts: Sequence[Part]) -> dict[StemName, list[float]]:
    """When notes start in each stem, sorted."""
    onsets: dict[StemName, list[float]] = defaultdict(list)
    for part in parts:
        onsets[part.stem] += [note.start for note in part.notes]
    return {stem: sorted(starts) for stem, starts in onsets.items()}


def _harmony(outline: Outline, times: np.ndarray) -> list[Harmony]:
    """The chord at each time."""
    begins = [chord.beat for chord in outline.harmony]
    beats = beats_of(outline.brief.plan.tempo_map, times)
    return [outline.harmony[max(0, bisect_right(begins, beat + 1e-6) - 1)] for beat in beats.tolist()]


def _wanted(outline: Outline, company: Company, mark: Mark) -> bool:
    return mark.stem in _open(outline, company) and not unwanted(mark.instrument, outline.brief.direction)


def _open(outline: Outline, company: Company) -> list[StemName]:
    """The stems that may be written, those first that can carry a struck chord."""
    stems: tuple[StemName, ...] = ("harmony", "melody", "effects", "bass", "drums")
    return [stem for stem in stems if stem in company.stems and stem not in outline.brief.direction.without]


def _crisp_onsets(parts: Sequence[Part]) -> FloatArray:
    """When notes with a clear attack start, sorted."""
    return np.sort([note.start for part in parts if INSTRUMENTS[part.instrument].crisp for note in part.notes])


def _offered(outline: Outline, company: Company, heard: bool) -> list[Mark]:
    """What a hit may be marked with; where the style has nothing that is wanted, a struck chord unless it is heard."""
    style = outline.brief.direction.style
    offered = [mark for mark in MARKS.get(style, MARKS["documentary"]) if _wanted(outline, company, mark)]
    chordal = [stem for stem in _open(outline, company) if stem != "drums"]
    if offered or heard or (company.kept and not chordal):
        return offered
    return [Mark(chordal[0] if chordal else "harmony", "piano", 60)]


def _dull(parts: Sequence[Part]) -> set[StemName]:
    """Stems that sound but have no clear attack anywhere: nothing in them tells a beginning from a swell."""
    sounding = {part.stem for part in parts if part.notes}
    return sounding - {part.stem for part in parts if part.notes and INSTRUMENTS[part.instrument].crisp}


def _marks(
    outline: Outline,
    gesture: Gesture,
    offered: Sequence[Mark],
    onsets: dict[StemName, list[float]],
    dull: set[StemName],
    rng: np.random.Generator,
) -> list[Mark]:
    """The marks for one hit: of those offered, where its stem is quiet just before the hit or needs it most.

    Off the beat, where the groove is against it, a second stem joins.
    """
    if not offered:
        return []
    wishes = outline.brief.direction.instruments
    costs = []
    for place, mark in enumerate(offered):
        starts = onsets.get(mark.stem, [])
        crowd = bisect_left(starts, gesture.time - EXACT) - bisect_left(starts, gesture.time - _CLEAR)
        wished = any(mark.instrument.startswith(wish) for wish in wishes)
        needed = mark.stem in dull
        costs.append(1.5 * min(crowd, 3) + 0.3 * place - 1.0 * wished - 3.0 * needed + rng.uniform(0, 0.8))
    ranked = [offered[place] for place in np.argsort(costs, kind="stable")]
    others = [mark for mark in ranked if mark.stem != ranked[0].stem]
    return [ranked[0], *(others[:1] if gesture.met.on != "beat" else [])]


def _notes(outline: Outline, mark: Mark, gesture: Gesture, chord: Harmony) -> list[Note]:
    """The mark's notes at the hit: a drum's key, or tones of the chord."""
    softer = 0.85 if outline.brief.direction.under_speech else 1.0
    velocity = min(127, round((mark.velocity + (10 if gesture.strong else 0)) * softer))
    if mark.instrument in PITCH:
        return [Note(gesture.time, 2.0 if mark.instrument == "crash" else 0.12, mark.low, velocity)]
    length = 0.9 if mark.instrument in ("bells", "harp", "celesta", "vibraphone", "hit_metal") else 0.35
    pitches = chord_pitches(chord.tones, mark.low, mark.notes)
    return [Note(gesture.time, length, pitch, velocity) for pitch in pitches]


def _cleared(part: Part, times: np.ndarray, beats: np.ndarray) -> Part:
    """Ornaments within `_CLEAR` before these hits taken out: notes that lie on no beat and on no other hit."""
    if not len(times) or part.stem == "effects" or part.instrument in LEADING or not part.notes:
        return part
    starts = np.array([note.start for note in part.notes])
    place = np.searchsorted(times, starts + EXACT)
    gap = np.where(place < len(times), times[np.minimum(place, len(times) - 1)] - starts, np.inf)
    on_beat = np.abs(beats[np.clip(np.searchsorted(beats, starts - EXACT), 0, len(beats) - 1)] - starts) < EXACT
    on_hit = (place > 0) & (np.abs(times[np.maximum(place - 1, 0)] - starts) < EXACT)
    ornament = (gap < _CLEAR) & (gap > EXACT) & ~on_beat & ~on_hit
    if not ornament.any():
        return part
    return _with(part, [note for note, gone in zip(part.notes, ornament.tolist(), strict=True) if not gone])


def _part(stem: StemName, instrument: str, notes: list[Note]) -> Part:
    """A part that plays nothing but marks."""
    if stem == "drums":
        usual = drum_part(instrument, tuple(notes))
        return replace(usual, name=f"hits {usual.name}")
    return Part(f"hits {instrument.replace('_', ' ')}", stem, instrument, tuple(notes), 0.0, 0.0, 0.22)


def _with(part: Part, notes: Iterable[Note]) -> Part:
    """The part with other notes, in order."""
    return replace(part, notes=tuple(sorted(notes, key=lambda note: (note.start, note.pitch))))
