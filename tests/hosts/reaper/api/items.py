"""Media items: making, moving, splitting, their parameters."""

# ruff: noqa: ARG001 (every function is handed the fake and all that REAPER documents)

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from tests.hosts.reaper import media, rpp_read, rpp_write
from tests.hosts.reaper.api.registry import function
from tests.hosts.reaper.api.tracks import ext_string, unknown
from tests.hosts.reaper.parameters import ITEM, ITEM_STRINGS, find
from tests.hosts.reaper.state import Item, Project, Source, Take, Track, new_guid, new_uid
from tests.hosts.reaper.tempo import TempoMap

if TYPE_CHECKING:
    from tests.hosts.reaper.host import Fake


def _refuses(fake: Fake, track: Track) -> bool:
    return track.locked and fake.switches.locked_refuse


def new_item(fake: Fake) -> Item:
    """An item with the fades and the looping that the preferences give it."""
    fade = fake.switches.new_item_fade
    values = {"B_LOOPSRC": float(fake.switches.loop_new_items), "D_FADEINLEN": fade, "D_FADEOUTLEN": fade}
    return Item({"D_POSITION": 0.0, "D_LENGTH": 0.0, **values})


@function("AddMediaItemToTrack")
def add_item(fake: Fake, track: Track) -> Item | None:
    if _refuses(fake, track):
        return None
    item = new_item(fake)
    track.items.append(item)
    track.sort()
    return item


@function("CreateNewMIDIItemInProj")
def create_midi_item(fake: Fake, track: Track, start: float, end: float, in_qn: bool | None) -> Item | None:
    item = add_item(fake, track)
    if item is None:
        return None
    tempo = TempoMap(fake.project_of(track).state)
    if not in_qn:
        start, end = tempo.qn(start), tempo.qn(end)
    item.values["D_POSITION"] = tempo.time(start)
    item.values["D_LENGTH"] = tempo.time(end) - tempo.time(start)
    item.takes.append(Take("", Source("MIDI", length=end - start, is_qn=True, notes=[])))
    track.sort()
    return item


@function("DeleteTrackMediaItem")
def delete_item(fake: Fake, track: Track, item: Item) -> bool:
    if not any(other is item for other in track.items) or _refuses(fake, track):
        return False
    track.items = [other for other in track.items if other is not item]
    return True


@function("MoveMediaItemToTrack")
def move_item_to_track(fake: Fake, item: Item, track: Track) -> bool:
    home: Track = fake.parent_of(item)
    if home is track or _refuses(fake, track) or _refuses(fake, home):
        return False
    home.items = [other for other in home.items if other is not item]
    track.items.append(item)
    track.sort()
    return True


def split(fake: Fake, track: Track, item: Item, time: float) -> Item | None:
    """Cut an item in two; gives the right part, or None where the time is not inside."""
    if not item.position < time < item.end:
        return None
    right = copy.deepcopy(item)
    right.uid, right.guid = new_uid(), new_guid()
    for take in right.takes:
        take.uid, take.guid = new_uid(), new_guid()
        take.values["D_STARTOFFS"] = take.offset + (time - item.position) * take.playrate
        source = take.source
        while source is not None:
            source.uid, source = new_uid(), source.parent
    overlap = min(fake.switches.split_overlap, item.end - time)
    right.values |= {"D_POSITION": time, "D_LENGTH": item.end - time, "D_FADEINLEN": overlap}
    item.values |= {"D_LENGTH": time - item.position + overlap, "D_FADEOUTLEN": overlap}
    track.items.append(right)
    track.sort()
    return right


@function("SplitMediaItem")
def split_item(fake: Fake, item: Item, time: float) -> Item | None:
    track = fake.parent_of(item)
    return None if _refuses(fake, track) else split(fake, track, item, time)


@function("CountMediaItems")
def count_items(fake: Fake, project: Project) -> int:
    return len(project.state.items())


@function("GetMediaItem")
def get_item(fake: Fake, project: Project, index: int) -> Item | None:
    return _nth(project.state.items(), index)


def _nth(items: list[Item], index: int) -> Item | None:
    return items[index] if 0 <= index < len(items) else None


def _selected(project: Project) -> list[Item]:
    return [item for item in project.state.items() if item.values.get("B_UISEL")]


@function("CountSelectedMediaItems")
def count_selected(fake: Fake, project: Project) -> int:
    return len(_selected(project))


@function("GetSelectedMediaItem")
def get_selected(fake: Fake, project: Project, index: int) -> Item | None:
    return _nth(_selected(project), index)


@function("IsMediaItemSelected")
def is_selected(fake: Fake, item: Item) -> bool:
    return bool(item.values.get("B_UISEL"))


@function("SetMediaItemSelected")
def set_selected(fake: Fake, item: Item, yes: bool) -> None:
    item.values["B_UISEL"] = float(yes)


@function("SelectAllMediaItems")
def select_all(fake: Fake, project: Project, yes: bool) -> None:
    for item in project.state.items():
        item.values["B_UISEL"] = float(yes)


@function("GetMediaItemTrack", "GetMediaItem_Track")
def get_item_track(fake: Fake, item: Item) -> Track:
    track: Track = fake.parent_of(item)
    return track


@function("GetItemProjectContext")
def get_item_project(fake: Fake, item: Item) -> Project:
    return fake.project_of(item)


@function("GetMediaItemInfo_Value")
def get_item_value(fake: Fake, item: Item, name: str) -> Any:
    parameter = find(ITEM, name, fake.number)
    if parameter is None:
        unknown(fake, "an item", name)
        return 0.0
    if name == "I_CURTAKE":
        return float(item.current)
    if name == "P_TRACK":
        return fake.parent_of(item)
    if name == "IP_ITEMNUMBER":
        return float(next(i for i, other in enumerate(fake.parent_of(item).items) if other is item))
    if name == "C_BEATATTACHMODE" and fake.switches.inherit_reads_255:
        return item.values.get(name, 255.0) % 256
    return item.values.get(name, parameter.default)


@function("SetMediaItemInfo_Value")
def set_item_value(fake: Fake, item: Item, name: str, value: float) -> bool:
    parameter = find(ITEM, name, fake.number)
    if parameter is None:
        unknown(fake, "an item", name)
    track: Track = fake.parent_of(item)
    if parameter is None or parameter.read_only or _refuses(fake, track):
        return False
    if name == "I_CURTAKE":
        item.current = int(value)
        return True
    if name == "C_BEATATTACHMODE" and value in (-1.0, 255.0):
        item.values.pop(name, None)
        return True
    item.values[name] = max(value, 0.0) if name == "D_LENGTH" else value
    if name == "D_POSITION":
        track.sort()
    return True


@function("SetMediaItemPosition")
def set_position(fake: Fake, item: Item, time: float, refresh: bool) -> bool:
    return set_item_value(fake, item, "D_POSITION", time)


@function("SetMediaItemLength")
def set_length(fake: Fake, item: Item, length: float, refresh: bool) -> bool:
    return set_item_value(fake, item, "D_LENGTH", length)


@function("GetSetMediaItemInfo_String")
def item_string(fake: Fake, item: Item, name: str, text: str, change: bool) -> tuple[bool, str]:
    if name.startswith("P_EXT:"):
        return ext_string(item.ext, name, text, change)
    if name not in ITEM_STRINGS:
        unknown(fake, "an item", name)
        return False, ""
    attribute = "notes" if name == "P_NOTES" else "guid"
    if change:
        setattr(item, attribute, text)
    return True, str(getattr(item, attribute))


@function("GetItemStateChunk")
def get_item_chunk(fake: Fake, item: Item, text: str, undo: bool) -> tuple[bool, str]:
    return True, "\n".join(rpp_write.item_lines(item)) + "\n"


@function("SetItemStateChunk")
def set_item_chunk(fake: Fake, item: Item, text: str, undo: bool) -> bool:
    found = rpp_read.item(text)
    if found is None:
        return False
    found.uid = item.uid
    vars(item).update(vars(found))
    fake.parent_of(item).sort()
    return True


@function("GetDisplayedMediaItemColor")
def displayed_color(fake: Fake, item: Item) -> int:
    own = int(item.values.get("I_CUSTOMCOLOR", 0))
    return own or int(fake.parent_of(item).values.get("I_CUSTOMCOLOR", 0))


@function("InsertMedia")
def insert_media(fake: Fake, file: str, mode: int) -> int:
    """At the edit cursor, on the selected track or a new one, looped, rippling where asked; 1 even for no file."""
    project = fake.active
    state = project.state
    chosen = [track for track in state.tracks if track.values.get("I_SELECTED")]
    source = media.open_file(file)
    if source is None:
        return 1 if mode & 3 < 2 else 0
    if mode & 3 == 1 or not chosen:
        chosen = [Track(file.replace("\\", "/").rpartition("/")[2].rpartition(".")[0])]
        state.tracks += chosen
    if source.kind == "MIDI":
        fake.blocking_calls.append("InsertMedia: how MIDI is to be imported")
    tempo = TempoMap(state)
    item = new_item(fake)
    length = tempo.time(tempo.qn(state.cursor) + source.length) - state.cursor if source.is_qn else source.length
    item.values |= {"D_POSITION": state.cursor, "D_LENGTH": length}
    item.takes.append(Take(file.replace("\\", "/").rpartition("/")[2], source))
    if mode & 16384 and fake.switches.ripple:
        for other in state.items() if fake.switches.ripple == 2 else chosen[0].items:
            if other.position >= state.cursor:
                other.values["D_POSITION"] = other.position + length
    chosen[0].items.append(item)
    chosen[0].sort()
    return 1


@function("UpdateItemInProject")
def update_item(fake: Fake, item: Item) -> None:
    """Only the screen changes."""
