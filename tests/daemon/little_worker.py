"""A worker that starts in a blink and only speaks as one: `python -m tests.daemon.little_worker [manner]`.

Manners: "unready" dies before it is ready, with a complaint; "unready once F" only while the file F is not there;
"hangs" never gets ready; "fleeting" dies once it is; "stubborn" ends neither with its input nor when told to. What it
does with a job is the request's "do".
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from threading import Event, Thread
from typing import Any

from daemon.wire import read_pipe, write_pipe

cancelled = Event()


def say(**message: Any) -> None:
    write_pipe(sys.stdout.buffer, message)


def main() -> None:
    manner = sys.argv[1:]
    if manner[:1] == ["unready"] and (len(manner) < 3 or not Path(manner[2]).exists()):
        if len(manner) == 3:
            Path(manner[2]).touch()
        sys.exit("No module named 'numpy'")
    stubborn = manner == ["stubborn"]
    if stubborn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    hello = read_pipe(sys.stdin.buffer)
    assert hello
    assert hello["op"] == "hello"
    if manner == ["hangs"]:
        time.sleep(60)
    say(event="ready", engines=[{"name": "little"}])
    if manner == ["fleeting"]:
        sys.exit("It was too much")
    while True:
        message = read_pipe(sys.stdin.buffer)
        if message is None:
            if not stubborn:
                return
            time.sleep(60)
        elif message["op"] == "work":
            cancelled.clear()
            Thread(target=work, args=(message, hello), daemon=True).start()
        elif message["op"] == "cancel":
            cancelled.set()
        elif message["op"] == "rest":
            say(event="held", held={"rested": 1})


def work(message: dict[str, Any], hello: dict[str, Any]) -> None:
    job, do = message["job"], message["request"].get("do", "")
    say(event="progress", job=job, stage="doing", fraction=0.25, words=do)
    if do == "die":
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)
    elif do == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(60)
    elif do == "leave":
        print("first line\nthe last words", file=sys.stderr, flush=True)
        os._exit(3)
    elif do == "nonsense":
        sys.stdout.buffer.write(b"hello world, this is no message\n")
        sys.stdout.buffer.flush()
        time.sleep(60)
    elif do == "foreign":
        say(event="done", job="another", result={})
    elif do == "wait":
        cancelled.wait(60)
        say(event="failed", job=job, error={"code": "cancelled", "what": "Cancelled", "where": "", "do": ""})
        return
    elif do == "deaf":
        time.sleep(60)
    elif do == "appear":
        say(event="appearing", job=job)
        cancelled.wait(0.5)
        time.sleep(2.0)
    told = {"pid": os.getpid(), "hello": hello, "attachment": len(message["attachment"] or b"")}
    say(event="done", job=job, result=told)


if __name__ == "__main__":
    main()
