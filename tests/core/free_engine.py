"""An engine that plays freely, a little faster than it is told: clicks in one stem, a tone in the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.brief import Brief, Hole, Rendering, Stem, StemName
from core.engines.engine import Abilities, Readiness
from core.watch import Watch

FASTER = 1.05


@dataclass(frozen=True)
class Free:
    """Steady clicks at 1.05 times the plan's tempo."""

    name: str = "free"
    stems: tuple[StemName, ...] = ("drums", "harmony")
    abilities: Abilities = field(default=Abilities(False, False, False, False, False, False))
    configs: Mapping[str, int] = field(default_factory=dict)

    def ready(self) -> Readiness:
        return Readiness(ready=True)

    def render(self, brief: Brief, hole: Hole | None, scratch: Path, watch: Watch) -> Rendering:
        assert hole is None
        watch.report("music", 0.0)
        rate = brief.sample_rate
        drums = np.memmap(scratch / "drums", dtype=np.float32, mode="w+", shape=(brief.samples, 2))
        step = 60 / brief.plan.bpm / FASTER
        noise = np.random.default_rng(brief.seed).standard_normal(rate // 50)
        click = (0.5 * noise * np.exp(-np.arange(len(noise)) / 150)).astype(np.float32)
        for time in np.arange(0.1, brief.seconds - 0.1, step):
            start = round(time * rate)
            drums[start : start + len(click)] += click[:, None]
        tone = 0.05 * np.sin(2 * np.pi * 220 * np.arange(brief.samples) / rate)
        harmony = np.stack([tone, tone], axis=1).astype(np.float32)
        return Rendering((Stem("drums", drums), Stem("harmony", harmony)))

    def held(self) -> int:
        return 0

    def release(self) -> None:
        pass


ENGINE = Free()
