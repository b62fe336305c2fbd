"""The functions that the fake offers, with the types that REAPER publishes for them.

Conventions
    One word per function: `mark name(arguments)returns@since`. Types are single letters (see `TYPES`), `?` after one
    means that it may be left out; `since` is the first version that lists the function (left out: 6.24 or earlier).
    Marks: `!` changes what an undo point holds, `~` changes what none is needed for (selection, cursor, ext state),
    `=` changes it when its boolean is true; no mark only reads.
Source
    The published ReaScript documentation; a test compares every line with it. The marker objects of 7.62 come from
    public scripts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TYPES = {
    "P": "ReaProject",
    "T": "MediaTrack",
    "I": "MediaItem",
    "K": "MediaItem_Take",
    "S": "PCM_source",
    "R": "ProjectMarker",
    "W": "HWND",
    "x": "identifier",
    "i": "integer",
    "n": "number",
    "b": "boolean",
    "s": "string",
}
POINTERS = frozenset({"ReaProject", "MediaTrack", "MediaItem", "MediaItem_Take", "PCM_source", "ProjectMarker", "HWND"})

_PROGRAM = """
APIExists(s)b GetAppVersion()s GetOS()s GetResourcePath()s get_ini_file()s time_precise()n file_exists(s)b
RecursiveCreateDirectory(si)i EnumerateFiles(si)s EnumerateSubdirectories(si)s ExecProcess(si)s genGuid(s)s
~SetExtState(sssb) ~DeleteExtState(ssb) GetExtState(ss)s HasExtState(ss)b ColorToNative(iii)i ColorFromNative(i)iii
ShowConsoleMsg(s) ClearConsole() MB(ssi)i ShowMessageBox(ssi)i GetUserInputs(siss)bs GetMainHwnd()W
NamedCommandLookup(s)i !Main_OnCommand(ii) !Main_OnCommandEx(iiP) GetToggleCommandState(i)i
SetToggleCommandState(iii)b RefreshToolbar2(ii)
"""

_PROJECT = """
EnumProjects(i)Ps SelectProjectInstance(P) GetProjectName(P)s GetProjectPath()s GetProjectPathEx(P)s
GetProjectLength(P)n GetProjectTimeOffset(Pb)n GetProjectStateChangeCount(P)i IsProjectDirty(P)i MarkProjectDirty(P)
Main_SaveProject(Pb) Main_SaveProjectEx(Psi)@7.08 ~SetProjExtState(Psss)i GetProjExtState(Pss)is
EnumProjExtState(Psi)bss =GetSetProjectNotes(Pbs)s =GetSetProjectInfo(Psnb)n =GetSetProjectInfo_String(Pssb)bs
GetSet_LoopTimeRange(bbnnb)nn GetSet_LoopTimeRange2(Pbbnnb)nn GetCursorPosition()n GetCursorPositionEx(P)n
~SetEditCurPos(nbb) ~SetEditCurPos2(Pnbb) ~MoveEditCursor(nb) GetPlayState()i
GetPlayStateEx(P)i OnPlayButton() OnStopButton() GetSetRepeat(i)i GetSetRepeatEx(Pi)i ValidatePtr(xs)b
ValidatePtr2(Pxs)b UpdateArrange() UpdateTimeline() UpdateItemInProject(I) UpdateItemLanes(P)b@7.08
PreventUIRefresh(i) Undo_BeginBlock() Undo_BeginBlock2(P) Undo_EndBlock(si) Undo_EndBlock2(Psi) Undo_CanUndo2(P)s
Undo_CanRedo2(P)s Undo_DoUndo2(P)i Undo_DoRedo2(P)i format_timestr(ns)s
format_timestr_pos(nsi)s parse_timestr(s)n parse_timestr_pos(si)n
"""

_TRACKS = """
CountTracks(P)i GetNumTracks()i GetTrack(Pi)T GetMasterTrack(P)T !InsertTrackAtIndex(ib)
!InsertTrackInProject(Pii)@7.40 !DeleteTrack(T) GetTrackGUID(T)s GetTrackName(T)bs GetParentTrack(T)T
GetTrackDepth(T)i GetTrackColor(T)i !SetTrackColor(Ti) GetMediaTrackInfo_Value(Ts)n !SetMediaTrackInfo_Value(Tsn)b
=GetSetMediaTrackInfo_String(Tssb)bs CountSelectedTracks(P)i CountSelectedTracks2(Pb)i GetSelectedTrack(Pi)T
GetSelectedTrack2(Pib)T IsTrackSelected(T)b ~SetTrackSelected(Tb) ~SetOnlyTrackSelected(T) GetLastTouchedTrack()T
IsTrackVisible(Tb)b TrackList_AdjustWindows(b) CountTrackMediaItems(T)i GetTrackNumMediaItems(T)i
GetTrackMediaItem(Ti)I GetTrackStateChunk(Tsb)bs !SetTrackStateChunk(Tsb)b
"""

_ITEMS = """
!AddMediaItemToTrack(T)I !CreateNewMIDIItemInProj(Tnnb?)I !DeleteTrackMediaItem(TI)b !MoveMediaItemToTrack(IT)b
!SplitMediaItem(In)I CountMediaItems(P)i GetMediaItem(Pi)I CountSelectedMediaItems(P)i GetSelectedMediaItem(Pi)I
IsMediaItemSelected(I)b ~SetMediaItemSelected(Ib) ~SelectAllMediaItems(Pb) GetMediaItemTrack(I)T
GetMediaItem_Track(I)T GetItemProjectContext(I)P GetMediaItemInfo_Value(Is)n !SetMediaItemInfo_Value(Isn)b
!SetMediaItemPosition(Inb)b !SetMediaItemLength(Inb)b =GetSetMediaItemInfo_String(Issb)bs GetItemStateChunk(Isb)bs
!SetItemStateChunk(Isb)b GetDisplayedMediaItemColor(I)i !InsertMedia(si)i
"""

_TAKES = """
!AddTakeToMediaItem(I)K CountTakes(I)i GetMediaItemNumTakes(I)i GetActiveTake(I)K !SetActiveTake(K) GetTake(Ii)K
GetMediaItemTake(Ii)K GetMediaItemTake_Item(K)I GetMediaItemTake_Track(K)T GetMediaItemTakeByGUID(Ps)K GetTakeName(K)s
GetMediaItemTakeInfo_Value(Ks)n !SetMediaItemTakeInfo_Value(Ksn)b =GetSetMediaItemTakeInfo_String(Kssb)bs
TakeIsMIDI(K)b GetNumTakeMarkers(K)i GetTakeMarker(Ki)nsi !SetTakeMarker(Kisn?i?)i !DeleteTakeMarker(Ki)b
GetMediaItemTake_Source(K)S !SetMediaItemTake_Source(KS)b
"""

_SOURCES = """
PCM_Source_CreateFromFile(s)S PCM_Source_CreateFromFileEx(sb)S PCM_Source_Destroy(S) PCM_Source_BuildPeaks(Si)i@6.47
PCM_Source_GetSectionInfo(S)bnnb GetMediaSourceFileName(S)s GetMediaSourceType(S)s GetMediaSourceLength(S)nb
GetMediaSourceNumChannels(S)i GetMediaSourceSampleRate(S)i GetMediaSourceParent(S)S
"""

_MIDI = """
MIDI_CountEvts(K)iiii MIDI_GetNote(Ki)bbbnniii !MIDI_InsertNote(Kbbnniiib?)b MIDI_GetAllEvts(K)bs
!MIDI_SetAllEvts(Ks)b MIDI_Sort(K) MIDI_GetPPQPosFromProjTime(Kn)n MIDI_GetPPQPosFromProjQN(Kn)n
MIDI_GetProjTimeFromPPQPos(Kn)n MIDI_GetProjQNFromPPQPos(Kn)n !MIDI_SetItemExtents(Inn)b MIDI_GetHash(Kb)bs
"""

_TEMPO = """
CountTempoTimeSigMarkers(P)i GetTempoTimeSigMarker(Pi)bninniib !SetTempoTimeSigMarker(Pininniib)b
!AddTempoTimeSigMarker(Pnniib)b !DeleteTempoTimeSigMarker(Pi)b FindTempoTimeSigMarker(Pn)i
=GetSetTempoTimeSigMarkerFlag(Piib)i@7.40 !SetCurrentBPM(Pnb) Master_GetTempo()n Master_GetPlayRate(P)n
GetProjectTimeSignature()nn GetProjectTimeSignature2(P)nn TimeMap_curFrameRate(P)nb TimeMap_timeToQN(n)n
TimeMap_QNToTime(n)n TimeMap_timeToQN_abs(Pn)n TimeMap_QNToTime_abs(Pn)n TimeMap2_timeToQN(Pn)n TimeMap2_QNToTime(Pn)n
TimeMap2_timeToBeats(Pn)niini TimeMap2_beatsToTime(Pni?)n TimeMap_GetMeasureInfo(Pi)nnniin
TimeMap_GetTimeSigAtTime(Pn)iin TimeMap_GetDividedBpmAtTime(n)n TimeMap2_GetDividedBpmAtTime(Pn)n
TimeMap2_GetNextChangeTime(Pn)n
"""

_MARKERS = """
!AddProjectMarker(Pbnnsi)i !AddProjectMarker2(Pbnnsii)i CountProjectMarkers(P)iii EnumProjectMarkers(i)ibnnsi
EnumProjectMarkers2(Pi)ibnnsi EnumProjectMarkers3(Pi)ibnnsii !SetProjectMarker(ibnns)b !SetProjectMarker2(Pibnns)b
!SetProjectMarker3(Pibnnsi)b !SetProjectMarker4(Pibnnsii)b !SetProjectMarkerByIndex2(Pibnnisii)b
!DeleteProjectMarker(Pib)b !DeleteProjectMarkerByIndex(Pi)b GetLastMarkerAndCurRegion(Pn)ii
GetNumRegionsOrMarkers(P)i@7.62 GetRegionOrMarker(Pis)R@7.62 GetRegionOrMarkerInfo_Value(PRs)n@7.62
!SetRegionOrMarkerInfo_Value(PRsn)b@7.62 =GetSetRegionOrMarkerInfo_String(PRssb)bs@7.62
"""


@dataclass(frozen=True)
class Argument:
    """One parameter of a function."""

    type: str
    optional: bool = False


@dataclass(frozen=True)
class Signature:
    """What a function takes and gives, and since when there is one."""

    name: str
    mark: str
    """`!`, `~`, `=` or empty: what a call changes."""
    arguments: tuple[Argument, ...]
    returns: tuple[str, ...]
    since: tuple[int, ...]


def version_number(text: str) -> tuple[int, ...]:
    """A version as numbers that compare: "7.08" is (7, 8)."""
    return tuple(int(part) for part in re.findall(r"\d+", text.split("/")[0]))


def _signature(word: str) -> Signature:
    found = re.fullmatch(r"([!~=]?)(\w+)\(([^)]*)\)(\w*)(?:@([\d.]+))?", word)
    if not found:
        raise ValueError(f"{word} is no signature")
    mark, name, taken, given, since = found.groups()
    arguments = tuple(Argument(TYPES[letter], bool(may)) for letter, may in re.findall(r"(\w)(\??)", taken))
    return Signature(name, mark, arguments, tuple(TYPES[letter] for letter in given), version_number(since or "0"))


_GROUPS = (_PROGRAM, _PROJECT, _TRACKS, _ITEMS, _TAKES, _SOURCES, _MIDI, _TEMPO, _MARKERS)
SIGNATURES = {signature.name: signature for group in _GROUPS for signature in map(_signature, group.split())}
"""Function name to signature: everything that the fake offers through the `reaper` table, its Lua-only calls aside."""
