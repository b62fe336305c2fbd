"""Project tabs: paths, saving, ext state, time selection, undo, refreshing."""

# ruff: noqa: ARG001 (every function is handed the fake and all that REAPER documents)

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.hosts.reaper import timecode, undo
from tests.hosts.reaper.api.registry import Refused, function, on_active
from tests.hosts.reaper.api.tracks import one_line, unknown
from tests.hosts.reaper.handles import Handle
from tests.hosts.reaper.parameters import PROJECT, find
from tests.hosts.reaper.state import Project

if TYPE_CHECKING:
    from tests.hosts.reaper.host import Fake

_STRINGS = ("PROJECT_NAME", "PROJECT_TITLE", "PROJECT_AUTHOR", "RECORD_PATH", "RENDER_FILE", "RENDER_PATTERN")


@function("EnumProjects")
def enum_projects(fake: Fake, index: int) -> tuple[Project | None, str]:
    if index == -1:
        return fake.active, fake.active.path
    if 0 <= index < len(fake.projects):
        return fake.projects[index], fake.projects[index].path
    return None, ""


@function("SelectProjectInstance")
def select_project(fake: Fake, project: Project) -> None:
    fake.active = project


@function("GetProjectName")
def project_name(fake: Fake, project: Project) -> str:
    return project.path.replace("\\", "/").rpartition("/")[2]


@function("GetProjectPathEx")
def project_path(fake: Fake, project: Project) -> str:
    return project.media or str(Path(project.path).parent)


on_active("GetProjectPath", project_path)


@function("GetProjectLength")
def project_length(fake: Fake, project: Project) -> float:
    ends = [item.end for item in project.state.items()] + [marker.end for marker in project.state.markers]
    return max(ends, default=0.0)


@function("GetProjectTimeOffset")
def time_offset(fake: Fake, project: Project, whole_frames: bool) -> float:
    offset, rate = project.state.offset, timecode.rate(project.state)
    return round(offset * rate) / rate if whole_frames else offset


@function("GetProjectStateChangeCount")
def change_count(fake: Fake, project: Project) -> int:
    return project.changes


@function("IsProjectDirty")
def is_dirty(fake: Fake, project: Project) -> int:
    return int(project.dirty)


@function("MarkProjectDirty")
def mark_dirty(fake: Fake, project: Project) -> None:
    project.dirty = True


@function("Main_SaveProjectEx")
def save_as(fake: Fake, project: Project, file: str, options: int) -> None:
    if not file and not project.path:
        fake.blocking_calls.append("Main_SaveProject: where to save")
        answer = fake.answers.popleft() if fake.answers else None
        if not answer:
            return
        file = str(answer)
    fake.user.save(project, file or project.path)


@function("Main_SaveProject")
def save(fake: Fake, project: Project, as_new: bool) -> None:
    save_as(fake, project, "", 0)


@function("SetProjExtState")
def set_ext(fake: Fake, project: Project, section: str, key: str, value: str) -> int:
    """An empty value deletes the key, an empty key the section; gives how much the section holds."""
    ext, value = project.state.ext, one_line(value)
    if not key:
        project.state.ext = {pair: text for pair, text in ext.items() if pair[0] != section}
    elif value:
        ext[section, key] = value
    else:
        ext.pop((section, key), None)
    project.changes += 1
    project.dirty = True
    return sum(pair[0] == section for pair in project.state.ext)


@function("GetProjExtState")
def get_ext(fake: Fake, project: Project, section: str, key: str) -> tuple[int, str]:
    value = project.state.ext.get((section, key))
    return int(value is not None), value or ""


@function("EnumProjExtState")
def enum_ext(fake: Fake, project: Project, section: str, index: int) -> tuple[bool, str | None, str | None]:
    found = [(key, value) for (name, key), value in project.state.ext.items() if name == section]
    return (True, *found[index]) if 0 <= index < len(found) else (False, None, None)


@function("GetSetProjectNotes")
def project_notes(fake: Fake, project: Project, change: bool, text: str) -> str:
    if change:
        project.state.notes = text
    return project.state.notes


@function("GetSetProjectInfo")
def project_value(fake: Fake, project: Project, name: str, value: float, change: bool) -> float:
    parameter = find(PROJECT, name, fake.number)
    if parameter is None:
        unknown(fake, "a project", name)
        return 0.0
    if name == "PROJECT_TIMEBASE":
        return float(project.state.timebase)
    if name == "PROJECT_SRATE":
        if change:
            project.state.sample_rate = int(value)
        return float(project.state.sample_rate)
    return 1.0 if name == "PROJECT_SRATE_USE" else parameter.default


@function("GetSetProjectInfo_String")
def project_string(fake: Fake, project: Project, name: str, text: str, change: bool) -> tuple[bool, str]:
    ordered = project.state.ordered_markers()
    head, _, rest = name.partition(":")
    if head == "MARKER_GUID" and rest.isdigit():
        return (True, ordered[int(rest)].guid) if int(rest) < len(ordered) else (False, "")
    if head == "MARKER_INDEX_FROM_GUID":
        index = next((i for i, marker in enumerate(ordered) if marker.guid == rest), None)
        return (False, "") if index is None else (True, str(index))
    if name == "PROJECT_NAME":
        return True, project_name(fake, project)
    if name == "RECORD_PATH":
        if change:
            project.media = text
        return True, project.media
    if name not in _STRINGS and not (head == "RULER_LANE_NAME" and fake.number >= (7, 62)):
        unknown(fake, "a project", name)
        return False, ""
    return not change, ""


@function("GetSet_LoopTimeRange2")
def time_range(
    fake: Fake, project: Project, change: bool, loop: bool, start: float, end: float, seek: bool
) -> tuple[float, float]:
    if change:
        if loop:
            project.state.loop = (start, end)
        else:
            project.state.selection = (start, end)
    return project.state.loop if loop else project.state.selection


on_active("GetSet_LoopTimeRange", time_range)


@function("GetCursorPositionEx")
def cursor(fake: Fake, project: Project) -> float:
    return project.state.cursor


on_active("GetCursorPosition", cursor)


@function("SetEditCurPos2")
def set_cursor(fake: Fake, project: Project, time: float, view: bool, seek: bool) -> None:
    project.state.cursor = max(time, 0.0)


on_active("SetEditCurPos", set_cursor)


@function("MoveEditCursor")
def move_cursor(fake: Fake, amount: float, select: bool) -> None:
    set_cursor(fake, fake.active, fake.active.state.cursor + amount, False, False)


@function("GetPlayStateEx")
def play_state(fake: Fake, project: Project) -> int:
    return int(fake.playing)


on_active("GetPlayState", play_state)


@function("OnPlayButton", "OnStopButton")
def transport(fake: Fake) -> None:
    fake.playing = not fake.playing


@function("GetSetRepeatEx")
def repeat(fake: Fake, project: Project, value: int) -> int:
    return 0


on_active("GetSetRepeat", repeat)


@function("ValidatePtr2")
def validate(fake: Fake, project: Project, pointer: Any, kind: str) -> bool:
    """Whether the pointer is of that kind and lies in that project; a source that no take uses does not."""
    if not isinstance(pointer, Handle) or f"{pointer.kind}*" != kind:
        return False
    if pointer.kind == "ReaProject":
        return pointer.project in fake.projects
    return pointer.project is project and pointer.uid not in fake.free_sources and fake.object_of(pointer) is not None


on_active("ValidatePtr", validate)


@function("UpdateArrange", "UpdateTimeline")
def redraw(fake: Fake) -> None:
    """Only the screen changes."""


@function("UpdateItemLanes")
def update_lanes(fake: Fake, project: Project) -> bool:
    return True


@function("PreventUIRefresh")
def prevent_refresh(fake: Fake, count: int) -> None:
    fake.ui_refresh += count


@function("Undo_BeginBlock2")
def begin_block(fake: Fake, project: Project) -> None:
    fake.settle(project)
    fake.blocks(project).begin(project)


@function("Undo_EndBlock2")
def end_block(fake: Fake, project: Project, name: str, flags: int) -> None:
    if fake.blocks(project).depth == 0:
        raise Refused(f"Undo_EndBlock2: no undo block is open for '{name}'")
    fake.settle(project)
    fake.blocks(project).end(project, name, flags)


on_active("Undo_BeginBlock", begin_block)
on_active("Undo_EndBlock", end_block)


@function("Undo_CanUndo2")
def can_undo(fake: Fake, project: Project) -> str | None:
    return project.undo[-1].name if project.undo else None


@function("Undo_CanRedo2")
def can_redo(fake: Fake, project: Project) -> str | None:
    return project.redo[-1].name if project.redo else None


@function("Undo_DoUndo2")
def do_undo(fake: Fake, project: Project) -> int:
    fake.forget_pending(project)
    return int(undo.undo(project))


@function("Undo_DoRedo2")
def do_redo(fake: Fake, project: Project) -> int:
    fake.forget_pending(project)
    return int(undo.redo(project))


@function("format_timestr_pos")
def format_position(fake: Fake, time: float, text: str, mode: int) -> str:
    state = fake.active.state
    return timecode.written(state, time, timecode.FRAMES if mode == -1 else mode, state.offset)


@function("format_timestr")
def format_time(fake: Fake, time: float, text: str) -> str:
    return timecode.written(fake.active.state, time, timecode.TIME, 0.0)


@function("parse_timestr_pos")
def parse_position(fake: Fake, text: str, mode: int) -> float:
    state = fake.active.state
    return timecode.read(state, text, timecode.FRAMES if mode == -1 else mode, state.offset)


@function("parse_timestr")
def parse_time(fake: Fake, text: str) -> float:
    return timecode.read(fake.active.state, text, timecode.TIME, 0.0)
