"""The fake Resolve's OTIO: the file it writes, beside real exports, and what its import takes."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from tests.hosts.resolve import Clip, Fake, Media, Traps, profile
from tests.hosts.resolve.importing import rate_and_start, why_refused
from tests.hosts.resolve.reaching import append, footage, lying, pool, project, timeline, wav


def exported(fake: Fake, folder: Path) -> dict[str, Any]:
    path = folder / "out.otio"
    assert timeline(fake).Export(str(path), fake.resolve.EXPORT_OTIO, fake.resolve.EXPORT_NONE) is True
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def parts(document: object) -> list[dict[str, Any]]:
    """Every object of an OTIO document."""
    if isinstance(document, list):
        return [part for item in document for part in parts(item)]
    if not isinstance(document, dict):
        return []
    inner = [part for item in document.values() for part in parts(item)]
    return [document, *inner] if "OTIO_SCHEMA" in document else inner


def test_export_constants_are_numbers_on_the_resolve_object_and_one_is_zero() -> None:
    resolve = Fake().resolve
    constants = {name: getattr(resolve, name) for name in dir(resolve) if name.startswith("EXPORT_")}
    assert all(type(value) is int for value in constants.values())
    assert 0 in constants.values()
    assert {"EXPORT_OTIO", "EXPORT_NONE"} <= set(constants)
    assert Fake(traps=Traps(otio_constant_zero=True)).resolve.EXPORT_OTIO == 0


def test_what_is_no_constant_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    fake = Fake()
    for kind in ("EXPORT_OTIO", "otio", 99):
        assert timeline(fake).Export(str(tmp_path / "x.otio"), kind, fake.resolve.EXPORT_NONE) is False
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    fake = Fake()
    path = str(tmp_path / "none" / "x.otio")
    assert timeline(fake).Export(path, fake.resolve.EXPORT_OTIO, fake.resolve.EXPORT_NONE) is False


def test_an_export_may_say_true_and_leave_an_empty_file_once(tmp_path: Path) -> None:
    fake, path = Fake(traps=Traps(empty_export=True)), tmp_path / "x.otio"
    sizes = []
    for _ in range(2):
        assert timeline(fake).Export(str(path), fake.resolve.EXPORT_OTIO, fake.resolve.EXPORT_NONE) is True
        sizes.append(path.stat().st_size)
    assert sizes[0] == 0 < sizes[1]


def test_the_export_has_the_shape_of_resolves_own(tmp_path: Path) -> None:
    fake = Fake(rate="25", name="Reel 1")
    fake.lay(footage(30, 3000, start=108000), 50, 100, source=25)
    fake.add_track(fake.timeline, "video")
    timeline(fake).SetTrackLock("audio", 1, True)
    timeline(fake).AddMarker(60, "Cyan", "HIT", "the door", 5, "x")
    document = exported(fake, tmp_path)
    assert (document["name"], document["tracks"]["name"]) == ("", "")
    assert document["metadata"] == {"Resolve_OTIO": {"Resolve OTIO Meta Version": "1.0"}}
    assert document["global_start_time"] == {"OTIO_SCHEMA": "RationalTime.1", "rate": 25.0, "value": 90000.0}
    first, empty, sound = document["tracks"]["children"]
    assert [track["name"] for track in (first, empty, sound)] == ["Video 1", "Video 2", "Audio 1"]
    assert sound["metadata"]["Resolve_OTIO"] == {"Audio Type": "Stereo", "Locked": True, "SoloOn": False}
    gap, clip = first["children"]
    assert gap["source_range"]["duration"]["value"] == 50
    assert clip["source_range"]["start_time"]["value"] == 90025  # media timecode at the timeline's rate
    available = clip["media_references"]["DEFAULT_MEDIA"]["available_range"]
    assert (available["start_time"]["value"], available["start_time"]["rate"]) == (108000, 30)
    assert clip["media_references"]["DEFAULT_MEDIA"]["target_url"] == "/footage/A001.mov"
    assert [child["source_range"]["duration"]["value"] for child in empty["children"]] == [150]
    (marker,) = document["tracks"]["markers"]
    assert (marker["color"], marker["marked_range"]["start_time"]["value"]) == ("CYAN", 60)
    assert marker["metadata"]["Resolve_OTIO"]["Note"] == "the door"


def test_every_track_is_padded_to_the_timelines_length(tmp_path: Path) -> None:
    fake = Fake()
    fake.lay(footage(), 0, 100)
    fake.lay(footage(name="B.mov"), 30, 20, track=2, sound=False)
    document = exported(fake, tmp_path)
    for track in document["tracks"]["children"]:
        assert sum(child["source_range"]["duration"]["value"] for child in track["children"]) == 100
    assert document["tracks"]["children"][1]["children"][-1]["OTIO_SCHEMA"] == "Gap.1"


def test_our_own_sound_is_in_the_export_with_its_bare_path(tmp_path: Path) -> None:
    fake = Fake()
    fake.lay(footage(), 0, 100)
    timeline(fake).AddTrack("audio", "stereo")
    path = wav(tmp_path / "drums 01 A take 1 3f9a2c1b.wav", 4)
    (clip,) = pool(fake).ImportMedia([path])
    fake.add_track(fake.timeline, "video")
    append(fake, clip, 86410)
    track = exported(fake, tmp_path)["tracks"]["children"][-1]
    assert [child["OTIO_SCHEMA"] for child in track["children"]] == ["Gap.1", "Clip.2", "Gap.1"]
    reference = track["children"][1]["media_references"]["DEFAULT_MEDIA"]
    assert reference["target_url"] == path
    assert reference["available_range"]["start_time"]["value"] == 0


@pytest.mark.parametrize(("how", "value"), [("short", 23.976), ("exact", 24000 / 1001)])
def test_fractional_rates_are_written_short_or_exact(tmp_path: Path, how: Any, value: float) -> None:
    fake = Fake(traps=Traps(otio_rate=how), rate="23.976")
    assert exported(fake, tmp_path)["global_start_time"]["rate"] == value


@pytest.mark.parametrize("name", ["resolve_50p.otio", "resolve_50p_retime.otio"])
def test_the_export_has_the_keys_of_real_exports(shared: Path, tmp_path: Path, name: str) -> None:
    real = json.loads((shared / "timelines" / "real" / name).read_text(encoding="utf-8"))
    fake = Fake(rate="50")
    fake.fill_from(shared / "timelines" / "real" / name)
    fake.lay(footage(50), 1600, 40)
    fake.timeline.tracks["video"][0].items[-1].speed = Fraction(1, 2)
    ours = exported(fake, tmp_path)

    def keys(document: object) -> dict[str, set[tuple[str, ...]]]:
        found: dict[str, set[tuple[str, ...]]] = {}
        for part in parts(document):
            found.setdefault(part["OTIO_SCHEMA"], set()).add(tuple(part))
        return found

    theirs = keys(real)
    assert all(shapes == theirs[schema] for schema, shapes in keys(ours).items() if schema in theirs)
    assert set(theirs) <= set(keys(ours))
    for kind in ("Video", "Audio"):
        (track,) = (track for track in real["tracks"]["children"] if track["kind"] == kind)
        (own,) = (track for track in ours["tracks"]["children"] if track["kind"] == kind)
        assert set(own["metadata"]["Resolve_OTIO"]) == set(track["metadata"]["Resolve_OTIO"])
        clip, real_clip = own["children"][0], track["children"][0]
        assert set(clip["metadata"]["Resolve_OTIO"]) <= {*real_clip["metadata"]["Resolve_OTIO"], "Link Group ID"}
        assert clip["source_range"] == real_clip["source_range"]
        assert clip["media_references"] == real_clip["media_references"]


@pytest.mark.parametrize("name", ["plain_24.otio", "retimed_2997df.otio", "offline_25.otio", "nested_23976.otio"])
def test_a_timeline_filled_from_otio_is_exported_as_it_was(shared: Path, tmp_path: Path, name: str) -> None:
    source = shared / "timelines" / name
    rate, start = rate_and_start(source)
    fake = Fake(rate=rate)
    fake.timeline.start = start
    fake.fill_from(source)
    exported(fake, tmp_path)
    before, after = (otio.adapters.read_from_file(str(path)) for path in (source, tmp_path / "out.otio"))
    clips = [clip for clip in before.video_tracks()[0] if isinstance(clip, (otio.schema.Clip, otio.schema.Stack))]
    ours = [clip for clip in after.video_tracks()[0] if isinstance(clip, otio.schema.Clip)]
    assert len(clips) == len(ours)
    for clip, own in zip(clips, ours, strict=True):
        assert round(own.duration().value) == round(clip.duration().value)
        where = [round(part.range_in_parent().start_time.value) for part in (clip, own)]
        assert where[0] == where[1]


def test_real_movies_are_laid_with_their_own_rate_and_length(shared: Path, tmp_path: Path) -> None:
    movie = shared / "media" / "elf.mp4"
    fake = Fake(rate="23.976", start="00:59:50:00")
    first, second = fake.fill([Clip(movie, 0, 40), Clip(movie, 40, 30, source=12)])
    assert first.media is not None
    assert first.media is second.media
    with_av = subprocess.run(
        [sys.executable, "-c", "import av,sys; s=av.open(sys.argv[1]).streams.video[0]; print(s.average_rate)", movie],
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(first.media.rate) == pytest.approx(float(Fraction(with_av.stdout.strip())), abs=0.01)
    clip = exported(fake, tmp_path)["tracks"]["children"][0]["children"][1]
    assert Path(clip["media_references"]["DEFAULT_MEDIA"]["target_url"]) == movie
    assert clip["source_range"]["start_time"]["value"] == pytest.approx(
        12 + first.media.start / first.media.rate * fake.timeline.rate
    )


def test_its_own_export_is_imported_as_a_timeline(tmp_path: Path) -> None:
    fake = Fake(rate="25")
    fake.lay(footage(25, start=90000), 10, 100, source=40)
    exported(fake, tmp_path)
    made = pool(fake).ImportTimelineFromFile(str(tmp_path / "out.otio"), {"timelineName": "Back"})
    assert made.GetName() == "Back"
    assert project(fake).GetCurrentTimeline().GetName() == "Back"
    assert lying(fake, 1, "video") == [(90010, 100)]
    assert pool(fake).ImportTimelineFromFile(str(tmp_path / "out.otio"), {"timelineName": "Back"}) is None


def _break(document: dict[str, Any], how: str) -> None:
    clip = document["tracks"]["children"][0]["children"][0]
    reference = clip["media_references"]["DEFAULT_MEDIA"]
    if how == "clip":
        clip["OTIO_SCHEMA"] = "Clip.1"
    elif how == "zero-based":
        clip["source_range"]["start_time"]["value"] = 0.0
    elif how == "url":
        reference["target_url"] = "file:///footage/A001.mov"
    elif how == "available":
        reference["available_range"] = None
    elif how == "title":
        reference["OTIO_SCHEMA"] = "MissingReference.1"
    elif how == "start":
        document["global_start_time"] = None
    else:
        del clip["enabled"]


@pytest.mark.parametrize("how", ["clip", "zero-based", "url", "available", "title", "start", "enabled"])
def test_an_import_of_another_shape_is_refused(tmp_path: Path, how: str) -> None:
    fake = Fake()
    fake.lay(footage(), 0, 100)
    document = exported(fake, tmp_path)
    assert why_refused(document) == []
    _break(document, how)
    (tmp_path / "bad.otio").write_text(json.dumps(document))
    assert pool(fake).ImportTimelineFromFile(str(tmp_path / "bad.otio"), {"timelineName": "Back"}) is None
    assert why_refused(document)


def test_real_exports_are_in_the_shape_that_import_accepts(shared: Path) -> None:
    for path in sorted((shared / "timelines" / "real").glob("resolve_*.otio")):
        assert why_refused(json.loads(path.read_text(encoding="utf-8"))) == []


def test_the_fake_is_a_program_of_its_own(tmp_path: Path) -> None:
    fake = Fake(rate="25")
    fake.lay(Media("A.mov", "/footage/A.mov", True, True, Fraction(25), 500), 0, 100)
    exported(fake, tmp_path)
    script = tmp_path / "script.lua"
    script.write_text("""
        local timeline = resolve:GetProjectManager():GetCurrentProject():GetCurrentTimeline()
        print(resolve:GetProductName(), timeline:GetStartFrame(), timeline:GetMarkInOut().video.out)
        timeline:AddMarker(1, "Red", "cut", "", 1)
    """)
    words = ["--profile", "21.1", "--edition", "free", "--timeline", str(tmp_path / "out.otio"), "--marks", "0", "49"]
    words += ["--script", str(script), "--trap", "overlap=slide", "--json"]
    run = subprocess.run(
        [sys.executable, "-m", "tests.hosts.resolve", *words], capture_output=True, text=True, check=True
    )
    told = json.loads(run.stdout)
    assert told["printed"] == ["DaVinci Resolve\t90000\t49"]
    assert (told["traps"], told["markers"], told["error"]) == ({"overlap": "slide"}, 1, None)
    assert [item["frames"] for item in told["tracks"][0]["items"]] == [100]


def test_an_older_build_exports_with_two_arguments(tmp_path: Path) -> None:
    fake = Fake(profile("18.5"))
    assert timeline(fake).Export(str(tmp_path / "x.otio"), fake.resolve.EXPORT_OTIO)
    assert fake.wrong_calls == []
