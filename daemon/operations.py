"""What each operation of the protocol does: one function for each, found by its name."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from core.errors import EngineNotReady, HitpointError
from daemon import protocol
from daemon.followers import Peer
from daemon.jobs import FINISHED
from daemon.protocol import Asked
from daemon.wire import CLIENT_GONE_S, HEARTBEAT_S, LIVENESS_S, MAX_ANSWER, MAX_ATTACHMENT, MAX_FRAME, MAX_MAP, PROTOCOL

if TYPE_CHECKING:
    from daemon.server import Server

VERSION = metadata.version("hitpoint")
"""Read once: it lies on the disk."""


@dataclass(frozen=True)
class Call:
    """One request, from whom, and how it is answered."""

    asked: Asked
    identity: bytes
    peer: Peer
    answer: Callable[[Mapping[str, Any] | HitpointError], None]


def perform(server: Server, call: Call) -> None:
    """Do what is asked; the answer comes now or later."""
    _OPERATIONS[call.asked.op](server, call)


def _hello(_: Server, call: Call) -> None:
    fields = call.asked.fields
    assert isinstance(fields, protocol.Hello)
    call.peer.name = fields.client
    call.answer(
        {
            "protocol": PROTOCOL,
            "protocols": list(protocol.PROTOCOLS),
            "version": VERSION,
            "operations": sorted(_OPERATIONS),
            "pid": os.getpid(),
            "heartbeat_s": HEARTBEAT_S,
            "liveness_s": LIVENESS_S,
            "client_gone_s": CLIENT_GONE_S,
            "limits": {
                "map": MAX_MAP,
                "frame": MAX_FRAME,
                "attachment": MAX_ATTACHMENT,
                "answer": MAX_ANSWER,
                "rate": protocol.RATE,
                "burst": protocol.BURST,
            },
        }
    )


def _ping(_: Server, call: Call) -> None:
    call.answer({})


def _submit(server: Server, call: Call) -> None:
    """Any operation that is work: it becomes a job, and whoever asked is told of it from now on."""
    request = call.asked.fields.model_dump(mode="json", by_alias=True)
    job = request.pop("job")
    kind, name = call.asked.op, _name(request)
    then = _following(server, call, job)
    server.dispatcher.submit(job, kind, call.peer.name, name, request, call.asked.attachment, then)


def _following(server: Server, call: Call, job: str) -> Callable[[Mapping[str, Any] | HitpointError], None]:
    """Tell whoever asks of a job from now on, so that nothing is missed; gives what answers."""
    begun = server.followers.follow(call.identity, job)

    def answer(value: Mapping[str, Any] | HitpointError) -> None:
        # A request that is refused takes nothing from whoever followed the job before it.
        if begun and (isinstance(value, HitpointError) or value["job"]["state"] in FINISHED):
            server.followers.unfollow(call.identity, job)  # there will be nothing to tell
        call.answer(value)

    return answer


def _name(request: Mapping[str, Any]) -> str:
    """What a job is about, for people."""
    name = PurePath(str(request.get("cue") or request.get("timeline") or "")).name
    span = "–".join(str(request[end]) for end in ("in", "out") if request.get(end))
    return " ".join(filter(None, (name, *request.get("stems", ()), span)))


def _cancel(server: Server, call: Call) -> None:
    server.dispatcher.cancel(_job_of(call), call.answer)


def _job(server: Server, call: Call) -> None:
    server.dispatcher.look(_job_of(call), call.answer)


def _follow(server: Server, call: Call) -> None:
    job = _job_of(call)
    server.dispatcher.look(job, _following(server, call, job))


def _job_of(call: Call) -> str:
    fields = call.asked.fields
    assert isinstance(fields, protocol.Cancel | protocol.JobLook | protocol.Follow)
    return fields.job


def _jobs(server: Server, call: Call) -> None:
    fields = call.asked.fields
    assert isinstance(fields, protocol.Jobs)
    server.dispatcher.recent(fields.limit, call.answer)


def _engines(server: Server, call: Call) -> None:
    rows = server.executor.engines()
    if rows is not None:
        call.answer({"engines": rows})
    elif why := server.executor.broken("score"):
        call.answer(EngineNotReady(why, "worker", "`hitpoint doctor` says what is wrong."))
    else:
        server.waiting_for_engines.append(call)


def _watch(server: Server, call: Call) -> None:
    fields = call.asked.fields
    assert isinstance(fields, protocol.Watch)
    options = fields.model_dump(mode="json", by_alias=True, exclude={"folder", "stop"})
    if fields.stop:
        server.watches.forget(fields.folder, call.answer)
    else:
        server.watches.watch(fields.folder, options, call.peer.name, call.answer)


def _watches(server: Server, call: Call) -> None:
    call.answer({"watches": server.watches.told()})


def _status(server: Server, call: Call) -> None:
    call.answer(
        {
            "pid": os.getpid(),
            "address": server.gate.address,
            "version": VERSION,
            "protocol": PROTOCOL,
            "started": server.started,
            "workers": server.executor.workers(),
            "jobs": server.dispatcher.counts(),
            "watches": len(server.watches.told()),
            "clients": server.followers.present(time.monotonic()),
        }
    )


def _rest(server: Server, call: Call) -> None:
    server.executor.rest()
    call.answer({"workers": server.executor.workers()})


def _shutdown(server: Server, call: Call) -> None:
    call.answer({"pid": os.getpid()})
    server.stop()


_OPERATIONS: Mapping[str, Callable[[Server, Call], None]] = {
    "hello": _hello,
    "ping": _ping,
    "score": _submit,
    "reroll": _submit,
    "takes": _submit,
    "export": _submit,
    "cue": _submit,
    "lay": _submit,
    "cancel": _cancel,
    "jobs": _jobs,
    "job": _job,
    "follow": _follow,
    "engines": _engines,
    "watch": _watch,
    "watches": _watches,
    "status": _status,
    "rest": _rest,
    "shutdown": _shutdown,
}
