"""What every engine is: something that turns a brief into stems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.brief import Brief, Hole, Rendering, StemName
from core.watch import Watch


@dataclass(frozen=True)
class Abilities:
    """What an engine can do; what it cannot is refused with a sentence before work begins."""

    on_grid: bool
    """Plays on the tempo map; the others are conformed to it."""
    holes_in_time: bool
    holes_in_stems: bool
    text: bool
    style_audio: bool
    styles: bool
    """Can speak in a style learned from in-house music."""


@dataclass(frozen=True)
class Readiness:
    """Whether an engine can work now, and if not, why and what to do."""

    ready: bool
    why: str = ""


class Engine(Protocol):
    """The one interface behind which every model works."""

    @property
    def name(self) -> str:
        """As on the command line: "composer"."""
        ...

    @property
    def stems(self) -> tuple[StemName, ...]:
        """The stems it gives, in mixing order."""
        ...

    @property
    def abilities(self) -> Abilities:
        """What it can do."""
        ...

    @property
    def configs(self) -> Mapping[str, int]:
        """Its configurations by name, with their parameter counts; empty where there is nothing learned."""
        ...

    def ready(self) -> Readiness:
        """Weights present? device? why not?"""
        ...

    def render(self, brief: Brief, hole: Hole | None, scratch: Path, watch: Watch) -> Rendering:
        """Write the music.

        Args:
            brief: everything it may know.
            hole: the part to be re-rolled, or None for a whole cue.
            scratch: an empty folder for arrays too long for memory; it outlives the rendering, not the cue.
            watch: progress and cancellation; looked at least every 200 ms of work.

        Raises:
            EngineNotReady: it lacks weights, a device, or an ability that the brief or hole asks for.
            Cancelled: the user stopped the work.
        """
        ...

    def held(self) -> int:
        """Bytes of memory, of the device or else of the machine, that are kept for the next rendering."""
        ...

    def release(self) -> None:
        """Let go of all that is kept; the next rendering makes or loads it again, and gives the same."""
        ...
