"""Notes and chords of two takes put together are what sounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.brief import Chord, Note, Rendering, StemName, Track
from core.cue.takes import Opening
from core.merging import merged
from tests.core.sketch_engine import brief

STEMS: tuple[StemName, ...] = ("drums", "bass", "harmony")
PLAN = brief().plan


def take(*notes: Note, chords: tuple[Chord, ...] = (), drums: bool = False) -> Rendering:
    track = Track("part", "drums" if drums else "harmony", 1, drums, notes)
    return Rendering((), (track,), chords, ("accent", None))


def test_notes_over_the_edges_end_in_one_take_and_go_on_in_the_other() -> None:
    base = take(Note(0.0, 3.0, 60, 90), Note(3.5, 2.0, 62, 90))
    other = take(Note(1.0, 1.5, 70, 90), Note(2.5, 0.5, 71, 90), Note(3.75, 3.0, 72, 90))
    hole = Opening(2.0, 2.0, ("harmony",))
    assert merged(base, other, hole, PLAN, STEMS).tracks[0].notes == (
        Note(0.0, 2.0, 60, 90),
        Note(2.0, 0.5, 70, 90),
        Note(2.5, 0.5, 71, 90),
        Note(3.75, 0.25, 72, 90),
        Note(4.0, 1.5, 62, 90),
    )


def test_drums_are_struck_or_not() -> None:
    base, other = take(Note(1.9, 0.5, 36, 90), drums=True), take(Note(1.8, 0.5, 38, 90), drums=True)
    notes = merged(base, other, Opening(2.0, 2.0, ("drums",)), PLAN, STEMS).tracks[0].notes
    assert [(note.start, note.pitch) for note in notes] == [(1.9, 36)]


def test_chords_come_with_the_stem_that_carries_them() -> None:
    ours = (Chord(0.0, 4.0, "C", (60, 64, 67)), Chord(4.0, 4.0, "G", (55, 59, 62)))
    theirs = (Chord(0.0, 3.0, "C", (60, 64, 67)), Chord(3.0, 5.0, "Am", (57, 60, 64)))
    base, other = take(chords=ours), take(chords=theirs)
    assert merged(base, other, Opening(2.0, 4.0, ("drums",)), PLAN, STEMS).chords == ours
    assert merged(base, other, Opening(2.0, 4.0, ("harmony",)), PLAN, STEMS).chords == (
        Chord(0.0, 3.0, "C", (60, 64, 67)),
        Chord(3.0, 3.0, "Am", (57, 60, 64)),
        Chord(6.0, 2.0, "G", (55, 59, 62)),
    )


def test_parts_that_only_one_take_has_stay_parts() -> None:
    other = Rendering((), (Track("choir", "harmony", 52, False, (Note(2.5, 1.0, 60, 90),)),), (), (None, "stop"))
    tracks = merged(take(Note(0.0, 1.0, 60, 90)), other, Opening(2.0, 2.0, ("harmony",)), PLAN, STEMS).tracks
    assert [(track.name, len(track.notes)) for track in tracks] == [("part", 1), ("choir", 1)]


def test_a_part_that_the_hole_takes_all_notes_of_is_gone() -> None:
    base, other = take(Note(2.5, 1.0, 60, 90)), Rendering((), (), (), ("accent", None))
    assert merged(base, other, Opening(2.0, 2.0, ("harmony",)), PLAN, STEMS).tracks == ()


@given(
    st.lists(st.tuples(st.floats(0, 8), st.floats(0.01, 3)), max_size=20),
    st.floats(0, 7.9),
    st.floats(0.1, 8),
)
def test_a_take_put_together_with_itself_sounds_as_itself(
    notes: list[tuple[float, float]], start: float, length: float
) -> None:
    itself = take(*(Note(first, duration, 60 + index, 90) for index, (first, duration) in enumerate(notes)))
    tracks = merged(itself, itself, Opening(start, length, ("harmony",)), PLAN, STEMS).tracks
    sounding = {note.pitch: 0.0 for note in itself.tracks[0].notes}
    for note in (note for track in tracks for note in track.notes):
        sounding[note.pitch] += note.duration
    for note in itself.tracks[0].notes:
        assert abs(sounding[note.pitch] - note.duration) < 0.061, "but for what is shorter than a grace note"
