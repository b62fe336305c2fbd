"""Lays the notes of a score on their exact samples, each rendered once for every way in which it sounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from threading import Event
from typing import NamedTuple
from zlib import crc32

import numpy as np

from core.brief import Note, StemName
from core.engines.composer.automation import STOP_SECONDS
from core.engines.composer.cache import Cache
from core.engines.composer.instruments import INSTRUMENTS
from core.engines.composer.instruments.stroke import Sound, half_cosine
from core.engines.composer.mix import TRIM_DB, Feed, Window, keep_going
from core.engines.composer.score import Part, Parting, Score

NOTES_KEPT = 112 * 2**20
"""Bytes of rendered notes that are kept for when they come again."""
_LASTS = (1.4, 0.3)
"""Release times, and seconds, that a note may sound on after its key is let go: the faintest of its tail counts."""
_TURN_SECONDS = 2.0
"""How long a repeated note's variants take turns before the turn is drawn anew."""


class Key(NamedTuple):
    """What a rendered note depends on."""

    instrument: str
    pitch: int
    layer: int
    """Velocity layer, 1 to the instrument's `layers`."""
    seconds: float
    """Held length, in the instrument's buckets."""
    variant: int


Voice = Callable[[Key], Sound]
"""Renders a note, shape [channels, samples], at the velocity of its layer; by the key alone, on any thread."""


class Onset(NamedTuple):
    """A note on its sample."""

    start: int
    stop: int
    """Sample at which a stop, kept music or the end cuts it off, at the latest."""
    fall: int
    """Samples over which it is then faded."""
    key: Key
    left: float
    right: float
    send: float


@dataclass
class _Ringing:
    """Where a stem has arrived: its next onset, and the notes that sound on into the next block."""

    onsets: list[Onset]
    next: int = 0
    notes: list[tuple[Onset, Sound]] = field(default_factory=list)


class Players:
    """Everybody who plays, with the notes they have ready.

    Args:
        voice: renders a note.
        notes: where rendered notes are kept; whatever else they depend on than their key is the caller's to part.
        window: what is listened to, None for everything; only notes that may sound there are rendered.
        lingers: seconds that notes may sound on beyond what their instruments say.
    """

    def __init__(
        self,
        score: Score,
        sample_rate: int,
        samples: int,
        voice: Voice,
        notes: Callable[[Key, Callable[[], Sound]], Sound] | None = None,
        window: Window | None = None,
        lingers: float = 0.0,
    ) -> None:
        self._voice = voice
        self._kept = notes or Cache(NOTES_KEPT).get
        wanted = window or Window(0, samples)
        first = wanted.begin(score, sample_rate)
        span = (first / sample_rate - lingers, wanted.last / sample_rate)
        self._stems = {}
        for name in wanted.stems:
            near = [_near(part, *span) for part in score.parts if part.stem == name]
            onsets = _onsets(score, near, sample_rate, samples)
            ringing = [onset for onset in onsets if onset.start + longest(onset.key, sample_rate, lingers) > first]
            self._stems[name] = _Ringing(ringing)

    def feed(self, stem: StemName, first: int, count: int, stopped: Event) -> Feed | None:
        """The dry sound and the send of a stem for the samples from `first` on; blocks are asked for in order."""
        state = self._stems[stem]
        last = first + count
        sounding = state.notes
        while state.next < len(state.onsets) and state.onsets[state.next].start < last:
            onset = state.onsets[state.next]
            sounding.append((onset, self._note(onset.key)))
            state.next += 1
            keep_going(stopped)
        if not sounding:
            return None
        dry, send = np.zeros((2, count), dtype=np.float32), np.zeros(count, dtype=np.float32)
        for onset, note in sounding:
            self._lay(onset, note, first, dry, send)
        state.notes = [(onset, note) for onset, note in sounding if min(onset.start + note.shape[1], onset.stop) > last]
        return dry, send

    def _note(self, key: Key) -> Sound:
        return self._kept(key, lambda: np.ascontiguousarray(self._voice(key)))

    def _lay(self, onset: Onset, note: Sound, first: int, dry: Sound, send: Sound) -> None:
        """Add the part of a note that falls into the block that starts at `first`, in place."""
        start, stop = max(onset.start, first), min(onset.start + note.shape[1], onset.stop, first + dry.shape[1])
        if stop <= start:
            return
        piece = note[:, start - onset.start : stop - onset.start]
        if onset.stop < onset.start + note.shape[1]:
            piece = piece * self._cut_off(onset, start, stop)
        here = slice(start - first, stop - first)
        left, right = piece[0], piece[-1]
        dry[0, here] += left * np.float32(onset.left)
        dry[1, here] += right * np.float32(onset.right)
        if onset.send:
            if len(piece) == 1:
                send[here] += left * np.float32(onset.send)
            else:
                send[here] += (left + right) * np.float32(0.5 * onset.send)

    def _cut_off(self, onset: Onset, start: int, stop: int) -> Sound:
        """The gain of a note that is cut off, from sample `start` to `stop`."""
        gain = np.ones(stop - start, dtype=np.float32)
        begin = onset.stop - onset.fall
        if begin < stop:
            fading = max(begin, start)
            gain[fading - start :] = half_cosine(onset.fall)[::-1][fading - begin : stop - begin]
        return gain


def _near(part: Part, first: float, last: float) -> Part:
    """The part's notes that may sound between two times, with those they take turns with."""
    instrument = INSTRUMENTS[part.instrument]
    rings = _LASTS[0] * instrument.release + _LASTS[1]
    starts = (n.start for n in part.notes if n.start < last and n.start + 1.05 * n.duration + rings > first)
    earliest = _TURN_SECONDS * int(min(starts, default=last) / _TURN_SECONDS)
    return replace(part, notes=tuple(note for note in part.notes if earliest <= note.start < last))


def _onsets(score: Score, parts: Sequence[Part], sample_rate: int, samples: int) -> list[Onset]:
    """The notes of these parts in order of their start, those outside the range left out."""
    onsets: list[Onset] = []
    for part in parts:
        onsets.extend(_part_onsets(score, part, sample_rate, samples))
    onsets.sort(key=lambda onset: onset.start)
    return onsets


def _part_onsets(score: Score, part: Part, sample_rate: int, samples: int) -> list[Onset]:
    instrument = INSTRUMENTS[part.instrument]
    angle = (min(1.0, max(-1.0, part.pan)) + 1) * np.pi / 4
    gain = 10 ** ((part.gain_db + TRIM_DB[part.stem]) / 20)
    left, right = float(np.sqrt(2) * np.cos(angle)), float(np.sqrt(2) * np.sin(angle))
    parting = score.parting if score.parting and score.parting.ends(part) else None
    taken: Counter[tuple[int, int]] = Counter()
    onsets = []
    for note in part.notes:
        start = max(0, round(note.start * sample_rate))
        if start >= samples:
            continue
        velocity = note.velocity / 127
        layer = instrument.layer(velocity)
        turn = (note.pitch, int(note.start / _TURN_SECONDS))
        variant = (taken[turn] + _drawn(turn)) % instrument.variants
        taken[turn] += 1
        stop, fall = _cut(score, note.start, sample_rate, samples), round(STOP_SECONDS * sample_rate)
        held = note.duration
        if parting is not None and parting.start <= note.start < parting.end < stop / sample_rate:
            stop, fall = round(parting.end * sample_rate), round(parting.release(note.start) * sample_rate)
            held = _held(parting, note)
        key = Key(part.instrument, note.pitch, layer, instrument.bucket(held), variant)
        level = gain * instrument.level(velocity) / instrument.level(layer / instrument.layers)
        level *= _polarity(part.instrument, note.pitch)
        onsets.append(Onset(start, stop, fall, key, level * left, level * right, level * part.send))
    return onsets


def _held(parting: Parting, note: Note) -> float:
    """Seconds for which a note is held: one that was let go for the parting sounds on while it fades."""
    release = parting.release(note.start)
    let_go = abs(note.start + note.duration + release - parting.end) < 1e-6
    return note.duration + release if let_go else note.duration


def _drawn(turn: tuple[int, int]) -> int:
    """Where variants begin to take turns: by the place alone, so that another note elsewhere changes no sound here."""
    return crc32(b"%d %d" % turn) >> 8


def longest(key: Key, sample_rate: int, lingers: float) -> int:
    """Samples that a note may last at most."""
    instrument = INSTRUMENTS[key.instrument]
    held = 0.0 if instrument.lengths == "rings" else key.seconds
    return round((held + _LASTS[0] * instrument.release + _LASTS[1] + lingers) * sample_rate)


def _polarity(instrument: str, pitch: int) -> int:
    """1 or -1: every other note is turned over, so that the crests of a chord struck at once do not add up."""
    return 1 - 2 * ((crc32(instrument.encode()) + pitch) % 2)


def _cut(score: Score, start: float, sample_rate: int, samples: int) -> int:
    """The sample at which a note that starts at `start` seconds has to be silent: the next stop, or the end."""
    for stop in score.stops:
        if start < stop.time - 0.001:
            return round((stop.time + STOP_SECONDS) * sample_rate)
    return samples
