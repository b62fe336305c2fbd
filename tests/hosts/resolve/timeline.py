"""Timelines: what their objects answer."""
# ruff: noqa: N802 - the names are Resolve's

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.hosts.resolve.export import write_otio
from tests.hosts.resolve.markers import MarkersRoom
from tests.hosts.resolve.model import Item, Timeline, Track, new_id
from tests.hosts.resolve.timecode import frames_of, timecode_of

if TYPE_CHECKING:
    from tests.hosts.resolve.fake import Fake

_LAYOUTS = "mono stereo lrc lcr lrcs lcrs quad 5.0 5.0film 5.1 5.1film 7.0 7.0film 7.1 7.1film"
SUBTYPES = (*_LAYOUTS.split(), *(f"adaptive{channels}" for channels in range(1, 37)))
_NO_PLAYHEAD = ("media", "fusion")


class TimelineRoom(MarkersRoom):
    """A timeline."""

    def __init__(self, fake: Fake, target: Timeline) -> None:
        self.fake = fake
        self.timeline = target
        self.markers = target.markers
        self.length = target.end - target.start

    # name, rate, start, playhead

    def GetName(self) -> str:
        return self.timeline.name

    def GetUniqueId(self) -> str:
        return self.timeline.id

    def GetSetting(self, key: str | None = None) -> Any:
        settings = self.GetSettings()
        return settings if key is None else settings.get(key, "")

    def SetSetting(self, key: str, value: str) -> bool:
        if key == "timelineFrameRate":
            return False
        self.timeline.settings[key] = value
        return True

    def GetSettings(self) -> dict[str, Any]:
        timeline = self.timeline
        return {
            "timelineFrameRate": self.fake.rate_setting(timeline.rate, timeline.drop),
            "timelineDropFrameTimecode": str(int(timeline.drop)),
            "useCustomSettings": str(int(timeline.custom)),
            "timelineResolutionWidth": "1920",
            "timelineResolutionHeight": "1080",
            **timeline.settings,
        }

    def GetStartFrame(self) -> int:
        return self.timeline.start

    def GetEndFrame(self) -> int:
        return self.timeline.end

    def GetStartTimecode(self) -> str:
        return timecode_of(self.timeline.start, self.timeline.rate, self.timeline.drop)

    def SetStartTimecode(self, timecode: str) -> bool:
        frame = self._frame(timecode)
        if frame is None:
            return False
        self.fake.user.set_start(self.timeline, frame)
        return True

    def GetCurrentTimecode(self) -> str:
        if self.fake.page in _NO_PLAYHEAD:
            return ""
        return timecode_of(self.timeline.playhead, self.timeline.rate, self.timeline.drop)

    def SetCurrentTimecode(self, timecode: str) -> bool:
        frame = self._frame(timecode)
        if frame is None or frame < self.timeline.start or self.fake.page in _NO_PLAYHEAD:
            return False
        self.timeline.playhead = frame
        return True

    def _frame(self, timecode: str) -> int | None:
        try:
            return frames_of(timecode, self.timeline.rate, self.timeline.drop)
        except ValueError:
            return None

    def GetCurrentVideoItem(self) -> Item | None:
        at = self.timeline.playhead
        for track in reversed(self.timeline.tracks["video"]):
            for item in track.items:
                if track.enabled and item.start <= at < item.end:
                    return item
        return None

    # marks and selection

    def GetMarkInOut(self) -> dict[str, dict[str, int]]:
        return copy.deepcopy({kind: marks for kind, marks in self.timeline.marks.items() if marks})

    def SetMarkInOut(self, first: float, last: float, kind: str | None = None) -> bool:
        kinds = _mark_kinds(kind)
        if not kinds or not 0 <= first <= last:
            return False
        for name in kinds:
            self.timeline.marks[name] = {"in": int(first), "out": int(last)}
        return True

    def ClearMarkInOut(self, kind: str | None = None) -> bool:
        for name in _mark_kinds(kind):
            self.timeline.marks.pop(name, None)
        return bool(_mark_kinds(kind))

    def GetSelectedClips(self) -> list[Item] | None:
        return [item for item in self.timeline.selection if self.timeline.holds(item)] or None

    # export

    def Export(self, path: str, kind: Any, _: Any = None) -> bool:
        """OTIO alone is written; any other constant, and what is none, is refused."""
        if kind != self.fake.constants["EXPORT_OTIO"] or isinstance(kind, (str, bool)):
            return False
        target = Path(path)
        if not target.is_absolute() or not target.parent.is_dir():
            return False
        if self.fake.empty_export_waits:
            self.fake.empty_export_waits = False
            target.write_bytes(b"")
            return True
        try:
            write_otio(target, self.timeline, self.fake.traps.otio_rate == "exact")
        except OSError:
            return False
        return True

    # tracks

    def _tracks(self, kind: str) -> list[Track]:
        return self.timeline.tracks.get(kind, [])  # type: ignore[call-overload, no-any-return]

    def _track(self, kind: str, index: float) -> Track | None:
        tracks = self._tracks(kind)
        return tracks[int(index) - 1] if 1 <= index <= len(tracks) else None

    def _current(self) -> bool:
        return self.fake.project.timeline is self.timeline

    def GetTrackCount(self, kind: str) -> int:
        return len(self._tracks(kind))

    def GetTrackName(self, kind: str, index: float) -> str:
        track = self._track(kind, index)
        return track.name if track else ""

    def SetTrackName(self, kind: str, index: float, name: str) -> bool:
        track = self._track(kind, index)
        if track is None:
            return False
        track.name = name
        return True

    def GetTrackSubType(self, kind: str, index: float) -> str:
        track = self._track(kind, index)
        return track.subtype if track else ""

    def AddTrack(self, kind: str, how: Any = None) -> bool:
        """Audio is mono where nothing is said; before 19.0 it has to be said."""
        if kind not in self.timeline.tracks:
            return False
        options = how if isinstance(how, dict) else {"audioType": how} if how else {}
        unknown = set(options) - {"audioType", "index"}
        if unknown:
            self.fake.wrong_calls.append(f"Timeline.AddTrack: {', '.join(map(str, unknown))} is unknown")
            return False
        subtype = options.get("audioType")
        if kind == "audio" and subtype is None and self.fake.profile.since("19.0"):
            subtype = "mono"
        if kind == "audio" and subtype not in SUBTYPES:
            return False
        self.fake.add_track(self.timeline, kind, subtype if kind == "audio" else "", options.get("index"))  # type: ignore[arg-type]
        return True

    def DeleteTrack(self, kind: str, index: float) -> bool:
        track = self._track(kind, index)
        if track is None or track.locked:
            return False
        self.fake.user.delete_track(track, self.timeline)
        return True

    def SetTrackEnable(self, kind: str, index: float, enabled: bool) -> bool:
        track = self._track(kind, index)
        if track is None:
            return False
        track.enabled = enabled
        return True

    def GetIsTrackEnabled(self, kind: str, index: float) -> bool:
        track = self._track(kind, index)
        return track is not None and track.enabled and self._current()

    def SetTrackLock(self, kind: str, index: float, locked: bool) -> bool:
        track = self._track(kind, index)
        if track is None:
            return False
        track.locked = locked
        return True

    def GetIsTrackLocked(self, kind: str, index: float) -> bool:
        track = self._track(kind, index)
        return track is not None and track.locked and self._current()

    # items

    def GetItemListInTrack(self, kind: str, index: float) -> list[Item]:
        track = self._track(kind, index)
        return list(track.items) if track else []

    def DeleteClips(self, items: list[Item | None], ripple: bool = False) -> bool:
        """Whole items of the current timeline, on the Edit page alone; exactly those that are given."""
        timeline = self.fake.project.timeline
        if self.fake.page != "edit" or timeline is None:
            return False
        if self.fake.flaky_delete_waits:
            self.fake.flaky_delete_waits = False
            return False
        given = [item for item in items if item is not None and timeline.holds(item)]
        if not given or any(item.track is None or item.track.locked for item in given):
            return False
        for item in given:
            track = item.track
            assert track is not None
            track.take_off(item)
            if ripple:
                for later in track.items:
                    later.start -= item.duration if later.start >= item.start else 0
        return True

    def SetClipsLinked(self, items: list[Item | None], linked: bool) -> bool:
        number = self.fake.next_link() if linked else None
        for item in items:
            if item is None:
                return False
            item.link = number
        return True

    def DuplicateTimeline(self, name: str | None = None) -> Timeline | None:
        timelines = self.fake.project.timelines
        name = name or f"{self.timeline.name} copy"
        if any(timeline.name == name for timeline in timelines):
            return None
        memo: dict[int, Any] = {id(clip): clip for clip in self.fake.project.root.all_clips()}
        twin: Timeline = copy.deepcopy(self.timeline, memo)
        twin.name, twin.id, twin.selection = name, new_id(), []
        for track in twin.all_tracks():
            for item in track.items:
                item.id = new_id()
        timelines.append(twin)
        return twin

    def DetectSceneCuts(self) -> bool:
        return True


def _mark_kinds(kind: str | None) -> tuple[str, ...]:
    return {"all": ("video", "audio"), "video": ("video",), "audio": ("audio",)}.get(kind or "all", ())
