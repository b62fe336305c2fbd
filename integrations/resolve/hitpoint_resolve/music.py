"""The music of ours that lies on the timeline: which cues, which stems, where; and what of it is meant."""

from typing import Any, List, Optional

from . import markers, naming, pool, timeline, tracks
from .host import Session, Stop, ask, call, listed, whole
from .timeline import Facts

NONE = "there is no music of Hitpoint on this timeline. Run: Score range"
SEVERAL = (
    "several cues of Hitpoint are meant by this. Put the playhead into one of them, where no other lies, "
    "or select its items."
)


class Music:
    """An item of music: section None is a whole stem; first and last are relative frames, last exclusive."""

    def __init__(self, cue: str, told: naming.Told, first: int, frames: int) -> None:
        self.cue = cue
        self.stem = told.stem
        self.section = told.section
        self.first = first
        self.last = first + frames


class Hole:
    """What to re-roll: relative frames, last exclusive; no stems are all stems."""

    def __init__(self, cue: str, first: int, last: int, by: str, stems: Optional[List[str]] = None) -> None:
        self.cue = cue
        self.first = first
        self.last = last
        self.by = by
        self.stems = stems or []


def _told_of(handle: Any, facts: Facts) -> List[Music]:
    """What an item is to us; nothing for anything that is not ours."""
    media = call(handle, "GetMediaPoolItem")
    path = call(media, "GetClipProperty", "File Path")
    told = naming.parse(path) if isinstance(path, str) else None
    cue = (told.cue or pool.cue_of(media)) if told else None
    start, frames = whole(call(handle, "GetStart")), whole(call(handle, "GetDuration"))
    if told is None or not cue or start is None or not frames:
        return []
    return [Music(cue, told, start - facts.start, frames)]


def everything(session: Session, facts: Facts) -> List[Music]:
    """All music on our tracks."""
    found: List[Music] = []
    for index in range(1, tracks.count(session, "audio") + 1):
        if str(ask(session, "GetTrackName", "audio", index)).startswith("Hitpoint "):
            for handle in listed(ask(session, "GetItemListInTrack", "audio", index)):
                found += _told_of(handle, facts)
    return found


def selected(session: Session, facts: Facts) -> List[Music]:
    """The selected items that are music of ours."""
    return [one for handle in timeline.selected(session) for one in _told_of(handle, facts)]


def _within(items: List[Music], first: int, last: int) -> List[Music]:
    """Of some music, what reaches into a span of relative frames."""
    return [item for item in items if item.first < last and item.last > first]


def _only_cue(items: List[Music]) -> str:
    """The only cue of some music.

    Raises:
        Stop: there are several.
    """
    cues = {item.cue for item in items}
    if len(cues) != 1:
        raise Stop(SEVERAL)
    return cues.pop()


def _under_playhead(session: Session, facts: Facts, items: List[Music]) -> List[Music]:
    here = timeline.playhead(session, facts)
    return [] if here is None else _within(items, here, here + 1)


def _all_there_is(session: Session, facts: Facts) -> List[Music]:
    items = everything(session, facts)
    if not items:
        raise Stop(NONE)
    return items


def cue_meant(session: Session, facts: Facts) -> str:
    """The cue meant by the selection, else by the playhead, else the only one there is.

    Raises:
        Stop: there is none, or several are meant.
    """
    chosen = selected(session, facts)
    if chosen:
        return _only_cue(chosen)
    items = _all_there_is(session, facts)
    return _only_cue(_under_playhead(session, facts, items) or items)


def _from_playhead(session: Session, facts: Facts, items: List[Music]) -> Hole:
    """The section under the playhead: the span of a piece, or of a section marker where a stem lies as one item."""
    under = _under_playhead(session, facts, items)
    if not under:
        raise Stop(
            "nothing says what to re-roll. Select items of Hitpoint's tracks, set in and out marks, "
            "or put the playhead into the music."
        )
    cue = _only_cue(under)
    for item in under:
        if item.section is not None:
            return Hole(cue, item.first, item.last, "playhead")
    here = timeline.playhead(session, facts)
    span = markers.section_at(session, cue, here) if here is not None else None
    if span is None:
        raise Stop(
            "the stems lie as one item each here, so no section can be told. "
            "Set in and out marks around what to re-roll."
        )
    return Hole(cue, span[0], span[1], "playhead")


def hole(session: Session, facts: Facts, asked: Optional[timeline.Range] = None) -> Hole:
    """What to re-roll, from what is asked, else the selected items of ours, else another selection or the marks, else
    the section under the playhead.

    Raises:
        Stop: it cannot be told.
    """
    chosen = [] if asked else selected(session, facts)
    if chosen:
        stems = list(dict.fromkeys(item.stem for item in chosen))
        first, last = min(item.first for item in chosen), max(item.last for item in chosen)
        return Hole(_only_cue(chosen), max(first, 0), last, "selection", stems)
    items = _all_there_is(session, facts)
    span = asked or timeline.pointed(session, facts)
    if span is None:
        return _from_playhead(session, facts, items)
    under = _within(items, span.first, span.last)
    if not under:
        raise Stop(f"no music of Hitpoint lies in {span.words()}.")
    return Hole(_only_cue(under), span.first, span.last, span.by)
