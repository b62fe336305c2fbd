"""The outline of a cue: what is decided before any note is written.

Conventions
    Positions inside the music are beats of the brief's tempo map (float, counted from its first beat); times are
    seconds from the start of the range. Pitch classes are 0 (C) to 11. Bars group their beats as `grid.groups` says.

Who plays what
    The tonal writers follow `harmony`: on a strong accent the chord changes or is struck again. A button and a ringing
    end have a last chord at `final.beat`: the tonal writers play it, and nothing of theirs starts after it. Cuts and
    lead-outs play on to the end of the range. Stops, silences before hits, the notes that mark hits and the level of
    the whole are laid over all parts by the finishing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.brief import Brief, Ending, How, Met


@dataclass(frozen=True)
class Bar:
    """One bar of the tempo map."""

    index: int
    first_beat: int
    beats: int
    start: float
    """Seconds; the first bar may start before the range."""
    duration: float
    section: int
    """Index into the plan's sections."""
    energy: float
    """0 calm to 1 full, smoothed over several seconds."""
    ends_section: bool
    """The last bar before a section change or the end."""


@dataclass(frozen=True)
class Harmony:
    """One chord of the progression and how long it holds."""

    beat: float
    beats: float
    root: int
    """Pitch class of the root."""
    bass: int
    """Pitch class in the bass."""
    tones: tuple[int, ...]
    """Pitch classes, root first."""
    name: str
    """As on a lead sheet: "Dm7", "Bb/F"."""
    tension: float
    """0 at rest (tonic) to 1 (dominant, tritone)."""


@dataclass(frozen=True)
class Gesture:
    """How one accepted hit is played."""

    met: Met
    index: int
    """Position in `brief.plan.met`."""
    time: float
    beat: float
    how: How
    strong: bool
    """Marked by the whole band (accent or stop); otherwise one crisp note falls on it."""


@dataclass(frozen=True)
class Final:
    """How the cue ends."""

    ending: Ending
    beat: float
    """Beat position of the last chord."""
    time: float
    """Seconds of the last chord."""


@dataclass(frozen=True)
class Outline:
    """Everything that the writers of parts share."""

    brief: Brief
    tonic: int
    """Pitch class of the key."""
    mode: str
    """Church mode: "ionian", "dorian", "phrygian", "lydian", "mixolydian", "aeolian", "locrian"."""
    scale: tuple[int, ...]
    """Pitch classes of the mode from the tonic, seven of them."""
    bars: tuple[Bar, ...]
    """Cover the range, in order."""
    harmony: tuple[Harmony, ...]
    """Cover all bars without holes, in order."""
    gestures: tuple[Gesture, ...]
    """One for each accepted hit, in order of time."""
    final: Final
    cue_seed: int
    """The cue's own seed, in a re-roll too: who plays, and where the drums rest."""
    turns: Mapping[int, bool] = field(default_factory=dict)
    """Bars, by index, that end in a fill (True) or do not (False); the others as the form has it."""

    heard: tuple[float, float] | None = None
    """Beats between which the parts are heard, None for all; what lies far from there may be left unwritten."""

    def hears(self, begin: float, end: float) -> bool:
        """True where something between these beats is heard, or lies within two bars of what is."""
        if self.heard is None:
            return True
        margin = 2.0 * self.brief.plan.tempo_map.meter.beats
        return begin < self.heard[1] + margin and end > self.heard[0] - margin

    def harmony_at(self, beat: float) -> Harmony:
        """The chord that sounds at a beat position."""
        current = self.harmony[0]
        for chord in self.harmony:
            if chord.beat > beat + 1e-6:
                break
            current = chord
        return current
