"""What a style tells the tonal writers: harmony, parts, bass and tune, as plain data.

Cells
    An accompaniment figure is written as text, one token per step, spread evenly over a 4/4 bar: 8 tokens are
    eighths, 4 quarters, 16 sixteenths; "|" parts bars. "." rests, "-" holds what sounds, "*" strikes the whole chord,
    figures strike tones of the ladder (0 its lowest; "02" two at once), "n" and "l" the scale's neighbours above and
    below tone 0, "a" leads into the next chord by step. `cells.spread` fits them to every other meter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from core.brief import StemName

Levels = tuple[tuple[float, tuple[str, ...]], ...]
"""(from this energy on, alternatives to choose from), rising."""
Voices = Literal["upper", "power", "low", "top", "cluster"]


@dataclass(frozen=True)
class Layer:
    """One accompanying part."""

    name: str
    instruments: tuple[str, ...]
    """Alternatives; the seed chooses one."""
    low: int
    high: int
    """Register, MIDI pitches."""
    enters: float
    """Plays from this energy on."""
    velocity: int
    """On a beat at middle energy."""
    cells: Levels = ()
    """The figure; empty for a part that sustains."""
    voices: Voices = "upper"
    """What a sustaining part holds: the chord, root and fifth, bass and fifth, its top voice, or a cluster."""
    ladder: Literal["voicing", "root"] = "voicing"
    """What figures count: the voice-led chord from below, or chord tones from the root up."""
    gate: float = 0.9
    """Share of its length that a note is held."""
    tied: bool = False
    """Tones that the next chord shares are held over."""
    leaves: float = 1.1
    """Rests from this energy on."""
    drives: bool = False
    """Accents 3+3+2 instead of the beats."""
    busy: bool = False
    """Not under speech."""
    stem: StemName = "harmony"
    gain_db: float = 0.0
    pan: float = 0.0
    send: float = 0.25


@dataclass(frozen=True)
class Bass:
    """The bass line. Its ladder is root, fifth, octave, third."""

    instruments: tuple[str, ...]
    low: int
    high: int
    velocity: int
    cells: Levels
    enters: float = 0.0
    gate: float = 0.9
    locks: bool = True
    """Strikes with every kick."""
    gain_db: float = 0.0
    send: float = 0.05


@dataclass(frozen=True)
class Tune:
    """The melody."""

    instruments: tuple[str, ...]
    low: int
    high: int
    enters: float
    velocity: int
    busy: float
    """0 long notes to 1 running eighths."""
    rest: float
    """How often a unit of the phrase rests."""
    motif_bars: tuple[int, ...] = (1, 2)
    gate: float = 0.92
    chromatic: float = 0.0
    """How often a strong note is approached by a half step."""
    leap: float = 0.25
    """How often the contour leaps."""
    waits: bool = True
    """Leaves the opening of longer cues to the others."""
    answers: tuple[str, ...] = ()
    """Instruments that take the answering half; empty where one plays all."""
    gain_db: float = 0.0
    pan: float = 0.0
    send: float = 0.3


@dataclass(frozen=True)
class Palette:
    """Everything tonal about a style."""

    modes: Mapping[str, float]
    """Church modes by weight."""
    major: tuple[tuple[float, str], ...]
    """(weight, degrees) of typical progressions in the major modes; the Markov walk is learned from them."""
    minor: tuple[tuple[float, str], ...]
    colours: Mapping[str, float]
    """Chord colours of `chords.build`, by weight."""
    layers: tuple[Layer, ...]
    bass: Bass
    tune: Tune
    last: Layer
    """What plays the last chord, besides the parts that sustain."""
    bars_per_chord: float = 1.0
    quick: bool = False
    """Two chords a bar where the energy is high."""
    pedal: float = 0.0
    """How often a section stands on its tonic."""
    mixture: float = 0.0
    """How often a section borrows one chord from the parallel mode."""
    inversions: float = 0.0
    """How often a bass that can move by step does."""
    suspends: bool = False
    """Dominants at the ends of sections are suspended first."""
    plagal: float = 0.4
    """How often the last cadence is plagal."""
    calm: float = 0.1
    """Energy at the quietest."""
    full: float = 0.9
    """Energy at the fullest."""
