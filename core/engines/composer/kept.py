"""What the take in use says of the music that is kept: its parts, its harmony, how its hits are met."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import product

from core.brief import Brief, Chord, Player, Rendering, Track
from core.engines.composer.chords import Built, Key, build
from core.engines.composer.clock import beats_of
from core.engines.composer.instruments import INSTRUMENTS
from core.engines.composer.outline import Bar, Gesture, Harmony
from core.engines.composer.score import Part
from core.errors import EngineNotReady

COLOURS = ("triad", "seventh", "ninth", "add9", "power", "open", "sus4")
_NAME = re.compile(r"(?P<letter>[A-G])(?P<accidental>[#b]?)")
_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_GRID = 24
"""Parts of a beat on which chords usually change; others are accents off every grid."""


def track_of(part: Part) -> Track:
    """A part as the notes of a cue, with who plays it."""
    instrument = INSTRUMENTS[part.instrument]
    player = Player(part.instrument, part.gain_db, part.pan, part.send)
    return Track(part.name, part.stem, instrument.program, instrument.drums, part.notes, player)


def part_of(track: Track) -> Part:
    """A part of the cue as it is played.

    Raises:
        EngineNotReady: nothing says who plays it.
    """
    player = track.player
    if player is None or player.instrument not in INSTRUMENTS:
        raise EngineNotReady(
            "This cue does not say who plays its notes, so nothing can be re-rolled in it",
            track.name,
            "Score the range again.",
        )
    return Part(track.name, track.stem, player.instrument, track.notes, player.gain_db, player.pan, player.send)


def gestures_of(brief: Brief, kept: Rendering) -> tuple[Gesture, ...]:
    """How each hit is met in the take in use, in order of time."""
    met = [(index, met, how) for index, (met, how) in enumerate(zip(brief.plan.met, kept.how, strict=True)) if how]
    beats = beats_of(brief.plan.tempo_map, [one.hit.time for _, one, _ in met]).tolist() if met else []
    gestures = [
        Gesture(one, index, one.hit.time, beat if one.beat is None else one.beat, how, how != "grid")
        for (index, one, how), beat in zip(met, beats, strict=True)
    ]
    return tuple(sorted(gestures, key=lambda gesture: gesture.time))


def harmony_of(chords: Sequence[Chord], key: Key, bars: Sequence[Bar], brief: Brief) -> tuple[Harmony, ...]:
    """The chords of a cue on its beats again, covering its bars without holes.

    Raises:
        EngineNotReady: the take in use has no chords.
    """
    if not chords:
        raise EngineNotReady("This cue has no chords, so nothing can be re-rolled in it", do="Score the range again.")
    found = beats_of(brief.plan.tempo_map, [chord.start for chord in chords]).tolist()
    starts = [float(bars[0].first_beat), *(_on_grid(beat) for beat in found[1:])]
    end = float(bars[-1].first_beat + bars[-1].beats)
    harmony = []
    for chord, beat, until in zip(chords, starts, [*starts[1:], end], strict=True):
        root, bass, built = _read(chord, key)
        strain = built.tension if bass == root else min(1.0, built.tension + 0.1)
        harmony.append(Harmony(beat, until - beat, root, bass, built.tones, chord.name, strain))
    return tuple(harmony)


@lru_cache(maxsize=64)
def _vocabulary(key: Key) -> Mapping[tuple[int, frozenset[int]], Built]:
    """Every chord that can be built in a key, by its root and tones; the plainest of those that sound the same."""
    steps = "1234567"
    plain = [(step, colour) for colour in COLOURS for step in steps]
    altered = ["".join(letters) for letters in product(("", "b", "#"), steps, ("", "M", "m", "7"))]
    table: dict[tuple[int, frozenset[int]], Built] = {}
    for degree, colour in [*plain, *((degree, "triad") for degree in altered)]:
        built = build(key, degree, colour)
        table.setdefault((built.root, frozenset(built.tones)), built)
    return table


def _read(chord: Chord, key: Key) -> tuple[int, int, Built]:
    """Root, bass and tones of a chord by its name and its pitches; the lowest pitch is the bass."""
    name = _NAME.match(chord.name)
    bass = chord.pitches[0] % 12
    tones = frozenset(pitch % 12 for pitch in chord.pitches[1:])
    root = bass if name is None else (_LETTERS[name["letter"]] + {"#": 1, "b": -1, "": 0}[name["accidental"]]) % 12
    known = _vocabulary(key).get((root, tones))
    if known is not None:
        return root, bass, known
    rising = sorted(tones, key=lambda tone: (tone - root) % 12 if (tone - root) % 12 not in (1, 2) else 13)
    return root, bass, Built(root, tuple(rising), "S", 0.5, True)


def _on_grid(beat: float) -> float:
    """A beat position without the error of its way through seconds."""
    near = round(beat * _GRID) / _GRID
    return near if abs(near - beat) < 1e-6 else beat
