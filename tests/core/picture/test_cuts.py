"""Cuts are found to the frame in footage that has no edit list."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core.brief import Hit, Media
from core.errors import Cancelled
from core.picture.cuts import cuts, split
from core.picture.frames import Film
from core.watch import Watch
from tests.core.picture.movies import Pixels, edit, movie, scene, shot

LENGTHS = (40, 61, 33, 90, 47)
EDGES = (40, 101, 134, 224)
"""First frames of the scenes after the first, at 30 per second."""


def scenes() -> Iterator[Pixels]:
    """Scenes that drift, so that not only cuts move."""
    for seed, length in enumerate(LENGTHS):
        for number in range(length):
            yield np.roll(scene(seed), number // 2, axis=1)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return movie(tmp_path_factory.mktemp("m") / "film.mp4", scenes(), options={"g": "250", "bf": "3"})


def test_known_cuts_are_found_to_the_frame(film: Path) -> None:
    opened = Film(Media("film", film))
    assert cuts(opened, Fraction(0), Fraction(10), Watch()) == tuple(Fraction(edge, 30) for edge in EDGES)
    opened.close()


def test_only_the_stretch_that_is_asked_for_is_searched(film: Path) -> None:
    opened = Film(Media("film", film))
    assert cuts(opened, Fraction(3), Fraction(6), Watch()) == (Fraction(101, 30), Fraction(134, 30))
    opened.close()


def test_a_still_or_a_pan_has_no_cuts(tmp_path: Path) -> None:
    pan = movie(tmp_path / "pan.mp4", (np.roll(scene(1), 3 * k, axis=1) for k in range(90)))
    opened = Film(Media("pan", pan))
    assert cuts(opened, Fraction(0), Fraction(3), Watch()) == ()
    opened.close()


@pytest.mark.parametrize("speed", [Fraction(1), Fraction(2), Fraction(1, 2), Fraction(-1)])
def test_a_single_clip_is_split_where_its_new_scenes_are_first_shown(film: Path, speed: Fraction) -> None:
    source = Fraction(270, 30) if speed < 0 else Fraction(0)
    frames = int(24 * 9 / abs(speed))
    whole = edit([shot(film, 0, frames, source, speed)], has_edit_list=False)
    parts = split(whole, Watch())

    def scene_at(record: int) -> int:
        number = int((source + Fraction(record, 24) * speed) * 30)
        return sum(number >= edge for edge in EDGES)

    expected = [k for k in range(1, frames) if scene_at(k) != scene_at(k - 1)]
    assert [round(hit.time * 24) for hit in parts.hits] == expected
    assert {(hit.kind, hit.weight) for hit in parts.hits} == {("cut", 0.5)}
    assert [one.first_frame for one in parts.shots] == [0, *expected]
    assert sum(one.frames for one in parts.shots) == frames
    assert [one.source_start for one in parts.shots] == [source + Fraction(k, 24) * speed for k in (0, *expected)]


def test_a_marker_on_a_detected_cut_stays_the_only_hit_there(film: Path) -> None:
    on_cut, elsewhere = Hit(32 / 24, "marker", 1.0, "door", True), Hit(2.0, "marker", 0.8)
    parts = split(edit([shot(film, 0, 200)], markers=[on_cut, elsewhere], has_edit_list=False), Watch())
    assert [hit.kind for hit in parts.hits] == ["marker", "marker", "cut", "cut", "cut"]


def test_an_edit_with_a_list_of_shots_a_freeze_or_no_file_is_left_alone(film: Path, tmp_path: Path) -> None:
    for left in (
        edit([shot(film, 0, 100), shot(film, 100, 100, 4)]),
        edit([shot(film, 0, 200)]),
        edit([shot(film, 0, 100, 1, 0)], has_edit_list=False),
        edit([shot(tmp_path / "missing.mp4", 0, 100)], has_edit_list=False),
        edit([shot(None, 0, 100)], has_edit_list=False),
    ):
        assert split(left, Watch()) is left


def test_a_search_for_cuts_stops_when_asked(film: Path) -> None:
    with pytest.raises(Cancelled):
        split(edit([shot(film, 0, 200)], has_edit_list=False), Watch(cancelled=lambda: True))


def test_the_joins_of_real_clips_are_found(shared: Path, tmp_path: Path) -> None:
    def joined() -> Iterator[Pixels]:
        for path in sorted((shared / "media").glob("*.mp4")):
            opened = Film(Media(path.name, path))
            for seen in opened.frames([Fraction(1), Fraction(59, 30)], every=True):
                yield seen.frame.to_ndarray(format="rgb24", width=160, height=96)
            opened.close()

    path = movie(tmp_path / "joined.mp4", joined())
    opened = Film(Media("joined", path))
    assert cuts(opened, Fraction(0), Fraction(6), Watch()) == tuple(Fraction(k) for k in range(1, 6))
    opened.close()
