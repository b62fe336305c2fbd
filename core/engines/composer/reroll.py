"""Other music for a hole in a cue: as if the same band had played something else there.

Form, energy, key, the manner in which each hit is met, the stops and the ending are the cue's own; figures, motifs,
grooves, fills, effects and touch are drawn anew. Where every part that carries harmony is played anew, the chords are
too, between those on both sides. The new parts are written by whole sections and heard in the hole only, so that
phrases, fills and grooves are where they would be anyway.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.brief import Brief, Chord, Hole, Note, StemName, Track
from core.engines.composer.chords import Key
from core.engines.composer.clock import beats_of
from core.engines.composer.compose import tonal_parts
from core.engines.composer.effects_writer import effects_parts
from core.engines.composer.finishing import chords, mixed, played, settled
from core.engines.composer.form import outline
from core.engines.composer.joining import Gap, fitted, gap_of, joined, old_notes
from core.engines.composer.kept import gestures_of, harmony_of, part_of
from core.engines.composer.mix import Window
from core.engines.composer.outline import Outline
from core.engines.composer.parting import let_go, parting_of
from core.engines.composer.percussion import rhythm_parts
from core.engines.composer.reharmonise import reharmonise
from core.engines.composer.score import Company, Part, Score
from core.engines.composer.stops import plan_stops
from core.engines.composer.streams import stream
from core.engines.composer.styles import PALETTES
from core.engines.composer.turns import turns
from core.engines.composer.voicing import Voiced, voice
from core.watch import Watch

_TONAL: tuple[StemName, ...] = ("bass", "harmony", "melody")
_TRIES = 6
"""Ideas that are drawn until one is another than what was there."""
_ANOTHER = 0.35
"""Share of the notes in each stem by which an idea must differ to be another one."""
_NEXT_IDEA = 1 << 40
"""Lies between the seeds of two ideas, beyond every seed a user gives."""
_ENERGY_PER_DENSITY = 0.2
_AROUND_SECONDS = 0.05
"""Sound that is rendered beyond both edges, for whoever joins it."""
_MOMENT = 0.02
"""Seconds within which two notes are at the same moment."""


@dataclass(frozen=True)
class Rerolled:
    """What is played now."""

    score: Score
    """The whole cue as it is now."""
    tracks: tuple[Track, ...]
    window: Window
    """What of it is new."""


def reroll(brief: Brief, hole: Hole, watch: Watch = Watch()) -> Rerolled:
    """Write the hole anew: the same brief, hole and seed give the same notes.

    Args:
        brief: the cue's, with the new seed and with what is wanted now.
        hole: what is to be new, and the take in use around it.
        watch: progress and cancellation.

    Raises:
        EngineNotReady: the take in use does not say who plays its notes, or on which chords.
        Cancelled: the user stopped the work.
    """
    watch.report("compose", 0.0, "What is kept")
    gap = gap_of(hole, brief.sample_rate, brief.seconds)
    parts = [part_of(track) for track in hole.kept.tracks]
    company = Company(hole.stems, tuple(part for part in parts if part.stem not in hole.stems))
    cue = _as_kept(hole)
    stops = plan_stops(cue)
    parting = parting_of(hole.kept.tracks, gap, stops)
    tries = []
    for idea in range(_TRIES):
        watch.report("compose", 0.1 + 0.9 * idea / _TRIES, "Another idea" if idea else "An idea")
        plan = _asked(cue, brief, hole, gap, idea)
        written = _written(cue, plan, gap, company, watch)
        new = [let_go(fitted(part, hole.kept.tracks, gap), parting) for part in written]
        tries.append((_otherness(hole.kept.tracks, new, gap), plan, new))
        if tries[-1][0] >= _ANOTHER:
            break
    _, plan, new = max(tries, key=lambda one: one[0])
    fresh = () if plan.harmony == cue.harmony else chords(plan)
    tracks = joined(hole.kept.tracks, new, fresh, gap)
    told = _told(hole.kept.chords, fresh)
    score = mixed(cue, tuple(part_of(track) for track in tracks), told, stops)
    around = round(_AROUND_SECONDS * brief.sample_rate)
    window = Window(max(0, gap.first_sample - around), min(brief.samples, gap.end_sample + around), tuple(hole.stems))
    return Rerolled(replace(score, parting=parting), tracks, window)


def _as_kept(hole: Hole) -> Outline:
    """The outline of the cue as the take in use has it."""
    drawn = outline(hole.brief)
    key = Key(drawn.tonic, drawn.mode)
    harmony = harmony_of(hole.kept.chords, key, drawn.bars, hole.brief)
    return settled(replace(drawn, harmony=harmony, gestures=gestures_of(hole.brief, hole.kept)))


def _asked(cue: Outline, brief: Brief, hole: Hole, gap: Gap, idea: int) -> Outline:
    """The outline by which new parts are written: the cue's, with the new seed and wishes."""
    wishes = replace(brief.direction, ending=hole.brief.direction.ending)
    told = replace(brief, plan=hole.brief.plan, direction=wishes, seed=brief.seed + idea * _NEXT_IDEA)
    lift = _ENERGY_PER_DENSITY * (wishes.density - hole.brief.direction.density)
    bars = tuple(replace(bar, energy=min(1.0, max(0.0, bar.energy + lift))) for bar in cue.bars)
    plan = replace(cue, brief=told, bars=bars)
    start, end = beats_of(hole.brief.plan.tempo_map, [gap.start, gap.end]).tolist()
    plan = replace(plan, turns=turns(plan, hole.kept.tracks, gap, start, end), heard=(start, end))
    sounding = {
        track.stem
        for track in hole.kept.tracks
        for note in track.notes
        if note.start < gap.end and note.start + note.duration > gap.start
    }
    if not sounding & set(_TONAL) <= set(gap.stems) or not set(gap.stems) & set(_TONAL):
        return plan
    return replace(plan, harmony=reharmonise(plan, PALETTES[wishes.style], start, end))


def _written(cue: Outline, plan: Outline, gap: Gap, company: Company, watch: Watch) -> tuple[Part, ...]:
    """The parts of the hole's stems, for the hole and some way around it."""
    parts: tuple[Part, ...] = ()
    if set(gap.stems) & set(_TONAL):
        parts += tonal_parts(plan, watch, _laid_out(cue, plan, gap))
    if "drums" in gap.stems:
        parts += rhythm_parts(plan)
    if "effects" in gap.stems:
        parts += effects_parts(plan)
    near = [
        replace(part, notes=tuple(note for note in part.notes if abs(note.start - gap.middle) < gap.reach))
        for part in parts
    ]
    gestures = tuple(gesture for gesture in plan.gestures if abs(gesture.time - gap.middle) < gap.reach)
    return played(replace(plan, gestures=gestures), near, plan_stops(cue), company)


def _laid_out(cue: Outline, plan: Outline, gap: Gap) -> tuple[Voiced, ...]:
    """The harmony as it is laid out: as ever around the hole, and leaning another way inside."""
    start, end = beats_of(plan.brief.plan.tempo_map, [gap.start, gap.end]).tolist()
    usual = {round(laid.harmony.beat, 3): laid for laid in voice(cue.harmony)}
    pinned = {}
    for place, chord in enumerate(plan.harmony):
        laid = usual.get(round(chord.beat, 3))
        inside = start - 1e-3 < chord.beat and chord.beat + chord.beats < end + 1e-3
        around = chord.beat < start - 1e-3 and chord.beat + chord.beats > end + 1e-3
        if laid is not None and laid.harmony.name == chord.name and not inside and not around:
            pinned[place] = replace(laid, harmony=chord)
    return voice(plan.harmony, pinned=pinned, rng=stream(plan.brief.seed, "layout"))


def _otherness(kept: Sequence[Track], new: Sequence[Part], gap: Gap) -> float:
    """The share of notes that only one of both has, in the stem where they are most alike; 1 where nothing is."""
    least = 1.0
    for stem in gap.stems:
        old = {place for track in kept if track.stem == stem for place in _places(old_notes(track, gap))}
        now = {place for part in new if part.stem == stem for place in _places(part.notes)}
        if len(old) > 2 or len(now) > 2:
            least = min(least, len(old ^ now) / max(1, len(old | now)))
    return least


def _places(notes: Sequence[Note]) -> Iterator[tuple[int, int]]:
    """Notes as moments and pitches."""
    return ((int(np.floor(note.start / _MOMENT + 0.5)), note.pitch) for note in notes)


def _told(kept: tuple[Chord, ...], fresh: tuple[Chord, ...]) -> tuple[Chord, ...]:
    """The harmony of the new take; chords that stayed are the kept ones themselves."""
    same = {(round(chord.start, 4), round(chord.duration, 4), chord.name): chord for chord in kept}
    now = (same.get((round(chord.start, 4), round(chord.duration, 4), chord.name), chord) for chord in fresh)
    return tuple(now) or kept
