"""What became of an edit that was cut again: which frames show what they showed, in place or moved as a whole.

Conventions
    Frames are record frames, counted from the start of each edit's own range; both count at the same rate. A stretch
    moved by 24 frames begins 24 frames later than it did.
The way
    Every two shots of the same media at the same speed have in common what both show of it: a run of frames at one
    distance. Of all runs the chain is taken that goes forward in both edits and keeps the most frames. A run ends
    where the hits in it differ, since the music met the old ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from core.brief import Edit, FloatArray, Media, Shot
from core.errors import UnusableInput

MOST_RUNS, LEAST_RUNS = 4000, 3
"""Where shots come back again and again, so many runs are looked at in all, and for each shot."""
SAME_DISTANCE = 0.25
"""Frames that it is worth to go on at the same distance."""

HALF_A_FRAME = 0.5 - 1e-6

Source = tuple[object, ...]


@dataclass(frozen=True)
class Stretch:
    """Neighbouring frames of the new edit with one fate."""

    first: int
    frames: int
    old_first: int | None
    """The frame of the old edit that its first one shows again; None where the picture is new."""

    @property
    def end(self) -> int:
        """Exclusive."""
        return self.first + self.frames

    @property
    def move(self) -> int:
        """How many frames later than before it comes; 0 where the picture is new."""
        return 0 if self.old_first is None else self.first - self.old_first


@dataclass(frozen=True)
class _Run:
    """Frames that two shots have in common."""

    first: int
    end: int
    move: int
    shot: int = 0
    """Number of the new edit's shot."""


def compare(old: Edit, new: Edit) -> tuple[Stretch, ...]:
    """The new edit's range as stretches that stayed, moved or changed, in order and without holes.

    Args:
        old: the edit that was scored.
        new: the edit as it is now.

    Raises:
        UnusableInput: the two count at different rates.
    """
    if old.range.rate != new.range.rate:
        rates = [f"{float(edit.range.rate):.6g}" for edit in (old, new)]
        raise UnusableInput(
            f"The edit was scored at {rates[0]} frames per second and now runs at {rates[1]}",
            str(new.source),
            "Nothing of the music can stay where it is: score it anew.",
        )
    chain = _joined(_chain(_foremost(_runs(old, new))))
    alike = [piece for run in chain for piece in _agreeing(run, old, new)]
    return tuple(_covering(alike, new.range.frames))


@dataclass(frozen=True)
class _Shots:
    """Shots of one source as arrays, shape [shots] each."""

    first: NDArray[np.int64]
    end: NDArray[np.int64]
    origins: tuple[FloatArray, ...]
    """Record frames on which they would show the start of their file; of what stands still, both of its ends."""


def _runs(old: Edit, new: Edit) -> Iterator[_Run]:
    """What each shot of the new edit has in common with each of the old one, within half a frame."""
    rate, names = old.range.rate, _names(old, new)
    before: dict[Source, list[Shot]] = {}
    for shot in old.shots:
        before.setdefault(_source(shot, _key(shot.media)), []).append(shot)
    known = {source: _arrays(shots, rate) for source, shots in before.items()}
    for number, shot in enumerate(new.shots):
        there = known.get(_source(shot, names.get(_key(shot.media), _key(shot.media))))
        if there is None:
            continue
        for mine, theirs in zip(_origins(shot, rate), there.origins, strict=True):
            move = np.rint(mine - theirs).astype(np.int64)
            first = np.maximum(shot.first_frame, there.first + move)
            end = np.minimum(shot.first_frame + shot.frames, there.end + move)
            for k in np.flatnonzero((first < end) & (np.abs(mine - theirs - move) < HALF_A_FRAME)):
                yield _Run(int(first[k]), int(end[k]), int(move[k]), number)


def _arrays(shots: Sequence[Shot], rate: Fraction) -> _Shots:
    origins = np.array([_origins(shot, rate) for shot in shots], dtype=np.float64)
    first = np.array([shot.first_frame for shot in shots], dtype=np.int64)
    frames = np.array([shot.frames for shot in shots], dtype=np.int64)
    return _Shots(first, first + frames, tuple(origins.T))


def _origins(shot: Shot, rate: Fraction) -> tuple[float, ...]:
    """The record frame on which a shot would show the start of its file; both ends of one that stands still."""
    if shot.kind != "footage" or shot.speed == 0:
        return float(shot.first_frame), float(shot.first_frame + shot.frames)
    return (float(shot.first_frame - shot.source_start / shot.speed * rate),)


def _source(shot: Shot, media: Source) -> Source:
    """What two shots must share to show the same: a freeze its moment, a gap or a generator its name."""
    if shot.kind != "footage":
        return (shot.kind, shot.name)
    return (*media, shot.speed, shot.source_start if shot.speed == 0 else None)


def _key(media: Media | None) -> Source:
    """A file, or a name where there is none."""
    if media is None:
        return ("none",)
    return ("file", media.path, media.member) if media.path else ("name", media.name)


def _names(old: Edit, new: Edit) -> Mapping[Source, Source]:
    """Media that lie elsewhere now, as after relinking: new key → old key, where the name leaves no doubt."""
    sides = [{_key(shot.media): shot.media.name for shot in edit.shots if shot.media} for edit in (old, new)]
    gone = {key: name for key, name in sides[0].items() if key not in sides[1]}
    come = {key: name for key, name in sides[1].items() if key not in sides[0]}
    return {
        there: here
        for there, name in come.items()
        for here, same in gone.items()
        if name == same and list(gone.values()).count(name) == list(come.values()).count(name) == 1
    }


def _foremost(runs: Iterable[_Run]) -> list[_Run]:
    """All runs in order; where they are too many, for each shot those that belong to the longest streaks."""
    found = sorted(set(runs), key=lambda run: (run.move, run.first, run.end))
    if len(found) > MOST_RUNS:
        streak, rank = 0, {}
        for number, run in enumerate(found):
            before = found[number - 1]
            goes_on = number and before.move == run.move and before.end >= run.first
            streak = streak + run.end - run.first if goes_on else run.end - run.first
            rank[run] = streak
        for before, run in reversed(list(pairwise(found))):
            if before.move == run.move and before.end >= run.first:
                rank[before] = rank[run]
        found.sort(key=lambda run: (run.shot, -rank[run], abs(run.move), run.first))
        shots = [list(same) for _, same in groupby(found, key=lambda run: run.shot)]
        share = max(LEAST_RUNS, MOST_RUNS // len(shots))
        found = [run for same in shots for run in same[:share]]
    return sorted(found, key=lambda run: (run.first, run.end, run.move))


def _chain(runs: Sequence[_Run]) -> list[_Run]:
    """The runs that go forward in both edits and keep the most frames; where two overlap the later one is trimmed."""
    if not runs:
        return []
    first, end, move = (np.array([getattr(run, name) for run in runs]) for name in ("first", "end", "move"))
    old_first, old_end = first - move, end - move
    value = (end - first).astype(float)
    came = np.full(len(runs), -1)
    for k in range(1, len(runs)):
        cut = np.maximum(np.maximum(end[:k] - first[k], old_end[:k] - old_first[k]), 0)
        left = end[k] - first[k] - cut
        offer = np.where(left > 0, value[:k] + left + SAME_DISTANCE * (move[:k] == move[k]), -np.inf)
        best = int(np.argmax(offer))
        if offer[best] > value[k]:
            value[k], came[k] = offer[best], best
    chain, k = [], int(np.argmax(value))
    while k >= 0:
        chain.append(runs[k])
        k = int(came[k])
    return list(_trimmed(reversed(chain)))


def _trimmed(chain: Iterable[_Run]) -> Iterator[_Run]:
    """A chain in which each run begins where the one before has ended, in both edits."""
    end = old_end = 0
    for run in chain:
        first = max(run.first, end, old_end + run.move)
        yield _Run(first, run.end, run.move)
        end, old_end = run.end, run.end - run.move


def _joined(chain: Iterable[_Run]) -> Iterator[_Run]:
    """Runs that follow each other at one distance as one."""
    waiting: _Run | None = None
    for run in chain:
        if waiting and (waiting.end, waiting.move) == (run.first, run.move):
            waiting = _Run(waiting.first, run.end, run.move)
            continue
        if waiting:
            yield waiting
        waiting = run
    if waiting:
        yield waiting


def _agreeing(run: _Run, old: Edit, new: Edit) -> Iterator[_Run]:
    """The parts of a run in which both edits have the same hits."""
    asked = _hits(new, run.first, run.end, 0)
    met = _hits(old, run.first, run.end, run.move)
    first = run.first
    for frame in sorted({frame for frame, _, _ in asked ^ met}):
        if frame > first:
            yield _Run(first, frame, run.move)
        first = frame + 1
    if first < run.end:
        yield _Run(first, run.end, run.move)


def _hits(edit: Edit, first: int, end: int, move: int) -> set[tuple[int, str, bool]]:
    """Frame, kind and insistence of the hits of a stretch, on the frames that they come to lie on."""
    placed = ((round(hit.time * edit.range.rate) + move, hit) for hit in edit.hits)
    return {(frame, hit.kind, hit.must) for frame, hit in placed if first <= frame < end}


def _covering(alike: Sequence[_Run], frames: int) -> Iterator[Stretch]:
    """Runs with what is new between them."""
    reached = 0
    for run in alike:
        if run.first > reached:
            yield Stretch(reached, run.first - reached, None)
        yield Stretch(run.first, run.end - run.first, run.first - run.move)
        reached = run.end
    if reached < frames:
        yield Stretch(reached, frames - reached, None)


def in_words(stretches: Sequence[Stretch], rate: Fraction) -> str:
    """How much stayed, moved and is new, as a sentence."""
    order = ("stayed in place", "moved", "is new")
    fates = sorted((order[2 if one.old_first is None else 1 if one.move else 0], one.frames) for one in stretches)
    seconds = {fate: sum(frames for _, frames in same) / rate for fate, same in groupby(fates, key=lambda one: one[0])}
    told = [f"{float(seconds[fate]):.1f} s {fate}" for fate in order if fate in seconds]
    return f"Of the picture {', '.join(told)}."
