"""The way from a cue whose edit was cut again to a cue for the edit as it is now.

Where the picture stayed, in place or moved as a whole, the music stays, sample for sample; only what lies between is
written anew, with its seams on bar lines. The new cue is a folder of its own: nothing is overwritten.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from core.answers import Errors, Manners, answers_again
from core.audio.finish import Finished
from core.audio.laying import Laid, Piece, lay
from core.audio.mapped import BYTES
from core.audio.splice import Spliced, splice
from core.brief import Brief, Edit, Hit, Picture, Rendering, StemName
from core.carrying import carried
from core.cue.damage import see_that_it_is_whole
from core.cue.disk import NewCue, bytes_needed, check_room, new_cue
from core.cue.folder import DOCUMENT, Cue, load, rendering_of, save, write
from core.cue.provenance import Carried, MadeFrom, soundfont_hash
from core.cue.showing import refresh, write_timeline
from core.cue.takes import Kept, Opening
from core.engines.engine import Engine
from core.errors import EngineNotReady, UnusableInput
from core.filling import engine_of, hole_of
from core.holes import lines
from core.picture.cuts import split
from core.picture.turns import weigh
from core.picture.watching import watch_picture
from core.rhythm.replan import Gap, Replanned, replan
from core.rhythm.stays import Alike, Spans, Stay, stays
from core.stopwatch import Stopwatch
from core.timeline.archive import open_media
from core.timeline.changes import Stretch, compare, in_words
from core.timeline.read import read
from core.watch import Watch


@dataclass(frozen=True)
class Recut:
    """What the user asks for."""

    cue: Path
    """The cue folder, or the `cue.json` inside it."""
    timeline: Path
    """The edit as it is now."""
    in_text: str | None = None
    """Where the range starts; None is where it started, or the timeline's start where it started with it."""
    out_text: str | None = None
    """Where it ends, exclusive; None as for `in_text`."""
    seed: int | None = None
    """None draws one; it is reported."""
    to: Path | None = None
    """Where the new cue folder is made; None is beside the old one."""
    content: bytes | None = None
    """The text of an `.otio` that travelled here; `timeline` then gives its name and the folder of its media only."""


@dataclass(frozen=True)
class Followed:
    """A cue that has just been made for a changed edit, with what was made on the way."""

    cue: Cue
    rendering: Rendering
    """Notes, chords, and how hits are met, of the whole take; it carries no audio."""
    timings: dict[str, float]
    """Wall seconds of each stage."""
    hidden: Path
    """Where the cue grew, and lies until it appears."""


@dataclass(frozen=True)
class _Base:
    """The take of the old cue that music is carried from."""

    cue: Cue
    rendering: Rendering
    spans: Spans

    @property
    def files(self) -> Mapping[StemName, Path]:
        """Its stems."""
        return self.cue.files(self.cue.take)

    @property
    def mix(self) -> Path:
        """Their sum."""
        return self.cue.folder / self.cue.take.mix.file


@dataclass(frozen=True)
class _State:
    """The new take while its holes are filled one by one."""

    files: Mapping[StemName, Path]
    mix: Path
    hashes: Mapping[str, str]
    """Of each stem, and of "mix"."""
    rendering: Rendering
    errors_ms: Errors
    spliced: tuple[Spliced, ...] = ()


def _unheeded(_: Followed) -> None:
    """A cue about to appear that nobody keeps a record of."""


def recut(request: Recut, watch: Watch = Watch(), about_to_appear: Callable[[Followed], None] = _unheeded) -> Followed:
    """Make a cue for a changed edit out of the one that was scored.

    Args:
        request: what the user asks for.
        watch: progress and cancellation.
        about_to_appear: as in `core.pipeline.score`.

    Raises:
        WrongUse: a text is not a time.
        UnusableInput: the cue or the timeline cannot be read, nothing has changed, the edits have too little in common
            or another rate, or the new cue cannot be written.
        EngineNotReady: the engine cannot fill a part of a cue.
        Cancelled: the user stopped the work; nothing is left behind.
    """
    clock = Stopwatch()
    old = load(request.cue)
    engine = _checked(old)
    with clock("timeline"):
        edit, stretches = _compared(old, request, watch)
    spans = Spans(old.brief.edit.range.frames, edit.range.frames, edit.range.rate, old.brief.sample_rate)
    kept = _kept(old, stretches, spans, edit)
    see_that_it_is_whole(old.folder, old.take, watch)
    base = _Base(old, rendering_of(old, old.take), spans)
    seed = secrets.randbelow(2**31) if request.seed is None else request.seed
    with _growing(request, base, edit) as (new, scratch):
        with clock("picture"):
            picture, motion = watch_picture(edit, watch, open_media)
        with clock("rhythm"):
            hits = tuple(sorted((*weigh(edit.hits, picture), *motion), key=lambda hit: hit.time))
            planned, brief = _planned(old, kept, hits, edit, picture, spans, watch)
        with clock("audio"):
            state, laid = _laid(base, planned, brief, new, scratch, watch)
        with clock("music"):
            for number, gap in enumerate(planned.gaps):
                last = number + 1 == len(planned.gaps)
                folder = new.path / "takes" / "001" if last else scratch / f"filled {number}"
                state = _filled(engine, brief, seed, old, gap, state, folder, scratch, watch)
        with clock("hits"):
            state = _answered(state, planned, brief, watch)
        with clock("cue"):
            cue = _saved(new, base, brief, seed, planned, state, laid, (*planned.said, in_words(stretches, spans.rate)))
            refresh(cue, watch, state.rendering, state.spliced[-1].peaks if state.spliced else {}, picture.thumbnails)

        def followed(place: Path) -> Followed:
            made = replace(cue, folder=place)
            return Followed(made, state.rendering, clock.seconds, new.path)

        def appearing(place: Path) -> None:
            write_timeline(cue, state.rendering, place)
            about_to_appear(followed(place))

        new.about_to_appear = appearing
    return followed(new.final)


def _checked(old: Cue) -> Engine:
    """The cue's engine, once it is seen that it can fill a part of a cue."""
    engine = engine_of(old)
    if not engine.abilities.holes_in_time:
        name = engine.name
        raise EngineNotReady(f"The engine {name} cannot re-roll a part", name, "Score the changed edit anew.")
    return engine


def _compared(old: Cue, request: Recut, watch: Watch) -> tuple[Edit, tuple[Stretch, ...]]:
    """The edit as it is now, and what became of the one that was scored.

    Raises:
        UnusableInput: nothing has changed, or there are no shots to compare.
    """
    was, timeline = old.brief.edit, request.timeline.absolute()
    from_start = was.range.start == was.range.timeline_start
    in_text = request.in_text or (None if from_start else was.in_text)
    out_text = request.out_text or (None if was.ends_with_timeline else was.out_text)
    edit = read(timeline, in_text, out_text, content=request.content)
    if not (edit.has_edit_list or was.has_edit_list):
        raise UnusableInput(
            "Neither edit has a list of shots, so what changed cannot be told", str(timeline), "Score it anew."
        )
    edit = split(edit, watch, open_media)
    stretches = compare(was, edit)
    untouched = len(stretches) == 1 and stretches[0] == Stretch(0, was.range.frames, 0)
    if untouched and edit.range.start == was.range.start:
        raise UnusableInput(
            "Nothing that the music follows has changed in this edit", str(timeline), "The cue fits it as it is."
        )
    return edit, stretches


def _kept(old: Cue, stretches: Sequence[Stretch], spans: Spans, edit: Edit) -> tuple[Stay, ...]:
    """The music that stays.

    Raises:
        UnusableInput: there is none.
    """
    alike = [Alike(one.first, one.end, one.move) for one in stretches if one.old_first is not None]
    if not alike:
        raise UnusableInput(
            "This edit shows nothing of what was scored, in the same order", str(edit.source), "Score it anew."
        )
    kept = stays(old.brief.plan, alike, spans)
    if not kept:
        longest = max((one.end - one.first) / spans.rate for one in alike)
        raise UnusableInput(
            f"What stayed of the edit is too short to keep music for, at most {float(longest):.1f} s",
            str(edit.source),
            "Score it anew.",
        )
    return kept


@contextmanager
def _growing(request: Recut, base: _Base, edit: Edit) -> Iterator[tuple[NewCue, Path]]:
    """A cue folder that becomes visible when it is whole, and a scratch folder on the same disk."""
    parent = (request.to or base.cue.folder.absolute().parent).absolute()
    samples, stems = edit.range.samples(base.cue.brief.sample_rate), len(base.cue.take.stems)
    check_room(parent, 3 * bytes_needed(samples, stems) + stems * samples * BYTES)
    with new_cue(parent, f"{edit.name} {edit.in_text}") as new, TemporaryDirectory(dir=new.path) as scratch:
        yield new, Path(scratch)


def _planned(
    old: Cue, kept: tuple[Stay, ...], hits: tuple[Hit, ...], edit: Edit, picture: Picture, spans: Spans, watch: Watch
) -> tuple[Replanned, Brief]:
    """The new plan, and the brief with it: all else is as it was told."""
    told = old.brief
    planned = replan(told.plan, kept, hits, spans, told.direction.feel, watch)
    return planned, replace(told, edit=edit, picture=picture, plan=planned.plan)


def _laid(
    base: _Base, planned: Replanned, brief: Brief, new: NewCue, scratch: Path, watch: Watch
) -> tuple[_State, Mapping[StemName, Laid]]:
    """What stays, at its new place, with silence between; and its notes, chords and hits."""
    pieces = _pieces(planned.stays)
    folder = scratch / "laid" if planned.gaps else new.path / "takes" / "001"
    folder.mkdir(parents=True)
    files, mix = {name: folder / f"{name}.wav" for name in base.files}, folder / "mix.wav"
    laid = {name: lay(path, pieces, brief.samples, files[name], watch) for name, path in base.files.items()}
    whole = lay(base.mix, pieces, brief.samples, mix, watch)
    old = base.cue
    before = old.brief.samples
    rendering = carried(base.rendering, planned, old.brief.plan, before, brief.sample_rate)
    errors = tuple(None if came is None else old.take.errors_ms[came] for came in planned.came)
    hashes: dict[str, str] = {name: one.sha256 for name, one in laid.items()}
    return _State(files, mix, hashes | {"mix": whole.sha256}, rendering, errors), laid


def _pieces(kept: Sequence[Stay]) -> list[Piece]:
    return [Piece(stay.first, stay.first - stay.move, stay.last - stay.first) for stay in kept]


def _filled(
    engine: Engine,
    brief: Brief,
    seed: int,
    old: Cue,
    gap: Gap,
    state: _State,
    folder: Path,
    scratch: Path,
    watch: Watch,
) -> _State:
    """The take with new music in one gap."""
    rate, files = brief.sample_rate, state.files
    hole = hole_of(files, state.rendering, brief, (gap.first, gap.last), tuple(files))
    beats = brief.plan.tempo_map.beats.tolist()
    with TemporaryDirectory(dir=scratch) as own:
        new = engine.render(replace(brief, seed=seed), hole, Path(own), watch)
        new = new if new.how else replace(new, how=hole.kept.how)
        spliced = splice(files, state.mix, new.stems, gap.first, gap.last, rate, old.gain_db, folder, watch, beats)
        new = replace(new, stems=())  # nobody may hold on to what lies in the scratch folder
    for path in (*state.files.values(), state.mix):
        path.unlink()
    return _State(spliced.files, spliced.mix, spliced.hashes, new, state.errors_ms, (*state.spliced, spliced))


def _answered(state: _State, planned: Replanned, brief: Brief, watch: Watch) -> _State:
    """The take with its hits measured where the music is new."""
    meant = state.rendering.how
    answered: tuple[Manners, Errors] = meant, state.errors_ms
    for gap in planned.gaps:
        answered = answers_again(state.files, brief, (gap.first, gap.last), meant, answered, watch)
    return replace(state, rendering=replace(state.rendering, how=answered[0]), errors_ms=answered[1])


def _saved(
    new: NewCue,
    base: _Base,
    brief: Brief,
    seed: int,
    planned: Replanned,
    state: _State,
    laid: Mapping[StemName, Laid],
    said: Sequence[str],
) -> Cue:
    """The new cue, with what it was made from."""
    old, take = base.cue, base.cue.take
    last = state.spliced[-1] if state.spliced else None
    finished = Finished(
        {str(name): path for name, path in state.files.items()},
        state.mix,
        old.gain_db,
        last.loudness if last else take.loudness,
        last.true_peak if last else take.true_peak,
        state.hashes,
        {},
        (*said, *(sentence for spliced in state.spliced for sentence in spliced.said)),
    )
    weights = soundfont_hash(brief.soundfont)
    cue = save(new.path, old.maker(take).engine, brief, state.rendering, finished, state.errors_ms, weights)
    carried_spans = tuple(
        Carried(stem, piece.first, piece.from_sample, piece.samples, laid[stem].pieces[number])
        for stem in state.files
        for number, piece in enumerate(_pieces(planned.stays))
    )
    made_from = MadeFrom(
        _address(old.folder, new.path),
        take.number,
        hashlib.sha256((old.folder / DOCUMENT).read_bytes()).hexdigest(),
        carried_spans,
    )
    first = replace(
        cue.take,
        seed=seed,
        holes=tuple(_opening(gap, brief, tuple(cue.take.stems)) for gap in planned.gaps),
        kept=tuple(Kept(one.stem, one.first_sample, one.samples, one.sha256) for one in carried_spans),
        turned_down_db=max((one.turned_down_db for one in state.spliced), default=0.0),
    )
    cue = replace(cue, takes=(first,), made_from=made_from)
    write(cue)
    return cue


def _address(folder: Path, inside: Path) -> str:
    """A cue folder as seen from inside another one; it stays true where that one gets another name beside its own."""
    try:
        return Path(os.path.relpath(folder.absolute(), inside)).as_posix()
    except ValueError:  # another drive on Windows has no relative path
        return folder.absolute().as_posix()


def _opening(gap: Gap, brief: Brief, stems: tuple[StemName, ...]) -> Opening:
    """A gap as a hole, its edges named by the bars that they lie on."""
    rate, bars = brief.sample_rate, lines(brief, "bar")

    def name(sample: int) -> str:
        line = min(bars, key=lambda bar: abs(bar.sample - sample))
        return line.name if abs(line.sample - sample) <= 1 else "as asked"

    edges = (name(gap.first), name(gap.last))
    return Opening(gap.first / rate, (gap.last - gap.first) / rate, stems, snap="bar", edges=edges)
