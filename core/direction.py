"""From wishes to a direction: which style, tempo, key and instruments, by name, by the prompt, or by the picture."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from core.brief import Direction, Ending, Feel, Meter, Picture
from core.errors import WrongUse
from core.styles import STYLES, Look
from core.words import DICTIONARY, FILLERS, JOINERS, LONGEST_PHRASE, NEGATIONS, Meaning

TEMPO_LIMITS = (30.0, 240.0)
"""Beats per minute that can be asked for."""
SPEECH_STYLES = ("tension", "uplift", "documentary", "ambient", "lo-fi")
"""What the picture may choose under a voice."""

_LETTERS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_ACCIDENTALS = {"#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1}
_MODES = {"major": "ionian", "minor": "aeolian"} | {
    mode: mode for mode in ("ionian", "dorian", "phrygian", "lydian", "mixolydian", "aeolian", "locrian")
}
_ACCIDENTAL = r"(?P<accidental>[#♯♭]|b(?![a-z])|[ -]?(?i:sharp|flat)\b)?"
_ARTICLE = r"(?!(?<!\bin )a (?:major|minor)|a (?:major|minor) (?:key|mode|mood|feel))"  # "a minor key" names no tonic
_KEY = re.compile(rf"\b{_ARTICLE}(?P<letter>[A-Ga-g]){_ACCIDENTAL}[ -]?(?P<mode>(?i:{'|'.join(_MODES)}))\b")
_TONIC = re.compile(rf"\bin (?P<letter>[A-G]){_ACCIDENTAL}(?![\w#'-])")
_BPM = re.compile(r"(?<![\d.])(\d{2,3}(?:\.\d+)?) ?bpm\b|\bbpm ?(\d{2,3}(?:\.\d+)?)", re.IGNORECASE)
_TOKEN = re.compile(r"\d+/\d+|[\w&][\w'-]*|[,.;:!?]")


@dataclass
class _Wishes:
    """What a prompt asks for, gathered word by word."""

    styles: list[tuple[str, str]] = field(default_factory=list)
    """(style, the word that named it)."""
    density: float = 0.0
    brightness: float = 0.0
    haste: float = 0.0
    bpm: float | None = None
    tonic: int | None = None
    mode: str | None = None
    meter: Meter | None = None
    instruments: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def direct(
    style: str | None,
    prompt: str,
    picture: Picture,
    cuts_per_minute: float,
    ending: Ending | None,
    under_speech: bool,
    otherwise: str | None = None,
) -> Direction:
    """Decide what is wanted of the music.

    The style is the one named, else the one most words of the prompt stand for, else the one whose usual picture is
    nearest to this one, unless one is settled. `core.words` is the whole dictionary of the prompt.

    Args:
        style: one of the eight styles, or None.
        prompt: free text; may be empty.
        picture: house features; values may be NaN.
        cuts_per_minute: cutting pace.
        ending: how the cue shall end, or None for the style's way.
        under_speech: the music will lie under a voice.
        otherwise: the style where neither its name nor the prompt asks for one; None lets the picture choose.

    Raises:
        WrongUse: there is no style of this name.
    """
    wishes = _read(prompt)
    if style is None and not wishes.styles:
        style = otherwise
    name, why = _choose(style, wishes, picture, cuts_per_minute, under_speech)
    chosen = STYLES[name]
    return Direction(
        style=name,
        feel=_feel(chosen.feel, wishes),
        ending=ending or chosen.ending,
        tonic=wishes.tonic,
        mode=wishes.mode,
        density=float(np.clip(wishes.density, -1, 1)),
        brightness=float(np.clip(wishes.brightness, -1, 1)),
        without=tuple(dict.fromkeys(wishes.without)),
        instruments=tuple(dict.fromkeys(part for part in wishes.instruments if part not in wishes.without)),
        under_speech=under_speech,
        why=why,
        unknown=tuple(dict.fromkeys(wishes.unknown)),
    )


def style_named(name: str) -> str:
    """The style that a user means by a name.

    Raises:
        WrongUse: there is none.
    """
    known = name.strip().lower()
    if known == "lofi":
        known = "lo-fi"
    if known not in STYLES:
        raise WrongUse(f'There is no style "{name}"', "--style", f"Use one of {', '.join(STYLES)}.")
    return known


def _choose(
    style: str | None, wishes: _Wishes, picture: Picture, cuts_per_minute: float, under_speech: bool
) -> tuple[str, str]:
    """The style and, in words, why."""
    if style is not None:
        return style_named(style), "asked for by name"
    if wishes.styles:
        name = Counter(name for name, _ in wishes.styles).most_common(1)[0][0]
        words = dict.fromkeys(word for meant, word in wishes.styles if meant == name)
        return name, "the prompt says " + ", ".join(f'"{word}"' for word in words)
    return _by_picture(wishes, _look(picture, cuts_per_minute), cuts_per_minute, under_speech)


def _by_picture(wishes: _Wishes, seen: Look, cuts_per_minute: float, under_speech: bool) -> tuple[str, str]:
    """The style whose usual look is nearest to what is seen, leaning where the prompt's moods lean."""
    leaning = replace(
        seen,
        light=seen.light + 0.2 * wishes.brightness,
        motion=seen.motion + 0.2 * wishes.haste + 0.1 * wishes.density,
        pace=seen.pace + 0.2 * wishes.haste,
    )
    names = SPEECH_STYLES if under_speech else tuple(STYLES)
    name = min(names, key=lambda candidate: _distance(leaning, STYLES[candidate].look))
    why = _in_words(seen, cuts_per_minute)
    if leaning != seen and name != min(names, key=lambda candidate: _distance(seen, STYLES[candidate].look)):
        why += ", and the prompt's mood"
    return name, f"{why}, under a voice" if under_speech else why


def _look(picture: Picture, cuts_per_minute: float) -> Look:
    """The picture's mean look; NaN where nothing could be seen."""
    red, green, blue = (_mean(picture.colour[:, band]) for band in range(3)) if picture.colour.size else (np.nan,) * 3
    top = max(red, green, blue)
    return Look(
        light=_mean(picture.luminance),
        colour=(top - min(red, green, blue)) / top if top > 0 else np.nan,
        warmth=0.5 + (red - blue) / (2 * top) if top > 0 else np.nan,
        motion=_mean(picture.motion),
        pace=cuts_per_minute / (cuts_per_minute + 12),
    )


def _mean(values: np.ndarray) -> float:
    """Mean of what is not NaN; NaN where nothing is."""
    seen = values[~np.isnan(values)]
    return float(seen.mean()) if seen.size else float("nan")


def _distance(seen: Look, usual: Look) -> float:
    """How far two looks lie apart; what was not seen does not count."""
    weighed = (("light", 1.0), ("colour", 0.7), ("warmth", 0.7), ("motion", 1.0), ("pace", 1.3))
    apart = [weight * (getattr(seen, name) - getattr(usual, name)) ** 2 for name, weight in weighed]
    return float(np.nansum(apart))


def _in_words(seen: Look, cuts_per_minute: float) -> str:
    """What decided, for people."""
    cutting = f"{cuts_per_minute:.0f} cuts per minute"
    if np.isnan(seen.light):
        return f"no picture could be seen; {cutting}"
    light = "dark" if seen.light < 0.3 else "bright" if seen.light > 0.55 else "evenly lit"
    tint = (
        ""
        if np.isnan(seen.warmth)
        else " and warm"
        if seen.warmth > 0.56
        else " and cold"
        if seen.warmth < 0.44
        else ""
    )
    motion = "still" if not seen.motion >= 0.15 else "moving strongly" if seen.motion > 0.5 else "moving"
    return f"the picture is {light}{tint} (luminance {seen.light:.2f}), {motion}, {cutting}"


def _feel(feel: Feel, wishes: _Wishes) -> Feel:
    """What the planner may do, narrowed or widened by the prompt."""
    low, high = feel.tempo
    if wishes.meter is not None and wishes.meter.compound and wishes.meter not in feel.meters:
        low, high = low * 2 / 3, high * 2 / 3  # a beat of three eighths: the eighths keep their pace
    middle = (low + high) / 2
    if wishes.haste < 0:
        high = middle
    elif wishes.haste > 0:
        low = middle
    if wishes.bpm is not None:
        low, high = min(low, wishes.bpm * 0.96), max(high, wishes.bpm * 1.04)
    meters = feel.meters if wishes.meter is None else (wishes.meter,)
    return replace(feel, tempo=(low, high), meters=meters, bpm=wishes.bpm)


def _read(prompt: str) -> _Wishes:
    """Everything the prompt asks for."""
    wishes = _Wishes()
    rest = _take_key(_take_tempo(prompt, wishes), wishes)
    refused = False
    for phrase, is_joiner in _phrases(rest.lower()):
        meaning = DICTIONARY.get(phrase)
        if phrase in NEGATIONS:
            refused = True
        elif is_joiner:
            continue
        elif meaning is None:
            is_word = phrase[0].isalnum()
            refused = refused and is_word  # "no, piano" refuses nothing
            if is_word and phrase not in FILLERS:
                wishes.unknown.append(phrase)
        elif refused:
            wishes.without.extend(meaning.parts)
            refused = bool(meaning.parts)  # "no drums or bass" refuses both; "not big, dark" refuses the first
        else:
            _wish(wishes, phrase, meaning)
            refused = False
    return wishes


def _wish(wishes: _Wishes, phrase: str, meaning: Meaning) -> None:
    """Add what one phrase asks for."""
    if meaning.style is not None:
        wishes.styles.append((meaning.style, phrase))
    wishes.density += meaning.density
    wishes.brightness += meaning.brightness
    wishes.haste += meaning.haste
    wishes.mode = wishes.mode or meaning.mode
    wishes.meter = wishes.meter or meaning.meter
    wishes.instruments.extend(meaning.parts)


def _phrases(text: str) -> Iterator[tuple[str, bool]]:
    """The text as phrases of the dictionary, longest first, and single words; True marks "and", "or"."""
    tokens = _TOKEN.findall(text)
    at = 0
    while at < len(tokens):
        for length in range(min(LONGEST_PHRASE, len(tokens) - at), 0, -1):
            phrase = " ".join(tokens[at : at + length])
            if phrase in DICTIONARY or length == 1:
                yield phrase, phrase in JOINERS
                at += length
                break


def _take_tempo(prompt: str, wishes: _Wishes) -> str:
    """Read "120 bpm" and give back the rest of the text."""

    def taken(match: re.Match[str]) -> str:
        bpm = float(match[1] or match[2])
        if TEMPO_LIMITS[0] <= bpm <= TEMPO_LIMITS[1]:
            wishes.bpm = wishes.bpm or bpm
        else:
            wishes.unknown.append(match[0].lower())
        return " "

    return _BPM.sub(taken, prompt)


def _take_key(prompt: str, wishes: _Wishes) -> str:
    """Read "D minor" or "in C" and give back the rest of the text."""

    def taken(match: re.Match[str]) -> str:
        groups = match.groupdict()
        accidental = (groups["accidental"] or "").strip(" -").lower()
        wishes.tonic = (_LETTERS[groups["letter"].lower()] + _ACCIDENTALS.get(accidental, 0)) % 12
        if groups.get("mode"):
            wishes.mode = _MODES[groups["mode"].lower()]
        return " "

    return _TONIC.sub(taken, _KEY.sub(taken, prompt))
