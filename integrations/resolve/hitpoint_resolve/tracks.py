"""Audio tracks of ours: found by name, made as stereo, read item by item. Those of the user are never touched."""

import re
from typing import Any, List, Optional, Tuple

from .host import Session, ask, before, call, listed, now, still, whole

TEMPORARY = "Hitpoint (empty, only while placing)"


class Track:
    """A track of ours."""

    def __init__(self, index: int, name: str, number: int, locked: bool, stereo: bool) -> None:
        self.index = index
        self.name = name
        self.number = number
        self.locked = locked
        self.stereo = stereo


class Item:
    """An item as it lies: `start` is absolute, `media` its pool item."""

    def __init__(self, handle: Any, start: int, frames: int, left: Optional[int], media: Any, file: str) -> None:
        self.handle = handle
        self.start = start
        self.frames = frames
        self.left = left
        self.media = media
        self.file = file

    @property
    def end(self) -> int:
        """The first frame after it."""
        return self.start + self.frames

    @property
    def key(self) -> Tuple[int, int, str]:
        """By which it is known again in a later reading."""
        return self.start, self.frames, self.file


def count(session: Session, kind: str) -> int:
    """How many tracks of a kind there are."""
    return whole(ask(session, "GetTrackCount", kind)) or 0


def _number_of(name: str, stem: str) -> Optional[int]:
    """ "Hitpoint drums" and "Hitpoint drums 3" are 1 and 3 for "drums"; any other name is None."""
    found = re.match(rf"Hitpoint {re.escape(stem)}(?: (\d+))?$", name)
    return int(found.group(1) or 1) if found else None


def _is_stereo(session: Session, index: int) -> bool:
    """A build that does not tell the layout is believed; a mono track of our name is not used."""
    return (ask(session, "GetTrackSubType", "audio", index) or "stereo") == "stereo"


def of_stem(session: Session, stem: str) -> List[Track]:
    """Our tracks for a stem, from the top."""
    found = []
    for index in range(1, count(session, "audio") + 1):
        name = ask(session, "GetTrackName", "audio", index) or ""
        number = _number_of(name, stem)
        if number is not None:
            locked = ask(session, "GetIsTrackLocked", "audio", index) is True
            found.append(Track(index, name, number, locked, _is_stereo(session, index)))
    return found


def index_of(session: Session, name: str) -> Optional[int]:
    """Where a track lies now: the user may have put others above it."""
    for index in range(1, count(session, "audio") + 1):
        if ask(session, "GetTrackName", "audio", index) == name:
            return index
    return None


def _read(handle: Any) -> Optional[Item]:
    """One item; None when its handle died while it was read."""
    start, frames = whole(call(handle, "GetStart")), whole(call(handle, "GetDuration"))
    left, media = whole(call(handle, "GetLeftOffset")), call(handle, "GetMediaPoolItem")
    file = call(media, "GetClipProperty", "File Path") or ""
    # Titles and transitions have no file; a handle that is dead now has answered nothing to be trusted.
    alive = file or call(handle, "GetStart") is not None
    if start is None or frames is None or not alive:
        return None
    return Item(handle, start, frames, left, media, str(file))


def items(session: Session, index: int) -> Tuple[List[Item], bool]:
    """The items of a track in order, and whether all of them could be read."""
    found: List[Optional[Item]] = []
    for _ in range(3):
        found = [_read(handle) for handle in listed(ask(session, "GetItemListInTrack", "audio", index))]
        if None not in found:
            break
        still(session)
    whole_ones = [item for item in found if item is not None]
    return sorted(whole_ones, key=lambda item: item.start), len(whole_ones) == len(found)


def _free_name(session: Session, stem: str) -> Tuple[str, int]:
    taken = {track.number for track in of_stem(session, stem)}
    number = 1
    while number in taken:
        number += 1
    return "Hitpoint " + stem + (f" {number}" if number > 1 else ""), number


def add(session: Session, stem: str) -> Tuple[Optional[Track], str]:
    """A new stereo track at the bottom with our name; None and why when Resolve gives none."""
    name, number = _free_name(session, stem)
    above = count(now(session), "audio")
    call(session.line, "AddTrack", "audio", "stereo")
    index = count(session, "audio")
    if index != above + 1:
        return None, "Resolve added no track; close any open dialog"
    for _ in range(2):
        call(now(session).line, "SetTrackName", "audio", index, name)
        if ask(session, "GetTrackName", "audio", index) == name:
            return Track(index, name, number, False, _is_stereo(session, index)), ""
    # A track that cannot be told from the user's is taken away again, as long as it is surely the empty new one.
    if count(session, "audio") == index and not items(session, index)[0]:
        call(now(session).line, "DeleteTrack", "audio", index)
    return None, "Resolve did not let the new track be named"


def make_room(session: Session, index: int) -> None:
    """Before 20.2.2 an audio index above the number of video tracks is refused: empty ones are added for the while."""
    above = count(session, "video")
    if not before(session, "20.2.2") or index <= above:
        return
    for number in range(above + 1, index + 1):
        call(now(session).line, "AddTrack", "video")
        if count(session, "video") != number:
            return
        call(session.line, "SetTrackName", "video", number, TEMPORARY)
    if not session.made_room:
        session.made_room = True
        session.say(
            "this Resolve lays audio no lower than it has video tracks: empty video tracks are there while placing, "
            "then gone."
        )


def clear_room(session: Session) -> None:
    """Take away the video tracks made for the while, also those of an interrupted run; only empty ones of ours."""
    for index in range(count(session, "video"), 0, -1):
        ours = ask(session, "GetTrackName", "video", index) == TEMPORARY
        if ours and not listed(ask(session, "GetItemListInTrack", "video", index)):
            call(now(session).line, "DeleteTrack", "video", index)
