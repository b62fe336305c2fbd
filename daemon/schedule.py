"""Who is next: by priority, then the client that was served longest ago, then in order of arrival. Pure functions.

Conventions
    `served` tells for each client the turn at which it was last served, counted up from 1; a client that is not in it
    was never served. `after` gives the `served` that follows once a job was started.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush

from daemon.jobs import Job

PRIORITY: Mapping[str, int] = {
    "reroll": 0,
    "takes": 0,
    "lay": 0,
    "score": 1,
    "cue": 1,
    "export": 1,
    "evaluate": 2,
    "train": 3,
}
"""Kinds of jobs; lower goes first."""
LAST = max(PRIORITY.values()) + 1
"""The priority of kinds that are not listed."""
CLIENTS = 1000
"""So many clients are remembered; one served longer ago counts as never served."""


def next_job(queued: Sequence[Job], served: Mapping[str, int]) -> Job | None:
    """The job to start now; None when none is queued."""
    return min(queued, key=lambda job: (_priority(job), served.get(job.client, 0), job.sequence), default=None)


def after(job: Job, served: Mapping[str, int]) -> dict[str, int]:
    """`served` once this job was started."""
    turns = {**served, job.client: max(served.values(), default=0) + 1}
    if len(turns) <= CLIENTS:
        return turns
    return dict(sorted(turns.items(), key=lambda item: item[1])[-CLIENTS:])


def order(queued: Sequence[Job], served: Mapping[str, int]) -> list[Job]:
    """All queued jobs in the order in which they will be started if no other comes: `next_job`, again and again."""
    lines: dict[int, dict[str, deque[Job]]] = defaultdict(lambda: defaultdict(deque))
    for job in sorted(queued, key=lambda job: job.sequence):
        lines[_priority(job)][job.client].append(job)
    turns = dict(served)
    turn = max(turns.values(), default=0)
    ordered: list[Job] = []
    for priority in sorted(lines):
        clients = lines[priority]
        waiting = [(turns.get(client, 0), line[0].sequence, client) for client, line in clients.items()]
        heapify(waiting)
        while waiting:
            client = heappop(waiting)[2]
            ordered.append(clients[client].popleft())
            turn += 1
            turns[client] = turn
            if clients[client]:
                heappush(waiting, (turn, clients[client][0].sequence, client))
    return ordered


def _priority(job: Job) -> int:
    return PRIORITY.get(job.kind, LAST)
