"""A mailbox whose requests do what a test says, instead of asking a daemon."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.errors import Cancelled
from daemon import mailbox
from daemon.home import Home, prepare
from daemon.hosts import noticeboard
from daemon.hosts.letters import Pace
from daemon.hosts.request import HostRequest
from daemon.mailbox import Mailbox
from tests.daemon.hosts.luas import load, texts
from tests.daemon.house import until

QUICK_PACE = Pace(rescan=0.1, rest=0.05, give_up=0.6, tell=0.1)
TEXT = b'{"OTIO_SCHEMA": "Timeline.1"}'
SCORE: dict[str, Any] = {"in_": 0, "out": 24, "df": 0}
ENGINES = [{"name": "composer", "ready": True, "stems": ["drums"], "why": "", "configs": {}}]


class Box:
    """A mailbox, its folder, and what its requests do instead of asking a daemon."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = Home(folder / "home")
        prepare(self.home)
        self.folder = self.home.exchange / "mailbox"
        self.served: list[HostRequest] = []
        self.at_work: set[str] = set()
        self.most_at_work = 0
        self.hold: set[str] = set()
        self.reach: Callable[[], None] = lambda: None
        self.does: Callable[[HostRequest], dict[str, Any]] = lambda _: {"placement": {"cue": {"id": "3f9a2c1b"}}}
        self.box: Mailbox | None = None
        self._lock = threading.Lock()
        monkeypatch.setattr(mailbox, "serve", self._serve)
        monkeypatch.setattr(mailbox, "connected", self._connected)
        monkeypatch.setattr(noticeboard, "choices", lambda engines, _: {"engines": engines, "styles": ["tension"]})
        monkeypatch.setattr(mailbox, "LATER_S", 0.1)

    @contextmanager
    def _connected(self, who: str, start: bool, home: Home) -> Iterator[str]:
        assert not start
        assert home == self.home
        self.reach()
        yield who

    def _serve(
        self,
        request: HostRequest,
        client: str,
        home: Home,
        progress: Callable[[Mapping[str, Any]], None],
        cancelled: Callable[[], bool],
    ) -> dict[str, Any]:
        assert client == request.client
        assert home == self.home
        with self._lock:
            self.served.append(request)
            self.at_work.add(request.id)
            self.most_at_work = max(self.most_at_work, len(self.at_work))
        try:
            while request.id in self.hold or "all" in self.hold:
                progress({"progress": 0.5, "stage": "render", "words": "Working"})
                if cancelled():
                    raise Cancelled()
                time.sleep(0.01)
            if request.action == "cancel":
                return {"cancelled": ["fromjobs"]}
            return self.does(request)
        finally:
            with self._lock:
                self.at_work.discard(request.id)

    def open(self, **options: Any) -> None:
        self.box = Mailbox(self.home, lambda: ENGINES, **{"pace": QUICK_PACE, **options})
        self.box.start()
        until(lambda: (self.folder / "daemon.lua").exists())

    def close(self) -> None:
        if self.box is not None:
            self.box.close()
            self.box = None

    def lay(self, asked: str, content: bytes = TEXT) -> Path:
        """Lay a request as a host does: it appears and grows."""
        path = self.folder / asked
        path.write_bytes(content)
        return path

    def lay_once_there(self, asked: str) -> Path:
        """Lay a request once there is a mailbox."""
        until((self.folder / "daemon.lua").exists)
        return self.lay(asked)

    def answer(self, asked: str, ending: str = "lua") -> dict[str, Any]:
        """The answer to a request, once it is there."""
        path = self.folder / f"{asked}.answer.{ending}"
        until(path.exists)
        found: dict[str, Any] = json.loads(path.read_text()) if ending == "json" else texts(load(path))
        return found

    def names(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}

    def requests(self) -> set[str]:
        return {path for path in self.names() if path.startswith("hp1_")}
