"""A worker that starts in a blink and makes no music: `python -m tests.daemon.quick_worker`.

What it does with a job is the job's prompt: nothing; "slow 2" works for 2 s and can be cancelled; "deaf 2" cannot;
"die" dies of SIGKILL; "chatty 500" tells so many steps; "once F then …" does the rest only while there is no file F.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from threading import Event, Thread
from typing import Any

from daemon.wire import read_pipe, write_pipe

CANCELLED = {"code": "cancelled", "what": "Cancelled", "where": "", "do": ""}


def say(**message: Any) -> None:
    write_pipe(sys.stdout.buffer, message)


class Work:
    """One job."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.job = order["job"]
        self.prompt = order["request"].get("prompt", "")
        self.attachment = order["attachment"]
        self.cancelled = Event()
        Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        self.step(0.0)
        prompt = self.prompt
        if prompt.startswith("once "):
            file, _, prompt = prompt.removeprefix("once ").partition(" then ")
            if Path(file).exists():
                prompt = ""
            else:
                Path(file).touch()
        word, _, rest = prompt.partition(" ")
        if word == "die":
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)
        for number in range(int(rest) if word == "chatty" else 0):
            self.step(number / int(rest))
        by = time.monotonic() + (float(rest) if word in ("slow", "deaf") else 0)
        while time.monotonic() < by:
            self.step(1 - (by - time.monotonic()) / float(rest))
            if self.cancelled.wait(0.02) and word == "slow":
                say(event="failed", job=self.job, error=CANCELLED)
                return
        size = len(self.attachment or b"")
        say(event="done", job=self.job, result={"cue": f"/cues/{self.job}", "attachment": size, "pid": os.getpid()})

    def step(self, fraction: float) -> None:
        say(event="progress", job=self.job, stage="render", fraction=fraction, words=self.prompt)


def main() -> None:
    work: Work | None = None
    while (message := read_pipe(sys.stdin.buffer)) is not None:
        if message["op"] == "hello":
            say(event="ready", engines=[{"name": "quick"}] if message["lane"] == "music" else None)
        elif message["op"] == "work":
            work = Work(message)
        elif message["op"] == "cancel" and work is not None:
            work.cancelled.set()
    os._exit(0)


if __name__ == "__main__":
    main()
