"""The one look at the picture: features, thumbnails and bursts of motion of the whole range.

Frames are read file by file, not in record order, so that a file stays open and is read forwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np

from core.brief import Edit, Hit, Media, Picture, Thumbnail
from core.errors import UnusableInput
from core.picture import bursts
from core.picture.bursts import Burst, Curve
from core.picture.features import Eye, change
from core.picture.frames import Film, OpenMedia, plain_file
from core.picture.reels import Reel, Tick, side_by_side
from core.picture.retime import moment_at
from core.picture.shots import RATE, Sight, Trace, Viewing, samples_in, see
from core.watch import Watch

MOST_THUMBNAILS = 400
"""A timeline with more shots shows every second, third, ... of them."""


def watch_picture(edit: Edit, watch: Watch, open_media: OpenMedia = plain_file) -> tuple[Picture, tuple[Hit, ...]]:
    """Watch the range once.

    Media that are missing or damaged cost their features, never the cue: these are NaN, and `Picture.offline` says so
    in one sentence each. Media that the timeline has not found are passed over: the edit says so itself.

    Args:
        edit: the shots and where they come from.
        watch: told of stage "picture"; asked whether to go on.
        open_media: turns a medium into what PyAV opens.

    Returns:
        The picture, and bursts of motion as hits, in order.

    Raises:
        Cancelled: the user stopped the work.
    """
    sights, offline = _sights(edit, watch, open_media)
    picture = _picture(edit, sights, offline)
    found = bursts.find(edit, picture.motion, RATE)
    curves = _curves(edit, found, sights, watch, open_media)
    hits = [bursts.refine(burst, curves[burst], edit) for burst in found if burst in curves]
    watch.report("picture", 1.0, "")
    return picture, bursts.kept_clear([hit for hit in hits if hit], edit)


def _sights(edit: Edit, watch: Watch, open_media: OpenMedia) -> tuple[dict[int, Sight], tuple[str, ...]]:
    """What was seen of each shot that has a file, by its index, and a sentence for each file that failed."""
    pictured = [index for index, shot in enumerate(edit.shots) if shot.media and shot.media.path]
    thinning = max(1, -(-len(pictured) // MOST_THUMBNAILS))
    shown = frozenset(pictured[::thinning])

    def reel(media: Media, indices: Sequence[int]) -> Reel[dict[int, Sight]]:
        def read(film: Film, tick: Tick) -> dict[int, Sight]:
            seen: dict[int, Sight] = {}
            for group in _overlapping(edit, indices):
                viewings = [Viewing(edit.shots[index], edit.range.rate, index in shown) for index in group]
                seen |= zip(group, see(film, viewings, tick), strict=True)
            damaged[film.media] = film.damaged
            return seen

        return Reel(media, read, sum(edit.shots[index].frames for index in indices))

    damaged: dict[Media, int] = {}
    sights: dict[int, Sight] = {}
    offline: list[str] = []
    reels = [reel(media, indices) for media, indices in _by_file(edit, pictured)]
    for done, result in side_by_side(reels, (0.0, 0.95), "Watching the picture", watch, open_media):
        if isinstance(result, UnusableInput):
            offline.append(str(result))
            continue
        sights |= result
        offline += _damage(done.media, result.values(), damaged[done.media])
    return sights, tuple(sorted(offline))


def _by_file(edit: Edit, indices: Iterable[int]) -> list[tuple[Media, list[int]]]:
    """Shots of each file, in the order in which the file holds them."""
    files: dict[object, tuple[Media, list[int]]] = {}
    for index in indices:
        media = edit.shots[index].media
        if media is not None:
            files.setdefault((media.path, media.member), (media, []))[1].append(index)

    return [(media, sorted(shots, key=lambda index: _span(edit, index))) for media, shots in files.values()]


def _span(edit: Edit, index: int) -> tuple[Fraction, Fraction]:
    """The first and the last moment of its file that a shot shows."""
    shot = edit.shots[index]
    last = moment_at(shot, shot.first_frame + shot.frames - 1, edit.range.rate)
    return min(shot.source_start, last), max(shot.source_start, last)


def _overlapping(edit: Edit, indices: Sequence[int]) -> list[list[int]]:
    """Shots of one file, in its order, gathered where they show the same stretch of it."""
    groups: list[list[int]] = []
    reached = Fraction(0)
    for index in indices:
        first, last = _span(edit, index)
        if groups and first <= reached:
            groups[-1].append(index)
        else:
            groups.append([index])
        reached = max(reached, last) if len(groups[-1]) > 1 else last
    return groups


def _damage(media: Media, sights: Iterable[Sight], damaged: int) -> list[str]:
    """One sentence when a file lacks pictures that the edit uses."""
    missing = [sight.missing for sight in sights if sight.missing]
    if missing:
        first, last = min(start for start, _ in missing), max(end for _, end in missing)
        return [
            f"{media.name} has no picture between {float(first):.2f} s and {float(last):.2f} s of the file, which the "
            "edit uses. That part is scored without it."
        ]
    if damaged:
        return [f"{media.name} is damaged: {damaged} of its pictures could not be decoded and were left out."]
    return []


def _picture(edit: Edit, sights: dict[int, Sight], offline: tuple[str, ...]) -> Picture:
    """The features of all shots, laid out on the range."""
    length = len(samples_in(0, edit.range.frames, edit.range.rate))
    luminance, edges, motion = (np.full(length, np.nan) for _ in range(3))
    colour = np.full((length, 3), np.nan)
    thumbnails = []
    for _, sight in sorted(sights.items()):
        luminance[sight.samples], colour[sight.samples] = sight.luminance, sight.colour
        edges[sight.samples], motion[sight.samples] = sight.edges, sight.motion
        if sight.thumbnail:
            frame, jpeg = sight.thumbnail
            thumbnails.append(Thumbnail(edit.range.seconds_at(frame), jpeg))
    return Picture(
        rate=RATE,
        luminance=luminance,
        colour=colour,
        motion=motion,
        edges=edges,
        change=change(luminance, colour, edges),
        thumbnails=tuple(thumbnails),
        offline=offline,
    )


def _curves(
    edit: Edit, found: Sequence[Burst], sights: dict[int, Sight], watch: Watch, open_media: OpenMedia
) -> dict[Burst, Curve]:
    """Motion at the file's own rate around each burst; files are read again only where frames were skipped."""
    curves: dict[Burst, Curve] = {}
    for burst in found:
        low, high = bursts.span(burst, edit)
        seen = sights[burst.shot].curve
        if seen and (around := seen.between(float(low), float(high))).whole:
            curves[burst] = around

    def reel(media: Media, again: Sequence[Burst]) -> Reel[dict[Burst, Curve]]:
        def read(film: Film, tick: Tick) -> dict[Burst, Curve]:
            traced = {}
            for burst in again:
                traced[burst] = _trace(film, *bursts.span(burst, edit))
                tick(1)
            return traced

        return Reel(media, read, len(again))

    again = [burst for burst in found if burst not in curves]
    files = _by_file(edit, {burst.shot for burst in again})
    reels = [reel(media, [burst for i in indices for burst in again if burst.shot == i]) for media, indices in files]
    for _, result in side_by_side(reels, (0.95, 1.0), "Looking at movements", watch, open_media):
        if not isinstance(result, UnusableInput):
            curves |= result
    return curves


def _trace(film: Film, low: Fraction, high: Fraction) -> Curve:
    """The curve of motion from one moment of a file to another, all frames decoded."""
    trace, eye = Trace(film), Eye()
    for seen in film.frames([max(low, Fraction(0)), high], every=True):
        trace.add(seen.moment, eye.glimpse(seen.frame))
    return trace.curve()
