"""A cue that is re-rolled, read by other hands than ours: its document as JSON, its files by `wave` and soundfile."""

from __future__ import annotations

import hashlib
import json
import shutil
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from core.adding import Rerolled
from core.audio.splice import splice
from core.brief import Audio, Stem, StemName
from core.cue.takes import Snap
from core.pipeline import Request, score
from core.reroll import Reroll, reroll
from tests.acceptance.seams import REACH_S, Seam, Sound, seam, silence_of

FRAME = 6
"""Bytes of a sample of both channels."""


@dataclass(frozen=True)
class Take:
    """A take as its files are."""

    folder: Path
    told: dict[str, Any]
    """What `cue.json` says of it."""

    @cached_property
    def files(self) -> dict[str, Path]:
        saved = {**self.told["stems"], "mix": self.told["mix"]}
        return {name: self.folder / one["file"] for name, one in saved.items()}

    @cached_property
    def data(self) -> dict[str, bytes]:
        """Stem, and "mix" → the bytes of its samples."""
        return {name: _frames(path) for name, path in self.files.items()}

    @cached_property
    def notes(self) -> list[float]:
        """When each note begins, seconds."""
        told = json.loads((self.folder / self.told["notes"]["file"]).read_text())
        return sorted({note["start"] for track in told["tracks"] for note in track["notes"]})

    def sound(self, name: str) -> Sound:
        return np.asarray(soundfile.read(self.files[name], always_2d=True)[0], np.float64)


class Chain:
    """A cue folder in which one take follows another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        told = self.document()["brief"]
        scored = told["edit"]["range"]
        self.rate = int(told["sample_rate"])
        self.frame_rate = Fraction(scored["start"]["rate"]).limit_denominator(1001)
        self.first_frame = round(scored["start"]["value"] - scored["timeline_start"]["value"])
        self.frames = round(scored["duration"]["value"])
        downbeats, beats = told["plan"]["tempo_map"]["downbeats"], told["plan"]["tempo_map"]["beats"]
        self.beats: list[float] = list(beats)
        self.lines = [beats[place] for place in downbeats]

    def document(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.folder / "cue.json").read_text())
        return told

    def take(self, number: int | None = None) -> Take:
        """A take; None is the one in use."""
        told = self.document()
        wanted = told["in_use"] if number is None else number
        return Take(self.folder, next(take for take in told["takes"] if take["number"] == wanted))

    def at(self, frame: int) -> int:
        """The sample at which a frame of the range begins."""
        return round(Fraction(frame) / self.frame_rate * self.rate)

    def reroll(
        self, first: int, last: int, stems: Sequence[StemName], snap: Snap | None = None, seed: int | None = None
    ) -> Rerolled:
        """Re-roll the frames from `first` to before `last`, counted from the range's start."""
        begin, end = (f"{self.first_frame + frame}f" for frame in (first, last))
        return reroll(Reroll(self.folder, begin, end, tuple(stems), snap, seed))


def scored_chain(timeline: Path, to: Path, style: str, span: tuple[int, int], rate: int = 48_000) -> Chain:
    """A first take of some seconds of a timeline."""
    begin, end = (f"{seconds}s" for seconds in span)
    request = Request(timeline, begin, end, style=style, seed=1, to=to, sample_rate=rate)
    return Chain(score(request).cue.folder)


def copied(chain: Chain, to: Path) -> Chain:
    """The same cue in another place."""
    shutil.copytree(chain.folder, to)
    return Chain(to)


def hole_of(take: Take, rate: int) -> tuple[int, int]:
    """First sample of a take's hole and the one after its last."""
    hole = take.told["hole"]
    return round(hole["start"] * rate), round((hole["start"] + hole["duration"]) * rate)


def assert_kept(old: Take, new: Take, asked: tuple[int, int], stems: Sequence[str], rate: int) -> None:
    """All but the named stems between two samples is the same, bit for bit, and written down by its hash.

    Args:
        old: the take before.
        new: the take with the hole.
        asked: first sample that was asked for and the one after the last.
        stems: that were asked for.
        rate: samples per second.
    """
    first, last = hole_of(new, rate)
    assert asked[0] <= first < last <= asked[1], "the hole lies inside what was asked"
    spans = {}
    for name, content in new.data.items():
        before = old.data[name]
        assert len(content) == len(before)
        if name not in (*stems, "mix"):
            assert _sha(content) == _sha(before)
            spans[name, 0, len(content) // FRAME] = _sha(content)
            continue
        for begin, end in ((0, first), (last, len(content) // FRAME)):
            part = slice(begin * FRAME, end * FRAME)
            assert _sha(content[part]) == _sha(before[part])
            if begin < end and name != "mix":
                spans[name, begin, end - begin] = _sha(before[part])
    told = {(one["stem"], one["first_sample"], one["samples"]): one["sha256"] for one in new.told["kept"]}
    assert told == spans, "cue.json says what was kept"


def assert_sum(take: Take) -> None:
    """The mix is the sum of the stems, sample for sample."""
    total = sum(_integers(content) for name, content in take.data.items() if name != "mix")
    np.testing.assert_array_equal(total, _integers(take.data["mix"]))


@dataclass(frozen=True)
class Played:
    """What an engine gave for a hole: the notes of the new take, played through its seams."""

    begin: int
    """The sample at which these sounds begin."""
    sounds: dict[str, Sound]

    def over(self, name: str, old: Sound) -> Sound:
        """These sounds in the place of the old ones."""
        sound = old.copy()
        sound[self.begin : self.begin + len(self.sounds[name])] = self.sounds[name]
        return sound


class Listener:
    """Hears what the engine gives, before it is spliced, and lets it play on beyond the hole's edges."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.played: Played | None = None

        def listening(kept: Any, mix: Any, new: Sequence[Stem], first: int, last: int, rate: int, *rest: Any) -> Any:
            begin, end = max(0, first - round(REACH_S * rate)), last + round(REACH_S * rate)
            ratio = 10 ** (rest[0] / 20)
            self.played = Played(begin, {stem.name: _scaled(stem.audio[begin:end], ratio) for stem in new})
            return splice(kept, mix, new, first, last, rate, *rest)

        monkeypatch.setattr("core.engines.composer.reroll._AROUND_SECONDS", REACH_S)
        monkeypatch.setattr("core.reroll.splice", listening)


def seams_of(chain: Chain, old: Take, new: Take, played: Played) -> list[Seam]:
    """Every seam of a take, in each changed stem and in the mix."""
    first, last = hole_of(new, chain.rate)
    stems = new.told["hole"]["stems"]
    sounds = {name: (new.sound(name), old.sound(name), played.over(name, old.sound(name))) for name in stems}
    kept = [old.sound(name) for name in new.told["stems"] if name not in stems]
    asked = np.sum([*kept, *(three[2] for three in sounds.values())], axis=0)
    sounds["mix"] = (new.sound("mix"), old.sound("mix"), asked)
    silence = silence_of(sounds["mix"][0], chain.rate)
    edges = [("left", first), ("right", last)]
    return [
        seam(name, edge, at, (first, last), three, chain.lines, silence, chain.rate)
        for edge, at in edges
        if 0 < at < len(asked)
        for name, three in sounds.items()
    ]


def _scaled(audio: Audio, ratio: float) -> Sound:
    return np.asarray(audio, np.float64) * ratio


def _frames(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (2, 3)
        content: bytes = file.readframes(file.getnframes())
        return content


def _integers(content: bytes) -> np.ndarray:
    octets = np.frombuffer(content, np.uint8).reshape(-1, 3).astype(np.int32)
    return (octets[:, 0] << 8 | octets[:, 1] << 16 | octets[:, 2] << 24) >> 8


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
