"""The operation `lay`: a placement as a job, asked for once or twice, whatever happens meanwhile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.cue.folder import Cue, load
from core.errors import Cancelled, UnusableInput, WrongUse
from core.placement import placement
from core.watch import Watch
from daemon import wire
from daemon.client import job_id
from daemon.executor import LIGHT_KINDS
from daemon.home import Home
from daemon.progress import Progress, way_of
from daemon.schedule import PRIORITY
from daemon.starting import connected
from daemon.work import Job, Means, perform
from tests.core.sketch_engine import sketch

__all__ = ["sketch"]
MEANS = Means(quota=0, residents=None)


def lay(cue: Path, folder: Path, watch: Watch = Watch(), **asked: Any) -> dict[str, Any]:
    request = {"cue": str(cue), "stems": [], "pieces": False, "sample_rate": None, **asked}
    return perform(Job("lay", request, None, folder), MEANS, watch, lambda: None)


def test_laying_is_quick_work_that_needs_no_device() -> None:
    assert "lay" in LIGHT_KINDS
    assert PRIORITY["lay"] == min(PRIORITY.values())


def test_the_result_is_the_placement(sketch: Cue, tmp_path: Path) -> None:
    told = lay(sketch.folder, tmp_path / "job", stems=["bass"], pieces=True, sample_rate=44_100)
    assert told == placement(sketch, Watch(), stems=["bass"], pieces=True, sample_rate=44_100)
    assert all(Path(piece["file"]).is_file() for piece in told["stems"][0]["pieces"])
    assert wire.unpacked(wire.packed({"ok": told})) == {"ok": told}


def test_done_again_after_a_crash_it_gives_the_same_and_cuts_only_what_is_missing(sketch: Cue, tmp_path: Path) -> None:
    stop = Watch(cancelled=lambda: len(list((sketch.folder / "pieces").rglob("[!.]*.wav"))) >= 3)
    with pytest.raises(Cancelled):
        lay(sketch.folder, tmp_path / "job", stop, pieces=True)
    there = {path: path.stat().st_ino for path in (sketch.folder / "pieces" / "48000").iterdir()}
    assert there
    told = lay(sketch.folder, tmp_path / "job", pieces=True)
    assert lay(sketch.folder, tmp_path / "job", pieces=True) == told
    assert {path: path.stat().st_ino for path in there} == there


def test_the_bar_goes_all_the_way(sketch: Cue, tmp_path: Path) -> None:
    told: list[float] = []
    progress = Progress(lambda _, fraction, __: told.append(fraction), way_of("lay", {}), iter(range(10_000)).__next__)
    lay(sketch.folder, tmp_path / "job", Watch(progress.report), pieces=True)
    assert told == sorted(told)
    assert told[0] < 0.1
    assert told[-1] > 0.8


def test_what_is_wrong_is_one_sentence(sketch: Cue, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="no stem 'choir'"):
        lay(sketch.folder, tmp_path / "job", stems=["choir"])
    with pytest.raises(UnusableInput, match="There is no cue here"):
        lay(tmp_path / "nowhere", tmp_path / "job")


def test_through_the_daemon_the_same_id_is_the_same_job(sketch: Cue, daemon_home: Path) -> None:
    with connected("a test", home=Home(daemon_home)) as client:
        assert "lay" in client.hello["operations"]
        asked: dict[str, Any] = {"job": job_id(), "cue": str(sketch.folder), "pieces": True}
        kind = client.ask("lay", **asked)["job"]["kind"]
        told = client.follow(asked["job"])
        again = client.ask("lay", **asked)["job"]
        with pytest.raises(WrongUse):
            client.ask("lay", **{**asked, "stems": ["bass"]})
        with pytest.raises(WrongUse, match="sample_rate must be a whole number from 8000 to 192000, not 7000"):
            client.ask("lay", **{**asked, "job": job_id(), "sample_rate": 7000})
    assert kind == "lay"
    assert (again["state"], again["result"]) == ("done", told)
    assert told == json.loads(json.dumps(placement(load(sketch.folder), Watch(), pieces=True)))
