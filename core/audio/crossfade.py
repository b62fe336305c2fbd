"""Cross-fades at the seams of a hole: from what is kept to what is new and back, wholly inside the hole.

Conventions
    "Old" is what a stem's file holds, "new" what takes its place; both float32, shape [samples, 2]. Positions are
    samples from the start of the cue.
Method
    Both sides are weighted by the cosine and the sine of an angle that turns smoothly from 0 to 90 degrees. What they
    have in common would add up to more than their powers do, so both are scaled by its measured share: uncorrelated
    sounds keep their power, and a sound that is the same on both sides passes as if nothing had been faded.
Where
    A fade lasts 10 to 50 ms. It ends before the first attack after the left edge, of either side; where an attack sits
    on the edge itself it lasts 10 ms and turns early. Towards the right edge it begins after the last attack, unless
    that belongs to what is kept after the edge: then it ends before. So no attack is heard twice or worn away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.brief import Audio, FloatArray

LONGEST_S = 0.050
SHORTEST_S = 0.010
AFTER_S = 0.005
"""How long after an attack a fade may begin."""
LEAD_S = 0.015
"""What is heard before a moment to tell whether it is an attack."""
RISE = 4.0
"""How many times the power before it an attack has, after a high-pass that makes attacks stand out."""
FAINT = 0.01
"""Share of the loudest power around below which a rise is not heard."""
EARLY = 8
"""How much earlier a fade turns that begins with an attack."""
AT_ONCE = 64
"""The same where the new goes on as the old did: nothing clicks, and nothing is left of an old attack."""
ALIKE = 1e-3
"""Share of the power by which both sides may differ before the edge, for the new to go on as the old did."""
LEAST_CORRELATION = -0.5
"""Opposite phases are made up for to this point: beyond it the sound would be lifted too far."""

Reader = Callable[[int, int], Audio]
"""Gives the samples from a start to a stop, both inside the cue."""


@dataclass(frozen=True)
class Fade:
    """The weights of both sides over a span."""

    first: int
    last: int
    old: FloatArray
    """Shape [last - first, 1]."""
    new: FloatArray
    """Shape [last - first, 1]."""


def crossfades(
    old: Reader, new: Reader, first: int, last: int, samples: int, sample_rate: int, beats: Sequence[float] = ()
) -> tuple[Fade, ...]:
    """The fades at the edges of the hole from `first` to `last`; elsewhere in it only the new is heard.

    There is none at the first and the last sample of the cue.

    Args:
        old: reads what the stem has.
        new: reads what replaces it, at its final level; it is asked for 15 ms before the hole, never after it.
        first: first sample of the hole.
        last: the sample after the hole.
        samples: length of the cue.
        sample_rate: samples per second.
        beats: times in seconds; where nothing else is near, a fade ends on one.
    """
    edges = (first > 0) + (last < samples)
    room = min(round(LONGEST_S * sample_rate), (last - first) // max(edges, 1))
    pulse = [round(beat * sample_rate) for beat in beats]
    fades = []
    if first > 0 and room:
        fades.append(_left(old, new, first, first + room, sample_rate, pulse))
    if last < samples and room:
        fades.append(_right(old, new, last - room, last, samples, sample_rate, pulse))
    return tuple(fades)


def attacks(audio: Audio, sample_rate: int) -> list[int]:
    """Where attacks begin, to a millisecond; the first 15 ms only lead in. Positions in samples."""
    hop, gap = _hop(sample_rate), 3
    lead = _lead(sample_rate) // hop
    steps = np.diff(np.nan_to_num(audio), axis=0, prepend=audio[:1])
    frames = len(steps) // hop
    power = np.square(steps[: frames * hop], dtype=np.float64).reshape(frames, -1).sum(axis=1)
    found: list[int] = []
    heard = FAINT * power.max(initial=0.0)
    for frame in range(lead, frames):
        before = power[frame - lead : frame - gap].max()
        if power[frame] <= max(RISE * before, heard) or (found and (frame - gap) * hop < found[-1] + lead * hop):
            continue
        rising = power[frame - gap : frame + 1] > max(RISE / 2 * before, heard / 2)
        found.append((frame - gap + int(np.argmax(rising))) * hop)
    return found


def angle(length: int, early: int = 0) -> FloatArray:
    """The angle of a fade, from 0 to a quarter turn without a kink at its ends; shape [length, 1].

    Args:
        length: in samples.
        early: how quickly it turns at first, to come to rest slowly; 0 is even.
    """
    place = ((np.arange(length) + 0.5) / length)[:, None]
    turned = 1 - (1 - place) ** early * (1 + early * place) if early else (1 - np.cos(np.pi * place)) / 2
    return np.asarray(np.pi / 2 * turned)


def balanced(leaving: Audio, coming: Audio, turn: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The weights of what leaves and what comes, so that power passes smoothly from one to the other.

    Args:
        leaving: shape [samples, 2].
        coming: the same.
        turn: angles as `angle` gives them, shape [samples, 1].
    """
    one, other = np.cos(turn), np.sin(turn)
    powers = [float(np.square(side, dtype=np.float64).sum()) for side in (leaving, coming)]
    common = float((leaving.astype(np.float64) * coming).sum())
    if not min(powers) > 0:
        return one, other
    common = max(common, LEAST_CORRELATION * float(np.sqrt(powers[0] * powers[1])))
    wanted = one**2 * powers[0] + other**2 * powers[1]
    scale = np.sqrt(wanted / (wanted + 2 * one * other * common))
    # Never above 1: what fits into a file must still fit.
    return np.minimum(one * scale, 1.0), np.minimum(other * scale, 1.0)


def _left(old: Reader, new: Reader, first: int, end: int, rate: int, pulse: Sequence[int]) -> Fade:
    """From old to new between `first` and, at the latest, `end`."""
    shortest = min(round(SHORTEST_S * rate), end - first)
    found = [*_between(old, first, end, end, rate), *_between(new, first, end, end, rate)]
    early = bool(found) and min(found) < first + shortest
    soft = [] if found else [beat for beat in pulse if first + (end - first) // 2 <= beat < end]
    stop = first + shortest if early else min([*found, *soft, end])
    pace = (AT_ONCE if _goes_on(old, new, first, rate) else EARLY) if early else 0
    weights = balanced(old(first, stop), new(first, stop), angle(stop - first, pace))
    return Fade(first, stop, *weights)


def _right(old: Reader, new: Reader, begin: int, last: int, samples: int, rate: int, pulse: Sequence[int]) -> Fade:
    """From new back to old between, at the earliest, `begin`, and `last`."""
    shortest = min(round(SHORTEST_S * rate), last - begin)
    after = round(AFTER_S * rate)
    beyond = min(last + after, samples)
    found = [*_between(old, begin, last, beyond, rate), *_between(new, begin, last, last, rate)]
    late = [at for at in found if at > last - shortest - after]
    soft = [] if found else [beat for beat in pulse if begin + (last - begin) // 2 <= beat < last]
    stop = max(min([*late, *soft], default=last), begin + shortest)
    start = max([begin, *(at + after for at in found if at < stop)])
    start = min(start, stop - shortest)
    new_part, old_part = balanced(new(start, stop), old(start, stop), angle(stop - start))
    rest = np.ones((last - stop, 1))
    return Fade(start, last, np.concatenate([old_part, rest]), np.concatenate([new_part, 0 * rest]))


def _goes_on(old: Reader, new: Reader, first: int, rate: int) -> bool:
    """True where the new sounds as the old does before the edge, as the ringing of the same notes."""
    start = max(0, first - _lead(rate))
    before = old(start, first)
    return _power(before - new(start, first)) <= ALIKE * _power(before)


def _power(sound: Audio) -> float:
    """Mean power of a stretch; 0 where it is empty."""
    return float(np.square(sound, dtype=np.float64).mean()) if len(sound) else 0.0


def _between(side: Reader, first: int, last: int, heard: int, rate: int) -> list[int]:
    """Attacks of one side from `first` to before `last`, heard to `heard`; they are placed where they begin to rise."""
    lead = _lead(rate)
    start = max(0, first - lead)
    audio = np.pad(side(start, heard), ((lead - (first - start), 0), (0, 0)))
    return [at for at in (first - lead + place for place in attacks(audio, rate)) if first <= at < last]


def _hop(rate: int) -> int:
    """Samples in a step by which attacks are told apart, about a millisecond."""
    return max(1, rate // 1000)


def _lead(rate: int) -> int:
    """Samples that lead in, whole steps: an attack on an edge begins a step, at any rate."""
    return round(LEAD_S * rate / _hop(rate)) * _hop(rate)
