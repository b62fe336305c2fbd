"""The host, asked call by call: any method may be missing, any handle may die, and nothing says why it refused."""

import math
import re
import subprocess
import time
from typing import Any, Callable, Dict, List, Optional, Tuple


class Stop(Exception):
    """Ends a run with one sentence for the user."""


def launched(words: List[str]) -> None:
    """Start a program and do not wait for it; raises OSError where it cannot be started."""
    nothing = subprocess.DEVNULL
    subprocess.Popen(words, stdin=nothing, stdout=nothing, stderr=nothing, close_fds=True)


class Settings:
    """What a run is told by whoever starts it."""

    def __init__(
        self,
        version: str,
        mailbox: str,
        program: str = "",
        say: Callable[[str], None] = print,
        wait: Callable[[float], Any] = time.sleep,
        clock: Callable[[], float] = time.time,
        launch: Callable[[List[str]], Any] = launched,
    ) -> None:
        self.version = version
        self.mailbox = mailbox
        self.program = program or "hitpoint"
        self.launch = launch
        self.say = say
        self.wait = wait
        self.clock = clock


class Session:
    """What one run knows: settings, Resolve and its version, the project and timeline it is about, fresh handles."""

    def __init__(self, settings: Settings, resolve: Any) -> None:
        self.settings = settings
        self.resolve = resolve
        self.version = (0, 0, 0)
        self.studio = False
        self.project_id = ""
        self.timeline_id = ""
        self.project_name = ""
        self.timeline_name = ""
        self.project: Any = None
        self.line: Any = None
        self.pool: Any = None
        self.elsewhere = False
        self.made_room = False
        self.started = False

    def say(self, words: str) -> None:
        """Say one line to the user."""
        self.settings.say("Hitpoint: " + words)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.settings.wait(seconds)

    def time(self) -> int:
        """Whole seconds since the epoch, as the daemon's sign of life counts them."""
        return int(self.settings.clock())


def call(obj: Any, name: str, *arguments: Any) -> Any:
    """What a method answers; None where it is missing or raises. Results may be 0 or False: test for None."""
    try:
        method = getattr(obj, name, None)
        return method(*arguments) if callable(method) else None
    except Exception:  # a dead handle may raise anything
        return None


def listed(value: Any) -> List[Any]:
    """A result that should be a list; refusals answer None or False."""
    return list(value) if isinstance(value, (list, tuple)) else []


def table(value: Any) -> Dict[Any, Any]:
    """A result that should be a table; refusals answer None or False."""
    return value if isinstance(value, dict) else {}


def number(value: Any) -> Optional[float]:
    """A number, or a text that is one; None else."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def whole(value: Any) -> Optional[int]:
    """A number as a whole one: hosts answer 12, 12.0 and "12"."""
    found = number(value)
    return None if found is None else math.floor(found + 0.5)


def numbers_of(text: Any) -> Tuple[int, int, int]:
    """The version that a text names."""
    found = re.search(r"(\d+)\.?(\d*)\.?(\d*)", str(text))
    parts = found.groups() if found else ("0", "0", "0")
    return int(parts[0]), int(parts[1] or 0), int(parts[2] or 0)


def before(session: Session, version: str) -> bool:
    """Whether this Resolve is older than a version; one that does not tell its version is taken for old."""
    return session.version < numbers_of(version)


def open_session(settings: Settings, resolve: Any) -> Session:
    """A session for one run; says the banner first.

    Raises:
        Stop: no Resolve answers.
    """
    session = Session(settings, resolve)
    if resolve is None:
        session.say(settings.version + ", Resolve not reached")
        raise Stop("no Resolve answers here. Start this from Workspace > Scripts inside DaVinci Resolve.")
    text = call(resolve, "GetVersionString")
    told = [whole(each) or 0 for each in listed(call(resolve, "GetVersion"))[:3]] + [0, 0, 0]
    session.version = (told[0], told[1], told[2]) if told[0] else numbers_of(text)
    if not isinstance(text, str) or not text:
        text = ".".join(map(str, session.version))
    product = call(resolve, "GetProductName") or "DaVinci Resolve"
    studio = call(resolve, "IsStudio")
    session.studio = studio if isinstance(studio, bool) else "Studio" in product
    edition = "Studio edition" if session.studio else "free edition"
    session.say(f"{settings.version} in {product} {text} ({edition})")
    return session


class Current:
    """What is open at this moment: handles live only briefly, and the user may have gone elsewhere."""

    def __init__(self, session: Session) -> None:
        manager = call(session.resolve, "GetProjectManager")
        self.project = call(manager, "GetCurrentProject")
        self.line = call(self.project, "GetCurrentTimeline")
        self.pool = call(self.project, "GetMediaPool")
        self.project_id = call(self.project, "GetUniqueId") or call(self.project, "GetName")
        self.timeline_id = call(self.line, "GetUniqueId") or call(self.line, "GetName")

    def keep(self, session: Session) -> None:
        """Make its handles those of the session."""
        session.project, session.line, session.pool = self.project, self.line, self.pool


def settle(session: Session) -> None:
    """Fix the project and the timeline that this run is about.

    Raises:
        Stop: nothing is open.
    """
    now = Current(session)
    if not now.timeline_id:
        now = Current(session)
    if not now.project_id:
        raise Stop("no project is open. Open one, then call this again.")
    if not now.timeline_id:
        raise Stop("no timeline is open. Open the timeline to be scored, then call this again.")
    session.project_id, session.timeline_id = now.project_id, now.timeline_id
    now.keep(session)
    session.timeline_name = call(now.line, "GetName") or ""
    session.project_name = call(now.project, "GetName") or ""


def still(session: Session) -> bool:
    """Whether the run's own timeline is still the one in front; fresh handles when it is."""
    for _ in range(3):
        now = Current(session)
        if (now.project_id, now.timeline_id) == (session.project_id, session.timeline_id):
            now.keep(session)
            return True
        if now.project_id and now.timeline_id:
            return False
        session.wait(0.1)
    return False


def now(session: Session) -> Session:
    """Fresh handles before anything is changed; writes go to whatever timeline is in front, so it must be ours.

    Raises:
        Stop: another timeline is open.
    """
    if not still(session):
        session.elsewhere = True
        raise Stop(
            "another timeline is open now, so nothing more was placed. "
            f'Open the timeline "{session.timeline_name}" of the project "{session.project_name}" '
            "and call this again: what is ready is placed then."
        )
    return session


def ask(session: Session, method: str, *arguments: Any) -> Any:
    """What the run's timeline answers; asked again with a fresh handle when the first one gives nothing."""
    answer = call(session.line, method, *arguments)
    if answer is not None:
        return answer
    still(session)
    return call(session.line, method, *arguments)
