"""What a round trip costs by itself: an echo over the daemon's kind of socket, a ROUTER with CURVE on loopback.

`python -m bench.echo` is the echo's process: it prints its address and its public key, and answers until it is killed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import zmq


@contextmanager
def echo() -> Iterator[Callable[[bytes], bytes]]:
    """A process that echoes; what is given sends it a message and waits for it to come back."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.echo"], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    try:
        assert process.stdout is not None
        address, public = process.stdout.readline().split()
        socket = context.socket(zmq.DEALER)
        socket.linger = 0
        socket.curve_serverkey = public.encode()
        socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
        socket.connect(address)

        def ask(message: bytes) -> bytes:
            socket.send(message)
            return socket.recv()

        yield ask
        socket.close()
    finally:
        process.kill()
        process.wait()
        context.term()


@contextmanager
def busy() -> Iterator[None]:
    """As many processes as there are cores, each of which keeps one busy.

    Each is a session of its own, as programs of a desktop are: Linux shares the processor out between sessions.
    """
    spin = [sys.executable, "-c", "while True: pass"]
    spinning = [subprocess.Popen(spin, start_new_session=True) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def round_trips(ask: Callable[[], object], count: int, pause_s: float) -> list[float]:
    """Seconds that each of so many questions waits for its answer, a pause before each."""
    taken = []
    for _ in range(count):
        time.sleep(pause_s)
        begun = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - begun)
    return taken


def main() -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = context.socket(zmq.ROUTER)
    public, socket.curve_secretkey = zmq.curve_keypair()
    socket.curve_server = True
    socket.bind("tcp://127.0.0.1:*")
    address = socket.getsockopt(zmq.LAST_ENDPOINT)
    assert isinstance(address, bytes)
    print(address.decode().rstrip("\0"), public.decode(), flush=True)
    with suppress(KeyboardInterrupt):
        while True:
            socket.send_multipart(socket.recv_multipart())


if __name__ == "__main__":
    main()
