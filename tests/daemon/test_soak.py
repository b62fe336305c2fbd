"""Kills at random while three editors work: the short version of `make soak`."""

from __future__ import annotations

from pathlib import Path

from bench.soak.__main__ import soak

JOBS, KILLS, EDITORS = 10, 8, 3


def test_no_job_is_lost_or_done_twice_whoever_is_killed(demo_edit: Path, tmp_path: Path) -> None:
    soaked = soak(JOBS, KILLS, EDITORS, seed=3, timeline=demo_edit, scratch=tmp_path / "soak")

    assert {promise: broken for promise, broken in soaked.verdict.found.items() if broken} == {}
    assert len(soaked.killer.made) == KILLS
    assert len(soaked.verdict.found) >= 15
