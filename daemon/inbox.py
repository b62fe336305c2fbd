"""What other threads tell the daemon's main loop: events in order, and a socket that wakes the loop."""

from __future__ import annotations

import socket
from collections import deque
from contextlib import suppress


class Inbox:
    """Events from any thread for one loop that polls `fileno()`."""

    def __init__(self) -> None:
        self._events: deque[object] = deque()
        # A pair of sockets, not a pipe: Windows polls sockets only.
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)

    def put(self, event: object) -> None:
        """Hand over an event and wake the loop; safe in every thread, and quiet once the loop has ended."""
        self._events.append(event)
        with suppress(OSError):  # full: the loop is awake already; closed: nobody listens any more
            self._waker.send(b"\0")

    def drain(self) -> list[object]:
        """All events so far, in the order in which they came."""
        with suppress(BlockingIOError):
            while self._woken.recv(4096):
                pass
        drained = []
        while self._events:
            drained.append(self._events.popleft())
        return drained

    def fileno(self) -> int:
        """What the loop polls for reading."""
        return self._woken.fileno()

    def close(self) -> None:
        """Let the sockets go."""
        self._woken.close()
        self._waker.close()
