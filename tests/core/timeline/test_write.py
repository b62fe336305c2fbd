"""The cue on its timeline: read back with OpenTimelineIO, stems lie on the exact record frame."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from opentimelineio.opentime import RationalTime, TimeRange

from core.brief import STEMS, Edit, Hit, Met, Meter, Plan, Section, StemName, TempoMap
from core.errors import UnusableInput
from core.timeline.read import read
from core.timeline.timecode import write
from core.timeline.write import placed, save
from tests.core.timeline.documents import clip, gap, saved, span, time, timeline, track

NTSC = Fraction(30_000, 1001)
RATES = [(Fraction(24), 86_400), (Fraction(24_000, 1001), 86_160), (NTSC, 107_892), (Fraction(50), 0)]


def edit_of(tmp_path: Path, rate: Fraction, start: int, *in_out: str) -> Edit:
    clips = [clip(name, span(100, 60, rate)) for name in "abcd"]
    return read(saved(timeline(track(*clips, gap(40, rate)), start=time(start, rate)), tmp_path), *in_out)


def plan_of(edit: Edit) -> Plan:
    """A beat every half second, and the edit's own hits, all but the last met."""
    beats = np.arange(-0.5, edit.range.seconds + 0.5, 0.5)
    tempo_map = TempoMap(beats, tuple(range(1, len(beats), 4)), Meter(4, 4))
    met = [Met(hit, True, "beat", 2.0 * hit.time + 1) for hit in edit.hits[:-1]]
    lost = [Met(hit, False, why="Too near to the hit before.") for hit in edit.hits[-1:]]
    return Plan(tempo_map, (Section(0.0, edit.range.seconds, "A", 1, 8),), (*met, *lost), 0.1, 120.0, 0.0)


def stems_of(folder: Path) -> dict[StemName, Path]:
    return {name: folder / "takes" / "001" / f"{name}.wav" for name in reversed(STEMS)}


def written(tmp_path: Path, edit: Edit, plan: Plan) -> otio.schema.Timeline:
    """The cue's timeline after a way through the disk."""
    path = tmp_path / "cue.otio"
    save(placed(edit, stems_of(tmp_path), 48_000, plan, tmp_path), path)
    return otio.adapters.read_from_file(str(path))


def markers_of(cue: otio.schema.Timeline) -> dict[int, tuple[str, str]]:
    return {round(mark.marked_range.start_time.value): (mark.name, mark.color) for mark in cue.tracks.markers}


@pytest.mark.parametrize(("rate", "start"), RATES, ids=lambda value: f"{float(value):g}")
def test_stems_lie_on_the_exact_record_frame(tmp_path: Path, rate: Fraction, start: int) -> None:
    edit = edit_of(tmp_path, rate, start, "37f", "200f")
    cue = written(tmp_path, edit, plan_of(edit))
    assert cue.global_start_time == edit.range.timeline_start == RationalTime(start, float(rate))
    assert [stem.name for stem in cue.tracks] == list(STEMS)
    for stem in cue.audio_tracks():
        (placed_clip,) = stem.find_clips()
        record = placed_clip.transformed_time_range(placed_clip.trimmed_range(), cue.tracks)
        assert cue.global_start_time + record.start_time == edit.range.start
        assert record.duration.value == 163
        assert write(cue.global_start_time + record.start_time, edit.range.drop_frame) == edit.in_text


def test_media_are_relative_paths_with_their_whole_length(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, Fraction(24), 86_400)
    cue = written(tmp_path, edit, plan_of(edit))
    for name, stem in zip(STEMS, cue.find_clips(), strict=True):
        assert stem.media_reference.target_url == f"takes/001/{name}.wav"
        assert stem.media_reference.available_range == TimeRange(RationalTime(0, 24), RationalTime(280, 24))
        assert stem.source_range == stem.available_range()


def test_the_shape_is_resolves(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, Fraction(24), 86_400, "12f")
    cue = written(tmp_path, edit, plan_of(edit))
    document = (tmp_path / "cue.otio").read_text()
    assert '"Clip.2"' in document
    assert '"DEFAULT_MEDIA"' in document
    assert cue.metadata["Resolve_OTIO"]["Resolve OTIO Meta Version"] == "1.0"
    for stem in cue.tracks:
        assert stem.enabled
        assert stem.metadata["Resolve_OTIO"]["Audio Type"] == "Stereo"
        assert all("Resolve_OTIO" in item.metadata for item in stem)
    assert all(mark.color.isupper() and "Note" in mark.metadata["Resolve_OTIO"] for mark in cue.tracks.markers)


def test_hits_and_beats_are_markers_counted_from_the_timelines_start(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, Fraction(24), 86_400, "30f")
    markers = markers_of(written(tmp_path, edit, plan_of(edit)))
    assert markers[60] == ("b", "GREEN")
    assert markers[120] == ("c", "GREEN")
    assert markers[240] == ("gap", "RED")
    assert markers[30] == ("Bar 1", "BLUE")
    assert markers[42] == ("Beat 1.2", "CYAN")
    assert markers[30 + 48] == ("Bar 2", "BLUE")
    assert all(30 <= frame < 280 for frame in markers)


def test_each_frame_has_one_marker_and_a_hit_wins_over_a_beat(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, Fraction(24), 86_400)
    plan = plan_of(edit)
    hits = [Hit(2.0, "cut", 0.5, "cut"), Hit(2.001, "marker", 1.0, "HIT", must=True), Hit(3.0, "motion", 0.3)]
    plan = replace(plan, met=tuple(Met(hit, True, "beat", 5.0) for hit in hits))
    cue = written(tmp_path, edit, plan)
    assert len(markers_of(cue)) == len(cue.tracks.markers)
    assert markers_of(cue)[48] == ("HIT", "GREEN")
    assert markers_of(cue)[72] == ("motion", "GREEN")


def test_the_tempo_map_is_in_the_metadata(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, NTSC, 107_892)
    plan = plan_of(edit)
    cue = written(tmp_path, edit, plan)
    facts = cue.metadata["hitpoint"]
    tempo = facts["tempo_map"]
    assert list(tempo["beats"]) == pytest.approx(plan.tempo_map.beats.tolist(), abs=1e-12)
    assert tuple(tempo["downbeats"]) == plan.tempo_map.downbeats
    assert (tempo["meter"], tempo["bpm"], facts["sample_rate"]) == ("4/4", 120.0, 48_000)
    assert (facts["in"], facts["out"], facts["rate"]) == ("01:00:00;00", "01:00:09;10", "30000/1001")
    assert [hit["met"] for hit in facts["hits"]] == [met.met for met in plan.met]


def test_only_the_stems_that_exist_are_placed(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, Fraction(24), 0)
    cue = placed(edit, {"melody": Path("takes/001/melody.wav")}, 48_000, plan_of(edit))
    assert [stem.name for stem in cue.tracks] == ["melody"]
    assert next(iter(cue.find_clips())).media_reference.target_url == "takes/001/melody.wav"


def test_saving_again_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, Fraction(24), 0)
    (tmp_path / "edit.otio").unlink()
    for _ in range(2):
        written(tmp_path, edit, plan_of(edit))
    assert [file.name for file in tmp_path.iterdir()] == ["cue.otio"]


def test_a_failed_save_leaves_the_last_good_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit = edit_of(tmp_path, Fraction(24), 0)
    written(tmp_path, edit, plan_of(edit))
    before = (tmp_path / "cue.otio").read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UnusableInput, match="disk is full"):
        save(otio.schema.Timeline("other"), tmp_path / "cue.otio")
    assert (tmp_path / "cue.otio").read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["cue.otio", "edit.otio"]


def test_a_cue_reads_like_any_timeline(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, Fraction(24), 86_400, "30f")
    save(placed(edit, stems_of(tmp_path), 48_000, plan_of(edit), tmp_path), tmp_path / "cue.otio")
    with pytest.raises(UnusableInput, match=r"only gaps.*01:00:00:00 to 01:00:11:16"):
        read(tmp_path / "cue.otio")
