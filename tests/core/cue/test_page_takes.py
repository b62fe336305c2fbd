"""Takes in the page of a cue: listed, carried in little room, and heard one after the other at the same place."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.brief import STEMS, Brief
from core.cue import page as page_module
from core.cue import page_sounds
from core.cue.page import page
from core.cue.page_sounds import carried, differing, sounds_in
from core.cue.page_takes import LATEST, TakeShown, take_row, what
from core.cue.takes import Opening
from core.watch import Watch
from tests.core.cue import cues
from tests.core.cue.browser import needs_browser, tried

RATE = 48_000
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Takes:
    """A cue with takes, as the page is told of them."""

    folder: Path
    brief: Brief
    shown: tuple[TakeShown, ...]

    def page(self, earlier: Mapping[str, str] = {}) -> str:
        used = next(take for take in self.shown if take.in_use)
        return page(
            self.brief,
            cues.rendering(self.brief),
            {name: np.full((10, 2), 0.5) for name in used.files},
            used.files,
            (0.5, None),
            loudness=-20.0,
            true_peak=-3.0,
            title="Reel 1",
            engine="composer",
            folder=self.folder,
            watch=Watch(),
            takes=self.shown,
            earlier=earlier,
        )

    def sound(self, number: int) -> Floats:
        """The sum of a take's stems from its files, left channel."""
        take = next(take for take in self.shown if take.number == number)
        return np.asarray(sum(soundfile.read(take.files[stem])[0][:, 0] for stem in STEMS))


def _music(pitch: float, samples: int) -> Floats:
    """Plucked notes of a pitch, four in a second, shape [samples, 2]."""
    time = np.arange(samples) / RATE
    tone = sum(np.sin(2 * np.pi * pitch * (part + 1) * time) / (part + 1) for part in range(4))
    return np.repeat((0.06 * tone * np.exp(-6 * (time % 0.25)) * np.minimum(1, (time % 0.25) / 0.004))[:, None], 2, 1)


def _saved(path: Path, samples: Floats) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, RATE, subtype="PCM_24")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _first(folder: Path, samples: int, names: Sequence[str] = (*STEMS, "mix")) -> TakeShown:
    files = {name: folder / "takes" / "001" / f"{name}.wav" for name in names}
    hashes = {name: _saved(path, _music(90.0 + 60 * at, samples)) for at, (name, path) in enumerate(files.items())}
    return TakeShown(1, "2026-03-01T10:20:30+00:00", 42, files, hashes, engine="composer")


def _rerolled(folder: Path, base: TakeShown, number: int, start: float, end: float, stems: Sequence[str]) -> TakeShown:
    """A take whose hole is other music, with a straight cross-fade of 20 ms inside each edge."""
    files, hashes = dict(base.files), dict(base.hashes)
    for stem in stems:
        kept = soundfile.read(base.files[stem])[0]
        new = _music(333.0 + 17 * number + 31 * STEMS.index(stem), len(kept))
        time = np.arange(len(kept)) / RATE
        edges = [0.0, 1.0] if start == 0 else [start, start + 0.02]
        rise = np.ones(len(kept)) if start == 0 else np.interp(time, edges, [0.0, 1.0])
        fall = np.interp(time, [end - 0.02, end], [1.0, 0.0])
        share = (rise * fall)[:, None]
        files[stem] = folder / "takes" / f"{number:03d}" / f"{stem}.wav"
        hashes[stem] = _saved(files[stem], (1 - share) * kept + share * new)
    named = tuple(stem for stem in STEMS if stem in stems)
    return TakeShown(
        number, "2026-03-02T10:20:30+00:00", number + 4, files, hashes,
        engine="composer", holes=(Opening(start, end - start, named),), base=base.number,
    )  # fmt: skip


@pytest.fixture
def four(tmp_path: Path) -> Takes:
    """Four takes: a hole in the drums, one over its edge with the bass, one at the very start of the first take."""
    brief = cues.brief()
    one = _first(tmp_path, brief.samples)
    two = _rerolled(tmp_path, one, 2, 1.0, 2.0, ["drums"])
    three = _rerolled(tmp_path, two, 3, 1.5, 2.5, ["drums", "bass"])
    four = _rerolled(tmp_path, one, 4, 0.0, 0.5, ["melody"])
    return Takes(tmp_path, brief, (one, two, replace(three, in_use=True), four))


def _many(folder: Path, count: int, stems: Sequence[str] = ("drums",), end: float = 1.5) -> Takes:
    brief = cues.brief()
    takes = [_first(folder, brief.samples)]
    for number in range(2, count + 2):
        takes.append(_rerolled(folder, takes[-1], number, 1.0, end, stems))
    return Takes(folder, brief, (*takes[:-1], replace(takes[-1], in_use=True)))


def _data(text: str) -> Any:
    found = re.search(r'<script type="application/json" id="cue">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def _carried(text: str) -> dict[str, Floats]:
    """Name → decoded sound, left channel."""
    found = {}
    for name, sound in re.findall(r'data-sound="([^"]+)">([^<]*)<', text):
        with av.open(io.BytesIO(base64.b64decode(sound))) as container:
            found[name] = np.concatenate([one.to_ndarray() for one in container.decode(audio=0)], axis=1)[0]
    return found


def _noise_db(heard: Floats, told: Floats) -> float:
    """Power of what is wrong, under the power of what should be heard."""
    return float(10 * np.log10(np.sum((heard - told) ** 2) / np.sum(told**2)))


def test_a_take_is_told_in_a_line(four: Takes) -> None:
    drums = replace(four.shown[1], style="jazz", prompt="brushes")
    assert what(four.brief, four.shown[0]) == "the whole cue, seed 42"
    assert what(four.brief, drums) == "drums, 01:00:01:00 to 01:00:02:00, seed 6, style jazz, “brushes”"
    bar = replace(drums, holes=(Opening(0.0, 2.0493827, ("drums", "bass", "effects")),), style="", prompt="")
    assert what(four.brief, bar) == "drums, bass and effects, bar 1, seed 6"
    bars = replace(bar, holes=(Opening(0.0, four.brief.seconds, STEMS),), taken_from=1)
    assert what(four.brief, bars) == "all stems, from start to end, from take 1"
    followed = replace(four.shown[0], holes=(Opening(0.0, 0.5, STEMS), Opening(1.0, 1.0, STEMS)))
    assert what(four.brief, followed) == (
        "a changed edit, new in 01:00:00:00 to 01:00:00:12 and 01:00:01:00 to 01:00:02:00, seed 42"
    )
    assert [hole["start"] for hole in take_row(four.brief, followed)["holes"]] == [0.0, 1.0]


def test_bars_are_counted_as_the_ruler_counts_them(four: Takes) -> None:
    beats = np.asarray(np.arange(-1, 41) * 0.1, np.float64)
    plan = replace(
        four.brief.plan, tempo_map=replace(four.brief.plan.tempo_map, beats=beats, downbeats=tuple(range(1, 42, 4)))
    )
    brief = replace(four.brief, plan=plan)
    hole = Opening(0.8, 1.6, ("drums",))
    assert what(brief, replace(four.shown[1], holes=(hole,))) == "drums, bars 3 to 6, seed 6"


def test_only_what_differs_is_carried(four: Takes) -> None:
    sounds = _carried(four.page())
    assert sorted(sounds) == sorted([*STEMS, "drums-2-0", "drums-3-0", "bass-3-0", "melody-4-0"])
    layers = {patch["sound"]: patch for layer in _data(four.page())["layers"] for patch in layer["patches"]}
    for name, number in (("drums-2-0", 2), ("drums-3-0", 3), ("bass-3-0", 3), ("melody-4-0", 4)):
        stem = name.split("-")[0]
        told = soundfile.read(four.shown[number - 1].files[stem])[0][:, 0]
        begin = round(layers[name]["at"] * RATE)
        hole = next(iter(four.shown[number - 1].holes), None)
        assert hole
        first, last = hole.span(RATE)
        assert _noise_db(sounds[name][first - begin : last - begin], told[first:last]) < -15
        assert len(sounds[name]) <= last - first + 0.4 * RATE


def test_eight_rerolls_of_8_s_take_less_room_than_the_stem_of_40_s_they_change(tmp_path: Path) -> None:
    """And so, whatever stems they change, less than all stems of the cue."""
    random = np.random.default_rng(3)
    bursts = np.exp(-8 * (np.arange(40 * RATE) / RATE % 0.25))[:, None]
    music = 0.1 * bursts * random.standard_normal((len(bursts), 2))
    takes = []
    for number in range(1, 2 + LATEST):
        if number > 1:
            hole = slice(4 * (number - 2) * RATE, (4 * number) * RATE)
            music[hole] = 0.1 * bursts[hole] * random.standard_normal((8 * RATE, 2))
        file = tmp_path / f"{number}.wav"
        hashes = {"drums": _saved(file, music)}
        takes.append(TakeShown(number, "", number, {"drums": file}, hashes, base=number - 1 or None))
    sizes = {name: len(sound) for name, (_, sound) in carried(takes, RATE, {}, Watch()).sounds.items()}
    whole = sizes.pop("drums")
    assert len(sizes) == LATEST
    assert sum(sizes.values()) < whole


def test_the_first_the_used_and_the_latest_takes_are_heard_and_the_rest_is_said(tmp_path: Path) -> None:
    takes = _many(tmp_path, 12)
    used = tuple(replace(take, in_use=take.number == 3) for take in takes.shown)
    text = replace(takes, shown=used).page()
    assert [take["number"] for take in _data(text)["takes"]] == [1, 3, *range(6, 14)]
    assert "This page plays takes 1, 3 and 6 to 13; the others lie beside it, in takes." in text
    rows = text[text.index('<tbody id="takes">') :].split("</tbody>")[0]
    assert re.findall(r"seed (\d+)", rows) == [str(number + 4) for number in range(13, 1, -1)] + ["42"]


def test_a_take_whose_files_are_gone_is_only_listed(four: Takes) -> None:
    four.shown[1].files["drums"].unlink()
    text = four.page()
    assert [take["number"] for take in _data(text)["takes"]] == [1, 3, 4]
    assert "This page plays takes 1, 3 and 4;" in text
    assert {"drums-3-0", "bass-3-0"} <= _carried(text).keys()


def test_what_a_browser_has_no_room_for_is_left_out(four: Takes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_sounds, "HELD_S", 5 * four.brief.seconds + 3.2)
    assert [take["number"] for take in _data(four.page())["takes"]] == [1, 3, 4]


def test_sound_that_the_page_carries_already_is_not_encoded_again(four: Takes, monkeypatch: pytest.MonkeyPatch) -> None:
    text = four.page()
    encoded: list[str] = []

    def watched(files: Mapping[str, Any], _: Watch) -> dict[str, bytes]:
        encoded.extend(files)
        return dict.fromkeys(files, b"new")

    monkeypatch.setattr(page_sounds, "compressed", watched)
    assert four.page(sounds_in(text)) == text
    assert encoded == []
    more = _rerolled(four.folder, four.shown[2], 5, 3.0, 3.5, ["drums"])
    replace(four, shown=(*four.shown, more)).page(sounds_in(text))
    assert encoded == ["drums-5-0"]


def test_a_cue_of_one_take_shows_no_row_of_takes(four: Takes) -> None:
    one = replace(four, shown=(replace(four.shown[0], in_use=True),))
    assert re.search(r'<div class="takes"[^>]* hidden>', one.page())
    assert not re.search(r'<div class="takes"[^>]* hidden>', four.page())


def test_hostile_words_of_a_reroll_stay_words(four: Takes) -> None:
    hostile = '</script><img src=x onerror="1">'
    text = replace(four, shown=(*four.shown[:3], replace(four.shown[3], prompt=hostile, made=hostile))).page()
    assert hostile not in text
    assert hostile in _data(text)["takes"][3]["words"]


def test_long_cues_link_the_mix_of_each_take(four: Takes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "EMBEDDED_S", 0.0)
    shown = []
    for take in four.shown:
        mix = four.folder / "takes" / f"{take.number:03d}" / "mix.wav"
        _saved(mix, _music(50.0, four.brief.samples))
        shown.append(replace(take, files={**take.files, "mix": mix}))
    text = replace(four, shown=tuple(shown)).page()
    assert [take["mix"] for take in _data(text)["takes"]] == [f"takes/00{number}/mix.wav" for number in range(1, 5)]
    assert _carried(text) == {}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 95_999), st.integers(1, 30_000)), max_size=4))
def test_every_difference_is_found_and_little_else(tmp_path: Path, spans: list[tuple[int, int]]) -> None:
    samples = np.full((96_000, 2), 0.25)
    _saved(tmp_path / "a.wav", samples)
    differs = np.zeros(len(samples), bool)
    for first, length in spans:
        differs[first : first + length] = True
    samples[differs, 1] = 0.25 + 2.0**-23
    _saved(tmp_path / "b.wav", samples)
    found = np.zeros(len(samples), bool)
    for first, last in differing(tmp_path / "a.wav", tmp_path / "b.wav", RATE, Watch()):
        found[first:last] = True
    assert not np.any(differs & ~found)
    edges = np.flatnonzero(np.diff(np.r_[0, found.astype(int), 0]))
    for first, last in edges.reshape(-1, 2):
        inside = np.flatnonzero(differs[first:last])
        assert inside[0] < 0.05 * RATE
        assert last - first - inside[-1] <= 0.05 * RATE
        assert np.all(np.diff(inside) < 0.7 * RATE)


# ---- in a real browser ----


def _heard(packed: str, told: Floats) -> Floats:
    """What was heard; browsers may be half a millisecond early with all sounds alike, which is made good."""
    heard = np.frombuffer(base64.b64decode(packed), "<i2") / 32767
    early = min(range(-24, 25), key=lambda lag: _noise_db(np.roll(heard, lag)[100:-100], told[100 : len(heard) - 100]))
    return np.roll(heard, early)[100:-100]


@pytest.mark.browser
@needs_browser
def test_a_browser_plays_each_take_as_its_files_are(four: Takes, tmp_path: Path) -> None:
    found, errors = tried(four.page(), tmp_path)
    assert errors == []
    assert set(found["takes"]) == {"1", "2", "3", "4"}
    told = {number: four.sound(number) for number in range(1, 5)}
    for number in told:
        heard = _heard(found["takes"][str(number)]["heard"], told[number])
        wrong = {other: _noise_db(heard, told[other][100:-100]) for other in told}
        assert wrong[number] < -20
        assert min(wrong, key=lambda other: wrong[other]) == number
        for edge in (0.5, 1.0, 1.5, 2.0, 2.5):  # nor is anything amiss about the joints
            near = slice(round((edge - 0.06) * RATE) - 100, round((edge + 0.06) * RATE) - 100)
            assert _noise_db(heard[near], told[number][100:-100][near]) < -15
    waves = [tuple(take["waves"]) for take in found["takes"].values()]
    assert len(set(waves)) == 4


@pytest.mark.browser
@needs_browser
def test_a_browser_changes_between_takes_without_a_gap_or_a_click(four: Takes, tmp_path: Path) -> None:
    found, _ = tried(four.page(), tmp_path)
    one, other = four.sound(1), four.sound(3)
    time = np.arange(len(one)) / RATE
    first, second = four.brief.seconds / 3, four.brief.seconds * 2 / 3
    share = np.interp(time, [first, first + 0.01, second, second + 0.01], [0, 1, 1, 0])
    told = (1 - share) * one + share * other
    heard, told = _heard(found["changes"], told), told[100:-100]
    assert _noise_db(heard, told) < -20
    for change in (first, second):
        near = slice(round((change - 0.03) * RATE) - 100, round((change + 0.03) * RATE) - 100)
        assert _noise_db(heard[near], told[near]) < -15


@pytest.mark.browser
@needs_browser
def test_keys_choose_the_take_and_the_page_says_what_is_heard(four: Takes, tmp_path: Path) -> None:
    found, _ = tried(four.page(), tmp_path)
    assert found["takes"]["3"]["words"].endswith("seed 7 (in use)")
    assert found["takes"]["1"]["words"] == (
        "Take 1: the whole cue, seed 42 (hits and chords shown are those of take 3, in use)"
    )
    assert found["back"] == 3
