"""The data that travels: from the timeline to the engine and back.

Conventions
    Positions on the timeline are `RationalTime` (frames at the timeline's rate). Everything musical is in seconds
    from the start of the range, as float. Audio is float32, shape [samples, 2], full scale 1.0, until it is written.
    Pitches are MIDI note numbers, velocities 1 to 127.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from opentimelineio.opentime import RationalTime

FloatArray = NDArray[np.float64]
Audio = NDArray[np.float32]
"""Samples, shape [samples, 2]; may be memory-mapped."""

StemName = Literal["drums", "bass", "harmony", "melody", "effects"]
STEMS: tuple[StemName, ...] = ("drums", "bass", "harmony", "melody", "effects")

HitKind = Literal["cut", "marker", "motion"]
How = Literal["accent", "grid", "stop"]
On = Literal["beat", "eighth", "triplet", "sixteenth"]
Ending = Literal["button", "ring", "cut", "lead-out"]

_NTSC_BASES = (24, 30, 48, 60, 120)


def exact_rate(rate: float) -> Fraction:
    """The frame rate as it is meant: 23.976 (or 23.98, 23.976024...) is 24000/1001, 25.0 is 25.

    Raises:
        ValueError: the rate is not a positive number.
    """
    if not rate > 0 or rate == float("inf"):
        raise ValueError(f"a frame rate must be positive, not {rate!r}")
    nearest = round(rate)
    if nearest and abs(rate - nearest) < 1e-6:
        return Fraction(nearest)
    for base in _NTSC_BASES:
        ntsc = Fraction(base * 1000, 1001)
        if abs(rate - float(ntsc)) < 0.006:
            return ntsc
    return Fraction(rate).limit_denominator(100_000)


def sample_count(seconds: Fraction, sample_rate: int) -> int:
    """Whole samples nearest to an exact time: round(seconds * sample_rate)."""
    return round(seconds * sample_rate)


@dataclass(frozen=True)
class Range:
    """The part of a timeline to be scored."""

    start: RationalTime
    """Record time of the first frame, absolute: it counts from the timeline's start timecode."""
    duration: RationalTime
    """Length in whole frames at the timeline's rate."""
    timeline_start: RationalTime
    """Record time of the timeline's own first frame."""
    drop_frame: bool
    """How timecode is written for this timeline; never a different rate."""

    @property
    def rate(self) -> Fraction:
        """Frames per second, exact."""
        return exact_rate(self.start.rate)

    @property
    def frames(self) -> int:
        """Length in frames."""
        frames: int = round(self.duration.value)
        return frames

    @property
    def exact_seconds(self) -> Fraction:
        """Length in seconds, exact."""
        return self.frames / self.rate

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return float(self.exact_seconds)

    def samples(self, sample_rate: int) -> int:
        """Length in samples: exactly round(duration_s * sample_rate)."""
        return sample_count(self.exact_seconds, sample_rate)

    def seconds_at(self, frame: int) -> float:
        """Seconds from the range's start to the start of its frame number `frame`."""
        return float(frame / self.rate)


@dataclass(frozen=True)
class Media:
    """A picture file that shots are cut from."""

    name: str
    path: Path | None
    """The file, or None when it could not be found."""
    member: str | None = None
    """Name inside the archive when `path` is an .otioz."""
    why_offline: str = ""
    """Why there is no file, for people; empty when there is one."""


@dataclass(frozen=True)
class Shot:
    """One picture segment inside the range, after tracks, nesting, retimes and gaps are resolved."""

    first_frame: int
    """First frame, counted from the range's start at the timeline's rate."""
    frames: int
    """Length in frames."""
    name: str
    media: Media | None
    """None for a gap or a generator: there is nothing to decode."""
    source_start: Fraction = Fraction(0)
    """Seconds from the file's first frame to what the shot's first frame shows."""
    speed: Fraction = Fraction(1)
    """Source seconds per record second: 2 is double speed, 0 a freeze, negative runs backwards."""
    kind: Literal["footage", "gap", "generator"] = "footage"


@dataclass(frozen=True)
class Hit:
    """A moment the music must meet."""

    time: float
    """Seconds from the range's start."""
    kind: HitKind
    weight: float
    """0 to 1; markers over cuts over motion."""
    label: str = ""
    must: bool = False
    """The editor insists: a marker named HIT or coloured red."""
    turn: float = 0.0
    """How much the picture changes here in place, light or energy, 0 to 1: where sections may begin."""


@dataclass(frozen=True)
class Edit:
    """What the timeline says about the range, before anybody looks at the picture."""

    name: str
    source: Path
    range: Range
    shots: tuple[Shot, ...]
    """In order, without holes: gaps are shots too. They cover the range exactly."""
    hits: tuple[Hit, ...]
    """Cuts and markers inside the range, in order."""
    in_text: str
    """How the in point was read, in record timecode."""
    out_text: str
    """How the out point (exclusive) was read, in record timecode."""
    offline: tuple[str, ...] = ()
    """One sentence for each medium that is missing."""
    said: tuple[str, ...] = ()
    """What was read in a way the editor should know of: ramps not understood, newer schemas, ..."""
    has_edit_list: bool = True
    """False where the whole timeline is a movie or a single long clip: its cuts must be found in the picture."""
    ends_with_timeline: bool = False
    """The range ends where the timeline does, as far as is known: when that grows, so does the range."""


@dataclass(frozen=True)
class Thumbnail:
    """A small picture of one shot."""

    time: float
    """Seconds from the range's start."""
    jpeg: bytes


@dataclass(frozen=True)
class Picture:
    """What was seen: house features of the range at `rate` per second. NaN where there is no picture.

    Values lie between 0 and 1.
    """

    rate: float
    luminance: FloatArray
    """Mean luma, shape [frames]."""
    colour: FloatArray
    """Mean red, green, blue, shape [frames, 3]."""
    motion: FloatArray
    """Motion energy inside the shot, shape [frames]; a cut itself is not motion."""
    edges: FloatArray
    """Edge density, shape [frames]."""
    change: FloatArray
    """How much luminance, colour and edges differ from the frame before, shape [frames]."""
    thumbnails: tuple[Thumbnail, ...] = ()
    offline: tuple[str, ...] = ()
    """One sentence for each medium that could not be decoded."""


@dataclass(frozen=True)
class Meter:
    """A time signature.

    The beat is the quarter in x/4, the dotted quarter in 6/8, the eighth in 7/8.
    """

    numerator: int
    denominator: int

    @property
    def compound(self) -> bool:
        """True where the beat divides in three (6/8)."""
        return self.denominator == 8 and self.numerator % 3 == 0

    @property
    def beats(self) -> int:
        """Beats in a bar."""
        return self.numerator // 3 if self.compound else self.numerator

    @property
    def quarters_per_beat(self) -> float:
        """Length of a beat in quarter notes."""
        if self.compound:
            return 1.5
        return 4 / self.denominator

    @property
    def beats_per_pulse(self) -> int:
        """How many beats make the felt pulse by which tempo is named: 2 in 7/8 (quarters), else 1."""
        return 2 if self.denominator == 8 and not self.compound else 1

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"


@dataclass(frozen=True)
class TempoMap:
    """Where the beats are.

    Beats increase strictly; the first is at or before 0, the last at or after the range's end.
    """

    beats: FloatArray
    """Beat times in seconds, shape [beats]."""
    downbeats: tuple[int, ...]
    """Indices of the beats that start a bar, increasing."""
    meter: Meter
    """The usual meter; single bars may be longer or shorter (see `downbeats`)."""

    def time_of(self, beat: float) -> float:
        """Seconds at a beat position, fractions between beats linear in time."""
        return float(np.interp(beat, np.arange(len(self.beats)), self.beats))

    def beat_at(self, seconds: float) -> float:
        """Beat position at a time."""
        return float(np.interp(seconds, self.beats, np.arange(len(self.beats))))

    def local_tempo(self) -> FloatArray:
        """Felt tempo between neighbouring beats, beats per minute, shape [beats - 1]."""
        return 60.0 / (np.diff(self.beats) * self.meter.beats_per_pulse)


@dataclass(frozen=True)
class Section:
    """A stretch of music with one idea, starting on a downbeat."""

    start: float
    duration: float
    name: str
    """A letter, with a number when it comes back: "A", "B", "A2"."""
    first_beat: int
    """Index of its first beat in the tempo map."""
    beats: int


@dataclass(frozen=True)
class Met:
    """What became of one hit."""

    hit: Hit
    met: bool
    on: On | None = None
    """What the hit falls on; None when not met."""
    beat: float | None = None
    """Beat position in the tempo map, with its fraction (3.5 is the eighth after beat 3); None when not met."""
    why: str = ""
    """Why it was not met, for people; empty when met."""


@dataclass(frozen=True)
class Plan:
    """The rhythm of the cue."""

    tempo_map: TempoMap
    sections: tuple[Section, ...]
    met: tuple[Met, ...]
    """One for each hit, in order."""
    chance: float
    """Share of all hits that a steady click at the same tempo meets within half a frame, over its phases."""
    bpm: float
    """Felt tempo, the median over the map."""
    drift: float
    """Largest deviation of a beat from its section's base tempo, as a ratio (0.04 is 4 %)."""


@dataclass(frozen=True)
class Feel:
    """What a style lets the planner do."""

    tempo: tuple[float, float]
    """Felt beats per minute, lowest and highest."""
    meters: tuple[Meter, ...]
    """Allowed, the preferred one first."""
    sixteenths: bool = False
    """Hits may fall on sixteenths (fast styles only)."""
    inserted_bars: bool = True
    """Single 2/4, 3/4 or 5/4 bars are allowed."""
    bpm: float | None = None
    """The tempo the user asked for by number; the planner stays within 4 % of it."""


@dataclass(frozen=True)
class Direction:
    """What is wanted of the music: the style and every wish in the prompt."""

    style: str
    feel: Feel
    ending: Ending
    tonic: int | None = None
    """Pitch class 0 to 11 asked for; None lets the engine choose."""
    mode: str | None = None
    """A church mode ("dorian") asked for; None lets the style choose."""
    density: float = 0.0
    """-1 sparse to 1 big."""
    brightness: float = 0.0
    """-1 dark to 1 bright."""
    without: tuple[str, ...] = ()
    """Stems or instruments that shall stay silent ("drums")."""
    instruments: tuple[str, ...] = ()
    """Instruments asked for by name."""
    under_speech: bool = False
    why: str = ""
    """How the style was chosen, for people."""
    unknown: tuple[str, ...] = ()
    """Words of the prompt that mean nothing here."""


@dataclass(frozen=True)
class Brief:
    """Everything an engine may know."""

    edit: Edit
    picture: Picture
    plan: Plan
    direction: Direction
    prompt: str
    seed: int
    sample_rate: int = 48_000
    soundfont: Path | None = None
    """Render the composer's notes through this SoundFont instead of the house instruments."""

    @property
    def seconds(self) -> float:
        """Length of the range in seconds."""
        return self.edit.range.seconds

    @property
    def samples(self) -> int:
        """Length of every stem in samples."""
        return self.edit.range.samples(self.sample_rate)


@dataclass(frozen=True)
class Note:
    """One note of one instrument."""

    start: float
    """Seconds from the range's start."""
    duration: float
    """Seconds the key is held; the sound may ring on."""
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Chord:
    """A harmony and how long it holds."""

    start: float
    duration: float
    name: str
    """As on a lead sheet: "Dm7", "Bb/F"."""
    pitches: tuple[int, ...]


@dataclass(frozen=True)
class Stem:
    """One named layer of the music."""

    name: StemName
    audio: Audio
    """Shape [samples, 2], as long as the range."""


@dataclass(frozen=True)
class Player:
    """How a part is played and placed, where an engine plays its notes itself."""

    instrument: str
    """A name in the engine's own registry."""
    gain_db: float = 0.0
    pan: float = 0.0
    """-1 left to 1 right."""
    send: float = 0.2
    """Share of the sound sent to the room, 0 to 1."""


@dataclass(frozen=True)
class Track:
    """The notes of one part, as written to MIDI."""

    name: str
    stem: StemName
    program: int
    """General MIDI program 0 to 127; ignored for drums."""
    drums: bool
    notes: tuple[Note, ...]
    player: Player | None = None
    """Who plays it; None where the engine makes no sound from notes."""


@dataclass(frozen=True)
class Rendering:
    """What an engine gives back."""

    stems: tuple[Stem, ...]
    tracks: tuple[Track, ...] = ()
    chords: tuple[Chord, ...] = ()
    how: tuple[How | None, ...] = ()
    """How each hit of the plan was met, in the plan's order; None for hits not met."""
    state: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    """The engine's own state for later holes (latents, tokens), saved with the take."""


@dataclass(frozen=True)
class Hole:
    """The part to be re-rolled, and everything known about what is kept around it."""

    start: float
    """Seconds from the range's start; both edges lie on whole samples."""
    duration: float
    stems: tuple[StemName, ...]
    kept: Rendering
    """Notes, chords, how hits are met, and the engine's state of the take in use; it carries no audio."""
    brief: Brief
    """The cue's own brief, as its first take was told."""
    heard: Callable[[StemName, int, int], Audio]
    """Kept audio: stem, first sample, count → float32 of shape [count, 2], at the level of its file."""
