"""Resolve itself, its projects and Fusion: what their objects answer."""
# ruff: noqa: N802 - the names are Resolve's

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.hosts.resolve import model
from tests.hosts.resolve.surface import Part
from tests.hosts.resolve.timecode import short

if TYPE_CHECKING:
    from tests.hosts.resolve.fake import Fake

PAGES = ("media", "cut", "edit", "fusion", "color", "fairlight", "deliver")


class ResolveRoom:
    """The resolve object."""

    def __init__(self, fake: Fake, _: object) -> None:
        self.fake = fake

    def GetProjectManager(self) -> Part:
        return Part("ProjectManager")

    def GetVersion(self) -> list[object]:
        return [*self.fake.profile.version, 7, ""]

    def GetVersionString(self) -> str:
        return ".".join(map(str, (*self.fake.profile.version, 7)))

    def GetProductName(self) -> str:
        return self.fake.profile.name

    def OpenPage(self, page: str) -> bool:
        if page not in PAGES:
            return False
        self.fake.page = page
        return True

    def GetCurrentPage(self) -> str:
        return self.fake.page

    def Fusion(self) -> Part:
        self.fake.wrong_calls.append("Resolve.Fusion() may start a Fusion of its own: use the global")
        return Part("Fusion")

    def IsStudio(self) -> bool:
        return self.fake.profile.studio

    def GetCurrentProject(self) -> model.Project:
        return self.fake.project

    def GetCurrentTimeline(self) -> model.Timeline | None:
        return self.fake.project.timeline

    def GetMediaPool(self) -> Part:
        return Part("MediaPool", self.fake.project)


class ProjectManagerRoom:
    """The project manager."""

    def __init__(self, fake: Fake, _: object) -> None:
        self.fake = fake

    def GetCurrentProject(self) -> model.Project:
        return self.fake.project

    def SaveProject(self) -> bool:
        project = self.fake.project
        if project.name == "Untitled Project":
            return False
        for timeline in project.timelines:
            for track in timeline.all_tracks():
                for item in [item for item in track.items if item.unsaved]:
                    track.take_off(item)
        project.saves += 1
        return True


class ProjectRoom:
    """A project."""

    def __init__(self, fake: Fake, target: model.Project) -> None:
        self.fake = fake
        self.project = target

    def GetName(self) -> str:
        return self.project.name

    def GetUniqueId(self) -> str:
        return self.project.id

    def GetTimelineCount(self) -> int:
        return len(self.project.timelines)

    def GetTimelineByIndex(self, index: float) -> model.Timeline | None:
        timelines = self.project.timelines
        return timelines[int(index) - 1] if 1 <= index <= len(timelines) else None

    def GetCurrentTimeline(self) -> model.Timeline | None:
        return self.project.timeline

    def SetCurrentTimeline(self, timeline: model.Timeline | None) -> bool:
        if timeline is None or timeline not in self.project.timelines:
            return False
        if timeline is not self.project.timeline:
            timeline.playhead = timeline.start  # it moves the playhead and does not bring it back (1.1)
        self.project.timeline = timeline
        return True

    def GetMediaPool(self) -> Part:
        return Part("MediaPool", self.project)

    def GetSetting(self, key: str | None = None) -> Any:
        settings = self.GetSettings()
        return settings if key is None else settings.get(key, "")

    def SetSetting(self, key: str, value: str) -> bool:
        if key == "timelineFrameRate":
            return False  # fixed once there is a timeline
        self.project.settings[key] = value
        return True

    def GetSettings(self) -> dict[str, Any]:
        project = self.project
        return {
            "timelineFrameRate": self.fake.rate_setting(project.rate, project.drop),
            "timelineDropFrameTimecode": str(int(project.drop)),
            "timelineSampleRate": str(project.sample_rate),
            "timelineResolutionWidth": "1920",
            "timelineResolutionHeight": "1080",
            "timelinePlaybackFrameRate": str(short(project.rate)),
            **project.settings,
        }


class FusionRoom:
    """The fusion object: the preferences are of use to scripts."""

    def __init__(self, fake: Fake, _: object) -> None:
        self.fake = fake

    def GetPrefs(self, key: str | None = None) -> Any:
        return dict(self.fake.prefs) if key is None else self.fake.prefs.get(key)

    def SetPrefs(self, key: str, value: object) -> bool:
        self.fake.prefs[key] = value
        return True

    def SavePrefs(self) -> bool:
        self.fake.saved_prefs = dict(self.fake.prefs)
        return True
