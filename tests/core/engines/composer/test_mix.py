"""The desk: rooms, equalisers, mono lows, dynamics, side-chain, and blocks that cannot be heard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from core.brief import Audio, Note, StemName
from core.engines.composer.mix import Feed, Source, mix
from core.engines.composer.room import ROOMS, impulse_response
from core.engines.composer.score import Part, Score
from core.errors import Cancelled
from core.watch import Watch

RATE = 48_000


def empty(seconds: float) -> Score:
    return Score(seconds, (), (), ())


def with_melody(score: Score) -> Score:
    return replace(score, parts=(Part("tune", "melody", "flute", (Note(0, 1, 72, 80),)),))


def noise(seconds: float, level: float = 0.02) -> NDArray[np.float32]:
    return (level * np.random.default_rng(7).normal(size=(2, round(seconds * RATE)))).astype(np.float32)


def feeding(stem: StemName, dry: NDArray[np.float32], send: float = 0.0) -> Source:
    def source(name: StemName, first: int, count: int, _stopped: Event) -> Feed | None:
        piece = dry[:, first : first + count]
        return (piece, piece.mean(axis=0) * np.float32(send)) if name == stem else None

    return source


def mixed(
    score: Score, stem: StemName, dry: NDArray[np.float32], folder: Path, send: float = 0.0, frames: int = 4
) -> Audio:
    samples = round(score.seconds * RATE)
    stems = mix(score, RATE, samples, feeding(stem, dry, send), folder, Watch(), frames)
    return next(each.audio for each in stems if each.name == stem)


def band_db(audio: Audio | NDArray[np.float64], low: float, high: float) -> float:
    power = np.abs(np.fft.rfft(audio, axis=0)) ** 2
    frequency = np.fft.rfftfreq(len(audio), 1 / RATE)
    return float(10 * np.log10(power[(frequency >= low) & (frequency < high)].sum() + 1e-20))


def db(audio: Audio | NDArray[np.float64]) -> float:
    return float(10 * np.log10(np.mean(np.asarray(audio, dtype=np.float64) ** 2) + 1e-20))


def test_the_size_of_a_block_cannot_be_heard(tmp_path: Path) -> None:
    dry = noise(30.0)
    score = replace(empty(30.0), level=((0.0, -6.0), (30.0, 0.0)), pump=tuple(np.arange(0, 30, 0.5)))
    one, many = (mixed(score, "harmony", dry, tmp_path, 0.3, frames) for frames in (1, 4))
    assert np.allclose(one, many, atol=1e-6)


def test_nothing_below_30_hertz_passes(tmp_path: Path) -> None:
    time = np.arange(4 * RATE) / RATE
    for frequency, lost in ((10.0, 15.0), (60.0, 0.0)):
        tone = np.tile(0.1 * np.sin(2 * np.pi * frequency * time), (2, 1)).astype(np.float32)
        through = mixed(empty(4.0), "effects", tone, tmp_path)
        assert db(tone.T) - db(through) >= lost - 1
        assert db(tone.T) - db(through) < lost + 5


def test_harmony_makes_room_for_a_melody(tmp_path: Path) -> None:
    alone = mixed(empty(4.0), "harmony", noise(4.0), tmp_path)
    beside = mixed(with_melody(empty(4.0)), "harmony", noise(4.0), tmp_path)
    assert band_db(alone, 2300, 2700) - band_db(beside, 2300, 2700) == pytest.approx(2.0, abs=0.2)
    assert band_db(alone, 200, 400) - band_db(beside, 200, 400) == pytest.approx(0.0, abs=0.2)


@pytest.mark.parametrize("stem", ["harmony", "melody", "effects"])
def test_speech_keeps_its_band_clear(tmp_path: Path, stem: StemName) -> None:
    usual = mixed(empty(4.0), stem, noise(4.0), tmp_path)
    clear = mixed(replace(empty(4.0), clear_speech=True), stem, noise(4.0), tmp_path)
    assert 4.5 < band_db(usual, 1000, 4000) - band_db(clear, 1000, 4000) < 7.5
    assert band_db(usual, 100, 300) - band_db(clear, 100, 300) < 0.7


@pytest.mark.parametrize("stem", ["drums", "bass"])
def test_the_lows_of_drums_and_bass_are_mono(tmp_path: Path, stem: StemName) -> None:
    wide = noise(4.0)
    through = np.asarray(mixed(empty(4.0), stem, wide, tmp_path, 0.3), dtype=np.float64)
    low = sosfilt(butter(8, 80, output="sos", fs=RATE), through, axis=0)
    middle, side = low.sum(axis=1), low[:, 0] - low[:, 1]
    assert db(side) < db(middle) - 14
    assert abs(band_db(through[:, 0] - through[:, 1], 500, 5000) - band_db(through.sum(axis=1), 500, 5000)) < 3


def test_the_hall_is_longer_than_the_small_room_and_both_fall_by_sixty_decibels() -> None:
    for name, room in ROOMS.items():
        response = impulse_response(name, RATE).astype(np.float64)
        decay = 10 * np.log10(np.cumsum((response**2).sum(axis=0)[::-1])[::-1] + 1e-20)
        decay -= decay[0]
        early, late = np.argmax(decay < -5) / RATE, np.argmax(decay < -35) / RATE
        assert 2 * (late - early) == pytest.approx(room.seconds, rel=0.25)
        alike = np.sum(response[0] * response[1]) / np.sqrt(np.prod(np.sum(response**2, axis=1)))
        assert abs(alike) < 0.2
    assert ROOMS["hall"].seconds > ROOMS["small"].seconds


def test_a_send_rings_on_after_the_sound(tmp_path: Path) -> None:
    dry = np.zeros((2, 4 * RATE), dtype=np.float32)
    dry[:, RATE : RATE + RATE // 10] = noise(0.1, 0.1)
    hall = mixed(empty(4.0), "melody", dry, tmp_path, 0.5)
    small = mixed(replace(empty(4.0), room="small"), "melody", dry, tmp_path, 0.5)
    assert not hall[: RATE - 10].any() or np.abs(hall[: RATE - 10]).max() < 1e-6
    assert db(hall[round(1.6 * RATE) : round(1.8 * RATE)]) > db(small[round(1.6 * RATE) : round(1.8 * RATE)]) + 10
    assert db(hall[round(1.3 * RATE) : round(1.4 * RATE)]) > -75


def test_dynamics_are_straight_in_decibels(tmp_path: Path) -> None:
    score = replace(empty(6.0), level=((0.0, 0.0), (2.0, 0.0), (4.0, -20.0), (6.0, -20.0)))
    sound = mixed(score, "melody", noise(6.0), tmp_path)
    levels = [db(sound[round((t - 0.1) * RATE) : round((t + 0.1) * RATE)]) for t in (1.0, 3.0, 5.0)]
    assert levels[0] - levels[1] == pytest.approx(10, abs=0.7)
    assert levels[0] - levels[2] == pytest.approx(20, abs=0.5)


def test_the_side_chain_ducks_harmony_and_bass_only(tmp_path: Path) -> None:
    score = replace(empty(3.0), pump=(1.0, 2.0))
    for stem, least, most in (("harmony", 5, 12), ("bass", 2, 6), ("drums", -0.5, 0.5), ("melody", -0.5, 0.5)):
        sound = mixed(score, stem, noise(3.0), tmp_path)  # type: ignore[arg-type]
        free, ducked = (
            db(sound[round(0.6 * RATE) : round(0.95 * RATE)]),
            db(sound[round(1.01 * RATE) : round(1.04 * RATE)]),
        )
        assert least < free - ducked < most
        assert db(sound[round(1.4 * RATE) : round(1.9 * RATE)]) == pytest.approx(free, abs=0.5)


@pytest.mark.parametrize("stem", ["drums", "bass", "harmony", "melody", "effects"])
def test_great_accents_are_rounded_and_quiet_music_is_not_touched(tmp_path: Path, stem: StemName) -> None:
    soft, quiet, loud = (mixed(empty(2.0), stem, noise(2.0, level), tmp_path) for level in (0.002, 0.004, 0.5))
    assert db(quiet) - db(soft) == pytest.approx(6.02, abs=0.01)
    assert np.abs(loud).max() < 0.22


def test_a_source_that_was_stopped_stops_the_mix(tmp_path: Path) -> None:
    def source(_name: StemName, _first: int, _count: int, _stopped: Event) -> Feed | None:
        raise Cancelled

    with pytest.raises(Cancelled):
        mix(empty(1.0), RATE, RATE, source, tmp_path, Watch())
