"""New notes at the end of a hole: where nothing takes them over they fade of themselves, and the notes say so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.brief import Note, Player, StemName, Track
from core.engines.composer.joining import Gap
from core.engines.composer.parting import let_go, parting_of
from core.engines.composer.render import render
from core.engines.composer.score import Part, Parting, Score, Stop
from core.watch import Watch

RATE = 48_000
GAP = Gap(1.0, 4.0, RATE, ("effects", "melody", "drums"), last=False)
EDGE = Parting(1.0, 4.0, ("effects", "melody", "drums"))


def part(stem: StemName, instrument: str, *notes: Note) -> Part:
    return Part("Part", stem, instrument, notes)


def track(stem: StemName, instrument: str, *notes: Note) -> Track:
    return Track("Part", stem, 0, False, notes, Player(instrument))


def levels(written: Part, parting: Parting | None, tmp_path: Path) -> np.ndarray:
    """Level of each 20 ms up to the edge, dB; shape [200]."""
    score = Score(6.0, (written,), (), (), parting=parting)
    stems = render(score, RATE, 1, 6 * RATE, tmp_path, Watch())
    sound = next(stem.audio for stem in stems if stem.name == written.stem)
    power = np.square(sound[: 4 * RATE].astype(float)).reshape(200, -1).mean(axis=1)
    return np.asarray(10 * np.log10(power + 1e-8))


def falls(decibels: np.ndarray) -> float:
    """The deepest fall between a step and the third after it in the last 0.5 s, dB; -60 dB is silence."""
    heard = np.maximum(np.append(decibels, -200.0), -60.0)
    return float((heard[-29:-2] - heard[-27:]).max())


@pytest.mark.parametrize(
    ("stem", "instrument", "pitch", "seconds"),
    [("effects", "braam", 34, 2.2), ("effects", "impact", 34, 2.5), ("melody", "clarinet", 67, 2.0)],
)
@pytest.mark.parametrize("left", [0.78, 0.4, 2.0])
def test_a_long_note_fades_before_the_end_and_its_attack_stays_whole(
    stem: StemName, instrument: str, pitch: int, seconds: float, left: float, tmp_path: Path
) -> None:
    written = part(stem, instrument, Note(4.0 - left, seconds, pitch, 100))
    faded = let_go(written, EDGE)
    release = min(0.35, left / 2)
    assert faded.notes[0].duration == pytest.approx(min(seconds, left - release))
    held = replace(written, notes=(replace(written.notes[0], duration=left),))
    whole, now = levels(held, None, tmp_path), levels(faded, EDGE, tmp_path)
    attack = slice(round((4.0 - left) / 0.02), round((4.0 - release) / 0.02) - 1)
    assert np.abs(whole[attack] - now[attack]).max() < 0.1
    assert now[-1] < max(whole[-1] - 6, -45)  # what is left is the room


@pytest.mark.parametrize(("stem", "instrument", "pitch"), [("effects", "braam", 34), ("melody", "clarinet", 67)])
def test_it_falls_gradually(stem: StemName, instrument: str, pitch: int, tmp_path: Path) -> None:
    faded = let_go(part(stem, instrument, Note(3.22, 2.2, pitch, 90)), EDGE)
    assert falls(levels(faded, EDGE, tmp_path)) < 20


def test_what_is_over_before_the_end_stays_as_it_is_and_so_does_what_leads_there() -> None:
    for written in (
        part("melody", "clarinet", Note(2.0, 1.0, 67, 90)),
        part("effects", "riser", Note(2.0, 2.0, 60, 90)),
        part("bass", "bass_electric", Note(3.0, 1.0, 40, 90)),
    ):
        assert let_go(written, EDGE) == written


def test_kept_notes_that_sound_there_or_are_struck_there_take_over() -> None:
    held = track("melody", "clarinet", Note(3.5, 1.5, 67, 90))
    over = track("melody", "clarinet", Note(3.0, 0.9, 67, 90), Note(4.3, 1.0, 67, 90))
    impact = track("effects", "impact", Note(4.0, 2.5, 34, 90))
    earlier = track("effects", "impact", Note(3.0, 2.5, 34, 90))
    for kept, stems in (
        ((held, impact), ("drums",)),
        ((over, earlier), ("effects", "melody", "drums")),
        ((held, earlier), ("effects", "drums")),
    ):
        parting = parting_of(kept, GAP, ())
        assert parting is not None
        assert parting.stems == stems


def test_new_music_sounds_up_to_a_stop_and_to_the_end_of_the_cue() -> None:
    assert parting_of((), GAP, (Stop(4.0, 5.0),)) is None
    assert parting_of((), replace(GAP, last=True), ()) is None
    assert parting_of((), GAP, (Stop(3.0, 3.5),)) is not None
