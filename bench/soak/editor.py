"""One editor's script in a soak, a process of its own: `python -m bench.soak.editor PLAN`.

It knows nothing of the kills. It hands jobs over, follows them, and writes down what it was told. Where the daemon
cannot be reached even by the client's own reconnecting it says so in its journal and asks again, as a person would.
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from bench.soak.plan import Plan, Task, read
from core.errors import DaemonUnreachable, HitpointError, told
from daemon.client import Client
from daemon.home import Home
from daemon.starting import connected

AT_ONCE = 3
"""Jobs that one editor has handed over and not got back."""
BREATH_S = 0.2
T = TypeVar("T")


class Editor:
    """Does a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._timeline = Path(plan.timeline).read_bytes()
        self._journal = Path(plan.journal).open("a", encoding="utf-8")  # noqa: SIM115 - as long as the process

    def run(self) -> None:
        """Hand all jobs over, a few at a time, and follow each to its end."""
        out: deque[Task] = deque()
        for task in self._plan.tasks:
            if len(out) == AT_ONCE:
                self._follow(out.popleft())
            self._hand_over(task)
            out.append(task)
        while out:
            self._follow(out.popleft())

    def _hand_over(self, task: Task) -> None:
        fields = {"in": task.in_text, "out": task.out_text, "seed": task.seed}
        place = {"timeline": self._plan.timeline, "to": self._plan.to}
        job = self._persistently(lambda client: client.ask("score", self._timeline, job=task.job, **place, **fields))
        self._note("acknowledged", task.job, state=job["job"]["state"])

    def _follow(self, task: Task) -> None:
        try:
            result = self._persistently(lambda client: client.follow(task.job))
        except HitpointError as error:
            self._note("ended", task.job, done=False, error=told(error))
        else:
            self._note("ended", task.job, done=True, cue=result["cue"], seed=result["seed"])

    def _persistently(self, work: Callable[[Client], T]) -> T:
        """Do something with a client; where no daemon can be reached, again."""
        while True:
            try:
                with connected(self._plan.name, home=Home(Path(self._plan.home))) as client:
                    return work(client)
            except DaemonUnreachable as error:
                self._note("unreachable", "", error=told(error))
                time.sleep(BREATH_S)

    def _note(self, event: str, job: str, **more: Any) -> None:
        self._journal.write(json.dumps({"event": event, "job": job, "at": time.time(), **more}) + "\n")
        self._journal.flush()


if __name__ == "__main__":
    Editor(read(Path(sys.argv[1]))).run()
