"""An edit cut again: what stayed in place, what moved as a whole, and what is new."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentimelineio.opentime import RationalTime

from core.brief import Edit, Hit, Media, Range, Shot
from core.errors import UnusableInput
from core.timeline.changes import Stretch, compare, in_words

Cut = tuple[str, int, int]
"""Name of a file, its first frame that is shown, frames."""
A, B, C, D = ("a", 0, 50), ("b", 10, 40), ("c", 5, 60), ("d", 0, 30)


def edit(*cuts: Cut, rate: int = 24, markers: tuple[int, ...] = (), folder: str = "/media", speed: int = 1) -> Edit:
    """An edit of these shots, with a hit on each cut."""
    shots: list[Shot] = []
    for name, source, frames in cuts:
        media = Media(f"{name}.mov", Path(folder) / f"{name}.mov")
        first = sum(shot.frames for shot in shots)
        shots.append(Shot(first, frames, name, media, Fraction(source, rate), Fraction(speed)))
    length = sum(shot.frames for shot in shots)
    zero = RationalTime(0, rate)
    hits = [Hit(shot.first_frame / rate, "cut", 0.5, shot.name) for shot in shots[1:]]
    hits += [Hit(frame / rate, "marker", 1.0, "HIT", True) for frame in markers]
    span = Range(zero, RationalTime(length, rate), zero, False)
    hits.sort(key=lambda hit: hit.time)
    return Edit("edit", Path("edit.otio"), span, tuple(shots), tuple(hits), "", "")


def fates(old: Edit, new: Edit) -> list[tuple[int, int, int | None]]:
    return [(one.first, one.frames, one.old_first) for one in compare(old, new)]


def test_an_edit_that_was_not_touched_is_one_stretch() -> None:
    assert compare(edit(A, B, C), edit(A, B, C)) == (Stretch(0, 150, 0),)


def test_a_trimmed_shot_moves_all_that_follows() -> None:
    shorter = ("b", 10, 32)
    assert fates(edit(A, B, C), edit(A, shorter, C)) == [(0, 82, 0), (82, 60, 90)]


def test_a_shot_trimmed_at_its_head_stays_with_what_follows() -> None:
    assert fates(edit(A, B, C), edit(A, ("b", 18, 32), C)) == [(0, 50, 0), (50, 1, None), (51, 91, 59)]


def test_a_roll_changes_only_the_frames_between_the_old_cut_and_the_new() -> None:
    rolled = edit(("a", 0, 58), ("b", 18, 32), C)
    assert fates(edit(A, B, C), rolled) == [(0, 50, 0), (50, 9, None), (59, 91, 59)]


def test_a_replaced_shot_is_new_in_its_place() -> None:
    assert fates(edit(A, B, C), edit(A, ("x", 0, 40), C)) == [(0, 50, 0), (50, 40, None), (90, 60, 90)]


def test_of_swapped_shots_the_longer_keeps_its_music() -> None:
    assert fates(edit(A, B, C, D), edit(A, C, B, D)) == [(0, 50, 0), (50, 60, 90), (110, 40, None), (150, 30, 150)]


def test_a_shot_put_first_moves_everything() -> None:
    assert fates(edit(A, B), edit(("x", 0, 24), A, B)) == [(0, 25, None), (25, 89, 1)]


def test_a_new_marker_takes_its_frame_out_of_what_stayed() -> None:
    assert fates(edit(A, B), edit(A, B, markers=(70,))) == [(0, 70, 0), (70, 1, None), (71, 19, 71)]


def test_a_marker_that_moved_with_its_shot_stays() -> None:
    before, after = edit(A, B, markers=(70,)), edit(("x", 0, 10), A, B, markers=(80,))
    assert Stretch(11, 89, 1) in compare(before, after)


def test_relinked_media_are_known_by_their_name() -> None:
    assert compare(edit(A, B, C), edit(A, B, C, folder="/online")) == (Stretch(0, 150, 0),)


def test_a_name_that_two_files_bear_tells_nothing() -> None:
    old = edit(A, B)
    twin = replace(old.shots[1], media=Media("a.mov", Path("/other/a.mov")))
    moved = edit(A, A, folder="/online")
    assert all(one.old_first is None for one in compare(replace(old, shots=(old.shots[0], twin)), moved))


def test_another_speed_is_another_picture() -> None:
    assert fates(edit(A), edit(A, speed=2)) == [(0, 50, None)]


def test_shots_that_run_backwards_or_stand_still_are_followed() -> None:
    for speed in (-1, 0):
        old, new = edit(("a", 90, 50), ("b", 90, 40), speed=speed), edit(("x", 9, 24), ("b", 90, 40), speed=speed)
        assert [one.old_first for one in compare(old, new)] == [None, 50]


def test_another_rate_is_refused_with_a_sentence() -> None:
    with pytest.raises(UnusableInput, match="24 frames per second and now runs at 25"):
        compare(edit(A), edit(A, rate=25))


def test_what_became_of_the_edit_is_told_in_words() -> None:
    old, new = edit(A, B, C), edit(A, ("x", 0, 48), C)
    told = in_words(compare(old, new), Fraction(24))
    assert told == "Of the picture 2.1 s stayed in place, 2.5 s moved, 2.0 s is new."


def shown(edit: Edit, frame: int) -> tuple[object, ...]:
    """File and frame of it that a record frame shows."""
    shot = next(one for one in edit.shots if one.first_frame <= frame < one.first_frame + one.frames)
    assert shot.media is not None
    return shot.media.name, shot.source_start * 24 + (frame - shot.first_frame) * shot.speed


cuts = st.tuples(st.sampled_from("abc"), st.integers(0, 40), st.integers(1, 60))


@settings(max_examples=200, deadline=None)
@given(st.lists(cuts, min_size=1, max_size=8), st.data())
def test_what_stayed_shows_the_same_frames_at_both_places_and_covers_the_range_once(
    before: list[Cut], data: st.DataObject
) -> None:
    after = data.draw(st.lists(st.one_of(st.sampled_from(before), cuts), min_size=1, max_size=8))
    old = edit(*before)
    new = edit(*after, markers=tuple(data.draw(st.sets(st.integers(0, 60), max_size=2))))
    stretches = compare(old, new)
    reached = reached_before = 0
    for one in stretches:
        assert one.first == reached
        reached = one.end
        if one.old_first is None:
            continue
        assert one.old_first >= reached_before, "what stayed goes forward"
        reached_before = one.old_first + one.frames
        for step in (0, one.frames // 2, one.frames - 1):
            assert shown(new, one.first + step) == shown(old, one.old_first + step)
        assert hits_between(new, one.first, one.end, 0) == hits_between(old, one.old_first, reached_before, one.move)
    assert reached == new.range.frames


def hits_between(edit: Edit, first: int, end: int, move: int) -> list[tuple[int, str]]:
    frames = [(round(hit.time * 24), hit.kind) for hit in edit.hits]
    return sorted({(frame + move, kind) for frame, kind in frames if first <= frame < end})


@settings(max_examples=60, deadline=None)
@given(st.lists(cuts, min_size=1, max_size=10))
def test_an_edit_always_stays_where_it_is(shots: list[Cut]) -> None:
    assert compare(edit(*shots), edit(*shots)) == (Stretch(0, sum(shot[2] for shot in shots), 0),)


def test_many_shots_that_come_back_again_and_again_are_told_apart() -> None:
    many = [("a", 24 * k % 1000, 40) for k in range(900)]
    inserted = edit(*many[:400], ("x", 0, 24), *many[400:])
    assert fates(edit(*many), inserted) == [(0, 16_000, 0), (16_000, 24, None), (16_024, 20_000, 16_000)]
