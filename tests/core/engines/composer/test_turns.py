"""Fills in a re-roll: one leads into the right edge, and never two in a row."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from core.brief import Brief, Note, Track
from core.engines.composer.clock import seconds_of
from core.engines.composer.fills import FILLS, fill_strokes
from core.engines.composer.reroll import reroll
from tests.core.engines.composer.holes import bars_at, hole_in, made

STYLES = ("action", "uplift", "comedy", "electronic", "lo-fi", "documentary")


def turning_bars(brief: Brief, tracks: tuple[Track, ...]) -> list[int]:
    """The bars whose drums end in one of the style's fills, found stroke by stroke."""
    notes = [note for track in tracks if track.stem == "drums" for note in track.notes]
    lines = brief.plan.tempo_map.downbeats
    found = []
    for bar, (first, end) in enumerate(pairwise(lines)):
        for fill in FILLS[brief.direction.style]:
            strokes = fill_strokes(fill, float(end), brief.plan.tempo_map.meter, end - first)
            times = seconds_of(brief.plan.tempo_map, [stroke.beat for stroke in strokes]).tolist()
            if len(strokes) > 1 and all(
                _is_played(notes, time, stroke.pitch) for time, stroke in zip(times, strokes, strict=True)
            ):
                found.append(bar)
                break
    return found


def _is_played(notes: list[Note], time: float, pitch: int) -> bool:
    return any(note.pitch == pitch and abs(note.start - time) < 0.05 for note in notes)


@pytest.mark.parametrize("style", STYLES)
def test_a_fill_leads_into_the_kept_music_unless_one_is_next_to_it(style: str) -> None:
    brief, kept = made(style)
    before = turning_bars(brief, kept.tracks)
    led = 0
    for first, count in ((1, 3), (2, 2), (2, 3), (3, 3), (4, 2)):
        last = first + count - 1
        hole = hole_in(brief, kept, *bars_at(brief, first, count), ("drums",))
        after = turning_bars(brief, reroll(replace(brief, seed=first), hole).tracks)
        if last + 1 in before:
            continue
        led += last in after
        assert last in after or _hit_near_end(brief, last), (first, count)
        assert last - 1 not in after or last - 1 in before
    assert led >= 1


def _hit_near_end(brief: Brief, bar: int) -> bool:
    """True where a mark on a hit may have cleared a stroke of the fill."""
    lines = brief.plan.tempo_map.downbeats
    end = brief.plan.tempo_map.beats[lines[bar + 1]]
    return any(end - 2.0 < met.hit.time < end + 0.01 for met in brief.plan.met)


def test_there_is_no_second_fill_right_after_a_kept_one() -> None:
    brief, kept = made("action")
    hole = hole_in(brief, kept, *bars_at(brief, 2, 2), ("drums",))
    once = reroll(replace(brief, seed=2), hole)
    assert 3 in turning_bars(brief, once.tracks)
    taken = replace(kept, tracks=once.tracks, stems=())
    for seed in range(5):
        following = hole_in(brief, taken, *bars_at(brief, 4, 1), ("drums",))
        twice = reroll(replace(brief, seed=seed), following)
        assert 4 not in turning_bars(brief, twice.tracks)
