"""An editor at a fake REAPER with the installed scripts; the program that they start really works."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rpp
import soundfile

from core.brief import STEMS, StemName
from core.cue.folder import Cue
from core.cue.folder import load as load_cue
from tests.acceptance.hosts.footage import SECONDS
from tests.acceptance.hosts.program import Program, stem
from tests.hosts.reaper import Fake
from tests.hosts.reaper.parameters import ITEM, TAKE, Parameter
from tests.hosts.reaper.state import Item, Track

PATIENCE_S = 120.0
STEPS_IN_50_MS = 300_000
"""Lua instructions of a tick that nobody notices."""
MARKERS = (("before", 0.25), ("the door", 4.3125), ("a region", 1.25))
"""Of the user's: name and position in seconds. The music meets what is inside of its range."""
LINE = re.compile(r"Hitpoint: (\w+) asked (\d+) landed (\d+) \(take (\d+)\)")


@dataclass(frozen=True)
class Written:
    """An item as the project file holds it."""

    position: float
    length: float
    base: int
    """Its time base: 0 is time."""
    loops: int
    files: tuple[str, ...]
    """Of its takes, in order."""
    active: int
    offsets: tuple[float, ...] = field(default=())


class ReaperDesk:
    """One REAPER with a saved project of video items.

    Args:
        program: that is installed.
        folder: of the resource folder and the project.
        movies: of the project's rate; they lie one after the other.
        rate: frames per second.
        drop: whether timecode is drop-frame.
        offset: of the project, seconds.
        seconds: of picture.
        fake: what `Fake` takes.
    """

    def __init__(
        self,
        program: Program,
        folder: Path,
        movies: Sequence[Path],
        rate: Fraction,
        *,
        drop: bool = False,
        offset: float = 0.0,
        seconds: int = 3 * SECONDS,
        **fake: Any,
    ) -> None:
        self.program, self.folder, self.rate = program, folder, rate
        self.fake = Fake(resource=folder / "REAPER", real_time=True, **fake)
        self.fake.resource.mkdir(parents=True)
        program.install("reaper", self.fake.resource)
        user, state = self.fake.user, self.fake.active.state
        user.set_frame_rate(float(rate), drop)
        state.offset = offset
        video = user.add_track("Video")
        lead, each = float(self.first / rate), float(int(SECONDS * rate) / rate)
        user.add_item(video, movies[0], 0.0, lead)
        for number, movie in zip(range(seconds // SECONDS), itertools.cycle(movies), strict=False):
            user.add_item(video, movie, lead + number * each, each)
        for name, position in MARKERS:
            user.add_marker(position, name, end=3.0 if "region" in name else None)
        user.save(path=folder / "film" / "reel.rpp")
        self.theirs = self.description()

    first = 13
    """Frames of picture before the first shot of `SECONDS`."""

    # what the editor does

    def start(self, name: str) -> None:
        """Call an action."""
        self.fake.run_action(self.fake.resource / "Scripts" / "Hitpoint" / f"Hitpoint_{name}.lua")

    def call(self, name: str) -> str:
        """Call an action and wait for its end; what it said. No script misbehaves, whatever happens."""
        said = len(self.fake.console)
        self.start(name)
        self.finish()
        return self.fake.console[said:]

    def finish(self) -> None:
        """Wait until no script runs any more."""
        assert self.fake.pump_until_idle(PATIENCE_S), self.fake.console
        assert self.fake.complaints() == []
        assert self.fake.missing <= {"set_action_options"}
        assert max(self.fake.tick_steps) < STEPS_IN_50_MS

    def until(self, so: Callable[[], object]) -> None:
        """Let REAPER run until something is so."""
        assert self.fake.pump_until(lambda: bool(so()), PATIENCE_S), self.fake.console

    def select(self, first: float, last: float) -> None:
        """Select time, in frames of the project."""
        self.fake.user.select_time(float(first / self.rate), float(last / self.rate))

    def options(self, **chosen: bool) -> None:
        """What the user has chosen for this project."""
        line = ";".join(f"{name}={str(value).lower()}" for name, value in chosen.items())
        self.fake.active.state.ext["hitpoint", "options"] = line

    # what there is

    def track(self, name: str) -> Track:
        """The only track of a name."""
        [found] = [track for track in self.fake.active.state.tracks if track.name == name]
        return found

    def item(self, name: str) -> Item:
        """The only item on a stem's track."""
        [found] = self.track(name).items
        return found

    def cue(self) -> Cue:
        """The only cue; it lies beside the project."""
        [found] = (self.folder / "film" / "Hitpoint Cues").glob("*/cue.json")
        return load_cue(found.parent)

    def description(self) -> str:
        """All of the user's: tracks, items, markers, regions, as one text."""
        state = self.fake.active.state
        told = {
            "items": [
                (track.name, item.guid, _values(ITEM, item.values), item.current, [_told(take) for take in item.takes])
                for track in state.tracks
                for item in track.items
                if "hitpoint_cue" not in item.ext
            ],
            "markers": sorted(
                (marker.name, marker.position, marker.end, marker.color, marker.number)
                for marker in state.markers
                if (marker.name, marker.position) in MARKERS
            ),
        }
        return json.dumps(told, default=str, sort_keys=True, indent=1)

    def written(self) -> dict[str, list[Written]]:
        """Items by track, as the saved project holds them."""
        project = rpp.loads(self.fake.rpp())
        return {
            str(track.find("NAME")[1]): [_written(item) for item in track.findall("ITEM")]
            for track in project.findall("TRACK")
        }

    # what must hold

    def assert_music(self, first: int, frames: int, takes: Mapping[StemName, list[int]]) -> None:
        """Every stem lies on a frame, exactly as long as the cue, with these takes; the active one is in use.

        Args:
            first: the frame, from the project's start.
            frames: of the cue.
            takes: of each stem's item, in order.
        """
        cue = self.cue()
        assert (cue.brief.edit.range.frames, cue.brief.edit.range.rate) == (frames, self.rate)
        assert cue.take.number in {take for numbers in takes.values() for take in numbers}
        written = self.written()
        for name in STEMS:
            item = self.item(name)
            position, length = float(Fraction(first) / self.rate), float(Fraction(frames) / self.rate)
            assert [item.position, item.length] == pytest.approx([position, length], abs=1e-12)
            assert [int(take.ext["hitpoint_take"]) for take in item.takes] == takes[name]
            assert item.take is not None
            assert item.take.source is not None
            samples, _ = soundfile.read(item.take.source.file, dtype="int32", always_2d=True)
            assert (samples == stem(cue, name)).all()
            [saved] = written[name]
            assert [saved.position, saved.length] == pytest.approx([position, length], abs=1e-9)
            assert (saved.base, saved.loops, saved.active) == (0, 0, item.current)
            assert saved.offsets == (0.0,) * len(takes[name])
            parts = [Path(file).parts[-2:] for file in saved.files]
            assert parts == [(f"{take:03}", f"{name}.wav") for take in takes[name]]
            assert all((self.folder / "film" / file).is_file() for file in saved.files)
        now = self.description()
        assert now.splitlines() == self.theirs.splitlines()

    def assert_told(self, said: str, first: int) -> None:
        """Each stem is reported on the frame that was asked for."""
        own = round(Fraction(self.fake.active.state.offset) * self.rate) + first
        told = {match[1]: (int(match[2]), int(match[3])) for match in LINE.finditer(said)}
        assert told == dict.fromkeys(STEMS, (own, own)), said

    def sound(self, name: str) -> np.ndarray:
        """What the active take of a stem's item plays, `[samples, 2]`."""
        take = self.item(name).take
        assert take is not None
        assert take.source is not None
        samples: np.ndarray = soundfile.read(take.source.file, dtype="int32", always_2d=True)[0]
        return samples


def _values(names: Mapping[str, Parameter], values: Mapping[str, float]) -> dict[str, float]:
    """What each parameter reads, to a nanosecond; what was never set has its default."""
    return {name: round(values.get(name, known.default), 9) for name, known in names.items()}


def _told(take: Any) -> tuple[Any, ...]:
    return take.name, take.source.file if take.source else "", _values(TAKE, take.values)


def _written(item: Any) -> Written:
    files, offsets, active = [], [], 0
    for entry in item.children:
        if isinstance(entry, rpp.Element):
            if entry.tag == "SOURCE":
                files.append(str(entry.find("FILE")[1]) if entry.find("FILE") else "")
        elif entry[0] == "SOFFS":
            offsets.append(float(entry[1]))
        elif entry[0] == "TAKE" and "SEL" in entry[1:]:
            active = len(files)
    values = {key: item.find(key) for key in ("POSITION", "LENGTH", "BEAT", "LOOP")}
    return Written(
        float(values["POSITION"][1]),
        float(values["LENGTH"][1]),
        int(values["BEAT"][1]) if values["BEAT"] else -1,
        int(values["LOOP"][1]),
        tuple(files),
        active,
        tuple(offsets),
    )
