"""OTIO's JSON into the tree: every schema that is understood, at any version, and nothing refused for being newer.

OpenTimelineIO itself refuses a whole file for one schema that is newer than the installed release, so the JSON is read
here. What is understood of a newer schema is used; what is not is left aside and said.

Source
    The OpenTimelineIO file format specification and serialised schema, release 0.18.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from core.errors import UnusableInput
from core.timeline.fields import Node, enabled, inside, nodes, number, offset, rate, seconds, stretch, text
from core.timeline.tree import Item, Mark, Reference, ReferenceKind, Stretch, Tree

Extent = Callable[[Reference], Stretch | None]
"""How long a reference's media is when the timeline does not say; None when nobody knows."""

MAX_NESTING = 60
_KNOWN = {
    "Timeline": 1,
    "Stack": 1,
    "Track": 1,
    "Sequence": 1,
    "Clip": 2,
    "Gap": 1,
    "Filler": 1,
    "Transition": 1,
    "Marker": 2,
    "Effect": 1,
    "TimeEffect": 1,
    "LinearTimeWarp": 1,
    "FreezeFrame": 1,
    "ExternalReference": 1,
    "MissingReference": 1,
    "GeneratorReference": 1,
    "ImageSequenceReference": 1,
    "SerializableCollection": 1,
    "SerializeableCollection": 1,
}
_NOTHING = Stretch(Fraction(0), Fraction(0))


@dataclass
class _Reading:
    """What is gathered while the tree is read."""

    extent: Extent
    rates: Counter[Fraction] = field(default_factory=Counter)
    """How often clips count in each rate."""
    media_rates: Counter[Fraction] = field(default_factory=Counter)
    newer: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    said: dict[str, None] = field(default_factory=dict)

    def count(self, rates: Counter[Fraction], time_range: Node) -> None:
        """Count the rate of a TimeRange, where it is a frame rate and not an audio one."""
        if (found := rate(time_range["duration"])) <= 1000:
            rates[found] += 1

    def say(self, sentence: str) -> None:
        """Keep a sentence once."""
        self.said.setdefault(sentence)


def read_tree(document: object, extent: Extent) -> Tree:
    """The tree of a parsed OTIO document.

    Args:
        document: what `json.loads` gave.
        extent: asked for clips whose length the timeline leaves out.

    Raises:
        UnusableInput: it is no timeline, or holds times that cannot be meant.
    """
    reading = _Reading(extent)
    timeline = _timeline(document, reading)
    tracks = timeline.get("tracks")
    if not isinstance(tracks, Mapping) or not _schema(tracks, reading):
        raise UnusableInput("The timeline has no tracks", do="Export it again from the editing program.")
    root = _item(tracks, reading, 0)
    if root is None or root.kind not in ("stack", "track"):
        raise UnusableInput("The timeline has no tracks", do="Export it again from the editing program.")
    own_marks = _marks(timeline, reading)
    outermost = Item("stack", "", Stretch(Fraction(0), root.duration), children=(root,), marks=own_marks)
    frame_rate, start = _start(timeline, reading)
    if reading.newer:
        reading.say(
            f"{', '.join(sorted(reading.newer))} is newer than what is known here; what is understood of it was read."
        )
    if reading.unknown:
        reading.say(f"{', '.join(sorted(reading.unknown)[:8])} is not known here and was left aside.")
    metadata = timeline.get("metadata")
    return Tree(text(timeline.get("name")), outermost, frame_rate, start, _drop_frame(metadata, 0), tuple(reading.said))


def _timeline(document: object, reading: _Reading) -> Node:
    """The timeline node; a lone stack, track or clip is wrapped into one."""
    if not isinstance(document, Mapping) or not isinstance(document.get("OTIO_SCHEMA"), str):
        raise UnusableInput("The file is not an OpenTimelineIO timeline", do="Export the timeline as OTIO.")
    schema = _schema(document, reading)
    if schema in ("SerializableCollection", "SerializeableCollection"):
        found = [node for node in nodes(document, "children") if _schema(node, reading) == "Timeline"]
        if not found:
            raise UnusableInput("The file holds no timeline", do="Export the timeline as OTIO.")
        if len(found) > 1:
            reading.say(f"The file holds {len(found)} timelines; the first was read.")
        return found[0]
    if schema == "Timeline":
        return document
    tracks = {"OTIO_SCHEMA": "Stack.1", "children": [document]}
    return {"OTIO_SCHEMA": "Timeline.1", "name": document.get("name"), "tracks": tracks}


def _start(timeline: Node, reading: _Reading) -> tuple[Fraction, Fraction | None]:
    """The timeline's rate and its first record frame."""
    node = timeline.get("global_start_time")
    counted = reading.rates or reading.media_rates
    common = counted.most_common(1)[0][0] if counted else None
    if not isinstance(node, Mapping):
        if common is None:
            raise UnusableInput("The timeline is empty", do="Export a timeline that holds at least one clip.")
        return common, None
    own, start = rate(node), seconds(node)
    if not 1 < own <= 1000 and common is not None:
        reading.say(
            f"The start time's rate of {float(own):g} is no frame rate; the clips' {float(common):g} was taken."
        )
        own = common
    if not 1 <= own <= 1000:
        raise UnusableInput(f"The timeline's frame rate of {float(own):g} cannot be meant")
    if start < 0:
        reading.say("The timeline's start time is negative; zero was taken.")
        start = Fraction(0)
    return own, Fraction(round(start * own))


def _item(node: Node, reading: _Reading, depth: int) -> Item | None:
    """One composable; None for what takes no place in a track."""
    if depth > MAX_NESTING:
        raise UnusableInput(f"The timeline is nested deeper than {MAX_NESTING} levels")
    schema = _schema(node, reading)
    if schema == "Transition":
        before, after = offset(node, "in_offset"), offset(node, "out_offset")
        return Item("transition", text(node.get("name")), _NOTHING, before=before, after=after)
    if schema in ("Gap", "Filler"):
        trim = stretch(node.get("source_range")) or _NOTHING
        return Item("gap", "", trim, enabled=enabled(node), marks=_marks(node, reading))
    if schema in ("Stack", "Track", "Sequence"):
        return _composition(node, schema, reading, depth)
    if schema == "Clip":
        return _clip(node, _reference(node, reading), reading)
    if isinstance(node.get("source_range"), Mapping):
        return _clip(node, Reference("generator", text(node.get("name"))), reading)
    return None


def _clip(node: Node, reference: Reference, reading: _Reading) -> Item:
    name = text(node.get("name")) or reference.name
    trim = stretch(node.get("source_range"))
    if trim is not None:
        reading.count(reading.rates, node["source_range"])
    inner = trim or reference.available or reading.extent(reference)
    if inner is None:
        reading.say(f'"{name}" has no length in the timeline and its media is offline; it was left out.')
        inner = _NOTHING
    return Item(
        "clip",
        name,
        inner,
        enabled=enabled(node),
        speed=_speed(node, name, reading),
        marks=_marks(node, reading),
        reference=reference,
    )


def _composition(node: Node, schema: str, reading: _Reading, depth: int) -> Item:
    """A track or a stack, trimmed and retimed like any item."""
    name, track = text(node.get("name")), schema != "Stack"
    trim = stretch(node.get("source_range"))
    children = tuple(item for child in nodes(node, "children") if (item := _item(child, reading, depth + 1)))
    if trim and not children and not track:
        reading.say(f'The nested timeline "{name}" is empty in this file; it was taken for a clip that is offline.')
        return _clip(node, Reference("missing", name), reading)
    durations = [child.duration for child in children]
    length = (sum(durations, Fraction(0)) if track else max(durations, default=Fraction(0))) or Fraction(0)
    record_start = None
    if trim and length and (trim.start >= length or trim.end <= 0):
        # The EDL reader of OTIO writes a track's record time as a negative start; nothing would be left of the track.
        record_start = -trim.start if trim.start < 0 else None
        reading.say(f'The trim of the {"track" if track else "stack"} "{name}" starts outside it; zero was taken.')
        trim = Stretch(Fraction(0), trim.duration)
    return Item(
        "track" if track else "stack",
        name,
        trim or Stretch(Fraction(0), length),
        enabled=enabled(node),
        speed=_speed(node, name, reading),
        marks=_marks(node, reading),
        children=children,
        picture=not track or text(node.get("kind") or "Video").lower() == "video",
        record_start=record_start,
    )


def _reference(node: Node, reading: _Reading) -> Reference:
    """The media reference in use, from either version of Clip."""
    found = node.get("media_reference")
    choices = node.get("media_references")
    if isinstance(choices, Mapping) and choices:
        key = node.get("active_media_reference_key", "DEFAULT_MEDIA")
        found = choices.get(key) if isinstance(key, str) else None
        found = found if isinstance(found, Mapping) else next(iter(choices.values()))
    if not isinstance(found, Mapping):
        return Reference("missing")
    schema = _schema(found, reading)
    # Resolve keeps the address of media that was offline when it exported.
    url = found.get("target_url") or inside(found, "metadata", "Resolve_OTIO", "Media Url")
    if schema == "ImageSequenceReference":
        url = found.get("target_url_base")
    kinds: dict[str, ReferenceKind] = {"GeneratorReference": "generator", "ImageSequenceReference": "images"}
    kind = kinds.get(schema, "file" if isinstance(url, str) else "missing")
    try:
        available = stretch(found.get("available_range"))
        if available is not None:
            reading.count(reading.media_rates, found["available_range"])
    except UnusableInput:
        reading.say(f'The available range of "{text(found.get("name"))}" cannot be meant and was not used.')
        available = None
    return Reference(kind, text(found.get("name")), url if isinstance(url, str) else "", available)


def _speed(node: Node, name: str, reading: _Reading) -> Fraction:
    """The product of an item's time effects."""
    speed = Fraction(1)
    for effect in nodes(node, "effects"):
        schema = _schema(effect, reading)
        if not enabled(effect):
            continue
        if schema == "FreezeFrame":
            speed = Fraction(0)
        elif schema == "LinearTimeWarp":
            speed *= number(effect.get("time_scalar", 1.0), 1e4)
        elif schema == "TimeEffect":
            ratio = _ramp_ratio(effect)
            speed *= ratio
            said = f"its picture was taken at a constant {float(ratio):g} times normal speed"
            reading.say(f'"{name}" has a speed ramp that is not understood; {said}.')
    return speed


def _ramp_ratio(effect: Node) -> Fraction:
    """The overall speed that Resolve writes beside a ramp's key frames, else 1."""
    resolve = inside(effect, "metadata", "Resolve_OTIO")
    ratio = resolve.get("Speed Ratio") if isinstance(resolve, Mapping) else None
    return number(ratio, 1e4) if isinstance(ratio, int | float) and ratio > 0 else Fraction(1)


def _marks(node: Node, reading: _Reading) -> tuple[Mark, ...]:
    """An item's markers; one without a usable time is left out and said."""
    marks = []
    for marker in nodes(node, "markers"):
        if _schema(marker, reading) != "Marker":
            continue
        name = text(marker.get("name"))
        start = inside(marker, "marked_range", "start_time")
        try:
            time = seconds(start) if isinstance(start, Mapping) else None
        except UnusableInput:
            time = None
        if time is None:
            reading.say(f'The marker "{name}" has no time and was left out.')
            continue
        record = isinstance(inside(marker, "metadata", "cmx_3600"), Mapping)
        marks.append(Mark(time, name, _note(marker), _is_red(marker.get("color")), record))
    return tuple(marks)


def _note(marker: Node) -> str:
    """What the editor wrote into a marker beside its name."""
    notes = (
        marker.get("comment"),
        inside(marker, "metadata", "Resolve_OTIO", "Note"),
        inside(marker, "metadata", "fcp_xml", "comment"),
    )
    return next((text(note) for note in notes if text(note)), "")


def _is_red(colour: object) -> bool:
    """Whether a marker is red: a name (Marker.2) or a Color object (Marker.3)."""
    if isinstance(colour, Mapping):
        if text(colour.get("name")):
            return text(colour.get("name")).upper() == "RED"
        red, green, blue = (colour.get(part) for part in "rgb")
        if all(isinstance(part, int | float) for part in (red, green, blue)):
            return bool(red >= 0.6 and green <= 0.3 and blue <= 0.3)  # type: ignore[operator]
        return False
    return text(colour).upper() == "RED"


def _drop_frame(metadata: object, depth: int) -> bool | None:
    """What the timeline's metadata says about drop-frame, in the ways that programs write it."""
    if not isinstance(metadata, Mapping) or depth > 3:
        return None
    for key, value in metadata.items():
        name = "".join(sign for sign in str(key).lower() if sign.isalnum())
        if name in ("dropframe", "isdropframe", "usedropframe", "timelinedropframetimecode"):
            return text(value).lower() in ("1", "true", "yes", "df") if isinstance(value, str) else bool(value)
        if name == "displayformat" and text(value).upper() in ("DF", "NDF"):
            return text(value).upper() == "DF"
        if (found := _drop_frame(value, depth + 1)) is not None:
            return found
    return None


def _schema(node: Node, reading: _Reading) -> str:
    """The schema's name without its version; what is newer or unknown is noted."""
    schema = node.get("OTIO_SCHEMA")
    name, _, version = schema.partition(".") if isinstance(schema, str) else ("", "", "")
    if name not in _KNOWN:
        reading.unknown.add(text(schema) or "An object without a schema")
    elif version.isdecimal() and len(version) < 9 and int(version) > _KNOWN[name]:
        reading.newer.add(text(schema))
    return name
