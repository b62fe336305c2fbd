"""Chords: from a degree of a scale to pitch classes and a lead-sheet name.

Conventions
    A degree is written as in "1 6 4 5": a plain figure is the chord that the mode itself builds on that step. With an
    accidental ("b6") its root is counted in the major scale of the tonic; "M", "m" or "7" then fixes its quality.
    A mode's own diminished chord is replaced by the one a third below (its function is the same), except on 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Function = Literal["T", "S", "D"]

MODES: Mapping[str, tuple[int, ...]] = {
    "ionian": (0, 2, 4, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
}
"""Semitones above the tonic."""
MAJOR_MODES = frozenset({"ionian", "lydian", "mixolydian"})

_FUNCTIONS: Mapping[str, tuple[Function, ...]] = {
    "ionian": ("T", "S", "T", "S", "D", "T", "D"),
    "dorian": ("T", "S", "T", "S", "D", "S", "D"),
    "phrygian": ("T", "D", "T", "S", "D", "S", "D"),
    "lydian": ("T", "D", "T", "S", "D", "T", "D"),
    "mixolydian": ("T", "S", "T", "S", "D", "T", "D"),
    "aeolian": ("T", "S", "T", "S", "D", "S", "D"),
    "locrian": ("T", "D", "T", "S", "D", "S", "D"),
}
"""Of the chord on each step."""
_TENSION = {"T": 0.15, "S": 0.5, "D": 0.85}
_QUALITIES: Mapping[frozenset[int], str] = {
    frozenset(intervals): name
    for name, intervals in {
        "": (0, 4, 7),
        "m": (0, 3, 7),
        "dim": (0, 3, 6),
        "aug": (0, 4, 8),
        "5": (0, 7),
        "sus2": (0, 2, 7),
        "sus4": (0, 5, 7),
        "maj7": (0, 4, 7, 11),
        "7": (0, 4, 7, 10),
        "m7": (0, 3, 7, 10),
        "m7b5": (0, 3, 6, 10),
        "maj9": (0, 4, 7, 11, 2),
        "9": (0, 4, 7, 10, 2),
        "m9": (0, 3, 7, 10, 2),
        "add9": (0, 4, 7, 2),
        "m(add9)": (0, 3, 7, 2),
        "(b5)": (0, 4, 6),
    }.items()
}
_FIXED: Mapping[str, tuple[int, ...]] = {"M": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10)}
_DEGREE = re.compile(r"(?P<accidental>[b#]?)(?P<step>[1-7])(?P<quality>[Mm7]?)$")
_SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_FLATS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_FLAT_KEYS = frozenset({5, 10, 3, 8, 1})
_PARENT_STEPS: Mapping[str, int] = {
    "ionian": 0,
    "dorian": 2,
    "phrygian": 4,
    "lydian": 5,
    "mixolydian": 7,
    "aeolian": 9,
    "locrian": 11,
}
"""Semitones of the tonic above the tonic of the major scale with the same notes."""


@dataclass(frozen=True)
class Key:
    """A tonic and a church mode."""

    tonic: int
    """Pitch class."""
    mode: str

    @property
    def scale(self) -> tuple[int, ...]:
        """Its seven pitch classes, from the tonic."""
        return tuple((self.tonic + step) % 12 for step in MODES[self.mode])

    @property
    def major(self) -> bool:
        """True where the third above the tonic is major."""
        return self.mode in MAJOR_MODES

    def spell(self, pitch_class: int) -> str:
        """A pitch class by the letter this key uses."""
        parent = (self.tonic - _PARENT_STEPS[self.mode]) % 12
        return (_FLATS if parent in _FLAT_KEYS else _SHARPS)[pitch_class % 12]


@dataclass(frozen=True)
class Built:
    """A chord of a key."""

    root: int
    tones: tuple[int, ...]
    """Pitch classes, root first."""
    function: Function
    tension: float
    chromatic: bool
    """Leaves the key."""


@lru_cache(maxsize=4096)
def build(key: Key, degree: str, colour: str = "triad") -> Built:
    """The chord on a degree of a key.

    Args:
        key: tonic and mode.
        degree: see the module's conventions.
        colour: "triad", "seventh", "ninth", "add9", "power", "open" (no third, a ninth instead) or "sus4";
            where the mode has no such sound on this degree, the nearest plainer one.

    Raises:
        ValueError: no degree is written like that.
    """
    match = _DEGREE.match(degree)
    if match is None:
        raise ValueError(f"{degree!r} is no degree of a scale")
    step = int(match["step"]) - 1
    if match["accidental"] or match["quality"]:
        return _chromatic(key, step, match["accidental"], match["quality"])
    if step and _intervals(key, step, (0, 2, 4)) == (0, 3, 6):
        step = (step - 2) % 7
    function = _FUNCTIONS[key.mode][step]
    root = key.scale[step]
    tones = tuple((root + interval) % 12 for interval in _coloured(key, step, colour))
    tension = 0.0 if step == 0 else _TENSION[function]
    return Built(root, tones, function, tension, chromatic=False)


def name_of(key: Key, root: int, tones: tuple[int, ...], bass: int) -> str:
    """The chord as on a lead sheet: "Dm7", "Bb/F"."""
    intervals = frozenset((tone - root) % 12 for tone in tones)
    quality = _QUALITIES.get(intervals, "")
    slash = "" if bass == root else f"/{key.spell(bass)}"
    return f"{key.spell(root)}{quality}{slash}"


def _chromatic(key: Key, step: int, accidental: str, quality: str) -> Built:
    """A chord whose root or quality is fixed."""
    if accidental:
        shift = {"b": -1, "#": 1}[accidental]
        root = (key.tonic + MODES["ionian"][step] + shift) % 12
    else:
        root = key.scale[step]
    tones = tuple((root + interval) % 12 for interval in _FIXED[quality or "M"])
    function: Function = "D" if quality == "7" or (accidental, step) in {("b", 1), ("b", 6), ("b", 4)} else "S"
    strange = any(tone not in key.scale for tone in tones)
    return Built(root, tones, function, min(1.0, _TENSION[function] + 0.15 * strange), strange)


def _intervals(key: Key, step: int, members: tuple[int, ...]) -> tuple[int, ...]:
    """Semitones above the chord's root of scale steps counted from it."""
    scale = MODES[key.mode]
    return tuple((scale[(step + member) % 7] - scale[step]) % 12 for member in members)


def _coloured(key: Key, step: int, colour: str) -> tuple[int, ...]:
    """The intervals of a chord in this colour, or in the nearest plainer one."""
    triad = _intervals(key, step, (0, 2, 4))
    second, fourth, seventh = _intervals(key, step, (1, 3, 6))
    fifth = triad[2]
    if colour == "power" and fifth == 7:
        return (0, 7)
    if colour == "open" and fifth == 7 and second == 2:
        return (0, 2, 7)
    if colour == "sus4" and fifth == 7 and fourth == 5:
        return (0, 5, 7)
    if colour == "add9" and second == 2:
        return (*triad, 2)
    if colour == "ninth" and second == 2:
        return (*triad, seventh, 2)
    if colour in ("seventh", "ninth"):
        return (*triad, seventh)
    return triad
