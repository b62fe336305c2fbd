"""Progress of a whole job, from the reports of its stages."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from daemon.progress import SCORE, SHARES, Progress, Way, way_of

STAGES = st.sampled_from([*SHARES, "an engine's own"])
WORDS = st.sampled_from(["looking at drums", "measuring", "holding peaks", "writing", "something else", ""])
REPORTS = st.lists(st.tuples(STAGES, st.floats(-1, 2), WORDS, st.floats(0, 0.2)), max_size=60)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def told_of(reports: list[tuple[str, float, str, float]], way: Way = SCORE) -> list[tuple[float, str, float]]:
    """Time, stage and fraction of what is told of reports, each some seconds after the one before."""
    clock, told = Clock(), []
    progress = Progress(lambda stage, fraction, _: told.append((clock.now, stage, fraction)), way, clock)
    for stage, fraction, words, later in reports:
        clock.now += later
        progress.report(stage, fraction, words)
    return told


@given(REPORTS)
def test_progress_never_falls_and_never_says_done(reports: list[tuple[str, float, str, float]]) -> None:
    fractions = [fraction for _, _, fraction in told_of(reports)]
    assert fractions == sorted(fractions)
    assert all(0 <= fraction < 1 for fraction in fractions)


@given(REPORTS)
def test_every_change_of_stage_is_told_and_the_rest_at_most_twenty_times_a_second(
    reports: list[tuple[str, float, str, float]],
) -> None:
    told = told_of(reports)
    stages = [stage for stage, *_ in reports]
    changes = [new for old, new in zip([None, *stages], stages, strict=False) if new != old]
    kept = [stage for _, stage, _ in told]
    assert [new for old, new in zip([None, *kept], kept, strict=False) if new != old] == changes
    for (earlier, before, _), (later, after, _) in pairwise(told):
        assert before != after or later - earlier >= 0.05


def test_a_job_moves_through_its_whole_bar() -> None:
    way = ["timeline", "picture", "rhythm", "compose", "render", "audio", "cue"]
    fractions = [fraction for _, _, fraction in told_of([(stage, 1.0, "writing", 0.1) for stage in way])]
    assert fractions[0] > 0
    assert fractions == sorted(set(fractions))
    assert fractions[-1] == 0.99


def test_the_passes_over_the_sound_do_not_jump_to_its_end() -> None:
    told = told_of([("audio", 1.0, "measuring", 0.1), ("audio", 0.0, "writing", 0.1), ("audio", 1.0, "writing", 0.1)])
    first, second, third = (fraction for _, _, fraction in told)
    assert first <= second < third
    assert third - second > 0.04


def test_the_bar_of_a_reroll_and_of_a_choice_among_takes_begins_at_its_left_end() -> None:
    reroll, choice = way_of("reroll", {"timeline": None}), way_of("takes", {})
    music = [("compose", 0.0, "An idea"), ("compose", 1.0, ""), ("render", 0.5, ""), ("render", 1.0, "")]
    joining = [("audio", 1.0, "looking for room"), ("audio", 0.5, "splicing"), ("cue", 0.0, ""), ("cue", 1.0, "")]
    for way, reports in ((reroll, [*music, *joining]), (choice, joining)):
        fractions = [fraction for _, _, fraction in told_of([(*report, 0.1) for report in reports], way)]
        assert fractions[0] <= 0.2
        assert fractions == sorted(set(fractions)), "it moves at every step"
        assert fractions[-1] == 0.99
    assert way_of("reroll", {"timeline": "/edit/new.otio"}) == way_of("score", {}) == SCORE
