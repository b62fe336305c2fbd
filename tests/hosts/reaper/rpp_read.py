"""Projects, tracks and items from the text that REAPER saves; media is looked for where the text says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PureWindowsPath

from tests.hosts.reaper import media
from tests.hosts.reaper.rpp_text import Block, Entry, key, parse, words
from tests.hosts.reaper.state import Item, Marker, Note, Source, State, Take, TakeMarker, TempoPoint, Track, new_guid

_NO_COLOR = 16576
_EVENTS = ("E", "e", "Em", "em")


def state(text: str, folder: str = "") -> State:
    """What a project file holds.

    Args:
        text: of the file.
        folder: in which it lies: relative paths of media count from there.

    Raises:
        ValueError: the text is no project.
    """
    root = parse(text)
    if root.name != "REAPER_PROJECT":
        raise ValueError(f"the text is no project, it begins with {root.name}")
    found = State()
    starts: dict[int, Marker] = {}
    for entry in root.body:
        if isinstance(entry, Block):
            _project_block(found, entry)
        elif key(entry) == "MARKER":
            _marker(found, words(entry), starts)
        else:
            _project_line(found, entry)
            found.lines.append(entry)
    for source in found.sources().values():
        _find_media(source, folder)
    return found


def track(text: str) -> Track | None:
    """A track from a chunk of state, None where it is none."""
    root = _chunk(text, "TRACK")
    found = _track(root) if root else None
    for source in State([found]).sources().values() if found else ():
        _find_media(source, "")
    return found


def item(text: str) -> Item | None:
    """An item from a chunk of state, None where it is none."""
    root = _chunk(text, "ITEM")
    found = _item(root) if root else None
    for source in State([Track(items=[found])]).sources().values() if found else ():
        _find_media(source, "")
    return found


def _chunk(text: str, name: str) -> Block | None:
    try:
        root = parse(text)
    except ValueError:
        return None
    return root if root.name == name else None


def _project_block(found: State, block: Block) -> None:
    if block.name == "TRACK":
        found.tracks.append(_track(block))
    elif block.name == "EXTSTATE":
        for section in block.body:
            if isinstance(section, Block):
                found.ext |= {(section.name, name): value for name, value in _ext(section).items()}
    elif block.name == "NOTES":
        found.notes = _text(block)
    else:
        if block.name == "TEMPOENVEX":
            found.tempo = [_point(words(line)) for line in block.body if key(line) == "PT" and isinstance(line, str)]
            block = Block(block.head, [line for line in block.body if key(line) != "PT"])
        found.lines.append(block)


def _project_line(found: State, line: str) -> None:
    name, *given = words(line)
    numbers = _numbers(given)
    if name == "PROJOFFS":
        found.offset = numbers[0]
    elif name == "TIMEMODE":
        found.frame_base, found.frame_flag = int(numbers[3]), int(numbers[4])
    elif name == "CURSOR":
        found.cursor = numbers[0]
    elif name == "TIMELOCKMODE":
        found.timebase = int(numbers[0])
    elif name == "SAMPLERATE":
        found.sample_rate = int(numbers[0])
    elif name == "TEMPO":
        found.bpm, found.numerator, found.denominator = numbers[0], int(numbers[1]), int(numbers[2])
    elif name == "SELECTION":
        found.selection = numbers[0], numbers[1]
    elif name == "SELECTION2":
        found.loop = numbers[0], numbers[1]


def _numbers(given: Sequence[str]) -> list[float]:
    found = []
    for text in given:
        try:
            found.append(float(text))
        except ValueError:
            found.append(0.0)
    return found


def _point(given: list[str]) -> TempoPoint:
    numbers = [*_numbers(given[1:]), 0.0, 0.0, 0.0][:6]
    denominator, numerator = divmod(int(numbers[3]), 65536)
    shape, selected, flags = int(numbers[2]), bool(numbers[4]), int(numbers[5])
    return TempoPoint(numbers[0], numbers[1], numerator, denominator, shape == 0, flags, selected)


def _marker(found: State, given: list[str], starts: dict[int, Marker]) -> None:
    number, time, flags = int(given[1]), float(given[2]), int(given[4]) if len(given) > 4 else 0
    if flags & 1 and number in starts:
        starts.pop(number).end = time
        return
    guid = next((word for word in given if word.startswith("{")), "") or new_guid()
    color = int(given[5]) if len(given) > 5 else 0
    marker = Marker(number, bool(flags & 1), time, time, given[3] if len(given) > 3 else "", color, guid)
    found.markers.append(marker)
    if marker.is_region:
        starts[number] = marker


def _ext(block: Block) -> dict[str, str]:
    pairs = [words(line) for line in block.body if isinstance(line, str)]
    return {pair[0]: pair[1] if len(pair) > 1 else "" for pair in pairs if pair}


def _text(block: Block) -> str:
    return "\n".join(line.removeprefix("|") for line in block.body if isinstance(line, str))


_TRACK_FIELDS = {
    "PEAKCOL": ("I_CUSTOMCOLOR",),
    "BEAT": ("C_BEATATTACHMODE",),
    "VOLPAN": ("D_VOL", "D_PAN", "D_PANLAW"),
    "MUTESOLO": ("B_MUTE", "I_SOLO"),
    "ISBUS": ("", "I_FOLDERDEPTH"),
    "BUSCOMP": ("I_FOLDERCOMPACT",),
    "SHOWINMIX": ("B_SHOWINMIXER", "", "", "B_SHOWINTCP"),
    "FREEMODE": ("I_FREEMODE",),
    "FIXEDLANES": ("I_NUMFIXEDLANES", "", "C_LANESCOLLAPSED"),
    "SEL": ("I_SELECTED",),
    "NCHAN": ("I_NCHAN",),
    "MAINSEND": ("B_MAINSEND",),
}
_ITEM_FIELDS = {
    "POSITION": ("D_POSITION",),
    "SNAPOFFS": ("D_SNAPOFFSET",),
    "LENGTH": ("D_LENGTH",),
    "LOOP": ("B_LOOPSRC",),
    "ALLTAKES": ("B_ALLTAKESPLAY",),
    "COLOR": ("I_CUSTOMCOLOR",),
    "BEAT": ("C_BEATATTACHMODE",),
    "FADEIN": ("", "D_FADEINLEN", "D_FADEINLEN_AUTO", "C_FADEINSHAPE", "", "D_FADEINDIR"),
    "FADEOUT": ("", "D_FADEOUTLEN", "D_FADEOUTLEN_AUTO", "C_FADEOUTSHAPE", "", "D_FADEOUTDIR"),
    "MUTE": ("B_MUTE", "C_MUTE_SOLO"),
    "LOCK": ("C_LOCK",),
    "AUTOSTRETCH": ("C_AUTOSTRETCH",),
    "SEL": ("B_UISEL",),
    "GROUP": ("I_GROUPID",),
}
_TAKE_FIELDS = {
    "SOFFS": ("D_STARTOFFS",),
    "PLAYRATE": ("D_PLAYRATE", "B_PPITCH", "D_PITCH", "I_PITCHMODE", "", "F_STRETCHFADESIZE"),
    "CHANMODE": ("I_CHANMODE",),
    "TAKECOLOR": ("I_CUSTOMCOLOR",),
    "TAKEVOLPAN": ("D_PAN", "D_VOL", "D_PANLAW"),
}


def _fill(values: dict[str, float], fields: Sequence[str], given: Sequence[str]) -> None:
    for name, value in zip(fields, _numbers(given), strict=False):
        if name:
            values[name] = value


def _track(block: Block) -> Track:
    found = Track(guid=block.head[1] if len(block.head) > 1 else new_guid())
    for entry in block.body:
        name = key(entry)
        if isinstance(entry, Block) and name == "<ITEM":
            found.items.append(_item(entry))
            continue
        if isinstance(entry, Block):
            if name == "<EXT":
                found.ext = _ext(entry)
                continue
        else:
            given = words(entry)[1:]
            _fill(found.values, _TRACK_FIELDS.get(name, ()), given)
            if name == "NAME":
                found.name = given[0] if given else ""
            elif name == "LANENAME":
                found.lane_names = {number: text for number, text in enumerate(given) if text}
            elif name == "LOCKED":
                found.locked = given[:1] == ["1"]
            elif name == "TRACKIMGFN":
                found.icon = given[0] if given else ""
        found.lines.append(entry)
    if found.values.get("I_CUSTOMCOLOR") == _NO_COLOR:
        del found.values["I_CUSTOMCOLOR"]
    found.sort()
    return found


def _item(block: Block) -> Item:
    found = Item()
    take: Take | None = None
    for entry in block.body:
        name = key(entry)
        given = words(entry)[1:] if isinstance(entry, str) else []
        if name == "TAKE":
            take = Take(null="NULL" in given)
            found.takes.append(take)
            if "SEL" in given:
                found.current = len(found.takes) - 1
        elif name == "NAME":
            if take is None:
                take = Take()
                found.takes.append(take)
            take.name = given[0] if given else ""
        elif take is None or (name == "VOLPAN" and take is found.takes[0]):
            _item_entry(found, take, entry, name, given)
        else:
            _take_entry(take, entry, name, given)
    return found


def _item_entry(found: Item, take: Take | None, entry: Entry, name: str, given: list[str]) -> None:
    if name == "VOLPAN" and take is not None:
        _fill(found.values, ("D_VOL",), given)
        _fill(take.values, ("", "D_PAN", "D_VOL", "D_PANLAW"), given)
    elif name in _ITEM_FIELDS:
        _fill(found.values, _ITEM_FIELDS[name], given)
        for end in ("IN", "OUT"):
            if name == f"FADE{end}" and not found.values.get(f"D_FADE{end}LEN_AUTO"):
                found.values[f"D_FADE{end}LEN_AUTO"] = -1.0
    elif name == "IGUID":
        found.guid = given[0]
    elif name == "<NOTES" and isinstance(entry, Block):
        found.notes = _text(entry)
    elif name == "<EXT" and isinstance(entry, Block):
        found.ext = _ext(entry)
    else:
        found.lines.append(entry)


def _take_entry(take: Take, entry: Entry, name: str, given: list[str]) -> None:
    if name in _TAKE_FIELDS:
        _fill(take.values, _TAKE_FIELDS[name], given)
    elif name == "GUID":
        take.guid = given[0]
    elif name == "TKM":
        take.markers.append(TakeMarker(float(given[0]), given[1] if len(given) > 1 else "", int(_numbers(given)[2])))
    elif name == "<EXT" and isinstance(entry, Block):
        take.ext = _ext(entry)
    elif name == "<SOURCE" and isinstance(entry, Block):
        take.source = _source(entry)
    else:
        take.lines.append(entry)


def _source(block: Block) -> Source | None:
    kind = block.head[1] if len(block.head) > 1 else ""
    if kind == "EMPTY":
        return None
    found = Source(kind)
    for entry in block.body:
        name = key(entry)
        given = words(entry)[1:] if isinstance(entry, str) else []
        if name == "FILE":
            found.file, found.is_qn = given[0], kind == "MIDI"
        elif name == "<SOURCE" and isinstance(entry, Block):
            found.parent = _source(entry)
        elif kind == "SECTION" and name in ("LENGTH", "STARTPOS", "MODE"):
            _section(found, name, float(given[0]))
        elif name == "HASDATA":
            found.notes, found.is_qn, found.ppq = [], True, int(given[1])
        elif found.notes is None or name not in _EVENTS:
            found.lines.append(entry)
    if found.notes is not None:
        _read_notes(found, [words(line) for line in block.body if isinstance(line, str)])
    return found


def _find_media(source: Source, folder: str) -> None:
    """Look at the file of a source; one that is not there is offline, with length 0."""
    if not source.file:
        return
    if folder and not PureWindowsPath(source.file).is_absolute() and not source.file.startswith("/"):
        source.file = f"{folder}/{source.file}"
    opened = media.open_file(source.file)
    if opened is not None:
        source.length, source.is_qn, source.ppq = opened.length, opened.is_qn, opened.ppq
        source.channels, source.sample_rate = opened.channels, opened.sample_rate


def _section(found: Source, name: str, value: float) -> None:
    if name == "LENGTH":
        found.length = value
    elif name == "STARTPOS":
        found.offset = value
    else:
        found.reverse = bool(int(value) & 2)


def _read_notes(found: Source, rows: Sequence[list[str]]) -> None:
    now = 0
    sounding: dict[tuple[int, int], Note] = {}
    notes: list[Note] = []
    for row in rows:
        if row[0] not in _EVENTS or len(row) < 5:
            continue
        now += int(row[1])
        status, first, second = (int(text, 16) for text in row[2:5])
        channel = status & 15
        if status & 0xF0 == 0x90 and second:
            selected, muted = row[0][0] == "e", row[0][1:] == "m"
            notes.append(Note(now, now, channel, first, second, selected, muted))
            sounding[channel, first] = notes[-1]
        elif status & 0xF0 in (0x80, 0x90) and (channel, first) in sounding:
            sounding.pop((channel, first)).end = now
        elif status & 0xF0 == 0xB0 and first == 0x7B:
            found.length = now / found.ppq
    found.notes = notes
