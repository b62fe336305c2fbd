"""The plan meets hits exactly and keeps every limit, whatever the edit."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.brief import Feel, Hit, Meter, Plan
from core.errors import Cancelled, WrongUse
from core.rhythm.plan import plan
from core.watch import Watch

FOUR, THREE, FIVE, SIX, SEVEN = Meter(4, 4), Meter(3, 4), Meter(5, 4), Meter(6, 8), Meter(7, 8)
FEELS = {
    "tension": Feel((70, 100), (FOUR, FIVE)),
    "action": Feel((120, 160), (FOUR, SEVEN), sixteenths=True),
    "uplift": Feel((100, 130), (FOUR,)),
    "documentary": Feel((80, 110), (FOUR, THREE)),
    "comedy": Feel((110, 150), (FOUR, SIX)),
    "ambient": Feel((50, 75), (FOUR,)),
    "electronic": Feel((118, 132), (FOUR,), sixteenths=True),
    "lo-fi": Feel((70, 90), (FOUR,)),
}
ODD = (
    Feel((90, 150), (THREE,)),
    Feel((90, 140), (FIVE,), sixteenths=True),
    Feel((60, 100), (SIX,), sixteenths=True),
    Feel((110, 160), (SEVEN,)),
    Feel((80, 120), (FOUR,), inserted_bars=False),
    Feel((60, 90), (FOUR,), bpm=117.0),
)
FRACTIONS = {
    "simple": {0.0: "beat", 0.5: "eighth", 1 / 3: "triplet", 2 / 3: "triplet", 0.25: "sixteenth", 0.75: "sixteenth"},
    "compound": {
        0.0: "beat",
        1 / 3: "eighth",
        2 / 3: "eighth",
        1 / 6: "sixteenth",
        0.5: "sixteenth",
        5 / 6: "sixteenth",
    },
    "seven": {0.0: "beat", 0.5: "sixteenth"},
}
RATE = Fraction(24)


def edit(seed: int, seconds: float = 40.0, mean: float = 2.4) -> list[Hit]:
    """Cuts of a plausible edit at 24 frames per second, one of them insisted on."""
    rng = np.random.default_rng(seed)
    lengths = np.maximum(8, np.round(24 * mean * rng.lognormal(-0.1, 0.45, int(seconds)))).astype(int)
    frames = np.cumsum(lengths)
    frames = frames[frames < seconds * 24]
    hits = [Hit(float(f / 24), "cut", 0.6, turn=float(rng.random() ** 2)) for f in frames]
    chosen = int(rng.integers(len(hits)))
    hits[chosen] = Hit(hits[chosen].time, "marker", 1.0, "HIT", must=True, turn=0.5)
    return hits


def distance(one: float, two: float) -> float:
    return abs(one - two)


def bars_of(made: Plan, seconds: float) -> list[list[int]]:
    """Beats in each bar of each section, bars beyond the range left out."""
    beats, downbeats = made.tempo_map.beats, made.tempo_map.downbeats
    found = []
    for section in made.sections:
        end = section.first_beat + section.beats
        inner = [d for d in downbeats if section.first_beat <= d < end and beats[d] < seconds - 1e-9]
        found.append(list(np.diff([*inner, end])))
    return found


def assert_within_limits(made: Plan, hits: Sequence[Hit], seconds: float, feel: Feel) -> None:
    """Every limit that the design sets, checked on the beats alone."""
    beats, meter = made.tempo_map.beats, made.tempo_map.meter
    periods = np.diff(beats)
    assert np.all(periods > 0)
    assert beats[0] <= 0 < beats[1]
    assert beats[-2] < seconds <= beats[-1]

    starts = [section.first_beat for section in made.sections]
    steps = np.abs(periods[1:] / periods[:-1] - 1)
    free = np.isin(np.arange(1, len(periods)), starts)
    assert steps[~free].max(initial=0) <= 0.02
    low, high = feel.tempo if feel.bpm is None else (feel.bpm * 0.96, feel.bpm * 1.04)
    for section in made.sections:
        inside = periods[section.first_beat : section.first_beat + section.beats]
        slowest, fastest = inside.max() / 1.04, inside.min() / 0.96
        assert slowest <= fastest * (1 + 1e-12), "no base tempo has every beat of the section within 4 %"
        pulse = meter.beats_per_pulse
        assert 60 / (fastest * pulse) <= high * (1 + 1e-9)
        assert 60 / (slowest * pulse) >= low * (1 - 1e-9)
    assert made.drift <= 0.04
    assert low <= made.bpm <= high

    assert set(starts) <= set(made.tempo_map.downbeats)
    bars = bars_of(made, seconds)
    assert len(bars) == 1 or all(2 <= len(section) <= 16 for section in bars)
    lengths = np.diff(made.tempo_map.downbeats)
    inserted = lengths[lengths != meter.beats]
    if not feel.inserted_bars or meter.denominator != 4:
        assert not len(inserted)
    assert set(inserted.tolist()) <= {2, 3, 5}
    assert made.tempo_map.downbeats[0] < meter.beats
    assert made.sections[-1].start + made.sections[-1].duration == pytest.approx(seconds, abs=1e-9)
    for one, two in zip(made.sections, made.sections[1:], strict=False):
        assert one.first_beat + one.beats == two.first_beat
        assert one.start + one.duration == pytest.approx(two.start, abs=1e-9)

    kind = "compound" if meter.compound else "seven" if meter.beats_per_pulse == 2 else "simple"
    assert [met.hit for met in made.met] == list(hits)
    for met in made.met:
        if not met.met:
            assert met.why
            assert met.on is None
            assert met.beat is None
            continue
        assert met.beat is not None
        assert abs(made.tempo_map.time_of(met.beat) - met.hit.time) < 1e-9
        fraction = min(FRACTIONS[kind], key=partial(distance, met.beat % 1))
        assert abs(met.beat % 1 - fraction) < 1e-9
        assert met.on == FRACTIONS[kind][fraction]
        assert feel.sixteenths or met.on != "sixteenth"


def figures(made: Plan) -> tuple[float, float]:
    """Share of hits met, and share of those on a beat."""
    met = [m for m in made.met if m.met]
    return len(met) / len(made.met), sum(m.on == "beat" for m in met) / max(len(met), 1)


def plain_24(shared: Path) -> tuple[list[Hit], list[float]]:
    """Hits of the plain timeline and the times of its cuts, read from the file without the product's own reader."""
    document = json.loads((shared / "timelines" / "plain_24.otio").read_text())
    stack = document["tracks"]
    track = next(t for t in stack["children"] if t["kind"] == "Video")
    lengths = [int(clip["source_range"]["duration"]["value"]) for clip in track["children"]]
    cuts = np.cumsum(lengths)[:-1]
    marks = stack["markers"] + track["markers"] + [m for clip in track["children"] for m in clip.get("markers", [])]
    frames = {int(m["marked_range"]["start_time"]["value"]): m["color"] for m in stack["markers"] + track["markers"]}
    assert len(frames) == len(marks) == 3
    first = int(document["global_start_time"]["value"]) if document.get("global_start_time") else 0
    frames = {(f - first if f >= first > 0 else f): colour for f, colour in frames.items()}
    hits = [Hit(float(c / 24), "cut", 0.6, turn=0.3) for c in cuts if int(c) not in frames]
    hits += [Hit(f / 24, "marker", 1.0, must=colour == "RED", turn=0.5) for f, colour in frames.items()]
    return sorted(hits, key=lambda hit: hit.time), [float(c / 24) for c in cuts]


@pytest.mark.parametrize("style", list(FEELS))
def test_the_plain_edit_is_met_as_its_style_promises(style: str, shared: Path) -> None:
    hits, cuts = plain_24(shared)
    made = plan(hits, 40.0, RATE, FEELS[style])
    assert_within_limits(made, hits, 40.0, FEELS[style])
    met = [m for m in made.met if m.met]
    cuts_met = sum(any(abs(m.hit.time - cut) < 1e-6 for m in met) for cut in cuts) / len(cuts)
    assert all(m.met for m in made.met if m.hit.must)
    if style in ("action", "uplift", "comedy", "electronic"):
        assert cuts_met >= 0.85, "without the picture; with it, nine in ten are met"
        assert sum(m.on == "beat" for m in met) >= 0.6 * len(met)
    else:
        assert cuts_met >= 0.6


@pytest.mark.parametrize(
    ("style", "wanted"), [("action", 0.9), ("uplift", 0.85), ("electronic", 0.85), ("lo-fi", 0.65)]
)
def test_random_edits_are_met_far_above_chance(style: str, wanted: float) -> None:
    made = [plan(edit(seed), 40.0, RATE, FEELS[style]) for seed in range(6)]
    met, on_beat = np.mean([figures(p) for p in made], axis=0)
    assert met >= wanted
    assert on_beat >= 0.5
    assert met >= 5 * np.mean([p.chance for p in made])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    feel=st.sampled_from([*FEELS.values(), *ODD]),
    seconds=st.floats(2.0, 90.0),
    places=st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0)), max_size=40),
    frames=st.booleans(),
    musts=st.sets(st.integers(0, 39), max_size=3),
)
def test_every_limit_holds_for_any_hits(
    feel: Feel, seconds: float, places: list[tuple[float, float, float]], frames: bool, musts: set[int]
) -> None:
    hits = []
    for k, (place, weight, turn) in enumerate(places):
        moment = min(round(place * seconds * 24) / 24, seconds) if frames else place * seconds
        hits.append(Hit(moment, ("cut", "marker", "motion")[k % 3], weight, must=k in musts, turn=turn))
    made = plan(hits, seconds, RATE, feel)
    assert_within_limits(made, hits, seconds, feel)
    again = plan(hits, seconds, RATE, feel)
    assert np.array_equal(made.tempo_map.beats, again.tempo_map.beats)
    assert made.met == again.met
    assert made.sections == again.sections


@pytest.mark.parametrize("feel", [*FEELS.values(), *ODD])
def test_hits_that_are_insisted_on_are_always_met(feel: Feel) -> None:
    rng = np.random.default_rng(5)
    musts = [Hit(float(t), "marker", 1.0, must=True) for t in np.cumsum(rng.uniform(3.0, 8.0, 8))]
    hits = musts + [Hit(float(t), "cut", 0.9) for t in rng.uniform(0, 60, 40)]
    made = plan(hits, 60.0, RATE, feel)
    assert_within_limits(made, hits, 60.0, feel)
    assert all(met.met for met in made.met[: len(musts)])


@pytest.mark.parametrize("feel", [*FEELS.values(), *ODD])
@pytest.mark.parametrize("times", [(), (0.01,), (0.0,), (2.0,), (0.0, 2.0), (1.0,)])
def test_a_sting_of_two_seconds_is_one_section(feel: Feel, times: tuple[float, ...]) -> None:
    hits = [Hit(t, "cut", 0.5) for t in times]
    made = plan(hits, 2.0, RATE, feel)
    assert_within_limits(made, hits, 2.0, feel)
    assert len(made.sections) == 1


def test_music_begins_with_a_downbeat_at_the_start_of_the_range() -> None:
    for seed in range(4):
        made = plan(edit(seed), 40.0, RATE, FEELS["uplift"])
        assert made.tempo_map.beats[0] == 0.0
        assert made.tempo_map.downbeats[0] == 0
        assert made.sections[0].start == 0.0


def test_a_must_hit_right_after_the_start_is_worth_a_pickup() -> None:
    hits = [Hit(0.01, "marker", 1.0, must=True)]
    made = plan(hits, 20.0, RATE, FEELS["electronic"])
    assert_within_limits(made, hits, 20.0, FEELS["electronic"])
    assert made.met[0].met
    assert made.tempo_map.beats[0] < 0.0


def test_of_two_hits_too_close_together_one_says_why() -> None:
    hits = [Hit(5.0, "cut", 0.9), Hit(5.04, "cut", 0.4)]
    made = plan(hits, 10.0, RATE, FEELS["uplift"])
    assert made.met[0].met
    assert not made.met[1].met
    assert made.met[1].why == "too close to the hit at 5.00 s"


def test_hits_at_the_same_time_are_all_met() -> None:
    hits = [Hit(5.0, "cut", 0.9), Hit(5.0, "marker", 0.4), Hit(0.0, "cut", 0.5), Hit(10.0, "cut", 0.5)]
    made = plan(hits, 10.0, RATE, FEELS["uplift"])
    assert_within_limits(made, hits, 10.0, FEELS["uplift"])
    assert made.met[0].met
    assert made.met[1].met
    assert made.met[2].beat == 0.0


def test_a_hit_outside_the_range_is_named_so() -> None:
    made = plan([Hit(-1.0, "cut", 1.0), Hit(11.0, "cut", 1.0)], 10.0, RATE, FEELS["uplift"])
    assert [m.met for m in made.met] == [False, False]
    assert all("outside the range" in m.why for m in made.met)


def test_sections_begin_where_the_picture_turns() -> None:
    turns = [9.0, 18.5, 27.5, 36.0, 46.0, 55.0]
    hits = [Hit(t, "cut", 0.8, turn=1.0) for t in turns]
    hits += [Hit(t + 3.1, "cut", 0.6, turn=0.0) for t in turns]
    made = plan(hits, 64.0, RATE, FEELS["uplift"])
    starts = np.array([section.start for section in made.sections])
    on_turn = [bool(np.min(np.abs(starts - t)) < 1e-6) for t in turns]
    assert sum(on_turn) >= 5


def test_without_hits_the_tempo_is_steady_and_sections_are_of_four_or_eight_bars() -> None:
    made = plan([], 64.0, RATE, FEELS["uplift"])
    assert_within_limits(made, [], 64.0, FEELS["uplift"])
    assert made.drift < 0.001
    assert {len(bars) for bars in bars_of(made, 64.0)[:-1]} <= {4, 8}


def test_a_tempo_asked_for_by_number_is_kept_within_four_percent() -> None:
    feel = Feel((60, 80), (FOUR,), bpm=124.0)
    made = plan(edit(3), 40.0, RATE, feel)
    assert_within_limits(made, edit(3), 40.0, feel)
    assert abs(made.bpm / 124.0 - 1) <= 0.04


def test_chance_is_what_a_steady_click_meets_by_counting() -> None:
    made = plan(edit(1), 40.0, RATE, FEELS["action"])
    times = np.array([hit.time for hit in edit(1)])
    period = 60.0 / made.bpm
    phases = np.linspace(0.0, period, 4001)[:-1]
    off = np.abs((times[:, None] - phases + period / 2) % period - period / 2)
    assert made.chance == pytest.approx(np.mean(off <= 0.5 / 24), abs=0.002)


def test_markers_win_over_cuts_and_cuts_over_motion() -> None:
    close = 0.03
    hits = [
        Hit(4.0, "motion", 0.5),
        Hit(4.0 + close, "cut", 0.5),
        Hit(9.0, "cut", 0.5),
        Hit(9.0 + close, "marker", 0.5),
    ]
    made = plan(hits, 14.0, RATE, FEELS["uplift"])
    assert [m.met for m in made.met] == [False, True, False, True]


def an_hour(hits: int) -> list[Hit]:
    rng = np.random.default_rng(1)
    frames = np.sort(rng.choice(np.arange(24, 3600 * 24 - 24), hits, replace=False))
    return [Hit(float(f / 24), "cut", 0.6, turn=float(rng.random() ** 2)) for f in frames]


@pytest.mark.slow
def test_an_hour_with_a_thousand_hits_keeps_the_limits_and_the_time() -> None:
    plan(edit(0), 40.0, RATE, FEELS["uplift"])  # imports
    hits = edit(1, 3600.0, 3.9)
    assert 900 < len(hits) < 1100
    start = time.process_time()
    made = plan(hits, 3600.0, RATE, FEELS["uplift"])
    spent = time.process_time() - start
    assert_within_limits(made, hits, 3600.0, FEELS["uplift"])
    met, on_beat = figures(made)
    assert met >= 0.9
    assert on_beat >= 0.6
    # the promise is 2 s of processor time; the factor forgives a machine that others use
    assert spent < 2 * 3


@pytest.mark.slow
def test_work_grows_linearly_with_the_hits() -> None:
    plan(edit(0), 40.0, RATE, FEELS["uplift"])
    spent = []
    for share in (4, 1):
        hits = [hit for hit in an_hour(1000) if hit.time < 3600 / share]
        start = time.process_time()
        plan(hits, 3600.0 / share, RATE, FEELS["uplift"])
        spent.append((time.process_time() - start) / len(hits))
    assert spent[1] < 3 * spent[0]


def test_planning_is_cancelled_while_it_searches() -> None:
    asked = []

    def cancelled() -> bool:
        asked.append(True)
        return len(asked) > 5

    with pytest.raises(Cancelled):
        plan(an_hour(400), 3600.0, RATE, FEELS["uplift"], Watch(cancelled=cancelled))


@pytest.mark.parametrize(
    ("seconds", "feel"),
    [
        (0.0, FEELS["uplift"]),
        (float("nan"), FEELS["uplift"]),
        (10.0, Feel((120, 100), (FOUR,))),
        (10.0, Feel((100, 120), ())),
    ],
)
def test_what_cannot_be_planned_is_refused_in_a_sentence(seconds: float, feel: Feel) -> None:
    with pytest.raises(WrongUse):
        plan([], seconds, RATE, feel)
