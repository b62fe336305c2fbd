"""What each style marks its hits with: the crisp note on every accepted hit, and the band on the strong ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.brief import StemName

LEADING = frozenset({"riser", "reverse_cymbal", "sub_swell", "cymbal_swell"})
"""Instruments whose note ends on the moment it leads to."""


@dataclass(frozen=True)
class Mark:
    """One way to put a note on a hit."""

    stem: StemName
    instrument: str
    low: int
    """Lowest pitch; the chord tone at or above it is played. For drums the key itself."""
    velocity: int = 96
    notes: int = 1
    """How many chord tones are struck together."""


MARKS: Mapping[str, tuple[Mark, ...]] = {
    "tension": (
        Mark("melody", "marimba", 57),
        Mark("effects", "hit_metal", 50, 82),
        Mark("melody", "bells", 72, 84),
        Mark("harmony", "pizzicato", 48, 100),
        Mark("drums", "rim", 37, 104),
    ),
    "action": (
        Mark("drums", "tom", 52, 112),
        Mark("melody", "brass_stab", 60, 100, 2),
        Mark("harmony", "strings_staccato", 60, 108, 2),
        Mark("effects", "hit_metal", 57, 92),
        Mark("drums", "snare", 38, 110),
    ),
    "uplift": (
        Mark("melody", "glockenspiel", 84, 96),
        Mark("melody", "bells", 72, 92),
        Mark("harmony", "piano", 60, 104, 2),
        Mark("drums", "clap", 39, 104),
        Mark("effects", "bells", 84, 84),
    ),
    "documentary": (
        Mark("melody", "vibraphone", 67, 88),
        Mark("harmony", "harp", 60, 92, 2),
        Mark("melody", "celesta", 72, 84),
        Mark("harmony", "pizzicato", 55, 92),
        Mark("effects", "triangle_bell", 81, 74),
    ),
    "comedy": (
        Mark("drums", "woodblock", 77, 112),
        Mark("melody", "marimba", 67, 104),
        Mark("harmony", "pizzicato", 60, 108, 2),
        Mark("melody", "glockenspiel", 84, 100),
        Mark("effects", "triangle_bell", 81, 96),
    ),
    "ambient": (
        Mark("melody", "bells", 72, 80),
        Mark("melody", "celesta", 72, 82),
        Mark("effects", "bells", 60, 74),
        Mark("harmony", "harp", 55, 80, 2),
    ),
    "electronic": (
        Mark("melody", "pluck_synth", 67, 104),
        Mark("drums", "tom", 52, 108),
        Mark("effects", "hit_metal", 57, 84),
        Mark("harmony", "pluck_synth", 60, 104, 2),
    ),
    "lo-fi": (
        Mark("melody", "vibraphone", 67, 92),
        Mark("harmony", "guitar_muted", 55, 96, 2),
        Mark("drums", "rim", 37, 100),
        Mark("melody", "celesta", 72, 84),
        Mark("effects", "triangle_bell", 81, 72),
    ),
}
"""By style name, the preferred ones first."""

BAND: Mapping[str, tuple[Mark, ...]] = {
    "tension": (Mark("drums", "taiko", 38, 104), Mark("harmony", "strings_staccato", 48, 104, 3)),
    "action": (
        Mark("drums", "taiko", 38, 122),
        Mark("drums", "crash", 49, 108),
        Mark("harmony", "brass_stab", 55, 114, 3),
    ),
    "uplift": (
        Mark("drums", "kick", 36, 108),
        Mark("drums", "crash", 49, 92),
        Mark("harmony", "piano", 52, 108, 4),
    ),
    "documentary": (Mark("drums", "triangle_bell", 81, 76), Mark("harmony", "piano", 48, 92, 3)),
    "comedy": (
        Mark("drums", "snare", 38, 106),
        Mark("drums", "crash", 49, 82),
        Mark("harmony", "pizzicato", 52, 112, 3),
    ),
    "ambient": (Mark("harmony", "harp", 48, 108, 5),),
    "electronic": (
        Mark("drums", "kick_electronic", 36, 118),
        Mark("drums", "crash", 49, 98),
        Mark("harmony", "pluck_synth", 55, 110, 3),
    ),
    "lo-fi": (Mark("drums", "kick_dusty", 36, 108), Mark("harmony", "piano", 52, 84, 3)),
}
"""What joins on a strong hit."""


def chord_pitches(tones: tuple[int, ...], low: int, count: int) -> tuple[int, ...]:
    """The lowest `count` pitches of these pitch classes at or above `low`, low to high."""
    pitches = sorted(low + (tone - low) % 12 for tone in dict.fromkeys(tones))
    while len(pitches) < count:
        pitches.append(pitches[-len(tones)] + 12)
    return tuple(pitches[:count])
