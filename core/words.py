"""What the words of a prompt mean: the whole dictionary, and nothing cleverer.

A prompt may hold moods, styles, stems and instruments in plain English, a tempo ("120 bpm"), a key ("D minor",
"in C", "F# dorian"), a meter ("7/8", "waltz"), and "no", "without" or "less" before a stem or an instrument.
Every other word that is not a mere filler is reported as unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.brief import Meter
from core.styles import METERS, SIX_EIGHT, THREE_FOUR


@dataclass(frozen=True)
class Meaning:
    """What one word or phrase asks for."""

    style: str | None = None
    density: float = 0.0
    """Towards 1 for bigger, -1 for sparser."""
    brightness: float = 0.0
    """Towards 1 for brighter, -1 for darker."""
    haste: float = 0.0
    """1 takes the upper half of the style's tempo range, -1 the lower."""
    mode: str | None = None
    meter: Meter | None = None
    parts: tuple[str, ...] = ()
    """Stems or instruments; a name also stands for its family: "strings" for "strings_low"."""


def _each(words: str, meaning: Meaning) -> dict[str, Meaning]:
    """The same meaning for several words or phrases, parted by commas."""
    return {word.strip(): meaning for word in words.split(",")}


STYLE_WORDS: Mapping[str, Meaning] = {
    **_each(
        "tension, tense, suspense, suspenseful, thriller, horror, scary, eerie, creepy, ominous", Meaning("tension")
    ),
    **_each("menacing, uneasy, sinister, mystery, mysterious, noir", Meaning("tension")),
    **_each("action, trailer, chase, fight, battle, heroic, war, race, adrenaline, blockbuster", Meaning("action")),
    **_each("uplift, uplifting, inspiring, inspirational, hopeful, triumphant, corporate", Meaning("uplift")),
    **_each("motivational, optimistic, joyful, celebration, wedding", Meaning("uplift")),
    **_each(
        "documentary, interview, reflective, thoughtful, nature, history, portrait, wistful", Meaning("documentary")
    ),
    **_each("comedy, comic, funny, quirky, cartoon, playful, silly, cheeky, mischievous, slapstick", Meaning("comedy")),
    **_each(
        "ambient, drone, dreamy, ethereal, space, meditative, meditation, floating, underwater", Meaning("ambient")
    ),
    **_each("electronic, techno, house, edm, dance, club, synthwave, rave, trance, party", Meaning("electronic")),
    **_each("lo-fi, lofi, lo fi, chill, chillhop, hip-hop, hip hop, hiphop, study, laid-back", Meaning("lo-fi")),
}
"""Words that name a style."""

MOOD_WORDS: Mapping[str, Meaning] = {
    **_each("epic", Meaning("action", density=0.7)),
    **_each("sparse, minimal, minimalist, thin, bare, empty, intimate", Meaning(density=-0.7)),
    **_each("simple, small, quiet, gentle, soft, delicate, light, subtle", Meaning(density=-0.4)),
    **_each("big, full, dense, powerful, loud, busy, rich, intense", Meaning(density=0.7)),
    **_each("huge, massive, enormous", Meaning(density=1.0)),
    **_each("dark, darker, gloomy, grim, murky, brooding", Meaning(brightness=-0.8, mode="aeolian")),
    **_each("warm, mellow, cosy, cozy, muted", Meaning(brightness=-0.4)),
    **_each("bright, brighter, brilliant, sparkling, shimmering, crisp, airy", Meaning(brightness=0.8)),
    **_each("sad, melancholy, melancholic, sombre, somber, tragic, minor", Meaning(mode="aeolian")),
    **_each("happy, cheerful, sunny, major", Meaning(mode="ionian")),
    **_each("slow, slower, calm, relaxed, peaceful, lazy", Meaning(haste=-1.0)),
    **_each("fast, faster, quick, urgent, driving, energetic, frantic", Meaning(haste=1.0)),
    **_each("waltz", Meaning(meter=THREE_FOUR)),
    **_each("jig", Meaning(meter=SIX_EIGHT)),
    **{
        mode: Meaning(mode=mode)
        for mode in ("ionian", "dorian", "phrygian", "lydian", "mixolydian", "aeolian", "locrian")
    },
    **{str(meter): Meaning(meter=meter) for meter in METERS},
}
"""Words for mood, mode, meter and pace."""

PART_WORDS: Mapping[str, Meaning] = {
    **_each("drums, drum, percussion, beat, beats, drum kit, drum machine", Meaning(parts=("drums",))),
    **_each("bass, bassline, bass line, low end", Meaning(parts=("bass",))),
    **_each("harmony, chords, accompaniment", Meaning(parts=("harmony",))),
    **_each("melody, melodies, tune, lead, theme", Meaning(parts=("melody",))),
    **_each("effects, effect, fx, sfx, risers, riser, sound effects", Meaning(parts=("effects",))),
    **_each("piano, pianos", Meaning(parts=("piano",))),
    **_each("felt piano, soft piano", Meaning(parts=("piano_felt",))),
    **_each("electric piano, rhodes, e-piano", Meaning(parts=("piano_electric",))),
    **_each("marimba, marimbas, mallets, mallet, xylophone", Meaning(parts=("marimba",))),
    **_each("vibraphone, vibes", Meaning(parts=("vibraphone",))),
    **_each("glockenspiel", Meaning(parts=("glockenspiel",))),
    **_each("bells, bell, chimes", Meaning(parts=("bells",))),
    **_each("celesta, celeste, music box", Meaning(parts=("celesta",))),
    **_each("pizzicato, plucked strings", Meaning(parts=("pizzicato",))),
    **_each("harp, harps", Meaning(parts=("harp",))),
    **_each("guitar, guitars, acoustic guitar", Meaning(parts=("guitar",))),
    **_each("muted guitar", Meaning(parts=("guitar_muted",))),
    **_each("strings, violins, violin, string section", Meaning(parts=("strings",))),
    **_each("staccato strings, spiccato", Meaning(parts=("strings_staccato",))),
    **_each("cello, cellos, low strings", Meaning(parts=("strings_low",))),
    **_each("brass, trombones, trumpets, trumpet", Meaning(parts=("brass",))),
    **_each("brass stabs, stabs", Meaning(parts=("brass_stab",))),
    **_each("horn, horns, french horn", Meaning(parts=("horn",))),
    **_each("choir, voices, vocals, choral", Meaning(parts=("choir",))),
    **_each("clarinet", Meaning(parts=("clarinet",))),
    **_each("bassoon", Meaning(parts=("bassoon",))),
    **_each("flute, flutes", Meaning(parts=("flute",))),
    **_each("woodwinds, woodwind", Meaning(parts=("clarinet", "flute", "bassoon"))),
    **_each("supersaw, supersaws", Meaning(parts=("supersaw",))),
    **_each("synth, synths, synthesizer", Meaning(parts=("supersaw", "pluck_synth", "lead_soft"))),
    **_each("arpeggio, arp, arps, arpeggios", Meaning(parts=("arp",))),
    **_each("pluck, plucks", Meaning(parts=("pluck_synth",))),
    **_each("pad, pads", Meaning(parts=("pad",))),
    **_each("sub bass", Meaning(parts=("bass_sub",))),
    **_each("synth bass", Meaning(parts=("bass_saw",))),
    **_each("tuba", Meaning(parts=("bass_tuba",))),
    **_each("upright bass, double bass", Meaning(parts=("bass_pluck",))),
    **_each("bass guitar, electric bass", Meaning(parts=("bass_electric",))),
    **_each("kick, kicks", Meaning(parts=("kick",))),
    **_each("heartbeat", Meaning(parts=("heartbeat",))),
    **_each("snare, snares", Meaning(parts=("snare",))),
    **_each("hats, hi-hats, hi-hat, hi hats, high hats, hat", Meaning(parts=("hat",))),
    **_each("cymbals, cymbal, crash", Meaning(parts=("cymbal", "crash"))),
    **_each("clap, claps, handclaps", Meaning(parts=("clap",))),
    **_each("toms, tom", Meaning(parts=("tom",))),
    **_each("taiko, taikos, big drums", Meaning(parts=("taiko",))),
    **_each("woodblock, woodblocks", Meaning(parts=("woodblock",))),
    **_each("shaker, shakers", Meaning(parts=("shaker",))),
    **_each("tick, ticks, ticking, clock", Meaning(parts=("tick",))),
}
"""Stems and instruments."""

DICTIONARY: Mapping[str, Meaning] = {**STYLE_WORDS, **MOOD_WORDS, **PART_WORDS}
"""Every word and phrase that means something."""

LONGEST_PHRASE = max(len(phrase.split()) for phrase in DICTIONARY)
"""Words in the longest phrase of the dictionary."""

NEGATIONS = frozenset({"no", "without", "not", "minus", "never", "don't", "dont", "less", "fewer"})
JOINERS = frozenset({"and", "or", "nor", "&"})
_FILLERS = """
    a about all also an any are as at background be bit but by cue feel feeling film for from give good have i in is
    it its just key kind like little lot make me meter mode mood more most music musical my nice of on over piece
    please quite rather really scene score slightly so some something song sound sounding sounds style that the
    their then this tempo time to track under up us use very vibe video we want with you
"""
FILLERS = frozenset(_FILLERS.split())
"""Words that say nothing by themselves."""
