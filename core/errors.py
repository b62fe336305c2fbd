"""What can go wrong, in one sentence each: what, where, and what to do.

Every error that a user can cause or meet is a `HitpointError`; anything else is a bug. The command line prints
`str(error)` and leaves with `error.exit_code`.
"""

from __future__ import annotations

from collections.abc import Mapping


class HitpointError(Exception):
    """An error with a sentence for people and a code for scripts.

    Args:
        what: what is wrong, as the start of a sentence ("The range is empty").
        where: the file, range, option or stage it concerns; may be empty.
        do: what the user can do about it, as a sentence; may be empty.
    """

    code = "error"
    exit_code = 1

    def __init__(self, what: str, where: str = "", do: str = "") -> None:
        super().__init__(what, where, do)
        self.what = what
        self.where = where
        self.do = do

    def __str__(self) -> str:
        said = f"{self.what.rstrip('.')} ({self.where})" if self.where else self.what.rstrip(".")
        stop = "" if said.endswith(("?", "!")) else "."
        return f"{said}{stop}{' ' * bool(self.do)}{self.do}"


class WrongUse(HitpointError):
    """An option or argument that cannot be meant."""

    code = "wrong-use"
    exit_code = 2


class UnusableInput(HitpointError):
    """A file or range that cannot be scored."""

    code = "unusable-input"
    exit_code = 3


class EngineNotReady(HitpointError):
    """The engine lacks weights, a device or an ability."""

    code = "engine-not-ready"
    exit_code = 4


class DaemonUnreachable(HitpointError):
    """No daemon answers and none could be started."""

    code = "daemon-unreachable"
    exit_code = 5


class Cancelled(HitpointError):
    """The user stopped the work; the last good state stands."""

    code = "cancelled"
    exit_code = 6

    def __init__(self, what: str = "Cancelled", where: str = "", do: str = "") -> None:
        super().__init__(what, where, do)


_BY_CODE = {
    kind.code: kind for kind in (HitpointError, WrongUse, UnusableInput, EngineNotReady, DaemonUnreachable, Cancelled)
}


def told(error: HitpointError) -> dict[str, str]:
    """The error as plain data, as it travels and as scripts read it."""
    return {"code": error.code, "what": error.what, "where": error.where, "do": error.do}


def raised(fields: Mapping[str, object]) -> HitpointError:
    """The error that `told` has told of, ready to be raised; a code that is not known here is a plain error."""
    what, where, do = (str(fields.get(name, "")) for name in ("what", "where", "do"))
    return _BY_CODE.get(str(fields.get("code")), HitpointError)(what, where, do)
