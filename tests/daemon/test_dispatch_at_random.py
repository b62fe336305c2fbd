"""Whatever happens in whatever order: no job is lost, none is done twice at once, each has one end and keeps it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.errors import HitpointError, UnusableInput
from daemon.jobs import FINISHED
from tests.daemon.desk import Desk

IDS = st.sampled_from([f"job-{number}" for number in range(5)])
PICK = st.integers(0, 9)


class AnyOrder(RuleBasedStateMachine):
    """Clients, workers, a slow disk and kills, at random.

    `Hands.start` sees to it that no job is started twice at once. While the disk is slow (`hold`) nothing is written,
    and a kill loses it.
    """

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.desk = Desk(self.folder / "home")
        self.acknowledged: set[str] = set()
        self.cancelled: set[str] = set()
        """A cancel was acknowledged."""
        self.deaths: dict[str, int] = {}
        self.ended: dict[str, tuple[Any, ...]] = {}
        self.reached: dict[str, float] = {}

    def settle(self) -> None:
        self.desk.settle()
        for told in self.desk.told:
            if told["state"] not in FINISHED:
                assert told["progress"] >= self.reached.get(told["id"], 0.0)
                assert told["progress"] < 1.0
                self.reached[told["id"]] = told["progress"]
            else:
                assert told["id"] not in self.ended, "an end was told twice"
                self.ended[told["id"]] = (told["state"], told.get("result"), told.get("error"))
        self.desk.told.clear()

    @rule(job=IDS, kind=st.sampled_from(["score", "export"]))
    def submit(self, job: str, kind: str) -> None:
        def taken(value: Mapping[str, Any] | HitpointError) -> None:
            if not isinstance(value, HitpointError):
                self.acknowledged.add(job)

        self.desk.dispatcher.submit(job, kind, f"client {job[-1]}", job, {}, None, taken)
        self.settle()

    @rule(job=IDS)
    def cancel(self, job: str) -> None:
        def answered(value: Mapping[str, Any] | HitpointError) -> None:
            if isinstance(value, HitpointError):
                assert job not in self.acknowledged, value
            elif value["job"]["state"] not in FINISHED:
                self.cancelled.add(job)

        self.desk.dispatcher.cancel(job, answered)
        self.settle()

    def at_work(self, pick: int) -> str:
        return sorted(self.desk.hands.at_work)[pick % len(self.desk.hands.at_work)]

    @precondition(lambda self: self.desk.hands.at_work)
    @rule(pick=PICK, fraction=st.floats(0, 1))
    def get_on(self, pick: int, fraction: float) -> None:
        self.desk.hands.get_on(self.at_work(pick), fraction)
        self.settle()

    @precondition(lambda self: self.desk.hands.at_work)
    @rule(pick=PICK, how=st.sampled_from(["finish", "fail", "die", "stop"]))
    def end(self, pick: int, how: str) -> None:
        job, hands = self.at_work(pick), self.desk.hands
        if how == "finish":
            hands.finish(job, cue=f"/cues/{job}")
        elif how == "fail":
            hands.fail(job, UnusableInput("It failed"))
        elif how == "die":
            self.deaths[job] = self.deaths.get(job, 0) + 1
            hands.die(job)
        elif job in hands.asked_to_stop:
            hands.fail(job)
        self.settle()

    @rule()
    def kill_the_daemon(self) -> None:
        self.desk.kill()
        self.desk.told.clear()
        self.reached.clear()
        self.desk.start()
        for job in self.cancelled:
            assert job not in self.desk.hands.at_work, "a cancel that was acknowledged was forgotten"
        self.settle()

    @rule()
    def hold(self) -> None:
        if self.desk.ledger.held is None:
            self.desk.ledger.held = []

    @rule()
    def release(self) -> None:
        self.desk.ledger.release()
        self.settle()

    @invariant()
    def nothing_is_lost_and_no_end_changes(self) -> None:
        for job in self.acknowledged:
            found = self.desk.stored(job)
            assert found is not None, f"{job} is lost"
            stored, result = found
            if job in self.ended:
                assert (stored.state, result, stored.error) == self.ended[job]
            elif stored.state in FINISHED:
                self.ended.setdefault(f"written: {job}", (stored.state, result, stored.error))
            before = self.ended.get(f"written: {job}")
            assert before in (None, (stored.state, result, stored.error))
            assert stored.deaths <= self.deaths.get(job, 0)

    def teardown(self) -> None:
        """In the end every job ends, however it was left."""
        if not hasattr(self, "desk"):
            return
        self.release()
        while self.desk.hands.at_work:
            for job in sorted(self.desk.hands.at_work):
                self.desk.hands.finish(job, cue=f"/cues/{job}")
            self.settle()
        for job in self.acknowledged:
            stored, result = self.desk.stored(job)
            assert stored.state in FINISHED
            assert stored.state != "failed" or stored.error["what"] == "It failed" or self.deaths[job] >= 2
            assert (stored.state == "done") == (result is not None)
        self.desk.kill()
        shutil.rmtree(self.folder)


AnyOrder.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnyOrder = AnyOrder.TestCase
