"""The way from a timeline range to a saved cue."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory

from core import engines
from core.answers import answers
from core.audio.finish import finish
from core.audio.mapped import BYTES
from core.brief import Audio, Brief, Direction, Edit, Ending, Hit, Picture, Rendering
from core.cue.disk import NewCue, bytes_needed, check_room, new_cue
from core.cue.folder import Cue, save
from core.cue.provenance import soundfont_hash
from core.cue.showing import refresh, write_timeline
from core.direction import direct, style_named
from core.engines.engine import Engine
from core.errors import EngineNotReady, UnusableInput, WrongUse
from core.picture.cuts import split
from core.picture.turns import weigh
from core.picture.watching import watch_picture
from core.playing import played
from core.rhythm.plan import plan
from core.stopwatch import Stopwatch
from core.timeline.archive import open_media
from core.timeline.read import read
from core.watch import Watch


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
    clock = Stopwatch()
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
            rendering = played(engine, brief, scratch, watch)
        with clock("audio"):
            finished = finish(rendering.stems, request.sample_rate, request.loudness, new.path / "takes" / "001", watch)
            sounds: dict[str, Audio] = {stem.name: stem.audio for stem in rendering.stems}
            how, errors_ms = answers(sounds, brief, rendering.how, watch)
            # The scratch folder goes now; nobody may hold on to what lay in it.
            rendering = replace(rendering, stems=(), how=how)
            sounds.clear()
        with clock("cue"):
            cue = save(new.path, engine.name, brief, rendering, finished, errors_ms, soundfont_hash(request.soundfont))
            refresh(cue, watch, rendering, finished.peaks, picture.thumbnails)

        def scored(place: Path) -> Scored:
            return Scored(replace(cue, folder=place), rendering, clock.seconds, new.path)

        def appearing(place: Path) -> None:
            write_timeline(cue, rendering, place)
            about_to_appear(scored(place))

        new.about_to_appear = appearing
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
