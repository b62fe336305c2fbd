"""The daemon's heart in a test: a dispatcher over a real store, and workers that do what the test says."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.errors import Cancelled, HitpointError
from daemon.dispatch import Dispatcher
from daemon.events import Changed, Died, Done, Failed, Progress
from daemon.home import Home, prepare
from daemon.inbox import Inbox
from daemon.jobs import FINISHED, Store
from daemon.ledger import Ledger, Written
from daemon.settings import Settings

PATIENCE_S = 60.0
"""However busy the machine is, what has not happened by then does not happen."""
LANES = {"score": "music", "reroll": "music", "train": "music", "export": "files", "cue": "files"}


class Hands:
    """Workers that do nothing by themselves: the test says what becomes of a job."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self.at_work: dict[str, tuple[str, Mapping[str, Any], bytes | None, Path]] = {}
        self.started: list[str] = []
        self.asked_to_stop: list[str] = []
        self.lanes = {"music", "files"}
        """Those that are awake."""
        self.why = ""

    def free(self, kind: str) -> bool:
        busy = {LANES[at_work[0]] for at_work in self.at_work.values()}
        return LANES[kind] in self.lanes - busy

    def start(self, job: str, kind: str, request: Mapping[str, Any], attachment: bytes | None, folder: Path) -> None:
        assert job not in self.at_work, f"{job} is being done already"
        assert self.free(kind), f"no worker is free for {job}"
        assert folder.is_dir()
        self.started.append(job)
        self.at_work[job] = (kind, request, attachment, folder)

    def cancel(self, job: str) -> None:
        self.asked_to_stop.append(job)

    def broken(self, kind: str) -> str:  # noqa: ARG002
        return self.why

    def rest(self) -> None: ...

    def workers(self) -> list[dict[str, Any]]:
        return []

    def engines(self) -> list[dict[str, Any]] | None:
        return []

    def tick(self, now: float) -> None: ...

    def stop(self) -> None: ...

    # --- what the test says

    def get_on(self, job: str, fraction: float, words: str = "") -> None:
        self.inbox.put(Progress(job, "render", fraction, words))

    def finish(self, job: str, **result: Any) -> None:
        del self.at_work[job]
        self.inbox.put(Done(job, result))
        self.inbox.put(Changed())

    def fail(self, job: str, error: HitpointError | None = None) -> None:
        del self.at_work[job]
        self.inbox.put(Failed(job, error or Cancelled()))
        self.inbox.put(Changed())

    def die(self, job: str, reason: str = "The worker was killed (signal 9)") -> None:
        del self.at_work[job]
        self.inbox.put(Died(job, reason))
        self.inbox.put(Changed())


class Held(Ledger):
    """A ledger that may hold back what is to be written, as a slow disk does; a kill then loses it."""

    def __init__(self, path: Path, inbox: Inbox) -> None:
        super().__init__(path, inbox)
        self.held: list[Any] | None = None

    def _queue(self, entry: Any) -> None:
        if self.held is not None:
            self.held.append(entry)
        else:
            super()._queue(entry)

    def release(self) -> None:
        held, self.held = self.held or [], None
        for entry in held:
            super()._queue(entry)


class Desk:
    """A dispatcher, and what it has told and answered."""

    def __init__(self, folder: Path, settings: Settings | None = None) -> None:
        self.home = Home(folder)
        prepare(self.home)
        self.settings = settings or Settings()
        self.told: list[Mapping[str, Any]] = []
        self._reader = Store(self.home.store)
        self.start()

    def start(self) -> None:
        """Be a new daemon on what is stored."""
        live = self._reader.live()
        self.inbox = Inbox()
        self.ledger = Held(self.home.store, self.inbox)
        self.hands = Hands(self.inbox)
        self.dispatcher = Dispatcher(self.home, self.settings, self.ledger, self.hands, self.tell)
        self.furnish()
        self.dispatcher.take_up(live)
        self.settle()

    def furnish(self) -> None:
        """Put more on the desk; for those who need it."""

    def kill(self) -> None:
        """End as by SIGKILL: what was held back is lost, and nobody hears what was written last."""
        self.ledger.held = []
        self.ledger.close()
        self.inbox.close()

    def restart(self) -> None:
        self.kill()
        self.start()

    def tell(self, job: Mapping[str, Any]) -> None:
        if job["state"] in FINISHED:
            self.check_durable(job)
        self.told.append(job)

    def check_durable(self, job: Mapping[str, Any]) -> None:
        """At the moment at which an end is told, another reader of the store sees it."""
        found = self.stored(job["id"])
        assert found is not None
        assert found[0].state == job["state"]
        assert (found[1] or {}) == (job.get("result") or {})

    def stored(self, job: str) -> Any:
        """A job as the disk has it: what another reader of the store finds."""
        return self._reader.find(job)

    def settle(self) -> None:
        """Be the main loop until nothing more happens by itself."""
        quiet = 0
        while quiet < 2:
            flag: list[object] = []
            if self.ledger.held is None:
                self.ledger.read(lambda _: None, flag.append)
            quiet = quiet + 1 if not self._round(flag) else 0

    def _round(self, flag: list[object]) -> bool:
        """Deliver events until the flag is up; whether there were others."""
        others = 0
        by = time.monotonic() + PATIENCE_S
        while True:
            for event in self.inbox.drain():
                others += not (isinstance(event, Written) and event.then == flag.append)
                self.on(event)
            if flag or self.ledger.held is not None:
                return others > 0
            assert time.monotonic() < by
            select.select([self.inbox.fileno()], [], [], 1.0)

    def on(self, event: object) -> None:
        """See to an event, as the daemon's loop does."""
        if isinstance(event, Written):
            event.deliver()
        elif isinstance(event, Changed):
            self.dispatcher.advance()
        else:
            assert isinstance(event, Progress | Done | Failed | Died)
            self.dispatcher.on(event)

    # --- requests

    def asked(self, request: Callable[[Callable[[Any], None]], None]) -> Any:
        """The answer to a request."""
        answers: list[Any] = []
        request(answers.append)
        self.settle()
        assert len(answers) == 1, "not answered once"
        return answers[0]

    def submit(self, job: str, kind: str = "score", client: str = "ada", **request: Any) -> Any:
        content: bytes | None = request.pop("content", b"a timeline")
        return self.asked(
            lambda then: self.dispatcher.submit(job, kind, client, f"about {job}", request, content, then)
        )

    def cancel(self, job: str) -> Any:
        return self.asked(lambda then: self.dispatcher.cancel(job, then))

    def look(self, job: str) -> Any:
        return self.asked(lambda then: self.dispatcher.look(job, then))

    def jobs(self, limit: int = 100) -> list[dict[str, Any]]:
        answer = self.asked(lambda then: self.dispatcher.recent(limit, then))
        jobs: list[dict[str, Any]] = answer["jobs"]
        return jobs

    def later(self) -> None:
        """Time goes by: what a full disk has refused is tried again."""
        self.dispatcher.tick(time.monotonic() + 10)
        self.settle()

    def ends(self, job: str) -> list[str]:
        """The ends of a job that were told."""
        return [told["state"] for told in self.told if told["id"] == job and told["state"] in FINISHED]

    def progress(self, job: str) -> list[float]:
        return [told["progress"] for told in self.told if told["id"] == job]
