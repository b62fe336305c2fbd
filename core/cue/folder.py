"""The cue folder: one document, `cue.json`, that says how the music was made and where its files are.

The folder grows hidden and appears by one rename, when all of it is written: the stems and their mix, the notes,
`cue.json`, then `cue.otio`, `cue.mid` and `cue.html`, which are made from what the document says. In a cue that stands
already each file is replaced whole. Everything that an engine was told is kept exactly, so that the same take can be
made again from the document alone; only thumbnails are left out, which lie in `cue.html`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from core.atomic import write_whole
from core.audio.finish import Finished
from core.brief import STEMS, Brief, Rendering, StemName
from core.cue.coherence import see_that_it_holds_together, see_that_takes_hold_together
from core.cue.damage import damaged
from core.cue.document import NotThis, parsed, plain, typed, written
from core.cue.provenance import MadeBy, MadeFrom, made_by
from core.cue.takes import (
    Notes,
    Take,
    load_notes,
    load_state,
    refer,
    save_notes,
    save_state,
    take_folder,
)
from core.errors import UnusableInput, WrongUse
from core.watch import Watch

DOCUMENT = "cue.json"
SCHEMA = 1
"""Version of the document; raised when an older program could misread it."""


@dataclass(frozen=True)
class Cue:
    """A cue folder, read."""

    folder: Path
    made_by: MadeBy
    brief: Brief
    gain_db: float
    """The gain of all takes, fixed by the first."""
    takes: tuple[Take, ...]
    in_use: int
    """Number of the take in use."""
    pruned: tuple[Take, ...] = ()
    """Takes whose files were removed: what remains is how they were made."""
    made_from: MadeFrom | None = None
    """The cue that this one follows after a change of the edit; null where there was none."""

    @property
    def take(self) -> Take:
        """The take in use."""
        return self.numbered(self.in_use)

    def numbered(self, number: int) -> Take:
        """The take of that number.

        Raises:
            WrongUse: there is none.
        """
        for take in self.takes:
            if take.number == number:
                return take
        there = ", ".join(str(take.number) for take in self.takes)
        gone = any(take.number == number for take in self.pruned)
        raise WrongUse(f"Take {number} {'was pruned' if gone else 'does not exist'}", do=f"The takes are: {there}.")

    def maker(self, take: Take) -> MadeBy:
        """What made a take."""
        return take.made_by or self.made_by

    def files(self, take: Take) -> dict[StemName, Path]:
        """The stems of a take, in mixing order."""
        return {name: self.folder / take.stems[name].file for name in STEMS if name in take.stems}


def save(
    folder: Path,
    engine: str,
    brief: Brief,
    rendering: Rendering,
    finished: Finished,
    errors_ms: Sequence[float | None] = (),
    weights: Mapping[str, str] = {},
) -> Cue:
    """Make a folder that holds the files of a first take into a cue: its notes, then `cue.json`.

    Args:
        folder: the cue folder; the stems and their mix lie in its `takes/001` already.
        engine: name of the engine.
        brief: what the engine was told.
        rendering: what it gave back.
        finished: the files and what they measure.
        errors_ms: how far from its time each hit of the plan is heard, in ms.
        weights: file of weights → SHA-256.

    Raises:
        UnusableInput: the disk is full or the place cannot be written.
        EngineNotReady: the engine's state cannot be saved here.
    """
    own = take_folder(folder, 1)
    files, hashes = finished.files, finished.hashes
    take = Take(
        number=1,
        seed=brief.seed,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        stems={name: refer(folder, files[name], hashes[name]) for name in STEMS if name in files},
        mix=refer(folder, finished.mix, hashes["mix"]),
        notes=save_notes(folder, own, Notes(rendering.tracks, rendering.chords, rendering.how)),
        loudness=finished.loudness,
        true_peak=finished.true_peak,
        errors_ms=tuple(errors_ms),
        said=finished.said,
        state=save_state(folder, own, rendering.state),
    )
    told = replace(brief, picture=replace(brief.picture, thumbnails=()))
    cue = Cue(folder, made_by(engine, weights), told, finished.gain_db, (take,), 1)
    write(cue)
    return cue


def write(cue: Cue) -> None:
    """Write `cue.json`, whole or not at all.

    Raises:
        UnusableInput: the disk is full or the place cannot be written.
    """
    document = plain(cue)
    del document["folder"]
    write_whole(cue.folder / DOCUMENT, written({"hitpoint_cue": SCHEMA, **document}))


def load(place: Path) -> Cue:
    """Read a cue folder, or the `cue.json` inside one.

    Raises:
        UnusableInput: there is no cue, it is damaged, or a newer program made it; the sentence says which.
    """
    folder = place.parent if place.name == DOCUMENT else place
    path = folder / DOCUMENT
    try:
        content = parsed(path.read_bytes())
    except OSError as error:
        raise UnusableInput("There is no cue here", str(path), "Give the folder that holds a cue.json.") from error
    except NotThis as error:
        raise UnusableInput(f"This cue.json is damaged: {error}", str(path), "Bring it back from a copy.") from error
    schema = content.get("hitpoint_cue") if isinstance(content, dict) else None
    if not isinstance(schema, int):
        raise UnusableInput("This cue.json was not written by Hitpoint", str(path), "Give the folder of a cue.")
    if schema > SCHEMA:
        raise UnusableInput(
            f"A newer Hitpoint made this cue (schema {schema}, known here is {SCHEMA})", str(path), "Update Hitpoint."
        )
    try:
        cue: Cue = typed(Cue, {**content, "folder": str(folder)})
        see_that_takes_hold_together(cue.takes, cue.in_use)
        see_that_it_holds_together(cue.brief, cue.gain_db)
    except NotThis as error:
        raise UnusableInput(f"This cue.json is damaged: {error}", str(path), "Bring it back from a copy.") from error
    return cue


def notes_of(cue: Cue, take: Take) -> Notes:
    """The notes of a take, its chords, and how it meets each hit of the plan.

    Raises:
        UnusableInput: the file is missing, damaged, or does not fit the plan.
    """
    notes = load_notes(cue.folder, take)
    if not len(notes.how) == len(take.errors_ms) == len(cue.brief.plan.met):
        raise UnusableInput(
            "The notes of this take do not fit its hits", str(cue.folder), "Bring the cue back from a copy."
        )
    return notes


def rendering_of(cue: Cue, take: Take) -> Rendering:
    """What an engine wrote of a take besides its sound: notes, chords, how hits are met, and its state.

    Raises:
        UnusableInput: a file is missing or damaged.
        EngineNotReady: the engine's state cannot be read here.
    """
    notes = notes_of(cue, take)
    return Rendering((), notes.tracks, notes.chords, notes.how, load_state(cue.folder, take))


def verify(cue: Cue, watch: Watch = Watch()) -> tuple[str, ...]:
    """Read all files of all takes again, and what each re-roll had to keep in the take that it changed.

    Returns:
        One sentence for each damaged take; empty when all is well.

    Raises:
        Cancelled: the user stopped the work.
    """
    return tuple(damaged(cue.folder, cue.takes, watch).values())
