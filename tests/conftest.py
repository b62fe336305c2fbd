"""Fixtures that every test may use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Test processes side by side would write one cache of compiled librosa functions at once, and crash on half a file.
os.environ["NUMBA_CACHE_DIR"] = str(
    Path(tempfile.gettempdir()) / f"hitpoint-numba-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
)


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The program's state for this session alone; the daemon that the commands start there is stopped at the end."""
    folder = tmp_path_factory.mktemp("home")
    os.environ["HITPOINT_HOME"] = str(folder)
    yield folder
    subprocess.run([sys.executable, "-m", "daemon.command", "daemon", "stop"], capture_output=True, check=False)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real clips and timelines beside the checkout; tests that need it skip where it is absent."""
    folder = Path(__file__).resolve().parents[1].parent / "shared"
    if not (folder / "timelines").is_dir():
        pytest.skip("no folder of real timelines and media beside the checkout")
    return folder


@pytest.fixture(scope="session")
def demo_edit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short edit of footage that the project renders itself."""
    from daemon.demo import make_footage

    return make_footage(tmp_path_factory.mktemp("footage"))


@pytest.fixture(scope="session")
def long_edit(demo_edit: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same footage over and over for ten minutes: a score of it is still at work when a test wants to stop it."""
    timeline = json.loads(demo_edit.read_text())
    track = timeline["tracks"]["children"][0]
    for clip in track["children"]:
        media = clip["media_references"]["DEFAULT_MEDIA"]
        media["target_url"] = str(demo_edit.parent / media["target_url"])
    track["children"] *= 15
    path = tmp_path_factory.mktemp("long") / "long.otio"
    path.write_text(json.dumps(timeline))
    return path


@pytest.fixture(scope="session")
def cue_of_the_demo(demo_edit: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The result line of `hitpoint score` on the demonstration, as a script sees it."""
    folder = tmp_path_factory.mktemp("cues")
    words = ["score", str(demo_edit), "--seed", "7", "--to", str(folder), "--json"]
    answer = subprocess.run(
        [sys.executable, "-m", "daemon.command", *words], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    result: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return result
