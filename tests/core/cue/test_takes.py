"""A take knows its files: what was changed, lost or not kept is named."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.brief import STEMS
from core.cue.folder import load, verify
from core.cue.takes import Kept, check, load_notes, save_state, stays_inside, take_folder
from core.errors import UnusableInput
from tests.core.cue.cues import make


def test_an_untouched_cue_verifies(tmp_path: Path) -> None:
    make(tmp_path)
    assert verify(load(tmp_path)) == ()


def test_one_changed_sample_is_found(tmp_path: Path) -> None:
    cue = make(tmp_path)
    path = tmp_path / cue.take.stems["bass"].file
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert verify(cue) == ("Take 1 is damaged: takes/001/bass.wav is not what was saved.",)


def test_a_lost_file_is_found(tmp_path: Path) -> None:
    cue = make(tmp_path)
    (tmp_path / cue.take.mix.file).unlink()
    (tmp_path / cue.take.notes.file).unlink()
    assert verify(cue) == (
        "Take 1 is damaged: takes/001/mix.wav is missing or cannot be read"
        " and takes/001/notes.json is missing or cannot be read.",
    )


def test_kept_spans_are_compared_sample_by_sample(tmp_path: Path) -> None:
    cue = make(tmp_path)
    samples = soundfile.read(tmp_path / cue.take.stems["drums"].file, dtype="int32")[0] >> 8
    span = b"".join(int(value).to_bytes(3, "little", signed=True) for value in samples[1_000:1_500].ravel())
    kept = Kept("drums", 1_000, 500, hashlib.sha256(span).hexdigest())
    assert check(tmp_path, replace(cue.take, kept=(kept,))) == ()
    shifted = replace(kept, first_sample=1_001)
    assert check(tmp_path, replace(cue.take, kept=(kept, shifted))) == (
        "500 samples of drums from sample 1001 on are not what was kept.",
    )


def test_damaged_notes_are_one_sentence(tmp_path: Path) -> None:
    cue = make(tmp_path)
    path = tmp_path / cue.take.notes.file
    path.write_text(path.read_text()[:100])
    with pytest.raises(UnusableInput, match="The notes of this take cannot be read"):
        load_notes(tmp_path, cue.take)


def test_stems_of_a_first_take_lie_in_its_folder(tmp_path: Path) -> None:
    cue = make(tmp_path)
    assert list(cue.take.stems) == list(STEMS)
    for saved in cue.take.saved():
        assert (tmp_path / saved.file).parent == take_folder(tmp_path, 1) == tmp_path / "takes" / "001"


def test_a_state_is_saved_as_safetensors(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    state = {"latents": np.arange(6, dtype=np.float32).reshape(2, 3), "tokens": np.array([1, 2, 3])}
    saved = save_state(tmp_path, tmp_path, state)
    assert saved is not None
    for name, array in safetensors.load_file(tmp_path / saved.file).items():
        np.testing.assert_array_equal(array, state[name])


@pytest.mark.parametrize("name", ["takes/001/drums.wav", "mix.wav", "takes/..drums.wav"])
def test_names_inside_the_folder_are_known(name: str) -> None:
    assert stays_inside(name)


@pytest.mark.parametrize(
    "name", ["", "/mix.wav", "../mix.wav", "a/../../mix.wav", "C:mix.wav", "\\\\host\\mix.wav", "a\\..\\b"]
)
def test_names_outside_the_folder_are_known(name: str) -> None:
    assert not stays_inside(name)
