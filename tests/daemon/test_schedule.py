"""Who is next: priorities, fairness between clients, arrival."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from daemon.jobs import Job
from daemon.schedule import CLIENTS, LAST, PRIORITY, after, next_job, order

KINDS = (*PRIORITY, "something-new")
CLIENT_NAMES = ("ada", "ben", "cy", "dot")


def job(kind: str, client: str, sequence: int) -> Job:
    return Job(
        id=f"job-{sequence:06}",
        kind=kind,
        client=client,
        name="a range",
        request={},
        digest="",
        made=0.0,
        sequence=sequence,
    )


@st.composite
def queues(draw: st.DrawFn) -> list[Job]:
    """Jobs of several clients and kinds, in any order of listing."""
    asked = draw(st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(CLIENT_NAMES)), max_size=40))
    jobs = [job(kind, client, sequence) for sequence, (kind, client) in enumerate(asked, 1)]
    return draw(st.permutations(jobs))


turns = st.dictionaries(st.sampled_from(CLIENT_NAMES), st.integers(1, 1000))


def priority(of: Job) -> int:
    return PRIORITY.get(of.kind, LAST)


def run_dry(queued: Iterable[Job], served: dict[str, int]) -> list[Job]:
    """Start job after job, as the daemon does."""
    waiting, started = list(queued), []
    while (chosen := next_job(waiting, served)) is not None:
        waiting.remove(chosen)
        served = after(chosen, served)
        started.append(chosen)
    return started


def test_nothing_queued_means_nothing_to_start() -> None:
    assert next_job([], {"ada": 3}) is None
    assert order([], {}) == []


def test_a_reroll_goes_before_a_score_before_training() -> None:
    queued = [job("train", "ada", 1), job("score", "ada", 2), job("reroll", "ada", 3)]
    assert [chosen.kind for chosen in run_dry(queued, {})] == ["reroll", "score", "train"]


@given(queues(), turns)
def test_nobody_goes_before_a_job_of_higher_priority(queued: list[Job], served: dict[str, int]) -> None:
    started = [priority(chosen) for chosen in run_dry(queued, served)]
    assert started == sorted(started)


@given(queues(), turns)
def test_no_client_waits_behind_one_that_was_served_later(queued: list[Job], served: dict[str, int]) -> None:
    chosen = next_job(queued, served)
    if chosen is None:
        assert not queued
        return
    rivals = [other for other in queued if priority(other) == priority(chosen)]
    assert served.get(chosen.client, 0) == min(served.get(other.client, 0) for other in rivals)


@given(queues(), turns)
def test_a_client_s_own_jobs_of_one_priority_keep_their_order(queued: list[Job], served: dict[str, int]) -> None:
    started = run_dry(queued, served)
    for client in CLIENT_NAMES:
        for level in range(LAST + 1):
            mine = [chosen.sequence for chosen in started if chosen.client == client and priority(chosen) == level]
            assert mine == sorted(mine)


@given(queues(), turns)
def test_while_two_clients_wait_neither_is_more_than_one_job_ahead(queued: list[Job], served: dict[str, int]) -> None:
    left = Counter((chosen.client, priority(chosen)) for chosen in queued)
    level, ahead = -1, Counter[str]()
    for chosen in run_dry(queued, served):
        if priority(chosen) != level:
            level, ahead = priority(chosen), Counter()
        left[chosen.client, level] -= 1
        ahead[chosen.client] += 1
        waiting = [client for client in CLIENT_NAMES if left[client, level]]
        assert all(ahead[chosen.client] - ahead[client] <= 1 for client in waiting)


def test_a_newcomer_does_not_make_an_old_client_wait_for_all_its_jobs() -> None:
    queued = [job("score", "old", n) for n in range(1, 6)] + [job("score", "new", n) for n in range(6, 106)]
    first_ten = [chosen.client for chosen in run_dry(queued, {"old": 5000})][:10]
    assert first_ten == ["new", "old"] * 5


@given(queues(), turns)
def test_the_order_is_next_job_asked_again_and_again(queued: list[Job], served: dict[str, int]) -> None:
    assert order(queued, served) == run_dry(queued, served)


def test_the_memory_of_who_was_served_does_not_grow_for_ever() -> None:
    served: dict[str, int] = {}
    for sequence in range(1, CLIENTS + 11):
        served = after(job("score", f"client {sequence}", sequence), served)
    assert len(served) == CLIENTS
    assert "client 10" not in served
    assert served[f"client {CLIENTS + 10}"] == CLIENTS + 10
