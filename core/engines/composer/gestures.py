"""How each accepted hit is played, and where the last chord falls.

Most hits simply have a note on them ("grid"); a few are marked by the whole band ("accent"), and now and then
everything falls silent ("stop"). Comedy marks most of what it meets; elsewhere that would be mickey-mousing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.brief import Brief
from core.engines.composer.clock import beats_of, pulse
from core.engines.composer.outline import Bar, Final, Gesture
from core.engines.composer.streams import stream


@dataclass(frozen=True)
class Manner:
    """How a style treats its hits."""

    strong: float
    """Share of the hits that the band marks, besides those the editor insists on."""
    stop: float
    """How often a strong hit with room after it becomes a stop."""
    apart: float
    """Pulses at least between two strong hits that nobody insists on."""


MANNERS: Mapping[str, Manner] = {
    "tension": Manner(0.28, 0.45, 4.0),
    "action": Manner(0.35, 0.35, 3.0),
    "uplift": Manner(0.28, 0.0, 4.0),
    "documentary": Manner(0.16, 0.0, 6.0),
    "comedy": Manner(0.75, 0.35, 1.0),
    "ambient": Manner(0.12, 0.0, 6.0),
    "electronic": Manner(0.3, 0.4, 4.0),
    "lo-fi": Manner(0.16, 0.0, 6.0),
}
"""By style name."""

STOP_ROOM = 1.0
"""Pulses of silence at least that a stop needs before the next accepted hit."""
_STOP_SPACING = 12.0
_FIRST_STOP = 3.0
_LAST_STOP = 4.0
_BEFORE_FINAL = 1.0
"""Seconds by which a stop must come before the last chord, which it would swallow."""


def gestures(brief: Brief, bars: tuple[Bar, ...]) -> tuple[Gesture, ...]:
    """One gesture for each accepted hit, in order of time: accent, grid or stop, strong or not.

    Hits the editor insists on are always strong. The same seed gives the same choice.
    """
    accepted = [(index, met) for index, met in enumerate(brief.plan.met) if met.met]
    accepted.sort(key=lambda pair: pair[1].hit.time)
    if not accepted:
        return ()
    times = np.array([met.hit.time for _, met in accepted])
    found = beats_of(brief.plan.tempo_map, times)
    beats = [float(met.beat if met.beat is not None else at) for (_, met), at in zip(accepted, found, strict=True)]
    strong = _strong(brief, bars, [index for index, _ in accepted], beats)
    stops = _stops(brief, strong, times, beats, final(brief, bars).time)
    return tuple(
        Gesture(met, index, met.hit.time, beat, "stop" if stop else "accent" if marked else "grid", marked)
        for (index, met), beat, marked, stop in zip(accepted, beats, strong, stops, strict=True)
    )


def _manner(brief: Brief) -> Manner:
    manner = MANNERS.get(brief.direction.style, Manner(0.25, 0.0, 4.0))
    if brief.direction.under_speech:
        return Manner(manner.strong * 0.4, 0.0, manner.apart * 2)
    return manner


def _strong(brief: Brief, bars: Sequence[Bar], indices: list[int], beats: list[float]) -> list[bool]:
    """Which accepted hits the band marks: musts, then the weightiest that keep their distance."""
    manner = _manner(brief)
    rng = stream(brief.seed, "strong hits")
    downbeats = {bar.first_beat for bar in bars}
    openings = {bar.first_beat for before, bar in pairwise(bars) if before.section != bar.section}
    scores = []
    for index, beat in zip(indices, beats, strict=True):
        hit = brief.plan.met[index].hit
        on_downbeat = abs(beat - round(beat)) < 1e-6 and round(beat) in downbeats
        opens = on_downbeat and round(beat) in openings
        scores.append(hit.weight + hit.turn + 0.2 * on_downbeat + 0.3 * opens + rng.uniform(0.0, 0.3))
    strong = [brief.plan.met[index].hit.must for index in indices]
    room = round(manner.strong * len(indices))
    distance = manner.apart * pulse(brief.plan.tempo_map.meter)
    for place in sorted(range(len(beats)), key=lambda place: -scores[place]):
        if room <= 0:
            break
        if not strong[place] and not _strong_near(place, strong, beats, distance):
            strong[place] = True
            room -= 1
    return strong


def _strong_near(place: int, strong: list[bool], beats: list[float], distance: float) -> bool:
    """True where a strong hit lies less than `distance` beats away."""
    for step in (-1, 1):
        other = place + step
        while 0 <= other < len(beats) and abs(beats[other] - beats[place]) < distance:
            if strong[other]:
                return True
            other += step
    return False


def _stops(brief: Brief, strong: list[bool], times: np.ndarray, beats: list[float], ends: float) -> list[bool]:
    """Which strong hits become stops: where there is room after them, well before the last chord at `ends` seconds."""
    manner = _manner(brief)
    rng = stream(brief.seed, "stops")
    room = STOP_ROOM * pulse(brief.plan.tempo_map.meter)
    latest = min(brief.seconds - _LAST_STOP, ends - _BEFORE_FINAL)
    result = []
    previous = -_STOP_SPACING
    for place, (marked, time) in enumerate(zip(strong, times.tolist(), strict=True)):
        wanted = rng.random() < manner.stop
        alone_before = place == 0 or beats[place] - beats[place - 1] > 0.6 * room
        alone_after = place + 1 == len(beats) or beats[place + 1] - beats[place] >= room - 1e-6
        fits = alone_before and alone_after and _FIRST_STOP < time < latest and time - previous >= _STOP_SPACING
        result.append(bool(marked and wanted and fits))
        previous = time if result[-1] else previous
    return result


def final(brief: Brief, bars: tuple[Bar, ...]) -> Final:
    """Where the last chord falls, for the ending that the direction asks for.

    A button falls late enough to leave 0.3 to 1 s of ring, a ringing chord early enough to die away inside the range
    (about 3 s, less in short cues), cuts and lead-outs begin their last chord with the last bar. Beats, downbeats
    and above all accepted hits are preferred.
    """
    ending = brief.direction.ending
    tempo_map = brief.plan.tempo_map
    seconds = brief.seconds
    wanted, shortest, longest = _tail(brief)
    hits = {round(float(met.beat), 4): met.hit for met in brief.plan.met if met.met and met.beat is not None}
    downbeats = {float(bar.first_beat) for bar in bars}
    first = max(0.0, float(beats_of(tempo_map, [seconds - max(10.0, 2 * longest)])[0]))
    places = [float(beat) for beat in range(int(np.ceil(first)), len(tempo_map.beats))]
    places += [beat for beat in hits if beat >= first and beat not in places]
    best: tuple[float, float, float] | None = None
    for beat in sorted(places):
        hit = hits.get(round(beat, 4))
        time = hit.time if hit is not None else tempo_map.time_of(beat)
        tail = seconds - time
        if time < 0 or tail <= 0:
            continue
        cost = abs(tail - wanted) / wanted + 6.0 * (max(0.0, shortest - tail) + max(0.0, tail - longest)) / wanted
        cost += 0.0 if beat in downbeats else 0.35
        cost -= 0.0 if hit is None else 0.9 if hit.must else 0.5
        if ending in ("button", "ring"):
            cost += sum(0.9 if later.must else 0.4 for later in hits.values() if later.time > time + 1e-6)
        if best is None or cost < best[0]:
            best = (cost, beat, time)
    if best is None:
        time = max(0.0, seconds - wanted)
        return Final(ending, float(beats_of(tempo_map, [time])[0]), time)
    return Final(ending, best[1], best[2])


def _tail(brief: Brief) -> tuple[float, float, float]:
    """Seconds from the last chord to the range's end: wanted, shortest, longest."""
    seconds = brief.seconds
    tempo_map = brief.plan.tempo_map
    bar = float(np.median(np.diff(tempo_map.beats))) * tempo_map.meter.beats
    match brief.direction.ending:
        case "button":
            wanted = min(0.8, 0.35 * seconds)
            return wanted, 0.45 * wanted, 1.6 * wanted
        case "ring":
            wanted = min(3.2, 0.38 * seconds)
            return wanted, 0.62 * wanted, 1.3 * wanted
        case "cut":
            wanted = min(bar, 0.5 * seconds)
            return wanted, 0.3 * wanted, 1.5 * wanted
        case "lead-out":
            wanted = min(max(bar, 3.0), 0.5 * seconds)
            return wanted, 0.5 * wanted, 1.8 * wanted
