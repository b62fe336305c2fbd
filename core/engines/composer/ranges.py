"""What each tonal instrument can play, and where it sounds well."""

from __future__ import annotations

from collections.abc import Mapping

RANGES: Mapping[str, tuple[int, int]] = {
    "bass_sub": (24, 48),
    "bass_saw": (24, 55),
    "bass_pluck": (26, 60),
    "bass_tuba": (28, 58),
    "bass_strings": (24, 55),
    "bass_electric": (28, 60),
    "piano": (28, 103),
    "piano_felt": (28, 96),
    "piano_electric": (28, 96),
    "marimba": (45, 96),
    "vibraphone": (53, 89),
    "glockenspiel": (76, 108),
    "bells": (60, 103),
    "celesta": (60, 103),
    "pizzicato": (36, 91),
    "harp": (28, 98),
    "guitar": (40, 83),
    "guitar_muted": (40, 88),
    "strings": (48, 98),
    "strings_staccato": (36, 96),
    "strings_low": (36, 67),
    "brass": (34, 77),
    "brass_stab": (36, 82),
    "horn": (36, 77),
    "choir": (43, 84),
    "clarinet": (50, 91),
    "bassoon": (34, 72),
    "flute": (60, 96),
    "supersaw": (36, 96),
    "arp": (36, 98),
    "pluck_synth": (36, 98),
    "pad_warm": (36, 88),
    "pad_dark": (31, 79),
    "pad_shimmer": (48, 98),
    "pad_granular": (36, 96),
    "lead_soft": (48, 96),
}
"""Lowest and highest MIDI pitch, by instrument name."""


def register(instrument: str, low: int, high: int) -> tuple[int, int]:
    """The part of a wished register that the instrument can play; moved by octaves where that leaves too little."""
    bottom, top = RANGES[instrument]
    shift = max(
        (0, -12, 12, -24, 24, -36, 36), key=lambda octaves: min(12, _overlap(low + octaves, high + octaves, instrument))
    )
    low, high = max(low + shift, bottom), min(high + shift, top)
    return (low, high) if high - low >= 12 else (max(bottom, high - 12), max(bottom, high - 12) + 12)


def _overlap(low: int, high: int, instrument: str) -> int:
    """Semitones that a register shares with an instrument's range."""
    bottom, top = RANGES[instrument]
    return min(high, top) - max(low, bottom)


def fold(pitch: int, low: int, high: int) -> int:
    """The pitch moved by octaves into a register of at least an octave."""
    if pitch < low:
        pitch += 12 * -((pitch - low) // 12)
    elif pitch > high:
        pitch -= 12 * -((high - pitch) // 12)
    return pitch
