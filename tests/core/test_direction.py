"""A direction is read from the style's name, from the prompt, or from the picture, and says why."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.brief import Direction, Ending, Meter, Picture
from core.direction import direct
from core.errors import WrongUse
from core.styles import METERS, STYLES
from core.words import DICTIONARY, PART_WORDS, STYLE_WORDS


def seen(light: float, red: float, green: float, blue: float, motion: float) -> Picture:
    """Ten seconds of an even picture."""
    count = 100
    flat = np.full(count, light)
    colour = np.tile([red, green, blue], (count, 1))
    return Picture(10.0, flat, colour, np.full(count, motion), np.full(count, 0.2), np.zeros(count))


NOTHING = seen(*[float("nan")] * 5)


def wish(prompt: str, style: str | None = None, picture: Picture = NOTHING, pace: float = 10.0) -> Direction:
    return direct(style, prompt, picture, pace, None, False)


@pytest.mark.parametrize("style", STYLES)
def test_a_style_is_taken_by_name_with_its_feel_and_ending(style: str) -> None:
    direction = wish("", style)
    assert direction.style == style
    assert direction.feel == STYLES[style].feel
    assert direction.ending == STYLES[style].ending
    assert direction.why == "asked for by name"
    assert set(direction.feel.meters) <= set(METERS)


def test_there_are_eight_styles_and_only_the_fast_two_allow_sixteenths() -> None:
    assert len(STYLES) == 8
    assert {name for name, style in STYLES.items() if style.feel.sixteenths} == {"action", "electronic"}


def test_an_unknown_style_is_refused_with_the_names_of_all_eight() -> None:
    with pytest.raises(WrongUse) as refused:
        wish("", "polka")
    assert all(name in str(refused.value) for name in ("polka", *STYLES))


def test_names_are_read_generously() -> None:
    assert wish("", " LoFi ").style == "lo-fi"


@pytest.mark.parametrize(("word", "style"), [(word, meaning.style) for word, meaning in STYLE_WORDS.items()])
def test_every_style_word_chooses_its_style(word: str, style: str) -> None:
    direction = wish(f"something {word}, please")
    assert direction.style == style
    assert word in direction.why


def test_most_words_win_and_a_named_style_beats_them_all() -> None:
    assert wish("a funny but dreamy ambient drone").style == "ambient"
    assert wish("a funny but dreamy ambient drone", "action").style == "action"


def test_tempo_key_and_meter_are_read_by_number_and_name() -> None:
    direction = wish("dark chase in D minor at 140 bpm in 7/8")
    assert (direction.style, direction.tonic, direction.mode, direction.feel.bpm) == ("action", 2, "aeolian", 140.0)
    assert direction.feel.meters == (Meter(7, 8),)
    assert direction.unknown == ()


@pytest.mark.parametrize(
    ("prompt", "tonic", "mode"),
    [
        ("in C", 0, None),
        ("something in F# dorian", 6, "dorian"),
        ("Bb major", 10, "ionian"),
        ("bb major", 10, "ionian"),
        ("E flat phrygian", 3, "phrygian"),
        ("C sharp minor", 1, "aeolian"),
        ("in A minor", 9, "aeolian"),
        ("a minor key", None, "aeolian"),
        ("in a minor key", None, "aeolian"),
        ("a major feel", None, "ionian"),
        ("in a forest", None, None),
        ("in Berlin", None, None),
        ("lydian", None, "lydian"),
        ("sad", None, "aeolian"),
    ],
)
def test_keys_are_read_as_people_write_them(prompt: str, tonic: int | None, mode: str | None) -> None:
    direction = wish(prompt)
    assert (direction.tonic, direction.mode) == (tonic, mode)


def test_a_tempo_outside_the_styles_range_widens_it() -> None:
    low, high = wish("150 bpm", "ambient").feel.tempo
    assert low <= 150 * 0.97
    assert high >= 150 * 1.03


def test_an_impossible_tempo_is_reported_not_followed() -> None:
    direction = wish("999 bpm", "uplift")
    assert direction.feel.bpm is None
    assert direction.unknown == ("999 bpm",)


def test_slow_and_fast_halve_the_tempo_range() -> None:
    assert wish("slow", "action").feel.tempo == (120, 140)
    assert wish("fast", "action").feel.tempo == (140, 160)


def test_a_waltz_is_in_three() -> None:
    assert wish("a waltz", "documentary").feel.meters == (Meter(3, 4),)


@pytest.mark.parametrize("meter", METERS)
def test_every_meter_can_be_asked_for(meter: Meter) -> None:
    assert wish(f"in {meter}", "uplift").feel.meters == (meter,)


def test_no_and_without_silence_parts_as_far_as_their_list_goes() -> None:
    direction = wish("no drums or bass, piano and strings, without high hats", "uplift")
    assert direction.without[:2] == ("drums", "bass")
    assert direction.instruments == ("piano", "strings")


def test_a_refused_mood_is_no_wish() -> None:
    direction = wish("not dark, but bright and not big", "uplift")
    assert direction.brightness > 0
    assert direction.density == 0


def test_moods_turn_density_and_brightness() -> None:
    assert wish("sparse and dark").density < 0
    assert wish("sparse and dark").brightness < 0
    assert wish("huge, massive, bright, sparkling").density == 1
    assert wish("huge, massive, bright, sparkling").brightness == 1


def test_longer_phrases_beat_their_words() -> None:
    assert wish("electric piano").instruments == ("piano_electric",)
    assert wish("hip hop with a music box").instruments == ("celesta",)


def test_unknown_words_are_said_once_and_fillers_never() -> None:
    direction = wish("please make it sound like a zorblax with some zorblax and quux in the background")
    assert direction.unknown == ("zorblax", "quux")


@pytest.mark.parametrize("phrase", DICTIONARY)
def test_nothing_in_the_dictionary_is_unknown(phrase: str) -> None:
    assert wish(phrase).unknown == ()


@pytest.mark.parametrize("phrase", [phrase for phrase in PART_WORDS if PART_WORDS[phrase].parts == ("drums",)])
def test_drums_can_be_refused_by_any_of_their_names(phrase: str) -> None:
    assert wish(f"without {phrase}").without == ("drums",)


@given(st.text(max_size=200))
def test_any_text_is_a_prompt(prompt: str) -> None:
    direction = wish(prompt, "uplift")
    assert -1 <= direction.density <= 1
    assert -1 <= direction.brightness <= 1


@pytest.mark.parametrize(
    ("picture", "pace", "style"),
    [
        (seen(0.10, 0.08, 0.09, 0.10, 0.15), 8, "tension"),
        (seen(0.35, 0.40, 0.35, 0.30, 0.85), 50, "action"),
        (seen(0.65, 0.80, 0.65, 0.50, 0.40), 18, "uplift"),
        (seen(0.45, 0.50, 0.45, 0.40, 0.20), 7, "documentary"),
        (seen(0.62, 0.80, 0.60, 0.32, 0.55), 20, "comedy"),
        (seen(0.42, 0.35, 0.40, 0.46, 0.04), 1, "ambient"),
        (seen(0.30, 0.20, 0.25, 0.50, 0.50), 25, "electronic"),
    ],
)
def test_the_picture_chooses_where_nobody_else_does(picture: Picture, pace: float, style: str) -> None:
    direction = direct(None, "", picture, pace, None, False)
    assert direction.style == style
    assert f"{pace} cuts per minute" in direction.why


def test_without_a_picture_the_cutting_pace_chooses_and_says_so() -> None:
    slow, quick = wish("", pace=0.5), wish("", pace=60)
    assert slow.style == "ambient"
    assert quick.style in ("action", "electronic")
    assert "no picture" in slow.why


def test_moods_tilt_the_choice() -> None:
    picture = seen(0.35, 0.4, 0.35, 0.3, 0.45)
    assert wish("fast", picture=picture, pace=30).style == "action"
    assert wish("calm", picture=picture, pace=3).style in ("lo-fi", "ambient", "documentary")


def test_under_speech_the_picture_never_chooses_a_busy_style() -> None:
    hectic = seen(0.35, 0.4, 0.35, 0.3, 0.9)
    direction = direct(None, "", hectic, 60, None, True)
    assert direction.under_speech
    assert direction.style not in ("action", "comedy", "electronic")


def test_an_ending_asked_for_is_kept() -> None:
    endings: tuple[Ending, ...] = ("button", "ring", "cut", "lead-out")
    assert [direct("uplift", "", NOTHING, 5, ending, False).ending for ending in endings] == list(endings)
