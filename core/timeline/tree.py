"""The tree of a timeline: what an OTIO file says, as plain data with exact times.

Conventions
    Times are seconds as `Fraction`: a value at 23.976 is a multiple of 1001/24000. Each item has an inner time, in
    which its `inner` stretch, its marks and its children lie, and an outer time that runs from 0 to its duration. A
    clip's inner time is its media's own, timecode included.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

ItemKind = Literal["clip", "gap", "track", "stack", "transition"]
ReferenceKind = Literal["file", "images", "missing", "generator"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of time: seconds, the end exclusive."""

    start: Fraction
    duration: Fraction

    @property
    def end(self) -> Fraction:
        """The first moment after it."""
        return self.start + self.duration


@dataclass(frozen=True, slots=True)
class Reference:
    """What a clip says its picture is."""

    kind: ReferenceKind
    name: str = ""
    url: str = ""
    """As written: a bare path, a `file://` URL, relative to the timeline, or something that is not opened."""
    available: Stretch | None = None
    """The media's own extent, from its start timecode; None where the file does not say."""


@dataclass(frozen=True, slots=True)
class Mark:
    """An editor's marker, in its item's inner time."""

    time: Fraction
    name: str
    note: str
    red: bool
    record: bool = False
    """It came from an EDL's locator, which counts in record timecode."""


@dataclass(frozen=True, slots=True)
class Item:
    """A clip, gap, track, stack or transition."""

    kind: ItemKind
    name: str
    inner: Stretch
    """What is used of the inner time; its duration is how long the item lasts, whatever its speed."""
    enabled: bool = True
    speed: Fraction = Fraction(1)
    """Inner seconds per outer second: 0 holds the first frame, negative plays the stretch backwards."""
    marks: tuple[Mark, ...] = ()
    children: tuple[Item, ...] = ()
    reference: Reference | None = None
    """What a clip shows; None for everything else."""
    picture: bool = True
    """False for tracks that carry no picture."""
    before: Fraction = Fraction(0)
    """How far a transition reaches before the cut."""
    after: Fraction = Fraction(0)
    """How far a transition reaches after the cut."""
    record_start: Fraction | None = None
    """Record time of a track that came from an EDL."""

    @property
    def duration(self) -> Fraction:
        """Length in the parent, seconds; a transition has none."""
        return self.inner.duration


@dataclass(frozen=True)
class Tree:
    """A whole timeline."""

    name: str
    root: Item
    rate: Fraction
    """Frames per second."""
    start: Fraction | None
    """Record frame of the first frame; None where the file does not say."""
    drop_frame: bool | None
    """What the file says about drop-frame; None where it does not."""
    said: tuple[str, ...] = ()
    """What was read in a way the editor should know of."""
