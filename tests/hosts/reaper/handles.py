"""Pointers as scripts hold them, and what they point to while it exists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.hosts.reaper.state import Item, Marker, Project, Source, State, Take, Track

KINDS: dict[type, str] = {
    Project: "ReaProject",
    Track: "MediaTrack",
    Item: "MediaItem",
    Take: "MediaItem_Take",
    Source: "PCM_source",
    Marker: "ProjectMarker",
}


@dataclass(frozen=True, repr=False)
class Handle:
    """An opaque pointer: the same object always has the same one."""

    kind: str
    uid: int
    project: Project | None = None

    def __repr__(self) -> str:
        return f"userdata: 0x{0x5581_0000_0000 + self.uid * 0x40:016X}"

    def __hash__(self) -> int:
        return self.uid

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Handle) and other.uid == self.uid


class Index:
    """Finds the object of a pointer in a project, and knows when it is there no more."""

    def __init__(self) -> None:
        self._state: State | None = None
        self._entries: dict[int, tuple[Any, Any]] = {}

    def find(self, state: State, uid: int) -> Any:
        """The object with that uid, or None."""
        if self._state is state:
            entry = self._entries.get(uid)
            if entry and self._there(state, *entry):
                return entry[0]
        self._rebuild(state)
        entry = self._entries.get(uid)
        return entry[0] if entry else None

    def parent(self, state: State, uid: int) -> Any:
        """The track of an item, the item of a take, the take of a source."""
        self.find(state, uid)
        return self._entries[uid][1]

    def _there(self, state: State, found: Any, parent: Any) -> bool:
        if parent is None:
            return found is state.master or _holds(state.tracks, found) or _holds(state.markers, found)
        if isinstance(parent, Track):
            held = _holds(parent.items, found)
        elif isinstance(parent, Item):
            held = _holds(parent.takes, found)
        else:
            held = found is (parent.parent if isinstance(parent, Source) else parent.source)
        entry = self._entries.get(parent.uid)
        return held and entry is not None and self._there(state, parent, entry[1])

    def _rebuild(self, state: State) -> None:
        self._state = state
        entries = self._entries = {state.master.uid: (state.master, None)}
        entries.update((marker.uid, (marker, None)) for marker in state.markers)
        for track in state.tracks:
            entries[track.uid] = (track, None)
            for item in track.items:
                entries[item.uid] = (item, track)
                for take in item.takes:
                    entries[take.uid] = (take, item)
                    _add_sources(entries, take)


def _add_sources(entries: dict[int, tuple[Any, Any]], take: Take) -> None:
    holder: Any = take
    source = take.source
    while source is not None:
        entries[source.uid] = (source, holder)
        holder, source = source, source.parent


def _holds(objects: Iterable[object], wanted: object) -> bool:
    return any(found is wanted for found in objects)
