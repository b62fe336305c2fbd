"""Audio in mapped files: its room is taken at once, its memory is given back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.audio.mapped import let_go, mapped

SAMPLES = 8_000_000


def resident_mb() -> float:
    """Memory of this process that mapped files take."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("RssFile"))
    return int(line.split()[1]) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of mapped files is read from /proc")
def test_what_was_read_or_written_is_let_go(tmp_path: Path) -> None:
    audio = mapped(tmp_path / "stem", SAMPLES)
    before = resident_mb()
    audio[:] = 0.5
    assert resident_mb() > before + 50
    let_go(audio)
    assert resident_mb() < before + 5
    assert float(audio[-1, 1]) == 0.5, "the data stays"
    assert float(audio[: SAMPLES // 2].mean()) == 0.5
    let_go(audio, 0, SAMPLES // 2)
    assert resident_mb() < before + 5


def test_arrays_in_memory_are_left_alone() -> None:
    audio = np.ones((10, 2), np.float32)
    let_go(audio)
    assert audio.all()


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file size are a POSIX thing")
def test_a_disk_without_room_is_a_sentence_not_a_dead_process(tmp_path: Path) -> None:
    probe = (
        "import resource, sys; from pathlib import Path; from core.audio.mapped import mapped\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from core.errors import UnusableInput\n"
        "try: mapped(Path(sys.argv[1]), 10_000_000)\n"
        "except UnusableInput as error: print(error)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", probe, str(tmp_path / "stem")], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert "larger than is allowed" in answer.stdout
