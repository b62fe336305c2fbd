"""Every rate, from every start timecode, in both hosts: real music on exactly the asked frame."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from core.brief import STEMS
from tests.acceptance.hosts.reaper_desk import ReaperDesk
from tests.acceptance.hosts.resolve_desk import ResolveDesk
from tests.hosts.resolve.timecode import frames_of, true_rate

RATES = ("23.976", "24", "25", "29.97", "29.97 DF", "30", "50", "59.94", "59.94 DF")
STARTS = ("00:00:00:00", "00:59:50:00", "01:00:00:00")
CORNERS = {("23.976", "00:59:50:00"), ("29.97", "01:00:00:00"), ("29.97 DF", "00:59:50:00"), ("59.94", "00:59:50:00")}
CASES = [
    pytest.param(rate, start, marks=() if (rate, start) in CORNERS else pytest.mark.slow)
    for rate, start in itertools.product(RATES, STARTS)
]
FIRST, SECONDS = 17, 3
"""Where the cues begin, and no more than how long they are."""


def span(rate: str) -> tuple[str, bool, int]:
    """The rate's own name, whether it is drop-frame, and the frames of the cue: odd, so that no half is even."""
    name, _, drop = rate.partition(" ")
    return name, bool(drop), int(SECONDS * true_rate(name)) | 1


@pytest.mark.parametrize(("rate", "start"), CASES)
def test_in_resolve(resolve: Callable[..., ResolveDesk], rate: str, start: str) -> None:
    name, drop, frames = span(rate)
    desk = resolve(name, start=start, drop=drop, seconds=4, lua="lua54")
    assert desk.fake.timeline.start == frames_of(start, desk.rate, drop)
    desk.mark(FIRST, FIRST + frames)
    said = desk.call("Score range")
    laid = desk.assert_music(FIRST, frames)
    desk.assert_told(said, FIRST)
    scored = desk.program.cue(laid["drums"][0].path.stem[-8:]).brief.edit.range
    assert scored.rate == desk.rate
    assert (scored.start.value, scored.drop_frame) == (desk.fake.timeline.start + FIRST, drop)


@pytest.mark.parametrize(("rate", "start"), CASES)
def test_in_reaper(reaper: Callable[..., ReaperDesk], rate: str, start: str) -> None:
    """The selection is drawn by hand, a third of a frame off; the music goes to the frames meant."""
    name, drop, frames = span(rate)
    exact = true_rate(name)
    origin = frames_of(start, exact, drop)
    desk = reaper(name, drop=drop, offset=float(origin / exact), seconds=4)
    desk.select(FIRST + 0.3, FIRST + frames - 0.3)
    said = desk.call("Score range")
    desk.assert_music(FIRST, frames, {key: [1] for key in STEMS})
    desk.assert_told(said, FIRST)
    scored = desk.cue().brief.edit.range
    assert (scored.start.value, scored.rate, scored.drop_frame) == (origin + FIRST, exact, drop)
