"""The way from a timeline range to a saved cue."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from core import engines
from core.atomic import write_whole
from core.audio.finish import Finished, finish
from core.audio.onsets import heard
from core.brief import Audio, Brief, Direction, Edit, Ending, Hit, Picture, Rendering
from core.cue.disk import NewCue, bytes_needed, check_room, new_cue
from core.cue.folder import Cue, save
from core.cue.page import page
from core.direction import direct
from core.engines.engine import Engine
from core.errors import EngineNotReady, UnusableInput
from core.picture.cuts import split
from core.picture.turns import weigh
from core.picture.watching import watch_picture
from core.rhythm.conform import conform
from core.rhythm.plan import plan
from core.rhythm.track import track
from core.timeline import write as timeline_write
from core.timeline.archive import open_media
from core.timeline.read import read
from core.watch import Watch

MOTION_CLEARANCE_S = 0.4
"""A burst of motion this near to a cut or marker is the same event."""


@dataclass(frozen=True)
class Request:
    """What the user asks for."""

    timeline: Path
    in_text: str | None = None
    out_text: str | None = None
    engine: str = engines.DEFAULT
    style: str | None = None
    prompt: str = ""
    under_speech: bool = False
    ending: Ending | None = None
    seed: int | None = None
    """None draws one; it is reported."""
    to: Path | None = None
    """Where the cue folder is made; None is "Hitpoint Cues" beside the timeline."""
    sample_rate: int = 48_000
    loudness: float = -20.0
    """Integrated loudness of the mix, LUFS."""
    soundfont: Path | None = None


@dataclass(frozen=True)
class Scored:
    """A cue that has just been made, with what was made on the way."""

    cue: Cue
    rendering: Rendering
    timings: dict[str, float]
    """Wall seconds of each stage."""


def score(request: Request, watch: Watch = Watch()) -> Scored:
    """Score a timeline range.

    Raises:
        WrongUse: an option cannot be meant.
        UnusableInput: the timeline or the range cannot be scored, or the cue cannot be written.
        EngineNotReady: the engine cannot do what is asked.
        Cancelled: the user stopped the work; nothing is left behind.
    """
    clock = _Clock()
    engine = _ready_engine(request)
    with clock("timeline"):
        edit = split(read(request.timeline, request.in_text, request.out_text), watch, open_media)
    with _growing(request, edit, engine) as (new, scratch):
        with clock("picture"):
            picture, motion = watch_picture(edit, watch, open_media)
        with clock("rhythm"):
            direction = _direct(request, edit, picture)
            planned = plan(_hits(edit, picture, motion), edit.range.seconds, edit.range.rate, direction.feel, watch)
        brief = Brief(
            edit, picture, planned, direction, request.prompt, _seed(request), request.sample_rate, request.soundfont
        )
        with clock("music"):
            rendering = engine.render(brief, None, scratch, watch)
            if not engine.abilities.on_grid:
                rendering = _conformed(rendering, brief, watch)
        with clock("audio"):
            finished = finish(rendering.stems, request.sample_rate, request.loudness, new.path / "takes" / "001", watch)
            errors_ms = _errors_ms(rendering, brief)
        with clock("cue"):
            cue = save(new.path, engine.name, brief, rendering, finished, errors_ms)
            _show(cue, brief, rendering, finished, watch)
    return Scored(replace(cue, folder=new.final), rendering, clock.seconds)


def _ready_engine(request: Request) -> Engine:
    """The engine asked for, once it can work."""
    engine = engines.engine(request.engine)
    readiness = engine.ready()
    if not readiness.ready:
        raise EngineNotReady(readiness.why, request.engine)
    if request.soundfont is not None and not request.soundfont.is_file():
        raise UnusableInput("This SoundFont is not there", str(request.soundfont), "Give the path of an .sf2 file.")
    return engine


def _seed(request: Request) -> int:
    return secrets.randbelow(2**31) if request.seed is None else request.seed


@contextmanager
def _growing(request: Request, edit: Edit, engine: Engine) -> Iterator[tuple[NewCue, Path]]:
    """A cue folder that becomes visible when it is whole, and a scratch folder on the same disk."""
    parent = request.to or request.timeline.absolute().parent / "Hitpoint Cues"
    # The engine's stems lie in the scratch folder as float32, a third larger than the files.
    check_room(parent, 3 * bytes_needed(edit.range.samples(request.sample_rate), len(engine.stems)))
    with new_cue(parent, f"{edit.name} {edit.in_text}") as new, TemporaryDirectory(dir=new.path) as scratch:
        yield new, Path(scratch)


def _direct(request: Request, edit: Edit, picture: Picture) -> Direction:
    cuts = sum(hit.kind == "cut" for hit in edit.hits)
    cuts_per_minute = cuts * 60 / edit.range.seconds
    return direct(request.style, request.prompt, picture, cuts_per_minute, request.ending, request.under_speech)


def _hits(edit: Edit, picture: Picture, motion: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """Cuts and markers, weighed by what is seen there, and the bursts of motion away from them, in order."""
    seen = weigh(edit.hits, picture)
    apart = [hit for hit in motion if all(abs(hit.time - other.time) > MOTION_CLEARANCE_S for other in seen)]
    return tuple(sorted((*seen, *apart), key=lambda hit: hit.time))


def _conformed(rendering: Rendering, brief: Brief, watch: Watch) -> Rendering:
    """Free music with its beats warped onto the tempo map, all stems by the same warp."""
    mixed = np.sum([stem.audio for stem in rendering.stems], axis=0)
    beats = track(mixed, brief.sample_rate, brief.plan.bpm)
    tempo_map = brief.plan.tempo_map
    stems = tuple(
        replace(stem, audio=conform(stem.audio, brief.sample_rate, beats, tempo_map, brief.samples, watch))
        for stem in rendering.stems
    )
    return replace(rendering, stems=stems, how=tuple("grid" if met.met else None for met in brief.plan.met))


def _errors_ms(rendering: Rendering, brief: Brief) -> tuple[float | None, ...]:
    """What is heard at each hit, in the plan's order."""
    stems: dict[str, Audio] = {stem.name: stem.audio for stem in rendering.stems}
    accepted = [(met.hit.time, how) for met, how in zip(brief.plan.met, rendering.how, strict=True) if how]
    errors = iter(
        heard(
            stems,
            brief.sample_rate,
            [time for time, _ in accepted],
            [how for _, how in accepted],
            brief.edit.range.rate,
        )
    )
    return tuple(next(errors) if how else None for how in rendering.how)


def _show(cue: Cue, brief: Brief, rendering: Rendering, finished: Finished, watch: Watch) -> None:
    """Write what people open: the timeline with the stems in place, and the page."""
    stems = {stem.name: finished.files[stem.name] for stem in rendering.stems}
    placed = timeline_write.placed(brief.edit, stems, brief.sample_rate, brief.plan, cue.folder)
    timeline_write.save(placed, cue.folder / "cue.otio")
    text = page(
        brief,
        rendering,
        finished.peaks,
        {**finished.files, "mix": finished.mix},
        cue.take.errors_ms,
        finished.loudness,
        finished.true_peak,
        brief.edit.name,
        engine=cue.made_by.engine,
        folder=cue.folder,
        watch=watch,
    )
    write_whole(cue.folder / "cue.html", text.encode())


@dataclass(frozen=True)
class _Clock:
    """Wall seconds of each stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.seconds[stage] = round(time.perf_counter() - begun, 3)
