"""What is to be done for a stem on a track: what stays, what goes, what is laid. Decides only; changes nothing."""

import math
from fractions import Fraction
from typing import Any, Callable, Dict, List, Optional, Tuple

from . import naming, pool
from .host import call, number, table
from .timeline import Rate, rate_of
from .tracks import Item


class Piece:
    """A piece that is wanted.

    `start` is absolute, `source` counts frames of the file, `slack` frames that it may be short.
    """

    def __init__(self, start: int, frames: int, file: str, section: Optional[int], source: int, slack: int) -> None:
        self.start = start
        self.frames = frames
        self.file = file
        self.section = section
        self.source = source
        self.slack = slack
        self.second: Optional[int] = None
        """The length to try where the file is a frame short of the first one."""

    @property
    def end(self) -> int:
        """The first frame after it."""
        return self.start + self.frames


class Todo:
    """What stands between a track and what is wanted."""

    def __init__(self) -> None:
        self.kept: List[Tuple[Piece, int]] = []
        self.edited: List[Tuple[Piece, int]] = []
        self.lay: List[Piece] = []
        self.delete: List[Item] = []
        self.blocked: Optional[Item] = None
        """The first item that stands in the way and must not be replaced."""

    @property
    def score(self) -> int:
        """How much of it is there already."""
        return len(self.kept) + len(self.edited) + len(self.delete)


def pieces(stem: Dict[str, Any], base: int) -> List[Piece]:
    """The stem as one piece for each section, in order."""
    found = [
        Piece(base + each["first"], each["frames"], each["file"], each["section"], each["frames"], 0)
        for each in stem.get("pieces") or ()
    ]
    return sorted(found, key=lambda piece: piece.start)


def _ratio(one: Rate, other: Rate) -> Fraction:
    """Frames of one rate in a frame of another."""
    return Fraction(one.numerator * other.denominator, one.denominator * other.numerator)


def whole(stem: Dict[str, Any], placement: Dict[str, Any], base: int, rate: Rate, own: Rate) -> Piece:
    """The stem as one piece, for a file that Resolve counts at another rate than the timeline's; it rounds down."""
    exact = placement["frames"] * _ratio(own, rate)
    source = math.ceil(exact)
    if math.floor(source * _ratio(rate, own)) > placement["frames"]:
        source -= 1
    piece = Piece(base, placement["frames"], stem["file"], None, source, slack(rate, own))
    piece.second = min(source, math.floor(exact))
    return piece


def slack(rate: Rate, own: Optional[Rate]) -> int:
    """Frames that an item may be short of what was asked: none at one rate, else a source frame's worth."""
    return 0 if own is None or rate.same(own) else max(1, math.ceil(_ratio(rate, own)))


def _fits(item: Item, start: int, frames: int, slack: int) -> bool:
    return item.start == start and 0 <= frames - item.frames <= slack


def in_place(item: Item, piece: Piece) -> bool:
    """Whether an item lies as a piece is wanted."""
    return (
        bool(item.file) and _fits(item, piece.start, piece.frames, piece.slack) and naming.same(item.file, piece.file)
    )


def _is_marked(handle: Any) -> bool:
    """Whether the user has done something to an item that can be seen on it."""
    if call(handle, "GetClipColor") or call(handle, "GetClipEnabled") is False or call(handle, "GetMarkers"):
        return True
    fades, told = table(call(handle, "GetFades")), table(call(handle, "GetProperty"))
    set_to = (fades.get("FadeIn"), fades.get("FadeOut"), told.get("AudioVolume"), told.get("AudioPan"))
    return any(number(each) for each in set_to)


def _home(told: naming.Told, placement: Dict[str, Any]) -> Optional[Tuple[int, int]]:
    """Where a file of this cue belongs, first frame and frames: its section, or the whole cue."""
    if told.section is None:
        return 0, placement["frames"]
    for section in placement["sections"]:
        if section["number"] == told.section:
            return section["first"], section["frames"]
    return None


def is_untouched(item: Item, stem: str, placement: Dict[str, Any], base: int, rate: Rate) -> bool:
    """Whether an item was laid by us for this stem and cue and is as it was laid: only such an item may be replaced."""
    told = naming.parse(item.file)
    if not told or told.stem != stem or not naming.inside(item.file, placement["cue"]["folder"]):
        return False
    if told.cue and told.cue != placement["cue"]["id"]:
        return False
    place = _home(told, placement)
    if place is None or item.left != 0:
        return False
    own = rate_of(pool.rate(item.media)) if told.section is None else None
    return _fits(item, base + place[0], place[1], slack(rate, own)) and not _is_marked(item.handle)


def _standing(piece: Piece, found: List[Item]) -> Tuple[str, Optional[Item]]:
    """How a piece stands against what lies in its span: kept, edited (our file, changed by the user), or ""."""
    for item in found:
        if in_place(item, piece) and item.left == 0:
            return "kept", item
        if item.file and naming.same(item.file, piece.file):
            return "edited", item
    return "", None


def compare(wanted: List[Piece], items: List[Item], untouched: Callable[[Item], bool]) -> Todo:
    """Compare what is wanted with a track; `untouched` judges an item."""
    todo = Todo()
    for piece in wanted:
        found = [item for item in items if item.start < piece.end and item.end > piece.start]
        stands, where = _standing(piece, found)
        if where is not None:
            (todo.kept if stands == "kept" else todo.edited).append((piece, where.start))
            continue
        todo.lay.append(piece)
        for item in found:
            if item in todo.delete:
                continue
            if untouched(item):
                todo.delete.append(item)
            else:
                todo.blocked = todo.blocked or item
    return todo
