"""Notes across the edges of a hole."""

from __future__ import annotations

from dataclasses import replace

from core.brief import Note, Player, StemName, Track
from core.engines.composer.joining import Gap, joined
from core.engines.composer.kept import part_of

GAP = Gap(2.0, 4.0, 48_000, ("effects", "melody"), last=False)


def track(stem: StemName, instrument: str, *notes: Note) -> Track:
    return Track("Part", stem, 0, False, notes, Player(instrument))


def test_a_rise_that_leads_to_a_kept_moment_stays_whole() -> None:
    rise, boom = Note(2.5, 3.0, 48, 90), Note(2.5, 3.0, 36, 90)
    kept = (track("effects", "riser", rise), track("effects", "boom", boom))
    (now,) = joined(kept, (), (), GAP)
    assert now.player == Player("riser")
    assert now.notes == (rise,)


def test_a_rise_to_the_end_of_the_hole_stays_unless_the_new_music_rises_there_too() -> None:
    kept = track("effects", "riser", Note(2.5, 1.5, 48, 90))
    assert joined((kept,), (), (), GAP) == (kept,)
    new = replace(part_of(kept), notes=(Note(3.0, 1.0, 50, 90),))
    (now,) = joined((kept,), (new,), (), GAP)
    assert now.notes == new.notes


def test_a_rise_that_ends_inside_the_hole_goes() -> None:
    assert joined((track("effects", "riser", Note(2.5, 1.0, 48, 90)),), (), (), GAP) == ()


def test_of_a_held_note_that_began_in_the_hole_what_sounds_on_is_told() -> None:
    (now,) = joined((track("melody", "violin", Note(3.5, 1.5, 60, 90)),), (), (), GAP)
    assert now.notes == (Note(4.0, 1.0, 60, 90),)


def test_a_whoosh_whose_moment_is_the_end_of_the_hole_is_kept_from_its_beginning() -> None:
    whoosh = track("effects", "whoosh", Note(2.5, 2.0, 38, 108))
    assert joined((whoosh,), (), (), GAP) == (whoosh,)
