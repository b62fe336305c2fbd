"""A fake Resolve with a mailbox beside it whose answers are canned: scripts run whole, without a daemon."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from daemon.hosts.luafile import write_lua
from daemon.hosts.request import VERSION, HostRequest, from_name, is_request
from tests.hosts import placements
from tests.hosts.resolve.clock import Clock
from tests.hosts.resolve.fake import Fake
from tests.hosts.resolve.model import Item, Marker, Media, Track
from tests.hosts.resolve.scripts import Run

SCRIPTS = Path(__file__).resolve().parents[3] / "integrations" / "resolve"
LENGTHS = (96, 121, 83)
"""Frames of the sections of every cue here."""
START = 240
"""Where the marks of `Desk.with_picture` lie, from the timeline's first frame."""


class Desk:
    """One Resolve, one mailbox, one cue.

    Args:
        folder: everything is below it.
        running: whether the program writes its heartbeat and takes requests.
        work: seconds between a request and its answer.
        fake: arguments of `Fake`.

    Attributes:
        requests: what was asked, in order.
        take, changed: of the cue, as `placements.placement` takes them; an answer lays that state.
        meanwhile: called when a request that takes time has been taken, before it is answered.
        refusal: an error that answers every request for music.
    """

    def __init__(self, folder: Path, *, running: bool = True, work: float = 2.0, **fake: Any) -> None:
        self.mailbox, self.cue = folder / "mailbox", folder / "cue"
        self.mailbox.mkdir(parents=True)
        self.fake = Fake(**{"clock": Clock(), **fake})
        self.running, self.work = running, work
        self.requests: list[HostRequest] = []
        self.started: list[str] = []
        self.take = 1
        self.changed: dict[int, tuple[Sequence[str], Sequence[int]]] = {}
        self.lengths: Sequence[int] = LENGTHS
        self.stems: Sequence[str] = placements.STEMS
        self.meanwhile: Callable[[], object] = lambda: None
        self.refusal: dict[str, str] | None = None
        self.options: dict[str, Any] = {"markers": "all"}
        self.ready: dict[str, list[str]] = {}
        self.place: Callable[[HostRequest], dict[str, Any]] = self.placement
        self._tick()

    # the program

    def _tick(self) -> None:
        """Four times a second: the heartbeat, and what lies in the mailbox."""
        if self.running:
            self._beat()
            self._collect()
        self.fake.clock.after(0.25, self._tick)

    def _collect(self) -> None:
        for path in sorted(self.mailbox.glob("hp1_*.otio")) if self.running else ():
            self._take(path)

    def _beat(self) -> None:
        engines = [{"name": "composer", "ready": True, "stems": list(placements.STEMS)}]
        told = {"version": VERSION, "pid": 1, "time": int(self.fake.clock.time()), "engines": engines}
        self._write("daemon.lua", {**told, "styles": []})

    def _take(self, path: Path) -> None:
        content = path.read_bytes()
        if not content:
            return
        assert is_request(path.name)
        request = from_name(path.name, content)
        self.requests.append(request)
        path.unlink()
        if request.action == "placed":
            self.ready[request.key].remove(request.of)
            self._write("ready.lua", {"timelines": self.ready})
        elif request.action in ("cancel", "options"):
            self.answer(request, {"ok": True, "cancelled": []})
        else:
            how_far = {"id": request.id, "progress": 0.4, "stage": "rhythm", "words": "Beats"}
            self._write(f"{request.id}.progress.lua", how_far)
            self.meanwhile()
            self.fake.clock.after(self.work, lambda: self.make(request))

    def make(self, request: HostRequest) -> None:
        """Answer a request for music."""
        if self.refusal:
            self.answer(request, {"ok": False, "error": self.refusal})
            return
        placed = {"ok": True, "placement": self.place(request), "options": self.options, "said": []}
        if request.action == "score":
            placed["range"] = {"in": request.start_frame, "out": request.end_frame}
        self.ready.setdefault(request.key, []).append(request.id)
        self.answer(request, placed)
        self._write("ready.lua", {"timelines": self.ready})

    def answer(self, request: HostRequest, fields: dict[str, Any]) -> None:
        """Write an answer."""
        head = {"id": request.id, "action": request.action, "version": VERSION}
        self._write(f"{request.id}.answer.lua", {**head, **fields})

    def _write(self, name: str, fields: dict[str, Any]) -> None:
        write_lua(self.mailbox / name, {"hitpoint": 1, **fields})

    def placement(self, request: HostRequest | None = None) -> dict[str, Any]:
        """The cue in its present state."""
        own = self.fake.timeline
        start = START if request is None or request.action != "score" else request.start_frame
        return placements.placement(
            self.cue,
            own.rate,
            start=start,
            timeline_start=own.start,
            lengths=self.lengths,
            take=self.take,
            changed=self.changed,
            stems=self.stems,
            sample_rate=8000,
        )

    # the user

    def with_picture(self, seconds: int = 60) -> Desk:
        """One long clip, and marks where the cue goes; a long marker where scripts are told no marks."""
        rate = self.fake.timeline.rate
        movie = Media("movie.mov", "/media/movie.mov", True, True, rate, int(seconds * rate))
        self.fake.lay(movie, 0, int(seconds * rate))
        if self.fake.profile.since("19.1"):
            self.fake.user.mark(START, START + sum(self.lengths) - 1)
        else:
            marker = Marker("Cyan", "music here", "", sum(self.lengths))
            self.fake.timeline.markers[float(START)] = marker
        return self

    def run(self, action: str, lua: str = "luajit21", **options: Any) -> Run:
        """Start one entry of the menu."""
        settings = {"action": action, "version": VERSION, "scripts": str(SCRIPTS), "mailbox": str(self.mailbox)}
        settings["program"] = "/opt/hitpoint/bin/hitpoint"
        source = f'loadfile("{SCRIPTS}/hitpoint.lua")()(...)'
        given = {"os.execute": self._execute, **options.pop("globals", {})}
        if "os.execute" in self.fake.profile.removed_globals:
            del given["os.execute"]
        run = self.fake.run_lua(source, lua, arguments=[settings], globals=given, **options)
        self._collect()
        return run

    def _execute(self, line: str) -> int:
        self.started.append(line)
        self.running = True
        return 0

    # what tests look at

    def track(self, name: str) -> Track:
        """The audio track of that name."""
        return next(track for track in self.fake.timeline.tracks["audio"] if track.name == name)

    def items(self, name: str) -> list[tuple[int, int, str]]:
        """What lies on an audio track: frames from the timeline's first, lengths, file names."""
        own = self.fake.timeline.start
        return [(int(item.start - own), item.duration, Path(_path(item)).name) for item in self.track(name).items]

    def wanted(self, stem: str) -> list[tuple[int, int, str]]:
        """What shall lie on a stem's track."""
        told = next(one for one in self.placement()["stems"] if one["name"] == stem)
        return [(START + piece["first"], piece["frames"], Path(piece["file"]).name) for piece in told["pieces"]]

    def asked(self) -> list[str]:
        """The actions that were asked for, in order."""
        return [request.action for request in self.requests]

    def state(self) -> dict[str, Any]:
        """All that the user has set, and where everything of the user's lies."""
        fake, own = self.fake, self.fake.timeline
        theirs = [track for track in own.all_tracks() if not track.name.startswith("Hitpoint")]
        return {
            "page": fake.page,
            "playhead": own.playhead,
            "marks": dict(own.marks),
            "bin": fake.project.folder.name,
            "timeline": fake.project.timeline.id if fake.project.timeline else None,
            "tracks": [(track.kind, track.name, track.enabled, track.locked) for track in theirs],
            "items": [(item.id, item.start, item.duration, item.source) for track in theirs for item in track.items],
            "markers": [(f, m.name) for f, m in own.markers.items() if not m.custom.startswith("hitpoint:")],
        }


def _path(item: Item) -> str:
    return item.media.path if item.media else ""


def frames(rate: Fraction, seconds: float) -> int:
    """Whole frames in so many seconds."""
    return int(rate * Fraction(seconds))
