"""What people open: `cue.otio`, `cue.mid` and `cue.html`, made from what `cue.json` says of the take in use.

They can be made again at any time. The page is written last and ends with the hash of the `cue.json` that it shows, so
that one can tell whether all three follow it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.atomic import disk_errors, write_whole
from core.audio.files import BYTES_PER_FRAME, read_wav
from core.audio.overview import overview, span_of
from core.brief import STEMS, Brief, Rendering, StemName, Thumbnail
from core.cue.bwf import read_wave
from core.cue.folder import DOCUMENT, Cue
from core.cue.midi import write_midi
from core.cue.page import page, thumbnails_in
from core.cue.page_sounds import sounds_in
from core.cue.page_takes import TakeShown
from core.cue.takes import Take, as_heard, load_notes
from core.errors import UnusableInput
from core.timeline import write as timeline_write
from core.watch import Watch

TIMELINE, NOTES, PAGE = "cue.otio", "cue.mid", "cue.html"
_BLOCK = 1 << 18
"""About how many samples are read at a time."""
_LONGEST_STAMP = 200
"""Bytes at the end of a page within which its stamp stands."""


def refresh(
    cue: Cue,
    watch: Watch = Watch(),
    rendering: Rendering | None = None,
    peaks: Mapping[str, NDArray[np.float32]] = {},
    thumbnails: Sequence[Thumbnail] | None = None,
) -> None:
    """Write `cue.otio`, `cue.mid` and `cue.html` for the take in use.

    Args:
        cue: as its `cue.json` says.
        watch: asked whether to go on.
        rendering: of the take in use, where it is at hand; else it is read.
        peaks: stem, and "mix" → waveform overview of the take in use, where they are at hand; else they are measured.
        thumbnails: of the picture; None takes those of the page that stands there.

    Raises:
        UnusableInput: a file of the cue cannot be read, or one of these cannot be written.
    """
    if rendering is None:
        notes = load_notes(cue.folder, cue.take)
        rendering = Rendering((), notes.tracks, notes.chords, notes.how)
    standing = _standing(cue.folder / PAGE)
    if thumbnails is None:
        thumbnails = _thumbnails(standing)
    told = cue.brief
    brief = replace(
        told,
        picture=replace(told.picture, thumbnails=tuple(thumbnails)),
        plan=as_heard(told.plan, rendering.how),
        seed=cue.take.seed,
    )
    write_timeline(cue, rendering, cue.folder)
    _write_notes(cue, rendering)
    text = _page(cue, brief, rendering, peaks, sounds_in(standing), watch)
    write_whole(cue.folder / PAGE, (text + _stamp(cue.folder)).encode(errors="replace"))


def write_timeline(cue: Cue, rendering: Rendering, place: Path) -> None:
    """Write `cue.otio` for the take in use, as it will be found at another place.

    Args:
        cue: as its `cue.json` says, in the folder where the file is written.
        rendering: of the take in use.
        place: the cue's folder once it is visible: media are absolute paths.

    Raises:
        UnusableInput: the file cannot be written.
    """
    brief, stems = cue.brief, cue.take.stems
    names = {name: stems[name].file for name in STEMS if name in stems}
    plan = as_heard(brief.plan, rendering.how)
    document = timeline_write.placed(brief.edit, names, brief.sample_rate, plan, place.absolute())
    timeline_write.save(document, cue.folder / TIMELINE)


def is_current(cue: Cue) -> bool:
    """Whether the page, and so all three, show what `cue.json` says; False after a crash before they were written."""
    try:
        with (cue.folder / PAGE).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LONGEST_STAMP))
            return file.read().endswith(_stamp(cue.folder).encode())
    except OSError:
        return False


def _write_notes(cue: Cue, rendering: Rendering) -> None:
    """`cue.mid`, where the engine has notes."""
    brief, path = cue.brief, cue.folder / NOTES
    if not rendering.tracks:
        with disk_errors(path):
            path.unlink(missing_ok=True)
        return
    hits = [met.hit for met in brief.plan.met]
    write_midi(path, brief.edit.name, brief.plan.tempo_map, rendering.tracks, hits, brief.seconds)


def _page(
    cue: Cue,
    brief: Brief,
    rendering: Rendering,
    peaks: Mapping[str, NDArray[np.float32]],
    sounds: Mapping[str, str],
    watch: Watch,
) -> str:
    take = cue.take
    files = {**_named(cue.files(take)), "mix": cue.folder / take.mix.file}
    waves = {name: peaks[name] if name in peaks else _wave(files[name], brief.samples, watch) for name in files}
    return page(
        brief,
        rendering,
        waves,
        files,
        take.errors_ms,
        take.loudness,
        take.true_peak,
        brief.edit.name,
        engine=cue.maker(take).engine,
        folder=cue.folder,
        watch=watch,
        takes=[_shown(cue, take) for take in cue.takes if take == cue.take or _there(cue, take)],
        earlier=sounds,
    )


def _there(cue: Cue, take: Take) -> bool:
    """Whether a page can play a take: one whose files are lost keeps nobody from showing the others."""
    size = cue.brief.samples * BYTES_PER_FRAME
    try:
        waves = [(path, read_wave(path)) for path in (*cue.files(take).values(), cue.folder / take.mix.file)]
        return all(wave.data_size == size and path.stat().st_size >= wave.data_at + size for path, wave in waves)
    except (OSError, UnusableInput):
        return False


def _shown(cue: Cue, take: Take) -> TakeShown:
    """A take as the page lists it."""
    return TakeShown(
        number=take.number,
        made=take.made,
        seed=take.seed,
        files={**_named(cue.files(take)), "mix": cue.folder / take.mix.file},
        hashes={name: saved.sha256 for name, saved in take.stems.items()},
        in_use=take.number == cue.in_use,
        engine=cue.maker(take).engine,
        style=take.style or "",
        prompt=take.prompt or "",
        holes=(take.hole,) if take.hole else take.holes,
        base=take.base,
        taken_from=take.taken_from,
    )


def _named(files: Mapping[StemName, Path]) -> dict[str, Path]:
    return {str(name): path for name, path in files.items()}


def _wave(path: Path, samples: int, watch: Watch) -> NDArray[np.float32]:
    """A waveform overview of a file."""
    span = span_of(samples)
    step = max(1, _BLOCK // span) * span
    parts = []
    for start in range(0, samples, step):
        watch.check()
        parts.append(overview(read_wav(path, start, min(step, samples - start))[0], span))
    return np.concatenate(parts)


def _standing(path: Path) -> str:
    """The page that stands there; empty where it is gone."""
    with suppress(OSError):
        return path.read_text("utf-8", "replace")
    return ""


def _thumbnails(text: str) -> tuple[Thumbnail, ...]:
    """The thumbnails in a page; none where it is not ours."""
    with suppress(UnusableInput):
        return thumbnails_in(text)
    return ()


def _stamp(folder: Path) -> str:
    return f"\n<!-- cue.json {hashlib.sha256((folder / DOCUMENT).read_bytes()).hexdigest()} -->\n"
