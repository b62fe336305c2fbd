"""The way from a timeline range to a saved cue."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from core import engines
from core.atomic import write_whole
from core.audio.finish import Finished, finish
from core.audio.mapped import BYTES, mapped
from core.audio.onsets import heard
from core.brief import STEMS, Audio, Brief, Direction, Edit, Ending, Hit, How, Met, Picture, Rendering
from core.cue.disk import NewCue, bytes_needed, check_room, new_cue
from core.cue.folder import Cue, save
from core.cue.page import page
from core.direction import direct, style_named
from core.engines.engine import Engine
from core.errors import EngineNotReady, UnusableInput, WrongUse
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

TRACKED_RATE = 22_050
"""Samples per second at which beats are looked for in free music."""
BLOCK = 1 << 20
"""Samples that are mixed at a time."""


@dataclass(frozen=True)
class Request:
    """What the user asks for."""

    timeline: Path
    """An `.otio`, an `.otioz` or a movie."""
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
    content: bytes | None = None
    """The text of an `.otio` that travelled here; `timeline` then gives its name and the folder of its media only."""


@dataclass(frozen=True)
class Scored:
    """A cue that has just been made, with what was made on the way."""

    cue: Cue
    rendering: Rendering
    timings: dict[str, float]
    """Wall seconds of each stage."""
    hidden: Path
    """Where the cue grew, and lies until it appears."""


def _unheeded(_: Scored) -> None:
    """A cue about to appear that nobody keeps a record of."""


def score(request: Request, watch: Watch = Watch(), about_to_appear: Callable[[Scored], None] = _unheeded) -> Scored:
    """Score a timeline range.

    Args:
        request: what the user asks for.
        watch: progress and cancellation.
        about_to_appear: called when the cue is whole, just before each try at the rename that makes it visible; its
            folder is the place about to be tried. Whoever keeps a record here can tell, after a crash, whether the cue
            was finished.

    Raises:
        WrongUse: an option cannot be meant.
        UnusableInput: the timeline or the range cannot be scored, or the cue cannot be written.
        EngineNotReady: the engine cannot do what is asked.
        Cancelled: the user stopped the work; nothing is left behind.
    """
    clock = _Clock()
    request = replace(request, timeline=request.timeline.absolute())
    engine = _checked(request)
    with clock("timeline"):
        edit = split(
            read(request.timeline, request.in_text, request.out_text, content=request.content), watch, open_media
        )
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
                rendering = _conformed(rendering, brief, scratch, watch)
            if not rendering.how:
                rendering = replace(rendering, how=_on_the_grid(brief))
        with clock("audio"):
            finished = finish(rendering.stems, request.sample_rate, request.loudness, new.path / "takes" / "001", watch)
            errors_ms = _errors_ms(rendering, brief, watch)
            brief, rendering = _as_heard(brief, rendering, errors_ms)
            errors_ms = tuple(error if how else None for error, how in zip(errors_ms, rendering.how, strict=True))
            # The scratch folder goes now; nobody may hold on to what lay in it.
            rendering = replace(rendering, stems=())
        with clock("cue"):
            cue = save(new.path, engine.name, brief, rendering, finished, errors_ms, _weights(request))
            _show(cue, brief, rendering, finished, watch)

        def scored(place: Path) -> Scored:
            return Scored(replace(cue, folder=place), rendering, clock.seconds, new.path)

        new.about_to_appear = lambda place: about_to_appear(scored(place))
    return scored(new.final)


def _checked(request: Request) -> Engine:
    """The engine asked for, once it can work and everything that can be refused before work begins is seen to be right.

    Raises:
        WrongUse: there is no such engine or style.
        EngineNotReady: the engine cannot work now.
        UnusableInput: the SoundFont is not there.
    """
    engine = engines.engine(request.engine)
    if request.style is not None:
        style_named(request.style)
    if not isfinite(request.loudness):
        raise WrongUse("The loudness is no number", "--loudness", "Give LUFS, as in -20.")
    readiness = engine.ready()
    if not readiness.ready:
        raise EngineNotReady(readiness.why, request.engine)
    if request.prompt and not engine.abilities.text:
        raise EngineNotReady(f"The engine {request.engine} takes no words", "--prompt", "Leave the prompt out.")
    if request.soundfont is not None and not request.soundfont.is_file():
        raise UnusableInput("This SoundFont is not there", str(request.soundfont), "Give the path of an .sf2 file.")
    return engine


def _seed(request: Request) -> int:
    return secrets.randbelow(2**31) if request.seed is None else request.seed


@contextmanager
def _growing(request: Request, edit: Edit, engine: Engine) -> Iterator[tuple[NewCue, Path]]:
    """A cue folder that becomes visible when it is whole, and a scratch folder on the same disk."""
    parent = (request.to or request.timeline.parent / "Hitpoint Cues").absolute()
    samples = edit.range.samples(request.sample_rate)
    check_room(parent, bytes_needed(samples, len(engine.stems)) + len(engine.stems) * samples * BYTES)
    with new_cue(parent, f"{edit.name} {edit.in_text}") as new, TemporaryDirectory(dir=new.path) as scratch:
        yield new, Path(scratch)


def _direct(request: Request, edit: Edit, picture: Picture) -> Direction:
    cuts = sum(hit.kind == "cut" for hit in edit.hits)
    cuts_per_minute = cuts * 60 / edit.range.seconds
    return direct(request.style, request.prompt, picture, cuts_per_minute, request.ending, request.under_speech)


def _hits(edit: Edit, picture: Picture, motion: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """Cuts and markers, weighed by what is seen there, and the bursts of motion between them, in order."""
    return tuple(sorted((*weigh(edit.hits, picture), *motion), key=lambda hit: hit.time))


def _weights(request: Request) -> dict[str, str]:
    """What the music was made with besides the program: file → SHA-256."""
    if request.soundfont is None:
        return {}
    with request.soundfont.open("rb") as file:
        return {str(request.soundfont.absolute()): hashlib.file_digest(file, "sha256").hexdigest()}


def _conformed(rendering: Rendering, brief: Brief, scratch: Path, watch: Watch) -> Rendering:
    """Free music with its beats warped onto the tempo map, all stems by the same warp, in files in `scratch`."""
    mono = np.concatenate(list(_downmixed(rendering, brief, watch)))
    beats = track(mono, TRACKED_RATE, brief.plan.bpm)
    stems = []
    for stem in rendering.stems:
        into = mapped(scratch / f"conformed {stem.name}", brief.samples)
        conform(stem.audio, brief.sample_rate, beats, brief.plan.tempo_map, brief.samples, watch, into)
        stems.append(replace(stem, audio=into))
    return replace(rendering, stems=tuple(stems), how=())


def _on_the_grid(brief: Brief) -> tuple[How | None, ...]:
    """How hits are met by music that does not say so: they fall on its grid."""
    return tuple("grid" if met.met else None for met in brief.plan.met)


def _downmixed(rendering: Rendering, brief: Brief, watch: Watch) -> Iterator[NDArray[np.float32]]:
    """The mix as one channel at the rate at which beats are looked for, block by block."""
    import soxr

    stream = soxr.ResampleStream(brief.sample_rate, TRACKED_RATE, 1)
    for start in range(0, brief.samples, BLOCK):
        watch.check()
        block = np.zeros(len(rendering.stems[0].audio[start : start + BLOCK]), np.float32)
        for stem in rendering.stems:
            block += stem.audio[start : start + BLOCK].mean(axis=1)
        yield stream.resample_chunk(block, last=start + BLOCK >= brief.samples)


def _errors_ms(rendering: Rendering, brief: Brief, watch: Watch) -> tuple[float | None, ...]:
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
            watch,
        )
    )
    return tuple(next(errors) if how else None for how in rendering.how)


def _as_heard(brief: Brief, rendering: Rendering, errors_ms: tuple[float | None, ...]) -> tuple[Brief, Rendering]:
    """The plan and the rendering with every hit that is not heard within half a frame told as not met."""
    half_frame = 500 / float(brief.edit.range.rate)
    met, how = [], []
    for told, manner, error in zip(brief.plan.met, rendering.how, errors_ms, strict=True):
        silent = told.met and (error is None or abs(error) > half_frame)
        met.append(Met(told.hit, False, why="it was planned, but nothing is heard there") if silent else told)
        how.append(None if silent else manner)
    return replace(brief, plan=replace(brief.plan, met=tuple(met))), replace(rendering, how=tuple(how))


def _show(cue: Cue, brief: Brief, rendering: Rendering, finished: Finished, watch: Watch) -> None:
    """Write what people open: the timeline with the stems in place, and the page."""
    stems = {name: finished.files[name] for name in STEMS if name in finished.files}
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
    write_whole(cue.folder / "cue.html", text.encode(errors="replace"))


@dataclass(frozen=True)
class _Clock:
    """Wall seconds of each stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.seconds[stage] = round(time.perf_counter() - begun, 3)
