"""Markers of timelines, items and clips."""
# ruff: noqa: N802 - the names are Resolve's

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.hosts.resolve.model import Marker

if TYPE_CHECKING:
    from tests.hosts.resolve.fake import Fake

_COLOURS = "Blue Cyan Green Yellow Red Pink Purple Fuchsia Rose Lavender Sky Mint Lemon Sand Cocoa Cream"
_CLIP_COLOURS = "Orange Apricot Yellow Lime Olive Green Teal Navy Blue Purple Violet Pink Tan Beige Brown Chocolate"
COLOURS = tuple(_COLOURS.split())
CLIP_COLOURS = tuple(_CLIP_COLOURS.split())


class MarkersRoom:
    """The eight marker methods: one marker per frame, colours by name (1.7, 2.6)."""

    fake: Fake
    markers: dict[float, Marker]
    length: int | None = None
    """Frames in which markers can be seen; None where that is not known."""

    def AddMarker(
        self, frame: float, colour: str, name: str, note: str, duration: float, custom: str | None = None
    ) -> bool:
        traps = self.fake.traps
        if custom == "" and traps.refused_empty_custom:
            return False
        if frame in self.markers or colour not in COLOURS or duration < 1:
            return False
        outside = frame < 0 or (self.length is not None and frame >= self.length)
        if outside and traps.marker_past_end == "refused":
            return False
        self.markers[frame] = Marker(colour, name, note, duration, custom or "")
        return True

    def GetMarkers(self) -> dict[float, dict[str, Any]]:
        key = float if self.fake.traps.float_marker_keys else int
        return {key(frame): _told(marker) for frame, marker in sorted(self.markers.items())}

    def GetMarkerByCustomData(self, custom: str) -> dict[str, Any]:
        frame = self._frame_of(custom)
        return {} if frame is None else _told(self.markers[frame])

    def GetMarkerCustomData(self, frame: float) -> str:
        return self.markers[frame].custom if frame in self.markers else ""

    def UpdateMarkerCustomData(self, frame: float, custom: str) -> bool:
        if frame not in self.markers:
            return False
        self.markers[frame].custom = custom
        return True

    def DeleteMarkerAtFrame(self, frame: float) -> bool:
        return self.markers.pop(frame, None) is not None

    def DeleteMarkerByCustomData(self, custom: str) -> bool:
        frame = self._frame_of(custom)
        return frame is not None and self.DeleteMarkerAtFrame(frame)

    def DeleteMarkersByColor(self, colour: str) -> bool:
        if colour != "All" and colour not in COLOURS:
            return False
        for frame in [frame for frame, marker in self.markers.items() if colour in ("All", marker.colour)]:
            del self.markers[frame]
        return True

    def _frame_of(self, custom: str) -> float | None:
        return next((frame for frame, marker in sorted(self.markers.items()) if marker.custom == custom), None)


def _told(marker: Marker) -> dict[str, Any]:
    return {
        "color": marker.colour,
        "duration": marker.duration,
        "note": marker.note,
        "name": marker.name,
        "customData": marker.custom,
    }
