"""Who is told of which job, and who has been heard of lately."""

from __future__ import annotations

from dataclasses import dataclass, field

from daemon.protocol import Bucket
from daemon.wire import CLIENT_GONE_S

PRESENT_S = 3.0
"""Who has said something within it counts as present: what waits for anything says something each second."""
REMEMBERED = 1000
"""Connections whose names are known, at most; the ones that were silent for longest are forgotten."""


@dataclass
class Peer:
    """One connection of a client."""

    name: str
    bucket: Bucket
    heard: float
    """When it last said anything, by `time.monotonic()`."""
    follows: set[str] = field(default_factory=set)


class Followers:
    """The connections, by the identity that the socket gave each."""

    def __init__(self) -> None:
        self._peers: dict[bytes, Peer] = {}
        self._of: dict[str, set[bytes]] = {}

    def heard(self, identity: bytes, now: float) -> Peer:
        """The connection that has just said something; any traffic is a sign of life."""
        peer = self._peers.pop(identity, None) or Peer(f"unnamed {identity.hex()}", Bucket(), now)
        peer.heard = now
        self._peers[identity] = peer  # they are in the order in which they were heard
        if len(self._peers) > REMEMBERED:
            self.gone(next(iter(self._peers)))
        return peer

    def follow(self, identity: bytes, job: str) -> bool:
        """Tell this connection of a job from now on; False where it was told of it already."""
        peer = self._peers.get(identity)
        if peer is None or job in peer.follows:
            return False
        peer.follows.add(job)
        self._of.setdefault(job, set()).add(identity)
        return True

    def unfollow(self, identity: bytes, job: str) -> None:
        """Tell this connection of a job no more."""
        if peer := self._peers.get(identity):
            peer.follows.discard(job)
        followers = self._of.get(job, set())
        followers.discard(identity)
        if not followers:
            self._of.pop(job, None)

    def of(self, job: str) -> tuple[bytes, ...]:
        """Who follows a job."""
        return tuple(self._of.get(job, ()))

    def ended(self, job: str) -> None:
        """A job has ended: nobody follows it any more."""
        for identity in self.of(job):
            self.unfollow(identity, job)

    def gone(self, identity: bytes) -> None:
        """A connection is no more."""
        if peer := self._peers.pop(identity, None):
            for job in peer.follows:
                self.unfollow(identity, job)

    def forget_silent(self, now: float) -> None:
        """Tell nothing more to whoever has said nothing for `CLIENT_GONE_S`; its name is kept, as it may come back."""
        for identity, peer in self._peers.items():
            if now - peer.heard <= CLIENT_GONE_S:
                return
            for job in tuple(peer.follows):
                self.unfollow(identity, job)

    def present(self, now: float) -> int:
        """How many connections were heard within `PRESENT_S`."""
        return sum(now - peer.heard <= PRESENT_S for peer in self._peers.values())
