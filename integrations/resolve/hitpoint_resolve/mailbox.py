"""The mailbox: a request is the timeline that Resolve itself exports, an answer is a JSON file."""

import json
import os
import re
from typing import Any, Callable, Dict, Iterator, List, Optional

from . import request
from .host import Current, Session, Stop, call, listed, now, still, table

PROTOCOL = 1
HEARTBEAT = 10  # seconds after which a daemon that wrote nothing is taken for gone
STEP = 0.25  # seconds between two looks
AGAIN = 15  # seconds without a sign after which the request is sent once more
UNHEARD = 120  # seconds without a sign after which this run ends; the request stays
FORGET = 3  # seconds that forgetting an answer may take
AWAY = 60  # seconds that a daemon may be away before this run ends; the request stays

_TOKEN = re.compile(r'"(?:\\\d{3}|[^"\\])*"|[{}\[\]=,]|[^\s{}\[\]=,"]+')


def literal(text: str) -> Any:
    """What a Lua file of the daemon's gives back: one `return` and one literal of texts, numbers and tables."""
    tokens = iter(_TOKEN.findall(text))
    if next(tokens, "") != "return":
        raise ValueError("no literal")
    return _value(next(tokens, ""), tokens)


def _value(token: str, tokens: Iterator[str]) -> Any:
    if token == "{":
        return _table(tokens)
    if token.startswith('"'):
        raw = re.sub(r"\\(\d{3})", lambda found: chr(int(found.group(1))), token[1:-1])
        return raw.encode("latin-1").decode("utf-8", "surrogateescape")
    if token in ("true", "false", "nil"):
        return {"true": True, "false": False, "nil": None}[token]
    return float(token) if re.search(r"[.en]", token) else int(token)


def _table(tokens: Iterator[str]) -> Any:
    """A map where it has keys, else a list."""
    rows: List[Any] = []
    fields: Dict[str, Any] = {}
    for token in tokens:
        if token == "}":
            return fields or rows
        if token == "[":
            key = _value(next(tokens, ""), tokens)
            if (next(tokens, ""), next(tokens, "")) != ("]", "="):
                raise ValueError("no key")
            fields[key] = _value(next(tokens, ""), tokens)
        elif token != ",":
            rows.append(_value(token, tokens))
    raise ValueError("no end")


def load(session: Session, name: str) -> Optional[Dict[str, Any]]:
    """A file of the daemon's; None while it is not there."""
    try:
        with open(os.path.join(session.settings.mailbox, name), encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
        value = json.loads(text) if name.endswith(".json") else literal(text)
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) and value.get("hitpoint") == PROTOCOL else None


def daemon(session: Session) -> Optional[Dict[str, Any]]:
    """What the daemon tells about itself; None when it is not running."""
    told = load(session, "daemon.lua")
    return told if told and session.time() - told.get("time", 0) <= HEARTBEAT else None


def _check_version(session: Session, told: Dict[str, Any]) -> None:
    own = session.settings.version
    if told.get("version") and told["version"] != own:
        raise Stop(
            "this script is version {} and the program is version {}. "
            "Run: hitpoint install resolve, then call this again.".format(own, told["version"])
        )


def wake(session: Session) -> bool:
    """Make sure that a daemon of our version runs or is starting; says so when it has to be started by hand.

    One that goes away is started once, each time it goes.

    Returns:
        Whether it runs.
    """
    told = daemon(session)
    if told:
        _check_version(session, told)
        session.started = False
    elif not session.started:
        session.started = True
        session.say(_start(session))
    return bool(told)


def _command(session: Session) -> str:
    """What a person types to start it."""
    return f'"{session.settings.program}" daemon start'


def _start(session: Session) -> str:
    """Start the daemon without waiting for it; the sentence that says what was done."""
    try:
        session.settings.launch([session.settings.program, "daemon", "start"])
    except OSError:
        return (
            f"its program is not running and could not be started. Start it with: {_command(session)}"
            " - the request waits and is taken then."
        )
    return "its program was not running; it is being started."


def _export_once(session: Session, path: str, anywhere: bool) -> bool:
    """What only names an answer may carry any timeline; what is scored must be the run's own."""
    line = Current(session).line if anywhere else now(session).line
    kind = getattr(session.resolve, "EXPORT_OTIO", None)
    if kind is None:
        raise Stop("this Resolve cannot export OTIO. Hitpoint needs version 18.5 or later.")
    none = getattr(session.resolve, "EXPORT_NONE", None)
    done = call(line, "Export", path, kind, none)
    # The daemon takes a timeline that it has read whole away at once: gone is as good as written.
    return done is True and not (os.path.exists(path) and os.path.getsize(path) == 0)


def send(session: Session, fields: Dict[str, Any], anywhere: bool = False) -> str:
    """Send a request; gives its id. The fields may be sent again: the same id is the same request.

    Raises:
        Stop: there is no mailbox, or Resolve exports nothing.
    """
    folder = session.settings.mailbox
    if not os.path.isdir(folder):
        raise Stop(f"its mailbox {folder} is missing. Run: hitpoint install resolve")
    path = os.path.join(folder, request.name(fields))
    for _ in range(3):
        if _export_once(session, path, anywhere):
            return str(fields["id"])
        session.wait(STEP)
    raise Stop(
        f"Resolve refused to export the timeline to {folder}. Close any open dialog, look that this folder can be "
        "written, and call this again."
    )


def ready(session: Session) -> List[str]:
    """Ids of answers that were made for this timeline and that no script has said it laid."""
    told = load(session, "ready.lua") or {}
    return listed(table(told.get("timelines")).get(request.key_of(session)))


def answer_of(session: Session, request_id: str) -> Optional[Dict[str, Any]]:
    """The answer to a request, asked by this script or by the one in Resolve's menu; None while there is none."""
    return load(session, request_id + ".answer.json") or load(session, request_id + ".answer.lua")


def options(session: Session) -> Dict[str, Any]:
    """The options that hold for this project: its own, else the defaults."""
    told = load(session, "options.lua") or {}
    own = table(table(told.get("projects")).get(request.hashed(session.project_id)))
    return dict(table(told.get("defaults")), **own)


class _Waiting:
    """What is known while an answer is waited for, in seconds from the beginning."""

    def __init__(self) -> None:
        self.heard = False
        self.again = False
        self.away: Optional[float] = None


def _look(session: Session, fields: Dict[str, Any], state: _Waiting, passed: float) -> Optional[Dict[str, Any]]:
    """How far the request is. Ends the run when nothing can come any more; the request itself is never taken back."""
    progress = load(session, fields["id"] + ".progress.json")
    state.heard = state.heard or progress is not None
    if wake(session):
        state.away = None
    elif state.away is None:
        state.away = passed
    silent = not state.heard and state.away is None
    if silent and not state.again and passed > AGAIN and still(session):
        state.again = True
        send(session, fields)
    if state.away is not None and passed - state.away > AWAY:
        raise Stop(
            f"its program is not running, so the request waits. Start it with: {_command(session)}"
            " - then call this again: what is ready is placed then."
        )
    if not state.heard and passed > UNHEARD:
        raise Stop(
            "its program has not taken the request yet. It stays in the mailbox; call this again later: "
            "what is ready is placed then."
        )
    return progress


def await_answer(
    session: Session, fields: Dict[str, Any], hear: Callable[[Optional[Dict[str, Any]]], None]
) -> Dict[str, Any]:
    """Wait for the answer to a request, as long as its job takes; `hear` is given the progress at each look.

    Raises:
        Stop: nothing can come any more.
    """
    began, state = session.time(), _Waiting()
    while True:
        answer = answer_of(session, fields["id"])
        if answer:
            return answer
        hear(_look(session, fields, state, session.time() - began))
        session.wait(STEP)


def await_briefly(session: Session, fields: Dict[str, Any], seconds: float) -> Optional[Dict[str, Any]]:
    """Wait for a short answer; None when it does not come in that many seconds."""
    began = session.time()
    while session.time() - began <= seconds:
        answer = answer_of(session, fields["id"])
        if answer:
            return answer
        session.wait(STEP)
    return None


def placed(session: Session, request_id: str) -> None:
    """Tell the daemon that an answer was laid, so that it is forgotten.

    A moment is given for that: the next run would take it for something still to be placed.
    """
    send(session, dict(request.fields_of(session, "placed"), of=request_id), True)
    began = session.time()
    while daemon(session) and request_id in ready(session) and session.time() - began < FORGET:
        session.wait(STEP)
