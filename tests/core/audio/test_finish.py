"""Finished files: level, peaks, the exact sum; measured by soundfile, pyloudnorm and scipy."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from core.audio.finish import LARGEST_REDUCTION, Finished, finish
from core.brief import STEMS, Audio, Stem
from core.errors import Cancelled, HitpointError, UnusableInput
from core.watch import Watch

RATE = 48_000


def band(seconds: float = 4.0, punch: float = 0.0, level: float = 0.2, rate: int = RATE) -> list[Stem]:
    """Five stems of beats and hiss; `punch` adds short loud clicks to the drums."""
    samples = round(seconds * rate)
    time = np.arange(samples) / rate
    stems = []
    for number, name in enumerate(STEMS):
        decay = np.exp(-6 * (time % (0.5 + 0.1 * number)))
        sound = np.sin(2 * np.pi * 55 * (number + 1) * time)[:, None] * decay[:, None] * [1.0, 0.9]
        sound += 0.1 * np.random.default_rng(number).standard_normal((samples, 2)) * decay[:, None]
        if name == "drums":
            sound += punch * (np.exp(-400 * (time % 0.5)) * np.cos(4000 * np.pi * time))[:, None]
        stems.append(Stem(name, np.asarray(level * sound, np.float32)))
    return stems


def both(channel: np.ndarray) -> Audio:
    """A mono signal in both channels, shape [samples, 2]."""
    return np.stack([channel, channel], axis=1).astype(np.float32)


def integers(path: Path) -> np.ndarray:
    return np.asarray(soundfile.read(path, dtype="int32", always_2d=True)[0] >> 8, np.int64)


def loudness(path: Path) -> float:
    samples, rate = soundfile.read(path)
    return float(pyloudnorm.Meter(rate).integrated_loudness(samples))


def true_peak(path: Path) -> float:
    """dBTP, oversampled eight times."""
    samples, _ = soundfile.read(path)
    return float(20 * np.log10(np.abs(resample_poly(samples, 8, 1, axis=0)).max()))


def assert_exact_sum(done: Finished) -> None:
    total = np.sum([integers(path) for path in done.files.values()], axis=0)
    np.testing.assert_array_equal(integers(done.mix), total)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("target", [-20.0, -27.0])
def test_the_mix_has_the_loudness_asked_for_and_is_the_sum_of_its_stems(
    tmp_path: Path, rate: int, target: float
) -> None:
    done = finish(band(rate=rate), rate, target, tmp_path, Watch())
    assert loudness(done.mix) == pytest.approx(target, abs=0.1)
    assert done.loudness == pytest.approx(loudness(done.mix), abs=0.06)
    assert done.true_peak == pytest.approx(true_peak(done.mix), abs=0.1)
    assert done.said == ()
    assert list(done.files) == list(STEMS)
    assert_exact_sum(done)


@settings(deadline=None, max_examples=25)
@given(
    punch=st.floats(0, 8),
    level=st.floats(0.001, 3),
    target=st.floats(-30, -8),
    seconds=st.floats(0.3, 3),
    gain=st.none() | st.floats(-20, 20),
)
def test_whatever_comes_in_peaks_stay_below_the_limit_and_stems_add_up(
    tmp_path_factory: pytest.TempPathFactory,
    punch: float,
    level: float,
    target: float,
    seconds: float,
    gain: float | None,
) -> None:
    done = finish(band(seconds, punch, level), RATE, target, tmp_path_factory.mktemp("cue"), Watch(), gain)
    assert true_peak(done.mix) <= -1.0
    assert_exact_sum(done)
    if gain is None and not done.said:
        assert done.loudness == pytest.approx(target, abs=0.1)


def test_peaks_are_turned_down_in_all_stems_alike_and_smoothly(tmp_path: Path) -> None:
    time = np.arange(4 * RATE) / RATE
    stems = [
        Stem(name, both(0.1 * np.sin(2 * np.pi * 750 * number * time)))
        for number, name in enumerate(STEMS[1:4], start=1)
    ]
    drums = Stem("drums", both(1.2 * np.exp(-400 * (time % 0.5)) * np.cos(8_000 * np.pi * time)))
    done = finish([*stems, drums], RATE, -13, tmp_path, Watch())
    assert any("Peaks were turned down" in sentence for sentence in done.said)
    assert loudness(done.mix) == pytest.approx(-13, abs=0.1)
    # The gain of each stem in each span of 64 samples, one period of the lowest tone.
    before = np.stack([stem.audio[:, 0] for stem in stems]).astype(float).reshape(3, -1, 64)
    after = np.stack([integers(done.files[stem.name])[:, 0] / 2**23 for stem in stems]).reshape(3, -1, 64)
    gain = 20 * np.log10((before * after).sum(axis=2) / (before * before).sum(axis=2)) - done.gain_db
    assert np.ptp(gain, axis=0).max() < 0.02, "one gain for all stems"
    assert -LARGEST_REDUCTION - 0.01 < gain.min() < -1
    assert gain.max() < 0.01
    assert np.abs(np.diff(gain[0])).max() < 1.5, "no step that could click: 1.3 ms lie between two values"


def test_a_mix_whose_peaks_leave_no_room_is_made_quieter_and_says_so(tmp_path: Path) -> None:
    done = finish(band(punch=8), RATE, -9, tmp_path, Watch())
    assert loudness(done.mix) < -10
    assert any("instead of -9.0: its peaks leave no room for more" in sentence for sentence in done.said)
    assert true_peak(done.mix) <= -1


def test_stems_that_cancel_each_other_fit_in_24_bits(tmp_path: Path) -> None:
    """The mix is quiet, so the target asks for a gain at which a single stem would clip."""
    tone = np.sin(2 * np.pi * 220 * np.arange(RATE) / RATE)[:, None] * np.ones(2)
    stems = [Stem("harmony", (0.9 * tone).astype(np.float32)), Stem("melody", (-0.85 * tone).astype(np.float32))]
    done = finish(stems, RATE, -14, tmp_path, Watch())
    assert max(np.abs(integers(path)).max() for path in done.files.values()) < 2**23
    assert done.said
    assert_exact_sum(done)


@pytest.mark.parametrize("seconds", [1 / 24, 0.3, 2.0])
def test_short_stings_are_levelled_too(tmp_path: Path, seconds: float) -> None:
    done = finish(band(seconds), RATE, -20, tmp_path, Watch())
    assert done.loudness == pytest.approx(-20, abs=0.1) or done.said
    assert soundfile.info(done.mix).frames == round(seconds * RATE)


def test_a_constant_offset_is_taken_out_without_a_click(tmp_path: Path) -> None:
    stems = [Stem(stem.name, stem.audio + np.float32(0.05)) for stem in band()]
    done = finish(stems, RATE, -20, tmp_path, Watch())
    for path in done.files.values():
        samples = integers(path) / 2**23
        assert np.abs(samples.mean(axis=0)).max() < 1e-4
    freed, clean = integers(done.mix)[:, 0], integers(finish(band(), RATE, -20, tmp_path / "clean", Watch()).mix)[:, 0]
    assert np.abs(np.diff(freed)).max() < 1.2 * np.abs(np.diff(clean)).max()


def test_silent_stems_stay_silent(tmp_path: Path) -> None:
    stems = band()
    stems[1] = Stem("bass", np.zeros_like(stems[1].audio))
    done = finish(stems, RATE, -20, tmp_path, Watch())
    assert not integers(done.files["bass"]).any()
    assert done.loudness == pytest.approx(-20, abs=0.1)


def test_a_cue_in_which_nothing_sounds_is_refused(tmp_path: Path) -> None:
    stems = [Stem(name, np.zeros((RATE, 2), np.float32)) for name in STEMS]
    with pytest.raises(UnusableInput, match="Nothing sounds in this cue"):
        finish(stems, RATE, -20, tmp_path, Watch())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_numbers_are_named(tmp_path: Path, value: float) -> None:
    stems = band()
    stems[2].audio[100, 1] = value
    with pytest.raises(HitpointError, match=r"not numbers \(harmony\)"):
        finish(stems, RATE, -20, tmp_path, Watch())


def test_the_same_stems_give_the_same_bytes(tmp_path: Path) -> None:
    first = finish(band(punch=3), RATE, -14, tmp_path / "a", Watch())
    again = finish(band(punch=3), RATE, -14, tmp_path / "b", Watch())
    assert first.hashes == again.hashes
    assert first.mix.read_bytes() == again.mix.read_bytes()


def test_hashes_are_those_of_the_files(tmp_path: Path) -> None:
    done = finish(band(), RATE, -20, tmp_path, Watch())
    for name, path in {**done.files, "mix": done.mix}.items():
        assert done.hashes[name] == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("seconds", [0.01, 3.7, 8.3])
def test_overviews_show_every_extreme(tmp_path: Path, seconds: float) -> None:
    done = finish(band(seconds), RATE, -20, tmp_path, Watch())
    for name, path in {**done.files, "mix": done.mix}.items():
        samples = integers(path) / 2**23
        overview = done.peaks[name]
        span = -(-len(samples) // len(overview))
        assert len(overview) <= 2000
        for number in (0, len(overview) // 2, len(overview) - 1):
            part = samples[number * (span - span % -64) :][: span - span % -64] if len(overview) > 1 else samples
            np.testing.assert_allclose(overview[number], [part.min(), part.max()], atol=1e-6)


def test_a_settled_gain_is_used_as_it_is(tmp_path: Path) -> None:
    stems = band()
    done = finish(stems, RATE, -20, tmp_path, Watch(), gain_db=-12.0)
    expected = np.rint(stems[0].audio.astype(float) * 10 ** (-12 / 20) * 2**23)
    assert np.abs(integers(done.files["drums"]) - expected).max() <= 1
    assert done.gain_db == -12.0


def test_a_cancel_leaves_no_file(tmp_path: Path) -> None:
    asked: list[str] = []

    def progress(stage: str, fraction: float, words: str) -> None:  # noqa: ARG001
        asked.append(words)

    with pytest.raises(Cancelled):
        finish(band(), RATE, -20, tmp_path, Watch(progress, lambda: "writing" in asked))
    assert not list(tmp_path.iterdir())


def test_mapped_stems_are_finished_as_those_in_memory(tmp_path: Path) -> None:
    def mapped(audio: Audio, name: str) -> Audio:
        array = np.memmap(tmp_path / name, np.float32, "w+", shape=audio.shape)
        array[:] = audio
        return array

    plain = finish(band(), RATE, -20, tmp_path / "a", Watch())
    stems = [Stem(stem.name, mapped(stem.audio, stem.name)) for stem in band()]
    assert finish(stems, RATE, -20, tmp_path / "b", Watch()).hashes == plain.hashes


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on file sizes to set")
def test_a_disk_that_fills_while_writing_leaves_nothing(tmp_path: Path) -> None:
    script = """
import resource, sys
from pathlib import Path
from core.audio.finish import finish
from core.errors import HitpointError
from core.watch import Watch
from tests.core.audio.test_finish import band
resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, 700_000))
try:
    finish(band(), 48_000, -20, Path(sys.argv[1]), Watch())
except HitpointError as error:
    sys.exit(f"{error.code}: {error}")
"""
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=False)
    assert done.stderr.startswith("unusable-input: The file would be larger than is allowed here")
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_an_hour_is_finished_in_bounded_memory(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
import numpy as np
from core.audio.finish import finish
from core.brief import STEMS, Stem
from core.watch import Watch
folder, samples = Path(sys.argv[1]), 3600 * 48_000
stems = []
for number, name in enumerate(STEMS):
    array = np.memmap(folder / name, np.float32, "w+", shape=(samples, 2))
    piece = 0.1 * np.sin(np.arange(96_000) * 0.01 * (number + 1)).astype(np.float32).reshape(-1, 2)
    for start in range(0, samples, len(piece)):
        array[start : start + len(piece)] = piece[: samples - start]
    array.flush()
    stems.append(Stem(name, np.memmap(folder / name, np.float32, "r", shape=(samples, 2))))
    del array
current = int(Path("/proc/self/statm").read_text().split()[1]) * 4
Path("/proc/self/clear_refs").write_text("5")
done = finish(stems, 48_000, -20, folder / "cue", Watch())
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(int(peak.split()[1]) - current)
"""
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 400_000, "kilobytes beyond what the process had before"
    assert soundfile.info(tmp_path / "cue" / "mix.wav").frames == 3600 * RATE
