"""Pieces: together they are the stem, their names say what is in them, and they appear whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from opentimelineio.opentime import RationalTime

from core.audio.files import wav_header, write_wav
from core.brief import Range, Section, StemName
from core.comp import comp
from core.cue import pieces as pieces_module
from core.cue.folder import Cue, load
from core.cue.pieces import Part, Piece, cut, last_change, parts, pieces_of
from core.cue.taking import prune, use
from core.errors import Cancelled, UnusableInput
from core.reroll import Reroll, reroll
from core.watch import Watch
from tests.core.sketch_engine import PLAYED, brief, sketch

__all__ = ["sketch"]
RATES = {
    "23.976": Fraction(24_000, 1001),
    "25": Fraction(25),
    "29.97": Fraction(30_000, 1001),
    "50": Fraction(50),
    "59.94": Fraction(60_000, 1001),
}
ID = "3f9a2c1b"
QUIET = Watch()


def at_rate(cue: Cue, rate: Fraction, frames: int, starts: Sequence[float]) -> Cue:
    """The cue on a timeline of another rate, its stems noise as long as so many frames, sections at given times."""
    span = Range(RationalTime(0, float(rate)), RationalTime(frames, float(rate)), RationalTime(0, float(rate)), False)
    told = cue.brief
    ends = [*starts[1:], span.seconds]
    sections = tuple(
        Section(start, end - start, "ABCDEFGH"[number], 0, 1)
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
    )
    told = replace(told, edit=replace(told.edit, range=span), plan=replace(told.plan, sections=sections))
    for seed, path in enumerate(cue.files(cue.take).values()):
        noise = np.random.default_rng(seed).integers(-(2**23), 2**23, (told.samples, 2), dtype=np.int32)
        write_wav(path, noise, told.sample_rate)
    return replace(cue, brief=told)


def integers(path: Path) -> NDArray[np.int32]:
    """A file's samples, read by another hand than ours."""
    samples, _ = soundfile.read(path, dtype="int32", always_2d=True)
    return np.asarray(samples >> 8, np.int32)


def made(cue: Cue, sample_rate: int = 48_000, stems: Sequence[StemName] = PLAYED) -> tuple[Piece, ...]:
    wanted = pieces_of(cue, ID, stems, sample_rate)
    cut(cue, wanted, QUIET)
    return wanted


def bodies(wanted: Sequence[Piece], stem: StemName, rate: Fraction) -> NDArray[np.int32]:
    """The sections of a stem without their handles, one after the other as a host lays them."""
    found = []
    for piece in wanted:
        if piece.stem == stem:
            first, last = piece.part.first, piece.part.first + piece.part.frames
            length = round(last / rate * piece.sample_rate) - round(first / rate * piece.sample_rate)
            found.append(integers(piece.path)[:length])
    return np.concatenate(found)


def names(wanted: Sequence[Piece]) -> list[str]:
    return [piece.path.name for piece in wanted]


def left_over(cue: Cue) -> list[str]:
    """Files in the folder of pieces that are no pieces."""
    return [path.name for path in (cue.folder / "pieces").rglob("*") if path.name.startswith(".")]


# ---- what is in a piece ----


@pytest.mark.parametrize("rate", RATES)
def test_pieces_without_their_handles_are_the_stem_sample_for_sample(sketch: Cue, rate: str) -> None:
    cue = at_rate(sketch, RATES[rate], 173, [0.0, 0.71, 1.003, 1.5])
    wanted = made(cue)
    assert [piece.part.number for piece in wanted] == [1, 2, 3, 4] * len(PLAYED)
    for stem, path in cue.files(cue.take).items():
        np.testing.assert_array_equal(bodies(wanted, stem, RATES[rate]), integers(path))


@pytest.mark.parametrize("rate", RATES)
def test_a_section_is_followed_by_a_second_more_of_the_stem_in_whole_frames_and_then_silence(
    sketch: Cue, rate: str
) -> None:
    fps, frames = RATES[rate], 173
    cue = at_rate(sketch, fps, frames, [0.0, 0.71, 1.5])
    for piece in made(cue):
        source, found = integers(cue.files(cue.take)[piece.stem]), integers(piece.path)
        whole_frames = len(found) * fps / 48_000
        assert whole_frames - (piece.part.frames + int(fps)) < fps / 48_000, "not even a sample more"
        assert int(whole_frames) == piece.part.frames + int(fps), "as many frames as a host counts"
        begin = round(piece.part.first / fps * 48_000)
        there = source[begin : begin + len(found)]
        np.testing.assert_array_equal(found[: len(there)], there)
        assert not found[len(there) :].any()
        assert (len(there) < len(found)) == (piece.part.first + piece.part.frames + int(fps) > frames)


def test_a_piece_has_a_format_and_samples_and_nothing_else(sketch: Cue) -> None:
    piece = made(sketch)[0]
    content = piece.path.read_bytes()
    assert content[:44] == wav_header(piece.samples, 48_000)
    assert len(content) == 44 + 6 * piece.samples


@pytest.mark.parametrize("sample_rate", [44_100, 96_000, 22_050])
def test_at_another_sample_rate_pieces_join_without_a_seam(sketch: Cue, sample_rate: int) -> None:
    fps = RATES["29.97"]
    cue = at_rate(sketch, fps, 173, [0.0, 0.71, 1.003, 1.5])
    time = np.arange(cue.brief.samples) / 48_000
    tone = np.round(np.sin(2 * np.pi * 997 * time) * 2**22).astype(np.int32)
    for path in cue.files(cue.take).values():
        write_wav(path, np.stack([tone, -tone], axis=1), 48_000)
    found = bodies(made(cue, sample_rate), "bass", fps)
    assert len(found) == round(173 / fps * sample_rate)
    expected = np.sin(2 * np.pi * 997 * np.arange(len(found)) / sample_rate) * 2**22
    inner = slice(sample_rate // 50, -sample_rate // 50)  # a tone that begins from nothing rings a little
    assert np.abs(found[inner, 0] - expected[inner]).max() <= 2
    np.testing.assert_array_equal(found[inner, 1], -found[inner, 0])


def test_full_scale_stays_full_scale_when_it_is_resampled(sketch: Cue) -> None:
    cue = at_rate(sketch, RATES["25"], 50, [0.0])
    square = np.where(np.arange(cue.brief.samples) // 120 % 2, -(2**23), 2**23 - 1).astype(np.int32)
    write_wav(cue.files(cue.take)["drums"], np.stack([square, square], axis=1), 48_000)
    found = integers(made(cue, 44_100, ("drums",))[0].path)
    assert (found.max(), found.min()) == (2**23 - 1, -(2**23))


def test_memory_does_not_grow_with_length(sketch: Cue) -> None:
    seconds = 240
    cue = at_rate(sketch, RATES["25"], 50, [0.0])
    told = brief(seconds)
    cue = replace(cue, brief=told)
    path = cue.files(cue.take)["bass"]
    path.write_bytes(wav_header(told.samples, 48_000))
    os.truncate(path, 44 + told.samples * 6)
    tracemalloc.start()
    made(cue, 44_100, ("bass",))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12e6, "a sixth of the file"


# ---- sections on frames ----


@given(
    rate=st.sampled_from(list(RATES.values())),
    frames=st.integers(1, 3000),
    steps=st.lists(st.floats(0, 20), max_size=8),
    pickup=st.floats(0, 1),
)
@settings(deadline=None)
def test_parts_cover_the_cue_on_whole_frames_near_their_music(
    rate: Fraction, frames: int, steps: list[float], pickup: float
) -> None:
    told = brief()
    span = Range(RationalTime(9, float(rate)), RationalTime(frames, float(rate)), RationalTime(0, float(rate)), False)
    starts = [min(float(start), span.seconds) for start in np.cumsum([pickup, *steps])]
    sections = tuple(Section(start, 1.0, "A", 0, 1) for start in starts)
    found = parts(replace(told.plan, sections=sections), span)
    assert [part.first for part in found] == [0, *np.cumsum([part.frames for part in found])[:-1]]
    assert sum(part.frames for part in found) == frames
    assert all(part.frames > 0 for part in found)
    assert [part.number for part in found] == sorted({part.number for part in found})
    assert found[0].start == 0
    for part in found[1:]:
        assert abs(part.start - float(part.first / rate)) <= float(1 / rate) / 2 + 1e-9
        assert part.start == starts[part.number - 1]
    ends = [part.start + part.duration for part in found]
    assert ends == pytest.approx([*(part.start for part in found[1:]), span.seconds])


def test_a_cue_without_sections_is_one(sketch: Cue) -> None:
    (part,) = parts(replace(sketch.brief.plan, sections=()), sketch.brief.edit.range)
    assert part == Part(1, "A", 0, 200, 0.0, 8.0)


# ---- names ----


def test_names_tell_stem_section_take_and_cue(sketch: Cue) -> None:
    wanted = made(sketch)
    assert names(wanted)[:3] == [
        f"drums 01 A take 1 {ID}.wav",
        f"drums 02 B take 1 {ID}.wav",
        f"bass 01 A take 1 {ID}.wav",
    ]
    assert {piece.path.parent for piece in wanted} == {sketch.folder / "pieces" / "48000"}


@pytest.mark.parametrize(
    ("name", "label"), [("A2", "A2"), ("Überleitung / 1", "Uberleitung 1"), ("夜", "section"), ("x" * 90, "x" * 40)]
)
def test_a_sections_name_is_written_as_every_system_takes_it(sketch: Cue, name: str, label: str) -> None:
    plan = sketch.brief.plan
    named = replace(plan, sections=tuple(replace(section, name=name) for section in plan.sections))
    cue = replace(sketch, brief=replace(sketch.brief, plan=named))
    assert names(made(cue, stems=("drums",))) == [f"drums 0{n} {label} take 1 {ID}.wav" for n in (1, 2)]


def test_a_reroll_brings_new_names_only_where_its_hole_reaches(sketch: Cue) -> None:
    before = made(sketch)
    files = {piece.path: (piece.path.stat().st_ino, piece.path.read_bytes()) for piece in before}
    cue = reroll(Reroll(sketch.folder, "6s", "10s", ("drums", "bass"), seed=5, snap="none")).cue
    after = made(cue)
    assert names(after) == [
        f"drums 01 A take 1 {ID}.wav",
        f"drums 02 B take 2 {ID}.wav",
        f"bass 01 A take 1 {ID}.wav",
        f"bass 02 B take 2 {ID}.wav",
        f"melody 01 A take 1 {ID}.wav",
        f"melody 02 B take 1 {ID}.wav",
    ]
    assert {path: (path.stat().st_ino, path.read_bytes()) for path in files} == files, "no piece is ever changed"
    for stem, path in cue.files(cue.take).items():
        np.testing.assert_array_equal(bodies(after, stem, Fraction(25)), integers(path))


def test_every_take_lays_what_it_sounds_like_whatever_was_laid_before(sketch: Cue) -> None:
    reroll(Reroll(sketch.folder, "5s", "7s", ("drums",), seed=5, snap="none"))  # in both sections
    reroll(Reroll(sketch.folder, "8s", "9s", ("drums", "melody"), seed=6, snap="none"))
    use(sketch.folder, 2)
    reroll(Reroll(sketch.folder, "2s", "4s", ("drums",), seed=7, snap="none"))
    cue = comp(sketch.folder, 3, "8s", "9s", ("drums",), snap="none").cue
    drums = {
        take.number: [
            last_change(replace(cue, in_use=take.number), "drums", part)
            for part in parts(cue.brief.plan, cue.brief.edit.range)
        ]
        for take in cue.takes
    }
    assert drums == {1: [1, 1], 2: [2, 2], 3: [2, 3], 4: [4, 2], 5: [4, 5]}
    for number in (3, 1, 5, 2, 4, 1):
        heard = use(sketch.folder, number)
        wanted = made(heard)
        for stem, path in heard.files(heard.take).items():
            np.testing.assert_array_equal(bodies(wanted, stem, Fraction(25)), integers(path))


def test_names_stay_when_takes_are_pruned(sketch: Cue) -> None:
    for number, (begin, end) in enumerate((("6s", "10s"), ("2s", "6s"), ("6s", "10s"))):
        reroll(Reroll(sketch.folder, begin, end, ("drums",), seed=number + 5, snap="none"))
    before = names(made(load(sketch.folder)))
    assert prune(sketch.folder)
    cue = load(sketch.folder)
    assert cue.pruned
    assert names(made(cue)) == before
    assert f"drums 01 A take 3 {ID}.wav" in before


def test_a_hole_that_ends_where_a_section_begins_does_not_touch_it(sketch: Cue) -> None:
    cue = reroll(Reroll(sketch.folder, "2s", "6s", seed=5, snap="none")).cue
    assert [name.split(" take ")[1][0] for name in names(made(cue))] == ["2", "1"] * 3


# ---- files ----


def test_what_is_whole_is_not_written_again(sketch: Cue) -> None:
    before = {piece.path: (piece.path.stat().st_ino, piece.path.stat().st_mtime_ns) for piece in made(sketch)}
    made(sketch)
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in before} == before


@pytest.mark.parametrize("damage", ["cut short", "empty", "no wav", "other rate", "a word too many"])
def test_what_is_not_whole_is_cut_again(sketch: Cue, damage: str) -> None:
    piece = made(sketch)[1]
    good = piece.path.read_bytes()
    wrong = {
        "cut short": good[:-7],
        "empty": b"",
        "no wav": bytes(len(good)),
        "other rate": wav_header(piece.samples, 44_100) + good[44:],
        "a word too many": wav_header(piece.samples + 1, 48_000) + good[44:] + bytes(6),
    }
    piece.path.write_bytes(wrong[damage])
    assert not piece.whole
    made(sketch)
    assert piece.path.read_bytes() == good
    assert left_over(sketch) == []


def test_a_stem_that_was_not_asked_for_is_not_cut(sketch: Cue) -> None:
    made(sketch, stems=("bass",))
    assert {path.name.split()[0] for path in (sketch.folder / "pieces").rglob("*.wav")} == {"bass"}


KILLED = """
import os, signal, sys
from pathlib import Path
from core.audio.files import WavWriter
from core.cue.folder import load
from core.cue.pieces import cut, pieces_of
from core.watch import Watch
written = []
def copy(self, content, go=WavWriter.copy):
    go(self, content)
    written.append(len(content))
    if len(written) == int(sys.argv[2]): os.kill(os.getpid(), signal.SIGKILL)
WavWriter.copy = copy
cue = load(Path(sys.argv[1]))
cut(cue, pieces_of(cue, "3f9a2c1b", ("drums", "bass"), int(sys.argv[3])), Watch())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process kills itself by a signal")
@pytest.mark.parametrize("sample_rate", [48_000, 44_100])
@pytest.mark.parametrize("moment", [1, 4, 9])
def test_a_process_killed_while_it_cuts_leaves_nothing_that_is_not_whole(
    sketch: Cue, moment: int, sample_rate: int
) -> None:
    words = [sys.executable, "-c", KILLED, str(sketch.folder), str(moment), str(sample_rate)]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
    wanted = pieces_of(sketch, ID, ("drums", "bass"), sample_rate)
    assert all(piece.whole for piece in wanted if piece.path.exists())
    assert not all(piece.whole for piece in wanted)
    assert left_over(sketch), "it was at work"
    made(sketch, sample_rate)
    assert left_over(sketch) == [], "and is cleaned up after"


def test_many_at_once_cut_the_same_pieces(sketch: Cue) -> None:
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for piece in made(sketch):
                assert piece.whole
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    wanted = made(sketch)
    assert len(list((sketch.folder / "pieces").rglob("*.wav"))) == len(wanted)
    for stem, path in sketch.files(sketch.take).items():
        np.testing.assert_array_equal(bodies(wanted, stem, Fraction(25)), integers(path))
    assert left_over(sketch) == []


def test_a_piece_that_another_has_finished_meanwhile_stays(sketch: Cue, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host may have opened it, and on Windows would not let it be replaced."""
    wanted = pieces_of(sketch, ID, ("drums",), 48_000)
    settle, inodes = pieces_module._settle, [0]

    def after_another(done: Path, piece: Piece) -> None:
        if inodes == [0]:
            inodes.clear()
            made(sketch, stems=("drums",))
            inodes.extend(one.path.stat().st_ino for one in wanted)
        settle(done, piece)

    monkeypatch.setattr(pieces_module, "_settle", after_another)
    cut(sketch, wanted, QUIET)
    assert [piece.path.stat().st_ino for piece in wanted] == inodes
    assert left_over(sketch) == []


def test_a_disk_without_hard_links_will_do(sketch: Cue, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    assert all(piece.whole for piece in made(sketch))


def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_done(sketch: Cue, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []

    def full(handle: int, go: object = os.fsync) -> None:
        synced.append(handle)
        if len(synced) > 6:
            raise OSError(28, "No space left on device")
        go(handle)  # type: ignore[operator]

    wanted = pieces_of(sketch, ID, PLAYED, 48_000)
    with monkeypatch.context() as inner:
        inner.setattr(os, "fsync", full)
        with pytest.raises(UnusableInput, match="The disk is full") as caught:
            cut(sketch, wanted, QUIET)
    assert str(caught.value).count(". ") == 1
    assert all(piece.whole for piece in wanted if piece.path.exists())
    assert left_over(sketch) == []
    assert all(piece.whole for piece in made(sketch))


def test_too_little_room_is_said_before_work_begins(sketch: Cue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: os.terminal_size((0, 0)) and _Usage)
    with pytest.raises(UnusableInput, match=r"too little room: about \d+ MB are needed, 1 MB are free"):
        made(sketch)
    assert not (sketch.folder / "pieces").exists()


class _Usage:
    free = 1_000_000


def test_a_cancel_is_heeded_and_what_was_finished_stays(sketch: Cue) -> None:
    wanted = pieces_of(sketch, ID, PLAYED, 44_100)
    watch = Watch(cancelled=lambda: wanted[0].path.exists())
    with pytest.raises(Cancelled):
        cut(sketch, wanted, watch)
    assert [piece.whole for piece in wanted] == [True] + [False] * 5
    assert left_over(sketch) == []


@pytest.mark.parametrize("sample_rate", [48_000, 44_100])
def test_progress_goes_forward_and_says_what_is_cut(sketch: Cue, sample_rate: int) -> None:
    told: list[tuple[str, float, str]] = []
    cut(sketch, pieces_of(sketch, ID, PLAYED, sample_rate), Watch(lambda *report: told.append(report)))
    fractions = [fraction for _, fraction, _ in told]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] <= fractions[-1] < 1
    assert {stage for stage, _, _ in told} == {"pieces"}
    assert list(dict.fromkeys(words for _, _, words in told)) == [f"Cutting {stem}" for stem in PLAYED]


def test_a_stem_that_is_gone_or_cut_short_is_one_sentence(sketch: Cue) -> None:
    path = sketch.files(sketch.take)["bass"]
    os.truncate(path, path.stat().st_size - 6)
    with pytest.raises(UnusableInput, match=r"not as long as the cue \(.*bass\.wav\)"):
        made(sketch, stems=("bass",))
    path.unlink()
    with pytest.raises(UnusableInput, match=r"cannot be read \(.*bass\.wav\)"):
        made(sketch, stems=("bass",))
    assert list((sketch.folder / "pieces").rglob("*.wav")) == []
