"""The way from a range to a cue, in one process: what each promise asks of the whole."""

from __future__ import annotations

import hashlib
import json
import socket
import sys
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
import scipy.signal
import soundfile

from bench.repeat import repeated
from core import engines
from core.brief import Hole
from core.cue.folder import load, verify
from core.errors import Cancelled, UnusableInput, WrongUse
from core.pipeline import Request, Scored, score
from core.result import summary
from core.watch import Watch


def test_stems_land_on_the_exact_frame_of_the_timeline(demo_edit: Path, tmp_path: Path) -> None:
    made = score(Request(demo_edit, "01:00:05:00", "01:00:11:12", to=tmp_path, seed=3))
    placed = otio.adapters.read_from_file(str(made.cue.folder / "cue.otio"))
    assert placed.global_start_time.to_timecode() == "01:00:00:00"
    for track in placed.audio_tracks():
        (clip,) = track.find_clips()
        start = track.trimmed_range_of_child(clip).start_time
        assert (start.value, start.rate) == (120, 24)
        assert clip.duration().value == 156
        file = Path(clip.media_reference.target_url)
        assert file.parent == made.cue.folder / "takes" / "001"
        assert soundfile.info(file).frames == round(156 / 24 * 48_000)


def test_a_cue_is_whole_when_it_appears_and_can_be_checked(demo_edit: Path, tmp_path: Path) -> None:
    made = score(Request(demo_edit, out_text="6s", to=tmp_path, seed=3))
    assert [entry.name for entry in tmp_path.iterdir()] == [made.cue.folder.name]
    names = {file.name for file in made.cue.folder.rglob("*") if file.is_file()}
    assert {"cue.json", "cue.otio", "cue.mid", "cue.html", "mix.wav", "drums.wav", "melody.wav"} <= names
    cue = load(made.cue.folder)
    assert verify(cue) == ()
    assert cue.brief.seed == 3
    summed = summary(cue, made.rendering, {})
    assert json.loads(json.dumps(summed))["take"] == 1


def test_a_cue_can_be_made_again_from_what_it_remembers(demo_edit: Path, tmp_path: Path) -> None:
    first = load(score(Request(demo_edit, out_text="6s", to=tmp_path, prompt="dark, sparse")).cue.folder)
    told = first.brief
    assert told.edit.source.is_absolute()
    again = score(Request(told.edit.source, out_text="6s", to=tmp_path, prompt=told.prompt, seed=told.seed)).cue
    assert again.folder != first.folder
    assert {n: s.sha256 for n, s in again.take.stems.items()} == {n: s.sha256 for n, s in first.take.stems.items()}


def test_missing_media_cost_the_picture_never_the_cue(demo_edit: Path, tmp_path: Path) -> None:
    lonely = tmp_path / "lonely.otio"
    lonely.write_text(demo_edit.read_text())
    result = score(Request(lonely, out_text="6s", to=tmp_path / "cues", seed=1))
    told = summary(result.cue, result.rendering, result.timings)
    assert told["offline"]
    assert any(hit["met"] for hit in told["hits"])


@pytest.mark.parametrize("seconds", [2, 3.3])
def test_a_sting_ends_inside_its_range(demo_edit: Path, tmp_path: Path, seconds: float) -> None:
    made = score(Request(demo_edit, out_text=f"{seconds}s", to=tmp_path, seed=5, style="action"))
    audio, rate = soundfile.read(made.cue.folder / made.cue.take.mix.file)
    assert len(audio) == made.cue.brief.samples
    assert np.sqrt(np.mean(audio[: rate // 2] ** 2)) > 1e-3
    assert np.abs(audio[-1]).max() < 1e-3


@pytest.mark.parametrize("sample_rate", [44_100, 96_000])
def test_other_sample_rates_and_levels_are_kept(demo_edit: Path, tmp_path: Path, sample_rate: int) -> None:
    made = score(Request(demo_edit, out_text="5s", to=tmp_path, seed=5, sample_rate=sample_rate, loudness=-26.0))
    info = soundfile.info(made.cue.folder / made.cue.take.mix.file)
    assert (info.samplerate, info.frames) == (sample_rate, 5 * sample_rate)
    assert made.cue.take.loudness == pytest.approx(-26, abs=1)


@pytest.mark.parametrize("stage", ["picture", "render", "audio"])
def test_cancelling_leaves_nothing(demo_edit: Path, tmp_path: Path, stage: str) -> None:
    seen: list[str] = []
    watch = Watch(progress=lambda name, *_: seen.append(name), cancelled=lambda: stage in seen)
    with pytest.raises(Cancelled):
        score(Request(demo_edit, to=tmp_path / "cues", seed=1), watch)
    assert not (tmp_path / "cues").exists(), "nor the folder that was made for it"


def test_what_cannot_be_done_is_refused_before_work_begins(demo_edit: Path, tmp_path: Path) -> None:
    request = Request(demo_edit, to=tmp_path / "cues")
    with pytest.raises(WrongUse, match="composer"):
        score(replace(request, engine="bach"))
    with pytest.raises(UnusableInput, match="SoundFont"):
        score(replace(request, soundfont=tmp_path / "none.sf2"))
    with pytest.raises(WrongUse, match="lo-fi"):
        score(replace(request, style="polka"))
    with pytest.raises(UnusableInput):
        score(replace(request, timeline=tmp_path / "none.otio"))
    assert not (tmp_path / "cues").exists()


def test_the_composer_plays_a_hole_anew_and_keeps_the_rest(demo_edit: Path, tmp_path: Path) -> None:
    made = score(Request(demo_edit, out_text="5s", to=tmp_path, seed=5))
    brief = made.cue.brief
    hole = Hole(1.0, 2.0, ("drums",), made.rendering, brief, lambda *_: np.zeros((0, 2), np.float32))
    new = engines.engine("composer").render(replace(brief, seed=6), hole, tmp_path, Watch())
    assert [stem.name for stem in new.stems] == ["drums"]
    kept = [track for track in made.rendering.tracks if track.stem != "drums"]
    assert [track for track in new.tracks if track.stem != "drums"] == kept


def test_an_engine_that_plays_freely_is_conformed(
    demo_edit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(engines._MODULES, "free", "tests.core.free_engine")
    made = score(Request(demo_edit, engine="free", to=tmp_path, style="uplift", seed=1))
    drums, rate = soundfile.read(made.cue.folder / made.cue.take.stems["drums"].file)
    envelope = np.abs(drums).max(axis=1)
    peaks, _ = scipy.signal.find_peaks(envelope, height=0.3 * envelope.max(), distance=rate // 6)
    beats = made.cue.brief.plan.tempo_map.beats
    errors = np.array([np.abs(beats - peak / rate).min() for peak in peaks])
    assert len(peaks) > 40
    assert np.mean(errors < 0.02) > 0.9


@pytest.mark.skipif(sys.platform != "linux", reason="open maps are read from /proc")
def test_a_long_cue_lies_in_files_and_lets_go_of_them(demo_edit: Path, tmp_path: Path) -> None:
    long = repeated(demo_edit, 130, tmp_path / "long.otio")
    made = score(Request(long, out_text="130s", style="ambient", to=tmp_path / "cues", seed=1))
    assert made.cue.brief.samples == 130 * 48_000
    maps = Path("/proc/self/maps").read_text().splitlines()
    assert not [line for line in maps if ".f32" in line]


@pytest.mark.parametrize(
    ("name", "seconds"), [("retimed_2997df", 23), ("nested_23976", 18), ("offline_25", 13), ("plain_24", 40)]
)
def test_every_timeline_is_scored_at_its_own_rate(shared: Path, tmp_path: Path, name: str, seconds: int) -> None:
    made = score(Request(shared / "timelines" / f"{name}.otio", to=tmp_path, seed=1, sample_rate=44_100))
    scored = made.cue.brief.edit.range
    exact = Fraction(scored.frames) / scored.rate
    assert int(exact) == seconds
    for saved in made.cue.take.stems.values():
        assert soundfile.info(made.cue.folder / saved.file).frames == round(exact * 44_100)
    placed = otio.adapters.read_from_file(str(made.cue.folder / "cue.otio"))
    track = placed.audio_tracks()[0]
    (clip,) = track.find_clips()
    assert clip.duration().value == int(round(exact * 44_100) * scored.rate / 44_100)
    assert (placed.global_start_time + track.trimmed_range_of_child(clip).start_time) == scored.start


@pytest.mark.parametrize(
    "name", ["effects", "premiere_example", "resolve_50p", "resolve_50p_retime", "screening_example", "transition"]
)
def test_what_real_editors_wrote_is_scored_and_what_is_missing_is_said(shared: Path, tmp_path: Path, name: str) -> None:
    made = score(Request(shared / "timelines" / "real" / f"{name}.otio", to=tmp_path, seed=1))
    told = summary(made.cue, made.rendering, made.timings)
    assert told["offline"]
    assert told["loudness"] == pytest.approx(-20, abs=1)
    assert all(hit["met"] or hit["why"] for hit in told["hits"])


def test_nothing_is_looked_up_on_the_network(demo_edit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert score(Request(demo_edit, out_text="3s", to=tmp_path, seed=1)).cue.folder.is_dir()


@pytest.mark.slow
def test_cancelling_is_looked_for_at_least_five_times_a_second(demo_edit: Path, tmp_path: Path) -> None:
    looked: list[float] = []

    def look() -> bool:
        looked.append(time.process_time())
        return False

    score(Request(demo_edit, to=tmp_path, seed=1, style="action"), Watch(cancelled=look))
    gaps = np.diff(looked)
    # Processor time of all threads, two of which work at once.
    assert np.quantile(gaps, 0.99) < 0.4
    assert gaps.max() < 1.0


def test_a_timeline_may_travel_as_text_without_its_file(demo_edit: Path, tmp_path: Path) -> None:
    """The text was read elsewhere; the path gives the folder of its media only."""
    absent = demo_edit.parent / "an edit that was never saved.otio"
    there = score(Request(demo_edit, out_text="4s", to=tmp_path, seed=3))
    travelled = score(Request(absent, out_text="4s", to=tmp_path, seed=3, content=demo_edit.read_bytes()))
    assert not travelled.cue.brief.edit.offline
    assert {n: s.sha256 for n, s in travelled.cue.take.stems.items()} == {
        n: s.sha256 for n, s in there.cue.take.stems.items()
    }


def test_a_cue_is_whole_just_before_it_appears(demo_edit: Path, tmp_path: Path) -> None:
    told: list[tuple[bool, str]] = []

    def keep(scored: Scored) -> None:
        digest = hashlib.sha256((scored.hidden / "cue.json").read_bytes()).hexdigest()
        told.append((scored.cue.folder.exists(), digest))

    made = score(Request(demo_edit, out_text="4s", to=tmp_path), about_to_appear=keep)
    assert told == [(False, hashlib.sha256((made.cue.folder / "cue.json").read_bytes()).hexdigest())]
