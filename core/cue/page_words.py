"""The words of the cue's page: facts, figures and what became of each hit, as safe HTML and plain data.

Every text that comes from a timeline, a prompt or a file name passes `html.escape` here, or is put on the page as text
by the script.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from core.brief import Brief, Edit, Met, Rendering
from core.timeline.timecode import record_timecode

_ENDINGS = {"button": "button", "ring": "ring-out", "cut": "cut to black", "lead-out": "lead-out"}


def record_time(edit: Edit, seconds: float) -> str:
    """Record timecode of the frame nearest to a time in the range."""
    return record_timecode(edit.range, round(seconds * edit.range.rate))


def span(edit: Edit) -> str:
    """The range in one line: in and out, length, rate."""
    minutes, seconds = divmod(edit.range.seconds, 60)
    length = f"{int(minutes)} min {seconds:.1f} s" if minutes else f"{seconds:.1f} s"
    start, end = record_time(edit, 0.0), record_time(edit, edit.range.seconds)
    return f"{start} – {end} · {length} · {_rate(edit.range.rate)}"


def _rate(rate: Fraction) -> str:
    return f"{float(rate):.3f}".rstrip("0").rstrip(".") + " fps"


def tiles(brief: Brief, loudness: float) -> str:
    """The four figures at the top of the page."""
    met = sum(one.met for one in brief.plan.met)
    hits = len(brief.plan.met)
    share = f"{met / hits:.0%} · steady click {brief.plan.chance:.0%}" if hits else "no cuts, markers or motion"
    tiles = (
        ("Style", brief.direction.style.capitalize(), f"seed {brief.seed}"),
        ("Tempo", f"{brief.plan.bpm:.1f}", f"bpm · {brief.plan.tempo_map.meter}"),
        ("Hits met", f"{met} of {hits}" if hits else "–", share),
        ("Loudness", f"{_minus(loudness)}", "LUFS integrated"),
    )
    return "".join(
        f'<div class="tile"><dt>{html.escape(name)}</dt><dd><b>{html.escape(value)}</b>'
        f"<small>{html.escape(note)}</small></dd></div>"
        for name, value, note in tiles
    )


def facts(brief: Brief, engine: str, loudness: float, true_peak: float) -> str:
    """Everything about how the cue came to be, as rows of a description list."""
    edit, plan, direction = brief.edit, brief.plan, brief.direction
    rows: list[tuple[str, Iterable[str]]] = [
        ("Engine", [engine]),
        ("Style", [direction.style, direction.why]),
        ("Prompt", [brief.prompt]),
        ("Not understood", [", ".join(direction.unknown)]),
        ("Seed", [str(brief.seed)]),
        ("Tempo", [f"{plan.bpm:.2f} bpm, drift {plan.drift:.1%}"]),
        ("Meter", [str(plan.tempo_map.meter)]),
        ("Ending", [_ENDINGS[direction.ending]]),
        ("Under speech", ["yes" if direction.under_speech else ""]),
        ("Loudness", [f"{_minus(loudness)} LUFS"]),
        ("True peak", [f"{_minus(true_peak)} dBTP"]),
        ("Sample rate", [f"{brief.sample_rate / 1000:g} kHz, 24 bit"]),
        ("In", [edit.in_text]),
        ("Out", [edit.out_text]),
        ("Timeline", [edit.name, edit.source.name if edit.source.name != edit.name else ""]),
        ("Offline", dict.fromkeys((*edit.offline, *brief.picture.offline))),
        ("Read with care", edit.said),
    ]
    return "".join(_fact(name, values) for name, values in rows)


def _fact(name: str, values: Iterable[str]) -> str:
    said = [f"<dd>{html.escape(value)}</dd>" for value in values if value]
    return f"<div><dt>{html.escape(name)}</dt>{''.join(said)}</div>" if said else ""


def hit_rows(brief: Brief, rendering: Rendering, errors_ms: Sequence[float | None]) -> list[dict[str, Any]]:
    """Each hit of the plan as the page shows it, in order of time."""
    how = rendering.how or (None,) * len(brief.plan.met)
    return [_hit(brief.edit, met, way, error) for met, way, error in zip(brief.plan.met, how, errors_ms, strict=True)]


def _hit(edit: Edit, met: Met, how: str | None, error: float | None) -> dict[str, Any]:
    return {
        "time": met.hit.time,
        "timecode": record_time(edit, met.hit.time),
        "kind": met.hit.kind,
        "label": met.hit.label,
        "must": met.hit.must,
        "met": met.met,
        "how": how,
        "on": met.on,
        "error": None if error is None else round(error, 2),
        "why": met.why,
    }


def hit_table(rows: Sequence[dict[str, Any]], half_frame_ms: float) -> str:
    """The rows of the table of hits; an error beyond half a frame is marked."""
    return "\n".join(_row(row, half_frame_ms) for row in rows)


def _row(row: dict[str, Any], half_frame_ms: float) -> str:
    kind = "must" if row["must"] else row["kind"]
    words = "must" if row["must"] and row["kind"] == "marker" else row["kind"] + (", must" if row["must"] else "")
    if row["met"]:
        late = row["error"] is None or abs(row["error"]) > half_frame_ms
        error = "not heard" if row["error"] is None else f"{row['error']:+.1f}".replace("-", "−")
        outcome = (
            f"<td>{html.escape(row['how'] or 'met')}</td><td>{html.escape(row['on'] or '')}</td>"
            f'<td class="number{" late" if late else ""}">{error}</td>'
        )
    else:
        outcome = f'<td colspan="3" class="why">{html.escape(row["why"] or "not met")}</td>'
    return (
        f'<tr class="{"met" if row["met"] else "unmet"}"><td><button type="button" class="seek" '
        f'data-at="{row["time"]:.6f}">{html.escape(row["timecode"])}</button></td>'
        f'<td><span class="kind {kind}">{words}</span></td><td class="label">{html.escape(row["label"])}</td>'
        f"{outcome}</tr>"
    )


def _minus(value: float) -> str:
    """A decibel figure with a real minus sign."""
    return f"{value:.1f}".replace("-", "−")
