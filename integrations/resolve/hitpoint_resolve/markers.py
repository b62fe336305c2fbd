"""Beats, bars, sections and hits as timeline markers: one per frame, recognised as ours by their customData.

Markers count from the timeline's first frame. customData is hitpoint:<cue>:<kind>:<frame in the cue>.
"""

import re
from typing import Any, Dict, Optional, Tuple

from .host import Session, ask, listed, now, table, whole

RANK = {"hit": 1, "section": 2, "bar": 3, "beat": 4}
COLOURS = {"section": "Purple", "bar": "Blue", "beat": "Sky"}
MET, MISSED = "Green", "Red"
CHECK = 50  # markers set between two looks whether the timeline is still in front
GIVE_UP = 10  # refusals in a row after which Resolve takes none at all
_OURS = re.compile(r"hitpoint:([0-9a-f]+):[A-Za-z]+:(\d+)$")
_SECTION = re.compile(r"hitpoint:([0-9a-f]+):section:\d+$")


class Marker:
    """A marker as it shall stand."""

    def __init__(self, told: Dict[str, Any], start: int) -> None:
        self.kind = str(told["kind"])
        self.first = int(told["first"])
        self.frame = start + self.first
        self.frames = max(whole(told.get("frames")) or 1, 1)
        self.name = str(told["name"])
        self.note = str(told.get("note") or "")
        missed = told.get("met") is False
        self.colour = (MISSED if missed else MET) if self.kind == "hit" else COLOURS[self.kind]

    def join(self, other: "Marker") -> None:
        """Take in another that stands on the same frame: the weightier kind leads, names and notes are joined."""
        leads = RANK[other.kind] < RANK[self.kind]
        first, second = (other, self) if leads else (self, other)
        notes = [note for note in (first.note, second.note) if note]
        missed = MISSED in (self.colour, other.colour)
        self.name = first.name if second.name == first.name else first.name + " / " + second.name
        self.note = "; ".join(notes)
        self.kind, self.frames = first.kind, first.frames
        self.colour = MISSED if missed else first.colour

    def data(self, cue: str) -> str:
        """By which it is known as ours."""
        return f"hitpoint:{cue}:{self.kind}:{self.first}"

    def stands(self, told: Dict[str, Any], cue: str) -> bool:
        """Whether a marker of the timeline is this one."""
        found = (told.get("name"), told.get("note"), told.get("color"), whole(told.get("duration")))
        same = found == (self.name, self.note, self.colour, self.frames)
        return same and told.get("customData") == self.data(cue)


class Counts:
    """What became of the markers."""

    def __init__(self) -> None:
        self.wanted = 0
        self.set = 0
        self.kept = 0
        self.removed = 0
        self.occupied = 0
        self.outside = 0
        self.refused = 0


def _wanted(placement: Dict[str, Any], kinds: str) -> Dict[int, Marker]:
    """Frame → marker, those of one frame joined."""
    at: Dict[int, Marker] = {}
    for told in listed(placement.get("markers")):
        if kinds == "none" or (kinds == "hits" and told["kind"] != "hit") or told["kind"] not in RANK:
            continue
        marker = Marker(told, placement["start"])
        if marker.frame in at:
            at[marker.frame].join(marker)
        else:
            at[marker.frame] = marker
    return at


def _existing(session: Session) -> Dict[int, Dict[str, Any]]:
    """All markers of the timeline. Frames come as 12 or 12.0."""
    found = table(ask(session, "GetMarkers"))
    return {frame: told for frame, told in ((whole(key), told) for key, told in found.items()) if frame is not None}


def _remove(session: Session, placement: Dict[str, Any], at: Dict[int, Marker]) -> int:
    """Remove those of ours that shall not stand any more; one that the user moved is the user's."""
    cue, old = placement["cue"]["id"], []
    for frame, told in _existing(session).items():
        ours = _OURS.match(str(told.get("customData") or ""))
        if not ours or ours.group(1) != cue or int(ours.group(2)) + placement["start"] != frame:
            continue
        if frame not in at or not at[frame].stands(told, cue):
            old.append(frame)
    for turn, frame in enumerate(old):
        if turn % CHECK == 0:
            now(session)
        ask(session, "DeleteMarkerAtFrame", frame)
    return len(old)


def _add(session: Session, one: Marker, cue: str) -> bool:
    """Some builds refuse customData on a new marker: then it is added after, or the marker goes again."""
    words = (one.frame, one.colour, one.name, one.note, one.frames)
    if ask(session, "AddMarker", *((*words, one.data(cue)))) is True:
        return True
    if not ask(session, "AddMarker", *words):
        return False
    ask(session, "UpdateMarkerCustomData", one.frame, one.data(cue))
    told = _existing(session).get(one.frame)
    if told and told.get("customData") == one.data(cue):
        return True
    if told and not told.get("customData") and told.get("name") == one.name:
        ask(session, "DeleteMarkerAtFrame", one.frame)
    return False


def _set(session: Session, at: Dict[int, Marker], cue: str, length: int, counts: Counts) -> None:
    """Set what is missing; frames where the user's own marker stands, or beyond the timeline, are left out."""
    there, in_a_row = _existing(session), 0
    for turn, one in enumerate(at.values()):
        if turn % CHECK == 0:
            now(session)
        told = there.get(one.frame)
        if told:
            if one.stands(told, cue):
                counts.kept += 1
            else:
                counts.occupied += 1
        elif not 0 <= one.frame < length:
            counts.outside += 1
        elif in_a_row < GIVE_UP:
            in_a_row = 0 if _add(session, one, cue) else in_a_row + 1


def reconcile(session: Session, placement: Dict[str, Any], kinds: str, length: int) -> Counts:
    """Make the timeline's markers like those of a placement; `kinds` is "all", "hits" or "none"."""
    cue, at, counts = placement["cue"]["id"], _wanted(placement, kinds), Counts()
    counts.wanted = len(at)
    counts.removed = _remove(session, placement, at)
    _set(session, at, cue, length, counts)
    # Only what is read back counts as set.
    there = _existing(session)
    standing = sum(one.frame in there and one.stands(there[one.frame], cue) for one in at.values())
    counts.set = standing - counts.kept
    counts.refused = counts.wanted - standing - counts.occupied - counts.outside
    return counts


def section_at(session: Session, cue: str, frame: int) -> Optional[Tuple[int, int]]:
    """The section of a cue under a frame, as first and last (exclusive) relative frames."""
    for place, told in _existing(session).items():
        found = _SECTION.match(str(told.get("customData") or ""))
        frames = whole(told.get("duration")) or 1
        if found and found.group(1) == cue and place <= frame < place + frames:
            return place, place + frames
    return None
