"""The menu's entries through a real daemon, with real pictures: music that was written lands, and is written anew."""

from __future__ import annotations

from pathlib import Path

from daemon.hosts.request import VERSION
from tests.hosts import placements
from tests.hosts.resolve.clock import Clock
from tests.hosts.resolve.fake import Clip, Fake
from tests.hosts.resolve.traps import Traps
from tests.hosts.resolve.versions import profile
from tests.integrations.resolve.desk import SCRIPTS

ROOT = SCRIPTS.parents[1]


def spans(fake: Fake) -> dict[str, list[tuple[int, int]]]:
    """Our tracks: where each item starts and ends, from the timeline's first frame."""
    return {
        track["name"]: [(item["start"], item["start"] + item["frames"]) for item in track["items"]]
        for track in fake.tracks()
        if track["name"].startswith("Hitpoint ")
    }


def files(fake: Fake) -> dict[str, list[str]]:
    """Our tracks: the files that lie there."""
    return {
        track["name"]: [item["path"] for item in track["items"]]
        for track in fake.tracks()
        if track["name"].startswith("Hitpoint ")
    }


def test_in_the_free_edition_a_range_is_scored_a_section_rerolled_and_the_take_before_comes_back(
    real_mailbox: Path, demo_edit: Path
) -> None:
    fake = Fake(profile("21.1"), Traps(overlap="slide", flaky_delete=True), Clock(real=True), start="00:59:50:00")
    movies = sorted(demo_edit.parent.glob("*.mp4"))[:5]
    fake.fill(Clip(movie, record=number * 72, frames=72) for number, movie in enumerate(movies))
    settings = {"version": VERSION, "scripts": str(SCRIPTS), "mailbox": str(real_mailbox), "program": "/opt/hitpoint"}

    def act(action: str) -> list[str]:
        run = fake.run_lua(f'loadfile("{SCRIPTS}/hitpoint.lua")()(...)', arguments=[{**settings, "action": action}])
        assert run.error is None
        assert "is on the timeline." in run.printed[-1], run.printed
        return run.printed

    fake.user.mark(24, 335)
    said = act("score")
    first, written = spans(fake), files(fake)
    assert list(first) == [f"Hitpoint {stem}" for stem in placements.STEMS]
    for track in first.values():
        assert (track[0][0], track[-1][1]) == (24, 336)
        assert [end for _, end in track[:-1]] == [start for start, _ in track[1:]]
    own = fake.timeline.start + 24
    assert sum(f" asked {own} landed {own} (" in line for line in said) == len(first)

    drums = next(track for track in fake.timeline.tracks["audio"] if track.name == "Hitpoint drums")
    fake.user.select(drums.items[0])
    act("reroll")
    again = files(fake)
    assert spans(fake) == first
    assert [track for track in again if again[track] != written[track]] == ["Hitpoint drums"]

    act("previous")
    assert files(fake) == written
    act("next")
    assert files(fake) == again
    assert fake.wrong_calls == []
    assert fake.unmeasured == []
