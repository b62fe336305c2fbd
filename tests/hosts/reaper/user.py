"""What a user does while scripts run: edits, tabs, saving. Every edit is an undo step of its own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.hosts.reaper import media, rpp_read, undo
from tests.hosts.reaper.api import items as item_calls
from tests.hosts.reaper.api import tempo as tempo_calls
from tests.hosts.reaper.state import Item, Marker, Project, Source, Take, TempoPoint, Track, snapshot

if TYPE_CHECKING:
    from tests.hosts.reaper.host import Fake


class User:
    """The person in front of the fake; also the way in which tests furnish a project.

    Objects that are handed in may be from before an undo step or a re-opening in the same state: they are found again
    by their uid.
    """

    def __init__(self, fake: Fake) -> None:
        self._fake = fake

    # Furnishing

    def add_track(self, name: str = "", depth: int = 0) -> Track:
        """A track at the end; `depth` as `I_FOLDERDEPTH`."""
        track = Track(name, {"I_FOLDERDEPTH": float(depth)} if depth else {})
        self._fake.active.state.tracks.append(track)
        return track

    def add_item(
        self,
        track: Track,
        file: Path | str = "",
        position: float = 0.0,
        length: float | None = None,
        *,
        offset: float = 0.0,
        playrate: float = 1.0,
        kind: str = "",
        mode: int = -1,
    ) -> Item:
        """An item with one take of that file, real or offline; `mode` as `C_BEATATTACHMODE`."""
        file = str(file)
        source = media.open_file(file) or Source(kind or media.kind_of(file) or "WAVE", file)
        item = Item({"D_POSITION": position, "D_LENGTH": source.length if length is None else length})
        if mode >= 0:
            item.values["C_BEATATTACHMODE"] = float(mode)
        take = Take(Path(file).name, source, {"D_STARTOFFS": offset, "D_PLAYRATE": playrate})
        item.takes.append(take)
        track.items.append(item)
        track.sort()
        return item

    def add_marker(self, time: float, name: str = "", *, end: float | None = None, color: int = 0) -> Marker:
        """A marker, or a region where there is an end; it has the next number."""
        markers = self._fake.active.state.markers
        number = 1 + max((m.number for m in markers if m.is_region == (end is not None)), default=0)
        marker = Marker(number, end is not None, time, time if end is None else end, name, color)
        markers.append(marker)
        return marker

    def select_time(self, start: float, end: float) -> None:
        """The time selection of the active project."""
        self._fake.active.state.selection = (start, end)

    def select_items(self, items: Iterable[Item]) -> None:
        """Those items and no others."""
        wanted = {item.uid for item in items}
        for item in self._fake.active.state.items():
            item.values["B_UISEL"] = float(item.uid in wanted)

    def set_frame_rate(self, rate: float, drop_frame: bool = False) -> None:
        """The project's rate: 23.976, 24, 25, 29.97, 30, 50, 59.94, …"""
        state = self._fake.active.state
        state.frame_base = round(rate)
        state.frame_flag = 0 if abs(rate - round(rate)) < 1e-6 else 1 if drop_frame else 2

    # Editing

    def _edit(self, name: str) -> Project:
        project = self._fake.active
        self._fake.settle(project)
        undo.remember(project, name, snapshot(project.state))
        return project

    def _done(self, project: Project) -> None:
        project.undo[-1].after = snapshot(project.state)

    def _found(self, project: Project, item: Item) -> tuple[Track, Item]:
        found = ((track, other) for track in project.state.tracks for other in track.items if other.uid == item.uid)
        return next(found)

    def move_item(self, item: Item, position: float, track: Track | None = None) -> None:
        """Drag an item to a time, and to another track."""
        project = self._edit("Move media items")
        home, item = self._found(project, item)
        item.values["D_POSITION"] = position
        if track is not None and track is not home:
            home.items.remove(item)
            track.items.append(item)
            track.sort()
        home.sort()
        self._done(project)

    def trim_item(self, item: Item, start: float | None = None, end: float | None = None) -> None:
        """Drag the edges of an item to times of the project."""
        project = self._edit("Trim media items")
        track, item = self._found(project, item)
        if end is not None:
            item.values["D_LENGTH"] = end - item.position
        if start is not None:
            moved, item_end = start - item.position, item.end
            for take in item.takes:
                take.values["D_STARTOFFS"] = take.offset + moved * take.playrate
            item.values |= {"D_POSITION": start, "D_LENGTH": item_end - start}
        track.sort()
        self._done(project)

    def slip_item(self, item: Item, seconds: float) -> None:
        """Move the contents of an item under its edges."""
        project = self._edit("Slip media items")
        _, item = self._found(project, item)
        for take in item.takes:
            take.values["D_STARTOFFS"] = take.offset + seconds * take.playrate
        self._done(project)

    def split_item(self, item: Item, time: float) -> Item | None:
        """Cut an item; gives the right part."""
        project = self._edit("Split media items")
        track, item = self._found(project, item)
        right = item_calls.split(self._fake, track, item, time)
        self._done(project)
        return right

    def delete_item(self, item: Item) -> None:
        """Remove an item."""
        project = self._edit("Remove media items")
        track, item = self._found(project, item)
        track.items.remove(item)
        self._done(project)

    def delete_track(self, track: Track) -> None:
        """Remove a track and what is on it."""
        project = self._edit("Remove tracks")
        project.state.tracks = [other for other in project.state.tracks if other.uid != track.uid]
        self._done(project)

    def set_tempo(self, time: float, bpm: float, numerator: int = 0, denominator: int = 0) -> None:
        """Put a tempo marker; what stands on beats follows at once."""
        project = self._edit("Add tempo/time signature change marker")
        if not project.state.tempo and time > 0:
            project.state.tempo.append(TempoPoint(0.0, project.state.bpm))
        tempo_calls.set_point(self._fake, project, -1, time, -1, -1.0, bpm, numerator, denominator, False)
        self._fake.settle(project)
        self._done(project)

    def undo(self) -> bool:
        """Edit > Undo."""
        self._fake.settle(self._fake.active)
        return undo.undo(self._fake.active)

    def redo(self) -> bool:
        """Edit > Redo."""
        return undo.redo(self._fake.active)

    # Projects

    def new_tab(self) -> Project:
        """An empty, unsaved project, in front."""
        project = Project(media=str(self._fake.resource / "media"))
        self._fake.projects.append(project)
        self._fake.active = project
        return project

    def switch_tab(self, number: int) -> Project:
        """Bring a tab to the front."""
        self._fake.active = self._fake.projects[number]
        return self._fake.active

    def close_tab(self, number: int) -> None:
        """Close a tab; its pointers are dead."""
        project = self._fake.projects.pop(number)
        project.open = False
        if not self._fake.projects:
            self.new_tab()
        if self._fake.active is project:
            self._fake.active = self._fake.projects[0]

    def save(self, project: Project | None = None, path: Path | str = "") -> Path:
        """Save a project; the media path of one that had no place becomes the folder of its file."""
        project = project or self._fake.active
        if path and str(path) != project.path:
            project.path = str(path)
            project.media = str(Path(path).parent)
        file = Path(project.path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self._fake.rpp(project), encoding="utf-8", newline="\n")
        project.dirty = False
        return file

    def save_and_reopen(self, path: Path | str = "") -> Project:
        """Save, close and open again in the same tab: nothing but the file's text comes back, all pointers are dead."""
        file = self.save(path=path)
        number = self._fake.projects.index(self._fake.active)
        old = self._fake.projects[number]
        old.open = False
        text = file.read_text(encoding="utf-8")
        project = Project(old.path, rpp_read.state(text, str(file.parent)), media=old.media)
        self._fake.projects[number] = self._fake.active = project
        return project
