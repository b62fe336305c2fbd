"""The fake Resolve's AppendToTimeline, deletes and takes: what lands, and what silently does not."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.resolve import Fake, Profile, Traps, profile
from tests.hosts.resolve.reaching import append, footage, lying, pool, project, timeline, wav

START = 86400


@pytest.fixture
def sound(tmp_path: Path) -> str:
    return wav(tmp_path / "drums.wav", 10)


def ready(sound: str, build: Profile | None = None, traps: Traps | None = None, **options: Any) -> tuple[Fake, Any]:
    """A fake with picture, a second audio track of stereo, and the sound imported."""
    fake = Fake(build or profile("21.1"), traps or Traps(), **options)
    fake.lay(footage(), 0, 480)
    fake.lay(footage(name="B.mov"), 0, 240, track=2, sound=False)
    timeline(fake).AddTrack("audio", "stereo")
    (clip,) = pool(fake).ImportMedia([sound])
    return fake, clip


def test_end_frames_are_exclusive_and_joins_have_no_gap(sound: str) -> None:
    fake, clip = ready(sound)
    for number in range(4):
        append(fake, clip, START + number * 48)
    assert lying(fake) == [(START + number * 48, 48) for number in range(4)]
    assert fake.wrong_calls == []


@pytest.mark.parametrize(
    ("project_rate", "rate", "frames", "landed"),
    [("30", "25", 49, 40), ("24", "29.97", 435, 543), ("24", "24", 48, 48), ("25", "23.976", 48, 46)],
)
def test_source_frames_convert_to_record_frames_rounded_down(
    tmp_path: Path, project_rate: str, rate: str, frames: int, landed: int
) -> None:
    fake, clip = ready(wav(tmp_path / "long.wav", 30), rate=rate, project_rate=project_rate)
    first = timeline(fake).GetStartFrame()
    append(fake, clip, first, frames)
    assert lying(fake) == [(first, landed)]


def test_fractional_source_frames_count_from_19_0_3_on_and_are_cut_off_before(sound: str) -> None:
    for build, traps, landed in (
        ("20.0", Traps(), 49),
        ("20.0", Traps(float_frames="truncated"), 48),
        ("18.6.6", Traps(), 48),
    ):
        fake, clip = ready(sound, profile(build), traps, rate="25", project_rate="24")
        append(fake, clip, 90000, endFrame=47.1)
        assert lying(fake) == [(90000, landed)]


def test_a_record_frame_below_the_start_is_accepted_and_not_clamped(sound: str) -> None:
    fake, clip = ready(sound)
    append(fake, clip, 240)
    assert lying(fake) == [(240, 48)]


def test_it_writes_to_the_current_timeline_whatever_handle_is_held(sound: str) -> None:
    fake, clip = ready(sound)
    held = timeline(fake)
    other = fake.new_timeline("Another")
    fake.add_track(other, "audio", "stereo")
    append(fake, clip, START)
    assert held.GetItemListInTrack("audio", 2) == []
    assert lying(fake) == [(START, 48)]


@pytest.mark.parametrize(("answer", "count"), [("items", 1), ("empty", 0)])
def test_a_locked_track_takes_nothing_and_does_not_say_so(sound: str, answer: Any, count: int) -> None:
    fake, clip = ready(sound, traps=Traps(locked=answer))
    timeline(fake).SetTrackLock("audio", 2, True)
    returned = append(fake, clip, START)
    assert len(returned) == count
    assert all(item.GetStart() == START for item in returned)
    assert lying(fake) == []


def test_an_occupied_span_makes_the_clip_slide(sound: str) -> None:
    fake, clip = ready(sound, traps=Traps(overlap="slide"))
    append(fake, clip, START)
    append(fake, clip, START + 60)
    (item,) = append(fake, clip, START + 30, 12)
    assert item.GetStart() == START + 48
    (item,) = append(fake, clip, START + 30, 24)
    assert lying(fake) == [(START, 48), (START + 48, 12), (START + 60, 48), (START + 108, 24)]


def test_an_occupied_span_drops_the_clip_and_its_item_lies(sound: str) -> None:
    fake, clip = ready(sound, traps=Traps(overlap="drop"))
    append(fake, clip, START)
    (item,) = append(fake, clip, START + 30)
    assert (item.GetStart(), item.GetName()) == (START + 30, "drums.wav")
    assert lying(fake) == [(START, 48)]


def test_an_occupied_span_answers_a_dead_item(sound: str) -> None:
    fake, clip = ready(sound, traps=Traps(overlap="dead"))
    append(fake, clip, START)
    (item,) = append(fake, clip, START + 30)
    assert item
    assert (item.GetStart(), item.GetName(), item.GetUniqueId()) == (None, None, "")
    assert lying(fake) == [(START, 48)]


def test_a_track_index_without_a_media_type_is_dropped(sound: str) -> None:
    fake, clip = ready(sound)
    assert len(append(fake, clip, START, mediaType=None)) == 1
    assert lying(fake) == []
    fake, clip = ready(sound, traps=Traps(needs_media_type=False))
    append(fake, clip, START, mediaType=None)
    assert lying(fake) == [(START, 48)]


def test_the_index_after_the_last_makes_a_mono_track_and_beyond_it_all_is_dropped(sound: str) -> None:
    fake, clip = ready(sound)
    append(fake, clip, START, track=3)
    assert lying(fake, 3) == [(START, 48)]
    assert timeline(fake).GetTrackSubType("audio", 3) == "mono"
    assert len(append(fake, clip, START, track=5)) == 1
    assert timeline(fake).GetTrackCount("audio") == 3
    fake, clip = ready(sound, traps=Traps(beyond="empty"))
    assert append(fake, clip, START, track=5) == []


@pytest.mark.parametrize(("version", "landed"), [("20.2.1", 0), ("20.2.2", 1), ("21.1", 1)])
def test_audio_above_the_number_of_video_tracks_is_refused_before_20_2_2(sound: str, version: str, landed: int) -> None:
    fake, clip = ready(sound, profile(version))
    timeline(fake).AddTrack("audio", "stereo")
    append(fake, clip, START, track=2)
    append(fake, clip, START, track=3)
    assert len(lying(fake, 2)) == 1
    assert len(lying(fake, 3)) == landed
    timeline(fake).AddTrack("video")
    append(fake, clip, START + 480, track=3)
    assert len(lying(fake, 3)) == landed + 1


@pytest.mark.parametrize(("version", "landed"), [("18.5", 0), ("20.3.1", 0), ("20.3.2", 1)])
def test_without_a_selection_in_the_pool_it_fails_before_20_3_2(sound: str, version: str, landed: int) -> None:
    fake, clip = ready(sound, profile(version), Traps(no_selection=True))
    append(fake, clip, START)
    assert len(lying(fake)) == landed
    if fake.profile.since("19.0.2"):
        assert pool(fake).SetSelectedClip(clip)
        append(fake, clip, START + 100)
        assert len(lying(fake)) == landed + 1


def test_returned_items_may_be_dead_though_the_clip_is_on_the_track(sound: str) -> None:
    fake, clip = ready(sound, traps=Traps(dead_items=True))
    (item,) = append(fake, clip, START)
    assert (item.GetStart(), item.GetDuration(), item.GetUniqueId()) == (None, None, "")
    assert lying(fake) == [(START, 48)]
    assert timeline(fake).GetItemListInTrack("audio", 2)[0].GetUniqueId()


def test_dead_items_may_have_no_methods_at_all(sound: str) -> None:
    fake, clip = ready(sound, traps=Traps(dead_items=True, nil_methods=True))
    (item,) = append(fake, clip, START)
    assert item.GetStart is None


@pytest.mark.parametrize(("null", "told"), [("empty", ""), ("none", None)])
def test_returned_items_may_have_no_id(sound: str, null: Any, told: object) -> None:
    fake, clip = ready(sound, traps=Traps(null_ids=null))
    (item,) = append(fake, clip, START)
    assert (item.GetUniqueId(), item.GetStart()) == (told, START)


def test_a_file_of_many_channels_comes_back_as_many_items(tmp_path: Path) -> None:
    fake, clip = ready(wav(tmp_path / "eight.wav", 4, channels=8))
    returned = append(fake, clip, START)
    assert len(returned) == 8
    assert [lying(fake, track) for track in range(2, 10)] == [[(START, 48)]] * 8


def test_mono_and_stereo_files_come_back_as_one_item(tmp_path: Path, sound: str) -> None:
    fake, clip = ready(sound)
    assert len(append(fake, clip, START)) == 1
    (mono,) = pool(fake).ImportMedia([wav(tmp_path / "mono.wav", 4, channels=1)])
    assert len(append(fake, mono, START + 100)) == 1


@pytest.mark.parametrize("how", ["raises", "none"])
def test_an_append_that_errored_is_seen_until_the_project_is_saved(sound: str, how: Any) -> None:
    fake, clip = ready(sound, traps=Traps(errored_append=how))
    if how == "raises":
        with pytest.raises(RuntimeError):
            append(fake, clip, START)
    else:
        assert append(fake, clip, START) is None
    assert lying(fake) == [(START, 48)]
    assert fake.resolve.GetProjectManager().SaveProject()
    assert lying(fake) == []
    append(fake, clip, START)
    assert fake.resolve.GetProjectManager().SaveProject()
    assert lying(fake) == [(START, 48)]


def test_picture_and_sound_of_a_movie_are_laid_together_and_linked(sound: str) -> None:
    fake, _ = ready(sound)
    movie = timeline(fake).GetItemListInTrack("video", 1)[0].GetMediaPoolItem()
    returned = pool(fake).AppendToTimeline(
        [{"mediaPoolItem": movie, "startFrame": 0, "endFrame": 24, "recordFrame": START + 1000}]
    )
    assert len(returned) == 2
    assert [item.GetTrackTypeAndIndex() for item in returned] == [["video", 1], ["audio", 1]]
    assert returned[0].GetLinkedItems()[0].GetUniqueId() == returned[1].GetUniqueId()


def test_clips_are_deleted_on_the_edit_page_alone(sound: str) -> None:
    fake, clip = ready(sound)
    append(fake, clip, START)
    items = timeline(fake).GetItemListInTrack("audio", 2)
    fake.user.switch_page("fairlight")
    assert timeline(fake).DeleteClips(items) is False
    assert fake.resolve.OpenPage("edit")
    assert timeline(fake).DeleteClips(items) is True
    assert lying(fake) == []
    assert items[0].GetStart() is None


def test_the_first_delete_may_fail_for_no_reason(sound: str) -> None:
    fake, clip = ready(sound, traps=Traps(flaky_delete=True))
    append(fake, clip, START)
    items = timeline(fake).GetItemListInTrack("audio", 2)
    assert [timeline(fake).DeleteClips(items) for _ in range(2)] == [False, True]


def test_only_the_given_items_are_deleted_linked_sound_stays(sound: str) -> None:
    fake, _ = ready(sound)
    assert timeline(fake).DeleteClips(timeline(fake).GetItemListInTrack("video", 1), False)
    assert (len(lying(fake, 1, "video")), len(lying(fake, 1, "audio"))) == (0, 1)


def test_a_ripple_delete_shifts_what_comes_later_on_that_track(sound: str) -> None:
    fake, clip = ready(sound)
    for number in range(3):
        append(fake, clip, START + number * 100)
    assert timeline(fake).DeleteClips(timeline(fake).GetItemListInTrack("audio", 2)[:1], True)
    assert lying(fake) == [(START + 52, 48), (START + 152, 48)]


def test_nothing_splits_trims_or_moves(sound: str) -> None:
    fake, clip = ready(sound)
    (item,) = append(fake, clip, START)
    for name in ("Split", "Razor", "Trim", "SetStart", "SetEnd", "Move", "SetDuration"):
        assert getattr(item, name) is None
        assert getattr(timeline(fake), name) is None


def test_takes_of_video_items_swap_the_source_in_place(sound: str) -> None:
    fake, _ = ready(sound)
    item = timeline(fake).GetItemListInTrack("video", 1)[0]
    other = timeline(fake).GetItemListInTrack("video", 2)[0].GetMediaPoolItem()
    assert item.AddTake(other, 100, 580)
    assert (item.GetTakesCount(), item.GetSelectedTakeIndex()) == (2, 2)
    take = item.GetTakeByIndex(2)
    assert (take["startFrame"], take["endFrame"]) == (100, 580)
    assert take["mediaPoolItem"].GetName() == "B.mov"
    assert (item.GetStart(), item.GetDuration(), item.GetMediaPoolItem().GetName()) == (START, 480, "B.mov")
    assert item.SelectTakeByIndex(1)
    assert item.GetMediaPoolItem().GetName() == "A001.mov"
    project(fake).SetCurrentTimeline(project(fake).GetTimelineByIndex(1))
    fake.new_timeline("Another")
    assert (item.GetTakesCount(), item.GetSelectedTakeIndex()) == (0, 0)


def test_takes_of_audio_items_are_a_switch_and_nobody_has_measured_them(sound: str) -> None:
    for works in (False, True):
        fake, clip = ready(sound, traps=Traps(takes_on_audio=works))
        (item,) = append(fake, clip, START)
        assert item.AddTake(clip, 48, 96) is works
        assert fake.unmeasured == ["AddTake on an audio item"]


def test_requests_of_one_call_are_answered_each(sound: str) -> None:
    fake, clip = ready(sound)
    entry = {"mediaPoolItem": clip, "startFrame": 0, "endFrame": 24, "mediaType": 2, "trackIndex": 2}
    returned = pool(fake).AppendToTimeline([{**entry, "recordFrame": START + at} for at in (0, 24, 30)])
    assert len(returned) == 3
    assert lying(fake) == [(START, 24), (START + 24, 24)]


def test_a_range_beyond_the_file_ends_with_the_file(tmp_path: Path) -> None:
    fake, clip = ready(wav(tmp_path / "short.wav", Fraction(1)))
    append(fake, clip, START, 48)
    assert lying(fake) == [(START, 24)]


_TRUSTING = """
    local files = ...
    local project = resolve:GetProjectManager():GetCurrentProject()
    local timeline, pool = project:GetCurrentTimeline(), project:GetMediaPool()
    local asked = 0
    for number, clip in ipairs(pool:ImportMedia(files)) do
        local items = pool:AppendToTimeline({{mediaPoolItem = clip, startFrame = 0, endFrame = 48, mediaType = 2,
            trackIndex = 2, recordFrame = timeline:GetStartFrame() + number * 48}})
        if items and items[1] then asked = asked + 1 end
    end
    return asked
"""


def test_a_script_that_trusts_what_it_is_told_fails_under_many_random_traps(tmp_path: Path) -> None:
    files = [wav(tmp_path / f"{number}.wav", 3) for number in range(3)]

    def honest(traps: Traps) -> bool:
        fake, _ = ready(files[0], traps=traps)
        run = fake.run_lua(_TRUSTING, arguments=[files])
        wanted = [(START + number * 48, 48) for number in range(1, 4)]
        assert not any("broke" in sentence for sentence in fake.wrong_calls)
        landed = [(item.start, item.duration) for item in fake.timeline.tracks["audio"][1].items if not item.unsaved]
        return run.returned == 3 and landed == wanted

    assert honest(Traps())
    failed = sum(not honest(replace(Traps.random(seed, 0.5), modal=False)) for seed in range(60))
    assert 20 <= failed < 60
