"""The command line on a disk of a few megabytes: `python -m tests.daemon.small_disk TIMELINE FOLDER`.

Run inside `unshare -rm`: the disk is mounted where nobody else sees it. Prints one JSON object of what it saw.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOM = 8 * 2**20


def hitpoint(*words: str) -> dict[str, Any]:
    """A command: its exit code, its sentence, its last JSON line."""
    command = [sys.executable, "-m", "daemon.command", *words, "--json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    last = json.loads(answer.stdout.splitlines()[-1]) if answer.stdout else {}
    return {"code": answer.returncode, "said": answer.stderr.splitlines()[-1:], "told": last}


def fill(filler: Path) -> None:
    """Use up the disk to the last byte."""
    with filler.open("ab", buffering=0) as file:
        for size in (2**16, 2**9, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue


def main() -> None:
    timeline, folder = sys.argv[1], Path(sys.argv[2])
    disk, elsewhere = folder / "disk", folder / "elsewhere"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=700", "tmpfs", str(disk)], check=True)
    filler = disk / "filler"
    os.environ["HITPOINT_HOME"] = str(disk / "home")
    score = ("score", timeline, "--out", "2s", "--seed", "5", "--to")
    seen: dict[str, Any] = {}
    fill(filler)
    seen["first start"] = hitpoint("daemon", "start")
    filler.unlink()
    seen["start"] = hitpoint("daemon", "start")
    seen["cue where it does not fit"] = hitpoint(*score, str(disk / "cues"))
    seen["left of it"] = [str(path) for path in disk.glob("cues*")]
    fill(filler)
    seen["score"] = hitpoint(*score, str(elsewhere))
    seen["status"] = hitpoint("daemon", "status")
    filler.unlink()
    seen["score with room"] = hitpoint(*score, str(elsewhere))
    seen["jobs"] = hitpoint("jobs")["told"]["jobs"]
    seen["stop"] = hitpoint("daemon", "stop")
    fill(filler)
    seen["second start"] = hitpoint("daemon", "start")
    filler.unlink()
    seen["jobs after it"] = hitpoint("jobs")["told"]["jobs"]
    hitpoint("daemon", "stop")
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
