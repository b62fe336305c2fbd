"""Which parts a cue has, who plays them, and which of them play in which phrase.

The energy of a phrase decides; from one phrase to the next at most two parts change, at a new section three; and in
every section at least one part rests throughout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.brief import Direction
from core.engines.composer.dice import pick
from core.engines.composer.outline import Outline
from core.engines.composer.palette import Bass, Layer, Palette, Tune
from core.engines.composer.percussion import unwanted
from core.engines.composer.phrases import Phrase
from core.engines.composer.ranges import RANGES, register
from core.engines.composer.streams import stream

BASS, TUNE = "bass", "tune"
"""What the bass and the tune are called among the parts."""
_WITHIN, _ACROSS = 2, 3
"""Parts that may come or go within a section, and where the next begins."""
_SPEECH_TOP = 74
_INTRO_PHRASES = 4
"""In a cue of this many phrases the tune waits for the second."""
_SUSTAINING = Layer("", (), 52, 76, 0.0, 70, gate=1.0, send=0.35, gain_db=-5.0)
_STRIKING = Layer("", (), 55, 79, 0.0, 76, ((0.0, ("* - - - * - - -",)), (0.5, ("* - 1 - * - 2 -",))))
"""Hosts for instruments asked for where the style has no part like them."""
_SUSTAINED = ("strings", "strings_low", "brass", "horn", "choir", "pad", "supersaw")
_LEADS = ("clarinet", "bassoon", "flute", "lead", "horn")


@dataclass(frozen=True)
class Band:
    """The parts of a cue with their players."""

    layers: tuple[Layer, ...]
    """Each with the one instrument that plays it, in a register it has."""
    bass: Bass | None
    tune: Tune | None
    last: Layer | None


def cast(seed: int, palette: Palette, direction: Direction) -> Band:
    """Choose the players: the wishes of the direction first, then the seed."""
    layers, bass, tune = _hosted(palette, direction)
    if direction.under_speech:
        layers = [layer for layer in layers if not layer.busy]
    manned = [_manned(seed, layer, direction) for layer in layers]
    return Band(
        tuple(layer for layer in manned if layer is not None),
        _with_bass(seed, bass, direction),
        _with_tune(seed, tune, direction),
        _manned(seed, palette.last, direction),
    )


def textures(outline: Outline, phrases: Sequence[Phrase], band: Band) -> dict[str, list[Phrase]]:
    """What each part plays, by its name: its phrases in order, the one it enters in from its entrance on."""
    enters = {layer.name: (layer.enters, layer.leaves) for layer in band.layers}
    if band.bass is not None:
        enters[BASS] = (band.bass.enters, 2.0)
    if band.tune is not None:
        enters[TUNE] = (band.tune.enters, 2.0)
    resting = _resting(outline.brief.seed, phrases, [layer for layer in band.layers[1:] if layer.enters > 0])
    playing: dict[str, list[Phrase]] = {name: [] for name in enters}
    before: frozenset[str] = frozenset()
    for phrase in phrases:
        rests = resting.get(phrase.letter)
        wanted = _wanted(phrase, enters, rests)
        if phrase.index:
            wanted = _gradual(before, wanted, enters, phrase.energy, phrase.place == 0, rests)
        elif len(phrases) >= _INTRO_PHRASES and band.tune is not None and band.tune.waits:
            wanted.discard(TUNE)
        wanted = wanted or {min(enters, key=lambda name: enters[name][0])} if enters else set()
        for name in wanted:
            late = 0 if name in before or name in (BASS, TUNE) else _entrance(phrase, enters[name][0])
            playing[name].append(replace(phrase, bars=phrase.bars[late:]) if late else phrase)
        before = frozenset(wanted)
    return playing


def _wanted(phrase: Phrase, enters: Mapping[str, tuple[float, float]], rests: str | None) -> set[str]:
    """The parts that the energy of a phrase, at its mean or at its height, calls for."""
    height = max(bar.energy for bar in phrase.bars)
    energy = 0.6 * phrase.energy + 0.4 * height
    return {name for name, (low, high) in enters.items() if low <= energy < high and name != rests}


def _entrance(phrase: Phrase, energy: float) -> int:
    """The bar of a phrase, of every second one, where a part enters that waits for this energy."""
    reached = (place for place in range(0, len(phrase.bars) - 1, 2) if phrase.bars[place].energy >= energy)
    return next(reached, (len(phrase.bars) - 1) // 2 * 2 if len(phrase.bars) > 2 else 0)


def _gradual(
    before: frozenset[str],
    wanted: set[str],
    enters: Mapping[str, tuple[float, float]],
    energy: float,
    opens: bool,
    rests: str | None,
) -> set[str]:
    """What plays when only a few parts may come and go: those that are most out of place first."""
    changes = sorted(before ^ wanted, key=lambda name: (-abs(energy - enters[name][0]), name))
    forced = [name for name in changes if name == rests]
    room = (_ACROSS if opens else _WITHIN) - len(forced)
    done = {*forced, *[name for name in changes if name != rests][:room]}
    kept = set(before ^ done)
    return kept or wanted or set(before)


def _resting(seed: int, phrases: Sequence[Phrase], layers: Sequence[Layer]) -> dict[str, str]:
    """For each idea the part that rests as long as it lasts; never the same for two ideas in a row."""
    resting: dict[str, str] = {}
    previous = ""
    for phrase in phrases:
        if phrase.letter not in resting and layers:
            options = [layer for layer in layers if layer.name != previous] or list(layers)
            rng = stream(seed, f"resting/{phrase.letter}")
            resting[phrase.letter] = pick(rng, options, [0.2 + layer.enters for layer in options]).name
        previous = resting.get(phrase.letter, "")
    return resting


def _hosted(palette: Palette, direction: Direction) -> tuple[list[Layer], Bass, Tune]:
    """The palette's parts with the instruments asked for: their own if they can, else given to the nearest part."""
    layers, bass, tune = list(palette.layers), palette.bass, palette.tune
    taken: set[int] = set()
    for asked in direction.instruments:
        names = tuple(name for name in RANGES if _is(name, asked))
        if not names or asked == "bass":
            continue
        known = [index for index, layer in enumerate(layers) if set(layer.instruments) & set(names)]
        if known:
            own = tuple(name for name in layers[known[0]].instruments if name in names)
            layers[known[0]] = replace(layers[known[0]], instruments=own, enters=0.0, busy=False)
            taken.add(known[0])
        elif names[0].startswith("bass_"):
            bass = replace(bass, instruments=names, enters=0.0)
        elif set(tune.instruments) & set(names) or asked.startswith(_LEADS):
            tune = replace(tune, instruments=tuple(n for n in tune.instruments if n in names) or names, enters=0.0)
        else:
            sustained = asked.startswith(_SUSTAINED)
            free = [i for i, layer in enumerate(layers) if i not in taken and (not layer.cells) == sustained]
            if not free:
                layers.append(_SUSTAINING if sustained else _STRIKING)
            host = free[-1] if free else len(layers) - 1
            taken.add(host)
            layers[host] = replace(layers[host], name=asked, instruments=names[:1], enters=0.0, busy=False)
    return layers, bass, tune


def _manned(seed: int, layer: Layer, direction: Direction) -> Layer | None:
    """The layer with one player in a register it has; None where nobody wanted can play it."""
    players = [name for name in layer.instruments if not unwanted(name, direction)]
    if not players or layer.stem in direction.without:
        return None
    player = pick(stream(seed, f"player/{layer.name}"), players)
    low, high = layer.low, layer.high
    if direction.brightness <= -0.5 and low >= 60:
        low, high = low - 12, high - 12
    if direction.under_speech:
        high = max(min(high, _SPEECH_TOP), low + 12) if low + 12 <= _SPEECH_TOP else _SPEECH_TOP
        low = min(low, high - 12)
    low, high = register(player, low, high)
    enters = layer.enters if layer.enters <= 0 or low < 60 else max(0.05, layer.enters - 0.2 * direction.brightness)
    return replace(layer, instruments=(player,), low=low, high=high, enters=enters)


def _with_bass(seed: int, bass: Bass, direction: Direction) -> Bass | None:
    """The bass with one player, or none."""
    players = [name for name in bass.instruments if not unwanted(name, direction)]
    if not players or "bass" in direction.without:
        return None
    player = pick(stream(seed, "player/bass"), players)
    low, high = register(player, bass.low, bass.high)
    return replace(bass, instruments=(player,), low=low, high=high)


def _with_tune(seed: int, tune: Tune, direction: Direction) -> Tune | None:
    """The tune with one player (and one that answers), or none."""
    players = [name for name in tune.instruments if not unwanted(name, direction)]
    if not players or direction.under_speech or "melody" in direction.without:
        return None
    rng = stream(seed, "player/tune")
    answers = [name for name in tune.answers if not unwanted(name, direction)]
    player = pick(rng, players)
    answering = (pick(rng, answers),) if answers else ()
    low, high = register(player, tune.low, tune.high)
    return replace(tune, instruments=(player,), answers=answering, low=low, high=high)


def _is(instrument: str, asked: str) -> bool:
    """True where an instrument is the one asked for or of its family."""
    return instrument == asked or instrument.startswith(f"{asked}_")
