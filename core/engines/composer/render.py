"""Plays a score with the house instruments: every note once per sounding variant, laid down on the exact sample."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import NamedTuple
from zlib import crc32

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from core.brief import STEMS, Stem, StemName
from core.engines.composer.automation import STOP_SECONDS
from core.engines.composer.cache import Cache
from core.engines.composer.instruments import INSTRUMENTS, Instrument
from core.engines.composer.instruments.stroke import Sound, half_cosine
from core.engines.composer.mix import TRIM_DB, Feed, keep_going, mix
from core.engines.composer.score import Part, Score
from core.watch import Watch

_NOTES_KEPT = 160 * 2**20
"""Bytes of rendered notes that are kept for when they come again."""


class Key(NamedTuple):
    """What a rendered note depends on."""

    instrument: str
    pitch: int
    layer: int
    seconds: float
    variant: int


class Onset(NamedTuple):
    """A note on its sample."""

    start: int
    stop: int
    """Sample at which a stop cuts it off, at the latest."""
    key: Key
    left: float
    right: float
    send: float


def render(score: Score, sample_rate: int, seed: int, samples: int, scratch: Path, watch: Watch) -> tuple[Stem, ...]:
    """The five stems of a score, played by the house instruments, shape [samples, 2] each.

    The same score and seed give bit-identical stems. Ranges longer than two minutes lie in files in `scratch`, which
    must exist and outlive the stems.

    Raises:
        Cancelled: the user stopped the work.
    """
    players = _Players(score, sample_rate, seed, samples)
    # One thread for matrix products: they are small, and the stems already share the cores.
    with threadpool_limits(limits=1, user_api="blas"):
        return mix(score, sample_rate, samples, players.feed, scratch, watch)


@dataclass
class _Ringing:
    """Where a stem has arrived: its next event, and the notes that sound on into the next block."""

    events: list[Onset]
    next: int = 0
    notes: list[tuple[Onset, Sound]] = field(default_factory=list)


class _Players:
    """Everybody who plays, with the notes they have ready."""

    def __init__(self, score: Score, sample_rate: int, seed: int, samples: int) -> None:
        self._sample_rate = sample_rate
        self._seed = seed
        self._cache = Cache(_NOTES_KEPT)
        self._stems = {name: _Ringing(_events(score, name, sample_rate, samples)) for name in STEMS}
        self._release = half_cosine(round(STOP_SECONDS * sample_rate))[::-1]

    def feed(self, stem: StemName, first: int, count: int, stopped: Event) -> Feed | None:
        """The dry sound and the send of a stem for the samples from `first` on; blocks are asked for in order."""
        state = self._stems[stem]
        last = first + count
        sounding = state.notes
        while state.next < len(state.events) and state.events[state.next].start < last:
            event = state.events[state.next]
            sounding.append((event, self._note(event.key)))
            state.next += 1
            keep_going(stopped)
        if not sounding:
            return None
        dry, send = np.zeros((2, count), dtype=np.float32), np.zeros(count, dtype=np.float32)
        for event, note in sounding:
            self._lay(event, note, first, dry, send)
        state.notes = [(event, note) for event, note in sounding if min(event.start + note.shape[1], event.stop) > last]
        return dry, send

    def _note(self, key: Key) -> Sound:
        """The rendered note, shape [channels, samples]."""

        def make() -> Sound:
            instrument = INSTRUMENTS[key.instrument]
            chance = (
                self._seed % 2**64,
                crc32(key.instrument.encode()),
                key.pitch,
                key.layer,
                round(key.seconds * 1e6),
                key.variant,
            )
            rng = np.random.default_rng(chance)
            velocity = key.layer / instrument.layers
            return np.ascontiguousarray(instrument.play(key.pitch, velocity, key.seconds, self._sample_rate, rng).T)

        return self._cache.get(key, make)

    def _lay(self, event: Onset, note: Sound, first: int, dry: Sound, send: Sound) -> None:
        """Add the part of a note that falls into the block that starts at `first`, in place."""
        start, stop = max(event.start, first), min(event.start + note.shape[1], event.stop, first + dry.shape[1])
        if stop <= start:
            return
        piece = note[:, start - event.start : stop - event.start]
        if event.stop < event.start + note.shape[1]:
            piece = piece * self._cut_off(event, start, stop)
        here = slice(start - first, stop - first)
        left, right = piece[0], piece[-1]
        dry[0, here] += left * np.float32(event.left)
        dry[1, here] += right * np.float32(event.right)
        if event.send:
            if len(piece) == 1:
                send[here] += left * np.float32(event.send)
            else:
                send[here] += (left + right) * np.float32(0.5 * event.send)

    def _cut_off(self, event: Onset, start: int, stop: int) -> Sound:
        """The gain of a note that a stop ends, from sample `start` to `stop`."""
        gain = np.ones(stop - start, dtype=np.float32)
        begin = event.stop - len(self._release)
        here = slice(max(0, begin - start), max(0, stop - start))
        gain[here] = self._release[start + here.start - begin : stop - begin]
        return gain


def _events(score: Score, stem: StemName, sample_rate: int, samples: int) -> list[Onset]:
    """The notes of a stem in order of their start, those outside the range left out."""
    events: list[Onset] = []
    for part in score.parts:
        if part.stem == stem:
            events.extend(_part_events(score, part, sample_rate, samples))
    events.sort(key=lambda event: event.start)
    return events


def _part_events(score: Score, part: Part, sample_rate: int, samples: int) -> list[Onset]:
    instrument: Instrument = INSTRUMENTS[part.instrument]
    angle = (min(1.0, max(-1.0, part.pan)) + 1) * np.pi / 4
    gain = 10 ** ((part.gain_db + TRIM_DB[part.stem]) / 20)
    left, right = float(np.sqrt(2) * np.cos(angle)), float(np.sqrt(2) * np.sin(angle))
    taken: Counter[int] = Counter()
    events = []
    for note in part.notes:
        start = round(note.start * sample_rate)
        if not 0 <= start < samples:
            continue
        velocity = note.velocity / 127
        layer = instrument.layer(velocity)
        key = Key(
            part.instrument,
            note.pitch,
            layer,
            instrument.bucket(note.duration),
            taken[note.pitch] % instrument.variants,
        )
        taken[note.pitch] += 1
        level = gain * instrument.level(velocity) / instrument.level(layer / instrument.layers)
        stop = _cut(score, note.start, sample_rate, samples)
        events.append(Onset(start, stop, key, level * left, level * right, level * part.send))
    return events


def _cut(score: Score, start: float, sample_rate: int, samples: int) -> int:
    """The sample at which a note that starts at `start` seconds has to be silent: the next stop, or the end."""
    for stop in score.stops:
        if start < stop.time - 0.001:
            return round((stop.time + STOP_SECONDS) * sample_rate)
    return samples
