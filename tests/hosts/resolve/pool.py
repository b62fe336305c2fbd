"""The Media Pool: bins and clips."""
# ruff: noqa: N802 - the names are Resolve's

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.hosts.resolve.append import append
from tests.hosts.resolve.markers import CLIP_COLOURS, MarkersRoom
from tests.hosts.resolve.media import read_media
from tests.hosts.resolve.model import Folder, Media, Project, Timeline
from tests.hosts.resolve.surface import Part, Returned
from tests.hosts.resolve.timecode import short, timecode_of
from tests.hosts.resolve.traps import TYPE_NAMES

if TYPE_CHECKING:
    from tests.hosts.resolve.fake import Fake


class MediaPoolRoom:
    """The pool of a project."""

    def __init__(self, fake: Fake, target: Part) -> None:
        self.fake = fake
        assert isinstance(target.of, Project)
        self.project = target.of

    def GetRootFolder(self) -> Folder:
        return self.project.root

    def GetCurrentFolder(self) -> Folder:
        return self.project.folder

    def SetCurrentFolder(self, folder: Folder | None) -> bool:
        if folder is None:
            return False
        self.project.folder = folder
        return True

    def AddSubFolder(self, parent: Folder | None, name: str) -> Folder | None:
        if parent is None or any(folder.name == name for folder in parent.folders):
            return None
        folder = Folder(name)
        parent.folders.append(folder)
        return folder

    def ImportMedia(self, wanted: list[Any]) -> list[Media]:
        """Into the current bin; a path that is there already gives its clip, not read again."""
        clips = []
        for entry in wanted:
            path = entry.get("FilePath") if isinstance(entry, dict) else entry
            if not isinstance(path, str) or not Path(path).is_absolute():
                self.fake.wrong_calls.append(f"MediaPool.ImportMedia wants absolute paths, not {entry!r}")
                continue
            known = next((clip for clip in self.project.folder.clips if clip.path == path), None)
            clip = known or read_media(Path(path), self.project.rate)
            if clip is None:
                continue
            if known is None:
                self.project.folder.clips.append(clip)
                if clip.start and not clip.video:
                    self.fake.unmeasured.append(f"{clip.name} has a start timecode inside")
            clips.append(clip)
        return clips

    def AppendToTimeline(self, wanted: list[dict[str, Any]]) -> list[Returned] | None:
        return append(self.fake, self.project, wanted)

    def GetSelectedClips(self) -> list[Media]:
        return list(self.project.pool_selection)

    def SetSelectedClip(self, clip: Media | None) -> bool:
        if clip is None:
            return False
        self.project.pool_selection = [clip]
        return True

    def RelinkClips(self, clips: list[Media | None], folder: str) -> bool:
        found = [(clip, Path(folder) / Path(clip.path).name) for clip in clips if clip]
        if len(found) < len(clips) or not all(path.is_file() for _, path in found):
            return False
        for clip, path in found:
            clip.path = str(path)
        return True

    def ImportTimelineFromFile(self, path: str, options: dict[str, Any] | None = None) -> Timeline | None:
        return self.fake.import_timeline(Path(path), options or {})


class FolderRoom:
    """A bin."""

    def __init__(self, fake: Fake, target: Folder) -> None:
        self.fake = fake
        self.folder = target

    def GetName(self) -> str:
        return self.folder.name

    def GetClipList(self) -> list[Media]:
        return list(self.folder.clips)

    def GetSubFolderList(self) -> list[Folder]:
        return list(self.folder.folders)

    def GetUniqueId(self) -> str:
        return self.folder.id


class ClipRoom(MarkersRoom):
    """A clip of the pool."""

    def __init__(self, fake: Fake, target: Media) -> None:
        self.fake = fake
        self.media = target
        self.markers = target.markers

    def GetName(self) -> str:
        return self.media.name

    def GetUniqueId(self) -> str:
        return self.media.id

    def GetClipProperty(self, key: str | None = None) -> Any:
        properties = self._properties()
        return properties if key is None else properties.get(key, "")

    def _properties(self) -> dict[str, Any]:
        media = self.media
        types = TYPE_NAMES[self.fake.traps.language]
        kind = "both" if media.video and media.audio else "video" if media.video else "audio"
        last = media.start + media.frames - 1
        return {
            "File Name": Path(media.path).name,
            "File Path": media.path,
            "Clip Name": media.name,
            "Type": types[kind],
            "FPS": short(media.rate),
            "Duration": timecode_of(media.frames, media.rate, media.drop),
            "Frames": str(media.frames) if media.video else "",
            "Start": str(media.start) if media.video else "",
            "End": str(last) if media.video else "",
            "Start TC": timecode_of(media.start, media.rate, media.drop),
            "Sample Rate": str(media.sample_rate),
            "Audio Ch": str(media.channels),
            "Audio Bit Depth": str(media.bits),
            **media.properties,
        }

    def SetClipProperty(self, key: str, value: str) -> bool:
        if key in ("FPS", "Frames", "File Path", "Duration", "Type"):
            return False
        self.media.properties[key] = value
        return True

    def GetMetadata(self, key: str | None = None) -> Any:
        return dict(self.media.metadata) if key is None else self.media.metadata.get(key, "")

    def SetMetadata(self, fields: dict[str, str]) -> bool:
        self.media.metadata.update(fields)
        return True

    def GetThirdPartyMetadata(self, key: str | None = None) -> Any:
        return dict(self.media.third_party) if key is None else self.media.third_party.get(key, "")

    def SetThirdPartyMetadata(self, fields: dict[str, str]) -> bool:
        self.media.third_party.update(fields)
        return True

    def GetAudioMapping(self) -> str:
        channels = list(range(1, self.media.channels + 1))
        kind = {1: "Mono", 2: "Stereo"}.get(len(channels), "Adaptive")
        track = {"channel_idx": channels, "mute": False, "type": kind}
        told = {"embedded_audio_channels": len(channels), "linked_audio": {}, "track_mapping": {"1": track}}
        return self.media.mapping or json.dumps(told)

    def SetAudioMapping(self, mapping: str) -> bool:
        self.media.mapping = mapping
        return True

    def GetClipColor(self) -> str:
        return self.media.colour

    def SetClipColor(self, colour: str) -> bool:
        if colour not in CLIP_COLOURS:
            return False
        self.media.colour = colour
        return True

    def ClearClipColor(self) -> bool:
        self.media.colour = ""
        return True

    def ReplaceClip(self, path: str) -> bool:
        """The file under every use of the clip; edit points stay."""
        fresh = read_media(Path(path), self.media.rate)
        if fresh is None:
            return False
        self.media.path, self.media.name = fresh.path, fresh.name
        self.media.frames, self.media.channels = fresh.frames, fresh.channels
        return True

    ReplaceClipPreserveSubClip = ReplaceClip

    def TranscribeAudio(self) -> bool:
        return True
