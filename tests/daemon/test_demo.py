"""The demo's own footage: readable by anybody, long enough for its edit, and the same each time."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import opentimelineio as otio
import pytest

from daemon import demo
from daemon.connection import daemon_lives
from daemon.home import Home


@pytest.fixture(scope="module")
def clips(demo_edit: Path) -> list[Any]:
    """The clips of the edit as OpenTimelineIO reads them."""
    timeline: Any = otio.adapters.read_from_file(str(demo_edit))
    return list(timeline.find_clips())


def _luma(path: Path) -> Any:
    with av.open(str(path)) as movie:
        return np.array([frame.to_ndarray(format="gray")[::8, ::8] for frame in movie.decode(video=0)], np.float64)


def test_the_edit_has_cuts_enough_and_starts_at_one_hour(demo_edit: Path, clips: list[Any]) -> None:
    timeline: Any = otio.adapters.read_from_file(str(demo_edit))
    assert len(clips) - 1 >= 10
    assert otio.opentime.to_timecode(timeline.global_start_time) == "01:00:00:00"
    assert timeline.duration() == otio.opentime.RationalTime(960, 24)


def test_two_red_markers_and_a_blue_one_stand_on_the_film(demo_edit: Path) -> None:
    timeline: Any = otio.adapters.read_from_file(str(demo_edit))
    markers = timeline.tracks[0].markers
    assert sorted(marker.color for marker in markers) == ["BLUE", "RED", "RED"]
    assert all(marker.name.startswith("HIT") for marker in markers if marker.color == "RED")
    cuts = {timeline.tracks[0].range_of_child_at_index(index).start_time.value for index in range(16)}
    assert all(marker.marked_range.start_time.value in cuts for marker in markers)


def test_every_clip_decodes_and_covers_what_the_edit_uses(demo_edit: Path, clips: list[Any]) -> None:
    for name in {clip.media_reference.target_url for clip in clips}:
        with av.open(str(demo_edit.parent / name)) as movie:
            assert movie.streams.video[0].average_rate == 24
            frames = sum(1 for _ in movie.decode(video=0))
        used = [clip for clip in clips if clip.media_reference.target_url == name]
        assert all(clip.source_range.end_time_exclusive().value <= frames for clip in used)
        assert all(clip.media_reference.available_range.duration.value == frames for clip in used)


def test_the_pictures_move_and_the_moods_differ(demo_edit: Path) -> None:
    pictures = {path.stem: _luma(path) for path in demo_edit.parent.glob("*.mp4")}
    motion = {name: float(np.mean(np.abs(np.diff(luma, axis=0)))) for name, luma in pictures.items()}
    light = {name: float(np.mean(luma)) for name, luma in pictures.items()}
    calm, tense, joyful = ("dawn", "sea", "lanterns"), ("tunnel", "grid", "storm"), ("bounce", "confetti", "sunburst")
    assert min(motion.values()) > 0.2
    assert max(motion[name] for name in calm) < min(motion["tunnel"], motion["grid"])
    assert max(light[name] for name in tense) < min(light[name] for name in joyful)


def test_the_same_footage_comes_out_each_time(demo_edit: Path, tmp_path: Path) -> None:
    again = tmp_path / "sea.mp4"
    demo._render("sea", demo.clip_lengths()["sea"], again)
    first = demo_edit.parent / "sea.mp4"
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(first.read_bytes()).digest()


def test_what_is_there_is_not_drawn_again(demo_edit: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in demo_edit.parent.glob("*.mp4")}
    assert demo.make_footage(demo_edit.parent) == demo_edit
    assert {path: path.stat().st_mtime_ns for path in demo_edit.parent.glob("*.mp4")} == before


def test_the_footage_is_small(demo_edit: Path) -> None:
    assert sum(path.stat().st_size for path in demo_edit.parent.glob("*.mp4")) < 12_000_000


def test_the_demo_scores_its_film_and_leaves_nothing_running(demo_edit: Path, tmp_path: Path) -> None:
    shutil.copytree(demo_edit.parent, tmp_path / "demo" / "footage")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    words = [sys.executable, "-m", "daemon.demo"]
    said = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert (Path(said.stdout.splitlines()[0]) / "cue.html").is_file()
    assert (tmp_path / "demo" / ".hitpoint" / "log" / "daemon.log").is_file(), "it had a daemon of its own"
    assert not daemon_lives(Home(tmp_path / "demo" / ".hitpoint"))
