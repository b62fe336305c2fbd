"""Grooves: what the drums of each style play in a bar, as step patterns.

Conventions
    A pattern is one bar, one letter per step, spread evenly: 8 letters in 4/4 are eighths, 16 are sixteenths.
    "X" is an accent, "x" a plain stroke, "o" a soft one, "g" a ghost, "." a rest. `four` is written in 4/4 and is
    fitted to 2/4, 3/4, 5/4 and so on by taking whole beats of it; `six` is a bar of 6/8, `seven` of 7/8 (2+2+3).
    A voice plays while the energy is at least `lowest` and below `highest`. The first pattern is the home one,
    the others are its variations; drums that the bass locks to have one only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from core.brief import Meter

_STRENGTH = {"X": 114, "x": 96, "o": 76, "g": 52}
_BEATS_TAKEN = {
    1: (0,),
    2: (0, 3),
    3: (0, 1, 3),
    4: (0, 1, 2, 3),
    5: (0, 1, 3, 2, 3),
    6: (0, 1, 3, 2, 1, 3),
    7: (0, 1, 2, 3, 0, 1, 3),
}
KICKS = ("kick", "kick_electronic", "kick_dusty", "heartbeat")

PITCH: Mapping[str, int] = {
    "kick": 36,
    "kick_electronic": 36,
    "kick_dusty": 36,
    "heartbeat": 35,
    "snare": 38,
    "snare_brush": 40,
    "snare_dusty": 38,
    "rim": 37,
    "clap": 39,
    "hat_closed": 42,
    "hat_open": 46,
    "ride": 51,
    "crash": 49,
    "cymbal_swell": 55,
    "tom": 45,
    "taiko": 41,
    "woodblock": 76,
    "shaker": 70,
    "tick": 75,
    "triangle_bell": 81,
}
"""General MIDI drum keys; for toms and taikos the usual tuning."""


@dataclass(frozen=True)
class Voice:
    """One drum of a groove."""

    instrument: str
    lowest: float
    four: tuple[str, ...]
    six: tuple[str, ...] = ()
    seven: tuple[str, ...] = ()
    highest: float = 1.01
    pitch: int = 0
    """Tuning of a tom or taiko; 0 takes the instrument's usual key."""
    keeps_time: bool = False
    """Plays on alone where the drums rest, so that the beat is never lost."""

    @property
    def key(self) -> int:
        """The MIDI pitch of its notes."""
        return self.pitch or PITCH[self.instrument]


GROOVES: Mapping[str, tuple[Voice, ...]] = {
    "tension": (
        Voice("heartbeat", 0.0, ("X.......",), ("X.....",), ("X......",), highest=0.22),
        Voice("heartbeat", 0.22, ("Xo..Xo..",), ("Xo.Xo.",), ("Xo..Xo.",)),
        Voice("tick", 0.0, ("Xxxx", "XxXx"), ("X..X..",), ("X.X.X..",), highest=0.5, keeps_time=True),
        Voice("tick", 0.5, ("X.X.X.Xg", "X.XgX.X."), ("X.gX.g",), ("X.X.X.g",)),
        Voice("taiko", 0.42, ("X.......", "X.....o."), ("X.....",), ("X......",), highest=0.7, pitch=38),
        Voice("taiko", 0.7, ("X..x..x.", "X..x..xo"), ("X..x.x",), ("X.x.x..",), pitch=38),
        Voice("rim", 0.6, ("....x...", "....x..g"), ("...x..",), ("....x..",)),
        Voice("tom", 0.8, ("......ox", "....o.ox"), ("....ox",), (".....ox",), pitch=43),
    ),
    "action": (
        Voice("kick", 0.0, ("X...X...",), ("X..X..",), ("X...X..",), highest=0.4),
        Voice("kick", 0.4, ("X.x.X.x.",), ("X..X.o",), ("X.x.X.o",)),
        Voice(
            "taiko", 0.0, ("X.x.x.x.", "X.x.X.x."), ("X..x..",), ("X.x.x..",), highest=0.3, pitch=41, keeps_time=True
        ),
        Voice("taiko", 0.3, ("X..X..X.", "X..X..xx", "X.oX..X."), ("X..X.x",), ("X.X.X.x", "X.X.X.."), pitch=41),
        Voice("taiko", 0.55, ("..o..o.x", "..o.oo.x"), ("..o..x",), (".o.o.ox",), pitch=48),
        Voice("shaker", 0.3, ("XoxoXoxo",), ("XoxXox",), ("XoXoXoo",)),
        Voice("snare", 0.6, ("..X...X.", "..X...Xo"), ("...X..",), ("..X...x",)),
        Voice("tom", 0.75, ("...............o", "..........o....o"), (".....o",), ("......o",), pitch=50),
        Voice("hat_open", 0.85, ("X.......",), ("X.....",), ("X......",)),
    ),
    "uplift": (
        Voice("kick", 0.22, ("X...X...",), ("X.....",), ("X...X..",), highest=0.48),
        Voice("kick", 0.48, ("XXXX",), ("X..X..",), ("X.X.X..",)),
        Voice("shaker", 0.0, ("XoxoXoxo", "Xoxoxoxo"), ("XooXoo",), ("XoXoXoo",), keeps_time=True),
        Voice("clap", 0.4, ("..X...X.", "..X...Xg"), ("...X..",), ("..X.X..",)),
        Voice("snare", 0.7, ("....X.......X...", "....X..g....X..."), ("...X.o",), ("..X.X..",)),
        Voice("hat_closed", 0.5, ("x.x.x.x.", "x.xox.xo"), ("x.ox.o",), ("x.x.x.o",)),
        Voice("hat_open", 0.72, (".x.x.x.x", ".x.x.x.."), ("..x..x",), (".o.o..o",)),
        Voice("ride", 0.88, ("xxxx",), ("x..x..",), ("x.x.x..",)),
    ),
    "documentary": (
        Voice("kick", 0.3, ("x.......",), ("x.....",), ("x......",), highest=0.6),
        Voice("kick", 0.6, ("x...x...",), ("x..x..",), ("x...x..",)),
        Voice("shaker", 0.12, ("x.x.x.x.", "x.x.x.xo"), ("x..x..",), ("x.x.x..",), keeps_time=True, highest=0.55),
        Voice("shaker", 0.55, ("xoxoxoxo", "xox.xoxo"), ("xooxoo",), ("xoxoxoo",), keeps_time=True),
        Voice("snare_brush", 0.3, ("..x...x.", "..x...xg"), ("...x..", "...x.g"), ("..x.x..",)),
        Voice("rim", 0.55, ("......x.", "...o..x."), ("...x..",), ("....x..",)),
        Voice("ride", 0.75, ("x.x.x.x.",), ("x..x..",), ("x.x.x..",)),
    ),
    "comedy": (
        Voice("kick", 0.0, ("X...X...",), ("X..X..",), ("X...X..",)),
        Voice("snare_brush", 0.0, ("..x...x.", "..x...xo"), ("..x..x",), ("..x..x.",), keeps_time=True),
        Voice("woodblock", 0.2, ("..x...xo", "..x.o.x.", "o.x...x.", "..x...x."), ("..x.ox",), ("..x..xo",)),
        Voice("hat_closed", 0.45, ("x.x.x.x.", "x.xox.x."), ("x.xx.x",), ("x.x.x.x",)),
        Voice("rim", 0.6, ("........o..o..x.", "......o...o.o..."), ("....xo",), ("....xo.",)),
        Voice("snare", 0.75, ("..X...X.",), ("..X..X",), ("..X.X..",)),
    ),
    "ambient": (),
    "electronic": (
        Voice("kick_electronic", 0.0, ("XXXX",), ("X..X..",), ("X.X.X..",)),
        Voice("hat_closed", 0.0, ("x.x.x.x.", "x.x.x.xo"), ("x.xx.x",), ("x.x.x.x",), highest=0.3, keeps_time=True),
        Voice("clap", 0.25, ("..X...X.",), ("...X..",), ("..X.X..",)),
        Voice("hat_open", 0.3, (".x.x.x.x", ".x.x.xox"), ("..x..x",), (".x.x..x",)),
        Voice("hat_closed", 0.5, ("x.o.x.o.x.o.x.o.", "x.o.x.o.x.o.x.og"), ("xoxxox",), ("xoxoxox",), keeps_time=True),
        Voice("rim", 0.5, ("...x..x.....x...", "......x...x.....", "...x......x..x.."), ("..x.x.",), ("...x..x",)),
        Voice("snare", 0.7, ("..X...X.", "....X.......X..g"), ("...X..",), ("..X.X..",)),
        Voice("ride", 0.85, ("xxxx",), ("x..x..",), ("x.x.x..",)),
    ),
    "lo-fi": (
        Voice("kick_dusty", 0.0, ("X.........x.....",), ("X...o.",), ("X...x..",), highest=0.45),
        Voice("kick_dusty", 0.45, ("X......ox.x.....",), ("X..ox.",), ("X..ox..",)),
        Voice(
            "snare_dusty", 0.12, ("....X.......X...", "....X..g....X...", "....X.......X..g"), ("...X..",), ("..X...o",)
        ),
        Voice("hat_closed", 0.0, ("x.x.x.x.", "x.xox.x."), ("x.xx.x",), ("x.x.x.x",), highest=0.3, keeps_time=True),
        Voice(
            "hat_closed", 0.3, ("X.o.x.o.X.o.x.og", "X.o.x.ogX.o.x.o.", "X.ogx.o.X.o.x.og"), ("xooxoo",), ("xoxoxoo",)
        ),
        Voice("rim", 0.55, ("......o.......o.", "..........o....."), ("....o.",), ("...o...",)),
        Voice("shaker", 0.7, ("x.x.x.x.",), ("x..x..",), ("x.x.x..",)),
    ),
}
"""The drums of each style, by style name."""


_WISHED = {
    "kick": ("X...X...", "X..X..", "X...X.."),
    "snare": ("..X...X.", "...X..", "..X.X.."),
    "clap": ("..X...X.", "...X..", "..X.X.."),
    "taiko": ("X..X..X.", "X..X.x", "X.X.X.."),
    "tom": ("......xx", "....xx", ".....xx"),
    "crash": ("X.......", "X.....", "X......"),
}
_PLAIN_TIME = ("x.x.x.x.", "x..x..", "x.x.x..")


def belongs(instrument: str, name: str) -> bool:
    """True where an instrument is the one named, or of the family named: "hat_closed" belongs to "hat"."""
    return instrument == name or instrument.startswith(f"{name}_") or (name == "kick" and instrument == "heartbeat")


def voices(style: str, wishes: tuple[str, ...] = ()) -> tuple[Voice, ...]:
    """The drums of a style, and any drum wished for by name that it lacks; empty for a style without a groove."""
    own = GROOVES.get(style, ())
    wished = []
    for wish in dict.fromkeys(wishes):
        drum = next((name for name in PITCH if belongs(name, wish) and name != "cymbal_swell"), None)
        if drum is not None and not any(belongs(voice.instrument, wish) for voice in own):
            four, six, seven = _WISHED.get(drum, _PLAIN_TIME)
            wished.append(Voice(drum, 0.0, (four,), (six,), (seven,)))
    return (*own, *wished)


def patterns(voice: Voice, meter: Meter) -> tuple[str, ...]:
    """The voice's patterns as written for this kind of meter, the home pattern first."""
    if meter.compound:
        return voice.six
    return voice.seven if meter.beats_per_pulse == 2 else voice.four


@lru_cache(maxsize=4096)
def strokes(pattern: str, meter: Meter, beats: int) -> tuple[tuple[float, int], ...]:
    """What a pattern plays in one bar: (beat in the bar, velocity) in order.

    Args:
        pattern: written for `meter`'s kind, see `patterns`.
        meter: the usual meter of the cue.
        beats: beats of this very bar, which may be longer or shorter than usual.
    """
    written = 2 if meter.compound else 7 if meter.beats_per_pulse == 2 else 4
    per_beat = len(pattern) / written
    played = []
    for place, beat in enumerate(_taken(written, beats)):
        for step, letter in enumerate(pattern):
            if letter != "." and beat <= step / per_beat + 1e-9 < beat + 1:
                played.append((place + step / per_beat - beat, _STRENGTH[letter]))
    return tuple(played)


def _taken(written: int, beats: int) -> tuple[int, ...]:
    """Which beats of a pattern of `written` beats make a bar of `beats`."""
    if written == 4:
        return _BEATS_TAKEN.get(beats) or tuple(beat % 4 for beat in range(beats))
    if written == 2:
        return tuple(0 if beat < beats - 1 else 1 for beat in range(beats))
    return tuple(beat if beat < 7 else 5 + (beat - 7) % 2 for beat in range(beats))


def kick_beats(style: str, meter: Meter, energy: float) -> tuple[float, ...]:
    """Where the kick falls in a bar, in beats from its start, for a bass to lock to.

    Args:
        style: name of the style; one without a groove has no kick.
        meter: the meter of this very bar.
        energy: 0 to 1, the bar's.
    """
    return tuple(beat for beat, _ in kick_strokes(style, meter, meter.beats, energy))


def kick_strokes(style: str, meter: Meter, beats: int, energy: float) -> tuple[tuple[float, int], ...]:
    """What the kick plays in a bar of `beats` beats in a cue of this meter: (beat in the bar, velocity) in order."""
    for voice in voices(style):
        if voice.instrument in KICKS and voice.lowest <= energy < voice.highest:
            return strokes(patterns(voice, meter)[0], meter, beats)
    return ()
