"""The desk: each stem as a finished bus, in blocks, so that memory does not grow with length.

A stem's dry sound and its send to the room come in block by block. Drums and bass are saturated softly; equaliser,
mono lows and the room are one multiplication in the frequency domain (overlap-add on frames whose places never
change); dynamics, stops, side-chain and the final fade are gains. There is no limiter: headroom instead.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from core.brief import STEMS, Stem, StemName
from core.engines.composer.automation import Automation
from core.engines.composer.canvas import Canvas
from core.engines.composer.instruments.stroke import Sound
from core.engines.composer.room import Response, bell, high_pass, high_shelf, room_response, tail_samples
from core.engines.composer.score import Score
from core.errors import Cancelled
from core.watch import Watch

Feed = tuple[Sound, Sound]
"""Dry sound, shape [2, samples], and the send to the room, shape [samples]."""
Source = Callable[[StemName, int, int, Event], Feed | None]
"""Gives a stem's feed from sample `first`, `count` samples long, or None where it is silent. Asked in order, each stem
by one thread at a time; stops early with `Cancelled` when the event is set."""

TRIM_DB: dict[StemName, float] = {"drums": 1.0, "bass": -2.5, "harmony": -7.5, "melody": -3.5, "effects": 1.0}
"""Gains that bring a usual score near drums -4, bass -7, harmony -6, melody -6, effects -9 LU of the mix."""
_DRIVE: dict[StemName, float] = {"drums": 0.42, "bass": 0.36}
"""Level towards which these buses saturate, softly and always, before the room."""
_CEILING: dict[StemName, float] = {"drums": 0.20, "bass": 0.17, "harmony": 0.21, "melody": 0.17, "effects": 0.13}
"""No bus passes this; up to the knee nothing is touched, so that only great accents are rounded. A usual mix lies
near -20 LUFS here."""
_KNEE = 0.6
"""Share of the ceiling up to which nothing is touched."""
_AIR: dict[StemName, tuple[float, float]] = {
    "drums": (4000.0, 2.0),
    "harmony": (2000.0, 6.0),
    "melody": (2000.0, 5.0),
    "effects": (2000.0, 4.0),
}
"""High shelf of each bus, Hz and dB: the house instruments are a little darker than records are."""
_FRAMES, _FRAMES_LONG = 4, 2
"""Frames in a block: more are a little faster, fewer take less memory."""
_LONG_SECONDS = 120.0
_THREADS = 2


@dataclass(frozen=True)
class Window:
    """What of a score is wanted: some stems, right from sample `first` up to `last`."""

    first: int
    last: int
    stems: tuple[StemName, ...] = STEMS

    def begin(self, score: Score, sample_rate: int) -> int:
        """The sample from which on the score must be played, so that all that rings into the window is there."""
        return max(0, self.first - _tail(score, sample_rate))


def mix(
    score: Score,
    sample_rate: int,
    samples: int,
    source: Source,
    scratch: Path,
    watch: Watch,
    frames: int = 0,
    window: Window | None = None,
) -> tuple[Stem, ...]:
    """The stems of a score, in the order of `STEMS`, each exactly `samples` long.

    Args:
        source: where the dry sound comes from.
        scratch: an existing folder for the files of long ranges; they must stay there while the stems are in use.
        frames: frames in a block, 0 for as many as suit the length; changes memory and nothing else.
        window: what is wanted, None for everything. Outside it the stems are not right, and mostly silent.

    Raises:
        Cancelled: the user stopped the work.
    """
    wanted = window or Window(0, samples)
    begin, last = wanted.begin(score, sample_rate), min(wanted.last, samples)
    names = tuple(name for name in STEMS if name in wanted.stems)
    long = last - begin > _LONG_SECONDS * sample_rate
    canvases = {name: Canvas(samples, scratch / f"{name}.f32" if long else None) for name in names}
    automation = Automation(score, sample_rate, samples)
    buses = {name: Bus(name, score, sample_rate) for name in names}
    block = (frames or (_FRAMES_LONG if long else _FRAMES)) * frame_samples(score, sample_rate)
    stopped = Event()

    def play(name: StemName, first: int) -> None:
        count = min(block, last - first)
        sound = buses[name].run(source(name, first, count, stopped), count)
        if sound is not None:
            _round_off(sound, _CEILING[name])
            canvases[name].write(first, sound * automation.gain(name, first, count))

    with ThreadPoolExecutor(_THREADS) as pool:
        try:
            for first in range(begin, last, block):
                done_so_far = (first - begin) / (last - begin)
                watch.report("render", done_so_far, f"Playing from {first / sample_rate:.0f} s")
                waiting = {pool.submit(play, name, first) for name in names}
                while waiting:
                    done, waiting = wait(waiting, timeout=0.1)
                    for future in done:
                        future.result()
                    watch.check()
        except BaseException:
            stopped.set()
            raise
    watch.report("render", 1.0, "Played")
    return tuple(Stem(name, canvases[name].audio) for name in names)


def _tail(score: Score, sample_rate: int) -> int:
    """Samples for which the desk rings on: the room, and its equalisers."""
    return tail_samples(score.room, sample_rate) + round(0.15 * sample_rate)


def frame_samples(score: Score, sample_rate: int) -> int:
    """Samples in a frame of the desk."""
    tail = _tail(score, sample_rate)
    return scipy.fft.next_fast_len(3 * tail, real=True) - tail


def keep_going(stopped: Event) -> None:
    """Raise `Cancelled` once the work was stopped."""
    if stopped.is_set():
        raise Cancelled()


class Bus:
    """One stem's channel of the desk; remembers what still rings from one block to the next."""

    def __init__(self, name: StemName, score: Score, sample_rate: int) -> None:
        self._drive = np.float32(_DRIVE[name]) if name in _DRIVE else None
        tail = _tail(score, sample_rate)
        self.frame = frame_samples(score, sample_rate)
        """Samples in a frame."""
        self._size = self.frame + tail
        self._direct, self._across, self._room = self._responses(name, score, sample_rate)
        self._ringing = np.zeros((2, tail), dtype=np.float32)

    def _responses(self, name: StemName, score: Score, sample_rate: int) -> tuple[Response, Response | None, Response]:
        """From a channel to itself, to the other one (None where nothing crosses), and from the send to both."""
        place = (sample_rate, self._size)
        tone: Response = high_pass(30.0, *place)
        melody = any(part.stem == "melody" and part.notes for part in score.parts)
        if name in _AIR:
            tone = tone * high_shelf(*_AIR[name], *place)
        if name == "harmony" and melody:
            tone = tone * bell(2500.0, 0.8, -2.0, *place)
        if score.clear_speech and name != "bass":
            tone = tone * bell(1350.0, 0.9, -4.6, *place) * bell(2900.0, 0.9, -4.6, *place)
        room = room_response(score.room, *place) * tone
        if name not in ("drums", "bass"):
            return _single(tone), None, _single(room)
        side = high_pass(120.0, *place, quality=0.541) * high_pass(120.0, *place, quality=1.307)
        middle, edge = (room[0] + room[1]) / 2, side * (room[0] - room[1]) / 2
        crossed = np.stack((middle + edge, middle - edge))
        return _single(tone * (1 + side) / 2), _single(tone * (1 - side) / 2), _single(crossed)

    def run(self, feed: Feed | None, count: int) -> Sound | None:
        """The next `count` samples of the finished bus, shape [2, count]; None where nothing sounds or rings."""
        frames = -(-count // self.frame)
        if feed is None:
            if not self._ringing.any():
                return None
            return self._advance(np.zeros((2, 0, 0), dtype=np.float32), frames)[:, :count]
        inputs = np.zeros((3, frames * self.frame), dtype=np.float32)
        inputs[:2, :count], inputs[2, :count] = feed
        if self._drive is not None:
            np.tanh(inputs[:2] / self._drive, out=inputs[:2])
            inputs[:2] *= self._drive
        spectrum = scipy.fft.rfft(inputs.reshape(3, frames, self.frame), self._size, axis=-1)
        output = spectrum[:2] * self._direct
        if self._across is not None:
            output += spectrum[1::-1] * self._across
        output += spectrum[2] * self._room[:, None]
        return self._advance(scipy.fft.irfft(output, self._size, axis=-1), frames)[:, :count]

    def _advance(self, answers: Sound, frames: int) -> Sound:
        """Lay overlapping frames (shape [2, frames, size]) onto what still rings; keep what rings past the block."""
        tail = self._ringing.shape[1]
        sound = np.zeros((2, frames * self.frame + tail), dtype=np.float32)
        sound[:, :tail] = self._ringing
        for index in range(answers.shape[1]):
            start = index * self.frame
            sound[:, start : start + self._size] += answers[:, index]
        self._ringing = sound[:, frames * self.frame :].copy()
        return sound[:, : frames * self.frame]


def _round_off(sound: Sound, ceiling: float) -> None:
    """Round the peaks off towards the ceiling, in place; what lies below its knee stays as it is."""
    knee, room = np.float32(_KNEE * ceiling), np.float32((1 - _KNEE) * ceiling)
    over = np.abs(sound) > knee
    loud = sound[over]
    sound[over] = np.sign(loud) * (knee + room * np.tanh((np.abs(loud) - knee) / room))


def _single(response: NDArray[Any]) -> Response:
    """A response in single precision, as it is multiplied with."""
    single: Response = response.astype(np.complex64)
    return single
