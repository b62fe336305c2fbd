"""A new take out of two: the take in use, but for a part that is taken from another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.adding import Recipe, Rerolled, Work, added, growing, opened, unheeded
from core.audio.splice import comp as comped
from core.brief import StemName
from core.cue.changing import changing
from core.cue.damage import see_that_it_is_whole
from core.cue.folder import rendering_of
from core.cue.takes import Snap
from core.errors import WrongUse
from core.merging import merged
from core.watch import Watch


def comp(
    place: Path,
    number: int,
    in_text: str | None = None,
    out_text: str | None = None,
    stems: tuple[StemName, ...] = (),
    snap: Snap | None = None,
    watch: Watch = Watch(),
    about_to_appear: Callable[[Rerolled], None] = unheeded,
) -> Rerolled:
    """Make a new take: the take in use, but for a part that is taken from another take.

    Args:
        place: the cue folder.
        number: of the take that the part is taken from.
        in_text: where the part begins, as in `Reroll`.
        out_text: where it ends, exclusive.
        stems: which stems; empty for all.
        snap: where the edges may settle, as in `Reroll`.
        watch: progress and cancellation.
        about_to_appear: as in `reroll`.

    Raises:
        WrongUse: there is no such take, it is the one in use, or an option cannot be meant.
        UnusableInput: there is no cue, it is damaged, the part lies outside of it, or the take cannot be written.
        Cancelled: the user stopped the work; the cue is as it was.
    """
    with changing(place, watch) as change:
        work = Work(change, watch, about_to_appear)
        cue, base, other = change.cue, change.cue.take, change.cue.numbered(number)
        if other.number == base.number:
            raise WrongUse(f"Take {number} is the one in use", "--use", "Name another take to take a part from.")
        opening = opened(cue, in_text, out_text, stems, snap)
        if missing := [stem for stem in opening.stems if stem not in other.stems]:
            raise WrongUse(f"Take {number} has no stem {missing[0]}", "--stem", "Leave it out.")
        see_that_it_is_whole(cue.folder, other, watch)
        kept = rendering_of(cue, base)
        rendering = merged(kept, rendering_of(cue, other), opening, cue.brief.plan, tuple(base.stems))
        with growing(work, opening) as grown:
            with work.clock("audio"):
                rate, beats = cue.brief.sample_rate, [float(beat) for beat in cue.brief.plan.tempo_map.beats]
                files, mix = cue.files(base), cue.folder / base.mix.file
                spliced = comped(
                    files, mix, cue.files(other), opening.stems, *opening.span(rate), rate, grown.path, watch, beats
                )
            recipe = Recipe(opening, other.seed, spliced.said, taken_from=number, made_by=cue.maker(other))
            return added(work, grown, recipe, spliced, rendering, kept.how)
