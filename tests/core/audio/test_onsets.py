"""Onsets are heard where they are, and nowhere else."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from core.audio.onsets import heard
from core.brief import Audio, FloatArray

RATE = 48_000
SECONDS = 7.0
TIME = np.arange(int(SECONDS * RATE)) / RATE
FILM = Fraction(24)


def stereo(sound: FloatArray) -> Audio:
    return np.stack([sound, sound], axis=1).astype(np.float32)


def saw(pitch: float) -> FloatArray:
    return sum((np.sin(2 * np.pi * pitch * k * TIME) / k for k in range(1, int(16_000 / pitch))), np.zeros_like(TIME))


def noise(seed: int) -> FloatArray:
    return np.random.default_rng(seed).normal(0, 1, len(TIME))


def vibrato(pitch: float) -> FloatArray:
    bend = 0.3 * np.sin(2 * np.pi * 5.5 * TIME)
    return sum((np.sin(2 * np.pi * pitch * k * TIME + k * bend) / k for k in range(1, 20)), np.zeros_like(TIME))


SUSTAINED: dict[str, Callable[[], FloatArray]] = {
    "a low sine": lambda: 0.3 * np.sin(2 * np.pi * 50 * TIME),
    "a sine": lambda: 0.3 * np.sin(2 * np.pi * 440 * TIME),
    "the lowest bass string": lambda: 0.2 * saw(41.2),
    "a bass": lambda: 0.2 * saw(55.0),
    "a tremolo": lambda: 0.2 * np.sin(2 * np.pi * 330 * TIME) * (1 + 0.3 * np.sin(2 * np.pi * 6 * TIME)),
    "white noise": lambda: 0.1 * noise(1),
    "a rumble": lambda: 0.5 * sosfilt(butter(2, [200, 600], "band", fs=RATE, output="sos"), noise(2)),
    "a detuned pad": lambda: (
        0.03 * sum((saw(p * d) for p in (110, 165, 220, 277) for d in (0.996, 1.002, 1.005)), 0 * TIME)
    ),
    "strings": lambda: 0.05 * sum((vibrato(p) for p in (220.0, 277.2, 329.6)), 0 * TIME),
}


@cache
def sustained(name: str) -> FloatArray:
    return SUSTAINED[name]()


Sound = Callable[[FloatArray], FloatArray]
STRUCK: dict[str, Sound] = {
    "click": lambda t: np.where(t < 0.001, 0.8, 0.0),
    "kick": lambda t: 0.8 * np.sin(2 * np.pi * (45 * t + 4.2 * (1 - np.exp(-t / 0.04)))) * np.exp(-t / 0.15),
    "snare": lambda t: 0.3 * np.random.default_rng(3).normal(0, 1, len(t)) * np.exp(-t / 0.08),
    "hat": lambda t: 0.1 * np.random.default_rng(4).normal(0, 1, len(t)) * np.exp(-t / 0.03),
    "pluck": lambda t: (
        0.2 * sum((np.sin(2 * np.pi * 220 * k * t) / k * np.exp(-t * k / 0.4) for k in range(1, 20)), 0 * t)
    ),
}
MOMENTS = np.linspace(0.5, 6.1, 15) + np.random.default_rng(5).uniform(0, 0.1, 15)


def played(sound: Sound, moments: FloatArray) -> FloatArray:
    """A sound at each moment, to the fraction of a sample where it is a function of time."""
    audio = np.zeros_like(TIME)
    for moment in moments:
        first = int(np.ceil(moment * RATE))
        audio[first:] += sound(TIME[: len(TIME) - first] + first / RATE - moment)
    return audio


def errors(audio: FloatArray, moments: FloatArray) -> list[float | None]:
    return heard({"stem": stereo(audio)}, RATE, list(moments), ["grid"] * len(moments), FILM)


@pytest.mark.parametrize("name", SUSTAINED)
def test_sustained_sound_answers_no_hit(name: str) -> None:
    moments = np.random.default_rng(6).uniform(0.3, SECONDS - 0.3, 50)
    assert errors(sustained(name), moments) == [None] * 50


@pytest.mark.parametrize("name", STRUCK)
def test_struck_sounds_are_placed_within_a_millisecond(name: str) -> None:
    found = errors(played(STRUCK[name], MOMENTS), MOMENTS)
    assert all(error is not None and abs(error) < 1.1 for error in found), found


@pytest.mark.parametrize("name", STRUCK)
@pytest.mark.parametrize("under", ["a detuned pad", "a bass"])
def test_struck_sounds_are_heard_over_sustained_ones(name: str, under: str) -> None:
    audio = played(STRUCK[name], MOMENTS) + 0.5 * sustained(under)
    found = [error for error in errors(audio, MOMENTS) if error is not None]
    assert len(found) >= 0.9 * len(MOMENTS)
    assert np.abs(found).max() < 4.5
    assert errors(audio, MOMENTS + 0.2) == [None] * len(MOMENTS)


def test_the_error_has_the_sign_of_the_delay() -> None:
    audio = played(STRUCK["kick"], MOMENTS)
    for delay in (-0.040, -0.012, 0.020, 0.050):
        found = errors(audio, MOMENTS - delay)
        assert all(error is not None and abs(error - 1000 * delay) < 1.1 for error in found)


def test_sounds_farther_than_sixty_milliseconds_do_not_count() -> None:
    assert errors(played(STRUCK["kick"], MOMENTS), MOMENTS + 0.075) == [None] * len(MOMENTS)


def test_a_bowed_attack_is_heard_while_it_grows() -> None:
    def bowed(t: FloatArray) -> FloatArray:
        tone = sum((np.sin(2 * np.pi * 330 * k * t) / k for k in range(1, 15)), 0 * t)
        return np.asarray(0.1 * tone * np.minimum(t / 0.06, 1) * (t < 0.3))

    found = errors(played(bowed, MOMENTS), MOMENTS)
    assert all(error is not None and 0 < error < 20 for error in found), found


def test_any_stem_may_answer_and_the_nearest_counts() -> None:
    stems = {
        "drums": stereo(played(STRUCK["kick"], MOMENTS + 0.03)),
        "melody": stereo(played(STRUCK["pluck"], MOMENTS + 0.004)),
        "bass": stereo(np.zeros_like(TIME)),
    }
    found = heard(stems, RATE, list(MOMENTS), ["accent"] * len(MOMENTS), FILM)
    assert all(error is not None and abs(error - 4) < 1.1 for error in found)


def test_sound_on_one_side_or_out_of_phase_is_heard_too() -> None:
    audio = played(STRUCK["snare"], MOMENTS)
    for sides in ((audio, 0 * audio), (audio, -audio)):
        found = heard(
            {"a": np.stack(sides, axis=1).astype(np.float32)}, RATE, list(MOMENTS), ["grid"] * len(MOMENTS), FILM
        )
        assert all(error is not None and abs(error) < 1.1 for error in found)


@pytest.mark.parametrize("release", [0.0, 0.005, 0.015])
def test_a_stop_is_the_sudden_drop_of_the_mix(release: float) -> None:
    moments = np.array([1.0, 3.0, 5.0])
    level = np.ones_like(TIME)
    for moment in moments:
        first, last = int(moment * RATE), int((moment + 0.8) * RATE)
        after = TIME[: last - first]
        level[first:last] = np.exp(-after / release) if release else 0.0
    stems = {"a": stereo(0.1 * saw(110.0) * level), "b": stereo(0.05 * vibrato(330.0) * level)}
    found = heard(stems, RATE, [*moments, 2.5], ["stop"] * 4, FILM)
    assert all(error is not None and abs(error) < 12 for error in found[:3]), found
    assert found[3] is None


def test_a_stop_of_one_stem_under_a_sounding_mix_is_none() -> None:
    stopped = 0.1 * saw(110.0) * (TIME < 5.0)
    found = heard({"a": stereo(stopped), "b": stereo(0.1 * saw(165.0))}, RATE, [5.0], ["stop"], FILM)
    assert found == [None]


@pytest.mark.parametrize("sample_rate", [44_100, 48_000, 96_000])
def test_every_sample_rate_hears_alike(sample_rate: int) -> None:
    audio = np.zeros((3 * sample_rate, 2), dtype=np.float32)
    first = round(1.25 * sample_rate)
    ring = np.arange(sample_rate // 2) / sample_rate
    audio[first : first + len(ring), :] = (np.sin(2 * np.pi * 500 * ring) * np.exp(-ring / 0.1))[:, None]
    (error,) = heard({"a": audio}, sample_rate, [1.25], ["grid"], FILM)
    assert error is not None
    assert abs(error) < 1.1


def test_hits_at_both_ends_are_measured() -> None:
    audio = played(STRUCK["kick"], np.array([0.0, SECONDS - 0.02]))
    found = errors(audio, np.array([0.0, SECONDS - 0.02, SECONDS]))
    assert found[0] is not None
    assert abs(found[0]) < 1.1
    assert found[1] is not None


@pytest.mark.slow
def test_only_windows_are_read_from_a_mapped_file(tmp_path: Path) -> None:
    length = 3600 * RATE
    mapped = np.memmap(tmp_path / "hour.f32", dtype=np.float32, mode="w+", shape=(length, 2))
    kick = STRUCK["kick"](TIME[: RATE // 2])
    moments = np.arange(100.0, 3500.0, 170.0)
    for moment in moments:
        first = round(moment * RATE)
        mapped[first : first + len(kick)] = kick[:, None]
    start = time.process_time()
    found = heard({"drums": mapped}, RATE, list(moments), ["grid"] * len(moments), FILM)
    spent = time.process_time() - start
    assert all(error is not None and abs(error) < 1.1 for error in found)
    # reading the hour would take seconds
    assert spent < 1.0


def test_nothing_to_measure_is_nothing() -> None:
    assert heard({"a": stereo(TIME)}, RATE, [], [], FILM) == []
    assert heard({}, RATE, [1.0], ["grid"], FILM) == [None]
    assert heard({}, RATE, [1.0], ["stop"], FILM) == [None]
