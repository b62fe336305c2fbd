"""A changed edit's plan: old beats where music stays, new ones between, both meeting on bar lines."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.brief import Feel, Hit, Met, Meter, Plan
from core.rhythm.plan import plan
from core.rhythm.replan import Gap, Replanned, replan
from core.rhythm.stays import Alike, Spans, Stay, stays

RATE, SAMPLES = Fraction(24), 48_000
FEEL = Feel((100, 130), (Meter(4, 4),))
FRAMES = 960


def cuts_of(seed: int, frames: int = FRAMES) -> list[int]:
    rng = np.random.default_rng(seed)
    lengths = np.maximum(10, np.round(55 * rng.lognormal(0, 0.4, 60))).astype(int)
    return [int(frame) for frame in np.cumsum(lengths) if frame < frames]


def hits_at(frames: list[int]) -> list[Hit]:
    return [Hit(frame / 24, "cut", 0.6, turn=(frame * 7 % 10) / 10) for frame in frames]


OLD_CUTS = cuts_of(4)
OLD = plan(hits_at(OLD_CUTS), FRAMES / 24, RATE, FEEL)


def trimmed(at: int, by: int) -> tuple[Replanned, Spans, list[Hit]]:
    """The plan after `by` frames were cut out at a frame."""
    spans = Spans(FRAMES, FRAMES - by, RATE, SAMPLES)
    alike = [Alike(0, at, 0), Alike(at, FRAMES - by, -by)]
    cuts = sorted({frame if frame < at else frame - by for frame in OLD_CUTS if not at <= frame < at + by} | {at})
    hits = hits_at([frame for frame in cuts if frame > 0])
    return replan(OLD, stays(OLD, alike, spans), hits, spans, FEEL), spans, hits


def assert_holds_together(made: Replanned, spans: Spans, old: Plan) -> None:
    """What every plan of a changed edit keeps."""
    new, beats = made.plan, made.plan.tempo_map.beats
    end = spans.new_frames / 24
    assert np.all(np.diff(beats) > 0.05)
    assert beats[0] <= 0 < beats[1]
    assert beats[-2] < end <= beats[-1]
    lines = np.rint(beats[list(new.tempo_map.downbeats)] * SAMPLES)
    parts: list[Stay | Gap] = sorted((*made.stays, *made.gaps), key=lambda part: part.first)
    assert parts[0].first == 0
    assert parts[-1].last == round(end * SAMPLES)
    for before, after in pairwise(parts):
        assert before.last == after.first
        assert np.abs(lines - after.first).min() <= 1, "every seam is a bar line"
    for stay in made.stays:
        kept = old.tempo_map.beats + stay.move / SAMPLES
        kept = kept[(kept * SAMPLES >= stay.first - 1) & (kept * SAMPLES <= stay.last + 1)]
        assert np.abs(beats[:, None] - kept).min(axis=0).max() < 1e-9, "kept beats move as a whole"
    firsts = [section.first_beat for section in new.sections]
    assert set(firsts) <= set(new.tempo_map.downbeats)
    assert new.sections[-1].start + new.sections[-1].duration == pytest.approx(end)
    for one, other in pairwise(new.sections):
        assert one.first_beat + one.beats == other.first_beat
    for met, came in zip(new.met, made.came, strict=True):
        if met.met:
            assert met.beat is not None
            assert new.tempo_map.time_of(met.beat) == pytest.approx(met.hit.time, abs=2 / SAMPLES)
        if came is not None:
            assert met.met == old.met[came].met


@settings(max_examples=20, deadline=None)
@given(st.integers(150, 800), st.integers(1, 120))
def test_what_is_cut_out_leaves_whole_bars_on_both_sides(at: int, by: int) -> None:
    made, spans, hits = trimmed(at, by)
    assert_holds_together(made, spans, OLD)
    assert len(made.plan.met) == len(hits), "every hit has one verdict"
    assert sum(gap.last - gap.first for gap in made.gaps) < 20 * SAMPLES, "only bars around the change are new"


def test_new_cuts_are_met() -> None:
    shorter = [trimmed(cut - by, by)[0] for by in (13, 24) for cut in OLD_CUTS[1:-1]]
    met = [one.met for made in shorter for one in new_verdicts(made)]
    assert np.mean(met) > 0.85


def new_verdicts(made: Replanned) -> list[Met]:
    return [one for one, came in zip(made.plan.met, made.came, strict=True) if came is None]


def test_the_tempo_of_new_beats_is_near_its_neighbours_or_that_is_said() -> None:
    for at in range(200, 800, 40):
        made, *_ = trimmed(at, 29)
        beats = made.plan.tempo_map.beats
        for gap in made.gaps:
            inside = np.diff(beats[(beats * SAMPLES > gap.first - 2) & (beats * SAMPLES < gap.last + 2)])
            around = np.diff(beats[(beats * SAMPLES > gap.first - 2 * SAMPLES) & (beats * SAMPLES < gap.first + 2)])
            apart = abs(np.median(inside) / np.median(around) - 1)
            assert apart < 0.11 or made.said


def test_an_edit_that_only_moved_keeps_every_beat() -> None:
    spans = Spans(FRAMES, FRAMES, RATE, SAMPLES)
    made = replan(OLD, stays(OLD, [Alike(0, FRAMES, 0)], spans), hits_at(OLD_CUTS), spans, FEEL)
    assert made.gaps == ()
    assert np.array_equal(made.plan.tempo_map.beats, OLD.tempo_map.beats)
    assert made.plan.tempo_map.downbeats == OLD.tempo_map.downbeats
    assert made.plan.met == OLD.met
    assert [one.start for one in made.plan.sections] == [one.start for one in OLD.sections]


def test_a_shot_replaced_between_the_same_cuts_keeps_the_old_beats() -> None:
    first, end = OLD_CUTS[5], OLD_CUTS[6]
    spans = Spans(FRAMES, FRAMES, RATE, SAMPLES)
    alike = [Alike(0, first, 0), Alike(end, FRAMES, 0)]
    made = replan(OLD, stays(OLD, alike, spans), hits_at(OLD_CUTS), spans, FEEL)
    assert len(made.gaps) == 1
    if all(one.met for one in OLD.met):
        assert np.allclose(made.plan.tempo_map.beats, OLD.tempo_map.beats, rtol=0, atol=1e-12)
    assert_holds_together(made, spans, OLD)


def test_a_range_that_ends_earlier_leaves_room_for_an_ending() -> None:
    spans = Spans(FRAMES, 700, RATE, SAMPLES)
    made = replan(OLD, stays(OLD, [Alike(0, 700, 0)], spans), hits_at([f for f in OLD_CUTS if f < 700]), spans, FEEL)
    (gap,) = made.gaps
    assert gap.last == spans.samples(700)
    assert gap.last - gap.first >= 4.5 * SAMPLES
    assert_holds_together(made, spans, OLD)


def test_a_range_that_begins_later_leaves_room_for_a_beginning() -> None:
    spans = Spans(FRAMES, 760, RATE, SAMPLES)
    hits = hits_at([f - 200 for f in OLD_CUTS if f > 200])
    made = replan(OLD, stays(OLD, [Alike(0, 760, -200)], spans), hits, spans, FEEL)
    (gap,) = made.gaps
    assert gap.first == 0
    assert gap.last > SAMPLES
    assert_holds_together(made, spans, OLD)


def test_a_stretch_of_less_than_two_bars_is_not_kept() -> None:
    spans = Spans(FRAMES, FRAMES, RATE, SAMPLES)
    assert stays(OLD, [Alike(300, 350, 0)], spans) == ()


def test_frames_that_are_no_whole_samples_are_kept_to_the_sample() -> None:
    rate = Fraction(30_000, 1001)
    frames = 1200
    cuts = [float(frame / rate) for frame in range(70, 1200, 73)]
    old = plan([Hit(time, "cut", 0.6) for time in cuts], float(frames / rate), rate, FEEL)
    spans = Spans(frames, frames - 31, rate, SAMPLES)
    alike = [Alike(0, 600, 0), Alike(600, frames - 31, -31)]
    hits = [Hit(float(f / rate), "cut", 0.6) for f in [*range(70, 600, 73), 600, *range(727 - 31, 1169, 73)]]
    made = replan(old, stays(old, alike, spans), hits, spans, replace(FEEL, inserted_bars=True))
    assert len(made.plan.met) == len(hits)
    moved = made.stays[-1]
    assert abs(moved.move + 31 / float(rate) * SAMPLES) <= 1
    for met in made.plan.met:
        if met.met:
            assert met.beat is not None
            assert abs(made.plan.tempo_map.time_of(met.beat) - met.hit.time) < 2 / SAMPLES
