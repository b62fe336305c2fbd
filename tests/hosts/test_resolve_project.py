"""The fake Resolve's pool, tracks, markers, items and users."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.lua import KINDS
from tests.hosts.resolve import Fake, Traps, profile
from tests.hosts.resolve.markers import CLIP_COLOURS, COLOURS
from tests.hosts.resolve.reaching import append, footage, lying, pool, project, timeline, wav

START = 86400


def test_media_is_imported_into_the_current_bin_alone(tmp_path: Path) -> None:
    fake = Fake()
    own = pool(fake)
    bin_ = own.AddSubFolder(own.GetRootFolder(), "Hitpoint")
    assert own.SetCurrentFolder(bin_)
    (clip,) = own.ImportMedia([wav(tmp_path / "a.wav")])
    assert [item.GetName() for item in own.GetCurrentFolder().GetClipList()] == ["a.wav"]
    assert own.GetRootFolder().GetClipList() == []
    assert [folder.GetName() for folder in own.GetRootFolder().GetSubFolderList()] == ["Hitpoint"]
    assert clip.GetClipProperty("File Path") == str(tmp_path / "a.wav")


def test_a_missing_or_unreadable_file_is_no_clip(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    assert pool(Fake()).ImportMedia([str(tmp_path / "none.wav"), str(tmp_path / "text.wav")]) == []


def test_the_same_path_in_the_same_bin_is_the_same_clip_and_is_not_read_again(tmp_path: Path) -> None:
    fake, path = Fake(), wav(tmp_path / "a.wav", 2)
    (first,) = pool(fake).ImportMedia([path])
    wav(tmp_path / "a.wav", 4)
    (second,) = pool(fake).ImportMedia([path])
    assert first.GetUniqueId() == second.GetUniqueId()
    assert second.GetClipProperty("Duration") == "00:00:02:00"
    own = pool(fake)
    own.SetCurrentFolder(own.AddSubFolder(own.GetRootFolder(), "Fresh"))
    (third,) = own.ImportMedia([path])
    assert third.GetClipProperty("Duration") == "00:00:04:00"


@pytest.mark.parametrize("rate", ["23.976", "24", "25", "29.97", "59.94"])
def test_a_wave_takes_the_projects_rate_at_import_and_keeps_it(tmp_path: Path, rate: str) -> None:
    fake = Fake(rate=rate, project_rate="24")
    (clip,) = pool(fake).ImportMedia([wav(tmp_path / "a.wav", 3)])
    fake.project.rate = Fraction(25)
    (other,) = pool(fake).ImportMedia([wav(tmp_path / "b.wav", 3)])
    assert clip.GetClipProperty("FPS") == 24.0
    assert isinstance(clip.GetClipProperty("FPS"), float)
    assert other.GetClipProperty("FPS") == 25.0


def test_sound_alone_has_no_frames_start_and_end(tmp_path: Path) -> None:
    (clip,) = pool(Fake()).ImportMedia([wav(tmp_path / "a.wav", 2.5, channels=1, sample_rate=44100)])
    told = clip.GetClipProperty()
    assert [told[key] for key in ("Frames", "Start", "End")] == ["", "", ""]
    assert (told["Duration"], told["Sample Rate"], told["Audio Ch"]) == ("00:00:02:12", "44100", "1")
    assert told["Audio Bit Depth"] == "24"


@pytest.mark.parametrize(
    ("language", "track", "kind"), [("en", "Audio 2", "Audio"), ("ja", "オーディオ 2", "オーディオ")]
)
def test_names_of_tracks_and_types_are_in_the_users_language(
    tmp_path: Path, language: Any, track: str, kind: str
) -> None:
    fake = Fake(traps=Traps(language=language))
    timeline(fake).AddTrack("audio", "stereo")
    assert timeline(fake).GetTrackName("audio", 2) == track
    (clip,) = pool(fake).ImportMedia([wav(tmp_path / "a.wav")])
    assert clip.GetClipProperty("Type") == kind


def test_replacing_a_clip_changes_the_file_under_every_use(tmp_path: Path) -> None:
    fake = Fake()
    timeline(fake).AddTrack("audio", "stereo")
    (clip,) = pool(fake).ImportMedia([wav(tmp_path / "a.wav")])
    append(fake, clip, START, track=1)
    append(fake, clip, START + 48, track=1)
    assert clip.ReplaceClip(wav(tmp_path / "b.wav"))
    assert clip.ReplaceClip("/no/such.wav") is False
    used = [item.GetMediaPoolItem() for item in timeline(fake).GetItemListInTrack("audio", 1)]
    assert {item.GetClipProperty("File Name") for item in used} == {"b.wav"}
    assert lying(fake, 1) == [(START, 48), (START + 48, 48)]


def test_a_moved_file_is_relinked_in_its_new_folder(tmp_path: Path) -> None:
    fake = Fake()
    (clip,) = pool(fake).ImportMedia([wav(tmp_path / "a.wav")])
    assert pool(fake).RelinkClips([clip], str(tmp_path / "new")) is False
    (tmp_path / "new").mkdir()
    shutil.move(tmp_path / "a.wav", tmp_path / "new" / "a.wav")
    assert pool(fake).RelinkClips([clip], str(tmp_path / "new"))
    assert clip.GetClipProperty("File Path") == str(tmp_path / "new" / "a.wav")


def test_a_start_timecode_inside_a_wave_is_noted_as_unmeasured(tmp_path: Path) -> None:
    path = tmp_path / "bwf.wav"
    wav(path, 1)
    raw = path.read_bytes()
    body = bytes(338) + (48000 * 3600).to_bytes(8, "little") + bytes(256)
    path.write_bytes(raw[:36] + b"bext" + len(body).to_bytes(4, "little") + body + raw[36:])
    fake = Fake()
    (clip,) = pool(fake).ImportMedia([str(path)])
    assert clip.GetClipProperty("Start TC") == "01:00:00:00"
    assert fake.unmeasured == ["bwf.wav has a start timecode inside"]


def test_metadata_colours_and_mapping_stay_with_a_clip(tmp_path: Path) -> None:
    (clip,) = pool(Fake()).ImportMedia([wav(tmp_path / "a.wav")])
    assert clip.SetThirdPartyMetadata({"hitpoint": "3f9a2c1b"})
    assert clip.GetThirdPartyMetadata("hitpoint") == "3f9a2c1b"
    assert clip.SetClipColor("Teal")
    assert clip.SetClipColor("Red") is False
    assert clip.GetClipColor() == "Teal"
    assert '"Stereo"' in clip.GetAudioMapping()


def test_audio_tracks_are_mono_where_nothing_is_said() -> None:
    own = timeline(Fake())
    assert own.AddTrack("audio")
    assert own.AddTrack("audio", "stereo")
    assert own.AddTrack("audio", "quintophonic") is False
    assert [own.GetTrackSubType("audio", index) for index in (1, 2, 3)] == ["stereo", "mono", "stereo"]
    assert own.GetTrackSubType("video", 1) == ""


def test_before_19_an_audio_track_needs_its_layout() -> None:
    own = timeline(Fake(profile("18.6.6")))
    assert own.AddTrack("audio") is False
    assert own.AddTrack("audio", "stereo") is True


def test_a_track_inserted_at_an_index_shifts_those_after_it() -> None:
    own = timeline(Fake())
    own.SetTrackName("audio", 1, "Dialogue")
    assert own.AddTrack("audio", {"audioType": "stereo", "index": 1})
    assert own.AddTrack("audio", {"audioType": "mono", "index": 9})
    assert own.GetTrackName("audio", 2) == "Dialogue"
    assert own.GetTrackSubType("audio", 3) == "mono"


def test_tracks_may_have_the_same_name() -> None:
    own = timeline(Fake())
    own.AddTrack("audio", "stereo")
    assert own.SetTrackName("audio", 1, "Music")
    assert own.SetTrackName("audio", 2, "Music")
    assert [own.GetTrackName("audio", index) for index in (1, 2)] == ["Music", "Music"]


def test_lock_and_enabled_read_false_where_the_timeline_is_not_current() -> None:
    fake = Fake()
    own = timeline(fake)
    own.SetTrackLock("audio", 1, True)
    assert (own.GetIsTrackLocked("audio", 1), own.GetIsTrackEnabled("audio", 1)) == (True, True)
    fake.new_timeline("Another")
    assert (own.GetIsTrackLocked("audio", 1), own.GetIsTrackEnabled("audio", 1)) == (False, False)


def test_a_frame_holds_one_marker() -> None:
    own = timeline(Fake())
    assert own.AddMarker(12, "Red", "cut", "met", 1, "hitpoint:1")
    assert own.AddMarker(12, "Blue", "beat", "", 1) is False
    assert own.AddMarker(13, "Blue", "beat", "", 1)


def test_marker_and_clip_colours_are_sixteen_each() -> None:
    own = timeline(Fake())
    assert [own.AddMarker(frame, colour, "", "", 1) for frame, colour in enumerate(COLOURS)] == [True] * 16
    assert own.AddMarker(99, "Orange", "", "", 1) is False
    assert own.AddMarker(99, "RED", "", "", 1) is False
    assert len(CLIP_COLOURS) == 16


def test_a_marker_lasts_a_frame_at_least() -> None:
    assert timeline(Fake()).AddMarker(1, "Red", "", "", 0) is False


@pytest.mark.parametrize(("floats", "kind"), [(True, float), (False, int)])
def test_markers_are_told_by_frame(floats: bool, kind: type) -> None:
    own = timeline(Fake(traps=Traps(float_marker_keys=floats)))
    own.AddMarker(12, "Red", "cut", "met", 2, "hitpoint:1")
    ((frame, told),) = own.GetMarkers().items()
    assert (type(frame), frame) == (kind, 12)
    assert told == {"color": "Red", "duration": 2, "note": "met", "name": "cut", "customData": "hitpoint:1"}


@pytest.mark.parametrize("lua", KINDS)
def test_a_script_finds_a_marker_by_its_whole_frame(lua: str) -> None:
    fake = Fake()
    timeline(fake).AddMarker(12, "Red", "cut", "", 1)
    assert fake.run_lua("return resolve:GetCurrentTimeline():GetMarkers()[12].name", lua).returned == "cut"


def test_deleting_by_custom_data_removes_the_first_alone() -> None:
    own = timeline(Fake())
    for frame in (30, 10, 20):
        own.AddMarker(frame, "Red", "", "", 1, "hitpoint:1")
    assert own.DeleteMarkerByCustomData("hitpoint:1")
    assert sorted(own.GetMarkers()) == [20, 30]
    assert own.GetMarkerByCustomData("hitpoint:1")
    assert own.DeleteMarkerByCustomData("other") is False
    assert own.DeleteMarkerAtFrame(20)
    assert own.UpdateMarkerCustomData(30, "mine")
    assert own.GetMarkerCustomData(30) == "mine"
    assert own.DeleteMarkersByColor("Red")
    assert own.GetMarkers() == {}


def test_a_marker_past_the_end_is_stored_or_refused() -> None:
    for how, told in (("stored", True), ("refused", False)):
        fake = Fake(traps=Traps(marker_past_end=how))  # type: ignore[arg-type]
        fake.lay(footage(), 0, 100)
        assert timeline(fake).AddMarker(99, "Red", "", "", 1)
        assert timeline(fake).AddMarker(86400, "Red", "", "", 1) is told


def test_six_arguments_with_empty_custom_data_may_be_refused() -> None:
    own = timeline(Fake(traps=Traps(refused_empty_custom=True)))
    assert own.AddMarker(1, "Red", "", "", 1, "") is False
    assert own.AddMarker(1, "Red", "", "", 1)


def test_source_frames_may_read_low_and_the_last_is_inclusive_at_another_rate(tmp_path: Path) -> None:
    for traps, project_rate, told in (
        (Traps(), None, (10, 58)),
        (Traps(source_start_low=True), None, (9, 58)),
        (Traps(), "30", (10, 57)),
    ):
        fake = Fake(traps=traps, project_rate=project_rate)
        (clip,) = pool(fake).ImportMedia([wav(tmp_path / "a.wav")])
        append(fake, clip, START, track=1, startFrame=10, endFrame=58)
        item = timeline(fake).GetItemListInTrack("audio", 1)[0]
        assert (item.GetSourceStartFrame(), item.GetSourceEndFrame()) == told


def test_source_times_include_the_start_timecode() -> None:
    fake = Fake()
    fake.lay(footage(start=86400), 0, 48, source=24)
    item = timeline(fake).GetItemListInTrack("video", 1)[0]
    assert (item.GetSourceStartTime(), item.GetSourceEndTime()) == (3601.0, 3603.0)
    assert item.GetSourceStartFrame() == 24


def test_offsets_are_exact_and_in_timeline_frames_for_sound_at_another_rate(tmp_path: Path) -> None:
    fake = Fake(project_rate="30", rate="24")
    (clip,) = pool(fake).ImportMedia([wav(tmp_path / "a.wav", 10)])
    append(fake, clip, START, track=1, startFrame=30, endFrame=60)
    item = timeline(fake).GetItemListInTrack("audio", 1)[0]
    assert (item.GetLeftOffset(), item.GetRightOffset()) == (24, 192)


def test_titles_and_transitions_have_no_media() -> None:
    fake = Fake()
    fake.lay(footage(), 0, 48)
    fake.title(48, 48)
    fake.transition(48, 10, fake.timeline.tracks["video"][0])
    items = timeline(fake).GetItemListInTrack("video", 1)
    assert [item.GetType() for item in items] == ["video", "transition", "title"]
    assert [item.GetMediaPoolItem() is None for item in items] == [False, True, True]
    assert items[1].GetProperty() == {}


def test_fades_and_volume_are_set_from_21_1_on(tmp_path: Path) -> None:
    fake = Fake()
    (clip,) = pool(fake).ImportMedia([wav(tmp_path / "a.wav")])
    append(fake, clip, START, track=1)
    item = timeline(fake).GetItemListInTrack("audio", 1)[0]
    assert item.SetProperties({"AudioVolume": -6.0})
    assert item.SetProperties({"AudioVolume": 40.0}) is False
    assert item.SetProperty("Volume", 1.0) is False
    assert item.SetFades({"FadeIn": 4})
    assert item.GetFades() == {"FadeIn": 4, "FadeOut": 0}


def test_the_user_switches_page_timeline_and_project() -> None:
    fake = Fake()
    ids = (project(fake).GetUniqueId(), timeline(fake).GetUniqueId())
    fake.user.switch_page("color")
    assert fake.resolve.GetCurrentPage() == "color"
    other = fake.new_timeline("Another")
    assert timeline(fake).GetUniqueId() == other.id != ids[1]
    fake.user.switch_timeline(None)
    assert timeline(fake) is None
    fake.user.switch_project()
    assert project(fake).GetUniqueId() != ids[0]


def test_the_user_moves_trims_and_deletes_a_stem(tmp_path: Path) -> None:
    fake = Fake()
    (clip,) = pool(fake).ImportMedia([wav(tmp_path / "a.wav")])
    for at in (0, 100, 200):
        append(fake, clip, START + at, track=1)
    first, second, third = fake.timeline.tracks["audio"][0].items
    fake.user.move(first, 4)
    fake.user.trim(second, head=10, tail=8)
    fake.user.delete(third)
    assert lying(fake, 1) == [(START + 4, 48), (START + 110, 30)]
    assert timeline(fake).GetItemListInTrack("audio", 1)[1].GetLeftOffset() == 10


def test_the_user_renames_deletes_and_inserts_tracks() -> None:
    fake = Fake()
    own = timeline(fake)
    own.AddTrack("audio", "stereo")
    own.SetTrackName("audio", 2, "Hitpoint drums")
    fake.user.insert_track("audio", 1)
    assert own.GetTrackName("audio", 3) == "Hitpoint drums"
    fake.user.rename_track(fake.timeline.tracks["audio"][2], "Mine")
    assert own.GetTrackName("audio", 3) == "Mine"
    fake.user.delete_track(fake.timeline.tracks["audio"][2])
    assert own.GetTrackCount("audio") == 2


def test_the_user_edits_the_picture_before_the_range() -> None:
    fake = Fake()
    fake.lay(footage(), 0, 100)
    fake.lay(footage(name="B.mov"), 100, 50)
    own = timeline(fake)
    own.AddMarker(120, "Red", "", "", 1)
    fake.user.edit_before(START + 100, 24)
    assert lying(fake, 1, "video") == [(START, 100), (START + 124, 50)]
    assert list(own.GetMarkers()) == [144.0]


def test_an_open_dialog_makes_every_write_false(tmp_path: Path) -> None:
    fake = Fake()
    fake.user.interrupt()
    own = timeline(fake)
    assert own.AddMarker(1, "Red", "", "", 1) is False
    assert own.AddTrack("audio", "stereo") is False
    assert pool(fake).ImportMedia([wav(tmp_path / "a.wav")]) == []
    assert fake.resolve.OpenPage("edit") is False
    assert own.GetTrackCount("audio") == 1
    fake.user.dismiss()
    assert own.AddMarker(1, "Red", "", "", 1) is True


def test_a_studio_call_on_the_free_edition_poisons_later_calls() -> None:
    for studio in (False, True):
        fake = Fake(profile("21.0.3", studio=studio))
        assert timeline(fake).DetectSceneCuts() is studio
        assert timeline(fake).AddMarker(1, "Red", "", "", 1) is studio


def test_an_untitled_project_cannot_be_saved() -> None:
    assert Fake(project_name="Untitled Project").resolve.GetProjectManager().SaveProject() is False
    assert Fake().resolve.GetProjectManager().SaveProject() is True


def test_pages_are_opened_by_name() -> None:
    fake = Fake()
    assert fake.resolve.OpenPage("fairlight")
    assert fake.page == "fairlight"
    assert fake.resolve.OpenPage("nowhere") is False


def test_a_duplicate_of_a_timeline_has_its_items_and_other_ids() -> None:
    fake = Fake()
    fake.lay(footage(), 0, 48)
    twin = timeline(fake).DuplicateTimeline("Backup")
    item, copy = timeline(fake).GetItemListInTrack("video", 1)[0], twin.GetItemListInTrack("video", 1)[0]
    assert copy.GetStart() == item.GetStart()
    assert copy.GetUniqueId() != item.GetUniqueId()
    assert copy.GetMediaPoolItem().GetUniqueId() == item.GetMediaPoolItem().GetUniqueId()
    assert timeline(fake).DuplicateTimeline("Backup") is None


def test_texts_reach_windows_scripts_as_code_page_bytes() -> None:
    fake = Fake(traps=Traps(ansi=True), name="Hö")
    assert fake.run_lua("return resolve:GetCurrentTimeline():GetName():byte(1, -1)").returned == (72, 246)
