"""What several tests of the daemon begin with."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.daemon.boxes import Box


@pytest.fixture(scope="module")
def daemon_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a daemon that runs."""
    home = tmp_path_factory.mktemp("home") / "hitpoint"
    command = [sys.executable, "-m", "daemon.command", "daemon"]
    environment = {**os.environ, "HITPOINT_HOME": str(home)}
    subprocess.run([*command, "start"], env=environment, check=True, capture_output=True)
    yield home
    subprocess.run([*command, "stop"], env=environment, check=True, capture_output=True)


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    """A mailbox that is closed at the end."""
    from tests.daemon.boxes import Box

    made = Box(tmp_path, monkeypatch)
    try:
        yield made
    finally:
        made.hold.clear()
        made.close()
