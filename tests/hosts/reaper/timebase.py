"""What a change of the tempo map does to items, markers and regions that stand on beats.

An item's mode is its own (`C_BEATATTACHMODE` 0, 1 or 2), else its track's, else the project's. Mode 0 stays where it is
in seconds; 1 keeps its beats: position, length and play rate change; 2 keeps the beat it starts on. Markers and regions
have the project's mode. A tempo write takes effect on them at the next tempo write, or when the script gives the host
back; the modes in force then decide.
"""

from __future__ import annotations

from tests.hosts.reaper.state import Item, State, Track
from tests.hosts.reaper.tempo import TempoMap

MODES = (0, 1, 2)
_JITTER_S = 1e-11


def effective_mode(item: Item, track: Track, state: State) -> int:
    """0 time, 1 beats (position, length, rate), 2 beats (position)."""
    own = int(item.values.get("C_BEATATTACHMODE", -1))
    if own in MODES:
        return own
    tracks = int(track.values.get("C_BEATATTACHMODE", -1))
    return tracks if tracks in MODES else state.timebase


def follow(state: State, before: TempoMap, after: TempoMap) -> None:
    """Move what stands on beats from where the old map had it to where the new one has it."""

    def moved(time: float) -> float:
        there = after.time(before.qn(time))
        return there if abs(there - time) > _JITTER_S else time

    for track in state.tracks:
        for item in track.items:
            mode = effective_mode(item, track, state)
            if mode == 0:
                continue
            start, end = moved(item.position), moved(item.end)
            if mode == 1 and item.length > 0 and end > start:
                _stretch(item, end - start)
            item.values["D_POSITION"] = start
        track.sort()
    if state.timebase:
        for marker in state.markers:
            marker.position = moved(marker.position)
            marker.end = moved(marker.end)


def _stretch(item: Item, length: float) -> None:
    ratio = item.length / length
    if abs(ratio - 1.0) > 1e-15:
        for take in item.takes:
            take.values["D_PLAYRATE"] = take.playrate * ratio
        item.values["D_LENGTH"] = length
