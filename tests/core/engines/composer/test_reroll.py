"""A hole played anew: nothing else changes, the seams hold, the hits are met, and it is another idea."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.audio.onsets import heard
from core.brief import STEMS, Audio, Hole, Note, Rendering, StemName, Track
from core.engines.composer.engine import ENGINE
from core.engines.composer.render import render
from core.engines.composer.reroll import reroll
from core.engines.composer.score import Score
from core.errors import Cancelled, EngineNotReady
from core.watch import Watch
from tests.core.engines.composer.holes import RATE, SECONDS, bars_at, hole_in, made, rerolled, spliced
from tests.core.engines.composer.outlines import STYLES

TONAL: tuple[StemName, ...] = ("bass", "harmony", "melody")
FULL_SCALE = 1e-4


def inside(notes: Sequence[Note], hole: Hole) -> list[Note]:
    """The notes that begin in a hole, by the sample."""
    first, last = round(hole.start * RATE), round((hole.start + hole.duration) * RATE)
    return [note for note in notes if first <= round(note.start * RATE) < last]


def of(tracks: Sequence[Track], stem: StemName) -> list[Note]:
    return sorted(
        (note for track in tracks if track.stem == stem for note in track.notes),
        key=lambda note: (note.start, note.pitch),
    )


def see_that_the_rest_is_kept(hole: Hole, new: Rendering) -> None:
    """Kept stems are the same tracks; notes over before the hole, or begun after it, are the same notes."""
    end = hole.start + hole.duration
    assert [t for t in hole.kept.tracks if t.stem not in hole.stems] == [
        t for t in new.tracks if t.stem not in hole.stems
    ]
    told = {id(note) for track in new.tracks for note in track.notes}
    for track in hole.kept.tracks:
        for note in track.notes:
            untouched = note.start + note.duration <= hole.start or note.start >= end
            if track.stem not in hole.stems or untouched:
                assert id(note) in told, (track.name, note)
    known = {id(note) for track in hole.kept.tracks for note in track.notes}
    for stem in hole.stems:
        for note in of(new.tracks, stem):
            if id(note) not in known:
                assert note.start + note.duration > hole.start - 1e-6
                assert note.start < end + 1e-6


def test_the_engine_says_that_it_can_play_holes() -> None:
    assert ENGINE.abilities.holes_in_time
    assert ENGINE.abilities.holes_in_stems


@pytest.mark.parametrize("style", STYLES)
def test_every_note_outside_the_hole_and_in_other_stems_is_the_kept_one(style: str) -> None:
    brief, kept = made(style)
    for stems in (STEMS, ("drums",), ("harmony", "melody")):
        hole = hole_in(brief, kept, *bars_at(brief, 2, 3), stems)
        new = reroll(replace(brief, seed=5), hole)
        see_that_the_rest_is_kept(hole, Rendering((), new.tracks, new.score.chords, kept.how))


@pytest.mark.parametrize(("style", "stems"), [("uplift", STEMS), ("lo-fi", ("drums",)), ("ambient", ("harmony",))])
def test_a_window_sounds_as_the_whole_would_there(style: str, stems: tuple[StemName, ...], tmp_path: Path) -> None:
    brief, kept = made(style)
    hole = hole_in(brief, kept, 8.0, 13.0, stems)
    fresh = replace(brief, seed=6)
    new = rerolled(hole, 6)
    whole = render(reroll(fresh, hole).score, RATE, brief.seed, brief.samples, tmp_path, Watch())
    here = slice(round(7.95 * RATE), round(13.05 * RATE))
    assert tuple(stem.name for stem in new.stems) == tuple(name for name in STEMS if name in stems)
    for stem in new.stems:
        there = next(other for other in whole if other.name == stem.name)
        assert stem.audio.shape == (brief.samples, 2)
        assert np.abs(there.audio[here]).max() > 0.01 or stem.name == "effects"
        assert np.abs(stem.audio[here] - there.audio[here]).max() < FULL_SCALE


@pytest.mark.parametrize("style", ["action", "documentary", "tension"])
def test_what_rings_in_from_before_is_the_kept_sound_to_the_sample(style: str) -> None:
    brief, kept = made(style)
    hole = hole_in(brief, kept, *bars_at(brief, 3, 2))
    new = rerolled(hole, 9)
    before = slice(round((hole.start - 0.05) * RATE), round(hole.start * RATE))
    for stem, old in zip(new.stems, kept.stems, strict=True):
        assert np.abs(stem.audio[before] - old.audio[before]).max() < FULL_SCALE


def test_the_same_seed_gives_the_same_take_to_the_bit_and_another_seed_another_one() -> None:
    brief, kept = made("uplift")
    hole = hole_in(brief, kept, *bars_at(brief, 2, 4))
    one, again, other = rerolled(hole, 4), rerolled(hole, 4), rerolled(hole, 5)
    assert one.tracks == again.tracks
    assert all(np.array_equal(a.audio, b.audio) for a, b in zip(one.stems, again.stems, strict=True))
    assert one.tracks != other.tracks


def notes_of_hole(tracks: Sequence[Track], stem: StemName, hole: Hole) -> list[Note]:
    return inside(of(tracks, stem), hole)


def places(notes: Sequence[Note]) -> set[tuple[int, int]]:
    """Notes as moments of 20 ms and pitches: what touch and stray cannot change."""
    return {(round(note.start * 50), note.pitch) for note in notes}


@pytest.mark.parametrize("style", STYLES)
def test_two_seeds_and_what_was_there_are_three_ideas(style: str) -> None:
    brief, kept = made(style)
    combinations: tuple[tuple[StemName, ...], ...] = (("harmony",), ("drums",), ("melody",), TONAL)
    for stems in combinations:
        hole = hole_in(brief, kept, *bars_at(brief, 2, 4), stems)
        first, second = (reroll(replace(brief, seed=seed), hole).tracks for seed in (21, 22))
        for stem in stems:
            ideas = [places(notes_of_hole(tracks, stem, hole)) for tracks in (kept.tracks, first, second)]
            for one, other in ((0, 1), (0, 2), (1, 2)):
                if len(ideas[one] | ideas[other]) > 4:
                    alike = len(ideas[one] & ideas[other]) / len(ideas[one] | ideas[other])
                    assert alike < 0.9, (stem, one, other, alike)


def median_velocity(notes: Sequence[Note]) -> float:
    return float(np.median([note.velocity for note in notes]))


@pytest.mark.parametrize("style", STYLES)
def test_the_same_band_plays_as_loud_and_as_high(style: str) -> None:
    brief, kept = made(style)
    hole = hole_in(brief, kept, *bars_at(brief, 2, 3))
    new = reroll(replace(brief, seed=31), hole)
    band_stems: tuple[StemName, ...] = ("drums", "bass", "harmony")
    for stem in band_stems:
        band = {track.player.instrument for track in kept.tracks if track.stem == stem and track.player}
        now = inside(of(new.tracks, stem), hole)
        then = inside(of(kept.tracks, stem), hole)
        if len(now) < 8 or len(then) < 8:
            continue
        played = [
            track.player.instrument
            for track in new.tracks
            for _ in inside(track.notes, hole)
            if track.stem == stem and track.player
        ]
        assert sum(name in band for name in played) > 0.7 * len(played), stem
        assert abs(median_velocity(now) - median_velocity(then)) < 14, stem
        if stem != "drums":
            assert abs(np.median([n.pitch for n in now]) - np.median([n.pitch for n in then])) <= 9, stem


@pytest.mark.parametrize("style", ["action", "electronic", "lo-fi", "uplift"])
def test_the_beat_goes_on_in_phase_through_the_hole(style: str) -> None:
    brief, kept = made(style)
    hole = hole_in(brief, kept, *bars_at(brief, 2, 3), ("drums",))
    now = inside(of(reroll(replace(brief, seed=8), hole).tracks, "drums"), hole)
    sixteenths = np.interp(
        [n.start for n in now], brief.plan.tempo_map.beats, np.arange(len(brief.plan.tempo_map.beats))
    )
    off = np.abs(sixteenths * 4 - np.round(sixteenths * 4)) / 4 * np.diff(brief.plan.tempo_map.beats).mean()
    on_hits = [any(abs(n.start - met.hit.time) < 1e-3 for met in brief.plan.met) for n in now]
    assert len(now) > 8
    assert all(late < 0.07 or hit for late, hit in zip(off, on_hits, strict=True))
    assert np.median(off) < 0.005


@pytest.mark.parametrize("style", ["action", "comedy", "documentary", "electronic", "tension"])
@pytest.mark.parametrize("stems", [STEMS, ("drums",), ("harmony", "melody"), ("melody", "effects")])
def test_every_hit_inside_the_hole_is_heard_within_half_a_frame(style: str, stems: tuple[StemName, ...]) -> None:
    brief, kept = made(style)
    hole = hole_in(brief, kept, *bars_at(brief, 1, 7 if style != "tension" else 5), stems)
    new = spliced(hole, kept, rerolled(hole, 12))
    hits = [
        (met.hit.time, how)
        for met, how in zip(brief.plan.met, new.how, strict=True)
        if how and hole.start <= met.hit.time < hole.start + hole.duration
    ]
    assert len(hits) >= 3
    sound: dict[str, Audio] = {stem.name: stem.audio for stem in new.stems}
    errors = heard(sound, RATE, [t for t, _ in hits], [how for _, how in hits], brief.edit.range.rate)
    assert all(error is not None and abs(error) <= 500 / 24 for error in errors), list(zip(hits, errors, strict=True))
    assert new.how == kept.how


def test_nothing_new_starts_inside_a_stop() -> None:
    for style in ("tension", "action", "comedy", "electronic"):
        brief, kept = made(style)
        whole = hole_in(brief, kept, 0.0, SECONDS)
        new = reroll(replace(brief, seed=3), whole)
        for stop in new.score.stops:
            assert not [n for t in new.tracks for n in t.notes if stop.time + 0.01 < n.start < stop.until - 0.01]


@pytest.mark.parametrize("style", ["tension", "comedy"])
@pytest.mark.parametrize("stems", [STEMS, ("bass", "harmony"), ("bass", "harmony", "effects")])
@pytest.mark.parametrize("seconds", [0.3, 0.6, 3.0])
def test_a_kept_stop_at_the_end_of_the_hole_is_heard(style: str, stems: tuple[StemName, ...], seconds: float) -> None:
    brief, kept = made(style)
    stop = next(met.hit.time for met, how in zip(brief.plan.met, kept.how, strict=True) if how == "stop")
    hole = hole_in(brief, kept, stop - seconds, stop, stems)
    for seed in (1, 2):
        new = spliced(hole, kept, rerolled(hole, seed))
        (error,) = heard({stem.name: stem.audio for stem in new.stems}, RATE, [stop], ["stop"], brief.edit.range.rate)
        assert error is not None
        assert abs(error) <= 500 / 24


@pytest.mark.parametrize("style", ["documentary", "electronic"])
@pytest.mark.parametrize(
    ("start", "end"),
    [(0.0, 3.0), (20.0, SECONDS), (0.0, SECONDS), (7.0, 7.5), (9.03, 9.071_666), (0.0, 0.3), (23.9, SECONDS)],
    ids=["first sample", "last sample", "whole cue", "one beat", "one frame", "a breath", "the last moment"],
)
def test_holes_may_lie_anywhere_and_be_of_any_length(style: str, start: float, end: float) -> None:
    brief, kept = made(style)
    hole = hole_in(brief, kept, start, end)
    new = rerolled(hole, 17)
    see_that_the_rest_is_kept(hole, new)
    for stem in new.stems:
        assert np.isfinite(stem.audio).all()
    if end == SECONDS:
        assert all(not stem.audio[-1].any() for stem in new.stems)
        last = np.concatenate([stem.audio[round(23.0 * RATE) :] for stem in kept.stems])
        now = np.concatenate([stem.audio[round(23.0 * RATE) :] for stem in new.stems])
        assert abs(10 * np.log10((now**2).mean() / (last**2).mean())) < 6
    if end - start > 2:
        loud = [
            10 * np.log10(sum((s.audio[round(start * RATE) : round(end * RATE)] ** 2).mean() for s in take.stems))
            for take in (kept, new)
        ]
        assert abs(loud[0] - loud[1]) < 5


@pytest.mark.parametrize("style", ["action", "lo-fi"])
def test_twenty_holes_in_a_row_overlap_and_leave_the_rest(style: str) -> None:
    brief, take = made(style)
    rng = np.random.default_rng(20)
    tracks = len(take.tracks)
    for turn in range(20):
        start = float(rng.uniform(0, SECONDS - 1))
        end = min(SECONDS, start + float(rng.uniform(0.2, 9)))
        stems = tuple(name for name in STEMS if rng.random() < 0.5) or ("bass",)
        hole = hole_in(brief, replace(take, stems=()), start, end, stems)
        new = reroll(replace(brief, seed=turn), hole)
        take = Rendering((), new.tracks, new.score.chords, take.how)
        see_that_the_rest_is_kept(hole, take)
        ends = [chord.start + chord.duration for chord in take.chords]
        assert [chord.start for chord in take.chords[1:]] == pytest.approx(ends[:-1], abs=1e-6)
        assert ends[-1] == pytest.approx(SECONDS, abs=1e-3)
    assert len(take.tracks) < 2 * tracks + 8
    clashing = [
        (a, b)
        for track in take.tracks
        for a, b in zip(track.notes, track.notes[1:], strict=False)
        if a.pitch == b.pitch and abs(a.start - b.start) < 0.002
    ]
    assert not clashing


def test_a_hole_in_an_earlier_hole_hears_that_one_at_its_left_edge() -> None:
    brief, kept = made("documentary")
    first = hole_in(brief, kept, *bars_at(brief, 2, 4))
    once = spliced(first, kept, rerolled(first, 7))
    start, end = bars_at(brief, 4, 1)
    second = hole_in(brief, once, start, end)
    twice = rerolled(second, 8)
    before = slice(round((start - 0.05) * RATE), round(start * RATE))
    for stem, old in zip(twice.stems, once.stems, strict=True):
        assert np.abs(stem.audio[before] - old.audio[before]).max() < FULL_SCALE


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    style=st.sampled_from(STYLES),
    start=st.floats(0, SECONDS - 0.05),
    length=st.floats(0.042, SECONDS),
    stems=st.sets(st.sampled_from(STEMS), min_size=1),
    seed=st.integers(0, 2**31),
)
def test_any_hole_keeps_the_rest(style: str, start: float, length: float, stems: set[StemName], seed: int) -> None:
    brief, kept = made(style)
    hole = hole_in(brief, kept, start, start + length, sorted(stems))
    new = reroll(replace(brief, seed=seed), hole)
    see_that_the_rest_is_kept(hole, Rendering((), new.tracks, new.score.chords, kept.how))


def test_a_wish_changes_what_is_played_and_nothing_else() -> None:
    brief, kept = made("documentary")
    hole = hole_in(brief, kept, *bars_at(brief, 2, 4))
    asked = replace(brief, seed=2, direction=replace(brief.direction, style="lo-fi", ending="cut"))
    new = reroll(asked, hole)
    see_that_the_rest_is_kept(hole, Rendering((), new.tracks, new.score.chords, kept.how))
    players = {t.player.instrument for t in new.tracks if t.player and inside(t.notes, hole) and t.stem == "drums"}
    assert "kick_dusty" in players
    usual = reroll(replace(brief, seed=2), hole).score
    assert (new.score.level, new.score.room, new.score.fade_out) == (usual.level, usual.room, usual.fade_out)


def test_an_unwanted_stem_falls_silent_in_the_hole() -> None:
    brief, kept = made("uplift")
    hole = hole_in(brief, kept, *bars_at(brief, 2, 3), ("drums",))
    quiet = replace(brief, seed=2, direction=replace(brief.direction, without=("drums",)))
    new = reroll(quiet, hole)
    assert not inside(of(new.tracks, "drums"), hole)
    assert inside(of(kept.tracks, "drums"), hole)


def test_a_cue_that_does_not_say_who_plays_is_refused_with_a_sentence() -> None:
    brief, kept = made("uplift")
    nameless = replace(kept, tracks=tuple(replace(track, player=None) for track in kept.tracks))
    with pytest.raises(EngineNotReady, match="who plays"):
        rerolled(hole_in(brief, nameless, 2.0, 4.0), 1)


def test_a_cancelled_re_roll_stops() -> None:
    brief, kept = made("uplift")
    hole = hole_in(brief, kept, 2.0, 8.0)
    for allowed in (0, 3, 8):
        asked = 0

        def cancelled(limit: int = allowed) -> bool:
            nonlocal asked
            asked += 1
            return asked > limit

        with pytest.raises(Cancelled):
            rerolled(hole, 1, Watch(cancelled=cancelled))


def work(hole: Hole, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Notes rendered or laid down, and samples mixed, for a hole."""
    from core.engines.composer import mix, players

    laid, mixed = 0, 0
    lay, run = players.Players._lay, mix.Bus.run

    def counted_lay(self: players.Players, onset: object, note: object, first: int, *rest: object) -> None:
        nonlocal laid
        laid += 1
        lay(self, onset, note, first, *rest)  # type: ignore[arg-type]

    def counted_run(self: mix.Bus, feed: object, count: int) -> object:
        nonlocal mixed
        mixed += count
        return run(self, feed, count)  # type: ignore[arg-type]

    monkeypatch.setattr(players.Players, "_lay", counted_lay)
    monkeypatch.setattr(mix.Bus, "run", counted_run)
    rerolled(hole, 3)
    monkeypatch.undo()
    return laid, mixed


def test_the_work_grows_with_the_hole_and_not_with_the_cue(monkeypatch: pytest.MonkeyPatch) -> None:
    short, long = made("lo-fi"), made("lo-fi", 96)
    few, samples = work(hole_in(*short, *bars_at(short[0], 3, 2)), monkeypatch)
    in_long, samples_in_long = work(hole_in(*long, *bars_at(long[0], 13, 2)), monkeypatch)
    many, more_samples = work(hole_in(*long, *bars_at(long[0], 6, 8)), monkeypatch)
    assert samples_in_long == pytest.approx(samples, rel=0.01)
    assert in_long < 2.0 * few
    assert many > 1.5 * in_long
    assert more_samples > 2 * samples_in_long
    assert more_samples < 0.5 * 5 * long[0].samples


def sounding_score(hole: Hole, seed: int) -> Score:
    return reroll(replace(hole.brief, seed=seed), hole).score


def test_the_dynamics_the_stops_and_the_end_are_the_cues_own() -> None:
    brief, kept = made("action")
    hole = hole_in(brief, kept, *bars_at(brief, 2, 3))
    one, other = sounding_score(hole, 1), sounding_score(hole, 2)
    assert (one.level, one.stops, one.fade_out, one.room) == (other.level, other.stops, other.fade_out, other.room)
