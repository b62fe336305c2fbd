"""An error is read as sentences, whatever it is made of."""

from __future__ import annotations

import pytest

from core.errors import HitpointError


@pytest.mark.parametrize(
    ("what", "where", "do", "text"),
    [
        ("The range is empty", "reel", "Choose another.", "The range is empty (reel). Choose another."),
        ("The disk is full.", "", "", "The disk is full."),
        ("It did not start: Did you mean address?", "", "Look.", "It did not start: Did you mean address? Look."),
        ("Did you mean address?", "settings.toml", "", "Did you mean address? (settings.toml)."),
    ],
)
def test_an_error_ends_each_sentence_once(what: str, where: str, do: str, text: str) -> None:
    assert str(HitpointError(what, where, do)) == text
