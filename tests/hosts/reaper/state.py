"""What a REAPER project holds, as plain data: tracks, items, takes, sources, markers, the tempo map.

Conventions
    Times are seconds of the project (the ruler less its offset), lengths seconds, tempi quarter notes per minute.
    Every object has a `uid` for its lifetime; an undo step brings objects back under the uid they had.
    Numbers that scripts reach by a parameter name live in `values` under that name; what is not there has the default
    of `parameters.py`.
"""

from __future__ import annotations

import copy
import itertools
import uuid
from dataclasses import dataclass, field

from tests.hosts.reaper.rpp_text import Entry

_uids = itertools.count(0x2710)


def new_uid() -> int:
    """A number that no object had before."""
    return next(_uids)


def new_guid() -> str:
    """A GUID as REAPER writes it."""
    return "{" + str(uuid.uuid4()).upper() + "}"


@dataclass
class Note:
    """A note of an in-project MIDI source; positions in ticks."""

    start: float
    end: float
    channel: int
    pitch: int
    velocity: int
    selected: bool = False
    muted: bool = False


@dataclass
class Source:
    """A media source: a file, a part of another source, or notes inside the project."""

    kind: str
    """"WAVE", "MIDI", "VIDEO", "FLAC", "SECTION", …"""
    file: str = ""
    length: float = 0.0
    """Seconds, or quarter notes where `is_qn`; 0 for media that is offline."""
    is_qn: bool = False
    channels: int = 0
    sample_rate: int = 0
    parent: Source | None = None
    offset: float = 0.0
    """Where a section starts in its parent, seconds."""
    reverse: bool = False
    notes: list[Note] | None = None
    """Notes of an in-project MIDI source, else None."""
    ppq: int = 960
    events: bytes | None = None
    """What a script has set as a whole."""
    lines: list[Entry] = field(default_factory=list)
    """Lines of the project file that mean nothing here."""
    uid: int = field(default_factory=new_uid)


@dataclass
class TakeMarker:
    """A marker inside a take, at a position of its source."""

    position: float
    name: str
    color: int = 0


@dataclass
class Take:
    """One take of an item; an empty one (`null`) counts but has no handle."""

    name: str = ""
    source: Source | None = None
    values: dict[str, float] = field(default_factory=dict)
    ext: dict[str, str] = field(default_factory=dict)
    markers: list[TakeMarker] = field(default_factory=list)
    null: bool = False
    guid: str = field(default_factory=new_guid)
    lines: list[Entry] = field(default_factory=list)
    uid: int = field(default_factory=new_uid)

    @property
    def offset(self) -> float:
        """Where the take starts in its source, seconds."""
        return self.values.get("D_STARTOFFS", 0.0)

    @property
    def playrate(self) -> float:
        """Seconds of source per second of project."""
        return self.values.get("D_PLAYRATE", 1.0)


@dataclass
class Item:
    """A media item on a track."""

    values: dict[str, float] = field(default_factory=dict)
    takes: list[Take] = field(default_factory=list)
    current: int = 0
    """Index of the active take."""
    ext: dict[str, str] = field(default_factory=dict)
    notes: str = ""
    guid: str = field(default_factory=new_guid)
    lines: list[Entry] = field(default_factory=list)
    uid: int = field(default_factory=new_uid)

    @property
    def position(self) -> float:
        """Start in the project, seconds."""
        return self.values.get("D_POSITION", 0.0)

    @property
    def length(self) -> float:
        """Length in the project, seconds."""
        return self.values.get("D_LENGTH", 0.0)

    @property
    def end(self) -> float:
        """End in the project, seconds."""
        return self.position + self.length

    @property
    def take(self) -> Take | None:
        """The active take; None where there is none or it is an empty one."""
        if 0 <= self.current < len(self.takes) and not self.takes[self.current].null:
            return self.takes[self.current]
        return None


@dataclass
class Track:
    """A track with its items, earliest first."""

    name: str = ""
    values: dict[str, float] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    ext: dict[str, str] = field(default_factory=dict)
    lane_names: dict[int, str] = field(default_factory=dict)
    icon: str = ""
    locked: bool = False
    guid: str = field(default_factory=new_guid)
    lines: list[Entry] = field(default_factory=list)
    uid: int = field(default_factory=new_uid)

    def sort(self) -> None:
        """Put the items in the order of their positions; those at one position keep theirs."""
        self.items.sort(key=lambda item: item.position)


@dataclass
class Marker:
    """A project marker, or a region where `is_region`."""

    number: int
    is_region: bool
    position: float
    end: float
    name: str
    color: int = 0
    guid: str = field(default_factory=new_guid)
    uid: int = field(default_factory=new_uid)


@dataclass
class TempoPoint:
    """A tempo or signature marker: from `time` on, `bpm` quarter notes per minute."""

    time: float
    bpm: float
    numerator: int = 0
    """0 with `denominator` 0: the signature stays."""
    denominator: int = 0
    linear: bool = False
    """The tempo ramps to the next point."""
    flags: int = 0
    selected: bool = False


@dataclass
class State:
    """Everything of a project that an undo step can bring back."""

    tracks: list[Track] = field(default_factory=list)
    master: Track = field(default_factory=lambda: Track(name="MASTER"))
    markers: list[Marker] = field(default_factory=list)
    tempo: list[TempoPoint] = field(default_factory=list)
    bpm: float = 120.0
    numerator: int = 4
    denominator: int = 4
    ext: dict[tuple[str, str], str] = field(default_factory=dict)
    selection: tuple[float, float] = (0.0, 0.0)
    loop: tuple[float, float] = (0.0, 0.0)
    notes: str = ""
    timebase: int = 1
    """Of the project: 0 time, 1 beats (position, length, rate), 2 beats (position)."""
    frame_base: int = 30
    frame_flag: int = 0
    """0 whole rate, 1 drop-frame, 2 the rate of 1000/1001."""
    offset: float = 0.0
    """Added to project time by the ruler, seconds."""
    sample_rate: int = 48000
    cursor: float = 0.0
    lines: list[Entry] = field(default_factory=list)
    """Lines of the project file that mean nothing here."""

    def items(self) -> list[Item]:
        """Every item, track by track."""
        return [item for track in self.tracks for item in track.items]

    def ordered_markers(self) -> list[Marker]:
        """Markers and regions along the timeline, as scripts enumerate them."""
        return sorted(self.markers, key=lambda marker: (marker.position, marker.is_region, marker.number))

    def sources(self) -> dict[int, Source]:
        """Sources that takes use, parents of sections included."""
        found: dict[int, Source] = {}
        for item in self.items():
            for take in item.takes:
                source = take.source
                while source is not None:
                    found[source.uid] = source
                    source = source.parent
        return found


@dataclass
class UndoStep:
    """One entry of the undo list: what was before, what is after."""

    name: str
    flags: int
    before: State
    after: State


@dataclass
class Project:
    """One project tab."""

    path: str = ""
    """The project file; empty while the project was never saved."""
    state: State = field(default_factory=State)
    undo: list[UndoStep] = field(default_factory=list)
    redo: list[UndoStep] = field(default_factory=list)
    changes: int = 1
    dirty: bool = False
    media: str = ""
    """The media (recording) path."""
    open: bool = True
    uid: int = field(default_factory=new_uid)

    def track_of(self, item: Item) -> Track:
        """The track that the item lies on."""
        return next(track for track in self.state.tracks if any(other is item for other in track.items))

    def item_of(self, take: Take) -> Item:
        """The item that the take belongs to."""
        return next(item for item in self.state.items() if any(other is take for other in item.takes))


def snapshot(state: State) -> State:
    """A copy of the state that later changes leave alone; uids are kept."""
    return copy.deepcopy(state)


def duplicate(source: Source) -> Source:
    """The same media as a source of its own."""
    twin = copy.deepcopy(source)
    twin.uid = new_uid()
    return twin
