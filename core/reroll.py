"""The way from a cue that is liked but for a part to a take in which that part is new."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from core.adding import Recipe, Rerolled, Work, added, growing, opened, unheeded
from core.audio.mapped import BYTES
from core.audio.splice import Spliced, splice
from core.brief import Brief, Direction, Rendering, StemName
from core.cue.changing import changing
from core.cue.folder import Cue, rendering_of
from core.cue.provenance import made_by, soundfont_hash
from core.cue.takes import Opening, Snap
from core.direction import direct, style_named
from core.engines.engine import Engine
from core.errors import EngineNotReady
from core.filling import engine_of, hole_of
from core.playing import on_the_grid, played
from core.watch import Watch

LONG_S = 60.0
"""Engines keep what is shorter in memory, with all that must be played before it so that it rings on."""


@dataclass(frozen=True)
class Reroll:
    """What the user asks for."""

    cue: Path
    """The cue folder, or the `cue.json` inside it."""
    in_text: str | None = None
    """Record timecode, or frames or seconds from the timeline's start; None is the cue's start."""
    out_text: str | None = None
    """Exclusive; None is the cue's end."""
    stems: tuple[StemName, ...] = ()
    """Empty for all that the cue has."""
    snap: Snap | None = None
    """Where the edges may settle; None is "bar" for stems that groove, "none" for effects alone."""
    seed: int | None = None
    """None draws one; it is reported."""
    style: str | None = None
    """For the new music alone; None is the cue's, or what the prompt names."""
    prompt: str | None = None
    """For the new music alone; None is the cue's."""


def reroll(request: Reroll, watch: Watch = Watch(), about_to_appear: Callable[[Rerolled], None] = unheeded) -> Rerolled:
    """Make a new take in which a part of the take in use is new music; all else is kept bit for bit.

    Args:
        request: what the user asks for.
        watch: progress and cancellation.
        about_to_appear: called when the take is whole, just before `cue.json` names it. Whoever keeps a record here can
            tell, after a crash, whether the take was finished: by its number and the hash of its mix.

    Raises:
        WrongUse: an option cannot be meant.
        UnusableInput: there is no cue, it is damaged, the part lies outside of it, or the take cannot be written.
        EngineNotReady: the engine cannot do what is asked.
        Cancelled: the user stopped the work; the cue is as it was.
    """
    with changing(request.cue, watch) as change:
        work = Work(change, watch, about_to_appear)
        cue, kept = change.cue, rendering_of(change.cue, change.cue.take)
        opening = opened(cue, request.in_text, request.out_text, request.stems, request.snap)
        engine = _checked(request, cue, opening)
        brief, weights = _brief(request, cue), soundfont_hash(cue.brief.soundfont)
        with growing(work, opening, _scratch(engine, cue, opening)) as grown:
            with work.clock("music"):
                rendering = _rendered(engine, brief, opening, kept, cue, grown.scratch, watch)
            with work.clock("audio"):
                spliced = _spliced(cue, opening, rendering, grown.path, watch)
                rendering = replace(rendering, stems=())  # nobody may hold on to what lies in the scratch folder
            recipe = Recipe(
                opening,
                brief.seed,
                (*_remarks(request, cue, weights), *spliced.said),
                style=request.style,
                prompt=request.prompt,
                direction=None if brief.direction == cue.brief.direction else brief.direction,
                made_by=made_by(engine.name, weights),
            )
            return added(work, grown, recipe, spliced, rendering, kept.how)


def _checked(request: Reroll, cue: Cue, opening: Opening) -> Engine:
    """The engine, once it is seen that it can do what is asked.

    Raises:
        WrongUse: there is no such style.
        EngineNotReady: the engine cannot work now, or cannot do this.
        UnusableInput: the SoundFont is not there.
    """
    if request.style is not None:
        style_named(request.style)
    engine = engine_of(cue)
    name = engine.name
    if request.prompt and not engine.abilities.text:
        raise EngineNotReady(f"The engine {name} takes no words", "--prompt", "Leave the prompt out.")
    part_in_time = opening.span(cue.brief.sample_rate) != (0, cue.brief.samples)
    part_in_stems = set(opening.stems) != set(cue.take.stems)
    if part_in_time and not engine.abilities.holes_in_time:
        raise EngineNotReady(f"The engine {name} cannot re-roll a part", "--in, --out", "Re-roll the whole cue.")
    if part_in_stems and not engine.abilities.holes_in_stems:
        raise EngineNotReady(f"The engine {name} cannot re-roll single stems", "--stem", "Re-roll all stems together.")
    return engine


def _scratch(engine: Engine, cue: Cue, opening: Opening) -> int:
    """Bytes that arrays too long for memory may take: the engine's own, and what is conformed to the grid."""
    first, last = opening.span(cue.brief.sample_rate)
    long = last - first > LONG_S * cue.brief.sample_rate
    return (long + (not engine.abilities.on_grid)) * len(opening.stems) * cue.brief.samples * BYTES


def _brief(request: Reroll, cue: Cue) -> Brief:
    """What the engine is told: the cue's brief with another seed and, where there are some, other wishes.

    Tempo, key and ending are the cue's, whatever the words say.
    """
    told, was = cue.brief, cue.brief.direction
    seed = secrets.randbelow(2**31) if request.seed is None else request.seed
    if request.style is None and request.prompt is None:
        return replace(told, seed=seed)
    found = _directed(request, cue)
    why = was.why if found.style == was.style else found.why
    direction = replace(found, tonic=was.tonic, mode=was.mode, why=why)
    return replace(told, seed=seed, prompt=_prompt(request, cue), direction=direction)


def _directed(request: Reroll, cue: Cue) -> Direction:
    """What is wanted by the words of the request, or else by those of the cue."""
    told, was = cue.brief, cue.brief.direction
    cuts = sum(hit.kind == "cut" for hit in told.edit.hits) * 60 / told.seconds
    return direct(
        request.style, _prompt(request, cue), told.picture, cuts, was.ending, was.under_speech, otherwise=was.style
    )


def _prompt(request: Reroll, cue: Cue) -> str:
    return cue.brief.prompt if request.prompt is None else request.prompt


def _remarks(request: Reroll, cue: Cue, weights: Mapping[str, str]) -> Iterator[str]:
    """What the editor should know of how the request was taken."""
    if dict(weights) != dict(cue.made_by.weights):
        yield "The SoundFont is not the one that the first take was played with."
    if request.prompt is None:
        return
    found, was = _directed(request, cue), cue.brief.direction
    if found.feel.bpm is not None and found.feel.bpm != was.feel.bpm:
        yield f"A re-roll keeps the tempo of the cue, {cue.brief.plan.bpm:.0f} bpm."
    if found.tonic is not None and (found.tonic, found.mode) != (was.tonic, was.mode):
        yield "A re-roll keeps the key of the cue."
    if found.unknown:
        yield f"These words of the prompt are not understood: {', '.join(found.unknown)}."


def _rendered(
    engine: Engine, brief: Brief, opening: Opening, kept: Rendering, cue: Cue, scratch: Path, watch: Watch
) -> Rendering:
    """The new music, whole length, right inside the hole, with notes, chords and hits of the whole new take."""
    if not engine.abilities.holes_in_time and not engine.abilities.holes_in_stems:
        return played(engine, brief, scratch, watch)  # the whole cue is asked for, else it was refused
    hole = hole_of(cue.files(cue.take), kept, cue.brief, opening.span(brief.sample_rate), opening.stems)
    rendering = engine.render(brief, hole, scratch, watch)
    return rendering if rendering.how else replace(rendering, how=on_the_grid(brief))


def _spliced(cue: Cue, opening: Opening, rendering: Rendering, folder: Path, watch: Watch) -> Spliced:
    """The new music put into the files of the take in use."""
    brief, take = cue.brief, cue.take
    first, last = opening.span(brief.sample_rate)
    return splice(
        cue.files(take),
        cue.folder / take.mix.file,
        rendering.stems,
        first,
        last,
        brief.sample_rate,
        cue.gain_db,
        folder,
        watch,
        brief.plan.tempo_map.beats.tolist(),
    )
