"""The page of a cue: safe, self-contained, the same each time, and alive in a real browser."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from opentimelineio.opentime import RationalTime

from core.brief import (
    STEMS,
    Brief,
    Chord,
    Direction,
    Edit,
    Feel,
    Hit,
    Media,
    Met,
    Meter,
    Picture,
    Plan,
    Range,
    Rendering,
    Section,
    Shot,
    TempoMap,
    Thumbnail,
)
from core.cue import page as page_module
from core.cue.page import page, thumbnails_in
from core.errors import Cancelled, UnusableInput
from core.picture.thumbnails import jpeg
from core.watch import Watch
from tests.core.cue.browser import needs_browser, tried

HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">&amp;\u2028'"
RATE = 48_000


@dataclass(frozen=True)
class Cue:
    """Everything the page is made from."""

    brief: Brief
    rendering: Rendering
    files: Mapping[str, Path]
    folder: Path
    clicks: Mapping[str, int]
    """Stem → sample of its one click."""
    errors_ms: tuple[float | None, ...] = (1.25, None, None)
    title: str = "Reel 3"

    def page(self, watch: Watch = Watch()) -> str:
        overviews = {name: _overview(path) for name, path in self.files.items()}
        return page(
            self.brief,
            self.rendering,
            overviews,
            self.files,
            self.errors_ms,
            loudness=-20.04,
            true_peak=-3.2,
            title=self.title,
            engine="composer",
            folder=self.folder,
            watch=watch,
        )


@dataclass
class Elements(HTMLParser):
    """Elements with their attributes, and the text inside script and style."""

    found: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            self.texts.append((self.cdata_elem, data))
        elif data.strip():
            self.words.append(data.strip())


def _elements(text: str) -> Elements:
    elements = Elements()
    elements.feed(text)
    return elements


def _data(text: str) -> Any:
    found = re.search(r'<script type="application/json" id="cue">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def _overview(path: Path, buckets: int = 60) -> Any:
    samples = soundfile.read(path, dtype="float32", always_2d=True)[0]
    parts = np.array_split(samples, buckets)
    return np.array([[part.min(), part.max()] for part in parts])


def _thumbnail(seconds: float) -> Thumbnail:
    pixels = np.full((90, 160, 3), 90, np.uint8)
    return Thumbnail(seconds, jpeg(av.VideoFrame.from_ndarray(pixels, "rgb24")))


def _edit(name: str, frames: int, rate: float, drop_frame: bool) -> Edit:
    start = RationalTime(107_892 if drop_frame else 86_400, rate)
    third = frames // 3
    film = Media("film", Path("film.mov"))
    shots = (
        Shot(0, third, name, film),
        Shot(third, third, name, Media("lost", None, why_offline="not found")),
        Shot(2 * third, frames - 2 * third, "", None, kind="gap"),
    )
    scored = Range(start, RationalTime(frames, rate), start, drop_frame)
    return Edit(name, Path("reel.otio"), scored, shots, (), "01:00:00:00", "01:00:03:00", ("lost.mov is missing.",))


def _brief(name: str, frames: int, rate: float = 24.0, drop_frame: bool = False) -> Brief:
    edit = _edit(name, frames, rate, drop_frame)
    third = edit.range.seconds_at(frames // 3)
    hits = (
        Hit(third, "marker", 1.0, name, must=True),
        Hit(2 * third, "cut", 0.6),
        Hit(2 * third + 0.25, "motion", 0.2),
    )
    beats = np.arange(-0.5, edit.range.seconds + 1, 0.5)
    plan = Plan(
        TempoMap(beats, tuple(range(1, len(beats), 4)), Meter(4, 4)),
        (Section(0.0, edit.range.seconds, "A", 1, len(beats) - 2),),
        (
            Met(hits[0], True, "beat", 3.0),
            Met(hits[1], True, "eighth", 5.5),
            Met(hits[2], False, why="Two hits lie too near."),
        ),
        chance=0.21,
        bpm=120.0,
        drift=0.0123,
    )
    samples = int(edit.range.seconds * 10)
    grey, unseen = np.full(samples, 0.5), np.full(samples, np.nan)
    colour = np.column_stack([grey, grey, np.where(np.arange(samples) % 2, 0.5, np.nan)])
    picture = Picture(10.0, grey, colour, unseen, grey, grey, (_thumbnail(0.4),))
    feel = Feel((100, 140), (Meter(4, 4),))
    direction = Direction("action", feel, "button", why="The prompt names it.", unknown=(name,))
    return Brief(edit, picture, plan, direction, name, seed=7)


@pytest.fixture
def make_cue(tmp_path: Path) -> Any:
    """Make a cue of a few seconds with one click in each stem."""

    def make(name: str = "Door", frames: int = 72, sample_rate: int = RATE, seconds: float = 3.0, **how: Any) -> Cue:
        take = tmp_path / "My cue" / "takes" / "001"
        take.mkdir(parents=True)
        files, clicks = {}, {}
        for number, stem in enumerate((*STEMS, "mix")):
            samples = np.zeros((int(seconds * sample_rate), 2))
            clicks[stem] = (number + 1) * sample_rate // 5
            samples[clicks[stem] : clicks[stem] + 40] = 0.5
            files[stem] = take / f"{stem}.wav"
            soundfile.write(files[stem], samples, sample_rate, subtype="PCM_24")
        brief = replace(_brief(name, frames, **how), sample_rate=sample_rate)
        chords = (Chord(0.0, 3.0, "Dm7/C", (48, 62, 65)),)
        rendering = Rendering((), (), chords, ("accent", "grid", None))
        return Cue(brief, rendering, files, tmp_path / "My cue", clicks)

    return make


def _decoded(text: str, stem: str) -> Any:
    found = re.search(rf'data-sound="{stem}">([^<]*)<', text)
    assert found
    with av.open(io.BytesIO(base64.b64decode(found[1]))) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)[0]


def test_the_page_asks_nothing_of_the_network(make_cue: Any) -> None:
    text = make_cue().page()
    assert "http:" not in text
    assert "https:" not in text
    links = [attributes for _, attributes in _elements(text).found if {"src", "href"} & attributes.keys()]
    assert links == []
    assert "default-src 'none'" in text


def test_the_same_cue_gives_the_same_page(make_cue: Any) -> None:
    cue = make_cue()
    assert cue.page() == cue.page()


def test_hostile_names_stay_words(make_cue: Any) -> None:
    cue = replace(make_cue(HOSTILE), title=HOSTILE)
    text = cue.page()
    elements = _elements(text)
    tags = [tag for tag, _ in elements.found]
    assert tags.count("script") == 1 + len(STEMS) + 1
    assert tags.count("img") == 1
    assert not any("onerror" in attributes for _, attributes in elements.found)
    assert any(HOSTILE.split("\u2028")[0][:20] in words for words in elements.words)
    assert _data(text)["shots"][0]["name"] == HOSTILE
    assert _data(text)["hits"][0]["label"] == HOSTILE


def test_the_policy_lets_only_our_own_script_and_style_run(make_cue: Any) -> None:
    text = make_cue().page()
    elements = _elements(text)
    policy = next(a["content"] for _, a in elements.found if a.get("http-equiv") == "Content-Security-Policy") or ""
    script = "".join(words for element, words in elements.texts if element == "script" and '"use strict"' in words)
    style = "".join(words for element, words in elements.texts if element == "style")
    for name, words in (("script", script), ("style", style)):
        digest = base64.b64encode(hashlib.sha256(words.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert not any("style" in attributes for _, attributes in elements.found)


def test_each_hit_has_its_row(make_cue: Any) -> None:
    text = make_cue().page()
    body = text[text.index('<tbody id="hits">') : text.index("</tbody>")]
    rows = [re.sub(r"<[^>]+>", "|", row).replace("||", "|") for row in body.split("</tr>")[:-1]]
    assert [re.findall(r"[^|\n]+", row) for row in rows] == [
        ["01:00:01:00", "must", "Door", "accent", "beat", "+1.2"],
        ["01:00:02:00", "cut", "grid", "eighth", "not heard"],
        ["01:00:02:06", "motion", "Two hits lie too near."],
    ]


def test_facts_say_how_the_cue_came_to_be(make_cue: Any) -> None:
    words = " ".join(_elements(make_cue().page()).words)
    for fact in (
        "composer",
        "The prompt names it.",
        "120.00 bpm, drift 1.2%",
        "−20.0 LUFS",
        "−3.2 dBTP",
        "lost.mov is missing.",
        "2 of 3",
        "67% · steady click 21%",
    ):
        assert fact in words


def test_times_are_written_as_drop_frame_where_the_timeline_is(make_cue: Any) -> None:
    text = make_cue(frames=1800, rate=30_000 / 1001, drop_frame=True).page()
    assert "01:00:00;00 – 01:01:00;02" in text
    assert Fraction(*_data(text)["rate"]) == Fraction(30_000, 1001)


def test_a_picture_that_was_not_seen_is_marked_so(make_cue: Any) -> None:
    strip = np.frombuffer(base64.b64decode(_data(make_cue().page())["colour"]["strip"]), np.uint8).reshape(-1, 4)
    assert strip[:, 3].tolist() == [0, 1] * (len(strip) // 2)
    assert strip[1].tolist() == [128, 128, 128, 1]


def test_thumbnails_are_read_back_from_the_page(make_cue: Any) -> None:
    cue = make_cue(HOSTILE)
    assert thumbnails_in(cue.page()) == cue.brief.picture.thumbnails
    with pytest.raises(UnusableInput, match="not the page of a cue"):
        thumbnails_in("<html></html>")


@pytest.mark.parametrize("sample_rate", [44_100, 48_000, 96_000])
def test_embedded_stems_keep_their_length_and_their_place(make_cue: Any, sample_rate: int) -> None:
    cue = make_cue(sample_rate=sample_rate)
    text = cue.page()
    for stem in STEMS:
        heard = _decoded(text, stem)
        assert abs(len(heard) - 3 * 48_000) <= 48
        onset = int(np.flatnonzero(np.abs(heard) > 0.5 * np.abs(heard).max())[0])
        assert abs(onset / 48_000 - cue.clicks[stem] / sample_rate) < 0.001


def test_a_long_cue_links_its_mix_instead(make_cue: Any) -> None:
    text = make_cue(frames=24 * 361).page()
    assert not any("data-sound" in attributes for _, attributes in _elements(text).found)
    assert _data(text)["takes"][0]["mix"] == "takes/001/mix.wav"
    assert _data(text)["embedded"] is False


def test_a_cancel_stops_the_page(make_cue: Any) -> None:
    with pytest.raises(Cancelled):
        make_cue().page(Watch(cancelled=lambda: True))


# ---- in a real browser ----


@pytest.mark.browser
@needs_browser
def test_a_browser_decodes_the_stems_and_draws_everything(make_cue: Any, tmp_path: Path) -> None:
    cue = replace(make_cue(HOSTILE), title=HOSTILE)
    found, errors = tried(cue.page(), tmp_path)
    assert errors == []
    assert found["mode"] == "stems"
    assert found["drawn"]
    assert found["timecodes"]
    assert (found["first"], found["last"]) == ("01:00:00:00", "01:00:03:00")
    for stem in STEMS:
        heard = found["stems"][stem]
        assert abs(heard["samples"] - 3 * RATE) <= 48
        assert abs(heard["peak"] - cue.clicks[stem]) < 0.002 * RATE
        assert found["audible"][stem] > 0.001


@pytest.mark.browser
@needs_browser
def test_a_browser_counts_drop_frame_as_we_do(make_cue: Any, tmp_path: Path) -> None:
    found, errors = tried(make_cue(frames=5394, rate=30_000 / 1001, drop_frame=True).page(), tmp_path)
    assert errors == []
    assert found["timecodes"]
    assert (found["first"], found["last"]) == ("01:00:00;00", "01:02:59;28")


@pytest.mark.browser
@needs_browser
def test_a_browser_draws_a_cue_without_hits_chords_or_picture(make_cue: Any) -> None:
    cue = make_cue()
    plan = replace(cue.brief.plan, met=(), sections=())
    none = np.zeros(0)
    picture = Picture(10.0, none, np.zeros((0, 3)), none, none, none)
    bare = replace(cue, brief=replace(cue.brief, plan=plan, picture=picture), rendering=Rendering(()), errors_ms=())
    found, errors = tried(bare.page(), cue.folder)
    assert errors == []
    assert found["drawn"]


@pytest.mark.browser
@needs_browser
def test_a_browser_plays_the_linked_mix(make_cue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "EMBEDDED_S", 0.0)
    cue = make_cue()
    found, errors = tried(cue.page(), cue.folder)
    assert errors == []
    assert (found["mode"], found["ready"]) == ("mix", True)
