"""What a script is told of a cue: plain data, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from core.brief import Brief, How, Met, Rendering
from core.cue.folder import Cue
from core.cue.provenance import MadeFrom
from core.cue.takes import Opening, Take, as_heard
from core.cue.taking import hole_row
from core.timeline.timecode import write as timecode


def summary(cue: Cue, rendering: Rendering, timings: Mapping[str, float]) -> dict[str, Any]:
    """The result of scoring or re-rolling: where everything of the take in use is, and what it measures.

    A take that is not the first one has its hole, the style and words of its new music, what it kept and its gain on
    top; the first one of a cue that follows a changed edit, where it came from, its holes, what it kept and its gain.
    `style` and `style_why` are the cue's. Times are seconds from the range's start; loudness is LUFS, true peak dBTP.

    Args:
        cue: read or just made.
        rendering: of its take in use; see `core.cue.folder.rendering_of`.
        timings: wall seconds of each stage.
    """
    brief, take = cue.brief, cue.take
    edit, scored, plan = brief.edit, brief.edit.range, as_heard(brief.plan, rendering.how)
    return {
        "cue": str(cue.folder),
        "take": take.number,
        "stems": {name: str(cue.folder / saved.file) for name, saved in take.stems.items()},
        "mix": str(cue.folder / take.mix.file),
        "duration": brief.seconds,
        "rate": f"{scored.rate.numerator}/{scored.rate.denominator}",
        "sample_rate": brief.sample_rate,
        "record_in": timecode(scored.start, scored.drop_frame),
        "in": edit.in_text,
        "out": edit.out_text,
        "engine": cue.maker(take).engine,
        "style": brief.direction.style,
        "style_why": brief.direction.why,
        "ending": brief.direction.ending,
        "seed": take.seed,
        "beats": plan.tempo_map.beats.tolist(),
        "downbeats": [float(plan.tempo_map.beats[beat]) for beat in plan.tempo_map.downbeats],
        "meter": str(plan.tempo_map.meter),
        "tempo": {"bpm": plan.bpm, "drift": plan.drift},
        "sections": [{"start": s.start, "duration": s.duration, "name": s.name} for s in plan.sections],
        "hits": [
            _hit(met, how, error) for met, how, error in zip(plan.met, rendering.how, take.errors_ms, strict=True)
        ],
        "chance": plan.chance,
        "offline": [*edit.offline, *brief.picture.offline],
        "said": said(cue),
        "loudness": take.loudness,
        "true_peak": take.true_peak,
        "timings": dict(timings),
        **(_changed(cue, take, take.hole) if take.hole else {}),
        **(_followed(cue, take, cue.made_from) if cue.made_from and take.base is None else {}),
    }


def said(cue: Cue) -> list[str]:
    """Sentences for people: how the timeline was read, what was not understood, what was done to the sound."""
    return [*cue.brief.edit.said, *_unknown(cue.brief), *cue.take.said]


def _changed(cue: Cue, take: Take, hole: Opening) -> dict[str, Any]:
    """What a take has that changed another: its hole, what it had to keep, and its gain."""
    return {
        "base": take.base,
        "taken_from": take.taken_from,
        "hole": hole_row(cue, hole),
        "take_style": (take.direction or cue.brief.direction).style,
        "take_prompt": cue.brief.prompt if take.prompt is None else take.prompt,
        **_kept(cue, take),
    }


def _followed(cue: Cue, take: Take, origin: MadeFrom) -> dict[str, Any]:
    """What a first take has that follows a changed edit: the take before, where it is new, and what it had to keep."""
    return {
        "made_from": {"cue": str((cue.folder / origin.cue).resolve()), "take": origin.take},
        "holes": [hole_row(cue, hole) for hole in take.holes],
        **_kept(cue, take),
    }


def _kept(cue: Cue, take: Take) -> dict[str, Any]:
    return {
        "kept": [asdict(kept) for kept in take.kept],
        "gain": {"db": cue.gain_db, "turned_down_db": take.turned_down_db},
    }


def _hit(met: Met, how: How | None, error_ms: float | None) -> dict[str, Any]:
    hit = met.hit
    return {
        "time": hit.time,
        "kind": hit.kind,
        "weight": hit.weight,
        "label": hit.label,
        "must": hit.must,
        "met": met.met,
        "how": how,
        "on": met.on,
        "beat": met.beat,
        "error_ms": error_ms,
        "why": met.why,
    }


def _unknown(brief: Brief) -> list[str]:
    words = brief.direction.unknown
    if not words:
        return []
    return [f"These words of the prompt are not understood: {', '.join(words)}."]
