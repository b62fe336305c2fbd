"""The sound that travels in a cue's page: stems whole, and of other takes only what differs.

Conventions
    A layer is one stem of a take as the page plays it: a sound of its own, or patches over the layer of another take.
    A patch is a span, in samples, in which two files differ, found by comparing them. Its sound reaches `LEAD_S`
    further on both sides, where both files are the same, and the page changes from one to the other there, `JOINT_S`
    outside of the span: the cross-fade that an editor is to hear lies in the files themselves.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.audio.files import BYTES_PER_FRAME
from core.cue.bwf import read_wave
from core.cue.opus import Excerpt, compressed
from core.cue.page_takes import TakeShown
from core.watch import Watch

HELD_S = 1800.0
"""How much sound, decoded, a page may fill a browser with: five stems of 6 min, 700 MB."""
LEAD_S = 0.06
"""The coder has settled by then."""
JOINT_S = 0.01
"""Half of the page's own change from one sound to the next must fit in here."""
PATCH_BIT_RATE = 56_000
"""So that eight re-rolls of 8 s in all stems of a cue of 40 s take less room than its stems; see `BIT_RATE`."""
_GRAIN_S = 0.05
"""Files are compared in steps of this length."""
_JOINED_S = 0.5
"""Spans nearer than this to each other are one."""
_BLOCK_GRAINS = 64


@dataclass(frozen=True)
class Layer:
    """One stem of a take, as the page plays it."""

    stem: str
    file: Path
    sha256: str
    sample_rate: int
    samples: int
    under: int | None = None
    """Which layer this one lies over; None for a whole sound."""
    patches: tuple[tuple[int, int], ...] = ()
    """Where it differs from the one under it: first sample, and the first one after, in order."""
    names: tuple[str, ...] = ()
    """Of its sounds: one for each patch, or one for the whole."""


@dataclass(frozen=True)
class Carried:
    """What a page plays."""

    takes: tuple[TakeShown, ...]
    layers: tuple[Layer, ...]
    sounds: Mapping[str, tuple[str, str]]
    """Name → what it is, in a word of its own, and base64."""

    def of(self, take: TakeShown) -> list[int]:
        """The layers of a take."""
        place = {(layer.stem, layer.sha256): index for index, layer in enumerate(self.layers)}
        return [place[stem, take.hashes.get(stem, "")] for stem in _stems(take)]


def carried(takes: Sequence[TakeShown], sample_rate: int, earlier: Mapping[str, str], watch: Watch) -> Carried:
    """What a page plays of some takes: the oldest whole, and of the others what differs.

    Args:
        takes: in order of their numbers; those that a browser has no room for are left out, older ones first.
        sample_rate: of their files, Hz.
        earlier: sounds that need not be encoded again.
        watch: asked whether to go on.
    """
    known = _known(earlier)
    chosen = list(takes)
    while True:
        layers = _layers(chosen, sample_rate, known, watch)
        others = [take for take in chosen[1:] if not take.in_use]
        if not others or sum(_held(layer) for layer in layers) <= HELD_S:
            return Carried(tuple(chosen), layers, _sounds(layers, earlier, watch))
        chosen.remove(others[0])


def layer_rows(layers: Sequence[Layer]) -> list[dict[str, Any]]:
    """The layers as the page's script reads them, in seconds from the range's start."""
    return [_row(layer) for layer in layers]


def sound_elements(sounds: Mapping[str, tuple[str, str]]) -> str:
    """The sounds as elements of the page."""
    return "\n".join(
        f'<script type="text/plain" data-of="{html.escape(what)}" data-sound="{html.escape(name)}">{sound}</script>'
        for name, (what, sound) in sounds.items()
    )


def sounds_in(text: str) -> dict[str, str]:
    """The sounds that a page carries, as it carries them: what each is, in a word of its own → base64."""
    found = re.finditer(r'<script type="text/plain" data-of="([^"]+)" data-sound="[^"]+">([^<]*)</script>', text)
    return {one[1]: one[2] for one in found}


def _stems(take: TakeShown) -> list[str]:
    return [name for name in take.files if name != "mix"]


Known = dict[tuple[str, str], tuple[tuple[int, int], ...]]
"""Hashes of two files → where they differ."""


def _layers(takes: Sequence[TakeShown], sample_rate: int, known: Known, watch: Watch) -> tuple[Layer, ...]:
    """Every file once: over the take that it was made from where that is here, else over the first take."""
    layers: list[Layer] = []
    places: dict[tuple[str, str], int] = {}
    numbered = {take.number: take for take in takes}
    for take in takes:
        base = numbered.get(take.base or 0, takes[0])
        for stem in _stems(take):
            key = stem, take.hashes.get(stem, "")
            if key in places:
                continue
            under = places.get((stem, base.hashes.get(stem, "")))
            places[key] = len(layers)
            first = not any(layer.stem == stem for layer in layers)
            whole = Layer(stem, take.files[stem], key[1], sample_rate, _samples(take.files[stem]))
            whole = replace(whole, names=(stem if first else f"{stem}-{take.number}",))
            layers.append(whole if under is None else _over(whole, under, layers[under], known, watch))
    return tuple(layers)


def _over(whole: Layer, index: int, under: Layer, known: Known, watch: Watch) -> Layer:
    """A layer as what differs from another; whole where they cannot be compared."""
    if whole.samples != under.samples:
        return whole
    pair = whole.sha256, under.sha256
    if pair not in known:
        known[pair] = differing(whole.file, under.file, whole.sample_rate, watch)
    names = tuple(f"{whole.names[0]}-{number}" for number in range(len(known[pair])))
    return replace(whole, under=index, patches=known[pair], names=names)


def differing(one: Path, other: Path, sample_rate: int, watch: Watch) -> tuple[tuple[int, int], ...]:
    """Where two 24-bit stereo files of the same length differ: first sample, and the first one after, in order.

    The spans are as wide as the files differ, or a little wider.
    """
    waves = [read_wave(path) for path in (one, other)]
    size = waves[0].data_size
    bytes_of = [
        np.memmap(path, np.uint8, "r", wave.data_at, (size,)) for path, wave in zip((one, other), waves, strict=True)
    ]
    grain = round(_GRAIN_S * sample_rate)
    block = grain * BYTES_PER_FRAME * _BLOCK_GRAINS
    found: list[NDArray[np.bool_]] = []
    for first in range(0, size, block):
        watch.check()
        differs = bytes_of[0][first : first + block] != bytes_of[1][first : first + block]
        found.append(np.logical_or.reduceat(differs, np.arange(0, len(differs), grain * BYTES_PER_FRAME)))
    grains = np.flatnonzero(np.concatenate(found)) if found else np.zeros(0, np.intp)
    if not len(grains):
        return ()
    breaks = np.flatnonzero(np.diff(grains) > _JOINED_S / _GRAIN_S)
    firsts, lasts = grains[np.r_[0, breaks + 1]], grains[np.r_[breaks, len(grains) - 1]]
    end = size // BYTES_PER_FRAME
    return tuple((int(a) * grain, min(end, (int(b) + 1) * grain)) for a, b in zip(firsts, lasts, strict=True))


def _samples(file: Path) -> int:
    return read_wave(file).data_size // BYTES_PER_FRAME


def _held(layer: Layer) -> float:
    """Seconds of sound."""
    spans = layer.patches if layer.under is not None else ((0, layer.samples),)
    return sum(last - first for first, last in spans) / layer.sample_rate


def _row(layer: Layer) -> dict[str, Any]:
    row: dict[str, Any] = {"stem": layer.stem, "under": layer.under}
    if layer.under is None:
        return {**row, "sound": layer.names[0], "patches": []}
    spans = zip(layer.patches, layer.names, strict=True)
    return {**row, "patches": [_patch(layer, first, last, name) for (first, last), name in spans]}


def _patch(layer: Layer, first: int, last: int, name: str) -> dict[str, Any]:
    """Where the page changes to a patch and back; at the ends of the cue there is nothing to change from."""
    start, end = first / layer.sample_rate - JOINT_S, last / layer.sample_rate + JOINT_S
    return {
        "from": start if start > JOINT_S else 0.0,
        "to": end if end < layer.samples / layer.sample_rate - JOINT_S else None,
        "at": _excerpt(layer, first, last).first / layer.sample_rate,
        "sound": name,
    }


def _sounds(layers: Sequence[Layer], earlier: Mapping[str, str], watch: Watch) -> dict[str, tuple[str, str]]:
    """Every sound under its name; what was encoded earlier is taken from there."""
    parts: dict[str, Excerpt] = {}
    what: dict[str, str] = {}
    for layer in layers:
        if layer.under is None:
            parts[layer.names[0]], what[layer.names[0]] = Excerpt(layer.file), layer.sha256
            continue
        for (first, last), name in zip(layer.patches, layer.names, strict=True):
            parts[name] = _excerpt(layer, first, last)
            what[name] = f"{layer.sha256}-{layers[layer.under].sha256}-{first}-{last}"
    new = compressed({name: part for name, part in parts.items() if what[name] not in earlier}, watch)
    coded = {name: base64.b64encode(sound).decode() for name, sound in new.items()}
    return {name: (what[name], coded[name] if name in coded else earlier[what[name]]) for name in parts}


def _excerpt(layer: Layer, first: int, last: int) -> Excerpt:
    lead = round(LEAD_S * layer.sample_rate)
    begin, end = max(0, first - lead), min(layer.samples, last + lead)
    return Excerpt(layer.file, begin, end - begin, PATCH_BIT_RATE)


def _known(earlier: Mapping[str, str]) -> Known:
    """Where files differ, from what the patches are called."""
    known: Known = {}
    for what in earlier:
        if found := re.fullmatch(r"([0-9a-f]+)-([0-9a-f]+)-(\d+)-(\d+)", what):
            pair = found[1], found[2]
            known[pair] = (*known.get(pair, ()), (int(found[3]), int(found[4])))
    return {pair: tuple(sorted(spans)) for pair, spans in known.items()}
