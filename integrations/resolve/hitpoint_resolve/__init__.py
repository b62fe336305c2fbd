"""Hitpoint in DaVinci Resolve, driven by Python from outside: what the menu's Lua scripts do, in the same steps,
through the same mailbox, in the same words. Standard library only.

    import hitpoint_resolve
    hitpoint_resolve.run(resolve, "score", mailbox, first=240, last=1200)
"""

import time
from typing import Any, Callable, List, Optional

from . import host
from .actions import ACTIONS, Asked

VERSION = "0.1.0"
"""Of the script: the program must be of the same."""

__all__ = ["ACTIONS", "VERSION", "run"]


def run(
    resolve: Any,
    action: str,
    mailbox: str,
    first: Optional[int] = None,
    last: Optional[int] = None,
    stems: Optional[List[str]] = None,
    seed: Optional[int] = None,
    program: str = "",
    version: str = VERSION,
    say: Callable[[str], None] = print,
    wait: Callable[[float], Any] = time.sleep,
    clock: Callable[[], float] = time.time,
    launch: Callable[[List[str]], Any] = host.launched,
) -> bool:
    """Run one action on the open timeline.

    Args:
        resolve: what `DaVinciResolveScript.scriptapp("Resolve")` gives.
        action: "score", "reroll", "next", "previous" or "cancel".
        mailbox: the folder through which scripts and daemon talk.
        first: first frame of the range, from the timeline's first; None where selection or marks say it.
        last: the frame after its last.
        stems: those to be re-rolled; None: as the selection says, else all.
        seed: the same seed gives the same music; None: a new one.
        program: the `hitpoint` command, to start the daemon with.
        version: of this script.
        say: called with each line.
        wait: called to let seconds pass.
        clock: seconds since the epoch.
        launch: starts a program without waiting for it; raises OSError where it cannot.

    Returns:
        Whether everything that was asked for is on the timeline. Why not is said, in a sentence.
    """
    settings = host.Settings(version, mailbox, program, say, wait, clock, launch)
    try:
        session = host.open_session(settings, resolve)
        if action not in ACTIONS:
            raise host.Stop('there is no action "{}". There are: {}'.format(action, ", ".join(ACTIONS)))
        host.settle(session)
        return ACTIONS[action](session, Asked(first, last, stems, seed))
    except host.Stop as stopped:
        say(f"Hitpoint: {stopped}")
    except Exception as error:  # as in Resolve's menu, a script never ends without a word
        say(
            f"Hitpoint: the script met something it does not know ({error!r}); nothing more was changed. "
            "Please report this."
        )
    return False
