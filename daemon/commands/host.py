"""`hitpoint host`: one request of a host's script, from its job folder to the answer there."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.errors import Cancelled, HitpointError, UnusableInput, WrongUse

if TYPE_CHECKING:
    from daemon.hosts.answers import Answers
    from daemon.hosts.request import HostRequest

REQUEST = "request.json"
CANCEL = "cancel"
"""A script that makes a file of this name wants no answer any more."""
LIFE_S = 5.0
"""Where nothing new is to be told for so long, what was told last is told again: a script hears that we live."""


@click.command(short_help="Answer the request of a host's script.", hidden=True)
@click.argument("job", type=click.Path(path_type=Path, file_okay=False))
def host(job: Path) -> None:
    """Answer JOB/request.json in JOB/answer.lua, telling in JOB/progress.lua how far it is; see docs/mailbox.md.

    The daemon is started where none runs. A file JOB/cancel, or JOB's removal, cancels.
    """
    from daemon.hosts.answers import Answers

    job = job.absolute()
    if not job.is_dir():
        raise UnusableInput("There is no such folder", str(job))
    asked, action = _known(job)
    answers = Answers(job, "", asked, action)
    try:
        answer = _answer(job, answers)
    except HitpointError as error:
        _tell(job, answers, error)
        raise
    except Exception as error:
        bug = HitpointError(
            f"Something went wrong that should not: {type(error).__name__}", do="Run `hitpoint doctor`."
        )
        _tell(job, answers, bug)
        raise
    answers.done(answer)


def _known(job: Path) -> tuple[str, str]:
    """The id and the action of a request, as far as they can be read, so that also a wrong one is answered."""
    import json

    told: Any = None
    with suppress(HitpointError, ValueError, RecursionError):
        told = json.loads(_read(job / REQUEST))
    asked, action = (told.get(name) if isinstance(told, dict) else "" for name in ("id", "action"))
    return asked if isinstance(asked, str) else "", action if isinstance(action, str) else ""


def _answer(job: Path, answers: Answers) -> dict[str, Any]:
    """What the request is answered with."""
    from daemon.commands.follow import stopping
    from daemon.home import home
    from daemon.hosts.serving import serve
    from daemon.starting import connected

    last: Mapping[str, Any] = {}
    told = 0.0

    def cancelled() -> bool:
        if last and time.monotonic() - told > LIFE_S:
            progress(last)
        return stopped() or (job / CANCEL).exists() or not job.is_dir()

    def progress(how_far: Mapping[str, Any]) -> None:
        nonlocal last, told
        last, told = how_far, time.monotonic()
        with suppress(UnusableInput):  # a folder that is gone cancels; a disk that is full has no room for words
            answers.progress(how_far)

    with stopping() as stopped:
        progress({"progress": 0.0, "stage": "start", "words": "Starting Hitpoint"})
        request = _request(job)
        if cancelled():
            raise Cancelled()
        with connected(request.client) as client:
            return serve(request, client, home(), progress, cancelled)


def _request(job: Path) -> HostRequest:
    """The request in a job folder.

    Raises:
        UnusableInput: it is not there or cannot be read.
        WrongUse: it is too large or cannot be meant.
    """
    from daemon.hosts.request import from_json

    return from_json(_read(job / REQUEST))


def _read(place: Path) -> bytes:
    """A request as it was written; see `_request` for what is raised."""
    from daemon.wire import MAX_ATTACHMENT

    try:
        told = place.stat()
        if stat.S_ISFIFO(told.st_mode) or stat.S_ISCHR(told.st_mode):  # it might never end
            raise UnusableInput("The request is not a file", str(place), "Write one in its place.")
        if told.st_size > MAX_ATTACHMENT:
            raise WrongUse(f"The request has more than {MAX_ATTACHMENT} bytes", str(place))
        return place.read_bytes()
    except OSError as error:
        raise UnusableInput(f"The request cannot be read: {error.strerror or error}", str(place)) from None


def _tell(job: Path, answers: Answers, error: HitpointError) -> None:
    """Say in the job folder why there is no result; where that is gone, nobody listens."""
    if os.access(job, os.F_OK):
        with suppress(UnusableInput):  # said once more as the command ends
            answers.failed(error)
