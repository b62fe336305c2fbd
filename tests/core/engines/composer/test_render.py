"""What comes out of the orchestra: exact onsets, the same music every time, endings without a scratch."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.brief import STEMS, Audio, Note, Stem, StemName
from core.engines.composer.instruments import INSTRUMENTS
from core.engines.composer.render import render
from core.engines.composer.score import Part, Score, Stop
from core.errors import Cancelled
from core.watch import Watch

RATE = 48_000


def part(
    stem: StemName,
    instrument: str,
    *notes: tuple[float, float, int, int],
    gain_db: float = 0.0,
    pan: float = 0.0,
    send: float = 0.0,
) -> Part:
    return Part(instrument, stem, instrument, tuple(Note(*note) for note in notes), gain_db, pan, send)


def score(seconds: float, *parts: Part, stops: tuple[Stop, ...] = (), fade_out: float = 0.005) -> Score:
    return Score(seconds, parts, (), (), stops=stops, fade_out=fade_out)


def played(written: Score, folder: Path, seed: int = 1, rate: int = RATE) -> tuple[Stem, ...]:
    return render(written, rate, seed, round(written.seconds * rate), folder, Watch())


def of(stems: tuple[Stem, ...], name: StemName) -> Audio:
    return next(stem.audio for stem in stems if stem.name == name)


def level_db(audio: Audio, start: float, end: float) -> float:
    piece = np.asarray(audio[round(start * RATE) : round(end * RATE)], dtype=np.float64)
    return float(10 * np.log10(np.mean(piece**2) + 1e-20))


def band(seconds: float = 6.0) -> Score:
    beats = np.arange(0, seconds - 1, 0.5)
    return score(
        seconds,
        part("drums", "kick", *((b, 0.2, 36, 110) for b in beats)),
        part("drums", "hat_closed", *((b + 0.25, 0.1, 42, 80) for b in beats), pan=0.3),
        part("bass", "bass_saw", *((b, 0.4, 36, 100) for b in beats)),
        part("harmony", "strings", *((b, 2.0, pitch, 90) for b in beats[::4] for pitch in (60, 64, 67)), send=0.3),
        part("harmony", "harp", *((b, 0.5, 72, 80) for b in beats), pan=-0.4, send=0.3),
        part("melody", "piano", *((b, 0.5, 72 + i % 5, 60 + 8 * (i % 7)) for i, b in enumerate(beats)), send=0.2),
        part("effects", "riser", (0.5, 2.5, 60, 90), send=0.2),
        fade_out=0.05,
    )


def test_there_are_five_stems_as_long_as_the_range_and_unused_ones_are_silent(tmp_path: Path) -> None:
    stems = played(score(1.5, part("melody", "piano", (0.2, 0.5, 60, 100))), tmp_path)
    assert tuple(stem.name for stem in stems) == STEMS
    for stem in stems:
        assert stem.audio.shape == (72_000, 2)
        assert stem.audio.dtype == np.float32
        assert bool(stem.audio.any()) == (stem.name == "melody")


CRISP = sorted(name for name in INSTRUMENTS if INSTRUMENTS[name].crisp)


@settings(max_examples=25, deadline=None)
@given(name=st.sampled_from(CRISP), start=st.floats(0.0, 0.9))
def test_a_crisp_note_starts_on_its_sample(tmp_path_factory: pytest.TempPathFactory, name: str, start: float) -> None:
    note = part("effects", name, (start, 0.3, INSTRUMENTS[name].centre, 110))
    sound = np.abs(of(played(score(1.5, note), tmp_path_factory.mktemp("scratch")), "effects")).max(axis=1)
    onset = round(start * RATE)
    assert sound[:onset].max(initial=0.0) < 1e-5
    assert sound[onset : onset + RATE // 200].max() > 0.1 * sound.max()


def test_the_same_score_and_seed_give_the_same_samples_and_another_seed_others(tmp_path: Path) -> None:
    first, again, other = played(band(), tmp_path), played(band(), tmp_path), played(band(), tmp_path, seed=2)
    for one, same, different in zip(first, again, other, strict=True):
        assert np.array_equal(one.audio, same.audio)
        assert not np.array_equal(one.audio, different.audio)


def test_what_has_been_played_does_not_depend_on_what_follows(tmp_path: Path) -> None:
    long, short = band(9.0), band(9.0)
    cut = score(4.0, *short.parts)
    for whole, beginning in zip(played(long, tmp_path), played(cut, tmp_path), strict=True):
        assert np.allclose(whole.audio[: 3 * RATE], beginning.audio[: 3 * RATE], atol=1e-6)


def test_a_repeated_note_is_not_the_same_sound_twice(tmp_path: Path) -> None:
    drums = of(played(score(3.0, part("drums", "snare", (0.0, 0.1, 38, 100), (1.0, 0.1, 38, 100))), tmp_path), "drums")
    assert not np.allclose(drums[: RATE // 5], drums[RATE : RATE + RATE // 5], atol=1e-3)
    assert abs(level_db(drums, 0, 0.2) - level_db(drums, 1, 1.2)) < 2


@pytest.mark.parametrize(("velocity", "softer"), [(127, 100), (90, 87), (64, 40)])
def test_level_follows_velocity_exactly(tmp_path: Path, velocity: int, softer: int) -> None:
    loud, soft = (
        level_db(
            of(played(score(1.0, part("bass", "bass_sub", (0.1, 0.7, 40, v), gain_db=-12.0)), tmp_path), "bass"), 0, 1
        )
        for v in (velocity, softer)
    )
    assert loud - soft == pytest.approx(1.6 * 20 * np.log10(velocity / softer), abs=0.7)


def test_gain_and_pan_place_a_part(tmp_path: Path) -> None:
    notes = ((0.1, 0.6, 67, 90),)
    middle, left, quiet = (
        of(played(score(1.0, part("melody", "flute", *notes, gain_db=gain, pan=pan)), tmp_path), "melody")
        for gain, pan in ((-6.0, 0.0), (-6.0, -0.8), (-12.0, 0.0))
    )
    assert level_db(left[:, :1], 0, 1) > level_db(left[:, 1:], 0, 1) + 10
    assert level_db(left, 0, 1) == pytest.approx(level_db(middle, 0, 1), abs=1.0)
    assert level_db(quiet, 0, 1) == pytest.approx(level_db(middle, 0, 1) - 6, abs=0.1)


def test_a_stop_silences_every_stem_at_once_and_the_music_comes_back_on_time(tmp_path: Path) -> None:
    written = band(6.0)
    stopped = Score(6.0, written.parts, (), (), stops=(Stop(2.6, 3.0),))
    for with_stop, without in zip(played(stopped, tmp_path), played(written, tmp_path), strict=True):
        before = level_db(with_stop.audio, 2.55, 2.6)
        assert level_db(with_stop.audio, 2.62, 2.66) < before - 20
        jump = np.abs(np.diff(with_stop.audio[round(2.59 * RATE) : round(2.61 * RATE)], axis=0)).max()
        assert jump <= np.abs(np.diff(without.audio[round(2.55 * RATE) : round(2.61 * RATE)], axis=0)).max() * 1.5
        if with_stop.name in ("drums", "bass", "melody"):
            assert level_db(with_stop.audio, 3.0, 3.05) > before - 6


def test_notes_cut_by_a_stop_do_not_come_back(tmp_path: Path) -> None:
    written = score(4.0, part("harmony", "pad_warm", (0.0, 3.8, 60, 110)), stops=(Stop(1.5, 2.0),))
    harmony = of(played(written, tmp_path), "harmony")
    assert level_db(harmony, 2.5, 3.5) < level_db(harmony, 1.0, 1.5) - 60


@pytest.mark.parametrize("fade", [0.005, 2.0])
def test_the_last_sample_is_silent_and_the_fade_does_not_click(tmp_path: Path, fade: float) -> None:
    written = score(3.0, part("harmony", "strings", (0.0, 5.0, 60, 110), send=0.5), fade_out=fade)
    harmony = of(played(written, tmp_path), "harmony")
    assert not harmony[-1].any()
    assert level_db(harmony, 3.0 - fade - 0.05, 3.0 - fade) > -60
    assert np.abs(np.diff(harmony[-RATE // 4 :], axis=0)).max() < 0.05


def test_a_last_chord_rings_in_the_room_and_dies_away(tmp_path: Path) -> None:
    written = score(6.0, part("harmony", "piano", *((0.5, 0.5, pitch, 110) for pitch in (48, 60, 64, 67)), send=0.4))
    harmony = of(played(written, tmp_path), "harmony")
    levels = [level_db(harmony, start, start + 0.2) for start in (0.5, 1.4, 2.0, 2.6)]
    assert all(-90 < later < earlier - 3 for earlier, later in pairwise(levels))
    assert level_db(harmony, 5.5, 6.0) < levels[0] - 60


def test_no_stem_has_direct_current_or_passes_its_ceiling(tmp_path: Path) -> None:
    for stem in played(band(), tmp_path):
        assert np.abs(stem.audio.mean(axis=0)).max() < 5e-4
        assert np.abs(stem.audio).max() < 0.22


def test_a_long_range_lies_in_files_and_sounds_like_a_short_one(tmp_path: Path) -> None:
    written = score(125.0, *band().parts)
    long = render(written, 16_000, 3, 125 * 16_000, tmp_path, Watch())
    short = render(score(20.0, *band().parts), 16_000, 3, 20 * 16_000, tmp_path, Watch())
    assert {file.name for file in tmp_path.iterdir()} == {f"{name}.f32" for name in STEMS}
    for one, other in zip(long, short, strict=True):
        assert one.audio.shape == (2_000_000, 2)
        assert np.allclose(one.audio[: 16 * 16_000], other.audio[: 16 * 16_000], atol=1e-6)


def test_cancelling_stops_the_work(tmp_path: Path) -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(Cancelled):
        render(band(), RATE, 1, 6 * RATE, tmp_path, Watch(cancelled=cancelled))


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[float] = []
    render(band(), RATE, 1, 6 * RATE, tmp_path, Watch(progress=lambda _stage, fraction, _words: told.append(fraction)))
    assert told == sorted(told)
    assert told[-1] == 1.0


HOUR = """
import resource, sys, tempfile
from pathlib import Path
import numpy as np
from core.brief import Note
from core.engines.composer.render import render
from core.engines.composer.score import Part, Score
from core.watch import Watch
seconds = 3600
beats = np.arange(0, seconds, 0.5)
def notes(pitches, every, length):
    return tuple(Note(float(b), length, pitches[i % len(pitches)], 70 + i % 40) for i, b in enumerate(beats[::every]))
parts = (
    Part("kick", "drums", "kick", notes((36,), 1, 0.1)),
    Part("bass", "bass", "bass_saw", notes((36, 41, 43, 48), 1, 0.4)),
    Part("strings", "harmony", "strings", notes(tuple(range(48, 80)), 2, 3.0), send=0.3),
    Part("pad", "harmony", "pad_warm", notes(tuple(range(48, 72)), 8, 8.0), send=0.3),
    Part("piano", "melody", "piano", notes(tuple(range(50, 90)), 1, 0.5)),
    Part("impact", "effects", "impact", notes((36,), 64, 2.0)),
)
with tempfile.TemporaryDirectory(dir=sys.argv[1]) as folder:
    stems = render(Score(seconds, parts, (), ()), 48_000, 1, seconds * 48_000, Path(folder), Watch())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for first in (64, 1804, 3484):
        assert all(stem.audio[48_000 * first :][: 48_000 * 32].any() for stem in stems)
print(peak)
"""


@pytest.mark.slow
def test_an_hour_stays_under_700_megabytes(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", HOUR, str(tmp_path)], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 700, done.stdout


@pytest.mark.parametrize("rate", [44_100, 96_000])
def test_other_sample_rates_keep_time(tmp_path: Path, rate: int) -> None:
    written = score(2.0, part("drums", "snare", (1.0, 0.1, 38, 110), send=0.3))
    drums = of(played(written, tmp_path, rate=rate), "drums")
    assert drums.shape == (2 * rate, 2)
    assert int(np.argmax(np.abs(drums).max(axis=1) > 1e-4)) == pytest.approx(rate, abs=rate * 0.001)
