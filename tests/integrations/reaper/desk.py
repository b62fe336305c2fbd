"""An editor's desk with a fake REAPER, the scripts installed in it, and a program that answers what a test says."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from daemon.hosts.luafile import write_lua
from integrations.installer import install, reaper_files
from tests.hosts.placements import placement
from tests.hosts.reaper import Fake
from tests.hosts.reaper.state import Item, Project, Track

SOURCE = Path(__file__).parents[3] / "integrations" / "reaper"
VERSION = "0.1.0"
STEPS_IN_50_MS = 300_000
"""Lua instructions of a tick that nobody notices."""

Answering = Callable[[Path, dict[str, Any]], None]


class Desk:
    """A fake REAPER with everything installed.

    Args:
        folder: where all of it lies.
        options: of `Fake`.

    Attributes:
        fake: the host.
        requests: what the program was asked, in order.
        answering: how the program answers; set it to another function, or use the ones below.
    """

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder = folder
        self.fake = Fake(resource=folder / "REAPER", **options)
        self.program = folder / "bin" / "hitpoint"
        self.program.parent.mkdir(parents=True)
        self.program.write_text("the program", encoding="utf-8")
        list(install(reaper_files(SOURCE, self.fake.resource, self.program, VERSION), ()))
        self.requests: list[dict[str, Any]] = []
        self.answering: Answering = silent
        self.fake.processes.stub = self._started

    def _started(self, words: Sequence[str]) -> int:
        assert words[:2] == [str(self.program), "host"]
        job = Path(words[2])
        self.requests.append(json.loads((job / "request.json").read_bytes()))
        self.answering(job, self.requests[-1])
        return 0

    def with_picture(self, rate: float = 24.0) -> Desk:
        """A minute of picture on a track "Video"."""
        self.fake.user.set_frame_rate(rate)
        self.fake.user.add_item(self.fake.user.add_track("Video"), "/media/reel.mov", 0.0, 60.0, kind="VIDEO")
        return self

    def options(self, **chosen: object) -> None:
        """What the user has chosen for this project."""
        told = {name: str(value).lower() if isinstance(value, bool) else value for name, value in chosen.items()}
        line = ";".join(f"{name}={str(value).replace(',', '%2C')}" for name, value in told.items())
        self.project.state.ext["hitpoint", "options"] = line

    # What the program answers

    def answers(self, laid: dict[str, Any], **more: Any) -> None:
        """Every request is answered with a placement."""
        self.answering = lambda job, request: answer(job, request, ok=True, placement=laid, said=[], **more)

    def fails(self, sentence: str, code: str = "error") -> None:
        """Every request fails."""
        self.answering = lambda job, request: answer(
            job, request, ok=False, error={"code": code, "sentence": sentence, "what": sentence}
        )

    def stays_silent(self) -> None:
        """No request is answered."""
        self.answering = silent

    # What the editor does

    def act(self, name: str, seconds: float = 60.0, lua: str | None = None) -> None:
        """Call an action and let it come to its end."""
        self.start(name, lua)
        assert self.fake.pump_until_idle(seconds), self.fake.console

    def act_in_silence(self, name: str) -> None:
        """Call an action that nobody answers, until its request is there."""
        before = len(self.requests)
        self.stays_silent()
        self.start(name)
        assert self.fake.pump_until(lambda: len(self.requests) > before, 10), self.fake.console

    def start(self, name: str, lua: str | None = None) -> None:
        """Call an action."""
        self.fake.run_action(self.fake.resource / "Scripts" / "Hitpoint" / f"Hitpoint_{name}.lua", lua)

    def score(self, laid: dict[str, Any], start: float = 10.0, end: float = 22.5) -> None:
        """Score a time selection, and be given that placement."""
        self.fake.user.select_time(start, end)
        self.answers(laid)
        self.act("Score range")
        self.fake.user.select_time(0, 0)

    def cue(self, name: str = "reel 1", rate: Fraction = Fraction(24), **more: Any) -> dict[str, Any]:
        """A placement with real files."""
        return placement(self.folder / "music" / name, rate, pieces=False, **more)

    # What there is

    @property
    def project(self) -> Project:
        """The project in front."""
        return self.fake.active

    def track(self, name: str) -> Track:
        """The only track of a name."""
        [found] = [track for track in self.project.state.tracks if track.name == name]
        return found

    def item(self, stem: str) -> Item:
        """The only item on a stem's track."""
        [found] = self.track(stem).items
        return found

    def undo_names(self) -> list[str]:
        """The undo list, oldest first."""
        return [step.name for step in self.project.undo]


def silent(job: Path, request: dict[str, Any]) -> None:
    """The program is at work and says nothing."""


def answer(job: Path, request: dict[str, Any], **fields: Any) -> None:
    """Write an answer as the program does."""
    head = {"hitpoint": 1, "id": request["id"], "action": request["action"], "version": VERSION}
    write_lua(job / "answer.lua", head | fields)
