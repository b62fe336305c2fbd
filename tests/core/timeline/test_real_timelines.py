"""Timelines from editing programs, and four made for the purpose: what is known to be in them is read."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest

from core.brief import Edit
from core.errors import UnusableInput
from core.timeline.read import read
from core.timeline.timecode import write

EVERY = ["plain_24", "retimed_2997df", "nested_23976", "offline_25"]
REAL = [
    "real/resolve_50p",
    "real/resolve_50p_retime",
    "real/premiere_example",
    "real/screening_example",
    "real/effects",
    "real/transition",
]


def opened(shared: Path, name: str, *span: str) -> Edit:
    return read(shared / "timelines" / f"{name}.otio", *span)


def frames_of(edit: Edit, kind: str) -> list[int]:
    return [round(hit.time * float(edit.range.rate)) for hit in edit.hits if hit.kind == kind]


@pytest.mark.parametrize("name", EVERY + REAL)
def test_every_timeline_is_read_and_its_shots_cover_it(shared: Path, name: str) -> None:
    edit = opened(shared, name)
    cursor = 0
    for shot in edit.shots:
        assert shot.first_frame == cursor
        assert shot.frames > 0
        cursor += shot.frames
    assert cursor == edit.range.frames
    assert all(0 <= hit.time < edit.range.seconds for hit in edit.hits)
    assert [hit.time for hit in edit.hits] == sorted({hit.time for hit in edit.hits})


@pytest.mark.parametrize("name", [name for name in EVERY + REAL if "premiere" not in name and "screening" not in name])
def test_the_length_is_what_opentimelineio_says(shared: Path, name: str) -> None:
    timeline = otio.adapters.read_from_file(str(shared / "timelines" / f"{name}.otio"))
    edit = opened(shared, name)
    assert edit.range.frames == round(timeline.duration().rescaled_to(edit.range.start.rate).value)
    assert edit.range.timeline_start == timeline.global_start_time


def test_plain_24_has_sixteen_shots_and_three_markers(shared: Path) -> None:
    edit = opened(shared, "plain_24")
    assert (edit.in_text, edit.out_text, edit.range.frames) == ("01:00:00:00", "01:00:40:00", 960)
    assert edit.name == "plain_24"
    assert len(edit.shots) == 16
    assert frames_of(edit, "marker") == [157, 376, 600]
    assert [(hit.label, hit.must, hit.weight) for hit in edit.hits if hit.kind == "marker"] == [
        ("HIT door", True, 1.0),
        ("hit turn", True, 1.0),
        ("swell", False, 0.8),
    ]
    # Fifteen cuts, one of which carries the first marker.
    cuts = [shot.first_frame for shot in edit.shots[1:]]
    assert sorted([*frames_of(edit, "cut"), 157]) == cuts
    assert len(cuts) == 15
    assert not edit.offline
    assert all(shot.media and shot.media.path and shot.media.path.is_file() for shot in edit.shots)
    assert edit.has_edit_list


def test_a_range_inside_plain_24_counts_from_its_own_start(shared: Path) -> None:
    edit = opened(shared, "plain_24", "01:00:05:00", "01:00:12:00")
    assert edit.range.frames == 7 * 24
    assert write(edit.range.start, edit.range.drop_frame) == edit.in_text == "01:00:05:00"
    assert frames_of(edit, "marker") == [157 - 120]
    assert frames_of(edit, "cut") == [194 - 120, 244 - 120, 273 - 120]
    first = edit.shots[0]
    assert (first.name, first.frames, first.source_start) == ("elf", 37, 1 + Fraction(24, 24))
    assert opened(shared, "plain_24", "120f", "12s").range == edit.range


def test_retimed_2997df_resolves_tracks_speeds_freeze_and_gap(shared: Path) -> None:
    edit = opened(shared, "retimed_2997df")
    assert (edit.in_text, edit.out_text) == ("01:00:00;00", "01:00:23;20")
    assert edit.range.drop_frame
    assert any("drop-frame" in sentence for sentence in edit.said)
    assert [(shot.first_frame, shot.name, shot.speed, shot.kind) for shot in edit.shots] == [
        (0, "elf", 1, "footage"),
        (120, "crystal", 1, "footage"),
        (270, "frog", 2, "footage"),
        (300, "pig", 1, "footage"),
        (375, "monster", Fraction(1, 2), "footage"),
        (420, "", 1, "gap"),
        (450, "rabbit", 0, "footage"),
        (495, "pig", 1, "footage"),
        (600, "crystal", 1, "footage"),
    ]
    # The second video track hides the first half of the slow shot: it goes on from where it would be by then.
    slow = edit.shots[4]
    assert slow.source_start == Fraction(30 * 1001, 30_000) + Fraction(45 * 1001, 30_000) / 2
    assert edit.hits[0].kind == "marker"
    assert edit.hits[0].label == "dissolve mid"


def test_nested_23976_shows_the_trimmed_inside_and_not_the_disabled_clip(shared: Path) -> None:
    edit = opened(shared, "nested_23976")
    assert (edit.in_text, edit.range.rate) == ("00:59:50:00", Fraction(24_000, 1001))
    assert [(shot.name, shot.frames) for shot in edit.shots] == [
        ("elf", 72),
        ("crystal", 96),
        ("frog", 36),
        ("pig", 36),
        ("monster", 38),
        ("rabbit", 120),
        ("", 48),
    ]
    assert edit.shots[2].source_start == Fraction(36 * 1001, 24_000)
    assert edit.shots[-1].kind == "gap"


def test_offline_25_says_what_is_missing_and_keeps_its_cuts(shared: Path) -> None:
    edit = opened(shared, "offline_25")
    assert edit.in_text == "10:00:00:00"
    assert len(edit.offline) == 2
    assert "not_there.mp4" in edit.offline[0]
    assert "pig" in edit.offline[1]
    assert [shot.kind for shot in edit.shots] == ["footage", "footage", "footage", "generator"]
    assert frames_of(edit, "cut") == [75, 175, 255]


@pytest.mark.parametrize(
    ("name", "speed"), [("real/resolve_50p", Fraction(1)), ("real/resolve_50p_retime", Fraction(1, 2))]
)
def test_resolves_exports_count_from_the_medias_timecode(shared: Path, name: str, speed: Fraction) -> None:
    edit = opened(shared, name)
    (shot,) = edit.shots
    assert (edit.in_text, edit.out_text, edit.range.rate) == ("01:00:00:00", "01:00:30:00", Fraction(50))
    assert (shot.source_start, shot.speed) == (Fraction(0), speed)
    assert shot.media is not None
    assert "E:\\SHOWREEL" in shot.media.why_offline
    assert not edit.has_edit_list


def test_premieres_export_keeps_its_newer_markers(shared: Path) -> None:
    edit = opened(shared, "real/premiere_example")
    # Three on the timeline, one on a clip whose track lies under a title: 557 on record, 73 into the clip.
    assert frames_of(edit, "marker") == [113, 298, 395, 492]
    assert all(hit.must for hit in edit.hits if hit.kind == "marker")
    assert any("Marker.3" in sentence for sentence in edit.said)
    dissolve = next(hit for hit in edit.hits if hit.weight == 0.4)
    assert round(dissolve.time * 30) == 956 + 208 + 1
    assert any("D:/media/sc01_sh010_anim.mov" in sentence for sentence in edit.offline)


def test_an_edls_locators_count_in_record_timecode(shared: Path) -> None:
    edit = opened(shared, "real/screening_example")
    assert len(edit.shots) == 9
    # The reel starts at 00:59:53:11 (86243), the red locator stands at 01:00:01:14 (86438).
    assert frames_of(edit, "marker") == [86438 - 86243, 86462 - 86243, 86773 - 86243]
    assert [hit.must for hit in edit.hits if hit.kind == "marker"] == [True, False, False]


def test_the_topmost_enabled_track_of_resolves_animatic_is_seen(shared: Path) -> None:
    edit = opened(shared, "real/effects")
    assert [shot.frames for shot in edit.shots] == [500, 316, 211, 98]
    assert len(edit.offline) == 4


def test_a_dissolve_cuts_at_its_middle(shared: Path) -> None:
    edit = opened(shared, "real/transition")
    # Two frames before the cut at 9, three after: the middle lies half a frame late.
    assert [shot.first_frame for shot in edit.shots] == [0, 3, 10, 13]
    assert [hit.weight for hit in edit.hits] == [0.5, 0.4, 0.5]


@pytest.mark.parametrize(
    ("name", "span"),
    [
        ("plain_24", ("01:00:39:00", "01:00:41:00")),
        ("plain_24", ("00:59:59:00", "01:00:01:00")),
        ("plain_24", ("01:00:02:00", "01:00:02:00")),
        ("plain_24", ("01:00:03:00", "01:00:02:00")),
        ("plain_24", ("10000f",)),
        ("retimed_2997df", ("425f", "440f")),
    ],
)
def test_a_range_that_cannot_be_scored_is_refused_with_the_timelines_own(
    shared: Path, name: str, span: tuple[str, ...]
) -> None:
    whole = opened(shared, name)
    with pytest.raises(UnusableInput) as refusal:
        opened(shared, name, *span)
    assert whole.in_text in str(refusal.value)
    assert whole.out_text in str(refusal.value)


def test_a_phone_clip_is_one_long_shot(shared: Path) -> None:
    edit = read(shared / "media" / "elf.mp4", "10f", "3s")
    (shot,) = edit.shots
    assert (edit.in_text, edit.out_text, edit.range.rate) == ("00:00:00:10", "00:00:03:00", Fraction(30))
    assert (shot.frames, shot.source_start) == (80, Fraction(1, 3))
    assert edit.hits == ()
    assert not edit.has_edit_list
