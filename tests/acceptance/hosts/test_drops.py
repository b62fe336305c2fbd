"""A thousand placements in Resolves where things go wrong at random: each is placed, or the script says that it is not.

What a script says is held against what lies on the tracks, and all that is the user's against what it was before.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.placements import RATES
from tests.hosts.resolve.model import Item, Media, Track
from tests.hosts.resolve.traps import Traps
from tests.hosts.resolve.versions import profiles
from tests.integrations.resolve.desk import START, Desk

LUAS = ("luajit21", "lua51", "lua53", "lua54", "luajit20")
STEPS_IN_50_MS = 300_000
REPORT = re.compile(
    r"Hitpoint: (\w+) asked (\d+) (?:landed (\d+)|not landed) \((?:(\d+) of )?(\d+) pieces?\)(?:: (.*))?"
)
EDITED = re.compile(r"(\d+) left as you edited it")
MARKERS = re.compile(r"Hitpoint: markers: (.*)\.")
IN_A_LOT = 100
LOTS = [pytest.param(lot, marks=() if lot < 4 else pytest.mark.slow) for lot in range(10)]


ACTS = ("lock", "trim", "colour", "delete", "replace", "insert", "rename")
MOMENTS: Mapping[str, tuple[int, Sequence[str]]] = {
    "AppendToTimeline": (6, ACTS),
    "ImportMedia": (6, ACTS),
    "DeleteClips": (2, ("lock", "insert", "rename")),
    "AddTrack": (4, ("lock", "trim", "colour", "delete", "replace", "rename")),
}
"""Before which call of a script, and up to which of them, the editor does what: not to what that call is about."""


class Afternoon:
    """A desk in a Resolve drawn at random, at which an editor meddles.

    Attributes:
        locked: names of tracks that were locked when the last script began; what the editor locks while it places is
            put back with all else.
        asked: what shall lie where for each stem, as the last answer says.
        touched: ids of items of ours that the editor has made the editor's own.
        meddled: what the editor did while the last script ran.
        placements: stems that scripts were to lay so far.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.drawn = random.Random(seed)
        self.lua = LUAS[seed % len(LUAS)]
        self.desk = Desk(
            folder,
            profile=self.drawn.choice(profiles()),
            traps=Traps.random(seed, 0.3),
            rate=self.drawn.choice(list(RATES)),
            start=self.drawn.choice(["00:00:00:00", "00:59:50:00", "01:00:00:00"]),
            drop=self.drawn.random() < 0.3,
        ).with_picture()
        self.touched: set[str] = set()
        self.meddled = ""
        self.placements = 0
        self.theirs = ""
        self.calls = 0
        self.locked: set[str] = set()
        self.asked: dict[str, list[tuple[int, int, str]]] = {}

    # what the editor does

    def meddle(self, acts: Sequence[str] = ACTS) -> None:
        """Do one of the things that an editor may do."""
        act = self.drawn.choice(acts)
        getattr(self, f"_{act}")()
        self.meddled += f" {act}"
        self.theirs = self.description()

    def _ours(self) -> list[Item]:
        tracks = self.desk.fake.timeline.tracks["audio"]
        return [item for track in tracks for item in track.items if self._is_ours(item)]

    def _is_ours(self, item: Item) -> bool:
        return item.id not in self.touched and item.media is not None and str(self.desk.cue) in item.media.path

    def _lock(self) -> None:
        for track in self._tracks()[:2]:
            track.locked = True

    def _trim(self) -> None:
        for item in self._one():
            self.touched.add(item.id)
            self.desk.fake.user.trim(item, tail=5)

    def _colour(self) -> None:
        for item in self._one():
            self.touched.add(item.id)
            item.colour = "Lime"

    def _delete(self) -> None:
        for item in self._one():
            self.desk.fake.user.delete(item)

    def _replace(self) -> None:
        """The editor's own sound takes the place of a piece."""
        for item in self._one():
            track, own = item.track, self.desk.fake.timeline
            assert track is not None
            self.desk.fake.user.delete(item)
            media = Media("mine.wav", "/media/mine.wav", False, True, own.rate, 100_000)
            mine = Item("mine.wav", item.start, item.duration, media)
            track.put(mine)

    def _insert(self) -> None:
        self.desk.fake.user.insert_track("audio", 1)

    def _rename(self) -> None:
        for track in self._tracks()[-1:]:
            self.desk.fake.user.rename_track(track, f"My {track.name}")

    def _one(self) -> list[Item]:
        ours = self._ours()
        return [self.drawn.choice(ours)] if ours else []

    def _tracks(self) -> list[Track]:
        return [track for track in self.desk.fake.timeline.tracks["audio"] if track.name.startswith("Hitpoint ")]

    # what scripts do

    def call(self, action: str) -> None:
        """Run an action; while it works, the editor may do something. All that it says and does is looked at."""
        fake, drawn = self.desk.fake, self.drawn
        self.calls += 1
        self.locked = {track.name for track in fake.timeline.all_tracks() if track.locked}
        self.meddled, self.theirs = "", self.description()
        settings = self.settings()
        if drawn.random() < 0.3:
            self._plan(self.calls)
        sent = len(self.desk.requests)
        run = self.desk.run(action, self.lua, counting=True)
        assert run.error is None
        assert fake.wrong_calls == []
        assert max(run.steps) < STEPS_IN_50_MS
        assert self.description().splitlines() == self.theirs.splitlines()
        assert self.settings() == settings
        asked = [request.action for request in self.desk.requests[sent:]]
        if {"score", "next", "reroll"} & set(asked):
            self.placements += len(self.desk.stems)
            self.asked = {stem: self.desk.wanted(stem) for stem in self.desk.stems}
        self.check("\n".join(run.printed), run.printed)

    def _plan(self, call: int) -> None:
        """Let the editor do something at a moment of this call of a script, if that comes."""
        fake, name = self.desk.fake, self.drawn.choice(list(MOMENTS))
        last, acts = MOMENTS[name]
        before = sum(one.method == name for one in fake.calls)

        def act() -> None:
            if self.calls == call:
                self.meddle(acts)

        fake.before(name, act, before + self.drawn.randint(1, last))

    def check(self, said: str, printed: list[str]) -> None:
        """Hold what was said against what is there."""
        assert all(line.startswith("Hitpoint: ") for line in printed), said
        said = said.rpartition("asked for; waiting.")[2]  # what was placed before was held against the answer before
        reports: dict[str, re.Match[str]] = {match[1]: match for match in REPORT.finditer(said)}
        for stem in self.desk.stems:
            if stem not in reports:
                assert "is on the timeline." not in said, said
                assert re.search(r"refused to export|stopped|another timeline|no music of", said), said
                continue
            told = reports[stem]
            claimed, total = int(told[4] or told[5]) if told[3] else 0, int(told[5])
            wanted = self.asked[stem]
            there = [piece for piece in wanted if piece in self.lying()]
            edited = int(found[1]) if (found := EDITED.search(told[6] or "")) else 0
            assert total == len(wanted)
            assert int(told[2]) == self.desk.fake.timeline.start + START
            assert claimed <= len(there) + edited, said
            assert self.meddled or claimed >= len(there), said
            assert claimed == total or f"Hitpoint: {stem} failed" in said, said
            assert edited <= sum(self.is_edited(piece) for piece in wanted), said
        whole = all(stem in reports and f"{stem} failed" not in said for stem in self.desk.stems)
        assert ("is on the timeline." in said) <= whole, said
        self.check_markers(said)

    def check_markers(self, said: str) -> None:
        """As many markers of ours stand as the script says."""
        if not (told := MARKERS.search(said)):
            return
        counts = [int(count) for count in re.findall(r"(\d+) (?:set|in place already)", told[1])]
        ours = [one for one in self.desk.fake.timeline.markers.values() if one.custom.startswith("hitpoint:")]
        assert sum(counts) == len(ours), said

    # what there is

    def lying(self) -> list[tuple[int, int, str]]:
        """What lies on any audio track, and stays when the project is saved."""
        own = self.desk.fake.timeline
        return [
            (int(item.start - own.start), item.duration, Path(item.media.path).name)
            for track in own.tracks["audio"]
            for item in track.items
            if item.media and not item.unsaved
        ]

    def is_edited(self, piece: tuple[int, int, str]) -> bool:
        """Whether a piece's file lies somewhere, but not as it was laid."""
        return any(name == piece[2] and (start, frames) != piece[:2] for start, frames, name in self.lying())

    def description(self) -> str:
        """All that is the user's, and what the user has locked, as one text."""
        own = self.desk.fake.timeline
        told: dict[str, Any] = {"items": [], "tracks": [], "markers": []}
        for track in own.all_tracks():
            told["items"] += [(track.name, _told(item)) for item in track.items if not self._is_ours(item)]
            if not track.name.startswith("Hitpoint "):
                told["tracks"].append((track.kind, track.name, track.subtype, track.enabled, track.locked))
            elif track.name in self.locked:
                told["tracks"].append((track.name, track.locked))
        for frame, marker in own.markers.items():
            if not marker.custom.startswith("hitpoint:"):
                told["markers"].append((frame, vars(marker)))
        return json.dumps(told, default=str, sort_keys=True, indent=1)

    def settings(self) -> str:
        """Where the user is."""
        fake, own = self.desk.fake, self.desk.fake.timeline
        return json.dumps([fake.page, own.playhead, own.marks, fake.project.folder.name])


def _told(item: Item) -> dict[str, Any]:
    told = {name: value for name, value in vars(item).items() if name not in ("track", "media", "markers", "takes")}
    return {**told, "media": item.media.id if item.media else None, "markers": len(item.markers)}


@pytest.mark.parametrize("lot", LOTS)
def test_nothing_is_dropped_in_silence_and_nothing_of_the_users_changes(
    tmp_path_factory: pytest.TempPathFactory, lot: int
) -> None:
    """Score, another take, the editor's own edits, one more take: in each Resolve until so many were to be laid."""
    done, seed = 0, lot * 1000
    while done < IN_A_LOT:
        afternoon = Afternoon(tmp_path_factory.mktemp("afternoon"), seed)
        try:
            afternoon.call("score")
            afternoon.desk.fake.user.dismiss()
            afternoon.desk.fake.timeline.marks.clear()
            take(afternoon, 2, (("drums", "bass"), (2,)))
            afternoon.call("next")
            afternoon.meddle()
            take(afternoon, 3, (("melody", "drums"), (1, 2)))
            afternoon.call("next")
        except AssertionError as error:
            error.add_note(
                f"seed {seed}, {afternoon.desk.fake.profile}, {afternoon.desk.fake.traps.on()}{afternoon.meddled}"
            )
            raise
        done += afternoon.placements
        seed += 1


def take(afternoon: Afternoon, number: int, changed: tuple[tuple[str, ...], tuple[int, ...]]) -> None:
    """The cue has another take."""
    afternoon.desk.take = number
    afternoon.desk.changed = {**afternoon.desk.changed, number: changed}
