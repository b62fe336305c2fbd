"""Re-rolls: what is outside the hole stays bit for bit, what is inside can be made again, and nothing is ever lost."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import opentimelineio as otio
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import engines
from core.adding import Rerolled
from core.audio.finish import finish
from core.brief import StemName
from core.comp import comp
from core.cue.folder import Cue, load, rendering_of, save, verify, write
from core.cue.showing import is_current
from core.cue.takes import Take, load_notes, take_folder
from core.cue.taking import use
from core.errors import Cancelled, EngineNotReady, UnusableInput, WrongUse
from core.pipeline import Request, score
from core.reroll import Reroll, reroll
from core.result import summary
from core.watch import Watch
from tests.core import sketch_engine
from tests.core.sketch_engine import PLAYED, make, sketch

__all__ = ["sketch"]
RATE = 48_000
_HOLES = ("holes_in_time", "holes_in_stems")


def samples(cue: Cue, stem: str, number: int | None = None) -> np.ndarray:
    """A stem of a take as integers, read by another hand than ours."""
    take = cue.take if number is None else cue.numbered(number)
    saved = take.mix if stem == "mix" else take.stems[stem]  # type: ignore[index]
    return np.asarray(soundfile.read(cue.folder / saved.file, dtype="int32")[0] >> 8)


def hashes(take: Take) -> dict[str, str]:
    return {**{name: saved.sha256 for name, saved in take.stems.items()}, "mix": take.mix.sha256}


def unchanged_outside(cue: Cue, before: int, after: int) -> None:
    """Everything but the hole is bit-identical in two takes, and the mix is the sum of the stems."""
    hole = cue.numbered(after).hole
    assert hole
    first, last = hole.span(RATE)
    for stem in (*cue.take.stems, "mix"):
        old, new = samples(cue, stem, before), samples(cue, stem, after)
        changed = np.flatnonzero((old != new).any(axis=1))
        if stem in (*hole.stems, "mix"):
            assert len(changed) == 0 or (first <= changed[0] and changed[-1] < last)
        else:
            assert len(changed) == 0
    total = np.sum([samples(cue, stem, after) for stem in cue.take.stems], axis=0)
    np.testing.assert_array_equal(samples(cue, "mix", after), total)


# --- a take in which a part is new


def test_a_reroll_leaves_all_but_the_hole_bit_identical(sketch: Cue) -> None:
    made = reroll(Reroll(sketch.folder, "01:00:04:00", "01:00:06:00", ("drums", "melody"), seed=9))
    cue = load(sketch.folder)
    assert (made.cue.takes, made.cue.in_use) == (cue.takes, cue.in_use)
    assert (cue.in_use, cue.take.number, cue.take.base, cue.take.seed) == (2, 2, 1, 9)
    assert (made.hole.start, made.hole.duration, made.hole.stems) == (2.0, 2.0, ("drums", "melody"))
    unchanged_outside(cue, 1, 2)
    assert (samples(cue, "drums", 1)[2 * RATE : 4 * RATE] != samples(cue, "drums", 2)[2 * RATE : 4 * RATE]).any()
    assert verify(cue) == ()


def test_stems_that_were_not_named_are_the_files_of_the_take_before(sketch: Cue) -> None:
    cue = reroll(Reroll(sketch.folder, "50f", "100f", ("drums",), seed=9)).cue
    assert cue.take.stems["bass"].file == "takes/001/bass.wav"
    assert cue.take.stems["drums"].file == "takes/002/drums.wav"
    own = sorted(file.name for file in take_folder(cue.folder, 2).iterdir())
    assert own == ["drums.wav", "mix.wav", "notes.json"]


def test_what_was_kept_is_written_down_and_checked_against_the_take_before(sketch: Cue) -> None:
    cue = reroll(Reroll(sketch.folder, "01:00:04:00", "01:00:06:00", ("drums",), seed=9)).cue
    spans = {(kept.stem, kept.first_sample, kept.samples) for kept in cue.take.kept}
    assert spans == {
        ("drums", 0, 2 * RATE),
        ("drums", 4 * RATE, 4 * RATE),
        ("bass", 0, 8 * RATE),
        ("melody", 0, 8 * RATE),
    }
    content = samples(cue, "drums", 1)[: 2 * RATE].astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    assert hashlib.sha256(content).hexdigest() in {kept.sha256 for kept in cue.take.kept}
    path = cue.folder / "takes" / "001" / "drums.wav"
    damaged = bytearray(path.read_bytes())
    damaged[1000] ^= 1
    path.write_bytes(damaged)
    assert verify(cue) == ("Take 1 is damaged: takes/001/drums.wav is not what was saved.",)
    rewritten = replace(cue.takes[0].stems["drums"], sha256=hashlib.sha256(damaged).hexdigest())
    first = replace(cue.takes[0], stems={**cue.takes[0].stems, "drums": rewritten})
    assert verify(replace(cue, takes=(first, *cue.takes[1:]))) == (
        f"Take 1 is damaged: {2 * RATE} samples of drums from sample 0 on are not what was kept.",
    )


def test_the_same_seed_gives_the_same_take(sketch: Cue, tmp_path: Path) -> None:
    shutil.copytree(sketch.folder, tmp_path / "other")
    request = Reroll(sketch.folder, "3s", "7s", seed=77)
    one, other = reroll(request).cue, reroll(replace(request, cue=tmp_path / "other")).cue
    assert hashes(one.take) == hashes(other.take)
    assert one.take.notes.sha256 == other.take.notes.sha256
    assert hashes(reroll(replace(request, seed=78)).cue.take) != hashes(one.take)


def test_without_a_seed_one_is_drawn_and_reported(sketch: Cue) -> None:
    seeds = {reroll(Reroll(sketch.folder)).cue.take.seed for _ in range(2)}
    assert len(seeds) == 2


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edges=st.tuples(st.integers(0, 199), st.integers(1, 200)).filter(lambda edges: edges[0] < edges[1]),
    stems=st.sets(st.sampled_from(PLAYED), min_size=1),
    snap=st.sampled_from(["beat", "bar", "cut", "none"]),
    seed=st.integers(0, 2**31 - 1),
)
def test_any_hole_on_top_of_any_other_keeps_the_rest(
    sketch: Cue, edges: tuple[int, int], stems: set[StemName], snap: Any, seed: int
) -> None:
    before = load(sketch.folder).in_use
    made = reroll(Reroll(sketch.folder, f"{edges[0] + 50}f", f"{edges[1] + 50}f", tuple(sorted(stems)), snap, seed))
    unchanged_outside(made.cue, before, made.cue.in_use)
    start, end = made.hole.start, made.hole.start + made.hole.duration
    old, new = load_notes(made.cue.folder, made.cue.numbered(before)), made.rendering
    for one, other in zip(old.tracks, new.tracks, strict=True):
        outside = [note for note in one.notes if one.stem not in stems or not start <= note.start < end]
        assert set(outside) <= set(other.notes)
    assert is_current(made.cue)


@pytest.mark.parametrize(
    ("in_text", "out_text"),
    [(None, "51f"), ("249f", None), (None, None), ("01:00:04:00", "01:00:04:13"), ("01:00:04:00", "01:00:04:01")],
)
def test_holes_at_the_edges_of_what_is_possible(sketch: Cue, in_text: str | None, out_text: str | None) -> None:
    made = reroll(Reroll(sketch.folder, in_text, out_text, seed=3))
    unchanged_outside(made.cue, 1, 2)
    assert verify(made.cue) == ()


def test_a_take_put_back_in_use_can_be_rerolled_and_refers_to_the_files_of_many_takes(sketch: Cue) -> None:
    reroll(Reroll(sketch.folder, "2s", "6s", ("drums",), seed=2))
    reroll(Reroll(sketch.folder, "4s", "8s", ("bass",), seed=3))
    use(sketch.folder, 2)
    cue = reroll(Reroll(sketch.folder, "4s", "8s", ("melody",), seed=4)).cue
    assert (cue.take.number, cue.take.base) == (4, 2)
    assert [cue.take.stems[name].file for name in PLAYED] == [
        "takes/002/drums.wav",
        "takes/001/bass.wav",
        "takes/004/melody.wav",
    ]
    unchanged_outside(cue, 2, 4)
    assert verify(cue) == ()


def test_the_timeline_the_notes_and_the_page_follow_the_take_in_use(sketch: Cue) -> None:
    def told() -> list[str]:
        placed = otio.adapters.read_from_file(str(sketch.folder / "cue.otio"))
        media = [Path(clip.media_reference.target_url) for clip in placed.find_clips()]
        return [path.relative_to(sketch.folder).as_posix() for path in media]

    thumbnails = (sketch.folder / "cue.html").read_text().count("anBlZw==")
    before = (sketch.folder / "cue.mid").read_bytes()
    reroll(Reroll(sketch.folder, "4s", "6s", ("bass",), seed=5))
    assert told() == ["takes/001/drums.wav", "takes/002/bass.wav", "takes/001/melody.wav"]
    assert (sketch.folder / "cue.mid").read_bytes() != before
    assert thumbnails == 1
    assert (sketch.folder / "cue.html").read_text().count("anBlZw==") == 1, "the pictures stay in the page"
    use(sketch.folder, 1)
    assert told() == ["takes/001/drums.wav", "takes/001/bass.wav", "takes/001/melody.wav"]
    assert (sketch.folder / "cue.mid").read_bytes() == before


# --- hits


def test_hits_outside_the_reach_of_the_hole_keep_what_they_had(sketch: Cue) -> None:
    cue = reroll(Reroll(sketch.folder, "8s", "9s", seed=5)).cue
    assert cue.take.hole
    assert (cue.take.hole.start, cue.take.hole.duration) == (6.0, 1.0)
    assert cue.take.errors_ms[0] == 0.0, "as it was saved; a measurement is never that round"
    assert cue.take.errors_ms[1] not in (None, 0.0)
    assert abs(cue.take.errors_ms[1] or 99) < 20


def test_a_hit_that_a_take_no_longer_answers_is_told_as_missed_and_is_back_with_the_take_before(
    sketch: Cue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sketch_engine, "_notes", lambda *_: [])
    cue = reroll(Reroll(sketch.folder, "8s", "9s", seed=5)).cue
    told = summary(cue, rendering_of(cue, cue.take), {})["hits"]
    assert [hit["met"] for hit in told] == [True, False]
    assert told[1]["why"]
    assert cue.brief.plan.met[1].met, "what the engine was told stays"
    back = use(sketch.folder, 1)
    assert [hit["met"] for hit in summary(back, rendering_of(back, back.take), {})["hits"]] == [True, True]


def test_a_hit_that_was_lost_is_met_again_by_the_next_reroll(sketch: Cue, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as silent:
        silent.setattr(sketch_engine, "_notes", lambda *_: [])
        reroll(Reroll(sketch.folder, "8s", "9s", seed=5))
        elsewhere = reroll(Reroll(sketch.folder, "4s", "6s", ("bass",), seed=6))
    assert elsewhere.rendering.how == ("accent", None), "what lies outside of the hole stays missed"
    cue = reroll(Reroll(sketch.folder, "8s", "9s", seed=7)).cue
    assert [hit["met"] for hit in summary(cue, rendering_of(cue, cue.take), {})["hits"]] == [True, True]


# --- what is told


def test_the_result_has_the_hole_what_was_kept_and_the_gain(sketch: Cue) -> None:
    seen: list[Rerolled] = []
    made = reroll(Reroll(sketch.folder, "4s", "7.3s", ("bass",), seed=5), about_to_appear=seen.append)
    told = json.loads(json.dumps(summary(made.cue, made.rendering, made.timings)))
    assert told["hole"] == {
        "start": 2.0,
        "duration": 2.0,
        "in": "01:00:04:00",
        "out": "01:00:06:00",
        "stems": ["bass"],
        "asked": ["01:00:04:00", "01:00:07:08"],
        "snap": "bar",
        "edges": ["bar 2", "bar 3"],
        "section": "A",
        "bars": [2, 2],
    }
    assert {"stem", "first_sample", "samples", "sha256"} == set(told["kept"][0])
    assert told["gain"] == {"db": made.cue.gain_db, "turned_down_db": made.turned_down_db}
    assert (told["take"], told["seed"]) == (2, 5)
    assert [one.cue for one in seen] == [made.cue]


def test_words_for_the_new_music_are_its_own_and_say_what_they_cannot_change(sketch: Cue) -> None:
    cue = reroll(Reroll(sketch.folder, "4s", "6s", seed=5, prompt="ambient, 60 bpm, in F, wobbly")).cue
    assert cue.take.direction
    assert cue.take.direction.style == "ambient"
    assert cue.take.direction.ending == "cut", "the cue ends as it did"
    assert cue.take.said == (
        "A re-roll keeps the tempo of the cue, 120 bpm.",
        "A re-roll keeps the key of the cue.",
        "These words of the prompt are not understood: wobbly.",
    )
    assert (cue.brief.prompt, cue.brief.direction.style) == ("", "action")
    told = summary(cue, rendering_of(cue, cue.take), {})
    assert (told["style"], told["take_style"]) == ("action", "ambient")
    assert told["take_prompt"] == "ambient, 60 bpm, in F, wobbly"
    again = reroll(Reroll(sketch.folder, "4s", "6s", seed=5, prompt="sparse")).cue
    assert again.take.direction
    assert again.take.direction.style == "action", "words that name no style leave the cue's"


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"stems": ("harmony",)}, WrongUse, "no stem 'harmony'.*It has: drums, bass, melody"),
        ({"in_text": "1s"}, UnusableInput, "outside the cue"),
        ({"in_text": "noon"}, WrongUse, "not a time"),
        ({"style": "polka"}, WrongUse, 'no style "polka"'),
        ({"cue": Path("nowhere")}, UnusableInput, "There is no cue here"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_work_begins(
    sketch: Cue, change: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    before = sorted(path.name for path in sketch.folder.rglob("*"))
    with pytest.raises(error, match=sentence):
        reroll(replace(Reroll(sketch.folder), **change))
    assert sorted(path.name for path in sketch.folder.rglob("*")) == before


def test_an_engine_that_cannot_fill_holes_makes_the_whole_cue_anew_and_refuses_the_rest(
    sketch: Cue, monkeypatch: pytest.MonkeyPatch
) -> None:
    unable = replace(
        sketch_engine.ENGINE, abilities=replace(sketch_engine.ENGINE.abilities, **dict.fromkeys(_HOLES, False))
    )
    monkeypatch.setattr(sketch_engine, "ENGINE", unable)
    with pytest.raises(EngineNotReady, match="cannot re-roll a part"):
        reroll(Reroll(sketch.folder, "4s", "6s"))
    with pytest.raises(EngineNotReady, match="cannot re-roll single stems"):
        reroll(Reroll(sketch.folder, stems=("drums",)))
    monkeypatch.setattr(sketch_engine, "ENGINE", replace(unable, abilities=replace(unable.abilities, text=False)))
    with pytest.raises(EngineNotReady, match="takes no words"):
        reroll(Reroll(sketch.folder, prompt="dark"))
    cue = reroll(Reroll(sketch.folder, seed=2)).cue
    assert verify(cue) == ()
    unchanged_outside(cue, 1, 2)
    assert hashes(cue.take) != hashes(cue.numbered(1))


# --- parts of other takes


def test_a_part_of_another_take_comes_back_as_a_new_take(sketch: Cue) -> None:
    reroll(Reroll(sketch.folder, None, None, seed=2))
    made = comp(sketch.folder, 1, "4s", "8s", ("drums", "bass"))
    cue = load(sketch.folder)
    assert (cue.in_use, cue.take.base, cue.take.taken_from) == (3, 2, 1)
    unchanged_outside(cue, 2, 3)
    first, last = made.hole.span(RATE)
    inside = slice(first + RATE // 10, last - RATE // 10)
    for stem in ("drums", "bass"):
        np.testing.assert_array_equal(samples(cue, stem)[inside], samples(cue, stem, 1)[inside])
    notes = {track.stem: track.notes for track in load_notes(cue.folder, cue.take).tracks}
    theirs = {track.stem: track.notes for track in load_notes(cue.folder, cue.numbered(1)).tracks}
    struck = [note for note in notes["drums"] if made.hole.start <= note.start < made.hole.start + made.hole.duration]
    assert struck
    assert set(struck) <= set(theirs["drums"])
    assert verify(cue) == ()


def test_a_part_of_the_take_in_use_is_no_part_of_another(sketch: Cue) -> None:
    with pytest.raises(WrongUse, match="Take 1 is the one in use"):
        comp(sketch.folder, 1, "4s", "8s")
    with pytest.raises(WrongUse, match=r"Take 7 does not exist.*The takes are: 1"):
        comp(sketch.folder, 7)


# --- what is needed to make a take again


def remade(source: Cue, folder: Path) -> Cue:
    """All takes made again from the document alone."""
    folder.mkdir()
    shutil.copy(source.folder / "cue.json", folder / "cue.json")
    told = load(folder)
    music = engines.engine(told.made_by.engine).render(told.brief, None, folder, Watch())
    finished = finish(music.stems, told.brief.sample_rate, 0, take_folder(folder, 1), Watch(), gain_db=told.gain_db)
    save(folder, told.made_by.engine, told.brief, music, finished, told.takes[0].errors_ms)
    for take in told.takes[1:]:
        hole = take.hole
        assert hole
        assert take.base
        use(folder, take.base)
        if take.taken_from:
            comp(folder, take.taken_from, *hole.asked, hole.stems, hole.snap)
        else:
            reroll(Reroll(folder, *hole.asked, hole.stems, hole.snap, take.seed, take.style, take.prompt))
    return load(folder)


def test_every_take_of_a_chain_can_be_made_again_from_the_document_alone(demo_edit: Path, tmp_path: Path) -> None:
    folder = score(Request(demo_edit, out_text="10s", to=tmp_path / "cues", seed=3)).cue.folder
    reroll(Reroll(folder, "4s", "9s", ("drums", "bass"), seed=4))
    reroll(Reroll(folder, "5s", "9s", seed=5, prompt="dark, strings"))
    use(folder, 2)
    reroll(Reroll(folder, "1s", "8s", ("melody",), seed=6, style="tension", snap="beat"))
    comp(folder, 3, "6s", "10s", ("harmony", "melody"))
    cue = load(folder)
    assert verify(cue) == ()
    again = remade(cue, tmp_path / "again")
    for take, other in zip(cue.takes, again.takes, strict=True):
        assert hashes(take) == hashes(other), f"take {take.number}"
        assert take.notes.sha256 == other.notes.sha256
        assert take.direction == other.direction
        assert take.errors_ms == other.errors_ms


def test_a_cue_whose_notes_do_not_say_who_plays_them_is_told_in_a_sentence(demo_edit: Path, tmp_path: Path) -> None:
    cue = score(Request(demo_edit, out_text="5s", to=tmp_path, seed=3)).cue
    path = cue.folder / cue.take.notes.file
    notes = json.loads(path.read_text())
    for track in notes["tracks"]:
        del track["player"]
    path.write_text(json.dumps(notes))
    rewritten = replace(cue.take.notes, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    write(replace(cue, takes=(replace(cue.take, notes=rewritten),)))
    with pytest.raises(EngineNotReady):
        reroll(Reroll(cue.folder, "2s", "4s"))
    assert [path.name for path in (cue.folder / "takes").iterdir()] == ["001"]


# --- the room that is asked for


def bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("stems", [("bass",), PLAYED])
def test_as_much_room_is_asked_for_as_a_take_takes(
    sketch: Cue, stems: tuple[StemName, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr("core.adding.check_room", lambda _, needed: asked.append(needed))
    stood = bytes_in(sketch.folder)
    documents = stood - bytes_in(sketch.folder / "takes")
    held: list[int] = []
    reroll(
        Reroll(sketch.folder, "4s", "8s", stems, seed=2), about_to_appear=lambda _: held.append(bytes_in(sketch.folder))
    )
    assert held[0] - stood <= asked[0]
    assert bytes_in(sketch.folder) - stood + documents <= asked[0], "the page is written beside the old one"
    assert asked[0] < bytes_in(sketch.folder) - stood + documents + 5_000_000


def test_a_long_hole_needs_room_for_the_arrays_of_its_engine_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sketch: Cue
) -> None:
    monkeypatch.setattr("core.cue.page.EMBEDDED_S", 0.0)
    asked: list[int] = []
    monkeypatch.setattr("core.adding.check_room", lambda _, needed: asked.append(needed))
    cue = make(tmp_path / "long", sketch_engine.brief(64))
    assert sketch.made_by.engine == cue.made_by.engine
    for start in ("34s", "2s"):
        reroll(Reroll(cue.folder, start, "66s", ("bass",), seed=2, snap="none"))
    assert asked[1] - asked[0] > 64 * RATE * 8


# --- nothing is lost


@pytest.fixture
def lean(sketch: Cue, monkeypatch: pytest.MonkeyPatch) -> Cue:
    """The same, with a page that links its sound."""
    monkeypatch.setattr("core.cue.page.EMBEDDED_S", 0.0)
    return sketch


@contextmanager
def failing_at(step: int, fail: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Everything that changes names or makes files last counts; `fail` is called just before one of them."""
    count = [0]

    def counted(work: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            count[0] += 1
            if count[0] == step:
                fail()
            return work(*arguments, **options)

        return wrapped

    with monkeypatch.context() as patch:
        for name in ("rename", "replace", "fsync", "unlink", "rmdir", "mkdir"):
            patch.setattr(os, name, counted(getattr(os, name)))
        yield count


def _last_good_state(folder: Path, before: Cue) -> None:
    """The cue is as it was or has one whole take more; the next work on it tidies up."""
    cue = load(folder)
    assert cue.takes[: len(before.takes)] == before.takes
    assert cue.in_use in (before.in_use, before.takes[-1].number + 1)
    assert verify(cue) == ()
    use(folder, cue.in_use)
    assert sorted(path.name for path in (folder / "takes").iterdir()) == [f"{take.number:03d}" for take in cue.takes]
    assert {path.name for path in folder.iterdir()} == {"cue.json", "cue.otio", "cue.mid", "cue.html", "takes"}
    assert is_current(load(folder))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")
def test_a_process_killed_at_any_step_leaves_the_last_good_state(
    lean: Cue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Reroll(lean.folder, "4s", "6s", ("bass",), seed=5)
    wanted = None
    for step in range(1, 200):
        folder = tmp_path / f"killed {step}"
        shutil.copytree(lean.folder, folder)
        child = os.fork()
        if not child:
            with failing_at(step, lambda: os._exit(9), monkeypatch):
                try:
                    reroll(replace(request, cue=folder))
                finally:
                    os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        taken = load(folder).in_use == 2
        _last_good_state(folder, lean)
        if not taken:
            reroll(replace(request, cue=folder))
        made = hashes(load(folder).take)
        wanted = wanted or made
        assert made == wanted, f"made again after step {step}"
        shutil.rmtree(folder)
        if ended == 0:
            break
    assert step > 20


def test_a_full_disk_at_any_step_is_a_sentence_and_leaves_the_last_good_state(
    lean: Cue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for step in range(1, 200):
        before = load(lean.folder)
        with failing_at(step, full, monkeypatch) as count, suppress(UnusableInput):
            reroll(Reroll(lean.folder, "4s", "6s", ("bass",), seed=5))
        _last_good_state(lean.folder, before)
        if count[0] < step:
            break
    assert step > 20


@pytest.mark.parametrize("stage", ["music", "audio", "cue"])
def test_cancelling_leaves_the_cue_as_it_was(sketch: Cue, stage: str) -> None:
    before = {path: path.read_bytes() for path in sketch.folder.rglob("*") if path.is_file()}
    seen: list[str] = []
    watch = Watch(lambda name, *_: seen.append(name), lambda: stage in seen)

    def last_chance(_: Rerolled) -> None:
        watch.report("cue", 1.0)
        watch.check()

    with pytest.raises(Cancelled):
        reroll(Reroll(sketch.folder, seed=5), watch, last_chance)
    assert {path: path.read_bytes() for path in sketch.folder.rglob("*") if path.is_file()} == before


def test_two_at_once_wait_for_each_other_and_say_so(sketch: Cue) -> None:
    words: list[str] = []
    entered, may_go_on = threading.Event(), threading.Event()

    def slow(_: Rerolled) -> None:
        entered.set()
        may_go_on.wait(20)

    def said(_: str, __: float, text: str) -> None:
        words.append(text)
        if "elsewhere" in text:
            may_go_on.set()

    first = threading.Thread(target=lambda: reroll(Reroll(sketch.folder, seed=5), about_to_appear=slow))
    first.start()
    assert entered.wait(20)
    second = reroll(Reroll(sketch.folder, seed=6), Watch(said))
    first.join()
    assert [take.seed for take in second.cue.takes] == [1, 5, 6]
    assert second.cue.take.base == 2
    assert "Waiting: this cue is being changed elsewhere" in words
    assert verify(load(sketch.folder)) == ()


def test_folders_that_are_not_ours_are_never_touched(sketch: Cue) -> None:
    """A `cue.json` brought back from an older copy knows fewer takes than there are."""
    older = (sketch.folder / "cue.json").read_bytes()
    reroll(Reroll(sketch.folder, seed=5))
    (sketch.folder / "cue.json").write_bytes(older)
    (sketch.folder / "takes" / "my own").mkdir()
    cue = reroll(Reroll(sketch.folder, seed=6)).cue
    assert cue.take.number == 3
    assert (sketch.folder / "takes" / "002" / "mix.wav").is_file()
    assert (sketch.folder / "takes" / "my own").is_dir()


@pytest.mark.slow
def test_a_hundred_rerolls_in_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engines._MODULES, "sketch", "tests.core.sketch_engine")
    cue = make(tmp_path)
    random = np.random.default_rng(1)
    for number in range(2, 102):
        first, last = sorted(random.choice(201, 2, replace=False))
        stems = tuple(random.choice(PLAYED, random.integers(1, 4), replace=False).tolist())
        cue = reroll(Reroll(tmp_path, f"{first + 50}f", f"{last + 50}f", stems, "beat", number)).cue
        unchanged_outside(cue, number - 1, number)
    assert len(load(tmp_path).takes) == 101
    assert verify(cue) == ()
