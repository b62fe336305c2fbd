"""What several tests of the scripts begin with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.home import Home
from daemon.hosts.exchange import mailbox_folder

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def real_mailbox(own_home: Path) -> Path:
    """The mailbox of the tests' own daemon, which runs and looks after it."""
    words = [sys.executable, "-m", "daemon.command", "daemon", "start"]
    subprocess.run(words, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    return mailbox_folder(Home(own_home))
