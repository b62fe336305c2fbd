"""Undo blocks: a snapshot when the outermost opens, an entry in the list when it closes.

The flags of an entry say what it can bring back: 1 tracks, 4 items, 8 markers, ext state and time selection, 32 the
tempo map; -1 everything.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.hosts.reaper.state import Project, State, UndoStep, snapshot

EVERYTHING = -1
TRACKS, ITEMS, MISC, ENVELOPES = 1, 4, 8, 32


@dataclass
class Blocks:
    """The undo blocks of one project that are open."""

    depth: int = 0
    before: State | None = None
    closed: int = field(default=0)
    """How many outermost blocks were closed with something to remember."""

    def begin(self, project: Project) -> None:
        """Open a block inside those that are open."""
        if self.depth == 0:
            self.before = snapshot(project.state)
        self.depth += 1

    def end(self, project: Project, name: str, flags: int) -> None:
        """Close the innermost block; the outermost makes an entry, unless its flags say that nothing changed."""
        self.depth -= 1
        if self.depth > 0 or self.before is None:
            return
        if flags:
            remember(project, name, self.before, flags)
            self.closed += 1
        self.before = None


def remember(project: Project, name: str, before: State, flags: int = EVERYTHING) -> None:
    """Add an entry to the undo list; what could be redone is forgotten."""
    project.undo.append(UndoStep(name, flags, before, snapshot(project.state)))
    project.redo.clear()
    project.dirty = True
    project.changes += 1


def undo(project: Project) -> bool:
    """Go one entry back; False where there is none."""
    if not project.undo:
        return False
    step = project.undo.pop()
    step.after = snapshot(project.state)
    project.state = _restored(project.state, step.before, step.flags)
    project.redo.append(step)
    project.changes += 1
    return True


def redo(project: Project) -> bool:
    """Go one entry forward again; False where there is none."""
    if not project.redo:
        return False
    step = project.redo.pop()
    project.state = _restored(project.state, step.after, step.flags)
    project.undo.append(step)
    project.changes += 1
    return True


def _restored(now: State, wanted: State, flags: int) -> State:
    if flags == EVERYTHING:
        return snapshot(wanted)
    state, wanted = snapshot(now), snapshot(wanted)
    if flags & TRACKS:
        kept = {track.uid: track.items for track in state.tracks}
        state.tracks = wanted.tracks
        for track in state.tracks:
            track.items = track.items if flags & ITEMS else kept.get(track.uid, track.items)
    elif flags & ITEMS:
        items = {track.uid: track.items for track in wanted.tracks}
        for track in state.tracks:
            track.items = items.get(track.uid, track.items)
    if flags & MISC:
        state.markers, state.ext = wanted.markers, wanted.ext
        state.selection, state.loop = wanted.selection, wanted.loop
    if flags & (TRACKS | ENVELOPES):
        state.tempo, state.bpm = wanted.tempo, wanted.bpm
    return state
