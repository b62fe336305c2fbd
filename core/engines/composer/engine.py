"""The composer behind the engine interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.brief import STEMS, Brief, Hole, Rendering, Stem, StemName
from core.engines.composer import room
from core.engines.composer.compose import compose
from core.engines.composer.instruments import loops
from core.engines.composer.kept import track_of
from core.engines.composer.mix import Window
from core.engines.composer.render import NOTES, render
from core.engines.composer.reroll import reroll
from core.engines.composer.score import Score
from core.engines.engine import Abilities, Readiness
from core.watch import Watch


@dataclass(frozen=True)
class Composer:
    """Writes music symbolically, led by the picture, and plays it on instruments of its own."""

    name: str = "composer"
    stems: tuple[StemName, ...] = STEMS
    abilities: Abilities = field(
        default=Abilities(
            on_grid=True,
            holes_in_time=True,
            holes_in_stems=True,
            text=True,
            style_audio=False,
            styles=False,
        )
    )
    configs: Mapping[str, int] = field(default_factory=dict)

    def ready(self) -> Readiness:
        """Always: it needs neither weights nor a GPU."""
        return Readiness(ready=True)

    def render(self, brief: Brief, hole: Hole | None, scratch: Path, watch: Watch) -> Rendering:
        """Compose the brief, or its hole, then play it: the stems, the notes, the chords, and how each hit was met.

        Raises:
            EngineNotReady: the take in use was not made by this engine.
            UnusableInput: the SoundFont cannot be read.
            Cancelled: the user stopped the work.
        """
        if hole is not None:
            return _rerolled(brief, hole, scratch, watch)
        score = compose(brief, watch)
        watch.report("compose", 1.0, f"{sum(len(part.notes) for part in score.parts)} notes")
        stems = _played(score, brief, brief.seed, scratch, watch)
        tracks = tuple(track_of(part) for part in score.parts if part.notes)
        return Rendering(stems=stems, tracks=tracks, chords=score.chords, how=score.how)

    def held(self) -> int:
        """Bytes of its loops and notes; rooms and tables, some megabytes, are not counted."""
        return loops.LOOPS.held() + NOTES.held()

    def release(self) -> None:
        """Let go of loops, notes and rooms."""
        loops.forget()
        NOTES.clear()
        room.forget()


def _rerolled(brief: Brief, hole: Hole, scratch: Path, watch: Watch) -> Rendering:
    """Other music in the hole, and all notes of the take that it makes."""
    new = reroll(brief, hole, watch)
    watch.report("compose", 1.0, f"{sum(len(track.notes) for track in new.tracks)} notes")
    # A note sounds the same in every take: its sound is drawn from the cue's own seed.
    stems = _played(new.score, brief, hole.brief.seed, scratch, watch, new.window)
    return Rendering(stems=stems, tracks=new.tracks, chords=new.score.chords, how=hole.kept.how)


def _played(
    score: Score, brief: Brief, seed: int, scratch: Path, watch: Watch, window: Window | None = None
) -> tuple[Stem, ...]:
    """The score's sound, by the house instruments or by the SoundFont that is asked for."""
    if brief.soundfont is None:
        return render(score, brief.sample_rate, seed, brief.samples, scratch, watch, window)
    from core.engines.composer.soundfont import render_soundfont

    return render_soundfont(score, brief.soundfont, brief.sample_rate, brief.samples, scratch, watch, window)


ENGINE = Composer()
