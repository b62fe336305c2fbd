"""The operations and their shapes: what a client may ask, checked once, at the edge.

docs/protocol.md is this module for people who write a client in another language. Only the daemon imports it; clients
need `daemon.wire` alone.

Conventions
    Shapes are strict: nothing is converted, "1" is no number. Fields that are not known are ignored, so that a newer
    client can talk to an older daemon. The description of a field is what its error says: "The field seed must be ...".
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PureWindowsPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import HitpointError, WrongUse, told
from daemon import wire
from daemon.wire import CLIENT_GONE_S as CLIENT_GONE_S
from daemon.wire import HEARTBEAT_S as HEARTBEAT_S
from daemon.wire import LIVENESS_S as LIVENESS_S
from daemon.wire import PROTOCOL

PROTOCOLS = (PROTOCOL,)
"""Versions that are spoken here."""
RATE = 500
"""Requests per second that one connection may send in the long run."""
BURST = 1000
"""Requests that one connection may send at once after a rest."""
JOB_ID = r"^[a-z0-9][a-z0-9-]{7,63}$"
"""How a job's id is written; the client mints it."""
MAX_ID = 64
"""Characters of a request's id."""
MAX_NAME = 64
"""Characters of the name of an engine or a style, and of a time."""
MAX_PROGRAM = 128
"""Characters of what a client says of itself."""
MAX_PATH = 4096
"""Characters of a path."""
MAX_PROMPT = 10_000
"""Characters of a prompt."""
MAX_SEED = 2**31 - 1
"""The largest seed."""
MAX_JOBS = 1000
"""Jobs told in one answer."""
MAX_VERSIONS = 16
"""Protocol versions that a client may name in its hello."""
MAX_STEMS = 16
"""Stems named in a request."""
MAX_TAKE = 999_999_999
"""The largest number of a take."""
HOST_RATES = (8_000, 192_000)
"""Sample rates that pieces may be asked for at, lowest and highest, Hz."""
LOUDNESS = (-40.0, -10.0)
"""Loudness that may be asked for, lowest and highest, LUFS."""

_SHOWN = 40
"""A wrong value is shown up to so many characters."""
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*)?", re.IGNORECASE)


def absolute(text: str, windows: bool = os.name == "nt") -> bool:
    """Whether a text is an absolute path, without NUL.

    On Windows it has a drive or a share and a root ("/windows" and "C:file" have not both), and it names no device and
    no alternate stream of a file. The standard library's answer there differs between versions of Python.
    """
    if "\0" in text:
        return False
    if not windows:
        return text.startswith("/")
    path = PureWindowsPath(text)
    if not (path.drive and path.root) or path.drive.startswith(("\\\\.\\", "\\\\?\\")):
        return False
    return not any(":" in part or _DEVICE.fullmatch(part) for part in path.parts[1:])


def _absolute(text: str) -> str:
    if not absolute(text):
        raise ValueError
    return text


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError
    return text


def _name(text: str) -> str:
    if "/" in text or "\\" in text:
        raise ValueError
    return _printable(text)


AbsolutePath = Annotated[str, Field(max_length=MAX_PATH), AfterValidator(_absolute)]
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME), AfterValidator(_name)]
JobId = Annotated[str, Field(pattern=JOB_ID)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Loudness = Annotated[float, Field(ge=LOUDNESS[0], le=LOUDNESS[1], allow_inf_nan=False)]
Time = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
About = Annotated[str, Field(min_length=1, max_length=MAX_PROGRAM), AfterValidator(_printable)]
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]
Stems = Annotated[list[Name], Field(max_length=MAX_STEMS)]
TakeNumber = Annotated[int, Field(ge=1, le=MAX_TAKE)]
Snap = Literal["beat", "bar", "cut", "none"]

_PATH = f"an absolute path of at most {MAX_PATH} characters, with no device, stream or NUL in it"
_NAME = f"a name of 1 to {MAX_NAME} printable characters without slashes"
_JOB = "a job's id: 8 to 64 small letters, digits and hyphens, not beginning with a hyphen"
_TIME = f"a time of 1 to {MAX_NAME} characters: HH:MM:SS:FF, 123f or 12.5s"
_ABOUT = f"a text of 1 to {MAX_PROGRAM} printable characters"
_YES_NO = "true or false"
_STEMS = f"a list of at most {MAX_STEMS} names of stems"
_SNAP = '"beat", "bar", "cut" or "none"'
_SEED = f"a whole number from 0 to {MAX_SEED}"


class _Operation(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)


class _OfJob(_Operation):
    job: JobId = Field(description=_JOB)


class _Wishes(_Operation):
    """What may be wished of a cue, whatever is scored."""

    engine: Name = Field("composer", description=_NAME)
    style: Name | None = Field(None, description=_NAME)
    prompt: str = Field("", max_length=MAX_PROMPT, description=f"a text of at most {MAX_PROMPT} characters")
    under_speech: bool = Field(False, description=_YES_NO)
    ending: Literal["button", "ring", "cut", "lead-out"] | None = Field(
        None, description='"button", "ring", "cut" or "lead-out"'
    )
    seed: Seed | None = Field(None, description=_SEED)
    to: AbsolutePath | None = Field(None, description=_PATH)
    sample_rate: Literal[44100, 48000, 96000] = Field(48000, description="44100, 48000 or 96000")
    loudness: Loudness = Field(-20.0, description=f"a number from {LOUDNESS[0]:g} to {LOUDNESS[1]:g}")
    soundfont: AbsolutePath | None = Field(None, description=_PATH)


class Hello(_Operation):
    """Say who is there, and hear what the daemon speaks and can do."""

    client: About = Field(description=_ABOUT)
    """Who asks: jobs are shared out fairly between names, so two editors' scripts have two."""
    program: About | None = Field(None, description=_ABOUT)
    protocols: list[Version] = Field(
        min_length=1, max_length=MAX_VERSIONS, description=f"a list of 1 to {MAX_VERSIONS} version numbers"
    )


class Ping(_Operation):
    """Ask for a sign of life, and give one."""


class Score(_Wishes):
    """Score a range of a timeline; the attachment is the timeline's text."""

    job: JobId = Field(description=_JOB)
    timeline: AbsolutePath = Field(description=_PATH)
    """May name a file that is not there when its text is attached: names and relative media are read from it."""
    in_text: Time | None = Field(None, alias="in", description=_TIME)
    out_text: Time | None = Field(None, alias="out", description=_TIME)


class _Part(_OfJob):
    """A part of a cue."""

    cue: AbsolutePath = Field(description=_PATH)
    in_text: Time | None = Field(None, alias="in", description=_TIME)
    out_text: Time | None = Field(None, alias="out", description=_TIME)
    stems: Stems = Field([], description=_STEMS)
    """None is all of them."""
    snap: Snap | None = Field(None, description=_SNAP)


class Reroll(_Part):
    """Write a part of a cue anew, as a new take; or follow a changed edit, whose text is the attachment."""

    seed: Seed | None = Field(None, description=_SEED)
    style: Name | None = Field(None, description=_NAME)
    prompt: str | None = Field(None, max_length=MAX_PROMPT, description=f"a text of at most {MAX_PROMPT} characters")
    timeline: AbsolutePath | None = Field(None, description=_PATH)
    to: AbsolutePath | None = Field(None, description=_PATH)

    @model_validator(mode="after")
    def _one_way(self) -> Reroll:
        if self.timeline is None and self.to is not None:
            raise ValueError("A take stays in its cue: to is for a changed edit, with timeline")
        if self.timeline is not None and (self.stems or self.snap):
            raise ValueError("A changed edit itself says what is written anew: leave stems and snap out")
        if self.timeline is not None and (self.style is not None or self.prompt is not None):
            raise ValueError("A changed edit keeps the style and the words of its cue: leave style and prompt out")
        return self


class Takes(_Part):
    """Tell of the takes of a cue, choose among them, check them, or prune them."""

    use: TakeNumber | None = Field(None, description=f"a whole number from 1 to {MAX_TAKE}")
    verify: bool = Field(False, description=_YES_NO)
    prune: bool = Field(False, description=_YES_NO)

    @model_validator(mode="after")
    def _one_thing(self) -> Takes:
        if (self.use is not None) + self.verify + self.prune > 1:
            raise ValueError("Only one of use, verify and prune may be asked for at once")
        if self.use is None and (self.in_text or self.out_text or self.stems or self.snap):
            raise ValueError("A part is taken from a take: give its number with use")
        return self


class Export(_OfJob):
    """Write copies of a cue's files for others."""

    cue: AbsolutePath = Field(description=_PATH)
    bwf: bool = Field(False, description=_YES_NO)
    sections: bool = Field(False, description=_YES_NO)
    preview: Literal["mp3", "mp4"] | None = Field(None, description='"mp3" or "mp4"')
    to: AbsolutePath | None = Field(None, description=_PATH)

    @model_validator(mode="after")
    def _something(self) -> Export:
        if not (self.bwf or self.sections or self.preview):
            raise ValueError("Nothing is asked for: one of bwf, sections and preview must be given")
        return self


class CueLook(_OfJob):
    """Check a cue folder and tell what is in it."""

    cue: AbsolutePath = Field(description=_PATH)


class Lay(_OfJob):
    """Tell which file of a cue goes to which frame, and cut its stems into pieces at the sections if asked."""

    cue: AbsolutePath = Field(description=_PATH)
    stems: Stems = Field([], description=_STEMS)
    """None is all of them."""
    pieces: bool = Field(False, description=_YES_NO)
    sample_rate: Annotated[int, Field(ge=HOST_RATES[0], le=HOST_RATES[1])] | None = Field(
        None, description=f"a whole number from {HOST_RATES[0]} to {HOST_RATES[1]}"
    )


class Cancel(_OfJob):
    """Stop a job."""


class Jobs(_Operation):
    """Tell of the jobs, the newest first."""

    limit: Annotated[int, Field(ge=1, le=MAX_JOBS)] = Field(100, description=f"a whole number from 1 to {MAX_JOBS}")


class JobLook(_OfJob):
    """Tell of one job, with its result or error when it has ended."""


class Follow(_OfJob):
    """Tell of one job, and of each change of it from now on."""


class Watch(_Wishes):
    """Score whatever timeline appears in a folder, or stop doing so."""

    folder: AbsolutePath = Field(description=_PATH)
    stop: bool = Field(False, description=_YES_NO)


class Watches(_Operation):
    """Tell of the watched folders."""


class Engines(_Operation):
    """Tell of the engines, and which are ready."""


class Status(_Operation):
    """Tell of the daemon and its workers."""


class Rest(_Operation):
    """Give device memory back as soon as each worker is idle."""


class Shutdown(_Operation):
    """End the daemon; what is queued or running goes on at its next start."""


OPERATIONS: Mapping[str, type[BaseModel]] = {
    "hello": Hello,
    "ping": Ping,
    "score": Score,
    "reroll": Reroll,
    "takes": Takes,
    "export": Export,
    "cue": CueLook,
    "lay": Lay,
    "cancel": Cancel,
    "jobs": Jobs,
    "job": JobLook,
    "follow": Follow,
    "watch": Watch,
    "watches": Watches,
    "engines": Engines,
    "status": Status,
    "rest": Rest,
    "shutdown": Shutdown,
}
"""What may be asked, by the name it is asked by."""


@dataclass(frozen=True)
class Asked:
    """A request that is in order."""

    id: str
    """The request's own id, given back as `re`."""
    op: str
    fields: BaseModel
    attachment: bytes | None


class Refusal(Exception):
    """A request that is not in order, with what its sender is told.

    Args:
        error: the error told.
        id: the request's id; empty where it could not be read.
        more: what stands beside the error in the answer (`protocols`).
    """

    def __init__(self, error: HitpointError, id: str = "", **more: Any) -> None:  # noqa: A002
        super().__init__(str(error))
        self.error = error
        self.id = id
        self.more = more

    def answer(self) -> bytes:
        """The frame that tells the sender."""
        return refusal(self.id, self.error, **self.more)


def parsed(frames: Sequence[bytes]) -> Asked:
    """The request in some frames (without the sender's identity), checked.

    Raises:
        Refusal: anything about it is not as docs/protocol.md says. Nothing else is ever raised.
    """
    try:
        message, attachment = wire.parted(frames)
    except wire.Malformed as error:
        raise Refusal(WrongUse(str(error), do="See docs/protocol.md.")) from None
    asked = _id(message)
    _speak(message.get("v"), asked)
    op = message.get("op")
    model = OPERATIONS.get(op) if isinstance(op, str) else None
    if model is None or not isinstance(op, str):
        known = ", ".join(OPERATIONS)
        raise Refusal(WrongUse(f"There is no operation {_shown(op)}", "op", f"There are {known}."), asked)
    try:
        fields = model.model_validate(message)
    except ValidationError as error:
        raise Refusal(_wrong(error, model, message, op), asked) from None
    if attachment is not None and getattr(fields, "timeline", None) is None:
        raise Refusal(WrongUse("Only score and reroll take an attachment, of the timeline that they name", op), asked)
    if isinstance(fields, Hello) and not set(fields.protocols) & set(PROTOCOLS):
        raise _foreign(", ".join(str(version) for version in fields.protocols), asked)
    return Asked(asked, op, fields, attachment)


def _id(message: Mapping[str, Any]) -> str:
    """The request's id."""
    asked = message.get("id")
    if isinstance(asked, str) and 1 <= len(asked) <= MAX_ID:
        return asked
    raise Refusal(WrongUse(f"The field id must be a text of 1 to {MAX_ID} characters, not {_shown(asked)}"))


def _speak(version: object, asked: str) -> None:
    """Refuse a version that is not spoken here."""
    if type(version) is not int:
        raise Refusal(WrongUse(f"The field v must be the protocol's version, not {_shown(version)}"), asked)
    if version not in PROTOCOLS:
        raise _foreign(str(version), asked)


def _foreign(versions: str, asked: str) -> Refusal:
    spoken = ", ".join(str(version) for version in PROTOCOLS)
    error = WrongUse(
        f"Version {versions} of the protocol is not spoken here",
        do=f"Speak {spoken}, or bring both programs up to date.",
    )
    return Refusal(error, asked, protocols=list(PROTOCOLS))


def _wrong(error: ValidationError, model: type[BaseModel], message: Mapping[str, Any], op: str) -> WrongUse:
    """The first thing that is wrong with a request's fields, in a sentence."""
    first = error.errors(include_url=False)[0]
    if not first["loc"]:
        return WrongUse(str(first["ctx"]["error"]), op)
    name = str(first["loc"][0])
    must = next(field.description for key, field in model.model_fields.items() if (field.alias or key) == name)
    if name not in message:
        return WrongUse(f"The field {name} is missing: {must}", op)
    return WrongUse(f"The field {name} must be {must}, not {_shown(message[name])}", op)


def _shown(value: object) -> str:
    """A wrong value, short enough for a sentence and on one line."""
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "…")
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    return "a list" if isinstance(value, list) else "a map" if isinstance(value, dict) else "bytes"


def answer(re: str, ok: Mapping[str, Any]) -> bytes:
    """The frame that answers a request. Characters of file names that are not Unicode are told as escapes."""
    return wire.packed({"v": PROTOCOL, "re": re, "ok": ok}, "backslashreplace")


def refusal(re: str, error: HitpointError, **more: Any) -> bytes:
    """The frame that tells a client why not."""
    return wire.packed({"v": PROTOCOL, "re": re, "error": told(error), **more}, "backslashreplace")


def event(job: Mapping[str, Any]) -> bytes:
    """The frame that tells a follower how a job stands."""
    return wire.packed({"v": PROTOCOL, "event": "job", "job": job}, "backslashreplace")


class Bucket:
    """How many requests a connection may still send: `BURST` after a rest, `RATE` per second in the long run.

    Times are seconds of a clock that does not go back (`time.monotonic`).
    """

    def __init__(self) -> None:
        self.said = False
        """Whether the connection has been told that it is too fast; forgotten after a second's rest."""
        self._tokens = float(BURST)
        self._since: float | None = None

    def take(self, now: float) -> bool:
        """Count one request in; False when it is one too many."""
        if self._since is not None:
            self._tokens = min(float(BURST), self._tokens + max(0.0, now - self._since) * RATE)
        self._since = now
        if self._tokens >= RATE:
            self.said = False
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
