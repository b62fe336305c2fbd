"""A cue follows its edit: what stayed is heard as it was, to the bit, and what changed is scored again."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
import soundfile
from opentimelineio.opentime import RationalTime, TimeRange

from core.brief import STEMS
from core.cue.folder import Cue, load, rendering_of, verify
from core.errors import Cancelled, UnusableInput
from core.pipeline import Request, score
from core.recut import Followed, Recut, recut
from core.result import summary
from core.watch import Watch

RATE, SAMPLES_PER_FRAME = 24, 2000
Change = Callable[[otio.schema.Track], None]


def span(first: float, frames: float) -> TimeRange:
    return TimeRange(RationalTime(first, RATE), RationalTime(frames, RATE))


def retimed(track: otio.schema.Track, number: int, head: int, tail: int) -> None:
    """Give a shot other ends: frames taken off its head and its tail, negative ones put on."""
    clip = track[number]
    was = clip.source_range
    clip.source_range = span(was.start_time.value + head, was.duration.value - head - tail)


def later(track: otio.schema.Track, since: int, frames: int) -> None:
    """Carry the markers from a frame on along with the picture."""
    for marker in track.markers:
        at = marker.marked_range.start_time.value
        if at >= since:
            marker.marked_range = span(at + frames, 0)


def trimmed(track: otio.schema.Track) -> None:
    retimed(track, 5, 0, 13)
    later(track, 421, -13)


def rolled(track: otio.schema.Track) -> None:
    retimed(track, 2, 0, 10)
    retimed(track, 3, -10, 0)


def replaced(track: otio.schema.Track) -> None:
    track[2].media_reference = track[4].media_reference.clone()
    track[2].source_range = span(10, track[2].source_range.duration.value)


def swapped(track: otio.schema.Track) -> None:
    track.insert(2, track.pop(1))


def inserted(track: otio.schema.Track) -> None:
    clip = track[8].clone()
    track.insert(0, clip)
    later(track, 0, clip.source_range.duration.value)


def cut_off(track: otio.schema.Track) -> None:
    for _ in range(3):
        track.pop(-1)


CHANGES: dict[str, Change] = {
    change.__name__: change for change in (trimmed, rolled, replaced, swapped, inserted, cut_off)
}


def changed(edit: Path, name: str, change: Change) -> Path:
    """Another cut of an edit, beside it."""
    timeline = otio.adapters.read_from_file(str(edit))
    change(timeline.tracks[0])
    path = edit.with_name(f"{name}.otio")
    otio.adapters.write_to_file(timeline, str(path))
    return path


@pytest.fixture(scope="module")
def old(demo_edit: Path, tmp_path_factory: pytest.TempPathFactory) -> Cue:
    return score(Request(demo_edit, seed=7, to=tmp_path_factory.mktemp("cues"))).cue


@pytest.fixture(scope="module", params=CHANGES)
def made(request: pytest.FixtureRequest, old: Cue, demo_edit: Path) -> Followed:
    """The cue after each of the changes."""
    return recut(Recut(old.folder, changed(demo_edit, request.param, CHANGES[request.param]), seed=3))


def samples_of(cue: Cue, stem: str) -> np.ndarray:
    """24-bit integers of a stem of the take in use, shape [samples, 2]."""
    take = cue.take
    file = take.mix.file if stem == "mix" else take.stems[stem].file  # type: ignore[index]
    audio, _ = soundfile.read(cue.folder / file, dtype="int32", always_2d=True)
    samples: np.ndarray = audio >> 8
    return samples


def digest(block: np.ndarray) -> str:
    """SHA-256 of integers as three little-endian bytes each."""
    octets = np.ascontiguousarray(block, "<i4").view(np.uint8).reshape(-1, 4)[:, :3]
    return hashlib.sha256(octets.tobytes()).hexdigest()


def test_what_stayed_is_bit_identical_at_its_new_place(made: Followed, old: Cue) -> None:
    source = made.cue.made_from
    assert source is not None
    assert {one.stem for one in source.carried} == set(STEMS)
    for stem in STEMS:
        before, after = samples_of(old, stem), samples_of(made.cue, stem)
        for one in source.carried:
            if one.stem == stem:
                was = before[one.from_sample : one.from_sample + one.samples]
                now = after[one.first_sample : one.first_sample + one.samples]
                assert digest(was) == digest(now) == one.sha256
                assert (one.first_sample - one.from_sample) % SAMPLES_PER_FRAME == 0, "moved by whole frames"


def test_most_of_the_music_stays(made: Followed) -> None:
    source = made.cue.made_from
    assert source is not None
    kept = sum(one.samples for one in source.carried if one.stem == "drums")
    assert kept > 0.7 * made.cue.brief.samples


def test_holes_and_what_stays_cover_the_range_once(made: Followed) -> None:
    source, rate = made.cue.made_from, made.cue.brief.sample_rate
    assert source is not None
    spans = [(one.first_sample, one.first_sample + one.samples) for one in source.carried if one.stem == "bass"]
    spans += [hole.span(rate) for hole in made.cue.take.holes]
    edges = sorted(spans)
    assert edges[0][0] == 0
    assert edges[-1][1] == made.cue.brief.samples
    assert all(one[1] == other[0] for one, other in pairwise(edges))


def test_what_is_told_of_it_is_the_same_whenever_it_is_asked_for(made: Followed, old: Cue) -> None:
    cue = load(made.cue.folder)
    told = json.loads(json.dumps(summary(cue, rendering_of(cue, cue.take), made.timings)))
    assert told == json.loads(json.dumps(summary(made.cue, made.rendering, made.timings)))
    assert told["made_from"] == {"cue": str(old.folder), "take": 1}
    assert [(hole["start"], hole["duration"]) for hole in told["holes"]] == [
        (hole.start, hole.duration) for hole in made.cue.take.holes
    ]
    assert len(told["kept"]) == len(cue.take.kept) > 0
    assert set(told["gain"]) == {"db", "turned_down_db"}
    page = (cue.folder / "cue.html").read_text("utf-8")
    shown = json.loads(page.split('id="cue">', 1)[1].split("</script>", 1)[0])["takes"][0]["holes"]
    assert [hole["start"] for hole in shown] == [hole["start"] for hole in told["holes"]], "its seams are drawn"


def test_seams_lie_on_bar_lines(made: Followed) -> None:
    tempo, rate = made.cue.brief.plan.tempo_map, made.cue.brief.sample_rate
    lines = np.rint(tempo.beats[list(tempo.downbeats)] * rate)
    for hole in made.cue.take.holes:
        for edge in hole.span(rate):
            if 0 < edge < made.cue.brief.samples:
                assert np.abs(lines - edge).min() <= 1


def test_the_cue_is_whole_and_as_long_as_the_edit(made: Followed) -> None:
    cue = load(made.cue.folder)
    assert verify(cue) == ()
    assert cue.brief.samples == cue.brief.edit.range.frames * SAMPLES_PER_FRAME
    total = np.zeros((cue.brief.samples, 2), np.int64)
    for stem in STEMS:
        total += samples_of(cue, stem)
    assert np.array_equal(total, samples_of(cue, "mix")), "the stems add up to the mix"


def test_new_music_fills_every_hole(made: Followed) -> None:
    mix, rate = samples_of(made.cue, "mix") / 2**23, made.cue.brief.sample_rate
    usual = np.sqrt(np.mean(mix**2))
    for hole in made.cue.take.holes:
        first, last = hole.span(rate)
        assert np.sqrt(np.mean(mix[first:last] ** 2)) > 0.1 * usual


def test_seams_do_not_click(made: Followed) -> None:
    rate = made.cue.brief.sample_rate
    for stem in STEMS:
        steps = np.abs(np.diff(samples_of(made.cue, stem), n=2, axis=0)).max(axis=1)
        most = np.percentile(steps, 99.99)
        for hole in made.cue.take.holes:
            for edge in hole.span(rate):
                if 0 < edge < made.cue.brief.samples:
                    assert steps[edge - 3 : edge + 1].max() <= max(most, 400)


def test_cuts_and_markers_of_the_new_edit_are_met(made: Followed) -> None:
    edit, met = made.cue.brief.edit, made.cue.brief.plan.met
    told = {round(one.hit.time * RATE): one for one in met}
    assert {round(hit.time * RATE) for hit in edit.hits} <= set(told)
    chief = [told[round(hit.time * RATE)] for hit in edit.hits]
    assert all(one.met for one in chief if one.hit.must)
    assert np.mean([one.met for one in chief]) >= 0.85
    heard = [how for one, how in zip(met, made.rendering.how, strict=True) if one.met]
    assert np.mean([how is not None for how in heard]) >= 0.9
    errors = [error for error in made.cue.take.errors_ms if error is not None]
    assert max(map(abs, errors)) <= 500 / RATE


def test_notes_tell_what_is_heard_of_the_whole_cue(made: Followed) -> None:
    starts = np.array(sorted(note.start for track in made.rendering.tracks for note in track.notes))
    assert starts[0] >= 0
    assert starts[-1] < made.cue.brief.seconds
    for hole in made.cue.take.holes:
        assert ((starts >= hole.start - 0.02) & (starts < hole.start + hole.duration)).any()
    chords = made.rendering.chords
    assert chords[0].start == pytest.approx(0)
    assert chords[-1].start + chords[-1].duration == pytest.approx(made.cue.brief.seconds)


def test_stems_are_placed_on_the_record_time_of_the_edit(made: Followed) -> None:
    placed = otio.adapters.read_from_file(str(made.cue.folder / "cue.otio"))
    assert [track.name for track in placed.audio_tracks()] == list(STEMS)
    for track in placed.audio_tracks():
        (clip,) = track.find_clips()
        assert track.trimmed_range_of_child(clip).start_time.value == 0
        assert clip.duration().value == made.cue.brief.edit.range.frames
        assert Path(clip.media_reference.target_url).parent == made.cue.folder / "takes" / "001"
        assert Path(clip.media_reference.target_url).is_file()


def test_the_old_cue_is_named_and_untouched(made: Followed, old: Cue) -> None:
    source = made.cue.made_from
    assert source is not None
    assert (made.cue.folder / source.cue).resolve() == old.folder.resolve()
    assert source.take == old.in_use
    assert source.sha256 == hashlib.sha256((old.folder / "cue.json").read_bytes()).hexdigest()
    assert verify(old) == ()
    assert made.cue.brief.seed == old.brief.seed
    assert made.cue.take.seed == 3
    assert made.cue.gain_db == old.gain_db


def test_a_cue_whose_folder_is_called_cue_is_named_too(old: Cue, demo_edit: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(old.folder, tmp_path / "cue")
    cue = recut(Recut(folder, changed(demo_edit, "trimmed", trimmed), seed=1)).cue
    assert cue.made_from is not None
    assert cue.made_from.cue == "../cue"
    assert (cue.folder / cue.made_from.cue).resolve() == folder.resolve()


def test_damage_is_not_carried_into_a_new_cue(old: Cue, demo_edit: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(old.folder, tmp_path / "old")
    with (folder / old.take.stems["harmony"].file).open("rb+") as file:
        file.seek(-1, 2)
        file.write(b"\x55")
    with pytest.raises(UnusableInput, match=r"Take 1 is damaged: takes/001/harmony\.wav is not what was saved"):
        recut(Recut(folder, changed(demo_edit, "trimmed", trimmed), seed=1))
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_a_cue_that_followed_an_edit_follows_the_next_one(old: Cue, demo_edit: Path, tmp_path: Path) -> None:
    first = recut(Recut(old.folder, changed(demo_edit, "once", trimmed), seed=1, to=tmp_path)).cue
    again = changed(demo_edit.with_name("once.otio"), "twice", rolled)
    second = recut(Recut(first.folder, again, seed=2, to=tmp_path)).cue
    assert verify(second) == ()
    assert second.made_from is not None
    assert (second.folder / second.made_from.cue).resolve() == first.folder.resolve()
    one = max((one for one in second.made_from.carried if one.stem == "harmony"), key=lambda one: one.samples)
    was, now = samples_of(first, "harmony"), samples_of(second, "harmony")
    assert np.array_equal(was[one.from_sample :][: one.samples], now[one.first_sample :][: one.samples])


def test_the_same_seed_gives_the_same_music(old: Cue, demo_edit: Path, tmp_path: Path) -> None:
    edit = changed(demo_edit, "again", replaced)
    made = [recut(Recut(old.folder, edit, seed=9, to=tmp_path / name)).cue.take for name in "ab"]
    assert made[0].mix.sha256 == made[1].mix.sha256


def test_an_edit_that_moved_on_its_timeline_takes_its_music_along(old: Cue, demo_edit: Path, tmp_path: Path) -> None:
    timeline = otio.adapters.read_from_file(str(demo_edit))
    timeline.global_start_time = RationalTime(10 * 3600 * RATE, RATE)
    path = demo_edit.with_name("elsewhere.otio")
    otio.adapters.write_to_file(timeline, str(path))
    made = recut(Recut(old.folder, path, content=path.read_bytes(), to=tmp_path))
    assert made.cue.take.holes == ()
    assert made.cue.take.mix.sha256 == old.take.mix.sha256
    assert made.cue.brief.edit.in_text == "10:00:00:00"
    assert verify(made.cue) == ()


def test_an_edit_that_did_not_change_makes_nothing(old: Cue, demo_edit: Path, tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="Nothing that the music follows has changed"):
        recut(Recut(old.folder, demo_edit, to=tmp_path / "cues"))
    assert not (tmp_path / "cues").exists()


def test_an_edit_with_nothing_in_common_is_to_be_scored_anew(old: Cue, demo_edit: Path, tmp_path: Path) -> None:
    def foreign(track: otio.schema.Track) -> None:
        for clip in track:
            clip.media_reference = otio.schema.MissingReference("elsewhere.mov")

    with pytest.raises(UnusableInput, match="Score it anew"):
        recut(Recut(old.folder, changed(demo_edit, "foreign", foreign), to=tmp_path / "cues"))


def test_what_stayed_for_less_than_two_bars_is_too_short(old: Cue, demo_edit: Path, tmp_path: Path) -> None:
    def all_but_one(track: otio.schema.Track) -> None:
        for number, clip in enumerate(track):
            if number != 5:
                clip.media_reference = otio.schema.MissingReference("elsewhere.mov")

    with pytest.raises(UnusableInput, match="too short to keep music"):
        recut(Recut(old.folder, changed(demo_edit, "one shot", all_but_one), to=tmp_path / "cues"))


def test_stopping_leaves_nothing(old: Cue, demo_edit: Path, tmp_path: Path) -> None:
    seen: list[str] = []
    watch = Watch(progress=lambda stage, *_: seen.append(stage), cancelled=lambda: "compose" in seen)
    with pytest.raises(Cancelled):
        recut(Recut(old.folder, changed(demo_edit, "stopped", trimmed), to=tmp_path / "cues"), watch)
    assert not (tmp_path / "cues").exists()
