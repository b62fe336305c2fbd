"""MIDI items beside the stems, where they are asked for: every note at the second at which it sounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.brief import Meter, Note, TempoMap, Track
from core.cue.midi import write_midi
from tests.hosts.reaper.state import Item
from tests.hosts.reaper.tempo import TempoMap as ProjectTempo
from tests.integrations.reaper.desk import STEPS_IN_50_MS, Desk

BEATS = np.concatenate([np.arange(0, 6, 0.6), np.arange(6, 14, 0.5)])


def part(name: str, step: float, *, drums: bool = False, count: int = 20) -> Track:
    notes = tuple(Note(0.1 + step * place, 0.2, 48 + place % 24, 60 + place % 60) for place in range(count))
    return Track(name, "drums" if drums else "harmony", 0, drums, notes)


def cue(desk: Desk, *parts: Track, **more: Any) -> dict[str, Any]:
    laid = desk.cue(**more)
    tempo_map = TempoMap(BEATS, tuple(range(0, len(BEATS), 4)), Meter(4, 4))
    write_midi(Path(laid["midi"]), "reel 1", tempo_map, parts, (), 12.5)
    return laid


def sounding(desk: Desk, name: str) -> list[tuple[float, int, int]]:
    """Second in the project, pitch and velocity of each note of an item."""
    [item] = desk.track(f"{name} (MIDI)").items
    assert item.take is not None
    assert item.take.source is not None
    assert item.take.source.notes is not None
    tempo = ProjectTempo(desk.project.state)
    origin = tempo.qn(item.position)
    ppq = item.take.source.ppq
    return [
        (tempo.time(origin + note.start / ppq), note.pitch, note.velocity)
        for note in sorted(item.take.source.notes, key=lambda note: note.start)
    ]


def expected(track: Track, zero: float = 10.0) -> list[tuple[float, int, int]]:
    return [(zero + note.start, note.pitch, note.velocity) for note in track.notes]


@pytest.mark.parametrize("tempo", [False, True])
def test_every_note_is_heard_with_the_sound(desk: Desk, tempo: bool) -> None:
    desk.options(midi=True, tempo=tempo)
    desk.project.state.bpm = 133.0
    piano, kit = part("piano", 0.61), part("kit", 0.37, drums=True)
    desk.score(cue(desk, piano, kit))
    for track in (piano, kit):
        found = sounding(desk, track.name)
        assert [note[1:] for note in found] == [note[1:] for note in expected(track)]
        assert [note[0] for note in found] == pytest.approx([note[0] for note in expected(track)], abs=2e-3)


def test_they_are_muted_and_lie_in_the_cues_folder_after_the_stems(desk: Desk) -> None:
    desk.options(midi=True)
    desk.score(cue(desk, part("piano", 0.6), part("kit", 0.4, drums=True)))
    names = [track.name for track in desk.project.state.tracks][-3:]
    assert names == ["effects", "piano (MIDI)", "kit (MIDI)"]
    depths = [int(track.values.get("I_FOLDERDEPTH", 0)) for track in desk.project.state.tracks]
    assert depths == [0, 1, 0, 0, 0, 0, 0, 0, -1]
    item: Item = desk.item("piano (MIDI)")
    assert (item.values["B_MUTE"], item.values["C_BEATATTACHMODE"], item.values["B_LOOPSRC"]) == (1, 0, 0)
    assert (item.position, item.length) == (10.0, 12.5)


def test_without_the_option_there_are_none(desk: Desk) -> None:
    desk.score(cue(desk, part("piano", 0.6)))
    assert not any("MIDI" in track.name for track in desk.project.state.tracks)


def test_a_cue_without_notes_says_so(desk: Desk) -> None:
    desk.options(midi=True)
    desk.score(desk.cue())
    assert "there are no notes of this cue." in desk.fake.console
    assert desk.item("drums").position == 10.0


def test_a_file_that_is_no_midi_says_so(desk: Desk) -> None:
    desk.options(midi=True)
    laid = desk.cue()
    Path(laid["midi"]).write_bytes(b"not a MIDI file at all")
    desk.score(laid)
    assert "cannot be read: it is no MIDI file." in desk.fake.console
    assert desk.item("drums").position == 10.0


def test_thousands_of_notes_hold_nothing_up(desk: Desk) -> None:
    desk.options(midi=True)
    desk.score(cue(desk, part("piano", 0.001, count=6000)))
    assert len(sounding(desk, "piano")) == 6000
    assert max(desk.fake.tick_steps) < STEPS_IN_50_MS


def test_a_reroll_writes_the_notes_anew_unless_somebody_has_edited_them(desk: Desk) -> None:
    desk.options(midi=True)
    desk.score(cue(desk, part("piano", 0.6), part("kit", 0.4, drums=True)))
    kit = desk.item("kit (MIDI)").take
    assert kit is not None
    assert kit.source is not None
    assert kit.source.notes is not None
    kit.source.notes[3].pitch = 99
    new = part("piano", 0.5), part("kit", 0.3, drums=True)
    desk.fake.user.select_time(14.0, 16.0)
    desk.answers(cue(desk, *new, take=2, changed={2: (("drums",), (2,))}))
    desk.act("Re-roll")
    assert [note[1:] for note in sounding(desk, "piano")] == [note[1:] for note in expected(new[0])]
    assert sounding(desk, "piano")[1][0] == pytest.approx(10.6, abs=2e-3)
    assert sounding(desk, "kit")[3][1] == 99
    assert "the MIDI item of kit was left as it is: it may have been edited." in desk.fake.console


@pytest.mark.parametrize("edit", ["moved", "trimmed", "unmuted"])
def test_a_reroll_leaves_a_midi_item_that_somebody_has_taken_in_hand(desk: Desk, edit: str) -> None:
    desk.options(midi=True)
    desk.score(cue(desk, part("piano", 0.6)))
    item = desk.item("piano (MIDI)")
    if edit == "moved":
        desk.fake.user.move_item(item, item.position + 1)
    elif edit == "trimmed":
        desk.fake.user.trim_item(item, end=item.position + 5)
    else:
        item.values["B_MUTE"] = 0.0
    held = (item.guid, dict(item.values))
    desk.fake.user.select_time(14.0, 16.0)
    desk.answers(cue(desk, part("piano", 0.5), take=2, changed={2: (("drums",), (2,))}))
    desk.act("Re-roll")
    found = desk.item("piano (MIDI)")
    assert (found.guid, found.values) == held
    assert "the MIDI item of piano was left as it is: it may have been edited." in desk.fake.console


def test_two_players_of_one_instrument_are_two_parts(desk: Desk) -> None:
    desk.options(midi=True)
    desk.score(cue(desk, part("piano", 0.6), part("piano", 0.4)))
    assert len(sounding(desk, "piano")) == len(sounding(desk, "piano 2")) == 20
