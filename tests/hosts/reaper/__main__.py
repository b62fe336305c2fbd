"""Run an action in the fake REAPER from the shell, and print the project that it leaves.

python -m tests.hosts.reaper --script "Hitpoint_Score range.lua" --project reel.rpp --seconds 120
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from tests.hosts.reaper.host import Fake
from tests.hosts.reaper.plain import described, furnish
from tests.hosts.reaper.switches import Switches


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.reaper", description=__doc__)
    parser.add_argument("--script", type=Path, required=True, action="append", help="an action; may be repeated")
    parser.add_argument("--project", type=Path, help="a .rpp file, or a .json file as in plain.py")
    parser.add_argument("--version", default="7.60")
    parser.add_argument("--lua", choices=("lua53", "lua54"))
    parser.add_argument("--resource", type=Path, help="the resource path; a new folder where left out")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each action may run, in real time")
    parser.add_argument("--print", choices=("rpp", "json", "nothing"), default="json", dest="shown")
    names = ", ".join(field.name for field in fields(Switches))
    parser.add_argument("--switch", action="append", default=[], metavar="NAME=VALUE", help=f"one of {names}")
    return parser.parse_args(words)


def _switches(words: Sequence[str]) -> dict[str, Any]:
    pairs = (word.partition("=") for word in words)
    return {name: json.loads(value) if value else True for name, _, value in pairs}


def main(words: Sequence[str] | None = None) -> int:
    """Run the scripts one after the other; 1 where anything was wrong."""
    given = _arguments(words)
    fake = Fake(given.version, given.lua, resource=given.resource, real_time=True, **_switches(given.switch))
    try:
        if given.project and given.project.suffix.lower() == ".json":
            furnish(fake, json.loads(given.project.read_text(encoding="utf-8")))
        elif given.project:
            fake.load(given.project.read_text(encoding="utf-8"), str(given.project.resolve()))
        for script in given.script:
            fake.run_action(script.resolve())
            if not fake.pump_until_idle(given.seconds):
                print(f"{script.name} still runs after {given.seconds:g} s", file=sys.stderr)
    finally:
        fake.close()
    print(fake.console, end="", file=sys.stderr)
    if given.shown == "rpp":
        print(fake.rpp(), end="")
    elif given.shown == "json":
        print(json.dumps(described(fake.active), ensure_ascii=False, indent=1))
    for complaint in fake.complaints():
        print(complaint, file=sys.stderr)
    return int(bool(fake.complaints()))


if __name__ == "__main__":
    sys.exit(main())
