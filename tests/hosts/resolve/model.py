"""What is inside the fake: projects, bins, media, timelines, tracks, items.

Conventions
    Item positions are absolute frames of their timeline; marks and markers count from the timeline's first frame.
    Source positions are frames of the media at its own rate, counted from the file's first frame.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

Kind = Literal["video", "audio", "subtitle"]
ItemKind = Literal["clip", "title", "transition"]


def new_id() -> str:
    """A unique id as Resolve writes them."""
    return str(uuid.uuid4())


@dataclass(eq=False)
class Marker:
    """A marker of a timeline, an item or a clip."""

    colour: str
    name: str
    note: str
    duration: float
    custom: str = ""


@dataclass(eq=False)
class Media:
    """A clip of the media pool."""

    name: str
    path: str
    video: bool
    audio: bool
    rate: Fraction
    """Of the media; of audio alone: the project's at the moment of import, frozen."""
    frames: int
    """Length at that rate."""
    start: int = 0
    """Start timecode, in frames at that rate."""
    drop: bool = False
    sample_rate: int = 48000
    channels: int = 2
    bits: int = 24
    id: str = field(default_factory=new_id)
    colour: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    third_party: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    mapping: str = ""
    markers: dict[float, Marker] = field(default_factory=dict)


@dataclass(eq=False)
class Folder:
    """A bin."""

    name: str
    folders: list[Folder] = field(default_factory=list)
    clips: list[Media] = field(default_factory=list)
    id: str = field(default_factory=new_id)

    def all_clips(self) -> list[Media]:
        """Clips of this bin and all bins inside it."""
        return [*self.clips, *(clip for folder in self.folders for clip in folder.all_clips())]


@dataclass(eq=False)
class Take:
    """One source of an item."""

    media: Media
    source: Fraction
    frames: Fraction
    """Source frames shown."""


@dataclass(eq=False)
class Item:
    """Something on a track."""

    name: str
    start: float
    """Absolute; a whole number but where a sub-frame position was asked for."""
    duration: int
    media: Media | None = None
    source: Fraction = Fraction(0)
    """First source frame shown, media frames from the file's first."""
    source_frames: Fraction = Fraction(0)
    """Source frames shown, at the media's rate."""
    kind: ItemKind = "clip"
    speed: Fraction = Fraction(1)
    """Source seconds per record second."""
    enabled: bool = True
    colour: str = ""
    link: int | None = None
    """Items with the same number are linked."""
    channel: int | None = None
    """The one channel it plays of media that came in as several items."""
    properties: dict[str, Any] = field(default_factory=dict)
    fades: dict[str, int] = field(default_factory=lambda: {"FadeIn": 0, "FadeOut": 0})
    markers: dict[float, Marker] = field(default_factory=dict)
    takes: list[Take] = field(default_factory=list)
    take: int = 0
    id: str = field(default_factory=new_id)
    unsaved: bool = False
    """Came from an append that errored: gone once the project is saved."""
    track: Track | None = None
    """Where it lies; None once it was deleted, or where it never came to lie."""

    @property
    def end(self) -> float:
        """The frame after its last."""
        return self.start + self.duration


@dataclass(eq=False)
class Track:
    """A track; its items are in order and never overlap."""

    kind: Kind
    name: str
    subtype: str = ""
    enabled: bool = True
    locked: bool = False
    items: list[Item] = field(default_factory=list)

    def put(self, item: Item) -> None:
        """Lay an item in its place."""
        item.track = self
        self.items.append(item)
        self.sort()

    def take_off(self, item: Item) -> None:
        """Remove an item; handles to it are dead."""
        self.items.remove(item)
        item.track = None

    def sort(self) -> None:
        """Items in the order of their start."""
        self.items.sort(key=lambda item: item.start)

    def busy(self, start: float, end: float) -> list[Item]:
        """Items that reach into a span; transitions take no room."""
        return [item for item in self.items if item.kind != "transition" and item.start < end and item.end > start]


@dataclass(eq=False)
class Timeline:
    """A timeline."""

    name: str
    rate: Fraction
    drop: bool = False
    start: int = 0
    custom: bool = False
    """Whether it has settings of its own."""
    tracks: dict[Kind, list[Track]] = field(default_factory=lambda: {"video": [], "audio": [], "subtitle": []})
    markers: dict[float, Marker] = field(default_factory=dict)
    marks: dict[str, dict[str, int]] = field(default_factory=dict)
    """{"video": {"in": 0, "out": 134}}: out inclusive, either missing."""
    selection: list[Item] = field(default_factory=list)
    playhead: int = 0
    """Absolute."""
    settings: dict[str, str] = field(default_factory=dict)
    id: str = field(default_factory=new_id)

    @property
    def end(self) -> int:
        """The frame after the last item."""
        return int(max((item.end for track in self.all_tracks() for item in track.items), default=self.start))

    def all_tracks(self) -> list[Track]:
        """Video by index, then audio, then subtitles."""
        return [track for kind in ("video", "audio", "subtitle") for track in self.tracks[kind]]

    def holds(self, item: Item) -> bool:
        """Whether an item lies on one of its tracks."""
        return item.track is not None and any(track is item.track for track in self.all_tracks())


@dataclass(eq=False)
class Project:
    """A project."""

    name: str
    rate: Fraction
    drop: bool = False
    sample_rate: int = 48000
    root: Folder = field(default_factory=lambda: Folder("Master"))
    folder: Folder = field(init=False)
    """The current bin."""
    timelines: list[Timeline] = field(default_factory=list)
    timeline: Timeline | None = None
    """The current one."""
    pool_selection: list[Media] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    saves: int = 0
    id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        self.folder = self.root
