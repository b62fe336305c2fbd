"""Conform: warp an engine's free output so that its beats sit on the tempo map.

Conventions
    Heard beats and map beats are seconds from the start of the range. Runs of beats that one stretch ratio brings
    within a millisecond of their places are stretched in one piece, so that music that already keeps a steady tempo
    is hardly cut. Pieces meet shortly before a beat, where its attack hides the seam.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.brief import Audio, FloatArray, TempoMap
from core.errors import UnusableInput
from core.watch import Watch

NEAR = 0.001
"""Seconds by which a beat inside a piece may miss its place."""
STRETCH = 1.5
"""Longest and, inverted, shortest that a beat may become against what was heard."""
SEAM = 0.008
"""Seconds of cross-fade between pieces, ending just before the beat."""
BEFORE_BEAT = 0.004
"""Seconds from the seam's end to the beat."""
RUN_UP = 0.15
"""Seconds of sound stretched on either side of a piece, and thrown away: the stretcher needs to get going."""
UNWATCHED = Watch()


@dataclass(frozen=True)
class _Piece:
    """A linear stretch from what was heard to where it belongs, seconds."""

    heard: tuple[float, float]
    wanted: tuple[float, float]

    @property
    def speed(self) -> float:
        """Seconds heard per second wanted."""
        return (self.heard[1] - self.heard[0]) / (self.wanted[1] - self.wanted[0])


def conform(
    audio: Audio,
    sample_rate: int,
    beats_heard: FloatArray,
    tempo_map: TempoMap,
    samples: int,
    watch: Watch = UNWATCHED,
    into: Audio | None = None,
) -> Audio:
    """Audio whose beats sit on the tempo map.

    The first beat heard goes to the map's beat nearest to it, each next one to the next; where the music was heard
    at half or double the map's tempo, to every second or half beat. Sound before the first and after the last beat
    is stretched like its neighbour; beyond the end of the audio there is silence.

    Args:
        audio: shape [samples, 2].
        sample_rate: in Hz.
        beats_heard: increasing, at least two, shape [beats].
        tempo_map: where the beats belong.
        samples: length of the result.
        watch: cancellation.
        into: where to write the result, shape [samples, 2]; a memory-mapped file for long ranges.

    Raises:
        UnusableInput: too few beats were heard, or a beat would have to be stretched beyond `STRETCH`; the message
            names the time.
    """
    if len(beats_heard) < 2 or np.any(np.diff(beats_heard) <= 0):
        raise UnusableInput("The music has no steady beat to conform", do="Try another seed.")
    heard, wanted = _pairs(np.asarray(beats_heard, dtype=np.float64), tempo_map)
    _check(heard, wanted)
    pieces = _pieces(heard, wanted, samples / sample_rate)
    result = np.zeros((samples, 2), dtype=np.float32) if into is None else into
    for piece in pieces:
        watch.check()
        _place(audio, sample_rate, piece, result, first=piece is pieces[0])
    return result


def _pairs(heard: FloatArray, tempo_map: TempoMap) -> tuple[FloatArray, FloatArray]:
    """Heard beats and where they belong, shape [pairs] each."""
    ratio = float(np.median(np.diff(heard)) / np.median(np.diff(tempo_map.beats)))
    octave = min((0.5, 1.0, 2.0), key=lambda step: abs(np.log(ratio / step)))
    start = int(np.argmin(np.abs(tempo_map.beats - heard[0])))
    position = start + octave * np.arange(len(heard))
    inside = position <= len(tempo_map.beats) - 1
    wanted = np.interp(position[inside], np.arange(len(tempo_map.beats)), tempo_map.beats)
    if len(wanted) < 2:
        raise UnusableInput("The music starts too late for the range", f"first beat at {heard[0]:.2f} s")
    return heard[inside], wanted


def _check(heard: FloatArray, wanted: FloatArray) -> None:
    """Refuse what cannot be played without harm."""
    ratios = np.diff(wanted) / np.diff(heard)
    worst = int(np.argmax(np.abs(np.log(ratios))))
    if not 1 / STRETCH <= ratios[worst] <= STRETCH:
        raise UnusableInput(
            f"The music's beat would have to become {ratios[worst]:.2f} times as long",
            f"at {heard[worst]:.2f} s",
            "Ask for a tempo nearer to the plan's, or try another seed.",
        )


def _pieces(heard: FloatArray, wanted: FloatArray, seconds: float) -> list[_Piece]:
    """The fewest stretches, taken greedily, that bring every beat near its place and cover the result."""
    ends = [0]
    while ends[-1] < len(heard) - 1:
        ends.append(_run(heard, wanted, ends[-1]))
    pieces = [_Piece((heard[a], heard[b]), (wanted[a], wanted[b])) for a, b in pairwise(ends)]
    first, last = pieces[0], pieces[-1]
    start, end = min(0.0, first.wanted[0]), max(seconds, last.wanted[1])
    pieces[0] = _Piece(
        (first.heard[0] - (first.wanted[0] - start) * first.speed, first.heard[1]), (start, first.wanted[1])
    )
    last = pieces[-1]
    pieces[-1] = _Piece((last.heard[0], last.heard[1] + (end - last.wanted[1]) * last.speed), (last.wanted[0], end))
    return pieces


def _run(heard: FloatArray, wanted: FloatArray, start: int) -> int:
    """The last beat that one stretch from `start` reaches with all beats between near their places."""
    low, high = -np.inf, np.inf
    reached = start + 1
    for k in range(start + 1, len(heard)):
        length = heard[k] - heard[start]
        slope = (wanted[k] - wanted[start]) / length
        if low <= slope <= high:
            reached = k
        low = max(low, slope - NEAR / length)
        high = min(high, slope + NEAR / length)
        if low > high:
            break
    return reached


def _place(audio: Audio, sample_rate: int, piece: _Piece, result: Audio, first: bool) -> None:
    """Stretch one piece and fade it into the result, over what the piece before left there."""
    lead = 0.0 if first else SEAM + BEFORE_BEAT
    begin = max(0, round((piece.wanted[0] - lead) * sample_rate))
    end = min(len(result), round(piece.wanted[1] * sample_rate))
    if begin >= end:
        return
    source = piece.heard[0] + (begin / sample_rate - piece.wanted[0]) * piece.speed
    sound = _stretched(audio, sample_rate, source, end - begin, piece.speed)
    if not first:
        ramp = np.clip(np.arange(end - begin) / (SEAM * sample_rate), 0.0, 1.0).astype(np.float32)[:, None]
        sound = result[begin:end] * (1 - ramp) + sound * ramp
    result[begin:end] = sound


def _stretched(audio: Audio, sample_rate: int, source: float, length: int, speed: float) -> NDArray[np.float32]:
    """`length` samples from `source` seconds on, played at a speed at the same pitch; shape [length, 2]."""
    run_up = round(RUN_UP * sample_rate)
    if abs(speed - 1.0) < 1e-5:
        return _read(audio, round(source * sample_rate), length)
    from python_stretch import Signalsmith

    start = round(source * sample_rate - run_up * speed)
    taken = _read(audio, start, int(np.ceil((length + 2 * run_up) * speed)))
    stretcher = Signalsmith.Stretch()
    stretcher.preset(2, float(sample_rate))
    stretcher.setTimeFactor(speed)
    made = np.asarray(stretcher.process(np.ascontiguousarray(taken.T)), dtype=np.float32).T
    skip = round(source * sample_rate / speed - start / speed)
    return _read(made, skip, length)


def _read(audio: NDArray[np.float32], start: int, length: int) -> NDArray[np.float32]:
    """Samples from `start` on, silence beyond the ends; shape [length, 2]."""
    part = np.zeros((length, 2), dtype=np.float32)
    first, last = max(start, 0), min(start + length, len(audio))
    if first < last:
        part[first - start : last - start] = audio[first:last]
    return part
