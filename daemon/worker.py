"""A worker: the process in which the engines live and jobs are done, one at a time.

It talks with the daemon that started it over its standard input and output, in the messages of `daemon.wire`:

    in    hello   first: who the parent is, the lane, memory, quota, and whose leavings to sweep
          work    a job; the next comes when this one has ended
          cancel  the job that is being done, please end it
          rest    give memory back
    out   ready   jobs can come; on the music lane with the engines there are
          progress, appearing, then done or failed, of the job
          held    the bytes that each warm engine holds

The end of the input is the end of the worker, at once and whatever it does: a daemon that dies takes its workers along.
What was half made stays hidden, and is swept by the next one who makes something there.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, BinaryIO

from core.errors import HitpointError, told
from core.watch import Watch
from daemon.progress import Progress, way_of
from daemon.wire import Malformed, read_pipe, write_pipe
from daemon.work import Job, Means, perform, sweep, warm_up

NICER = 10
"""Below the editing program, and below the daemon, which has to answer at once."""
DEVICE_LOST = 70
"""Exit code where the device no longer answers this process; the next may have it again."""

log = logging.getLogger("hitpoint.worker")


class Worker:
    """Does what it is told over a pipe.

    Args:
        incoming: messages of the daemon.
        outgoing: messages to it.
    """

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._orders: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._cancelled: set[str] = set()
        self._device = ""
        self._exhausted = False
        """The last job ran out of memory."""
        self._means = Means(quota=0, residents=None)

    def run(self) -> None:
        """Work until the daemon ends."""
        Thread(target=self._listen, name="orders", daemon=True).start()
        hello = self._orders.get()
        if sys.platform == "linux" and os.getppid() != hello["parent"]:
            os._exit(0)  # it died before it could take us along
        self._device = hello["device"]
        music = hello["lane"] == "music"
        if music:
            from daemon.residents import Residents

            self._means = Means(hello["quota"], Residents(hello["memory"]))
        self._say(event="ready", engines=warm_up() if music else None)
        for left in hello["left"]:
            sweep(left["kind"], left["request"])
        while True:
            self._obey(self._orders.get())

    def _listen(self) -> None:
        """Take orders as they come, also while a job is being done; end where they end."""
        with suppress(Malformed, OSError):
            while (message := read_pipe(self._incoming)) is not None:
                if message["op"] == "cancel":
                    self._cancelled.add(message["job"])
                else:
                    self._orders.put(message)
        os._exit(0)

    def _obey(self, order: dict[str, Any]) -> None:
        if order["op"] == "work":
            self._work(order)
        elif order["op"] == "rest" and self._means.residents is not None:
            self._means.residents.release()
            self._tell_held()

    def _work(self, order: dict[str, Any]) -> None:
        job = order["job"]

        def tell(stage: str, fraction: float, words: str) -> None:
            self._say(event="progress", job=job, stage=stage, fraction=fraction, words=words)

        progress = Progress(tell, way_of(order["kind"], order["request"]))
        outcome = self._outcome(order, Watch(progress.report, lambda: job in self._cancelled))
        self._cancelled.discard(job)
        self._say(job=job, **outcome)
        if self._exhausted and self._means.residents is not None:
            self._means.residents.release()
            self._exhausted = False
        self._tell_held()

    def _outcome(self, order: dict[str, Any], watch: Watch) -> dict[str, Any]:
        """Do a job; how it ended, as a message."""
        job = Job(order["kind"], order["request"], order["attachment"], Path(order["folder"]))
        try:
            result = perform(job, self._means, watch, lambda: self._say(event="appearing", job=order["job"]))
        except HitpointError as error:
            return {"event": "failed", "error": told(error)}
        except Exception as error:
            log.exception("job %s", order["job"])
            return {"event": "failed", "error": told(self._sentence(error))}
        return {"event": "done", "result": result}

    def _sentence(self, error: Exception) -> HitpointError:
        """What is said of an error that nobody foresaw; one after which this process is of no use ends it."""
        words = (str(error).splitlines() or [""])[0]
        if _device_lost(error):
            sys.stderr.write(f"{words}\n")
            os._exit(DEVICE_LOST)
        if isinstance(error, MemoryError) or _device_full(error):
            self._exhausted = True
            what = "this machine" if isinstance(error, MemoryError) else f"the device {self._device}"
            return HitpointError(
                f"The memory of {what} was not enough",
                do="Close what else uses it, score a shorter range, or choose a smaller engine.",
            )
        return HitpointError(
            f"Something went wrong that should not: {type(error).__name__}{': ' if words else ''}{words}",
            do="The daemon's log has the details.",
        )

    def _tell_held(self) -> None:
        if self._means.residents is not None:
            self._say(event="held", held=self._means.residents.held())

    def _say(self, **message: Any) -> None:
        try:
            write_pipe(self._outgoing, message)
        except OSError:
            os._exit(0)  # nobody listens any more


def _device_full(error: Exception) -> bool:
    """Whether torch, ONNX Runtime or a library below them had no memory left on the device."""
    said = ("out of memory", "_ALLOC_FAILED", "Failed to allocate memory")
    return type(error).__name__ == "OutOfMemoryError" or any(words in str(error) for words in said)


def _device_lost(error: Exception) -> bool:
    """Whether the device answers this process no more: after a fault, a driver's restart, or the machine's sleep."""
    return isinstance(error, RuntimeError) and not _device_full(error) and "CUDA error" in str(error)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep standard input and output for messages; whatever a library prints goes where complaints go."""
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return incoming, outgoing


def _die_with_parent() -> None:
    """Linux: the kernel ends this process with its parent, even while a library holds the interpreter.

    The end of the input does the same on all systems, a little later.
    """
    if sys.platform == "linux":
        import ctypes

        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


def _step_back() -> None:
    """Leave the processor to the editing program and to the daemon. On Windows the daemon sees to it."""
    if sys.platform == "win32":
        return
    os.nice(NICER)
    # Linux shares the processor out between sessions first, and looks at priorities inside of each: in the daemon's
    # session this process would use up the daemon's share.
    with suppress(OSError):
        os.setsid()


def main() -> None:
    """`python -m daemon.worker`, as `daemon.child` starts it."""
    incoming, outgoing = _take_pipes()
    _die_with_parent()
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the daemon's business
    _step_back()
    logging.basicConfig(format="%(name)s: %(message)s")
    Worker(incoming, outgoing).run()


if __name__ == "__main__":
    main()
