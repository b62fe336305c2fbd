"""Run a script from the shell against a fake Resolve: python -m tests.hosts.resolve --help"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from opentimelineio.exceptions import OTIOError

from tests.hosts.lua import KINDS
from tests.hosts.resolve import VERSIONS, Clock, Fake, Traps, profile
from tests.hosts.resolve.importing import rate_and_start
from tests.hosts.resolve.timecode import timecode_of


def main(words: list[str]) -> int:
    """Fill a project, run the script, print the Console and what lies on the tracks."""
    given = _parser().parse_args(words)
    traps = Traps() if given.seed is None else Traps.random(given.seed)
    traps = replace(traps, **dict(_switch(text) for text in given.trap))
    rate, start = given.rate, given.start
    if given.timeline:
        try:
            rate, first = rate_and_start(given.timeline)
        except OTIOError as error:
            raise SystemExit(f"{given.timeline} cannot be read: {error}") from error
        start = timecode_of(first, rate, given.drop)
    fake = Fake(
        profile(given.profile, edition=given.edition),
        traps,
        Clock(call_cost=given.call_cost, real=given.real),
        rate=rate,
        start=start,
        drop=given.drop,
        sample_rate=given.sample_rate,
    )
    if given.timeline:
        fake.fill_from(given.timeline)
    if given.marks:
        fake.user.mark(*given.marks)
    run = fake.run_python(given.script) if given.script.suffix == ".py" else fake.run_lua(given.script, given.lua)
    report = {
        "build": str(fake.profile),
        "traps": traps.on(),
        "printed": run.printed,
        "error": run.error,
        "wrong_calls": fake.wrong_calls,
        "unmeasured": fake.unmeasured,
        "calls": len(fake.calls),
        "tracks": fake.tracks(),
        "markers": len(fake.timeline.markers),
    }
    sys.stdout.write(json.dumps(report, ensure_ascii=False) + "\n" if given.json else _pages(report))
    return int(bool(run.error or fake.wrong_calls))


def _pages(report: dict[str, Any]) -> str:
    lines = [*report["printed"], "", f"{report['build']}, {report['calls']} calls, {report['markers']} markers"]
    lines += [f"wrong: {sentence}" for sentence in report["wrong_calls"]]
    for track in report["tracks"]:
        lines.append(f"{track['kind']:5} {track['name']}{' (locked)' * track['locked']}")
        lines += [f"      {item['start']:8} {item['frames']:6}  {item['name']}" for item in track["items"]]
    return "\n".join(lines) + "\n"


def _switch(text: str) -> tuple[str, Any]:
    """overlap=slide, dead_items, handles_die_after=40."""
    name, _, value = text.partition("=")
    if name not in Traps.__dataclass_fields__:
        raise SystemExit(f"there is no trap {name}; these are: {', '.join(Traps.__dataclass_fields__)}")
    if value in ("", "true", "false"):
        return name, value != "false"
    return name, int(value) if value.isdigit() else value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.resolve", description=__doc__)
    parser.add_argument("--script", type=Path, required=True, help="a .lua or .py file")
    parser.add_argument("--profile", default="21.1", choices=VERSIONS)
    parser.add_argument("--edition", default="free", choices=("free", "studio"))
    parser.add_argument("--timeline", type=Path, help="an .otio file to fill the timeline from")
    parser.add_argument("--rate", default="24", help="of an empty timeline")
    parser.add_argument("--start", default="01:00:00:00", help="of an empty timeline")
    parser.add_argument("--drop", action="store_true", help="the timeline counts drop-frame")
    parser.add_argument("--marks", type=int, nargs=2, metavar=("IN", "OUT"), help="frames; the last one is inside")
    parser.add_argument("--sample-rate", type=int, default=48000)
    parser.add_argument("--lua", default="luajit21", choices=KINDS)
    parser.add_argument("--trap", action="append", default=[], help="a switch of Traps: overlap=slide, dead_items")
    parser.add_argument("--seed", type=int, help="a random set of traps")
    parser.add_argument("--call-cost", type=float, default=0.002, help="seconds that a call takes")
    parser.add_argument("--real", action="store_true", help="waits really sleep: for a real daemon")
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
