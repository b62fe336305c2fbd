"""Items on tracks: what their objects answer."""
# ruff: noqa: N802 - the names are Resolve's

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tests.hosts.resolve.markers import CLIP_COLOURS, MarkersRoom
from tests.hosts.resolve.model import Item, Media, Take, Timeline

if TYPE_CHECKING:
    from tests.hosts.resolve.fake import Fake

_RANGES = {"AudioVolume": (-100.0, 30.0), "AudioPan": (-100.0, 100.0), "Opacity": (0.0, 100.0)}


class ItemRoom(MarkersRoom):
    """An item of a track."""

    def __init__(self, fake: Fake, target: Item) -> None:
        self.fake = fake
        self.item = target
        self.markers = target.markers

    # name and place

    def GetName(self) -> str:
        return self.item.name

    def SetName(self, name: str) -> bool:
        self.item.name = name
        return True

    def GetUniqueId(self) -> str:
        return self.item.id

    def GetStart(self, fine: bool = False) -> float:
        return float(self.item.start) if fine else int(self.item.start)

    def GetEnd(self, fine: bool = False) -> float:
        end = self.item.end - int(self.fake.traps.inclusive_end)
        return float(end) if fine else int(end)

    def GetDuration(self, fine: bool = False) -> float:
        return float(self.item.duration) if fine else int(self.item.duration)

    def GetType(self) -> str:
        if self.item.kind != "clip":
            return self.item.kind
        return "video" if self._kind() == "video" else "audio"

    def GetTrackTypeAndIndex(self) -> list[object]:
        timeline = self._timeline()
        if timeline is None or self.item.track is None:
            return []
        kind = self.item.track.kind
        return [kind, timeline.tracks[kind].index(self.item.track) + 1]

    def GetLinkedItems(self) -> list[Item]:
        timeline = self._timeline()
        if timeline is None or self.item.link is None:
            return []
        everything = (item for track in timeline.all_tracks() for item in track.items)
        return [item for item in everything if item.link == self.item.link and item is not self.item]

    def _timeline(self) -> Timeline | None:
        return next((timeline for timeline in self.fake.project.timelines if timeline.holds(self.item)), None)

    def _kind(self) -> str:
        return self.item.track.kind if self.item.track else "audio"

    def _current(self) -> bool:
        timeline = self.fake.project.timeline
        return timeline is not None and timeline.holds(self.item)

    # source

    def GetMediaPoolItem(self) -> Media | None:
        return self.item.media if self.item.kind == "clip" else None

    def _same_rate(self, media: Media) -> bool:
        timeline = self._timeline() or self.fake.project.timeline
        return timeline is None or timeline.rate == media.rate

    def _offset(self, frames: Fraction) -> int:
        """Media frames, but timeline frames for sound at another rate (1.5)."""
        timeline, media = self._timeline(), self.item.media
        if media is None:
            return 0
        if timeline is None or self._kind() != "audio" or self._same_rate(media):
            return int(frames)
        return int(frames * timeline.rate / media.rate)

    def GetLeftOffset(self) -> int:
        return self._offset(self.item.source)

    def GetRightOffset(self) -> int:
        media = self.item.media
        return self._offset(media.frames - self.item.source - self.item.source_frames) if media else 0

    def GetSourceStartFrame(self) -> int | None:
        if self.item.media is None:
            return None
        return int(self.item.source) - int(self.fake.traps.source_start_low)

    def GetSourceEndFrame(self) -> int | None:
        if self.item.media is None:
            return None
        end = int(self.item.source + self.item.source_frames)
        return end if self._same_rate(self.item.media) else end - 1

    def GetSourceStartTime(self) -> float | None:
        media = self.item.media
        return float((media.start + self.item.source) / media.rate) if media else None

    def GetSourceEndTime(self) -> float | None:
        media, item = self.item.media, self.item
        return float((media.start + item.source + item.source_frames) / media.rate) if media else None

    # looks and sound

    def GetClipColor(self) -> str:
        return self.item.colour

    def SetClipColor(self, colour: str) -> bool:
        if colour not in CLIP_COLOURS:
            return False
        self.item.colour = colour
        return True

    def ClearClipColor(self) -> bool:
        self.item.colour = ""
        return True

    def GetClipEnabled(self) -> bool:
        return self.item.enabled

    def SetClipEnabled(self, enabled: bool) -> bool:
        self.item.enabled = enabled
        return True

    def GetProperty(self, key: str | None = None) -> Any:
        if self.item.kind == "transition":
            return {}
        properties = {"Pan": 0.0, "Tilt": 0.0, "Opacity": 100.0, **self.item.properties}
        return properties if key is None else properties.get(key)

    def SetProperty(self, key: str, value: object) -> bool:
        """No sound before 21.1: there `Volume` and its kind are refused."""
        return key == "Opacity" and self.SetProperties({key: value})

    def SetProperties(self, wanted: dict[str, Any]) -> bool:
        for key, value in wanted.items():
            low, high = _RANGES.get(key, (1.0, 0.0))
            if not isinstance(value, (int, float)) or not low <= value <= high:
                return False
        self.item.properties.update(wanted)
        return True

    def GetFades(self) -> dict[str, int]:
        return dict(self.item.fades)

    def SetFades(self, fades: dict[str, int]) -> bool:
        if set(fades) - {"FadeIn", "FadeOut"} or any(
            not 0 <= frames <= self.item.duration for frames in fades.values()
        ):
            return False
        self.item.fades.update(fades)
        return True

    def GetFusionCompCount(self) -> int:
        return 0

    # takes

    def AddTake(self, media: Media | None, first: float = 0, last: float | None = None) -> bool:
        """Another source for the item, a half-open range of it; its length on the track stays."""
        if media is None or self.item.media is None:
            return False
        if self._kind() == "audio":
            self.fake.unmeasured.append("AddTake on an audio item")
            if not self.fake.traps.takes_on_audio:
                return False
        end = media.frames if last is None else last
        if not 0 <= first < end <= media.frames:
            return False
        if not self.item.takes:
            self.item.takes.append(Take(self.item.media, self.item.source, self.item.source_frames))
        self.item.takes.append(Take(media, Fraction(first), Fraction(end) - Fraction(first)))
        return self._select(len(self.item.takes))

    def GetTakesCount(self) -> int:
        return len(self.item.takes) if self._current() else 0

    def GetSelectedTakeIndex(self) -> int:
        return self.item.take if self._current() else 0

    def GetTakeByIndex(self, index: float) -> dict[str, object]:
        if not 1 <= index <= len(self.item.takes):
            return {}
        take = self.item.takes[int(index) - 1]
        return {
            "startFrame": int(take.source),
            "endFrame": int(take.source + take.frames),
            "mediaPoolItem": take.media,
        }

    def SelectTakeByIndex(self, index: float) -> bool:
        return 1 <= index <= len(self.item.takes) and self._select(int(index))

    def _select(self, index: int) -> bool:
        take = self.item.takes[index - 1]
        self.item.take = index
        self.item.media, self.item.source, self.item.source_frames = take.media, take.source, take.frames
        return True

    def DeleteTakeByIndex(self, index: float) -> bool:
        if not 1 <= index <= len(self.item.takes) or index == self.item.take:
            return False
        del self.item.takes[int(index) - 1]
        self.item.take -= index < self.item.take
        return True

    def FinalizeTake(self) -> bool:
        if not self.item.takes:
            return False
        self.item.takes, self.item.take = [], 0
        return True
