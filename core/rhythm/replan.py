"""The plan of a changed edit: the old beats where music stays, moved with it, and new ones between.

Conventions
    Samples and seconds count from the start of each range. Music stays in whole bars (`stays`), so that every seam is
    a bar line of both sides; what lies between two stays is a gap, whose beats `between` finds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product

import numpy as np

from core.brief import Feel, FloatArray, Hit, Met, Plan, TempoMap
from core.rhythm.between import MISSED, Beats, Between, as_before, fill
from core.rhythm.chance import chance
from core.rhythm.reform import Bar, reformed
from core.rhythm.search import LARGEST_CHANGE
from core.rhythm.settle import strays
from core.rhythm.stays import Spans, Stay
from core.watch import Watch

GIVEN_UP = 4
"""Bars that the neighbours of a gap may give up together for better beats in it."""
BAR_PRICE = 0.2
"""What giving up a bar costs, against a missed cut."""
REFINED, TRIES = 2, 4
"""So many of the best offers are planned in so many ways while cuts are missed."""
NEIGHBOURS = 4
"""Beats of a neighbour whose median is its tempo at the seam."""


@dataclass(frozen=True)
class Gap:
    """Samples for new music."""

    first: int
    last: int
    start: float
    """Seconds, exactly on the beat that it begins with; `first` is the sample nearest to it."""
    end: float


@dataclass(frozen=True)
class Replanned:
    """The new plan, and what of the music stays in it."""

    plan: Plan
    stays: tuple[Stay, ...]
    gaps: tuple[Gap, ...]
    came: tuple[int | None, ...]
    """For each hit of the plan its index in the old one; None where new music must meet it."""
    said: tuple[str, ...]


@dataclass(frozen=True)
class _Offer:
    """Beats for a gap, and what its neighbours have given up for them."""

    left: Stay | None
    right: Stay | None
    beats: Beats
    lost: int
    """Bars."""

    @property
    def cost(self) -> float:
        """What it costs in all."""
        return self.beats.cost + BAR_PRICE * self.lost


@dataclass(frozen=True)
class _Work:
    """What all steps share."""

    old: Plan
    hits: tuple[Hit, ...]
    spans: Spans
    feel: Feel
    watch: Watch

    @property
    def rate(self) -> int:
        return self.spans.sample_rate

    @property
    def samples(self) -> int:
        """Length of the new range."""
        return self.spans.samples(self.spans.new_frames)

    def line(self, sample: int, stay: Stay) -> int:
        """The old beat at a line of a stay."""
        return int(np.argmin(np.abs(self.old.tempo_map.beats * self.rate - (sample - stay.move))))

    def gap(self, left: Stay | None, right: Stay | None) -> Gap:
        """What lies between two stays, or between one and an end of the range."""
        first, start = (0, 0.0) if left is None else (left.last, self._time(left.last, left))
        if right is None:
            return Gap(first, self.samples, start, float(self.spans.new_frames / self.spans.rate))
        return Gap(first, right.first, start, self._time(right.first, right))

    def _time(self, sample: int, stay: Stay) -> float:
        """Seconds of the beat at a line of a stay."""
        return float(self.old.tempo_map.beats[self.line(sample, stay)] + stay.move / self.rate)

    def sample_of(self, hit: Hit) -> int:
        return round(hit.time * self.rate)


def replan(
    old: Plan, kept: Sequence[Stay], hits: Sequence[Hit], spans: Spans, feel: Feel, watch: Watch = Watch()
) -> Replanned:
    """Plan a changed edit around the music that stays.

    Args:
        old: the plan of the cue as it was.
        kept: what can stay, from `stays`; at least one.
        hits: of the new edit, in order, weighed; those inside of what stays are met as they were.
        spans: the lengths of both ranges.
        feel: what the style allows.
        watch: progress and cancellation, stage "rhythm".
    """
    work = _Work(old, tuple(hits), spans, feel, watch)
    stays, fills = _settled(work, list(kept))
    gaps = tuple(_gaps(work, stays))
    parts: list[Stay | Gap] = sorted((*stays, *gaps), key=lambda part: part.first)
    filled = dict(zip(gaps, fills, strict=True))
    beats, bars, offsets = _beats(work, parts, filled)
    tempo_map = TempoMap(beats, tuple(bar.beat for bar in bars), old.tempo_map.meter)
    sections = reformed(tempo_map, bars, old.sections, spans.samples(spans.new_frames) / work.rate, work.hits)
    met, came = _verdicts(work, parts, filled, offsets)
    bpm = float(np.median(tempo_map.local_tempo()))
    drift = max(strays(beats, tuple(section.first_beat for section in sections)))
    plan = Plan(tempo_map, sections, met, chance(bpm, spans.rate), bpm, drift)
    return Replanned(plan, tuple(stays), gaps, came, tuple(_strange(filled)))


def _gaps(work: _Work, stays: Sequence[Stay]) -> Iterator[Gap]:
    """What lies between, before and after stays."""
    gaps = (work.gap(left, right) for left, right in pairwise((None, *stays, None)))
    yield from (gap for gap in gaps if gap.first < gap.last)


def _settled(work: _Work, stays: list[Stay]) -> tuple[list[Stay], list[Beats]]:
    """The stays after giving up what the gaps need, and the gaps' beats."""
    fills: list[Beats] = []
    for number in range(len(stays) + 1):
        work.watch.report("rhythm", number / (len(stays) + 1), "Beats between what stays")
        left = stays[number - 1] if number else None
        right = stays[number] if number < len(stays) else None
        left, right, found = _best(work, left, right)
        if left is not None:
            stays[number - 1] = left
        if right is not None:
            stays[number] = right
        fills += [found] if found is not None else []
    return stays, fills


def _best(work: _Work, left: Stay | None, right: Stay | None) -> tuple[Stay | None, Stay | None, Beats | None]:
    """The beats of one gap that are worth most, with what its neighbours give up for them; None where there is no gap.

    Fewer given up bars are tried first.
    """
    gap = work.gap(left, right)
    if gap.first == gap.last:
        return left, right, None
    offers: list[_Offer] = []
    for lost in sorted(product(range(GIVEN_UP + 1), repeat=2), key=lambda lost: (sum(lost), lost)):
        if sum(lost) > GIVEN_UP or not (_can_lose(left, lost[0]) and _can_lose(right, lost[1])):
            continue
        if offers and min(offer.cost for offer in offers) <= BAR_PRICE * sum(lost):
            break
        sides = left.without(0, lost[0]) if left else None, right.without(lost[1], 0) if right else None
        offers.append(_Offer(*sides, _filled(work, *sides, 1), sum(lost)))
    offers.sort(key=lambda offer: offer.cost)
    for place, offer in enumerate(offers[:REFINED]):
        if offer.beats.cost >= MISSED:
            offers[place] = replace(offer, beats=_filled(work, offer.left, offer.right, TRIES))
    best = min(offers, key=lambda offer: offer.cost)
    return best.left, best.right, best.beats


def _can_lose(stay: Stay | None, bars: int) -> bool:
    """Whether a bar at least is left of a stay after giving up some; where there is no stay, only none can be."""
    return not bars if stay is None else len(stay.lines) - bars >= 2


def _filled(work: _Work, left: Stay | None, right: Stay | None, tries: int) -> Beats:
    """The best beats for the gap between two stays."""
    gap = work.gap(left, right)
    periods = [_period(work, left, left.last, -1)] if left else []
    periods += [_period(work, right, right.first, 1)] if right else []
    meter = work.old.tempo_map.meter
    hits = tuple(hit for _, hit in _inside(work, gap))
    between = Between(gap.end - gap.start, hits, tuple(periods), meter, right is None)
    if left and right and left.move == right.move:
        first_beat, last_beat = work.line(left.last, left), work.line(right.first, right)
        times = work.old.tempo_map.beats[first_beat : last_beat + 1] - work.old.tempo_map.beats[first_beat]
        bars = tuple(b - first_beat for b in work.old.tempo_map.downbeats if first_beat <= b <= last_beat)
        before = as_before(between, work.feel, times, bars)
        if all(one.met for one in before.met if one.hit.kind != "motion"):
            return before
    return fill(between, work.feel, tries, work.watch)


def _period(work: _Work, stay: Stay, sample: int, side: int) -> float:
    """Seconds per beat of a stay beside one of its edges."""
    beat = work.line(sample, stay)
    around = slice(max(0, beat - NEIGHBOURS), beat + 1) if side < 0 else slice(beat, beat + NEIGHBOURS + 1)
    return float(np.median(np.diff(work.old.tempo_map.beats[around])))


def _inside(work: _Work, gap: Gap) -> list[tuple[int, Hit]]:
    """Index and hit, in seconds from the gap's start, of the hits that new music must meet; the right edge is kept."""
    found = []
    for index, hit in enumerate(work.hits):
        at = work.sample_of(hit)
        if gap.first - 1 <= at < gap.last - 1 or (gap.last == work.samples and at >= gap.first - 1):
            away = hit.time - gap.start
            found.append((index, replace(hit, time=0.0 if abs(away) * work.rate < 2 else away)))
    return found


def _beats(
    work: _Work, parts: Sequence[Stay | Gap], filled: dict[Gap, Beats]
) -> tuple[FloatArray, list[Bar], dict[int, int]]:
    """All beats, the bars, and for each part by its first sample how far its beats are counted on from their own."""
    times: list[FloatArray] = []
    bars: list[Bar] = []
    offsets: dict[int, int] = {}
    count = 0
    for part in parts:
        ends = part.last == work.samples
        if isinstance(part, Gap):
            own, downbeats = filled[part].times + part.start, filled[part].downbeats
            low, high = 0, len(own) if ends else len(own) - 1
        else:
            own, downbeats = work.old.tempo_map.beats + part.move / work.rate, work.old.tempo_map.downbeats
            low = 0 if part.first == 0 else work.line(part.first, part)
            high = len(own) if ends else work.line(part.last, part)
        offsets[part.first] = count - low
        times.append(own[low:high])
        bars += [
            Bar(beat + count - low, _section_at(work, part, beat), part.first)
            for beat in downbeats
            if low <= beat < high
        ]
        count += high - low
    return np.concatenate(times), bars, offsets


def _section_at(work: _Work, part: Stay | Gap, beat: int) -> int | None:
    """The old section of a beat; None in a gap."""
    if isinstance(part, Gap):
        return None
    begun = [k for k, section in enumerate(work.old.sections) if section.first_beat <= beat]
    return begun[-1] if begun else 0


def _verdicts(
    work: _Work, parts: Sequence[Stay | Gap], filled: dict[Gap, Beats], offsets: dict[int, int]
) -> tuple[tuple[Met, ...], tuple[int | None, ...]]:
    """What becomes of each hit, in order of time, and which old one it is."""
    found: list[tuple[Met, int | None]] = []
    for part in parts:
        offset = offsets[part.first]
        if isinstance(part, Gap):
            for (index, _), met in zip(_inside(work, part), filled[part].met, strict=True):
                found.append((_counted(replace(met, hit=work.hits[index]), offset), None))
            continue
        now = {round(hit.time * work.spans.rate): hit for hit in work.hits if hit.kind != "motion"}
        for index, met in enumerate(work.old.met):
            at = work.sample_of(met.hit) + part.move
            ends = part.last == work.samples
            if part.first - 1 <= at < part.last - 1 or (ends and at >= part.last - 1):
                found.append((_counted(replace(met, hit=_moved(work, met.hit, part, now)), offset), index))
    found.sort(key=lambda one: one[0].hit.time)
    return tuple(met for met, _ in found), tuple(came for _, came in found)


def _counted(met: Met, offset: int) -> Met:
    return met if met.beat is None else replace(met, beat=met.beat + offset)


def _moved(work: _Work, hit: Hit, stay: Stay, now: dict[int, Hit]) -> Hit:
    """A kept hit at its new time, called what it is called now; on its exact frame where it was on one."""
    place = hit.time * float(work.spans.rate)
    if abs(place - round(place)) > 1e-6:
        return replace(hit, time=hit.time + stay.move / work.rate)
    frame = round(place) + stay.frames
    name = now[frame].label if hit.kind != "motion" and frame in now else hit.label
    return replace(hit, time=float(frame / work.spans.rate), label=name)


def _strange(filled: dict[Gap, Beats]) -> Iterator[str]:
    """A sentence for each gap whose tempo is farther from its neighbours' than a change of tempo may be."""
    for gap, beats in filled.items():
        if beats.strange > LARGEST_CHANGE + 1e-6:
            yield (
                f"Between {gap.start:.1f} s and {gap.end:.1f} s the tempo differs by "
                f"{100 * beats.strange:.0f} % from its neighbours': no other fills this stretch with whole bars."
            )
