"""What a host's script asks: one request, from the name of an exported timeline or from a JSON file.

docs/mailbox.md is this module for people who write a script of their own.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

from core.errors import WrongUse
from daemon.hosts.fields import Fields

PROTOCOL = 1
"""Version of the files and names that scripts and this program exchange."""
VERSION = metadata.version("hitpoint")
"""The program's own, which is the scripts' too; read once: it lies on the disk."""
LONGEST_NAME = 180
"""Characters of a request's file name."""
MAX_SEED = 2**31 - 1
"""The largest seed."""
MAX_FRAME = 2**31 - 1
"""The last frame that may be named."""
RESOLVE_ACTIONS = ("score", "reroll", "next", "previous", "place", "placed", "cancel", "options")
"""What a script in Resolve may ask."""
REAPER_ACTIONS = ("score", "reroll", "next", "previous", "place", "choices")
"""What a script in REAPER may ask."""
MARKERS = ("all", "hits", "none")
"""Which markers are laid."""

ID = re.compile(r"[a-z0-9]{8,16}")
"""A request's id, minted by the script."""
_HEX = re.compile(r"[0-9a-f]{8}")
_NUMBER = re.compile(r"[0-9]{1,10}")
_YES_NO = re.compile(r"[01]")
_WORDS = re.compile(r"[^-]+(-[^-]+)*")
_ANY = re.compile(r".{1,64}", re.DOTALL)
_ESCAPED = re.compile(r"(?:[A-Za-z0-9-]|=[0-9A-Fa-f]{2})*")
_FILE = re.compile(r"hp(\d{1,4})_(.+)\.otio", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Key:
    """One key of a file name."""

    needed: tuple[str, ...]
    """Actions that cannot do without it."""
    also: tuple[str, ...]
    """Actions that may have it."""
    form: re.Pattern[str]
    """How its value is written, once its escapes are read."""


KEYS: Mapping[str, Key] = {
    "id": Key(RESOLVE_ACTIONS, (), ID),
    "do": Key(RESOLVE_ACTIONS, (), re.compile("|".join(RESOLVE_ACTIONS))),
    "v": Key(RESOLVE_ACTIONS, (), _ANY),
    "p": Key(RESOLVE_ACTIONS, (), _HEX),
    "t": Key(RESOLVE_ACTIONS, (), _HEX),
    "in": Key(("score", "reroll"), (), _NUMBER),
    "out": Key(("score", "reroll"), (), _NUMBER),
    "df": Key(("score",), ("reroll",), _YES_NO),
    "sr": Key((), ("score", "reroll", "next", "previous", "place"), _NUMBER),
    "seed": Key((), ("score", "reroll", "options"), re.compile(f"{_NUMBER.pattern}|new")),
    "cue": Key(("reroll", "next", "previous", "place"), (), _HEX),
    "stems": Key((), ("reroll", "options"), _WORDS),
    "nm": Key((), ("score",), re.compile(r".*", re.DOTALL)),
    "of": Key(("placed",), ("cancel",), ID),
    "e": Key((), ("options",), _ANY),
    "s": Key((), ("options",), _ANY),
    "us": Key((), ("options",), _YES_NO),
    "mk": Key((), ("options",), re.compile("|".join(MARKERS))),
    "json": Key((), RESOLVE_ACTIONS, _YES_NO),
}
"""The keys of a file name, in the order in which docs/mailbox.md tells them."""


@dataclass(frozen=True)
class HostRequest:
    """One request of a script. Frames count from the timeline's first frame, at its own rate."""

    id: str
    host: str
    """"resolve" or "reaper"."""
    action: str
    version: str
    """The script's."""
    project: str
    """What the project is known by: eight hex digits."""
    timeline_id: str
    """What the timeline is known by: eight hex digits."""
    digest: str
    """Eight hex digits of all that is asked: the same id with anything else is another request."""
    name: str = ""
    """The timeline's, for people."""
    folder: str = ""
    """The project's own, where it has been saved to one and the host says so."""
    start_frame: int = 0
    end_frame: int = 0
    """Exclusive."""
    drop_frame: bool = False
    sample_rate: int | None = None
    """The project's, Hz."""
    seed: int | None = None
    """For this request alone."""
    cue: str = ""
    """The cue's id, or its folder."""
    stems: tuple[str, ...] = ()
    """Those to be re-rolled; empty: all."""
    wishes: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Options that the request itself names, as `daemon.hosts.options` writes them."""
    of: str = ""
    """The request that is meant; empty: all of this timeline."""
    as_json: bool = False
    """The answer is read as JSON."""
    content: bytes = b""
    """The timeline as OTIO."""

    @property
    def key(self) -> str:
        """What the timeline is known by among all."""
        return f"{self.project}-{self.timeline_id}"

    @property
    def client(self) -> str:
        """Who asks: jobs are shared out fairly between names."""
        return f"{self.host} {self.key}"

    @property
    def job(self) -> str:
        """The id of its job: found again after a crash, it is the same."""
        return f"{job_prefix(self.id)}{self.digest}"


def job_prefix(request: str) -> str:
    """What the ids of a request's jobs begin with."""
    return f"host-{request}-"


def wrong_version(host: str, version: str) -> WrongUse:
    """The error of a script that is of another version than the program."""
    what = f"The script is of version {version or 'unknown'} and Hitpoint of version {VERSION}"
    error = WrongUse(what, do=f"Run `hitpoint install {host}` and start the script again.")
    error.code = "wrong-version"
    return error


# --- the name of an exported timeline


def is_request(name: str) -> bool:
    """Whether a file of this name is meant as a request."""
    return _FILE.fullmatch(name) is not None


def pairs(name: str) -> dict[str, str]:
    """Keys and values of a request's name as they are written, escapes and all; what cannot be read is left out."""
    found = _FILE.fullmatch(name)
    parts = [part.partition("-") for part in found[2].split("_")] if found else []
    return {key: value for key, dash, value in parts if dash and key}


def id_of(name: str) -> str:
    """The id in a request's name; empty where none can be read."""
    found = pairs(name).get("id", "")
    return found if ID.fullmatch(found) else ""


def from_name(name: str, content: bytes) -> HostRequest:
    """The request of a script in Resolve.

    Args:
        name: of the exported file.
        content: of that file.

    Raises:
        WrongUse: the name is none of a request, a key is missing or wrong, or the script is of another version.
    """
    found = _FILE.fullmatch(name)
    if not found:
        raise WrongUse("This is no name of a request", name, "See docs/mailbox.md.")
    written = pairs(name)
    version = _unescaped("v", written.get("v", "")).replace("-", ".")
    if int(found[1]) != PROTOCOL or version != VERSION:
        raise wrong_version("resolve", version)
    if len(name) > LONGEST_NAME:
        raise WrongUse(f"The name has {len(name)} characters; at most {LONGEST_NAME} are read", name)
    values = _checked({key: _unescaped(key, value) for key, value in written.items() if key in KEYS})
    if "out" in values and int(values["out"]) <= int(values["in"]):
        raise WrongUse("The range is empty", f"{values['in']}f to {values['out']}f", "Select something, or set marks.")
    action, seed = values["do"], values.get("seed")
    return HostRequest(
        id=values["id"],
        host="resolve",
        action=action,
        version=version,
        project=values["p"],
        timeline_id=values["t"],
        digest=_digest(name.encode(), content),
        name=values.get("nm", ""),
        start_frame=int(values.get("in", 0)),
        end_frame=int(values.get("out", 0)),
        drop_frame=values.get("df") == "1",
        sample_rate=int(values["sr"]) if "sr" in values else None,
        seed=int(seed) if seed and seed != "new" and action != "options" else None,
        cue=values.get("cue", ""),
        stems=_stems(values) if action == "reroll" else (),
        wishes=_wished(values) if action == "options" else {},
        of=values.get("of", ""),
        as_json=values.get("json") == "1",
        content=content,
    )


def _unescaped(key: str, value: str) -> str:
    """A value with its escapes read; a name that was cut in the middle of a character ends before it."""
    if not _ESCAPED.fullmatch(value):
        raise WrongUse(f"The value of {key} holds characters that are not escaped", value)
    raw = re.sub(r"=(..)", lambda found: chr(int(found[1], 16)), value).encode("latin-1")
    text = raw.decode("utf-8", "ignore" if key == "nm" else "replace")
    return "".join(char for char in text if char.isprintable()) if key == "nm" else text


def _checked(values: dict[str, str]) -> dict[str, str]:
    """The values that this action has, once each is as it must be; the others are ignored.

    Raises:
        WrongUse: one is missing, or wrong.
    """
    action = values.get("do", "")
    if action not in RESOLVE_ACTIONS:
        raise WrongUse(f"There is no action {action!r}", "do", f"There are {', '.join(RESOLVE_ACTIONS)}.")
    for key, about in KEYS.items():
        if key not in values:
            if action in about.needed:
                raise WrongUse(f"The key {key} is missing", action, "See docs/mailbox.md.")
        elif action not in about.needed + about.also:
            del values[key]
        elif not about.form.fullmatch(values[key]):
            raise WrongUse(f"The value {values[key]!r} of {key} cannot be meant", action, "See docs/mailbox.md.")
    for key, most in (("in", MAX_FRAME), ("out", MAX_FRAME), ("sr", 768_000), ("seed", MAX_SEED)):
        if values.get(key, "").isdecimal() and int(values[key]) > most:
            raise WrongUse(f"The value {values[key]} of {key} is too large", action)
    return values


def _stems(values: Mapping[str, str]) -> tuple[str, ...]:
    """The stems that are named; none are all."""
    return tuple(values["stems"].split("-")) if "stems" in values else ()


def _wished(values: Mapping[str, str]) -> dict[str, Any]:
    """The options that a name tells; where it tells any, stems that are left out are all of them."""
    told: dict[str, Any] = {
        option: values[key] for option, key in (("engine", "e"), ("style", "s"), ("markers", "mk")) if key in values
    }
    if "us" in values:
        told["under_speech"] = values["us"] == "1"
    if "seed" in values:
        told["seed"] = "new" if values["seed"] == "new" else int(values["seed"])
    if told or "stems" in values:
        told["stems"] = list(_stems(values))
    return told


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:8]


# --- a JSON file


def from_json(text: bytes) -> HostRequest:
    """The request of a script in REAPER; its range, in seconds, goes to the nearest frames.

    Raises:
        WrongUse: it is no JSON, a field is missing or wrong, or the script is of another version.
    """
    from daemon.hosts.items import frame, timeline

    fields = Fields(_parsed(text), "request.json")
    version = fields.text("version", "")
    if fields.whole("hitpoint", 0, 10_000, 0) != PROTOCOL or version != VERSION:
        raise wrong_version("reaper", version)
    action, asked = fields.text("action"), fields.text("id")
    if action not in REAPER_ACTIONS:
        raise WrongUse(f"There is no action {action!r}", "action", f"There are {', '.join(REAPER_ACTIONS)}.")
    if not ID.fullmatch(asked):
        raise WrongUse("The field id must be 8 to 16 small letters and digits", "request.json")
    project = fields.map("project")
    name, folder = project.text("name", ""), project.text("folder", "")
    ranged = action in ("score", "reroll")
    known = _digest(folder.encode(errors="surrogatepass"), name.encode(errors="surrogatepass"))
    return HostRequest(
        id=asked,
        host="reaper",
        action=action,
        version=version,
        project=known,
        timeline_id=known,
        digest=_digest(text),
        name=PurePath(name).stem,
        folder=folder,
        start_frame=frame(fields, "in") if ranged else 0,
        end_frame=frame(fields, "out") if ranged else 0,
        drop_frame=fields.flag("drop_frame", False),
        seed=fields.whole("seed", 0, MAX_SEED) if fields.has("seed") else None,
        cue="" if action in ("score", "choices") else fields.text("cue"),
        stems=fields.texts("stems") if action == "reroll" else (),
        wishes=_wished_in(fields),
        content=timeline(fields) if ranged else b"",
    )


def _parsed(text: bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise WrongUse("The request is not JSON", "request.json") from None


def _wished_in(fields: Fields) -> dict[str, Any]:
    """The options that a JSON request tells; what is nil or left out is as it is remembered."""
    told: dict[str, Any] = {name: fields.text(name) for name in ("engine", "style") if fields.has(name)}
    if fields.has("under_speech"):
        told["under_speech"] = fields.flag("under_speech")
    if fields.texts("stems") and fields.text("action") != "reroll":
        told["stems"] = list(fields.texts("stems"))
    if fields.has("markers_wanted"):
        told["markers"] = fields.text("markers_wanted")
    return told
