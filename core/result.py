"""What a script is told of a cue: plain data, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.brief import Brief, How, Met, Rendering
from core.cue.folder import Cue
from core.timeline.timecode import write as timecode


def summary(cue: Cue, rendering: Rendering, timings: Mapping[str, float]) -> dict[str, Any]:
    """The result of scoring: where everything is, and what it measures.

    Times are seconds from the range's start; loudness is LUFS, true peak dBTP.
    """
    brief, take, plan = cue.brief, cue.take, cue.brief.plan
    edit, scored = brief.edit, brief.edit.range
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
        "engine": cue.made_by.engine,
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
        "said": [*edit.said, *_unknown(brief), *take.said],
        "loudness": take.loudness,
        "true_peak": take.true_peak,
        "timings": dict(timings),
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
