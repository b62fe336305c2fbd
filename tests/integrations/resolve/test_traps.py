"""With everything that is known to go wrong switched on at random, each piece is placed or its failure is said."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

from tests.hosts.placements import RATES
from tests.hosts.resolve.traps import Traps
from tests.hosts.resolve.versions import profiles
from tests.integrations.resolve.desk import START, Desk

LUAS = ("luajit21", "lua51", "lua53", "lua54", "luajit20")
LINE = r"Hitpoint: {stem} asked (\d+) (?:landed (\d+)|not landed) \((?:(\d+) of )?(\d+) piece"


def found(desk: Desk, stem: str) -> list[tuple[int, int, str]]:
    """What lies on any track of a stem and stays when the project is saved."""
    names = [track.name for track in desk.fake.timeline.tracks["audio"] if track.name.startswith(f"Hitpoint {stem}")]
    assert not any(item.unsaved for name in names for item in desk.track(name).items)
    return [item for name in names for item in desk.items(name)]


def check(desk: Desk, printed: list[str]) -> None:
    """The report says of each stem just as many pieces as there are, and names what failed."""
    said = "\n".join(printed)
    assert all(line.startswith("Hitpoint: ") for line in printed)
    for stem in desk.stems:
        there = [piece for piece in desk.wanted(stem) if piece in found(desk, stem)]
        told = re.search(LINE.format(stem=stem), said)
        if told is None:
            assert not there
            assert "refused to export" in said
            continue
        assert int(told[3] or told[4]) == len(there)
        assert int(told[1]) == desk.fake.timeline.start + START
        assert told[2] is None or int(told[2]) - desk.fake.timeline.start == min(there)[0]
        assert len(there) == len(desk.wanted(stem)) or f"Hitpoint: {stem} failed" in said


@pytest.mark.parametrize("lot", range(5))
def test_nothing_is_dropped_in_silence(new_desk: Callable[..., Desk], lot: int) -> None:
    for seed in range(lot * 5, lot * 5 + 5):
        drawn = random.Random(seed)
        traps = Traps.random(seed, 0.3)
        rate, start = drawn.choice(list(RATES)), drawn.choice(["00:00:00:00", "00:59:50:00", "01:00:00:00"])
        desk = new_desk(profile=drawn.choice(profiles()), traps=traps, rate=rate, start=start)
        before = desk.state()

        scored = desk.run("score", LUAS[seed % len(LUAS)])
        check(desk, scored.printed)
        assert scored.error is None
        assert desk.state() == before

        desk.take, desk.changed = 2, {2: (("drums", "bass"), (2,))}
        desk.fake.user.dismiss()
        desk.fake.timeline.marks.clear()
        desk.fake.timeline.playhead = desk.fake.timeline.start + START + 1
        before = desk.state()
        again = desk.run("next", LUAS[seed % len(LUAS)])
        assert again.error is None
        assert desk.state() == before
        if "next" in desk.asked():
            check(desk, again.printed[-40:])
