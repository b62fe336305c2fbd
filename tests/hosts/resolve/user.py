"""What people do in Resolve while a script runs: these are not calls of the script's, nothing is checked or refused."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from tests.hosts.resolve.model import Item, Kind, Project, Timeline, Track

if TYPE_CHECKING:
    from tests.hosts.resolve.fake import Fake


class User:
    """The editor at the machine."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake

    def _timeline(self, timeline: Timeline | None) -> Timeline:
        found = timeline or self._fake.project.timeline
        assert found is not None
        return found

    def switch_page(self, page: str) -> None:
        """Open another page."""
        self._fake.page = page

    def switch_timeline(self, timeline: Timeline | None) -> None:
        """Open another timeline, or none."""
        self._fake.project.timeline = timeline

    def switch_project(self, project: Project | None = None) -> Project:
        """Open another project; handles into the old one are dead until it is opened again and asked for anew."""
        fake = self._fake
        fake.project = project or fake.new_project("Another project")
        fake.generation += 1
        return fake.project

    def dismiss(self) -> None:
        """Close the dialog that stands in the way."""
        self._fake.dialog = ""

    def interrupt(self, words: str = "Do you want to save?") -> None:
        """Open a dialog: every write answers False until it is dismissed."""
        self._fake.dialog = words

    def mark(
        self, first: int | None, last: int | None, *, timeline: Timeline | None = None, kinds: str = "video audio"
    ) -> None:
        """Set in and out, relative to the timeline's start, out inclusive; None leaves a side unset."""
        sides = {side: frame for side, frame in (("in", first), ("out", last)) if frame is not None}
        self._timeline(timeline).marks = {kind: dict(sides) for kind in kinds.split()}

    def select(self, *items: Item, timeline: Timeline | None = None) -> None:
        """Select items on the timeline."""
        self._timeline(timeline).selection = list(items)

    def select_in_pool(self, nothing: bool = True) -> None:
        """Click into the empty Media Pool, or on its first clip."""
        clips = self._fake.project.root.all_clips()
        self._fake.project.pool_selection = [] if nothing else clips[:1]

    def move(self, item: Item, by: int) -> None:
        """Drag an item along its track, to where there is room."""
        assert item.track is not None
        in_the_way = [other for other in item.track.busy(item.start + by, item.end + by) if other is not item]
        if in_the_way:
            raise ValueError(f"{in_the_way[0].name} lies there already")
        item.start += by
        item.track.sort()

    def trim(self, item: Item, *, head: int = 0, tail: int = 0) -> None:
        """Take frames off an item's ends."""
        rate = item.media.rate / self._rate_of(item) if item.media else 1
        item.start += head
        item.duration -= head + tail
        item.source += head * rate
        item.source_frames -= (head + tail) * rate

    def _rate_of(self, item: Item) -> Fraction:
        timelines = self._fake.project.timelines
        return next(timeline.rate for timeline in timelines if timeline.holds(item))

    def delete(self, item: Item) -> None:
        """Delete an item; its handles are dead."""
        assert item.track is not None
        item.track.take_off(item)

    def rename_track(self, track: Track, name: str) -> None:
        """Give a track another name."""
        track.name = name

    def delete_track(self, track: Track, timeline: Timeline | None = None) -> None:
        """Delete a track with what lies on it."""
        for item in list(track.items):
            track.take_off(item)
        self._timeline(timeline).tracks[track.kind].remove(track)

    def insert_track(self, kind: Kind, index: int = 1, *, subtype: str = "", timeline: Timeline | None = None) -> Track:
        """A new track above the one of that index: later indices shift."""
        return self._fake.add_track(self._timeline(timeline), kind, subtype or "stereo", index)

    def lock(self, track: Track, locked: bool = True) -> None:
        """Lock or unlock a track."""
        track.locked = locked

    def edit_before(self, frame: int, frames: int, *, timeline: Timeline | None = None) -> None:
        """Insert (or with a negative number remove) picture: whatever starts at that absolute frame or later shifts."""
        found = self._timeline(timeline)
        for track in found.all_tracks():
            for item in track.items:
                item.start += frames if item.start >= frame else 0
        at = frame - found.start
        found.markers = {key + frames * (key >= at): marker for key, marker in found.markers.items()}

    def set_start(self, timeline: Timeline, frame: int) -> None:
        """Give a timeline another start timecode: everything on it moves along."""
        by = frame - timeline.start
        timeline.start += by
        timeline.playhead += by
        for track in timeline.all_tracks():
            for item in track.items:
                item.start += by
