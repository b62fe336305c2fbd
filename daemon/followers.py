"""Who is told of which job, and who has been heard of lately."""

from __future__ import annotations

from dataclasses import dataclass, field

from daemon.protocol import Bucket
from daemon.wire import CLIENT_GONE_S


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
        peer = self._peers.get(identity)
        if peer is None:
            peer = self._peers[identity] = Peer(f"unnamed {identity.hex()}", Bucket(), now)
        peer.heard = now
        return peer

    def follow(self, identity: bytes, job: str) -> None:
        """Tell this connection of a job from now on."""
        if peer := self._peers.get(identity):
            peer.follows.add(job)
            self._of.setdefault(job, set()).add(identity)

    def of(self, job: str) -> tuple[bytes, ...]:
        """Who follows a job."""
        return tuple(self._of.get(job, ()))

    def ended(self, job: str) -> None:
        """A job has ended: nobody follows it any more."""
        for identity in self._of.pop(job, ()):
            if peer := self._peers.get(identity):
                peer.follows.discard(job)

    def gone(self, identity: bytes) -> None:
        """A connection is no more."""
        if peer := self._peers.pop(identity, None):
            for job in peer.follows:
                self._of[job].discard(identity)
                if not self._of[job]:
                    del self._of[job]

    def forget_silent(self, now: float) -> None:
        """Let go of whoever has said nothing for `CLIENT_GONE_S`."""
        for identity in [identity for identity, peer in self._peers.items() if now - peer.heard > CLIENT_GONE_S]:
            self.gone(identity)

    def __len__(self) -> int:
        return len(self._peers)
