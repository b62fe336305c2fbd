"""One job from its submission to its end, as every command that makes something goes through it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from core.errors import Cancelled, UnusableInput, WrongUse
from daemon.commands.output import Progress


def made(op: str, fields: Mapping[str, Any], attachment: bytes | None, as_json: bool) -> dict[str, Any]:
    """Hand the daemon a job and follow it to its end; Ctrl-C or a termination signal cancels it.

    Returns:
        The job's result, and its id as `job`.

    Raises:
        Cancelled: the job was cancelled, and the daemon has said so.
        HitpointError: the job failed, or no daemon could be reached.
    """
    from daemon.client import job_id
    from daemon.starting import connected

    job = job_id()
    with stopping() as stopped, closing(Progress(as_json)) as progress, connected() as client:
        if stopped():
            raise Cancelled()
        client.ask(op, attachment, job=job, **fields)
        result = client.follow(job, progress.show, stopped)
        progress.full()
    return {**result, "job": job}


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Asks whether the user wants to stop: Ctrl-C or a termination signal says so once; the second leaves at once."""
    stop = threading.Event()

    def asked(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    kept = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop.is_set
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def sent(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as fields of a request: what was not given is left out, and paths are whole.

    The daemon works in a folder of its own; a path is meant from where the command was called.

    Raises:
        UnusableInput: a path is no Unicode, so that it cannot travel.
        WrongUse: words are no Unicode.
    """
    given = {name: value for name, value in options.items() if value is not None}
    for name, value in given.items():
        written = "".join(value) if isinstance(value, tuple) else value
        if isinstance(written, Path | str) and not _is_unicode(str(written)):
            if isinstance(value, Path):
                raise UnusableInput("The path holds characters that are not Unicode", str(value), "Rename it.")
            raise WrongUse("The words hold characters that are not Unicode", f"--{name}")
    return {name: str(value.absolute()) if isinstance(value, Path) else value for name, value in given.items()}


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
