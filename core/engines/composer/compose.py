"""The composer: from a brief to a score."""

from __future__ import annotations

from core.brief import Brief, Note
from core.engines.composer.accompaniment import accompany, last_chord
from core.engines.composer.bass import bass_line, last_root
from core.engines.composer.effects_writer import effects_parts
from core.engines.composer.finishing import finish
from core.engines.composer.form import outline
from core.engines.composer.melody import last_tone, melody
from core.engines.composer.outline import Outline
from core.engines.composer.palette import Bass, Layer, Tune
from core.engines.composer.percussion import rhythm_parts
from core.engines.composer.phrases import Phrase
from core.engines.composer.ranges import fold, register
from core.engines.composer.score import Part, Score
from core.engines.composer.sheet import Sheet, sheet
from core.engines.composer.styles import PALETTES
from core.engines.composer.texture import BASS, TUNE, cast, textures
from core.engines.composer.voicing import Voiced
from core.watch import Watch


def compose(brief: Brief, watch: Watch = Watch()) -> Score:
    """Write the music of a brief: the same brief gives the same score.

    The outline first (form, harmony, how hits are played), then every part from it, then the last hand over all.
    """
    watch.report("compose", 0.0, "Form and harmony")
    plan = outline(brief)
    parts = tonal_parts(plan, watch)
    watch.report("compose", 0.7, "Drums and effects")
    parts += (*rhythm_parts(plan), *effects_parts(plan))
    watch.report("compose", 0.9, "Hits and ending")
    return finish(plan, parts)


def tonal_parts(plan: Outline, watch: Watch = Watch(), chords: tuple[Voiced, ...] = ()) -> tuple[Part, ...]:
    """Bass, harmony and melody of an outline; parts that nobody wants or that never play are left out.

    Args:
        chords: the outline's harmony as it is laid out; empty to lay it out here.
    """
    direction = plan.brief.direction
    palette = PALETTES[direction.style]
    page = sheet(plan, palette, chords)
    band = cast(plan.cue_seed, palette, direction)
    heard = {phrase.section for phrase in page.phrases if plan.hears(phrase.first_beat, phrase.end_beat)}
    playing = {
        name: [phrase for phrase in played if phrase.section in heard]
        for name, played in textures(plan, page.phrases, band).items()
    }
    parts = []
    for layer in band.layers:
        watch.report("compose", 0.3, layer.name)
        parts.append(_layer_part(page, layer, playing.get(layer.name, [])))
    watch.report("compose", 0.5, "Bass and tune")
    if band.bass is not None:
        parts.append(_bass_part(page, band.bass, playing.get(BASS, [])))
    if band.tune is not None:
        parts += _tune_parts(page, band.tune, playing.get(TUNE, []))
    if band.last is not None and page.closes:
        notes = page.last_notes(last_chord(page, band.last, _tail(page)))
        parts.append(_of_layer(band.last, notes))
    return tuple(part for part in parts if part.notes)


def _layer_part(page: Sheet, layer: Layer, phrases: list[Phrase]) -> Part:
    """An accompanying part; one that sustains holds the last chord too."""
    notes = page.notes(accompany(page, layer, phrases))
    if not layer.cells and _closes_in(page, phrases):
        notes += page.last_notes(last_chord(page, layer, _tail(page)))
    return _of_layer(layer, notes)


def _of_layer(layer: Layer, notes: tuple[Note, ...]) -> Part:
    return Part(layer.name, layer.stem, layer.instruments[0], notes, layer.gain_db, layer.pan, layer.send)


def _bass_part(page: Sheet, bass: Bass, phrases: list[Phrase]) -> Part:
    """The bass, with the last root wherever it plays at all."""
    notes = page.notes(bass_line(page, bass, phrases))
    if page.closes and (_closes_in(page, phrases) or not phrases):
        notes += page.last_notes([last_root(page, bass, _tail(page))])
    return Part("bass", "bass", bass.instruments[0], notes, bass.gain_db, 0.0, bass.send)


def _tune_parts(page: Sheet, tune: Tune, phrases: list[Phrase]) -> list[Part]:
    """The tune, and who answers it in a register of their own."""
    leading, answering = melody(page, tune, phrases)
    notes = page.notes(leading)
    if _closes_in(page, phrases):
        notes += page.last_notes([last_tone(page, tune, leading, _tail(page))])
    parts = [Part("tune", "melody", tune.instruments[0], notes, tune.gain_db, tune.pan, tune.send)]
    for player in tune.answers:
        low, high = register(player, tune.low, tune.high)
        folded = [event._replace(pitch=fold(event.pitch, low, high)) for event in answering]
        parts.append(Part("answer", "melody", player, page.notes(folded), tune.gain_db, -tune.pan, tune.send))
    return parts


def _closes_in(page: Sheet, phrases: list[Phrase]) -> bool:
    """True where a part that plays in these phrases also plays the last chord."""
    return page.closes and bool(phrases) and phrases[-1].end_beat >= page.outline.final.beat - 1e-6


def _tail(page: Sheet) -> float:
    """Beats from the last chord to the range's end."""
    brief = page.outline.brief
    return max(0.25, brief.plan.tempo_map.beat_at(brief.seconds) - page.outline.final.beat)
