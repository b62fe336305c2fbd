"""Laying pieces on a track and taking items away.

What Resolve answers proves nothing: the track is read back each time.
"""

from typing import Any, Dict, List, Tuple

from . import naming, plan, pool, tracks
from .host import Session, ask, before, call, now
from .plan import Piece
from .tracks import Item, Track

GIVE_UP = 3  # pieces refused one after the other, after which the rest is not tried again one by one


class Outcome:
    """What became of some pieces."""

    def __init__(self) -> None:
        self.landed: Dict[Piece, Item] = {}
        self.failed: Dict[Piece, str] = {}
        self.strays = ""


def _delete(session: Session, handles: List[Any]) -> None:
    """Deleting works on the Edit page alone; the page is put back with everything else at the end."""
    if call(session.resolve, "GetCurrentPage") != "edit":
        call(session.resolve, "OpenPage", "edit")
    call(now(session).line, "DeleteClips", handles, False)


def remove(session: Session, name: str, items: List[Item]) -> bool:
    """Delete items of a track, as read; whether all of them are surely gone."""
    wanted, left = {item.key for item in items}, items
    for _ in range(3):
        if not left:
            return True
        _delete(session, [item.handle for item in left])
        index = tracks.index_of(session, name)
        there, complete = tracks.items(session, index) if index else ([], True)
        left = [item for item in there if item.key in wanted]
        if not left:
            return complete
    return False


def _infos(index: int, pieces: List[Piece], media: Dict[str, Any], again: bool) -> List[Dict[str, Any]]:
    """One item for each piece: absolute record frame, exclusive end, and always both media type and track."""
    return [
        {
            "mediaPoolItem": media[piece.file],
            "startFrame": 0,
            "endFrame": piece.second if again and piece.second is not None else piece.source,
            "mediaType": 2,
            "trackIndex": index,
            "recordFrame": piece.start,
        }
        for piece in pieces
        if piece.file in media
    ]


def _append(session: Session, cue: Dict[str, Any], index: int, pieces: List[Piece], again: bool) -> bool:
    """Whether Resolve answered with a list at all; after an error what it shows is gone with the next save.

    The files were imported before: asked for again right here, their handles are fresh.
    """
    tracks.make_room(session, index)
    media = pool.import_files(session, cue, [piece.file for piece in pieces])
    infos = _infos(index, pieces, media, again)
    if not infos:
        return False
    if before(session, "20.3.2"):
        call(session.pool, "SetSelectedClip", infos[0]["mediaPoolItem"])
    return isinstance(call(now(session).pool, "AppendToTimeline", infos), (list, tuple))


def _sort_out(
    old: List[Item], new: List[Item], pieces: List[Piece], answered: bool, landed: Dict[Piece, Item]
) -> Tuple[List[Piece], List[Item]]:
    """What came newly to a track: pieces that are missing, and items of ours that lie where none was asked for."""
    known, at = {item.key for item in old}, {piece.start: piece for piece in pieces}
    strays: List[Item] = []
    found: Dict[Piece, Item] = {}
    for item in new:
        piece = at.get(item.start)
        if item.key in known or not item.file:
            continue
        if answered and piece is not None and plan.in_place(item, piece):
            found[piece] = item
        elif any(naming.same(item.file, each.file) for each in pieces):
            strays.append(item)
    landed.update(found)
    return [piece for piece in pieces if piece not in found], strays


def _attempt(
    session: Session, cue: Dict[str, Any], track: Track, pieces: List[Piece], outcome: Outcome, again: bool
) -> List[Piece]:
    """Lay pieces once; those that did not land. What landed elsewhere is taken away again."""
    index = tracks.index_of(session, track.name)
    if not index:
        return pieces
    old, complete = tracks.items(session, index)
    answered = _append(session, cue, index, pieces, again)
    new, _ = tracks.items(session, tracks.index_of(session, track.name) or index)
    missing, strays = _sort_out(old, new, pieces, answered, outcome.landed)
    # Where not all was read before, one of them may have been there.
    if strays and not (complete and remove(session, track.name, strays)):
        outcome.strays = (
            f'an item of Hitpoint lies astray on "{track.name}" at frame {strays[0].start}: delete it by hand'
        )
    return missing


def _reason(session: Session, track: Track, piece: Piece) -> str:
    """The most likely reason why a piece did not land; Resolve itself gives none."""
    index = tracks.index_of(session, track.name)
    if not index:
        return f'its track "{track.name}" is gone'
    if ask(session, "GetIsTrackLocked", "audio", index) is True:
        return f'its track "{track.name}" is locked'
    if any(item.start < piece.end and item.end > piece.start for item in tracks.items(session, index)[0]):
        return f'something else lies there on "{track.name}"'
    if before(session, "20.2.2") and index > tracks.count(session, "video"):
        return "this Resolve lays audio no lower than it has video tracks: add video tracks and call this again"
    if before(session, "19.0.2"):
        return "this Resolve lays nothing while no clip is selected in the Media Pool: select one and call this again"
    return "Resolve placed nothing and gave no reason; close any open dialog and call this again"


def _lay_again(session: Session, cue: Dict[str, Any], track: Track, piece: Piece, outcome: Outcome) -> bool:
    """One missing piece, twice: the first new try may meet the next trouble."""
    return any(not _attempt(session, cue, track, [piece], outcome, piece.second is not None) for _ in range(2))


def lay(session: Session, cue: Dict[str, Any], track: Track, pieces: List[Piece]) -> Outcome:
    """Lay pieces on a track. What is missing is tried again piece by piece."""
    outcome, refused = Outcome(), 0
    for piece in _attempt(session, cue, track, pieces, outcome, False):
        if refused < GIVE_UP and _lay_again(session, cue, track, piece, outcome):
            refused = 0
        else:
            refused += 1
            outcome.failed[piece] = _reason(session, track, piece)
    return outcome
