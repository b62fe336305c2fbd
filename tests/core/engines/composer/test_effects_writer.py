"""The effects stem: sparse, and ending where it leads."""

from __future__ import annotations

import pytest

from core.engines.composer.effects_writer import effects_parts
from core.engines.composer.marks import LEADING
from tests.core.engines.composer.outlines import STYLES, TEMPO, make_brief, make_outline, spread_hits


@pytest.mark.parametrize("style", STYLES)
def test_what_leads_somewhere_ends_on_a_strong_hit_a_section_or_the_last_chord(style: str) -> None:
    for seed in range(5):
        brief = make_brief(style, hit_beats=spread_hits(40, TEMPO[style], 12), musts=(24.0,), seed=seed)
        outline = make_outline(brief)
        ends = {round(gesture.time, 5) for gesture in outline.gestures if gesture.strong}
        ends |= {round(bar.start, 5) for bar in outline.bars} | {round(outline.final.time, 5)}
        for part in effects_parts(outline):
            if part.instrument in LEADING - {"sub_swell"}:
                assert all(round(note.start + note.duration, 5) in ends for note in part.notes)
            if part.instrument == "whoosh":
                assert all(round(note.start + 0.75 * note.duration, 5) in ends for note in part.notes)


@pytest.mark.parametrize("style", STYLES)
def test_effects_are_sparse(style: str) -> None:
    brief = make_brief(style, seconds=120, hit_beats=spread_hits(120, TEMPO[style], 40))
    count = sum(len(part.notes) for part in effects_parts(make_outline(brief)))
    assert 1 <= count <= 60


def test_action_has_more_effects_than_documentary() -> None:
    hits = spread_hits(60, 120, 25)
    action, documentary = (
        sum(
            len(part.notes)
            for seed in range(5)
            for part in effects_parts(make_outline(make_brief(style, seconds=60, hit_beats=hits, bpm=120, seed=seed)))
        )
        for style in ("action", "documentary")
    )
    assert action > 2 * documentary


def test_no_effects_where_none_are_wanted() -> None:
    assert effects_parts(make_outline(make_brief("action", without=("effects",)))) == ()


def test_nothing_starts_on_a_stop() -> None:
    for seed in range(12):
        outline = make_outline(make_brief("tension", hit_beats=spread_hits(40, 84, 8), musts=(20.0, 32.0), seed=seed))
        stops = {gesture.time for gesture in outline.gestures if gesture.how == "stop"}
        assert all(note.start not in stops for part in effects_parts(outline) for note in part.notes)
