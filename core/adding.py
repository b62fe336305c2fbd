"""A take that was made becomes the take in use: what a re-roll and a comp have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from core.answers import answers_again
from core.audio.splice import Spliced
from core.brief import Direction, How, Rendering, StemName
from core.cue.changing import Change, Growing
from core.cue.damage import see_that_it_is_whole
from core.cue.disk import bytes_of_take, check_room
from core.cue.folder import DOCUMENT, Cue
from core.cue.provenance import MadeBy
from core.cue.showing import NOTES, PAGE, TIMELINE, refresh
from core.cue.takes import Kept, Notes, Opening, Snap, Take, save_notes, save_state
from core.errors import HitpointError, UnusableInput, WrongUse
from core.holes import asked, settle, snap_for
from core.stopwatch import Stopwatch
from core.watch import Watch


@dataclass(frozen=True)
class Rerolled:
    """A cue with a take that has just been made, with what was made on the way."""

    cue: Cue
    rendering: Rendering
    """Notes, chords, and how hits are met, of the whole take; it carries no audio."""
    timings: dict[str, float]
    """Wall seconds of each stage."""
    hole: Opening
    turned_down_db: float
    """By how much the new music was turned down inside the hole, dB."""


def unheeded(_: Rerolled) -> None:
    """A take about to appear that nobody keeps a record of."""


@dataclass(frozen=True)
class Work:
    """What every way to a new take needs."""

    change: Change
    watch: Watch
    about_to_appear: Callable[[Rerolled], None]
    clock: Stopwatch = field(default_factory=Stopwatch)


@dataclass(frozen=True)
class Recipe:
    """How a take was made: what is needed to make it again."""

    hole: Opening
    seed: int
    said: tuple[str, ...]
    style: str | None = None
    prompt: str | None = None
    direction: Direction | None = None
    taken_from: int | None = None
    made_by: MadeBy | None = None


def opened(
    cue: Cue, in_text: str | None, out_text: str | None, stems: Sequence[StemName], snap: Snap | None
) -> Opening:
    """The hole that is meant, in the take in use.

    Raises:
        WrongUse: a text is not a time, or the cue has no such stem.
        UnusableInput: the part is empty, reversed or reaches outside the cue.
    """
    there = tuple(cue.take.stems)
    for stem in stems:
        if stem not in there:
            raise WrongUse(f"This cue has no stem {stem!r}", "--stem", f"It has: {', '.join(there)}.")
    chosen = tuple(stems) or there
    return settle(asked(cue.brief.edit.range, in_text, out_text), cue.brief, chosen, snap or snap_for(chosen))


@contextmanager
def growing(work: Work, opening: Opening, scratch: int = 0) -> Iterator[Growing]:
    """The folder of the next take, where the disk has room for it and the take in use is whole.

    Args:
        work: the change that makes it.
        opening: what will be new.
        scratch: bytes that go once the take is made.

    Raises:
        UnusableInput: there is too little room, or a file of the take in use is not what was saved.
    """
    cue = work.change.cue
    first, last = opening.span(cue.brief.sample_rate)
    take = bytes_of_take(cue.brief.samples, len(opening.stems), last - first, _standing(cue))
    check_room(cue.folder, take + scratch)
    see_that_it_is_whole(cue.folder, cue.take, work.watch)
    with work.change.new_take() as grown:
        yield grown


def _standing(cue: Cue) -> int:
    """Bytes of what is written anew with each take but for its audio."""
    take = cue.take
    own = (DOCUMENT, TIMELINE, NOTES, PAGE, take.notes.file, *([take.state.file] if take.state else []))
    return sum(path.stat().st_size for name in own if (path := cue.folder / name).is_file())


def added(
    work: Work, grown: Growing, recipe: Recipe, spliced: Spliced, rendering: Rendering, how: Sequence[How | None]
) -> Rerolled:
    """Make the grown folder the take in use, and let what people open follow.

    Args:
        work: the change of which this is a part.
        grown: the folder, with the changed stems and the mix.
        recipe: how the take was made.
        spliced: the files, and what they measure.
        rendering: of the whole new take, without audio.
        how: how the take that was in use meets each hit.
    """
    change, watch = work.change, work.watch
    cue, base = change.cue, change.cue.take
    with work.clock("hits"):
        files, span = cue.files(base) | dict(spliced.files), recipe.hole.span(cue.brief.sample_rate)
        answered = answers_again(files, cue.brief, span, rendering.how, (how, base.errors_ms), watch)
        rendering = replace(rendering, how=answered[0])
    take = _take(cue, grown, recipe, spliced, rendering, answered[1])

    def made(cue: Cue) -> Rerolled:
        return Rerolled(cue, rendering, work.clock.seconds, recipe.hole, spliced.turned_down_db)

    watch.check()
    cue = change.add(grown, take, lambda cue: work.about_to_appear(made(cue)))
    with work.clock("page"):
        _follow(cue, rendering, spliced, watch)
    return made(cue)


def _take(
    cue: Cue,
    grown: Growing,
    recipe: Recipe,
    spliced: Spliced,
    rendering: Rendering,
    errors_ms: Sequence[float | None],
) -> Take:
    """Save notes and state to the grown folder; the take that it will be."""
    notes = save_notes(cue.folder, grown.path, Notes(rendering.tracks, rendering.chords, rendering.how))
    state = save_state(cue.folder, grown.path, rendering.state)
    changed = {name: grown.saved(path, spliced.hashes[name]) for name, path in spliced.files.items()}
    return Take(
        number=grown.number,
        seed=recipe.seed,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        stems={**cue.take.stems, **changed},
        mix=grown.saved(spliced.mix, spliced.hashes["mix"]),
        notes=grown.settled(notes),
        loudness=spliced.loudness,
        true_peak=spliced.true_peak,
        errors_ms=tuple(errors_ms),
        said=recipe.said,
        state=grown.settled(state) if state else None,
        hole=recipe.hole,
        kept=tuple(Kept(one.stem, one.first_sample, one.samples, one.sha256) for one in spliced.kept),
        base=cue.in_use,
        taken_from=recipe.taken_from,
        style=recipe.style,
        prompt=recipe.prompt,
        direction=recipe.direction,
        turned_down_db=spliced.turned_down_db,
        made_by=recipe.made_by,
    )


def _follow(cue: Cue, rendering: Rendering, spliced: Spliced, watch: Watch) -> None:
    """Write what people open; it is too late to cancel.

    Raises:
        UnusableInput: it cannot be written; the sentence says that the take stands.
    """
    try:
        refresh(cue, Watch(watch.progress), rendering, spliced.peaks)
    except HitpointError as error:
        what = f"Take {cue.in_use} is made, but what shows it could not follow: {error.what}"
        raise UnusableInput(what, error.where, f"{error.do} Then put the take in use again.".strip()) from error
