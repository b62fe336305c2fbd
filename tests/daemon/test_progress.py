"""Progress of a whole job, from the reports of its stages."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from daemon.progress import SHARES, Progress

STAGES = st.sampled_from([*SHARES, "an engine's own"])
WORDS = st.sampled_from(["looking at drums", "measuring", "holding peaks", "writing", "something else", ""])
REPORTS = st.lists(st.tuples(STAGES, st.floats(-1, 2), WORDS, st.floats(0, 0.2)), max_size=60)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def told_of(reports: list[tuple[str, float, str, float]]) -> list[tuple[float, str, float]]:
    """Time, stage and fraction of what is told of reports, each some seconds after the one before."""
    clock, told = Clock(), []
    progress = Progress(lambda stage, fraction, _: told.append((clock.now, stage, fraction)), clock)
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
