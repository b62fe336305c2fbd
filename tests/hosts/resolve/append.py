"""AppendToTimeline: where clips come to lie, and where they silently do not (resolve.md 2.3, 2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tests.hosts.resolve.model import Item, Kind, Media, Project, Timeline, Track
from tests.hosts.resolve.surface import HostError, Returned

if TYPE_CHECKING:
    from tests.hosts.resolve.fake import Fake

_KEYS = {"mediaPoolItem", "startFrame", "endFrame", "mediaType", "trackIndex", "recordFrame"}


@dataclass(frozen=True)
class Request:
    """One entry of the list, its fields checked."""

    media: Media
    first: Fraction
    """Source frames, the last one exclusive."""
    last: Fraction
    kinds: tuple[Kind, ...]
    typed: bool
    index: int | None
    record: float | None


def append(fake: Fake, project: Project, wanted: list[dict[str, Any]]) -> list[Returned] | None:
    """Lay clips on the current timeline, whatever timeline the script thinks of. What is answered proves nothing."""
    timeline = project.timeline
    if timeline is None:
        return []
    requests = [_read(fake, entry) for entry in wanted]
    if not fake.profile.since("20.3.2") and not project.pool_selection:
        return []
    answered = [one for request in requests for one in ([] if request is None else _lay(fake, timeline, request))]
    if fake.errored_append_waits:
        fake.errored_append_waits = False
        for one in answered:
            if one.item is not None:
                one.item.unsaved = True
        if fake.traps.errored_append == "raises":
            raise HostError("AppendToTimeline: no response")
        return None
    return answered


def _read(fake: Fake, entry: dict[str, Any]) -> Request | None:
    """The request that a table means; None where it has no clip."""
    unknown = set(entry) - _KEYS
    numbers = {key: value for key, value in entry.items() if key != "mediaPoolItem"}
    wrong = [key for key, value in numbers.items() if not isinstance(value, (int, float)) or isinstance(value, bool)]
    media = entry.get("mediaPoolItem")
    died = media is None and "mediaPoolItem" in entry
    if died and not unknown and not wrong:  # its handle did, on the way: nobody can know
        return None
    if unknown or wrong or not isinstance(media, Media):
        keys = ", ".join(sorted([*map(str, unknown), *wrong])) or "mediaPoolItem"
        fake.wrong_calls.append(f"MediaPool.AppendToTimeline: {keys} is unknown, missing or of the wrong type")
        return None
    kind = entry.get("mediaType")
    if kind not in (None, 1, 2):
        fake.wrong_calls.append(f"MediaPool.AppendToTimeline: there is no mediaType {kind}")
        return None
    has = tuple(name for name, there in (("video", media.video), ("audio", media.audio)) if there)
    asked: tuple[Kind, ...] = ("video",) if kind == 1 else ("audio",) if kind == 2 else ("video", "audio")
    index = entry.get("trackIndex")
    return Request(
        media,
        max(_frame(fake, entry.get("startFrame", 0)), Fraction(0)),
        min(_frame(fake, entry.get("endFrame", media.frames)), Fraction(media.frames)),
        tuple(name for name in asked if name in has),
        kind is not None,
        None if index is None else int(index),
        entry.get("recordFrame"),
    )


def _frame(fake: Fake, value: float) -> Fraction:
    whole = value == int(value)
    if not whole and (not fake.profile.since("19.0.3") or fake.traps.float_frames == "truncated"):
        value = int(value)
    return Fraction(value).limit_denominator(1_000_000)


def _lay(fake: Fake, timeline: Timeline, request: Request) -> list[Returned]:
    if request.last <= request.first or not request.kinds:
        return [_lie(timeline, request)]
    if request.index is not None and not request.typed and fake.traps.needs_media_type:
        return [_lie(timeline, request)]
    link = fake.next_link() if len(request.kinds) > 1 else None
    answered = []
    for kind in request.kinds:
        answered += _lay_kind(fake, timeline, request, kind, link)
    return answered


def _lay_kind(fake: Fake, timeline: Timeline, request: Request, kind: Kind, link: int | None) -> list[Returned]:
    tracks = timeline.tracks[kind]
    index = 1 if request.index is None else request.index
    too_high = index > len(tracks) + 1 or index < 1
    above_video = (kind == "audio" and request.kinds == ("audio",) and request.index is not None) and index > len(
        timeline.tracks["video"]
    )
    if too_high or (above_video and not fake.profile.since("20.2.2")):
        return [_lie(timeline, request)] if fake.traps.beyond == "items" else []
    several = request.media.channels if kind == "audio" and request.media.channels > 2 else 1
    answered = []
    for channel in range(several):
        while len(tracks) < index + channel:
            fake.add_track(timeline, kind, "mono" if kind == "audio" else "")
        item = _item(timeline, request)
        item.link, item.channel = link, channel if several > 1 else None
        answered += _settle(fake, timeline, tracks[index + channel - 1], item, request)
    return answered


def _settle(fake: Fake, timeline: Timeline, track: Track, item: Item, request: Request) -> list[Returned]:
    """Lay an item on its track, or do what this Resolve does instead."""
    traps = fake.traps
    if track.locked:
        return [Returned(item, phantom=True)] if traps.locked == "items" else []
    if request.record is None:
        item.start = max((other.end for other in track.items), default=timeline.start)
    elif item.start != int(item.start):
        fake.unmeasured.append(f"recordFrame {item.start} is no whole frame")
    while in_the_way := track.busy(item.start, item.end):
        if traps.overlap == "drop":
            return [Returned(item, phantom=True)]
        if traps.overlap == "dead":
            return [Returned(None)]
        item.start = max(other.end for other in in_the_way)
    track.put(item)
    return [Returned(None)] if traps.dead_items else [Returned(item, id_lost=traps.null_ids)]


def _item(timeline: Timeline, request: Request) -> Item:
    media = request.media
    shown = request.last - request.first
    return Item(
        media.name,
        timeline.start if request.record is None else request.record,
        max(int(shown * timeline.rate / media.rate), 1),
        media,
        request.first,
        shown,
    )


def _lie(timeline: Timeline, request: Request) -> Returned:
    """An item that looks placed and lies nowhere."""
    return Returned(_item(timeline, request), phantom=True)
