"""Which job runs where and when: the life of a job from its arrival to its end.

Jobs in work live in memory; the store on disk is written by the ledger's thread, and nothing is acknowledged or told as
finished before it is durable. All methods are called by the daemon's main loop and return at once.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.errors import Cancelled, EngineNotReady, HitpointError, WrongUse, told
from daemon.executor import Died, Done, Executor, Failed, Progress
from daemon.home import Home
from daemon.jobs import FINISHED, Job, Store, job_digest
from daemon.ledger import Ledger
from daemon.schedule import after, next_job, order
from daemon.settings import Settings
from daemon.work import done_before

MOST_DEATHS = 2
"""A job whose worker died so often has failed; before that it is tried again from its start."""
ALMOST = 0.99
"""Progress until the result is durable."""
MOST_LIVE = 10_000
"""Jobs that may wait and run at once; more are refused."""
RETRY_STORE_S = 2.0
"""Between tries to write what a full disk has refused."""
PRUNE_S = 3600.0
STOPPING = "cancel asked"
"""The reason of a running job whose cancellation has been acknowledged: a restart does not take it up again."""

log = logging.getLogger("hitpoint.jobs")

Answer = Callable[[Mapping[str, Any] | HitpointError], None]
"""Takes the answer to a request, or its refusal, now or later."""


@dataclass
class Live:
    """A job in work."""

    job: Job
    fraction: float = 0.0
    stage: str = ""
    words: str = ""
    cancelling: bool = False
    ending: bool = False
    """Its end is being made durable."""
    waiting: list[Answer] = field(default_factory=list)
    """Who is answered at its end."""


class Dispatcher:
    """Takes jobs in, starts them in order, and tells what becomes of them.

    Args:
        tell: called with a job as told, at each change of it.
    """

    def __init__(
        self,
        home: Home,
        settings: Settings,
        ledger: Ledger,
        executor: Executor,
        tell: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._home = home
        self._settings = settings
        self._ledger = ledger
        self._executor = executor
        self._tell = tell
        self._live: dict[str, Live] = {}
        self._served: dict[str, int] = {}
        self._starting: str | None = None
        """The job that is being recorded as running; one at a time."""
        self._again: list[tuple[float, Callable[[], None]]] = []
        """What a full disk has refused, and when it is tried again."""
        self._prune_at = 0.0
        self._stopped = False

    # --- requests

    def take_up(self, live: list[Job]) -> None:
        """Go on with the jobs of an earlier daemon; a restart is no death of a worker."""
        for job in live:
            if job.reason == STOPPING:
                self._finish(Live(job), "cancelled", Cancelled())
                continue
            self._live[job.id] = Live(replace(job, state="queued", started=None))
        if self._live:
            log.info("%d jobs go on", len(self._live))
        kept = set(self._live)
        self._ledger.read(lambda _: _sweep(self._home.jobs, kept), lambda _: None)
        self.advance()

    def submit(
        self,
        job_id: str,
        kind: str,
        client: str,
        name: str,
        request: dict[str, Any],
        attachment: bytes | None,
        then: Answer,
    ) -> None:
        """Store a job, then answer with it; the same job sent again is the same job."""
        if len(self._live) >= MOST_LIVE and job_id not in self._live:
            then(HitpointError(f"{MOST_LIVE} jobs wait already", name, "Wait for some of them, or cancel some."))
            return
        digest = job_digest(kind, request, attachment)
        job = Job(id=job_id, kind=kind, client=client, name=name, request=request, digest=digest, made=time.time())

        def stored(value: Job | HitpointError) -> None:
            if isinstance(value, HitpointError):
                then(value)
                return
            if value.state in FINISHED and value.id not in self._live:
                self.look(value.id, then)
                return
            self._live.setdefault(value.id, Live(value))
            then({"job": self.told(self._live[value.id])})
            self.advance()

        self._ledger.write(lambda store: store.add(job, attachment), stored)

    def cancel(self, job_id: str, then: Answer) -> None:
        """Stop a job, then answer with it: cancelled, about to stop, or finished before."""
        live = self._live.get(job_id)
        if live is None:
            self._look_up(job_id, then, lambda: self.cancel(job_id, then))
            return
        if live.ending:
            live.waiting.append(then)
            return
        if _waits(live) and job_id != self._starting:
            live.cancelling = True
            live.waiting.append(then)
            self._finish(live, "cancelled", Cancelled())
            return
        live.cancelling, live.words = True, "stopping"
        live.job = replace(live.job, reason=STOPPING)
        if live.job.state == "running":
            self._executor.cancel(job_id)

        def kept(value: object) -> None:
            then(value if isinstance(value, HitpointError) else {"job": self.told(live)})

        job = live.job
        self._ledger.write(lambda store: store.change(job), kept)
        self._tell(self.told(live))

    def look(self, job_id: str, then: Answer) -> None:
        """Answer with a job and, once it is done, its result."""
        if job_id in self._live:
            then({"job": self.told(self._live[job_id])})
        else:
            self._look_up(job_id, then, lambda: self.look(job_id, then))

    def _look_up(self, job_id: str, then: Answer, now_live: Callable[[], None]) -> None:
        """Answer with a job that has ended; `now_live` where it was just being stored."""

        def found(value: tuple[Job, Mapping[str, Any] | None] | HitpointError | None) -> None:
            if isinstance(value, HitpointError):
                then(value)
            elif value is None:
                then(WrongUse(f"There is no job {job_id}", do="`hitpoint jobs` lists those that are known."))
            elif job_id in self._live:
                now_live()
            else:
                then({"job": _ended(*value)})

        self._ledger.read(lambda store: store.find(job_id), found)

    def recent(self, limit: int, then: Answer) -> None:
        """Answer with jobs, newest first."""

        def found(value: list[Job] | HitpointError) -> None:
            if isinstance(value, HitpointError):
                then(value)
                return
            line = self._line()
            lives = {job.id: self._live.get(job.id) for job in value}
            then({"jobs": [self.told(live, line) if (live := lives[job.id]) else _plain(job) for job in value]})

        self._ledger.read(lambda store: store.recent(limit), found)

    def counts(self) -> dict[str, int]:
        """How many jobs wait and run."""
        states = [live.job.state for live in self._live.values()]
        return {"queued": states.count("queued"), "running": states.count("running")}

    # --- what happens in the workers

    def on(self, event: Progress | Done | Failed | Died) -> None:
        """See to what an executor tells."""
        live = self._live.get(event.job) if event.job else None
        if live is None or live.ending or live.job.state != "running":
            return  # a job that has ended already
        if isinstance(event, Progress):
            live.fraction = max(live.fraction, min(event.fraction, ALMOST))
            live.stage, live.words = event.stage, "stopping" if live.cancelling else event.words
            self._tell(self.told(live))
        elif isinstance(event, Done):
            self._finish(live, "done", None, result=event.result)
        elif isinstance(event, Failed):
            self._finish(live, "cancelled" if isinstance(event.error, Cancelled) else "failed", event.error)
        else:
            self._died(live, event.reason)

    def _died(self, live: Live, reason: str) -> None:
        """A worker died over a job. What had appeared by then is its result; otherwise it is tried again, or fails."""
        log.warning("job %s: %s", live.job.id, reason)
        folder = self._home.jobs / live.job.id

        def looked(made: Mapping[str, Any] | HitpointError | None) -> None:
            if made is not None and not isinstance(made, HitpointError):
                self._finish(live, "done", None, result=made)
            else:
                self._died_over(live, reason)
            self.advance()

        final = live.cancelling or live.job.deaths + 1 >= MOST_DEATHS
        self._ledger.read(lambda _: done_before(folder, final), looked)

    def _died_over(self, live: Live, reason: str) -> None:
        deaths, before = live.job.deaths + 1, live.job.reason
        live.job = replace(live.job, deaths=deaths)
        if live.cancelling:
            self._finish(live, "cancelled", Cancelled())
        elif deaths >= MOST_DEATHS:
            why = f"Two workers died over {live.job.name}. The first: {before.rstrip('.')}. The second: {reason}"
            self._finish(live, "failed", HitpointError(why, do="Try again; the daemon's log tells more."))
        else:
            live.job = replace(live.job, state="queued", started=None, reason=reason)
            live.stage, live.words = "", "its worker died; it is tried once more"
            self._record(live)
            self._tell(self.told(live))

    # --- starting

    def advance(self) -> None:
        """Start what can be started."""
        if self._starting is not None or self._stopped:
            return
        queued = [live.job for live in self._live.values() if _waits(live)]
        for kind in {job.kind for job in queued}:
            if why := self._executor.broken(kind):
                self._give_up([job for job in queued if job.kind == kind], why)
        ready = [job for job in queued if _waits(self._live[job.id]) and self._executor.free(job.kind)]
        job = next_job(ready, self._served)
        if job is not None:
            self._start(self._live[job.id])

    def _give_up(self, jobs: list[Job], why: str) -> None:
        for job in jobs:
            error = EngineNotReady(why, job.name, "`hitpoint doctor` says what is wrong.")
            self._finish(self._live[job.id], "failed", error)

    def _start(self, live: Live) -> None:
        """Record a job as running, fetch its attachment, and hand it to a worker."""
        job = replace(live.job, state="running", started=time.time())
        self._starting = job.id
        folder = self._home.jobs / job.id

        def record(store: Store) -> bytes | None:
            store.change(job)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return store.attachment(job.id)

        def recorded(value: bytes | HitpointError | None) -> None:
            self._starting = None
            if live.cancelling:
                self._finish(live, "cancelled", Cancelled())
            elif isinstance(value, HitpointError):
                live.words = str(value)
                self._tell(self.told(live))
                self.later(self.advance)
                return
            else:
                live.job, live.words = job, ""
                self._served = after(job, self._served)
                self._executor.start(job.id, job.kind, job.request, value, folder)
                self._tell(self.told(live))
            self.advance()

        self._ledger.write(record, recorded)

    # --- ends

    def _finish(
        self,
        live: Live,
        state: str,
        error: HitpointError | None,
        result: Mapping[str, Any] | None = None,
    ) -> None:
        """Make the end of a job durable, then tell it."""
        job = replace(
            live.job,
            state=state,
            reason=str(error) if error else "",
            error=told(error) if error else None,
            ended=time.time(),
        )
        live.ending = True
        self._live.setdefault(job.id, live)
        folder = self._home.jobs / job.id

        def end(store: Store) -> None:
            store.finish(job, result)

        def ended(value: object) -> None:
            if isinstance(value, WrongUse) and result is not None:  # a bug, and no reason to try for ever
                log.error("job %s: %s", job.id, value)
                self._finish(live, "failed", value)
                return
            if isinstance(value, HitpointError) and not isinstance(value, WrongUse):
                self._unwritten(live, value)
                self.later(lambda: self._ledger.write(end, ended))
                return
            self._ledger.read(lambda _: shutil.rmtree(folder, ignore_errors=True), lambda _: None)
            self._live.pop(job.id, None)
            log.info("job %s (%s, %s): %s%s", job.id, job.kind, job.name, state, f": {error}" if error else "")
            answer = _ended(job, result)
            self._tell(answer)
            for then in live.waiting:
                then({"job": answer})
            self.advance()

        self._ledger.write(end, ended)

    def _unwritten(self, live: Live, error: HitpointError) -> None:
        """A full disk refuses the end of a job: it is said to whoever waits or follows, and tried again."""
        live.words = str(error)
        self._tell(self.told(live))
        waiting, live.waiting = live.waiting, []
        for then in waiting:
            then(error)

    def _record(self, live: Live) -> None:
        """Write how a job stands; where a full disk refuses, later, unless it has changed by then."""
        job = live.job

        def again() -> None:
            if live.job is job and not live.ending:
                self._record(live)

        def kept(value: object) -> None:
            if isinstance(value, HitpointError):
                self.later(again)

        self._ledger.write(lambda store: store.change(job), kept)

    def later(self, work: Callable[[], None]) -> None:
        """Do again, after a while, what a full disk has refused."""
        self._again.append((time.monotonic() + RETRY_STORE_S, work))

    # --- time

    def tick(self, now: float) -> None:
        """Try again what a full disk has refused; clear old history away. `now` is `time.monotonic()`."""
        due = [work for at, work in self._again if at <= now]
        self._again = [(at, work) for at, work in self._again if at > now]
        for work in due:
            work()
        if now >= self._prune_at:
            self._prune_at = now + PRUNE_S
            keep, older = self._settings.history, self._settings.history_days * 86_400
            self._ledger.write(lambda store: store.prune(keep, older, time.time()), lambda _: None)

    def stop(self) -> None:
        """Start nothing more; what runs goes on at the next start."""
        self._stopped = True

    def told(self, live: Live, line: Mapping[str, int] | None = None) -> dict[str, Any]:
        """A job in work as clients are told; `line` is `_line()` where many are told at once."""
        job = live.job
        fields = {**_plain(job), "progress": live.fraction, "stage": live.stage, "words": live.words}
        if _waits(live):
            fields["place"] = (self._line() if line is None else line)[job.id]
        return fields

    def _line(self) -> dict[str, int]:
        """How many jobs run, or will be started, before each that is queued."""
        waiting = [live.job for live in self._live.values() if _waits(live)]
        running = sum(live.job.state == "running" for live in self._live.values())
        return {job.id: before for before, job in enumerate(order(waiting, self._served), running)}


def _sweep(folder: Path, kept: set[str]) -> None:
    """Remove the folders of jobs that ended just before an earlier daemon did."""
    for left in folder.iterdir():
        if left.name not in kept:
            shutil.rmtree(left, ignore_errors=True)


def _waits(live: Live) -> bool:
    return live.job.state == "queued" and not live.cancelling and not live.ending


def _plain(job: Job) -> dict[str, Any]:
    """A job as told, without its result."""
    return {
        "id": job.id,
        "kind": job.kind,
        "name": job.name,
        "client": job.client,
        "state": job.state,
        "reason": job.reason if job.state in FINISHED else "",
        "progress": 1.0 if job.state == "done" else 0.0,
        "stage": "",
        "words": "",
        "made": job.made,
        "started": job.started,
        "ended": job.ended,
        "deaths": job.deaths,
    }


def _ended(job: Job, result: Mapping[str, Any] | None) -> dict[str, Any]:
    """A job that has ended, with what came of it."""
    if job.state == "done":
        return {**_plain(job), "result": dict(result or {})}
    return {**_plain(job), "error": dict(job.error or {})}
