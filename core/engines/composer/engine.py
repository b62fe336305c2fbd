"""The composer behind the engine interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.brief import STEMS, Brief, Hole, Rendering, StemName, Track
from core.engines.composer import room
from core.engines.composer.compose import compose
from core.engines.composer.instruments import INSTRUMENTS, loops
from core.engines.composer.render import render
from core.engines.composer.score import Part
from core.engines.engine import Abilities, Readiness
from core.errors import EngineNotReady
from core.watch import Watch


@dataclass(frozen=True)
class Composer:
    """Writes music symbolically, led by the picture, and plays it on instruments of its own."""

    name: str = "composer"
    stems: tuple[StemName, ...] = STEMS
    abilities: Abilities = field(
        default=Abilities(
            on_grid=True,
            holes_in_time=False,
            holes_in_stems=False,
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
        """Compose the brief, then play it: five stems, the notes, the chords, and how each hit was met.

        Raises:
            EngineNotReady: a hole is asked for.
            UnusableInput: the SoundFont cannot be read.
            Cancelled: the user stopped the work.
        """
        if hole is not None:
            raise EngineNotReady("The composer cannot re-roll a part of a cue", do="Score the range again instead.")
        score = compose(brief, watch)
        watch.report("compose", 1.0, f"{sum(len(part.notes) for part in score.parts)} notes")
        if brief.soundfont is None:
            stems = render(score, brief.sample_rate, brief.seed, brief.samples, scratch, watch)
        else:
            from core.engines.composer.soundfont import render_soundfont

            stems = render_soundfont(score, brief.soundfont, brief.sample_rate, brief.samples, scratch, watch)
        tracks = tuple(_track(part) for part in score.parts if part.notes)
        return Rendering(stems=stems, tracks=tracks, chords=score.chords, how=score.how)

    def held(self) -> int:
        """Bytes of its loops; rooms and tables, some megabytes, are not counted."""
        return loops.LOOPS.held()

    def release(self) -> None:
        """Let go of loops and rooms."""
        loops.forget()
        room.forget()


def _track(part: Part) -> Track:
    """The part as a MIDI track."""
    instrument = INSTRUMENTS[part.instrument]
    return Track(part.name, part.stem, instrument.program, instrument.drums, part.notes)


ENGINE = Composer()
