"""What the user had set, kept over everything a run does: page, playhead, marks, bin, pool selection, track states.

It is read right before something is done and put back right after, so that what the user does in between stays.
"""

from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Tuple

from . import tracks
from .host import Current, Session, Stop, ask, call, listed, now, still, table

_States = Dict[Tuple[str, int], Tuple[Any, ...]]


def _track_states(session: Session) -> _States:
    """Kind and index → name, enabled, locked."""
    getters = ("GetTrackName", "GetIsTrackEnabled", "GetIsTrackLocked")
    return {
        (kind, index): tuple(ask(session, getter, kind, index) for getter in getters)
        for kind in ("video", "audio")
        for index in range(1, tracks.count(session, kind) + 1)
    }


def _ids(clips: List[Any]) -> List[str]:
    return [str(call(clip, "GetUniqueId")) for clip in clips]


def _find_bin(folder: Any, known: Tuple[Any, Any]) -> Any:
    """A bin as it was known, in a folder or below it."""
    if (call(folder, "GetUniqueId"), call(folder, "GetName")) == known:
        return folder
    inner = (_find_bin(each, known) for each in listed(call(folder, "GetSubFolderList")))
    return next((found for found in inner if found is not None), None)


class _Saved:
    """Everything as it was."""

    def __init__(self, session: Session) -> None:
        self.page = call(session.resolve, "GetCurrentPage")
        self.timecode = ask(session, "GetCurrentTimecode")
        self.marks = table(ask(session, "GetMarkInOut"))
        self.bin = call(session.pool, "GetCurrentFolder")
        # By which it is known once this handle is dead.
        self.bin_known = (call(self.bin, "GetUniqueId"), call(self.bin, "GetName"))
        self.selection = listed(call(session.pool, "GetSelectedClips"))
        self.tracks = _track_states(session)

    def restore_tracks(self, session: Session) -> None:
        """A track that has another name now is another track: the user has moved them."""
        for (kind, index), (name, enabled, locked) in _track_states(session).items():
            before = self.tracks.get((kind, index))
            if before is None or before[0] != name:
                continue
            if before[1] is not None and before[1] != enabled:
                call(now(session).line, "SetTrackEnable", kind, index, before[1])
            if before[2] is not None and before[2] != locked:
                call(now(session).line, "SetTrackLock", kind, index, before[2])

    def restore_marks(self, session: Session) -> None:
        """A mark of one side alone cannot be set."""
        there = table(ask(session, "GetMarkInOut"))
        for kind in ("video", "audio"):
            old, new = table(self.marks.get(kind)), table(there.get(kind))
            first, last = old.get("in"), old.get("out")
            if (first, last) == (new.get("in"), new.get("out")):
                continue
            if first is not None and last is not None:
                call(now(session).line, "SetMarkInOut", first, last, kind)
            elif first is None and last is None:
                call(now(session).line, "ClearMarkInOut", kind)

    def restore_playhead(self, session: Session) -> None:
        """It cannot be set on every page, so it goes before the page does."""
        if self.timecode and ask(session, "GetCurrentTimecode") != self.timecode:
            call(now(session).line, "SetCurrentTimecode", self.timecode)

    def restore_pool(self, session: Session) -> None:
        """One clip is all that can be selected again; more than one are left as long as they still are selected."""
        pool = Current(session).pool
        if self.bin_known[1] and call(pool, "SetCurrentFolder", self.bin) is not True:
            found = _find_bin(call(pool, "GetRootFolder"), self.bin_known)
            if found is not None:
                call(pool, "SetCurrentFolder", found)
        if self.selection and _ids(listed(call(pool, "GetSelectedClips"))) != _ids(self.selection):
            call(pool, "SetSelectedClip", self.selection[0])

    def restore_page(self, session: Session) -> None:
        """The page that the user was on."""
        if self.page and call(session.resolve, "GetCurrentPage") != self.page:
            call(session.resolve, "OpenPage", self.page)

    def restore(self, session: Session) -> None:
        """Put everything back that is not as it was. Where the user has gone elsewhere, that timeline is left alone."""
        steps: List[Callable[[Session], None]] = [self.restore_page]
        if Current(session).project_id == session.project_id:
            steps = [self.restore_pool, *steps]
        if still(session):
            own = [tracks.clear_room, self.restore_tracks, self.restore_marks, self.restore_playhead]
            steps = [*own, *steps]
        for step in steps:
            try:
                step(session)
            except Stop:  # the user has gone elsewhere this very moment; what is left is still put back
                continue


@contextmanager
def kept(session: Session) -> Iterator[None]:
    """Do something and leave everything that the user had set as it was, also where it ends with an error."""
    saved = _Saved(now(session))
    try:
        yield
    finally:
        saved.restore(session)
