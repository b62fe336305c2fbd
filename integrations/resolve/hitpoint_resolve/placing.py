"""A placement becomes the timeline, stem by stem: what is there stays, what is ours and untouched and differs is
replaced, what the user touched is left and the stem goes to a fresh track. Nothing counts that was not read back."""

import re
from typing import Any, Dict, List, Optional, Tuple

from . import laying, naming, plan, pool, timeline, tracks
from .host import Session, Stop
from .laying import Outcome
from .plan import Piece, Todo
from .timeline import Facts, Rate
from .tracks import Item, Track


class Place:
    """Where a placement lies on the open timeline: `base` is the absolute frame of the cue's first."""

    def __init__(self, placement: Dict[str, Any], facts: Facts) -> None:
        self.placement = placement
        self.base = facts.start + placement["start"]
        self.rate = facts.rate
        self.facts = facts
        self.said: List[str] = []


class Present:
    """A piece that is there: laid, kept (in place already) or edited (left as the user has it)."""

    def __init__(self, piece: Piece, start: int, how: str, short: int = 0) -> None:
        self.piece = piece
        self.start = start
        self.how = how
        self.short = short


class Result:
    """What became of one stem."""

    def __init__(self, name: str, asked: int) -> None:
        self.name = name
        self.asked = asked
        self.track = ""
        self.total = 0
        self.present: List[Present] = []
        self.failed: List[Tuple[Piece, str]] = []
        self.said: List[str] = []

    @property
    def complete(self) -> bool:
        """Whether every piece is where it belongs."""
        return not self.failed and len(self.present) == self.total

    def fail(self, pieces: List[Piece], why: str) -> None:
        """None of some pieces could be laid."""
        self.failed += [(piece, why) for piece in pieces]


class Choice:
    """A track for a stem, and what is to be done there."""

    def __init__(self, track: Track, todo: Todo) -> None:
        self.track = track
        self.todo = todo


def _standing(item: Item, cue: Dict[str, Any]) -> str:
    """What an item that stands in the way is: of another cue, of this one before its folder was moved, or edited."""
    told = naming.parse(item.file) if item.file else None
    if not told or naming.inside(item.file, cue["folder"]):
        return "is not as Hitpoint laid it there"
    return "is from where this cue's folder was before" if told.cue == cue["id"] else "is of another cue"


def _hindrance(track: Track, todo: Todo, complete: bool, cue: Dict[str, Any]) -> str:
    """Why nothing may be changed on a track; empty when it may, or need not."""
    if not todo.lay:
        return ""
    if track.locked:
        return f'the track "{track.name}" is locked'
    if not track.stereo:
        return f'the track "{track.name}" is not stereo'
    if not complete:
        return f'the items on "{track.name}" cannot be read'
    if todo.blocked:
        return f'what lies on "{track.name}" at frame {todo.blocked.start} {_standing(todo.blocked, cue)}'
    return ""


def _choose(session: Session, place: Place, stem: str, pieces: List[Piece]) -> Tuple[Optional[Choice], str]:
    """The track of ours where most is in place already; why another one will not do."""
    best: Optional[Choice] = None
    why = ""

    def untouched(item: Item) -> bool:
        return plan.is_untouched(item, stem, place.placement, place.base, place.rate)

    for track in tracks.of_stem(session, stem):
        items, complete = tracks.items(session, track.index)
        todo = plan.compare(pieces, items, untouched)
        hinders = _hindrance(track, todo, complete, place.placement["cue"])
        if hinders:
            why = why or hinders
        elif best is None or todo.score > best.todo.score:
            best = Choice(track, todo)
    return best, why


def _import(session: Session, place: Place, files: List[str]) -> Tuple[Dict[str, Any], str]:
    """Import what is to be laid: file → pool item, and the first file that Resolve does not read."""
    if not files:
        return {}, ""
    media = pool.import_files(session, place.placement["cue"], files)
    return media, next((file for file in files if file not in media), "")


def _foreign_rate(media: Dict[str, Any], rate: Rate) -> str:
    """The rate of the first pool item that Resolve counts at another rate than the timeline's, as it tells it."""
    for clip in media.values():
        told = pool.rate(clip)
        own = timeline.rate_of(told)
        if own is not None and not own.same(rate):
            return str(told)
    return ""


def _whole_piece(session: Session, place: Place, stem: Dict[str, Any]) -> Tuple[List[Piece], str]:
    """The whole stem as one piece, measured in the rate that Resolve froze for its file."""
    media, unread = _import(session, place, [stem["file"]])
    clip = media.get(stem["file"])
    own = timeline.rate_of(pool.rate(clip)) if clip is not None else None
    return [plan.whole(stem, place.placement, place.base, place.rate, own or place.rate)], unread


def _find_pieces(session: Session, place: Place, stem: Dict[str, Any], result: Result) -> Tuple[List[Piece], str]:
    """Sections as pieces; the whole stem as one where Resolve would round each piece at another rate. With them comes
    the first file that Resolve does not read."""
    pieces = plan.pieces(stem, place.base)
    if not pieces:
        return _whole_piece(session, place, stem)
    choice, _ = _choose(session, place, stem["name"], pieces)
    files = [piece.file for piece in (choice.todo.lay if choice else pieces)]
    media, unread = _import(session, place, files[:1])
    told = _foreign_rate(media, place.rate)
    if not told:
        media, unread = _import(session, place, files)
        told = _foreign_rate(media, place.rate)
    if not told:
        return pieces, unread
    result.said.append(
        f"is laid as one item, since Resolve counts its files at {told} frames a second, not at the timeline's rate"
    )
    return _whole_piece(session, place, stem)


def _make_way(
    session: Session, stem: str, pieces: List[Piece], choice: Optional[Choice], why: str, result: Result
) -> Tuple[Optional[Choice], str]:
    """Make the chosen track ready, else a fresh one: old items that are replaced are taken away first."""
    if choice and choice.todo.delete and not laying.remove(session, choice.track.name, choice.todo.delete):
        why = f'Resolve did not delete the earlier items on "{choice.track.name}"'
        choice = None
    if choice is None:
        track, refused = tracks.add(session, stem)
        if track is None:
            return None, refused
        choice = Choice(track, Todo())
        choice.todo.lay = pieces
    if why and choice.todo.score == 0:
        result.said.append(
            f'goes to "{choice.track.name}", since {why}; mute or delete there what shall no longer be heard'
        )
    return choice, ""


def _note(result: Result, todo: Todo, outcome: Outcome) -> None:
    """Write down what a track holds of the stem now."""
    for how, ones in (("kept", todo.kept), ("edited", todo.edited)):
        result.present += [Present(piece, start, how) for piece, start in ones]
    for piece in todo.lay:
        item = outcome.landed.get(piece)
        if item is None:
            result.failed.append((piece, outcome.failed.get(piece, "")))
        else:
            result.present.append(Present(piece, item.start, "laid", piece.frames - item.frames))
    if outcome.strays:
        result.said.append(outcome.strays)


def _place_stem(session: Session, place: Place, stem: Dict[str, Any], result: Result) -> None:
    pieces, unread = _find_pieces(session, place, stem, result)
    result.total = len(pieces)
    if unread:
        result.fail(pieces, f"Resolve could not read {unread}, so nothing of this stem was changed")
        return
    choice, why = _choose(session, place, stem["name"], pieces)
    choice, why = _make_way(session, stem["name"], pieces, choice, why, result)
    if choice is None:
        result.fail(pieces, why)
        return
    result.track = choice.track.name
    outcome = Outcome()
    if choice.todo.lay:
        outcome = laying.lay(session, place.placement["cue"], choice.track, choice.todo.lay)
    _note(result, choice.todo, outcome)


def aim(session: Session, placement: Dict[str, Any]) -> Place:
    """Where the placement lies on the open timeline.

    Raises:
        Stop: it cannot be meant for it.
    """
    facts = timeline.read(session)
    found = re.match(r"(\d+)/(\d+)$", str(placement.get("rate")))
    if found and not Rate(int(found.group(1)), int(found.group(2)), False).same(facts.rate):
        raise Stop(
            "the timeline runs at another frame rate than when this was asked for, so nothing was placed. "
            "Run: Score range"
        )
    place, began = Place(placement, facts), placement.get("timeline_start")
    if began is not None and began != facts.start:
        place.said.append(
            f"the timeline started at frame {began} when this was asked for and starts at {facts.start} now; "
            "the music is laid as far from the start as before."
        )
    return place


def place_all(session: Session, place: Place, results: List[Result]) -> None:
    """Lay all stems; `results` is filled as it goes, so that what was done is known even where the run is stopped."""
    for stem in place.placement["stems"]:
        result = Result(stem["name"], place.base)
        results.append(result)
        _place_stem(session, place, stem, result)


def confirm(session: Session, results: List[Result]) -> None:
    """Look once more at everything that counts as placed: items have been seen to vanish."""
    for result in results:
        index = tracks.index_of(session, result.track) if result.track else None
        at = {item.start: item for item in tracks.items(session, index)[0]} if index else {}
        present = []
        for one in result.present:
            item = at.get(one.start)
            if item is not None and (one.how == "edited" or plan.in_place(item, one.piece)):
                present.append(one)
            else:
                result.failed.append((one.piece, "it was there and is gone again"))
        result.present = present


def is_complete(place: Place, results: List[Result]) -> bool:
    """Whether every piece of every stem is where it belongs."""
    return len(results) == len(place.placement["stems"]) and all(result.complete for result in results)
