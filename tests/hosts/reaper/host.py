"""The fake REAPER: projects in tabs, scripts that run in it, and a record of all that they did wrong."""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.hosts.reaper import rpp_read, rpp_write, undo
from tests.hosts.reaper.clock import Clock
from tests.hosts.reaper.handles import KINDS, Handle, Index
from tests.hosts.reaper.process import Processes
from tests.hosts.reaper.script import Run
from tests.hosts.reaper.signatures import SIGNATURES, version_number
from tests.hosts.reaper.state import Item, Project, Source, Take, Track
from tests.hosts.reaper.switches import Switches
from tests.hosts.reaper.tempo import TempoMap
from tests.hosts.reaper.timebase import follow
from tests.hosts.reaper.user import User

TICK_S = 1 / 30
"""Deferred functions run about 30 times a second."""


class Fake:
    """One running REAPER.

    Args:
        version: "6.24", "7.60", …: decides which functions and parameter names there are.
        lua: "lua53" or "lua54"; left out, what that version carries.
        resource: the resource path; left out, a new folder that goes with this object.
        real_time: follow the machine's clock, for scripts that wait for a real process.
        environment: of the processes that scripts start; left out, this process's own.
        os_name: what `GetOS` says.
        switches: fields of `Switches`.

    Attributes:
        projects, active: the open tabs and the one in front.
        console: what scripts wrote to the console.
        wrong_calls: calls that no REAPER would take, or parameter names that it does not know.
        errors: errors that ended a script.
        writes_outside_blocks: functions that changed a project while no undo block was open.
        unbalanced: undo blocks and refresh counts that were open when a script gave the host back.
        blocking_calls: calls that stop the host: waiting processes, dialogs.
        commands: native actions that scripts ran.
        missing: names that scripts looked up in `reaper` and did not find.
        calls: how often each function was called.
        disk: every look at a file: when (seconds of the clock), how ("open", "loadfile", "file_exists", …), which.
        answers: what the next dialogs answer (`MB` a number, `GetUserInputs` a list of texts or None for cancel).
    """

    def __init__(
        self,
        version: str = "7.60",
        lua: str | None = None,
        *,
        resource: Path | None = None,
        real_time: bool = False,
        environment: Mapping[str, str] | None = None,
        os_name: str = "Other",
        **switches: Any,
    ) -> None:
        self.version, self.number = version, version_number(version)
        self.lua = lua or ("lua54" if self.number >= (7,) else "lua53")
        self.switches = Switches(**switches)
        self.os_name = os_name
        self.clock = Clock(real_time)
        self._folder = tempfile.TemporaryDirectory(prefix="reaper-")
        self.resource = resource or Path(self._folder.name)
        self.processes = Processes(self.resource, environment if environment is not None else os.environ)
        self.projects = [Project(media=str(self.resource / "media"))]
        self.active = self.projects[0]
        self.runs: list[Run] = []
        self.console = ""
        self.answers: deque[Any] = deque()
        self.wrong_calls: list[str] = []
        self.errors: list[str] = []
        self.writes_outside_blocks: list[str] = []
        self.unbalanced: list[str] = []
        self.blocking_calls: list[str] = []
        self.commands: list[int] = []
        self.missing: set[str] = set()
        self.calls: dict[str, int] = {}
        self.disk: list[tuple[float, str, str]] = []
        self.ext_state: dict[tuple[str, str], str] = {}
        self.kept_ext_state: dict[tuple[str, str], str] = {}
        self.toggles: dict[int, int] = {}
        self.actions: dict[str, int] = {}
        self.gfx_events: deque[Any] = deque()
        self.drawn: list[tuple[Any, ...]] = []
        self.free_sources: dict[int, Source] = {}
        self.ui_refresh = 0
        self.playing = False
        self.peaks: dict[str, int] = {}
        self.listings: dict[tuple[str, bool], list[str]] = {}
        self.user = User(self)
        self._blocks: dict[int, undo.Blocks] = {}
        self._indexes: dict[int, Index] = {}
        self._pending: dict[int, TempoMap] = {}
        self._handles: dict[int, Handle] = {}

    # Scripts

    def run_action(self, path: Path | str, lua: str | None = None) -> Run:
        """Start a script as the action list does; gives its run, which goes on in `pump` while it defers."""
        path = Path(path)
        command = self.actions.setdefault(str(path), 50000 + len(self.actions))
        running = next((run for run in self.runs if run.path == path and not run.ended), None)
        if running is not None and not self._second_start(running):
            return running
        run = Run(self, path, lua or self.lua, command)
        self.runs.append(run)
        run.start()
        return run

    def run_text(self, code: str, lua: str | None = None) -> Run:
        """Run a few lines of Lua as a script of their own; what they return is the run's `result`."""
        scripts = self.resource / "Scripts"
        scripts.mkdir(parents=True, exist_ok=True)
        path = scripts / f"lines {len(self.actions)}.lua"
        path.write_text(code, encoding="utf-8")
        return self.run_action(path, lua)

    def _second_start(self, running: Run) -> bool:
        """End the running instance where it wants that; whether a new one is to start."""
        if running.options & 1 or self.switches.second_start == "end":
            running.end()
            return bool(running.options & 2)
        return True

    def pump(self, seconds: float = TICK_S) -> None:
        """Let that much time pass, 30 rounds of deferred functions per second (at least one round)."""
        end = self.clock.elapsed() + seconds - TICK_S / 2
        while True:
            self.clock.wait(TICK_S)
            for run in list(self.runs):
                if not run.ended:
                    run.tick()
            if self.clock.elapsed() >= end:
                break

    def pump_until_idle(self, limit: float = 60.0) -> bool:
        """Pump until no script runs; False where one still does after `limit` seconds."""
        return self.pump_until(lambda: all(run.ended for run in self.runs), limit)

    def pump_until(self, done: Callable[[], bool], limit: float = 60.0) -> bool:
        """Pump until something is so; False where it is not after `limit` seconds."""
        end = self.clock.elapsed() + limit
        while not done():
            if self.clock.elapsed() >= end:
                return False
            self.pump()
        return True

    @property
    def own_steps(self) -> list[int]:
        """Lua instructions of each stretch of a script's own work, between two calls into the host."""
        return [step for run in self.runs for step in run.steps]

    @property
    def tick_steps(self) -> list[int]:
        """Lua instructions of each whole round of a script, first run included."""
        return [step for run in self.runs for step in run.tick_steps]

    # What went wrong

    def leaks(self) -> list[Source]:
        """Sources that a script made or detached and neither destroyed nor gave to a take."""
        return list(self.free_sources.values())

    def complaints(self) -> list[str]:
        """Every fault found so far, in sentences; empty for scripts that behave."""
        found = [f"wrong call: {call}" for call in self.wrong_calls]
        found += [f"a script ended with: {error}" for error in self.errors]
        found += [f"{name} changed the project outside an undo block" for name in self.writes_outside_blocks]
        found += self.unbalanced
        found += [f"the host was blocked by {call}" for call in self.blocking_calls]
        found += [f"a source of {source.file or source.kind} was never destroyed" for source in self.leaks()]
        return found

    # Objects and handles

    def handle(self, thing: Any, project: Project | None = None) -> Handle | None:
        """The pointer for an object; the same object always has the same one."""
        if thing is None:
            return None
        known = self._handles.get(thing.uid)
        if known is None:
            owner = thing if isinstance(thing, Project) else project or self.active
            known = self._handles[thing.uid] = Handle(KINDS[type(thing)], thing.uid, owner)
        return known

    def object_of(self, handle: Handle) -> Any:
        """What a pointer points to; None once that is gone."""
        if handle.kind == "ReaProject":
            return handle.project if handle.project in self.projects else None
        if handle.uid in self.free_sources:
            return self.free_sources[handle.uid]
        if handle.kind == "PCM_source":  # made while one tab was in front, it may have gone to a take of another
            found = (self._index(project).find(project.state, handle.uid) for project in self.projects)
            return next((source for source in found if source is not None), None)
        project = handle.project
        if project is None or project not in self.projects:
            return None
        return self._index(project).find(project.state, handle.uid)

    def project_of(self, thing: Track | Item | Take | Source | Project) -> Project:
        """The tab in which an object lies."""
        if isinstance(thing, Project):
            return thing
        handle = self._handles.get(thing.uid)
        if handle and handle.project is not None and self.object_of(handle) is thing:
            return handle.project
        return next((p for p in self.projects if self._index(p).find(p.state, thing.uid) is thing), self.active)

    def parent_of(self, thing: Item | Take) -> Any:
        """The track of an item, the item of a take."""
        project = self.project_of(thing)
        return self._index(project).parent(project.state, thing.uid)

    def _index(self, project: Project) -> Index:
        return self._indexes.setdefault(project.uid, Index())

    # Changes

    def blocks(self, project: Project) -> undo.Blocks:
        """The undo blocks that are open in a project."""
        return self._blocks.setdefault(project.uid, undo.Blocks())

    def wrote(self, name: str, project: Project) -> None:
        """Note that a function changes the project."""
        project.changes += 1
        project.dirty = True
        if self.blocks(project).depth == 0:
            self.writes_outside_blocks.append(name)

    def change_tempo(self, project: Project) -> None:
        """Before a tempo write: let the last one take effect, and remember the map as it is now."""
        self.settle(project)
        self._pending[project.uid] = TempoMap(project.state)

    def settle(self, project: Project) -> None:
        """Let a tempo write take effect on what stands on beats."""
        before = self._pending.pop(project.uid, None)
        if before is not None:
            follow(project.state, before, TempoMap(project.state))

    def forget_pending(self, project: Project) -> None:
        """An undo step brings everything back at once: nothing is left to take effect."""
        self._pending.pop(project.uid, None)

    def given_back(self, who: str) -> None:
        """A script gives the host back: nothing may be left open."""
        for project in self.projects:
            self.settle(project)
            blocks = self.blocks(project)
            if blocks.depth:
                self.unbalanced.append(f"{who} left {blocks.depth} undo block(s) open")
                blocks.depth = 1
                blocks.end(project, "ReaScript: Run", undo.EVERYTHING)
        if self.ui_refresh:
            self.unbalanced.append(f"{who} left PreventUIRefresh at {self.ui_refresh}")
            self.ui_refresh = 0

    # Projects as text

    def rpp(self, project: Project | None = None) -> str:
        """A project as REAPER saves it; the active one where none is named."""
        return rpp_write.text(project or self.active, self.version)

    def load(self, text: str, path: str = "") -> Project:
        """Open a saved project in a new tab, or in place of an empty one, and bring it to the front."""
        folder = path.replace("\\", "/").rpartition("/")[0]
        project = Project(path, rpp_read.state(text, folder), media=folder or str(self.resource / "media"))
        if not self.active.path and self.active.changes == 1 and not self.active.state.tracks:
            self.projects.remove(self.active)
        self.projects.append(project)
        self.active = project
        return project

    @classmethod
    def from_rpp(cls, text: str, path: str = "", **options: Any) -> Fake:
        """A REAPER in which only that project is open."""
        fake = cls(**options)
        fake.load(text, path)
        return fake

    def close(self) -> None:
        """End all scripts and the processes that they started."""
        for run in self.runs:
            run.end()
        self.processes.end()

    def offers(self, name: str) -> bool:
        """Whether this version has a function of that name."""
        signature = SIGNATURES.get(name)
        return signature is not None and signature.since <= self.number
