"""Watching a range: the features say what is to be seen, and media that fail cost only their features."""

from __future__ import annotations

import io
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.brief import Hit, Media
from core.errors import Cancelled
from core.picture.shots import samples_in
from core.picture.turns import weigh
from core.picture.watching import watch_picture
from core.timeline.read import read
from core.watch import Watch
from tests.core.picture.movies import HEIGHT, WIDTH, Pixels, edit, grey, movie, number_in, numbered, scene, shot

SILENT = Watch()


def sliding(frames: int, moves: int, step: int = 4, seed: int = 1) -> Iterator[Pixels]:
    """A still scene that slides sideways from frame `moves` on."""
    for number in range(frames):
        yield np.roll(scene(seed), max(0, number - moves + 1) * step, axis=1)


@pytest.fixture(scope="module")
def bright(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return movie(tmp_path_factory.mktemp("m") / "bright.mp4", (grey(0.9) for _ in range(60)))


@pytest.fixture(scope="module")
def dark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return movie(tmp_path_factory.mktemp("m") / "dark.mp4", (grey(0.1) for _ in range(60)))


def test_samples_stand_ten_times_a_second_inside_the_range(bright: Path) -> None:
    for frames, samples in ((24, 10), (25, 11), (1, 1), (12, 5), (13, 6)):
        picture, _ = watch_picture(edit([shot(bright, 0, frames)]), SILENT)
        assert picture.rate == 10
        for feature in (picture.luminance, picture.motion, picture.edges, picture.change, picture.colour):
            assert len(feature) == samples
            assert np.all((feature >= 0) & (feature <= 1))


def test_light_and_colour_are_what_the_picture_shows(tmp_path: Path, bright: Path, dark: Path) -> None:
    def red() -> Pixels:
        return np.full((HEIGHT, WIDTH, 3), (200, 40, 60), np.uint8)

    reds = movie(tmp_path / "red.mp4", (red() for _ in range(60)))
    picture, _ = watch_picture(edit([shot(bright, 0, 24), shot(dark, 24, 24), shot(reds, 48, 24)]), SILENT)
    assert np.allclose(picture.luminance[:10], 0.9, atol=0.02)
    assert np.allclose(picture.luminance[10:20], 0.1, atol=0.02)
    assert np.allclose(picture.colour[20:], np.array([200, 40, 60]) / 255, atol=0.03)


def test_a_still_shot_has_no_motion_and_a_cut_is_change_but_no_motion(bright: Path, dark: Path) -> None:
    picture, hits = watch_picture(edit([shot(bright, 0, 24), shot(dark, 24, 24)]), SILENT)
    assert picture.motion.max() < 0.01
    assert picture.change[10] == pytest.approx(0.8, abs=0.03)
    assert np.delete(picture.change, 10).max() < 0.01
    assert hits == ()


def test_faster_movement_is_more_motion_and_a_freeze_is_none(tmp_path: Path) -> None:
    slow = movie(tmp_path / "slow.mp4", sliding(90, 0, 1))
    fast = movie(tmp_path / "fast.mp4", sliding(90, 0, 4))
    shots = [shot(slow, 0, 24), shot(fast, 24, 24), shot(fast, 48, 24, 1, 0), shot(fast, 72, 24, 2, -1)]
    motion = watch_picture(edit(shots), SILENT)[0].motion
    assert 0.05 < np.median(motion[:10]) < 0.7 * np.median(motion[10:20])
    assert np.all(motion[20:30] == 0)
    assert np.median(motion[30:]) == pytest.approx(np.median(motion[10:20]), rel=0.1)


def test_a_flash_or_a_fade_of_the_light_is_hardly_motion(tmp_path: Path) -> None:
    fade = movie(tmp_path / "fade.mp4", ((scene(1) * (0.35 + 0.01 * k)).astype(np.uint8) for k in range(60)))
    move = movie(tmp_path / "move.mp4", sliding(60, 0))
    motion = watch_picture(edit([shot(fade, 0, 36), shot(move, 36, 36)]), SILENT)[0].motion
    assert motion[:15].max() < 0.2 * np.median(motion[15:])


def test_detail_is_edges_and_a_plain_wall_is_none(tmp_path: Path, bright: Path) -> None:
    busy = movie(tmp_path / "busy.mp4", (scene(3) for _ in range(30)))
    edges = watch_picture(edit([shot(busy, 0, 24), shot(bright, 24, 24)]), SILENT)[0].edges
    assert edges[:10].min() > 0.1
    assert edges[10:].max() < 0.01


def test_shots_of_a_few_frames_have_motion_too(tmp_path: Path) -> None:
    path = movie(tmp_path / "fast.mp4", sliding(90, 0, 4))
    shots = [shot(path, 3 * k, 3, Fraction(k, 8)) for k in range(8)]
    motion = watch_picture(edit(shots), SILENT)[0].motion
    assert motion.min() > 0.1


@pytest.mark.parametrize("speed", [Fraction(1), Fraction(2), Fraction(1, 2), Fraction(-1)])
@pytest.mark.parametrize("codec", ["libx264", "mjpeg"])
def test_a_sudden_movement_is_a_hit_on_the_frame_where_it_is_first_seen(
    tmp_path: Path, speed: Fraction, codec: str
) -> None:
    moves = 71
    pictures = list(sliding(150, moves))
    if speed < 0:
        pictures.reverse()
    options = {"g": "30", "bf": "2"} if codec == "libx264" else {}
    path = movie(tmp_path / "a.mov", pictures, codec=codec, options=options)
    of = shot(path, 24, int(24 * Fraction(49, 10) / abs(speed)), Fraction(149, 30) if speed < 0 else 0, speed)
    lead = shot(path, 0, 24, Fraction(149, 30) if speed < 0 else 0, 0)
    _, hits = watch_picture(edit([lead, of]), SILENT)
    record = next(k for k in range(of.frames) if Fraction(k, 24) * abs(speed) * 30 >= moves)
    assert [hit.kind for hit in hits] == ["motion"]
    assert hits[0].time * 24 == pytest.approx(24 + record)
    assert 0.2 <= hits[0].weight <= 0.4


def test_movements_near_a_cut_or_a_marker_are_no_hits_of_their_own(tmp_path: Path) -> None:
    path = movie(tmp_path / "a.mp4", sliding(150, 8))
    assert watch_picture(edit([shot(path, 0, 96)]), SILENT)[1] == ()
    later = movie(tmp_path / "b.mp4", sliding(150, 71))
    for marker, kept in ((2.1, 0), (2.7, 0), (1.9, 1), (2.9, 1)):
        marked = edit([shot(later, 0, 96)], markers=[Hit(marker, "marker", 0.8)])
        assert len(watch_picture(marked, SILENT)[1]) == kept


def test_only_a_few_bursts_a_minute_become_hits(tmp_path: Path) -> None:
    def jumps() -> Iterator[Pixels]:
        for number in range(30 * 60):
            yield np.roll(scene(1), 40 * (number // 60), axis=1)

    path = movie(tmp_path / "jumps.mp4", jumps(), options={"preset": "ultrafast", "g": "300"})
    _, hits = watch_picture(edit([shot(path, 0, 24 * 60)]), SILENT)
    assert 1 <= len(hits) <= 6
    assert all((hit.time * 24).is_integer() and round(hit.time, 6) % 2 == 0 for hit in hits)


def test_every_shot_has_a_thumbnail_of_what_it_shows(tmp_path: Path, bright: Path) -> None:
    path = movie(tmp_path / "n.mp4", map(numbered, range(90)))
    picture, _ = watch_picture(edit([shot(bright, 0, 24), shot(path, 24, 24, 1), shot(path, 48, 1, 2)]), SILENT)
    assert [int(thumbnail.time) for thumbnail in picture.thumbnails] == [0, 1, 2]
    frames = [next(av.open(io.BytesIO(thumbnail.jpeg)).decode(video=0)) for thumbnail in picture.thumbnails]
    assert frames[1].width == WIDTH
    shown = 30 + 30 * (picture.thumbnails[1].time - 1)
    assert [number_in(frame) for frame in frames[1:]] == [pytest.approx(shown, abs=0.99), 60]
    assert all(len(thumbnail.jpeg) < 20_000 for thumbnail in picture.thumbnails)


def test_gaps_have_no_picture(bright: Path) -> None:
    picture, _ = watch_picture(edit([shot(bright, 0, 24), shot(None, 24, 24), shot(bright, 48, 24)]), SILENT)
    assert np.isnan(picture.luminance[10:20]).all()
    assert np.isnan(picture.change[10:20]).all()
    assert np.isfinite(picture.luminance[20:]).all()
    assert picture.offline == ()


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "no index", "folder"])
def test_media_that_cannot_be_read_cost_their_features_and_one_sentence(
    tmp_path: Path, bright: Path, kind: str
) -> None:
    bad = tmp_path / "bad.mp4"
    if kind == "folder":
        bad.mkdir()
    elif kind != "missing":
        bad.write_bytes({"empty": b"", "text": b"words " * 999, "no index": bright.read_bytes()[:3000]}[kind])
    picture, _ = watch_picture(edit([shot(bad, 0, 24), shot(bright, 24, 24), shot(bad, 48, 24)]), SILENT)
    assert np.isnan(picture.luminance[:10]).all()
    assert np.isfinite(picture.luminance[10:20]).all()
    assert np.isnan(picture.motion[20:]).all()
    assert len(picture.offline) == 1
    assert "bad.mp4" in picture.offline[0]


def test_a_movie_that_breaks_off_is_seen_as_far_as_it_goes(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    path = tmp_path / "whole.ts"
    movie(path, (noise.integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8) for _ in range(120)), options={"g": "15"})
    broken = tmp_path / "broken.ts"
    broken.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    picture, _ = watch_picture(edit([shot(broken, 0, 90)]), SILENT)
    seen = np.isfinite(picture.luminance)
    assert seen[:15].all()
    assert not seen[25:].any()
    assert len(picture.offline) == 1
    assert "no picture between" in picture.offline[0]


def test_media_that_the_timeline_did_not_find_are_not_named_twice(bright: Path) -> None:
    lost = replace(shot(bright, 0, 24), media=Media("lost.mov", None, why_offline="it was not found"))
    picture, _ = watch_picture(edit([lost, shot(bright, 24, 24)]), SILENT)
    assert np.isnan(picture.luminance[:10]).all()
    assert picture.offline == ()


def test_progress_rises_and_work_stops_when_asked(tmp_path: Path) -> None:
    path = movie(tmp_path / "a.mov", sliding(300, 100), codec="mjpeg")
    told: list[tuple[str, float, str]] = []
    _, hits = watch_picture(edit([shot(path, 0, 200)]), Watch(lambda *what: told.append(what)))
    fractions = [fraction for _, fraction, _ in told]
    assert len(hits) == 1
    assert {stage for stage, _, _ in told} == {"picture"}
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    with pytest.raises(Cancelled):
        watch_picture(edit([shot(path, 0, 200)]), Watch(cancelled=lambda: True))


def test_work_in_a_thread_stops_soon_after_it_is_asked_to(tmp_path: Path) -> None:
    path = movie(tmp_path / "a.mp4", (numbered(k % 1000) for k in range(6000)), options={"preset": "ultrafast"})
    told: list[float] = []
    watch = Watch(lambda _stage, fraction, _words: told.append(fraction), lambda: len(told) > 1)
    with pytest.raises(Cancelled):
        watch_picture(edit([shot(path, 0, 24 * 199)]), watch)
    assert told[-1] < 0.9
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("picture")]


def test_memory_does_not_grow_with_the_range(tmp_path: Path) -> None:
    path = movie(tmp_path / "a.mp4", map(numbered, range(100)), options={"preset": "ultrafast"})

    def peak(times: int) -> int:
        shots = [shot(path, k * 72, 72) for k in range(times)]
        tracemalloc.start()
        watch_picture(edit(shots), SILENT)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1)
    short, long = peak(2), peak(40)
    picture_bytes = 160 * 90 * 3
    assert long - short < 38 * 30 * picture_bytes / 10


def test_the_real_clips_are_watched_whole(shared: Path) -> None:
    clips = sorted((shared / "media").glob("*.mp4"))
    shots = [shot(path, 48 * k, 48, Fraction(k, 3)) for k, path in enumerate(clips)]
    picture, _ = watch_picture(edit(shots), SILENT)
    assert np.isfinite(picture.luminance).all()
    assert picture.motion.mean() > 0.1
    assert len(picture.thumbnails) == len(clips)


@pytest.mark.parametrize("name", ["plain_24", "retimed_2997df", "nested_23976"])
def test_real_timelines_have_a_picture_wherever_there_is_footage(shared: Path, name: str) -> None:
    whole = read(shared / "timelines" / f"{name}.otio", None, None)
    picture, hits = watch_picture(whole, SILENT)
    footage = np.zeros(len(picture.luminance), bool)
    for one in whole.shots:
        footage[samples_in(one.first_frame, one.frames, whole.range.rate)] = one.kind == "footage"
    assert (np.isfinite(picture.luminance) == footage).all()
    assert picture.offline == ()
    assert all((Fraction(hit.time) * whole.range.rate).limit_denominator(1000).denominator == 1 for hit in hits)
    weighed = weigh(whole.hits, picture)
    assert len({round(hit.turn, 3) for hit in weighed}) > len(weighed) / 2
