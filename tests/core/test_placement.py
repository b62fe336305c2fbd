"""The placement says where everything of a cue goes; whoever lays it needs nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import soundfile
from opentimelineio.opentime import RationalTime

from core.brief import Hit, Met, Range, Section, TempoMap
from core.comp import comp
from core.cue.folder import Cue, load
from core.cue.takes import Notes, load_notes, save_notes, take_folder
from core.cue.taking import prune, use
from core.errors import UnusableInput, WrongUse
from core.placement import cue_id, placement
from core.reroll import Reroll, reroll
from core.watch import Watch
from tests.core.sketch_engine import brief, make, sketch
from tests.hosts import placements

__all__ = ["sketch"]
QUIET = Watch()


def shape(value: Any) -> Any:
    """The keys of plain data, however deep; of a list those of its first item."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


# ---- the whole ----


def test_it_has_the_shape_that_the_scripts_are_written_for(sketch: Cue, tmp_path: Path) -> None:
    expected = placements.placement(tmp_path / "other")
    assert shape(placement(sketch, QUIET, pieces=True)) == shape({**expected, "said": []})


def test_it_is_plain_data_that_every_host_reads(sketch: Cue) -> None:
    told = placement(sketch, QUIET, pieces=True)
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_it_says_where_the_cue_lies_on_its_timeline(sketch: Cue) -> None:
    told = placement(sketch, QUIET)
    assert (told["start"], told["timeline_start"], told["frames"], told["seconds"]) == (50, 90_000, 200, 8.0)
    assert (told["rate"], told["drop_frame"], told["take"], told["takes"]) == ("25/1", False, 1, [1])
    assert told["cue"] == {"id": cue_id(sketch), "name": "cue", "folder": str(sketch.folder)}
    assert told["midi"] == str(sketch.folder / "cue.mid")
    assert told["hits"] == {"met": 2, "total": 2, "chance": 0.1}


@pytest.mark.parametrize("rate", placements.RATES)
@pytest.mark.parametrize("first", ["00:00:00:00", "00:59:50:00", "01:00:00:00"])
def test_frames_are_whole_at_every_rate_and_start(sketch: Cue, rate: str, first: str) -> None:
    fps = placements.RATES[rate]
    hours, minutes, seconds, frames = map(int, first.split(":"))
    start = (hours * 3600 + minutes * 60 + seconds) * round(fps) + frames
    told = sketch.brief
    length = int(8 * fps)  # as many whole frames as there is sound
    span = Range(
        RationalTime(start + 77, float(fps)), RationalTime(length, float(fps)), RationalTime(start, float(fps)), False
    )
    cue = make(sketch.folder / "other", replace(told, edit=replace(told.edit, range=span)))
    laid = placement(cue, QUIET, pieces=True)
    assert (laid["start"], laid["timeline_start"], laid["frames"]) == (77, start, length)
    assert laid["rate"] == f"{fps.numerator}/{fps.denominator}"
    assert laid["seconds"] == pytest.approx(length / float(fps))
    for stem in laid["stems"]:
        ends = [piece["first"] + piece["frames"] for piece in stem["pieces"]]
        assert [piece["first"] for piece in stem["pieces"]] == [0, *ends[:-1]]
        assert ends[-1] == length
        assert soundfile.info(stem["file"]).frames == round(length / fps * 48_000)
        for piece in stem["pieces"]:
            assert soundfile.info(piece["file"]).frames >= piece["frames"] / fps * 48_000


# ---- stems and pieces ----


def test_without_pieces_the_stems_are_whole_and_nothing_is_cut(sketch: Cue) -> None:
    told = placement(sketch, QUIET, sample_rate=44_100)
    assert [stem["name"] for stem in told["stems"]] == ["drums", "bass", "melody"]
    assert [stem["file"] for stem in told["stems"]] == [str(path) for path in sketch.files(sketch.take).values()]
    assert all(stem["pieces"] == [] for stem in told["stems"])
    assert told["sample_rate"] == 48_000, "whole stems are never resampled"
    assert not (sketch.folder / "pieces").exists()


def test_pieces_have_the_sample_rate_of_the_hosts_project(sketch: Cue) -> None:
    told = placement(sketch, QUIET, pieces=True, sample_rate=44_100)
    assert told["sample_rate"] == 44_100
    files = [Path(piece["file"]) for stem in told["stems"] for piece in stem["pieces"]]
    assert {soundfile.info(file).samplerate for file in files} == {44_100}
    assert {file.parent for file in files} == {sketch.folder / "pieces" / "44100"}
    assert placement(sketch, QUIET, pieces=True)["sample_rate"] == 48_000


def test_only_the_stems_that_are_asked_for_are_told_and_cut(sketch: Cue) -> None:
    told = placement(sketch, QUIET, stems=("melody", "drums"), pieces=True)
    assert [stem["name"] for stem in told["stems"]] == ["drums", "melody"]
    assert {path.name.split()[0] for path in (sketch.folder / "pieces").rglob("*.wav")} == {"drums", "melody"}


def test_a_stem_is_told_with_the_take_that_made_its_file(sketch: Cue) -> None:
    reroll(Reroll(sketch.folder, "6s", "10s", ("bass",), seed=5, snap="none"))
    reroll(Reroll(sketch.folder, "2s", "6s", ("drums",), seed=6, snap="none"))
    told = placement(load(sketch.folder), QUIET, pieces=True)
    assert {stem["name"]: stem["take"] for stem in told["stems"]} == {"drums": 3, "bass": 2, "melody": 1}
    assert (told["take"], told["takes"]) == (3, [1, 2, 3])
    for stem in told["stems"]:
        assert Path(stem["file"]).parent.name == f"{stem['take']:03}"
        for piece in stem["pieces"]:
            name = rf"{stem['name']} 0{piece['section']} {piece['name']} take \d {told['cue']['id']}\.wav"
            assert re.fullmatch(name, Path(piece["file"]).name)


def test_another_take_brings_back_the_files_it_had(sketch: Cue) -> None:
    first = placement(sketch, QUIET, pieces=True)
    reroll(Reroll(sketch.folder, "6s", "10s", ("bass",), seed=5))
    second = placement(load(sketch.folder), QUIET, pieces=True)
    assert second["stems"] != first["stems"]
    back = placement(use(sketch.folder, 1), QUIET, pieces=True)
    assert {**back, "takes": [1]} == first
    comp(sketch.folder, 2, "6s", "10s", ("bass",))
    assert placement(load(sketch.folder), QUIET)["take"] == 3


def test_paths_are_absolute_however_the_cue_was_named(sketch: Cue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sketch.folder.parent)
    assert placement(load(Path("cue")), QUIET, pieces=True) == placement(sketch, QUIET, pieces=True)


# ---- the cue's id ----


def test_the_id_is_eight_hex_digits_that_outlive_rerolls_prunes_and_moves(sketch: Cue) -> None:
    identity = cue_id(sketch)
    assert re.fullmatch("[0-9a-f]{8}", identity)
    for seed in (5, 6):
        assert cue_id(reroll(Reroll(sketch.folder, seed=seed)).cue) == identity
    assert prune(sketch.folder) == (1, 2)
    assert cue_id(load(sketch.folder)) == identity
    moved = shutil.move(sketch.folder, sketch.folder.parent / "another name")
    assert cue_id(load(Path(moved))) == identity


def test_two_cues_have_two_ids(sketch: Cue) -> None:
    assert cue_id(make(sketch.folder / "one", replace(brief(), seed=2))) != cue_id(sketch)
    told = brief()
    span = replace(told.edit.range, start=RationalTime(90_051, 25))
    later = make(sketch.folder / "two", replace(told, edit=replace(told.edit, range=span)))
    assert cue_id(later) != cue_id(sketch)


# ---- markers ----


def test_hits_sections_bars_and_beats_stand_on_their_nearest_frames(sketch: Cue) -> None:
    told = placement(sketch, QUIET)["markers"]
    frames = [marker["first"] for marker in told]
    assert frames == sorted(frames)
    assert all(abs(marker["first"] - marker["time"] * 25) <= 0.5 for marker in told)
    by_kind = {kind: [m for m in told if m["kind"] == kind] for kind in ("hit", "section", "bar", "beat")}
    assert [(m["first"], m["name"], m["note"]) for m in by_kind["hit"]] == [(100, "cut", "met"), (162, "HIT", "met")]
    assert [(m["first"], m["frames"], m["name"]) for m in by_kind["section"]] == [(0, 100, "A"), (100, 100, "B")]
    assert [(m["first"], m["name"]) for m in by_kind["bar"]] == [(50 * n, f"Bar {n + 1}") for n in range(4)]
    assert [m["name"] for m in by_kind["beat"]][:4] == ["Beat 1.2", "Beat 1.3", "Beat 1.4", "Beat 2.2"]
    assert len(by_kind["bar"]) + len(by_kind["beat"]) == 16, "the beat on the end has no frame"
    assert [m["kind"] for m in told if m["first"] == 100] == ["hit", "section", "bar"]


def test_hits_are_told_as_they_are_heard(sketch: Cue) -> None:
    told = sketch.brief
    hits = [Hit(time, "cut", 0.5, label) for time, label in ((1.0, "late"), (2.0, ""), (3.0, " "), (5.0, "x"))]
    met = (*(Met(hit, True, "beat", 1.0) for hit in hits), Met(Hit(7.0, "cut", 0.5, "far"), False, why="too near"))
    cue = replace(sketch, brief=replace(told, plan=replace(told.plan, met=met)))
    take = replace(cue.take, errors_ms=(3.2, -1.6, 0.4, None, None))
    notes = load_notes(cue.folder, cue.take)
    heard = Notes(notes.tracks, notes.chords, ("accent", "stop", "grid", None, None))
    take = replace(take, notes=save_notes(cue.folder, take_folder(cue.folder, 1), heard))
    laid = placement(replace(cue, takes=(take,)), QUIET)
    assert [(m["name"], m["note"], m["met"]) for m in laid["markers"] if m["kind"] == "hit"] == [
        ("late", "met, 3 ms late", True),
        ("cut", "met by a stop, 2 ms early", True),
        ("cut", "met", True),
        ("x", "not met: it was planned, but nothing is heard there", False),
        ("far", "not met: too near", False),
    ]
    assert laid["hits"] == {"met": 3, "total": 5, "chance": 0.1}


def test_what_lies_outside_the_cue_has_no_marker(sketch: Cue) -> None:
    told = sketch.brief
    outside = tuple(Met(Hit(time, "marker", 1.0, "out"), True, "beat", 0.0) for time in (-0.5, 8.0))
    tempo_map = TempoMap(told.plan.tempo_map.beats - 0.25, told.plan.tempo_map.downbeats, told.plan.tempo_map.meter)
    plan = replace(told.plan, met=outside, tempo_map=tempo_map)
    laid = placement(replace(sketch, brief=replace(told, plan=plan)), QUIET)
    assert all(0 <= marker["first"] < 200 for marker in laid["markers"])
    assert laid["markers"][1]["name"] == "Beat 1.2", "the first bar begins before the cue"
    assert "hit" not in {marker["kind"] for marker in laid["markers"]}


def test_sections_are_told_as_they_lie_and_as_they_sound(sketch: Cue) -> None:
    told = sketch.brief
    sections = (Section(0.3, 3.713, "A", 0, 8), Section(4.013, 0.001, "A2", 8, 0), Section(4.014, 4.0, "B", 8, 8))
    cue = replace(sketch, brief=replace(told, plan=replace(told.plan, sections=sections)))
    assert placement(cue, QUIET)["sections"] == [
        {"number": 1, "name": "A", "first": 0, "frames": 100, "start": 0.0, "duration": pytest.approx(4.014)},
        {"number": 3, "name": "B", "first": 100, "frames": 100, "start": 4.014, "duration": pytest.approx(3.986)},
    ]


# ---- tempo ----


def test_the_tempo_is_told_in_quarter_notes_from_the_cues_start(sketch: Cue) -> None:
    assert placement(sketch, QUIET)["tempo"] == [
        {"time": 0.0, "bpm": 120.0, "numerator": 4, "denominator": 4, "downbeat": True}
    ]


def test_the_beats_of_a_real_cue_are_met_by_whoever_adds_up_its_tempo(cue_of_the_demo: dict[str, Any]) -> None:
    cue = load(Path(cue_of_the_demo["cue"]))
    points = placement(cue, QUIET)["tempo"]
    step = Fraction(cue.brief.plan.tempo_map.meter.quarters_per_beat)
    met: list[float] = []
    quarter = Fraction(0)
    for point, after in zip(points, [*points[1:], {"time": cue.brief.seconds}], strict=True):
        time, per_second = Fraction(point["time"]), Fraction(point["bpm"]) / 60
        until = quarter + (Fraction(after["time"]) - time) * per_second
        while len(met) * step < until - Fraction(1, 10**9):
            met.append(float(time + (len(met) * step - quarter) / per_second))
        quarter = until
    beats = [beat for beat in cue_of_the_demo["beats"] if beat < cue.brief.seconds]
    assert beats[0] == 0, "this film begins on a beat"
    assert met == pytest.approx(beats, abs=1e-6)


# ---- what can go wrong ----


def test_a_stem_that_is_not_there_is_one_sentence(sketch: Cue) -> None:
    with pytest.raises(WrongUse, match=r"no stem 'harmony'.*There are drums, bass, melody\."):
        placement(sketch, QUIET, stems=("drums", "harmony"))


@pytest.mark.parametrize("sample_rate", [7_999, 192_001, 0, -48_000])
def test_a_sample_rate_that_cannot_be_meant_is_one_sentence(sketch: Cue, sample_rate: int) -> None:
    with pytest.raises(WrongUse, match=rf"{sample_rate} Hz cannot be meant\. Give 8000 to 192000\."):
        placement(sketch, QUIET, pieces=True, sample_rate=sample_rate)


def test_a_whole_stem_that_is_gone_or_cut_short_is_never_laid(sketch: Cue) -> None:
    path = sketch.files(sketch.take)["bass"]
    os.truncate(path, path.stat().st_size - 6)
    with pytest.raises(UnusableInput, match="not as long as the cue"):
        placement(sketch, QUIET)
    path.unlink()
    with pytest.raises(UnusableInput, match="cannot be read"):
        placement(sketch, QUIET)
    assert placement(sketch, QUIET, stems=("drums",))


def test_a_cue_without_notes_has_no_midi(sketch: Cue) -> None:
    (sketch.folder / "cue.mid").unlink()
    assert placement(sketch, QUIET)["midi"] is None


def test_what_was_said_of_the_cue_is_said_again(sketch: Cue) -> None:
    told = sketch.brief
    direction = replace(told.direction, unknown=("wobbly",))
    edit = replace(told.edit, said=("A ramp was not understood.",))
    take = replace(sketch.take, said=("The new music was turned down by 2 dB.",))
    cue = replace(sketch, brief=replace(told, edit=edit, direction=direction), takes=(take,))
    assert placement(cue, QUIET)["said"] == [
        "A ramp was not understood.",
        "These words of the prompt are not understood: wobbly.",
        "The new music was turned down by 2 dB.",
    ]
