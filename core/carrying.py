"""What an engine wrote, carried to where its music lies in a changed edit: notes, chords, how hits are met."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from core.brief import Chord, Hit, How, Met, Note, Plan, Rendering, Track
from core.rhythm.replan import Gap, Replanned
from core.rhythm.stays import Stay

EARLY_S = 0.012
"""People play so much beside the beat: a note so near before a bar line belongs to what begins there."""
WORTH_TELLING_S = 0.1
"""What must remain of a note that was struck before its stretch for it to be told."""
_STRUCK = ("drums", "effects")


def carried(old: Rendering, planned: Replanned, before: Plan, old_samples: int, sample_rate: int) -> Rendering:
    """The notes and chords of a take at their new places, with how its hits are to be met; gaps have no notes.

    Chords go on through gaps, so that the harmony has no holes; where the range ends in a gap, the old last chord
    waits at its end. New hits are marked as readily as the take marks hits like them.

    Args:
        old: of the take.
        planned: the new plan.
        before: the old plan.
        old_samples: length of the old range.
        sample_rate: samples per second.
    """
    stays = planned.stays
    ends = [*(stay.first for stay in stays[1:]), _samples(planned)]
    tracks = tuple(_moved(track, stays, ends, sample_rate) for track in old.tracks)
    chords = _joined(old.chords, planned, old_samples / sample_rate, sample_rate)
    return Rendering((), tracks, chords, _manners(old, planned, before), old.state)


def _samples(planned: Replanned) -> int:
    return max(*(stay.last for stay in planned.stays), *(gap.last for gap in planned.gaps), 0)


def _moved(track: Track, stays: Sequence[Stay], ends: Sequence[int], rate: int) -> Track:
    notes = [note for stay, end in zip(stays, ends, strict=True) for note in _notes(track, stay, end / rate, rate)]
    return replace(track, notes=tuple(sorted(notes, key=lambda note: (note.start, note.pitch))))


def _notes(track: Track, stay: Stay, until: float, rate: int) -> Iterator[Note]:
    """The notes of a track that sound in a stay; they ring on until the next one begins at most."""
    move, first = stay.move / rate, stay.first / rate
    for note in track.notes:
        start, end = note.start + move, note.start + note.duration + move
        if round(start * rate) >= stay.last or end <= first:
            continue
        if round(start * rate) >= stay.first:
            yield replace(note, start=start, duration=min(end, until) - start)
        elif start > first - EARLY_S or (end > first + WORTH_TELLING_S and track.stem not in _STRUCK):
            yield replace(note, start=first, duration=min(end, until) - first)


def _joined(chords: Sequence[Chord], planned: Replanned, old_seconds: float, rate: int) -> tuple[Chord, ...]:
    """The chords of all stays, each holding until the next."""
    seconds = _samples(planned) / rate
    found: list[Chord] = []
    for stay in planned.stays:
        move, first, last = stay.move / rate, stay.first / rate, stay.last / rate
        for chord in chords:
            start, end = max(chord.start + move, first), min(chord.start + chord.duration + move, last)
            if end - start > 1e-4:
                found.append(replace(chord, start=start, duration=end - start))
    if found and planned.gaps and planned.gaps[-1].last > planned.stays[-1].last:
        found += _ending(chords, planned, planned.gaps[-1], old_seconds, rate)
    if not found:
        return ()
    starts = [0.0, *(chord.start for chord in found[1:]), seconds]
    return tuple(
        replace(chord, start=start, duration=end - start)
        for chord, start, end in zip(found, starts, starts[1:], strict=False)
    )


def _ending(chords: Sequence[Chord], planned: Replanned, gap: Gap, old_seconds: float, rate: int) -> Iterator[Chord]:
    """The old last chord on the beat that is as far from the new end as it was from the old one."""
    last = chords[-1]
    beats = planned.plan.tempo_map.beats
    able = beats[(beats > gap.first / rate + 1e-6) & (beats < gap.last / rate - 1e-6)]
    if len(able):
        wanted = gap.last / rate - (old_seconds - last.start)
        yield replace(last, start=float(able[np.argmin(np.abs(able - wanted))]))


def _manners(old: Rendering, planned: Replanned, before: Plan) -> tuple[How | None, ...]:
    """How each hit of the new plan is to be met."""
    marked = [
        _greatness(met.hit)
        for met, how in zip(before.met, old.how, strict=True)
        if how in ("accent", "stop") and not met.hit.must
    ]
    least = float(np.median(marked)) if marked else float("inf")
    return tuple(
        old.how[came] if came is not None else _manner(met, least)
        for met, came in zip(planned.plan.met, planned.came, strict=True)
    )


def _manner(met: Met, least: float) -> How | None:
    if not met.met:
        return None
    return "accent" if met.hit.must or (_greatness(met.hit) >= least and met.on == "beat") else "grid"


def _greatness(hit: Hit) -> float:
    return hit.weight + hit.turn
