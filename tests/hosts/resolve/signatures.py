"""The methods of Resolve's scripting interface: arguments, what a refusal answers, and since when.

Source: resolve.md, sections 1 and 2. A method that is not here does not exist in the fake, as an attribute it is None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from tests.hosts.resolve.versions import Profile

TABLE = """
Resolve
    GetProjectManager() -> object
    GetVersion() -> list
    GetVersionString() -> text
    GetProductName() -> text
    OpenPage(text) -> flag; writes
    GetCurrentPage() -> text
    Fusion() -> object
    IsStudio() -> flag; since 21.1
    GetCurrentProject() -> object; since 21.1
    GetCurrentTimeline() -> object; since 21.1
    GetMediaPool() -> object; since 21.1
ProjectManager
    GetCurrentProject() -> object
    SaveProject() -> flag; writes
Project
    GetName() -> text
    GetUniqueId() -> text
    GetTimelineCount() -> number
    GetTimelineByIndex(whole) -> object
    GetCurrentTimeline() -> object
    SetCurrentTimeline(Timeline) -> flag; writes
    GetMediaPool() -> object
    GetSetting(text?) -> text
    SetSetting(text, text) -> flag; writes
    GetSettings() -> table; since 21.1
MediaPool
    GetRootFolder() -> object
    GetCurrentFolder() -> object
    SetCurrentFolder(Folder) -> flag; writes
    AddSubFolder(Folder, text) -> object; writes
    ImportMedia([text]) -> list; writes
    ImportMedia([table]) -> list; writes; since 21.1
    AppendToTimeline([table]) -> list; writes
    GetSelectedClips() -> list; since 19.0.2
    SetSelectedClip(Clip) -> flag; writes; since 19.0.2
    RelinkClips([Clip], text) -> flag; writes
    ImportTimelineFromFile(text, table?) -> object; writes
Folder
    GetName() -> text
    GetClipList() -> list
    GetSubFolderList() -> list
    GetUniqueId() -> text
Clip
    GetName() -> text
    GetUniqueId() -> text
    GetClipProperty(text?) -> text
    SetClipProperty(text, text) -> flag; writes
    GetMetadata(text?) -> text
    SetMetadata(table) -> flag; writes
    GetThirdPartyMetadata(text?) -> text; since 19.0.2
    SetThirdPartyMetadata(table) -> flag; writes; since 19.0.2
    GetAudioMapping() -> text; since 19.0
    SetAudioMapping(text) -> flag; writes; since 21.1
    GetClipColor() -> text
    SetClipColor(text) -> flag; writes
    ClearClipColor() -> flag; writes
    ReplaceClip(text) -> flag; writes
    ReplaceClipPreserveSubClip(text) -> flag; writes; since 20.0
    TranscribeAudio() -> flag; writes; studio
    @markers
Timeline
    GetName() -> text
    GetUniqueId() -> text
    GetSetting(text?) -> text
    SetSetting(text, text) -> flag; writes
    GetSettings() -> table; since 21.1
    GetStartFrame() -> number
    GetEndFrame() -> number
    GetStartTimecode() -> text
    SetStartTimecode(text) -> flag; writes
    GetCurrentTimecode() -> text
    SetCurrentTimecode(text) -> flag; writes
    GetCurrentVideoItem() -> object
    GetMarkInOut() -> table; since 19.1
    SetMarkInOut(number, number, text?) -> flag; writes; since 19.1
    ClearMarkInOut(text?) -> flag; writes; since 19.1
    GetSelectedClips() -> list; since 21.0.4
    Export(text, any, any) -> flag; writes
    Export(text, any) -> flag; writes; until 21.1
    GetTrackCount(text) -> number
    GetTrackName(text, whole) -> text
    SetTrackName(text, whole, text) -> flag; writes
    GetTrackSubType(text, whole) -> text; since 19.0.1
    AddTrack(text, text?) -> flag; writes
    AddTrack(text, table) -> flag; writes; since 19.0
    DeleteTrack(text, whole) -> flag; writes
    SetTrackEnable(text, whole, flag) -> flag; writes
    GetIsTrackEnabled(text, whole) -> flag
    SetTrackLock(text, whole, flag) -> flag; writes
    GetIsTrackLocked(text, whole) -> flag
    GetItemListInTrack(text, whole) -> list
    DeleteClips([Item], flag?) -> flag; writes
    SetClipsLinked([Item], flag) -> flag; writes
    DuplicateTimeline(text?) -> object; writes
    DetectSceneCuts() -> flag; writes; studio
    @markers
Item
    GetName() -> text
    SetName(text) -> flag; writes; since 20.2
    GetUniqueId() -> text
    GetStart() -> number
    GetStart(flag) -> number; since 19.0.2
    GetEnd() -> number
    GetEnd(flag) -> number; since 19.0.2
    GetDuration() -> number
    GetDuration(flag) -> number; since 19.0.2
    GetLeftOffset() -> number
    GetRightOffset() -> number
    GetSourceStartFrame() -> number; since 19.0.2
    GetSourceEndFrame() -> number; since 19.0.2
    GetSourceStartTime() -> number; since 19.0.2
    GetSourceEndTime() -> number; since 19.0.2
    GetMediaPoolItem() -> object
    GetTrackTypeAndIndex() -> list; since 19.0
    GetLinkedItems() -> list; since 19.0
    GetClipColor() -> text
    SetClipColor(text) -> flag; writes
    ClearClipColor() -> flag; writes
    GetClipEnabled() -> flag
    SetClipEnabled(flag) -> flag; writes
    GetProperty(text?) -> table
    SetProperty(text, any) -> flag; writes
    SetProperties(table) -> flag; writes; since 21.1
    GetFades() -> table; since 21.1
    SetFades(table) -> flag; writes; since 21.1
    GetType() -> text; since 21.1
    GetFusionCompCount() -> number
    AddTake(Clip, number?, number?) -> flag; writes
    GetTakesCount() -> number
    GetTakeByIndex(whole) -> table
    SelectTakeByIndex(whole) -> flag; writes
    GetSelectedTakeIndex() -> number
    DeleteTakeByIndex(whole) -> flag; writes
    FinalizeTake() -> flag; writes
    @markers
Fusion
    GetPrefs(text?) -> any
    SetPrefs(text, any) -> flag
    SavePrefs() -> flag
"""

_MARKERS = """
    AddMarker(number, text, text, text, number, text?) -> flag; writes
    GetMarkers() -> table
    GetMarkerByCustomData(text) -> table
    GetMarkerCustomData(number) -> text
    UpdateMarkerCustomData(number, text) -> flag; writes
    DeleteMarkerAtFrame(number) -> flag; writes
    DeleteMarkerByCustomData(text) -> flag; writes
    DeleteMarkersByColor(text) -> flag; writes
"""

KINDS = ("Resolve", "ProjectManager", "Project", "MediaPool", "Folder", "Clip", "Timeline", "Item", "Fusion")
_LINE = re.compile(r"(\w+)\((.*)\) -> (\w+)((?:; [\w. ]+)*)")
_REFUSALS: Mapping[str, Callable[[], object]] = {
    "flag": lambda: False,
    "list": list,
    "text": lambda: "",
    "number": lambda: None,
    "table": dict,
    "object": lambda: None,
    "any": lambda: None,
}


@dataclass(frozen=True)
class Signature:
    """One way of calling a method."""

    arguments: tuple[str, ...]
    answer: str
    writes: bool = False
    studio: bool = False
    since: str = "0"
    until: str = "99"

    def exists(self, build: Profile) -> bool:
        """Whether that build knows this form."""
        return build.since(self.since) and not build.since(self.until)

    def refusal(self) -> object:
        """What a refused call answers: no reason, no error."""
        return _REFUSALS[self.answer]()

    def fits(self, given: Sequence[object], kind_of: Callable[[object], str | None]) -> bool:
        """Whether count and types of the arguments are right."""
        needed = sum(not kind.endswith("?") for kind in self.arguments)
        if not needed <= len(given) <= len(self.arguments):
            return False
        pairs = zip(self.arguments, given, strict=False)
        return all(_is(value, kind, kind_of) for kind, value in pairs)


def _is(value: object, kind: str, kind_of: Callable[[object], str | None]) -> bool:
    if kind.endswith("?"):
        return value is None or _is(value, kind[:-1], kind_of)
    if kind.startswith("["):
        return isinstance(value, list) and bool(value) and all(_is(item, kind[1:-1], kind_of) for item in value)
    if kind in KINDS:
        return kind_of(value) == kind
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    checks: Mapping[str, bool] = {
        "any": value is not None,
        "text": isinstance(value, str),
        "flag": isinstance(value, bool),
        "number": is_number,
        "whole": isinstance(value, (int, float)) and is_number and value == int(value),
        "table": isinstance(value, dict) or value == [],
    }
    return checks[kind]


def _parse() -> dict[str, dict[str, tuple[Signature, ...]]]:
    table: dict[str, dict[str, tuple[Signature, ...]]] = {}
    methods: dict[str, tuple[Signature, ...]] = {}
    for line in TABLE.replace("    @markers", _MARKERS.strip("\n")).splitlines():
        if not line.strip():
            continue
        if not line.startswith(" "):
            methods = table.setdefault(line, {})
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise ValueError(f"not a signature: {line}")
        name, arguments, answer, notes = match.groups()
        said = {word: version for word, _, version in (note.partition(" ") for note in notes.split("; ")[1:])}
        signature = Signature(
            tuple(kind.strip() for kind in arguments.split(",") if kind.strip()),
            answer,
            "writes" in said,
            "studio" in said,
            said.get("since", "0"),
            said.get("until", "99"),
        )
        methods[name] = (*methods.get(name, ()), signature)
    return table


METHODS = _parse()
"""Kind of object → method → its forms."""


@cache
def forms(kind: str, name: str, build: Profile) -> tuple[Signature, ...]:
    """The forms of a method that a build knows; empty where it has no such method."""
    return tuple(form for form in METHODS[kind].get(name, ()) if form.exists(build))


@cache
def names(kind: str, build: Profile) -> tuple[str, ...]:
    """The methods that a build's objects have."""
    return tuple(sorted(name for name in METHODS[kind] if forms(kind, name, build)))
