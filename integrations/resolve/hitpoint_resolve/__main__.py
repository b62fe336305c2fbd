"""The command line: `python hitpoint_resolve score --mailbox DIR`. Resolve must be open, and be the Studio edition."""

import argparse
import os
import sys
from typing import Any, List, Optional

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = {
    "win32": "%PROGRAMDATA%/Blackmagic Design/DaVinci Resolve/Support/Developer/Scripting",
    "darwin": "/Library/Application Support/Blackmagic Design/DaVinci Resolve/Developer/Scripting",
    "linux": "/opt/resolve/Developer/Scripting",
}
"""Where Resolve's own module lies when the environment does not say it."""


def connect() -> Any:
    """The open Resolve; None where there is none or it lets nobody in."""
    scripting = os.environ.get("RESOLVE_SCRIPT_API") or os.path.expandvars(MODULES.get(sys.platform, ""))
    sys.path.append(os.path.join(scripting, "Modules"))
    try:
        import DaVinciResolveScript  # type: ignore[import-not-found]
    except ImportError:
        return None
    return DaVinciResolveScript.scriptapp("Resolve")


def main(arguments: Optional[List[str]] = None) -> int:
    """Run one action; the exit code is 0 when everything that was asked for is on the timeline."""
    if __package__:
        from . import ACTIONS, run
    else:  # called as a folder: the package is beside this file's folder
        sys.path.insert(0, os.path.dirname(HERE))
        from hitpoint_resolve import ACTIONS, run  # type: ignore[no-redef,import-not-found]
    parser = argparse.ArgumentParser(prog="hitpoint_resolve", description="Hitpoint in an open DaVinci Resolve Studio.")
    parser.add_argument("action", choices=sorted(ACTIONS))
    # Installed, this package lies in …/exchange/scripts.
    beside = os.path.join(os.path.dirname(os.path.dirname(HERE)), "mailbox")
    parser.add_argument("--mailbox", default=beside, help="folder through which scripts and daemon talk")
    parser.add_argument("--in", dest="first", type=int, metavar="F", help="first frame, from the timeline's first")
    parser.add_argument("--out", dest="last", type=int, metavar="F", help="the frame after the last")
    parser.add_argument("--stem", dest="stems", action="append", metavar="NAME", help="re-roll only this stem")
    parser.add_argument("--seed", type=int, help="the same seed gives the same music")
    parser.add_argument("--program", default="", help="the hitpoint command, to start the daemon with")
    asked = vars(parser.parse_args(arguments))
    resolve = connect()
    if resolve is None:
        print(
            "Hitpoint: no Resolve answers. Open DaVinci Resolve Studio and set Preferences > System > General > "
            "External scripting using: Local."
        )
        return 1
    return 0 if run(resolve, **asked) else 1


if __name__ == "__main__":
    sys.exit(main())
