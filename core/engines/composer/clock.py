"""Between beats and seconds, for many positions at once.

Conventions
    Beats are positions in a tempo map, counted from its first beat, fractions linear in time between two beats.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.brief import FloatArray, Meter, TempoMap


def seconds_of(tempo_map: TempoMap, beats: Sequence[float] | FloatArray) -> FloatArray:
    """Seconds at beat positions, shape [positions]; the outer tempos go on beyond the map."""
    return _extended(np.asarray(beats, float), np.arange(len(tempo_map.beats), dtype=float), tempo_map.beats)


def beats_of(tempo_map: TempoMap, seconds: Sequence[float] | FloatArray) -> FloatArray:
    """Beat positions at times in seconds, shape [times]; the outer tempos go on beyond the map."""
    return _extended(np.asarray(seconds, float), tempo_map.beats, np.arange(len(tempo_map.beats), dtype=float))


def _extended(at: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """Linear interpolation that continues along the first and the last piece."""
    piece = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    slope = (y[piece + 1] - y[piece]) / (x[piece + 1] - x[piece])
    result: FloatArray = y[piece] + (at - x[piece]) * slope
    return result


def pulse(meter: Meter) -> float:
    """Beats in the felt pulse: 2 where beats are eighths (7/8), else 1."""
    return float(meter.beats_per_pulse)
