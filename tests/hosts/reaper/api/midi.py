"""Notes inside the project; positions in ticks of 960 to the quarter note, counted from the item's source start."""

# ruff: noqa: ARG001 (every function is handed the fake and all that REAPER documents)

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

from tests.hosts.reaper.api.registry import function
from tests.hosts.reaper.state import Item, Note, Source, Take
from tests.hosts.reaper.tempo import TempoMap

if TYPE_CHECKING:
    from tests.hosts.reaper.host import Fake


def _notes(take: Take) -> list[Note] | None:
    return take.source.notes if take.source is not None else None


@function("MIDI_CountEvts")
def count_events(fake: Fake, take: Take) -> tuple[int, int, int, int]:
    notes = _notes(take) or []
    return 2 * len(notes), len(notes), 0, 0


@function("MIDI_GetNote")
def get_note(fake: Fake, take: Take, index: int) -> tuple[bool, bool, bool, float, float, int, int, int]:
    notes = _notes(take) or []
    if not 0 <= index < len(notes):
        return False, False, False, 0.0, 0.0, 0, 0, 0
    note = notes[index]
    return True, note.selected, note.muted, note.start, note.end, note.channel, note.pitch, note.velocity


@function("MIDI_InsertNote")
def insert_note(
    fake: Fake,
    take: Take,
    selected: bool,
    muted: bool,
    start: float,
    end: float,
    channel: int,
    pitch: int,
    velocity: int,
    no_sort: bool | None,
) -> bool:
    notes = _notes(take)
    if notes is None:
        return False
    notes.append(Note(start, end, channel & 15, pitch & 127, velocity & 127, selected, muted))
    if not no_sort:
        sort_notes(fake, take)
    return True


@function("MIDI_Sort")
def sort_notes(fake: Fake, take: Take) -> None:
    (_notes(take) or []).sort(key=lambda note: (note.start, note.pitch))


@function("MIDI_GetAllEvts")
def all_events(fake: Fake, take: Take) -> tuple[bool, str]:
    """Each event: ticks since the last (int32), flags (1 selected, 2 muted), length (int32), the message."""
    source = take.source
    if source is None or source.notes is None:
        return False, ""
    events: list[tuple[float, int, bytes]] = []
    for note in source.notes:
        flags = note.selected | note.muted << 1
        events.append((note.start, flags, bytes((0x90 | note.channel, note.pitch, note.velocity))))
        events.append((note.end, flags, bytes((0x80 | note.channel, note.pitch, 0))))
    events.sort(key=lambda event: (event[0], event[2][0] & 0x10))
    events.append((source.length * source.ppq, 0, b"\xb0\x7b\x00"))
    packed, now = b"", 0
    for time, flags, message in events:
        packed += struct.pack("<iBi", round(time) - now, flags, len(message)) + message
        now = round(time)
    return True, packed.decode("utf-8", "surrogateescape")


@function("MIDI_GetHash")
def get_hash(fake: Fake, take: Take, notes_only: bool) -> tuple[bool, str]:
    """A text that is another one as soon as a note is."""
    notes = _notes(take)
    if notes is None:
        return False, ""
    told = repr([(note.start, note.end, note.channel, note.pitch, note.velocity, note.muted) for note in notes])
    return True, hashlib.sha256(told.encode()).hexdigest()[:16].upper()


@function("MIDI_SetAllEvts")
def set_all_events(fake: Fake, take: Take, text: str) -> bool:
    source = take.source
    if source is None or source.notes is None:
        return False
    packed, at, now = text.encode("utf-8", "surrogateescape"), 0, 0
    open_notes: dict[tuple[int, int], Note] = {}
    notes: list[Note] = []
    while at + 9 <= len(packed):
        delta, flags, length = struct.unpack_from("<iBi", packed, at)
        message, at, now = packed[at + 9 : at + 9 + length], at + 9 + length, now + delta
        if len(message) < 3:
            continue
        kind, channel, pitch = message[0] & 0xF0, message[0] & 15, message[1]
        if kind == 0x90 and message[2]:
            note = Note(now, now, channel, pitch, message[2], bool(flags & 1), bool(flags & 2))
            notes.append(note)
            open_notes[channel, pitch] = note
        elif kind in (0x80, 0x90) and (channel, pitch) in open_notes:
            open_notes.pop((channel, pitch)).end = now
        elif kind == 0xB0 and pitch == 0x7B:
            source.length = now / source.ppq
    source.notes = notes
    return True


def _start_qn(fake: Fake, take: Take) -> tuple[TempoMap, float, Source]:
    """The map, where the take's source starts in quarter notes of the project, and the source."""
    item: Item = fake.parent_of(take)
    tempo = TempoMap(fake.project_of(take).state)
    return tempo, tempo.qn(item.position - take.offset / take.playrate), take.source or Source("MIDI")


@function("MIDI_GetPPQPosFromProjTime")
def ticks_of_time(fake: Fake, take: Take, time: float) -> float:
    tempo, start, source = _start_qn(fake, take)
    return (tempo.qn(time) - start) * source.ppq


@function("MIDI_GetPPQPosFromProjQN")
def ticks_of_qn(fake: Fake, take: Take, qn: float) -> float:
    _, start, source = _start_qn(fake, take)
    return (qn - start) * source.ppq


@function("MIDI_GetProjTimeFromPPQPos")
def time_of_ticks(fake: Fake, take: Take, ticks: float) -> float:
    tempo, start, source = _start_qn(fake, take)
    return tempo.time(start + ticks / source.ppq)


@function("MIDI_GetProjQNFromPPQPos")
def qn_of_ticks(fake: Fake, take: Take, ticks: float) -> float:
    _, start, source = _start_qn(fake, take)
    return start + ticks / source.ppq


@function("MIDI_SetItemExtents")
def set_extents(fake: Fake, item: Item, start: float, end: float) -> bool:
    tempo = TempoMap(fake.project_of(item).state)
    item.values |= {"D_POSITION": tempo.time(start), "D_LENGTH": tempo.time(end) - tempo.time(start)}
    fake.parent_of(item).sort()
    return True
