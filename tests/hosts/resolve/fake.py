"""The fake Resolve: a project that tests fill, an interface that scripts use, and what went on between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.hosts.resolve import application, importing, items, pool, scripts, timeline
from tests.hosts.resolve.clock import Clock
from tests.hosts.resolve.media import read_media
from tests.hosts.resolve.model import Item, Kind, Media, Project, Timeline, Track
from tests.hosts.resolve.scripts import Run
from tests.hosts.resolve.surface import Call, Handle, Part
from tests.hosts.resolve.timecode import frames_of, short, true_rate
from tests.hosts.resolve.traps import TRACK_NAMES, Traps
from tests.hosts.resolve.user import User
from tests.hosts.resolve.versions import Profile, profile
from tests.hosts.resolve.windows import Windows

NEWEST = profile("21.1")
PLAIN = Traps()
ONCE = Fraction(1)


@dataclass(frozen=True)
class Clip:
    """A piece of a movie on the timeline, in frames of the timeline."""

    path: Path
    record: int
    """From the timeline's first frame."""
    frames: int
    source: int = 0
    """From the movie's first frame."""
    track: int = 1


class Fake:
    """An in-memory Resolve with one project and one timeline open.

    Args:
        profile: version and edition.
        traps: what goes wrong.
        clock: what calls cost and waits let happen.
        rate: of the timeline ("29.97", "23.976").
        start: its start timecode.
        drop: whether it counts drop-frame.
        project_rate: of the project, where the timeline has one of its own.
        sample_rate: of the project, Hz.

    Attributes:
        resolve, fusion: the objects that scripts are given.
        calls: every call, in order.
        wrong_calls: calls with a wrong count or type of arguments; a test holds it to be empty.
        unmeasured: what the script made Resolve do that nobody is known to have measured.
        printed: lines of the Console.
        user: what people do meanwhile. windows: the hands on the script's windows.
        own_steps: Lua instructions of the script's own between host calls (`run_lua(counting=True)`).
    """

    def __init__(
        self,
        profile: Profile = NEWEST,
        traps: Traps = PLAIN,
        clock: Clock | None = None,
        *,
        rate: str | Fraction = "24",
        start: str = "01:00:00:00",
        drop: bool = False,
        project_rate: str | Fraction | None = None,
        sample_rate: int = 48000,
        name: str = "Reel",
        project_name: str = "Feature",
    ) -> None:
        self.profile = profile
        self.traps = traps
        self.clock = clock or Clock()
        self.page = "edit"
        self.dialog = "A dialog is open" if traps.modal else ""
        self.generation = 0
        self.calls: list[Call] = []
        self.wrong_calls: list[str] = []
        self.unmeasured: list[str] = []
        self.printed: list[str] = []
        self.own_steps: list[int] = []
        self.prefs: dict[str, object] = {}
        self.saved_prefs: dict[str, object] = {}
        self.errored_append_waits = bool(traps.errored_append)
        self.flaky_delete_waits = traps.flaky_delete
        self.empty_export_waits = traps.empty_export
        self.constants = _constants(traps.otio_constant_zero)
        self.windows = Windows()
        self.user = User(self)
        self._links = 0
        self._begun = 0
        self._before: list[tuple[str, int, Callable[[], object]]] = []
        self._counts: dict[str, int] = {}
        self.rooms: dict[str, Callable[[Fake, Any], object]] = {
            "Resolve": application.ResolveRoom,
            "ProjectManager": application.ProjectManagerRoom,
            "Project": application.ProjectRoom,
            "Fusion": application.FusionRoom,
            "MediaPool": pool.MediaPoolRoom,
            "Folder": pool.FolderRoom,
            "Clip": pool.ClipRoom,
            "Timeline": timeline.TimelineRoom,
            "Item": items.ItemRoom,
        }
        own_rate = true_rate(rate)
        self.project = Project(project_name, true_rate(project_rate or own_rate), drop, sample_rate)
        self.projects = [self.project]
        self.timeline = self.new_timeline(name, own_rate, start=start, drop=drop)
        self.resolve = Handle(self, "Resolve", Part("Resolve"))
        self.fusion = Handle(self, "Fusion", Part("Fusion"))

    # what tests fill and read

    def new_project(self, name: str) -> Project:
        """Another project, at the same rate, with an empty timeline; it is not opened."""
        project = Project(name, self.project.rate, self.project.drop, self.project.sample_rate)
        self.projects.append(project)
        project.timelines.append(Timeline("Timeline 1", project.rate, project.drop))
        project.timeline = project.timelines[0]
        return project

    def new_timeline(
        self, name: str, rate: str | Fraction | None = None, *, start: str = "01:00:00:00", drop: bool = False
    ) -> Timeline:
        """Another timeline with one video and one stereo track; it is opened."""
        own = true_rate(rate or self.project.rate)
        made = Timeline(name, own, drop, frames_of(start, own, drop), own != self.project.rate)
        made.playhead = made.start
        self.add_track(made, "video")
        self.add_track(made, "audio", "stereo")
        self.project.timelines.append(made)
        self.project.timeline = made
        return made

    def fill(self, clips: Iterable[Clip], *, sound: bool = True) -> list[Item]:
        """Lay movies on the timeline, their sound on the audio track of the same number; the video items in order."""
        known: dict[Path, Media] = {}
        laid = []
        for clip in clips:
            if clip.path not in known:
                media = read_media(clip.path, self.project.rate)
                if media is None:
                    raise ValueError(f"{clip.path} cannot be read")
                known[clip.path] = media
            laid.append(self.lay(known[clip.path], clip.record, clip.frames, clip.source, clip.track, sound=sound))
        return laid

    def lay(
        self,
        media: Media,
        record: int,
        frames: int,
        source: int | Fraction = 0,
        track: int = 1,
        *,
        sound: bool = True,
        speed: Fraction = ONCE,
        timeline: Timeline | None = None,
    ) -> Item:
        """Lay media that may have no file; positions in frames of the timeline. Answers the picture, else the sound."""
        own = timeline or self.timeline
        if media not in self.project.root.all_clips():
            self.project.root.clips.append(media)
        if not self.traps.no_selection:
            self.project.pool_selection = [media]
        kinds: list[Kind] = ["video"] if media.video else []
        kinds += ["audio"] if media.audio and (sound or not media.video) else []
        link = self.next_link() if len(kinds) > 1 else None
        ratio = media.rate / own.rate
        laid = []
        for kind in kinds:
            while len(own.tracks[kind]) < track:
                self.add_track(own, kind, "stereo" if kind == "audio" else "")
            item = Item(media.name, own.start + record, frames, media, source * ratio, frames * ratio * speed)
            item.speed, item.link = speed, link
            own.tracks[kind][track - 1].put(item)
            laid.append(item)
        return laid[0]

    def title(
        self, record: int, frames: int, track: int = 1, name: str = "Text", timeline: Timeline | None = None
    ) -> Item:
        """Lay a title: an item without media."""
        own = timeline or self.timeline
        while len(own.tracks["video"]) < track:
            self.add_track(own, "video")
        item = Item(name, own.start + record, frames, kind="title")
        own.tracks["video"][track - 1].put(item)
        return item

    def transition(self, cut: int, frames: int, track: Track, name: str = "Cross Dissolve") -> Item:
        """A dissolve in the middle of a cut; it is listed among the items of its track."""
        item = Item(name, self.timeline.start + cut - frames // 2, frames, kind="transition")
        track.put(item)
        return item

    def fill_from(self, path: Path) -> None:
        """Lay what an OTIO file of any program says, and its markers."""
        importing.fill_from(self, path, self.timeline)

    def add_track(self, own: Timeline, kind: Kind, subtype: str = "", index: float | None = None) -> Track:
        """A track with its default name, at an index from 1, else below all others."""
        tracks = own.tracks[kind]
        at = int(index) - 1 if index is not None and 1 <= index <= len(tracks) else len(tracks)
        track = Track(kind, f"{TRACK_NAMES[self.traps.language][kind]} {at + 1}", subtype)
        tracks.insert(at, track)
        return track

    def next_link(self) -> int:
        """A number for items that are linked."""
        self._links += 1
        return self._links

    def before(self, method: str, act: Callable[[], object], number: int = 1) -> None:
        """Let something happen just before a method ("AppendToTimeline") is called for the n-th time from the start."""
        self._before.append((method, number, act))

    def tracks(self, of: Timeline | None = None) -> list[dict[str, Any]]:
        """What lies where, as plain data: positions from the timeline's first frame."""
        own = of or self.timeline
        return [
            {
                "kind": track.kind,
                "name": track.name,
                "subtype": track.subtype,
                "locked": track.locked,
                "items": [_told(item, own) for item in track.items],
            }
            for track in own.all_tracks()
        ]

    # scripts

    def run_lua(self, source: Path | str, lua: str = "luajit21", **options: Any) -> Run:
        """Run a Lua script as the Scripts menu would; see `scripts.run_lua` for the options."""
        return scripts.run_lua(self, source, lua, **options)

    def run_python(self, source: Path | str, **options: Any) -> Run:
        """Run a Python script as the Scripts menu would."""
        return scripts.run_python(self, source, **options)

    def scriptapp(self, name: str = "Resolve") -> Handle | None:
        """The resolve object for a process outside; None in the free edition."""
        return scripts.scriptapp(self, name)

    # what the rooms ask

    def before_call(self, kind: str, method: str) -> None:
        """A call begins: time passes, what waited for it happens, handles may die."""
        self.clock.call(method)
        self._begun += 1
        self._counts[method] = self._counts.get(method, 0) + 1
        for entry in [entry for entry in self._before if entry[:2] == (method, self._counts[method])]:
            self._before.remove(entry)
            entry[2]()
        if self._begun == self.traps.handles_die_after and kind not in ("Resolve", "ProjectManager"):
            self.generation += 1

    def rate_setting(self, rate: Fraction, drop: bool) -> object:
        """The frame rate as this build's GetSetting writes it."""
        form = self.traps.rate_form or ("number" if self.profile.since("21.1") else "text")
        written = f"{short(rate):g}"
        if form == "number":
            return short(rate) if rate.denominator > 1 else int(rate)
        if form == "point":
            return short(rate)
        return f"{written} DF" if form == "df" and drop else written

    def import_timeline(self, path: Path, options: dict[str, Any]) -> Timeline | None:
        """A timeline from an OTIO file, where Resolve takes it."""
        return importing.import_timeline(self, path, options)


def _constants(otio_zero: bool) -> dict[str, int]:
    names = "AAF DRT EDL FCP_7_XML FCPXML_1_8 FCPXML_1_9 FCPXML_1_10"
    constants = {f"EXPORT_{name}": number for number, name in enumerate(names.split())}
    constants |= {"EXPORT_NONE": 0, "EXPORT_OTIO": 15}
    if otio_zero:
        constants |= {"EXPORT_OTIO": 0, "EXPORT_AAF": 15}
    return constants


def _told(item: Item, own: Timeline) -> dict[str, Any]:
    media = item.media
    return {
        "name": item.name,
        "start": item.start - own.start,
        "frames": item.duration,
        "source": float(item.source),
        "path": media.path if media else None,
        "colour": item.colour,
        "kind": item.kind,
    }
