"""What leaves a cue for other programs: stamped copies, sections, and previews to send around.

Nothing is ever replaced: folders and files get the first name that is free ("BWF", "BWF 2", …), and appear whole or not
at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from core.audio.files import new_wav, read_wav
from core.brief import Edit, Range, Section, sample_count
from core.cue import preview
from core.cue.bwf import read_wave, stamp
from core.cue.disk import new_cue, safe_name
from core.cue.fresh import new_file
from core.errors import UnusableInput
from core.picture.frames import OpenMedia, plain_file
from core.watch import Watch

_BLOCK = 1 << 18


def bwf(files: Mapping[str, Path], scored: Range, to: Path, title: str, watch: Watch) -> dict[str, Path]:
    """Copies stamped with the record timecode, for spotting: a folder "BWF" of Broadcast WAVE files.

    Args:
        files: name ("drums", …, "mix") → 24-bit WAV that starts with the range.
        scored: the range.
        to: the folder in which the folder is made.
        title: the cue's name.
        watch: told of stage "export".

    Returns:
        Name → the stamped copy.

    Raises:
        UnusableInput: a file cannot be read, or the place cannot be written; nothing is left behind.
    """
    names = {name: f"{safe_name(title, f' {name}')}.wav" for name in files}
    with new_cue(to, "BWF") as new:
        for done, (name, path) in enumerate(files.items()):
            watch.report("export", done / len(files), f"Stamping {name}")
            stamp(path, new.path / names[name], scored, name, title, watch)
    return {name: new.final / file for name, file in names.items()}


def edges(sections: Sequence[Section], scored: Range) -> list[int]:
    """Frames at which the sections begin, and the range's last: each downbeat at its nearest whole frame.

    The first is always 0, so that nothing before the first downbeat is lost. Neighbours that fall on one frame give two
    equal edges.
    """
    inner = [int(Fraction(section.start) * scored.rate + Fraction(1, 2)) for section in sections[1:]]
    found = [0]
    for frame in (*inner, scored.frames):
        found.append(min(max(frame, found[-1]), scored.frames))
    return found


def sections(
    files: Mapping[str, Path], parts: Sequence[Section], scored: Range, to: Path, watch: Watch
) -> dict[str, tuple[Path, ...]]:
    """The stems cut into one file for each musical section: a folder "Sections" with "01 A drums.wav", ….

    Edges stand on whole frames; the sample of an edge is `round(frame × sample_rate / rate)`. The pieces of a stem, put
    together, are the stem, sample for sample. A section shorter than half a frame has no file.

    Args:
        files: name → 24-bit WAV of exactly the range's length.
        parts: the sections, in order.
        scored: the range.
        to: the folder in which the folder is made.
        watch: told of stage "export".

    Returns:
        Name → its pieces in order.

    Raises:
        UnusableInput: a file cannot be read or is not as long as the range, or the place cannot be written.
    """
    if not parts:
        raise UnusableInput("This cue has no sections", do="Export it whole.")
    frames = edges(parts, scored)
    spans = [
        (f"{number:02} {part.name}", first, last)
        for number, (part, first, last) in enumerate(zip(parts, frames, frames[1:], strict=False), 1)
        if last > first
    ]
    made: dict[str, list[Path]] = {name: [] for name in files}
    with new_cue(to, "Sections") as new:
        for done, (name, path) in enumerate(files.items()):
            watch.report("export", done / len(files), f"Cutting {name}")
            rate = _sample_rate(path, scored)
            for label, first, last in spans:
                piece = new.path / f"{safe_name(label, f' {name}')}.wav"
                samples = [sample_count(frame / scored.rate, rate) for frame in (first, last)]
                _cut(path, piece, samples[0], samples[1], watch)
                made[name].append(piece)
    return {name: tuple(new.final / piece.name for piece in pieces) for name, pieces in made.items()}


def _sample_rate(path: Path, scored: Range) -> int:
    wave = read_wave(path)
    if wave.samples != scored.samples(wave.sample_rate):
        raise UnusableInput("This sound is not as long as the cue", str(path), "Make the cue again.")
    return wave.sample_rate


def _cut(source: Path, to: Path, start: int, end: int, watch: Watch) -> None:
    """Write samples `start` to `end` of a WAV to a new one, unchanged."""
    with new_wav(to, end - start, read_wave(source).sample_rate) as piece:
        for at in range(start, end, _BLOCK):
            watch.check()
            piece.write(read_wav(source, at, min(_BLOCK, end - at))[0])


def preview_mp3(mix: Path, to: Path, title: str, watch: Watch) -> Path:
    """The mix as MP3, to send around.

    Args:
        mix: the mix, a WAV.
        to: the folder.
        title: the file's name without its extension.
        watch: told of stage "export".

    Raises:
        UnusableInput: the mix cannot be read or the place cannot be written; nothing is left behind.
    """
    with new_file(to, f"{safe_name(title)}.mp3") as new:
        preview.write_mp3(mix, new.path, watch)
    return new.final


def preview_mp4(
    edit: Edit, mix: Path, to: Path, title: str, watch: Watch, open_media: OpenMedia = plain_file
) -> tuple[Path, str]:
    """A small movie of the range with the mix as its sound and the record timecode burnt in.

    Args:
        edit: the shots, as the timeline shows them.
        mix: the mix, a WAV as long as the range.
        to: the folder.
        title: the file's name without its extension.
        watch: told of stage "export".
        open_media: turns a medium into what PyAV opens.

    Returns:
        The movie, and the encoder that made its picture ("h264_nvenc", "mpeg4", …).

    Raises:
        UnusableInput: the mix cannot be read or the place cannot be written; nothing is left behind.
    """
    _sample_rate(mix, edit.range)
    with new_file(to, f"{safe_name(title)}.mp4") as new:
        encoder = preview.write_mp4(edit, mix, new.path, watch, open_media)
    return new.final, encoder
