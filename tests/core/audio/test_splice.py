"""New sound in kept files: bytes outside the hole, sums, seams and peaks; measured by soundfile, numpy and scipy."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.crossfade import crossfades
from core.audio.files import write_wav
from core.audio.finish import finish
from core.audio.splice import Spliced, comp, splice
from core.brief import STEMS, Audio, Stem, StemName
from core.errors import Cancelled, HitpointError, UnusableInput
from core.watch import Watch
from tests.core.audio.test_finish import RATE, band, both, integers, loudness, true_peak


@dataclass(frozen=True)
class Made:
    """A take on disk."""

    files: Mapping[StemName, Path]
    mix: Path
    samples: int


def take(folder: Path, stems: list[Stem], rate: int = RATE) -> Made:
    """Stems written as they are, and their exact sum."""
    folder.mkdir(parents=True)
    parts = {stem.name: np.rint(stem.audio.astype(float) * 2**23).astype(np.int32) for stem in stems}
    for name, samples in parts.items():
        write_wav(folder / f"{name}.wav", samples, rate)
    write_wav(folder / "mix.wav", np.sum(list(parts.values()), axis=0, dtype=np.int32), rate)
    return Made({name: folder / f"{name}.wav" for name in parts}, folder / "mix.wav", len(stems[0].audio))


def reversed_band(seconds: float, level: float = 0.2) -> list[Stem]:
    """Other music than that of `band`, of the same length."""
    return [Stem(stem.name, stem.audio[::-1].copy()) for stem in band(seconds, level=level)]


def noise(seconds: float, seed: int, level: float = 0.05) -> Audio:
    return (level * np.random.default_rng(seed).standard_normal((round(seconds * RATE), 2))).astype(np.float32)


def filled(old: Audio, new: Audio, first: int, last: int, folder: Path, gain_db: float = 0.0) -> np.ndarray:
    """A single stem with a hole in it, as it reads afterwards; full scale 1."""
    made = take(folder / "old", [Stem("harmony", old)])
    done = splice(made.files, made.mix, [Stem("harmony", new)], first, last, RATE, gain_db, folder / "new", Watch())
    return integers(done.files["harmony"]) / 2**23


def data(path: Path) -> bytes:
    """The samples of a WAV, as bytes."""
    content = path.read_bytes()
    return content[content.index(b"data") + 8 :]


def assert_kept(made: Made, done: Spliced, first: int, last: int) -> None:
    """All bytes outside the hole are those that were there, and the hashes say so."""
    now = {**made.files, **done.files}
    for path, before in [*((done.files[name], made.files[name]) for name in done.files), (done.mix, made.mix)]:
        assert data(path)[: first * 6] == data(before)[: first * 6]
        assert data(path)[last * 6 :] == data(before)[last * 6 :]
        assert len(path.read_bytes()) == len(before.read_bytes())
        assert path.read_bytes()[:44] == before.read_bytes()[:44]
    for span in done.kept:
        part = data(now[span.stem])[span.first_sample * 6 : (span.first_sample + span.samples) * 6]
        assert span.sha256 == hashlib.sha256(part).hexdigest()
    for name in made.files:
        whole = name not in done.files
        expected = [(0, made.samples)] if whole else [(0, first), (last, made.samples)]
        found = [(span.first_sample, span.first_sample + span.samples) for span in done.kept if span.stem == name]
        assert found == [(start, stop) for start, stop in expected if start < stop]
    for label, path in [*done.files.items(), ("mix", done.mix)]:
        assert done.hashes[label] == hashlib.sha256(path.read_bytes()).hexdigest()


def assert_exact_sum(made: Made, done: Spliced) -> None:
    total = np.sum([integers(path) for path in {**made.files, **done.files}.values()], axis=0)
    np.testing.assert_array_equal(integers(done.mix), total)


@settings(deadline=None, max_examples=40)
@given(
    seconds=st.floats(0.02, 2.5),
    edges=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    chosen=st.sets(st.sampled_from(STEMS), min_size=1),
    level=st.floats(0.001, 0.14),
    gain=st.floats(-20, 12),
)
def test_outside_the_hole_every_byte_is_kept_and_the_mix_is_the_sum_everywhere(
    tmp_path_factory: pytest.TempPathFactory,
    seconds: float,
    edges: tuple[float, float],
    chosen: set[StemName],
    level: float,
    gain: float,
) -> None:
    folder = tmp_path_factory.mktemp("cue")
    made = take(folder / "old", band(seconds, level=level))
    first = min(round(min(edges) * made.samples), made.samples - 1)
    last = max(round(max(edges) * made.samples), first + 1)
    new = [stem for stem in reversed_band(seconds) if stem.name in chosen]
    done = splice(made.files, made.mix, new, first, last, RATE, gain, folder / "new", Watch())
    assert set(done.files) == chosen
    assert_kept(made, done, first, last)
    assert_exact_sum(made, done)
    assert true_peak(done.mix) <= max(-1.0, true_peak(made.mix) + 0.1)
    assert list(done.peaks) == [*made.files, "mix"]


def test_a_hole_of_the_whole_cue_is_the_new_sound_alone_as_finish_writes_it(tmp_path: Path) -> None:
    made = take(tmp_path / "old", band(3, level=0.05))
    finished = finish(reversed_band(3), RATE, -27, tmp_path / "finished", Watch())
    done = splice(
        made.files, made.mix, reversed_band(3), 0, made.samples, RATE, finished.gain_db, tmp_path / "new", Watch()
    )
    assert done.hashes == finished.hashes
    assert done.kept == ()
    assert done.loudness == pytest.approx(finished.loudness, abs=0.01)
    assert done.true_peak == pytest.approx(finished.true_peak, abs=0.01)
    for name, overview in finished.peaks.items():
        np.testing.assert_array_equal(done.peaks[name], overview)


@pytest.mark.parametrize(("first", "last"), [(0, RATE), (RATE, 2 * RATE)])
def test_nothing_is_faded_at_the_first_and_the_last_sample_of_the_cue(tmp_path: Path, first: int, last: int) -> None:
    old, new = noise(2, 1), noise(2, 2)
    done = filled(old, new, first, last, tmp_path)
    away = slice(0, RATE - 2400) if first == 0 else slice(RATE + 2400, None)
    assert np.abs(done[away] - new[away]).max() <= 1 / 2**23


@pytest.mark.parametrize("samples", [1, 2, 7, 100, 480, 960, 1500, 4799, 4801])
def test_holes_shorter_than_two_fades_are_filled_too(tmp_path: Path, samples: int) -> None:
    old, new = noise(1, 1), noise(1, 2)
    done = filled(old, new, 20_000, 20_000 + samples, tmp_path)
    power = (done[20_000 : 20_000 + samples] ** 2).mean() / (old**2).mean()
    assert samples < 100 or 10 * np.log10(power) == pytest.approx(0, abs=1.5)
    outside = np.r_[0:20_000, 20_000 + samples : RATE]
    np.testing.assert_array_equal(done[outside], np.rint(old[outside].astype(float) * 2**23) / 2**23)
    if samples > 400:
        assert np.abs(done - old)[20_000 : 20_000 + samples].max() > 0.01, "something new is heard"


def test_a_fade_between_sounds_that_have_nothing_in_common_keeps_their_power(tmp_path: Path) -> None:
    """Averaged over many seams: each millisecond of a fade has the power of the noise around it."""
    power = np.zeros(100)
    for seed in range(40):
        done = filled(noise(0.5, 2 * seed), noise(0.5, 2 * seed + 1), 8_000, 16_000, tmp_path / str(seed))
        power += (done[7_200:12_000] ** 2).reshape(100, -1).mean(axis=1) / 40
        power += (done[12_000:16_800] ** 2).reshape(100, -1).mean(axis=1)[::-1] / 40
    assert np.abs(10 * np.log10(power / (2 * 0.05**2))).max() < 0.5


@pytest.mark.parametrize("difference_db", [0.0, -60.0])
def test_a_sound_that_goes_on_in_the_new_passes_as_if_nothing_had_been_faded(
    tmp_path: Path, difference_db: float
) -> None:
    old = noise(1, 1)
    new = old + 10 ** (difference_db / 20) * noise(1, 2) * (difference_db < 0)
    done = filled(old, new.astype(np.float32), 12_000, 36_000, tmp_path)
    if difference_db == 0:
        assert np.abs(done - old).max() <= 1 / 2**23
    power = [(part[9_600:38_400] ** 2).reshape(60, -1).mean(axis=1) for part in (done, old)]
    assert np.abs(10 * np.log10(power[0] / power[1])).max() < 0.1


def test_where_one_side_is_silent_the_other_is_plainly_faded(tmp_path: Path) -> None:
    sound, silence = noise(1, 1), np.zeros((RATE, 2), np.float32)
    coming = filled(silence, sound, 12_000, 36_000, tmp_path / "a")
    going = filled(sound, silence, 12_000, 36_000, tmp_path / "b")
    for done in (coming, going):
        level = np.sqrt((done[12_000:14_400] ** 2).reshape(10, -1).mean(axis=1))
        assert (np.sign(np.diff(level)) == (1 if done is coming else -1)).mean() > 0.6
    assert np.abs(going[14_400:33_600]).max() == 0


@pytest.mark.parametrize("frequency", [41.0, 220.0, 3_100.0])
def test_no_seam_clicks(tmp_path: Path, frequency: float) -> None:
    """The second difference of a tone shows the least step or kink."""
    time = np.arange(RATE) / RATE
    old, new = both(0.3 * np.sin(2 * np.pi * frequency * time)), both(0.3 * np.cos(2 * np.pi * 1.26 * frequency * time))
    done = filled(old, new, 13_333, 37_777, tmp_path)
    bend = np.abs(np.diff(done, 2, axis=0)).max(axis=1)
    seams = np.r_[13_300:15_800, 35_300:37_800]
    inside = np.abs(np.diff(new.astype(float), 2, axis=0)).max()
    assert bend[seams].max() < 1.5 * inside + 2e-4


def struck(at: float, seconds: float = 1.0, level: float = 0.5) -> Audio:
    """A drum that is struck once, over very quiet hiss."""
    time = np.arange(round(seconds * RATE)) / RATE - at
    sound = level * np.where(time >= 0, np.exp(-30 * np.maximum(time, 0)) * np.cos(2 * np.pi * 190 * time), 0.0)
    return both(sound) + noise(seconds, 5, 1e-5)


def attack_power(sound: np.ndarray, at: float) -> float:
    """Power of the first 8 ms after a moment."""
    start = round(at * RATE)
    return float((sound[start : start + 384] ** 2).mean())


@pytest.mark.parametrize("after_ms", [15, 25, 40])
def test_an_attack_of_the_new_soon_after_the_left_edge_is_heard_whole(tmp_path: Path, after_ms: int) -> None:
    new = struck(0.3 + after_ms / 1000)
    done = filled(noise(1, 1, 0.02), new, 14_400, 33_600, tmp_path)
    start = round((0.301 + after_ms / 1000) * RATE)
    assert np.abs(done[start : start + 4_800] - new[start : start + 4_800]).max() < 1e-3


def test_an_attack_of_the_new_on_the_left_edge_is_worn_by_less_than_two_decibels(tmp_path: Path) -> None:
    new = struck(0.3)
    done = filled(noise(1, 1, 0.001), new, 14_400, 33_600, tmp_path)
    assert 10 * np.log10(attack_power(done, 0.3) / attack_power(new, 0.3)) > -2
    assert np.abs(done[14_400 + 480 : 30_000] - new[14_400 + 480 : 30_000]).max() <= 1 / 2**23


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 88_200, 96_000])
def test_an_attack_on_the_left_edge_shortens_the_fade_at_any_rate(rate: int) -> None:
    struck = np.zeros((rate, 2), np.float32)
    struck[rate // 3 :] = 0.3 * np.random.default_rng(1).standard_normal((rate - rate // 3, 2))
    still = np.zeros_like(struck)
    for old, new in ((struck, still), (still, struck)):
        left, _ = crossfades(
            lambda start, stop, old=old: old[start:stop],  # type: ignore[misc]
            lambda start, stop, new=new: new[start:stop],  # type: ignore[misc]
            rate // 3,
            rate * 2 // 3,
            rate,
            rate,
        )
        assert left.last - left.first == round(0.010 * rate)


@pytest.mark.parametrize("before_ms", [3, 8, 12])
def test_an_attack_that_leads_into_what_is_kept_is_heard_whole(tmp_path: Path, before_ms: int) -> None:
    """A kept downbeat played a little early begins inside of the hole."""
    at = 0.7 - before_ms / 1000
    old = struck(at)
    done = filled(old, noise(1, 1, 0.001), 14_400, 33_600, tmp_path)
    assert abs(10 * np.log10(attack_power(done, at) / attack_power(old, at))) < 0.2


@pytest.mark.parametrize("before_ms", [20, 30, 45])
def test_an_old_attack_before_the_right_edge_is_not_heard(tmp_path: Path, before_ms: int) -> None:
    at = 0.7 - before_ms / 1000
    old, new = struck(at), noise(1, 1, 0.001)
    done = filled(old, new, 14_400, 33_600, tmp_path)
    start = round(at * RATE)
    assert np.abs(done[start : start + 200]).max() < 0.01


@pytest.mark.parametrize("before_ms", [20, 30, 45])
def test_a_new_attack_before_the_right_edge_is_heard_whole(tmp_path: Path, before_ms: int) -> None:
    at = 0.7 - before_ms / 1000
    new = struck(at)
    done = filled(noise(1, 1, 0.001), new, 14_400, 33_600, tmp_path)
    assert 10 * np.log10(attack_power(done, at) / attack_power(new, at)) > -1


def test_a_kept_attack_right_after_the_hole_is_the_kept_one(tmp_path: Path) -> None:
    old = struck(0.7)
    done = filled(old, noise(1, 1, 0.05), 14_400, 33_600, tmp_path)
    np.testing.assert_array_equal(done[33_600:], np.rint(old[33_600:].astype(float) * 2**23) / 2**23)


def test_a_seam_without_attacks_settles_on_a_beat(tmp_path: Path) -> None:
    made = take(tmp_path / "old", [Stem("harmony", noise(1, 1))])
    new = noise(1, 2)
    done = splice(
        made.files,
        made.mix,
        [Stem("harmony", new)],
        14_400,
        33_600,
        RATE,
        0.0,
        tmp_path / "new",
        Watch(),
        beats=(0.335, 0.69),
    )
    harmony = integers(done.files["harmony"]) / 2**23
    assert np.abs(harmony[round(0.335 * RATE) : 31_200] - new[round(0.335 * RATE) : 31_200]).max() <= 1 / 2**23
    assert (
        data(done.files["harmony"])[round(0.69 * RATE) * 6 :] == data(made.files["harmony"])[round(0.69 * RATE) * 6 :]
    )


def test_where_the_sum_would_be_too_loud_only_the_new_is_turned_down_and_it_is_said(tmp_path: Path) -> None:
    time = np.arange(4 * RATE) / RATE
    drums = Stem("drums", both(0.7 * np.exp(-30 * (time % 0.5)) * np.cos(2 * np.pi * 180 * time)))
    melody = Stem("melody", both(0.1 * np.sin(2 * np.pi * 500 * time)))
    made = take(tmp_path / "old", [drums, melody])
    new = Stem("melody", both(0.5 * np.sin(2 * np.pi * 750 * time)))
    done = splice(made.files, made.mix, [new], RATE, 3 * RATE, RATE, 0.0, tmp_path / "new", Watch())
    assert_kept(made, done, RATE, 3 * RATE)
    assert_exact_sum(made, done)
    assert true_peak(done.mix) <= -1.0
    assert done.true_peak == pytest.approx(true_peak(done.mix), abs=0.1)
    assert done.turned_down_db > 3
    assert f"turned down by up to {done.turned_down_db:.1f} dB" in done.said[0]
    inside = slice(RATE + 2_432, 3 * RATE - 2_432)
    before, after = new.audio[inside, 0].astype(float), (integers(done.files["melody"])[inside, 0] / 2**23)
    rows = len(before) // 64
    gain = 20 * np.log10(
        (before * after)[: rows * 64].reshape(rows, 64).sum(axis=1)
        / (before**2)[: rows * 64].reshape(rows, 64).sum(axis=1)
    )
    assert gain.max() == pytest.approx(0, abs=0.02), "where there is room it is as loud as it was written"
    assert gain.min() == pytest.approx(-done.turned_down_db, abs=0.5)
    assert np.abs(np.diff(gain)).max() < 2.5, "no step that could click: 1.3 ms lie between two values"
    assert true_peak(done.mix) > -1.7, "no more than is needed"


def test_new_sound_that_passes_full_scale_by_itself_is_turned_down(tmp_path: Path) -> None:
    time = np.arange(2 * RATE) / RATE
    made = take(tmp_path / "old", [Stem("bass", both(0.2 * np.sin(2 * np.pi * 60 * time)))])
    new = Stem("bass", both(2.0 * np.sin(2 * np.pi * 50 * time)))
    done = splice(made.files, made.mix, [new], RATE // 2, RATE, RATE, 0.0, tmp_path / "new", Watch())
    assert true_peak(done.mix) <= -1.0
    assert done.turned_down_db == pytest.approx(20 * np.log10(2) + 1.2, abs=0.3)


def test_what_is_kept_may_be_too_loud_by_itself_and_then_that_is_said(tmp_path: Path) -> None:
    """Two kept stems add up to more than the limit; the old melody hid it by opposing them."""
    time = np.arange(2 * RATE) / RATE
    tone = np.sin(2 * np.pi * 200 * time)
    stems = [Stem("bass", both(0.48 * tone)), Stem("harmony", both(0.48 * tone)), Stem("melody", both(-0.3 * tone))]
    made = take(tmp_path / "old", stems)
    new = Stem("melody", both(0.03 * np.sin(2 * np.pi * 1_000 * time)))
    done = splice(made.files, made.mix, [new], RATE // 2, RATE, RATE, 0.0, tmp_path / "new", Watch())
    assert any("What is kept reaches -0.4 dBTP" in sentence for sentence in done.said)
    assert_exact_sum(made, done)
    middle = slice(RATE * 5 // 8, RATE * 7 // 8)
    melody = integers(done.files["melody"])[middle, 0] / 2**23
    assert 20 * np.log10(np.abs(melody).max() / 0.03) == pytest.approx(-12, abs=0.1), "no lower: it would be in vain"


def test_kept_stems_that_a_mix_cannot_hold_without_the_old_are_refused(tmp_path: Path) -> None:
    tone = both(np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE))
    stems = [Stem("bass", 0.8 * tone), Stem("harmony", 0.8 * tone), Stem("melody", -0.9 * tone)]
    made = take(tmp_path / "old", stems)
    with pytest.raises(UnusableInput, match="add up to more than a file can hold"):
        splice(made.files, made.mix, [Stem("melody", 0 * tone)], 9_000, 30_000, RATE, 0.0, tmp_path / "new", Watch())
    assert not list((tmp_path / "new").iterdir())


def test_loudness_and_overviews_are_those_of_the_whole_new_take(tmp_path: Path) -> None:
    made = take(tmp_path / "old", band(8.3))
    done = splice(made.files, made.mix, reversed_band(8.3)[1:3], 100_001, 250_003, RATE, 0.0, tmp_path / "new", Watch())
    assert done.loudness == pytest.approx(loudness(done.mix), abs=0.06)
    assert pyloudnorm.Meter(RATE).integrated_loudness(soundfile.read(made.mix)[0]) != pytest.approx(done.loudness)
    for name, path in [*{**made.files, **done.files}.items(), ("mix", done.mix)]:
        samples = integers(path) / 2**23
        span = 64 * -(-len(samples) // (2000 * 64))
        parts = [samples[start : start + span] for start in range(0, len(samples), span)]
        expected = [[part.min(), part.max()] for part in parts]
        np.testing.assert_allclose(done.peaks[name], expected, atol=1e-6)


def test_a_comp_takes_a_stretch_from_another_take_as_it_is(tmp_path: Path) -> None:
    base, other = take(tmp_path / "a", band(2)), take(tmp_path / "b", reversed_band(2))
    done = comp(base.files, base.mix, other.files, ("drums", "melody"), 20_000, 70_000, RATE, tmp_path / "c", Watch())
    assert set(done.files) == {"drums", "melody"}
    assert_kept(base, done, 20_000, 70_000)
    assert_exact_sum(base, done)
    middle = slice(22_400 * 6, 67_600 * 6)
    assert data(done.files["drums"])[middle] == data(other.files["drums"])[middle]


@settings(deadline=None, max_examples=15)
@given(edges=st.tuples(st.integers(0, 48_000), st.integers(0, 48_000)).filter(lambda edges: edges[0] != edges[1]))
def test_a_comp_of_a_take_with_itself_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, edges: tuple[int, int]
) -> None:
    folder = tmp_path_factory.mktemp("cue")
    made = finish(band(1, punch=3), RATE, -14, folder / "a", Watch())
    files = {name: made.files[name] for name in STEMS}
    done = comp(files, made.mix, files, STEMS, min(edges), max(edges), RATE, folder / "b", Watch())
    for name, path in done.files.items():
        assert path.read_bytes() == made.files[name].read_bytes()
    assert done.mix.read_bytes() == made.mix.read_bytes()


def test_the_same_hole_gives_the_same_bytes(tmp_path: Path) -> None:
    made = take(tmp_path / "old", band(2))
    new = reversed_band(2, level=1.0)
    first, again = (
        splice(made.files, made.mix, new, 30_000, 70_000, RATE, 0.0, tmp_path / name, Watch()) for name in "ab"
    )
    assert first.hashes == again.hashes
    assert first.turned_down_db == again.turned_down_db > 0


def test_only_what_lies_near_the_hole_is_looked_at(tmp_path: Path) -> None:
    made = take(tmp_path / "old", band(2))
    plain = reversed_band(2)[2]
    wild = Stem(plain.name, plain.audio.copy())
    wild.audio[: 30_000 - 2_400] = np.nan
    wild.audio[70_000 + 2_400 :] = np.inf
    done, other = (
        splice(made.files, made.mix, [stem], 30_000, 70_000, RATE, 0.0, tmp_path / str(number), Watch())
        for number, stem in enumerate((plain, wild))
    )
    assert done.hashes == other.hashes


@pytest.mark.parametrize("rate", [44_100, 96_000])
def test_other_rates_are_spliced_too(tmp_path: Path, rate: int) -> None:
    made = take(tmp_path / "old", band(1, rate=rate), rate)
    new = [Stem(stem.name, stem.audio[::-1].copy()) for stem in band(1, rate=rate)[:2]]
    done = splice(made.files, made.mix, new, rate // 4, rate // 2, rate, 0.0, tmp_path / "new", Watch())
    assert_kept(made, done, rate // 4, rate // 2)
    assert soundfile.info(done.mix).samplerate == rate


def test_values_that_are_not_numbers_are_named(tmp_path: Path) -> None:
    made = take(tmp_path / "old", band(1))
    new = reversed_band(1)[2]
    new.audio[20_000, 1] = np.nan
    with pytest.raises(HitpointError, match=r"not numbers \(harmony\)"):
        splice(made.files, made.mix, [new], 10_000, 30_000, RATE, 0.0, tmp_path / "new", Watch())
    assert not (tmp_path / "new").exists()


def test_a_kept_file_that_is_damaged_or_of_another_length_is_named(tmp_path: Path) -> None:
    made, short = take(tmp_path / "old", band(1)), take(tmp_path / "short", band(0.9))
    mixed = {**made.files, "bass": short.files["bass"]}
    with pytest.raises(UnusableInput, match=r"This file has 43200 samples at 48000 Hz, the cue 48000 .*bass"):
        splice(mixed, made.mix, reversed_band(1)[:1], 10_000, 30_000, RATE, 0.0, tmp_path / "new", Watch())
    made.files["bass"].write_bytes(made.files["bass"].read_bytes()[:100_000])
    with pytest.raises(UnusableInput, match=r"ends too early .*bass"):
        splice(made.files, made.mix, reversed_band(1)[:1], 10_000, 30_000, RATE, 0.0, tmp_path / "new", Watch())
    made.files["bass"].write_bytes(b"not a sound")
    with pytest.raises(UnusableInput, match=r"cannot be read .*bass"):
        splice(made.files, made.mix, reversed_band(1)[:1], 10_000, 30_000, RATE, 0.0, tmp_path / "new", Watch())
    assert not list(tmp_path.glob("new/*"))


def test_a_cancel_leaves_no_file(tmp_path: Path) -> None:
    made = take(tmp_path / "old", band(4))
    asked: list[str] = []

    def progress(stage: str, fraction: float, words: str) -> None:  # noqa: ARG001
        asked.append(words)

    watch = Watch(progress, lambda: asked.count("splicing") == 2)
    with pytest.raises(Cancelled):
        splice(made.files, made.mix, reversed_band(4), 50_000, 90_000, RATE, 0.0, tmp_path / "new", watch)
    assert not list((tmp_path / "new").iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on file sizes to set")
def test_a_disk_that_fills_while_splicing_leaves_nothing(tmp_path: Path) -> None:
    take(tmp_path / "old", band(4))
    script = """
import resource, sys
from pathlib import Path
from core.audio.splice import splice
from core.errors import HitpointError
from core.watch import Watch
from tests.core.audio.test_splice import reversed_band
folder = Path(sys.argv[1])
files = {stem.name: folder / "old" / f"{stem.name}.wav" for stem in reversed_band(0.1)}
resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, 700_000))
try:
    splice(files, folder / "old/mix.wav", reversed_band(4), 90_000, 99_000, 48_000, 0.0, folder / "new", Watch())
except HitpointError as error:
    sys.exit(f"{error.code}: {error}")
"""
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=False)
    assert done.stderr.startswith("unusable-input: The file would be larger than is allowed here")
    assert len(done.stderr.splitlines()) == 1
    assert not list((tmp_path / "new").iterdir())


@pytest.mark.slow
def test_an_hour_is_spliced_in_bounded_memory(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
import numpy as np
from core.audio.files import new_wav
from core.audio.splice import splice
from core.brief import Stem
from core.watch import Watch
folder, samples = Path(sys.argv[1]), 3600 * 48_000
piece = (200_000 * np.sin(np.arange(96_000) * 0.01)).astype(np.int32).reshape(-1, 2)
for name, ratio in (("bass", 1), ("melody", 1), ("mix", 2)):
    with new_wav(folder / f"{name}.wav", samples, 48_000) as wav:
        for start in range(0, samples, len(piece)):
            wav.write(ratio * piece[: samples - start])
new = np.memmap(folder / "new", np.float32, "w+", shape=(samples, 2))
new[48_000 * 100 : 48_000 * 1_900] = 0.01
files = {name: folder / f"{name}.wav" for name in ("bass", "melody")}
current = int(Path("/proc/self/statm").read_text().split()[1]) * 4
Path("/proc/self/clear_refs").write_text("5")
place = folder / "take"
splice(files, folder / "mix.wav", [Stem("bass", new)], 4_900_000, 86_000_000, 48_000, 0.0, place, Watch())
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(int(peak.split()[1]) - current)
"""
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 400_000, "kilobytes beyond what the process had before"
    assert soundfile.info(tmp_path / "take" / "mix.wav").frames == 3600 * RATE
