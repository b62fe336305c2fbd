"""A project as the text that REAPER saves.

Lines that mean nothing here come from the file that was loaded, or from a plain project's template, in its order.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import zip_longest

from tests.hosts.reaper.rpp_template import PROJECT, TRACK
from tests.hosts.reaper.rpp_text import Block, Entry, key, words, written
from tests.hosts.reaper.state import Item, Marker, Project, Source, State, Take, TempoPoint, Track

NO_COLOR = 16576


def text(project: Project, version: str) -> str:
    """The whole project file."""
    state = project.state
    known = _header(state)
    body: list[Entry] = []
    for entry in state.lines or PROJECT:
        if isinstance(entry, Block) and entry.name == "TEMPOENVEX":
            body.append(Block(entry.head, [*entry.body, *map(_point, state.tempo)]))
            body += [line for marker in state.ordered_markers() for line in _marker(marker)]
        else:
            body.append(_with(entry, known.get(key(entry), ())))
    if state.notes:
        body.append(Block(["NOTES", "0", "2"], [f"|{line}" for line in state.notes.split("\n")]))
    body += [_track(track) for track in state.tracks]
    if state.ext:
        body.append(_ext_state(state))
    block = Block(["REAPER_PROJECT", "0.1", f"{version}/linux-x86_64", "1700000000"], body)
    written_lines = block.lines()
    written_lines[0] = f'<REAPER_PROJECT 0.1 "{version}/linux-x86_64" 1700000000'
    return _relative("\n".join(written_lines) + "\n", project.path)


def _relative(told: str, path: str) -> str:
    """Media that lies below the project's folder is named from there."""
    folder = path.replace("\\", "/").rpartition("/")[0]
    return told.replace(f'FILE "{folder}/', 'FILE "') if folder else told


def _with(entry: Entry, values: Sequence[object]) -> Entry:
    """The line with those values as its first words after the name; None leaves a word as it is."""
    if isinstance(entry, Block) or not values:
        return entry
    name, *found = words(entry)
    values = [old if value is None else value for old, value in zip_longest(found, values)]
    return written(name, *values)


def _header(state: State) -> dict[str, tuple[object, ...]]:
    """What the project's own lines say, by their first word."""
    return {
        "PROJOFFS": (state.offset,),
        "TIMEMODE": (None, None, None, state.frame_base, state.frame_flag),
        "CURSOR": (state.cursor,),
        "TIMELOCKMODE": (state.timebase,),
        "SAMPLERATE": (state.sample_rate,),
        "TEMPO": (state.bpm, state.numerator, state.denominator),
        "SELECTION": state.selection,
        "SELECTION2": state.loop,
    }


def _point(point: TempoPoint) -> str:
    signature = 65536 * point.denominator + point.numerator
    line = f"PT {point.time:.12f} {point.bpm:.10f} {0 if point.linear else 1}"
    if signature or point.selected or point.flags:
        line += f" {signature} {int(point.selected)} {point.flags}"
    return line


def _marker(marker: Marker) -> list[str]:
    flags = int(marker.is_region)
    first = written("MARKER", marker.number, marker.position, marker.name, flags, marker.color, 1, "B", marker.guid, 0)
    return [first, written("MARKER", marker.number, marker.end, "", flags)] if marker.is_region else [first]


def _ext_state(state: State) -> Block:
    sections: dict[str, Block] = {}
    for (section, name), value in state.ext.items():
        sections.setdefault(section, Block([section])).body.append(written(name, value))
    return Block(["EXTSTATE"], list(sections.values()))


def _ext(ext: dict[str, str]) -> list[Entry]:
    return [Block(["EXT"], [written(name, value) for name, value in ext.items()])] if ext else []


def track_lines(track: Track) -> list[str]:
    """A track as a chunk of state."""
    return _track(track).lines()


def _track(track: Track) -> Block:
    known = _track_known(track)
    body: list[Entry] = [_with(entry, known.pop(key(entry), ())) for entry in track.lines or TRACK]
    body += [written(name, *values) for name, values in known.items() if name in _ADDED and any(values)]
    body += [*_ext(track.ext), *map(_item, track.items)]
    return Block(["TRACK", track.guid], body)


_ADDED = ("FIXEDLANES", "LANENAME", "LOCKED", "TRACKIMGFN")
"""Lines that a track has only when they say something."""


def _track_known(track: Track) -> dict[str, tuple[object, ...]]:
    get = track.values.get
    depth = int(get("I_FOLDERDEPTH", 0))
    lanes = get("I_FREEMODE", 0) == 2
    names = [track.lane_names.get(number, "") for number in range(max(track.lane_names, default=-1) + 1)]
    return {
        "NAME": (track.name,),
        "PEAKCOL": (int(get("I_CUSTOMCOLOR", 0)) or NO_COLOR,),
        "BEAT": (int(get("C_BEATATTACHMODE", -1)),),
        "VOLPAN": (get("D_VOL", 1.0), get("D_PAN", 0.0), get("D_PANLAW", -1.0)),
        "MUTESOLO": (int(get("B_MUTE", 0)), int(get("I_SOLO", 0))),
        "ISBUS": (1 if depth > 0 else 2 if depth < 0 else 0, depth),
        "BUSCOMP": (int(get("I_FOLDERCOMPACT", 0)),),
        "SHOWINMIX": (int(get("B_SHOWINMIXER", 1)), None, None, int(get("B_SHOWINTCP", 1))),
        "FREEMODE": (int(get("I_FREEMODE", 0)),),
        "SEL": (int(get("I_SELECTED", 0)),),
        "NCHAN": (int(get("I_NCHAN", 2)),),
        "TRACKID": (track.guid,),
        "MAINSEND": (int(get("B_MAINSEND", 1)),),
        "FIXEDLANES": (int(get("I_NUMFIXEDLANES", 1)), 0, int(get("C_LANESCOLLAPSED", 0))) if lanes else (),
        "LANENAME": tuple(names),
        "LOCKED": (int(track.locked),),
        "TRACKIMGFN": (track.icon,),
    }


def item_lines(item: Item) -> list[str]:
    """An item as a chunk of state."""
    return _item(item).lines()


def _item(item: Item) -> Block:
    get = item.values.get
    body: list[Entry] = [
        written("POSITION", item.position),
        written("SNAPOFFS", get("D_SNAPOFFSET", 0.0)),
        written("LENGTH", item.length),
        written("LOOP", int(get("B_LOOPSRC", 1))),
        written("ALLTAKES", int(get("B_ALLTAKESPLAY", 0))),
    ]
    if get("I_CUSTOMCOLOR"):
        body.append(written("COLOR", int(get("I_CUSTOMCOLOR", 0)), "B"))
    if "C_BEATATTACHMODE" in item.values:
        body.append(written("BEAT", int(get("C_BEATATTACHMODE", -1))))
    body += [_fade(item, "IN"), _fade(item, "OUT"), written("MUTE", int(get("B_MUTE", 0)), int(get("C_MUTE_SOLO", 0)))]
    if get("C_LOCK"):
        body.append(written("LOCK", int(get("C_LOCK", 0))))
    if get("C_AUTOSTRETCH"):
        body.append(written("AUTOSTRETCH", int(get("C_AUTOSTRETCH", 0))))
    body.append(written("SEL", int(get("B_UISEL", 0))))
    if get("I_GROUPID"):
        body.append(written("GROUP", int(get("I_GROUPID", 0))))
    body += [written("IGUID", item.guid), *item.lines]
    if item.notes:
        body.append(Block(["NOTES"], [f"|{line}" for line in item.notes.split("\n")]))
    body += _ext(item.ext)
    for index, take in enumerate(item.takes):
        body += _take(take, index, item)
    return Block(["ITEM"], body)


def _fade(item: Item, end: str) -> str:
    get = item.values.get
    length, automatic = get(f"D_FADE{end}LEN", 0.0), max(get(f"D_FADE{end}LEN_AUTO", -1.0), 0.0)
    return written(f"FADE{end}", 1, length, automatic, int(get(f"C_FADE{end}SHAPE", 0)), 0, get(f"D_FADE{end}DIR", 0.0))


def _take(take: Take, index: int, item: Item) -> list[Entry]:
    get = take.values.get
    body: list[Entry] = []
    if index:
        body.append(" ".join(["TAKE", *["NULL"] * take.null, *["SEL"] * (index == item.current)]))
    if take.null:
        return body or [written("TAKE", "NULL")]
    pan, panlaw = get("D_PAN", 0.0), get("D_PANLAW", -1.0)
    body.append(written("NAME", take.name))
    if index:
        body.append(written("TAKEVOLPAN", pan, get("D_VOL", 1.0), panlaw))
    else:
        body.append(written("VOLPAN", item.values.get("D_VOL", 1.0), pan, get("D_VOL", 1.0), panlaw))
    body.append(written("SOFFS", take.offset))
    pitch = (
        int(get("B_PPITCH", 1)),
        get("D_PITCH", 0.0),
        int(get("I_PITCHMODE", -1)),
        0,
        get("F_STRETCHFADESIZE", 0.0025),
    )
    body += [written("PLAYRATE", take.playrate, *pitch), written("CHANMODE", int(get("I_CHANMODE", 0)))]
    if get("I_CUSTOMCOLOR"):
        body.append(written("TAKECOLOR", int(get("I_CUSTOMCOLOR", 0)), "B"))
    body.append(written("GUID", take.guid))
    body += [written("TKM", marker.position, marker.name, marker.color) for marker in take.markers]
    body += [_source(take.source)] if take.source is not None else [Block(["SOURCE", "EMPTY"])]
    body += _ext(take.ext)
    return body + list(take.lines)


def _source(source: Source) -> Block:
    block = Block(["SOURCE", source.kind], list(source.lines))
    if source.kind == "SECTION":
        block.body += [written("LENGTH", source.length), written("STARTPOS", source.offset)]
        if source.reverse:
            block.body.append(written("MODE", 3))
    if source.file:
        block.body.append(f'FILE "{source.file}"' if '"' not in source.file else written("FILE", source.file))
    if source.notes is not None:
        block.body += _notes(source)
    if source.parent is not None:
        block.body.append(_source(source.parent))
    return block


def _notes(source: Source) -> list[Entry]:
    events: list[tuple[float, bool, str, bytes]] = []
    for note in source.notes or []:
        letter = "e" if note.selected else "E"
        letter += "m" * note.muted
        events.append((note.start, True, letter, bytes((0x90 | note.channel, note.pitch, note.velocity))))
        events.append((note.end, False, letter, bytes((0x80 | note.channel, note.pitch, 0))))
    events.sort(key=lambda event: (event[0], event[1]))
    events.append((source.length * source.ppq, False, "E", struct.pack("3B", 0xB0, 0x7B, 0)))
    told: list[Entry] = [written("HASDATA", 1, source.ppq, "QN")]
    now = 0
    for time, _, letter, message in events:
        told.append(f"{letter} {round(time) - now} {message.hex(' ')}")
        now = round(time)
    return told
