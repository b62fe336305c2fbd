"""cue.json: everything an engine was told comes back exactly, and what is wrong with a folder is one sentence."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.finish import finish
from core.brief import STEMS, Note, Section
from core.cue.bwf import time_reference
from core.cue.document import NotThis, parsed, plain, typed, written
from core.cue.export import edges
from core.cue.folder import SCHEMA, load, save, verify, write
from core.cue.takes import load_notes, take_folder
from core.errors import EngineNotReady, UnusableInput
from core.watch import Watch
from tests.core.cue.cues import brief, make, rendering


def assert_same(one: Any, other: Any) -> None:
    """Equal through and through, arrays and their NaN too."""
    if is_dataclass(one) and not isinstance(one, type):
        assert type(one) is type(other)
        for part in fields(one):
            assert_same(getattr(one, part.name), getattr(other, part.name))
    elif isinstance(one, tuple):
        assert len(one) == len(other)
        for here, there in zip(one, other, strict=True):
            assert_same(here, there)
    elif isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other)
    else:
        assert one == other
        assert type(one) is type(other)


def _range_of(document: Any) -> Any:
    return document["brief"]["edit"]["range"]


def test_the_folder_is_laid_out_as_promised(tmp_path: Path) -> None:
    cue = make(tmp_path)
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    sounds = sorted(f"takes/001/{name}.wav" for name in (*STEMS, "mix"))
    assert names == sorted(["cue.json", "takes/001/notes.json", *sounds])
    assert cue.take.stems["drums"].file == "takes/001/drums.wav"
    assert soundfile.info(tmp_path / cue.take.mix.file).frames == brief().samples == 194_194


def test_everything_the_engine_was_told_comes_back_exactly(tmp_path: Path) -> None:
    made = make(tmp_path)
    read = load(tmp_path)
    told = brief()
    assert_same(read.brief, replace(told, picture=replace(told.picture, thumbnails=())))
    assert read.gain_db == made.gain_db
    assert read.takes == made.takes
    assert read.made_by == made.made_by
    assert read.take.seed == 42
    assert read.take.errors_ms == (0.5, None)
    assert read.made_by.libraries["numpy"] == np.__version__


def test_notes_chords_and_how_come_back_exactly(tmp_path: Path) -> None:
    cue = make(tmp_path)
    music = rendering(brief())
    notes = load_notes(tmp_path, cue.take)
    assert notes.tracks == music.tracks
    assert notes.tracks[0].notes[0] == Note(0.1 + 0.2, 0.5, 60, 99)
    assert notes.chords == music.chords
    assert notes.how == music.how


def test_the_document_is_strict_json_that_a_person_can_read(tmp_path: Path) -> None:
    make(tmp_path)
    content = (tmp_path / "cue.json").read_text("utf-8")

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    document = json.loads(content, parse_constant=refuse)
    assert document["hitpoint_cue"] == SCHEMA
    assert document["brief"]["picture"]["luminance"][7] is None
    assert document["brief"]["edit"]["shots"][0]["source_start"] == "1001/240"
    assert document["takes"][0]["hole"] is None
    assert document["brief"]["picture"]["thumbnails"] == []
    assert 50 < len(content.splitlines()) < 300


def test_a_cue_reads_the_same_from_its_document_and_after_a_move(tmp_path: Path) -> None:
    made = make(tmp_path / "here")
    (tmp_path / "here").rename(tmp_path / "there")
    assert load(tmp_path / "there" / "cue.json").takes == made.takes
    assert verify(load(tmp_path / "there")) == ()


def test_hashes_are_those_of_the_files(tmp_path: Path) -> None:
    for saved in make(tmp_path).take.saved():
        assert saved.sha256 == hashlib.sha256((tmp_path / saved.file).read_bytes()).hexdigest()


def test_the_same_brief_gives_the_same_files(tmp_path: Path) -> None:
    one, other = make(tmp_path / "a"), make(tmp_path / "b")
    assert [saved.sha256 for saved in one.take.saved()] == [saved.sha256 for saved in other.take.saved()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("cue")
    make(folder)
    return (folder / "cue.json").read_text("utf-8")


@settings(deadline=None, max_examples=40)
@given(share=st.floats(0, 0.999))
def test_a_document_cut_short_anywhere_is_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, whole: str, share: float
) -> None:
    folder = tmp_path_factory.mktemp("cue")
    (folder / "cue.json").write_text(whole[: int(share * (len(whole) - 2))], "utf-8")
    with pytest.raises(UnusableInput, match="damaged"):
        load(folder)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda document: document.update(hitpoint_cue=SCHEMA + 1), r"A newer Hitpoint made this cue \(schema 2"),
        (lambda document: document.pop("hitpoint_cue"), "not written by Hitpoint"),
        (lambda document: document.pop("brief"), "damaged: brief is missing"),
        (lambda document: document["brief"].update(seed="x"), r"damaged: brief\.seed is not a whole number"),
        (lambda document: document["brief"]["edit"]["hits"][1].update(kind="bang"), r"hits\[1\]\.kind is not one of"),
        (lambda document: document["brief"]["plan"]["tempo_map"].update(beats=[[1], 2]), "beats is not an array"),
        (lambda document: document.update(in_use=2), "take 2 is in use, but the takes are"),
        (lambda document: document.update(takes=[]), "take 1 is in use, but the takes are"),
        (lambda document: document["takes"][0]["mix"].update(file="../../mix.wav"), "outside of the folder"),
        (lambda document: document["takes"][0]["mix"].update(file="/etc/passwd"), "outside of the folder"),
        (lambda document: document["takes"][0]["mix"].update(file="C:\\mix.wav"), "outside of the folder"),
        (lambda document: document["takes"][0]["mix"].update(file="a\\..\\..\\mix.wav"), "outside of the folder"),
        (lambda document: document["takes"][0]["mix"].update(file="mix\0.wav"), "outside of the folder"),
        (lambda document: _range_of(document)["start"].update(rate=0), "the rate 0, which is no frame rate"),
        (lambda document: _range_of(document)["duration"].update(rate=1e-300), "which is no frame rate"),
        (lambda document: _range_of(document)["duration"].update(rate=25), "counts at the rates 23.976, 25"),
        (lambda document: _range_of(document)["start"].update(value=-100), "starts at a time that cannot be"),
        (lambda document: _range_of(document)["start"].update(value=1e300), "starts at a time that cannot be"),
        (lambda document: _range_of(document)["start"].update(value=10**400), r"start is not a time"),
        (lambda document: _range_of(document)["duration"].update(value=0), "the range lasts 0 s"),
        (lambda document: _range_of(document)["duration"].update(value=1e9), "the range lasts"),
        (lambda document: document["brief"]["edit"].update(shots=[]), "the shots last 0 frames, the range 97"),
        (lambda document: document["brief"]["edit"]["shots"][1].update(first_frame=51), "shot 1 does not follow"),
        (lambda document: document["brief"]["edit"]["shots"][1].update(frames=10**9), "the shots last"),
        (lambda document: document["brief"]["edit"]["shots"][0].update(speed="1e999999999"), "speed is not a fraction"),
        (lambda document: document["brief"]["edit"]["shots"][0].update(speed="1/0"), "speed is not a fraction"),
        (lambda document: document["brief"]["edit"]["shots"][0].update(speed="9" * 30), "shot 0 shows a time that"),
        (lambda document: document["brief"]["edit"]["shots"][0]["media"].update(path="a\0b"), "path is not a path"),
        (lambda document: document["brief"]["plan"]["sections"][0].update(start=None), "section A has no time"),
        (lambda document: document["brief"]["plan"]["sections"][0].update(duration=None), "section A has no time"),
        (lambda document: document["brief"]["plan"]["tempo_map"].update(beats=[0, 10**400]), "beats is not an array"),
        (lambda document: document["brief"]["plan"]["tempo_map"].update(beats=[0, None]), "beats do not go forward"),
        (lambda document: document["brief"]["plan"]["tempo_map"].update(downbeats=[99]), "a downbeat is no beat"),
        (lambda document: document["brief"]["plan"]["tempo_map"]["meter"].update(denominator=0), "the meter is 4/0"),
        (lambda document: document["brief"]["picture"].update(motion=[1.0]), "curves differ in length"),
        (lambda document: document["brief"]["picture"]["thumbnails"].append({"time": 0, "jpeg": "x"}), "no place"),
        (lambda document: document["brief"].update(sample_rate=0), "its sample rate is 0"),
        (lambda document: document.update(gain_db=None), "its gain is no number"),
    ],
)
def test_what_is_wrong_with_a_document_is_named(tmp_path: Path, whole: str, change: Any, sentence: str) -> None:
    document = json.loads(whole)
    change(document)
    (tmp_path / "cue.json").write_text(json.dumps(document), "utf-8")
    with pytest.raises(UnusableInput, match=sentence):
        load(tmp_path)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every value in a document stands."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    for key, item in inner:
        yield from _places(item, (*path, key))


@settings(deadline=None, max_examples=300)
@given(
    data=st.data(),
    value=st.sampled_from(
        [None, 0, -1, -100, 0.5, 1e300, -1e300, 10**400, 2**63, "", "x", "1/0", "\0", [], {}, [[]], True]
    ),
)
def test_a_document_with_any_wrong_value_loads_or_is_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, whole: str, data: st.DataObject, value: Any
) -> None:
    document = json.loads(whole)
    *way, last = data.draw(st.sampled_from([place for place in _places(document) if place]))
    inner = document
    for key in way:
        inner = inner[key]
    inner[last] = value
    folder = tmp_path_factory.mktemp("cue")
    (folder / "cue.json").write_text(json.dumps(document), "utf-8")
    try:
        cue = load(folder)
    except UnusableInput:
        return
    scored = cue.brief.edit.range
    assert time_reference(scored, 48_000) >= 0
    assert edges(cue.brief.plan.sections or (Section(0.0, 1.0, "A", 0, 1),), scored)[-1] == scored.frames
    assert sum(shot.frames for shot in cue.brief.edit.shots) == scored.frames
    assert verify(cue) is not None


@pytest.mark.parametrize("content", ["[]", "3", '"cue"', "[" * 100_000, '{"hitpoint_cue": NaN}'])
def test_foreign_json_is_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "cue.json").write_text(content)
    with pytest.raises(UnusableInput):
        load(tmp_path)


def test_a_folder_without_a_cue_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="There is no cue here"):
        load(tmp_path)
    with pytest.raises(UnusableInput, match="There is no cue here"):
        load(tmp_path / "missing")


def test_fields_of_neighbouring_versions_do_no_harm(tmp_path: Path, whole: str) -> None:
    document = json.loads(whole)
    document["colour"] = "red"
    del document["takes"][0]["said"]
    (tmp_path / "cue.json").write_text(json.dumps(document), "utf-8")
    assert load(tmp_path).take.said == ()


def test_a_failure_while_writing_keeps_the_document_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cue = make(tmp_path)
    before = (tmp_path / "cue.json").read_bytes()

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(UnusableInput, match="The disk is full"):
        write(replace(cue, gain_db=1.0))
    assert (tmp_path / "cue.json").read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_an_engines_state_is_refused_with_a_sentence_where_it_cannot_be_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    told = brief()
    music = replace(rendering(told), state={"latents": np.zeros((2, 3), np.float32)})
    finished = finish(music.stems, told.sample_rate, -20, take_folder(tmp_path, 1), Watch())
    with pytest.raises(EngineNotReady, match="safetensors is not installed"):
        save(tmp_path, "muvi", told, music, finished)
    assert not (tmp_path / "cue.json").exists()


@given(
    value=st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_plain_data_comes_back_from_its_json(value: Any) -> None:
    assert parsed(written(value)) == value == plain(value)


def test_nothing_but_data_goes_into_a_document() -> None:
    with pytest.raises(TypeError, match="bytes has no place"):
        written({"jpeg": b"x"})
    with pytest.raises(NotThis, match=r"x\[1\] is not a number"):
        typed(tuple[float, ...], [1, "2"], "x")
