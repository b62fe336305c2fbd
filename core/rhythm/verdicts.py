"""What became of each hit, in plain words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.brief import FloatArray, Hit, Met, TempoMap
from core.rhythm.bend import Anchors
from core.rhythm.grid import Grid
from core.rhythm.moments import SAME, inside


def verdicts(
    hits: Sequence[Hit],
    anchors: Anchors,
    tempo_map: TempoMap,
    grid: Grid,
    seconds: float,
) -> tuple[Met, ...]:
    """One verdict for each hit, in order.

    Args:
        hits: in any order.
        anchors: the accepted moments and where they fall.
        tempo_map: the final map.
        grid: the grid of its meter.
        seconds: length of the range.
    """
    accepted, positions = anchors.time, anchors.beat + anchors.fraction
    places = np.searchsorted(grid.places, anchors.fraction)
    found = []
    for hit in hits:
        if not inside(hit, seconds):
            found.append(Met(hit, False, why=f"it lies outside the range (0 to {seconds:.2f} s)"))
            continue
        near = int(np.argmin(np.abs(accepted - hit.time))) if len(accepted) else -1
        if near >= 0 and abs(accepted[near] - hit.time) <= SAME:
            found.append(Met(hit, True, grid.names[places[near]], float(positions[near])))
            continue
        position, place, late = _nearest(hit.time, tempo_map, grid)
        if abs(late) <= SAME:
            found.append(Met(hit, True, grid.names[place], position))
            continue
        found.append(Met(hit, False, why=_why(hit, accepted, near, tempo_map, grid, place, late)))
    return tuple(found)


def _nearest(time: float, tempo_map: TempoMap, grid: Grid) -> tuple[float, int, float]:
    """Beat position and place of the grid nearest to a time, and how much later it is, seconds."""
    beats = tempo_map.beats
    beat = min(max(int(np.searchsorted(beats, time, side="right")) - 1, 0), len(beats) - 2)
    fractions = np.append(grid.places, 1.0)
    late = (1 - fractions) * beats[beat] + fractions * beats[beat + 1] - time
    k = int(np.argmin(np.abs(late)))
    place = k if k < len(grid.places) else 0
    return float(beat + fractions[k]), place, float(late[k])


def _why(hit: Hit, accepted: FloatArray, near: int, tempo_map: TempoMap, grid: Grid, place: int, late: float) -> str:
    """Why a hit inside the range was not met."""
    period = float(np.median(np.diff(tempo_map.beats)))
    if near >= 0 and abs(accepted[near] - hit.time) < grid.finest * period:
        return f"too close to the hit at {accepted[near]:.2f} s"
    side = "later" if late > 0 else "earlier"
    return (
        f"the nearest {grid.names[place]} is {abs(late) * 1000:.0f} ms {side}; "
        "moving it here would bend the tempo past its limits or cost other hits"
    )
