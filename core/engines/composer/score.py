"""What the writer hands to the players: parts of notes, and how the whole is to be mixed.

Conventions
    Seconds from the start of the range, MIDI pitches, velocities 1 to 127. A part belongs to one stem and is played
    by one instrument of `core.engines.composer.instruments`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.brief import STEMS, Chord, How, Note, StemName
from core.engines.composer.instruments import INSTRUMENTS


@dataclass(frozen=True)
class Part:
    """One instrument's notes."""

    name: str
    """For people and for the MIDI track: "low strings"."""
    stem: StemName
    instrument: str
    """A name in the instrument registry."""
    notes: tuple[Note, ...]
    """In order of start."""
    gain_db: float = 0.0
    pan: float = 0.0
    """-1 left to 1 right."""
    send: float = 0.2
    """Share of the sound sent to the room, 0 to 1."""


@dataclass(frozen=True)
class Company:
    """Who may play; and, in a re-roll, what the others play, which stays as it is."""

    stems: tuple[StemName, ...] = STEMS
    """The stems that are written."""
    kept: tuple[Part, ...] = ()
    """The parts of all other stems."""


EVERYBODY = Company()
"""In a whole cue."""


@dataclass(frozen=True)
class Stop:
    """Everything falls silent at `time`, by at least 12 dB at once; only effects named in the score may ring on."""

    time: float
    until: float
    """Seconds at which the music comes in again."""


_LONGEST_RELEASE = 0.35


@dataclass(frozen=True)
class Parting:
    """Notes that begin between `start` and `end` in these stems are gone by `end`; those that lead there are not."""

    start: float
    end: float
    """Seconds."""
    stems: tuple[StemName, ...]

    def release(self, start: float) -> float:
        """Seconds before `end` from which on a note that began at `start` fades, so that its attack stays whole."""
        return min(_LONGEST_RELEASE, (self.end - start) / 2)

    def ends(self, part: Part) -> bool:
        """True where a part has to be gone: what leads to a moment ends on it anyway."""
        return part.stem in self.stems and INSTRUMENTS[part.instrument].lengths != "exact"


@dataclass(frozen=True)
class Score:
    """A whole cue, written."""

    seconds: float
    """Length of the range; nothing sounds after it."""
    parts: tuple[Part, ...]
    chords: tuple[Chord, ...]
    how: tuple[How | None, ...]
    """How each hit of the plan is met, in the plan's order."""
    room: Literal["small", "hall"] = "hall"
    stops: tuple[Stop, ...] = ()
    level: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    """Dynamics of the whole: (seconds, dB) breakpoints, linear in dB between them."""
    pump: tuple[float, ...] = ()
    """Times in seconds at which the side-chain ducks harmony and bass; empty where the style has none."""
    fade_out: float = 0.005
    """Seconds of fade that end the file: 5 ms for a cut, more for a ring or a lead-out."""
    parting: Parting | None = None
    """Where new notes give way to kept ones, in a re-roll."""
    clear_speech: bool = False
    """Keep 1 to 4 kHz low, for a voice above the music."""
