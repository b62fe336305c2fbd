"""From a timeline file and a range to shots and hits."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

from core.brief import Edit
from core.errors import UnusableInput
from core.timeline.archive import MAX_CONTENT_BYTES, read_content
from core.timeline.fields import text
from core.timeline.flatten import marks, visible
from core.timeline.hits import hits
from core.timeline.media import Library
from core.timeline.movie import look
from core.timeline.ranges import Clock, chosen, clock
from core.timeline.schemas import read_tree
from core.timeline.shots import Piece, between, cuts, pieces, shot
from core.timeline.tree import Item, Mark, Reference, Stretch, Tree


def read(
    source: Path, in_text: str | None = None, out_text: str | None = None, *, content: bytes | None = None
) -> Edit:
    """What a timeline says about a range.

    Args:
        source: an `.otio`, an `.otioz` or a movie file (one long clip; its cuts are not looked for here).
        in_text: where the range starts, as `timecode.parse` reads it; None is the timeline's start.
        out_text: where it ends, exclusive; None is the timeline's end.
        content: the text of an `.otio` that was read elsewhere: `source` is then not opened, and gives only its name
            and the folder that relative media lie in.

    Raises:
        WrongUse: a text is not a time.
        UnusableInput: the file is no timeline and no movie, or the range is empty, reversed, outside, or all gaps.
    """
    tree, library = _open(source) if content is None else _travelled(source, content)
    rate, frame = tree.rate, 1 / tree.rate
    counting, said = clock(rate, tree.start, tree.root.duration, tree.drop_frame, (in_text, out_text))
    span = chosen(counting, in_text, out_text)
    first = round(span.start.value - span.timeline_start.value)
    whole = pieces(visible(tree.root, frame), rate, counting.frames)
    found = between(whole, first, first + span.frames, rate)
    if all(piece.clip is None for piece in found):
        where = f"{counting.written(first)} to {counting.written(first + span.frames)}"
        raise UnusableInput("There is no picture in the range, only gaps", where=where, do=counting.extent)
    shots = tuple(shot(piece, library) for piece in found)
    marked = [(at - first, mark) for at, mark in _marks(tree, counting)]
    return Edit(
        name=tree.name or text(source.stem) or "timeline",
        source=source,
        range=span,
        shots=shots,
        hits=hits(cuts(found), marked, span.frames, rate),
        in_text=counting.written(first),
        out_text=counting.written(first + span.frames),
        offline=tuple(dict.fromkeys(one.media.why_offline for one in shots if one.media and one.media.why_offline)),
        said=(*tree.said, *said),
        has_edit_list=_has_edit_list(whole),
        ends_with_timeline=first + span.frames == counting.frames,
    )


def _has_edit_list(whole: list[Piece]) -> bool:
    """Whether a timeline holds more than one stretch of footage."""
    clips = [piece.clip for piece in whole if piece.clip and piece.clip.reference]
    return sum(clip.reference.kind != "generator" for clip in clips if clip.reference) != 1


def _marks(tree: Tree, counting: Clock) -> list[tuple[int, Mark]]:
    """The timeline's markers with their frame from its start."""
    return [(int(time * tree.rate + Fraction(1, 2)), mark) for time, mark in marks(tree.root, 1 / counting.rate)]


def _open(source: Path) -> tuple[Tree, Library]:
    """The tree of a file and the library of its media."""
    where = text(str(source))
    try:
        if source.is_dir():
            raise UnusableInput("This is a folder, not a timeline", where=where, do="Give an .otio file.")
        if not source.is_file():
            raise UnusableInput("There is no such file", where=where)
        suffix = source.suffix.lower()
        if suffix == ".otioz":
            content, members = read_content(source)
            library = Library(source.absolute().parent, source.absolute(), members)
            return _parsed(content, library, where), library
        if suffix in (".otio", ".json"):
            if source.stat().st_size > MAX_CONTENT_BYTES:
                raise UnusableInput("The timeline is larger than 256 MB", where=where)
            library = Library(source.absolute().parent)
            return _parsed(source.read_bytes(), library, where), library
        return _movie(source.absolute(), where)
    except (OSError, ValueError) as error:
        raise UnusableInput("The file cannot be read", where=where, do=text(str(error))) from None


def _travelled(source: Path, content: bytes) -> tuple[Tree, Library]:
    """The tree of a timeline whose text came without its file."""
    where = text(str(source))
    if len(content) > MAX_CONTENT_BYTES:
        raise UnusableInput("The timeline is larger than 256 MB", where=where)
    library = Library(source.absolute().parent)
    return _parsed(content, library, where), library


def _parsed(content: bytes, library: Library, where: str) -> Tree:
    """The tree of OTIO's JSON; every error names the file."""
    if not content.strip():
        raise UnusableInput("The file is empty", where=where, do="Export the timeline again.")
    try:
        document = json.loads(content)
    except RecursionError:
        raise UnusableInput("The file is nested too deeply to be a timeline", where=where) from None
    except ValueError:
        raise UnusableInput("The file is not OpenTimelineIO (not JSON)", where=where, do="Export as OTIO.") from None
    try:
        return read_tree(document, library.extent)
    except UnusableInput as error:
        raise UnusableInput(error.what, where, error.do) from None


def _movie(source: Path, where: str) -> tuple[Tree, Library]:
    """A movie as a timeline of one clip, with the movie's own timecode."""
    movie = look(f"file:{source}", where)
    length = Stretch(Fraction(0), movie.frames / movie.rate)
    clip = Item("clip", text(source.name), length, reference=Reference("file", source.name, str(source), length))
    root = Item("stack", "", length, children=(clip,))
    said = () if movie.steady else ("The movie's frame rate varies; its nominal rate was taken.",)
    start = Fraction(movie.start) if movie.has_timecode else None
    stated = movie.drop_frame if movie.has_timecode else None
    return Tree(text(source.stem), root, movie.rate, start, stated, said), Library(source.parent)
