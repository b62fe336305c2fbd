"""An editor at a fake Resolve with the installed scripts, and a program that really works."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from core.brief import STEMS
from tests.acceptance.hosts.footage import SECONDS
from tests.acceptance.hosts.program import Program, edge, stem
from tests.hosts.resolve import Clip, Clock, Fake, profile
from tests.hosts.resolve.model import Item, Marker, Timeline, Track
from tests.hosts.resolve.scripts import Run

LEAD = 13
"""Frames of picture before the first shot of `SECONDS`."""
HERE = "here"
"""The marker that stands for marks where scripts are told none."""
STEPS_IN_50_MS = 300_000
"""Lua instructions of a step that nobody notices."""
LINE = re.compile(r"Hitpoint: (\w+) asked (\d+) (?:landed (\d+)|not landed) \((?:(\d+) of )?(\d+) piece")


@dataclass(frozen=True)
class Laid:
    """An item on one of our tracks; frames from the timeline's first."""

    id: str
    start: int
    frames: int
    source: int
    path: Path

    @property
    def end(self) -> int:
        """The frame after its last."""
        return self.start + self.frames


class ResolveDesk:
    """One Resolve.

    Args:
        program: that is installed.
        menu: where its launchers lie.
        movies: of the timeline's rate; they are cut together in turn.
        lua: the interpreter.
        seconds: of picture.
        fake: what `Fake` takes.

    Attributes:
        runs: of every script, in order.
    """

    def __init__(
        self,
        program: Program,
        menu: Path,
        movies: Sequence[Path],
        *,
        lua: str = "luajit21",
        seconds: int = 3 * SECONDS,
        **fake: Any,
    ) -> None:
        self.program, self.menu, self.lua = program, menu, lua
        self.fake = Fake(**{"profile": profile("21.1"), "clock": Clock(real=True), **fake})
        self.runs: list[Run] = []
        each = int(SECONDS * self.rate)
        cuts = zip(range(seconds // SECONDS), itertools.cycle(movies), strict=False)
        shots = [Clip(movie, record=LEAD + number * each, frames=each) for number, movie in cuts]
        self.fake.fill([Clip(movies[0], record=0, frames=LEAD), *shots])
        self.theirs = self.description()

    # what the editor does

    def call(self, entry: str) -> str:
        """Call an entry of the menu; what it said. No script misbehaves, whatever happens."""
        run = self.fake.run_lua(self.menu / "Hitpoint" / f"{entry}.lua", self.lua, counting=True)
        self.runs.append(run)
        assert run.error is None, run.error
        assert all(line.startswith("Hitpoint: ") for line in run.printed), run.printed
        assert max(run.steps) < STEPS_IN_50_MS
        assert self.fake.wrong_calls == []
        assert self.fake.unmeasured == []
        return "\n".join(run.printed)

    def mark(self, first: int, last: int) -> None:
        """Mark frames, the last one excluded; with a long marker where scripts are told no marks."""
        self.unmark()
        if self.fake.profile.since("19.1"):
            self.fake.user.mark(first, last - 1)
        else:
            self.fake.timeline.markers[float(first)] = Marker("Cyan", HERE, "", last - first)

    def unmark(self) -> None:
        """No marks, no selection."""
        self.fake.timeline.marks.clear()
        self.fake.user.select()
        markers = self.fake.timeline.markers
        for frame in [frame for frame, marker in markers.items() if marker.name == HERE]:
            del markers[frame]

    def playhead(self, frame: int) -> None:
        """Put the playhead on a frame."""
        self.fake.timeline.playhead = self.fake.timeline.start + frame

    def select(self, *laid: Laid) -> None:
        """Select items of ours."""
        ids = {one.id for one in laid}
        self.fake.user.select(*(item for track in self.tracks() for item in track.items if item.id in ids))

    def when(self, so: Callable[[], object], act: Callable[[], object]) -> None:
        """Do something in the first wait of a script in which something is so."""

        def look() -> None:
            if so():
                act()
            else:
                self.fake.clock.at_wait(self.fake.clock.waits + 1, look)

        look()

    def reopen(self) -> None:
        """Close the project and open it again: every handle is another one."""
        project = self.fake.project
        self.fake.user.switch_project()
        self.fake.user.switch_project(project)

    # what there is

    @property
    def rate(self) -> Fraction:
        """Of the timeline."""
        return self.fake.timeline.rate

    def tracks(self) -> list[Track]:
        """Those of ours."""
        return [track for track in self.fake.timeline.tracks["audio"] if track.name.startswith("Hitpoint ")]

    def laid(self, timeline: Timeline | None = None) -> dict[str, list[Laid]]:
        """What lies on our tracks, by the track's name after "Hitpoint "."""
        own = timeline or self.fake.timeline
        tracks = [track for track in own.tracks["audio"] if track.name.startswith("Hitpoint ")]
        return {track.name[9:]: [_laid(item, own) for item in track.items] for track in tracks}

    def description(self) -> str:
        """All of the user's: items, tracks, marks, page, bin, as one text."""
        fake, own = self.fake, self.fake.timeline
        told: dict[str, Any] = {
            "page": fake.page,
            "bin": fake.project.folder.name,
            "timelines": [timeline.name for timeline in fake.project.timelines],
            "tracks": [
                (
                    track.kind,
                    track.name,
                    track.subtype,
                    track.enabled,
                    track.locked,
                    [_told(item) for item in track.items],
                )
                for track in own.all_tracks()
                if not track.name.startswith("Hitpoint ")
            ],
            "markers": sorted((frame, vars(marker)) for frame, marker in own.markers.items() if _is_the_users(marker)),
            "clips": sorted((clip.name, clip.path, clip.colour) for clip in fake.project.root.clips),
        }
        return json.dumps(told, default=str, sort_keys=True, indent=1)

    def settings(self) -> str:
        """Where the user is: playhead, marks, page, bin."""
        own = self.fake.timeline
        markers = [(frame, marker.duration) for frame, marker in own.markers.items() if marker.name == HERE]
        return json.dumps([own.playhead, own.marks, markers, self.fake.page, self.fake.project.folder.name])

    # what must hold

    def assert_music(self, first: int, frames: int, take: int = 1) -> dict[str, list[Laid]]:
        """The cue in use lies from a frame on, whole, on stereo tracks, and sounds as its stems, sample for sample."""
        laid = self.laid()
        assert list(laid) == list(STEMS), self.runs[-1].printed
        assert all(track.subtype == "stereo" for track in self.tracks())
        identity = laid["drums"][0].path.stem.rsplit(" ", 1)[-1]
        cue = self.program.cue(identity)
        assert cue.take.number == take
        assert cue.brief.edit.range.frames == frames
        for name, items in laid.items():
            assert items[0].start == first
            assert [item.end for item in items[:-1]] == [item.start for item in items[1:]]
            assert items[-1].end == first + frames
            assert (heard(items, self.rate) == stem(cue, name)).all(), name
        assert self.description() == self.theirs
        return laid

    def assert_told(self, said: str, first: int) -> None:
        """The report names each stem with the frame that was asked for and the one where it lies."""
        own = self.fake.timeline.start + first
        told = {match[1]: (int(match[2]), int(match[3]), match[4], int(match[5])) for match in LINE.finditer(said)}
        assert told == {name: (own, own, None, len(items)) for name, items in self.laid().items()}, said


def heard(items: Sequence[Laid], rate: Fraction) -> np.ndarray:
    """What some items play one after the other, `[samples, 2]`."""
    first, parts = items[0].start, []
    for item in items:
        samples, sample_rate = soundfile.read(item.path, dtype="int32", always_2d=True)
        start, end = (edge(frame - first, rate, sample_rate) for frame in (item.start, item.end))
        offset = edge(item.source, rate, sample_rate)
        parts.append(samples[offset : offset + end - start])
        assert len(parts[-1]) == end - start
    return np.concatenate(parts)


def _is_the_users(marker: Marker) -> bool:
    return marker.name != HERE and not marker.custom.startswith("hitpoint:")


def _laid(item: Item, own: Timeline) -> Laid:
    assert item.media is not None
    assert item.start == int(item.start)
    assert item.source == int(item.source)
    return Laid(item.id, int(item.start - own.start), item.duration, int(item.source), Path(item.media.path))


def _told(item: Item) -> dict[str, Any]:
    told = {name: value for name, value in vars(item).items() if name not in ("track", "media", "markers", "takes")}
    return {**told, "media": item.media.id if item.media else None, "markers": len(item.markers)}
