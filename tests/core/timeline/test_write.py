"""The cue on its timeline: read back with OpenTimelineIO, stems lie on the exact record frame."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path, PureWindowsPath
from typing import Any

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
FILES: dict[StemName, str] = {name: f"takes/001/{name}.wav" for name in reversed(STEMS)}


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


def written(tmp_path: Path, edit: Edit, plan: Plan, sample_rate: int = 48_000) -> otio.schema.Timeline:
    """The cue's timeline after a way through the disk."""
    path = tmp_path / "cue.otio"
    save(placed(edit, FILES, sample_rate, plan, tmp_path), path)
    return otio.adapters.read_from_file(str(path))


def markers_of(cue: otio.schema.Timeline) -> dict[int, tuple[str, str]]:
    return {round(mark.marked_range.start_time.value): (mark.name, mark.color) for mark in cue.tracks.markers}


@pytest.mark.parametrize(("rate", "start"), RATES, ids=lambda value: f"{float(value):g}")
def test_stems_lie_on_the_exact_record_frame(tmp_path: Path, rate: Fraction, start: int) -> None:
    edit = edit_of(tmp_path, rate, start, "37f", "200f")
    cue = written(tmp_path, edit, plan_of(edit))
    assert cue.global_start_time == edit.range.timeline_start == RationalTime(start, float(rate))
    assert [stem.name for stem in cue.audio_tracks()] == list(STEMS)
    for stem in cue.audio_tracks():
        (placed_clip,) = stem.find_clips()
        record = placed_clip.transformed_time_range(placed_clip.trimmed_range(), cue.tracks)
        assert cue.global_start_time + record.start_time == edit.range.start
        assert record.duration.value == 163
        assert write(cue.global_start_time + record.start_time, edit.range.drop_frame) == edit.in_text


def test_media_are_bare_absolute_paths_with_their_whole_length(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, Fraction(24), 86_400)
    cue = written(tmp_path, edit, plan_of(edit))
    for name, stem in zip(STEMS, cue.find_clips(), strict=True):
        assert stem.media_reference.target_url == str(tmp_path / "takes" / "001" / f"{name}.wav")
        assert stem.media_reference.available_range == TimeRange(RationalTime(0, 24), RationalTime(280, 24))
        assert stem.source_range == stem.available_range()


def test_a_moved_folder_still_says_where_its_stems_are(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, Fraction(24), 86_400)
    cue = written(tmp_path, edit, plan_of(edit))
    assert dict(cue.metadata["hitpoint"]["stems"]) == FILES


def test_on_windows_paths_are_as_resolve_writes_them_there(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, Fraction(24), 86_400)
    document = placed(edit, FILES, 48_000, plan_of(edit), PureWindowsPath(r"D:\Müller & Co\cue 50%"))
    media = [node for node in nodes(document) if node.get("OTIO_SCHEMA") == "ExternalReference.1"]
    assert media[0]["target_url"] == r"D:\Müller & Co\cue 50%\takes\001\drums.wav"
    assert media[0]["name"] == "drums.wav"


@pytest.mark.parametrize("sample_rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("rate", [NTSC, Fraction(60_000, 1001), Fraction(24_000, 1001), Fraction(25)], ids=str)
def test_of_a_file_only_whole_frames_that_lie_in_it_are_used(tmp_path: Path, rate: Fraction, sample_rate: int) -> None:
    short = 0
    for frames in range(100, 106):
        edit = edit_of(tmp_path, rate, 0, "30f", f"{30 + frames}f")
        cue = written(tmp_path, edit, plan_of(edit), sample_rate)
        seconds = Fraction(edit.range.samples(sample_rate), sample_rate)
        for stem in cue.find_clips():
            used = stem.source_range.end_time_exclusive().value
            assert used == int(used)
            assert used <= seconds * rate < used + 1
            assert stem.source_range == stem.media_reference.available_range
            short += used == frames - 1
        assert [item.duration().value for item in cue.tracks] == [30 + frames] * (1 + len(STEMS))
    assert short == 0 or (rate.denominator, sample_rate) != (1, 48_000)


# ---- the shape ----


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document, however deep."""
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from nodes(child)
    elif isinstance(node, list | tuple):
        for child in node:
            yield from nodes(child)


def keys_by_schema(*documents: Any) -> dict[str, set[frozenset[str]]]:
    """Schema with its version → the sets of keys that its objects have."""
    found: dict[str, set[frozenset[str]]] = {}
    for node in nodes(documents):
        if "OTIO_SCHEMA" in node:
            found.setdefault(node["OTIO_SCHEMA"], set()).add(frozenset(node))
    return found


@pytest.fixture
def real(shared: Path) -> list[Any]:
    """What DaVinci Resolve itself has exported."""
    folder = shared / "timelines" / "real"
    return [json.loads((folder / name).read_bytes()) for name in ("resolve_50p.otio", "resolve_50p_retime.otio")]


@pytest.fixture
def ours(tmp_path: Path) -> Any:
    """A cue in the middle of a timeline, whose last frame does not quite lie in its files."""
    edit = edit_of(tmp_path, NTSC, 107_892, "30f", "132f")
    return json.loads(json.dumps(placed(edit, FILES, 48_000, plan_of(edit), tmp_path)))


def test_each_schema_has_the_version_and_the_keys_that_resolve_writes(real: list[Any], ours: Any) -> None:
    theirs, written_here = keys_by_schema(*real), keys_by_schema(ours)
    # Neither export has a gap or a marker: a gap has what all items have, a marker what Marker.2 had at first.
    (clip_keys,) = theirs["Clip.2"]
    theirs["Gap.1"] = {clip_keys - {"media_references", "active_media_reference_key"}}
    theirs["Marker.2"] = {frozenset({"OTIO_SCHEMA", "metadata", "name", "color", "marked_range"})}
    assert set(written_here) <= set(theirs)
    assert {schema: keys for schema, keys in theirs.items() if schema in written_here} == written_here


def test_each_value_is_of_the_kind_that_resolve_writes(real: list[Any], ours: Any) -> None:
    def kinds(*documents: Any) -> dict[tuple[str, str], set[type]]:
        found: dict[tuple[str, str], set[type]] = {}
        for node in nodes(documents):
            for key, value in node.items() if "OTIO_SCHEMA" in node else ():
                found.setdefault((node["OTIO_SCHEMA"], key), set()).add(type(value))
        return found

    theirs = kinds(*real)
    for (schema, key), found in kinds(ours).items():
        assert found <= theirs.get((schema, key), theirs.get(("Clip.2", key), {str, dict})), (schema, key)


def resolves(node: Any) -> Any:
    """What Resolve keeps of its own in a node's metadata."""
    return node["metadata"].get("Resolve_OTIO")


def test_tracks_tell_of_themselves_as_resolves_do(real: list[Any], ours: Any) -> None:
    def told(*documents: Any) -> set[tuple[str, tuple[tuple[str, Any], ...]]]:
        tracks = [track for document in documents for track in document["tracks"]["children"]]
        return {(track["kind"], tuple(sorted(resolves(track).items()))) for track in tracks}

    assert told(ours) == told(*real)
    kinds = [track["kind"] for track in ours["tracks"]["children"]]
    assert kinds == ["Video"] + ["Audio"] * len(STEMS)
    assert [track["name"] for track in ours["tracks"]["children"]] == ["Video 1", *STEMS]
    assert all(resolves(document) == {"Resolve OTIO Meta Version": "1.0"} for document in (ours, *real))


def test_clips_tell_of_their_channels_as_resolves_do(real: list[Any], ours: Any) -> None:
    def clips(document: Any) -> list[Any]:
        tracks = document["tracks"]["children"]
        children = [child for track in tracks if track["kind"] == "Audio" for child in track["children"]]
        return [child for child in children if child["OTIO_SCHEMA"] == "Clip.2"]

    theirs = [entry for document in real for one in clips(document) for entry in resolves(one)["Channels"]]
    for one in clips(ours):
        assert set(one["metadata"]) == {"Resolve_OTIO"}
        assert [entry["Source Channel ID"] for entry in resolves(one)["Channels"]] == [0, 1]
        assert all(set(entry) == set(theirs[0]) for entry in resolves(one)["Channels"])
        assert list(one["media_references"]) == [one["active_media_reference_key"]] == ["DEFAULT_MEDIA"]


def test_every_track_is_as_long_as_the_timeline_without_empty_gaps(ours: Any) -> None:
    for one in ours["tracks"]["children"]:
        lengths = [child["source_range"]["duration"]["value"] for child in one["children"]]
        assert sum(lengths) == 132
        assert all(length == int(length) > 0 for length in lengths)
        starts = {child["source_range"]["start_time"]["value"] for child in one["children"]}
        assert starts == {0}
    assert [len(one["children"]) for one in ours["tracks"]["children"]] == [1] + [3] * len(STEMS)


def test_whatever_people_see_has_a_name(ours: Any) -> None:
    assert ours["name"]
    for node in nodes(ours):
        if node.get("OTIO_SCHEMA") in ("Track.1", "Clip.2", "Marker.2", "ExternalReference.1"):
            assert node["name"].strip()


# ---- markers ----


def test_hits_and_beats_are_markers_counted_from_the_timelines_start(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, Fraction(24), 86_400, "30f")
    cue = written(tmp_path, edit, plan_of(edit))
    markers = markers_of(cue)
    assert markers[60] == ("b", "GREEN")
    assert markers[120] == ("c", "GREEN")
    assert markers[240] == ("gap", "RED")
    assert markers[30] == ("Bar 1", "BLUE")
    assert markers[42] == ("Beat 1.2", "CYAN")
    assert markers[30 + 48] == ("Bar 2", "BLUE")
    assert all(30 <= frame < 280 for frame in markers)
    notes = {mark.name: mark.metadata["Resolve_OTIO"]["Note"] for mark in cue.tracks.markers}
    assert notes["gap"] == "cut: not met. Too near to the hit before."
    assert all(mark.marked_range.duration.value == 1 for mark in cue.tracks.markers)


def test_each_frame_has_one_marker_and_a_hit_wins_over_a_beat(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, Fraction(24), 86_400)
    plan = plan_of(edit)
    hits = [Hit(2.0, "cut", 0.5, "cut"), Hit(2.001, "marker", 1.0, "HIT", must=True), Hit(3.0, "motion", 0.3, " ")]
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


# ---- the file ----


def test_only_the_stems_that_exist_are_placed(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, Fraction(24), 0)
    save(placed(edit, {"melody": "takes/001/melody.wav"}, 48_000, plan_of(edit), tmp_path), tmp_path / "cue.otio")
    cue = otio.adapters.read_from_file(str(tmp_path / "cue.otio"))
    assert [stem.name for stem in cue.audio_tracks()] == ["melody"]


def test_a_name_that_is_no_unicode_leaves_the_file_readable(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, Fraction(24), 0)
    hit = Hit(2.0, "marker", 1.0, "HIT \ud800 „Tür“")
    plan = replace(plan_of(edit), met=(Met(hit, True, "beat", 5.0),))
    document = placed(replace(edit, name="Reel \udcff"), FILES, 48_000, plan, tmp_path / "b\udcff")
    save(document, tmp_path / "cue.otio")
    cue = otio.adapters.read_from_file(str(tmp_path / "cue.otio"))
    assert cue.name == "Reel ? – music"
    assert markers_of(cue)[48] == ("HIT ? „Tür“", "GREEN")


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
        save({"OTIO_SCHEMA": "Timeline.1"}, tmp_path / "cue.otio")
    assert (tmp_path / "cue.otio").read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["cue.otio", "edit.otio"]


def test_a_cue_reads_like_any_timeline(tmp_path: Path) -> None:
    edit = edit_of(tmp_path, Fraction(24), 86_400, "30f")
    written(tmp_path, edit, plan_of(edit))
    with pytest.raises(UnusableInput, match=r"only gaps.*01:00:00:00 to 01:00:11:16"):
        read(tmp_path / "cue.otio")
